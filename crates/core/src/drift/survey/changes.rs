//! What changed on one host between two readings of its facts, and when recorded checks saw each value.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use evenkeel_comparison::{Path, Step};
use evenkeel_host::facts::GroupOfFacts;
use evenkeel_model::Moment;

/// A fact: its group, and its path with the group.
pub type FactKey = (String, Path);

/// A fact with another value than before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FactChange {
    /// The fact.
    pub key: FactKey,
    /// The value before; `None` if it was missing.
    pub before: Option<String>,
    /// The value now; `None` if it is missing.
    pub now: Option<String>,
}

impl fmt::Display for FactChange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |value: &Option<String>| {
            value
                .as_ref()
                .map_or_else(|| "missing".to_owned(), |value| format!("`{value}`"))
        };
        let (before, now) = (shown(&self.before), shown(&self.now));
        write!(formatter, "{} was {before}, is {now}", self.key.1)
    }
}

/// Returns each changed fact. A fact that one of the readings may have missed is left out.
#[must_use]
pub fn changes(before: &[GroupOfFacts], now: &[GroupOfFacts]) -> Vec<FactChange> {
    let (old, new) = (facts(before), facts(now));
    let paths: BTreeSet<&FactKey> = old.keys().chain(new.keys()).collect();
    paths
        .into_iter()
        .filter_map(|key| {
            let was = value(before, &old, key)?;
            let is = value(now, &new, key)?;
            (was != is).then(|| FactChange {
                key: key.clone(),
                before: was.map(str::to_owned),
                now: is.map(str::to_owned),
            })
        })
        .collect()
}

/// Returns the values of some facts in one reading. The outer `None` is a value that was not read, the inner one a missing
/// fact.
#[must_use]
pub fn values(groups: &[GroupOfFacts], changes: &[FactChange]) -> Vec<Option<Option<String>>> {
    let known = facts(groups);
    changes
        .iter()
        .map(|change| value(groups, &known, &change.key).map(|value| value.map(str::to_owned)))
        .collect()
}

/// When recorded checks saw the two values of a changed fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FactTimes {
    /// The first check with the value before, and the last one.
    pub before: (Moment, Moment),
    /// The first check with the value of now; `None` if none has it.
    pub now: Option<Moment>,
}

/// Returns when recorded checks saw the values of a changed fact: `readings` are its values in each check, oldest first,
/// and `base` is the check with the value before. A check that did not read the fact ends nothing.
#[must_use]
pub fn times(
    change: &FactChange,
    readings: &[(Moment, Option<Option<String>>)],
    base: Moment,
) -> FactTimes {
    let read = || {
        readings
            .iter()
            .filter_map(|(at, value)| value.as_ref().map(|value| (*at, value)))
    };
    let (mut first, mut last) = (base, base);
    for (at, value) in read() {
        if at <= base && *value != change.before {
            // An earlier time with this value is another one.
            first = base;
        } else if at <= base {
            first = first.min(at);
        }
    }
    for (at, value) in read().filter(|(at, _)| *at > base) {
        if *value != change.before {
            break;
        }
        last = at;
    }
    let mut now = None;
    for (at, value) in read().filter(|(at, _)| *at > base) {
        if *value != change.now {
            now = None;
        } else if now.is_none() {
            now = Some(at);
        }
    }
    FactTimes {
        before: (first, last),
        now,
    }
}

/// Returns the value of a fact: the outer `None` if it was not read.
fn value<'a>(
    groups: &[GroupOfFacts],
    known: &BTreeMap<FactKey, &'a str>,
    key: &FactKey,
) -> Option<Option<&'a str>> {
    if let Some(value) = known.get(key) {
        return Some(Some(value));
    }
    // A group that the survey did not name then is not missing.
    let mut own = groups.iter().filter(|group| group.name == key.0).peekable();
    own.peek()?;
    own.all(|group| group.unread.is_empty()).then_some(None)
}

fn facts(groups: &[GroupOfFacts]) -> BTreeMap<FactKey, &str> {
    let mut all = BTreeMap::new();
    for group in groups {
        for fact in &group.facts {
            let steps = std::iter::once(&group.name)
                .chain(&fact.path)
                .map(|step| Step::Key(step.as_str().into()))
                .collect();
            all.insert((group.name.clone(), Path { steps }), fact.value.as_str());
        }
    }
    all
}
