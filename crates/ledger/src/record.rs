//! Records: the possible bodies of entries.
//!
//! These types are the ledger's storage format, and live code uses them directly. Fields are only added, as optional
//! ones; the meaning of a field never changes.

use std::collections::BTreeMap;

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::LedgerError;
use evenkeel_model::{Digest, EnvironmentName, Instance, Moment, canonical};

/// Generates the enum of records with its kinds' names, encoding and decoding from one list.
macro_rules! records {
    ($( $(#[doc = $doc:literal])* $variant:ident = $kind:literal, )*) => {
        /// A record: the body of an entry.
        #[derive(Clone, Debug)]
        pub enum Record { $( $(#[doc = $doc])* $variant($variant), )* }

        impl Record {
            /// All kinds, each with its description.
            pub const KINDS: &'static [(&'static str, &'static str)] = &[ $( ($kind, concat!($($doc),*)), )* ];

            /// Returns the kind, as stored in an entry.
            #[must_use]
            pub fn kind(&self) -> &'static str {
                match self { $( Self::$variant(_) => $kind, )* }
            }

            /// Returns the canonical body.
            ///
            /// # Errors
            ///
            /// Never for the records of this file; the encoder's signature requires it.
            pub fn encode(&self) -> Result<String, serde_json::Error> {
                match self { $( Self::$variant(record) => canonical::to_string(record), )* }
            }

            /// Reads a body. `None` for a kind that this version does not know.
            ///
            /// # Errors
            ///
            /// When the body does not match its kind.
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
    /// The founding of the ledger.
    Founded = "founded",
    /// A lease on an environment was taken.
    LeaseTaken = "lease-taken",
    /// A lease was returned.
    LeaseReturned = "lease-returned",
    /// A lease was broken; its holder can append nothing more.
    LeaseBroken = "lease-broken",
    /// An apply started; nothing has changed yet.
    ApplyStarted = "apply-started",
    /// Steps are about to run.
    StepsIntended = "steps-intended",
    /// The outcomes of steps, after a new observation.
    StepsEnded = "steps-ended",
    /// An apply ended.
    ApplyEnded = "apply-ended",
    /// A suite ran.
    SuiteEnded = "suite-ended",
    /// The gate gave a verdict.
    VerdictGiven = "verdict-given",
    /// A plan was approved.
    Approved = "approved",
    /// A plan was rejected.
    Rejected = "rejected",
    /// A person withdrew the earlier approval or rejection of a plan.
    Withdrawn = "withdrawn",
    /// A release started.
    ReleaseStarted = "release-started",
    /// A release ended.
    ReleaseEnded = "release-ended",
    /// The gate was drilled: faults were injected into a copy, and it shut, or not.
    Drilled = "drilled",
    /// A person is about to apply to an environment although the gate is shut.
    GlassBroken = "glass-broken",
    /// Another person reviewed that.
    FollowedUp = "followed-up",
    /// A drift check, with its findings.
    DriftChecked = "drift-checked",
    /// The ledger was copied to another place and goes on there.
    Moved = "moved",
    /// This ledger is about to take over targets from another one.
    TargetsAdopted = "targets-adopted",
    /// A hook was not notified of an outcome.
    NotificationFailed = "notification-failed",
    /// An attempt was refused; nothing changed.
    Refused = "refused",
    /// A person overrode a check by an option of a command.
    Overridden = "overridden",
}

impl Record {
    /// Returns the environment of the record; `None` for several or none.
    #[must_use]
    pub fn environment(&self) -> Option<&EnvironmentName> {
        Some(match self {
            Self::Founded(_) | Self::Moved(_) | Self::NotificationFailed(_) => return None,
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
            Self::Rejected(it) => &it.environment,
            Self::Withdrawn(it) => &it.environment,
            Self::ReleaseStarted(it) => &it.environment,
            Self::ReleaseEnded(it) => &it.environment,
            Self::TargetsAdopted(it) => &it.environment,
            Self::Drilled(it) => &it.environment,
            Self::GlassBroken(it) => &it.environment,
            Self::FollowedUp(it) => &it.environment,
            Self::Refused(it) => return it.environment.as_ref(),
            Self::Overridden(it) => return it.environment.as_ref(),
            Self::DriftChecked(it) => {
                let mut names = it.environments.keys();
                return names.next().filter(|_| names.next().is_none());
            }
        })
    }

    /// Returns the verified person of a signed decision.
    #[must_use]
    pub fn signed(&self) -> Option<&Signed> {
        match self {
            Self::Approved(it) => it.signed.as_ref(),
            Self::Rejected(it) => it.signed.as_ref(),
            Self::Withdrawn(it) => it.signed.as_ref(),
            Self::GlassBroken(it) => it.signed.as_ref(),
            Self::FollowedUp(it) => it.signed.as_ref(),
            _ => None,
        }
    }

    /// Returns the object that the record names, with its role.
    #[must_use]
    pub fn object(&self) -> Option<(&'static str, &Digest)> {
        match self {
            Self::SuiteEnded(it) => it
                .output
                .as_ref()
                .map(|output| ("the output of a suite", output)),
            Self::VerdictGiven(it) => Some(("the dossier of a verdict", &it.dossier)),
            Self::ReleaseStarted(it) => Some(("the dossier of a release", &it.dossier)),
            Self::Drilled(it) => Some(("the dossier of a drill", &it.dossier)),
            Self::GlassBroken(it) => Some(("the dossier of a break-glass", &it.dossier)),
            _ => None,
        }
    }

    /// Returns the person or account that acted; `None` where the record has no actor.
    #[must_use]
    pub fn by(&self) -> Option<&Actor> {
        match self {
            Self::LeaseTaken(it) => Some(&it.by),
            Self::LeaseBroken(it) => Some(&it.by),
            Self::ApplyStarted(it) => Some(&it.by),
            Self::Approved(it) => Some(&it.by),
            Self::Rejected(it) => Some(&it.by),
            Self::Withdrawn(it) => Some(&it.by),
            Self::ReleaseStarted(it) => Some(&it.by),
            Self::DriftChecked(it) => Some(&it.by),
            Self::Moved(it) => Some(&it.by),
            Self::TargetsAdopted(it) => Some(&it.by),
            Self::NotificationFailed(it) => Some(&it.by),
            Self::Drilled(it) => Some(&it.by),
            Self::GlassBroken(it) => Some(&it.by),
            Self::FollowedUp(it) => Some(&it.by),
            Self::Refused(it) => Some(&it.by),
            Self::Overridden(it) => Some(&it.by),
            _ => None,
        }
    }
}

/// The founding of the ledger.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Founded {
    /// The system.
    pub system: String,
    /// The random name of this ledger: a copy has the same one, a new ledger another.
    pub lineage: String,
    /// The version of evenkeel that wrote the record.
    pub tool: String,
}

impl Founded {
    /// Rejects a ledger of another system than `system`; `place` is its name in messages.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Foreign`].
    pub fn belongs_to(&self, system: &str, place: &str) -> Result<(), LedgerError> {
        if self.system == system {
            return Ok(());
        }
        Err(LedgerError::Foreign {
            path: place.to_owned(),
            found: self.system.clone(),
            expected: system.to_owned(),
        })
    }
}

/// The ledger was copied to another place and goes on there: this copy accepts no more entries.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Moved {
    /// The other place, without an account.
    pub to: String,
    /// The actor.
    pub by: Actor,
}

/// This ledger is about to take over targets from another one.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct TargetsAdopted {
    /// The environment.
    pub environment: EnvironmentName,
    /// The stamps that are replaced, by target.
    pub stamps: BTreeMap<String, String>,
    /// The actor.
    pub by: Actor,
    /// The reason.
    pub reason: String,
}

/// A hook was not notified of an outcome.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct NotificationFailed {
    /// The hook.
    pub hook: String,
    /// The event: `verdict`, `release` or `drift`.
    pub event: String,
    /// The reason in a sentence, without secrets.
    pub reason: String,
    /// The actor of the command.
    pub by: Actor,
}

/// An attempt was refused; nothing changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Refused {
    /// The command: `approve`, `release`, `lock break`.
    pub what: String,
    /// `refused` by a rule, `out-of-date` for another plan than the current one, `gate-shut` for an approval while
    /// something else is missing, or `other-ledger` for a target that another ledger manages.
    pub code: String,
    /// The environment, if the attempt named one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<EnvironmentName>,
    /// The plan as the attempt named it, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    /// The actor.
    pub by: Actor,
    /// The reason, as reported.
    pub reason: String,
}

/// A person overrode a check by an option of a command. Written before the command acts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Overridden {
    /// The command with the option: `deliver --allow-undeclared`.
    pub what: String,
    /// The environment; absent for several or none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<EnvironmentName>,
    /// The codes of what was overridden.
    pub codes: Vec<String>,
    /// The actor.
    pub by: Actor,
    /// What was overridden, in a sentence.
    pub reason: String,
}

/// The person, host and process of an action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Actor {
    /// The person or account.
    pub name: String,
    /// The host.
    pub host: String,
    /// The process number on the host.
    pub process: u32,
}

/// A lease on an environment was taken.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct LeaseTaken {
    /// The environment.
    pub environment: EnvironmentName,
    /// The token, higher than any before it.
    pub token: u64,
    /// The actor.
    pub by: Actor,
    /// The command.
    pub purpose: String,
}

/// A lease was returned.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct LeaseReturned {
    /// The environment.
    pub environment: EnvironmentName,
    /// The token.
    pub token: u64,
}

/// A lease was broken.
///
/// The same transaction takes and returns a lease with the next token, which fences the old holder.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct LeaseBroken {
    /// The environment.
    pub environment: EnvironmentName,
    /// The token of the lease that was broken.
    pub token: u64,
    /// The former holder.
    pub held_by: Actor,
    /// The command of the former holder.
    pub purpose: String,
    /// The actor who broke it.
    pub by: Actor,
    /// The reason.
    pub reason: String,
}

/// The origin of definitions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Origin {
    /// The commit, if the definitions are in a repository.
    pub commit: Option<String>,
    /// Whether the definitions, or anything they use, differ from that commit.
    pub dirty: bool,
    /// The digest of all definition files, templates and sources.
    pub definitions: Digest,
}

/// An apply started.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ApplyStarted {
    /// The number in this ledger, such as `a-7`.
    pub apply: String,
    /// The environment.
    pub environment: EnvironmentName,
    /// The plan.
    pub plan: Digest,
    /// The recipe.
    pub recipe: Digest,
    /// The origin of the definitions.
    pub origin: Origin,
    /// The number of steps.
    pub steps: usize,
    /// The actor.
    pub by: Actor,
    /// `apply`, `deliver`, `release`, `repair`, `rollback`, `rehearsal`.
    pub purpose: String,
    /// The digest of a saved plan from a file: a plan is used once.
    pub from_file: bool,
}

/// The effect of a step on its resource.
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
    /// The resource is missing and will be created.
    Create,
    /// The resource differs and will be changed in place.
    Update,
    /// The resource differs and must be stopped or removed before it is created again.
    Replace,
    /// The resource was removed from the definitions and will be deleted.
    Remove,
    /// The resource matches its definition, and the ledger has no record of it.
    Record,
}

impl Verb {
    /// Returns the name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Replace => "replace",
            Self::Remove => "remove",
            Self::Record => "record",
        }
    }
}

/// Steps are about to run.
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

/// The outcome of a step.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum StepOutcome {
    /// The step was done, and a new observation confirmed it.
    Done,
    /// The step failed; a new observation showed a difference from the definition.
    Failed,
    /// The step was tried, and the result is unreadable.
    Unknown,
}

/// The outcomes of steps.
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

/// The reason of an intended step that never started: it changed nothing and did not succeed.
pub const NOT_BEGUN: &str = "interrupted before it began";

/// The outcome of one step.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct StepEnd {
    /// The resource on its host.
    #[serde(rename = "address")]
    pub instance: Instance,
    /// The intended effect.
    pub verb: Verb,
    /// The outcome.
    pub outcome: StepOutcome,
    /// The step's shape, for rehearsal.
    pub shape: Digest,
    /// The resource as applied (`None` when removed or not done): what its kind stores to compare it and to remove it
    /// later.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub applied: Option<Box<RawValue>>,
    /// The reason of a failure.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
}

/// The outcome of an apply or a release.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum ApplyOutcome {
    /// Every step was done and confirmed.
    Done,
    /// A step failed, or was skipped because of a failed dependency.
    Failed,
    /// The apply was interrupted between steps.
    Interrupted,
    /// The final state is unreadable.
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
    /// The outcome.
    pub outcome: ApplyOutcome,
    /// The number of steps done.
    pub done: usize,
    /// The number of failed steps.
    pub failed: usize,
    /// The number of steps that never started.
    pub not_started: usize,
    /// The digest of the observation afterwards; `None` when anything was unreadable.
    pub observation: Option<Digest>,
}

/// The inputs that evidence is bound to: when one changes, the evidence is void.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct EvidenceBinding {
    /// The applied recipe.
    #[schemars(with = "String")]
    pub recipe: Digest,
    /// The plan that applied it (the last one with changes).
    #[schemars(with = "Option<String>")]
    pub plan: Option<Digest>,
    /// The artifacts by name.
    #[schemars(with = "BTreeMap<String, String>")]
    pub artifacts: BTreeMap<String, Digest>,
    /// The observation of the environment right before the suite ran.
    #[schemars(with = "String")]
    pub observation: Digest,
    /// The digest of the suite's definition and files.
    #[schemars(with = "String")]
    pub suite: Digest,
}

/// A suite ran.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct SuiteEnded {
    /// The suite's name.
    pub suite: String,
    /// The kind: `smoke`, `e2e`, …
    pub kind: String,
    /// The environment.
    pub environment: EnvironmentName,
    /// Whether it passed.
    pub passed: bool,
    /// The result in one line.
    pub summary: String,
    /// The numbers of passed cases and of others.
    pub cases: (usize, usize),
    /// The start time.
    pub started: Moment,
    /// The end time.
    pub ended: Moment,
    /// The inputs it is bound to.
    pub bound: EvidenceBinding,
    /// The stored output: an object.
    pub output: Option<Digest>,
    /// Whether the observation after the run equals the one before.
    pub undisturbed: bool,
}

/// The gate gave a verdict.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct VerdictGiven {
    /// The environment of the release.
    pub environment: EnvironmentName,
    /// The plan.
    pub plan: Digest,
    /// The recipe.
    pub recipe: Digest,
    /// Whether the gate is open.
    pub open: bool,
    /// The codes of the rules that closed it.
    pub shut_by: Vec<String>,
    /// The whole dossier: an object from which the verdict can be computed again.
    pub dossier: Digest,
}

/// A plan was approved.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Approved {
    /// The environment of the release.
    pub environment: EnvironmentName,
    /// The approved plan.
    pub plan: Digest,
    /// The digest of all evidence at that time.
    pub evidence: Digest,
    /// The actor.
    pub by: Actor,
    /// The reason.
    pub reason: String,
    /// The person's signature. `None` for an approval of the account, and in records of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed: Option<Signed>,
}

/// A plan was rejected: it cannot be released until the same person withdraws this.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Rejected {
    /// The environment of the release.
    pub environment: EnvironmentName,
    /// The rejected plan.
    pub plan: Digest,
    /// The actor.
    pub by: Actor,
    /// The reason.
    pub reason: String,
    /// The person's signature; `None` for a rejection of the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed: Option<Signed>,
}

/// A person withdrew the earlier approval or rejection of a plan.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Withdrawn {
    /// The environment of the release.
    pub environment: EnvironmentName,
    /// The plan.
    pub plan: Digest,
    /// The actor.
    pub by: Actor,
    /// The reason.
    pub reason: String,
    /// The person's signature; `None` for the account's own decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed: Option<Signed>,
}

/// The gate was drilled: each fault was injected into a copy of the facts, which were made sound before.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Drilled {
    /// The environment of the release.
    pub environment: EnvironmentName,
    /// The version of evenkeel.
    pub tool: String,
    /// The version of the rules.
    pub rules: u32,
    /// Whether the gate shut each time, for the right reason.
    pub passed: bool,
    /// The result of each fault.
    pub results: Vec<DrillResult>,
    /// The dossier before it was made sound: an object.
    pub dossier: Digest,
    /// The actor.
    pub by: Actor,
}

/// The result of one fault of a drill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct DrillResult {
    /// The name of the fault.
    pub fault: String,
    /// The code of the rule that must shut the gate.
    pub expected: String,
    /// The codes of the rules that shut it; none if it was open.
    pub shut_by: Vec<String>,
}

/// A person is about to apply to an environment although the gate is shut. Written before anything changes.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct GlassBroken {
    /// Its name: `b-1`.
    pub break_glass: String,
    /// The release that it makes: `r-3`.
    pub release: String,
    /// The environment.
    pub environment: EnvironmentName,
    /// The plan.
    pub plan: Digest,
    /// The recipe.
    pub recipe: Digest,
    /// The actor.
    pub by: Actor,
    /// The reason.
    pub reason: String,
    /// The incident.
    pub incident: String,
    /// The codes of the rules that shut the gate.
    pub shut_by: Vec<String>,
    /// The whole dossier: an object from which the verdict can be computed again.
    pub dossier: Digest,
    /// The person's signature. `None` for the account's own decision, and in records of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed: Option<Signed>,
}

/// Another person reviewed a break-glass.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct FollowedUp {
    /// The name of the break-glass: `b-1`.
    pub break_glass: String,
    /// Its environment.
    pub environment: EnvironmentName,
    /// The actor.
    pub by: Actor,
    /// The reason.
    pub reason: String,
    /// The person's signature; `None` for the account's own decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed: Option<Signed>,
}

/// A statement of a person with its signature, exactly as signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Signed {
    /// The person, as verified when it was recorded. For display: the gate verifies the statement again.
    pub person: String,
    /// The fingerprint of the key, for display.
    pub key: String,
    /// The signed bytes.
    pub statement: String,
    /// The armored SSH signature.
    pub signature: String,
}

impl Signed {
    /// Returns the person, or the account if it is not signed.
    #[must_use]
    pub fn person<'a>(signed: Option<&'a Self>, account: &'a Actor) -> &'a str {
        signed.map_or(&account.name, |signed| &signed.person)
    }

    /// Returns the person and the key for display: `ada@example.com (signed with SHA256:…)`, or the account.
    #[must_use]
    pub fn signer(signed: Option<&Self>, account: &Actor) -> String {
        match signed {
            Some(signed) => format!("{} (signed with {})", signed.person, signed.key),
            None => account.name.clone(),
        }
    }
}

/// A release started.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ReleaseStarted {
    /// The number in this ledger, such as `r-3`.
    pub release: String,
    /// The environment.
    pub environment: EnvironmentName,
    /// The plan.
    pub plan: Digest,
    /// The recipe.
    pub recipe: Digest,
    /// The dossier of the verdict.
    pub dossier: Digest,
    /// The actor.
    pub by: Actor,
    /// The plan's binding. `None` in records of earlier versions, like the next fields.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub binding: Option<Digest>,
    /// The plan's definitions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub definitions: Option<Digest>,
    /// The origin of the definitions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// What it rolls back. `None` for a release that restores no other one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollback: Option<Rollback>,
}

/// The release that a rollback restores, and the one that it rolls back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Rollback {
    /// The restored release. It is no rollback itself.
    pub restores: String,
    /// The release that is rolled back.
    pub undoes: String,
    /// The trigger.
    pub cause: RollbackCause,
    /// The reason, as the person gave it or as the failed suites.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The trigger of a rollback.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RollbackCause {
    /// A person or a program ran `rollback`.
    Request,
    /// The smoke suites of the release failed, and the policy asks for a rollback then.
    FailedSmoke,
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
    /// The outcome.
    pub outcome: ApplyOutcome,
    /// Whether the smoke suites passed afterwards; `None` when they did not run.
    pub smoke: Option<bool>,
}

/// A drift check. Only relevant findings are stored: errors that no declared difference allows.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct DriftChecked {
    /// The checked environments, each with the fingerprints of its findings.
    pub environments: BTreeMap<EnvironmentName, Vec<Digest>>,
    /// The fingerprints of differences between environments; `None` without a parity check.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub parity: Option<Vec<Digest>>,
    /// The findings among these that the next apply or release removes: nothing changed outside evenkeel. Empty in
    /// records of earlier versions too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pending: Vec<Digest>,
    /// The facts of live hosts that surveys read. Empty in records of earlier versions too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub facts: Vec<FactsOfHost>,
    /// The descriptions of the findings that the check before did not have. Empty in records of earlier versions too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub described: Vec<DescribedFinding>,
    /// The findings of earlier checks that this one could not judge, so they did not end. Absent in records of earlier
    /// versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unknown: Option<Vec<Digest>>,
    /// Whether everything was readable.
    pub complete: bool,
    /// The origin of the definitions.
    pub origin: Origin,
    /// The actor.
    pub by: Actor,
}

/// The description of a finding, stored by the check that first has it. It has no value, so nothing of the live state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct DescribedFinding {
    /// The fingerprint.
    pub fingerprint: Digest,
    /// The code.
    pub code: String,
    /// The subject.
    pub subject: String,
    /// The attribute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribute: Option<String>,
    /// The finding of the check before that hid this one: something was unreadable then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hidden_by: Option<Digest>,
}

/// The facts of one host at a drift check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct FactsOfHost {
    /// The survey.
    pub survey: String,
    /// The environment.
    pub environment: EnvironmentName,
    /// The host; the target where it has one machine only.
    pub host: String,
    /// The object with the facts. Unchanged facts are one object.
    pub facts: Digest,
}

#[cfg(test)]
mod tests {
    use std::fmt::Debug;

    use serde::Serialize;
    use serde::de::DeserializeOwned;

    use super::{ApplyOutcome, RollbackCause, StepOutcome, Verb};

    fn stored<T: Serialize + DeserializeOwned + PartialEq + Debug>(names: &[(T, &str)]) {
        for (value, name) in names {
            let text = format!("\"{name}\"");
            assert_eq!(serde_json::to_string(value).unwrap(), text);
            assert_eq!(serde_json::from_str::<T>(&text).unwrap(), *value);
        }
    }

    /// Every ledger contains these names: new ones may be added, none may change.
    #[test]
    fn stored_names_of_verbs_and_outcomes_are_stable() {
        use Verb::{Create, Record, Remove, Replace, Update};
        // The compiler requires a new variant here; add it below.
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
        use RollbackCause::{FailedSmoke, Request};
        let _ = |cause: RollbackCause| match cause {
            Request | FailedSmoke => {}
        };
        stored(&[(Request, "request"), (FailedSmoke, "failed-smoke")]);
    }
}
