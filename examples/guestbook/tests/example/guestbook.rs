//! A running guestbook: started in a temporary folder on a free port, killed on drop.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use crate::programs::example;

pub const TOKEN: &str = "a-token-for-tests-only";
const PATIENCE: Duration = Duration::from_mins(2);

/// A folder with a configuration file and, after the first run, a database.
pub struct Home {
    folder: TempDir,
}

impl Home {
    pub fn new() -> Self {
        let home = Self {
            folder: TempDir::new().expect("a temporary folder is created"),
        };
        home.configure(&configuration("127.0.0.1:0", "info"));
        home
    }

    pub fn configure(&self, text: &str) {
        fs::write(self.config(), text).expect("the configuration is written");
    }

    pub fn config(&self) -> PathBuf {
        self.folder.path().join("guestbook.toml")
    }

    pub fn database(&self) -> PathBuf {
        self.folder.path().join("guestbook.db")
    }

    /// Runs the guestbook to its end, which is soon when it cannot start.
    pub fn run(&self) -> Output {
        let child = example("guestbook")
            .arg("--config")
            .arg(self.config())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the guestbook starts");
        let mut child = KilledOnDrop(child);
        wait(&mut child.0);
        let read = |stream: &mut dyn std::io::Read| {
            let mut bytes = Vec::new();
            stream.read_to_end(&mut bytes).expect("the output is read");
            bytes
        };
        Output {
            status: child.0.wait().expect("the guestbook has ended"),
            stdout: read(child.0.stdout.as_mut().expect("the output is piped")),
            stderr: read(child.0.stderr.as_mut().expect("the errors are piped")),
        }
    }
}

pub fn configuration(listen: &str, log_level: &str) -> String {
    format!(
        "listen = \"{listen}\"\ndatabase = \"guestbook.db\"\nworkers = 2\nlog-level = \"{log_level}\"\n\
         moderator-token = \"{TOKEN}\"\n"
    )
}

struct KilledOnDrop(Child);

impl Drop for KilledOnDrop {
    fn drop(&mut self) {
        // It has already ended when the test passed.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub struct Guestbook {
    child: KilledOnDrop,
    lines: Receiver<String>,
    pub log: Vec<Value>,
    pub address: SocketAddr,
    pub home: Home,
}

impl Guestbook {
    pub fn start() -> Self {
        Self::start_in(Home::new())
    }

    /// Starts it and waits until it logs its address.
    pub fn start_in(home: Home) -> Self {
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut guestbook = Self::spawn(home, nowhere);
        let line = guestbook.wait_for_event("listening");
        guestbook.address = line["detail"]
            .as_str()
            .and_then(|text| text.parse().ok())
            .expect("an address");
        guestbook
    }

    /// Starts one that does not log its address, and waits until it accepts connections.
    pub fn start_quietly_in(home: Home, address: SocketAddr) -> Self {
        let guestbook = Self::spawn(home, address);
        let end = Instant::now() + PATIENCE;
        while std::net::TcpStream::connect(address).is_err() {
            assert!(Instant::now() < end, "no answer at {address}");
            std::thread::sleep(Duration::from_millis(5));
        }
        guestbook
    }

    /// The working directory is unrelated to its files.
    fn spawn(home: Home, address: SocketAddr) -> Self {
        let mut child = example("guestbook")
            .arg("--config")
            .arg(home.config())
            .current_dir(Path::new("/"))
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("the guestbook starts");
        let output = child.stdout.take().expect("the output is piped");
        let child = KilledOnDrop(child);
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Self {
            child,
            lines,
            log: Vec::new(),
            address,
            home,
        }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn wait_for_event(&mut self, event: &str) -> Value {
        self.wait_for(|line| line["event"] == event)
    }

    /// Reads the log up to the expected line.
    pub fn wait_for(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let line = self
                .lines
                .recv_timeout(PATIENCE)
                .expect("the log line comes");
            let line: Value = serde_json::from_str(&line).expect("every log line is JSON");
            self.log.push(line.clone());
            if wanted(&line) {
                return line;
            }
        }
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child.0), signal).expect("the guestbook runs");
    }

    /// Waits for the end and reads the rest of the log.
    pub fn ended(&mut self) -> ExitStatus {
        let status = wait(&mut self.child.0);
        let rest = self
            .lines
            .iter()
            .map(|line| serde_json::from_str(&line).expect("every log line is JSON"));
        self.log.extend(rest);
        status
    }
}

fn wait(child: &mut Child) -> ExitStatus {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(status) = child.try_wait().expect("the process can be asked") {
            return status;
        }
        assert!(Instant::now() < end, "the process is still running");
        std::thread::sleep(Duration::from_millis(5));
    }
}
