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

/// The value of a fact in one reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// It was not read.
    Unread,
    /// It does not exist.
    Missing,
    /// Its value.
    Value(String),
}

impl Reading {
    fn of(value: Option<&String>) -> Self {
        value.map_or(Self::Missing, |value| Self::Value(value.clone()))
    }

    fn into_value(self) -> Option<String> {
        match self {
            Self::Value(value) => Some(value),
            Self::Unread | Self::Missing => None,
        }
    }
}

/// Returns each changed fact. A fact that one of the readings may have missed is left out.
#[must_use]
pub fn changes(before: &[GroupOfFacts], now: &[GroupOfFacts]) -> Vec<FactChange> {
    let (old, new) = (facts(before), facts(now));
    let paths: BTreeSet<&FactKey> = old.keys().chain(new.keys()).collect();
    paths
        .into_iter()
        .filter(|key| old.get(*key) != new.get(*key))
        .filter_map(|key| {
            let (was, is) = (reading(before, &old, key), reading(now, &new, key));
            (was != Reading::Unread && is != Reading::Unread).then(|| FactChange {
                key: key.clone(),
                before: was.into_value(),
                now: is.into_value(),
            })
        })
        .collect()
}

/// Returns the values of some facts in one reading.
#[must_use]
pub fn values(groups: &[GroupOfFacts], changes: &[FactChange]) -> Vec<Reading> {
    let known = facts(groups);
    changes
        .iter()
        .map(|change| reading(groups, &known, &change.key))
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
pub fn times(change: &FactChange, readings: &[(Moment, Reading)], base: Moment) -> FactTimes {
    let (was, is) = (
        Reading::of(change.before.as_ref()),
        Reading::of(change.now.as_ref()),
    );
    let read = || {
        readings
            .iter()
            .filter(|(_, value)| *value != Reading::Unread)
    };
    let (mut first, mut last) = (base, base);
    for (at, value) in read().filter(|(at, _)| *at <= base) {
        // An earlier time with this value, before another one, is a separate time.
        first = if *value == was { first.min(*at) } else { base };
    }
    for (at, value) in read().filter(|(at, _)| *at > base) {
        if *value != was {
            break;
        }
        last = *at;
    }
    let mut now = None;
    for (at, value) in read().filter(|(at, _)| *at > base) {
        if *value != is {
            now = None;
        } else if now.is_none() {
            now = Some(*at);
        }
    }
    FactTimes {
        before: (first, last),
        now,
    }
}

fn reading(groups: &[GroupOfFacts], known: &BTreeMap<FactKey, &str>, key: &FactKey) -> Reading {
    if let Some(value) = known.get(key) {
        return Reading::Value((*value).to_owned());
    }
    // A group that the survey did not name then is not missing.
    let mut own = groups.iter().filter(|group| group.name == key.0).peekable();
    if own.peek().is_some() && own.all(|group| group.unread.is_empty()) {
        Reading::Missing
    } else {
        Reading::Unread
    }
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
