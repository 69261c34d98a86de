//! Documents of commits, read one commit at a time from one process.
//!
//! A file that is equal in several commits is read once, and is the same [`SourceFile`] each time, so that results can
//! be cached by its address.

use std::collections::{BTreeSet, HashMap};
use std::path::{Component, Path, PathBuf};

use super::commit::AtCommit;
use super::renames::Renames;
use super::render;
use super::working::shown;
use crate::world::git::{Line, ObjectId, Objects, Repository};
use evenkeel_core::documents::FileReading;
use evenkeel_core::documents::content;
use evenkeel_core::documents::{BinaryAlone, Draft, FileContent, FileSet, refuse_mixtures};
use evenkeel_core::documents::{DeclaredDocuments, DocumentRequest, place_of};
use evenkeel_core::documents::{LIMITS, Limits};
use evenkeel_core::documents::{Resolved, Tree as _, What, list};
use evenkeel_core::documents::{Unreadable, words};
use evenkeel_core::environment::DocumentSource;
use evenkeel_host::Interruption;
use evenkeel_model::source::SourceFile;

/// Commits of a project's repository.
pub struct CommittedDocuments {
    objects: Objects,
    project: PathBuf,
    kept: HashMap<(ObjectId, String), (FileContent, u64)>,
}

impl CommittedDocuments {
    /// Creates a reader for a project's directory (canonical); `None` if it is in another repository.
    #[must_use]
    pub fn new(repository: &Repository, root: &Path, interruption: &Interruption) -> Option<Self> {
        Some(Self {
            project: root.strip_prefix(repository.root()).ok()?.to_owned(),
            objects: Objects::new(repository, interruption),
            kept: HashMap::new(),
        })
    }

    /// Returns the number of bytes read so far. A cached file costs nothing.
    #[cfg(test)]
    pub(super) fn bytes_read(&self) -> u64 {
        self.objects.bytes_read()
    }

    /// Returns places of the project relative to the root of the repository, without those outside of it.
    #[must_use]
    pub fn in_repository(&self, places: &[PathBuf]) -> Vec<PathBuf> {
        let places = places.iter();
        places
            .filter_map(|place| without_climbing(&self.project.join(place)))
            .collect()
    }

    /// Reads the directories of a commit on the way to these places with few queries.
    pub fn read_directories(&mut self, commit: &str, places: &[PathBuf]) {
        self.objects.read_directories(commit, places);
    }

    /// Uses the known entries of a line of commits from now on.
    pub fn learn(&mut self, line: Line) {
        self.objects.learn(line);
    }

    /// Reads the small files of documents in commits with few queries, before they are gathered.
    pub fn read_ahead<'c, 'd>(
        &mut self,
        wanted: impl IntoIterator<Item = (&'c str, &'d DeclaredDocuments)>,
        renames: &Renames,
    ) {
        let mut ids = BTreeSet::new();
        for (commit, declared) in wanted {
            for (_, declaration) in declared.asked() {
                let DocumentSource::Path(path) = &declaration.source else {
                    continue;
                };
                let mut tree = AtCommit::new(&mut self.objects, commit, &self.project, renames);
                for found in list(&mut tree, path, &LIMITS).found {
                    if let What::File(real) = found.what
                        && let Ok(Some(entry)) = tree.entry(&real)
                    {
                        ids.insert(entry.id);
                    }
                }
            }
        }
        self.objects.read_small_files(&ids);
    }

    /// Returns every place in the repository that these documents depend on in a commit: the declared paths, the links
    /// on the way, and their destinations. A commit that touches none of them changes none of the documents.
    #[must_use]
    pub fn places(
        &mut self,
        commit: &str,
        asked: &[DocumentRequest<'_>],
        renames: &Renames,
    ) -> Vec<PathBuf> {
        let mut places = BTreeSet::new();
        for (_, declaration) in asked {
            let (Some(place), DocumentSource::Path(path)) =
                (place_of(declaration), &declaration.source)
            else {
                continue;
            };
            let mut tree = AtCommit::new(&mut self.objects, commit, &self.project, renames);
            let whole = tree.start().join(&place);
            let mut own: BTreeSet<PathBuf> = without_climbing(&whole).into_iter().collect();
            if let Ok(Resolved::At(real, _)) = tree.resolve(&whole) {
                own.insert(real);
            }
            for found in list(&mut tree, path, &LIMITS).found {
                if let What::File(real) = found.what
                    && !own.iter().any(|place| real.starts_with(place))
                {
                    own.insert(real);
                }
            }
            places.extend(own);
            places.extend(tree.into_passed());
        }
        places.into_iter().collect()
    }

    /// Whether a commit lacks the path of one of these documents, which may have had another name then.
    #[must_use]
    pub fn lacks(&mut self, commit: &str, asked: &[DocumentRequest<'_>]) -> bool {
        let none = Renames::default();
        asked.iter().any(|(_, declaration)| {
            place_of(declaration).is_some_and(|place| {
                let mut tree = AtCommit::new(&mut self.objects, commit, &self.project, &none);
                let whole = tree.start().join(place);
                matches!(tree.resolve(&whole), Ok(Resolved::Absent))
            })
        })
    }

    /// Reads documents of a commit (full hash): a set for each, in the same order. The former output of a command is
    /// unknown, which is a defect. Files have their current names.
    #[must_use]
    pub fn gather(
        &mut self,
        commit: &str,
        asked: &[DocumentRequest<'_>],
        renames: &Renames,
    ) -> Vec<FileSet> {
        self.gather_within(commit, asked, renames, &LIMITS)
    }

    pub(super) fn gather_within(
        &mut self,
        commit: &str,
        asked: &[DocumentRequest<'_>],
        renames: &Renames,
        limits: &Limits,
    ) -> Vec<FileSet> {
        let mut sets: Vec<FileSet> = asked
            .iter()
            .map(|each| {
                let draft = match &each.1.source {
                    DocumentSource::Path(path) => self.path((commit, renames), path, each, limits),
                    DocumentSource::Render { command, .. } => {
                        let shown = render::shown(command);
                        let reported = format!("the output of `{shown}` at a commit is unknown");
                        Draft::refused(
                            Unreadable::new(reported)
                                .help("it can only be compared in the working tree"),
                        )
                    }
                };
                draft.declared(each)
            })
            .collect();
        refuse_mixtures(asked, &mut sets);
        sets
    }

    fn path(
        &mut self,
        (commit, renames): (&str, &Renames),
        path: &str,
        asked: &DocumentRequest<'_>,
        limits: &Limits,
    ) -> Draft {
        let mut tree = AtCommit::new(&mut self.objects, commit, &self.project, renames);
        let listing = list(&mut tree, path, limits);
        let mut read = Vec::with_capacity(listing.found.len());
        let mut left = limits.bytes;
        for found in &listing.found {
            let each = match &found.what {
                What::Link(leads) => Ok((FileReading::Link(leads.clone()), 0)),
                What::File(real) => self.file((commit, renames), real, &found.shown, limits, left),
            };
            match each {
                Ok((each, bytes)) if bytes <= left => {
                    left -= bytes;
                    read.push(each);
                }
                Ok((_, bytes)) => {
                    let whole = (limits.bytes - left).saturating_add(bytes);
                    return Draft::refused(words::too_large(&shown(asked), whole, limits.bytes));
                }
                Err(bytes) => {
                    let whole = (limits.bytes - left).saturating_add(bytes);
                    return Draft::refused(words::too_large(&shown(asked), whole, limits.bytes));
                }
            }
        }
        Draft::of(listing, read, BinaryAlone::Refused, limits)
    }

    /// Reads a file or returns the cached one, with its size. `Err` with its size if that exceeds the remaining bytes.
    fn file(
        &mut self,
        (commit, renames): (&str, &Renames),
        real: &Path,
        shown: &str,
        limits: &Limits,
        left: u64,
    ) -> Result<(FileReading, u64), u64> {
        let failed =
            |reason: String| Ok((FileReading::Refused(content::Refusal::Failed(reason)), 0));
        let mut tree = AtCommit::new(&mut self.objects, commit, &self.project, renames);
        let entry = match tree.entry(real) {
            Ok(Some(entry)) => entry,
            Ok(None) => return failed("it does not exist".into()),
            Err(error) => return failed(error.to_string()),
        };
        let key = (entry.id, shown.to_owned());
        if let Some((known, size)) = self.kept.get(&key) {
            return Ok((FileReading::Kept(known.clone()), *size));
        }
        let read = self.objects.file(&key.0, |size, reader| {
            if size > left {
                return Err(size);
            }
            Ok((content::read(reader, size, limits), size))
        });
        let (bytes, size) = match read {
            Ok(read) => read?,
            Err(error) => return failed(error.to_string()),
        };
        let content = match bytes {
            Ok(content::Bytes::Text(text)) => FileContent::Text(SourceFile::new(shown, text)),
            Ok(content::Bytes::Binary(digest)) => FileContent::Binary(digest),
            Ok(encoded) => return Ok((FileReading::Bytes(encoded), size)),
            Err(refusal) => return Ok((FileReading::Refused(refusal), 0)),
        };
        self.kept.insert(key, (content.clone(), size));
        Ok((FileReading::Kept(content), size))
    }
}

/// Returns a path in the repository without `.` and `..`; `None` outside of it.
fn without_climbing(path: &Path) -> Option<PathBuf> {
    let mut clean = PathBuf::new();
    for component in path.components() {
        match component {
            Component::Normal(part) => clean.push(part),
            Component::CurDir => {}
            Component::ParentDir => {
                if !clean.pop() {
                    return None;
                }
            }
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(clean)
}
