//! Plans and their steps.

use std::borrow::Cow;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use evenkeel_core::plan::{Change, Plan, Unseen};
use evenkeel_ledger::record::Verb;
use evenkeel_model::Instance;

/// Plan.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct PlanReport {
    /// The environment.
    pub environment: String,
    /// Digest.
    pub digest: String,
    /// Digest of the recipe.
    pub recipe: String,
    /// The steps.
    pub steps: Vec<StepDocument>,
    /// Number of resources in sync.
    pub unchanged: usize,
    /// Number of removals.
    pub removals: usize,
    /// Unobservable resources.
    pub unseen: Vec<Unseen>,
    /// Number of steps rehearsed in the environment before, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rehearsed: Option<usize>,
}

/// Step.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct StepDocument {
    /// The resource.
    #[serde(rename = "address")]
    #[schemars(with = "String")]
    pub instance: Instance,
    /// Change.
    pub verb: Verb,
    /// Word of the change, such as `start` if a process is created.
    #[serde(default)]
    pub word: Cow<'static, str>,
    /// Changed path.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub path: Option<String>,
    /// Reason; empty if the word is sufficient.
    pub reason: Cow<'static, str>,
    /// Changed attributes.
    #[schemars(with = "Vec<Change>")]
    pub changes: Arc<[Change]>,
    /// Steps before it.
    #[schemars(with = "Vec<String>")]
    pub after: Arc<[Instance]>,
    /// Whether it was rehearsed in the environment before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rehearsed: Option<bool>,
    /// Whether the host reverts it unless a new login confirms it.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub risky: bool,
    /// For a removal: the declared resource that takes the place, or that left it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schemars(with = "Option<String>")]
    pub successor: Option<Instance>,
}

impl StepDocument {
    /// Whether only the ledger changes: the record of a resource is removed, since another one holds its place.
    #[must_use]
    pub fn is_handover(&self) -> bool {
        self.successor
            .as_ref()
            .is_some_and(|to| *to != self.instance)
            && self
                .changes
                .iter()
                .all(|change| change.before == change.after)
    }
}

impl PlanReport {
    /// Creates the document of a plan, with the rehearsal of its steps.
    #[must_use]
    pub fn new(plan: &Plan, rehearsed: Option<Vec<bool>>) -> Self {
        Self {
            environment: plan.environment.to_string(),
            digest: plan.digest().to_string(),
            recipe: plan.recipe.to_string(),
            steps: plan
                .steps
                .iter()
                .enumerate()
                .map(|(number, step)| StepDocument {
                    instance: step.instance.clone(),
                    verb: step.verb,
                    word: step.word().into(),
                    path: step.path().map(str::to_owned),
                    reason: step.reason.clone(),
                    changes: Arc::clone(&step.changes),
                    after: Arc::clone(&step.after),
                    rehearsed: rehearsed
                        .as_ref()
                        .and_then(|list| list.get(number).copied()),
                    risky: step.risky,
                    successor: step.successor.clone(),
                })
                .collect(),
            unchanged: plan.unchanged,
            removals: plan.removals(),
            unseen: plan.unseen.clone(),
            rehearsed: rehearsed.map(|list| list.into_iter().filter(|each| *each).count()),
        }
    }
}
