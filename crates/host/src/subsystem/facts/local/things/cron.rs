//! Entries of cron: the lines of its tables, and the scripts of its directories.
//!
//! The command of an entry may contain a password: its digest tells entries apart, and the command is not read out.

use std::path::Path;

use super::super::Group;
use super::mark;

/// Directories of scripts.
const SCRIPTS: [&str; 4] = [
    "/etc/cron.hourly",
    "/etc/cron.daily",
    "/etc/cron.weekly",
    "/etc/cron.monthly",
];
/// Directories of users' tables: Debian's, and that of the others.
const OF_USERS: [&str; 2] = ["/var/spool/cron/crontabs", "/var/spool/cron"];
/// Endings of files that editors and packages leave behind.
const LEFTOVERS: [&str; 6] = [
    "~",
    ".dpkg-dist",
    ".dpkg-old",
    ".dpkg-new",
    ".rpmsave",
    ".rpmnew",
];

/// The sort of a table.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Table {
    /// With a user in each line.
    System,
    /// Without.
    OfUser,
    /// Of anacron: the period, the delay, and a name.
    Anacron,
}

pub(in super::super) fn read(group: &mut Group) {
    let mut tables = vec![
        ("/etc/crontab".into(), Table::System),
        ("/etc/anacrontab".into(), Table::Anacron),
    ];
    let system = group.files("/etc/cron.d", "");
    tables.extend(system.into_iter().map(|path| (path, Table::System)));
    for directory in OF_USERS {
        let own = group.files(directory, "");
        tables.extend(own.into_iter().map(|path| (path, Table::OfUser)));
    }
    for (path, table) in tables {
        if is_used(&path)
            && let Some(text) = group.file(&path)
        {
            entries(&path.to_string_lossy(), &text, table, group);
        }
    }
    for directory in SCRIPTS {
        for path in group.files(directory, "") {
            if is_used(&path) {
                group.add(&[&path.to_string_lossy()], "");
            }
        }
    }
}

/// Whether a file is a table or a script: no directory, no hidden file, and no leftover.
fn is_used(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    !path.is_dir()
        && !name.starts_with('.')
        && !LEFTOVERS.iter().any(|ending| name.ends_with(ending))
}

/// Adds the entries of a table.
pub(super) fn entries(path: &str, text: &str, table: Table, group: &mut Group) {
    for line in text.lines().map(str::trim) {
        if line.is_empty() || line.starts_with('#') || is_variable(line) {
            continue;
        }
        group.add(&[path, &entry(line, table)], "");
    }
}

/// Whether a line sets a variable: a name, perhaps quoted, and an equals sign.
fn is_variable(line: &str) -> bool {
    line.split_once('=').is_some_and(|(name, _)| {
        let name = name.trim().trim_matches(['"', '\'']);
        let mut letters = name.chars();
        letters
            .next()
            .is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
            && letters.all(|each| each.is_ascii_alphanumeric() || each == '_')
    })
}

/// Returns the schedule and the user of an entry, and the digest of the rest. A line that is none has its digest only.
fn entry(line: &str, table: Table) -> String {
    let fields = match table {
        _ if line.starts_with('@') => 1,
        Table::Anacron => 2,
        Table::System | Table::OfUser => 5,
    };
    let whole = || mark(line);
    let (schedule, rest) = split(line, fields);
    let is_schedule = schedule.len() == fields
        && schedule.iter().all(|word| {
            let is_part = |each: char| each.is_ascii_alphanumeric() || "*,/-~#?@".contains(each);
            word.len() <= 64 && word.chars().all(is_part)
        });
    if !is_schedule || rest.is_empty() {
        return whole();
    }
    let schedule = schedule.join(" ");
    if table == Table::OfUser {
        return format!("{schedule} {}", mark(rest));
    }
    // The user, or the name of anacron's job.
    let (name, rest) = split(rest, 1);
    let is_name = |word: &str| {
        let is_part = |each: char| each.is_ascii_alphanumeric() || "._-".contains(each);
        word.len() <= 64 && word.chars().all(is_part)
    };
    match name.as_slice() {
        [name] if is_name(name) => format!("{schedule} {name} {}", mark(rest)),
        _ => whole(),
    }
}

/// Splits the first words from a line.
fn split(line: &str, count: usize) -> (Vec<&str>, &str) {
    let mut words = Vec::new();
    let mut rest = line.trim_start();
    while words.len() < count && !rest.is_empty() {
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        words.push(word);
        rest = after.trim_start();
    }
    (words, rest)
}
