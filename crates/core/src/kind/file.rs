//! `file`: a regular file with its content, mode and owners.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::adoption::{Adopt, Adoption, adoptions};
use super::attributes::absolute;
use super::contract::{standing_facts, unexpected};
use super::directory::{access, adopt_access, compare_access};
use super::program::{VALIDATE, validator};
use super::proposal::Proposal;
use super::{
    Attributes, Claim, Context, Discrepancy, Kind, Material, Observation, TellAttribute, Traits,
    Wrong,
};
use evenkeel_host::inventory;
use evenkeel_host::path;
use evenkeel_host::{Action, Answer, PathState, Query};
use evenkeel_model::defect::Code;
use evenkeel_model::source::{Field, Form};
use evenkeel_model::{Digest, Moment, Value};

/// Regular file.
pub struct File;

const MISSING: Code = Code::error(
    "file/missing",
    "a file is missing",
    "The file, or a directory above it, does not exist on the target. `evenkeel plan` shows the step that creates it.",
);
const NOT_A_FILE: Code = Code::error(
    "file/is-something-else",
    "not a regular file",
    "A directory, a link, a pipe, a device or a file of more than 1 GiB is at the path. `evenkeel plan` shows \
     the step that replaces it; a directory is not replaced: move it, then apply.",
);
const CONTENT: Code = Code::error(
    "file/content-differs",
    "a file's content differs from its definition",
    "The file or its definition changed. `evenkeel plan` shows the step that restores it. To keep the change, write it into the definition.",
);
const MODE: Code = Code::error(
    "file/mode-differs",
    "a file's mode differs from its definition",
    "The permission bits or the definition changed. `evenkeel plan` shows the step that restores them.",
);
const OWNER: Code = Code::error(
    "file/owner-differs",
    "a file's owner or group differs from its definition",
    "The owner or the definition changed. Restoring it needs the privilege to change owners.",
);

/// Declared file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct FileDeclared {
    // In the order of canonical JSON, so that writing needs no sorting.
    /// Digest of the content, sealed or plain.
    pub content: Digest,
    /// Group by name or number.
    pub group: Option<String>,
    /// Permission bits.
    pub mode: u32,
    /// Owner by name or number.
    pub owner: Option<String>,
    /// Absolute path.
    pub path: String,
    /// Whether it contains a secret.
    pub sealed: bool,
    /// Text, for displaying a difference.
    #[serde(skip)]
    pub text: Option<Arc<str>>,
    /// Program that checks new content.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub validate: Vec<String>,
}

/// Observed file.
#[derive(Clone, Debug, Serialize)]
pub struct FileObserved {
    /// State of the path.
    pub standing: PathState,
    /// Text, if it differs and may be displayed.
    #[serde(skip)]
    pub text: Option<String>,
    /// Time of its last change.
    #[serde(skip)]
    pub changed: Option<Moment>,
}

impl Kind for File {
    const NAME: &'static str = "file";
    const ABOUT: &'static str = "A regular file with its content, mode and owners. Exactly one of `content`, \
     `source` and `template` sets its content.";
    const FIELDS: &'static [Field] = &[
        Field::required(
            "path",
            Form::Words,
            "Its path on the target. A relative path starts at the target's `base`.",
        ),
        Field::optional(
            "content",
            Form::Text,
            "The content itself. References are filled in.",
        ).may_be_secret(),
        Field::optional(
            "source",
            Form::Words,
            "A file beside the definitions with the content, byte by byte.",
        ).written_out(),
        Field::optional(
            "template",
            Form::Words,
            "A template beside the definitions (minijinja; an undefined name is an error). Parameters, `environment`, `system` and other resources' attributes (`directory.home.path`) are its names; hyphens become underscores there (`file.app_config.path` for `[file.app-config]`).",
        ).written_out(),
        Field::optional(
            "mode",
            Form::Mode,
            "Permission bits in octal. Default: \"0644\".",
        ),
        Field::optional(
            "owner",
            Form::Words,
            "Owner by name or number. Default: the account that runs evenkeel, and not compared.",
        ),
        Field::optional(
            "group",
            Form::Words,
            "Group by name or number. Default: the system's, and not compared.",
        ),
        VALIDATE,
    ];
    const OUTPUTS: &'static [(&'static str, &'static str)] = &[(
        "digest",
        "The BLAKE3 digest of the content; sealed if it contains a secret.",
    )];
    const CODES: &'static [&'static Code] = &[&MISSING, &NOT_A_FILE, &CONTENT, &MODE, &OWNER];
    const TRAITS: Traits = Traits {
        material: Material::Content,
        ..Traits::PLAIN
    };
    const ATTRIBUTES: &'static [(&'static str, &'static [&'static str])] = &[
        ("presence", &[]),
        ("path", &["path"]),
        ("content", &["content", "source", "template"]),
        ("mode", &["mode"]),
        ("owner", &["owner"]),
        ("group", &["group"]),
    ];
    type Family = evenkeel_host::Host;
    type Declared = FileDeclared;
    type Observed = FileObserved;

    fn declare(context: &Context<'_>, attributes: &Attributes) -> Result<FileDeclared, Vec<Wrong>> {
        let mut wrong = Vec::new();
        let path = absolute(context.base, attributes.text("path").unwrap_or_default())
            .map_err(|message| wrong.push(Wrong::new("path", message)));
        if context.content.is_none() {
            wrong.push(Wrong::new(
                "",
                "exactly one of `content`, `source` and `template` must set the content",
            ));
        }
        let mode = attributes.mode("mode").unwrap_or(0o644);
        if context.content.is_some_and(|content| content.sealed) && mode & 0o007 != 0 {
            wrong.push(Wrong::new(
                if attributes.get("mode").is_some() {
                    "mode"
                } else {
                    ""
                },
                format!(
                    "this file contains a secret, and mode \"{mode:04o}\" makes it readable by all users of the \
                     host; use \"0600\" or \"0640\""
                ),
            ));
        }
        let validate = validator(attributes, &mut wrong);
        let (Ok(path), Some(written), true) = (path, context.content, wrong.is_empty()) else {
            return Err(wrong);
        };
        Ok(FileDeclared {
            path,
            content: written.digest,
            sealed: written.sealed,
            mode,
            owner: attributes.string("owner"),
            group: attributes.string("group"),
            text: written.text.clone(),
            validate,
        })
    }

    fn output(declared: &FileDeclared, name: &str) -> Option<Value> {
        match name {
            "path" => Some(Value::text(&declared.path)),
            "digest" => Some(Value::text(&declared.content.to_string())),
            _ => None,
        }
    }

    fn place(declared: &FileDeclared) -> &str {
        &declared.path
    }

    fn claims(declared: &FileDeclared) -> Vec<Claim<'_>> {
        vec![Claim::path(&declared.path)]
    }

    fn queries(declared: &FileDeclared) -> Vec<Query> {
        vec![Query::Path(path::Query {
            path: declared.path.clone(),
            text_unless: (!declared.sealed).then_some(declared.content),
            sealed: declared.sealed,
        })]
    }

    fn observed(_declared: &FileDeclared, answers: &[Answer]) -> Observation<FileObserved> {
        match answers.first() {
            Some(Answer::Path(path::Answer {
                standing,
                text,
                changed,
            })) => Observation::Seen(FileObserved {
                standing: standing.clone(),
                text: text.clone(),
                changed: *changed,
            }),
            other => unexpected(other),
        }
    }

    fn nothing(_declared: &FileDeclared) -> FileObserved {
        FileObserved {
            standing: PathState::Missing,
            text: None,
            changed: None,
        }
    }

    fn is_there(observed: &FileObserved) -> bool {
        observed.standing != PathState::Missing
    }

    fn facts(observed: &FileObserved) -> Vec<(String, String)> {
        standing_facts(&observed.standing)
    }

    fn changed(observed: &FileObserved) -> Option<Moment> {
        observed.changed
    }

    fn propose(found: &inventory::Answer) -> Vec<Proposal> {
        let files = found.files.iter().map(|file| Proposal {
            content_of: Some(file.path.clone()),
            remark: file
                .package
                .as_ref()
                .map(|package| format!("changed since the package {package} installed it")),
            ..Proposal::new(&file.path, vec![("path", Value::text(&file.path))])
        });
        files.collect()
    }

    fn compare(declared: &FileDeclared, observed: &FileObserved) -> Vec<Discrepancy> {
        let (digest, found_mode, owner, group) = match &observed.standing {
            PathState::Missing => {
                return vec![Discrepancy::new(&MISSING, "presence", "a file", "nothing")];
            }
            PathState::File {
                digest,
                mode,
                owner,
                group,
            } => (digest, *mode, owner, group),
            other => {
                return vec![Discrepancy::new(
                    &NOT_A_FILE,
                    "presence",
                    "a file",
                    other.words(),
                )];
            }
        };
        let mut wrong = Vec::new();
        if *digest != declared.content {
            let mut content = if declared.sealed {
                Discrepancy::new(&CONTENT, "content", "(secret)", "something else")
            } else {
                Discrepancy::new(
                    &CONTENT,
                    "content",
                    declared.content.short(),
                    digest.short(),
                )
            };
            if let (Some(expected), Some(found), false) =
                (&declared.text, &observed.text, declared.sealed)
            {
                content.texts = Some((Arc::clone(expected), found.clone()));
            }
            wrong.push(content);
        }
        wrong.extend(compare_access(
            (&MODE, &OWNER),
            (
                declared.mode,
                declared.owner.as_deref(),
                declared.group.as_deref(),
            ),
            (found_mode, owner, group),
        ));
        wrong
    }

    fn adopt(declared: &FileDeclared, observed: &FileObserved) -> Vec<Adoption> {
        let wrong = Self::compare(declared, observed);
        adoptions(wrong, Self::is_there(observed), |each| {
            match each.attribute.as_str() {
                "content" if declared.sealed => Some(Adopt::Impossible(
                    "its content contains a secret, which a definition must not contain".to_owned(),
                )),
                "content" => match &observed.standing {
                    PathState::File { digest, .. } => Some(Adopt::Content(*digest)),
                    _ => None,
                },
                attribute => adopt_access(attribute, &observed.standing),
            }
        })
    }

    fn remedy(declared: &FileDeclared, observed: &FileObserved) -> Vec<Action> {
        if Self::compare(declared, observed).is_empty() {
            return Vec::new();
        }
        Self::settle(declared, observed)
    }

    /// Places it again: a placement first removes the leftovers of an earlier one, such as an old secret.
    fn settle(declared: &FileDeclared, observed: &FileObserved) -> Vec<Action> {
        vec![Action::File(path::File {
            path: declared.path.clone(),
            content: declared.content,
            sealed: declared.sealed,
            mode: declared.mode,
            owner: declared.owner.clone(),
            group: declared.group.clone(),
            validate: declared.validate.clone(),
            expected: observed.standing.clone(),
        })]
    }

    fn removal(declared: &FileDeclared, observed: &FileObserved) -> Vec<Action> {
        if !Self::is_there(observed) {
            return Vec::new();
        }
        vec![Action::Remove(path::Remove {
            path: declared.path.clone(),
            sealed: declared.sealed,
            expected: observed.standing.clone(),
        })]
    }

    fn attributes(declared: &FileDeclared, tell: &mut TellAttribute<'_>) {
        tell("presence", format_args!("a file"));
        tell("path", format_args!("{}", declared.path));
        tell("content", format_args!("{}", declared.content));
        access(
            declared.mode,
            declared.owner.as_deref(),
            declared.group.as_deref(),
            tell,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::{File, FileDeclared, FileObserved};
    use crate::kind::Kind;
    use evenkeel_host::{Account, PathState};
    use evenkeel_model::Digest;
    use evenkeel_model::text::unified;

    fn declared() -> FileDeclared {
        FileDeclared {
            path: "/etc/motd".into(),
            content: Digest::of(b"hello\n"),
            sealed: false,
            mode: 0o644,
            owner: Some("root".into()),
            group: None,
            text: Some("hello\n".into()),
            validate: Vec::new(),
        }
    }

    fn seen(content: &str, mode: u32) -> FileObserved {
        let owner = Account {
            id: 0,
            name: Some("root".into()),
        };
        FileObserved {
            standing: PathState::File {
                digest: Digest::of(content.as_bytes()),
                mode,
                owner: owner.clone(),
                group: owner,
            },
            text: Some(content.into()),
            changed: None,
        }
    }

    #[test]
    fn a_file_in_sync_needs_no_action() {
        assert!(File::compare(&declared(), &seen("hello\n", 0o644)).is_empty());
        assert!(File::remedy(&declared(), &seen("hello\n", 0o644)).is_empty());
    }

    #[test]
    fn each_attribute_is_compared_separately() {
        let wrong = File::compare(&declared(), &seen("bye\n", 0o600));
        let names: Vec<&str> = wrong.iter().map(|each| each.attribute.as_str()).collect();
        assert_eq!(names, ["content", "mode"]);
        assert_eq!(
            wrong[0]
                .texts
                .as_ref()
                .map(|(expected, found)| unified(expected, found))
                .as_deref(),
            Some("@@ -1 +1 @@\n-hello\n+bye\n")
        );
    }

    #[test]
    fn a_sealed_file_displays_no_content() {
        let sealed = FileDeclared {
            sealed: true,
            ..declared()
        };
        let wrong = File::compare(&sealed, &seen("bye\n", 0o644));
        assert_eq!(wrong[0].expected, "(secret)");
        assert!(wrong[0].texts.is_none());
    }
}
