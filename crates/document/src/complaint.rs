//! Complaints: the reasons why a document is unreadable, with their places.

use std::sync::Arc;

use super::limits::MOST_COMPLAINTS;
use super::tree::{Node, Place};
use super::{Format, codes};
use evenkeel_model::defect::{Code, Defect};
use evenkeel_model::source::{SourceFile, Span};

/// One reason why a document is unreadable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// The code.
    pub code: &'static Code,
    /// The place.
    pub place: Place,
    /// The problem in a few words, without the file's name.
    pub message: String,
    /// A related place with a note, such as the first use of a key.
    pub other: Option<(Place, String)>,
}

/// The result of reading a text: its documents, or all complaints (never an empty list).
pub type Outcome = Result<Vec<Node>, Broken>;

/// All complaints about a text, and the readable rest.
#[derive(Clone, Debug, PartialEq)]
pub struct Broken {
    /// The complaints, in text order.
    pub complaints: Vec<Complaint>,
    /// The readable part, without the invalid places. Contains the first of duplicate keys.
    pub roots: Vec<Node>,
}

impl Broken {
    /// Returns whether all complaints are duplicate keys, so that the rest was read.
    #[must_use]
    pub fn is_read_otherwise(&self) -> bool {
        !self.roots.is_empty()
            && self
                .complaints
                .iter()
                .all(|complaint| complaint.code == &codes::DUPLICATE_KEY)
    }
}

impl From<Vec<Complaint>> for Broken {
    fn from(complaints: Vec<Complaint>) -> Self {
        Self {
            complaints,
            roots: Vec::new(),
        }
    }
}

impl std::ops::Deref for Broken {
    type Target = Vec<Complaint>;

    fn deref(&self) -> &Self::Target {
        &self.complaints
    }
}

impl std::ops::DerefMut for Broken {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.complaints
    }
}

impl IntoIterator for Broken {
    type Item = Complaint;
    type IntoIter = std::vec::IntoIter<Complaint>;

    fn into_iter(self) -> Self::IntoIter {
        self.complaints.into_iter()
    }
}

impl Complaint {
    /// Creates a complaint about a place.
    #[must_use]
    pub fn new(code: &'static Code, place: Place, message: impl Into<String>) -> Self {
        Self {
            code,
            place,
            message: message.into(),
            other: None,
        }
    }

    /// Adds a related place.
    #[must_use]
    pub fn with(mut self, place: Place, words: impl Into<String>) -> Self {
        self.other = Some((place, words.into()));
        self
    }

    /// Removes words of the text that are masked at that place.
    pub(super) fn covered(mut self, text: &str, shown: &str) -> Self {
        let range = self.place.start as usize..self.place.end as usize;
        let (open, closed) = (text.get(range.clone()), shown.get(range));
        if open != closed {
            let mut message = String::with_capacity(self.message.len());
            for (number, part) in self.message.split('`').enumerate() {
                // Every second part is quoted.
                let is_word = number % 2 == 1 && part.len() > 1;
                message.push_str(if number > 0 { "`" } else { "" });
                message.push_str(if is_word { "…" } else { part });
            }
            self.message = message;
        }
        self
    }

    /// Converts it to a defect in a file.
    pub(super) fn into_defect(self, file: &Arc<SourceFile>, format: Format) -> Defect {
        let span = |place: Place| Span::new(file, place.start as usize..place.end as usize);
        let mut defect = Defect::new(
            self.code,
            file.path.clone(),
            format!(
                "{} is not valid {}: {}",
                file.path,
                format.name(),
                self.message
            ),
        )
        .at(&span(self.place), self.message);
        if let Some((place, words)) = self.other {
            defect = defect.at(&span(place), words);
        }
        defect
    }
}

/// Complaints of a reader. A file can have millions; beyond [`MOST_COMPLAINTS`] they are only counted.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    list: Vec<Complaint>,
    beyond: usize,
}

impl Gathered {
    /// Adds a complaint.
    pub(super) fn push(&mut self, complaint: Complaint) {
        if self.list.len() < MOST_COMPLAINTS {
            self.list.push(complaint);
        } else {
            self.beyond += 1;
        }
    }

    /// Returns the number of complaints.
    pub(super) fn found(&self) -> usize {
        self.list.len() + self.beyond
    }

    /// Returns whether the list has reached its limit.
    pub(super) fn is_full(&self) -> bool {
        self.list.len() >= MOST_COMPLAINTS
    }

    /// Adds the complaints of another list.
    pub(super) fn merge(&mut self, other: Self) {
        self.beyond += other.beyond;
        for complaint in other.list {
            self.push(complaint);
        }
    }

    /// Sorts them in text order, for readers that find some only at the end of a map.
    pub(super) fn sort(&mut self) {
        self.list.sort_by_key(|complaint| complaint.place.start);
    }

    /// Returns the outcome of a text: its roots, if there were no complaints.
    pub(super) fn outcome(mut self, roots: Vec<Node>) -> Outcome {
        if let (Some(last), 1..) = (self.list.last_mut(), self.beyond) {
            last.message = format!("{} (and {} more errors)", last.message, self.beyond);
        }
        if self.list.is_empty() {
            Ok(roots)
        } else {
            Err(Broken {
                complaints: self.list,
                roots,
            })
        }
    }
}

/// See [`text_of`](super::text_of).
pub(super) fn text_of(path: &str, bytes: Vec<u8>) -> Result<String, Box<Defect>> {
    let refusal = |message: String| {
        Box::new(Defect::new(
            &codes::NOT_TEXT,
            path,
            format!("{path} is not text: {message}"),
        ))
    };
    if let Some(at) = bytes.iter().position(|byte| *byte == 0) {
        return Err(refusal(format!("byte {at} is zero, so the file is binary")));
    }
    match String::from_utf8(bytes) {
        // A byte order mark is not part of the text.
        Ok(text) => Ok(match text.strip_prefix('\u{feff}') {
            Some(rest) => rest.to_owned(),
            None => text,
        }),
        Err(error) => Err(refusal(format!(
            "byte {} is not valid UTF-8",
            error.utf8_error().valid_up_to()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::super::codes;
    use super::text_of;

    #[test]
    fn binary_content_is_rejected() {
        let binary = text_of("a.bin", vec![b'a', 0, b'b']).unwrap_err();
        assert_eq!(binary.code, &codes::NOT_TEXT);
        assert!(binary.message.contains("byte 1"), "{}", binary.message);
        assert!(text_of("a", vec![b'a', 0xff]).is_err());
        assert_eq!(text_of("a", vec![0xef, 0xbb, 0xbf, b'a']).unwrap(), "a");
    }
}
