//! Agents that stay on a host: how they are found, whom they answer, and when they end.

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use evenkeel_host::wire::MAGIC;
use evenkeel_host::wire::client::Client;
use evenkeel_host::wire::message::Residence;
use evenkeel_host::{Answer, Observer as _};
use evenkeel_model::Sealer;

use super::agent::AGENT;
use super::support::query;

const NAME: &str = "0123456789abcdef";

/// Variable that makes a test of this program a client of another account.
const STRANGER: &str = "EVENKEEL_TEST_STRANGER";

/// An agent in a directory, as it is on a host.
struct Installed {
    directory: tempfile::TempDir,
}

impl Installed {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        fs::copy(AGENT, directory.path().join("agent")).unwrap();
        Self { directory }
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("agent")
    }

    /// Holds a conversation that asks for a residence; returns what the agent offers.
    fn converse(&self, name: &str) -> Option<Residence> {
        let mut agent = Command::new(self.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let offered = {
            let (reader, writer) = (agent.stdout.take().unwrap(), agent.stdin.take().unwrap());
            let sealer = Sealer::new([1; 32]);
            let client = Client::open_to_stay(reader, writer, &sealer, Some(name)).unwrap();
            let offered = client.residence().cloned();
            client.close().unwrap();
            offered
        };
        assert!(agent.wait().unwrap().success());
        offered
    }

    /// Returns the processes that stay.
    fn residents(&self) -> Vec<String> {
        let executable = self.path();
        fs::read_dir("/proc")
            .unwrap()
            .flatten()
            .filter(|process| {
                let exe = fs::read_link(process.path().join("exe"));
                let state = fs::read_to_string(process.path().join("stat")).unwrap_or_default();
                exe.is_ok_and(|exe| exe == executable) && !state.contains(") Z ")
            })
            .map(|process| process.file_name().into_string().unwrap())
            .collect()
    }

    fn signal(&self, signal: &str) {
        for process in self.residents() {
            assert!(
                Command::new("kill")
                    .args([signal, &process])
                    .status()
                    .unwrap()
                    .success()
            );
        }
    }

    fn wait_for_none(&self) {
        let begun = Instant::now();
        while !self.residents().is_empty() {
            assert!(begun.elapsed() < Duration::from_secs(10));
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Installed {
    fn drop(&mut self) {
        self.signal("-KILL");
    }
}

/// Asks about a path over a socket.
fn ask(socket: &Path, path: &str) -> Vec<Answer> {
    let stream = UnixStream::connect(socket).unwrap();
    let sealer = Sealer::new([2; 32]);
    let client = Client::open(stream.try_clone().unwrap(), stream, &sealer).unwrap();
    let answers = client.observe(&[query(path)]);
    client.leave().unwrap();
    answers
}

#[test]
fn later_conversations_find_an_agent_that_sees_what_changed_meanwhile() {
    let installed = Installed::new();
    let offered = installed.converse(NAME).unwrap();
    assert!(!offered.lives);
    let socket = Path::new(&offered.path);
    assert_eq!(fs::metadata(socket).unwrap().mode() & 0o777, 0o600);
    let file = installed.directory.path().join("file");
    let first = ask(socket, file.to_str().unwrap());
    fs::write(&file, "x").unwrap();
    let second = ask(socket, file.to_str().unwrap());
    assert!(first != second, "{second:?}");
    assert_eq!(installed.residents().len(), 1);
    // Another one is not needed.
    assert!(installed.converse(NAME).unwrap().lives);
    assert_eq!(installed.residents().len(), 1);
}

#[test]
fn several_conversations_take_place_at_once() {
    let installed = Installed::new();
    let offered = installed.converse(NAME).unwrap();
    let streams: Vec<UnixStream> = (0..8)
        .map(|_| UnixStream::connect(&offered.path).unwrap())
        .collect();
    let clients: Vec<_> = streams
        .iter()
        .map(|stream| {
            let (reader, writer) = (stream.try_clone().unwrap(), stream.try_clone().unwrap());
            Client::open(reader, writer, &Sealer::new([3; 32])).unwrap()
        })
        .collect();
    for client in clients.iter().rev() {
        assert!(!matches!(
            client.observe(&[query("/")])[..],
            [Answer::Unreadable { .. }]
        ));
    }
}

#[test]
fn an_agent_that_ends_takes_its_socket_with_it_and_one_that_is_killed_is_replaced() {
    let installed = Installed::new();
    let offered = installed.converse(NAME).unwrap();
    ask(Path::new(&offered.path), "/");
    installed.signal("-TERM");
    installed.wait_for_none();
    assert!(!Path::new(&offered.path).exists());

    assert!(!installed.converse(NAME).unwrap().lives);
    installed.signal("-KILL");
    installed.wait_for_none();
    assert!(Path::new(&offered.path).exists());
    let again = installed.converse(NAME).unwrap();
    assert!(!again.lives);
    ask(Path::new(&again.path), "/");
}

#[test]
fn a_signal_ends_an_open_conversation() {
    let installed = Installed::new();
    let offered = installed.converse(NAME).unwrap();
    let mut stream = UnixStream::connect(&offered.path).unwrap();
    let mut first = vec![0; MAGIC.len()];
    stream.read_exact(&mut first).unwrap();
    assert_eq!(first, MAGIC);
    installed.signal("-TERM");
    installed.wait_for_none();
    let mut rest = Vec::new();
    // It is closed, or it was reset.
    let _ = stream.read_to_end(&mut rest);
}

#[test]
fn where_others_can_write_no_agent_stays() {
    let installed = Installed::new();
    let open = fs::Permissions::from_mode(0o770);
    fs::set_permissions(installed.directory.path(), open).unwrap();
    // Root would look for the account that used `sudo`.
    if std::env::var_os("SUDO_UID").is_none() {
        assert_eq!(installed.converse(NAME), None);
    }
    fs::set_permissions(
        installed.directory.path(),
        fs::Permissions::from_mode(0o700),
    )
    .unwrap();
    for name in [
        "",
        "../../../tmp/01",
        "0123456789abcdeg",
        "0123456789abcdef0",
    ] {
        assert_eq!(installed.converse(name), None, "{name}");
    }
    assert!(installed.residents().is_empty());
    assert_eq!(fs::read_dir(installed.directory.path()).unwrap().count(), 1);
}

/// Runs this test again as another account, which connects and reads.
#[test]
fn another_account_gets_no_answer() {
    if let Some(socket) = std::env::var_os(STRANGER) {
        let mut stream = UnixStream::connect(socket).unwrap();
        let mut said = Vec::new();
        let _ = stream.read_to_end(&mut said);
        println!("heard {} bytes", said.len());
        return;
    }
    if !rustix::process::geteuid().is_root() {
        eprintln!("SKIPPED: only root can become another account");
        return;
    }
    let installed = Installed::new();
    let offered = installed.converse(NAME).unwrap();
    let open = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    open(installed.directory.path(), 0o755);
    open(Path::new(&offered.path), 0o666);
    let test = tempfile::Builder::new()
        .permissions(fs::Permissions::from_mode(0o755))
        .tempdir()
        .unwrap();
    let program = test.path().join("test");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    let hears = |account: &str| {
        let child: Child = Command::new("setpriv")
            .args([
                "--reuid",
                account,
                "--regid",
                account,
                "--clear-groups",
                "--",
            ])
            .arg(&program)
            .args([
                "another_account_gets_no_answer",
                "--nocapture",
                "--test-threads=1",
            ])
            .env(STRANGER, &offered.path)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // An agent waits for the other side's hello.
        std::thread::sleep(Duration::from_secs(1));
        installed.signal("-TERM");
        let output = child.wait_with_output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let heard = hears("65534");
    assert!(heard.contains("heard 0 bytes"), "{heard}");
    installed.wait_for_none();
    let again = installed.converse(NAME).unwrap();
    assert_eq!(again.path, offered.path);
    let heard = hears("0");
    assert!(
        heard.contains("heard ") && !heard.contains("heard 0 bytes"),
        "{heard}"
    );
}
