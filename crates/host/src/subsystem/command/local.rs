//! The local part: runs checks and commands, without a shell, as the declared account.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustix::fs::AtFlags;
use rustix::io::Errno;

use super::{Answer, Check, Query, RunCommand};
use crate::local::accounts::Accounts;
use crate::local::reason::why;
use crate::local::tool::{NotRun, Ran, Tool};
use crate::local::{Found, Local, LocalTarget, Work, each, failed, unreadable};
use crate::place::{self, Obstacle};
use crate::port::Outcome;
use crate::subsystem::Action;
use crate::{ActionError, Performed, Text, threads};

/// The number of concurrent checks.
const AT_ONCE: usize = 16;
/// The time limit of a check: it runs whenever evenkeel observes.
const PROMPT: Duration = Duration::from_secs(30);
/// What is shown in the place of a secret.
const HIDDEN: &[u8] = b"(secret)";

impl Local for Query {
    fn observe(_: &LocalTarget, asked: &[(usize, &Self)], found: Found<'_>) {
        if asked.is_empty() {
            return;
        }
        let accounts = Accounts::read();
        for some in asked.chunks(AT_ONCE) {
            std::thread::scope(|scope| {
                let begun: Vec<_> = some
                    .iter()
                    .map(|(number, query)| {
                        let run = || check(&query.check, &accounts);
                        (*number, threads::begin(scope, run))
                    })
                    .collect();
                for (number, thread) in begun {
                    let answer = match thread.join() {
                        Ok(Ok(answer)) => answer.into(),
                        Ok(Err(reason)) => unreadable(reason),
                        Err(_) => unreadable("internal error in evenkeel while checking it"),
                    };
                    found(number, answer);
                }
            });
        }
    }

    fn perform(work: &Work<'_>, actions: &[(usize, &Action)]) -> Vec<(usize, Outcome)> {
        each(actions, |action| match action {
            _ if work.interruption.is_set() => Some(Err(ActionError::Interrupted)),
            Action::RunCommand(wanted) => Some(run(work, wanted)),
            _ => None,
        })
    }
}

/// Runs a check. The error is a reason why its result is unknown.
fn check(check: &Check, accounts: &Result<Accounts, String>) -> Result<Answer, String> {
    let not_yet = |detail: Option<String>| Answer {
        holds: false,
        detail,
    };
    if let Some(path) = &check.creates
        && !exists(Path::new(path))?
    {
        return Ok(not_yet(None));
    }
    let Some(command) = &check.run else {
        return Ok(Answer {
            holds: check.creates.is_some(),
            detail: None,
        });
    };
    let tool = match tool(command, check, accounts) {
        Ok(tool) => tool,
        Err(Lack::Missing(what)) => return Ok(not_yet(Some(what))),
        Err(Lack::Unknown(reason)) => return Err(reason),
    };
    let ran = match tool.envs(&check.environment).within(PROMPT).run() {
        Ok(ran) => ran,
        Err(missing @ NotRun::Missing(_)) => return Ok(not_yet(Some(missing.to_string()))),
        Err(NotRun::Failed(reason)) => return Err(format!("the check has no result: {reason}")),
    };
    match ran.status.code() {
        Some(0) => Ok(Answer {
            holds: true,
            detail: None,
        }),
        // A shell and `setpriv` report a missing program so.
        Some(126 | 127) => Ok(not_yet(Some(ran.failure()))),
        Some(_) => Ok(not_yet(None)),
        None => Err(format!("the check has no result: {}", ran.failure())),
    }
}

fn exists(path: &Path) -> Result<bool, String> {
    let (parent, name) = place::split(path).map_err(|obstacle| obstacle.to_string())?;
    let directory = match place::open_directory(&parent) {
        Ok(directory) => directory,
        Err(Obstacle::Missing(_)) => return Ok(false),
        Err(obstacle) => return Err(obstacle.to_string()),
    };
    match rustix::fs::statat(&directory, &name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(_) => Ok(true),
        Err(Errno::NOENT | Errno::NOTDIR) => Ok(false),
        Err(errno) => Err(format!("`{}`: {}", path.display(), why(errno))),
    }
}

/// Why a program cannot start.
enum Lack {
    /// Something does not exist (yet).
    Missing(String),
    /// Something is unreadable.
    Unknown(String),
}

/// Prepares a program with its account and its directory.
fn tool(
    command: &[String],
    check: &Check,
    accounts: &Result<Accounts, String>,
) -> Result<Tool, Lack> {
    let (program, arguments) = command
        .split_first()
        .ok_or_else(|| Lack::Unknown("the command has no program".into()))?;
    let directory = check.directory.as_deref().unwrap_or("/");
    if !Path::new(directory).is_dir() {
        return Err(Lack::Missing(format!("directory `{directory}` not found")));
    }
    let tool = match &check.user {
        None => Tool::new(program).args(arguments),
        Some(user) => {
            let accounts = accounts
                .as_ref()
                .map_err(|reason| Lack::Unknown(reason.clone()))?;
            let entry = accounts
                .users
                .get(user)
                .ok_or_else(|| Lack::Missing(format!("no user `{user}` in /etc/passwd")))?;
            let tool = if rustix::process::geteuid().as_raw() == entry.uid {
                Tool::new(program).args(arguments)
            } else {
                Tool::new("setpriv")
                    .arg("--reuid")
                    .arg(entry.uid.to_string())
                    .arg("--regid")
                    .arg(entry.gid.to_string())
                    .arg("--init-groups")
                    .arg("--")
                    .arg(program)
                    .args(arguments)
            };
            tool.env("HOME", &entry.home)
                .env("USER", user)
                .env("LOGNAME", user)
        }
    };
    Ok(tool.directory(directory))
}

fn run(work: &Work<'_>, wanted: &RunCommand) -> Outcome {
    let refused = |reason: String| failed("run", &wanted.name, reason);
    let accounts = Accounts::read();
    if check(&wanted.check, &accounts).map_err(refused)?.holds {
        return Ok(Performed {
            note: Some("already so".to_owned()),
        });
    }
    let mut secrets = Vec::new();
    let mut variables: BTreeMap<&str, Arc<[u8]>> = BTreeMap::new();
    for (name, text) in &wanted.environment {
        let value = match text {
            Text::Plain(plain) => plain.as_bytes().into(),
            Text::Sealed(seal) => {
                let secret = work
                    .materials
                    .content(seal)
                    .filter(|bytes| work.target.sealer.seal(bytes) == *seal)
                    .ok_or_else(|| {
                        refused(format!(
                            "secret of variable `{name}` unavailable: plan again"
                        ))
                    })?;
                secrets.push(Arc::clone(&secret));
                secret
            }
        };
        variables.insert(name, value);
    }
    let mut tool = tool(&wanted.run, &wanted.check, &accounts).map_err(|lack| match lack {
        Lack::Missing(reason) | Lack::Unknown(reason) => refused(reason),
    })?;
    for (name, value) in &variables {
        tool = tool.env(name, OsStr::from_bytes(value));
    }
    let mut ran = tool
        .within(Duration::from_millis(wanted.within))
        .run()
        .map_err(|error| refused(error.to_string()))?;
    hide(&mut ran, &secrets);
    if !ran.status.success() {
        return Err(refused(ran.failure()));
    }
    if wanted.check.is_empty() {
        return Ok(Performed::default());
    }
    // It may have created the account.
    let after = check(&wanted.check, &Accounts::read()).map_err(refused)?;
    if after.holds {
        return Ok(Performed::default());
    }
    let what = match (&after.detail, &wanted.check.creates) {
        (Some(detail), _) => detail.clone(),
        (None, Some(path)) if !exists(Path::new(path)).unwrap_or(false) => {
            format!("`{path}` does not exist")
        }
        (None, _) => "its check still fails".to_owned(),
    };
    Err(refused(format!(
        "the command succeeded, but {what}{}",
        ran.spoken()
            .map_or(String::new(), |text| format!("; its output: {text}"))
    )))
}

/// Removes secrets from what a program printed.
fn hide(ran: &mut Ran, secrets: &[Arc<[u8]>]) {
    for secret in secrets {
        let lines = secret.split(|byte| *byte == b'\n');
        for part in std::iter::once(&secret[..]).chain(lines.filter(|line| line.len() >= 4)) {
            let part = part.trim_ascii();
            if !part.is_empty() {
                ran.out = replaced(&ran.out, part);
                ran.messages = replaced(&ran.messages, part);
            }
        }
    }
}

fn replaced(text: &[u8], secret: &[u8]) -> Vec<u8> {
    let mut clean = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.first() {
        if let Some(after) = rest.strip_prefix(secret) {
            clean.extend_from_slice(HIDDEN);
            rest = after;
        } else {
            clean.push(*first);
            rest = rest.get(1..).unwrap_or_default();
        }
    }
    clean
}
