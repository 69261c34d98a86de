//! A place where later conversations find an agent of this host: a socket, and the process that answers there.
//!
//! The start of an agent takes longer than most conversations. The socket listens before evenkeel learns of it, and the process
//! starts beside the first conversation. Answering is left to [`crate::resident`].

use std::fs;
use std::io::Read as _;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;

use evenkeel_host::threads;
use evenkeel_host::wire::limit;
use evenkeel_host::wire::message;

/// First argument of the process that answers. Its standard input is the socket; the path of the socket and the number of
/// the account that may connect follow.
pub const ARGUMENT: &str = "stay";

/// Directory of root's sockets if another account starts the agent: nothing that this account can write decides where root writes.
const OF_ROOT: &str = "/run/evenkeel";

/// A place for a socket.
#[derive(Debug)]
pub struct Residence {
    executable: PathBuf,
    directory: PathBuf,
    /// Number of the account that may connect.
    account: u32,
    /// Starts the process.
    starting: Mutex<Option<JoinHandle<()>>>,
}

impl Residence {
    /// Returns the place of this account: the directory of the agent, which its account alone can write. An agent that another
    /// account started as root uses a directory of root. `None` if neither is safe.
    #[must_use]
    pub fn find(executable: &Path) -> Option<Self> {
        let beside = executable.parent()?;
        let own = rustix::process::geteuid().as_raw();
        if is_private(beside, own) {
            return Some(Self::new(executable, beside, own));
        }
        if own != 0 {
            return None;
        }
        // `sudo` sets it.
        let account = std::env::var("SUDO_UID").ok()?.parse().ok()?;
        let directory = Path::new(OF_ROOT);
        // If it exists, the check below decides.
        let _ = fs::DirBuilder::new().mode(0o711).create(directory);
        is_private(directory, own).then(|| Self::new(executable, directory, account))
    }

    fn new(executable: &Path, directory: &Path, account: u32) -> Self {
        Self {
            executable: executable.to_owned(),
            directory: directory.to_owned(),
            account,
            starting: Mutex::default(),
        }
    }

    /// Listens at a place with this name. `None` where that is impossible; then each conversation starts an agent.
    pub(crate) fn offer(&self, name: &str) -> Option<message::Residence> {
        let is_name =
            |name: &str| name.len() == 16 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !is_name(name) {
            return None;
        }
        let path = self.directory.join(format!("{name}.socket"));
        let shown = path.to_str().filter(|path| path.len() <= limit::SOCKET)?;
        let offered = |lives| {
            Some(message::Residence {
                path: shown.to_owned(),
                lives,
            })
        };
        if UnixStream::connect(&path).is_ok() {
            return offered(true);
        }
        // A socket that refuses has no process.
        let _ = fs::remove_file(&path);
        let listener = UnixListener::bind(&path).ok()?;
        // Who connects is checked as well. `sshd` connects as the account, also to the socket of root.
        let is_of_root = self.directory == Path::new(OF_ROOT);
        let mode = if is_of_root { 0o666 } else { 0o600 };
        let settled = fs::set_permissions(&path, fs::Permissions::from_mode(mode))
            .and_then(|()| self.start(&path, listener));
        match settled {
            Ok(()) => offered(false),
            Err(_) => {
                // If it stays, it refuses from now on, and the next agent removes it.
                let _ = fs::remove_file(&path);
                None
            }
        }
    }

    /// Starts the process that answers at a socket, beside the conversation.
    fn start(&self, path: &Path, listener: UnixListener) -> std::io::Result<()> {
        let mut command = Command::new(&self.executable);
        command
            .arg(ARGUMENT)
            .arg(path)
            .arg(self.account.to_string())
            .current_dir("/")
            .stdin(Stdio::from(OwnedFd::from(listener)))
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let path = path.to_owned();
        let starting = threads::builder().spawn(move || {
            // It says one byte in its own session. Before that, the end of this one may end it.
            let mut said = [0];
            let is_settled = command
                .spawn()
                .ok()
                .and_then(|child| child.stdout)
                .is_some_and(|mut stdout| stdout.read_exact(&mut said).is_ok());
            if !is_settled {
                let _ = fs::remove_file(&path);
            }
        })?;
        *self.starting.lock().unwrap_or_else(PoisonError::into_inner) = Some(starting);
        Ok(())
    }
}

impl Drop for Residence {
    fn drop(&mut self) {
        let starting = self
            .starting
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(starting) = starting.take() {
            // It does not panic.
            let _ = starting.join();
        }
    }
}

/// Whether a directory belongs to the account, and no other account can write it.
fn is_private(directory: &Path, account: u32) -> bool {
    fs::symlink_metadata(directory).is_ok_and(|metadata| {
        metadata.is_dir() && metadata.uid() == account && metadata.mode() & 0o022 == 0
    })
}
