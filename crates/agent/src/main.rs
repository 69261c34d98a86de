//! The agent program, which runs on a remote host.

#![forbid(unsafe_code)]

use std::ffi::OsStr;
use std::fs::File;
use std::io::Write as _;
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use evenkeel_agent::{End, Residence, Resident, Stopper, residence, serve};
use evenkeel_host::threads::Caller;
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
    if first
        .as_ref()
        .is_some_and(|first| first == residence::ARGUMENT)
        && let (Some(path), Some(account), None) =
            (arguments.next(), arguments.next(), arguments.next())
    {
        return stay(path.into(), &account);
    }
    match (
        first.as_ref().and_then(|first| first.to_str()),
        arguments.next(),
    ) {
        (None, None) if first.is_none() => converse(),
        (Some("revert"), None) => match evenkeel_host::revert::restore::wait() {
            Ok(()) => ExitCode::SUCCESS,
            Err(reason) => {
                complain(&reason);
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
    let stopped = stopper.clone();
    let begun = listen(move |signal| stopped.stop(signal))
        .and_then(|()| threads::start_pool(Caller::TakesPart));
    if let Err(error) = begun {
        complain(&format!("cannot start a thread: {error}"));
        return ExitCode::from(74);
    }
    let launcher = match std::env::current_exe() {
        Ok(launcher) => launcher,
        Err(error) => {
            complain(&format!("cannot find this program's executable: {error}"));
            return ExitCode::from(74);
        }
    };
    // Without the buffer of the standard library, which is not wiped.
    let input = match std::io::stdin().as_fd().try_clone_to_owned() {
        Ok(input) => File::from(input),
        Err(error) => {
            complain(&format!("cannot read the standard input: {error}"));
            return ExitCode::from(74);
        }
    };
    let residence = Residence::find(&launcher);
    let end = serve(
        input,
        std::io::stdout(),
        |sealer| LocalTarget::new(sealer, launcher),
        &std::env::temp_dir(),
        &stopper,
        residence.as_ref(),
    );
    if let Some(reason) = end.reason() {
        complain(&reason);
    }
    ExitCode::from(end.code())
}

/// Answers later conversations at a socket, which is the standard input.
fn stay(path: PathBuf, account: &OsStr) -> ExitCode {
    let account = account.to_str().and_then(|account| account.parse().ok());
    let listener = std::io::stdin().as_fd().try_clone_to_owned();
    let (Some(account), Ok(listener)) = (account, listener) else {
        return ExitCode::from(64);
    };
    let Ok(launcher) = std::env::current_exe() else {
        return ExitCode::from(74);
    };
    let Ok(resident) = Resident::new(path, account, launcher) else {
        return ExitCode::from(74);
    };
    let stopped = Arc::clone(&resident);
    let listening = listen(move |signal| stopped.stop(signal));
    if listening.is_err() {
        return ExitCode::from(74);
    }
    Resident::settle();
    match resident.answer(&UnixListener::from(listener)) {
        Some(signal) => ExitCode::from(End::Signal(signal).code()),
        None => ExitCode::SUCCESS,
    }
}

/// Handles signals.
fn listen(stop: impl Fn(i32) + Send + 'static) -> std::io::Result<()> {
    if let Ok(mut signals) = Signals::new([SIGHUP, SIGINT, SIGTERM]) {
        threads::builder().spawn(move || {
            for signal in &mut signals {
                stop(signal);
            }
        })?;
    }
    Ok(())
}

fn complain(reason: &str) {
    // If it cannot be printed, the exit code still reports it.
    let _ = writeln!(std::io::stderr(), "error: {reason}");
}
