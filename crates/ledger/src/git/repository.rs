//! Questions to git, and changes of this clone's and the remote's refs. Every argument is fixed, a hash, or checked.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use super::layout::REF;
use super::program::{GitAnswer, GitProgram};
use crate::LedgerError;
use crate::shared::Outage;

/// The pause before a remote that is away is asked again.
const PAUSE: Duration = Duration::from_millis(500);

/// The longest message of git in an error.
const QUOTED: usize = 400;

/// The number of files read at once, so that a long ledger is never in memory as a whole.
pub(super) const AT_ONCE: usize = 2_000;

/// A clone, and the remote with the ledger.
pub(super) struct Repository {
    program: Arc<dyn GitProgram>,
    remote: String,
    place: String,
    /// The committer, and whether commits are signed: read once.
    habits: OnceLock<(String, bool)>,
    /// The clone's own ref: the last commit of the remote's ref that it has seen.
    known: String,
    /// The clone's own ref for commits that are just being fetched.
    fetched: String,
    outage: Outage,
}

/// One file in a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) id: String,
    pub(super) path: String,
}

/// The outcome of a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pushed {
    /// The remote has the commit.
    Accepted,
    /// Another commit was first.
    Outrun,
}

impl Repository {
    /// Returns the repository that `program` runs in.
    pub(super) fn new(program: Arc<dyn GitProgram>, remote: &str) -> Self {
        let name: String = remote
            .chars()
            .map(|character| {
                if character.is_ascii_alphanumeric() {
                    character
                } else {
                    '-'
                }
            })
            .collect();
        Self {
            program,
            place: format!("{REF} of the git remote {remote}"),
            known: format!("refs/evenkeel/known/{name}/ledger"),
            fetched: format!("refs/evenkeel/fetched/{name}/ledger-{}", std::process::id()),
            remote: remote.to_owned(),
            habits: OnceLock::new(),
            outage: Outage::default(),
        }
    }

    /// Returns the name of the ledger in messages.
    pub(super) fn place(&self) -> &str {
        &self.place
    }

    /// Returns the error of a failed `operation`.
    pub(super) fn failed(&self, operation: &'static str, reason: impl Into<String>) -> LedgerError {
        LedgerError::storage(operation, Path::new(&self.place), reason.into())
    }

    fn run(
        &self,
        operation: &'static str,
        arguments: &[&str],
        input: Vec<u8>,
    ) -> Result<GitAnswer, LedgerError> {
        self.program
            .run(arguments, input)
            .map_err(|reason| self.failed(operation, reason))
    }

    /// Runs git and fails when it does.
    fn ask(
        &self,
        operation: &'static str,
        arguments: &[&str],
        input: Vec<u8>,
    ) -> Result<Vec<u8>, LedgerError> {
        let answer = self.run(operation, arguments, input)?;
        if answer.is_success {
            return Ok(answer.output);
        }
        Err(self.failed(operation, one_line(&answer.messages)))
    }

    /// Rejects a remote that this clone does not have, and one whose name could be an option.
    pub(super) fn check_remote(&self) -> Result<(), LedgerError> {
        let remedy = "name one that `git remote` lists, or a URL";
        let unusable = |reason: &str| LedgerError::unusable(Path::new(&self.place), reason, remedy);
        if self.remote.is_empty() || self.remote.starts_with('-') {
            return Err(unusable("its name is malformed"));
        }
        if self.remote.contains([':', '/']) {
            return Ok(());
        }
        let answer = self.run("read", &["remote"], Vec::new())?;
        let names = String::from_utf8_lossy(&answer.output).into_owned();
        match (
            answer.is_success,
            names.lines().any(|name| name == self.remote),
        ) {
            (false, _) => Err(self.failed("read", one_line(&answer.messages))),
            (true, false) => Err(unusable("this clone has no such remote")),
            (true, true) => Ok(()),
        }
    }

    /// Returns the last commit that this clone has seen.
    pub(super) fn known(&self) -> Result<Option<String>, LedgerError> {
        self.commit_of(&self.known)
    }

    /// Returns the commit of a ref of this clone; `None` when there is none.
    fn commit_of(&self, name: &str) -> Result<Option<String>, LedgerError> {
        let commit = format!("{name}^{{commit}}");
        let answer = self.run(
            "read",
            &["rev-parse", "--verify", "--quiet", &commit],
            Vec::new(),
        )?;
        if is_failed(&answer) {
            return Err(self.failed("read", one_line(&answer.messages)));
        }
        let hash = String::from_utf8_lossy(&answer.output).trim().to_owned();
        Ok(Some(hash).filter(|hash| answer.is_success && is_hash(hash)))
    }

    /// Records the last commit that this clone has seen.
    pub(super) fn remember(&self, commit: &str) -> Result<(), LedgerError> {
        // The refs of this process have done their work.
        let (known, fetched, made) = (&self.known, &self.fetched, self.made());
        let commands = format!("update {known} {commit}\ndelete {fetched}\ndelete {made}\n");
        self.ask(
            "remember",
            &["update-ref", "--stdin"],
            commands.into_bytes(),
        )?;
        Ok(())
    }

    /// Returns this process' own ref for commits that are about to be pushed.
    fn made(&self) -> String {
        format!("{}-made", self.fetched)
    }

    /// Returns the commit of the remote's ref, and fetches it unless it is `tip`; `None` when the remote has no such ref.
    pub(super) fn fetch(&self, tip: Option<&str>) -> Result<Option<String>, LedgerError> {
        let arguments = ["ls-remote", "--", &self.remote, REF];
        let output = self.ask("read", &arguments, Vec::new())?;
        self.outage.is_over();
        let listed = String::from_utf8_lossy(&output);
        // The pattern also matches other refs that end with this name.
        let hash = listed.lines().find_map(|line| {
            let (hash, name) = line.split_once('\t')?;
            (name == REF).then_some(hash)
        });
        let Some(hash) = hash else {
            return Ok(None);
        };
        if tip == Some(hash) {
            return Ok(Some(hash.to_owned()));
        }
        let refspec = format!("+{REF}:{}", self.fetched);
        let arguments = [
            "fetch",
            "--quiet",
            "--no-tags",
            "--no-write-fetch-head",
            "--no-recurse-submodules",
            "--no-auto-maintenance",
            // A clone without file contents would fetch each entry on its own.
            "--no-filter",
            "--",
            &self.remote,
            &refspec,
        ];
        let answer = self.run("read", &arguments, Vec::new())?;
        if !answer.is_success {
            if answer.messages.contains("couldn't find remote ref") {
                return Ok(None);
            }
            return Err(self.failed("read", one_line(&answer.messages)));
        }
        let commit = self.commit_of(&self.fetched)?;
        if commit.is_none() {
            return Err(self.failed("read", "the ref is not a commit"));
        }
        Ok(commit)
    }

    /// Returns whether `later` follows `earlier`.
    pub(super) fn follows(&self, earlier: &str, later: &str) -> Result<bool, LedgerError> {
        let arguments = ["merge-base", "--is-ancestor", earlier, later];
        let answer = self.run("read", &arguments, Vec::new())?;
        if is_failed(&answer) {
            return Err(self.failed("read", one_line(&answer.messages)));
        }
        Ok(answer.is_success)
    }

    /// Pushes a commit to the ref. A push that is no fast-forward changes nothing.
    ///
    /// A remote that is away is waited for, unless `ending` is set.
    pub(super) fn push(
        &self,
        commit: &str,
        parent: Option<&str>,
        ending: &AtomicBool,
    ) -> Result<Pushed, LedgerError> {
        let refspec = format!("{commit}:{REF}");
        // The remote compares its ref with this while it changes it.
        let lease = format!("--force-with-lease={REF}:{}", parent.unwrap_or_default());
        let arguments = [
            "push",
            "--quiet",
            "--porcelain",
            "--no-verify",
            "--no-signed",
            "--recurse-submodules=no",
            &lease,
            "--",
            &self.remote,
            &refspec,
        ];
        loop {
            let answer = self.run("append to", &arguments, Vec::new());
            if let Ok(answer) = &answer
                && answer.is_success
            {
                self.outage.is_over();
                return Ok(Pushed::Accepted);
            }
            // An answer can be lost, and a refusal can mean a lost race: the remote knows.
            let mut was_away = false;
            let now = loop {
                match self.fetch(parent) {
                    Err(_)
                        if self.outage.is_known()
                            && self.outage.is_bearable()
                            && !ending.load(Ordering::SeqCst) =>
                    {
                        was_away = true;
                        thread::sleep(PAUSE);
                    }
                    now => break now,
                }
            };
            return match (now, answer) {
                (Ok(Some(now)), _) if now == commit || self.follows(commit, &now)? => {
                    Ok(Pushed::Accepted)
                }
                (Ok(now), Ok(_)) if was_away && now.as_deref() == parent => continue,
                (Ok(now), Ok(answer)) if now.as_deref() == parent => {
                    Err(self.failed("append to", one_line(&refusal(&answer))))
                }
                (Ok(_), Ok(_)) => Ok(Pushed::Outrun),
                (Err(_), Ok(answer)) => Err(self.failed("append to", one_line(&refusal(&answer)))),
                (_, Err(error)) => Err(error),
            };
        }
    }

    /// Lists the files of a commit below a folder, sorted by path.
    pub(super) fn list(&self, commit: &str, below: &str) -> Result<Vec<Listed>, LedgerError> {
        let arguments = ["ls-tree", "-r", "-z", "--full-tree", commit, "--", below];
        let output = self.ask("read", &arguments, Vec::new())?;
        let mut files = Vec::new();
        for each in output
            .split(|byte| *byte == 0)
            .filter(|each| !each.is_empty())
        {
            // "100644 blob HASH<tab>PATH"
            let text = String::from_utf8_lossy(each);
            let file = text.split_once('\t').and_then(|(facts, path)| {
                let mut facts = facts.split(' ').skip(1);
                let is_blob = facts.next() == Some("blob");
                let id = facts.next().filter(|id| is_blob && is_hash(id))?;
                Some(Listed {
                    id: id.to_owned(),
                    path: path.to_owned(),
                })
            });
            files.extend(file);
        }
        Ok(files)
    }

    /// Returns a file of a commit; `None` when it is missing.
    pub(super) fn file(&self, commit: &str, path: &str) -> Result<Option<Vec<u8>>, LedgerError> {
        let name = format!("{commit}:{path}");
        let found = self.contents(&[name])?;
        Ok(found.into_iter().next().flatten())
    }

    /// Returns the contents of objects by name; `None` for a missing one.
    pub(super) fn contents(&self, names: &[String]) -> Result<Vec<Option<Vec<u8>>>, LedgerError> {
        let mut questions = names.join("\n").into_bytes();
        questions.push(b'\n');
        let output = self.ask("read", &["cat-file", "--batch"], questions)?;
        let mut rest = output.as_slice();
        let mut found = Vec::with_capacity(names.len());
        let malformed = || self.failed("read", "git's answer is malformed");
        while !rest.is_empty() {
            let end = rest.iter().position(|byte| *byte == b'\n');
            let (line, after) = rest.split_at(end.ok_or_else(malformed)?);
            let after = after.get(1..).unwrap_or_default();
            let line = String::from_utf8_lossy(line);
            if line.ends_with(" missing") {
                found.push(None);
                rest = after;
                continue;
            }
            let size: usize = line
                .rsplit(' ')
                .next()
                .and_then(|size| size.parse().ok())
                .ok_or_else(malformed)?;
            let bytes = after.get(..size).ok_or_else(malformed)?;
            found.push(Some(bytes.to_vec()));
            rest = after.get(size + 1..).ok_or_else(malformed)?;
        }
        if found.len() == names.len() {
            Ok(found)
        } else {
            Err(malformed())
        }
    }

    /// Makes a commit that changes some files of its parent; `None` as content removes a file.
    pub(super) fn commit(
        &self,
        parent: Option<&str>,
        seconds: i64,
        message: &str,
        changes: &[(String, Option<Vec<u8>>)],
    ) -> Result<String, LedgerError> {
        let made = self.made();
        let mut stream = Vec::new();
        let mut write = |text: &str| stream.extend_from_slice(text.as_bytes());
        write("feature done\nfeature get-mark\n");
        write(&format!("commit {made}\nmark :1\n"));
        let (committer, is_signed) = self.habits();
        write(&format!("committer {committer} {seconds} +0000\n"));
        write(&format!("data {}\n{message}\n", message.len()));
        if let Some(parent) = parent {
            write(&format!("from {parent}\n"));
        }
        for (path, content) in changes {
            match content {
                None => stream.extend_from_slice(format!("D {path}\n").as_bytes()),
                Some(bytes) => {
                    let start = format!("M 100644 inline {path}\ndata {}\n", bytes.len());
                    stream.extend_from_slice(start.as_bytes());
                    stream.extend_from_slice(bytes);
                    stream.push(b'\n');
                }
            }
        }
        stream.extend_from_slice(b"get-mark :1\ndone\n");
        // A run that was killed may have left its ref behind.
        let output = self.ask(
            "append to",
            &["fast-import", "--quiet", "--force", "--date-format=raw"],
            stream,
        )?;
        let commit = String::from_utf8_lossy(&output).trim().to_owned();
        if !is_hash(&commit) {
            return Err(self.failed("append to", "git made no commit"));
        }
        let signed = if *is_signed {
            Some(self.signed(&commit, parent, message)?)
        } else {
            None
        };
        Ok(signed.unwrap_or(commit))
    }

    /// Returns the committer, and whether the clone's configuration asks for signed commits.
    fn habits(&self) -> &(String, bool) {
        self.habits.get_or_init(|| {
            let arguments = ["config", "--type=bool", "--get", "commit.gpgsign"];
            let wanted = self.program.run(&arguments, Vec::new()).unwrap_or_default();
            let is_signed = String::from_utf8_lossy(&wanted.output).trim() == "true";
            (self.identity(), is_signed)
        })
    }

    /// Returns a signed copy of a commit.
    fn signed(
        &self,
        commit: &str,
        parent: Option<&str>,
        message: &str,
    ) -> Result<String, LedgerError> {
        let tree = format!("{commit}^{{tree}}");
        let mut arguments = vec!["commit-tree", "-S", &tree, "-m", message];
        if let Some(parent) = parent {
            arguments.extend(["-p", parent]);
        }
        let output = self.ask("append to", &arguments, Vec::new())?;
        let hash = String::from_utf8_lossy(&output).trim().to_owned();
        if is_hash(&hash) {
            Ok(hash)
        } else {
            Err(self.failed("append to", "git made no signed commit"))
        }
    }

    /// Returns the committer: git's, if one is configured.
    fn identity(&self) -> String {
        let answer = self
            .program
            .run(&["var", "GIT_COMMITTER_IDENT"], Vec::new());
        let ident = answer
            .ok()
            .filter(|answer| answer.is_success)
            .map(|answer| String::from_utf8_lossy(&answer.output).into_owned());
        // "NAME <EMAIL> SECONDS ZONE"
        let person = ident.as_deref().and_then(|ident| {
            let (person, _) = ident.trim().rsplit_once("> ")?;
            Some(format!("{person}>"))
        });
        person
            .filter(|person| !person.contains(['\n', '\0']) && person.contains(" <"))
            .unwrap_or_else(|| "evenkeel <evenkeel@localhost>".to_owned())
    }

    /// Returns the paths of files that a commit of the history changed or removed, below a folder.
    pub(super) fn rewritten(&self, commit: &str, below: &str) -> Result<Vec<String>, LedgerError> {
        let below = format!(":(top){below}");
        let arguments = [
            "log",
            "--format=",
            "--name-only",
            "--no-renames",
            "--diff-filter=MDT",
            "-z",
            commit,
            "--",
            &below,
        ];
        let output = self.ask("read", &arguments, Vec::new())?;
        let mut paths: Vec<String> = output
            .split(|byte| *byte == 0)
            .map(|path| String::from_utf8_lossy(path).trim().to_owned())
            .filter(|path| !path.is_empty())
            .collect();
        paths.sort_unstable();
        paths.dedup();
        Ok(paths)
    }
}

/// Returns whether git could not answer a question. An answer of "no" has no message; a warning is none either.
fn is_failed(answer: &GitAnswer) -> bool {
    let is_error = |line: &str| line.starts_with("fatal: ") || line.starts_with("error: ");
    !answer.is_success && answer.messages.lines().any(is_error)
}

/// Returns what git and the remote say about a refused push.
fn refusal(answer: &GitAnswer) -> String {
    let output = String::from_utf8_lossy(&answer.output);
    let refused = output.lines().find(|line| line.starts_with('!'));
    match refused {
        Some(line) => format!(
            "{} {}",
            line.rsplit('\t').next().unwrap_or_default(),
            answer.messages
        ),
        None => answer.messages.clone(),
    }
}

/// Returns a message of git in one line of bounded length.
fn one_line(messages: &str) -> String {
    let words: Vec<&str> = messages.split_whitespace().collect();
    let text = words.join(" ");
    if text.is_empty() {
        return "git gives no reason".to_owned();
    }
    match text.char_indices().nth(QUOTED) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// Returns whether this is the hash of an object: SHA-1 or SHA-256.
fn is_hash(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
