//! Identity values: what each environment has of its own by nature (its name, domains, account numbers), recognised
//! inside texts and keys.
//!
//! Two texts agree when one becomes the other by putting the second environment's values in the place of the first
//! one's. Any identity may stand at any position: `fizzy-staging` ↔ `fizzy` and `staging` ↔ `production` are tried at
//! once, so neither spoils what the other explains.

use std::collections::HashSet;
use std::sync::Arc;

use super::hosts;

/// One identity: the values that correspond to each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Its name: the parameter's, or `environment`.
    pub name: Arc<str>,
    /// The first environment's value.
    pub left: Arc<str>,
    /// The second environment's value.
    pub right: Arc<str>,
}

/// The identities of a pair of environments.
#[derive(Clone, Debug, Default)]
pub struct Identities {
    /// Given and derived, the longest first.
    all: Vec<Word>,
    /// What the two environments are called.
    environments: Option<(Arc<str>, Arc<str>)>,
}

#[derive(Clone, Debug)]
struct Word {
    name: Arc<str>,
    left: Arc<str>,
    right: Arc<str>,
    /// Whether the first environment's value, found in the second one's text, can only mean the first one.
    left_telling: bool,
    /// The same of the second environment's.
    right_telling: bool,
    /// Whether they are what the environments themselves are called: within the name of a host that is telling, too.
    is_environment: bool,
}

impl Word {
    /// Whether a value that only names the environment can be told in the name of a host.
    fn is_name_of_hosts(&self, theirs: &str) -> bool {
        const LONG_ENOUGH: usize = 3;
        self.is_environment && theirs.len() >= LONG_ENOUGH && is_word(theirs)
    }
}

/// Which of the two environments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Which {
    /// The first one.
    Left,
    /// The second one.
    Right,
}

/// Most positions that are tried for one pair of texts.
const MOST_POSITIONS: usize = 1 << 16;

impl Identities {
    /// The identities of two environments, and those that follow: the same words in capitals.
    #[must_use]
    pub fn new(given: impl IntoIterator<Item = Identity>) -> Self {
        let mut all: Vec<Word> = Vec::new();
        let mut environments = None;
        for identity in given {
            let Identity { name, left, right } = identity;
            if &*name == "environment" {
                environments = Some((Arc::clone(&left), Arc::clone(&right)));
            }
            if left.is_empty() || right.is_empty() || left == right {
                continue;
            }
            for spelled in [same, upper, capital] {
                let (left, right) = (spelled(&left), spelled(&right));
                if all
                    .iter()
                    .any(|word| *word.left == *left && *word.right == *right)
                {
                    continue;
                }
                all.push(Word {
                    left_telling: is_telling(&left, &right),
                    right_telling: is_telling(&right, &left),
                    is_environment: &*name == "environment" || &*name == "environment_short",
                    name: Arc::clone(&name),
                    left: left.into(),
                    right: right.into(),
                });
            }
        }
        let length = |word: &Word| word.left.len().max(word.right.len());
        all.sort_by(|one, two| {
            (length(two), &one.left, &one.right).cmp(&(length(one), &two.left, &two.right))
        });
        Self { all, environments }
    }

    /// These and some words more, which are never told as a mention of the other environment.
    #[must_use]
    pub(super) fn with_words(&self, more: impl IntoIterator<Item = Identity>) -> Self {
        let mut all = self.all.clone();
        all.extend(more.into_iter().map(|identity| Word {
            name: identity.name,
            left: identity.left,
            right: identity.right,
            left_telling: false,
            right_telling: false,
            is_environment: false,
        }));
        all.sort_by_key(|word| std::cmp::Reverse(word.left.len().max(word.right.len())));
        Self {
            all,
            environments: self.environments.clone(),
        }
    }

    /// Whether the two environments are known to live in accounts of their own: both have a long number or a UUID.
    #[must_use]
    pub(super) fn have_accounts(&self) -> bool {
        const LEAST: usize = 9;
        let is_account = |text: &str| {
            let digits = text.bytes().filter(u8::is_ascii_digit).count();
            digits >= LEAST
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
        };
        let mut all = self.all.iter();
        all.any(|word| is_account(&word.left) && is_account(&word.right))
    }

    /// The identity by which a text names both environments, if there is one.
    #[must_use]
    pub(super) fn names_both(&self, text: &str) -> Option<&Arc<str>> {
        let stands = |value: &str| {
            let mut places = text.match_indices(value);
            places.any(|(at, found)| stands_alone(text, at, found))
        };
        let named = self.all.iter().find(|word| {
            word.left_telling
                && word.right_telling
                && !word.left.contains(&*word.right)
                && !word.right.contains(&*word.left)
                && stands(&word.left)
                && stands(&word.right)
        });
        named.map(|word| &word.name)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Whether two texts that are not the same differ only by identity values.
    #[must_use]
    pub fn agree(&self, left: &str, right: &str) -> bool {
        let candidates: Vec<&Word> = self
            .all
            .iter()
            .filter(|word| left.contains(&*word.left) && right.contains(&*word.right))
            .collect();
        if candidates.is_empty() {
            return false;
        }
        let mut open = vec![(0, 0)];
        let mut tried: HashSet<(usize, usize)> = HashSet::new();
        while let Some((one, two)) = open.pop() {
            let (Some(rest), Some(other)) = (left.get(one..), right.get(two..)) else {
                continue;
            };
            if rest.is_empty() && other.is_empty() {
                return true;
            }
            if !tried.insert((one, two)) || tried.len() > MOST_POSITIONS {
                continue;
            }
            if let (Some(first), Some(second)) = (rest.chars().next(), other.chars().next())
                && first == second
            {
                open.push((one + first.len_utf8(), two + first.len_utf8()));
            }
            // Tried last in, first out: a substitution before going on character by character.
            for word in candidates.iter().rev() {
                if rest.starts_with(&*word.left)
                    && other.starts_with(&*word.right)
                    && stands_alone(left, one, &word.left)
                    && stands_alone(right, two, &word.right)
                {
                    open.push((one + word.left.len(), two + word.right.len()));
                }
            }
        }
        false
    }

    /// A text with a mark in place of each identity value of its own environment, the longest first: texts with the
    /// same marks agree. Others may agree all the same; see [`Self::agree`].
    #[must_use]
    pub fn marked(&self, text: &str, which: Which) -> Option<String> {
        let own = |word: &Word| match which {
            Which::Left => Arc::clone(&word.left),
            Which::Right => Arc::clone(&word.right),
        };
        if !self.all.iter().any(|word| text.contains(&*own(word))) {
            return None;
        }
        let mut marked = String::with_capacity(text.len());
        let mut at = 0;
        while let Some(rest) = text.get(at..)
            && let Some(first) = rest.chars().next()
        {
            let found = self.all.iter().enumerate().find(|(_, word)| {
                let value = own(word);
                rest.starts_with(&*value) && stands_alone(text, at, &value)
            });
            if let Some((number, word)) = found {
                marked.push('\u{1}');
                marked.push_str(&number.to_string());
                marked.push('\u{2}');
                at += own(word).len();
            } else {
                marked.push(first);
                at += first.len_utf8();
            }
        }
        Some(marked)
    }

    /// A text of one environment as it would stand in the other: with the other's value in place of each of its own
    /// identity values, the longest first. Nothing where it has none.
    #[must_use]
    pub fn exchanged(&self, text: &str, which: Which) -> Option<String> {
        let sides = |word: &Word| match which {
            Which::Left => (Arc::clone(&word.left), Arc::clone(&word.right)),
            Which::Right => (Arc::clone(&word.right), Arc::clone(&word.left)),
        };
        let candidates: Vec<(Arc<str>, Arc<str>)> = self
            .all
            .iter()
            .map(sides)
            .filter(|(own, _)| text.contains(&**own))
            .collect();
        if candidates.is_empty() {
            return None;
        }
        let mut exchanged = String::with_capacity(text.len());
        let mut at = 0;
        while let Some(rest) = text.get(at..)
            && let Some(first) = rest.chars().next()
        {
            let found = candidates
                .iter()
                .find(|(own, _)| rest.starts_with(&**own) && stands_alone(text, at, own));
            if let Some((own, other)) = found {
                exchanged.push_str(other);
                at += own.len();
            } else {
                exchanged.push(first);
                at += first.len_utf8();
            }
        }
        Some(exchanged)
    }

    /// An identity of the *other* environment that a text of one environment mentions: its name, and the value.
    #[must_use]
    pub fn foreign<'a>(&'a self, text: &str, which: Which) -> Option<(&'a Arc<str>, &'a Arc<str>)> {
        let sides = |word: &'a Word| match which {
            Which::Left => (&word.left, &word.right, word.right_telling),
            Which::Right => (&word.right, &word.left, word.left_telling),
        };
        let mut own: Option<Vec<(usize, usize, bool)>> = None;
        for word in &self.all {
            let (_, theirs, telling) = sides(word);
            if !telling && !word.is_name_of_hosts(theirs) {
                continue;
            }
            for (start, _) in text.match_indices(&**theirs) {
                let end = start + theirs.len();
                let is_there = if telling {
                    is_whole_name(text, start, end)
                } else {
                    hosts::is_within(text, start, end)
                };
                if !is_there {
                    continue;
                }
                let own = own.get_or_insert_with(|| {
                    self.all
                        .iter()
                        .flat_map(|word| {
                            let (ours, _, _) = sides(word);
                            text.match_indices(&**ours)
                                .filter(|(at, found)| stands_alone(text, *at, found))
                                .map(|(at, found)| (at, at + found.len(), word.is_environment))
                        })
                        .collect()
                });
                // What lies within a value of its own is its own, and so is a host that has its environment's name in it.
                let host = hosts::around(text, start, end);
                let is_own = own.iter().any(|(from, to, is_environment)| {
                    *from <= start && end <= *to
                        || *is_environment
                            && host.start <= *from
                            && *to <= host.end
                            && (*to <= start || end <= *from)
                });
                let is_own = is_own || self.is_abbreviated(text, host, start..end, which);
                if !is_own {
                    return Some((&word.name, theirs));
                }
            }
        }
        None
    }

    /// Whether the name of a host has, beside what it mentions, a short form of its own environment's name: `stg-db`.
    fn is_abbreviated(
        &self,
        text: &str,
        host: std::ops::Range<usize>,
        mention: std::ops::Range<usize>,
        which: Which,
    ) -> bool {
        let Some((left, right)) = &self.environments else {
            return false;
        };
        let own = match which {
            Which::Left => left,
            Which::Right => right,
        };
        [host.start..mention.start, mention.end..host.end]
            .into_iter()
            .filter_map(|range| text.get(range))
            .flat_map(|part| part.split(|each: char| !each.is_alphanumeric()))
            .any(|word| is_short_for(word, own))
    }

    /// Whether a text of one environment may mention the other: a quick look at a whole file.
    #[must_use]
    pub fn may_be_foreign(&self, text: &str, which: Which) -> bool {
        self.all.iter().any(|word| match which {
            Which::Left => {
                (word.right_telling || word.is_name_of_hosts(&word.right))
                    && text.contains(&*word.right)
            }
            Which::Right => {
                (word.left_telling || word.is_name_of_hosts(&word.left))
                    && text.contains(&*word.left)
            }
        })
    }
}

/// Whether a word is a short form of a longer one: it begins alike, and its letters come in the same order.
fn is_short_for(word: &str, long: &str) -> bool {
    const SHORTEST: usize = 3;
    let mut letters = long.chars();
    (SHORTEST..long.len()).contains(&word.len())
        && word.chars().next() == long.chars().next()
        && word
            .chars()
            .all(|each| letters.any(|letter| letter == each))
}

fn same(text: &str) -> String {
    text.to_owned()
}

fn upper(text: &str) -> String {
    if is_word(text) {
        text.to_uppercase()
    } else {
        text.to_owned()
    }
}

fn capital(text: &str) -> String {
    let mut characters = text.chars();
    match characters.next() {
        Some(first) if is_word(text) => first.to_uppercase().chain(characters).collect(),
        _ => text.to_owned(),
    }
}

fn is_word(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_lowercase())
}

/// Whether an identity value at a place of a text is one there. Short words and numbers are only by themselves: `prod`
/// is not in `product`, and `7101` not in `171013`.
fn stands_alone(text: &str, at: usize, value: &str) -> bool {
    const LONG_ENOUGH: usize = 5;
    let digits = value.bytes().all(|byte| byte.is_ascii_digit());
    if value.len() >= LONG_ENOUGH && !digits {
        return true;
    }
    let joins = |outer: Option<char>, inner: Option<char>| {
        outer.is_some_and(char::is_alphanumeric) && inner.is_some_and(char::is_alphanumeric)
    };
    let before = text.get(..at).and_then(|text| text.chars().next_back());
    let after = text
        .get(at + value.len()..)
        .and_then(|text| text.chars().next());
    !joins(before, value.chars().next()) && !joins(after, value.chars().next_back())
}

/// Whether bytes `start..end` of a text are a name of their own, and not a part of a longer word or host.
fn is_whole_name(text: &str, start: usize, end: usize) -> bool {
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
fn is_telling(value: &str, other: &str) -> bool {
    const LONG_NUMBER: usize = 6;
    const LONG_NAME: usize = 8;
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
    use super::{Identities, Identity, Which};

    fn identities(pairs: &[(&str, &str)]) -> Identities {
        Identities::new(pairs.iter().map(|(left, right)| Identity {
            name: "x".into(),
            left: (*left).into(),
            right: (*right).into(),
        }))
    }

    #[test]
    fn texts_that_differ_by_identities_agree() {
        let all = identities(&[("app-staging", "app"), ("staging", "production")]);
        for (left, right) in [
            ("app-staging-web-1", "app-web-1"),
            ("app-staging-files", "app-production-files"),
            ("STAGING_URL", "PRODUCTION_URL"),
            ("Staging", "Production"),
            ("app-staging.app-staging", "app.app-production"),
        ] {
            assert!(all.agree(left, right), "{left} {right}");
            assert!(!all.agree(right, left), "{right} {left}");
        }
        for (left, right) in [
            ("app-staging-web-1", "app-web-2"),
            ("staging", "staging"),
            ("production", "staging"),
            ("app-staging", "appx"),
            ("", "app"),
        ] {
            assert!(!all.agree(left, right), "{left} {right}");
        }
    }

    #[test]
    fn short_words_and_numbers_must_stand_alone() {
        let all = identities(&[("stg", "prod"), ("7101", "7102")]);
        assert!(all.agree("db-stg-1", "db-prod-1"));
        assert!(!all.agree("stguct", "product"));
        assert!(all.agree("http://h:7101/x", "http://h:7102/x"));
        assert!(!all.agree("171013", "171023"));
    }

    #[test]
    fn equal_marks_mean_agreement() {
        let all = identities(&[("staging", "production")]);
        assert_eq!(
            all.marked("a-staging-b", Which::Left),
            all.marked("a-production-b", Which::Right)
        );
        assert_eq!(all.marked("nothing", Which::Left), None);
    }

    #[test]
    fn a_mention_of_the_other_environment_is_found() {
        let all = identities(&[
            ("staging.example.org", "example.org"),
            ("111122223333", "444455556666"),
            ("staging", "production"),
            ("app-staging", "app"),
        ]);
        let value =
            |text: &str, which| all.foreign(text, which).map(|(_, value)| value.to_string());
        assert_eq!(
            value("mail@example.org", Which::Left).as_deref(),
            Some("example.org")
        );
        assert_eq!(value("https://staging.example.org/x", Which::Left), None);
        assert_eq!(
            value("https://www.example.org/x", Which::Left).as_deref(),
            Some("example.org")
        );
        assert_eq!(value("example.org.uk", Which::Left), None);
        assert_eq!(value("my-example.org", Which::Left), None);
        assert_eq!(
            value("arn:aws:iam::444455556666:role/x", Which::Left).as_deref(),
            Some("444455556666")
        );
        assert_eq!(value("RAILS_ENV=production", Which::Left), None);
        assert_eq!(value("app-load-balancer", Which::Left), None);
        assert_eq!(
            value("db.staging.example.org", Which::Right).as_deref(),
            Some("staging.example.org")
        );
    }

    #[test]
    fn a_host_that_names_the_other_environment_is_its_own() {
        let all = Identities::new([Identity {
            name: "environment".into(),
            left: "staging".into(),
            right: "production".into(),
        }]);
        let mentions = |text: &str| all.foreign(text, Which::Right).is_some();
        for text in [
            "db.staging.example.org",
            "db.staging.example.org:5432",
            "https://api-staging.example.org/x",
            "postgres://app@staging-db:5432/app",
        ] {
            assert!(mentions(text), "{text}");
        }
        for text in [
            "staging",
            "app-staging",
            "config.staging.settings.yml",
            "https://example.org/staging/x",
            "https://api.production.example.org/staging",
            "https://upstaging.example.org",
            "/srv/app.staging.log",
        ] {
            assert!(!mentions(text), "{text}");
        }
    }

    #[test]
    fn a_host_with_its_own_environment_in_its_name_is_no_mention() {
        let identity = |name: &str, left: &str, right: &str| Identity {
            name: name.into(),
            left: left.into(),
            right: right.into(),
        };
        let all = Identities::new([
            identity("environment_short", "stg", "prod"),
            identity("domain", "stg.example.org", "example.org"),
        ]);
        let mentions = |text: &str| all.foreign(text, Which::Left).is_some();
        assert!(!mentions("mysql://stg-db.example.org:3306/app"));
        assert!(mentions("mysql://db.example.org:3306/stg"));
        assert!(mentions("mysql://prod-db.example.org:3306/app"));
        let all = Identities::new([
            identity("environment", "staging", "production"),
            identity("domain", "staging.example.org", "example.org"),
        ]);
        let mentions = |text: &str| all.foreign(text, Which::Left).is_some();
        assert!(!mentions("mysql://stg-db.example.org:3306/app"));
        assert!(mentions("mysql://sts-db.example.org:3306/app"));
    }

    #[test]
    fn hostile_texts_end_in_bounded_time() {
        let all = identities(&[("a", "aa"), ("aa", "a"), ("ab", "b")]);
        let left = "a-".repeat(20_000);
        let right = "aa-".repeat(20_000);
        let _ = all.agree(&left, &right);
        let _ = all.marked(&left, Which::Left);
    }
}
