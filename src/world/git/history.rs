//! Commits that touched files, newest first, and former names of files.
//!
//! Only first parents are followed: the states of the branch itself. A merge includes all of its changes. Commits of
//! parallel branches in one sequence would be states that never followed each other, and a defect that one branch lacks
//! would look fixed in between. The commits of a merged branch are queried separately.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;

use super::tree::{TreeEntry, TreeKind, side};
use super::{GitError, Repository};
use crate::world::command::CommandStatus;
use evenkeel_core::history::{CommitInfo, Commits};
use evenkeel_model::Moment;
use evenkeel_model::text::inert;

/// Maximum number of kept characters of a subject or an author.
const LONGEST: usize = 200;
/// Number of displayed digits of a commit. Not git's own choice, which depends on the clone.
const SHORT: usize = 10;

impl Repository {
    /// Returns the commits that changed given paths (relative to the root: files, or directories with everything below;
    /// an empty path is everything), backwards from a commit along first parents, newest first, at most `most`,
    /// excluding the history of `without`. The newest has the same content at these paths as the commit itself. For
    /// many paths, the result may include commits that changed other files.
    ///
    /// Renames are not followed: a file with another name is missing. See [`Self::renamed`].
    ///
    /// # Errors
    ///
    /// When there is no such commit, or a path is invalid.
    pub fn commits_touching(
        &self,
        commit: &str,
        without: Option<&str>,
        paths: &[PathBuf],
        most: usize,
    ) -> Result<Commits, GitError> {
        let whole = !self.is_shallow();
        if paths.is_empty() {
            return Ok(Commits {
                list: Vec::new(),
                whole,
            });
        }
        let commit = self.whole(commit)?;
        let without = without.map(|commit| format!("^{commit}"));
        let count = format!("--max-count={}", most.saturating_add(1));
        let mut arguments = listing(&count, &commit);
        arguments.extend(without.as_deref());
        arguments.push("--");
        let texts = pathspecs(paths)?;
        arguments.extend(texts.iter().map(String::as_str));
        let mut list = commits(&self.ask(&arguments, None)?);
        let asked_for = list.len() <= most;
        list.truncate(most);
        Ok(Commits {
            list,
            whole: whole && asked_for,
        })
    }

    /// Returns the e-mail addresses of the authors of the commits up to `commit` that are not part of `without`, except
    /// merges; without the latter, of the newest commit only. `None` if they are not all known: the clone is shallow, lacks
    /// `without`, or there are too many.
    ///
    /// # Errors
    ///
    /// When there is no such commit.
    pub fn authors(
        &self,
        commit: &str,
        without: Option<&str>,
    ) -> Result<Option<BTreeSet<String>>, GitError> {
        /// Maximum number of commits.
        const MOST: usize = 100_000;
        let commit = self.whole(commit)?;
        let without = match without {
            None => None,
            Some(without) => match self.resolve(without) {
                Ok(without) => Some(without),
                Err(GitError::NoCommit { .. }) => return Ok(None),
                Err(error) => return Err(error),
            },
        };
        // As written: `.mailmap` is a file of the change itself.
        let listed = |arguments: &[&str]| -> Result<Vec<String>, GitError> {
            let mut all = vec!["log", "--no-merges", "--format=%ae"];
            all.extend(arguments);
            let text = String::from_utf8_lossy(&self.ask(&all, None)?).into_owned();
            Ok(text.lines().map(str::to_owned).collect())
        };
        let mut authors: BTreeSet<String> =
            listed(&["--max-count=1", &commit])?.into_iter().collect();
        if let Some(without) = without {
            let range = format!("^{without}");
            let count = format!("--max-count={}", MOST + 1);
            let list = listed(&[&count, &commit, &range])?;
            if self.is_shallow() || list.len() > MOST {
                return Ok(None);
            }
            authors.extend(list);
        }
        Ok(Some(authors))
    }

    /// Returns the commits up to `commit` that are not part of `without`, except merges, each with the time of its committer;
    /// without the latter, the newest commit only. `None` if they are not all known: the clone is shallow, lacks one of the
    /// two, or there are too many.
    ///
    /// # Errors
    ///
    /// When git fails.
    pub fn brought(
        &self,
        commit: &str,
        without: Option<&str>,
    ) -> Result<Option<Vec<(String, Moment)>>, GitError> {
        /// Maximum number of commits.
        const MOST: usize = 100_000;
        let known = |commit: &str| match self.resolve(commit) {
            Ok(commit) => Ok(Some(commit)),
            Err(GitError::NoCommit { .. }) => Ok(None),
            Err(error) => Err(error),
        };
        let Some(commit) = known(commit)? else {
            return Ok(None);
        };
        let (count, range) = match without {
            None => ("--max-count=1".to_owned(), None),
            Some(without) => match known(without)? {
                Some(without) if !self.is_shallow() => (
                    format!("--max-count={}", MOST + 1),
                    Some(format!("^{without}")),
                ),
                _ => return Ok(None),
            },
        };
        let mut arguments = vec!["log", "--no-show-signature", "--format=%H %ct", &count];
        // Without a range, the newest commit itself, merge or not.
        if range.is_some() {
            arguments.push("--no-merges");
        }
        arguments.push(&commit);
        arguments.extend(range.as_deref());
        let answer = self.ask(&arguments, None)?;
        let text = String::from_utf8_lossy(&answer);
        let commits: Option<Vec<(String, Moment)>> = text
            .lines()
            .map(|line| {
                let (commit, seconds) = line.split_once(' ')?;
                let seconds: i64 = seconds.parse().ok()?;
                let time = Moment::from_millisecond(seconds.saturating_mul(1000));
                Some((commit.to_owned(), time))
            })
            .collect();
        Ok(commits.filter(|commits| commits.len() <= MOST))
    }

    /// Returns a commit and those before it along first parents, newest first, at most `most`.
    ///
    /// # Errors
    ///
    /// When there is no such commit.
    pub fn line(&self, commit: &str, most: usize) -> Result<Commits, GitError> {
        let commit = self.whole(commit)?;
        let count = format!("--max-count={}", most.saturating_add(1));
        let mut list = commits(&self.ask(&listing(&count, &commit), None)?);
        let whole = list.len() <= most && !self.is_shallow();
        list.truncate(most);
        Ok(Commits { list, whole })
    }

    /// Returns a line like [`Self::line`], with what each commit changed like [`Self::changes`]. Without changes where
    /// git cannot tell them in the same query, or would tell those of all paths.
    ///
    /// # Errors
    ///
    /// When there is no such commit.
    pub fn line_with_changes(
        &self,
        commit: &str,
        most: usize,
        paths: &[PathBuf],
    ) -> Result<(Commits, Changes), GitError> {
        let within = pathspecs(paths)?;
        let commit = self.whole(commit)?;
        if within.is_empty() || within.iter().any(|path| path == ".") {
            return Ok((self.line(&commit, most)?, Changes::default()));
        }
        let count = format!("--max-count={}", most.saturating_add(1));
        // Settings of the user for `log` are overridden. All commits are listed, changed or not.
        let mut arguments = vec![
            "log",
            "--first-parent",
            "--full-history",
            "--sparse",
            &count,
            "--encoding=UTF-8",
            "--format=tformat:%H%x00%P%x00%ct%x00%an%x00%s",
            "--no-show-signature",
            "--no-notes",
            "--no-relative",
            "--no-follow",
            "-O/dev/null",
            "--diff-merges=first-parent",
            "--root",
            "-r",
            "-t",
            "-z",
            "--raw",
            "--no-abbrev",
            "--no-renames",
            &commit,
            "--",
        ];
        arguments.extend(within.iter().map(String::as_str));
        let answer = match self.ask(&arguments, None) {
            Ok(answer) => answer,
            Err(GitError::Interrupted) => return Err(GitError::Interrupted),
            // Perhaps git is too old for an option.
            Err(_) => return Ok((self.line(&commit, most)?, Changes::default())),
        };
        let (mut list, by_commit) = commits_with_changes(&answer);
        let whole = list.len() <= most && !self.is_shallow();
        list.truncate(most);
        Ok((Commits { list, whole }, Changes { by_commit, within }))
    }

    /// Returns what each commit changed against its first parent at given paths, with the directories on the way.
    /// Paths may be directories. The result may include other paths.
    ///
    /// # Errors
    ///
    /// When git fails.
    pub fn changes(&self, commits: &[CommitInfo], paths: &[PathBuf]) -> Result<Changes, GitError> {
        // Without a path, git would return everything.
        let within = pathspecs(paths)?;
        if within.is_empty() {
            return Ok(Changes::default());
        }
        Ok(Changes {
            by_commit: self.changes_within(commits, &within)?,
            within,
        })
    }

    fn changes_within(
        &self,
        commits: &[CommitInfo],
        within: &[String],
    ) -> Result<HashMap<String, Vec<ChangedPath>>, GitError> {
        // Git compares commits in sequence, on one core.
        if commits.len() > MOST_COMMITS {
            let (newer, older) = commits.split_at(commits.len() / 2);
            let (newer, older) = rayon::join(
                || self.changes_within(newer, within),
                || self.changes_within(older, within),
            );
            let mut changes = newer?;
            changes.extend(older?);
            return Ok(changes);
        }
        let mut asked = String::new();
        for commit in commits {
            let parent = commit.parents.first().map_or("", String::as_str);
            asked.push_str(format!("{} {parent}", commit.commit).trim_end());
            asked.push('\n');
        }
        let mut arguments = vec![
            "diff-tree",
            "--stdin",
            "--root",
            "-r",
            "-t",
            "-z",
            "--raw",
            "--no-abbrev",
            "--no-renames",
            "--",
        ];
        arguments.extend(within.iter().map(String::as_str));
        let answer = self.ask(&arguments, Some(asked.into_bytes()))?;
        let mut changes: HashMap<String, Vec<ChangedPath>> = HashMap::new();
        let mut own: Option<&mut Vec<ChangedPath>> = None;
        let mut fields = answer.split(|byte| *byte == 0);
        while let Some(field) = fields.next() {
            let text = String::from_utf8_lossy(field);
            if let Some(change) = text.strip_prefix(':') {
                let (Some(own), Some(path)) = (own.as_mut(), fields.next()) else {
                    break;
                };
                own.push(changed(change, path));
            } else if field.len() >= 40 {
                own = Some(changes.entry(text.into_owned()).or_default());
            }
        }
        Ok(changes)
    }

    /// Returns the names in `older` of files that `newer` names differently, by the newer name. Git decides which files
    /// correspond.
    ///
    /// # Errors
    ///
    /// When a commit is missing, or git fails.
    pub fn renamed(
        &self,
        older: &str,
        newer: Snapshot<'_>,
    ) -> Result<BTreeMap<PathBuf, PathBuf>, GitError> {
        let older = self.whole(older)?;
        let options = ["-r", "-z", "-M", "--name-status", "--diff-filter=R"];
        let mut arguments = Vec::new();
        let newer_commit;
        match newer {
            Snapshot::Commit(commit) => {
                newer_commit = self.whole(commit)?;
                arguments.push("diff-tree");
                arguments.extend(options);
                arguments.extend([older.as_str(), newer_commit.as_str()]);
            }
            Snapshot::Index => {
                arguments.extend(["diff-index", "--cached"]);
                arguments.extend(options.iter().skip(1));
                arguments.push(older.as_str());
            }
        }
        arguments.push("--");
        let answer = self.ask(&arguments, None)?;
        let mut renamed = BTreeMap::new();
        let mut fields = answer.split(|byte| *byte == 0);
        while let (Some(_status), Some(old), Some(new)) =
            (fields.next(), fields.next(), fields.next())
        {
            renamed.insert(super::path_of(new), super::path_of(old));
        }
        Ok(renamed)
    }

    /// Whether one commit is an ancestor of another.
    ///
    /// # Errors
    ///
    /// When git fails, or a commit is missing.
    pub fn is_ancestor(&self, older: &str, newer: &str) -> Result<bool, GitError> {
        let older = self.resolve(older)?;
        let newer = self.resolve(newer)?;
        let answer = self.run(&["merge-base", "--is-ancestor", &older, &newer], None)?;
        match answer.status {
            CommandStatus::Code(0) => Ok(true),
            CommandStatus::Code(1) => Ok(false),
            status => Err(self.failed("merge-base", status.to_string())),
        }
    }

    /// Whether the clone is shallow, so that its oldest commit is not the first.
    #[must_use]
    pub fn is_shallow(&self) -> bool {
        self.is_shallow
    }
}

/// Changes of commits against their first parents.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// Changed paths of each commit that changed any. A path whose kind changed between directory and file is there
    /// twice.
    pub by_commit: HashMap<String, Vec<ChangedPath>>,
    /// Paths within which all changes are known, and those of the directories above; `.` is everything.
    pub(super) within: Vec<String>,
}

impl Changes {
    /// Whether all changes at these paths are known.
    #[must_use]
    pub fn cover(&self, paths: &[PathBuf]) -> bool {
        let is_within = |path: &PathBuf| {
            let mut within = self.within.iter();
            within.any(|place| place == "." || path.starts_with(place))
        };
        paths.iter().all(is_within)
    }
}

/// Path that a commit changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedPath {
    /// Path relative to the root.
    pub path: PathBuf,
    /// Entry in the first parent; `None` if it was missing.
    pub(super) before: Option<TreeEntry>,
    /// Whether this is a directory, before and after.
    pub is_directory: bool,
}

impl ChangedPath {
    /// Whether it was missing before.
    #[must_use]
    pub fn is_added(&self) -> bool {
        self.before.is_none()
    }
}

/// State that a commit is compared with.
#[derive(Clone, Copy, Debug)]
pub enum Snapshot<'a> {
    /// Another commit.
    Commit(&'a str),
    /// The index and working tree.
    Index,
}

/// Maximum number of commits of one git process.
const MOST_COMMITS: usize = 1_024;

/// Maximum number of separate paths in a query.
const MOST_PATHS: usize = 16;

/// Number of fields of a listing.
const FIELDS: usize = 6;

/// `rev-list` instead of `log`: its output does not depend on user settings (`log.follow`, `log.showSignature`).
fn listing<'a>(count: &'a str, commit: &'a str) -> Vec<&'a str> {
    vec![
        "rev-list",
        "--first-parent",
        count,
        "--encoding=UTF-8",
        "--format=format:%x00%H%x00%P%x00%ct%x00%an%x00%s%x00",
        commit,
    ]
}

/// Parses commits. A line with the hash precedes each commit's fields, and is also the first field.
fn commits(answer: &[u8]) -> Vec<CommitInfo> {
    let fields: Vec<&[u8]> = answer.split(|byte| *byte == 0).collect();
    fields.chunks_exact(FIELDS).filter_map(info).collect()
}

/// Returns pathspecs. Git compares each directory entry with each of these, so many paths are replaced by their
/// directories, which match more.
fn pathspecs(paths: &[PathBuf]) -> Result<Vec<String>, GitError> {
    let mut few: BTreeSet<PathBuf> = paths.iter().cloned().collect();
    while few.len() > MOST_PATHS {
        let depth = |path: &PathBuf| path.components().count();
        let deepest = few.iter().map(depth).max().unwrap_or_default();
        let shorter = few.iter().map(|path| match path.parent() {
            Some(parent) if depth(path) == deepest => parent.to_owned(),
            _ => path.clone(),
        });
        let shorter: BTreeSet<PathBuf> = shorter.collect();
        few = shorter
            .iter()
            .filter(|path| {
                let above = path.ancestors().skip(1);
                !above.into_iter().any(|above| shorter.contains(above))
            })
            .cloned()
            .collect();
    }
    let texts: BTreeSet<String> = few
        .iter()
        .map(|path| {
            let everything = path.as_os_str().is_empty() || path.as_os_str() == ".";
            if everything {
                Ok(".".to_owned())
            } else {
                super::clean(path)
            }
        })
        .collect::<Result<_, _>>()?;
    Ok(texts.into_iter().collect())
}

/// Parses commits with the raw differences after each.
fn commits_with_changes(answer: &[u8]) -> (Vec<CommitInfo>, HashMap<String, Vec<ChangedPath>>) {
    let mut list = Vec::new();
    let mut changes: HashMap<String, Vec<ChangedPath>> = HashMap::new();
    let mut fields = answer.split(|byte| *byte == 0).peekable();
    while let (Some(commit), Some(parents), Some(time), Some(author), Some(subject)) = (
        fields.next(),
        fields.next(),
        fields.next(),
        fields.next(),
        fields.next(),
    ) {
        let Some(commit) = info(&[&[], commit, parents, time, author, subject]) else {
            break;
        };
        // A line feed separates the first difference from the commit.
        let is_change = |field: &&[u8]| field.starts_with(b":") || field.starts_with(b"\n:");
        while let Some(change) = fields.next_if(is_change) {
            let change = String::from_utf8_lossy(change);
            if let Some(path) = fields.next() {
                let own = changes.entry(commit.commit.clone()).or_default();
                own.push(changed(change.trim_start_matches(['\n', ':']), path));
            }
        }
        list.push(commit);
    }
    (list, changes)
}

/// Parses a raw difference without its colon: both modes, both hashes and a status.
fn changed(change: &str, path: &[u8]) -> ChangedPath {
    let mut words = change.split(' ');
    let mut word = || words.next().unwrap_or_default();
    let (mode, new_mode, id, new_id) = (word(), word(), word(), word());
    let (before, after) = (side(mode, id), side(new_mode, new_id));
    let is_directory = [before, after]
        .iter()
        .flatten()
        .all(|entry| entry.kind == TreeKind::Directory);
    ChangedPath {
        path: super::path_of(path),
        before,
        is_directory,
    }
}

fn info(fields: &[&[u8]]) -> Option<CommitInfo> {
    let [_, commit, parents, time, author, subject] = fields else {
        return None;
    };
    let commit = String::from_utf8_lossy(commit).into_owned();
    let seconds: i64 = std::str::from_utf8(time).ok()?.parse().ok()?;
    Some(CommitInfo {
        short: commit.chars().take(SHORT).collect(),
        commit,
        time: Moment::from_millisecond(seconds.saturating_mul(1000)),
        author: shown(author),
        subject: shown(subject),
        parents: String::from_utf8_lossy(parents)
            .split_whitespace()
            .map(str::to_owned)
            .collect(),
    })
}

fn shown(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let short: String = text.chars().take(LONGEST).collect();
    inert(&short).into_owned()
}
