//! The process that answers later conversations at a socket. It ends when none took place for a minute.
//!
//! Every conversation has its own target and its own key, as in a new process. Where the socket comes from is left to
//! [`crate::residence`].

use std::io::Write as _;
use std::os::fd::{AsFd as _, BorrowedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, Once, PoisonError};
use std::time::{Duration, Instant};

use evenkeel_host::{LocalTarget, threads};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::sockopt::socket_peercred;

use crate::conversation::serve;
use crate::inbox::Stopper;

/// Time after the last conversation until it ends. A connection of `ssh` stays open as long.
const IDLE: Duration = Duration::from_mins(1);

/// Maximum number of conversations at a time. A further one is closed, and then starts an agent.
const MOST: usize = 64;

/// A process that answers at a socket.
pub struct Resident {
    path: PathBuf,
    /// Number of the account that may connect, besides the process's own.
    account: u32,
    launcher: PathBuf,
    busy: Mutex<Busy>,
    ended: Condvar,
    pool: Once,
}

/// Conversations in progress.
struct Busy {
    stoppers: Vec<(u64, Stopper)>,
    begun: u64,
    /// When the last one ended.
    since: Instant,
    is_stopped: bool,
}

impl Resident {
    /// Creates it for the socket at a path.
    #[must_use]
    pub fn new(path: PathBuf, account: u32, launcher: PathBuf) -> Arc<Self> {
        Arc::new(Self {
            path,
            account,
            launcher,
            busy: Mutex::new(Busy {
                stoppers: Vec::new(),
                begun: 0,
                since: Instant::now(),
                is_stopped: false,
            }),
            ended: Condvar::new(),
            pool: Once::new(),
        })
    }

    /// Leaves the session of the first conversation, and reports that on standard output.
    pub fn settle() {
        // It fails for the leader of a group of processes; then it has left already.
        let _ = rustix::process::setsid();
        let mut output = std::io::stdout();
        // If this fails, its starter has ended.
        let _ = output.write_all(b"\n").and_then(|()| output.flush());
    }

    fn busy(&self) -> MutexGuard<'_, Busy> {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers conversations until none took place for a while, or it is stopped and the last one ended.
    pub fn answer(self: &Arc<Self>, listener: &UnixListener) {
        while self.wait(listener.as_fd()) {
            if let Ok((stream, _)) = listener.accept()
                && self.is_allowed(&stream)
            {
                self.begin(stream);
            }
        }
        let mut busy = self.busy();
        while !busy.stoppers.is_empty() {
            busy = self
                .ended
                .wait(busy)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Ends every conversation after its step in progress, because of a signal. Returns when all ended.
    pub fn stop(&self, signal: i32) {
        // No further conversation finds it.
        let _ = std::fs::remove_file(&self.path);
        let mut busy = self.busy();
        busy.is_stopped = true;
        for (_, stopper) in &busy.stoppers {
            stopper.stop(signal);
        }
        while !busy.stoppers.is_empty() {
            busy = self
                .ended
                .wait(busy)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Waits for a connection; `false` when it is time to end.
    fn wait(&self, listener: BorrowedFd<'_>) -> bool {
        loop {
            let busy = self.busy();
            if busy.is_stopped {
                return false;
            }
            let left = if busy.stoppers.is_empty() {
                IDLE.saturating_sub(busy.since.elapsed())
            } else {
                IDLE
            };
            if left.is_zero() {
                // The socket goes first: who connects until then is answered.
                let _ = std::fs::remove_file(&self.path);
            }
            drop(busy);
            let limit = Timespec::try_from(left).ok();
            let mut waiting = [PollFd::from_borrowed_fd(listener, PollFlags::IN)];
            match poll(&mut waiting, limit.as_ref()) {
                Ok(0) if left.is_zero() => return false,
                Ok(0) | Err(rustix::io::Errno::INTR) => {}
                Ok(_) => return true,
                Err(_) => return false,
            }
        }
    }

    /// Whether the other side of a connection is the account, this process's own account, or root.
    fn is_allowed(&self, stream: &UnixStream) -> bool {
        let own = rustix::process::geteuid().as_raw();
        socket_peercred(stream)
            .is_ok_and(|other| [self.account, own, 0].contains(&other.uid.as_raw()))
    }

    fn begin(self: &Arc<Self>, stream: UnixStream) {
        self.pool.call_once(|| {
            // Without it, the first large work starts what it can.
            let _ = threads::start_pool(threads::Caller::IsElsewhere);
        });
        let stopper = Stopper::default();
        let mut busy = self.busy();
        if busy.is_stopped || busy.stoppers.len() >= MOST {
            return;
        }
        busy.begun += 1;
        let number = busy.begun;
        busy.stoppers.push((number, stopper.clone()));
        drop(busy);
        let conversation = Conversation {
            resident: Arc::clone(self),
            number,
        };
        // Without a thread, the connection closes, and the other side starts an agent.
        let _ = threads::builder().spawn(move || {
            converse(&stream, &conversation.resident.launcher, &stopper);
        });
    }
}

/// A conversation in progress, until this is dropped.
struct Conversation {
    resident: Arc<Resident>,
    number: u64,
}

impl Drop for Conversation {
    fn drop(&mut self) {
        let mut busy = self.resident.busy();
        busy.stoppers.retain(|(number, _)| *number != self.number);
        busy.since = Instant::now();
        drop(busy);
        self.resident.ended.notify_all();
    }
}

fn converse(stream: &UnixStream, launcher: &Path, stopper: &Stopper) {
    let (Ok(reader), Ok(writer)) = (stream.try_clone(), stream.try_clone()) else {
        return;
    };
    let target = |sealer| LocalTarget::new(sealer, launcher.to_owned());
    // The other side knows how it ended.
    let _ = serve(reader, writer, target, &std::env::temp_dir(), stopper, None);
    // The thread that reads ends too.
    let _ = stream.shutdown(std::net::Shutdown::Both);
}
