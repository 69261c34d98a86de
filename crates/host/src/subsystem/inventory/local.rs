//! Reading the inventory of this machine: a constant number of programs, whatever it has.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use super::{
    Answer, FoundFile, FoundGroup, FoundKey, FoundMount, FoundPackage, FoundUnit, FoundUser, Query,
};
use crate::local::accounts::{Accounts, is_of_person};
use crate::local::reason::why_io;
use crate::local::small_file;
use crate::local::tool::{Ran, Tool};
use crate::local::{Found, Local, LocalTarget};
use crate::package::System;
use crate::package::local::{requested_of_rpm, system};
use crate::subsystem::facts::local::bytes_of_user;
use crate::subsystem::lines::key;
use crate::subsystem::mount;
use crate::subsystem::user::UserState;
use evenkeel_model::text::inert;

/// Users and groups from here on belong to the system again.
const AFTER_LAST: u32 = 65534;
/// The longest file that is read, in bytes.
const LONGEST: u64 = 1024 * 1024;
/// What is missing if configuration files cannot be compared.
const CONFIGURATION: &str = "configuration files";
/// The most items of one sort.
const MOST: usize = 5_000;
/// Records of `ucf`: the packages of files, and their sums.
const UCF: (&str, &str) = ("/var/lib/ucf/registry", "/var/lib/ucf/hashfile");
/// Directories of units that packages do not use.
const UNITS: &[&str] = &["/etc/systemd/system", "/usr/local/lib/systemd/system"];
/// Directories with one file for each purpose.
const DROPPED: &[&str] = &[
    "/etc/cron.d",
    "/etc/sysctl.d",
    "/etc/modprobe.d",
    "/etc/modules-load.d",
    "/etc/security/limits.d",
    "/etc/sudoers.d",
    "/etc/logrotate.d",
    "/etc/profile.d",
    "/etc/ssh/sshd_config.d",
    "/etc/apt/sources.list.d",
    "/etc/yum.repos.d",
    // The tables of users, of Debian and of others.
    "/var/spool/cron/crontabs",
    "/var/spool/cron",
];

impl Local for Query {
    fn observe(_: &LocalTarget, asked: &[(usize, &Self)], found: Found<'_>) {
        for (number, query) in asked {
            let mut answer = Answer::default();
            read(query, &mut answer);
            found(*number, answer.into());
        }
    }
}

fn read(query: &Query, answer: &mut Answer) {
    let system = system();
    match system {
        Some(system) => packages(system, answer),
        None => answer
            .unread
            .push("packages and their files: the host has neither dpkg nor rpm".to_owned()),
    }
    accounts(query, answer);
    let mut candidates: BTreeSet<String> = BTreeSet::new();
    for directory in DROPPED.iter().chain(UNITS) {
        candidates.extend(files_in(directory, answer));
    }
    let units = units(answer);
    let mut named: Vec<&str> = candidates.iter().map(String::as_str).collect();
    named.extend(units.iter().map(|unit| unit.file.as_str()));
    let owners = match system {
        Some(system) => owners(system, &named, answer),
        None => BTreeMap::new(),
    };
    let manual: BTreeSet<&str> = answer
        .packages
        .iter()
        .map(|package| bare(&package.name))
        .collect();
    let units: Vec<FoundUnit> = units
        .into_iter()
        .filter(|unit| match owners.get(&unit.file) {
            Some(owner) => manual.contains(bare(owner)),
            None => true,
        })
        .collect();
    answer.units = units;
    let unowned = candidates
        .into_iter()
        .filter(|path| !owners.contains_key(path));
    answer.files = unowned
        .map(|path| FoundFile {
            path,
            package: None,
        })
        .collect();
    match system {
        Some(System::Dpkg) => changed(answer),
        Some(System::Rpm) => changed_of_rpm(answer),
        None => {}
    }
    mounts(answer);
    answer.files.sort();
    answer.files.dedup_by(|one, other| one.path == other.path);
    for (name, length) in [
        ("packages", answer.packages.len()),
        ("users", answer.users.len()),
        ("keys", answer.keys.len()),
        ("units", answer.units.len()),
        ("files", answer.files.len()),
    ] {
        if length > MOST {
            answer.unread.push(format!(
                "{name}: more than {MOST}; the others are not listed"
            ));
        }
    }
    answer.packages.truncate(MOST);
    answer.groups.truncate(MOST);
    answer.users.truncate(MOST);
    answer.keys.truncate(MOST);
    answer.units.truncate(MOST);
    answer.files.truncate(MOST);
    answer.mounts.truncate(MOST);
}

/// Returns the name of a package without an architecture.
fn bare(name: &str) -> &str {
    name.split(':').next().unwrap_or(name)
}

fn run(tool: Tool) -> Result<String, String> {
    tool.run()
        .map_err(|not| not.to_string())
        .and_then(Ran::succeeded)
}

fn packages(system: System, answer: &mut Answer) {
    const DPKG: &str =
        "${binary:Package}\\t${Package}\\t${Version}\\t${Priority}\\t${db:Status-Status}\\n";
    const RPM: &str =
        "%{NAME}:%{ARCH}\\t%{NAME}\\t%|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE}\\t-\\tinstalled\\n";
    let (manual, list) = match system {
        System::Dpkg => (
            run(Tool::new("apt-mark").arg("showmanual")),
            Tool::new("dpkg-query").args(["-W", "-f", DPKG]),
        ),
        System::Rpm => (
            requested_of_rpm(),
            Tool::new("rpm").args(["-qa", "--qf", RPM]),
        ),
    };
    match (manual, run(list)) {
        (Ok(manual), Ok(all)) => answer.packages = manually_installed(&manual, &all),
        (Err(reason), _) | (_, Err(reason)) => answer.unread.push(format!("packages: {reason}")),
    }
}

/// Returns the installed packages of a list of names. A name without an architecture is the host's.
fn manually_installed(manual: &str, all: &str) -> Vec<FoundPackage> {
    let mut versions: BTreeMap<&str, &str> = BTreeMap::new();
    for line in all.lines() {
        let parts: Vec<&str> = line.split('\t').collect();
        let [binary, package, version, priority, "installed"] = parts[..] else {
            continue;
        };
        // Every host of the release has them. A key in rpm's database is no package.
        if priority == "required" || package == "gpg-pubkey" {
            continue;
        }
        versions.insert(binary, version);
        // The first one of several architectures is the host's, as in the list of dpkg.
        versions.entry(package).or_insert(version);
    }
    let names: BTreeSet<&str> = manual.lines().map(str::trim).collect();
    names
        .into_iter()
        .filter_map(|name| {
            Some(FoundPackage {
                name: name.to_owned(),
                version: (*versions.get(name)?).to_owned(),
            })
        })
        .collect()
}

fn accounts(query: &Query, answer: &mut Answer) {
    let accounts = match Accounts::read() {
        Ok(accounts) => accounts,
        Err(reason) => {
            answer.unread.push(format!("users: {reason}"));
            return;
        }
    };
    let is_of_people = |number: u32| (query.first_number..AFTER_LAST).contains(&number);
    // The groups of users with numbers of the system that have their names.
    let mut own_groups = BTreeSet::new();
    for (name, entry) in &accounts.users {
        // People log in to accounts of the system too.
        keys(name, &entry.home, answer);
        let UserState::Present(user) = accounts.user(name) else {
            continue;
        };
        if !is_of_person(name, user.uid, &user.shell, query.first_number) {
            continue;
        }
        let group = user.group.name.as_deref();
        let gid = user.group.id;
        if group == Some(name) {
            own_groups.insert(name.clone());
        }
        answer.users.push(FoundUser {
            name: name.clone(),
            uid: user.uid,
            system: !is_of_people(user.uid),
            group: group.map_or_else(|| gid.to_string(), str::to_owned),
            groups: user.groups,
            home: user.home,
            shell: user.shell,
            comment: user.comment,
            locked: user.locked,
        });
    }
    let groups = accounts.numbered_groups();
    let groups = groups.filter(|(name, gid)| is_of_people(*gid) || own_groups.contains(*name));
    answer.groups = groups
        .map(|(name, gid)| FoundGroup {
            name: name.to_owned(),
            gid,
            system: !is_of_people(gid),
        })
        .collect();
    answer.groups.sort();
}

fn keys(user: &str, home: &str, answer: &mut Answer) {
    let path = Path::new(home).join(".ssh/authorized_keys");
    // Like sshd, through links: the home of `bin` is one on most hosts.
    let bytes = match bytes_of_user(&path) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return,
        Err(reason) => {
            let path = inert(&path.to_string_lossy()).into_owned();
            answer.unread.push(format!("{path}: {reason}"));
            return;
        }
    };
    let text = String::from_utf8_lossy(&bytes);
    let lines = text.lines().filter(|line| key::parse(line).is_some());
    answer.keys.extend(lines.map(|line| FoundKey {
        user: user.to_owned(),
        line: line.trim().to_owned(),
    }));
}

/// Returns the regular files of a directory, and those of directories of drop-ins in it.
fn files_in(directory: &str, answer: &mut Answer) -> Vec<String> {
    let mut files = Vec::new();
    let mut directories = vec![directory.to_owned()];
    while let Some(directory) = directories.pop() {
        let entries = match fs::read_dir(&directory) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => {
                answer
                    .unread
                    .push(format!("{}: {}", inert(&directory), why_io(&error)));
                continue;
            }
        };
        for entry in entries.flatten().take(MOST) {
            let (Ok(sort), Ok(path)) = (
                entry.file_type(),
                entry.path().into_os_string().into_string(),
            ) else {
                continue;
            };
            let is_hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
            if sort.is_file() && !is_hidden {
                files.push(path);
            } else if sort.is_dir() && path.ends_with(".d") {
                directories.push(path);
            }
        }
    }
    files.sort();
    files
}

fn units(answer: &mut Answer) -> Vec<FoundUnit> {
    // A host with another init system has no units.
    if !Path::new("/run/systemd/system").is_dir() {
        return Vec::new();
    }
    let list = Tool::new("systemctl").args([
        "list-unit-files",
        "--type=service,timer",
        "--state=enabled",
        "--no-legend",
        "--no-pager",
        "--plain",
    ]);
    let names: Vec<String> = match run(list) {
        Ok(text) => text
            .lines()
            .filter_map(|line| line.split_whitespace().next())
            // A template has no state.
            .filter(|name| !name.contains("@."))
            .map(str::to_owned)
            .collect(),
        Err(reason) => {
            answer.unread.push(format!("units: {reason}"));
            return Vec::new();
        }
    };
    if names.is_empty() {
        return Vec::new();
    }
    let show = Tool::new("systemctl")
        .args(["show", "--no-pager"])
        .arg("--property=Id,FragmentPath,ActiveState,DropInPaths")
        .arg("--")
        .args(&names);
    match run(show) {
        Ok(text) => shown(&text),
        Err(reason) => {
            answer.unread.push(format!("units: {reason}"));
            Vec::new()
        }
    }
}

/// Parses the properties of units: a block for each, with an empty line between them.
fn shown(text: &str) -> Vec<FoundUnit> {
    let is_of_a_package = |path: &&str| path.starts_with("/usr/lib/") || path.starts_with("/lib/");
    text.split("\n\n")
        .filter_map(|block| {
            let properties: BTreeMap<&str, &str> = block
                .lines()
                .filter_map(|line| line.split_once('='))
                .collect();
            let name = *properties.get("Id")?;
            let drop_ins = properties.get("DropInPaths").copied().unwrap_or_default();
            Some(FoundUnit {
                file: (*properties.get("FragmentPath")?).to_owned(),
                name: name.to_owned(),
                is_running: properties.get("ActiveState") == Some(&"active"),
                drop_ins: drop_ins
                    .split_whitespace()
                    .filter(|path| !is_of_a_package(path))
                    .map(str::to_owned)
                    .collect(),
            })
        })
        .filter(|unit| !unit.file.is_empty())
        .collect()
}

/// Runs a program whose exit status is not zero if something differs or is missing. Without an answer, adds the reason.
fn judged(tool: Tool, most: i32, what: &str, answer: &mut Answer) -> Option<Ran> {
    let reason = match tool.run() {
        Ok(ran) if ran.status.code().is_some_and(|code| code <= most) => return Some(ran),
        Ok(ran) => ran.failure(),
        Err(not) => not.to_string(),
    };
    answer.unread.push(format!("{what}: {reason}"));
    None
}

/// Returns the packages of paths, and of other files of the same packages. A path with characters of a pattern has none.
fn owners(system: System, paths: &[&str], answer: &mut Answer) -> BTreeMap<String, String> {
    let is_plain =
        |path: &&&str| path.starts_with('/') && !path.contains(['*', '?', '[', ']', '\\', '\n']);
    let named: Vec<&str> = paths.iter().filter(is_plain).copied().collect();
    if named.is_empty() {
        return BTreeMap::new();
    }
    // They fail if one of the paths has no package.
    let (tool, most) = match system {
        System::Dpkg => (Tool::new("dpkg-query").arg("--search"), 1),
        System::Rpm => (
            Tool::new("rpm").args(["-qf", "--qf", "[%{=NAME}: %{FILENAMES}\\n]"]),
            i32::MAX,
        ),
    };
    let tool = tool.arg("--").args(&named);
    judged(tool, most, "packages of files", answer).map_or_else(BTreeMap::new, |ran| {
        owned(&String::from_utf8_lossy(&ran.out))
    })
}

/// Parses lines such as `nginx-common, nginx: /etc/nginx`.
fn owned(text: &str) -> BTreeMap<String, String> {
    text.lines()
        .filter(|line| !line.starts_with("diversion by "))
        .filter_map(|line| line.split_once(": "))
        .filter_map(|(packages, path)| {
            let package = packages.split(", ").next()?;
            Some((path.to_owned(), package.to_owned()))
        })
        .collect()
}

/// Adds the configuration files that differ from their packages.
fn changed(answer: &mut Answer) {
    const FORMAT: &str = "${Package}\\t${db:Status-Status}\\n${Conffiles}\\n";
    let listed = match run(Tool::new("dpkg-query").args(["-W", "-f", FORMAT])) {
        Ok(listed) => listed,
        Err(reason) => {
            answer.unread.push(format!("{CONFIGURATION}: {reason}"));
            return;
        }
    };
    let mut files = configuration_files(&listed);
    let read = |path: &str| small_file::read(Path::new(path), LONGEST).ok().flatten();
    if let (Some(registry), Some(sums)) = (read(UCF.0), read(UCF.1)) {
        let (registry, sums) = (
            String::from_utf8_lossy(&registry).into_owned(),
            String::from_utf8_lossy(&sums).into_owned(),
        );
        for (path, entry) in registered(&registry, &sums) {
            files.entry(path).or_insert(entry);
        }
    }
    let mut sums = OsString::new();
    for (path, (_, sum)) in &files {
        sums.push(format!("{sum}  {path}\n"));
    }
    let check = Tool::new("md5sum")
        .args(["--check", "--quiet", "-"])
        .input(sums.into_encoded_bytes());
    // It exits with 1 if a file differs or is missing.
    let Some(ran) = judged(check, 1, CONFIGURATION, answer) else {
        return;
    };
    let messages = String::from_utf8_lossy(&ran.messages);
    let refused = messages
        .lines()
        .filter(|line| line.ends_with("Permission denied"));
    let refused = refused.filter_map(|line| line.strip_prefix("md5sum: "));
    answer
        .unread
        .extend(refused.map(|line| inert(line).into_owned()));
    let differing = String::from_utf8_lossy(&ran.out);
    for path in differing
        .lines()
        .filter_map(|line| line.strip_suffix(": FAILED"))
    {
        if let Some((package, _)) = files.get(path) {
            answer.files.push(FoundFile {
                path: path.to_owned(),
                package: Some(package.clone()),
            });
        }
    }
}

/// Adds the configuration files that differ from their packages, of rpm.
fn changed_of_rpm(answer: &mut Answer) {
    let verify = Tool::new("rpm").args(["-Va", "--configfiles", "--nodeps", "--noscripts"]);
    // It fails if a file differs.
    let Some(ran) = judged(verify, i32::MAX, CONFIGURATION, answer) else {
        return;
    };
    let text = String::from_utf8_lossy(&ran.out);
    let paths = differing(&text, &mut answer.unread);
    let owners = owners(System::Rpm, &paths, answer);
    for path in paths {
        if let Some(package) = owners.get(path) {
            answer.files.push(FoundFile {
                path: path.to_owned(),
                package: Some(package.clone()),
            });
        }
    }
}

/// Parses lines such as `S.5....T.  c /etc/nginx/nginx.conf`: the third character is `5` for another content, and `?` for one
/// that was not read.
fn differing<'a>(text: &'a str, unread: &mut Vec<String>) -> Vec<&'a str> {
    let mut paths = Vec::new();
    for (flags, path) in text.lines().filter_map(|line| line.split_once("  c ")) {
        match flags.as_bytes().get(2) {
            Some(b'5') => paths.push(path),
            Some(b'?') => unread.push(format!("{}: not read", inert(path))),
            _ => {}
        }
    }
    paths
}

/// Configuration files by path, each with its package and the MD5 sum of the packaged version.
type ConfigurationFiles = BTreeMap<String, (String, String)>;

/// Adds a configuration file, if its path and its sum are usable.
fn add(files: &mut ConfigurationFiles, path: &str, package: &str, sum: &str) {
    let is_sum = sum.len() == 32 && sum.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_sum && path.starts_with('/') && !path.contains(['\\', '\r']) {
        files.insert(path.to_owned(), (package.to_owned(), sum.to_owned()));
    }
}

/// Parses dpkg's configuration files of installed packages.
fn configuration_files(text: &str) -> ConfigurationFiles {
    let mut files = ConfigurationFiles::new();
    let mut package = None;
    for line in text.lines() {
        let Some(entry) = line.strip_prefix(' ') else {
            if let Some((name, status)) = line.split_once('\t') {
                package = (status == "installed").then_some(name);
            }
            continue;
        };
        // An entry with another last word is left from an earlier version.
        if let (Some(package), Some((path, sum))) = (package, entry.rsplit_once(' ')) {
            add(&mut files, path, package, sum);
        }
    }
    files
}

/// Parses the records of `ucf`, which places configuration files that packages generate.
fn registered(registry: &str, sums: &str) -> ConfigurationFiles {
    let packages: BTreeMap<&str, &str> = registry
        .lines()
        .filter_map(|line| line.split_once('\t'))
        .map(|(package, path)| (path.trim(), package.trim()))
        .collect();
    let mut files = ConfigurationFiles::new();
    for (sum, path) in sums.lines().filter_map(|line| line.split_once("  ")) {
        if let Some(package) = packages.get(path) {
            add(&mut files, path, package, sum);
        }
    }
    files
}

fn mounts(answer: &mut Answer) {
    let found = match mount::local::table() {
        Ok(found) => found,
        Err(reason) => {
            answer.unread.push(format!("/etc/fstab: {reason}"));
            return;
        }
    };
    // The root, and what is not mounted at a path, is set up with the machine.
    let is_listed = |mount: &FoundMount| {
        mount.path.starts_with('/') && mount.path != "/" && mount.source.filesystem != "swap"
    };
    answer.mounts = found
        .into_iter()
        .map(|(path, source, is_mounted)| FoundMount {
            path,
            source,
            is_mounted,
        })
        .filter(is_listed)
        .collect();
}

#[cfg(test)]
mod tests {
    use super::{configuration_files, differing, manually_installed, owned, registered, shown};

    #[test]
    fn changed_and_unread_configuration_files_of_rpm_are_parsed() {
        let mut unread = Vec::new();
        let text = "S.5....T.  c /etc/a b.conf\n.......T.  c /etc/touched\nmissing     c /etc/missing\n..?......  c /etc/secret\nS.5....T.    /usr/bin/x\n";
        assert_eq!(differing(text, &mut unread), ["/etc/a b.conf"]);
        assert_eq!(unread, ["/etc/secret: not read"]);
    }

    #[test]
    fn only_installed_packages_of_the_list_are_kept() {
        let all = "libc6:amd64\tlibc6\t2.36\toptional\tinstalled\nlibc6:i386\tlibc6\t2.35\toptional\tinstalled\nnginx\tnginx\t1.22\toptional\tinstalled\ngone\tgone\t1\toptional\tconfig-files\ndpkg\tdpkg\t1\trequired\tinstalled\nmalformed\n";
        let found = manually_installed("nginx\nlibc6\nlibc6:i386\ngone\ndpkg\nunknown\n", all);
        let found: Vec<(&str, &str)> = found
            .iter()
            .map(|package| (package.name.as_str(), package.version.as_str()))
            .collect();
        assert_eq!(
            found,
            [("libc6", "2.36"), ("libc6:i386", "2.35"), ("nginx", "1.22")]
        );
    }

    #[test]
    fn configuration_files_have_a_package_and_a_sum() {
        let sum = "0123456789abcdef0123456789abcdef";
        let text = format!(
            "nginx\tinstalled\n /etc/nginx/a b.conf {sum}\n /etc/old {sum} obsolete\n /etc/new newconffile\n\ngone\tconfig-files\n /etc/gone {sum}\n\nnone\tinstalled\n\n"
        );
        let files = configuration_files(&text);
        let files: Vec<_> = files.into_iter().collect();
        let entry = |package: &str| (package.to_owned(), sum.to_owned());
        assert_eq!(files, [("/etc/nginx/a b.conf".to_owned(), entry("nginx"))]);
        let registry = "openssh-server \t /etc/ssh/sshd_config\nx\t/etc/x\n";
        let sums = format!("{sum}  /etc/ssh/sshd_config\n{sum}  /etc/none\nbad  /etc/x\n\n");
        let files: Vec<_> = registered(registry, &sums).into_iter().collect();
        assert_eq!(
            files,
            [("/etc/ssh/sshd_config".to_owned(), entry("openssh-server"))]
        );
    }

    #[test]
    fn properties_and_owners_are_parsed() {
        let units = shown(
            "Id=a.service\nFragmentPath=/lib/systemd/system/a.service\nActiveState=active\nDropInPaths=/etc/systemd/system/a.service.d/x.conf /usr/lib/x.conf\n\nId=b.service\nFragmentPath=\nActiveState=inactive\n\nId=c.service\nFragmentPath=/etc/c\nActiveState=failed\nDropInPaths=\n",
        );
        assert_eq!(units.len(), 2);
        assert!(units[0].is_running && !units[1].is_running);
        assert_eq!(
            units[0].drop_ins,
            ["/etc/systemd/system/a.service.d/x.conf"]
        );
        let owned = owned("nginx-common, nginx: /etc/a: b\ndiversion by x from: /etc/b\n");
        assert_eq!(owned.len(), 1);
        assert_eq!(owned["/etc/a: b"], "nginx-common");
    }
}
