//! One line of the file: principals, options, key and comment.

use evenkeel_model::Moment;
use evenkeel_model::defect::Code;

use crate::codes;
use crate::dates;
use crate::key::PublicKey;

/// Longest principal, and longest value of an option.
const LONGEST: usize = 1024;

/// Parsed line.
pub(super) struct Line {
    pub(super) principals: Vec<String>,
    pub(super) options: Options,
    pub(super) key: PublicKey,
    /// Bytes of the key within the line.
    pub(super) key_place: (usize, usize),
}

/// Options of a line.
#[derive(Default)]
pub(super) struct Options {
    pub(super) namespaces: Option<String>,
    pub(super) from: Option<Moment>,
    pub(super) until: Option<Moment>,
}

/// Error with its bytes within the line.
pub(super) struct Problem {
    pub(super) code: &'static Code,
    pub(super) message: String,
    pub(super) place: (usize, usize),
}

/// Position in a line.
struct Cursor<'a> {
    line: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    fn rest(&self) -> &'a str {
        self.line.get(self.at..).unwrap_or_default()
    }

    fn skip_blanks(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches([' ', '\t']).len();
    }

    /// Takes text up to a blank outside of quotes.
    fn word(&mut self) -> (&'a str, (usize, usize)) {
        let start = self.at;
        let mut is_quoted = false;
        let mut length = self.rest().len();
        for (offset, character) in self.rest().char_indices() {
            match character {
                '"' => is_quoted = !is_quoted,
                ' ' | '\t' if !is_quoted => {
                    length = offset;
                    break;
                }
                _ => {}
            }
        }
        self.at += length;
        let place = (start, self.at);
        (self.line.get(start..self.at).unwrap_or_default(), place)
    }
}

/// Parses a line that is neither blank nor a comment.
pub(super) fn parse(line: &str) -> Result<Line, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut cursor = Cursor { line, at: 0 };
    cursor.skip_blanks();
    let (first, place) = cursor.word();
    let principals = principals(first, place, &mut problems);
    cursor.skip_blanks();
    let mut options = Options::default();
    let (mut word, mut place) = cursor.word();
    // Options have `=`, or the name of the only flag; types of keys have neither.
    if word.contains('=') || word.to_ascii_lowercase().starts_with("cert-authority") {
        options = read_options(word, place, &mut problems);
        cursor.skip_blanks();
        (word, place) = cursor.word();
    }
    let kind = word;
    let start = place.0;
    cursor.skip_blanks();
    let (encoded, end) = cursor.word();
    let key_place = (start, end.1.max(place.1));
    let key = if kind.is_empty() || encoded.is_empty() {
        problems.push(Problem {
            code: &codes::MALFORMED,
            message: "expected principals, options and a public key".to_owned(),
            place: (0, line.len()),
        });
        None
    } else {
        match PublicKey::from_words(kind, encoded) {
            Ok(key) => Some(key),
            Err(problem) => {
                problems.push(Problem {
                    code: &codes::KEY,
                    message: problem.to_string(),
                    place: key_place,
                });
                None
            }
        }
    };
    match key {
        Some(key) if problems.is_empty() => Ok(Line {
            principals,
            options,
            key,
            key_place,
        }),
        _ => Err(problems),
    }
}

fn principals(word: &str, place: (usize, usize), problems: &mut Vec<Problem>) -> Vec<String> {
    let mut blame = |message: &str, place| {
        problems.push(Problem {
            code: &codes::PERSON,
            message: message.to_owned(),
            place,
        });
    };
    let (list, start) = match word.strip_prefix('"') {
        None if word.contains('"') => {
            blame("quotes go around the whole list of principals", place);
            return Vec::new();
        }
        None => (word, place.0),
        Some(rest) => match rest.strip_suffix('"').filter(|list| !list.contains('"')) {
            Some(list) => (list, place.0 + 1),
            None => {
                blame(
                    "a quote is not closed, or is within the list of principals",
                    place,
                );
                return Vec::new();
            }
        },
    };
    let mut all = Vec::new();
    let mut at = start;
    for text in list.split(',') {
        let place = (at, at + text.len());
        at = place.1 + 1;
        let is_role = text.starts_with(super::ROLE);
        if text.trim() != text || text.is_empty() || text == super::ROLE {
            blame("an empty principal, or one with blanks around it", place);
        } else if text.len() > LONGEST {
            blame("a principal of more than 1024 bytes", place);
        } else if text.contains(['*', '?', '!']) {
            blame("a pattern cannot name a person: list each person", place);
        } else if is_role && all.is_empty() {
            blame("the first principal is a role, expected the person", place);
        } else {
            all.push(text.to_owned());
        }
    }
    all
}

fn read_options(word: &str, place: (usize, usize), problems: &mut Vec<Problem>) -> Options {
    let mut options = Options::default();
    let mut at = place.0;
    for part in split_outside_quotes(word) {
        let place = (at, at + part.len());
        at = place.1 + 1;
        if let Err((code, message)) = read_option(part, &mut options) {
            problems.push(Problem {
                code,
                message,
                place,
            });
        }
    }
    if let (Some(from), Some(until)) = (options.from, options.until)
        && until <= from
    {
        problems.push(Problem {
            code: &codes::MALFORMED,
            message: "`valid-before` is not later than `valid-after`".to_owned(),
            place,
        });
    }
    options
}

fn split_outside_quotes(word: &str) -> Vec<&str> {
    let mut is_quoted = false;
    word.split(|character: char| {
        if character == '"' {
            is_quoted = !is_quoted;
        }
        character == ',' && !is_quoted
    })
    .collect()
}

fn read_option(part: &str, options: &mut Options) -> Result<(), (&'static Code, String)> {
    let malformed = |message: String| Err((&codes::MALFORMED, message));
    let (name, value) = match part.split_once('=') {
        Some((name, value)) => (name.to_ascii_lowercase(), Some(value)),
        None => (part.to_ascii_lowercase(), None),
    };
    match name.as_str() {
        "cert-authority" => {
            return Err((
                &codes::KEY,
                "certificate authorities are not supported: list each person's key".to_owned(),
            ));
        }
        "namespaces" | "valid-after" | "valid-before" => {}
        _ => {
            let shown: String = name.chars().take(60).collect();
            let shown = evenkeel_model::text::inert(&shown);
            return malformed(format!(
                "unknown option `{shown}`: expected namespaces, valid-after or valid-before"
            ));
        }
    }
    let value = value
        .and_then(|value| value.strip_prefix('"'))
        .and_then(|value| value.strip_suffix('"'))
        .filter(|value| !value.contains('"') && value.len() <= LONGEST);
    let Some(value) = value else {
        return malformed(format!("`{name}` needs a value in quotes: {name}=\"…\""));
    };
    let is_first = match name.as_str() {
        "namespaces" => {
            if value.split(',').any(str::is_empty) {
                return malformed("`namespaces` has an empty item".to_owned());
            }
            options.namespaces.replace(value.to_owned()).is_none()
        }
        date => {
            let Some(moment) = dates::parse(value) else {
                return malformed(format!("`{name}`: expected a date: {}", dates::FORMS));
            };
            let place = if date == "valid-after" {
                &mut options.from
            } else {
                &mut options.until
            };
            place.replace(moment).is_none()
        }
    };
    if is_first {
        Ok(())
    } else {
        malformed(format!("`{name}` is given twice"))
    }
}
