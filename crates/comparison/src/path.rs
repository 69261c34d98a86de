//! Paths in documents and their patterns: `servers.web.hosts[name=a].image`.
//!
//! A key that is a word of letters, digits, `_`, `-` and `/` is written unchanged; any other is quoted as in JSON. List
//! elements are named by their identity: `[name=web]`, `[kind=Service,name=web]`, `[PATH]` for `PATH=…` and for single
//! values, or by position: `[2]`, from zero. In a pattern `*` stands for any one key, `[*]` for any element, `**` for
//! any number of steps, and a `*` within a word for any characters of it.

use std::fmt;
use std::sync::Arc;

/// Step into a document.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// A key of a map.
    Key(Arc<str>),
    /// An element of a list, by identity: names and values, in order. A single value, or the name of `NAME=value`, has
    /// the empty name.
    Element(Arc<[(Arc<str>, Arc<str>)]>),
    /// An element of a list, by position, from zero.
    Position(usize),
}

/// Path to a value in a document.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Path {
    /// The steps, from the root.
    pub steps: Vec<Step>,
}

impl Path {
    /// Returns the nearest key and the one above it; empty if there is none.
    #[must_use]
    pub fn keys(&self) -> (&str, &str) {
        let mut keys = self.steps.iter().rev().filter_map(|step| match step {
            Step::Key(key) => Some(&**key),
            _ => None,
        });
        (keys.next().unwrap_or(""), keys.next().unwrap_or(""))
    }

    /// Returns this path with one more step.
    #[must_use]
    pub fn with(&self, step: Step) -> Self {
        let mut steps = self.steps.clone();
        steps.push(step);
        Self { steps }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, step) in self.steps.iter().enumerate() {
            if number > 0 && matches!(step, Step::Key(_)) {
                formatter.write_str(".")?;
            }
            write!(formatter, "{step}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(key) => word(formatter, key),
            Self::Position(position) => write!(formatter, "[{position}]"),
            Self::Element(names) => {
                formatter.write_str("[")?;
                for (number, (name, value)) in names.iter().enumerate() {
                    if number > 0 {
                        formatter.write_str(",")?;
                    }
                    if name.is_empty() {
                        // A number alone is a position.
                        if value.bytes().all(|byte| byte.is_ascii_digit()) {
                            quoted(formatter, value)?;
                            continue;
                        }
                    } else {
                        word(formatter, name)?;
                        formatter.write_str("=")?;
                    }
                    word(formatter, value)?;
                }
                formatter.write_str("]")
            }
        }
    }
}

fn is_plain(text: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|each| each.is_alphanumeric() || matches!(each, '_' | '-' | '/'))
}

fn word(formatter: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    if is_plain(text) {
        formatter.write_str(text)
    } else {
        quoted(formatter, text)
    }
}

fn quoted(formatter: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    let quoted = serde_json::to_string(text).map_err(|_| fmt::Error)?;
    formatter.write_str(&quoted)
}

#[cfg(test)]
mod tests {
    use super::{Path, Step};

    #[test]
    fn a_path_is_displayed_as_written() {
        let path = Path {
            steps: vec![
                Step::Key("servers".into()),
                Step::Key("a.b".into()),
                Step::Element([("name".into(), "web".into())].into()),
                Step::Position(2),
                Step::Element([("".into(), "7".into())].into()),
                Step::Key("image".into()),
            ],
        };
        assert_eq!(path.to_string(), r#"servers."a.b"[name=web][2]["7"].image"#);
        assert_eq!(path.keys(), ("image", "a.b"));
    }
}
