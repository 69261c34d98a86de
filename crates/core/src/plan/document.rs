//! Plan: immutable, identified by the digest of its effect (see `stored`).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::stored::StoredPlan;
use crate::kind::StepWords;
use evenkeel_host::Action;
use evenkeel_ledger::record::Verb;
use evenkeel_model::{Digest, EnvironmentName, Instance, Member};

/// Version of this format.
pub const FORMAT: u32 = 2;
/// Earlier version, whose digest covered everything, also words and the version of evenkeel. Its saved plans are read.
pub(super) const FIRST: u32 = 1;

/// Planned changes of one environment, with their inputs.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Version of this format.
    pub format: u32,
    /// Version of evenkeel that made it.
    pub tool: String,
    /// The system.
    pub system: String,
    /// Lineage of the ledger: a plan of another project is rejected.
    pub lineage: String,
    /// The environment.
    pub environment: EnvironmentName,
    /// Environment-free half: one digest in staging and in production.
    pub recipe: Digest,
    /// Environment's half: values (secrets by their seal), targets, artifacts.
    pub binding: Digest,
    /// Digest of the definition files, and of the files they name. A comment changes it, and not the plan's digest.
    pub definitions: Digest,
    /// Digest of the requirements of a release: an approval of a plan is one under them. `None` in format 1 only.
    pub requirements: Option<Digest>,
    /// Digest of the observation; `None` if it is incomplete.
    pub observation: Option<Digest>,
    /// Digest of the last applied state in the ledger.
    pub applied: Digest,
    /// Steps, in the order of their instances, with their dependencies.
    pub steps: Vec<Step>,
    /// Number of resources in sync.
    pub unchanged: usize,
    /// Unobservable resources. A plan with any cannot be applied.
    pub unseen: Vec<Unseen>,
    /// Digests of the observed resources, to explain a stale plan.
    pub observed: BTreeMap<Instance, Digest>,
}

/// Step.
#[derive(Clone, Debug)]
pub struct Step {
    /// The resource on its host.
    pub instance: Instance,
    /// Its target.
    pub on: Arc<str>,
    /// Change.
    pub verb: Verb,
    /// Reason.
    pub reason: Cow<'static, str>,
    /// Changed attributes, without secrets. Shared with the report.
    pub changes: Arc<[Change]>,
    /// Actions of the target, in order. Empty if the change is only recorded.
    pub actions: Vec<Action>,
    /// Steps that must be done before it.
    pub after: Arc<[Instance]>,
    /// Resource and its symbolic definition: the same in all environments with one recipe.
    pub shape: Digest,
    /// Whether it may take long.
    pub slow: bool,
    /// Whether it can end the access to its host, so that the host reverts it unless a new login confirms it.
    pub risky: bool,
    /// For a removal: the declared resource that takes or holds the place. Without actions, only the record is removed.
    pub successor: Option<Instance>,
}

impl Step {
    /// Returns the machine that it changes.
    #[must_use]
    pub fn member(&self) -> Member {
        Member::new(&self.on, self.instance.host.as_ref())
    }

    /// Whether another step changes the same machine.
    #[must_use]
    pub fn is_beside(&self, other: &Self) -> bool {
        self.on == other.on && self.instance.host == other.instance.host
    }

    /// Returns its word: `create`, or `start` for a running program.
    #[must_use]
    pub fn word(&self) -> &'static str {
        let kind = self.instance.address.kind();
        let facts = crate::kind::KINDS.iter().find(|facts| facts.name == kind);
        let words = facts.map_or(StepWords::THING, |facts| facts.traits.words);
        match self.verb {
            Verb::Create => words.create,
            Verb::Update => "update",
            Verb::Replace => words.replace,
            Verb::Remove if self.actions.is_empty() => "forget",
            Verb::Remove => words.remove,
            Verb::Record => "record",
        }
    }

    /// Returns the path that it changes.
    #[must_use]
    pub fn path(&self) -> Option<&str> {
        use evenkeel_host::subsystem::Subject as _;
        let kind = self.instance.address.kind();
        let facts = crate::kind::KINDS.iter().find(|facts| facts.name == kind)?;
        // Of a running program, only its record has a path.
        let is_thing = facts.traits.words == StepWords::THING;
        let subject = self.actions.last()?.subject();
        (is_thing && subject.starts_with('/')).then_some(subject)
    }

    /// Whether it removes something that no declared resource replaces.
    #[must_use]
    pub fn is_removal(&self) -> bool {
        self.verb == Verb::Remove && self.successor.is_none()
    }
}

// Serde's form is the report's; a saved plan has another.
/// Changed attribute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Change {
    /// Attribute.
    pub attribute: Cow<'static, str>,
    /// Current value.
    pub before: Cow<'static, str>,
    /// New value.
    pub after: Cow<'static, str>,
    /// Unified difference of texts.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub difference: Option<String>,
}

// Serde's form is the report's; a saved plan has another.
/// Unobservable resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Unseen {
    /// The resource.
    #[serde(rename = "address")]
    #[schemars(with = "String")]
    pub instance: Instance,
    /// Reason.
    pub reason: String,
}

impl Plan {
    /// Returns the digest that identifies it in approvals, evidence and the ledger: of its effect, and of the state that it
    /// starts from. Plans of one effect have one digest, whatever version of evenkeel makes them and words their reasons.
    #[must_use]
    pub fn digest(&self) -> Digest {
        StoredPlan::from(self).digest()
    }

    /// Whether there is nothing to do and everything was observed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty() && self.unseen.is_empty()
    }

    /// Returns the number of removals.
    #[must_use]
    pub fn removals(&self) -> usize {
        self.steps.iter().filter(|step| step.is_removal()).count()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Serialize;

    use super::{Change, FORMAT, Plan, Step, Unseen};
    use crate::plan::stored::StoredStep;
    use evenkeel_ledger::record::Verb;
    use evenkeel_model::{Address, Digest, EnvironmentName, Instance};

    /// Record that a plan's digest is computed from.
    #[derive(Serialize)]
    struct Effect<'a> {
        system: &'a str,
        lineage: &'a str,
        environment: &'a EnvironmentName,
        recipe: Digest,
        binding: Digest,
        requirements: Option<Digest>,
        observation: Option<Digest>,
        applied: Digest,
        steps: Vec<Digest>,
        unseen: Vec<&'a Instance>,
        observed: &'a BTreeMap<Instance, Digest>,
    }

    fn instance(name: &str) -> Instance {
        Instance::from(Address::new("file", name))
    }

    fn plan() -> Plan {
        Plan {
            format: FORMAT,
            tool: "evenkeel \"0\"".into(),
            system: "guestbook".into(),
            lineage: "lineage".into(),
            environment: EnvironmentName::new("staging"),
            recipe: Digest::of(b"recipe"),
            binding: Digest::of(b"binding"),
            definitions: Digest::of(b"definitions"),
            requirements: Some(Digest::of(b"requirements")),
            observation: None,
            applied: Digest::of(b"applied"),
            steps: ["a", "b"]
                .map(|name| Step {
                    instance: instance(name),
                    on: "web".into(),
                    verb: Verb::Create,
                    reason: "not there yet".into(),
                    changes: [].into(),
                    actions: Vec::new(),
                    after: [instance("c")].into(),
                    shape: Digest::of(name.as_bytes()),
                    slow: false,
                    risky: false,
                    successor: None,
                })
                .into(),
            unchanged: 3,
            unseen: vec![Unseen {
                instance: instance("d"),
                reason: "dark".into(),
            }],
            observed: [(instance("a"), Digest::of(b"a"))].into(),
        }
    }

    #[test]
    fn the_digest_is_that_of_the_effect() {
        let plan = plan();
        let effect = Effect {
            system: &plan.system,
            lineage: &plan.lineage,
            environment: &plan.environment,
            recipe: plan.recipe,
            binding: plan.binding,
            requirements: plan.requirements,
            observation: plan.observation,
            applied: plan.applied,
            steps: plan
                .steps
                .iter()
                .map(|step| StoredStep::from(step).effect())
                .collect(),
            unseen: plan.unseen.iter().map(|unseen| &unseen.instance).collect(),
            observed: &plan.observed,
        };
        assert_eq!(plan.digest(), Digest::of_record("evenkeel plan 2", &effect));
    }

    #[test]
    fn what_has_no_effect_does_not_change_the_digest() {
        let changes: [fn(&mut Plan); 6] = [
            |plan| plan.tool = "evenkeel 9".into(),
            |plan| plan.definitions = Digest::of(b"a comment more"),
            |plan| plan.unchanged = 9,
            |plan| plan.unseen[0].reason = "in other words".into(),
            |plan| plan.steps[0].reason = "in other words".into(),
            |plan| {
                plan.steps[0].changes = [Change {
                    attribute: "mode".into(),
                    before: "0640".into(),
                    after: "0644".into(),
                    difference: None,
                }]
                .into();
            },
        ];
        for (number, change) in changes.into_iter().enumerate() {
            let mut other = plan();
            change(&mut other);
            assert_eq!(other.digest(), plan().digest(), "{number}");
        }
    }

    #[test]
    fn everything_with_an_effect_changes_the_digest() {
        let changes: [fn(&mut Plan); 16] = [
            |plan| plan.system = "other".into(),
            |plan| plan.lineage = "other".into(),
            |plan| plan.environment = EnvironmentName::new("production"),
            |plan| plan.recipe = Digest::of(b"other"),
            |plan| plan.binding = Digest::of(b"other"),
            |plan| plan.requirements = Some(Digest::of(b"other")),
            |plan| plan.observation = Some(Digest::of(b"other")),
            |plan| plan.applied = Digest::of(b"other"),
            |plan| plan.unseen.clear(),
            |plan| plan.observed.clear(),
            |plan| plan.steps.reverse(),
            |plan| plan.steps[0].on = "other".into(),
            |plan| plan.steps[0].verb = Verb::Remove,
            |plan| plan.steps[0].after = [].into(),
            |plan| plan.steps[0].shape = Digest::of(b"other"),
            |plan| plan.steps[0].successor = Some(instance("c")),
        ];
        for (number, change) in changes.into_iter().enumerate() {
            let mut other = plan();
            change(&mut other);
            assert_ne!(other.digest(), plan().digest(), "{number}");
        }
    }
}
