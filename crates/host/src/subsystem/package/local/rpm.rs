//! rpm's database and dnf, with the locks of versions of its plugin `versionlock`.
//!
//! As with apt, one transaction for all installations first, then each package alone; success is read from the database.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::time::Duration;

use super::super::judge::Wish;
use super::super::version::compare;
use super::super::{PackageFound, PackageState, System};
use super::Budget;
use super::job::{Job, all, newest};
use crate::Interruption;
use crate::local::replace::read;
use crate::local::tool::{NotRun, Ran, Tool};
use crate::port::Outcome;
use evenkeel_model::Moment;
use evenkeel_model::text::inert;

/// One line for each package.
const FORMAT: &str =
    "%{NAME}\\t%{ARCH}\\t%|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE}\\t%{INSTALLTIME}\\n";
/// One line for each offered package.
const OFFERED: &str = "%{name}\\t%{arch}\\t%{epoch}:%{version}-%{release}\\n";
/// Where the plugin keeps the locks of versions.
const LOCKS: &str = "/etc/dnf/plugins/versionlock.list";
/// The files of rpm's database, in each of its directories and formats.
const DATABASES: [&str; 6] = [
    "/usr/lib/sysimage/rpm/rpmdb.sqlite",
    "/usr/lib/sysimage/rpm/Packages",
    "/usr/lib/sysimage/rpm/Packages.db",
    "/var/lib/rpm/rpmdb.sqlite",
    "/var/lib/rpm/Packages",
    "/var/lib/rpm/Packages.db",
];
/// The exit status of dnf if another program holds its lock.
const LOCKED: i32 = 200;
/// The number of attempts while another program holds dnf's lock, one per second.
const ATTEMPTS: usize = 30;

/// Whether the host has a database of rpm.
pub(super) fn has_database() -> bool {
    DATABASES.iter().any(|path| Path::new(path).exists())
}

/// All packages, by name without architecture.
pub(super) struct Database {
    packages: HashMap<String, Vec<Entry>>,
}

struct Entry {
    architecture: String,
    found: PackageFound,
    installed: Option<Moment>,
}

impl Database {
    /// Reads all packages.
    pub(super) fn read() -> Result<Self, NotRun> {
        let ran = Tool::new("rpm").args(["-qa", "--qf", FORMAT]).run()?;
        let printed = ran.succeeded().map_err(NotRun::Failed)?;
        let locks = read(Path::new(LOCKS)).map_err(NotRun::Failed)?;
        let locks = String::from_utf8_lossy(&locks.unwrap_or_default()).into_owned();
        Self::parse(&printed, &locks).map_err(NotRun::Failed)
    }

    fn parse(text: &str, locks: &str) -> Result<Self, String> {
        let locked = locked(locks);
        let mut packages: HashMap<String, Vec<Entry>> = HashMap::new();
        for line in text.lines() {
            let parts: Vec<&str> = line.split('\t').collect();
            let [name, architecture, version, time] = parts[..] else {
                let line: String = line.chars().take(200).collect();
                return Err(format!("`rpm` printed a malformed line: {}", inert(&line)));
            };
            let version = inert(version).into_owned();
            let held = locked
                .iter()
                .any(|(locked, is)| *locked == name && compare(System::Rpm, is, &version).is_eq());
            packages.entry(name.to_owned()).or_default().push(Entry {
                architecture: architecture.to_owned(),
                found: PackageFound {
                    state: PackageState::Installed { version },
                    held,
                },
                installed: time
                    .parse::<i64>()
                    .ok()
                    .map(|seconds| Moment::from_millisecond(seconds.saturating_mul(1000))),
            });
        }
        Ok(Self { packages })
    }

    /// Returns the state of a package and the time of its installation. Of several versions or architectures, the newest
    /// version counts.
    pub(super) fn find(&self, package: &str) -> (PackageFound, Option<Moment>) {
        let (name, wanted) = split(package);
        let entries = self.packages.get(name).map_or(&[][..], Vec::as_slice);
        entries
            .iter()
            .filter(|entry| wanted.is_none_or(|wanted| entry.architecture == wanted))
            .max_by(|one, other| {
                let version = |entry: &Entry| entry.found.version().unwrap_or_default().to_owned();
                compare(System::Rpm, &version(one), &version(other))
            })
            .map_or_else(
                || (PackageFound::missing(), None),
                |entry| (entry.found.clone(), entry.installed),
            )
    }
}

/// Splits a name from its architecture.
fn split(package: &str) -> (&str, Option<&str>) {
    match package.split_once(':') {
        Some((name, architecture)) => (name, Some(architecture)),
        None => (package, None),
    }
}

/// Returns names and versions of the locks: `NAME-EPOCH:VERSION-RELEASE.ARCHITECTURE`. Lines that exclude a version lock none.
fn locked(text: &str) -> Vec<(&str, String)> {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with(['#', '!']))
        .filter_map(|line| {
            let (rest, release) = line.rsplit_once('-')?;
            let (name, version) = rest.rsplit_once('-')?;
            let release = release
                .rsplit_once('.')
                .map_or(release, |(release, _)| release);
            Some((name, format!("{version}-{release}")))
        })
        .collect()
}

/// Returns dnf with the options of every call: it never asks, and removes no unused dependencies.
fn dnf() -> Tool {
    Tool::new("dnf").args([
        "--assumeyes",
        "--quiet",
        "--color=never",
        "--setopt=clean_requirements_on_remove=False",
        "--setopt=exit_on_lock=True",
    ])
}

/// Performs all actions of a batch.
pub(super) fn perform(
    wishes: &[(usize, Wish<'_>)],
    interruption: &Interruption,
) -> Vec<(usize, Outcome)> {
    let database = match Database::read() {
        Ok(database) => database,
        Err(not) => return all(wishes, &not.to_string()),
    };
    let found = |package: &str| Ok((package.to_owned(), database.find(package).0));
    let jobs = match Job::begin(wishes, System::Rpm, found) {
        Ok(jobs) => jobs,
        Err(reason) => return all(wishes, &reason),
    };
    let mut batch = Batch {
        budget: Budget::new(),
        interruption,
        jobs,
    };
    let changed = batch.change();
    Job::end(batch.jobs, changed)
}

struct Batch<'a> {
    budget: Budget,
    interruption: &'a Interruption,
    jobs: Vec<Job<'a>>,
}

/// The command of dnf for a job.
fn command(job: &Job<'_>) -> &'static str {
    match (job.wish, &job.version, job.now.version()) {
        (Wish::Remove(_), ..) => "remove",
        (_, Some(wanted), Some(found)) if compare(System::Rpm, wanted, found).is_lt() => {
            "downgrade"
        }
        _ => "install",
    }
}

/// The argument of dnf for a job.
fn argument(job: &Job<'_>) -> String {
    let (name, architecture) = split(job.wish.package());
    let mut argument = name.to_owned();
    if let (Some(version), Wish::Install(_)) = (&job.version, job.wish) {
        argument = format!("{argument}-{version}");
    }
    match architecture {
        Some(architecture) => format!("{argument}.{architecture}"),
        None => argument,
    }
}

impl Batch<'_> {
    fn change(&mut self) -> Result<(), String> {
        if !self.jobs.iter().any(Job::is_open) {
            return Ok(());
        }
        self.choose()?;
        self.lift_holds()?;
        let installs: Vec<usize> = self.due(|job| command(job) == "install");
        if installs.len() > 1 && !self.interruption.is_set() {
            // Alone, each package shows its reason.
            let _ = self.transact(&installs);
            self.read()?;
        }
        // A package that goes may make way for one that comes.
        for is_removal in [true, false] {
            for number in self.due(|job| (command(job) == "remove") == is_removal) {
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
        }
        self.set_holds()?;
        for job in &mut self.jobs {
            job.judge("dnf");
        }
        Ok(())
    }

    fn due(&self, is_so: impl Fn(&Job<'_>) -> bool) -> Vec<usize> {
        let jobs = self.jobs.iter().enumerate();
        jobs.filter(|(_, job)| job.is_due() && is_so(job))
            .map(|(number, _)| number)
            .collect()
    }

    fn read(&mut self) -> Result<(), String> {
        let database = Database::read().map_err(|not| not.to_string())?;
        for job in &mut self.jobs {
            job.now = database.find(job.wish.package()).0;
        }
        Ok(())
    }

    /// Chooses the versions to install, from a fresh index.
    fn choose(&mut self) -> Result<(), String> {
        let is_install = |job: &Job<'_>| job.is_due() && matches!(job.wish, Wish::Install(_));
        let names: BTreeSet<&str> = self
            .jobs
            .iter()
            .filter(|job| is_install(job))
            .map(|job| split(job.wish.package()).0)
            .collect();
        if names.is_empty() {
            return Ok(());
        }
        let ask = |option: &str| -> Result<Ran, String> {
            self.run(|| {
                dnf()
                    .arg(option)
                    .args(["repoquery", "--available", "--qf", OFFERED, "--"])
                    .args(&names)
            })
        };
        let (printed, stale) = match ask("--refresh")?.succeeded() {
            Ok(printed) => (printed, None),
            Err(stale) => (
                ask("--cacheonly")?.succeeded().unwrap_or_default(),
                Some(stale),
            ),
        };
        let offers = offers(&printed);
        for job in self.jobs.iter_mut().filter(|job| is_install(job)) {
            let (name, architecture) = split(job.wish.package());
            let versions: Vec<String> = offers
                .get(name)
                .into_iter()
                .flatten()
                .filter(|(offered, _)| {
                    architecture.is_none_or(|wanted| wanted == *offered || *offered == "noarch")
                })
                .map(|(_, version)| version.clone())
                .collect();
            let chosen = if versions.is_empty() {
                Err(format!(
                    "no source of packages offers `{}`: check its name, and the sources in `/etc/yum.repos.d`",
                    job.wish.package()
                ))
            } else {
                newest(job.wish, System::Rpm, &versions)
            };
            match chosen {
                Ok(version) => job.version = version,
                Err(reason) => job.refuse(match &stale {
                    Some(stale) => format!("{reason}; the index could not be refreshed: {stale}"),
                    None => reason,
                }),
            }
        }
        Ok(())
    }

    /// Simulates and runs one transaction of jobs with one command.
    fn transact(&self, numbers: &[usize]) -> Result<(), String> {
        let jobs: Vec<&Job<'_>> = numbers
            .iter()
            .filter_map(|number| self.jobs.get(*number))
            .collect();
        let Some(first) = jobs.first() else {
            return Ok(());
        };
        let command = command(first);
        let arguments: Vec<String> = jobs.iter().map(|job| argument(job)).collect();
        // The last of two contradicting options counts; without `--quiet`, the table is printed.
        let simulated = self.run(|| {
            dnf()
                .args(["--assumeno", "--verbose", command, "--"])
                .args(&arguments)
        })?;
        let goes = removed(&String::from_utf8_lossy(&simulated.out));
        let asked: Vec<&str> = jobs
            .iter()
            .filter(|job| matches!(job.wish, Wish::Remove(_)))
            .map(|job| split(job.wish.package()).0)
            .collect();
        let unasked: Vec<String> = goes
            .into_iter()
            .filter(|name| !asked.contains(&name.as_str()))
            .map(|name| format!("`{}`", inert(&name)))
            .collect();
        if !unasked.is_empty() {
            return Err(format!(
                "this would remove {}: nothing was changed; declare {} with `removed = true` if that is wanted",
                unasked.join(", "),
                if unasked.len() == 1 { "it" } else { "them" }
            ));
        }
        let ran = self.run(|| dnf().args([command, "--"]).args(&arguments))?;
        ran.succeeded().map(|_| ())
    }

    /// Runs dnf; waits while another program holds its lock.
    fn run(&self, tool: impl Fn() -> Tool) -> Result<Ran, String> {
        let mut attempt = 1;
        loop {
            let ran = self.budget.run(tool()).map_err(|not| not.to_string())?;
            if ran.status.code() != Some(LOCKED) || attempt >= ATTEMPTS {
                return Ok(ran);
            }
            attempt += 1;
            std::thread::sleep(Duration::from_secs(1));
        }
    }

    fn lift_holds(&mut self) -> Result<(), String> {
        let mut lifted = Vec::new();
        for job in self
            .jobs
            .iter_mut()
            .filter(|job| job.is_due() && job.now.held)
        {
            job.is_lifted = true;
            lifted.push(split(job.wish.package()).0.to_owned());
        }
        self.lock("delete", &lifted)
    }

    /// Sets and lifts locks as declared. One that no definition names, or whose change failed, keeps the found state.
    fn set_holds(&mut self) -> Result<(), String> {
        let (mut add, mut delete) = (Vec::new(), Vec::new());
        for job in &self.jobs {
            let is_known = job.is_open() || job.is_lifted;
            if !is_known || job.now.state == PackageState::Missing {
                continue;
            }
            let held = match job.wish {
                Wish::Install(_) => job.wish.holds(&job.before),
                Wish::Remove(_) => job.before.held,
            };
            if held != job.now.held {
                let name = split(job.wish.package()).0;
                match (held, job.now.version()) {
                    // A name alone would lock every version that is offered.
                    (true, Some(version)) => add.push(format!("{name}-{version}")),
                    _ => delete.push(name.to_owned()),
                }
            }
        }
        if add.is_empty() && delete.is_empty() {
            return Ok(());
        }
        let done = self
            .lock("add", &add)
            .and_then(|()| self.lock("delete", &delete));
        self.read()?;
        if let Err(reason) = done {
            // Packages without a lock are as they should be.
            for job in self.jobs.iter_mut().filter(|job| job.is_open()) {
                job.failure.get_or_insert_with(|| reason.clone());
            }
        }
        Ok(())
    }

    fn lock(&self, word: &str, packages: &[String]) -> Result<(), String> {
        if packages.is_empty() {
            return Ok(());
        }
        let ran = self.run(|| dnf().args(["versionlock", word, "--"]).args(packages))?;
        ran.succeeded().map(|_| ()).map_err(|reason| {
            if reason.contains("No such command") {
                "dnf cannot hold versions: install its plugin `versionlock`, or remove the key `held`".to_owned()
            } else {
                reason
            }
        })
    }
}

/// Returns the offered packages by name: architecture and version without a zero epoch.
fn offers(printed: &str) -> BTreeMap<&str, Vec<(&str, String)>> {
    let mut offers: BTreeMap<&str, Vec<(&str, String)>> = BTreeMap::new();
    for line in printed.lines() {
        let parts: Vec<&str> = line.split('\t').collect();
        if let [name, architecture, version] = parts[..]
            && architecture != "src"
        {
            let version = version.strip_prefix("0:").unwrap_or(version);
            let all = offers.entry(name).or_default();
            all.push((architecture, version.to_owned()));
        }
    }
    offers
}

/// Returns the names of packages that a simulated transaction removes: those of the parts `Removing…`, and what others
/// replace.
fn removed(printed: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut is_removing = false;
    for line in printed.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        if !line.starts_with(' ') {
            is_removing = line.starts_with("Removing");
        } else if let ["replacing", name, ..] = words[..] {
            let bare = name.rsplit_once('.').map_or(name, |(bare, _)| bare);
            names.push(bare.to_owned());
        } else if is_removing && let [name, ..] = words[..] {
            names.push(name.to_owned());
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::{Database, offers, removed};

    #[test]
    fn packages_and_locks_are_read() {
        let database = Database::parse(
            "nginx\tx86_64\t1:1.20.1-14.el9\t1700000000\nkernel\tx86_64\t5.14.0-1\t1\nkernel\tx86_64\t5.14.0-10\t2\nlib\ti686\t1-1\t3\n",
            "# a comment\nnginx-1:1.20.1-14.el9.*\n!kernel-0:5.14.0-1.*\nkernel-0:5.14.0-1.*\n",
        )
        .unwrap();
        let (found, changed) = database.find("nginx");
        assert_eq!(found.version(), Some("1:1.20.1-14.el9"));
        assert!(found.held && changed.is_some());
        let (kernel, _) = database.find("kernel:x86_64");
        assert_eq!(kernel.version(), Some("5.14.0-10"));
        assert!(!kernel.held);
        assert_eq!(database.find("lib:x86_64").0.version(), None);
        assert!(Database::parse("a\tb\n", "").is_err());
    }

    #[test]
    fn what_dnf_prints_is_read() {
        let offered = offers("app\tnoarch\t0:1.0-1\napp\tsrc\t0:1.0-1\napp\tx86_64\t2:1-1\n");
        assert_eq!(
            offered["app"],
            [
                ("noarch", "1.0-1".to_owned()),
                ("x86_64", "2:1-1".to_owned())
            ]
        );
        let printed = "Dependencies resolved.\n====\n Package Arch Version Repository Size\n====\nInstalling:\n new  noarch  1-1  t  5 k\n     replacing  old.noarch 1.0-1\nRemoving:\n app  noarch 1.1-1 @t 4\nRemoving dependent packages:\n plugin noarch 1-1 @t 4\n\nTransaction Summary\n====\nRemove  2 Packages\n";
        assert_eq!(removed(printed), ["old", "app", "plugin"]);
    }
}
