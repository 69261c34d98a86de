//! Parsing of JUnit result files, which are untrusted text.
//!
//! Cases are counted from `testcase` elements. Counts in attributes are ignored; a case's own `status` counts only if
//! it makes the case worse. There are no document types, no entities and no recursion, and everything is limited.
//! Finding files and judging a run is left to `run`.

mod attributes;
mod encoding;
mod malformed;

use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::{BytesStart, Event};

use self::attributes::Attributes;
use self::malformed::Malformed;
use super::result::{Case, Outcome};
use crate::world::redaction::Redactor;
use evenkeel_model::text::inert;

/// Largest accepted file.
pub(super) const LARGEST: usize = 16 * 1024 * 1024;
/// Maximum number of cases of one suite.
pub(super) const MOST_CASES: usize = 100_000;
/// Maximum nesting.
const DEEPEST: usize = 64;
/// Longest message, in characters.
const LONGEST_MESSAGE: usize = 2000;
/// Size of the part of a text that is read for a message, in bytes.
const MOST_SAID: usize = 64 * 1024;

/// Returns the cases of a file, their texts escaped and without secrets.
pub(super) fn parse(bytes: &[u8], redactor: &Redactor) -> Result<Vec<Case>, Malformed> {
    if bytes.len() > LARGEST {
        return Err(Malformed::TooLarge);
    }
    let text = encoding::decoded(bytes)?;
    let mut reader = Reader::from_str(&text);
    let mut document = Document {
        redactor,
        open: Vec::new(),
        ended: false,
        cases: Vec::new(),
        said: String::new(),
    };
    loop {
        let event = reader.read_event().map_err(|error| Malformed::IllFormed {
            at: reader.error_position(),
            reason: error.to_string(),
        })?;
        let done = document.take(event).map_err(|trouble| match trouble {
            Trouble::Malformed(malformed) => malformed,
            Trouble::Attribute(reason) => Malformed::IllFormed {
                at: reader.buffer_position(),
                reason,
            },
        })?;
        if done {
            return Ok(document.cases);
        }
    }
}

/// Problem of an event; only the reader knows its position.
enum Trouble {
    Malformed(Malformed),
    Attribute(String),
}

impl From<Malformed> for Trouble {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}

/// State of a document.
struct Document<'a> {
    redactor: &'a Redactor,
    /// Open elements.
    open: Vec<Element>,
    /// Whether the root element ended.
    ended: bool,
    cases: Vec<Case>,
    /// Text of the open verdict.
    said: String,
}

/// Open element.
struct Element {
    name: String,
    role: Role,
}

/// Role of an element.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    /// `testsuites` or `testsuite`.
    Suite,
    /// `testcase`: the last of the cases.
    Case,
    /// `failure`, `error` or `skipped`; whether its text is the message.
    Verdict { text: bool },
    /// Anything else.
    Other,
}

impl Document<'_> {
    /// Handles the next event; returns true at the end of a complete document.
    fn take(&mut self, event: Event<'_>) -> Result<bool, Trouble> {
        match event {
            Event::Start(start) => self.begin(&start)?,
            Event::Empty(start) => {
                self.begin(&start)?;
                self.end();
            }
            Event::End(_) => self.end(),
            Event::Text(text) => self.say(&text)?,
            Event::CData(text) => self.say(&text)?,
            Event::GeneralRef(reference) => match reference.resolve_char_ref() {
                Ok(Some(character)) => self.say(character.encode_utf8(&mut [0; 4]))?,
                Ok(None) => match unescape(&format!("&{};", &*reference)) {
                    Ok(character) => self.say(&character)?,
                    Err(_) => return Err(Malformed::Entity(cut(&reference, 40)).into()),
                },
                Err(error) => return Err(Trouble::Attribute(error.to_string())),
            },
            Event::Decl(declaration) => {
                if let Some(Ok(encoding)) = declaration.encoding()
                    && !encoding::is_known(&encoding)
                {
                    return Err(Malformed::Encoding(cut(&encoding, 40)).into());
                }
            }
            Event::DocType(_) => return Err(Malformed::DocumentType.into()),
            Event::Comment(_) | Event::PI(_) => {}
            Event::Eof => {
                return match self.open.last() {
                    Some(element) => Err(Malformed::Truncated(element.name.clone()).into()),
                    None if self.ended => Ok(true),
                    None => Err(Malformed::Empty.into()),
                };
            }
        }
        Ok(false)
    }

    fn begin(&mut self, start: &BytesStart<'_>) -> Result<(), Trouble> {
        let name = cut(start.name().as_ref(), 60);
        if self.ended {
            return Err(Malformed::Trailing.into());
        }
        if self.open.len() >= DEEPEST {
            return Err(Malformed::TooMany(format!("{DEEPEST} nested elements")).into());
        }
        let attributes = Attributes::of(start)?;
        let outer = self.open.last();
        let misplaced = |outer: &Element| {
            let (inner, outer) = (name.clone(), outer.name.clone());
            Err(Malformed::Misplaced { inner, outer }.into())
        };
        let role = match (name.as_str(), outer) {
            ("testsuites" | "testsuite", None) => Role::Suite,
            (_, None) => return Err(Malformed::Root(name).into()),
            ("testsuites" | "testsuite", Some(outer)) if outer.role == Role::Suite => Role::Suite,
            ("testcase", Some(outer)) if outer.role == Role::Suite => {
                self.add(attributes.case(self.redactor))?;
                Role::Case
            }
            ("testsuites" | "testsuite" | "testcase", Some(outer)) => return misplaced(outer),
            ("failure" | "error" | "skipped", Some(outer)) => {
                let outcome = match name.as_str() {
                    "failure" => Outcome::Failed,
                    "error" => Outcome::Error,
                    _ => Outcome::Skipped,
                };
                match outer.role {
                    Role::Case => {}
                    // A suite whose setup failed reports that outside of any case.
                    Role::Suite => {
                        self.add(Case::new("(outside of cases)", Outcome::Passed, None))?;
                    }
                    // Within other elements it belongs to no known case; it must not be lost.
                    Role::Verdict { .. } | Role::Other => return misplaced(outer),
                }
                let text = self.judge(outcome, &attributes);
                Role::Verdict { text }
            }
            _ => Role::Other,
        };
        self.open.push(Element { name, role });
        Ok(())
    }

    /// The reader has checked that the innermost element ends.
    fn end(&mut self) {
        if let Some(Element {
            role: Role::Verdict { text: true },
            ..
        }) = self.open.pop()
        {
            let safe =
                self.redactor
                    .bytes(self.said.as_bytes(), false, self.said.len() >= MOST_SAID);
            if let Some(case) = self.cases.last_mut() {
                case.message =
                    Some(cut(safe.trim(), LONGEST_MESSAGE)).filter(|safe| !safe.is_empty());
            }
            self.said.clear();
        }
        self.ended = self.open.is_empty();
    }

    fn add(&mut self, case: Case) -> Result<(), Malformed> {
        if self.cases.len() >= MOST_CASES {
            return Err(Malformed::TooMany(format!("{MOST_CASES} cases")));
        }
        self.cases.push(case);
        Ok(())
    }

    /// Sets the verdict of the last case, unless it has a worse one; returns true if its text is the message.
    fn judge(&mut self, outcome: Outcome, attributes: &Attributes) -> bool {
        let Some(case) = self.cases.last_mut() else {
            return false;
        };
        if outcome < case.outcome || (outcome == case.outcome && case.message.is_some()) {
            return false;
        }
        case.outcome = outcome;
        let message = attributes.message.as_ref().or(attributes.kind.as_ref());
        case.message =
            message.map(|message| cut(self.redactor.text(message).trim(), LONGEST_MESSAGE));
        case.message.is_none()
    }

    /// Handles text: the message of a verdict without one; other text is ignored.
    fn say(&mut self, said: &str) -> Result<(), Malformed> {
        match self.open.last() {
            None if said.trim().is_empty() => {}
            None if self.ended => return Err(Malformed::Trailing),
            None => return Err(Malformed::Root(cut(said.trim(), 40))),
            Some(Element {
                role: Role::Verdict { text: true },
                ..
            }) => {
                let room = MOST_SAID.saturating_sub(self.said.len());
                // Up to three bytes more, for a character across the edge.
                self.said.push_str(
                    said.get(..said.ceil_char_boundary(room))
                        .unwrap_or_default(),
                );
            }
            Some(_) => {}
        }
        Ok(())
    }
}

/// Returns the start of a text, escaped, with `…` for the rest.
fn cut(text: &str, longest: usize) -> String {
    let mut short: String = inert(text).chars().take(longest + 1).collect();
    if short.chars().count() > longest {
        short.pop();
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests;
