//! Runs a command to its end: exact arguments, exact environment, a time limit, bounded output.
//!
//! There is no shell. The command has a process group of its own, and all of it is ended when time is up or the work
//! is interrupted; somebody who still holds a pipe afterwards does not hold us up. What the output means is left to
//! others.

mod kept;
mod pump;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use evenkeel_host::Interruption;
use evenkeel_host::reason::why_io;
pub use kept::Output;
use pump::Ending;

/// What to run.
#[derive(Clone)]
pub struct CommandRun {
    /// The program and its arguments. A program without `/` is looked for in the `PATH` given below.
    pub command: Vec<String>,
    /// Its environment: these variables and no others.
    pub environment: BTreeMap<String, String>,
    /// Its working directory; ours when `None`.
    pub directory: Option<PathBuf>,
    /// What it reads; nothing when `None`.
    pub stdin: Option<Vec<u8>>,
    /// How long it may run.
    pub timeout: Duration,
    /// How many bytes of each output are kept: the first half and the last.
    pub output_limit: usize,
    /// Whether it is ended as soon as its standard output is longer than what is kept: then a part is of no use.
    pub all_or_nothing: bool,
    /// How long its group has to end after it was asked to, before it is killed.
    pub grace: Duration,
    /// Whether what it started and left behind in its group is killed when it has ended by itself.
    pub leave_nothing: bool,
}

impl CommandRun {
    /// A command with `PATH`, `HOME`, `LANG` and `TZ` of our own environment, a minute's time, and 1 MiB of output.
    pub fn new<S: Into<String>>(command: impl IntoIterator<Item = S>) -> Self {
        Self {
            command: command.into_iter().map(Into::into).collect(),
            environment: inherited(&evenkeel_host::launch::INHERITED),
            directory: None,
            stdin: None,
            timeout: Duration::from_mins(1),
            output_limit: 1024 * 1024,
            all_or_nothing: false,
            grace: Duration::from_secs(1),
            leave_nothing: false,
        }
    }
}

/// The environment that a project's own commands get: all of ours, but for what cargo says of the program it runs,
/// should it have started this one: that is not so of what they build.
#[must_use]
pub fn handed_on(ours: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let own = [
        "CARGO_PKG_",
        "CARGO_MANIFEST_",
        "CARGO_BIN_",
        "CARGO_CRATE_",
        "CARGO_PRIMARY_",
    ];
    ours.iter()
        .filter(|(name, _)| !own.iter().any(|own| name.starts_with(own)))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// The variables of our own environment with these names.
#[must_use]
pub fn inherited(names: &[&str]) -> BTreeMap<String, String> {
    names
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), std::env::var(name).ok()?)))
        .collect()
}

// Environments and inputs carry passwords.
impl fmt::Debug for CommandRun {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(&self.command).finish()
    }
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommandStatus {
    /// By itself, with this code.
    Code(i32),
    /// By this signal, which was not ours.
    Signal(i32),
    /// It was ended because its time was up.
    TimedOut,
    /// It was ended because the work was interrupted.
    Interrupted,
    /// It was ended because it wrote more than what is kept, and only all of it was of use.
    TooMuch,
}

impl CommandStatus {
    /// Whether it ended by itself, with code 0.
    #[must_use]
    pub fn is_success(self) -> bool {
        self == Self::Code(0)
    }
}

impl fmt::Display for CommandStatus {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(formatter, "ended with status {code}"),
            Self::Signal(signal) => write!(formatter, "was ended by signal {signal}"),
            Self::TimedOut => formatter.write_str("did not end in time and was stopped"),
            Self::Interrupted => formatter.write_str("was interrupted"),
            Self::TooMuch => formatter.write_str("wrote too much and was stopped"),
        }
    }
}

/// What came of a command. Its `Debug` leaves the outputs out: they may hold secrets.
#[derive(Clone)]
pub struct CommandOutcome {
    /// How it ended.
    pub status: CommandStatus,
    /// Standard output, bounded.
    pub stdout: Output,
    /// Standard error, bounded.
    pub stderr: Output,
    /// How long it ran, in seconds.
    pub seconds: f64,
}

impl fmt::Debug for CommandOutcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} after {:.1} s", self.status, self.seconds)
    }
}

/// Which output a line is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Output,
    /// Standard error.
    Error,
}

/// Why a command was not run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// There is nothing to run.
    #[error("there is no command to run")]
    Empty,
    /// There is no such program.
    #[error("there is no program `{program}`: install it, or write its whole path")]
    NotFound {
        /// The program.
        program: String,
    },
    /// It may not be executed.
    #[error("`{program}` may not be executed: give it permission with `chmod +x`")]
    NotExecutable {
        /// The program.
        program: String,
    },
    /// There is no such directory to run it in.
    #[error("there is no directory `{}` to run `{program}` in", .directory.display())]
    NoDirectory {
        /// The program.
        program: String,
        /// The directory.
        directory: PathBuf,
    },
    /// It could not be run, or not be waited for.
    #[error("cannot run `{program}`: {reason}")]
    Failed {
        /// The program.
        program: String,
        /// Why.
        reason: String,
    },
}

/// Runs a command to its end.
///
/// # Errors
///
/// When it cannot be run at all; how it ended is in the outcome.
pub fn run(run: &CommandRun, interruption: &Interruption) -> Result<CommandOutcome, CommandError> {
    run_with_lines(run, interruption, &mut |_, _| {})
}

/// Runs a command to its end, and hands on each line as soon as it is written. Bytes that are not UTF-8 are replaced;
/// the line is as the command wrote it, and not yet fit for a terminal (see [`evenkeel_model::text::inert`]).
///
/// # Errors
///
/// When it cannot be run at all; how it ended is in the outcome.
pub fn run_with_lines(
    run: &CommandRun,
    interruption: &Interruption,
    on_line: &mut dyn FnMut(Stream, &str),
) -> Result<CommandOutcome, CommandError> {
    let started = Instant::now();
    let program = run.command.first().cloned().ok_or(CommandError::Empty)?;
    let failed = |error: io::Error| CommandError::Failed {
        program: program.clone(),
        reason: why_io(&error),
    };
    let invalid = |name: &&String| name.is_empty() || name.contains(['=', '\0']);
    if let Some(name) = run.environment.keys().find(invalid) {
        return Err(CommandError::Failed {
            program: program.clone(),
            reason: format!("`{name}` cannot name an environment variable"),
        });
    }
    // Once it was asked to end, this ends within the grace of the command.
    let _hold = interruption.hold();
    let mut child = command(run)?
        .spawn()
        .map_err(|error| refused(run, &program, &error))?;
    let pumped = pump::pump(&mut child, run, interruption, on_line);
    // The command is not waited for yet: until then nobody else can have its number, or its group's.
    if pumped.is_err() || run.leave_nothing {
        pump::kill_group(&child);
    }
    let status = child.wait().map_err(failed)?;
    let (ending, kept) = pumped.map_err(failed)?;
    let [stdout, stderr] = kept.map(kept::Kept::into_output);
    Ok(CommandOutcome {
        status: match ending {
            Ending::ByItself => said(status),
            Ending::TimedOut => CommandStatus::TimedOut,
            Ending::Interrupted => CommandStatus::Interrupted,
            Ending::TooMuch => CommandStatus::TooMuch,
        },
        stdout,
        stderr,
        seconds: started.elapsed().as_secs_f64(),
    })
}

fn command(run: &CommandRun) -> Result<Command, CommandError> {
    let (program, arguments) = run.command.split_first().ok_or(CommandError::Empty)?;
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env_clear()
        .envs(&run.environment)
        .stdin(if run.stdin.is_some() {
            Stdio::piped()
        } else {
            Stdio::null()
        })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0);
    if let Some(directory) = &run.directory {
        command.current_dir(directory);
    }
    Ok(command)
}

fn refused(run: &CommandRun, program: &str, error: &io::Error) -> CommandError {
    let program = program.to_owned();
    if let Some(directory) = run
        .directory
        .as_ref()
        .filter(|directory| !directory.is_dir())
    {
        let directory = directory.clone();
        return CommandError::NoDirectory { program, directory };
    }
    match error.kind() {
        io::ErrorKind::NotFound => CommandError::NotFound { program },
        io::ErrorKind::PermissionDenied => CommandError::NotExecutable { program },
        _ => CommandError::Failed {
            program,
            reason: why_io(error),
        },
    }
}

fn said(status: ExitStatus) -> CommandStatus {
    match (status.code(), status.signal()) {
        (Some(code), _) => CommandStatus::Code(code),
        (None, signal) => CommandStatus::Signal(signal.unwrap_or(0)),
    }
}
