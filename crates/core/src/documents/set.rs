//! The files of one document of one environment.

use std::collections::BTreeMap;

use super::DocumentRequest;
use super::Limits;
use super::content::{Bytes, Refusal};
use super::walk::Listing;
use super::words::{self, Unreadable};
pub use evenkeel_comparison::FileContent;
use evenkeel_comparison::{Files, Shape};
use evenkeel_document::{Format, codes};
use evenkeel_model::defect::Defect;
use evenkeel_model::source::SourceFile;

/// Files of one document of one environment.
#[derive(Clone, Debug, Default)]
pub struct FileSet {
    /// Whether the document is one file, not a directory.
    pub single: bool,
    /// Files by name relative to the directory; a single file has the empty name.
    pub files: BTreeMap<String, FileContent>,
    /// Whether the list is complete. If not, a file that is missing from it may exist.
    pub whole: bool,
    /// Whether nothing exists at the document's place.
    pub absent: bool,
    /// Unreadable files and parts.
    pub complaints: Vec<Defect>,
}

impl FileSet {
    /// Whether both have the same files with the same contents, all of them readable.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        let is_whole = |set: &Self| set.complaints.is_empty() && set.whole;
        let is_same = |one: &FileContent, other: &FileContent| match (one, other) {
            // Their displayed names differ.
            (FileContent::Text(one), FileContent::Text(other)) => one.text == other.text,
            (FileContent::Unreadable, _) => false,
            (one, other) => one == other,
        };
        is_whole(self)
            && is_whole(other)
            && self.single == other.single
            && self.files.len() == other.files.len()
            && self
                .files
                .iter()
                .zip(&other.files)
                .all(|((name, one), (other_name, other))| name == other_name && is_same(one, other))
    }

    /// Returns the files to compare.
    #[must_use]
    pub fn files(&self) -> Files<'_> {
        Files {
            files: &self.files,
            whole: self.whole,
            beneath: &[],
            shape: Shape::default(),
        }
    }
}

/// Result of reading one file of a listing.
pub enum FileReading {
    /// Bytes.
    Bytes(Bytes),
    /// Content from an earlier reading.
    Kept(FileContent),
    /// A link that is not followed, with its destination.
    Link(String),
    /// Reason why it could not be read.
    Refused(Refusal),
}

/// File set whose defects have no place yet.
#[derive(Debug, Default)]
pub struct Draft {
    /// As [`FileSet::single`].
    pub single: bool,
    /// As [`FileSet::files`].
    pub files: BTreeMap<String, FileContent>,
    /// As [`FileSet::whole`].
    pub whole: bool,
    /// As [`FileSet::absent`].
    pub absent: bool,
    /// Unreadable files and parts.
    pub complaints: Vec<Unreadable>,
}

impl Draft {
    /// Creates a set with one defect and no files.
    #[must_use]
    pub fn refused(complaint: Unreadable) -> Self {
        Self {
            absent: complaint.absent,
            complaints: vec![complaint],
            ..Self::default()
        }
    }

    /// Builds a set from listed files and their readings, in the same order.
    #[must_use]
    pub fn of(
        listing: Listing,
        read: Vec<FileReading>,
        binary: BinaryAlone,
        limits: &Limits,
    ) -> Self {
        let mut draft = Self {
            single: listing.single,
            whole: listing.whole,
            absent: listing.complaints.iter().any(|complaint| complaint.absent),
            complaints: listing.complaints,
            ..Self::default()
        };
        for complaint in &draft.complaints {
            // A file with a defect exists.
            if complaint.is_file {
                draft
                    .files
                    .insert(complaint.name.clone(), FileContent::Unreadable);
            }
        }
        for (found, read) in listing.found.into_iter().zip(read) {
            let content = match read {
                FileReading::Link(leads) => Ok(FileContent::Link(leads)),
                FileReading::Kept(content) => Ok(content),
                FileReading::Bytes(Bytes::Text(text)) => Ok(FileContent::Text(SourceFile::new(
                    found.shown.clone(),
                    text,
                ))),
                FileReading::Bytes(Bytes::Binary(digest)) => Ok(FileContent::Binary(digest)),
                // Files other than configuration may have any encoding.
                FileReading::Bytes(Bytes::Encoded(digest, encoding)) => {
                    if is_configuration(&found.shown, listing.single) {
                        let reported = format!("`{}` is not UTF-8 text: {encoding}", found.shown);
                        Err(Unreadable::new(reported).code(&codes::NOT_TEXT))
                    } else {
                        Ok(FileContent::Binary(digest))
                    }
                }
                FileReading::Refused(Refusal::TooLarge(bytes)) => {
                    Err(words::too_large(&found.shown, bytes, limits.longest))
                }
                FileReading::Refused(Refusal::Failed(reason)) => Err(Unreadable::new(format!(
                    "`{}` cannot be read: {reason}",
                    found.shown
                ))),
            };
            let content = match content {
                Ok(FileContent::Binary(_)) if listing.single && binary == BinaryAlone::Refused => {
                    let reported = format!("`{}` is not UTF-8 text", found.shown);
                    Err(Unreadable::new(reported).code(&codes::NOT_TEXT))
                }
                content => content,
            };
            let content = content.unwrap_or_else(|complaint| {
                draft.complaints.push(complaint.of(&found.name));
                FileContent::Unreadable
            });
            draft.files.insert(found.name, content);
        }
        draft
    }

    /// Places its defects at the declaration.
    #[must_use]
    pub fn declared(self, (environment, declaration): &DocumentRequest<'_>) -> FileSet {
        self.with_defects(|complaint| complaint.into_defect(environment, declaration))
    }

    /// Turns its reading problems into defects.
    pub fn with_defects(self, defect: impl Fn(Unreadable) -> Defect) -> FileSet {
        FileSet {
            single: self.single,
            files: self.files,
            whole: self.whole,
            absent: self.absent,
            complaints: self.complaints.into_iter().map(defect).collect(),
        }
    }
}

/// Whether a file is configuration: one that is named directly, or one whose name shows a format.
fn is_configuration(name: &str, is_single: bool) -> bool {
    is_single || Format::of(name) != Format::Lines
}

/// Treatment of a document that is one binary file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BinaryAlone {
    /// Rejected: it is declared as configuration.
    Refused,
    /// Accepted: two files were named on the command line.
    Kept,
}

/// Reports documents that are a file in one environment and a directory in another: they have no names in common.
pub fn refuse_mixtures(asked: &[DocumentRequest<'_>], sets: &mut [FileSet]) {
    let mut first: BTreeMap<&str, (bool, &DocumentRequest<'_>)> = BTreeMap::new();
    for (asked, set) in asked.iter().zip(sets) {
        if set.files.is_empty() {
            continue;
        }
        let (environment, declaration) = asked;
        let (single, before) = *first
            .entry(&declaration.name)
            .or_insert((set.single, asked));
        if single == set.single {
            continue;
        }
        let kind = |single| {
            if single {
                "one file"
            } else {
                "the files of a directory"
            }
        };
        let complaint = Unreadable::new(format!(
            "the document `{}` is {} in {environment} and {} in {}",
            declaration.name,
            kind(set.single),
            kind(single),
            before.0,
        ))
        .help("name files in both, or directories in both");
        let defect = complaint
            .into_defect(environment, declaration)
            .at(&before.1.source_span, format!("{} here", kind(single)));
        set.whole = false;
        set.complaints.push(defect);
    }
}
