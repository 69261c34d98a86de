//! Stored form of plans: in saved plans, and under the digests in approvals, evidence and the ledger.
//!
//! Each type here has one conversion in each direction, which destructures the other side by name: a new field of a
//! live type fails to compile, and a renamed one changes no stored form. Writing borrows from the live plan, step by
//! step. Bytes and files are left to [`super::saved`].
//!
//! The stored form of an action is that of [`evenkeel_host::Action`]; its crate pins the JSON of each.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::document::{Change, FIRST, Plan, Step, Unseen};
use super::saved::{Facts, Found, SavedPlan};
use evenkeel_host::Action;
use evenkeel_ledger::record::Verb;
use evenkeel_model::{Digest, EnvironmentName, Instance, Parts};

/// Content of a saved plan's file.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct StoredSavedPlan<'a> {
    digest: Digest,
    plan: StoredPlan<'a>,
    found_digest: Digest,
    found: StoredFound<'a>,
}

/// Observation of a plan.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct StoredFound<'a> {
    declared: Cow<'a, Facts>,
    left: Cow<'a, Facts>,
}

/// Plan.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct StoredPlan<'a> {
    format: u32,
    tool: Cow<'a, str>,
    system: Cow<'a, str>,
    lineage: Cow<'a, str>,
    environment: Cow<'a, EnvironmentName>,
    recipe: Digest,
    binding: Digest,
    definitions: Digest,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    requirements: Option<Digest>,
    observation: Option<Digest>,
    applied: Digest,
    #[serde(with = "list")]
    steps: Cow<'a, [Step]>,
    unchanged: usize,
    #[serde(with = "list")]
    unseen: Cow<'a, [Unseen]>,
    observed: Cow<'a, BTreeMap<Instance, Digest>>,
}

/// Step.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct StoredStep<'a> {
    address: Cow<'a, Instance>,
    on: Cow<'a, str>,
    verb: StoredVerb,
    reason: Cow<'a, str>,
    #[serde(with = "list")]
    changes: Cow<'a, [Change]>,
    actions: Cow<'a, [Action]>,
    after: Cow<'a, [Instance]>,
    shape: Digest,
    slow: bool,
    #[serde(skip_serializing_if = "is_false", default)]
    risky: bool,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    successor: Option<Cow<'a, Instance>>,
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_false(value: &bool) -> bool {
    !*value
}

/// Changed attribute.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct StoredChange<'a> {
    attribute: Cow<'a, str>,
    before: Cow<'a, str>,
    after: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    difference: Option<Cow<'a, str>>,
}

/// Unobservable resource.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct StoredUnseen<'a> {
    address: Cow<'a, Instance>,
    reason: Cow<'a, str>,
}

impl<'a> StoredSavedPlan<'a> {
    /// Creates the stored form of a plan and its observation, each with its digest.
    pub(super) fn new(plan: &'a Plan, found: &'a Found) -> Self {
        let (plan, found) = (StoredPlan::from(plan), StoredFound::from(found));
        Self {
            digest: plan.whole(),
            plan,
            found_digest: found.digest(),
            found,
        }
    }

    /// Returns the plan's format.
    pub(super) fn format(&self) -> u32 {
        self.plan.format
    }

    /// Whether both digests match the content.
    pub(super) fn is_unchanged(&self) -> bool {
        self.plan.whole() == self.digest && self.found.digest() == self.found_digest
    }
}

impl From<StoredSavedPlan<'_>> for SavedPlan {
    fn from(stored: StoredSavedPlan<'_>) -> Self {
        let StoredSavedPlan {
            // They were compared with the content.
            digest: _,
            found_digest: _,
            plan,
            found,
        } = stored;
        Self {
            plan: plan.into(),
            found: found.into(),
        }
    }
}

impl StoredFound<'_> {
    fn digest(&self) -> Digest {
        Digest::of_record("evenkeel found 1", self)
    }
}

impl<'a> From<&'a Found> for StoredFound<'a> {
    fn from(found: &'a Found) -> Self {
        let Found { declared, left } = found;
        Self {
            declared: Cow::Borrowed(declared),
            left: Cow::Borrowed(left),
        }
    }
}

impl From<StoredFound<'_>> for Found {
    fn from(stored: StoredFound<'_>) -> Self {
        let StoredFound { declared, left } = stored;
        Self {
            declared: declared.into_owned(),
            left: left.into_owned(),
        }
    }
}

impl StoredPlan<'_> {
    /// Returns the digest of its effect, and of the state that it starts from.
    pub(super) fn digest(&self) -> Digest {
        if self.format == FIRST {
            return self.first_digest();
        }
        let Self {
            // Nothing of these is executed, and they depend on the version of evenkeel or on comments.
            format: _,
            tool: _,
            definitions: _,
            unchanged: _,
            system,
            lineage,
            environment,
            recipe,
            binding,
            requirements,
            observation,
            applied,
            steps,
            unseen,
            observed,
        } = self;
        // The keys in record order: the whole record is never in memory.
        Parts::of("evenkeel plan 2")
            .mark("{\"applied\":")
            .value(applied)
            .mark(",\"binding\":")
            .value(binding)
            .mark(",\"environment\":")
            .value(environment)
            .mark(",\"lineage\":")
            .value(lineage)
            .mark(",\"observation\":")
            .value(observation)
            .mark(",\"observed\":")
            .table(observed.iter())
            .mark(",\"recipe\":")
            .value(recipe)
            .mark(",\"requirements\":")
            .value(requirements)
            .mark(",\"steps\":")
            .list(steps.iter().map(|step| StoredStep::from(step).effect()))
            .mark(",\"system\":")
            .value(system)
            .mark(",\"unseen\":")
            .list(unseen.iter().map(|unseen| &unseen.instance))
            .mark("}")
            .digest()
    }

    /// Returns the digest of a plan of format 1: ledgers have it of plans that were applied then.
    fn first_digest(&self) -> Digest {
        let Self {
            format,
            tool,
            system,
            lineage,
            environment,
            recipe,
            binding,
            definitions,
            requirements: _,
            observation,
            applied,
            steps,
            unchanged,
            unseen,
            observed,
        } = self;
        let unseen: Vec<StoredUnseen<'_>> = unseen.iter().map(StoredUnseen::from).collect();
        Parts::of("evenkeel plan 1")
            .mark("{\"applied\":")
            .value(applied)
            .mark(",\"binding\":")
            .value(binding)
            .mark(",\"definitions\":")
            .value(definitions)
            .mark(",\"environment\":")
            .value(environment)
            .mark(",\"format\":")
            .value(format)
            .mark(",\"lineage\":")
            .value(lineage)
            .mark(",\"observation\":")
            .value(observation)
            .mark(",\"observed\":")
            .table(observed.iter())
            .mark(",\"recipe\":")
            .value(recipe)
            .mark(",\"steps\":")
            .list(steps.iter().map(StoredStep::whole))
            .mark(",\"system\":")
            .value(system)
            .mark(",\"tool\":")
            .value(tool)
            .mark(",\"unchanged\":")
            .value(unchanged)
            .mark(",\"unseen\":")
            .value(&unseen)
            .mark("}")
            .digest()
    }

    /// Returns the digest of everything in it: what a file must still contain.
    fn whole(&self) -> Digest {
        if self.format == FIRST {
            return self.first_digest();
        }
        let Self {
            format,
            tool,
            definitions,
            unchanged,
            steps,
            unseen,
            // They are part of the other digest.
            system: _,
            lineage: _,
            environment: _,
            recipe: _,
            binding: _,
            requirements: _,
            observation: _,
            applied: _,
            observed: _,
        } = self;
        let unseen: Vec<StoredUnseen<'_>> = unseen.iter().map(StoredUnseen::from).collect();
        Parts::of("evenkeel saved plan 2")
            .mark("{\"definitions\":")
            .value(definitions)
            .mark(",\"effect\":")
            .value(&self.digest())
            .mark(",\"format\":")
            .value(format)
            .mark(",\"steps\":")
            .list(steps.iter().map(StoredStep::whole))
            .mark(",\"tool\":")
            .value(tool)
            .mark(",\"unchanged\":")
            .value(unchanged)
            .mark(",\"unseen\":")
            .value(&unseen)
            .mark("}")
            .digest()
    }
}

impl StoredStep<'_> {
    /// Returns the digest of everything in a step.
    fn whole(step: &Step) -> Digest {
        Digest::of_record("evenkeel step 1", &StoredStep::from(step))
    }

    /// Returns the digest of its effect: everything except words for people, and what only orders the display.
    pub(super) fn effect(&self) -> Digest {
        #[derive(Serialize)]
        #[serde(rename_all = "kebab-case")]
        struct Effect<'s> {
            address: &'s Instance,
            on: &'s str,
            verb: &'s StoredVerb,
            actions: &'s [Action],
            after: &'s [Instance],
            shape: &'s Digest,
            #[serde(skip_serializing_if = "is_false")]
            risky: bool,
            #[serde(skip_serializing_if = "Option::is_none")]
            successor: Option<&'s Instance>,
        }
        let Self {
            address,
            on,
            verb,
            actions,
            after,
            shape,
            risky,
            successor,
            reason: _,
            changes: _,
            slow: _,
        } = self;
        let effect = Effect {
            address,
            on,
            verb,
            actions,
            after,
            shape,
            risky: *risky,
            successor: successor.as_deref(),
        };
        Digest::of_record("evenkeel step 2", &effect)
    }
}

impl<'a> From<&'a Plan> for StoredPlan<'a> {
    fn from(plan: &'a Plan) -> Self {
        let Plan {
            format,
            tool,
            system,
            lineage,
            environment,
            recipe,
            binding,
            definitions,
            requirements,
            observation,
            applied,
            steps,
            unchanged,
            unseen,
            observed,
        } = plan;
        Self {
            format: *format,
            tool: tool.into(),
            system: system.into(),
            lineage: lineage.into(),
            environment: Cow::Borrowed(environment),
            recipe: *recipe,
            binding: *binding,
            definitions: *definitions,
            requirements: *requirements,
            observation: *observation,
            applied: *applied,
            steps: steps.into(),
            unchanged: *unchanged,
            unseen: unseen.into(),
            observed: Cow::Borrowed(observed),
        }
    }
}

impl From<StoredPlan<'_>> for Plan {
    fn from(stored: StoredPlan<'_>) -> Self {
        let StoredPlan {
            format,
            tool,
            system,
            lineage,
            environment,
            recipe,
            binding,
            definitions,
            requirements,
            observation,
            applied,
            steps,
            unchanged,
            unseen,
            observed,
        } = stored;
        Self {
            format,
            tool: tool.into_owned(),
            system: system.into_owned(),
            lineage: lineage.into_owned(),
            environment: environment.into_owned(),
            recipe,
            binding,
            definitions,
            requirements,
            observation,
            applied,
            steps: steps.into_owned(),
            unchanged,
            unseen: unseen.into_owned(),
            observed: observed.into_owned(),
        }
    }
}

impl<'a> From<&'a Step> for StoredStep<'a> {
    fn from(step: &'a Step) -> Self {
        let Step {
            instance,
            on,
            verb,
            reason,
            changes,
            actions,
            after,
            shape,
            slow,
            risky,
            successor,
        } = step;
        Self {
            address: Cow::Borrowed(instance),
            on: Cow::Borrowed(on),
            verb: (*verb).into(),
            reason: Cow::Borrowed(reason),
            changes: Cow::Borrowed(changes),
            actions: actions.into(),
            after: Cow::Borrowed(after),
            shape: *shape,
            slow: *slow,
            risky: *risky,
            successor: successor.as_ref().map(Cow::Borrowed),
        }
    }
}

impl From<StoredStep<'_>> for Step {
    fn from(stored: StoredStep<'_>) -> Self {
        let StoredStep {
            address,
            on,
            verb,
            reason,
            changes,
            actions,
            after,
            shape,
            slow,
            risky,
            successor,
        } = stored;
        Self {
            instance: address.into_owned(),
            on: on.into(),
            verb: verb.into(),
            reason: reason.into_owned().into(),
            changes: changes.into_owned().into(),
            actions: actions.into_owned(),
            after: after.into_owned().into(),
            shape,
            slow,
            risky,
            successor: successor.map(Cow::into_owned),
        }
    }
}

impl<'a> From<&'a Change> for StoredChange<'a> {
    fn from(change: &'a Change) -> Self {
        let Change {
            attribute,
            before,
            after,
            difference,
        } = change;
        Self {
            attribute: Cow::Borrowed(attribute),
            before: Cow::Borrowed(before),
            after: Cow::Borrowed(after),
            difference: difference.as_deref().map(Cow::Borrowed),
        }
    }
}

impl From<StoredChange<'_>> for Change {
    fn from(stored: StoredChange<'_>) -> Self {
        let StoredChange {
            attribute,
            before,
            after,
            difference,
        } = stored;
        Self {
            attribute: attribute.into_owned().into(),
            before: before.into_owned().into(),
            after: after.into_owned().into(),
            difference: difference.map(Cow::into_owned),
        }
    }
}

impl<'a> From<&'a Unseen> for StoredUnseen<'a> {
    fn from(unseen: &'a Unseen) -> Self {
        let Unseen { instance, reason } = unseen;
        Self {
            address: Cow::Borrowed(instance),
            reason: reason.into(),
        }
    }
}

impl From<StoredUnseen<'_>> for Unseen {
    fn from(stored: StoredUnseen<'_>) -> Self {
        let StoredUnseen { address, reason } = stored;
        Self {
            instance: address.into_owned(),
            reason: reason.into_owned(),
        }
    }
}

/// Defines the stored type of verbs, with a conversion in each direction that covers all.
macro_rules! verbs {
    ($( $verb:ident ),* $(,)?) => {
        /// Stored form of a verb: these names never change.
        #[derive(Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        enum StoredVerb { $( $verb ),* }

        impl From<Verb> for StoredVerb {
            fn from(verb: Verb) -> Self {
                match verb { $( Verb::$verb => Self::$verb ),* }
            }
        }

        impl From<StoredVerb> for Verb {
            fn from(stored: StoredVerb) -> Self {
                match stored { $( StoredVerb::$verb => Self::$verb ),* }
            }
        }
    };
}

verbs! { Create, Update, Replace, Remove, Record }

/// Live types that are stored in lists, with their stored type.
trait Kept: Clone {
    /// Stored type.
    type Stored<'a>: From<&'a Self> + Serialize + Into<Self>
    where
        Self: 'a;
}

impl Kept for Step {
    type Stored<'a> = StoredStep<'a>;
}

impl Kept for Change {
    type Stored<'a> = StoredChange<'a>;
}

impl Kept for Unseen {
    type Stored<'a> = StoredUnseen<'a>;
}

/// Conversion of lists: one element at a time, so that no second list is in memory.
mod list {
    use std::borrow::Cow;
    use std::fmt;
    use std::marker::PhantomData;

    use serde::de::{SeqAccess, Visitor};
    use serde::{Deserialize, Deserializer, Serializer};

    use super::Kept;

    pub(super) fn serialize<T: Kept, S: Serializer>(
        list: &[T],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(list.iter().map(T::Stored::from))
    }

    pub(super) fn deserialize<'de, 'a, T, D>(deserializer: D) -> Result<Cow<'a, [T]>, D::Error>
    where
        T: Kept + 'static,
        T::Stored<'static>: Deserialize<'de>,
        D: Deserializer<'de>,
    {
        struct List<T>(PhantomData<T>);

        impl<'de, T> Visitor<'de> for List<T>
        where
            T: Kept + 'static,
            T::Stored<'static>: Deserialize<'de>,
        {
            type Value = Vec<T>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a sequence")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Vec<T>, A::Error> {
                let mut list = Vec::new();
                while let Some(stored) = elements.next_element::<T::Stored<'static>>()? {
                    list.push(stored.into());
                }
                Ok(list)
            }
        }

        Ok(Cow::Owned(deserializer.deserialize_seq(List(PhantomData))?))
    }
}
