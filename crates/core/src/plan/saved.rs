//! Bytes of saved plans, and changes since a plan was saved.
//!
//! A saved plan contains the observation it was made from, attribute by attribute. Plans are compared by digest; the
//! observation only explains a rejection. The caller reads and writes files.

use std::collections::BTreeMap;

use super::document::FIRST;
use super::stored::StoredSavedPlan;
use super::{FORMAT, Plan};
use crate::kind::{Observation, Observed};
use crate::observe::Situation;
use evenkeel_model::Instance;

/// Maximum size of a plan file.
pub const LONGEST: u64 = 512 * 1024 * 1024;

/// Parsed saved plan.
#[derive(Debug)]
pub struct SavedPlan {
    /// The plan.
    pub plan: Plan,
    /// Observation it was made from.
    pub found: Found,
}

/// Observation of a plan: each attribute of each resource, without secrets.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Found {
    pub(super) declared: Facts,
    /// Places of applied resources that were removed from the definitions, or are declared at another place.
    pub(super) left: Facts,
}

pub(super) type Facts = BTreeMap<Instance, BTreeMap<String, String>>;

impl Found {
    /// Returns all observations of a situation.
    #[must_use]
    pub fn of(situation: &Situation<'_>) -> Self {
        let facts = |seen: &BTreeMap<Instance, Observation<Observed>>| -> Facts {
            seen.iter()
                .filter_map(|(instance, each)| {
                    Some((instance.clone(), each.seen()?.facts().into_iter().collect()))
                })
                .collect()
        };
        Self {
            declared: facts(&situation.seen),
            left: facts(&situation.left),
        }
    }
}

impl SavedPlan {
    /// Returns the bytes of a plan and its observation.
    ///
    /// # Errors
    ///
    /// When they cannot be serialized.
    pub fn bytes(plan: &Plan, found: &Found) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(&StoredSavedPlan::new(plan, found))
    }

    /// Parses a plan.
    ///
    /// # Errors
    ///
    /// The reason why it is rejected: it is not a saved plan, has another format, or was changed after it was saved.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        let stored: StoredSavedPlan<'_> = serde_json::from_slice(bytes)
            .map_err(|error| format!("it is not a saved plan ({error})"))?;
        if ![FIRST, FORMAT].contains(&stored.format()) {
            return Err(format!(
                "it has format {}; this evenkeel writes format {FORMAT}",
                stored.format()
            ));
        }
        if !stored.is_unchanged() {
            return Err("it was changed after it was saved".into());
        }
        Ok(stored.into())
    }
}

/// Returns the changes since a plan was saved; empty if the current plan equals it. If its observation is known, each
/// change names the attributes of the resource.
#[must_use]
pub fn changes_since(
    saved: &Plan,
    then: Option<&Found>,
    now: &Plan,
    situation: &Situation<'_>,
) -> Vec<String> {
    if saved.digest() == now.digest() {
        return Vec::new();
    }
    let mut changes = Vec::new();
    let mut differ = |what: &str, differs: bool| {
        if differs {
            changes.push(what.to_owned());
        }
    };
    differ(
        "it was made by another version of evenkeel",
        saved.tool != now.tool,
    );
    differ("it was made for another system", saved.system != now.system);
    differ(
        "it was made from another ledger: another project, or a new one",
        saved.lineage != now.lineage,
    );
    differ(
        "the definitions changed",
        saved.definitions != now.definitions,
    );
    differ(
        "the recipe changed",
        saved.recipe != now.recipe && saved.definitions == now.definitions,
    );
    differ(
        "the requirements of a release changed",
        saved.format == now.format
            && saved.requirements != now.requirements
            && saved.definitions == now.definitions,
    );
    differ(
        "values, targets or artifacts changed",
        saved.binding != now.binding,
    );
    differ("another apply ran since", saved.applied != now.applied);
    let since = Found::of(situation);
    for (instance, observed) in &now.observed {
        match saved.observed.get(instance) {
            Some(before) if before == observed => {}
            Some(_) => changes.push(format!(
                "{instance} changed{}",
                match then {
                    Some(then) => attributes(&then.declared, &since.declared, instance),
                    None => detail(saved, now, instance),
                }
            )),
            None => changes.push(format!("{instance} was not observed then, or not declared")),
        }
    }
    for instance in since.left.keys() {
        let Some(then) = then.filter(|then| then.left.contains_key(instance)) else {
            continue;
        };
        let differing = attributes(&then.left, &since.left, instance);
        if !differing.is_empty() {
            changes.push(format!(
                "{instance}: the last applied state changed{differing}"
            ));
        }
    }
    for unseen in &now.unseen {
        changes.push(format!(
            "{} is unreadable now: {}",
            unseen.instance, unseen.reason
        ));
    }
    if changes.is_empty() {
        changes.push("its steps differ from those of the current plan".into());
    }
    changes
}

/// Returns the changed attributes of a resource with both values.
fn attributes(then: &Facts, now: &Facts, instance: &Instance) -> String {
    let nothing = BTreeMap::new();
    let (then, now) = (
        then.get(instance).unwrap_or(&nothing),
        now.get(instance).unwrap_or(&nothing),
    );
    // The attributes of a resource of another kind are not listed.
    let names: Vec<&str> = match (then.get("presence"), now.get("presence")) {
        (before, after) if before != after => vec!["presence"],
        _ => then
            .keys()
            .chain(now.keys().filter(|name| !then.contains_key(*name)))
            .map(String::as_str)
            .collect(),
    };
    let words = |facts: &BTreeMap<String, String>, name: &str| -> String {
        facts.get(name).cloned().unwrap_or("nothing".into())
    };
    let differing: Vec<String> = names
        .into_iter()
        .filter(|name| then.get(*name) != now.get(*name))
        .map(|name| {
            format!(
                "{name} was {} and is {}",
                words(then, name),
                words(now, name)
            )
        })
        .collect();
    if differing.is_empty() {
        return String::new();
    }
    format!(": {}", differing.join(", "))
}

/// Returns the change of a resource, from the observations in the steps of both plans.
fn detail(saved: &Plan, now: &Plan, instance: &Instance) -> String {
    let found = |plan: &Plan| -> Vec<String> {
        plan.steps
            .iter()
            .filter(|step| step.instance == *instance)
            .flat_map(|step| &*step.changes)
            .map(|change| format!("{} {}", change.attribute, change.before))
            .collect()
    };
    let (then, since) = (found(saved), found(now));
    if then == since {
        return String::new();
    }
    let words = |list: &[String]| {
        if list.is_empty() {
            "as declared".to_owned()
        } else {
            list.join(", ")
        }
    };
    format!(": then {}, now {}", words(&then), words(&since))
}

#[cfg(test)]
mod tests {
    use super::{Found, SavedPlan};
    use crate::plan::{Change, FORMAT, Plan, Step, Unseen};
    use evenkeel_host::{Action, PathState, path};
    use evenkeel_ledger::record::Verb;
    use evenkeel_model::{Address, Digest, EnvironmentName, HostName, Instance};

    fn plan() -> Plan {
        Plan {
            format: FORMAT,
            tool: "evenkeel 0.1.0".into(),
            system: "guestbook".into(),
            lineage: "lineage".into(),
            environment: EnvironmentName::new("staging"),
            recipe: Digest::of(b"recipe"),
            binding: Digest::of(b"binding"),
            definitions: Digest::of(b"definitions"),
            requirements: Some(Digest::of(b"requirements")),
            observation: Some(Digest::of(b"observation")),
            applied: Digest::of(b"applied"),
            steps: vec![Step {
                instance: Address::new("file", "config").into(),
                on: "web".into(),
                verb: Verb::Create,
                reason: "not there yet".into(),
                changes: [Change {
                    attribute: "presence".into(),
                    before: "nothing".into(),
                    after: "a file".into(),
                    difference: None,
                }]
                .into(),
                actions: Vec::new(),
                after: [Address::new("directory", "home").into()].into(),
                shape: Digest::of(b"shape"),
                slow: false,
                risky: false,
                successor: None,
            }],
            unchanged: 1,
            unseen: vec![Unseen {
                instance: Address::new("file", "dark").into(),
                reason: "it is dark".into(),
            }],
            observed: [(
                Address::new("file", "config").into(),
                Digest::of(b"observed"),
            )]
            .into(),
        }
    }

    fn found() -> Found {
        let facts = |mode: &str| [("mode".to_owned(), mode.to_owned())].into();
        Found {
            declared: [(Address::new("file", "config").into(), facts("0640"))].into(),
            left: [(Address::new("file", "old").into(), facts("0600"))].into(),
        }
    }

    /// The plan above with an option, every verb and a replica.
    fn fuller() -> Plan {
        let mut plan = plan();
        let step = plan.steps.remove(0);
        for (number, verb) in [
            Verb::Create,
            Verb::Update,
            Verb::Replace,
            Verb::Remove,
            Verb::Record,
        ]
        .into_iter()
        .enumerate()
        {
            plan.steps.push(Step {
                instance: Instance {
                    address: Address::new("file", &format!("config-{number}")),
                    host: (number == 0).then(|| HostName::parse("web-1").unwrap()),
                },
                verb,
                changes: [Change {
                    attribute: "content".into(),
                    before: "a".into(),
                    after: "b".into(),
                    difference: (number == 1).then(|| "-a\n+b\n".into()),
                }]
                .into(),
                actions: vec![Action::from(path::Directory {
                    path: "/srv".into(),
                    mode: 0o755,
                    owner: None,
                    group: Some("web".into()),
                    expected: PathState::Missing,
                })],
                slow: number == 2,
                ..step.clone()
            });
        }
        plan.observation = None;
        plan
    }

    #[test]
    fn a_saved_plan_is_stored_in_these_bytes() {
        let kept = include_str!("../../../../fixtures/stored/plan-2.json").trim_end();
        let bytes = SavedPlan::bytes(&fuller(), &found()).unwrap();
        assert_eq!(String::from_utf8_lossy(&bytes), kept);
        let read = SavedPlan::read(kept.as_bytes()).unwrap();
        assert_eq!(read.plan.digest(), fuller().digest());
        assert_eq!(SavedPlan::bytes(&read.plan, &read.found).unwrap(), bytes);
    }

    #[test]
    fn a_plan_of_the_first_format_is_read_with_its_own_digest() {
        let kept = include_str!("../../../../fixtures/stored/plan-1.json").trim_end();
        let read = SavedPlan::read(kept.as_bytes()).unwrap();
        let stored: serde_json::Value = serde_json::from_str(kept).unwrap();
        assert_eq!(read.plan.digest().to_string(), stored["digest"]);
        let bytes = SavedPlan::bytes(&read.plan, &read.found).unwrap();
        assert_eq!(String::from_utf8_lossy(&bytes), kept);
        // It is no plan of today.
        assert_ne!(read.plan.digest(), fuller().digest());
        let changed = kept.replace("\"unchanged\":1", "\"unchanged\":2");
        assert_ne!(changed, kept);
        assert!(SavedPlan::read(changed.as_bytes()).is_err());
    }

    #[test]
    fn every_changed_byte_of_a_saved_plan_is_refused() {
        let found = found();
        let whole = SavedPlan::bytes(&plan(), &found).unwrap();
        let loaded = SavedPlan::read(&whole).unwrap();
        assert_eq!(loaded.plan.digest(), plan().digest());
        assert_eq!(loaded.found, found);
        for place in 0..whole.len() {
            for flip in [0x01, 0x20, 0x80] {
                let mut changed = whole.clone();
                changed[place] ^= flip;
                assert!(
                    SavedPlan::read(&changed).is_err(),
                    "byte {place} with {flip:#x}: {}",
                    String::from_utf8_lossy(&changed)
                );
            }
            assert!(SavedPlan::read(&whole[..place]).is_err(), "cut at {place}");
        }
    }
}
