//! The store in a git remote, with the real git and a bare repository: the conformance suite, races, rewritten remotes,
//! shallow clones and clones without contents.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use evenkeel_ledger::conformance::{self, Bench, Fault, lease, time};
use evenkeel_ledger::git::{GitAnswer, GitProgram, GitStore};
use evenkeel_ledger::lease::Lock;
use evenkeel_ledger::shared::SharedKey;
use evenkeel_ledger::{Completeness, Lease, LedgerError, Record, Store};
use evenkeel_model::{EnvironmentName, Secret};

use super::writer::{actor, record};

/// The ref of the ledger.
const REF: &str = "refs/evenkeel/ledger";

/// git in one clone. Counts pushes.
#[derive(Clone)]
pub(crate) struct Git {
    clone: PathBuf,
    pushes: Arc<AtomicUsize>,
}

impl Git {
    pub(crate) fn new(clone: &Path) -> Self {
        Self {
            clone: clone.to_owned(),
            pushes: Arc::default(),
        }
    }

    pub(crate) fn ask(&self, arguments: &[&str]) -> String {
        let answer = self.run(arguments, Vec::new()).unwrap();
        assert!(answer.is_success, "{arguments:?}: {}", answer.messages);
        String::from_utf8(answer.output).unwrap().trim().to_owned()
    }
}

impl GitProgram for Git {
    fn run(&self, arguments: &[&str], input: Vec<u8>) -> Result<GitAnswer, String> {
        if arguments.first() == Some(&"push") {
            self.pushes.fetch_add(1, Ordering::SeqCst);
        }
        let mut child = Command::new("git")
            .arg("-C")
            .arg(&self.clone)
            .args(["-c", "user.name=Ada", "-c", "user.email=ada@example.org"])
            .args(arguments)
            .env_remove("GIT_DIR")
            .env("LC_ALL", "C")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| error.to_string())?;
        let mut stdin = child.stdin.take().unwrap();
        let writer = thread::spawn(move || {
            let _ = stdin.write_all(&input);
        });
        let output = child
            .wait_with_output()
            .map_err(|error| error.to_string())?;
        writer.join().unwrap();
        Ok(GitAnswer {
            is_success: output.status.success(),
            output: output.stdout,
            messages: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }
}

/// A bare remote with some commits, and clones of it.
pub(crate) struct Remote {
    home: tempfile::TempDir,
}

impl Remote {
    /// Returns a copy, which is made faster than another one.
    fn copy(&self) -> Self {
        let home = tempfile::tempdir().unwrap();
        let copied = Command::new("cp")
            .arg("-R")
            .arg(self.path())
            .arg(home.path().join("remote.git"))
            .status();
        assert!(copied.unwrap().success());
        Self { home }
    }

    pub(crate) fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let git = Git::new(home.path());
        git.ask(&["init", "-q", "--bare", "-b", "main", "remote.git"]);
        let remote = Self { home };
        let first = remote.clone_as("first", &[]);
        fs::write(first.clone.join("README"), "the system\n").unwrap();
        for number in 0..3 {
            fs::write(first.clone.join("number"), number.to_string()).unwrap();
            first.ask(&["add", "-A"]);
            first.ask(&["commit", "-qm", "change"]);
        }
        first.ask(&["push", "-q", "origin", "HEAD:main"]);
        remote
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.home.path().join("remote.git")
    }

    fn bare(&self) -> Git {
        Git::new(&self.path())
    }

    fn clone_as(&self, name: &str, how: &[&str]) -> Git {
        let url = format!("file://{}", self.path().display());
        let mut arguments = vec!["clone", "-q"];
        arguments.extend(how);
        arguments.extend([&*url, name]);
        Git::new(self.home.path()).ask(&arguments);
        Git::new(&self.home.path().join(name))
    }

    /// Commits changed files on top of the ledger, as someone with the right to push would.
    fn tamper(&self, changes: &[(&str, Option<&str>)]) {
        let bare = self.bare();
        let mut stream = format!(
            "feature done\ncommit {REF}\ncommitter Eve <eve@example.org> 1800000000 +0000\ndata 0\n\nfrom {REF}^0\n"
        );
        for (path, content) in changes {
            match content {
                None => stream.push_str(&format!("D {path}\n")),
                Some(text) => stream.push_str(&format!(
                    "M 100644 inline {path}\ndata {}\n{text}\n",
                    text.len()
                )),
            }
        }
        stream.push_str("done\n");
        let answer = bare
            .run(&["fast-import", "--quiet"], stream.into_bytes())
            .unwrap();
        assert!(answer.is_success, "{}", answer.messages);
    }

    /// Returns a file of the ledger.
    fn file(&self, path: &str) -> Option<String> {
        let name = format!("{REF}:{path}");
        let answer = self
            .bare()
            .run(&["cat-file", "blob", &name], Vec::new())
            .unwrap();
        answer
            .is_success
            .then(|| String::from_utf8(answer.output).unwrap())
    }

    /// Returns the files of entries.
    fn segments(&self) -> Vec<String> {
        let listed = self
            .bare()
            .ask(&["ls-tree", "-r", "--name-only", REF, "entries/"]);
        listed.lines().map(str::to_owned).collect()
    }
}

fn key() -> SharedKey {
    let text = "5a".repeat(32);
    SharedKey::new(
        "the variable KEY",
        Arc::new(move || Ok(Some(Secret::new(text.clone())))),
    )
}

pub(crate) fn store(git: &Git) -> GitStore {
    GitStore::new("origin", Arc::new(git.clone()), key(), Arc::default())
}

/// A store on its own remote.
struct Own {
    remote: Remote,
    store: GitStore,
}

impl Own {
    /// Returns the file with an entry, and its lines.
    fn segment_of(&self, sequence: u64) -> (String, Vec<String>) {
        let mut last = None;
        for path in self.remote.segments() {
            let first: u64 = path
                .trim_start_matches("entries/")
                .replace('/', "")
                .parse()
                .unwrap();
            if first <= sequence {
                last = Some(path);
            }
        }
        let path = last.unwrap();
        let lines = self.remote.file(&path).unwrap();
        (path, lines.lines().map(str::to_owned).collect())
    }
}

impl Bench for Own {
    fn store(&self) -> &dyn Store {
        &self.store
    }

    fn suffer(&self, fault: Fault<'_>) -> bool {
        match fault {
            Fault::Line(sequence, line) => {
                let (path, lines) = self.segment_of(sequence);
                assert_eq!(lines.len(), 1);
                let digest = lines.concat();
                let digest = digest.split(' ').next().unwrap();
                self.remote
                    .tamper(&[(&path, Some(&format!("{digest} {line}\n")))]);
            }
            Fault::Cut(last) => {
                let segments = self.remote.segments();
                let above = segments.iter().filter(|path| {
                    let first: u64 = path
                        .trim_start_matches("entries/")
                        .replace('/', "")
                        .parse()
                        .unwrap();
                    first > last
                });
                let changes: Vec<_> = above.map(|path| (path.as_str(), None)).collect();
                self.remote.tamper(&changes);
            }
            Fault::Gone => self.remote.tamper(&[("entries", None), ("tokens", None)]),
            Fault::NoHead
                if self
                    .remote
                    .bare()
                    .ask(&["ls-tree", "--name-only", REF])
                    .contains("entries") =>
            {
                self.remote.tamper(&[("head", None)]);
            }
            // Without entries and head, the ref is still there: it is no new ledger.
            Fault::NoHead => return false,
            Fault::GarbledHead => self.remote.tamper(&[("head", Some("{"))]),
            Fault::Head(head) => {
                let text = serde_json::to_string(head).unwrap();
                self.remote.tamper(&[("head", Some(&text))]);
            }
            Fault::Object(digest) => {
                // Objects are pushed with the next append.
                let ledger = self.store.open_or_found("guestbook", time(0)).unwrap();
                ledger.append(time(1), &[lease("other", 1)], None).unwrap();
                let hex = digest.hex();
                let path = format!("objects/{}/{}", &hex[..2], &hex[2..]);
                assert!(self.remote.file(&path).is_some());
                self.remote.tamper(&[(&path, Some("other bytes"))]);
            }
            // The store of a dead holder is another one: see below.
            Fault::HolderDies(_) => return false,
        }
        // The store sees it at its next read of the remote.
        let _ = self.store.observe_lock(&EnvironmentName::new("staging"));
        true
    }
}

#[test]
fn the_git_store_passes_the_conformance_suite() {
    let template = Remote::new();
    conformance::check(&|| {
        let remote = template.copy();
        let store = store(&remote.clone_as("own", &[]));
        Box::new(Own { remote, store })
    });
}

/// Writers in several clones race for every push: nothing is lost, repeated or out of order.
#[test]
fn racing_clones_lose_and_repeat_nothing() {
    const WRITERS: u64 = 4;
    const EACH: u64 = 12;
    let remote = Remote::new();
    let stores: Vec<GitStore> = (0..WRITERS)
        .map(|number| store(&remote.clone_as(&format!("clone-{number}"), &[])))
        .collect();
    let mut promised: BTreeMap<u64, (String, u64)> = BTreeMap::new();
    thread::scope(|scope| {
        let writers: Vec<_> = stores
            .iter()
            .enumerate()
            .map(|(number, store)| {
                scope.spawn(move || {
                    // All of them found it, and one succeeds.
                    let ledger = store.open_or_found("guestbook", time(0)).unwrap();
                    let number = number as u64;
                    let append = |token| {
                        let record = record(number, token);
                        (ledger.append(time(1), &[record], None).unwrap(), token)
                    };
                    (number, (1..=EACH).map(append).collect::<Vec<_>>())
                })
            })
            .collect();
        for writer in writers {
            let (number, appended) = writer.join().unwrap();
            for (sequence, token) in appended {
                let of = (format!("environment-{number}"), token);
                assert_eq!(promised.insert(sequence, of), None);
            }
        }
    });
    let reader = store(&remote.clone_as("reader", &[]));
    let verification = reader.verify(&[]).unwrap();
    assert!(verification.is_whole(), "{:?}", verification.findings);
    assert_eq!(verification.complete, Completeness::Proven);
    assert_eq!(verification.entries, WRITERS * EACH + 1);
    let ledger = reader.open(Some("guestbook")).unwrap().unwrap();
    for entry in ledger.read(1).unwrap() {
        let Some(Record::LeaseTaken(taken)) = Record::decode(&entry.kind, &entry.body).unwrap()
        else {
            panic!("{}", entry.kind);
        };
        let of = (taken.environment.to_string(), taken.token);
        assert_eq!(promised.get(&entry.sequence), Some(&of));
    }
}

/// A lease costs two pushes: the lock travels with the entries.
#[test]
fn a_lease_costs_two_pushes_and_excludes_other_clones() {
    let remote = Remote::new();
    let (one, two) = (remote.clone_as("one", &[]), remote.clone_as("two", &[]));
    let (first, second) = (store(&one), store(&two));
    let ledger = first.open_or_found("guestbook", time(0)).unwrap();
    let other = second.open_or_found("guestbook", time(0)).unwrap();
    let clock = evenkeel_model::moment::FixedClock(time(5));
    let (staging, by) = (EnvironmentName::new("staging"), actor());
    let before = one.pushes.load(Ordering::SeqCst);
    let held = Lease::take(&first, &*ledger, &clock, &staging, &by, "apply", None).unwrap();
    held.confirm().unwrap();
    let refused = Lease::take(&second, &*other, &clock, &staging, &by, "apply", None)
        .err()
        .unwrap();
    assert!(matches!(refused, LedgerError::Held { .. }), "{refused}");
    assert!(matches!(
        second.observe_lock(&staging).unwrap(),
        Lock::Held(Some(_))
    ));
    // Another environment is free.
    let production = EnvironmentName::new("production");
    drop(Lease::take(&second, &*other, &clock, &production, &by, "apply", None).unwrap());
    let fence = held.fence().clone();
    ledger
        .append(time(6), &[record(7, 1)], Some(&fence))
        .unwrap();
    drop(held);
    assert_eq!(
        one.pushes.load(Ordering::SeqCst) - before,
        3 + 1,
        "one push lost a race"
    );
    assert_eq!(second.observe_lock(&staging).unwrap(), Lock::Free);
    drop(Lease::take(&second, &*other, &clock, &staging, &by, "apply", None).unwrap());
    assert!(second.verify(&[]).unwrap().is_whole());
}

/// A lock whose holder shows no life is free after a while, whatever the clocks say; one that shows life is not.
#[test]
fn the_lock_of_a_dead_holder_is_taken_over_without_comparing_clocks() {
    let remote = Remote::new();
    let next = store(&remote.clone_as("next", &[]));
    let ledger = next.open_or_found("guestbook", time(0)).unwrap();
    let (staging, by) = (EnvironmentName::new("staging"), actor());
    // The clock of the dead run was an hour ahead.
    let lock = |beat: u64| {
        format!(
            r#"{{"holder":{{"by":{{"name":"bob","host":"other","process":7}},"since":"{}","purpose":"apply"}},"name":"x","beat":{beat}}}"#,
            time(3600)
        )
    };
    remote.tamper(&[("locks/staging", Some(&lock(0)))]);
    let clock = evenkeel_model::moment::FixedClock(time(5));
    let take = || Lease::take(&next, &*ledger, &clock, &staging, &by, "apply", None);
    let refused = thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(Duration::from_secs(3));
            remote.tamper(&[("locks/staging", Some(&lock(1)))]);
        });
        take().err().unwrap()
    });
    assert!(matches!(refused, LedgerError::Held { .. }), "{refused}");
    let begun = Instant::now();
    drop(take().unwrap());
    assert!(begun.elapsed() >= Duration::from_secs(29));
    assert_eq!(next.observe_lock(&staging).unwrap(), Lock::Free);
}

/// What this clone has seen must stay: a remote that was rewritten, rolled back or emptied is refused on opening.
#[test]
fn a_rewritten_remote_is_refused_when_it_is_opened() {
    let remote = Remote::new();
    let own = remote.clone_as("own", &[]);
    let ledger = store(&own).open_or_found("guestbook", time(0)).unwrap();
    let first = remote.bare().ask(&["rev-parse", REF]);
    for token in 1..4 {
        ledger
            .append(time(1), &[lease("staging", token)], None)
            .unwrap();
    }
    let last = remote.bare().ask(&["rev-parse", REF]);
    let set = |commit: &str| remote.bare().ask(&["update-ref", REF, commit]);
    let outcomes = || {
        let opened = store(&own).open(Some("guestbook")).err();
        let founded = store(&own).open_or_found("guestbook", time(2)).err();
        [opened.unwrap(), founded.unwrap()]
    };
    // Rolled back to an earlier commit, as by a restored backup.
    set(&first);
    for error in outcomes() {
        assert!(matches!(error, LedgerError::Broken { .. }), "{error}");
        assert!(error.to_string().contains("was rewritten"), "{error}");
    }
    let verification = store(&own).verify(&[]).unwrap();
    assert!(!verification.is_whole());
    // Replaced by another history from the same beginning.
    let fork = remote.clone_as("fork", &[]);
    let forked = store(&fork).open_or_found("guestbook", time(0)).unwrap();
    forked
        .append(time(1), &[lease("production", 1)], None)
        .unwrap();
    for error in outcomes() {
        assert!(matches!(error, LedgerError::Broken { .. }), "{error}");
    }
    // Deleted.
    remote.bare().ask(&["update-ref", "-d", REF]);
    for error in outcomes() {
        assert!(matches!(error, LedgerError::Missing { .. }), "{error}");
    }
    set(&last);
    assert_eq!(
        store(&own)
            .open(None)
            .unwrap()
            .unwrap()
            .read(0)
            .unwrap()
            .len(),
        4
    );
    // A writer that has it open notices a rewritten remote at its next append.
    set(&first);
    let refused = ledger
        .append(time(9), &[lease("staging", 9)], None)
        .unwrap_err();
    assert!(matches!(refused, LedgerError::Broken { .. }), "{refused}");
}

/// git in a clone, where one command fails.
struct Failing {
    git: Git,
    command: &'static str,
}

impl GitProgram for Failing {
    fn run(&self, arguments: &[&str], input: Vec<u8>) -> Result<GitAnswer, String> {
        if arguments.first() != Some(&self.command) {
            return self.git.run(arguments, input);
        }
        Ok(GitAnswer {
            is_success: false,
            output: Vec::new(),
            messages: "fatal: unable to read the commit\n".to_owned(),
        })
    }
}

/// What git cannot find out is neither a rewritten remote nor a clone that has seen nothing.
#[test]
fn a_question_that_git_cannot_answer_is_an_error() {
    let remote = Remote::new();
    let (own, other) = (remote.clone_as("own", &[]), remote.clone_as("other", &[]));
    drop(store(&own).open_or_found("guestbook", time(0)).unwrap());
    let ledger = store(&other).open_or_found("guestbook", time(0)).unwrap();
    ledger
        .append(time(1), &[lease("staging", 1)], None)
        .unwrap();
    for command in ["rev-parse", "merge-base"] {
        let git = own.clone();
        let failing = Arc::new(Failing { git, command });
        let failing = GitStore::new("origin", failing, key(), Arc::default());
        let error = failing.open(Some("guestbook")).err().unwrap();
        assert!(
            matches!(error, LedgerError::Storage { .. }),
            "{command}: {error}"
        );
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert!(source.contains("unable to read the commit"), "{source}");
    }
    assert_eq!(
        store(&own)
            .open(None)
            .unwrap()
            .unwrap()
            .read(0)
            .unwrap()
            .len(),
        2
    );
}

/// A whole chain that was written again is found in the history of its files.
#[test]
fn entries_that_were_changed_consistently_are_found_in_the_history() {
    let remote = Remote::new();
    let own = remote.clone_as("own", &[]);
    let ledger = store(&own).open_or_found("guestbook", time(0)).unwrap();
    ledger
        .append(time(1), &[lease("staging", 1)], None)
        .unwrap();
    // The chain of another ledger with the same lineage is whole in itself.
    let other = Remote::new();
    let forged = other.clone_as("own", &[]);
    let forging = store(&forged).open_or_found("guestbook", time(0)).unwrap();
    forging
        .append(time(1), &[lease("staging", 1)], None)
        .unwrap();
    let files = ["entries/00/00/00/00/01", "entries/00/00/00/00/02", "head"];
    let contents: Vec<String> = files.iter().map(|path| other.file(path).unwrap()).collect();
    let changes: Vec<_> = files
        .iter()
        .zip(&contents)
        .map(|(path, content)| (*path, Some(content.as_str())))
        .collect();
    remote.tamper(&changes);
    let verification = store(&remote.clone_as("fresh", &[])).verify(&[]).unwrap();
    let findings: Vec<&str> = verification
        .findings
        .iter()
        .map(|each| each.what.as_str())
        .collect();
    assert_eq!(findings.len(), 2, "{findings:?}");
    assert!(findings[0].contains("a commit of its history changed `entries/00/00/00/00/01`"));
}

#[test]
fn shallow_clones_and_clones_without_contents_work() {
    let remote = Remote::new();
    let first = store(&remote.clone_as("whole", &[]));
    let ledger = first.open_or_found("guestbook", time(0)).unwrap();
    for token in 1..4 {
        ledger
            .append(time(1), &[lease("staging", token)], None)
            .unwrap();
    }
    let object = first.objects().put(b"evidence").unwrap();
    ledger
        .append(time(2), &[lease("staging", 4)], None)
        .unwrap();
    let bare = remote.bare();
    bare.ask(&["config", "uploadpack.allowFilter", "true"]);
    for (name, how) in [
        ("shallow", vec!["--depth=1"]),
        ("blobless", vec!["--filter=blob:none"]),
        ("treeless", vec!["--filter=tree:0"]),
    ] {
        let clone = remote.clone_as(name, &how);
        let own = store(&clone);
        let ledger = own.open_or_found("guestbook", time(0)).unwrap();
        let before = ledger.read(0).unwrap().len();
        ledger
            .append(time(3), &[lease(name, 1)], None)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(ledger.read(0).unwrap().len(), before + 1, "{name}");
        assert_eq!(own.objects().get(&object).unwrap().unwrap(), b"evidence");
        let verification = own.verify(&[]).unwrap();
        assert!(
            verification.is_whole(),
            "{name}: {:?}",
            verification.findings
        );
    }
}

#[test]
fn a_refused_push_and_a_missing_remote_are_named() {
    let remote = Remote::new();
    let own = remote.clone_as("own", &[]);
    let ledger = store(&own).open_or_found("guestbook", time(0)).unwrap();
    let hook = remote.path().join("hooks/pre-receive");
    fs::create_dir_all(hook.parent().unwrap()).unwrap();
    fs::write(
        &hook,
        "#!/bin/sh\necho 'only the pipeline may push' >&2\nexit 1\n",
    )
    .unwrap();
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(&hook, executable).unwrap();
    let refused = ledger
        .append(time(1), &[lease("staging", 1)], None)
        .unwrap_err();
    let source = std::error::Error::source(&refused).unwrap().to_string();
    assert!(source.contains("only the pipeline may push"), "{source}");
    assert_eq!(ledger.read(0).unwrap().len(), 1);
    fs::remove_file(&hook).unwrap();
    ledger
        .append(time(1), &[lease("staging", 1)], None)
        .unwrap();
    for name in ["upstream", "--upload-pack=touch /tmp/x", ""] {
        let other = GitStore::new(name, Arc::new(own.clone()), key(), Arc::default());
        let refused = other.open(None).err().unwrap();
        assert!(matches!(refused, LedgerError::Unusable { .. }), "{refused}");
    }
    let gone = GitStore::new("/nowhere/x.git", Arc::new(own), key(), Arc::default());
    assert!(matches!(
        gone.open(None).err().unwrap(),
        LedgerError::Storage { .. }
    ));
}

/// A team that signs its commits signs these too, and git alone reads the ledger.
#[test]
fn commits_are_signed_where_the_team_signs_and_git_alone_reads_the_ledger() {
    let remote = Remote::new();
    let own = remote.clone_as("own", &[]);
    let key = own.clone.join("key");
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-f"])
        .arg(&key)
        .status()
        .unwrap();
    assert!(made.success());
    own.ask(&["config", "commit.gpgsign", "true"]);
    own.ask(&["config", "gpg.format", "ssh"]);
    own.ask(&["config", "user.signingkey", &key.display().to_string()]);
    let signers = own.clone.join("signers");
    let public = fs::read_to_string(own.clone.join("key.pub")).unwrap();
    fs::write(&signers, format!("ada@example.org {public}")).unwrap();
    own.ask(&[
        "config",
        "gpg.ssh.allowedSignersFile",
        &signers.display().to_string(),
    ]);
    let ledger = store(&own).open_or_found("guestbook", time(0)).unwrap();
    ledger
        .append(time(1), &[lease("staging", 1)], None)
        .unwrap();
    own.ask(&["fetch", "-q", "origin", &format!("{REF}:refs/heads/ledger")]);
    for commit in own.ask(&["rev-list", "ledger"]).lines() {
        own.ask(&["verify-commit", commit]);
    }
    assert_eq!(
        own.ask(&["log", "--format=%s", "ledger"]),
        "staging: lease-taken\nFound the ledger of guestbook"
    );
    let second = own.ask(&["show", "ledger:entries/00/00/00/00/02"]);
    let (_, line) = second.split_once(' ').unwrap();
    assert!(line.contains(r#""kind":"lease-taken""#), "{line}");
}
