//! Signals: the first asks for an end at a safe place, the second ends at once.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::thread;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals as Incoming;

use evenkeel_host::Interruption;

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
        // Without it, signals end the program as they always do: the journal bears that as well.
        if let Ok(mut incoming) = Incoming::new([SIGINT, SIGTERM, SIGHUP]) {
            let interruption = signals.interruption.clone();
            let heard = Arc::clone(&signals.heard);
            thread::spawn(move || {
                for signal in incoming.forever() {
                    if heard.swap(signal, Ordering::SeqCst) != 0 {
                        std::process::exit(128 + signal);
                    }
                    let _ = writeln!(
                        std::io::stderr(),
                        "evenkeel: ending at the next safe place; once more ends at once, and the next run goes on from there"
                    );
                    interruption.interrupt();
                }
            });
        }
        signals
    }

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
