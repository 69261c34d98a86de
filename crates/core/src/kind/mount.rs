//! `mount`: a mounted file system, and its line of `/etc/fstab`.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::adoption::{Adopt, Adoption, adoptions};
use super::attributes::absolute;
use super::contract::unexpected;
use super::proposal::{Proposal, texts};
use super::{
    Attributes, Claim, Context, Discrepancy, Kind, Observation, TellAttribute, Traits, Wrong,
};
use evenkeel_host::inventory;
use evenkeel_host::mount::options::without_password;
use evenkeel_host::mount::{self, DropMount, MountFound, MountSource, SetMount};
use evenkeel_host::{Action, Answer, Query};
use evenkeel_model::defect::Code;
use evenkeel_model::source::{Field, Form};
use evenkeel_model::{Moment, Value};

/// Mounted file system.
pub struct Mount;

const MISSING: Code = Code::error(
    "mount/not-mounted",
    "a file system is not mounted",
    "It was never mounted, or it was unmounted outside evenkeel. `evenkeel plan` shows the step that mounts it.",
);
const PRESENT: Code = Code::error(
    "mount/mounted",
    "a file system is mounted where none must be",
    "The definition has `mounted = false`. `evenkeel plan` shows the step that unmounts it.",
);
const DEVICE: Code = Code::error(
    "mount/device-differs",
    "another file system is mounted",
    "The device or the type differs. `evenkeel plan` shows the step that unmounts it and mounts the declared one; it fails \
     while programs use the mounted one.",
);
const OPTIONS: Code = Code::error(
    "mount/options-differ",
    "a file system is mounted with other options",
    "`evenkeel plan` shows the step that changes them without unmounting. The kernel shows some options in another form: \
     declare an option as the kernel shows it.",
);
const TABLE: Code = Code::error(
    "mount/fstab-differs",
    "the line of `/etc/fstab` differs from the definition",
    "The line decides what is mounted at boot. It is missing, has other fields, or there are several for the path. \
     `evenkeel plan` shows the step that writes it; with several lines, remove all but one.",
);

/// Word of a mounted file system.
const MOUNTED: &str = "a mounted file system";
/// Word of its absence.
const NOTHING: &str = "nothing";

/// Declared mount.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct MountDeclared {
    /// Absolute path.
    pub path: String,
    /// Device, type and options.
    pub source: MountSource,
    /// Whether it is mounted now.
    pub mounted: bool,
    /// Whether it has a line of `/etc/fstab`.
    pub persistent: bool,
}

/// Observed mount.
#[derive(Clone, Debug, Serialize)]
pub struct MountObserved {
    /// What is mounted, and the lines.
    pub found: MountFound,
    /// Whether the mounted device is the declared one.
    pub is_device: bool,
}

/// Longest text of a field.
const LONGEST: usize = 1024;

/// Checks a device or an option: one word of the command line, and one field of the table.
fn check(text: &str, what: &str) -> Result<(), String> {
    if text.starts_with('-') {
        return Err(format!("`{text}` is not {what}: it starts with `-`"));
    }
    if text.is_empty() || text.len() > LONGEST || text.chars().any(char::is_control) {
        return Err(format!(
            "{what}: expected 1 to {LONGEST} characters without control characters"
        ));
    }
    Ok(())
}

fn line(source: &MountSource) -> String {
    format!(
        "{} ({}, {})",
        source.device,
        source.filesystem,
        source.written()
    )
}

fn lines(found: &MountFound) -> String {
    if found.lines.is_empty() {
        return NOTHING.to_owned();
    }
    let lines: Vec<String> = found.lines.iter().map(line).collect();
    lines.join(" and ")
}

impl Kind for Mount {
    const NAME: &'static str = "mount";
    const ABOUT: &'static str = "A mounted file system, now and at boot: what the kernel has mounted at a path, and one line \
     of `/etc/fstab`. Other lines are kept, byte by byte. The path must exist. A removal unmounts it and removes the line; the \
     path and the files of the device remain.";
    const FIELDS: &'static [Field] = &[
        Field::required(
            "path",
            Form::Words,
            "The path at which it is mounted. A relative path starts at the target's `base`.",
        ),
        Field::required(
            "device",
            Form::Words,
            "The device: a path, `UUID=…`, `LABEL=…`, `HOST:PATH`, the directory of a bind mount, or any word for a virtual \
             file system such as `tmpfs`.",
        ),
        Field::optional(
            "type",
            Form::Words,
            "The type of the file system, as in `/etc/fstab`: `ext4`, `tmpfs`. Required, except with the option `bind` or \
             `rbind`.",
        ),
        Field::optional(
            "options",
            Form::List(&Form::Words),
            "The options, one in each item. Their order does not count. Without `ro`, `nosuid`, `nodev`, `noexec`, `noatime` \
             and `sync`, their opposites are expected; other options that the kernel adds are ignored. Sizes and modes are \
             compared as numbers. Default: `defaults`.",
        ),
        Field::optional(
            "mounted",
            Form::Boolean,
            "Whether it is mounted now. Default: true.",
        ),
        Field::optional(
            "persistent",
            Form::Boolean,
            "Whether it has a line of `/etc/fstab`. Default: true.",
        ),
    ];
    const CODES: &'static [&'static Code] = &[&MISSING, &PRESENT, &DEVICE, &OPTIONS, &TABLE];
    const TRAITS: Traits = Traits {
        is_container: true,
        ..Traits::PLAIN
    };
    const ATTRIBUTES: &'static [(&'static str, &'static [&'static str])] = &[
        ("presence", &["mounted"]),
        ("path", &["path"]),
        ("device", &["device"]),
        ("type", &["type"]),
        ("options", &["options"]),
        ("fstab", &["persistent"]),
    ];
    type Family = evenkeel_host::Host;
    type Declared = MountDeclared;
    type Observed = MountObserved;

    fn declare(
        context: &Context<'_>,
        attributes: &Attributes,
    ) -> Result<MountDeclared, Vec<Wrong>> {
        let mut wrong = Vec::new();
        let text = |key: &str| attributes.string(key).unwrap_or_default();
        let path = absolute(context.base, &text("path")).unwrap_or_else(|message| {
            wrong.push(Wrong::new("path", message));
            String::new()
        });
        if path.chars().any(char::is_control) {
            wrong.push(Wrong::new("path", "a path has no control characters"));
        }
        let device = text("device");
        if let Err(message) = check(&device, "a device") {
            wrong.push(Wrong::new("device", message));
        }
        let mut options = Vec::new();
        for option in attributes.list("options").iter().filter_map(Value::as_text) {
            if let Err(message) = check(option, "an option") {
                wrong.push(Wrong::new("options", message));
            } else if option.contains(|each: char| each == ',' || each.is_whitespace()) {
                wrong.push(Wrong::new(
                    "options",
                    format!("`{option}` has a comma or a blank; write each option as an item of the list"),
                ));
            } else if without_password(option).is_some() {
                wrong.push(Wrong::new(
                    "options",
                    "an option with a password would be shown to all users of the host; write it into a file and name that \
                     file with `credentials=`",
                ));
            } else if option == "remount" || option == "move" {
                wrong.push(Wrong::new(
                    "options",
                    format!("`{option}` is a command of `mount`, not a property; remove it"),
                ));
            } else if option != "defaults" {
                options.push(option.to_owned());
            }
        }
        let is_bind = options.iter().any(|each| each == "bind" || each == "rbind");
        let filesystem = match attributes.text("type") {
            Some(filesystem) => {
                let is_good = |each: char| each.is_ascii_alphanumeric() || "._-".contains(each);
                if !filesystem.starts_with(|each: char| each.is_ascii_alphanumeric())
                    || !filesystem.chars().all(is_good)
                {
                    wrong.push(Wrong::new(
                        "type",
                        format!("`{filesystem}` is not a type of file systems; expected a word such as `ext4`"),
                    ));
                } else if is_bind && filesystem != "none" {
                    wrong.push(Wrong::new(
                        "type",
                        "a bind mount has no type; remove this key",
                    ));
                }
                filesystem.to_owned()
            }
            None if is_bind => "none".to_owned(),
            None => {
                wrong.push(Wrong::new(
                    "",
                    "`type` is missing; name the type of the file system, such as `ext4`, or declare a bind mount with \
                     `options = [\"bind\"]`",
                ));
                String::new()
            }
        };
        if is_bind && !device.starts_with('/') {
            wrong.push(Wrong::new(
                "device",
                "the device of a bind mount is the absolute path of a directory or file",
            ));
        }
        if !wrong.is_empty() {
            return Err(wrong);
        }
        Ok(MountDeclared {
            path,
            source: MountSource {
                device,
                filesystem,
                options,
            },
            mounted: attributes.boolean("mounted").unwrap_or(true),
            persistent: attributes.boolean("persistent").unwrap_or(true),
        })
    }

    fn output(declared: &MountDeclared, name: &str) -> Option<Value> {
        (name == "path").then(|| Value::text(&declared.path))
    }

    fn place(declared: &MountDeclared) -> &str {
        &declared.path
    }

    // The directory itself may be declared: it exists below the mount.
    fn claims(declared: &MountDeclared) -> Vec<Claim<'_>> {
        vec![Claim::new("mount", &declared.path)]
    }

    fn queries(declared: &MountDeclared) -> Vec<Query> {
        vec![Query::Mount(mount::Query {
            path: declared.path.clone(),
            wanted: declared.source.clone(),
        })]
    }

    fn observed(_declared: &MountDeclared, answers: &[Answer]) -> Observation<MountObserved> {
        match answers.first() {
            Some(Answer::Mount(mount::Answer { found, is_device })) => {
                Observation::Seen(MountObserved {
                    found: found.clone(),
                    is_device: *is_device,
                })
            }
            other => unexpected(other),
        }
    }

    fn nothing(_declared: &MountDeclared) -> MountObserved {
        MountObserved {
            found: MountFound::nothing(),
            is_device: false,
        }
    }

    fn is_there(observed: &MountObserved) -> bool {
        observed.found != MountFound::nothing()
    }

    fn facts(observed: &MountObserved) -> Vec<(String, String)> {
        let fact = |name: &str, text: String| (name.to_owned(), text);
        let mut facts = Vec::new();
        match &observed.found.mounted {
            None => facts.push(fact("presence", NOTHING.to_owned())),
            Some(mounted) => {
                let is = if observed.is_device {
                    ""
                } else {
                    ", another one"
                };
                facts.push(fact("presence", MOUNTED.to_owned()));
                facts.push(fact("device", format!("{}{is}", mounted.device)));
                facts.push(fact("type", mounted.filesystem.clone()));
                facts.push(fact("options", mounted.options.join(",")));
            }
        }
        facts.push(fact("fstab", lines(&observed.found)));
        facts
    }

    fn changed(_observed: &MountObserved) -> Option<Moment> {
        None
    }

    fn propose(found: &inventory::Answer) -> Vec<Proposal> {
        let mounts = found.mounts.iter().map(|mount| {
            let source = &mount.source;
            let options: Vec<String> = source
                .options
                .iter()
                .filter(|option| *option != "defaults")
                .cloned()
                .collect();
            let mut keys = vec![
                ("path", Value::text(&mount.path)),
                ("device", Value::text(&source.device)),
            ];
            if !source.is_bind() {
                keys.push(("type", Value::text(&source.filesystem)));
            }
            if !options.is_empty() {
                keys.push(("options", texts(&options)));
            }
            if !mount.is_mounted {
                keys.push(("mounted", Value::Boolean(false)));
            }
            Proposal::new(&mount.path, keys)
        });
        mounts.collect()
    }

    fn compare(declared: &MountDeclared, observed: &MountObserved) -> Vec<Discrepancy> {
        let mut wrong = Vec::new();
        let wanted = &declared.source;
        match (&observed.found.mounted, declared.mounted) {
            (None, false) => {}
            (None, true) => {
                wrong.push(Discrepancy::new(&MISSING, "presence", MOUNTED, NOTHING));
            }
            (Some(_), false) => {
                wrong.push(Discrepancy::new(&PRESENT, "presence", NOTHING, MOUNTED));
            }
            (Some(mounted), true) => {
                if !observed.is_device {
                    wrong.push(Discrepancy::new(
                        &DEVICE,
                        "device",
                        &wanted.device,
                        &mounted.device,
                    ));
                }
                if !wanted.has_type_of(mounted) {
                    wrong.push(Discrepancy::new(
                        &DEVICE,
                        "type",
                        &wanted.filesystem,
                        &mounted.filesystem,
                    ));
                }
                let (expected, found) = wanted.differences(mounted);
                if wrong.is_empty() && !expected.is_empty() {
                    wrong.push(Discrepancy::new(
                        &OPTIONS,
                        "options",
                        expected.join(","),
                        found.join(","),
                    ));
                }
            }
        }
        let is_line = match &observed.found.lines[..] {
            [] => !declared.persistent,
            [line] => declared.persistent && wanted.is_line(line),
            _ => false,
        };
        if !is_line {
            let expected = if declared.persistent {
                line(wanted)
            } else {
                NOTHING.to_owned()
            };
            wrong.push(Discrepancy::new(
                &TABLE,
                "fstab",
                expected,
                lines(&observed.found),
            ));
        }
        wrong
    }

    fn adopt(declared: &MountDeclared, observed: &MountObserved) -> Vec<Adoption> {
        let wrong = Self::compare(declared, observed);
        let found = &observed.found;
        let is_there = found.mounted.is_some() || !found.lines.is_empty();
        if !is_there && declared.mounted && declared.persistent {
            return adoptions(wrong, false, |_| Some(Adopt::Absent));
        }
        // The line of `/etc/fstab` names the device as people do; the kernel adds options.
        let source = match &found.lines[..] {
            [] => found.mounted.as_ref(),
            [line] => Some(line),
            _ => None,
        };
        let wanted = &declared.source;
        let mut described: Vec<Adoption> = Vec::new();
        let mut describe = |attribute: &str, change: Adopt| {
            described.push(Adoption {
                attribute: attribute.to_owned(),
                change,
            });
        };
        for each in &wrong {
            match (each.attribute.as_str(), source) {
                ("presence", _) => describe(
                    "presence",
                    Adopt::switch("mounted", found.mounted.is_some()),
                ),
                ("fstab", _) if found.lines.len() > 1 => describe(
                    "fstab",
                    Adopt::Impossible(
                        "`/etc/fstab` has several lines for the path: remove all but one"
                            .to_owned(),
                    ),
                ),
                ("fstab", _) if declared.persistent == found.lines.is_empty() => describe(
                    "fstab",
                    Adopt::switch("persistent", !found.lines.is_empty()),
                ),
                ("device" | "type" | "options" | "fstab", Some(_)) => {}
                (attribute, _) => describe(
                    attribute,
                    Adopt::Impossible("no key of the definition describes it".to_owned()),
                ),
            }
        }
        if let Some(source) = source
            && wrong.iter().any(|each| each.attribute != "presence")
        {
            if wanted.device != source.device {
                describe("device", Adopt::text("device", &source.device));
            }
            if wanted.filesystem != source.filesystem {
                describe("type", Adopt::text("type", &source.filesystem));
            }
            let options = |options: &[String]| -> BTreeSet<String> {
                let named = options.iter().filter(|each| *each != "defaults");
                named.cloned().collect()
            };
            if options(&wanted.options) != options(&source.options) {
                let items = source.options.iter().map(String::as_str);
                describe("options", Adopt::list("options", items));
            }
        }
        described
    }

    fn remedy(declared: &MountDeclared, observed: &MountObserved) -> Vec<Action> {
        if Self::compare(declared, observed).is_empty() {
            return Vec::new();
        }
        vec![Action::SetMount(SetMount {
            path: declared.path.clone(),
            wanted: declared.source.clone(),
            mounted: declared.mounted,
            persistent: declared.persistent,
            expected: observed.found.clone(),
        })]
    }

    fn removal(declared: &MountDeclared, observed: &MountObserved) -> Vec<Action> {
        if !Self::is_there(observed) {
            return Vec::new();
        }
        vec![Action::DropMount(DropMount {
            path: declared.path.clone(),
            expected: observed.found.clone(),
        })]
    }

    fn attributes(declared: &MountDeclared, tell: &mut TellAttribute<'_>) {
        let presence = if declared.mounted { MOUNTED } else { NOTHING };
        tell("presence", format_args!("{presence}"));
        tell("path", format_args!("{}", declared.path));
        tell("device", format_args!("{}", declared.source.device));
        tell("type", format_args!("{}", declared.source.filesystem));
        tell("options", format_args!("{}", declared.source.written()));
        let fstab = if declared.persistent {
            "a line"
        } else {
            NOTHING
        };
        tell("fstab", format_args!("{fstab}"));
    }
}

#[cfg(test)]
mod tests {
    use super::{Mount, MountDeclared, MountObserved, check};
    use crate::kind::Kind;
    use evenkeel_host::mount::{MountFound, MountSource};

    fn source(device: &str, filesystem: &str, options: &[&str]) -> MountSource {
        MountSource {
            device: device.into(),
            filesystem: filesystem.into(),
            options: options.iter().map(|each| (*each).to_owned()).collect(),
        }
    }

    fn codes(
        (mounted, persistent): (bool, bool),
        found: Option<MountSource>,
        lines: Vec<MountSource>,
        is_device: bool,
    ) -> Vec<&'static str> {
        let declared = MountDeclared {
            path: "/srv/data".into(),
            source: source("tmpfs", "tmpfs", &["size=1m"]),
            mounted,
            persistent,
        };
        let observed = MountObserved {
            found: MountFound {
                mounted: found,
                lines,
            },
            is_device,
        };
        let wrong = Mount::compare(&declared, &observed);
        assert_eq!(
            Mount::remedy(&declared, &observed).is_empty(),
            wrong.is_empty()
        );
        wrong.iter().map(|each| each.code.name).collect()
    }

    #[test]
    fn what_is_mounted_and_its_line_are_compared() {
        let both = (true, true);
        let good = || Some(source("tmpfs", "tmpfs", &["rw", "relatime", "size=1024k"]));
        let line = || vec![source("tmpfs", "tmpfs", &["size=1m", "defaults"])];
        assert!(codes(both, good(), line(), true).is_empty());
        assert_eq!(
            codes(both, None, vec![], false),
            ["mount/not-mounted", "mount/fstab-differs"]
        );
        assert_eq!(codes(both, good(), line(), false), ["mount/device-differs"]);
        let other = Some(source("/dev/sda1", "ext4", &["rw", "relatime"]));
        assert_eq!(
            codes(both, other, line(), false),
            ["mount/device-differs", "mount/device-differs"]
        );
        let large = Some(source("tmpfs", "tmpfs", &["rw", "relatime", "size=2048k"]));
        assert_eq!(codes(both, large, line(), true), ["mount/options-differ"]);
        let twice = [line(), line()].concat();
        assert_eq!(codes(both, good(), twice, true), ["mount/fstab-differs"]);
        assert_eq!(
            codes((false, false), good(), line(), true),
            ["mount/mounted", "mount/fstab-differs"]
        );
        assert!(codes((false, false), None, vec![], false).is_empty());
        assert!(codes((false, true), None, line(), false).is_empty());
    }

    #[test]
    fn fields_that_would_be_read_otherwise_are_refused() {
        check("/dev/disk/by label", "a device").unwrap();
        for bad in ["", "-a", "a\nb", "a\0", &"x".repeat(2000)] {
            assert!(check(bad, "a device").is_err(), "{bad:?}");
        }
    }
}
