//! Origin of definitions: their commit, whether they differ from it, and the policy in force.

use std::collections::BTreeMap;

use super::{Failure, Project};
use crate::world::files::{Commit, WorkingTree};
use crate::world::git::Repository;
use evenkeel_core::environment::suite::Suite;
use evenkeel_core::environment::{
    APPROVERS_FILE, DIFFERENCES_FILE, Definition, Files as _, Policy, Resolved, definitions_digest,
    read,
};
use evenkeel_ledger::record::Origin;
use evenkeel_model::defect::Severity;
use evenkeel_model::{Digest, EnvironmentName};

impl Project<'_> {
    /// Returns the commit that everything is read from, if it is not the working tree.
    pub(in crate::operation) fn commit_read(&self) -> Option<(&Repository, &str)> {
        let commit = self.commit.as_deref().filter(|_| self.from_commit)?;
        Some((self.repository.as_ref()?, commit))
    }

    /// Returns the commit of the working tree, or the one that everything is read from.
    pub(in crate::operation) fn head(&self) -> Option<String> {
        self.commit.clone()
    }

    /// Returns the definitions of a commit, if it has readable ones.
    pub(in crate::operation) fn as_of(&self, commit: &str) -> Option<Definition> {
        let files = Commit {
            repository: self.repository.clone()?,
            commit: commit.to_owned(),
            directory: self.directory.clone(),
        };
        match read(&files) {
            (Some(definition), complaints)
                if complaints
                    .iter()
                    .all(|complaint| complaint.severity < Severity::Error) =>
            {
                Some(definition)
            }
            _ => None,
        }
    }

    /// Returns the repository of the project.
    pub(in crate::operation) fn repository(&self) -> Option<&Repository> {
        self.repository.as_ref()
    }

    /// Returns the digest of the definition files and of the files that an environment uses.
    #[must_use]
    pub fn definitions_digest(&self, resolved: &Resolved) -> Digest {
        definitions_digest(&self.definition, resolved, &|path| self.files.shown(path))
    }

    /// Returns the origin of the definitions.
    ///
    /// # Errors
    ///
    /// When git fails.
    pub fn origin(
        &self,
        resolved: &BTreeMap<EnvironmentName, Resolved>,
    ) -> Result<Origin, Failure> {
        let digests: Vec<Digest> = resolved
            .values()
            .map(|each| self.definitions_digest(each))
            .collect();
        let dirty = match self.committed() {
            _ if self.from_commit => false,
            Some(commit) => self.differs(&commit, resolved)?,
            None => true,
        };
        Ok(Origin {
            commit: self.commit.clone(),
            dirty,
            definitions: Digest::of_record("evenkeel origin 1", &digests),
        })
    }

    /// Returns the commit of the working tree.
    pub(super) fn committed(&self) -> Option<Commit> {
        Some(Commit {
            repository: self.repository.clone()?,
            commit: self.commit.clone()?,
            directory: self.directory.clone(),
        })
    }

    /// Whether a definition, or a file that one uses, differs from the commit. Files that git ignores count, except the
    /// program of a suite, which may be built.
    pub(super) fn differs(
        &self,
        commit: &Commit,
        resolved: &BTreeMap<EnvironmentName, Resolved>,
    ) -> Result<bool, Failure> {
        let mut files: BTreeMap<String, Option<Digest>> = BTreeMap::new();
        // It may be missing, unless the commit contains it.
        files.insert(DIFFERENCES_FILE.to_owned(), None);
        let approvers = self.definition.approvers.as_ref();
        files.insert(
            APPROVERS_FILE.to_owned(),
            approvers.map(|approvers| Digest::of(approvers.file.text.as_bytes())),
        );
        for file in &self.definition.files {
            let name = file.path.rsplit('/').next().unwrap_or(&file.path);
            files.insert(name.to_owned(), Some(Digest::of(file.text.as_bytes())));
        }
        for each in resolved.values() {
            files.extend(
                each.files
                    .iter()
                    .map(|(path, digest)| (path.clone(), Some(*digest))),
            );
        }
        let mut programs: BTreeMap<&str, Option<Digest>> = BTreeMap::new();
        let suites = resolved.values().flat_map(|each| &each.suites);
        for file in suites.flat_map(|suite| &suite.files) {
            if file.is_program {
                programs.insert(&file.path, file.digest);
            } else {
                files.insert(file.path.clone(), file.digest);
            }
        }
        let paths: Vec<&str> = files
            .keys()
            .map(String::as_str)
            .chain(programs.keys().copied())
            .collect();
        let mut committed = commit.digests(&paths).map_err(Failure::other)?.into_iter();
        let is_changed = files
            .values()
            .zip(committed.by_ref())
            .any(|(now, then)| then != *now);
        if is_changed {
            return Ok(true);
        }
        // A built program is in no commit, and git ignores it.
        let mut built: Vec<&str> = Vec::new();
        for ((path, now), then) in programs.iter().zip(committed) {
            match then {
                None if now.is_some() => built.push(path),
                then if then != *now => return Ok(true),
                _ => {}
            }
        }
        let known = commit.known(&built).map_err(Failure::other)?;
        Ok(!known.is_empty())
    }

    /// Whether any file of the project that git tracks or would add differs from the commit of the working tree.
    pub(in crate::operation) fn differs_anywhere(&self) -> Result<bool, Failure> {
        let Some(commit) = self.committed() else {
            return Ok(true);
        };
        let Ok(below) = self.root.strip_prefix(commit.repository.root()) else {
            return Ok(true);
        };
        Ok(!commit.is_whole_tree(below)?)
    }

    /// Refuses suites of a commit whose files differ in the working tree: the working tree's files run, and evidence
    /// would be bound to others.
    pub(in crate::operation) fn runs_as_committed<'s>(
        &self,
        suites: impl Iterator<Item = &'s Suite>,
    ) -> Result<(), Failure> {
        let Some((_, commit)) = self.commit_read() else {
            return Ok(());
        };
        let tree = WorkingTree {
            directory: self.directory.clone(),
        };
        for suite in suites {
            for file in &suite.files {
                let there = tree.digest(&file.path).ok().flatten();
                if there != file.digest {
                    let shown = self.files.shown(&file.path);
                    return Err(Failure::Other {
                        reason: format!(
                            "suite.{}: {shown} in the working tree differs from commit {}, and suites run in the working tree",
                            suite.name,
                            commit.get(..10).unwrap_or(commit)
                        ),
                        help: Some(format!("check out {shown} of that commit")),
                    });
                }
            }
        }
        Ok(())
    }

    /// Returns the text of the file of approvers in force: on a commit, that of the commit. An uncommitted edit cannot add a
    /// person who approves it.
    ///
    /// # Errors
    ///
    /// When git fails.
    pub fn approvers(&self, origin: &Origin) -> Result<Option<String>, Failure> {
        match self.committed() {
            Some(commit) if origin.dirty => {
                let bytes = commit.read(APPROVERS_FILE).map_err(Failure::other)?;
                Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
            }
            _ => {
                let approvers = self.definition.approvers.as_ref();
                Ok(approvers.map(|approvers| approvers.file.text.clone()))
            }
        }
    }

    /// Returns the release policy in force. An uncommitted edit cannot weaken the gate it has to pass: on a commit, the
    /// commit's own policy decides whether uncommitted definitions may be released, and what is required.
    #[must_use]
    pub fn policy(&self, origin: &Origin) -> Policy {
        match self.committed() {
            Some(commit) if origin.dirty => Policy::of_commit(read(&commit)),
            _ => self.definition.policy.clone(),
        }
    }
}
