//! `sysctl`: a setting of the kernel, now and at boot.

use serde::{Deserialize, Serialize};

use super::adoption::{Adopt, Adoption, adoptions};
use super::contract::unexpected;
use super::{
    Attributes, Claim, Context, Discrepancy, Kind, Observation, TellAttribute, Traits, Wrong,
};
use evenkeel_host::sysctl::files::{canonical, normal, own_path, own_text};
use evenkeel_host::sysctl::{self, BootValue, DropSysctl, SetSysctl, SysctlFound};
use evenkeel_host::{Action, Answer, Query};
use evenkeel_model::defect::Code;
use evenkeel_model::source::{Field, Form};
use evenkeel_model::text::inert;
use evenkeel_model::{Moment, Value};

/// Setting of the kernel.
pub struct Sysctl;

const UNKNOWN: Code = Code::error(
    "sysctl/unknown",
    "the kernel has no such setting",
    "Check the key. A setting of a module exists only while the module is loaded, and one of a network interface only while \
     the interface exists.",
);
const VALUE: Code = Code::error(
    "sysctl/value-differs",
    "a setting of the kernel differs from its definition",
    "It was changed outside evenkeel, or its definition changed. `evenkeel plan` shows the step that sets it.",
);
const NOT_PERSISTENT: Code = Code::error(
    "sysctl/not-persistent",
    "a setting of the kernel is not kept for the next boot",
    "evenkeel's file in `/etc/sysctl.d` is missing or was changed. `evenkeel plan` shows the step that writes it.",
);
const OVERRIDDEN: Code = Code::error(
    "sysctl/overridden",
    "another file sets a setting of the kernel at boot",
    "A file that is read later sets another value. evenkeel does not change it: remove its line, or declare that value.",
);

/// Declared setting.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SysctlDeclared {
    /// Key, with dots.
    pub key: String,
    /// Value, with single spaces.
    pub value: String,
}

/// Observed setting.
#[derive(Clone, Debug, Serialize)]
pub struct SysctlObserved {
    /// Current value, and evenkeel's file.
    pub found: SysctlFound,
    /// Value at boot.
    pub boot: Option<BootValue>,
}

/// Longest value.
const LONGEST: usize = 4096;

impl Kind for Sysctl {
    const NAME: &'static str = "sysctl";
    const ABOUT: &'static str = "A setting of the kernel: the current value in `/proc/sys`, and a file in `/etc/sysctl.d` for \
     the next boot. Values are compared with single spaces. Removal removes the file; the current value remains until the \
     next boot, since the earlier one is not known.";
    const FIELDS: &'static [Field] = &[
        Field::required(
            "key",
            Form::Words,
            "The key, as `sysctl` writes it: `net.ipv4.ip_forward`. If its first separator is a slash, slashes separate and \
             dots belong to the parts: `net/ipv4/conf/eth0.100/rp_filter`.",
        ),
        Field::required(
            "value",
            Form::Either(&[Form::Words, Form::Integer(i64::MIN, i64::MAX)]),
            "The value, as the kernel shows it.",
        ),
    ];
    const CODES: &'static [&'static Code] = &[&UNKNOWN, &VALUE, &NOT_PERSISTENT, &OVERRIDDEN];
    const TRAITS: Traits = Traits::PLAIN;
    const ATTRIBUTES: &'static [(&'static str, &'static [&'static str])] = &[
        ("presence", &[]),
        ("key", &["key"]),
        ("value", &["value"]),
        ("boot", &["value"]),
    ];
    type Family = evenkeel_host::Host;
    type Declared = SysctlDeclared;
    type Observed = SysctlObserved;

    fn declare(
        _context: &Context<'_>,
        attributes: &Attributes,
    ) -> Result<SysctlDeclared, Vec<Wrong>> {
        let mut wrong = Vec::new();
        let key = canonical(attributes.text("key").unwrap_or_default())
            .map_err(|message| wrong.push(Wrong::new("key", message)));
        let value = match attributes.get("value") {
            Some(Value::Integer(number)) => number.to_string(),
            Some(value) => value.as_text().unwrap_or_default().to_owned(),
            None => String::new(),
        };
        if value.contains(['\n', '\r', '\0'])
            || value.chars().any(|each| each.is_control() && each != '\t')
        {
            wrong.push(Wrong::new(
                "value",
                "a value is one line without control characters",
            ));
        } else if normal(&value).is_empty() || value.len() > LONGEST {
            wrong.push(Wrong::new(
                "value",
                format!("a value has at least one and at most {LONGEST} characters"),
            ));
        }
        match key {
            Ok(key) if wrong.is_empty() => Ok(SysctlDeclared {
                key,
                value: normal(&value),
            }),
            _ => Err(wrong),
        }
    }

    fn output(declared: &SysctlDeclared, name: &str) -> Option<Value> {
        match name {
            "key" => Some(Value::text(&declared.key)),
            "value" => Some(Value::text(&declared.value)),
            _ => None,
        }
    }

    fn place(declared: &SysctlDeclared) -> &str {
        &declared.key
    }

    fn claims(declared: &SysctlDeclared) -> Vec<Claim<'_>> {
        vec![
            Claim::new(Claim::SYSCTL, &declared.key),
            Claim::path(own_path(&declared.key)),
        ]
    }

    fn queries(declared: &SysctlDeclared) -> Vec<Query> {
        vec![Query::Sysctl(sysctl::Query {
            key: declared.key.clone(),
        })]
    }

    fn observed(_declared: &SysctlDeclared, answers: &[Answer]) -> Observation<SysctlObserved> {
        match answers.first() {
            Some(Answer::Sysctl(sysctl::Answer { found, boot })) => {
                Observation::Seen(SysctlObserved {
                    found: found.clone(),
                    boot: boot.clone(),
                })
            }
            other => unexpected(other),
        }
    }

    fn nothing(_declared: &SysctlDeclared) -> SysctlObserved {
        SysctlObserved {
            found: SysctlFound {
                live: None,
                own: None,
            },
            boot: None,
        }
    }

    fn is_there(observed: &SysctlObserved) -> bool {
        observed.found.own.is_some()
    }

    fn facts(observed: &SysctlObserved) -> Vec<(String, String)> {
        let or_nothing = |text: Option<&str>| text.unwrap_or("nothing").to_owned();
        let boot = observed.boot.as_ref();
        let boot = boot.map(|boot| format!("{} in `{}`", boot.value, boot.file));
        vec![
            (
                "presence".to_owned(),
                or_nothing(observed.found.own.as_deref()),
            ),
            (
                "value".to_owned(),
                or_nothing(observed.found.live.as_deref()),
            ),
            ("boot".to_owned(), or_nothing(boot.as_deref())),
        ]
    }

    fn changed(_observed: &SysctlObserved) -> Option<Moment> {
        None
    }

    fn compare(declared: &SysctlDeclared, observed: &SysctlObserved) -> Vec<Discrepancy> {
        let SysctlDeclared { key, value } = declared;
        let Some(live) = &observed.found.live else {
            return vec![Discrepancy::new(&UNKNOWN, "value", value, "nothing")];
        };
        let mut wrong = Vec::new();
        if live != value {
            wrong.push(Discrepancy::new(&VALUE, "value", value, live));
        }
        let file = own_path(key);
        match &observed.found.own {
            None => wrong.push(Discrepancy::new(
                &NOT_PERSISTENT,
                "presence",
                format!("the file `{file}`"),
                "nothing",
            )),
            Some(own) if *own != own_text(key, value) => {
                let line = own.lines().last().unwrap_or_default();
                wrong.push(Discrepancy::new(
                    &NOT_PERSISTENT,
                    "boot",
                    format!("`{key} = {value}` in `{file}`"),
                    format!("`{line}`"),
                ));
            }
            Some(_) => {
                if let Some(boot) = &observed.boot
                    && boot.value != *value
                {
                    wrong.push(Discrepancy::new(
                        &OVERRIDDEN,
                        "boot",
                        value,
                        format!("{} in `{}`", boot.value, boot.file),
                    ));
                }
            }
        }
        wrong
    }

    fn adopt(declared: &SysctlDeclared, observed: &SysctlObserved) -> Vec<Adoption> {
        let wrong = Self::compare(declared, observed);
        let live = observed.found.live.as_deref();
        let at_boot = match (&observed.found.own, &observed.boot, live) {
            (Some(own), boot, Some(live)) if *own == own_text(&declared.key, live) => {
                boot.as_ref().is_none_or(|boot| boot.value == live)
            }
            _ => false,
        };
        adoptions(wrong, true, |_| match live {
            None => Some(Adopt::Impossible(
                "the kernel has no such setting".to_owned(),
            )),
            Some(live) if at_boot => Some(Adopt::text("value", live)),
            Some(live) => Some(Adopt::Impossible(format!(
                "the kernel has `{}` now, and another value or none is set for the next boot in `{}`",
                inert(live),
                own_path(&declared.key)
            ))),
        })
    }

    fn remedy(declared: &SysctlDeclared, observed: &SysctlObserved) -> Vec<Action> {
        if Self::compare(declared, observed).is_empty() {
            return Vec::new();
        }
        vec![Action::SetSysctl(SetSysctl {
            key: declared.key.clone(),
            value: declared.value.clone(),
            expected: observed.found.clone(),
        })]
    }

    fn removal(declared: &SysctlDeclared, observed: &SysctlObserved) -> Vec<Action> {
        if !Self::is_there(observed) {
            return Vec::new();
        }
        vec![Action::DropSysctl(DropSysctl {
            key: declared.key.clone(),
            expected: observed.found.own.clone(),
        })]
    }

    fn attributes(declared: &SysctlDeclared, tell: &mut TellAttribute<'_>) {
        tell("presence", format_args!("a setting"));
        tell("key", format_args!("{}", declared.key));
        tell("value", format_args!("{}", declared.value));
    }
}

#[cfg(test)]
mod tests {
    use super::{Adopt, Sysctl, SysctlDeclared, SysctlObserved};
    use crate::kind::Kind;
    use evenkeel_host::sysctl::files::own_text;
    use evenkeel_host::sysctl::{BootValue, SysctlFound};

    const KEY: &str = "net.ipv4.ip_forward";

    fn codes(live: Option<&str>, own: Option<String>, boot: Option<&str>) -> Vec<&'static str> {
        let declared = SysctlDeclared {
            key: KEY.into(),
            value: "1".into(),
        };
        let observed = SysctlObserved {
            found: SysctlFound {
                live: live.map(str::to_owned),
                own,
            },
            boot: boot.map(|value| BootValue {
                value: value.into(),
                file: "/etc/sysctl.d/99-z.conf".into(),
            }),
        };
        let wrong = Sysctl::compare(&declared, &observed);
        assert_eq!(
            Sysctl::remedy(&declared, &observed).is_empty(),
            wrong.is_empty()
        );
        wrong.iter().map(|each| each.code.name).collect()
    }

    #[test]
    fn the_value_of_now_and_the_file_are_compared() {
        let own = || Some(own_text(KEY, "1"));
        assert!(codes(Some("1"), own(), Some("1")).is_empty());
        assert_eq!(codes(None, None, None), ["sysctl/unknown"]);
        assert_eq!(
            codes(Some("0"), None, None),
            ["sysctl/value-differs", "sysctl/not-persistent"]
        );
        assert_eq!(
            codes(Some("1"), Some(own_text(KEY, "0")), Some("0")),
            ["sysctl/not-persistent"]
        );
        assert_eq!(codes(Some("1"), own(), Some("0")), ["sysctl/overridden"]);
    }

    #[test]
    fn a_value_is_adopted_if_the_next_boot_has_it_too() {
        let declared = SysctlDeclared {
            key: KEY.into(),
            value: "1".into(),
        };
        let adopt = |live: Option<&str>, own: Option<&str>, boot: Option<&str>| {
            let observed = SysctlObserved {
                found: SysctlFound {
                    live: live.map(str::to_owned),
                    own: own.map(|own| own_text(KEY, own)),
                },
                boot: boot.map(|value| BootValue {
                    value: value.into(),
                    file: "/etc/sysctl.d/99-z.conf".into(),
                }),
            };
            Sysctl::adopt(&declared, &observed)
        };
        let adopted = adopt(Some("0"), Some("0"), None);
        assert!(!adopted.is_empty());
        for each in adopted {
            assert_eq!(each.change, Adopt::text("value", "0"), "{}", each.attribute);
        }
        for (live, own, boot) in [
            (Some("0"), Some("1"), None),
            (Some("0"), None, None),
            (Some("0"), Some("0"), Some("2")),
            (None, Some("0"), None),
        ] {
            let adopted = adopt(live, own, boot);
            assert!(!adopted.is_empty());
            for each in adopted {
                assert!(matches!(each.change, Adopt::Impossible(_)), "{each:?}");
            }
        }
    }
}
