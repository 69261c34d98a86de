//! Proposals: definitions of what was found on a host.
//!
//! Pure: each kind proposes what it can describe. Names, contents, and whether the host is as proposed are left to others.

use super::Claim;
use evenkeel_model::Value;
use evenkeel_model::name::is_word;

/// Proposed resource.
#[derive(Clone, Debug, PartialEq)]
pub struct Proposal {
    /// Name, which may not be a word yet.
    pub name: String,
    /// Key that sets its thing if its name does not.
    pub named_by: Option<(&'static str, Value)>,
    /// Other keys.
    pub keys: Vec<(&'static str, Value)>,
    /// File of the host whose content, mode and owners it takes over.
    pub content_of: Option<String>,
    /// Things that must be applied before it, if they are proposed too.
    pub after: Vec<Claim<'static>>,
    /// Remark for people.
    pub remark: Option<String>,
    /// Reason why it is not proposed after all.
    pub problem: Option<String>,
}

impl Proposal {
    /// Creates a proposal with a name and keys.
    pub(super) fn new(name: impl Into<String>, keys: Vec<(&'static str, Value)>) -> Self {
        Self {
            name: name.into(),
            named_by: None,
            keys,
            content_of: None,
            after: Vec::new(),
            remark: None,
            problem: None,
        }
    }
}

/// Returns a list of texts.
pub(super) fn texts(items: &[String]) -> Value {
    Value::List(items.iter().map(|item| Value::text(item)).collect())
}

/// Returns the key for the number of an account. A number of the system differs from host to host, so it is not proposed.
pub(super) fn numbered(key: &'static str, number: u32, is_system: bool) -> (&'static str, Value) {
    if is_system {
        ("system", Value::Boolean(true))
    } else {
        (key, Value::Integer(number.into()))
    }
}

/// Returns a word that resembles a text: `/etc/nginx/nginx.conf` becomes `etc-nginx-nginx-conf`.
#[must_use]
pub fn word(text: &str) -> String {
    /// Longest word, so that names stay readable.
    const LONGEST: usize = 48;
    let mut word = String::new();
    for each in text.chars().map(|each| each.to_ascii_lowercase()) {
        if word.len() >= LONGEST {
            break;
        }
        if each.is_ascii_lowercase() || each.is_ascii_digit() {
            word.push(each);
        } else if !word.is_empty() && !word.ends_with('-') {
            word.push('-');
        }
    }
    let word = word.trim_end_matches('-');
    if word.starts_with(|first: char| first.is_ascii_digit()) {
        return format!("x-{word}");
    }
    if is_word(word) {
        word.to_owned()
    } else {
        "unnamed".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert, proptest};

    use super::word;
    use evenkeel_model::name::is_word;

    proptest! {
        #[test]
        fn every_text_becomes_a_word(text in "\\PC{0,80}|[a-z0-9/.-]{0,80}") {
            prop_assert!(is_word(&word(&text)), "{text} {}", word(&text));
        }
    }

    #[test]
    fn words_resemble_their_texts() {
        for (text, expected) in [
            ("nginx", "nginx"),
            ("libc6:i386", "libc6-i386"),
            ("/etc/nginx/nginx.conf", "etc-nginx-nginx-conf"),
            ("7zip", "x-7zip"),
            ("\u{1b}[31m", "x-31m"),
            ("", "unnamed"),
            ("--", "unnamed"),
        ] {
            assert_eq!(word(text), expected);
        }
    }
}
