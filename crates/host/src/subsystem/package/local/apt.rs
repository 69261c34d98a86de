//! Changes packages with apt.
//!
//! All packages of a batch are one transaction, which is simulated first: it is refused if it would remove or downgrade
//! a package that no definition names. If it fails, each package is tried alone, so that a broken one does not hide the
//! others. apt's exit status judges the whole system, so success is read from dpkg's database.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::super::judge::Wish;
use super::super::version::compare;
use super::super::{PackageState, System};
use super::Budget;
use super::dpkg::{Database, HALF_INSTALLED, MUST_BE_REINSTALLED, was_interrupted};
use super::job::{Job, all, newest};
use crate::Interruption;
use crate::local::tool::{Ran, Tool};
use crate::port::Outcome;
use evenkeel_model::text::inert;

/// The longest time to refresh the index.
const REFRESHING: Duration = Duration::from_mins(3);
/// The number of attempts while another program refreshes the index, one per second.
const ATTEMPTS: usize = 30;

/// Performs all actions of a batch.
pub(super) fn perform(
    wishes: &[(usize, Wish<'_>)],
    interruption: &Interruption,
) -> Vec<(usize, Outcome)> {
    let database = match Database::read() {
        Ok(database) => database,
        Err(reason) => return all(wishes, &reason),
    };
    let jobs = match Job::begin(wishes, System::Dpkg, |package| {
        database
            .find(package)
            .map(|place| (place.shown, place.found))
    }) {
        Ok(jobs) => jobs,
        Err(reason) => return all(wishes, &reason),
    };
    let mut batch = Batch {
        budget: Budget::new(),
        interruption,
        native: database.native().map(str::to_owned).unwrap_or_default(),
        jobs,
    };
    let changed = batch.change();
    Job::end(batch.jobs, changed)
}

struct Batch<'a> {
    budget: Budget,
    interruption: &'a Interruption,
    native: String,
    jobs: Vec<Job<'a>>,
}

impl Batch<'_> {
    fn change(&mut self) -> Result<(), String> {
        if !self.jobs.iter().any(Job::is_open) {
            return Ok(());
        }
        let is_unfinished = |job: &Job<'_>| {
            job.is_open() && matches!(job.now.state, PackageState::Unfinished { .. })
        };
        if was_interrupted() || self.jobs.iter().any(is_unfinished) {
            self.configure();
            self.read()?;
        }
        self.choose()?;
        self.lift_holds()?;
        let due: Vec<usize> = self.due();
        let mut is_locked = false;
        if due.len() > 1 && !self.interruption.is_set() {
            if let Err(reason) = self.transact(&due)
                && names_a_lock(&reason)
            {
                is_locked = true;
                for job in self.jobs.iter_mut().filter(|job| job.is_due()) {
                    job.failure = Some(reason.clone());
                }
            }
            self.read()?;
        }
        // Alone, each package shows its own reason; a lock was waited for already.
        let alone = if is_locked { Vec::new() } else { self.due() };
        for number in alone {
            if self.interruption.is_set() {
                if let Some(job) = self.jobs.get_mut(number) {
                    job.interrupt();
                }
                continue;
            }
            if let Err(reason) = self.transact(&[number])
                && let Some(job) = self.jobs.get_mut(number)
            {
                job.failure = Some(reason);
            }
            self.read()?;
        }
        self.set_holds()?;
        for job in &mut self.jobs {
            job.judge("apt");
        }
        Ok(())
    }

    /// Returns the numbers of the jobs that a transaction must change.
    fn due(&self) -> Vec<usize> {
        let jobs = self.jobs.iter().enumerate();
        jobs.filter(|(_, job)| job.is_due())
            .map(|(number, _)| number)
            .collect()
    }

    /// Reads the state of all packages again.
    fn read(&mut self) -> Result<(), String> {
        let database = Database::read()?;
        for job in &mut self.jobs {
            let place = database.find(job.wish.package())?;
            (job.shown, job.now) = (place.shown, place.found);
        }
        Ok(())
    }

    /// Completes what an earlier run left. Whether it succeeded shows in the states.
    fn configure(&self) {
        let tool = environment(Tool::new("dpkg")).args([
            "--force-confdef",
            "--force-confold",
            "--configure",
            "-a",
        ]);
        // A failure shows again, with its message, when the package itself is installed.
        let _ = self.budget.run(tool);
    }

    /// Chooses the versions to install, from a fresh index.
    fn choose(&mut self) -> Result<(), String> {
        let is_install = |job: &Job<'_>| job.is_due() && matches!(job.wish, Wish::Install(_));
        let names: BTreeSet<&str> = self
            .jobs
            .iter()
            .filter(|job| is_install(job))
            .map(|job| job.wish.package())
            .collect();
        if names.is_empty() {
            return Ok(());
        }
        let stale = refresh();
        let tool = Tool::new("apt-cache").args(["policy", "--"]).args(names);
        let printed = self
            .budget
            .run(tool)
            .map_err(|not| not.to_string())?
            .succeeded()?;
        let offers = Offers::parse(&printed);
        for job in self.jobs.iter_mut().filter(|job| is_install(job)) {
            match offers.choose(job.wish, &self.native) {
                Ok(version) => job.version = version,
                Err(reason) => job.refuse(match &stale {
                    Some(stale) => format!("{reason}; the index could not be refreshed: {stale}"),
                    None => reason,
                }),
            }
        }
        Ok(())
    }

    /// Lifts the holds of packages that must change.
    fn lift_holds(&mut self) -> Result<(), String> {
        let held = |job: &&mut Job<'_>| job.is_due() && job.now.held;
        let mut lifted = Vec::new();
        for job in self.jobs.iter_mut().filter(held) {
            job.is_lifted = true;
            lifted.push((job.shown.clone(), false));
        }
        self.mark(&lifted)
    }

    /// Sets and lifts holds as declared. A hold that no definition names, or whose change failed, keeps the found state.
    fn set_holds(&mut self) -> Result<(), String> {
        let marks: Vec<(String, bool)> = self
            .jobs
            .iter()
            .filter(|job| job.is_open() || job.is_lifted)
            .filter(|job| job.now.state != PackageState::Missing)
            .filter_map(|job| {
                let held = match job.wish {
                    Wish::Install(_) => job.wish.holds(&job.before),
                    Wish::Remove(_) => job.before.held,
                };
                (job.now.held != held).then(|| (job.shown.clone(), held))
            })
            .collect();
        self.mark(&marks)?;
        if marks.is_empty() {
            return Ok(());
        }
        self.read()
    }

    /// Sets and lifts holds.
    fn mark(&self, marks: &[(String, bool)]) -> Result<(), String> {
        if marks.is_empty() {
            return Ok(());
        }
        let lines: String = marks
            .iter()
            .map(|(package, held)| {
                let selection = if *held { "hold" } else { "install" };
                format!("{package} {selection}\n")
            })
            .collect();
        let tool = Tool::new("dpkg").arg("--set-selections").input(lines);
        let ran = self.budget.run(tool).map_err(|not| not.to_string())?;
        ran.succeeded().map(|_| ())
    }

    /// Simulates and runs one transaction.
    fn transact(&self, numbers: &[usize]) -> Result<(), String> {
        let jobs: Vec<&Job<'_>> = numbers
            .iter()
            .filter_map(|number| self.jobs.get(*number))
            .collect();
        let mut options = Vec::new();
        let is_downgrade = |job: &&Job<'_>| match (&job.version, job.now.version()) {
            (Some(wanted), Some(found)) => compare(System::Dpkg, wanted, found).is_lt(),
            _ => false,
        };
        if jobs.iter().any(is_downgrade) {
            options.push("--allow-downgrades");
        }
        // apt fails to reinstall what only lacks its configuration.
        if let [one] = &jobs[..]
            && let PackageState::Unfinished { step, .. } = &one.now.state
            && (step == HALF_INSTALLED || step == MUST_BE_REINSTALLED)
            && matches!(one.wish, Wish::Install(_))
        {
            options.push("--reinstall");
        }
        let arguments: Vec<String> = jobs.iter().map(|job| argument(job)).collect();
        let simulated = self
            .run(&["--simulate"], &options, &arguments)?
            .succeeded()?;
        let changes = Changes::parse(&simulated);
        changes.check(&jobs, &self.native)?;
        if changes.removed.is_empty() {
            options.push("--no-remove");
        }
        let ran = self.run(&[], &options, &arguments)?;
        if ran.status.success() {
            return Ok(());
        }
        let holder = holder(&ran.out);
        let failure = ran.failure();
        Err(match holder {
            Some(holder) if names_a_lock(&failure) => format!("{failure}; {holder}"),
            _ => failure,
        })
    }

    fn run(&self, first: &[&str], options: &[&str], arguments: &[String]) -> Result<Ran, String> {
        let tool = apt_get()
            .args(first)
            .args(options)
            .args(["install", "--"])
            .args(arguments);
        self.budget.run(tool).map_err(|not| not.to_string())
    }
}

/// Returns the argument of a job for `apt-get install`.
fn argument(job: &Job<'_>) -> String {
    let package = job.wish.package();
    match (job.wish, &job.version) {
        (Wish::Remove(_), _) => format!("{package}-"),
        (Wish::Install(_), Some(version)) => format!("{package}={version}"),
        (Wish::Install(_), None) => package.to_owned(),
    }
}

/// Whether a failure is that of a lock that another program holds.
fn names_a_lock(failure: &str) -> bool {
    failure.contains("Could not get lock") || failure.contains("Unable to acquire the dpkg")
}

/// Refreshes the index; returns why it is not fresh. Packages that the old one has can still be installed.
fn refresh() -> Option<String> {
    for attempt in 1.. {
        let tool = apt_get()
            .args(["-o", "APT::Update::Error-Mode=any"])
            .arg("update")
            .within(REFRESHING);
        let failure = match tool.run() {
            Err(not) => return Some(not.to_string()),
            Ok(ran) if ran.status.success() && !complains(&ran.messages) => return None,
            Ok(ran) => ran.failure(),
        };
        if attempt >= ATTEMPTS
            || !(failure.contains("Could not get lock") && failure.contains("/lists/"))
        {
            return Some(failure);
        }
        std::thread::sleep(Duration::from_secs(1));
    }
    None
}

/// Returns what apt printed about the holder of a lock while it waited.
fn holder(printed: &[u8]) -> Option<String> {
    let printed = String::from_utf8_lossy(printed);
    let said = printed
        .split(['\n', '\r'])
        .rev()
        .find(|line| line.contains("held by process"))?;
    let from = said.find("Could not get lock").unwrap_or(0);
    let line = said.get(from..)?.trim().trim_end_matches('.');
    let line: String = line.chars().take(200).collect();
    Some(inert(&line).into_owned())
}

/// Whether a refresh printed a warning or an error.
fn complains(messages: &[u8]) -> bool {
    String::from_utf8_lossy(messages)
        .lines()
        .any(|line| line.starts_with("W: Failed to fetch") || line.starts_with("E:"))
}

/// Sets what keeps maintainer scripts from asking.
fn environment(tool: Tool) -> Tool {
    tool.env("DEBIAN_FRONTEND", "noninteractive")
        .env("DEBCONF_NONINTERACTIVE_SEEN", "true")
        .env("APT_LISTCHANGES_FRONTEND", "none")
        .env("UCF_FORCE_CONFFOLD", "1")
}

/// Returns `apt-get` with the options of every call: it never asks, keeps changed configuration files, and waits for
/// another program that holds the lock.
fn apt_get() -> Tool {
    environment(Tool::new("apt-get")).args([
        "--yes",
        "--quiet",
        "-o",
        "Dpkg::Options::=--force-confdef",
        "-o",
        "Dpkg::Options::=--force-confold",
        "-o",
        "DPkg::Lock::Timeout=30",
        "-o",
        "Dpkg::Use-Pty=0",
        "-o",
        "APT::Color=0",
        "-o",
        "Acquire::Retries=1",
        "-o",
        "Acquire::http::Timeout=20",
        "-o",
        "Acquire::https::Timeout=20",
    ])
}

/// The versions that the index offers, newest first, by the name that apt prints.
struct Offers(BTreeMap<String, Vec<String>>);

impl Offers {
    /// Reads what `apt-cache policy` prints.
    fn parse(text: &str) -> Self {
        let mut offers: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut name = None;
        let mut version: Option<&str> = None;
        let mut in_table = false;
        for line in text.lines() {
            if !line.starts_with(' ') {
                name = line.strip_suffix(':').map(str::to_owned);
                if let Some(name) = &name {
                    offers.insert(name.clone(), Vec::new());
                }
                (version, in_table) = (None, false);
            } else if line.trim() == "Version table:" {
                in_table = true;
            } else if in_table {
                let words: Vec<&str> = line.split_whitespace().collect();
                match words[..] {
                    // The installed version.
                    ["***", found] | ["***", found, _] => version = Some(found),
                    // A source of the version above: priority and place.
                    [priority, place, ..] if line.starts_with("        ") => {
                        let is_usable = priority.parse::<i64>().is_ok_and(|number| number >= 0);
                        if let (Some(found), Some(name)) = (version, &name)
                            && is_usable
                            && place != "/var/lib/dpkg/status"
                            && let Some(versions) = offers.get_mut(name)
                            && versions.last().map(String::as_str) != Some(found)
                        {
                            versions.push(found.to_owned());
                        }
                    }
                    [found] | [found, _] => version = Some(found),
                    _ => {}
                }
            }
        }
        Self(offers)
    }

    fn of(&self, package: &str, native: &str) -> Option<&Vec<String>> {
        self.0.get(package).or_else(|| {
            let (name, architecture) = package.split_once(':')?;
            (architecture == native || architecture == "all")
                .then(|| self.0.get(name))
                .flatten()
        })
    }

    /// Returns the newest version that is as required; `None` leaves the choice to apt.
    fn choose(&self, wish: Wish<'_>, native: &str) -> Result<Option<String>, String> {
        let package = wish.package();
        let versions = self
            .of(package, native)
            .filter(|versions| !versions.is_empty());
        let Some(versions) = versions else {
            return Err(format!(
                "no source of packages offers `{package}`: check its name, and the sources in `/etc/apt`; a virtual package \
                 cannot be declared, only one that provides it"
            ));
        };
        newest(wish, System::Dpkg, versions)
    }
}

/// What a simulated transaction would do.
#[derive(Debug, Default, PartialEq, Eq)]
struct Changes {
    removed: Vec<String>,
    /// Name, version before, version after.
    installed: Vec<(String, Option<String>, String)>,
}

impl Changes {
    /// Reads what `apt-get --simulate` prints: `Inst name [old] (new …)` and `Remv name [old]`.
    fn parse(text: &str) -> Self {
        let mut changes = Self::default();
        for line in text.lines() {
            let mut words = line.split_whitespace();
            match (words.next(), words.next()) {
                (Some("Remv" | "Purg"), Some(name)) => changes.removed.push(name.to_owned()),
                (Some("Inst"), Some(name)) => {
                    let inside = |start, end: &[char]| {
                        let from = line.split_once(start)?.1;
                        Some(from.split(end).next()?.to_owned())
                    };
                    let rest = line.split_once('(').map_or("", |(before, _)| before);
                    let old = rest
                        .split_once('[')
                        .and_then(|(_, old)| Some(old.split_once(']')?.0.to_owned()));
                    let new = inside('(', &[' ', ')']).unwrap_or_default();
                    changes.installed.push((name.to_owned(), old, new));
                }
                _ => {}
            }
        }
        changes
    }

    /// Refuses changes that no definition asks for.
    fn check(&self, jobs: &[&Job<'_>], native: &str) -> Result<(), String> {
        let is = |job: &&&Job<'_>, name: &str| {
            let package = job.wish.package();
            let bare = |text: &str| match text.split_once(':') {
                Some((bare, "all")) => bare.to_owned(),
                Some((bare, architecture)) if architecture == native => bare.to_owned(),
                _ => text.to_owned(),
            };
            bare(package) == bare(name)
        };
        let unasked: Vec<String> = self
            .removed
            .iter()
            .filter(|name| {
                let mut removals = jobs
                    .iter()
                    .filter(|job| matches!(job.wish, Wish::Remove(_)));
                !removals.any(|job| is(&job, name))
            })
            .map(|name| format!("`{}`", inert(name)))
            .collect();
        if !unasked.is_empty() {
            return Err(format!(
                "this would remove {}: nothing was changed; declare {} with `removed = true` if that is wanted",
                unasked.join(", "),
                if unasked.len() == 1 { "it" } else { "them" }
            ));
        }
        let lowered: Vec<String> = self
            .installed
            .iter()
            .filter(|(name, old, new)| {
                let is_lower = old
                    .as_ref()
                    .is_some_and(|old| compare(System::Dpkg, new, old).is_lt());
                let mut asked = jobs.iter().filter(|job| job.version.is_some());
                is_lower && !asked.any(|job| is(&job, name))
            })
            .map(|(name, old, new)| {
                format!(
                    "`{}` from {} to {}",
                    inert(name),
                    inert(old.as_deref().unwrap_or_default()),
                    inert(new)
                )
            })
            .collect();
        if lowered.is_empty() {
            return Ok(());
        }
        Err(format!(
            "this would downgrade {}: nothing was changed; declare that version if it is wanted",
            lowered.join(", ")
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::{Changes, Offers};

    const POLICY: &str = "app:\n  Installed: 1.0-1\n  Candidate: 2.0-1\n  Version table:\n     2.0-1 500\n        500 file:/repo ./ Packages\n        500 http://other stable/main amd64 Packages\n     1.1-1 -1\n        -1 file:/repo ./ Packages\n *** 1.0-1 500\n        500 file:/repo ./ Packages\n        100 /var/lib/dpkg/status\nlocal:\n  Installed: 1\n  Candidate: 1\n  Version table:\n *** 1 100\n        100 /var/lib/dpkg/status\nvirtual:\n  Installed: (none)\n  Candidate: (none)\n  Version table:\nlibc6:i386:\n  Installed: (none)\n  Candidate: 2\n  Version table:\n     2 500\n        500 file:/repo ./ Packages\n";

    #[test]
    fn offers_are_what_a_source_has_and_no_pin_forbids() {
        let offers = Offers::parse(POLICY);
        let of = |package: &str| offers.of(package, "amd64").cloned();
        assert_eq!(of("app"), Some(vec!["2.0-1".into(), "1.0-1".into()]));
        assert_eq!(of("app:amd64"), of("app"));
        assert_eq!(of("app:i386"), None);
        assert_eq!(of("local"), Some(vec![]));
        assert_eq!(of("virtual"), Some(vec![]));
        assert_eq!(of("libc6:i386"), Some(vec!["2".into()]));
        assert_eq!(of("libc6"), None);
    }

    #[test]
    fn a_simulation_names_what_changes() {
        let changes = Changes::parse(
            "Reading package lists...\nRemv old [1.0-1]\nInst app [1.0-1] (1.1-1 localhost [all]) []\nInst new (2 localhost [amd64])\nConf new (2 localhost [amd64])\n",
        );
        let expected = Changes {
            removed: vec!["old".into()],
            installed: vec![
                ("app".into(), Some("1.0-1".into()), "1.1-1".into()),
                ("new".into(), None, "2".into()),
            ],
        };
        assert_eq!(changes, expected);
    }
}
