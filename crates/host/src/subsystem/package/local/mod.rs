//! The local part: the packaging system of this machine, and what is common to both.

mod apt;
mod dpkg;
mod job;
mod rpm;

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::fs::{AtFlags, CWD};

use super::judge::Wish;
use super::{Answer, Query, System};
use crate::ActionError;
use crate::local::tool::{NotRun, Ran, Tool};
use crate::local::{Found, Local, LocalTarget, Work, failed, unreadable};
use crate::port::Outcome;
use crate::subsystem::Action;
use crate::subsystem::path::local::look::changed;
use evenkeel_model::Moment;

/// The longest time of all programs of one batch: less than the silence after which a host counts as unreachable.
const LONGEST: Duration = Duration::from_mins(13);

/// What a host without a known packaging system answers.
const NO_SYSTEM: &str =
    "no supported packaging system: the host has neither dpkg nor a database of rpm";

/// dpkg's list of packages.
const LIST: &str = "/var/lib/dpkg/status";

/// Packaging systems lock their databases: batches of one process follow each other.
static TURN: Mutex<()> = Mutex::new(());

impl Local for Query {
    fn observe(_: &LocalTarget, asked: &[(usize, &Self)], found: Found<'_>) {
        if asked.is_empty() {
            return;
        }
        let answers: Result<Vec<crate::Answer>, String> = match system() {
            None => Err(NO_SYSTEM.to_owned()),
            Some(System::Dpkg) => dpkg::Database::read().map(|database| {
                asked
                    .iter()
                    .map(|(_, query)| answer_of_dpkg(&database, &query.package))
                    .collect()
            }),
            Some(System::Rpm) => match rpm::Database::read() {
                Ok(database) => Ok(asked
                    .iter()
                    .map(|(_, query)| {
                        let (found, changed) = database.find(&query.package);
                        Answer {
                            system: System::Rpm,
                            found,
                            changed,
                        }
                        .into()
                    })
                    .collect()),
                Err(NotRun::Missing(_)) => Err(NO_SYSTEM.to_owned()),
                Err(other) => Err(other.to_string()),
            },
        };
        match answers {
            Ok(answers) => {
                for ((number, _), answer) in asked.iter().zip(answers) {
                    found(*number, answer);
                }
            }
            Err(reason) => {
                for (number, _) in asked {
                    found(*number, unreadable(&*reason));
                }
            }
        }
    }

    fn perform(work: &Work<'_>, actions: &[(usize, &Action)]) -> Vec<(usize, Outcome)> {
        let wishes: Vec<(usize, Wish<'_>)> = actions
            .iter()
            .filter_map(|(number, action)| Some((*number, Wish::of(action)?)))
            .collect();
        // A batch that panicked left nothing here that is wrong.
        let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        if work.interruption.is_set() {
            return wishes
                .iter()
                .map(|(number, _)| (*number, Err(ActionError::Interrupted)))
                .collect();
        }
        match system() {
            Some(System::Dpkg) => apt::perform(&wishes, work.interruption),
            Some(System::Rpm) => rpm::perform(&wishes, work.interruption),
            None => job::all(&wishes, NO_SYSTEM),
        }
    }
}

/// Returns the packaging system of this machine. Each of them may be installed as a mere program of the other's: then its
/// database is empty or missing.
pub(crate) fn system() -> Option<System> {
    let is_listed = std::fs::metadata(LIST).is_ok_and(|list| list.len() > 0);
    let is_installed = ["/usr/bin", "/bin"]
        .iter()
        .any(|directory| Path::new(directory).join("dpkg-query").exists());
    match (is_installed, rpm::has_database()) {
        (true, false) => Some(System::Dpkg),
        (true, true) if is_listed => Some(System::Dpkg),
        (_, true) => Some(System::Rpm),
        (false, false) => None,
    }
}

/// Returns the names of the packages that dnf installed by request, a line each. A host without dnf has no record of it: all
/// packages count.
pub(crate) fn requested_of_rpm() -> Result<String, String> {
    const NAME: &str = "%{name}\\n";
    let dnf = Tool::new("dnf").args([
        "--quiet",
        "--cacheonly",
        "repoquery",
        "--userinstalled",
        "--qf",
        NAME,
    ]);
    let ran = match dnf.run() {
        Err(NotRun::Missing(_)) => Tool::new("rpm").args(["-qa", "--qf", NAME]).run(),
        other => other,
    };
    ran.map_err(|not| not.to_string()).and_then(Ran::succeeded)
}

fn answer_of_dpkg(database: &dpkg::Database, package: &str) -> crate::Answer {
    match database.find(package) {
        Ok(place) => Answer {
            system: System::Dpkg,
            changed: place.list.as_deref().and_then(last_change),
            found: place.found,
        }
        .into(),
        Err(reason) => unreadable(reason),
    }
}

/// Returns when the metadata of a file last changed.
fn last_change(path: &Path) -> Option<Moment> {
    let status = rustix::fs::statat(CWD, path, AtFlags::SYMLINK_NOFOLLOW).ok()?;
    Some(changed(&status))
}

/// The time that is left for the programs of a batch.
#[derive(Clone, Copy)]
struct Budget(Instant);

impl Budget {
    fn new() -> Self {
        Self(Instant::now() + LONGEST)
    }

    fn run(self, tool: Tool) -> Result<Ran, NotRun> {
        let left = self.0.saturating_duration_since(Instant::now());
        tool.within(left.max(Duration::from_secs(1))).run()
    }
}

/// Returns the error of an action. A source of packages may have a password in its address.
fn refused(wish: Wish<'_>, reason: impl Into<String>) -> ActionError {
    failed(
        wish.operation(),
        wish.package(),
        without_passwords(&reason.into()),
    )
}

/// Returns a text without the accounts and passwords of its addresses.
fn without_passwords(text: &str) -> String {
    let mut parts = text.split("://");
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        shown.push_str("://");
        let end = part
            .find(|each: char| each == '/' || each.is_whitespace())
            .unwrap_or(part.len());
        let host = part.get(..end).unwrap_or_default();
        let account = host.rfind('@').map_or(0, |at| at + 1);
        shown.push_str(part.get(account..).unwrap_or_default());
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::without_passwords;

    #[test]
    fn addresses_are_shown_without_passwords() {
        for (text, shown) in [
            ("no address @ all", "no address @ all"),
            (
                "E: http://me:secret@host/a failed, https://host/b@c",
                "E: http://host/a failed, https://host/b@c",
            ),
            ("ftp://a:b@c@host", "ftp://host"),
            ("x://", "x://"),
        ] {
            assert_eq!(without_passwords(text), shown);
        }
    }
}
