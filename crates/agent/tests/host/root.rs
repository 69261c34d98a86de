//! A throwaway copy of this machine's root, in which an agent runs: for tests of what belongs to a whole system.
//!
//! The root is an overlay whose changes are in memory, in its own namespaces of mounts and processes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use evenkeel_host::wire::client::Client;
use evenkeel_host::{
    Action, ActionError, Answer, Interruption, Materials, Observer, Performed, Query, Target,
};
use evenkeel_model::Sealer;

use super::agent::AGENT;
use super::support::Store;

/// What makes the root and starts the agent. Arguments: directory, agent, lines to run before with the root as working
/// directory, lines to run in it after them, and the size of its disk.
const START: &str = r#"set -eu
dir=$1 agent=$2
mount -t tmpfs -o "size=$5" tmpfs "$dir/disk"
mkdir "$dir/disk/changes" "$dir/disk/work" "$dir/root"
mount -t overlay overlay -o lowerdir=/,upperdir="$dir/disk/changes",workdir="$dir/disk/work" "$dir/root"
cd "$dir/root"
mount -t proc proc proc
mount --rbind /dev dev
mount -t tmpfs tmpfs run
touch evenkeel-agent
mount --bind "$agent" evenkeel-agent
eval "$3"
[ -z "$4" ] || chroot . sh -euc "$4" >&2
exec chroot . /evenkeel-agent
"#;

type Connection = Client<std::process::ChildStdout, std::process::ChildStdin>;

/// Returns whether such roots can be made here and have these programs; prints a note otherwise.
pub fn possible(programs: &[&str]) -> bool {
    if !rustix::process::geteuid().is_root() {
        eprintln!("SKIPPED: only root can start a copy of this machine's root");
        return false;
    }
    for program in programs {
        let places = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"];
        if !places
            .iter()
            .any(|place| Path::new(place).join(program).exists())
        {
            eprintln!("SKIPPED: `{program}` is missing: this test did not run");
            return false;
        }
    }
    true
}

/// A root with an agent.
pub struct Root {
    agent: Child,
    client: Option<Connection>,
    pub sealer: Sealer,
    _directory: tempfile::TempDir,
}

impl Root {
    /// Starts one after running lines of a shell in its root, which is the working directory. `None` with a note where
    /// that is not possible.
    pub fn start(before: &str) -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            eprintln!("SKIPPED: only root can start a copy of this machine's root");
            return None;
        }
        Some(Self::start_with(&["--mount", "--pid"], [before, "", "50%"]))
    }

    /// The same, without the network of this machine.
    pub fn start_without_network(before: &str) -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            eprintln!("SKIPPED: only root can start a copy of this machine's root");
            return None;
        }
        let namespaces = ["--mount", "--pid", "--net"];
        Some(Self::start_with(&namespaces, [before, "", "50%"]))
    }

    /// Starts one with a small disk after running lines of a shell in it; see [`possible`].
    pub fn started(inside: &str) -> Self {
        let before = "mount -t tmpfs tmpfs tmp";
        Self::start_with(&["--mount", "--pid"], [before, inside, "64m"])
    }

    fn start_with(namespaces: &[&str], lines: [&str; 3]) -> Self {
        let directory = tempfile::Builder::new()
            .prefix("evenkeel-root-")
            .tempdir()
            .unwrap();
        fs::create_dir(directory.path().join("disk")).unwrap();
        let log = fs::File::create(directory.path().join("log")).unwrap();
        let mut agent = Command::new("unshare")
            .args(namespaces)
            .args(["--fork", "--kill-child", "sh", "-c", START, "sh"])
            .arg(directory.path())
            .arg(AGENT)
            .args(lines)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let (reader, writer) = (agent.stdout.take().unwrap(), agent.stdin.take().unwrap());
        let sealer = Sealer::new([7; 32]);
        let client = Client::open(reader, writer, &sealer);
        let client = client.unwrap_or_else(|error| {
            let log = fs::read_to_string(directory.path().join("log")).unwrap_or_default();
            panic!("the root does not start: {error:?}: {log}")
        });
        Self {
            agent,
            client: Some(client),
            sealer,
            _directory: directory,
        }
    }

    fn client(&self) -> &Connection {
        self.client.as_ref().unwrap()
    }

    /// The number of its first process on this machine.
    fn first_process(&self) -> String {
        let children = format!("/proc/{0}/task/{0}/children", self.agent.id());
        let children = fs::read_to_string(children).unwrap();
        children.split_whitespace().next().unwrap().to_owned()
    }

    /// Returns a path of it, as this machine reaches it.
    pub fn path(&self, path: &str) -> PathBuf {
        Path::new(&format!("/proc/{}/root", self.first_process()))
            .join(path.trim_start_matches('/'))
    }

    /// Reads one of its files as text.
    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Returns a command that runs lines of a shell in it.
    pub fn command(&self, script: &str) -> Command {
        let mut command = Command::new("nsenter");
        command
            .args(["--mount", "--pid", "--net", "--root", "--wd", "--target"])
            .args([&self.first_process(), "--", "/bin/sh", "-c", script])
            .stdin(Stdio::null());
        command
    }

    /// Runs lines of a shell in it, which must succeed; returns what they print.
    pub fn shell(&self, script: &str) -> String {
        let Output {
            status,
            stdout,
            stderr,
        } = self.command(script).output().unwrap();
        let printed = String::from_utf8_lossy(&stdout).into_owned();
        assert!(
            status.success(),
            "{script}: {status}: {printed}{}",
            String::from_utf8_lossy(&stderr)
        );
        printed
    }

    pub fn ask(&self, query: Query) -> Answer {
        self.client().observe(&[query]).pop().unwrap()
    }

    pub fn ask_one(&self, query: impl Into<Query>) -> Answer {
        self.ask(query.into())
    }

    pub fn act_with(
        &self,
        action: impl Into<Action>,
        materials: &dyn Materials,
    ) -> Result<Performed, ActionError> {
        let actions = [action.into()];
        let mut done = self
            .client()
            .perform(&actions, materials, &Interruption::default());
        done.pop().unwrap()
    }

    pub fn ask_all(&self, queries: &[Query]) -> Vec<Answer> {
        self.client().observe(queries)
    }

    pub fn act(&self, action: Action) -> Result<Performed, ActionError> {
        self.act_all(&[action]).pop().unwrap()
    }

    pub fn act_all(&self, actions: &[Action]) -> Vec<Result<Performed, ActionError>> {
        self.act_until(actions, &Interruption::default())
    }

    pub fn act_until(
        &self,
        actions: &[Action],
        interruption: &Interruption,
    ) -> Vec<Result<Performed, ActionError>> {
        self.client()
            .perform(actions, &Store::default(), interruption)
    }

    /// Waits until something is so.
    pub fn wait(&self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let begun = Instant::now();
        while !is_so(self) {
            assert!(begun.elapsed() < Duration::from_secs(30), "never: {what}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        let _ = self.client.take().map(Client::close);
        let _ = self.agent.kill();
        let _ = self.agent.wait();
    }
}
