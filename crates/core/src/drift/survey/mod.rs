//! Surveys: undeclared facts of live hosts, compared within an environment and between environments.
//!
//! Pure: takes the facts of each host. Hosts of one environment are compared first; the most frequent value of each fact
//! is that of the environment. A fact that was not read is unknown, and no finding about it is made.

mod changes;
pub mod codes;
mod coming;
mod profile;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use evenkeel_comparison::{Identities, Identity, Path, Pattern, Which};
use evenkeel_host::facts::{self, GroupOfFacts};
use evenkeel_host::{Answer, Query, threads};
use evenkeel_model::defect::{Corner, Defect};
use evenkeel_model::text::count;
use evenkeel_model::{EnvironmentName, Moment, Value};

pub use changes::{FactChange, FactTimes, Reading, changes, times, values};

use super::{Disparity, Presence, settle, severities};
use crate::environment::Definition;
use crate::environment::definition::{Survey, Varies, size_class};
use crate::observe::Observers;
use profile::Profile;

pub use coming::Coming;

/// Prefix of the places of surveys, and of their names among documents.
pub const PREFIX: &str = "survey.";

/// Start of the subject of a declared difference that is about a fact.
const OF_DIFFERENCE: &str = "difference at survey.";

/// The facts of each host of one environment, by the host's name; the reason where it is unreadable.
pub type HostFacts = BTreeMap<String, Result<Vec<GroupOfFacts>, String>>;

/// The facts of one survey, by environment.
pub type FactsOfSurvey = BTreeMap<EnvironmentName, HostFacts>;

/// Result of a survey.
#[derive(Debug, Default)]
pub struct SurveyFindings {
    /// All findings: undeclared and declared differences, and unread facts.
    pub defects: Vec<Defect>,
    /// Whether facts were not read.
    pub unread: bool,
    /// Number of hosts.
    pub hosts: usize,
    /// Number of facts that were read.
    pub facts: usize,
}

/// Reads the facts of a survey's hosts in one environment: one query per host, all hosts concurrently.
#[must_use]
pub fn read(survey: &Survey, observers: &Observers<'_>) -> HostFacts {
    /// Maximum number of hosts that are read concurrently. Mostly their answers are waited for.
    const AT_ONCE: usize = 256;
    let members: Vec<_> = observers
        .iter()
        .filter(|(member, _)| member.target == survey.on)
        .collect();
    let query = Query::Facts(facts::Query {
        groups: survey.groups.clone(),
    });
    let read = threads::map(&members, AT_ONCE, |(_, observer)| {
        match observer.observe(std::slice::from_ref(&query)).pop() {
            Some(Answer::Facts(answer)) => Ok(answer.groups),
            Some(Answer::Unreadable { reason }) => Err(reason),
            _ => Err("the host gave no answer".to_owned()),
        }
    });
    let mut read = read.into_iter();
    members
        .iter()
        .map(|(member, _)| {
            let name = member.host.as_ref();
            let name = name.map_or_else(|| member.target.to_string(), ToString::to_string);
            // After a panic, the result is missing.
            let facts = read.next().flatten();
            (
                name,
                facts.unwrap_or_else(|| Err("reading it failed".to_owned())),
            )
        })
        .collect()
}

/// Judges the facts of all surveys of a definition. What pending changes explain is pending too.
#[must_use]
pub fn judge(
    definition: &Definition,
    read: &BTreeMap<Arc<str>, FactsOfSurvey>,
    coming: &BTreeMap<EnvironmentName, Coming>,
    now: Moment,
) -> SurveyFindings {
    let mut found = SurveyFindings::default();
    let mut disparities = Vec::new();
    let mut profiles: BTreeMap<String, Vec<Profile>> = BTreeMap::new();
    for (name, environments) in read {
        let Some(survey) = definition.surveys.get(name) else {
            continue;
        };
        let mut own: BTreeMap<&EnvironmentName, Profile> = BTreeMap::new();
        for (environment, hosts) in environments {
            found.hosts += hosts.len();
            let profile = Profile::of(hosts, &survey.except);
            found.facts += profile.facts();
            found
                .defects
                .extend(words::unread(survey, environment, &profile));
            found
                .defects
                .extend(words::expiring(survey, environment, &profile, now));
            let coming = coming
                .get(environment)
                .map(|coming| coming.on_some_of(profile.number_of_hosts()));
            disparities.extend(siblings(survey, environment, &profile, coming.as_ref()));
            own.insert(environment, profile);
        }
        for (one, two, beside) in definition.pairs() {
            if let (Some(left), Some(right)) = (own.get(&one), own.get(&two)) {
                let pair = Pair {
                    survey,
                    between: (&one, &two),
                    beside,
                    identities: identities(definition, &one, &two),
                    coming: (coming.get(&one), coming.get(&two)),
                };
                disparities.extend(pair.compare(left, right));
            }
        }
        let key = format!("{PREFIX}{name}");
        profiles.insert(key, own.into_values().collect());
    }
    found.unread = found
        .defects
        .iter()
        .any(|defect| defect.code == &codes::CANNOT_TELL);
    let settled = settle(definition, disparities, now, &|name, pattern| {
        presence(profiles.get(name), pattern)
    });
    // All other checks of declarations are part of the comparison of definitions.
    let defects: Vec<Defect> = settled
        .defects
        .into_iter()
        .filter(|defect| {
            defect.subject.starts_with(PREFIX)
                || [&super::codes::UNMATCHED, &super::codes::NO_LONGER_NEEDED]
                    .contains(&defect.code)
                    && defect.subject.starts_with(OF_DIFFERENCE)
        })
        .collect();
    found.defects.extend(grouped(defects));
    severities::apply(&mut found.defects, definition);
    found
}

fn presence(profiles: Option<&Vec<Profile>>, pattern: Option<&Pattern>) -> Presence {
    let (Some(profiles), Some(pattern)) = (profiles, pattern) else {
        return Presence::Unread;
    };
    if profiles.iter().any(|profile| profile.has(pattern)) {
        Presence::There
    } else if profiles.iter().any(Profile::is_unread) {
        Presence::Unread
    } else {
        Presence::Nothing
    }
}

fn identities(definition: &Definition, one: &EnvironmentName, two: &EnvironmentName) -> Identities {
    let text = |environment: &EnvironmentName, name: &str| -> Option<Arc<str>> {
        match definition.plain_value(environment, name)? {
            Value::Text(text) => Some(Arc::clone(text)),
            Value::Integer(number) => Some(number.to_string().into()),
            _ => None,
        }
    };
    let given = definition
        .parameters
        .iter()
        .filter(|(_, parameter)| parameter.varies == Varies::Identity)
        .filter_map(|(name, _)| {
            Some(Identity {
                name: Arc::clone(name),
                left: text(one, name)?,
                right: text(two, name)?,
            })
        });
    let own = Identity {
        name: "environment".into(),
        left: one.as_str().into(),
        right: two.as_str().into(),
    };
    Identities::new(std::iter::once(own).chain(given))
}

/// Compares the hosts of one environment with each other.
fn siblings(
    survey: &Survey,
    environment: &EnvironmentName,
    profile: &Profile,
    coming: Option<&Coming>,
) -> Vec<Disparity> {
    profile
        .deviations()
        .into_iter()
        .map(|deviation| {
            let mut defect = words::deviation(survey, environment, &deviation);
            // Either of the hosts may be the one that lacks the change.
            let (path, found, usual) = (deviation.path, deviation.found, deviation.usual);
            let is_coming = coming.is_some_and(|coming| {
                coming.explains(&survey.on, path, found, usual)
                    || coming.explains(&survey.on, path, usual, found)
            });
            defect.corner = is_coming.then_some(Corner::Pending);
            Disparity {
                place: words::place(survey, deviation.path),
                between: (environment.clone(), environment.clone()),
                values: (deviation.usual.map(value), deviation.found.map(value)),
                document: Some((words::subject(survey).into(), deviation.path.clone())),
                defect,
            }
        })
        .collect()
}

/// Two environments of a survey.
struct Pair<'a> {
    survey: &'a Survey,
    between: (&'a EnvironmentName, &'a EnvironmentName),
    /// Whether they are siblings on the path, so that neither must be the smaller one.
    beside: bool,
    identities: Identities,
    /// The pending changes of each.
    coming: (Option<&'a Coming>, Option<&'a Coming>),
}

impl Pair<'_> {
    fn compare(&self, left: &Profile, right: &Profile) -> Vec<Disparity> {
        let paths: BTreeSet<&Path> = left.paths().chain(right.paths()).collect();
        paths
            .into_iter()
            .filter_map(|path| {
                let ((one, more), (two, further)) = (left.usual(path), right.usual(path));
                let sides = (one, two);
                // What one side did not read is unknown.
                if sides.0.is_none() && left.is_unknown(path)
                    || sides.1.is_none() && right.is_unknown(path)
                {
                    return None;
                }
                // Without a most frequent value, the hosts of an environment differ from each other. Then that is the finding, if
                // the other environment has one of their values.
                let mut lefts = std::iter::once(one).chain(more);
                let rights: Vec<Option<&str>> = std::iter::once(two).chain(further).collect();
                if lefts.any(|one| rights.iter().any(|two| self.agree(path, one, *two))) {
                    return None;
                }
                let code = match sides {
                    (Some(_), Some(_)) if is_size(path) => &codes::SIZE,
                    (Some(_), Some(_)) => &codes::DIFFERS,
                    _ => &codes::MISSING,
                };
                let mut defect = words::difference(self.survey, code, path, self.between, sides);
                defect.corner = self.corner(path, sides);
                Some(Disparity {
                    place: words::place(self.survey, path),
                    between: (self.between.0.clone(), self.between.1.clone()),
                    values: (sides.0.map(value), sides.1.map(value)),
                    document: Some((words::subject(self.survey).into(), path.clone())),
                    defect,
                })
            })
            .collect()
    }

    /// The corner of a difference that pending changes explain.
    fn corner(&self, path: &Path, (one, two): (Option<&str>, Option<&str>)) -> Option<Corner> {
        let on = &self.survey.on;
        let explains = |coming: Option<&Coming>, own, other| {
            coming.is_some_and(|coming| coming.explains(on, path, own, other))
        };
        if explains(self.coming.1, two, one) {
            Some(Corner::HalfPromoted)
        } else if explains(self.coming.0, one, two) {
            Some(Corner::Pending)
        } else {
            None
        }
    }

    fn agree(&self, path: &Path, one: Option<&str>, two: Option<&str>) -> bool {
        let (one, two) = match (one, two) {
            (Some(one), Some(two)) => (one, two),
            (one, two) => return one == two,
        };
        if one == two || self.identities.exchanged(one, Which::Left).as_deref() == Some(two) {
            return true;
        }
        if let (true, Some(left), Some(right)) = (is_size(path), size(one), size(two)) {
            return size_class(left) == size_class(right) && (self.beside || left <= right);
        }
        false
    }
}

/// Whether a fact is a size, which staging may have smaller.
fn is_size(path: &Path) -> bool {
    let steps = profile::keys(path);
    match steps.as_slice() {
        ["machine", name] => matches!(*name, "memory" | "processors"),
        ["disks", _, name] => *name == "size",
        _ => false,
    }
}

/// Returns a size in MiB, or a number.
fn size(text: &str) -> Option<f64> {
    let (number, factor) = match (text.strip_suffix("Gi"), text.strip_suffix("Mi")) {
        (Some(number), _) => (number, 1024.0),
        (_, Some(number)) => (number, 1.0),
        _ => (text, 1.0),
    };
    Some(number.parse::<f64>().ok()? * factor)
}

fn value(text: &str) -> Value {
    match text.parse::<i64>() {
        Ok(number) if number.to_string() == text => Value::Integer(number),
        _ => Value::text(text),
    }
}

/// Returns the part up to the first colon, which names hosts, if all messages begin with it.
fn shared_start(messages: &[String]) -> &str {
    const END: &str = ": ";
    let first = messages.first().map_or("", String::as_str);
    let start = first
        .split_once(END)
        .and_then(|(start, _)| first.get(..start.len() + END.len()))
        .unwrap_or_default();
    if messages.iter().all(|message| message.starts_with(start)) {
        start
    } else {
        ""
    }
}

/// Joins many undeclared findings about one group of facts: a thousand packages are one decision.
fn grouped(defects: Vec<Defect>) -> Vec<Defect> {
    /// Maximum number of findings of one group that stay separate.
    const FEW: usize = 10;
    type Key = (
        &'static str,
        String,
        Option<EnvironmentName>,
        String,
        Option<Corner>,
    );
    let mut groups: BTreeMap<Key, Vec<Defect>> = BTreeMap::new();
    let mut kept = Vec::new();
    for defect in defects {
        let group = defect
            .attribute
            .as_deref()
            .and_then(|path| path.split(['.', '[']).next())
            .filter(|_| defect.declared.is_none() && defect.subject.starts_with(PREFIX));
        match group {
            Some(group) => {
                // Deviations of each host are one group.
                let host = defect.cause.clone().unwrap_or_default();
                let key = (
                    defect.code.name,
                    format!("{}\n{group}", defect.subject),
                    defect.environment.clone(),
                    host,
                    defect.corner,
                );
                groups.entry(key).or_default().push(defect);
            }
            None => kept.push(defect),
        }
    }
    for ((_, name, ..), group) in groups {
        if group.len() <= FEW {
            kept.extend(group);
            continue;
        }
        let all = group.len();
        let Some((_, group_name)) = name.split_once('\n') else {
            continue;
        };
        let mut first = group.into_iter();
        let Some(mut joined) = first.next() else {
            continue;
        };
        let more: Vec<String> = std::iter::once(joined.message.clone())
            .chain(first.map(|defect| defect.message))
            .take(words::SHOWN)
            .collect();
        let subject = joined.subject.clone();
        let start = shared_start(&more).to_owned();
        let shown: Vec<&str> = more
            .iter()
            .map(|message| message.strip_prefix(&*start).unwrap_or(message))
            .collect();
        joined.message = format!(
            "{} of {subject}.{group_name}: {start}{}; and {} more",
            count(all, "finding"),
            shown.join("; "),
            all - shown.len()
        );
        joined.attribute = Some(group_name.to_owned());
        joined.expected = None;
        joined.found = None;
        joined.help = Some(format!(
            "exclude facts with `except` of {subject}, or declare a difference at `{subject}.{group_name}.*`"
        ));
        kept.push(joined);
    }
    for defect in &mut kept {
        defect.cause = None;
    }
    kept
}

#[cfg(test)]
mod tests;
