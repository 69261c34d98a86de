//! Production without a word: `example.com` beside `staging.example.com`.
//!
//! A path without a word is mostly a base (`docker-compose.yml`), not an environment. Host names are an exception; for
//! other paths, contents decide, in `judging`.

use std::collections::{BTreeMap, BTreeSet};

use super::candidates::{self, Candidate, segments};
use super::families::{Families, Family, Member, Naming, folder_of, is_production};
use super::words::{self, Role};

/// File names of bases, without extensions.
const BASES: &[&str] = &[
    "docker-compose",
    "compose",
    "values",
    "application",
    "bootstrap",
    "appsettings",
    "serverless",
    "kustomization",
    "deploy",
    "config",
    "default",
    "settings",
    "main",
    "base",
    "common",
    "package",
];

/// Finds families whose production has no word. A family without production may find it here.
pub(super) fn find<'p>(paths: &[&'p str], taken: &mut BTreeSet<&'p str>, found: &mut Families) {
    let mut closed: BTreeSet<String> = BTreeSet::new();
    // Families without production, by each of their paths.
    let mut open: BTreeMap<String, usize> = BTreeMap::new();
    for (number, family) in found.paired.iter().enumerate() {
        let members = family.members.values().map(|member| member.path.clone());
        if family.members.keys().any(is_production) {
            closed.extend(members);
        } else {
            open.extend(members.map(|path| (path, number)));
        }
    }
    let mut gathered: BTreeMap<&'p str, Vec<(&'p str, Candidate)>> = BTreeMap::new();
    for path in paths.iter().filter(|path| !closed.contains(**path)) {
        for (candidate, without) in candidates::unmarked(path) {
            if let Ok(number) = paths.binary_search(&without.as_str())
                && let Some(base) = paths.get(number)
            {
                gathered.entry(base).or_default().push((path, candidate));
            }
        }
    }
    let mut replaced: BTreeSet<usize> = BTreeSet::new();
    let mut new: Vec<Family> = Vec::new();
    for (base, marked) in gathered {
        let naming = naming(base, &marked);
        if !may_be_production(base, &marked, naming, taken) {
            let bases = marked.iter().filter(|(path, _)| !taken.contains(path));
            let bases = bases.map(|(path, _)| ((*path).to_owned(), base.to_owned()));
            found.bases.extend(bases);
            continue;
        }
        let clear = marked.iter().any(|(_, candidate)| candidate.clear);
        let staging = marked
            .iter()
            .any(|(_, candidate)| words::role(candidate.key.word) == Role::Staging);
        // Paths with another family include that family whole; families that were already included are gone.
        let own: BTreeSet<&str> = marked.iter().map(|(path, _)| *path).collect();
        let families: BTreeSet<usize> = own
            .iter()
            .filter_map(|path| open.get(*path))
            .copied()
            .collect();
        let comes_whole = families.iter().all(|number| {
            let family = found.paired.get(*number);
            !replaced.contains(number)
                && family.is_some_and(|family| {
                    let mut members = family.members.values();
                    members.all(|member| own.contains(member.path.as_str()))
                })
        });
        let is_free = own
            .iter()
            .all(|path| open.contains_key(*path) || !taken.contains(path));
        if !clear || naming == Naming::Bare && !staging || !comes_whole || !is_free {
            continue;
        }
        replaced.extend(families);
        taken.extend(own);
        taken.insert(base);
        new.push(with_unmarked(base, &marked, naming));
    }
    let mut number = 0;
    found.paired.retain(|_| {
        number += 1;
        !replaced.contains(&(number - 1))
    });
    found.paired.extend(new);
}

/// Whether a path without a word can be production's: it is not a base, and nothing else is production.
fn may_be_production(
    base: &str,
    marked: &[(&str, Candidate)],
    naming: Naming,
    taken: &BTreeSet<&str>,
) -> bool {
    let names_production = marked
        .iter()
        .any(|(_, candidate)| words::role(candidate.key.word) == Role::Production);
    let names_other = super::tokens::path_marks(base)
        .iter()
        .any(|mark| words::role(mark.word) != Role::Production);
    let last = base.rsplit('/').next().unwrap_or(base);
    let stem = last.trim_start_matches('.').split('.').next().unwrap_or("");
    let is_base = naming == Naming::Bare && BASES.contains(&stem);
    !names_production && !names_other && !is_base && !taken.contains(base)
}

/// Returns the environment of `marked`, if that is `base` with an environment's word added: `base` is production.
pub(super) fn beside(marked: &str, base: &str) -> Option<String> {
    let own = candidates::unmarked(marked);
    let (candidate, _) = own.into_iter().find(|(_, without)| without == base)?;
    let all = [(marked, candidate)];
    let naming = naming(base, &all);
    let [(_, candidate)] = &all;
    let is_staging = words::role(candidate.key.word) == Role::Staging;
    let is_sure = candidate.clear && (naming == Naming::Host || is_staging);
    (is_sure && may_be_production(base, &all, naming, &BTreeSet::new()))
        .then(|| candidate.key.spelling.clone())
}

fn with_unmarked(base: &str, marked: &[(&str, Candidate)], naming: Naming) -> Family {
    let folder = marked.first().and_then(|(path, candidate)| {
        let end = folder_of(path, &candidate.ranges)?;
        let shorter = path.len().checked_sub(base.len())?;
        base.get(..end.checked_sub(shorter)?).map(str::to_owned)
    });
    let mut members = BTreeMap::new();
    for (path, candidate) in marked {
        members.entry(candidate.key.clone()).or_insert(Member {
            path: (*path).to_owned(),
            folder: folder_of(path, &candidate.ranges),
            ranges: candidate.ranges.clone(),
        });
    }
    let production = Member {
        path: base.to_owned(),
        ranges: Vec::new(),
        folder: folder.as_ref().map(String::len),
    };
    members.insert(candidates::unmarked_production(), production);
    Family {
        skeleton: base.to_owned(),
        folder,
        naming,
        members,
    }
}

/// Top-level domains that are not file extensions.
const DOMAINS: &[&str] = &[
    "com", "org", "net", "edu", "gov", "info", "dev", "app", "cloud", "tech", "local", "internal",
    "lan", "test", "example", "coop", "online", "site", "software", "systems", "services", "world",
    "team",
];

const HOST_FOLDERS: &[&str] = &["host_vars", "hosts", "nodes", "sites", "vhosts", "domains"];

/// Whether production has no word because it is a host name.
fn naming(base: &str, marked: &[(&str, Candidate)]) -> Naming {
    let Some((path, candidate)) = marked.first() else {
        return Naming::Bare;
    };
    let Some(range) = candidate.ranges.last() else {
        return Naming::Bare;
    };
    let all = segments(path);
    let Some(number) = all
        .iter()
        .position(|segment| segment.start <= range.start && range.end <= segment.end)
    else {
        return Naming::Bare;
    };
    let own: Vec<&str> = base.split('/').collect();
    let segment = own.get(number).copied().unwrap_or("");
    let host = if number + 1 == own.len() {
        segment.rsplit_once('.').map_or(segment, |(stem, _)| stem)
    } else {
        segment
    };
    let is_host = host.rsplit_once('.').is_some_and(|(name, domain)| {
        let letters = domain.bytes().all(|byte| byte.is_ascii_lowercase());
        let short = domain.len() == 2 && number + 1 < own.len();
        !name.is_empty() && letters && (short || DOMAINS.contains(&domain))
    });
    let above = number.checked_sub(1).and_then(|number| own.get(number));
    if is_host || above.is_some_and(|folder| HOST_FOLDERS.contains(folder)) {
        Naming::Host
    } else {
        Naming::Bare
    }
}
