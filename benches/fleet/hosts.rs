//! The hosts that are measured. Starting and ending them is left to `tests/live`.

use std::fmt::Write as _;
use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// Hosts `host-1`, `host-2` and so on.
pub(crate) trait Hosts {
    /// The configuration of OpenSSH that reaches them.
    fn config(&self) -> PathBuf;
}

fn script(name: &str) -> Command {
    Command::new(
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/live")
            .join(name),
    )
}

/// Hosts in namespaces of this machine.
pub(crate) struct Fleet {
    directory: PathBuf,
}

impl Fleet {
    /// Hosts with their own networks and roots.
    pub(crate) fn up(directory: &Path, count: usize) -> Self {
        Self::start("up", directory, count)
    }

    /// Servers that share a root.
    pub(crate) fn simulate(directory: &Path, count: usize) -> Self {
        Self::start("simulate", directory, count)
    }

    fn start(how: &str, directory: &Path, count: usize) -> Self {
        let started = script("fleet")
            .arg(how)
            .arg(directory)
            .arg(count.to_string())
            .status();
        assert!(started.unwrap().success(), "tests/live/fleet {how}");
        Self {
            directory: directory.to_owned(),
        }
    }
}

impl Hosts for Fleet {
    fn config(&self) -> PathBuf {
        self.directory.join("config")
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        let _ = script("fleet").arg("down").arg(&self.directory).status();
    }
}

/// Hosts that systemd started, in containers of a private engine.
pub(crate) struct Systemd {
    directory: PathBuf,
    engine: PathBuf,
    /// The kernel's setting before, which is restored.
    instances: Option<String>,
}

/// The number of file watchers that all hosts together may have. Each systemd uses some.
const INSTANCES: &str = "/proc/sys/fs/inotify/max_user_instances";

impl Systemd {
    /// Starts them; `None` where no engine can run.
    pub(crate) fn up(directory: &Path, count: usize) -> Option<Self> {
        let engine = directory.join("engine");
        let up = script("engine").arg("up").arg(&engine).output().ok()?;
        if !up.status.success() {
            return None;
        }
        let address = String::from_utf8(up.stdout).ok()?.trim().to_owned();
        let it = Self {
            directory: directory.to_owned(),
            engine,
            instances: fs::read_to_string(INSTANCES).ok(),
        };
        it.run(&address, count);
        Some(it)
    }

    fn run(&self, engine: &str, count: usize) {
        let directory = &self.directory;
        let key = |name: &str| {
            let path = directory.join(name);
            let made = Command::new("ssh-keygen")
                .args(["-q", "-t", "ed25519", "-N", "", "-f"])
                .arg(&path)
                .status();
            assert!(made.unwrap().success());
            path.display().to_string()
        };
        let mine = key("key");
        let theirs = key("hostkey");
        let public = fs::read_to_string(directory.join("hostkey.pub")).unwrap();
        let _ = fs::write(INSTANCES, "8192");
        let mut config = String::new();
        let mut known = String::new();
        let mut ports = Vec::new();
        for number in 1..=count {
            let name = format!("bench-{}-{number}", std::process::id());
            let started = script("engine")
                .args(["host", engine, &name, "bookworm"])
                .args([&format!("{mine}.pub"), &theirs])
                .arg("127.0.0.1::22")
                .status();
            assert!(started.unwrap().success());
            let shown = Command::new("docker")
                .args(["-H", engine, "port", &name, "22/tcp"])
                .output()
                .unwrap();
            let shown = String::from_utf8(shown.stdout).unwrap();
            let port: u16 = shown.trim().rsplit_once(':').unwrap().1.parse().unwrap();
            let _ = write!(
                config,
                "Host host-{number}\n  HostName 127.0.0.1\n  Port {port}\n"
            );
            let _ = writeln!(known, "[127.0.0.1]:{port} {}", public.trim());
            ports.push(port);
        }
        let _ = write!(
            config,
            "Host host-*\n  User root\n  IdentityFile {mine}\n  IdentitiesOnly yes\n  UserKnownHostsFile {}\n",
            directory.join("known_hosts").display()
        );
        fs::write(directory.join("known_hosts"), known).unwrap();
        fs::write(directory.join("config"), config).unwrap();
        for port in ports {
            self.wait(port);
        }
    }

    /// Waits until a server answers. The engine's proxy accepts connections before.
    fn wait(&self, port: u16) {
        use std::io::Read as _;
        let begun = Instant::now();
        loop {
            let mut greeting = [0_u8; 4];
            let answered = TcpStream::connect(("127.0.0.1", port))
                .and_then(|mut stream| stream.read_exact(&mut greeting));
            if answered.is_ok() {
                return;
            }
            assert!(
                begun.elapsed() < Duration::from_mins(1),
                "a host of {} does not start",
                self.directory.display()
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Hosts for Systemd {
    fn config(&self) -> PathBuf {
        self.directory.join("config")
    }
}

impl Drop for Systemd {
    fn drop(&mut self) {
        let _ = script("engine").arg("down").arg(&self.engine).status();
        if let Some(before) = &self.instances {
            let _ = fs::write(INSTANCES, before);
        }
    }
}

/// Ends the connections that were kept open in a directory.
pub(crate) fn close(connections: &Path) {
    end(connections);
    let _ = fs::remove_dir_all(connections);
}

/// Ends the connections of a directory, in which evenkeel keeps what it knows about the hosts.
pub(crate) fn end(connections: &Path) {
    // A connection's process names its socket.
    let _ = Command::new("pkill")
        .arg("-f")
        .arg("--")
        .arg(format!("{}/", connections.display()))
        .status();
}

/// Returns the names of the packages that are installed on this machine.
pub(crate) fn installed() -> Option<Vec<String>> {
    let listed = Command::new("dpkg-query")
        .args([
            "--show",
            "--showformat",
            "${db:Status-Abbrev} ${Package}\\n",
        ])
        .output()
        .ok()?;
    let text = String::from_utf8(listed.stdout).ok()?;
    let mut names: Vec<String> = text
        .lines()
        .filter_map(|line| line.strip_prefix("ii "))
        .map(|name| name.trim().to_owned())
        .collect();
    names.dedup();
    Some(names)
}
