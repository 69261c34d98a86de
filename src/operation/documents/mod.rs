//! Gets documents from the world: from the working tree, from a commit, or from what a command prints.
//!
//! A document of one environment becomes a set of files by name, or complaints; what is in the files, and whether two
//! sets agree, is left to `document` and `comparison`. Whatever could not be read is said, at the declaration that
//! asked for it, and never counts as "no difference".

mod commit;
mod committed;
mod content;
mod limits;
mod link;
mod pair;
mod render;
mod set;
mod walk;
mod wanted;
mod words;
mod working;
mod working_tree;

pub use committed::CommittedDocuments;
pub use pair::gather_pair;
pub use render::Rendering;
pub use set::{FileContent, FileSet};
pub use working::WorkingDocuments;

use std::path::PathBuf;

use self::wanted::{Wanted, clean};
use evenkeel_core::environment::{DocumentDeclaration, DocumentSource};
use evenkeel_model::EnvironmentName;

/// A document of an environment: what is to be gathered.
pub type DocumentRequest<'a> = (EnvironmentName, &'a DocumentDeclaration);

/// Where in the project a document's files are: the file, the directory, or the part of a pattern before its first
/// wildcard; relative to the project's directory. `None` for what a command prints, and for what is no path.
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

#[cfg(test)]
mod tests;
