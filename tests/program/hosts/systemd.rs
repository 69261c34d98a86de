//! A host that systemd started: a Debian release in a container, with OpenSSH's server on a port of this machine.
//!
//! `tests/live/engine` makes the images and starts the engine; its address is in `EVENKEEL_DOCKER`, and
//! `EVENKEEL_TEST_RELEASE` names another release than Debian 12. The accounts are `root` and `deploy`, who may become root.

use std::fs;
use std::io::Read as _;
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use super::super::world::TestWorld;
use super::host::{Reached, agent, configure, make_key, prepare};
use super::system;

static NUMBER: AtomicU32 = AtomicU32::new(1);

/// A running host.
pub struct SystemdHost {
    engine: String,
    container: String,
    port: u16,
}

/// Returns the address of the engine; prints a note where hosts cannot run.
fn engine() -> Option<String> {
    let engine = std::env::var("EVENKEEL_DOCKER").ok();
    let lack = match &engine {
        None => Some("EVENKEEL_DOCKER is not set (tests/live/engine up DIR)".to_owned()),
        Some(_) if !Path::new("/usr/bin/ssh").exists() => {
            Some("/usr/bin/ssh is missing".to_owned())
        }
        Some(_) if !agent().exists() => Some(format!("{} was not built", agent().display())),
        Some(_) => None,
    };
    match lack {
        Some(lack) => {
            eprintln!("SKIPPED: {lack}: hosts with systemd are not tested");
            None
        }
        None => engine,
    }
}

/// Starts hosts with these names, and points a project's variables to a configuration of OpenSSH that reaches them as an
/// account. `None` with a note where that is not possible.
pub fn systemd_hosts(
    world: &mut TestWorld,
    names: &[&str],
    account: &str,
) -> Option<Vec<SystemdHost>> {
    let release = std::env::var("EVENKEEL_TEST_RELEASE").unwrap_or_else(|_| "bookworm".to_owned());
    let hosts: Vec<(&str, &str)> = names.iter().map(|name| (*name, &*release)).collect();
    hosts_of_releases(world, &hosts, account)
}

/// The same, with the release of Debian of each.
pub fn hosts_of_releases(
    world: &mut TestWorld,
    names: &[(&str, &str)],
    account: &str,
) -> Option<Vec<SystemdHost>> {
    let engine = engine()?;
    let directory = prepare(world);
    let mut reached = Vec::new();
    let mut hosts = Vec::new();
    for (name, release) in names {
        let key = directory.join(format!("{name}.key"));
        make_key(&key);
        let host = SystemdHost::start(&engine, &directory, &key, release);
        reached.push(Reached {
            name: (*name).to_owned(),
            address: "127.0.0.1".to_owned(),
            port: host.port,
            public_key: fs::read_to_string(key.with_extension("key.pub")).unwrap(),
        });
        hosts.push(host);
    }
    configure(world, &reached, account);
    for host in &hosts {
        host.wait();
    }
    Some(hosts)
}

/// Creates a system with some resources on one host, and starts that.
pub fn on_a_host(resources: &str) -> Option<(TestWorld, SystemdHost)> {
    let mut world = system();
    let path = "environments/system.toml";
    let before = world.read(path);
    let start = before.split("[directory.site]").next().unwrap();
    world.write(path, &format!("{start}{resources}"));
    world.commit();
    let host = systemd_hosts(&mut world, &["staging-1"], "root")?.remove(0);
    host.run("mkdir -p /usr/local/lib/systemd/system");
    Some((world, host))
}

impl SystemdHost {
    fn start(engine: &str, directory: &Path, key: &Path, release: &str) -> Self {
        let container = format!(
            "evenkeel-{}-{}",
            std::process::id(),
            NUMBER.fetch_add(1, Ordering::Relaxed)
        );
        let public = directory.join("key.pub");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/live/engine");
        output(
            Command::new(script)
                .args(["host", engine, &container, release])
                .args([&public, key])
                .arg("127.0.0.1::22"),
        );
        let mut host = Self {
            engine: engine.to_owned(),
            container,
            port: 0,
        };
        let ports = output(docker(engine).args(["port", &host.container, "22/tcp"]));
        host.port = ports.trim().rsplit_once(':').unwrap().1.parse().unwrap();
        host
    }

    /// Waits until its server answers. The engine's proxy accepts connections before.
    fn wait(&self) {
        let begun = Instant::now();
        loop {
            let mut greeting = [0; 4];
            let answer = TcpStream::connect(("127.0.0.1", self.port)).and_then(|mut stream| {
                stream.set_read_timeout(Some(Duration::from_secs(5)))?;
                stream.read_exact(&mut greeting)
            });
            if answer.is_ok() && &greeting == b"SSH-" {
                break;
            }
            assert!(
                begun.elapsed() < Duration::from_mins(1),
                "{} does not start",
                self.container
            );
            std::thread::sleep(Duration::from_millis(20));
        }
        // Units of the start may still be active.
        self.run("systemctl is-system-running --wait >/dev/null || true");
    }

    /// Restarts it, as a reboot does, and points a project's configuration of OpenSSH to its new port.
    pub fn restart(&mut self, world: &TestWorld) {
        output(docker(&self.engine).args(["restart", "--time", "0", &self.container]));
        let ports = output(docker(&self.engine).args(["port", &self.container, "22/tcp"]));
        let port: u16 = ports.trim().rsplit_once(':').unwrap().1.parse().unwrap();
        for (name, from, to) in [
            (
                "config",
                format!("Port {}", self.port),
                format!("Port {port}"),
            ),
            (
                "known_hosts",
                format!("]:{} ", self.port),
                format!("]:{port} "),
            ),
        ] {
            let path = world.path("hosts").join(name);
            let text = fs::read_to_string(&path).unwrap();
            fs::write(&path, text.replace(&from, &to)).unwrap();
        }
        self.port = port;
    }

    /// Runs lines of a shell as root; returns what they print, and fails the test if they fail.
    pub fn run(&self, script: &str) -> String {
        let output = self.attempt(script);
        assert!(
            output.status.success(),
            "{script}: {}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs lines of a shell as root.
    pub fn attempt(&self, script: &str) -> Output {
        docker(&self.engine)
            .args(["exec", &self.container, "sh", "-c", script])
            .output()
            .unwrap()
    }

    /// Writes a file.
    pub fn write(&self, path: &str, text: &str) {
        assert!(!text.contains('\''));
        self.run(&format!(
            "mkdir -p \"$(dirname {path})\" && printf '%s' '{text}' >{path}"
        ));
    }

    /// Returns a property of a unit.
    pub fn property(&self, unit: &str, property: &str) -> String {
        self.run(&format!(
            "systemctl show --value --property {property} {unit}"
        ))
        .trim()
        .to_owned()
    }
}

impl Drop for SystemdHost {
    fn drop(&mut self) {
        let _ = docker(&self.engine)
            .args(["rm", "--force", "--volumes", &self.container])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
    }
}

/// The client that belongs to the engine, not another one that is installed beside it.
fn docker(engine: &str) -> Command {
    let own = Path::new("/usr/bin/docker");
    let mut command = Command::new(if own.exists() {
        own
    } else {
        Path::new("docker")
    });
    command.args(["--host", engine]).stdin(Stdio::null());
    command
}

fn output(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}
