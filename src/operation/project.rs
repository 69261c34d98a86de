//! A project: its definitions, where they came from, its key and its ledger.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Failure, World};
use crate::defect::{Defect, Severity};
use crate::environment::files::{Commit, WorkingTree};
use crate::environment::resolve::Surroundings;
use crate::environment::secrets::{NoSecrets, RealSecrets, Secrets};
use crate::environment::{
    DIFFERENCES_FILE, Definition, Files, Policy, Resolved, codes, once, read, resolve,
};
use crate::kind::ArtifactFacts;
use crate::ledger::record::Origin;
use crate::ledger::{LedgerError, SqliteLedger, State, key};
use crate::model::{Digest, EnvironmentName, Sealer};
use crate::target::git::Repository;
use crate::target::tree::tree_digest;
use crate::text::nearest;

/// Where a project is to be found.
#[derive(Debug, Clone, Default)]
pub struct Location {
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
    /// Where the ledger, the key and objects are.
    pub folder: PathBuf,
    /// The definitions.
    pub definition: Definition,
    /// What is odd about them without being wrong.
    pub warnings: Vec<Defect>,
    files: Box<dyn Files>,
    repository: Option<Repository>,
    commit: Option<String>,
    from_commit: bool,
}

/// The folder of the ledger, the key and objects, in the project's directory.
const FOLDER: &str = ".evenkeel";

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

impl<'w> Project<'w> {
    /// Finds and reads a project.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with its definitions.
    pub fn open(world: &'w World<'w>, location: &Location) -> Result<Self, Failure> {
        Self::open_in(find(world, location)?, world, location)
    }

    /// As [`Project::open`], with its state as [`Project::state`] has it. The two are read at the same time; what is
    /// wrong with the definitions is told first.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with its definitions; then, when the ledger is there and cannot be read whole.
    pub fn open_with_state(
        world: &'w World<'w>,
        location: &Location,
    ) -> Result<(Self, State), Failure> {
        let directory = find(world, location)?;
        let folder = root_of(&directory)?.join(FOLDER);
        std::thread::scope(|scope| {
            let reading = scope.spawn(|| {
                let ledger = SqliteLedger::open_existing(&folder, None)?;
                Ok::<_, LedgerError>(ledger.map(|ledger| (state_of(&ledger), ledger)))
            });
            let project = Self::open_in(directory, world, location)?;
            let read = reading
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
            let Some((state, ledger)) = read else {
                return Ok((project, State::default()));
            };
            ledger.belongs_to(&project.definition.system)?;
            Ok((project, state?))
        })
    }

    fn open_in(
        directory: PathBuf,
        world: &'w World<'w>,
        location: &Location,
    ) -> Result<Self, Failure> {
        let root = root_of(&directory)?.to_path_buf();
        let (source, (definition, mut complaints)) = match &location.revision {
            None => {
                let files = WorkingTree {
                    directory: directory.clone(),
                };
                // git is asked while the definitions are read.
                let (found, reading) = std::thread::scope(|scope| {
                    let asking = scope.spawn(|| Repository::discover_with_head(&root));
                    let reading = read(&files);
                    let found = asking
                        .join()
                        .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
                    (found, reading)
                });
                let (repository, commit) = found.unzip();
                let source = Source {
                    files: Box::new(files),
                    repository,
                    commit: commit.flatten(),
                };
                (source, reading)
            }
            Some(revision) => {
                let Some(repository) = Repository::discover(&root) else {
                    return Err(Failure::other(format!(
                        "{} is in no git repository",
                        root.display()
                    )));
                };
                let commit = repository
                    .resolve(revision)
                    .map_err(|error| Failure::Usage(error.to_string()))?;
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
        complaints.extend(definition.iter().flat_map(crate::drift::severities::check));
        let (errors, warnings): (Vec<Defect>, Vec<Defect>) = complaints
            .into_iter()
            .partition(|complaint| complaint.severity >= Severity::Error);
        let Some(definition) = definition else {
            return Err(Failure::Definitions(errors));
        };
        let project = Self {
            world,
            folder: root.join(FOLDER),
            directory,
            root,
            definition,
            warnings,
            files: source.files,
            repository: source.repository,
            commit: source.commit,
            from_commit: location.revision.is_some(),
        };
        if errors.is_empty() {
            return Ok(project);
        }
        let more = project.more(&errors);
        Err(Failure::Definitions(
            errors.into_iter().chain(more).collect(),
        ))
    }

    /// What more is wrong with definitions that were complained about, as far as it does not follow from `told`.
    fn more(&self, told: &[Defect]) -> Vec<Defect> {
        // Of a file that was understood by halves, everything may follow.
        if told.iter().any(|defect| defect.code == &codes::SYNTAX) {
            return Vec::new();
        }
        let Ok(sealer) = self.sealer_for_reading() else {
            return Vec::new();
        };
        let has_file = |name: &&EnvironmentName| self.definition.environments.contains_key(*name);
        let names: Vec<EnvironmentName> = self
            .definition
            .path
            .iter()
            .filter(has_file)
            .cloned()
            .collect();
        let Err(Failure::Definitions(more)) = self.resolve(&names, &sealer, Depth::Shape) else {
            return Vec::new();
        };
        // A name that was misspelled where it is declared is not known where it is used.
        let is_within_one = |defect: &Defect| {
            let (table, _) = defect
                .subject
                .split_once('.')
                .unwrap_or((&defect.subject, ""));
            defect.code != &codes::BAD_NAME
                && (matches!(table, "suite" | "release" | "difference")
                    || crate::kind::facts(table).is_some())
        };
        let names_are_known = told.iter().all(is_within_one);
        more.into_iter()
            .filter(|defect| {
                let code = defect.code;
                let stands_alone = code == &codes::CYCLE
                    || code == &codes::UNREADABLE
                    || code == &codes::WRONG_FORM
                    || (names_are_known && code != &codes::DANGLING);
                stands_alone && told.iter().all(|told| told.subject != defect.subject)
            })
            .collect()
    }

    /// The commit that everything is read from, if it is not the working tree.
    pub(super) fn commit_read(&self) -> Option<(&Repository, &str)> {
        let commit = self.commit.as_deref().filter(|_| self.from_commit)?;
        Some((self.repository.as_ref()?, commit))
    }

    /// The commit that the working tree is on, or that everything is read from.
    pub(super) fn head(&self) -> Option<String> {
        self.commit.clone()
    }

    /// The definitions that a commit has, where it has any that can be understood.
    pub(super) fn as_of(&self, commit: &str) -> Option<Definition> {
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

    /// The repository that the project is in.
    pub(super) fn repository(&self) -> Option<&Repository> {
        self.repository.as_ref()
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
        let path = crate::text::list(&known, "and");
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
                crate::text::list(&last, "and")
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
        Ok(match key::open_existing(&self.folder)? {
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
        Ok(key::open_or_make(&self.folder)?)
    }

    /// Resolves environments, with everything that is wrong with any of them.
    ///
    /// # Errors
    ///
    /// All complaints.
    pub fn resolve(
        &self,
        names: &[EnvironmentName],
        sealer: &Sealer,
        depth: Depth,
    ) -> Result<BTreeMap<EnvironmentName, Resolved>, Failure> {
        let mut complaints = Vec::new();
        let artifacts = self.artifacts(depth, &mut complaints);
        let variable = |name: &str| self.world.environment.get(name).cloned();
        let real = RealSecrets {
            variable: &variable,
            definitions: self.directory.clone(),
            root: self.root.clone(),
            interruption: &self.world.interruption,
        };
        let secrets: &dyn Secrets = match depth {
            Depth::Shape => &NoSecrets,
            Depth::Whole => &real,
        };
        let surroundings = Surroundings {
            files: &*self.files,
            root: &self.root,
            directory: &self.directory,
            sealer,
            secrets,
            artifacts: &artifacts,
        };
        let mut resolved = BTreeMap::new();
        for name in names {
            match resolve(&self.definition, name, &surroundings) {
                Ok(environment) => {
                    resolved.insert(name.clone(), environment);
                }
                // An artifact that is missing is said once, and not again at each use of it.
                Err(more) => complaints.extend(
                    more.into_iter()
                        .filter(|defect| defect.code != &codes::ARTIFACT),
                ),
            }
        }
        if complaints.is_empty() {
            Ok(resolved)
        } else if self.world.interruption.is_set() {
            // A secret that could not be had because somebody wanted an end is no fault of the definitions.
            Err(Failure::Interrupted)
        } else {
            Err(Failure::Definitions(once(complaints)))
        }
    }

    fn artifacts(
        &self,
        depth: Depth,
        complaints: &mut Vec<Defect>,
    ) -> BTreeMap<Arc<str>, ArtifactFacts> {
        let mut artifacts = BTreeMap::new();
        for (name, artifact) in &self.definition.artifacts {
            let digest = match depth {
                Depth::Shape => Ok(Digest::of(name.as_bytes())),
                Depth::Whole => {
                    tree_digest(&self.directory.join(&artifact.path)).map(|tree| tree.digest)
                }
            };
            match digest {
                Ok(digest) => {
                    artifacts.insert(
                        Arc::clone(name),
                        ArtifactFacts {
                            name: name.to_string(),
                            digest,
                        },
                    );
                }
                Err(error) => {
                    let mut complaint = Defect::new(
                        &codes::ARTIFACT,
                        format!("artifact.{name}"),
                        format!("the artifact `{name}` cannot be read: {error}"),
                    )
                    .at(&artifact.span, "declared here");
                    if !artifact.build.is_empty() {
                        complaint = complaint.help("build it first: evenkeel deliver --build");
                    }
                    complaints.push(complaint);
                }
            }
        }
        artifacts
    }

    /// The digest of the definition files and of the files that an environment uses.
    #[must_use]
    pub fn definitions_digest(&self, resolved: &Resolved) -> Digest {
        let mut files: BTreeMap<String, Digest> = self
            .definition
            .files
            .iter()
            .map(|file| (file.path.clone(), Digest::of(file.text.as_bytes())))
            .collect();
        for (path, digest) in &resolved.files {
            files.insert(self.files.shown(path), *digest);
        }
        Digest::of_record("evenkeel definitions 1", &files)
    }

    /// Where the definitions came from.
    ///
    /// # Errors
    ///
    /// When git is asked and does not answer.
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

    /// The commit that the working tree is on.
    fn committed(&self) -> Option<Commit> {
        Some(Commit {
            repository: self.repository.clone()?,
            commit: self.commit.clone()?,
            directory: self.directory.clone(),
        })
    }

    /// Whether a definition, or a file that one uses, is not what the commit has. Files that git ignores count.
    fn differs(
        &self,
        commit: &Commit,
        resolved: &BTreeMap<EnvironmentName, Resolved>,
    ) -> Result<bool, Failure> {
        let mut files: BTreeMap<String, Option<Digest>> = BTreeMap::new();
        // It may be missing; but then the commit must not have it either.
        files.insert(DIFFERENCES_FILE.to_owned(), None);
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
        let paths: Vec<&str> = files.keys().map(String::as_str).collect();
        let committed = commit.digests(&paths).map_err(Failure::other)?;
        Ok(files
            .values()
            .zip(committed)
            .any(|(now, then)| then != *now))
    }

    /// The release policy that counts. An edit that is not committed cannot weaken the gate it has to pass: on a
    /// commit, the commit's own policy says whether uncommitted definitions may be released, and how much is asked.
    #[must_use]
    pub fn policy(&self, origin: &Origin) -> Policy {
        match self.committed() {
            Some(commit) if origin.dirty => match read(&commit) {
                (Some(definition), complaints)
                    if complaints
                        .iter()
                        .all(|complaint| complaint.severity < Severity::Error) =>
                {
                    definition.policy
                }
                _ => Policy::default(),
            },
            _ => self.definition.policy.clone(),
        }
    }

    /// The state, for reading. An empty one when nothing was ever recorded.
    ///
    /// # Errors
    ///
    /// When the ledger is there and cannot be read whole.
    pub fn state(&self) -> Result<(State, Option<SqliteLedger>), Failure> {
        match SqliteLedger::open_existing(&self.folder, Some(&self.definition.system))? {
            Some(ledger) => Ok((state_of(&ledger)?, Some(ledger))),
            None => Ok((State::default(), None)),
        }
    }

    /// The ledger, for writing; founded if there was none.
    ///
    /// # Errors
    ///
    /// When it cannot be opened or founded.
    pub fn ledger(&self) -> Result<SqliteLedger, Failure> {
        let lineage = key::random_lineage()?;
        Ok(SqliteLedger::open_or_found(
            &self.folder,
            &self.definition.system,
            self.world.clock.now(),
            &lineage,
        )?)
    }
}

/// The state of a ledger.
pub(super) fn state_of(ledger: &SqliteLedger) -> Result<State, LedgerError> {
    State::of(ledger)
}

/// The project's directory: the one that holds the definitions'.
fn root_of(directory: &Path) -> Result<&Path, Failure> {
    directory
        .parent()
        .ok_or_else(|| Failure::other("the definitions cannot be in the root directory"))
}

/// The directory of the definitions: named, or found in the working directory or above it.
fn find(world: &World<'_>, location: &Location) -> Result<PathBuf, Failure> {
    let canonical = |path: &Path| {
        path.canonicalize()
            .map_err(|error| Failure::other(format!("{}: {error}", path.display())))
    };
    if let Some(named) = &location.environments {
        let named = canonical(&world.directory.join(named))?;
        // A single missing file is told when it is read; a directory with neither is most likely another one.
        if location.revision.is_none() && !named.join("system.toml").is_file() {
            return Err(Failure::Other {
                reason: format!("{} has no system.toml", named.display()),
                help: Some("name the directory that has it: --environments DIRECTORY".into()),
            });
        }
        return Ok(named);
    }
    let here = canonical(&world.directory)?;
    for above in here.ancestors() {
        let candidate = above.join("environments");
        if candidate.join("system.toml").is_file()
            || (location.revision.is_some() && candidate.is_dir())
        {
            return canonical(&candidate);
        }
    }
    Err(Failure::Other {
        reason: format!(
            "there is no environments/system.toml in {} or above it",
            here.display()
        ),
        help: Some(
            "go to the project's directory, or name the definitions with --environments DIRECTORY"
                .into(),
        ),
    })
}
