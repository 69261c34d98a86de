//! Corresponding values, and where they are separate words of a text.

use std::sync::Arc;

/// Two corresponding values.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a separate question")]
pub(super) struct Word {
    pub(super) name: Arc<str>,
    pub(super) left: Arc<str>,
    pub(super) right: Arc<str>,
    /// Whether the first environment's value is unambiguous in the second one's text.
    pub(super) left_telling: bool,
    /// Whether the second environment's value is unambiguous in the first one's text.
    pub(super) right_telling: bool,
    /// Whether they are the environments' names, which are unambiguous within a host name, too.
    pub(super) is_environment: bool,
    /// Whether both are single words and one is long: then both together are recognised inside other words.
    pub(super) is_free: bool,
}

/// Shorter values count only as separate words.
const LONG_ENOUGH: usize = 5;

impl Word {
    pub(super) fn new(name: &Arc<str>, left: &str, right: &str) -> Self {
        let is_free = [left, right]
            .iter()
            .all(|value| value.bytes().all(|byte| byte.is_ascii_alphabetic()) && value.len() > 2)
            && left.len().max(right.len()) >= LONG_ENOUGH
            && !left.contains(right)
            && !right.contains(left);
        Self {
            name: Arc::clone(name),
            left_telling: is_telling(left, right),
            right_telling: is_telling(right, left),
            is_environment: is_environment(name),
            is_free,
            left: left.into(),
            right: right.into(),
        }
    }

    /// Whether a value that only names the environment is recognised in a host name.
    pub(super) fn is_name_of_hosts(&self, theirs: &str) -> bool {
        const LONG_ENOUGH: usize = 3;
        self.is_environment && theirs.len() >= LONG_ENOUGH && is_word(theirs)
    }

    /// Whether both values correspond at positions of two texts.
    pub(super) fn corresponds(&self, left: (&str, usize), right: (&str, usize)) -> bool {
        self.is_free
            || self.is_environment
                && is_component(left, &self.left)
                && is_component(right, &self.right)
            || is_separate(left.0, left.1, &self.left) && is_separate(right.0, right.1, &self.right)
    }
}

/// Whether a name of letters has no adjacent letter: `p` in `web-p1`.
fn is_component((text, at): (&str, usize), name: &str) -> bool {
    let before = text.get(..at).and_then(|text| text.chars().next_back());
    let after = text
        .get(at + name.len()..)
        .and_then(|text| text.chars().next());
    name.bytes().all(|byte| byte.is_ascii_alphabetic())
        && ![before, after]
            .into_iter()
            .flatten()
            .any(char::is_alphabetic)
}

/// Whether a parameter is the environment's name.
pub(super) fn is_environment(name: &str) -> bool {
    name == "environment" || name == "environment_short"
}

/// Returns the derived spellings of a value: unchanged, in capitals, and capitalised.
pub(super) fn spellings(text: &str) -> [String; 3] {
    if !is_word(text) {
        return [text.to_owned(), text.to_owned(), text.to_owned()];
    }
    let mut characters = text.chars();
    let capital = match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => String::new(),
    };
    [text.to_owned(), text.to_uppercase(), capital]
}

fn is_word(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_lowercase())
}

/// Whether an identity value at a position is a separate one. Short words and numbers need boundaries: `prod` is not in
/// `product` but in `prod1`, and `7101` not in `171013`. No number continues beyond a value.
pub(crate) fn is_separate(text: &str, at: usize, value: &str) -> bool {
    let before = text.get(..at).and_then(|text| text.chars().next_back());
    let after = text
        .get(at + value.len()..)
        .and_then(|text| text.chars().next());
    let (first, last) = (value.chars().next(), value.chars().next_back());
    let both = |outer: Option<char>, inner: Option<char>, is: fn(char) -> bool| {
        outer.is_some_and(is) && inner.is_some_and(is)
    };
    let is_digit = |each: char| each.is_ascii_digit();
    if both(before, first, is_digit) || both(after, last, is_digit) {
        return false;
    }
    let is_number = value
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    if is_number && value.contains('.') {
        // No match starts within an address.
        return before != Some('.');
    }
    if value.len() >= LONG_ENOUGH && !is_number {
        return true;
    }
    let is_name = value.len() > 2 && value.bytes().all(|byte| byte.is_ascii_alphabetic());
    let joins = |outer: Option<char>, inner: Option<char>, is_hump: bool| {
        let is_word_beside = |each: char| {
            if is_name {
                each.is_alphabetic()
            } else {
                each.is_alphanumeric()
            }
        };
        outer.is_some_and(is_word_beside) && inner.is_some_and(char::is_alphanumeric) && !is_hump
    };
    let is_lower = |each: Option<char>| each.is_some_and(char::is_lowercase);
    let is_upper = |each: Option<char>| each.is_some_and(char::is_uppercase);
    let begins = is_lower(before) && is_upper(first);
    let ends = is_lower(last) && is_upper(after);
    !joins(before, first, begins) && !joins(after, last, ends)
}

/// Whether bytes `start..end` of a text are a complete name, not part of a longer word or host.
pub(crate) fn is_whole_name(text: &str, start: usize, end: usize) -> bool {
    let before = text.get(..start).and_then(|text| text.chars().next_back());
    let mut after = text.get(end..).unwrap_or("").chars();
    let joins = |each: char| each.is_alphanumeric() || matches!(each, '-' | '_');
    let ends = match after.next() {
        Some('.') => !after.next().is_some_and(char::is_alphanumeric),
        Some(each) => !joins(each),
        None => true,
    };
    !before.is_some_and(joins) && ends
}

/// Whether a value is unambiguous in the other environment: a domain, a long number, or a long name that is not part of
/// the other's. `production` alone is not: staging may run in a mode of that name.
pub(super) fn is_telling(value: &str, other: &str) -> bool {
    const LONG_NUMBER: usize = 6;
    const LONG_NAME: usize = 8;
    // A network is recognised by its addresses.
    if super::Network::parse(value).is_some() {
        return false;
    }
    let mut run = 0;
    let mut longest_run = 0;
    for byte in value.bytes() {
        run = if byte.is_ascii_digit() { run + 1 } else { 0 };
        longest_run = longest_run.max(run);
    }
    let labels: Vec<&str> = value.split('.').collect();
    let is_domain = labels.len() > 1
        && labels.iter().all(|label| {
            !label.is_empty()
                && label
                    .chars()
                    .all(|each| each.is_alphanumeric() || each == '-')
        })
        && labels
            .last()
            .is_some_and(|last| last.len() > 1 && last.chars().all(char::is_alphabetic));
    let is_name = value.len() >= LONG_NAME
        && !other.contains(value)
        && value.contains(['-', '_', '/', ':'])
        && value.chars().any(char::is_alphanumeric);
    longest_run >= LONG_NUMBER || is_domain || is_name
}

#[cfg(test)]
mod tests {
    use super::is_separate;

    #[test]
    fn short_words_stand_alone_beside_digits_and_humps() {
        let alone = |text: &str, value: &str| {
            let at = text.find(value).unwrap();
            is_separate(text, at, value)
        };
        for (text, value) in [
            ("prod1", "prod"),
            ("db01prod", "prod"),
            ("dbProd", "Prod"),
            ("prodDb", "prod"),
            ("x-prod-y", "prod"),
            ("web-p-1", "p"),
            ("10.12.0.0/16", "10.12"),
            ("h:7101/x", "7101"),
        ] {
            assert!(alone(text, value), "{text} {value}");
        }
        for (text, value) in [
            ("product", "prod"),
            ("reprod", "prod"),
            ("s3", "s"),
            ("110.12.0.0", "10.12"),
            ("1.10.12.3", "10.12"),
            ("10.123.0.0", "10.12"),
            ("171013", "7101"),
            ("node-12", "node-1"),
        ] {
            assert!(!alone(text, value), "{text} {value}");
        }
    }
}
