//! Plans and their steps.

use std::borrow::Cow;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use evenkeel_core::plan::{Change, Plan, Unseen};
use evenkeel_ledger::record::Verb;
use evenkeel_model::Instance;

/// A plan.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct PlanReport {
    /// The environment.
    pub environment: String,
    /// Its digest.
    pub digest: String,
    /// The recipe's digest.
    pub recipe: String,
    /// The steps.
    pub steps: Vec<StepDocument>,
    /// Resources that are as declared.
    pub unchanged: usize,
    /// Steps that remove something.
    pub removals: usize,
    /// What could not be seen.
    pub unseen: Vec<Unseen>,
    /// Steps rehearsed in the environment before, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rehearsed: Option<usize>,
}

/// A step.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct StepDocument {
    /// The resource.
    #[serde(rename = "address")]
    #[schemars(with = "String")]
    pub instance: Instance,
    /// What is done to it.
    pub verb: Verb,
    /// What the step is called: `start` where a process is created.
    #[serde(default)]
    pub word: Cow<'static, str>,
    /// The path that changes.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub path: Option<String>,
    /// Why; empty where the word says it.
    pub reason: Cow<'static, str>,
    /// What changes.
    #[schemars(with = "Vec<Change>")]
    pub changes: Arc<[Change]>,
    /// The steps before it.
    #[schemars(with = "Vec<String>")]
    pub after: Arc<[Instance]>,
    /// Whether it was rehearsed in the environment before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rehearsed: Option<bool>,
    /// Of a step that removes: the declared resource that the place passes to, or that left it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schemars(with = "Option<String>")]
    pub successor: Option<Instance>,
}

impl StepDocument {
    /// Whether only the ledger changes: the record of a resource goes, since another one holds its place.
    #[must_use]
    pub fn is_handover(&self) -> bool {
        self.successor.is_some()
            && self
                .changes
                .iter()
                .all(|change| change.before == change.after)
    }
}

impl PlanReport {
    /// A plan, and which of its steps were rehearsed.
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
