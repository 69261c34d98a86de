//! A throwaway copy of this machine's root with an agent in it: an overlay in memory, in its own namespaces of mounts and
//! processes. Tests of what belongs to a whole machine, such as its accounts, run there and change nothing here.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};

use evenkeel_host::wire::client::Client;
use evenkeel_host::{Action, ActionError, Answer, Interruption, Observer as _, Query, Target as _};
use evenkeel_host::{Materials, Performed};
use evenkeel_model::Sealer;

use super::agent::AGENT;

/// Makes the root and becomes the agent. Arguments: directory, agent, lines to run in the root before.
const START: &str = r#"set -eu
dir=$1
mount -t tmpfs -o size=64m tmpfs "$dir"
mkdir "$dir/changes" "$dir/work" "$dir/root"
mount -t overlay overlay -o lowerdir=/,upperdir="$dir/changes",workdir="$dir/work" "$dir/root"
cd "$dir/root"
mount -t proc proc proc
mount --rbind /dev dev
mount -t tmpfs tmpfs run
mount -t tmpfs tmpfs tmp
touch run/agent
mount --bind "$2" run/agent
chroot . sh -euc "$3" >&2
exec chroot . /run/agent
"#;

/// An agent in such a root.
pub struct Root {
    client: Option<Client<ChildStdout, ChildStdin>>,
    child: Child,
    pub sealer: Sealer,
    _directory: tempfile::TempDir,
}

/// Returns whether such roots can be made here; prints a note otherwise.
pub fn possible(programs: &[&str]) -> bool {
    if !rustix::process::geteuid().is_root() {
        eprintln!("SKIPPED: only root can make a copy of the root: this test did not run");
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

impl Root {
    /// Starts one, with lines of a shell to run in it before.
    pub fn start(before: &str) -> Self {
        let directory = tempfile::Builder::new()
            .prefix("evenkeel-root-")
            .tempdir()
            .unwrap();
        let mut child = Command::new("unshare")
            .args(["--mount", "--pid", "--fork", "--kill-child"])
            .args(["sh", "-c", START, "sh"])
            .arg(directory.path())
            .args([AGENT, before])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let sealer = Sealer::new([7; 32]);
        let (reader, writer) = (child.stdout.take().unwrap(), child.stdin.take().unwrap());
        let client = Some(Client::open(reader, writer, &sealer).unwrap());
        Self {
            client,
            child,
            sealer,
            _directory: directory,
        }
    }

    pub fn ask(&self, queries: &[Query]) -> Vec<Answer> {
        self.client.as_ref().unwrap().observe(queries)
    }

    pub fn ask_one(&self, query: impl Into<Query>) -> Answer {
        self.ask(&[query.into()]).pop().unwrap()
    }

    pub fn act(
        &self,
        action: impl Into<Action>,
        materials: &dyn Materials,
    ) -> Result<Performed, ActionError> {
        let client = self.client.as_ref().unwrap();
        client
            .perform(&[action.into()], materials, &Interruption::default())
            .pop()
            .unwrap()
    }

    /// The number of its first process on this machine.
    fn first_process(&self) -> u32 {
        let children = format!("/proc/{0}/task/{0}/children", self.child.id());
        let children = fs::read_to_string(children).unwrap();
        children.split_whitespace().next().unwrap().parse().unwrap()
    }

    /// Returns a path of it, as this machine reaches it.
    pub fn path(&self, path: &str) -> PathBuf {
        let root = format!("/proc/{}/root", self.first_process());
        Path::new(&root).join(path.trim_start_matches('/'))
    }

    /// Starts a shell in it.
    pub fn shell(&self, script: &str) -> Command {
        let mut command = Command::new("nsenter");
        command
            .args(["--target", &self.first_process().to_string()])
            .args(["--mount", "--pid", "--root"])
            .args(["env", "--chdir=/", "sh", "-c", script]);
        command
    }

    /// Runs lines of a shell in it, which must succeed.
    pub fn run(&self, script: &str) -> String {
        let Output { status, stdout, .. } = self.shell(script).output().unwrap();
        let printed = String::from_utf8_lossy(&stdout).into_owned();
        assert!(status.success(), "{script}: {printed}");
        printed
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        drop(self.client.take().map(Client::close));
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
