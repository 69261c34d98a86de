//! The agent program, which runs on a remote host.

#![forbid(unsafe_code)]

use std::io::Write as _;
use std::process::ExitCode;

use evenkeel_agent::{Stopper, serve};
use evenkeel_host::{LocalTarget, threads};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

const USAGE: &str = "\
Usage: evenkeel-agent [--version | --help]

evenkeel starts this program on a host and speaks with it over its standard input and output.

Exit codes:
  0    the conversation ended as agreed
  64   usage error
  65   the other side broke the protocol
  74   the channel failed, or was closed without a goodbye
  76   the other side speaks another version of the protocol
  129, 130, 143
       stopped by a signal (HUP, INT, TERM), after the step in progress
";

fn main() -> ExitCode {
    evenkeel_host::inheritance::keep_descriptors();
    let mut arguments = std::env::args_os().skip(1);
    let first = arguments.next();
    // First of all: this process may be about to become another program.
    if first.as_ref().is_some_and(|first| first == "launch") {
        evenkeel_host::launch::main()
    }
    match (
        first.as_ref().and_then(|first| first.to_str()),
        arguments.next(),
    ) {
        (None, None) if first.is_none() => converse(),
        (Some("revert"), None) => match evenkeel_host::revert::restore::wait() {
            Ok(()) => ExitCode::SUCCESS,
            Err(reason) => {
                let _ = writeln!(std::io::stderr(), "error: {reason}");
                ExitCode::FAILURE
            }
        },
        (Some("--version"), None) => {
            say(concat!("evenkeel-agent ", env!("CARGO_PKG_VERSION"), "\n"))
        }
        (Some("--help"), None) => say(USAGE),
        _ => {
            // If the error cannot be printed, the exit code still reports it.
            let _ = write!(std::io::stderr(), "error: unexpected argument\n\n{USAGE}");
            ExitCode::from(64)
        }
    }
}

fn say(text: &str) -> ExitCode {
    match std::io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::from(74),
    }
}

fn converse() -> ExitCode {
    let stopper = Stopper::default();
    if let Ok(mut signals) = Signals::new([SIGHUP, SIGINT, SIGTERM]) {
        let stopper = stopper.clone();
        let listening = threads::builder().spawn(move || {
            for signal in &mut signals {
                stopper.stop(signal);
            }
        });
        if let Err(error) = listening.and_then(|_| threads::start_pool()) {
            let _ = writeln!(std::io::stderr(), "error: cannot start a thread: {error}");
            return ExitCode::from(74);
        }
    }
    let launcher = match std::env::current_exe() {
        Ok(launcher) => launcher,
        Err(error) => {
            let _ = writeln!(
                std::io::stderr(),
                "error: cannot find this program's executable: {error}"
            );
            return ExitCode::from(74);
        }
    };
    let end = serve(
        std::io::stdin(),
        std::io::stdout(),
        |sealer| LocalTarget::new(sealer, launcher),
        &std::env::temp_dir(),
        &stopper,
    );
    if let Some(reason) = end.reason() {
        let _ = writeln!(std::io::stderr(), "error: {reason}");
    }
    ExitCode::from(end.code())
}
