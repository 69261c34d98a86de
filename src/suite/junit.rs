//! Reads JUnit result files as what they are: text from a stranger.
//!
//! Cases are counted from `testcase` elements. No count in an attribute is believed; a case's own `status` is believed
//! only where it makes the case worse. There are no document types, no entities, no recursion, and a cap on everything.
//! Where files are and whether a run passes is `run`'s.

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

/// The largest file that is read.
pub(super) const LARGEST: usize = 16 * 1024 * 1024;
/// The most cases of one suite.
pub(super) const MOST_CASES: usize = 100_000;
/// The deepest nesting.
const DEEPEST: usize = 64;
/// The longest message, in characters.
const LONGEST_MESSAGE: usize = 2000;
/// How much of a text is looked at for a message, in bytes.
const MOST_SAID: usize = 64 * 1024;

/// The cases of a file, their texts harmless and without secrets.
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

/// What went wrong within an event; only the reader knows where that is.
enum Trouble {
    Malformed(Malformed),
    Attribute(String),
}

impl From<Malformed> for Trouble {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}

/// What has been read of a document.
struct Document<'a> {
    redactor: &'a Redactor,
    /// The elements that are open.
    open: Vec<Element>,
    /// Whether the root has been closed.
    ended: bool,
    cases: Vec<Case>,
    /// The text of the verdict that is open.
    said: String,
}

/// An open element.
struct Element {
    name: String,
    role: Role,
}

/// What an element is to us.
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
    /// Takes the next event; true at the end of a whole document.
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
            return Err(Malformed::TooMany(format!("{DEEPEST} elements in each other")).into());
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
                    // A suite that could not be set up says so outside of any case.
                    Role::Suite => {
                        self.add(Case::new("(outside of cases)", Outcome::Passed, None))?;
                    }
                    // Within other elements it is no verdict of a case that we know of; it must not get lost.
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

    /// The reader has made sure that it is the innermost element that ends.
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

    /// Gives the last case a verdict, unless it has a worse one; true when its text is to be the message.
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

    /// Text: the message of a verdict without one, and otherwise nothing.
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
                // Up to three bytes more, for a character that stands across the edge.
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

/// At most so many characters of a text, made harmless; `…` for the rest.
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
