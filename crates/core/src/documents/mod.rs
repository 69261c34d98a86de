//! Documents: the files that a declaration names, the content each is compared as, and differences between
//! environments.
//!
//! Pure. [`Tree`] is the port: adapters list the directories of the working tree or of a commit through it, and read
//! the files of a [`Listing`]. A document of one environment becomes a [`FileSet`]: files by name, and defects. An
//! unreadable file is a defect at the declaration that names it, and never counts as "no difference".

mod compared;
pub mod content;
mod differing;
mod limits;
mod link;
mod proposals;
mod set;
mod undeclared;
mod walk;
mod wanted;
pub mod words;

pub use compared::{
    DeclaredDocuments, DocumentCounts, DocumentParity, Documents, FileSets, LayerKey, equal_words,
};
pub use differing::differing_texts;
pub use limits::{LIMITS, Limits};
pub use proposals::proposed_identities;
pub use set::{BinaryAlone, Draft, FileContent, FileReading, FileSet, refuse_mixtures};
pub use undeclared::{NOT_COMPARED, Undeclared, undeclared, undeclared_bases};
pub use walk::{Found, Kind, Listing, Resolved, Tree, What, list, walk};
pub use wanted::{Wanted, clean, climbs};
pub use words::Unreadable;

pub use crate::environment::is_private;

use std::path::PathBuf;

use crate::environment::{DocumentDeclaration, DocumentSource};
use evenkeel_model::EnvironmentName;

/// Document of an environment to read.
pub type DocumentRequest<'a> = (EnvironmentName, &'a DocumentDeclaration);

/// Returns where in the project a document's files are: the file, the directory, or the part of a pattern before its
/// first wildcard, relative to the project's directory. `None` for a rendered document and for an invalid path.
#[must_use]
pub fn place_of(declaration: &DocumentDeclaration) -> Option<PathBuf> {
    let DocumentSource::Path(path) = &declaration.source else {
        return None;
    };
    let path = clean(path).ok()?;
    Some(match Wanted::parse(&path).ok()? {
        Some(wanted) => wanted.directory.into(),
        None => path.into(),
    })
}
