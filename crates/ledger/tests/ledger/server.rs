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

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

impl Server {
    /// Starts a new server with further lines of configuration; `None`, after a loud note, when it is not installed.
    pub(crate) fn start(configuration: &[&str]) -> Option<Self> {
        let Some(programs) = programs() else {
            println!("SKIPPED: PostgreSQL is missing (apt-get install postgresql)");
            return None;
        };
        let home = tempfile::Builder::new()
            .prefix("evenkeel-pg-")
            .tempdir()
            .unwrap();
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let data = home.path().join("data");
        fs::create_dir(&data).unwrap();
        fs::set_permissions(&data, fs::Permissions::from_mode(0o700)).unwrap();
        if is_root() {
            let given = Command::new("chown").args([ACCOUNT]).arg(&data).status();
            assert!(given.unwrap().success());
        }
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let mut server = Self {
            home,
            port,
            process: None,
        };
        let made = server
            .program(&programs.join("initdb"))
            .arg("-D")
            .arg(&data)
            .args([
                "-U",
                ACCOUNT,
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--locale=C.UTF-8",
            ])
            .args(["--no-sync", "--no-instructions"])
            .stdout(Stdio::null())
            .status();
        assert!(made.unwrap().success(), "initdb failed");
        let mut file = fs::OpenOptions::new()
            .append(true)
            .open(data.join("postgresql.conf"))
            .unwrap();
        let lines = [
            "listen_addresses = '127.0.0.1'",
            "unix_socket_directories = ''",
            "shared_buffers = 16MB",
            "max_connections = 200",
            "log_min_messages = fatal",
        ];
        for line in lines.iter().chain(configuration) {
            writeln!(file, "{line}").unwrap();
        }
        drop(file);
        server.run();
        Some(server)
    }

    /// Returns the folder that the server may write to.
    pub(crate) fn data(&self) -> PathBuf {
        self.home.path().join("data")
    }

    /// Runs the server until it answers.
    pub(crate) fn run(&mut self) {
        let Some(programs) = programs() else {
            return;
        };
        let child = self
            .program(&programs.join("postgres"))
            .arg("-D")
            .arg(self.data())
            .args(["-p", &self.port.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        self.process = Some(child);
        let begun = Instant::now();
        while self.connect("postgres").is_err() {
            assert!(begun.elapsed() < Duration::from_mins(1), "no server");
            thread::sleep(Duration::from_millis(30));
        }
    }

    /// Kills the server like a power cut of its process: no connection is closed in an orderly way.
    pub(crate) fn kill(&mut self) {
        // The group contains its backends.
        if let Some(mut process) = self.process.take() {
            let group = i32::try_from(process.id())
                .ok()
                .and_then(rustix::process::Pid::from_raw);
            if let Some(group) = group {
                let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
            }
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// Returns a client of the superuser, in this database.
    pub(crate) fn connect(&self, database: &str) -> Result<postgres::Client, postgres::Error> {
        postgres::Config::new()
            .host("127.0.0.1")
            .port(self.port)
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
    fn program(&self, path: &Path) -> Command {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "QUIT"]);
        if is_root() {
            command.args(["--reuid", ACCOUNT, "--regid", ACCOUNT, "--init-groups"]);
        }
        command
            .arg(path)
            .env("HOME", self.home.path())
            .env("TZ", "UTC");
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        command
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}
