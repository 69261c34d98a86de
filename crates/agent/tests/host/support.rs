//! Shared test support: a temporary home, materials by digest, and short forms of queries and actions.

use std::collections::HashMap;
use std::fs;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use evenkeel_host::{
    Action, ActionError, Answer, Interruption, LocalTarget, Materials, PathState, Performed,
    ProcessState, Query, Ready, Target, path, process,
};
use evenkeel_model::{Digest, Sealer};

use super::agent::{AGENT, AgentTarget};

/// Longer than any operation on the busiest machine, so that only a hang exceeds it.
pub const HANGS: Duration = Duration::from_mins(2);

/// The place of execution: in this process, or in an agent.
pub trait Way {
    /// Whether it notices that its starter was killed and then stops processes that are not ready.
    const NOTICES: bool;

    fn target(sealer: &Sealer) -> Box<dyn Target>;
}

/// In this process.
pub struct Here;

impl Way for Here {
    const NOTICES: bool = false;

    fn target(sealer: &Sealer) -> Box<dyn Target> {
        Box::new(LocalTarget::new(sealer.clone(), PathBuf::from(AGENT)))
    }
}

/// In an agent, over pipes.
pub struct Remote;

impl Way for Remote {
    const NOTICES: bool = true;

    fn target(sealer: &Sealer) -> Box<dyn Target> {
        Box::new(AgentTarget::start(sealer))
    }
}

/// A temporary directory, reached through no link, and the target that works in it.
pub struct Fixture<W> {
    pub target: Box<dyn Target>,
    pub sealer: Sealer,
    pub interruption: Interruption,
    home: Home,
    way: PhantomData<W>,
}

enum Home {
    Ours(tempfile::TempDir),
    Theirs(PathBuf),
}

impl<W: Way> Fixture<W> {
    pub const NOTICES: bool = W::NOTICES;

    pub fn new() -> Self {
        let home = tempfile::Builder::new()
            .prefix("evenkeel-target-")
            .tempdir()
            .unwrap();
        let sealer = Sealer::new([7; 32]);
        Self {
            target: W::target(&sealer),
            sealer,
            interruption: Interruption::default(),
            home: Home::Ours(home),
            way: PhantomData,
        }
    }

    /// Uses a home that another process created and keeps.
    pub fn at(home: &str) -> Self {
        Self {
            home: Home::Theirs(home.into()),
            ..Self::new()
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        match &self.home {
            Home::Ours(home) => home.path().canonicalize().unwrap().join(name),
            Home::Theirs(home) => home.join(name),
        }
    }

    pub fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    pub fn ask(&self, query: Query) -> Answer {
        self.target.observe(&[query]).pop().unwrap()
    }

    pub fn look(&self, name: &str) -> PathState {
        match self.ask(query(&self.text(name))) {
            Answer::Path(path::Answer { standing, .. }) => standing,
            other => panic!("{other:?}"),
        }
    }

    pub fn act(&self, action: Action, store: &Store) -> Result<Performed, ActionError> {
        self.target
            .perform(&[action], store, &self.interruption)
            .pop()
            .unwrap()
    }

    pub fn process(&self, ready: Option<Ready>) -> ProcessState {
        self.process_of(self.text("app.json"), ready)
    }

    pub fn process_of(&self, record: String, ready: Option<Ready>) -> ProcessState {
        match self.ask(Query::Process(process::Query { record, ready })) {
            Answer::Process(process::Answer { state }) => state,
            other => panic!("{other:?}"),
        }
    }

    pub fn names(&self, name: &str) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(self.path(name))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

/// Bytes and artifacts by digest.
#[derive(Default)]
pub struct Store {
    contents: HashMap<Digest, Arc<[u8]>>,
    artifacts: HashMap<Digest, PathBuf>,
}

impl Store {
    pub fn add(&mut self, bytes: &[u8]) -> Digest {
        let digest = Digest::of(bytes);
        self.contents.insert(digest, bytes.into());
        digest
    }

    pub fn add_sealed(&mut self, sealer: &Sealer, bytes: &[u8]) -> Digest {
        let digest = sealer.seal(bytes);
        self.contents.insert(digest, bytes.into());
        digest
    }

    pub fn artifact(&mut self, path: &Path) -> Digest {
        let digest = evenkeel_host::tree_digest(path).unwrap().digest;
        self.artifacts.insert(digest, path.to_owned());
        digest
    }
}

impl Materials for Store {
    fn content(&self, digest: &Digest) -> Option<Arc<[u8]>> {
        self.contents.get(digest).cloned()
    }

    fn artifact(&self, digest: &Digest) -> Option<PathBuf> {
        self.artifacts.get(digest).cloned()
    }
}

pub fn query(path: &str) -> Query {
    Query::Path(path::Query {
        path: path.to_owned(),
        text_unless: None,
        sealed: false,
    })
}

pub fn file(path: &str, content: Digest, expected: PathState) -> Action {
    Action::File(path::File {
        path: path.to_owned(),
        content,
        sealed: false,
        mode: 0o640,
        owner: None,
        group: None,
        validate: Vec::new(),
        expected,
    })
}

/// Mounts a small tmpfs; prints a message and returns `None` where that is not permitted.
pub fn small_disk(at: &Path, options: &str) -> Option<Mounted> {
    fs::create_dir_all(at).unwrap();
    let mounted = std::process::Command::new("mount")
        .args(["-t", "tmpfs", "-o", options, "tmpfs"])
        .arg(at)
        .status()
        .is_ok_and(|status| status.success());
    if !mounted {
        eprintln!("SKIPPED: mounting a tmpfs is not permitted here");
    }
    mounted.then(|| Mounted(at.to_owned()))
}

pub struct Mounted(PathBuf);

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount")
            .arg("-l")
            .arg(&self.0)
            .status();
    }
}

/// A guard that signals the end to other threads, even when the test fails.
pub struct Over<'a>(pub &'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
