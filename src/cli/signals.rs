//! Signals: the first requests a stop after the current step, the second stops immediately.
//!
//! Work that checks the flag stops by itself. Other work, such as reading or comparing, is terminated from here: the
//! ledger is consistent after a kill at any moment.

use std::io::Write;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals as Incoming;

use evenkeel_host::{Interruption, threads};

/// Time for work without a hold to stop by itself.
const GRACE: Duration = Duration::from_millis(1_500);
/// Interval of checking for the end of that, and for a second signal.
const TICK: Duration = Duration::from_millis(20);

/// Received signals.
pub(super) struct Signals {
    interruption: Interruption,
    heard: Arc<AtomicI32>,
}

impl Signals {
    /// Starts listening.
    pub(super) fn listen() -> Self {
        let signals = Self {
            interruption: Interruption::default(),
            heard: Arc::default(),
        };
        let interruption = signals.interruption.clone();
        let heard = Arc::clone(&signals.heard);
        let (begun, wait) = mpsc::channel();
        // Without a thread, signals terminate the program as usual, and the journal is consistent after that.
        let listening = threads::builder().spawn(move || {
            let Ok(mut incoming) = Incoming::new([SIGINT, SIGTERM, SIGHUP]) else {
                return;
            };
            // The receiver continues with or without the message.
            let _ = begun.send(());
            let Some(signal) = incoming.forever().next() else {
                return;
            };
            heard.store(signal, Ordering::SeqCst);
            if takes_a_line(&std::io::stderr()) {
                let _ = writeln!(
                    std::io::stderr(),
                    "evenkeel: stopping after the current step; press Ctrl-C again to stop now, the next run continues"
                );
            }
            interruption.interrupt();
            let mut begun = Instant::now();
            loop {
                if let Some(second) = incoming.pending().next() {
                    std::process::exit(128 + second);
                }
                if interruption.is_held() {
                    begun = Instant::now();
                } else if begun.elapsed() >= GRACE {
                    std::process::exit(128 + signal);
                }
                std::thread::sleep(TICK);
            }
        });
        if listening.is_ok() {
            let _ = wait.recv();
        }
        signals
    }

    /// Returns the flag that the first signal sets.
    pub(super) fn interruption(&self) -> Interruption {
        self.interruption.clone()
    }

    /// Returns the exit code of an interrupted run, which names its signal; a more severe code is kept.
    pub(super) fn exit_code(&self, code: u8) -> u8 {
        let signal = self.heard.load(Ordering::SeqCst);
        match code {
            130 if signal == SIGTERM => 143,
            130 if signal == SIGHUP => 129,
            code => code,
        }
    }
}

/// Whether a line can be written without blocking on a stopped reader.
fn takes_a_line(stream: &impl AsFd) -> bool {
    let mut watched = [PollFd::new(stream, PollFlags::OUT)];
    let now = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    poll(&mut watched, Some(&now)).is_ok_and(|ready| ready > 0)
}
