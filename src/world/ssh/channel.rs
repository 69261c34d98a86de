//! A command on a host, over an open connection: its three streams, and how it ended.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use openssh::{Child, Session, Stdio};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tokio::runtime::{Handle, Runtime};

use super::agent;
use evenkeel_host::threads;
use evenkeel_model::text::inert;

/// Number of bytes of a command's errors that are kept; the rest is read and dropped.
const KEPT: usize = 4 * 1024;

/// Time until a command whose streams are closed has ended.
const END: Duration = Duration::from_secs(5);

/// Pause before a stream with little room is tried again.
const ROOM: Duration = Duration::from_millis(5);

/// Time until an open connection takes a command.
const OPENING: Duration = Duration::from_secs(20);

/// What a server answers when it has as many sessions as it allows.
const REFUSED: &str = "Session open refused";

/// Time until a server has noticed that the session before ended.
const LEAVING: Duration = Duration::from_secs(3);

/// Pause before a refused session is tried again.
const AGAIN: Duration = Duration::from_millis(50);

/// A running command.
pub(super) struct Channel {
    child: Option<Child<Arc<Session>>>,
    streams: Option<(Impatient, Impatient)>,
    errors: Arc<Mutex<Vec<u8>>>,
    /// Closed when all of its errors were read.
    silent: Mutex<Receiver<()>>,
    runtime: Handle,
}

/// How a command ended.
pub(super) struct Ended {
    code: Option<i32>,
    /// What it wrote as an error, in one line.
    said: String,
    /// What its streams lacked.
    lack: String,
}

impl Channel {
    /// Starts a command of the host's shell.
    ///
    /// # Errors
    ///
    /// The reason, as what follows the host's name.
    pub(super) fn open(runtime: &Runtime, socket: &Path, command: &str) -> Result<Self, String> {
        let session = Arc::new(Session::resume_mux(socket.into(), None));
        let begun = Instant::now();
        let mut child = loop {
            let opened = runtime.block_on(async {
                let mut command = session.clone().arc_raw_command(command);
                command
                    .stdin(Stdio::piped())
                    .stdout(Stdio::piped())
                    .stderr(Stdio::piped());
                tokio::time::timeout(OPENING, command.spawn()).await
            });
            let reason = match opened {
                Ok(Ok(child)) => break child,
                Ok(Err(error)) => chain(&error),
                Err(_) => return Err(format!("takes no command within {} s", OPENING.as_secs())),
            };
            if !reason.contains(REFUSED) {
                return Err(format!("takes no command: {reason}"));
            }
            if begun.elapsed() > LEAVING {
                return Err(format!(
                    "takes no command: {reason} (its server may limit `MaxSessions`; one is needed)"
                ));
            }
            std::thread::sleep(AGAIN);
        };
        let streams = runtime.block_on(async {
            let stdin = child.stdin().take().map(openssh::ChildStdin::into_owned_fd);
            let stdout = child
                .stdout()
                .take()
                .map(openssh::ChildStdout::into_owned_fd);
            let stderr = child
                .stderr()
                .take()
                .map(openssh::ChildStderr::into_owned_fd);
            (stdin, stdout, stderr)
        });
        let (Some(Ok(stdin)), Some(Ok(stdout)), Some(Ok(stderr))) = streams else {
            return Err("takes no command: its streams cannot be used".to_owned());
        };
        let [stdout, stderr] = [stdout, stderr].map(waiting);
        let patience = Patience::default();
        let errors = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&errors);
        let (reading, silent) = channel();
        threads::builder()
            .spawn(move || {
                keep(File::from(stderr), &kept);
                drop(reading);
            })
            .map_err(|error| format!("cannot be heard: {error}"))?;
        Ok(Self {
            child: Some(child),
            streams: Some((
                Impatient {
                    file: File::from(stdout),
                    patience: patience.clone(),
                },
                Impatient {
                    file: File::from(impatient(stdin)),
                    patience,
                },
            )),
            errors,
            silent: Mutex::new(silent),
            runtime: runtime.handle().clone(),
        })
    }

    /// Takes its output and its input.
    pub(super) fn take(&mut self) -> Option<(Impatient, Impatient)> {
        self.streams.take()
    }

    /// Returns what it wrote as an error until now, in one line that is safe to display.
    pub(super) fn said(&self) -> String {
        let errors = self.errors.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8_lossy(&errors);
        let lines: Vec<&str> = text
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .collect();
        let last = lines.get(lines.len().saturating_sub(2)..).unwrap_or(&[]);
        inert(&last.join("; ")).chars().take(300).collect()
    }

    /// Waits for the end. The streams must be closed.
    pub(super) fn ended(mut self, lack: &str) -> Ended {
        drop(self.streams.take());
        let code = self.child.take().and_then(|child| {
            let waited = self
                .runtime
                .block_on(async { tokio::time::timeout(END, child.wait()).await });
            waited.ok()?.ok()?.code()
        });
        // The end can arrive before the last words.
        let silent = self.silent.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = silent.recv_timeout(END);
        drop(silent);
        Ended {
            code,
            said: self.said(),
            lack: lack.to_owned(),
        }
    }
}

impl Ended {
    /// Whether it ended with a code.
    pub(super) fn is(&self, code: i32) -> bool {
        self.code == Some(code)
    }

    /// Returns why there is no conversation, as what follows the host's name.
    pub(super) fn explained(&self, becomes_root: bool) -> String {
        let said = match (self.said.as_str(), self.code) {
            ("", Some(code)) => format!("exit code {code}"),
            ("", None) => self.lack.clone(),
            (said, _) => said.to_owned(),
        };
        if becomes_root && self.said.contains("sudo:") {
            return format!(
                "does not let this account become root: {said} (`become` needs `NOPASSWD` in sudoers)"
            );
        }
        if self.said.contains("GLIBC_") {
            return format!(
                "cannot run the agent: it needs a newer C library ({said}); name one for this host in `EVENKEEL_AGENT`"
            );
        }
        match self.code {
            Some(agent::UNSAFE) => agent::UNSAFE_REASON.to_owned(),
            Some(126) => format!(
                "cannot run the agent: {said} (its file system may be mounted noexec, or it is another architecture)"
            ),
            Some(127) => {
                format!("cannot run the agent: {said} (the login shell may be restricted)")
            }
            _ => format!("does not run the agent: {said}"),
        }
    }

    /// Returns its code, and what it said.
    pub(super) fn into_parts(self) -> (Option<i32>, String) {
        let said = if self.said.is_empty() {
            self.lack
        } else {
            self.said
        };
        (self.code, said)
    }
}

/// Time until a stream must say something or take something, changed while it is used.
#[derive(Clone, Default)]
pub(super) struct Patience(Arc<Limit>);

#[derive(Default)]
struct Limit {
    /// In milliseconds.
    patience: AtomicU64,
    is_over: AtomicBool,
    /// Counts what the other side said. One that works may take nothing meanwhile, but says so.
    heard: AtomicU64,
}

impl Patience {
    /// Sets it. Zero, as in the beginning, is for ever.
    pub(super) fn set(&self, patience: Duration) {
        let milliseconds = u64::try_from(patience.as_millis()).unwrap_or(u64::MAX);
        self.0.patience.store(milliseconds, Ordering::Relaxed);
    }

    fn get(&self) -> Duration {
        Duration::from_millis(self.0.patience.load(Ordering::Relaxed))
    }

    /// Returns how long the other side was silent, if that ended the conversation.
    pub(super) fn exceeded(&self) -> Option<Duration> {
        self.0.is_over.load(Ordering::Relaxed).then(|| self.get())
    }

    /// Waits until a stream is ready.
    fn wait(&self, file: &File, ready: PollFlags) -> io::Result<()> {
        let patience = self.get();
        let limit = (!patience.is_zero())
            .then(|| Timespec::try_from(patience).ok())
            .flatten();
        let mut heard = self.0.heard.load(Ordering::Relaxed);
        let ready = loop {
            let mut waiting = [PollFd::new(file, ready)];
            match poll(&mut waiting, limit.as_ref()) {
                Err(rustix::io::Errno::INTR) => {}
                Ok(0) if self.0.heard.load(Ordering::Relaxed) != heard => {
                    heard = self.0.heard.load(Ordering::Relaxed);
                }
                other => break other?,
            }
        };
        if ready == 0 {
            self.0.is_over.store(true, Ordering::Relaxed);
            return Err(io::ErrorKind::TimedOut.into());
        }
        Ok(())
    }
}

/// A stream whose silence ends.
pub(super) struct Impatient {
    file: File,
    patience: Patience,
}

impl Impatient {
    /// Returns its patience, to change it.
    pub(super) fn patience(&self) -> Patience {
        self.patience.clone()
    }
}

impl Read for Impatient {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = loop {
            self.patience.wait(&self.file, PollFlags::IN)?;
            match self.file.read(buffer) {
                // Both directions of a socket fail where they would wait.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                other => break other?,
            }
        };
        self.patience.0.heard.fetch_add(1, Ordering::Relaxed);
        Ok(read)
    }
}

impl Write for Impatient {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            self.patience.wait(&self.file, PollFlags::OUT)?;
            match self.file.write(bytes) {
                // There is room, and less than a pipe takes at once.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    std::thread::sleep(ROOM);
                }
                other => return other,
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Returns both directions of a connection.
pub(super) fn both_ways(stream: UnixStream) -> Option<(Impatient, Impatient)> {
    stream.set_nonblocking(true).ok()?;
    let patience = Patience::default();
    let other = stream.try_clone().ok()?;
    let [reader, writer] = [stream, other].map(|stream| Impatient {
        file: File::from(OwnedFd::from(stream)),
        patience: patience.clone(),
    });
    Some((reader, writer))
}

/// Keeps the first bytes of a stream, and reads the rest so that its writer never waits.
fn keep(mut stream: File, kept: &Mutex<Vec<u8>>) {
    let mut buffer = [0; 1024];
    while let Ok(read @ 1..) = stream.read(&mut buffer) {
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        let room = KEPT.saturating_sub(kept.len()).min(read);
        kept.extend_from_slice(buffer.get(..room).unwrap_or_default());
    }
}

/// Makes a stream's reads and writes wait: the connection made it for an event loop.
fn waiting(stream: OwnedFd) -> OwnedFd {
    // A stream that cannot be changed fails at its first read.
    if let Ok(flags) = rustix::fs::fcntl_getfl(&stream) {
        let _ = rustix::fs::fcntl_setfl(&stream, flags - rustix::fs::OFlags::NONBLOCK);
    }
    stream
}

/// Makes a stream's writes fail where they would wait, so that the wait can be limited.
fn impatient(stream: OwnedFd) -> OwnedFd {
    // Where it cannot be changed, a write may wait as long as the connection lasts.
    if let Ok(flags) = rustix::fs::fcntl_getfl(&stream) {
        let _ = rustix::fs::fcntl_setfl(&stream, flags | rustix::fs::OFlags::NONBLOCK);
    }
    stream
}

/// Returns an error with its causes, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.contains(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        cause = error.source();
    }
    inert(&text).chars().take(300).collect()
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::{ErrorKind, Read as _, Write as _};
    use std::time::{Duration, Instant};

    use super::{Impatient, Patience, impatient};

    #[test]
    fn a_side_that_takes_nothing_is_waited_for_while_it_says_something() {
        let patience = Patience::default();
        patience.set(Duration::from_millis(300));
        let (taken, full) = std::io::pipe().unwrap();
        let (heard, mut says) = std::io::pipe().unwrap();
        let mut writer = Impatient {
            file: File::from(impatient(full.into())),
            patience: patience.clone(),
        };
        let mut reader = Impatient {
            file: File::from(std::os::fd::OwnedFd::from(heard)),
            patience,
        };
        let speaking = std::thread::spawn(move || {
            for _ in 0..10 {
                says.write_all(b"x").unwrap();
                std::thread::sleep(Duration::from_millis(100));
            }
            says
        });
        let hearing = std::thread::spawn(move || {
            let mut space = [0; 1];
            for _ in 0..10 {
                reader.read_exact(&mut space).unwrap();
            }
        });
        let begun = Instant::now();
        let error = writer.write_all(&vec![0; 1024 * 1024]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert!(begun.elapsed() > Duration::from_secs(1));
        hearing.join().unwrap();
        drop((speaking.join().unwrap(), taken));
    }
}
