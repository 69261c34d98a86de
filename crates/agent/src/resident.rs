//! The process that answers later conversations at a socket. It ends when none took place for a minute.
//!
//! Every conversation has its own target and its own key, as in a new process. Where the socket comes from is left to
//! [`crate::residence`].

use std::io::{PipeReader, PipeWriter, Write as _};
use std::os::fd::AsFd as _;
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
    left: Once,
    /// Readable once it is stopped.
    stopped: PipeReader,
    stops: PipeWriter,
}

/// Conversations in progress.
struct Busy {
    stoppers: Vec<(u64, Stopper)>,
    begun: u64,
    /// When the last one ended.
    since: Instant,
    /// The signal that stops it.
    signal: Option<i32>,
}

impl Resident {
    /// Creates it for the socket at a path.
    ///
    /// # Errors
    ///
    /// When the system has no pipe.
    pub fn new(path: PathBuf, account: u32, launcher: PathBuf) -> std::io::Result<Arc<Self>> {
        let (stopped, stops) = std::io::pipe()?;
        Ok(Arc::new(Self {
            stopped,
            stops,
            path,
            account,
            launcher,
            busy: Mutex::new(Busy {
                stoppers: Vec::new(),
                begun: 0,
                since: Instant::now(),
                signal: None,
            }),
            ended: Condvar::new(),
            pool: Once::new(),
            left: Once::new(),
        }))
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

    /// Answers conversations until none took place for a while, or it is stopped and the last one ended. Returns the signal
    /// that stopped it.
    pub fn answer(self: &Arc<Self>, listener: &UnixListener) -> Option<i32> {
        while self.wait(listener) {
            if let Ok((stream, _)) = listener.accept()
                && self.is_allowed(&stream)
            {
                self.begin(stream);
            }
        }
        self.leave();
        let mut busy = self.busy();
        while !busy.stoppers.is_empty() {
            busy = self
                .ended
                .wait(busy)
                .unwrap_or_else(PoisonError::into_inner);
        }
        busy.signal
    }

    /// Ends every conversation after its step in progress, because of a signal.
    pub fn stop(&self, signal: i32) {
        let mut busy = self.busy();
        busy.signal = Some(signal);
        for (_, stopper) in &busy.stoppers {
            stopper.stop(signal);
        }
        drop(busy);
        // There is room for one byte.
        let _ = (&self.stops).write_all(b"\n");
    }

    /// Removes the socket, so that no further conversation finds it. Once: then another agent may have its own there.
    fn leave(&self) {
        self.left.call_once(|| {
            // If it stays, it refuses when this process has ended.
            let _ = std::fs::remove_file(&self.path);
        });
    }

    /// Waits for a connection; `false` when it is time to end.
    fn wait(&self, listener: &UnixListener) -> bool {
        loop {
            let busy = self.busy();
            if busy.signal.is_some() {
                return false;
            }
            let left = if busy.stoppers.is_empty() {
                IDLE.saturating_sub(busy.since.elapsed())
            } else {
                IDLE
            };
            drop(busy);
            if left.is_zero() {
                // What connects until then is answered.
                self.leave();
            }
            let limit = Timespec::try_from(left).ok();
            let [connection, stopped] = [listener.as_fd(), self.stopped.as_fd()]
                .map(|descriptor| PollFd::from_borrowed_fd(descriptor, PollFlags::IN));
            let mut waiting = [connection, stopped];
            match poll(&mut waiting, limit.as_ref()) {
                Ok(0) if left.is_zero() => return false,
                Ok(0) | Err(rustix::io::Errno::INTR) => {}
                Ok(_)
                    if waiting
                        .last()
                        .is_some_and(|stopped| !stopped.revents().is_empty()) => {}
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
        if busy.signal.is_some() || busy.stoppers.len() >= MOST {
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
