//! Signals: the first asks for an end at a safe place, the second ends at once.
//!
//! What hears the first ends by itself. What does not hear it, such as reading or comparing, is ended from here: the
//! ledger bears that at any moment, as it bears a kill.

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

/// How long work that is not held may take to end by itself.
const GRACE: Duration = Duration::from_millis(1_500);
/// How often is looked for the end of that, and for a second signal.
const TICK: Duration = Duration::from_millis(20);

/// What was heard.
pub(super) struct Signals {
    interruption: Interruption,
    heard: Arc<AtomicI32>,
}

impl Signals {
    /// Listens from now on.
    pub(super) fn listen() -> Self {
        let signals = Self {
            interruption: Interruption::default(),
            heard: Arc::default(),
        };
        let interruption = signals.interruption.clone();
        let heard = Arc::clone(&signals.heard);
        let (begun, wait) = mpsc::channel();
        // Without a thread nobody listens, and signals end the program as they always do: the journal bears that as well.
        let listening = threads::builder().spawn(move || {
            let Ok(mut incoming) = Incoming::new([SIGINT, SIGTERM, SIGHUP]) else {
                return;
            };
            // Whoever waits for this goes on in any case.
            let _ = begun.send(());
            let Some(signal) = incoming.forever().next() else {
                return;
            };
            heard.store(signal, Ordering::SeqCst);
            if takes_a_line(&std::io::stderr()) {
                let _ = writeln!(
                    std::io::stderr(),
                    "evenkeel: ending at the next safe place; once more ends at once, and the next run goes on from there"
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

    /// The flag that the first signal sets.
    pub(super) fn interruption(&self) -> Interruption {
        self.interruption.clone()
    }

    /// The code of an interrupted run names its signal; what is worse than an interruption keeps its own.
    pub(super) fn exit_code(&self, code: u8) -> u8 {
        let signal = self.heard.load(Ordering::SeqCst);
        match code {
            130 if signal == SIGTERM => 143,
            130 if signal == SIGHUP => 129,
            code => code,
        }
    }
}

/// Whether a line can be written without waiting for its reader, who may be stopped.
fn takes_a_line(stream: &impl AsFd) -> bool {
    let mut watched = [PollFd::new(stream, PollFlags::OUT)];
    let now = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    poll(&mut watched, Some(&now)).is_ok_and(|ready| ready > 0)
}
