//! Records: what an entry's body may be.
//!
//! These types are stored types by design: they are the ledger's format, and live code uses them as they are. Fields are
//! only ever added, as optional ones; a meaning never changes.

use std::collections::BTreeMap;

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use evenkeel_model::{Digest, EnvironmentName, Instance, Moment, canonical};

/// Makes the enum of records with its kinds' names, encoding and decoding from one list.
macro_rules! records {
    ($( $(#[doc = $doc:literal])* $variant:ident = $kind:literal, )*) => {
        /// A record: the body of an entry.
        #[derive(Clone, Debug)]
        pub enum Record { $( $(#[doc = $doc])* $variant($variant), )* }

        impl Record {
            /// All kinds, each with what it says.
            pub const KINDS: &'static [(&'static str, &'static str)] = &[ $( ($kind, concat!($($doc),*)), )* ];

            /// The kind, as an entry names it.
            #[must_use]
            pub fn kind(&self) -> &'static str {
                match self { $( Self::$variant(_) => $kind, )* }
            }

            /// The canonical body.
            ///
            /// # Errors
            ///
            /// Never for the records of this file; the encoder's signature has it.
            pub fn encode(&self) -> Result<String, serde_json::Error> {
                match self { $( Self::$variant(record) => canonical::to_string(record), )* }
            }

            /// Reads a body. `None` for a kind that this version does not know.
            ///
            /// # Errors
            ///
            /// When the body is not what its kind says.
            pub fn decode(kind: &str, body: &str) -> Result<Option<Self>, serde_json::Error> {
                match kind {
                    $( $kind => serde_json::from_str(body).map(|record| Some(Self::$variant(record))), )*
                    _ => serde_json::from_str::<IgnoredAny>(body).map(|_| None),
                }
            }
        }

        $( impl From<$variant> for Record { fn from(record: $variant) -> Self { Self::$variant(record) } } )*
    };
}

records! {
    /// The ledger begins.
    Founded = "founded",
    /// A lease on an environment was taken: the right to change it.
    LeaseTaken = "lease-taken",
    /// It was given back.
    LeaseReturned = "lease-returned",
    /// It was taken away from its holder, who can write nothing more.
    LeaseBroken = "lease-broken",
    /// An apply begins: nothing has been touched yet.
    ApplyStarted = "apply-started",
    /// Steps are about to be tried.
    StepsIntended = "steps-intended",
    /// What came of them, after looking again.
    StepsEnded = "steps-ended",
    /// An apply ended.
    ApplyEnded = "apply-ended",
    /// A suite ran.
    SuiteEnded = "suite-ended",
    /// The gate was asked.
    VerdictGiven = "verdict-given",
    /// A person approved.
    Approved = "approved",
    /// A release was begun.
    ReleaseStarted = "release-started",
    /// A release ended.
    ReleaseEnded = "release-ended",
    /// A check for drift, with what it found.
    DriftChecked = "drift-checked",
}

impl Record {
    /// The environment that it is about; `None` where it is about several or none.
    #[must_use]
    pub fn environment(&self) -> Option<&EnvironmentName> {
        Some(match self {
            Self::Founded(_) => return None,
            Self::LeaseTaken(it) => &it.environment,
            Self::LeaseReturned(it) => &it.environment,
            Self::LeaseBroken(it) => &it.environment,
            Self::ApplyStarted(it) => &it.environment,
            Self::StepsIntended(it) => &it.environment,
            Self::StepsEnded(it) => &it.environment,
            Self::ApplyEnded(it) => &it.environment,
            Self::SuiteEnded(it) => &it.environment,
            Self::VerdictGiven(it) => &it.environment,
            Self::Approved(it) => &it.environment,
            Self::ReleaseStarted(it) => &it.environment,
            Self::ReleaseEnded(it) => &it.environment,
            Self::DriftChecked(it) => {
                let mut names = it.environments.keys();
                return names.next().filter(|_| names.next().is_none());
            }
        })
    }

    /// The person or account that acted; `None` where the record does not name it.
    #[must_use]
    pub fn by(&self) -> Option<&Actor> {
        match self {
            Self::LeaseTaken(it) => Some(&it.by),
            Self::LeaseBroken(it) => Some(&it.by),
            Self::ApplyStarted(it) => Some(&it.by),
            Self::Approved(it) => Some(&it.by),
            Self::ReleaseStarted(it) => Some(&it.by),
            Self::DriftChecked(it) => Some(&it.by),
            _ => None,
        }
    }
}

/// The ledger begins.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Founded {
    /// The system it belongs to.
    pub system: String,
    /// A random name of this ledger: a copy keeps it, a new one gets another.
    pub lineage: String,
    /// The version of evenkeel that wrote it.
    pub tool: String,
}

/// Who does something, and from where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Actor {
    /// The person or account.
    pub name: String,
    /// The host.
    pub host: String,
    /// The process number there.
    pub process: u32,
}

/// A lease on an environment was taken.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct LeaseTaken {
    /// The environment.
    pub environment: EnvironmentName,
    /// Its token: higher than any before it.
    pub token: u64,
    /// By whom.
    pub by: Actor,
    /// For what: the command.
    pub purpose: String,
}

/// A lease was given back.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct LeaseReturned {
    /// The environment.
    pub environment: EnvironmentName,
    /// Its token.
    pub token: u64,
}

/// A lease was taken away from its holder.
///
/// A lease with the next token was taken and given back in the same transaction: that is what shuts the holder out.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct LeaseBroken {
    /// The environment.
    pub environment: EnvironmentName,
    /// The token of the lease that was broken.
    pub token: u64,
    /// Who held it.
    pub held_by: Actor,
    /// What he held it for.
    pub purpose: String,
    /// Who broke it.
    pub by: Actor,
    /// Why.
    pub reason: String,
}

/// Where definitions came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Origin {
    /// The commit, if they are in a repository.
    pub commit: Option<String>,
    /// Whether they, or anything they use, differ from that commit.
    pub dirty: bool,
    /// The digest of all definition files, templates and sources.
    pub definitions: Digest,
}

/// An apply begins.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ApplyStarted {
    /// Its number in this ledger: `a-7`.
    pub apply: String,
    /// The environment.
    pub environment: EnvironmentName,
    /// The plan.
    pub plan: Digest,
    /// The recipe.
    pub recipe: Digest,
    /// Where the definitions came from.
    pub origin: Origin,
    /// How many steps.
    pub steps: usize,
    /// By whom.
    pub by: Actor,
    /// `apply`, `deliver`, `release`, `repair`.
    pub purpose: String,
    /// The saved plan's digest is kept when it came from a file: a plan is used once.
    pub from_file: bool,
}

/// What a step does to its resource.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Verb {
    /// It is not there; it will be.
    Create,
    /// It is there and differs; it will be changed in place.
    Update,
    /// It is there and can only be changed by stopping or removing it first.
    Replace,
    /// It is declared no longer; it will be removed.
    Remove,
    /// It already is as declared, and that was not yet recorded.
    Record,
}

/// Steps are about to be tried.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct StepsIntended {
    /// The apply.
    pub apply: String,
    /// The environment.
    pub environment: EnvironmentName,
    /// The steps.
    pub steps: Vec<(Instance, Verb)>,
}

/// What came of a step.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum StepOutcome {
    /// It was done, and looking again showed it.
    Done,
    /// It failed; looking again showed that it is not as declared.
    Failed,
    /// It was tried, and what is there now could not be seen.
    Unknown,
}

/// What came of steps.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct StepsEnded {
    /// The apply.
    pub apply: String,
    /// The environment.
    pub environment: EnvironmentName,
    /// The steps.
    pub steps: Vec<StepEnd>,
}

/// The reason of a step that was intended and not begun: it touched nothing, although it did not succeed.
pub const NOT_BEGUN: &str = "interrupted before it began";

/// What came of one step.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct StepEnd {
    /// The resource on its host.
    #[serde(rename = "address")]
    pub instance: Instance,
    /// What was to be done.
    pub verb: Verb,
    /// What came of it.
    pub outcome: StepOutcome,
    /// The step's shape, for rehearsal.
    pub shape: Digest,
    /// The resource as it was applied (`None` when removed or not done): what the kind keeps in order to compare with
    /// it, and to remove it, later.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub applied: Option<Box<RawValue>>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
}

/// How an apply or a release ended.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum ApplyOutcome {
    /// Every step is done and was seen.
    Done,
    /// A step failed, or was not started because one it waits for failed.
    Failed,
    /// It was interrupted at a recorded boundary.
    Interrupted,
    /// What is there now could not be seen.
    Unknown,
}

/// An apply ended.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ApplyEnded {
    /// The apply.
    pub apply: String,
    /// The environment.
    pub environment: EnvironmentName,
    /// How.
    pub outcome: ApplyOutcome,
    /// Steps done.
    pub done: usize,
    /// Steps failed.
    pub failed: usize,
    /// Steps not started.
    pub not_started: usize,
    /// The digest of what was observed afterwards; `None` when not everything could be seen.
    pub observation: Option<Digest>,
}

/// What evidence is bound to: when one of these is another, the evidence is void.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct EvidenceBinding {
    /// The recipe that was applied.
    #[schemars(with = "String")]
    pub recipe: Digest,
    /// The plan that brought it there (the last one that changed something).
    #[schemars(with = "Option<String>")]
    pub plan: Option<Digest>,
    /// The artifacts by name.
    #[schemars(with = "BTreeMap<String, String>")]
    pub artifacts: BTreeMap<String, Digest>,
    /// The observation of the environment just before the suite ran.
    #[schemars(with = "String")]
    pub observation: Digest,
    /// The suite's own definition and files.
    #[schemars(with = "String")]
    pub suite: Digest,
}

/// A suite ran.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct SuiteEnded {
    /// The suite's name.
    pub suite: String,
    /// Its kind: `smoke`, `e2e`, …
    pub kind: String,
    /// The environment.
    pub environment: EnvironmentName,
    /// Whether it passed.
    pub passed: bool,
    /// What it showed, in one line.
    pub summary: String,
    /// How many cases passed and how many did not.
    pub cases: (usize, usize),
    /// When it began.
    pub started: Moment,
    /// When it ended.
    pub ended: Moment,
    /// What it is bound to.
    pub bound: EvidenceBinding,
    /// The kept output: an object.
    pub output: Option<Digest>,
    /// The observation after it ran is the one before it.
    pub undisturbed: bool,
}

/// The gate was asked.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct VerdictGiven {
    /// The environment a release would go to.
    pub environment: EnvironmentName,
    /// The plan for it.
    pub plan: Digest,
    /// The recipe.
    pub recipe: Digest,
    /// Whether it is open.
    pub open: bool,
    /// The codes of the rules that shut it.
    pub shut_by: Vec<String>,
    /// The whole dossier: an object. With it the verdict can be computed again.
    pub dossier: Digest,
}

/// A person approved.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Approved {
    /// The environment a release would go to.
    pub environment: EnvironmentName,
    /// The plan that was approved.
    pub plan: Digest,
    /// The digest of all evidence that was there to be seen.
    pub evidence: Digest,
    /// Who.
    pub by: Actor,
    /// Why.
    pub reason: String,
}

/// A release was begun.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ReleaseStarted {
    /// Its number in this ledger: `r-3`.
    pub release: String,
    /// The environment.
    pub environment: EnvironmentName,
    /// The plan.
    pub plan: Digest,
    /// The recipe.
    pub recipe: Digest,
    /// The verdict's dossier.
    pub dossier: Digest,
    /// By whom.
    pub by: Actor,
    /// The plan's binding. `None` in records of earlier versions, as what follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub binding: Option<Digest>,
    /// The plan's definitions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub definitions: Option<Digest>,
    /// Where the definitions came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
}

/// A release ended.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ReleaseEnded {
    /// The release.
    pub release: String,
    /// The environment.
    pub environment: EnvironmentName,
    /// The recipe.
    pub recipe: Digest,
    /// The commit.
    pub commit: Option<String>,
    /// How.
    pub outcome: ApplyOutcome,
    /// Whether the smoke suites passed afterwards; `None` when they were not run.
    pub smoke: Option<bool>,
}

/// A check for drift. Only what counts is kept: errors that no declared difference allows.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct DriftChecked {
    /// The environments that were checked, each with the fingerprints of its findings.
    pub environments: BTreeMap<EnvironmentName, Vec<Digest>>,
    /// The fingerprints of differences between environments; `None` where parity was not checked.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub parity: Option<Vec<Digest>>,
    /// Whether everything was read.
    pub complete: bool,
    /// Where the definitions came from.
    pub origin: Origin,
    /// By whom.
    pub by: Actor,
}

#[cfg(test)]
mod tests {
    use std::fmt::Debug;

    use serde::Serialize;
    use serde::de::DeserializeOwned;

    use super::{ApplyOutcome, StepOutcome, Verb};

    fn stored<T: Serialize + DeserializeOwned + PartialEq + Debug>(names: &[(T, &str)]) {
        for (value, name) in names {
            let text = format!("\"{name}\"");
            assert_eq!(serde_json::to_string(value).unwrap(), text);
            assert_eq!(serde_json::from_str::<T>(&text).unwrap(), *value);
        }
    }

    /// Every ledger holds these names: names are added, and none changes.
    #[test]
    fn verbs_and_outcomes_are_stored_under_these_names() {
        use Verb::{Create, Record, Remove, Replace, Update};
        // The compiler asks for a new one here; add it below.
        let _ = |verb: Verb| match verb {
            Create | Update | Replace | Remove | Record => {}
        };
        stored(&[
            (Create, "create"),
            (Update, "update"),
            (Replace, "replace"),
            (Remove, "remove"),
            (Record, "record"),
        ]);
        let _ = |outcome: StepOutcome| match outcome {
            StepOutcome::Done | StepOutcome::Failed | StepOutcome::Unknown => {}
        };
        stored(&[
            (StepOutcome::Done, "done"),
            (StepOutcome::Failed, "failed"),
            (StepOutcome::Unknown, "unknown"),
        ]);
        use ApplyOutcome::{Done, Failed, Interrupted, Unknown};
        let _ = |outcome: ApplyOutcome| match outcome {
            Done | Failed | Interrupted | Unknown => {}
        };
        stored(&[
            (Done, "done"),
            (Failed, "failed"),
            (Interrupted, "interrupted"),
            (Unknown, "unknown"),
        ]);
    }
}
