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

/// The files of one document of one environment.
#[derive(Clone, Debug, Default)]
pub struct FileSet {
    /// Whether the document is one file, and not the files of a directory.
    pub single: bool,
    /// The files by their name relative to the directory; the one file has the empty name.
    pub files: BTreeMap<String, FileContent>,
    /// Whether every file that is there is in the list. If not, a file that is missing from it may be there.
    pub whole: bool,
    /// Whether nothing at all stands where the document is looked for.
    pub absent: bool,
    /// Everything that could not be read.
    pub complaints: Vec<Defect>,
}

impl FileSet {
    /// Whether both have the same files with the same contents, and everything of both was read.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        let is_whole = |set: &Self| set.complaints.is_empty() && set.whole;
        let is_same = |one: &FileContent, other: &FileContent| match (one, other) {
            // Their names for people differ.
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

    /// What is compared of it.
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

/// The result of reading one file of a listing.
pub enum FileReading {
    /// Its bytes.
    Bytes(Bytes),
    /// Its content, read earlier.
    Kept(FileContent),
    /// A link that is not followed, and where it leads.
    Link(String),
    /// Why it could not be read.
    Refused(Refusal),
}

/// A set whose complaints have no place yet.
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
    /// What could not be read.
    pub complaints: Vec<Unreadable>,
}

impl Draft {
    /// With nothing but a complaint.
    #[must_use]
    pub fn refused(complaint: Unreadable) -> Self {
        Self {
            absent: complaint.absent,
            complaints: vec![complaint],
            ..Self::default()
        }
    }

    /// What was listed, with what was read of it, in the same order.
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
            // A file with a complaint of its own is there.
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
                // What is no configuration may have any encoding.
                FileReading::Bytes(Bytes::Encoded(digest, encoding)) => {
                    if is_configuration(&found.shown, listing.single) {
                        let told = format!("`{}` is not UTF-8 text: {encoding}", found.shown);
                        Err(Unreadable::new(told).code(&codes::NOT_TEXT))
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
                    let told = format!("`{}` is not UTF-8 text", found.shown);
                    Err(Unreadable::new(told).code(&codes::NOT_TEXT))
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

    /// With its complaints at the declaration that asked for it.
    #[must_use]
    pub fn declared(self, (environment, declaration): &DocumentRequest<'_>) -> FileSet {
        self.told(|complaint| complaint.into_defect(environment, declaration))
    }

    /// With its complaints made into defects.
    pub fn told(self, told: impl Fn(Unreadable) -> Defect) -> FileSet {
        FileSet {
            single: self.single,
            files: self.files,
            whole: self.whole,
            absent: self.absent,
            complaints: self.complaints.into_iter().map(told).collect(),
        }
    }
}

/// Whether a file is read for what it says: one that is named by itself, and one whose name is that of a format.
fn is_configuration(name: &str, is_single: bool) -> bool {
    is_single || Format::of(name) != Format::Lines
}

/// What a document that is one binary file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BinaryAlone {
    /// A mistake: somebody declared it to be configuration.
    Refused,
    /// A file like others: somebody named two files to be compared.
    Kept,
}

/// Complains where a document is one file in one environment and a directory in another: they have no names in common.
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
