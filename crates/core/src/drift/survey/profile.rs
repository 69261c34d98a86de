//! The facts of the hosts of one environment, and the value that most of them have.

use std::collections::BTreeMap;

use evenkeel_comparison::{Path, Pattern, Step};

use super::HostFacts;

/// The facts of one environment.
#[derive(Debug, Default)]
pub(super) struct Profile {
    /// The readable hosts.
    hosts: Vec<String>,
    /// The value of each fact on each host, in the order of the hosts.
    facts: BTreeMap<Path, Vec<Option<String>>>,
    /// The reasons why facts are missing, by host and group; an empty group for the whole host.
    pub(super) unread: BTreeMap<(String, String), String>,
    /// The most frequent values of each fact, in the order of hosts; `None` stands for its absence.
    usual: BTreeMap<Path, Vec<Option<String>>>,
}

/// A host whose value differs from that of most others.
#[derive(Debug)]
pub(super) struct Deviation<'a> {
    pub(super) path: &'a Path,
    pub(super) host: &'a str,
    /// The value of the others; `None` if they lack it.
    pub(super) usual: Option<&'a str>,
    pub(super) found: Option<&'a str>,
    /// The number of hosts with the usual value; zero if no value is that of most hosts.
    pub(super) others: usize,
    /// A host with the usual value.
    pub(super) other: &'a str,
}

impl Profile {
    /// Returns the number of readable hosts.
    pub(super) fn number_of_hosts(&self) -> usize {
        self.hosts.len()
    }

    pub(super) fn of(read: &HostFacts, except: &[Pattern]) -> Self {
        let mut profile = Self::default();
        let readable: Vec<_> = read
            .iter()
            .filter_map(|(host, facts)| Some((host, facts.as_ref().ok()?)))
            .collect();
        for (host, facts) in read {
            if let Err(reason) = facts {
                let key = (host.clone(), String::new());
                profile.unread.insert(key, reason.clone());
            }
        }
        for (number, (host, groups)) in readable.iter().enumerate() {
            profile.hosts.push((*host).clone());
            for group in *groups {
                if !group.unread.is_empty() {
                    let key = ((*host).clone(), group.name.clone());
                    profile.unread.insert(key, group.unread.join("; "));
                }
                for fact in &group.facts {
                    let steps = std::iter::once(&group.name).chain(&fact.path);
                    let path = Path {
                        steps: steps.map(|step| Step::Key(step.as_str().into())).collect(),
                    };
                    if except.iter().any(|pattern| pattern.covers(&path)) {
                        continue;
                    }
                    let values = profile.facts.entry(path).or_default();
                    values.resize(readable.len(), None);
                    if let Some(place) = values.get_mut(number) {
                        *place = Some(fact.value.clone());
                    }
                }
            }
        }
        profile.usual = profile
            .facts
            .iter()
            .map(|(path, values)| {
                let known = profile.known(path, values);
                let usual = most_frequent(&known).0;
                let usual = usual.into_iter().map(|value| value.map(str::to_owned));
                (path.clone(), usual.collect())
            })
            .collect();
        profile
    }

    /// Returns the value of each host where it is known.
    fn known<'a>(
        &'a self,
        path: &Path,
        values: &'a [Option<String>],
    ) -> Vec<(&'a str, Option<&'a str>)> {
        self.hosts
            .iter()
            .zip(values)
            .filter(|(host, value)| value.is_some() || !self.is_unread_on(host, path))
            .map(|(host, value)| (host.as_str(), value.as_deref()))
            .collect()
    }

    fn is_unread_on(&self, host: &str, path: &Path) -> bool {
        let group = keys(path).first().copied().unwrap_or_default().to_owned();
        self.unread.contains_key(&(host.to_owned(), group))
    }

    pub(super) fn paths(&self) -> impl Iterator<Item = &Path> {
        self.facts.keys()
    }

    /// Returns the most frequent value, of several the first in the order of hosts, and the others; `None` stands for the
    /// absence of the fact.
    pub(super) fn usual(&self, path: &Path) -> (Option<&str>, Vec<Option<&str>>) {
        let usual = self.usual.get(path);
        let mut usual = usual.into_iter().flatten().map(Option::as_deref);
        (usual.next().flatten(), usual.collect())
    }

    /// Whether a missing fact may exist: no host was read, or one of them not completely.
    pub(super) fn is_unknown(&self, path: &Path) -> bool {
        self.hosts.is_empty() || self.hosts.iter().any(|host| self.is_unread_on(host, path))
    }

    pub(super) fn is_unread(&self) -> bool {
        !self.unread.is_empty()
    }

    pub(super) fn has(&self, pattern: &Pattern) -> bool {
        self.facts.keys().any(|path| pattern.covers(path))
    }

    /// Returns the number of facts that were read, on all hosts.
    pub(super) fn facts(&self) -> usize {
        self.facts.values().flatten().flatten().count()
    }

    /// Returns each fact with the distinct values of its hosts.
    pub(super) fn values(&self) -> impl Iterator<Item = (&Path, &str, &str)> {
        self.facts.iter().flat_map(|(path, values)| {
            self.hosts
                .iter()
                .zip(values)
                .filter_map(move |(host, value)| Some((path, host.as_str(), value.as_deref()?)))
        })
    }

    /// Returns the facts in which a host differs from most of the others.
    pub(super) fn deviations(&self) -> Vec<Deviation<'_>> {
        let mut deviations = Vec::new();
        for (path, values) in &self.facts {
            // A larger host among its siblings is a matter of sizes only.
            let known = self.known(path, values);
            let (usual, number) = most_frequent(&known);
            let Some(usual) = usual.first().copied() else {
                continue;
            };
            if number == known.len() {
                continue;
            }
            let is_usual = number * 2 > known.len();
            let with_usual = known.iter().find(|(_, value)| *value == usual);
            let Some((other, _)) = with_usual else {
                continue;
            };
            for (host, found) in known.iter().filter(|(_, value)| *value != usual) {
                deviations.push(Deviation {
                    path,
                    host,
                    usual,
                    found: *found,
                    others: if is_usual { number } else { 0 },
                    other,
                });
            }
        }
        deviations
    }
}

/// Returns the most frequent values in the order of hosts, and how many hosts have each of them.
fn most_frequent<'a>(known: &[(&'a str, Option<&'a str>)]) -> (Vec<Option<&'a str>>, usize) {
    let mut numbers: BTreeMap<Option<&str>, usize> = BTreeMap::new();
    for (_, value) in known {
        *numbers.entry(*value).or_default() += 1;
    }
    let most = numbers.values().copied().max().unwrap_or(0);
    numbers.retain(|_, number| *number == most);
    let mut usual = Vec::new();
    for (_, value) in known {
        if numbers.remove(value).is_some() {
            usual.push(*value);
        }
    }
    (usual, most)
}

/// Returns the keys of a path.
pub(super) fn keys(path: &Path) -> Vec<&str> {
    path.steps
        .iter()
        .filter_map(|step| match step {
            Step::Key(key) => Some(&**key),
            _ => None,
        })
        .collect()
}
