//! `drift --every`: checks as a service, with a status file, metrics and health.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::world::{HANGS, TestWorld};

/// A running service.
struct Service {
    child: Child,
    address: String,
    lines: std::sync::mpsc::Receiver<String>,
}

impl Service {
    fn start(world: &TestWorld, more: &[&str]) -> Self {
        let mut child = world
            .command(&[
                "drift",
                "staging",
                "--live",
                "--every",
                "1s",
                "--listen=127.0.0.1:0",
            ])
            .args(["--status", "status.json"])
            .args(more)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, lines) = std::sync::mpsc::channel();
        let out = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let mut service = Self {
            child,
            address: String::new(),
            lines,
        };
        let line = service.says("metrics at http://");
        let address = line.split("http://").nth(1).unwrap();
        address
            .trim_end_matches("/metrics")
            .clone_into(&mut service.address);
        service
    }

    /// Waits for a line with these words.
    fn says(&self, words: &str) -> String {
        let begun = Instant::now();
        let mut seen = Vec::new();
        while begun.elapsed() < HANGS {
            match self.lines.recv_timeout(Duration::from_secs(1)) {
                Ok(line) if line.contains(words) => return line,
                Ok(line) => seen.push(line),
                Err(_) => {}
            }
        }
        panic!("never said {words:?}: {seen:#?}");
    }

    fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    }

    fn end(mut self) -> Option<i32> {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, Signal::TERM).unwrap();
        self.child.wait().unwrap().code()
    }
}

#[test]
fn a_service_says_what_is_new_and_serves_what_it_found() {
    let world = TestWorld::small();
    world.expect(0, &["apply", "staging"]);
    let service = Service::start(&world, &[]);
    service.says("nothing new, 0 findings, exit code 0");
    let metrics = service.get("/metrics");
    assert!(metrics.contains("evenkeel_in_sync{system="), "{metrics}");
    assert!(
        metrics.contains("evenkeel_watch_observation_stale{environment=\"staging\"} 0\n"),
        "{metrics}"
    );
    assert!(service.get("/healthz").ends_with("ok\n"));

    world.write("run/staging/config.toml", "changed = true\n");
    service.says("file.config");
    service.says("nothing new");
    let status: serde_json::Value = serde_json::from_str(&world.read("status.json")).unwrap();
    assert_eq!(status["exit-code"], 2);
    assert_eq!(status["environments"]["staging"]["in-sync"], false);
    assert_eq!(status["environments"]["staging"]["stale"], false);
    assert_eq!(service.end(), Some(143));
}

#[test]
fn an_environment_that_cannot_be_read_for_too_long_is_unhealthy() {
    let world = TestWorld::small();
    world.expect(0, &["apply", "staging"]);
    // What is in the way of a file cannot be read as one of its parts.
    let service = Service::start(&world, &["--max-age=3s"]);
    service.says("nothing new");
    let blocked = world.path("run/staging");
    std::fs::rename(&blocked, world.path("run/aside")).unwrap();
    std::os::unix::fs::symlink("aside", &blocked).unwrap();
    service.says("staging was last observed completely");
    let health = service.get("/healthz");
    assert!(health.starts_with("HTTP/1.1 503 "), "{health}");
    assert!(
        service
            .get("/metrics")
            .contains("evenkeel_watch_observation_stale{environment=\"staging\"} 1\n")
    );
    std::fs::remove_file(&blocked).unwrap();
    std::fs::rename(world.path("run/aside"), &blocked).unwrap();
    service.says("nothing new, 0 findings, exit code 0");
    assert!(service.get("/healthz").ends_with("ok\n"));
    assert_eq!(service.end(), Some(143));
}
