//! A shell session in a fresh home directory, with the program under test as `evenkeel`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::super::world::{PROGRAM, kill, processes_in};

/// A session: its directory, variables and last exit code are kept from command to command.
pub struct Shell {
    home: tempfile::TempDir,
    state: tempfile::TempDir,
    directory: PathBuf,
    code: i32,
}

impl Shell {
    /// An empty home directory, whose path is as long as the one that pages show.
    pub fn new() -> Self {
        let home = tempfile::Builder::new()
            .prefix("")
            .rand_bytes(4)
            .tempdir()
            .unwrap();
        let state = tempfile::Builder::new()
            .prefix("evenkeel-book-")
            .tempdir()
            .unwrap();
        fs::create_dir(state.path().join("bin")).unwrap();
        std::os::unix::fs::symlink(PROGRAM, state.path().join("bin/evenkeel")).unwrap();
        fs::write(state.path().join("variables"), "").unwrap();
        let directory = home.path().canonicalize().unwrap();
        Self {
            home,
            state,
            directory,
            code: 0,
        }
    }

    /// The home directory.
    pub fn home(&self) -> PathBuf {
        self.home.path().canonicalize().unwrap()
    }

    /// A path in the current directory.
    pub fn path(&self, path: &str) -> PathBuf {
        self.directory.join(path)
    }

    /// Runs a command line as a user types it. Returns what it printed, and its exit code.
    pub fn run(&mut self, command: &str) -> (String, i32) {
        let kept = |name: &str| self.state.path().join(name).display().to_string();
        let script = format!(
            "exec 2>&1\n. {variables}\n(exit {code})\n{command}\n__code=$?\npwd >{directory}\nexport -p >{variables}\nexit $__code\n",
            variables = kept("variables"),
            directory = kept("directory"),
            code = self.code,
        );
        let path = std::env::var("PATH").unwrap_or_default();
        let output = Command::new("timeout")
            .args(["--kill-after=5", "60", "sh", "-c", &script])
            .current_dir(&self.directory)
            .env_clear()
            .env("PATH", format!("{}:{path}", kept("bin")))
            .env("HOME", self.home())
            // As for an ordinary account: root would use a directory of the machine.
            .env("XDG_STATE_HOME", self.home().join(".local/state"))
            .env("LC_ALL", "C.UTF-8")
            .env("TZ", "UTC")
            .env("COLUMNS", "90")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        if let Ok(directory) = fs::read_to_string(kept("directory")) {
            self.directory = PathBuf::from(directory.trim_end());
        }
        self.code = output.status.code().unwrap_or(-1);
        (
            String::from_utf8_lossy(&output.stdout).into_owned(),
            self.code,
        )
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        // Only processes in this directory, which is ours alone.
        kill(&processes_in(Path::new(&self.home())));
    }
}
