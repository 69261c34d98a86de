//! Project: its definitions, their origin, its key and its ledger.

mod edited;
mod filling;
mod origin;
mod restored;
pub(in crate::operation) mod unpacking;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use self::unpacking::Unpacked;
use super::large::Large;
use super::{Failure, ProjectPlace, World};
use crate::world::files::{Commit, WorkingTree};
use crate::world::git::{GitError, Repository};
use crate::world::place::{find, root_of};
use evenkeel_core::environment::{Definition, Files, read};
use evenkeel_host::threads;
use evenkeel_ledger::{Ledger, LedgerError, State, Store};
use evenkeel_model::defect::{Defect, Severity};
use evenkeel_model::text::nearest;
use evenkeel_model::{Digest, EnvironmentName, Sealer};

pub(in crate::operation) use restored::RestoredInputs;

/// Location of a project.
#[derive(Debug, Clone, Default)]
pub struct ProjectLocation {
    /// Directory of the definitions, if named.
    pub environments: Option<PathBuf>,
    /// Commit to read definitions from, if named.
    pub revision: Option<String>,
}

/// Project with parsed definitions.
pub struct Project<'w> {
    /// Inputs of the program.
    pub world: &'w World<'w>,
    /// The directory of the definitions, absolute.
    pub directory: PathBuf,
    /// Project directory, which contains the directory of the definitions.
    pub root: PathBuf,
    /// Store of the ledger, the key, locks and objects.
    pub store: Arc<dyn Store>,
    /// The definitions.
    pub definition: Large<Definition>,
    /// Warnings about the definitions.
    pub warnings: Vec<Defect>,
    /// Whether values that count as equal are listed.
    pub tells_equal: bool,
    files: Box<dyn Files>,
    repository: Option<Repository>,
    commit: Option<String>,
    from_commit: bool,
    restored: Option<RestoredInputs>,
    committed: Option<PathBuf>,
    /// Content of archives, while this exists.
    unpacked: Unpacked,
}

/// Source of definitions.
struct Source {
    files: Box<dyn Files>,
    repository: Option<Repository>,
    commit: Option<String>,
}

/// Extent of resolving.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Definitions only, without secrets and artifacts.
    Shape,
    /// Everything.
    Whole,
}

/// Finds the directory of the definitions.
pub(super) fn locate(world: &World<'_>, location: &ProjectLocation) -> Result<PathBuf, Failure> {
    Ok(find(
        &world.directory,
        location.environments.as_deref(),
        location.revision.is_some(),
    )?)
}

impl<'w> Project<'w> {
    /// Finds and reads a project.
    ///
    /// # Errors
    ///
    /// All defects of its definitions.
    pub fn open(world: &'w World<'w>, location: &ProjectLocation) -> Result<Self, Failure> {
        let directory = locate(world, location)?;
        Self::open_in(directory, None, None, world, location)
    }

    /// Reads a project like [`Project::open`], and concurrently its state like [`Project::state`]; defects of the
    /// definitions are reported first.
    ///
    /// # Errors
    ///
    /// All defects of its definitions; then, when the ledger exists and cannot be read completely.
    pub fn open_with_state(
        world: &'w World<'w>,
        location: &ProjectLocation,
    ) -> Result<(Self, Large<State>), Failure> {
        let directory = locate(world, location)?;
        let place = ProjectPlace {
            root: root_of(&directory)?,
            definitions: &directory,
        };
        // A revision may declare another ledger than the working tree.
        let early = match location.revision {
            None => world.stores.make_early(world, &place),
            Some(_) => None,
        };
        let Some(store) = early else {
            let project = Self::open_in(directory, None, None, world, location)?;
            let Some(ledger) = project.store.open(Some(&project.definition.system))? else {
                return Ok((project, Large::default()));
            };
            let state = State::current(&*ledger)?;
            return Ok((project, state.into()));
        };
        std::thread::scope(|scope| {
            let reading = threads::begin(scope, || {
                let ledger = store.open(None)?;
                Ok::<_, LedgerError>(ledger.map(|ledger| (State::current(&*ledger), ledger)))
            });
            let early = Some(Arc::clone(&store));
            let project = Self::open_in(directory.clone(), None, early, world, location)?;
            let read = reading
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
            let Some((state, ledger)) = read else {
                return Ok((project, Large::default()));
            };
            ledger.belongs_to(&project.definition.system)?;
            Ok((project, state?.into()))
        })
    }

    /// Reads a project; `committed` is the directory of its definitions in the commit if they were moved since, and `early`
    /// is its store if that is known already.
    fn open_in(
        directory: PathBuf,
        committed: Option<PathBuf>,
        early: Option<Arc<dyn Store>>,
        world: &'w World<'w>,
        location: &ProjectLocation,
    ) -> Result<Self, Failure> {
        let root = root_of(&directory)?.to_path_buf();
        let (source, (definition, mut complaints)) = match &location.revision {
            None => {
                let files = WorkingTree {
                    directory: directory.clone(),
                };
                // Run git while the definitions are read.
                let (found, reading) = std::thread::scope(|scope| {
                    let git = world.git();
                    let asking = threads::begin(scope, {
                        let root = &root;
                        move || Repository::discover_with_head(root, &git)
                    });
                    let reading = read(&files);
                    let found = asking
                        .join()
                        .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
                    (found, reading)
                });
                // Report errors in the definitions first; they do not depend on git.
                let found = match (found, &reading.0) {
                    (Ok(found), _) => found,
                    (Err(_), None) => None,
                    (Err(error), Some(_)) => return Err(error.into()),
                };
                let (repository, commit) =
                    found.map(|found| (found.repository, found.head)).unzip();
                let source = Source {
                    files: Box::new(files),
                    repository,
                    commit: commit.flatten(),
                };
                (source, reading)
            }
            Some(revision) => {
                let Some(repository) = Repository::discover(&root, &world.git())? else {
                    return Err(Failure::other(format!(
                        "{} is in no git repository",
                        root.display()
                    )));
                };
                let commit = repository.resolve(revision).map_err(no_commit)?;
                let files = Commit {
                    repository: repository.clone(),
                    commit: commit.clone(),
                    directory: committed.clone().unwrap_or_else(|| directory.clone()),
                };
                let reading = read(&files);
                let source = Source {
                    files: Box::new(files),
                    repository: Some(repository),
                    commit: Some(commit),
                };
                (source, reading)
            }
        };
        complaints.extend(
            definition
                .iter()
                .flat_map(evenkeel_core::drift::severities::check),
        );
        let (errors, warnings): (Vec<Defect>, Vec<Defect>) = complaints
            .into_iter()
            .partition(|complaint| complaint.severity >= Severity::Error);
        let Some(definition) = definition else {
            return Err(Failure::Definitions(errors));
        };
        let store = match early {
            Some(store) => store,
            None => {
                let place = ProjectPlace {
                    root: &root,
                    definitions: &directory,
                };
                let made = world.stores.make(world, &place, definition.ledger.as_ref());
                match (made, errors.is_empty()) {
                    (Ok(store), _) => store,
                    (Err(failure), true) => return Err(failure),
                    // What is wrong with the definitions comes first.
                    (Err(_), false) => return Err(Failure::Definitions(errors)),
                }
            }
        };
        let project = Self {
            world,
            store,
            directory,
            root,
            definition: definition.into(),
            warnings,
            files: source.files,
            repository: source.repository,
            commit: source.commit,
            from_commit: location.revision.is_some(),
            restored: None,
            committed,
            unpacked: Unpacked::default(),
            tells_equal: false,
        };
        if errors.is_empty() {
            return Ok(project);
        }
        let more = project.more(&errors);
        Err(Failure::Definitions(
            errors.into_iter().chain(more).collect(),
        ))
    }

    /// Returns the project's directory within the commit that everything is read from, with `/`.
    pub(in crate::operation) fn path_in_commit(&self) -> Option<String> {
        let moved = self.committed.as_deref().and_then(Path::parent);
        path_within(moved.unwrap_or(&self.root), self.repository.as_ref()?)
    }

    /// Returns the project's directory within its repository, with `/`; `None` outside of one.
    pub(in crate::operation) fn path_in_repository(&self) -> Option<String> {
        path_within(&self.root, self.repository.as_ref()?)
    }

    /// Returns the directory of the definitions, relative to the project.
    pub(in crate::operation) fn place(&self) -> Option<String> {
        let name = self.directory.file_name()?;
        Some(name.to_string_lossy().into_owned())
    }

    /// Returns the environment with a name.
    ///
    /// # Errors
    ///
    /// When there is none, with the existing names.
    pub fn environment(&self, name: &str) -> Result<EnvironmentName, Failure> {
        let wanted = EnvironmentName::new(name);
        if self.definition.path.contains(&wanted) {
            return Ok(wanted);
        }
        let known: Vec<&str> = self
            .definition
            .path
            .iter()
            .map(EnvironmentName::as_str)
            .collect();
        let path = evenkeel_model::text::list(&known, "and");
        Err(Failure::Usage(match nearest(name, known) {
            Some(near) => {
                format!("unknown environment `{name}`: did you mean `{near}`? The path is {path}")
            }
            None => format!("unknown environment `{name}`; the path is {path}"),
        }))
    }

    /// Returns the environment to release to.
    ///
    /// # Errors
    ///
    /// When several come last on the path.
    pub fn production(&self) -> Result<EnvironmentName, Failure> {
        self.releases_to(&self.definition.path)?;
        self.definition
            .production()
            .cloned()
            .ok_or_else(|| Failure::other("the path of the system has no environments"))
    }

    /// Refuses to change or release if one of these environments is last on the path with siblings: they have no order,
    /// and a release goes to one.
    ///
    /// # Errors
    ///
    /// When it is not supported yet.
    pub fn releases_to(&self, names: &[EnvironmentName]) -> Result<(), Failure> {
        let last = self.definition.stages.last().map_or(&[][..], Vec::as_slice);
        if last.len() < 2 || !names.iter().any(|name| last.contains(name)) {
            return Ok(());
        }
        let last: Vec<&str> = last.iter().map(EnvironmentName::as_str).collect();
        Err(Failure::Refused {
            reason: format!(
                "{} are production together; a release to several environments at once is not supported yet",
                evenkeel_model::text::list(&last, "and")
            ),
            help: "run `evenkeel drift` to compare them".into(),
        })
    }

    /// Returns the key for reading: the project's, or a temporary one if there is none yet.
    ///
    /// # Errors
    ///
    /// When the key exists and cannot be used.
    pub fn sealer_for_reading(&self) -> Result<Sealer, Failure> {
        Ok(match self.store.key()? {
            Some(sealer) => sealer,
            None => self.temporary_sealer(),
        })
    }

    /// Returns a sealer for comparisons within this run, where nothing was sealed yet.
    pub(super) fn temporary_sealer(&self) -> Sealer {
        Sealer::new(*Digest::of(self.root.as_os_str().as_encoded_bytes()).as_bytes())
    }

    /// Returns the project's key, and creates a missing one.
    ///
    /// # Errors
    ///
    /// When it cannot be created or used.
    pub fn sealer(&self) -> Result<Sealer, Failure> {
        Ok(self.store.make_key()?)
    }

    /// Returns the current state for reading; an empty one without a ledger.
    ///
    /// # Errors
    ///
    /// When the ledger exists and cannot be read completely.
    pub fn state(&self) -> Result<(State, Option<Box<dyn Ledger>>), Failure> {
        match self.store.open(Some(&self.definition.system))? {
            Some(ledger) => Ok((State::current(&*ledger)?, Some(ledger))),
            None => Ok((State::default(), None)),
        }
    }

    /// Returns the ledger for writing, and creates a missing one.
    ///
    /// # Errors
    ///
    /// When it cannot be opened or created.
    pub fn ledger(&self) -> Result<Box<dyn Ledger>, Failure> {
        let now = self.world.clock.now();
        Ok(self.store.open_or_found(&self.definition.system, now)?)
    }
}

/// Returns the project's directory within its repository, with `/`.
fn path_within(root: &Path, repository: &Repository) -> Option<String> {
    Some(
        root.strip_prefix(repository.root())
            .ok()?
            .to_str()?
            .to_owned(),
    )
}

/// Returns the directory within its repository of a project whose definitions may be unreadable.
#[must_use]
pub fn project_path(world: &World<'_>, location: &ProjectLocation) -> Option<String> {
    let directory = locate(world, location).ok()?;
    let root = root_of(&directory).ok()?;
    let repository = Repository::discover(root, &world.git()).ok().flatten()?;
    path_within(root, &repository)
}

/// Returns the failure of a revision: a missing one is a usage error; everything else is a failure of git.
pub(super) fn no_commit(error: GitError) -> Failure {
    match error {
        GitError::NoCommit { .. } => Failure::Usage(error.to_string()),
        other => other.into(),
    }
}
