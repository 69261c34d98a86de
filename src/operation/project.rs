//! A project: its definitions, where they came from, its key and its ledger.

mod filling;
mod origin;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::large::Large;
use super::{Failure, World};
use crate::world::files::{Commit, WorkingTree};
use crate::world::git::{GitError, Repository};
use crate::world::place::{find, root_of};
use evenkeel_core::environment::{Definition, Files, read};
use evenkeel_host::threads;
use evenkeel_ledger::{Ledger, LedgerError, State, Store};
use evenkeel_model::defect::{Defect, Severity};
use evenkeel_model::text::nearest;
use evenkeel_model::{Digest, EnvironmentName, Sealer};

/// Where a project is to be found.
#[derive(Debug, Clone, Default)]
pub struct ProjectLocation {
    /// The directory of the definitions, if it was named.
    pub environments: Option<PathBuf>,
    /// The commit to read definitions from, if one was named.
    pub revision: Option<String>,
}

/// A project whose definitions were read.
pub struct Project<'w> {
    /// What the program was given.
    pub world: &'w World<'w>,
    /// The directory of the definitions, absolute.
    pub directory: PathBuf,
    /// The project's directory: the one that holds it.
    pub root: PathBuf,
    /// The ledger, the key, locks and objects, wherever they are kept.
    pub store: Arc<dyn Store>,
    /// The definitions.
    pub definition: Large<Definition>,
    /// What is odd about them without being wrong.
    pub warnings: Vec<Defect>,
    /// Whether everything that counts as equal is told.
    pub tells_equal: bool,
    files: Box<dyn Files>,
    repository: Option<Repository>,
    commit: Option<String>,
    from_commit: bool,
}

/// Where definitions are read from.
struct Source {
    files: Box<dyn Files>,
    repository: Option<Repository>,
    commit: Option<String>,
}

/// How much of the world resolving may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Definitions only: no secret is asked for, no artifact is read.
    Shape,
    /// Everything.
    Whole,
}

/// Finds the directory of the definitions.
fn locate(world: &World<'_>, location: &ProjectLocation) -> Result<PathBuf, Failure> {
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
    /// Everything that is wrong with its definitions.
    pub fn open(world: &'w World<'w>, location: &ProjectLocation) -> Result<Self, Failure> {
        let directory = locate(world, location)?;
        let store = world.stores.make(root_of(&directory)?);
        Self::open_in(directory, store, world, location)
    }

    /// As [`Project::open`], with its state as [`Project::state`] has it. The two are read at the same time; what is
    /// wrong with the definitions is told first.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with its definitions; then, when the ledger is there and cannot be read whole.
    pub fn open_with_state(
        world: &'w World<'w>,
        location: &ProjectLocation,
    ) -> Result<(Self, Large<State>), Failure> {
        let directory = locate(world, location)?;
        let store = world.stores.make(root_of(&directory)?);
        std::thread::scope(|scope| {
            let reading = threads::begin(scope, || {
                let ledger = store.open(None)?;
                Ok::<_, LedgerError>(ledger.map(|ledger| (State::for_reading(&*ledger), ledger)))
            });
            let project = Self::open_in(directory, Arc::clone(&store), world, location)?;
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

    fn open_in(
        directory: PathBuf,
        store: Arc<dyn Store>,
        world: &'w World<'w>,
        location: &ProjectLocation,
    ) -> Result<Self, Failure> {
        let root = root_of(&directory)?.to_path_buf();
        let (source, (definition, mut complaints)) = match &location.revision {
            None => {
                let files = WorkingTree {
                    directory: directory.clone(),
                };
                // git is asked while the definitions are read.
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
                // Errors in the definitions are told first, and none of them depends on what git says.
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
                    directory: directory.clone(),
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

    /// The project's directory within its repository, with `/`; `None` where it is in none.
    pub(in crate::operation) fn path_in_repository(&self) -> Option<String> {
        path_within(&self.root, self.repository.as_ref()?)
    }

    /// The directory of the definitions, as the project names it.
    pub(in crate::operation) fn place(&self) -> Option<String> {
        let name = self.directory.file_name()?;
        Some(name.to_string_lossy().into_owned())
    }

    /// The environment with a name.
    ///
    /// # Errors
    ///
    /// When there is none, with the names there are.
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
                format!(
                    "there is no environment `{name}`: did you mean `{near}`? The path is {path}"
                )
            }
            None => format!("there is no environment `{name}`; the path is {path}"),
        }))
    }

    /// The one environment that is released to.
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

    /// Refuses what changes or judges releases where one of these environments stands last on the path with siblings:
    /// none of those comes before another, and a release goes to one.
    ///
    /// # Errors
    ///
    /// That it is not there yet.
    pub fn releases_to(&self, names: &[EnvironmentName]) -> Result<(), Failure> {
        let last = self.definition.stages.last().map_or(&[][..], Vec::as_slice);
        if last.len() < 2 || !names.iter().any(|name| last.contains(name)) {
            return Ok(());
        }
        let last: Vec<&str> = last.iter().map(EnvironmentName::as_str).collect();
        Err(Failure::Refused {
            reason: format!(
                "{} are production together, and a release to several environments at once is not there yet",
                evenkeel_model::text::list(&last, "and")
            ),
            help: "compare them with each other and with what comes before: evenkeel drift".into(),
        })
    }

    /// The key for reading: the project's, or a passing one where there is none yet.
    ///
    /// # Errors
    ///
    /// When the key is there and cannot be used.
    pub fn sealer_for_reading(&self) -> Result<Sealer, Failure> {
        Ok(match self.store.key()? {
            Some(sealer) => sealer,
            // Nothing was ever sealed: comparisons within this run are all there are.
            None => Sealer::new(*Digest::of(self.root.as_os_str().as_encoded_bytes()).as_bytes()),
        })
    }

    /// The project's key, made if there is none.
    ///
    /// # Errors
    ///
    /// When it cannot be made or used.
    pub fn sealer(&self) -> Result<Sealer, Failure> {
        Ok(self.store.make_key()?)
    }

    /// The state, for reading. An empty one when nothing was ever recorded.
    ///
    /// # Errors
    ///
    /// When the ledger is there and cannot be read whole.
    pub fn state(&self) -> Result<(State, Option<Box<dyn Ledger>>), Failure> {
        match self.store.open(Some(&self.definition.system))? {
            Some(ledger) => Ok((State::of(&*ledger)?, Some(ledger))),
            None => Ok((State::default(), None)),
        }
    }

    /// The ledger, for writing; founded if there was none.
    ///
    /// # Errors
    ///
    /// When it cannot be opened or founded.
    pub fn ledger(&self) -> Result<Box<dyn Ledger>, Failure> {
        let now = self.world.clock.now();
        Ok(self.store.open_or_found(&self.definition.system, now)?)
    }
}

/// The project's directory within its repository, with `/`.
fn path_within(root: &Path, repository: &Repository) -> Option<String> {
    Some(
        root.strip_prefix(repository.root())
            .ok()?
            .to_str()?
            .to_owned(),
    )
}

/// The directory within its repository of a project that may have no definitions that can be read.
#[must_use]
pub fn project_path(world: &World<'_>, location: &ProjectLocation) -> Option<String> {
    let directory = locate(world, location).ok()?;
    let root = root_of(&directory).ok()?;
    let repository = Repository::discover(root, &world.git()).ok().flatten()?;
    path_within(root, &repository)
}

/// A revision that is not there is a mistake in the command; everything else is a failure of git.
pub(super) fn no_commit(error: GitError) -> Failure {
    match error {
        GitError::NoCommit { .. } => Failure::Usage(error.to_string()),
        other => other.into(),
    }
}
