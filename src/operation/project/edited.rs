//! Project with files that are not written yet: the same place, store and repository, and other texts.

use std::sync::Arc;

use super::{Failure, Project, Unpacked};
use crate::world::files::WorkingTree;
use crate::world::unwritten::Unwritten;
use evenkeel_core::environment::read;
use evenkeel_model::defect::{Defect, Severity};

impl Project<'_> {
    /// Returns the project as if these files of the working tree had other contents. Paths start at the definitions.
    ///
    /// # Errors
    ///
    /// All defects of the definitions.
    pub(in crate::operation) fn edited(&self, changed: &Unwritten) -> Result<Self, Failure> {
        let files = changed.over(WorkingTree {
            directory: self.directory.clone(),
        });
        let (definition, mut complaints) = read(&files);
        complaints.extend(
            definition
                .iter()
                .flat_map(evenkeel_core::drift::severities::check),
        );
        let (errors, warnings): (Vec<Defect>, Vec<Defect>) = complaints
            .into_iter()
            .partition(|complaint| complaint.severity >= Severity::Error);
        let Some(definition) = definition.filter(|_| errors.is_empty()) else {
            return Err(Failure::Definitions(errors));
        };
        Ok(Self {
            world: self.world,
            store: Arc::clone(&self.store),
            directory: self.directory.clone(),
            root: self.root.clone(),
            definition: definition.into(),
            warnings,
            files: Box::new(files),
            repository: self.repository.clone(),
            commit: self.commit.clone(),
            from_commit: self.from_commit,
            restored: self.restored.clone(),
            committed: self.committed.clone(),
            tells_equal: false,
            unpacked: Unpacked::default(),
        })
    }

    /// Returns the bytes of a file beside the definitions; `None` if it is missing.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub(in crate::operation) fn bytes_of(&self, path: &str) -> Result<Option<Vec<u8>>, Failure> {
        let shown = self.files.shown(path);
        self.files
            .read(path)
            .map_err(|reason| Failure::other(format!("{shown} cannot be read: {reason}")))
    }

    /// Returns the displayed path of a file beside the definitions.
    pub(in crate::operation) fn shown(&self, path: &str) -> String {
        self.files.shown(path)
    }
}
