//! Signals: the first asks for an end at a safe place, the second ends at once.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::mpsc;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals as Incoming;

use evenkeel_host::{Interruption, threads};

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
        if listening.is_ok() {
            let _ = wait.recv();
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
