//! The secrets of files as texts, so that each is masked at every other occurrence: under another key, in a path, in a
//! file that is read in another format.
//!
//! A file is also read in the format of its name, and by its lines. Short texts and ordinary words are masked only at
//! their place: `postgres` is a user as often as a password.

use std::collections::BTreeSet;
use std::ops::{Bound, Range};
use std::sync::Arc;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::survey::{Survey, each};
use super::within::Secrecy;
use crate::tree::{Document, Scalar};
use crate::{Format, covering, read_as};
use evenkeel_model::source::SourceFile;

/// The secrets of some files.
#[derive(Debug, Default)]
pub struct KnownSecrets {
    finder: Option<AhoCorasick>,
    texts: BTreeSet<String>,
    /// Ordinary words that are secrets: masked where they are a whole value.
    words: BTreeSet<String>,
}

impl KnownSecrets {
    /// Collects the secrets of surveyed documents.
    #[must_use]
    pub fn of(surveys: &[&Survey]) -> Self {
        let (mut texts, mut words) = (BTreeSet::new(), BTreeSet::new());
        for survey in surveys {
            texts.extend(survey.texts.iter().cloned());
            words.extend(survey.words.iter().cloned());
        }
        Self::new(texts, words)
    }

    /// Collects the secrets of an unreadable file.
    #[must_use]
    pub fn of_file(file: &Arc<SourceFile>, format: Format) -> Self {
        let (mut texts, mut words) = (BTreeSet::new(), BTreeSet::new());
        let mut found = Found {
            texts: &mut texts,
            words: &mut words,
            is_own: false,
        };
        for range in covering::secret_ranges(&file.text) {
            found.add(file.text.get(range).unwrap_or_default());
        }
        found.own_format(file, format);
        Self::new(texts, words)
    }

    fn new(texts: BTreeSet<String>, words: BTreeSet<String>) -> Self {
        /// A limit beyond files written by people.
        const MOST: usize = 5_000;
        /// The sum of lengths in bytes that is long.
        const LONG: usize = 4_096;
        if texts.is_empty() {
            return Self {
                words,
                ..Self::default()
            };
        }
        // The fastest kind takes quadratic time to build for a long text that repeats itself.
        let length: usize = texts.iter().take(MOST).map(String::len).sum();
        let kind = (length > LONG).then_some(AhoCorasickKind::ContiguousNFA);
        let finder = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .kind(kind)
            .build(texts.iter().take(MOST))
            .ok();
        Self {
            finder,
            texts,
            words,
        }
    }

    /// Returns the places of secrets in a text.
    #[must_use]
    pub fn ranges(&self, text: &str) -> Vec<Range<usize>> {
        let Some(finder) = &self.finder else {
            return Vec::new();
        };
        finder
            .find_iter(text)
            .map(|found| found.start()..found.end())
            .collect()
    }

    /// Returns whether a whole value is a secret that is an ordinary word.
    #[must_use]
    pub fn is_one(&self, value: &str) -> bool {
        self.words.contains(value.trim())
    }

    /// Returns the text with a marker in place of secrets; `None` without any.
    #[must_use]
    pub fn covered(&self, text: &str) -> Option<String> {
        let mut ranges = self.ranges(text);
        ranges.extend(self.cut(text));
        (!ranges.is_empty()).then(|| covering::replaced(text, ranges))
    }
}

impl KnownSecrets {
    /// Finds the start of a secret at the end of a truncated text.
    fn cut(&self, text: &str) -> Option<Range<usize>> {
        const SHORTEST: usize = 3;
        const LONGEST: usize = 120;
        if self.texts.is_empty() {
            return None;
        }
        let end = text.rfind('…')?;
        let before = text.get(..end)?;
        let starts = before.char_indices().rev().map(|(at, _)| at).take(LONGEST);
        let begins = |part: &str| {
            let mut from = self
                .texts
                .range::<str, _>((Bound::Included(part), Bound::Unbounded));
            from.next().is_some_and(|text| text.starts_with(part))
        };
        let start = starts
            .filter(|at| end - at >= SHORTEST && before.get(*at..).is_some_and(begins))
            .last()?;
        Some(start..end)
    }
}

/// Returns whether a secret is masked at every occurrence: long enough, and not an ordinary word or number.
fn is_telling(text: &str) -> bool {
    const SHORTEST: usize = 6;
    const SHORTEST_NUMBER: usize = 9;
    let any = |is: fn(&u8) -> bool| text.bytes().any(|byte| is(&byte));
    let is_number = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    text.len() >= SHORTEST
        && (!is_number || text.len() >= SHORTEST_NUMBER)
        && (any(u8::is_ascii_digit)
            || any(u8::is_ascii_uppercase) && any(u8::is_ascii_lowercase)
            || text.bytes().any(|byte| {
                !byte.is_ascii_alphanumeric() && !matches!(byte, b' ' | b'-' | b'_' | b'.')
            }))
}

/// Collects the secrets of one file.
pub(super) struct Found<'t> {
    pub(super) texts: &'t mut BTreeSet<String>,
    pub(super) words: &'t mut BTreeSet<String>,
    /// Whether it is read in its own format: if not, every secret counts, since no other reading locates them.
    pub(super) is_own: bool,
}

impl Found<'_> {
    pub(super) fn add(&mut self, text: &str) {
        const SHORTEST: usize = 4;
        const SHORTEST_WORD: usize = 7;
        const COMMON: &[&str] = &[
            "password",
            "postgres",
            "production",
            "staging",
            "development",
            "default",
            "example",
            "localhost",
            "service",
            "changeit",
            "changeme",
            "rabbitmq",
            "keycloak",
            "grafana",
            "database",
            "testing",
        ];
        const SHORTEST_LINE: usize = 8;
        let mut lines = text
            .split('\n')
            .flat_map(|line| line.split("\\n"))
            .map(|line| line.trim().trim_matches(['"', '\'']))
            .filter(|line| !line.is_empty());
        let (first, second) = (lines.next(), lines.next());
        // `user:password`
        if let (Some(only), None) = (first, second)
            && let Some((user, password)) = only.split_once(':')
            && !user.contains([' ', '/', '=', '"'])
            && !password.contains(':')
        {
            if is_telling(password) {
                self.texts.insert(password.to_owned());
            } else if password.len() >= SHORTEST_WORD && !COMMON.contains(&password) {
                self.words.insert(password.to_owned());
            }
        }
        match (first, second) {
            (Some(only), None) if is_telling(only) || !self.is_own && only.len() >= SHORTEST => {
                self.texts.insert(only.to_owned());
            }
            (Some(only), None) if only.len() >= SHORTEST_WORD && !COMMON.contains(&only) => {
                self.words.insert(only.to_owned());
            }
            (Some(first), Some(second)) => {
                for line in [first, second].into_iter().chain(lines) {
                    // The borders of a PEM key are not secret.
                    if line.len() >= SHORTEST_LINE && is_telling(line) && !line.starts_with("-----")
                    {
                        self.texts.insert(line.to_owned());
                    }
                }
            }
            _ => {}
        }
    }

    /// Reads the file in the format of its name as well, when it was read in another.
    pub(super) fn own_format(&mut self, file: &Arc<SourceFile>, known: Format) {
        let own = Format::of_file(file);
        if own != known
            && own != Format::Lines
            && let Ok(document) = read_as(file, own)
        {
            self.document(&document);
        }
    }

    /// Adds secrets without their quotes and escapes.
    fn document(&mut self, document: &Document) {
        each(document, &mut |_, scalar, secrecy| {
            self.scalar(scalar, secrecy);
        });
    }

    /// Adds the secret parts of a value.
    pub(super) fn scalar(&mut self, scalar: &Scalar, secrecy: &Secrecy) {
        match secrecy {
            Secrecy::Whole => self.add(&scalar.text),
            Secrecy::Parts(parts) => {
                for part in parts {
                    self.add(scalar.text.get(part.clone()).unwrap_or_default());
                }
            }
            Secrecy::Open | Secrecy::Encrypted => {}
        }
    }
}
