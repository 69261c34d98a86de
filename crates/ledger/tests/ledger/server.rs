//! A real PostgreSQL server on this machine's loopback interface, for one test.
//!
//! It ends with the test, even with one that is killed.

use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// The account that runs the server, since it refuses to run as root.
const ACCOUNT: &str = "postgres";

/// A running server.
pub(crate) struct Server {
    home: tempfile::TempDir,
    data: PathBuf,
    pub(crate) port: u16,
    process: Option<Child>,
}

/// Returns the folder of the server's programs; `None` when it is not installed.
fn programs() -> Option<PathBuf> {
    let mut versions: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().join("bin"))
        .filter(|path| path.join("initdb").is_file())
        .collect();
    versions.sort();
    versions.pop()
}

/// Returns the processes that another one started.
fn children(of: u32) -> Vec<rustix::process::Pid> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let name = entry.file_name();
        let number = name.to_str().and_then(|name| name.parse().ok());
        let status = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        // "NUMBER (NAME) STATE PARENT": a name may contain anything.
        let parent = status
            .rsplit_once(") ")
            .and_then(|(_, rest)| rest.split(' ').nth(1)?.parse().ok());
        if parent == Some(of) {
            found.extend(number.and_then(rustix::process::Pid::from_raw));
        }
    }
    found
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Gives a file to the account of the server.
pub(crate) fn give(path: &Path) {
    if is_root() {
        let given = Command::new("chown").arg(ACCOUNT).arg(path).status();
        assert!(given.unwrap().success());
    }
}

impl Server {
    /// Starts a new server with further lines of configuration; `None`, after a loud note, when it is not installed.
    pub(crate) fn start(configuration: &[&str]) -> Option<Self> {
        let home = tempfile::Builder::new()
            .prefix("evenkeel-pg-")
            .tempdir()
            .unwrap();
        let data = home.path().join("data");
        Self::found(home, data, &["--no-sync"], configuration)
    }

    /// Starts one with its data, or only with its log, in this directory, which it makes.
    pub(crate) fn start_at(data: Option<&Path>, log: Option<&Path>) -> Option<Self> {
        let home = tempfile::Builder::new()
            .prefix("evenkeel-pg-")
            .tempdir()
            .unwrap();
        let own = |name: &str| home.path().join(name);
        let (data, log) = (
            data.map_or_else(|| own("data"), Path::to_owned),
            log.map_or_else(|| own("log"), Path::to_owned),
        );
        fs::create_dir(&log).unwrap();
        give(&log);
        let log = log.display().to_string();
        // Nothing is removed from a small log before the disk is full.
        let configuration = ["max_wal_size = 1GB"];
        let initdb = ["--wal-segsize", "1", "--waldir", &log];
        Self::found(home, data, &initdb, &configuration)
    }

    fn found(
        home: tempfile::TempDir,
        data: PathBuf,
        initdb: &[&str],
        configuration: &[&str],
    ) -> Option<Self> {
        let Some(programs) = programs() else {
            println!("SKIPPED: PostgreSQL is missing (apt-get install postgresql)");
            return None;
        };
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o755)).unwrap();
        fs::create_dir(&data).unwrap();
        fs::set_permissions(&data, fs::Permissions::from_mode(0o700)).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let mut server = Self {
            home,
            data,
            port,
            process: None,
        };
        give(&server.data);
        let made = server
            .program(&programs.join("initdb"))
            .arg("-D")
            .arg(&server.data)
            .args([
                "-U",
                ACCOUNT,
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--locale=C.UTF-8",
            ])
            .arg("--no-instructions")
            .args(initdb)
            .stdout(Stdio::null())
            .status();
        assert!(made.unwrap().success(), "initdb failed");
        server.configure(&[
            "listen_addresses = '127.0.0.1'",
            "unix_socket_directories = ''",
            "shared_buffers = 16MB",
            "max_connections = 200",
            "log_min_messages = fatal",
        ]);
        server.configure(configuration);
        server.run();
        Some(server)
    }

    /// Adds lines to its configuration, which it reads when it starts.
    pub(crate) fn configure(&self, lines: &[&str]) {
        let mut file = fs::OpenOptions::new()
            .append(true)
            .open(self.data.join("postgresql.conf"))
            .unwrap();
        for line in lines {
            writeln!(file, "{line}").unwrap();
        }
    }

    /// Returns the folder that the server may write to.
    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    /// Runs the server until it answers.
    pub(crate) fn run(&mut self) {
        let begun = Instant::now();
        while self.connect("postgres").is_err() {
            assert!(begun.elapsed() < Duration::from_mins(1), "no server");
            // It refuses to start as long as a process of its predecessor lives.
            let is_running = self
                .process
                .as_mut()
                .is_some_and(|process| process.try_wait().is_ok_and(|ended| ended.is_none()));
            if !is_running {
                self.process = self.spawn();
            }
            thread::sleep(Duration::from_millis(30));
        }
    }

    fn spawn(&self) -> Option<Child> {
        let child = self
            .program(&programs()?.join("postgres"))
            .arg("-D")
            .arg(&self.data)
            .args(["-p", &self.port.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        Some(child.unwrap())
    }

    /// Kills the server and all its processes, like a power cut of them: no connection is closed in an orderly way.
    pub(crate) fn kill(&mut self) {
        let Some(mut process) = self.process.take() else {
            return;
        };
        // No new process begins when the first one is stopped.
        let first = rustix::process::Pid::from_child(&process);
        let _ = rustix::process::kill_process(first, rustix::process::Signal::STOP);
        for each in children(process.id()) {
            let _ = rustix::process::kill_process(each, rustix::process::Signal::KILL);
        }
        let _ = process.kill();
        let _ = process.wait();
    }

    /// Returns a client of the superuser, in this database.
    pub(crate) fn connect(&self, database: &str) -> Result<postgres::Client, postgres::Error> {
        Self::connect_at(self.port, database)
    }

    /// Returns a client of the superuser at a port, which may be one of a pooler.
    pub(crate) fn connect_at(
        port: u16,
        database: &str,
    ) -> Result<postgres::Client, postgres::Error> {
        postgres::Config::new()
            .host("127.0.0.1")
            .port(port)
            .user(ACCOUNT)
            .dbname(database)
            .connect_timeout(Duration::from_secs(5))
            .connect(postgres::NoTls)
    }

    /// Returns the address for an account.
    pub(crate) fn address(&self, account: &str) -> String {
        format!("postgres://{account}@127.0.0.1:{}/postgres", self.port)
    }

    /// Returns a program that runs as the server's account and dies with this thread.
    pub(crate) fn program(&self, path: &Path) -> Command {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "QUIT"]);
        if is_root() {
            command.args(["--reuid", ACCOUNT, "--regid", ACCOUNT, "--init-groups"]);
        }
        command
            .arg(path)
            .env("HOME", self.home.path())
            .env("TZ", "UTC");
        command
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}
