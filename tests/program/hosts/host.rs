//! A host: OpenSSH's server on an address of the loopback network, in a throwaway copy of this machine's root.
//!
//! The root is an overlay whose changes are in memory, in its own namespaces of mounts and processes. Everything ends with the
//! host. Its accounts are `root` and `deploy`, and both accept one key.

use std::fs;
use std::net::TcpStream;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use super::super::world::{PROGRAM, TestWorld};

/// What makes the root and starts the server. Arguments: directory, address, lines to run in the root before; they may set
/// `options` of the server.
const START: &str = r#"set -eu
dir=$1 address=$2
mount -t tmpfs tmpfs "$dir/disk"
mkdir "$dir/disk/changes" "$dir/disk/work" "$dir/root"
mount -t overlay overlay -o lowerdir=/,upperdir="$dir/disk/changes",workdir="$dir/disk/work" "$dir/root"
cd "$dir/root"
mount -t proc proc proc
mount --rbind /dev dev
mount -t tmpfs tmpfs run
mkdir -p run/sshd
grep -q '^sshd:' etc/passwd || echo 'sshd:x:4101:65534::/run/sshd:/usr/sbin/nologin' >>etc/passwd
echo 'deploy:x:4100:4100::/home/deploy:/bin/bash' >>etc/passwd
echo 'deploy:x:4100:' >>etc/group
echo 'deploy:*:19000:0:99999:7:::' >>etc/shadow
for home in root home/deploy; do
    mkdir -p $home/.ssh
    cp "$dir/key.pub" $home/.ssh/authorized_keys
    chmod 700 $home $home/.ssh
    chmod 600 $home/.ssh/authorized_keys
done
chown -R 0:0 root/.ssh
chown -R 4100:4100 home/deploy
options=
eval "$3"
exec chroot . /usr/sbin/sshd -D -f /dev/null -h "$dir/hostkey" \
    -o "ListenAddress=$address:22" -o PidFile=none -o UsePAM=no -o PasswordAuthentication=no -o StrictModes=yes $options
"#;

static NUMBER: AtomicU32 = AtomicU32::new(1);

/// A running host.
pub struct Host {
    /// The server, which is the first process of its namespace.
    server: Child,
    directory: PathBuf,
    /// Its name in the configuration of OpenSSH.
    pub name: String,
    /// Its address.
    pub address: String,
}

/// Returns whether hosts can run here; prints a note otherwise.
pub(super) fn possible() -> bool {
    static POSSIBLE: OnceLock<Option<String>> = OnceLock::new();
    let lack = POSSIBLE.get_or_init(|| {
        if !rustix::process::geteuid().is_root() {
            return Some("only root can start hosts".to_owned());
        }
        for needed in ["/usr/sbin/sshd", "/usr/bin/ssh", "/usr/bin/sudo"] {
            if !Path::new(needed).exists() {
                return Some(format!("{needed} is missing"));
            }
        }
        (!agent().exists()).then(|| format!("{} was not built", agent().display()))
    });
    match lack {
        Some(lack) => {
            eprintln!("SKIPPED: {lack}: targets over SSH are not tested");
            false
        }
        None => true,
    }
}

/// The agent that was built with the program.
pub(super) fn agent() -> PathBuf {
    // Releases with an older C library need one that was linked statically.
    match std::env::var_os("EVENKEEL_TEST_AGENT") {
        Some(other) => other.into(),
        None => Path::new(PROGRAM).with_file_name("evenkeel-agent"),
    }
}

/// Starts hosts with these names, and points a project's variables to a configuration of OpenSSH that reaches them as an account.
/// `None` with a note where that is not possible.
pub fn hosts(world: &mut TestWorld, names: &[&str], account: &str) -> Option<Vec<Host>> {
    let before: Vec<(&str, &str)> = names.iter().map(|name| (*name, "")).collect();
    hosts_with(world, &before, account)
}

/// The same, with lines of a shell that each host runs in its root before the server.
pub fn hosts_with(
    world: &mut TestWorld,
    names: &[(&str, &str)],
    account: &str,
) -> Option<Vec<Host>> {
    if !possible() {
        return None;
    }
    let directory = prepare(world);
    let hosts: Vec<Host> = names
        .iter()
        .map(|(name, before)| Host::start(&directory, name, before))
        .collect();
    let reached: Vec<Reached> = hosts
        .iter()
        .map(|host| Reached {
            name: host.name.clone(),
            address: host.address.clone(),
            port: 22,
            public_key: fs::read_to_string(host.directory.join("hostkey.pub")).unwrap(),
        })
        .collect();
    configure(world, &reached, account);
    Some(hosts)
}

/// How OpenSSH reaches a host.
pub(super) struct Reached {
    pub(super) name: String,
    pub(super) address: String,
    pub(super) port: u16,
    pub(super) public_key: String,
}

/// Makes the directory of a project's hosts, with the key of its accounts and the agent; returns it.
pub(super) fn prepare(world: &TestWorld) -> PathBuf {
    let directory = world.path("hosts");
    fs::create_dir_all(directory.join("runtime")).unwrap();
    // A debug build is large, and is sent to every host.
    let stripped = directory.join("agent");
    let done = Command::new("strip")
        .arg("-o")
        .args([&stripped, &agent()])
        .status();
    if !done.is_ok_and(|status| status.success()) {
        fs::copy(agent(), &stripped).unwrap();
    }
    make_key(&directory.join("key"));
    directory
}

/// Writes a configuration of OpenSSH that reaches hosts as an account, and points the project's variables to it.
pub(super) fn configure(world: &mut TestWorld, hosts: &[Reached], account: &str) {
    let directory = world.path("hosts");
    let mut known = String::new();
    let mut configuration = String::new();
    for host in hosts {
        known += &match host.port {
            22 => format!("{} {}", host.address, host.public_key),
            port => format!("[{}]:{port} {}", host.address, host.public_key),
        };
        configuration += &format!(
            "Host {0}\n  HostName {1}\n  User {account}\n  IdentityFile {3}\n  IdentitiesOnly yes\n  UserKnownHostsFile {4}\n  Port {2}\n",
            host.name,
            host.address,
            host.port,
            directory.join("key").display(),
            directory.join("known_hosts").display(),
        );
    }
    fs::write(directory.join("known_hosts"), known).unwrap();
    fs::write(directory.join("config"), configuration).unwrap();
    for (name, value) in [
        ("EVENKEEL_SSH_CONFIG", "config"),
        ("EVENKEEL_AGENT", "agent"),
        ("XDG_RUNTIME_DIR", "runtime"),
    ] {
        let value = directory.join(value).display().to_string();
        world.variables.insert(name.to_owned(), value);
    }
}

pub(super) fn make_key(path: &Path) {
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-f"])
        .arg(path)
        .status();
    assert!(made.unwrap().success());
}

impl Host {
    fn start(hosts: &Path, name: &str, before: &str) -> Self {
        let directory = hosts.join(name);
        fs::create_dir_all(directory.join("disk")).unwrap();
        fs::copy(hosts.join("key.pub"), directory.join("key.pub")).unwrap();
        make_key(&directory.join("hostkey"));
        let process = std::process::id();
        let address = format!(
            "127.{}.{}.{}",
            64 + process % 64,
            process / 64 % 256,
            NUMBER.fetch_add(1, Ordering::Relaxed) % 254 + 1
        );
        let server = Command::new("unshare")
            .args([
                "--mount",
                "--pid",
                "--fork",
                "--kill-child",
                "sh",
                "-c",
                START,
                "sh",
            ])
            .arg(&directory)
            .args([&address, before])
            .stdin(Stdio::null())
            .stderr(fs::File::create(directory.join("log")).unwrap())
            .process_group(0)
            .spawn()
            .unwrap();
        let host = Self {
            server,
            directory,
            name: name.to_owned(),
            address,
        };
        host.wait();
        host
    }

    /// Waits until its server accepts connections.
    fn wait(&self) {
        let begun = Instant::now();
        while TcpStream::connect((self.address.as_str(), 22)).is_err() {
            assert!(
                begun.elapsed() < Duration::from_secs(30),
                "{} does not start: {}",
                self.name,
                fs::read_to_string(self.directory.join("log")).unwrap_or_default()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The number of its first process on this machine.
    fn first_process(&self) -> u32 {
        let children = format!("/proc/{0}/task/{0}/children", self.server.id());
        let children = fs::read_to_string(children).unwrap();
        children.split_whitespace().next().unwrap().parse().unwrap()
    }

    /// Returns a path of it, as this machine reaches it.
    pub fn path(&self, path: &str) -> PathBuf {
        let root = format!("/proc/{}/root", self.first_process());
        Path::new(&root).join(path.trim_start_matches('/'))
    }

    /// Reads one of its files as text.
    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Returns a command that runs lines of a shell in it.
    pub fn command(&self, script: &str) -> Command {
        let mut command = Command::new("nsenter");
        command
            .args(["--mount", "--pid", "--root", "--wd", "--target"])
            .args([&self.first_process().to_string(), "--", "/bin/sh", "-c"])
            .arg(script)
            .stdin(Stdio::null());
        command
    }

    /// Sends a signal to each of its processes whose command contains a word; returns how many there were.
    pub fn signal(&self, word: &str, signal: &str) -> usize {
        let space = |process: &str| fs::read_link(format!("/proc/{process}/ns/pid")).ok();
        let own = space(&self.first_process().to_string());
        let mut number = 0;
        for entry in fs::read_dir("/proc").unwrap().flatten() {
            let process = entry.file_name().into_string().unwrap();
            let command = fs::read(entry.path().join("cmdline")).unwrap_or_default();
            if !String::from_utf8_lossy(&command).contains(word) || space(&process) != own {
                continue;
            }
            let sent = Command::new("kill").args([signal, &process]).status();
            number += usize::from(sent.is_ok_and(|status| status.success()));
        }
        number
    }

    /// Runs a line of a shell as its root.
    pub fn run(&self, line: &str) {
        let first = self.first_process().to_string();
        let ran = Command::new("nsenter")
            .args(["--target", &first, "--mount", "--pid", "--root", "--wd=/"])
            .args(["sh", "-c", line])
            .status();
        assert!(ran.unwrap().success(), "{line}");
    }

    /// Ends it at once, with everything that runs there.
    pub fn end(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.end();
    }
}
