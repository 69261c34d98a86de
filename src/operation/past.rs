//! Walk along the history of documents, one at a time: since when each difference exists.
//!
//! All documents share one listing of commits. Each has a separate budget, so that a frequently changing one does not
//! use up the others'. Files are followed through renames, and changes of a merge are searched in the merged branch.
//! `evenkeel_core` judges the contents of a commit.

mod ahead;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;

use self::ahead::Searched;
use super::{Failure, Project};
use crate::world::documents::{CommittedDocuments, Renames};
use crate::world::git::{ChangedPath, Changes, GitError, Line, Repository, Snapshot};
use evenkeel_core::documents::{
    DeclaredDocuments, Documents, FileSet, FileSets, LayerKey, place_of,
};
use evenkeel_core::environment::Definition;
use evenkeel_core::history::{
    Budget, CommitContents, CommitInfo, Commits, History, Listed, Since, fingerprints,
    introductions,
};
use evenkeel_host::threads;
use evenkeel_model::Digest;

/// Maximum number of first parents in a walk. Git reads each of them, changed or not, which takes long with hundreds of
/// thousands.
const DEPTH: usize = 2_000;
/// Maximum number of compared bytes of all documents together.
const ALL_BYTES: u64 = 128 * 1024 * 1024;
/// Maximum number of searched merges of all documents together, and maximum nesting of merges.
const MERGES: usize = 64;
const NESTED: usize = 3;
/// Maximum number of followed renames of one document.
const RENAMES: usize = 16;

/// Maximum number of a document's commits compared at once. The first is compared alone, since its contents are mostly
/// current.
const AT_ONCE: usize = 8;
/// Larger documents are compared one commit at a time: comparing ahead may be wasted, and takes memory.
const SMALL: u64 = 1024 * 1024;

/// Query for the newest commits of a project. It needs no comparison, so git can run while documents are compared.
pub(super) struct CommitQuery {
    repository: Repository,
    head: String,
    committed: CommittedDocuments,
    places: Vec<PathBuf>,
}

/// Newest commits of a project, and its documents in commits.
pub(super) struct Newest {
    line: Commits,
    /// Changes at the declared places of all documents, if known.
    changes: Changes,
    committed: CommittedDocuments,
}

impl CommitQuery {
    /// Prepares the query; `None` without a history or a document.
    pub(super) fn of(project: &Project<'_>) -> Option<Self> {
        let (repository, head) = (project.repository()?, project.head()?);
        let declared = DeclaredDocuments::of(&project.definition).ok()?;
        let asked = declared.asked();
        let interruption = &project.world.interruption;
        // A project in another repository has no history here.
        let committed = CommittedDocuments::new(repository, &project.root, interruption)?;
        let places = asked.iter();
        let places: Vec<PathBuf> = places
            .filter_map(|(_, declaration)| place_of(declaration))
            .collect();
        (!asked.is_empty()).then(|| Self {
            repository: repository.clone(),
            head,
            places: committed.in_repository(&places),
            committed,
        })
    }

    /// Runs git.
    ///
    /// # Errors
    ///
    /// When git fails.
    pub(super) fn run(mut self) -> Result<Newest, GitError> {
        let (repository, head) = (&self.repository, &self.head);
        let line = std::thread::scope(|scope| {
            let places = &self.places;
            let line = || repository.line_with_changes(head, DEPTH + 1, places);
            let line = threads::begin(scope, line);
            self.committed.read_directories(head, &self.places);
            line.join()
        });
        let (line, changes) = line.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        Ok(Newest {
            line,
            changes,
            committed: self.committed,
        })
    }
}

/// History in which documents of a project are searched.
pub(super) struct Past<'a> {
    repository: &'a Repository,
    definition: &'a Definition,
    declared: &'a DeclaredDocuments,
    /// Currently compared files.
    now: &'a FileSets,
    committed: CommittedDocuments,
    head: CommitInfo,
    /// Head and the commits before it.
    line: Commits,
    /// Their changes at the declared places of all documents, if known.
    changes: Changes,
    /// Names in the head of files that are renamed now.
    renames: Renames,
    renamed: BTreeMap<String, BTreeMap<PathBuf, PathBuf>>,
    bytes: u64,
    merges: usize,
}

/// Commits of a walk that changed something, newest first.
struct Walk {
    touches: Vec<Arc<Touch>>,
    /// Indices of the commits that changed each path.
    by_path: BTreeMap<PathBuf, Vec<usize>>,
    /// Commit before which it ended, if there are older ones.
    back_to: Option<CommitInfo>,
    whole: bool,
}

/// Commit, with its changes to the queried paths.
struct Touch {
    commit: CommitInfo,
    changes: Vec<ChangedPath>,
}

impl<'a> Past<'a> {
    /// Reads the history before the project's commit; `None` if it cannot contain its documents.
    ///
    /// # Errors
    ///
    /// When git fails.
    pub(super) fn new(
        project: &'a Project<'_>,
        declared: &'a DeclaredDocuments,
        now: &'a FileSets,
        Newest {
            line,
            changes,
            mut committed,
        }: Newest,
    ) -> Result<Option<Self>, Failure> {
        let Some(repository) = project.repository() else {
            return Ok(None);
        };
        let Some(head) = line.list.first().cloned() else {
            return Ok(None);
        };
        let mut renames = Renames::default();
        // A renamed, uncommitted file has its older name in the head.
        if project.commit_read().is_none() && committed.lacks(&head.commit, &declared.asked()) {
            for (new, old) in repository.renamed(&head.commit, Snapshot::Index)? {
                renames.follow(&new, old);
            }
        }
        Ok(Some(Self {
            repository,
            definition: &project.definition,
            declared,
            now,
            committed,
            head,
            line,
            changes,
            renames,
            renamed: BTreeMap::new(),
            bytes: ALL_BYTES,
            merges: MERGES,
        }))
    }

    /// Returns the introduction of each difference, of each document by name.
    ///
    /// # Errors
    ///
    /// When git fails.
    pub(super) fn since(
        &mut self,
        asked: &BTreeMap<String, BTreeSet<Digest>>,
    ) -> Result<BTreeMap<Digest, Since>, Failure> {
        let mut documents = Vec::new();
        let mut all = BTreeSet::new();
        for (name, now) in asked {
            let own = self.declared.only(name);
            let places = self
                .committed
                .places(&self.head.commit, &own.asked(), &self.renames);
            let places = with_older(&places, &self.renames);
            all.extend(places.iter().cloned());
            documents.push(Searched {
                own,
                places,
                now,
                touches: Vec::new(),
                ahead: HashMap::new(),
            });
        }
        let all: Vec<PathBuf> = all.into_iter().collect();
        let mut line = self.line.clone();
        let back_to = line.list.split_off(DEPTH.min(line.list.len()));
        let (repository, head) = (self.repository, &*self.head.commit);
        let (committed, renames) = (&mut self.committed, &self.renames);
        let newest = documents.iter().map(|document| (head, &document.own));
        let known = std::mem::take(&mut self.changes);
        let (changes, ()) = rayon::join(
            || {
                if known.cover(&all) {
                    Ok(known)
                } else {
                    repository.changes(&line.list, &all)
                }
            },
            || committed.read_ahead(newest, renames),
        );
        let changes = changes?;
        if let Some(line) = Line::new(&line.list, &changes) {
            committed.learn(line);
        }
        let walk = Walk::new(line, back_to.into_iter().next(), changes);
        for document in &mut documents {
            document.touches = walk.about(&document.places);
            // No commit touched it within the limit, so the head's contents are older.
            if document.touches.is_empty() && !walk.whole {
                document.touches.push(Arc::new(Touch {
                    commit: self.head.clone(),
                    changes: Vec::new(),
                }));
            }
        }
        ahead::compare(self, &mut documents);
        let mut since = BTreeMap::new();
        for document in documents {
            since.extend(self.document(document, &walk)?);
        }
        Ok(since)
    }

    /// Returns the commits of a line that changed given paths.
    fn walk(&self, mut line: Commits, paths: &[PathBuf]) -> Result<Walk, GitError> {
        let back_to = line.list.split_off(DEPTH.min(line.list.len()));
        let changes = self.repository.changes(&line.list, paths)?;
        Ok(Walk::new(line, back_to.into_iter().next(), changes))
    }

    fn document(
        &mut self,
        document: Searched<'_>,
        walk: &Walk,
    ) -> Result<BTreeMap<Digest, Since>, Failure> {
        let Searched {
            own,
            places,
            now,
            touches,
            ahead,
        } = document;
        let budget = Budget {
            bytes: Budget::default().bytes.min(self.bytes),
            ..Budget::default()
        };
        let mut past = DocumentPast {
            renames: self.renames.clone(),
            past: self,
            own: &own,
            now,
            places,
            touches: touches.into(),
            back_to: walk.back_to.clone(),
            whole: walk.whole,
            last: None,
            ahead,
            at_once: 1,
            merges: Vec::new(),
            followed: 0,
            failure: None,
        };
        let mut since = introductions(now, budget, &mut past);
        if let Some(failure) = past.failure {
            return Err(failure.into());
        }
        let merges = past.merges;
        for (merge, (places, renames)) in merges {
            let keys: BTreeSet<Digest> = since
                .iter()
                .filter(|(_, since)| matches!(since, Since::Commit(commit) if commit.commit == merge.commit))
                .map(|(key, _)| *key)
                .collect();
            if !keys.is_empty() {
                let looked_through = (&own, &*places, &renames);
                since.extend(self.merged(looked_through, &merge, keys, NESTED)?);
            }
        }
        Ok(since)
    }

    /// Returns the introduction of differences that came with a merge, in the merged branches. One that is in none of
    /// them came with the merge itself, and is left out.
    fn merged(
        &mut self,
        (own, places, renames): (&DeclaredDocuments, &[PathBuf], &Renames),
        merge: &CommitInfo,
        mut keys: BTreeSet<Digest>,
        nested: usize,
    ) -> Result<BTreeMap<Digest, Since>, Failure> {
        let mut since = BTreeMap::new();
        let branch = merge.parents.first().map(String::as_str);
        for side in merge.merged() {
            if self.merges == 0 || keys.is_empty() {
                break;
            }
            self.merges -= 1;
            let most = Budget::default().commits;
            let commits = self
                .repository
                .commits_touching(side, branch, places, most)?;
            if commits.list.is_empty() {
                continue;
            }
            let budget = Budget {
                bytes: Budget::default().bytes.min(self.bytes),
                ..Budget::default()
            };
            let mut listed = Listed::new(commits, |commit: &CommitInfo| {
                self.standing(own, &keys, &commit.commit, renames)
            });
            let found = introductions(&keys, budget, &mut listed);
            let mut deeper: BTreeMap<String, (CommitInfo, BTreeSet<Digest>)> = BTreeMap::new();
            for (key, came) in found {
                let Since::Commit(commit) = &came else {
                    continue;
                };
                keys.remove(&key);
                if !commit.merged().is_empty() {
                    let entry = deeper.entry(commit.commit.clone());
                    let (_, keys) = entry.or_insert_with(|| (commit.clone(), BTreeSet::new()));
                    keys.insert(key);
                }
                since.insert(key, came);
            }
            if nested > 1 {
                for (commit, keys) in deeper.into_values() {
                    let looked_through = (own, places, renames);
                    since.extend(self.merged(looked_through, &commit, keys, nested - 1)?);
                }
            }
        }
        Ok(since)
    }

    /// Returns the differences of documents in a commit, among those of `now`. `None` if they are unknown.
    fn standing(
        &mut self,
        own: &DeclaredDocuments,
        now: &BTreeSet<Digest>,
        commit: &str,
        renames: &Renames,
    ) -> Option<CommitContents> {
        let sets = self.committed.gather(commit, &own.asked(), renames);
        let judged = self.judge(own, now, sets);
        self.pay(judged)
    }

    /// Returns the differences of documents in a commit with these files, and the number of compared bytes.
    fn judge(&self, own: &DeclaredDocuments, now: &BTreeSet<Digest>, sets: Vec<FileSet>) -> Judged {
        // Equal contents have equal differences. Mostly, that is the newest commit.
        let is_now =
            |key: &LayerKey, set: &FileSet| self.now.get(key).is_some_and(|now| now.is_same(set));
        if own
            .keys()
            .iter()
            .zip(&sets)
            .all(|(key, set)| is_now(key, set))
        {
            let (keys, bytes) = (Some(now.clone()), 0);
            return Judged { keys, bytes };
        }
        let then = Documents::from(self.definition, own, sets).unplaced();
        // A file that is missing in an older commit does not end the walk; an unreadable one does.
        let parity = then.compare();
        let is_known = !then.is_unread() && parity.complaints.is_empty();
        Judged {
            keys: is_known.then(|| fingerprints(&parity.disparities)),
            // A cached file costs no reading, but the same comparing.
            bytes: then.bytes(),
        }
    }

    /// Subtracts the bytes of one commit from the budget of all documents.
    fn pay(&mut self, Judged { keys, bytes }: Judged) -> Option<CommitContents> {
        self.bytes = self.bytes.saturating_sub(bytes);
        keys.map(|keys| CommitContents { keys, bytes })
    }
}

impl Walk {
    /// Creates the walk along a line that ends before `back_to`, by the changes of its commits.
    fn new(line: Commits, back_to: Option<CommitInfo>, mut changes: Changes) -> Self {
        let touches = line.list.into_iter().filter_map(|commit| {
            let mut changes = changes.by_commit.remove(&commit.commit)?;
            changes.retain(|change| !change.is_directory);
            Some(Arc::new(Touch { commit, changes }))
        });
        let touches: Vec<Arc<Touch>> = touches.collect();
        let mut by_path: BTreeMap<PathBuf, Vec<usize>> = BTreeMap::new();
        for (number, touch) in touches.iter().enumerate() {
            for change in &touch.changes {
                by_path.entry(change.path.clone()).or_default().push(number);
            }
        }
        Self {
            touches,
            by_path,
            whole: line.whole && back_to.is_none(),
            back_to,
        }
    }

    /// Returns the commits that changed anything at or below these places.
    fn about(&self, places: &[PathBuf]) -> Vec<Arc<Touch>> {
        let mut numbers: BTreeSet<usize> = BTreeSet::new();
        for place in places {
            // Paths are ordered by their components, so those below a directory follow it.
            let first = if place.as_os_str() == "." {
                Path::new("")
            } else {
                place
            };
            let paths = self
                .by_path
                .range::<Path, _>((Bound::Included(first), Bound::Unbounded));
            let within = paths.take_while(|(path, _)| path.starts_with(first));
            numbers.extend(within.flat_map(|(_, numbers)| numbers));
        }
        let touches = numbers.into_iter();
        touches
            .filter_map(|number| self.touches.get(number).cloned())
            .collect()
    }
}

/// Differences of a commit, or none if they are unknown, and the number of compared bytes.
struct Judged {
    keys: Option<BTreeSet<Digest>>,
    bytes: u64,
}

/// History of one document.
struct DocumentPast<'p, 'a> {
    past: &'p mut Past<'a>,
    own: &'p DeclaredDocuments,
    now: &'p BTreeSet<Digest>,
    places: Vec<PathBuf>,
    touches: VecDeque<Arc<Touch>>,
    /// Commit before which the walk ends, if there are older ones.
    back_to: Option<CommitInfo>,
    whole: bool,
    renames: Renames,
    last: Option<Arc<Touch>>,
    /// Results for commits that the walk has not reached.
    ahead: HashMap<String, Judged>,
    /// Number of commits to compare next.
    at_once: usize,
    /// Merges on the way, with the places and names of the document's files there.
    merges: Vec<(CommitInfo, (Vec<PathBuf>, Renames))>,
    followed: usize,
    failure: Option<GitError>,
}

impl DocumentPast<'_, '_> {
    /// Compares the documents of a commit, and on all cores those of the next commits, the more the longer the walk.
    fn judge_from(&mut self, commit: &str) -> Option<Judged> {
        let older = self.touches.iter().map(|touch| &touch.commit.commit);
        let commits: Vec<String> = std::iter::once(commit.to_owned())
            .chain(older.take(self.at_once - 1).cloned())
            .collect();
        self.at_once = (2 * self.at_once).min(AT_ONCE);
        let asked = self.own.asked();
        let sets: Vec<Vec<FileSet>> = commits
            .iter()
            .map(|commit| self.past.committed.gather(commit, &asked, &self.renames))
            .collect();
        let (past, own, now) = (&*self.past, self.own, self.now);
        let judged: Vec<Judged> = sets
            .into_par_iter()
            .map(|sets| past.judge(own, now, sets))
            .collect();
        self.ahead = commits.into_iter().zip(judged).collect();
        self.ahead.remove(commit)
    }

    /// Follows renames: where a commit renamed files to the current name, continues with the older one.
    fn follow(&mut self, newer: &Touch) -> Result<(), GitError> {
        let Some(parent) = newer.commit.parents.first() else {
            return Ok(());
        };
        let added: Vec<&Path> = newer
            .changes
            .iter()
            .filter(|change| change.is_added() && is_within(&change.path, &self.places))
            .map(|change| change.path.as_path())
            .collect();
        if added.is_empty() || self.followed >= RENAMES {
            return Ok(());
        }
        let commit = &newer.commit.commit;
        if !self.past.renamed.contains_key(commit) {
            let renamed = self
                .past
                .repository
                .renamed(parent, Snapshot::Commit(commit))?;
            self.past.renamed.insert(commit.clone(), renamed);
        }
        let renamed = self.past.renamed.get(commit);
        let mut found = false;
        for new in added {
            if let Some(old) = renamed.and_then(|renamed| renamed.get(new)) {
                self.renames.follow(new, old.clone());
                self.places.push(old.clone());
                found = true;
            }
        }
        if found {
            // These results were read under the newer names.
            self.ahead.clear();
            self.followed += 1;
            let line = self.past.repository.line(parent, DEPTH + 1)?;
            let walk = self.past.walk(line, &self.places)?;
            self.touches = walk.about(&self.places).into();
            (self.whole, self.back_to) = (walk.whole, walk.back_to);
        }
        Ok(())
    }
}

impl History for DocumentPast<'_, '_> {
    fn older(&mut self) -> Option<CommitInfo> {
        if let Some(last) = self.last.take()
            && let Err(failure) = self.follow(&last)
        {
            self.failure = Some(failure);
            return None;
        }
        let touch = self.touches.pop_front()?;
        let commit = touch.commit.clone();
        self.last = Some(touch);
        if !commit.merged().is_empty() {
            let known = (self.places.clone(), self.renames.clone());
            self.merges.push((commit.clone(), known));
        }
        Some(commit)
    }

    fn standing(&mut self, commit: &CommitInfo) -> Option<CommitContents> {
        let judged = match self.ahead.remove(&commit.commit) {
            Some(judged) => judged,
            None => self.judge_from(&commit.commit)?,
        };
        if judged.bytes > SMALL {
            self.at_once = 1;
        }
        self.past.pay(judged)
    }

    fn is_whole(&self) -> bool {
        self.whole && self.failure.is_none()
    }

    fn seen_back_to(&self) -> Option<CommitInfo> {
        self.back_to.clone()
    }
}

fn is_within(path: &Path, places: &[PathBuf]) -> bool {
    places
        .iter()
        .any(|place| place.as_os_str() == "." || path.starts_with(place))
}

/// Returns places with the names of their files in the commit of `renames`.
fn with_older(places: &[PathBuf], renames: &Renames) -> Vec<PathBuf> {
    let older = renames.within(|now| is_within(now, places));
    places.iter().cloned().chain(older).collect()
}
