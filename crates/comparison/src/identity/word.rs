//! Two values that correspond to each other, and where they are words of their own in a text.

use std::sync::Arc;

/// Two values that correspond to each other.
#[derive(Clone, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a question of its own"
)]
pub(super) struct Word {
    pub(super) name: Arc<str>,
    pub(super) left: Arc<str>,
    pub(super) right: Arc<str>,
    /// Whether the first environment's value, found in the second one's text, can only mean the first one.
    pub(super) left_telling: bool,
    /// The same of the second environment's.
    pub(super) right_telling: bool,
    /// Whether they are what the environments themselves are called: within the name of a host that is telling, too.
    pub(super) is_environment: bool,
    /// Whether both are single words of which one is long: then both together are known inside of others.
    pub(super) is_free: bool,
}

/// Shorter values count only where they stand alone.
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

    /// Whether a value that only names the environment can be told in the name of a host.
    pub(super) fn is_name_of_hosts(&self, theirs: &str) -> bool {
        const LONG_ENOUGH: usize = 3;
        self.is_environment && theirs.len() >= LONG_ENOUGH && is_word(theirs)
    }

    /// Whether both values, at places of two texts, stand for each other there.
    pub(super) fn corresponds(&self, left: (&str, usize), right: (&str, usize)) -> bool {
        self.is_free
            || self.is_environment
                && is_component(left, &self.left)
                && is_component(right, &self.right)
            || stands_alone(left.0, left.1, &self.left)
                && stands_alone(right.0, right.1, &self.right)
    }
}

/// Whether a name of letters at a place of a text has no letter beside it: `p` in `web-p1`.
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

/// Whether a parameter is what the environment itself is called.
pub(super) fn is_environment(name: &str) -> bool {
    name == "environment" || name == "environment_short"
}

/// The spellings of a value that follow from it: as it is, in capitals, and with one.
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

/// Whether an identity value at a place of a text is one there. Short words and numbers are only by themselves: `prod`
/// is not in `product` but in `prod1`, and `7101` not in `171013`. No number goes on beyond a value.
pub(crate) fn stands_alone(text: &str, at: usize, value: &str) -> bool {
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
        // A part of an address is none from its middle.
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

/// Whether bytes `start..end` of a text are a name of their own, and not a part of a longer word or host.
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

/// Whether a value, found in the other environment, can only mean its own: a domain, a long number, or a long name
/// that is no part of the other's. `production` alone is not telling: staging may well run in a mode of that name.
pub(super) fn is_telling(value: &str, other: &str) -> bool {
    const LONG_NUMBER: usize = 6;
    const LONG_NAME: usize = 8;
    // A network is told by the addresses in it.
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
    use super::stands_alone;

    #[test]
    fn short_words_stand_alone_beside_digits_and_humps() {
        let alone = |text: &str, value: &str| {
            let at = text.find(value).unwrap();
            stands_alone(text, at, value)
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
