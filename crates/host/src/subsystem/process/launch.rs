//! The last steps of starting a process that outlives evenkeel, run in that process.
//!
//! `evenkeel launch` reads its task from standard input, starts a new session, durably writes its own record, and only
//! then becomes the program: process number and start time stay the same. So the record is true from the first moment,
//! even when the starter is killed right then. The starter waits for readiness.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::fs::{Mode, OFlags};
use serde::{Deserialize, Serialize};

use super::Text;
use super::local::record;
use crate::local::reason::{why, why_io};
use crate::subsystem::path::local::view;
use crate::{inheritance, place};
use evenkeel_model::Moment;

/// Environment variables that a process inherits; all others must be declared.
pub const INHERITED: [&str; 4] = ["PATH", "HOME", "LANG", "TZ"];

/// The longest launch specification.
const LONGEST: u64 = 16 * 1024 * 1024;

/// A launch specification. It contains secrets, is passed through a pipe only, and has no `Debug`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LaunchSpec {
    /// The record file to write.
    pub(crate) record: String,
    /// The file that standard output and error are appended to.
    pub(crate) log: String,
    /// The program and its arguments.
    pub(crate) command: Vec<String>,
    /// The environment, with secrets in plain text.
    pub(crate) environment: BTreeMap<String, String>,
    /// The working directory; `/` when `None`.
    pub(crate) directory: Option<String>,
    /// The attributes to keep in the record.
    pub(crate) started_as: BTreeMap<String, Text>,
}

/// Runs `evenkeel launch`: becomes the program described on standard input, or reports the reason on standard error and
/// exits with status 1. With further arguments, becomes a program in a view of the file system.
pub fn main() -> ! {
    let mut arguments = std::env::args_os().skip(2);
    if arguments
        .next()
        .is_some_and(|first| first == view::ARGUMENT)
    {
        view::main(arguments)
    }
    let error = match launch() {
        Ok(never) => match never {},
        Err(error) => error,
    };
    error.tell();
    std::process::exit(1)
}

/// The reason why the program did not start, and the stream for it.
struct Failure {
    reason: String,
    voice: Option<OwnedFd>,
}

impl Failure {
    fn tell(self) {
        if let Some(voice) = self.voice {
            // If this fails, the starter has ended.
            let _ = File::from(voice).write_all(self.reason.as_bytes());
        }
    }
}

fn launch() -> Result<Infallible, Failure> {
    // A close-on-exec duplicate: its closing signals to the starter that the program runs.
    let voice = std::io::stderr().as_fd().try_clone_to_owned().ok();
    become_program().map_err(|reason| Failure { reason, voice })
}

fn become_program() -> Result<Infallible, String> {
    let mut text = Vec::new();
    std::io::stdin()
        .lock()
        .take(LONGEST)
        .read_to_end(&mut text)
        .map_err(|error| format!("cannot read the launch specification: {}", why_io(&error)))?;
    let spec: LaunchSpec =
        serde_json::from_slice(&text).map_err(|_| "malformed launch specification".to_owned())?;
    zeroize::Zeroize::zeroize(&mut text);
    let (program, arguments) = spec
        .command
        .split_first()
        .ok_or("the launch specification has no command")?;

    // From here on, no terminal and no signal of the starter's session reaches it.
    rustix::process::setsid().map_err(|errno| format!("cannot start a session: {}", why(errno)))?;
    let log = open_log(Path::new(&spec.log))
        .map_err(|reason| format!("cannot open the log `{}`: {reason}", spec.log))?;
    let also = log
        .try_clone()
        .map_err(|error| format!("cannot open the log `{}`: {}", spec.log, why_io(&error)))?;

    let myself = record::myself(now(), spec.started_as)?;
    let path = Path::new(&spec.record);
    record::write(path, &myself)
        .map_err(|reason| format!("cannot write the record `{}`: {reason}", spec.record))?;

    let mut command = Command::new(program);
    command
        .args(arguments)
        .env_clear()
        .envs(
            INHERITED
                .iter()
                .filter_map(|name| Some((name, std::env::var_os(name)?))),
        )
        .envs(&spec.environment)
        .current_dir(spec.directory.as_deref().unwrap_or("/"))
        .stdin(Stdio::null())
        .stdout(Stdio::from(log))
        .stderr(Stdio::from(also));
    inheritance::start_clean();
    let error = command.exec();
    // The process does not exist after all.
    let _ = record::remove(path, &myself);
    let directory = spec
        .directory
        .filter(|directory| !Path::new(directory).is_dir());
    Err(match directory {
        Some(directory) => format!("working directory `{directory}` not found"),
        None if error.kind() == std::io::ErrorKind::NotFound => {
            format!(
                "program `{program}` not found, or the interpreter in its first line is missing"
            )
        }
        None => format!("cannot start `{program}`: {}", why_io(&error)),
    })
}

/// Returns the present moment. The clock of the model would add the messages of a parser of times to the agent.
fn now() -> Moment {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let milliseconds = since.unwrap_or_default().as_millis();
    Moment::from_millisecond(i64::try_from(milliseconds).unwrap_or(i64::MAX))
}

fn open_log(path: &Path) -> Result<File, String> {
    let (parent, name) = place::split(path).map_err(|obstacle| obstacle.to_string())?;
    let parent = place::open_directory(&parent).map_err(|obstacle| obstacle.to_string())?;
    // Opening a pipe without a reader, or a device, would block.
    let flags = OFlags::WRONLY
        | OFlags::APPEND
        | OFlags::CREATE
        | OFlags::NOFOLLOW
        | OFlags::NONBLOCK
        | OFlags::NOCTTY
        | OFlags::CLOEXEC;
    let not_a_file = || "not a regular file".to_owned();
    let log =
        rustix::fs::openat(parent, name, flags, Mode::from_raw_mode(0o600)).map_err(|errno| {
            match errno {
                rustix::io::Errno::NXIO => not_a_file(),
                errno => why(errno),
            }
        })?;
    let log = File::from(log);
    // A pipe, for example, would block the program when nothing reads it.
    match log.metadata() {
        Ok(metadata) if metadata.is_file() => {}
        Ok(_) => return Err(not_a_file()),
        Err(error) => return Err(why_io(&error)),
    }
    // Reset the flags to what programs expect of a log.
    rustix::fs::fcntl_setfl(&log, OFlags::APPEND).map_err(why)?;
    Ok(log)
}
