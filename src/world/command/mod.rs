//! Commands: exact arguments, exact environment, a time limit, bounded output.
//!
//! There is no shell. The command has its own process group, which is ended at the time limit or on an interruption;
//! another process that keeps a pipe open does not block. The meaning of the output is left to others.

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
use evenkeel_host::program;
use evenkeel_host::reason::why_io;
pub use kept::Output;
use pump::Ending;

/// Command to run.
#[derive(Clone)]
pub struct CommandRun {
    /// Program and arguments. A program without `/` is searched in the `PATH` below.
    pub command: Vec<String>,
    /// Environment: these variables and no others.
    pub environment: BTreeMap<String, String>,
    /// Working directory; this process's when `None`.
    pub directory: Option<PathBuf>,
    /// Standard input; empty when `None`.
    pub stdin: Option<Vec<u8>>,
    /// Time limit.
    pub timeout: Duration,
    /// Number of kept bytes of each output: the first half and the last.
    pub output_limit: usize,
    /// Whether it is ended as soon as its standard output exceeds the limit, because a part is useless.
    pub all_or_nothing: bool,
    /// Time between the request to stop and the kill of its group.
    pub grace: Duration,
    /// Whether processes that it left in its group are killed after its end.
    pub leave_nothing: bool,
}

impl CommandRun {
    /// Creates a command with `PATH`, `HOME`, `LANG` and `TZ` of this process, a time limit of a minute, and 1 MiB of
    /// output.
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

/// Returns the environment of a project's commands: this process's, without cargo's variables about the running
/// program, which would be wrong for a build, and without the key of a shared ledger, which no command needs.
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
        .filter(|(name, _)| *name != super::stores::KEY)
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// Returns the variables of this process with these names.
#[must_use]
pub fn inherited(names: &[&str]) -> BTreeMap<String, String> {
    names
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), std::env::var(name).ok()?)))
        .collect()
}

// Environments and inputs may contain passwords.
impl fmt::Debug for CommandRun {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(&self.command).finish()
    }
}

/// End of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommandStatus {
    /// It exited with this code.
    Code(i32),
    /// It was ended by this signal from outside.
    Signal(i32),
    /// It was ended at its time limit.
    TimedOut,
    /// It was ended by an interruption.
    Interrupted,
    /// It was ended because its output exceeded the limit and a part is useless.
    TooMuch,
}

impl CommandStatus {
    /// Whether it exited with code 0.
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

/// Outcome of a command. Its `Debug` omits the outputs, which may contain secrets.
#[derive(Clone)]
pub struct CommandOutcome {
    /// End.
    pub status: CommandStatus,
    /// Standard output, bounded.
    pub stdout: Output,
    /// Standard error, bounded.
    pub stderr: Output,
    /// Duration in seconds.
    pub seconds: f64,
}

impl CommandOutcome {
    /// Returns how it ended, with the last line of its standard error, safe to print: `exited with code 3: no such host`.
    #[must_use]
    pub fn failure(self) -> String {
        let said = self.stderr.into_bytes();
        let said = String::from_utf8_lossy(&said);
        let last = said.lines().rev().find(|line| !line.trim().is_empty());
        let last: String = last.unwrap_or_default().trim().chars().take(200).collect();
        if last.is_empty() {
            self.status.to_string()
        } else {
            format!("{}: {}", self.status, evenkeel_model::text::inert(&last))
        }
    }
}

impl fmt::Debug for CommandOutcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} after {:.1} s", self.status, self.seconds)
    }
}

/// Output of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Output,
    /// Standard error.
    Error,
}

/// Reason why a command was not run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// The command is empty.
    #[error("there is no command to run")]
    Empty,
    /// The program does not exist.
    #[error("program `{program}` not found: install it, or write its whole path")]
    NotFound {
        /// Program.
        program: String,
    },
    /// The program is not executable.
    #[error("`{program}` is not executable: run `chmod +x` on it")]
    NotExecutable {
        /// Program.
        program: String,
    },
    /// The working directory does not exist.
    #[error("the working directory `{}` of `{program}` does not exist", .directory.display())]
    NoDirectory {
        /// Program.
        program: String,
        /// Directory.
        directory: PathBuf,
    },
    /// It could not be run or awaited.
    #[error("cannot run `{program}`: {reason}")]
    Failed {
        /// Program.
        program: String,
        /// Reason.
        reason: String,
    },
}

/// Runs a command to its end.
///
/// # Errors
///
/// When it cannot be run; its end is in the outcome.
pub fn run(run: &CommandRun, interruption: &Interruption) -> Result<CommandOutcome, CommandError> {
    run_with_lines(run, interruption, &mut |_, _| {})
}

/// Runs a command to its end, and delivers each line as soon as it is written. Invalid UTF-8 is replaced; the line is
/// otherwise unchanged and not escaped for terminals (see [`evenkeel_model::text::inert`]).
///
/// # Errors
///
/// When it cannot be run; its end is in the outcome.
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
            reason: format!("`{name}` is not a valid name of an environment variable"),
        });
    }
    // After a request to stop, this ends within the command's grace time.
    let _hold = interruption.hold();
    let mut child = prepare(run)?
        .spawn()
        .map_err(|error| refused(run, &program, &error))?;
    let pumped = pump::pump(&mut child, run, interruption, on_line);
    // The command is not reaped yet, so no other process can have its number or its group's.
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

fn prepare(run: &CommandRun) -> Result<Command, CommandError> {
    let (program, arguments) = run.command.split_first().ok_or(CommandError::Empty)?;
    let search = run.environment.get("PATH").map(String::as_str);
    let mut command = program::command(program, search);
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
