//! The last steps of a process that is to outlive evenkeel, taken in that process itself.
//!
//! `evenkeel launch` reads what to start from its standard input, begins a session of its own, writes its own record,
//! durably, and only then becomes the program: process number and start time stay the same. So the record is true
//! from the first moment, even when whoever started it is killed right then. Waiting for readiness is left to the
//! starter.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::fs::{Mode, OFlags};
use serde::{Deserialize, Serialize};

use super::Text;
use super::local::record;
use crate::local::reason::{why, why_io};
use crate::{inheritance, place};
use evenkeel_model::Clock as _;
use evenkeel_model::moment::SystemClock;

/// Environment variables that a process inherits; all others are only those it is given.
pub const INHERITED: [&str; 4] = ["PATH", "HOME", "LANG", "TZ"];

/// Longest description of what to start.
const LONGEST: u64 = 16 * 1024 * 1024;

/// What to start. It holds secrets and goes through a pipe only; it has no `Debug`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LaunchSpec {
    /// The record file to write.
    pub(crate) record: String,
    /// The file that standard output and error are appended to.
    pub(crate) log: String,
    /// Program and arguments.
    pub(crate) command: Vec<String>,
    /// Its environment, with secrets in plain text.
    pub(crate) environment: BTreeMap<String, String>,
    /// Its working directory; `/` when there is none.
    pub(crate) directory: Option<String>,
    /// What to keep in the record.
    pub(crate) started_as: BTreeMap<String, Text>,
}

/// Runs `evenkeel launch`: becomes the program described on standard input, or says on standard error why it could
/// not, and ends with status 1.
pub fn main() -> ! {
    let error = match launch() {
        Ok(never) => match never {},
        Err(error) => error,
    };
    error.tell();
    std::process::exit(1)
}

/// Why the program was not started, and where to say so.
struct Failure {
    reason: String,
    voice: Option<OwnedFd>,
}

impl Failure {
    fn tell(self) {
        if let Some(voice) = self.voice {
            // Whoever started this is gone if this fails.
            let _ = File::from(voice).write_all(self.reason.as_bytes());
        }
    }
}

fn launch() -> Result<Infallible, Failure> {
    // A duplicate that closes when the program takes over: its closing tells the starter that it did.
    let voice = std::io::stderr().as_fd().try_clone_to_owned().ok();
    become_program().map_err(|reason| Failure { reason, voice })
}

fn become_program() -> Result<Infallible, String> {
    let mut text = Vec::new();
    std::io::stdin()
        .lock()
        .take(LONGEST)
        .read_to_end(&mut text)
        .map_err(|error| format!("cannot read what to start: {}", why_io(&error)))?;
    let spec: LaunchSpec =
        serde_json::from_slice(&text).map_err(|_| "cannot understand what to start".to_owned())?;
    zeroize::Zeroize::zeroize(&mut text);
    let (program, arguments) = spec
        .command
        .split_first()
        .ok_or("there is no command to start")?;

    // No terminal and no signal of the starter's reaches it from here on.
    rustix::process::setsid().map_err(|errno| format!("cannot begin a session: {}", why(errno)))?;
    let log = open_log(Path::new(&spec.log))
        .map_err(|reason| format!("cannot open the log `{}`: {reason}", spec.log))?;
    let also = log
        .try_clone()
        .map_err(|error| format!("cannot open the log `{}`: {}", spec.log, why_io(&error)))?;

    let myself = record::myself(SystemClock.now(), spec.started_as)?;
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
    // There is no such process after all.
    let _ = record::remove(path, &myself);
    let directory = spec
        .directory
        .filter(|directory| !Path::new(directory).is_dir());
    Err(match directory {
        Some(directory) => format!("there is no working directory `{directory}`"),
        None if error.kind() == std::io::ErrorKind::NotFound => {
            format!("there is no program `{program}`, or not the interpreter its first line names")
        }
        None => format!("cannot start `{program}`: {}", why_io(&error)),
    })
}

fn open_log(path: &Path) -> Result<File, String> {
    let (parent, name) = place::split(path).map_err(|obstacle| obstacle.to_string())?;
    let parent = place::open_directory(&parent).map_err(|obstacle| obstacle.to_string())?;
    // Opening a pipe that nobody reads, or a device, would wait.
    let flags = OFlags::WRONLY
        | OFlags::APPEND
        | OFlags::CREATE
        | OFlags::NOFOLLOW
        | OFlags::NONBLOCK
        | OFlags::NOCTTY
        | OFlags::CLOEXEC;
    let not_a_file = || "it is not a regular file".to_owned();
    let log =
        rustix::fs::openat(parent, name, flags, Mode::from_raw_mode(0o600)).map_err(|errno| {
            match errno {
                rustix::io::Errno::NXIO => not_a_file(),
                errno => why(errno),
            }
        })?;
    let log = File::from(log);
    // A pipe, say, would stop the program when nobody reads it.
    match log.metadata() {
        Ok(metadata) if metadata.is_file() => {}
        Ok(_) => return Err(not_a_file()),
        Err(error) => return Err(why_io(&error)),
    }
    // The program gets a log as every program expects it.
    rustix::fs::fcntl_setfl(&log, OFlags::APPEND).map_err(why)?;
    Ok(log)
}
