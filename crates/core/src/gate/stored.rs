//! Stored form of the dossier: with the version of its format and of the rules, and with the whole verdict.
//!
//! The live types of the policy, of corners and of verdicts are each converted in one place, here: a change of a live
//! type fails to compile and changes no stored form. The facts of a dossier exist in the stored form only: fields are
//! only added to them, as optional ones.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{CODES, Dossier, Reason, Verdict};
use crate::environment::Policy;
use crate::environment::policy::{Freeze, RollbackTrigger};
use evenkeel_model::Moment;
use evenkeel_model::defect::Corner;

/// Format written by this version. The first format was the bare dossier, without a number.
pub const FORMAT: u32 = 2;

/// Version of the rules: increased when a rule is added, removed, or decides differently, or when another set of remedies
/// is computed.
pub const RULES: u32 = 5;

/// Stored dossier of one verdict.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct StoredDossier {
    /// Version of this form.
    pub format: u32,
    /// Version of the rules.
    pub rules: u32,
    /// Judged dossier.
    pub dossier: Dossier,
    /// Verdict. `None` in the first format, which stored only its codes, in the entry.
    #[serde(default)]
    pub verdict: Option<StoredVerdict>,
}

/// Complete verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct StoredVerdict {
    /// Whether the gate was open.
    pub open: bool,
    /// Every judged rule, in order.
    pub rules: Vec<StoredRule>,
    /// Commands that would open it, in order.
    pub remedies: Vec<String>,
}

/// Result of one rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct StoredRule {
    /// Its code.
    pub code: String,
    /// Whether it held.
    pub holds: bool,
    /// Reasons why it did not hold.
    pub reasons: Vec<StoredReason>,
    /// What would be a reason, and is none since the release is a rollback.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waived: Vec<String>,
}

/// Reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct StoredReason {
    /// Message.
    pub message: String,
    /// Command that resolves it.
    pub remedy: String,
}

/// Reason why a stored dossier cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum StoredDossierError {
    /// It was written by a newer version.
    #[error("the dossier has format {found}; this evenkeel reads formats up to {FORMAT}")]
    Newer {
        /// Format.
        found: u32,
    },
    /// Not a dossier.
    #[error("it is not a dossier")]
    Malformed(#[from] serde_json::Error),
}

/// Field that is read first.
#[derive(Deserialize)]
struct Format {
    #[serde(default = "first_format")]
    format: u32,
}

fn first_format() -> u32 {
    1
}

impl StoredDossier {
    /// Creates the stored form of a dossier and its verdict.
    #[must_use]
    pub fn new(dossier: Dossier, verdict: &Verdict) -> Self {
        Self {
            format: FORMAT,
            rules: RULES,
            dossier,
            verdict: Some(StoredVerdict::of(verdict)),
        }
    }

    /// Reads the stored form of any version up to this one.
    ///
    /// # Errors
    ///
    /// When it was written by a newer version, or is not a dossier.
    pub fn read(bytes: &[u8]) -> Result<Self, StoredDossierError> {
        let Format { format } = serde_json::from_slice(bytes)?;
        match format {
            1 => Ok(Self {
                format,
                rules: 1,
                dossier: serde_json::from_slice(bytes)?,
                verdict: None,
            }),
            2 => Ok(serde_json::from_slice(bytes)?),
            found => Err(StoredDossierError::Newer { found }),
        }
    }
}

impl StoredVerdict {
    pub(super) fn of(verdict: &Verdict) -> Self {
        let Verdict {
            open,
            // Their number follows from the list.
            rules: _,
            reasons,
            waived,
            remedies,
        } = verdict;
        let rules = CODES.iter().map(|code| {
            let passed = waived.iter().filter(|(rule, _)| *rule == code.name);
            let own = reasons.iter().filter(|reason| reason.code == code.name);
            let reasons: Vec<StoredReason> = own.map(StoredReason::of).collect();
            StoredRule {
                code: code.name.to_owned(),
                holds: reasons.is_empty(),
                reasons,
                waived: passed.map(|(_, words)| words.clone()).collect(),
            }
        });
        Self {
            open: *open,
            rules: rules.collect(),
            remedies: remedies.clone(),
        }
    }
}

impl StoredReason {
    fn of(reason: &Reason) -> Self {
        let Reason {
            code: _,
            message,
            remedy,
        } = reason;
        Self {
            message: message.clone(),
            remedy: remedy.line(),
        }
    }
}

/// Stored form of a policy.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a key of the definitions"
)]
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct StoredPolicy {
    delivery: bool,
    require: Vec<String>,
    approvals: usize,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    approvals_exclude: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    approvals_role: Option<String>,
    evidence_max_age: u64,
    rehearsal: f64,
    observed: f64,
    uncommitted: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    drill: Option<u64>,
    #[serde(default = "permitted", skip_serializing_if = "is_permitted")]
    break_glass: bool,
    freeze: Vec<StoredFreeze>,
    #[serde(default, skip_serializing_if = "is_default")]
    rollback: StoredTrigger,
    #[serde(default, skip_serializing_if = "is_default")]
    rollback_approvals: usize,
    #[serde(default, skip_serializing_if = "is_default")]
    rehearse_rollback: bool,
}

/// Stored form of the trigger of rollbacks: these names never change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum StoredTrigger {
    #[default]
    OnRequest,
    AfterFailedSmoke,
}

impl From<RollbackTrigger> for StoredTrigger {
    fn from(trigger: RollbackTrigger) -> Self {
        match trigger {
            RollbackTrigger::OnRequest => Self::OnRequest,
            RollbackTrigger::AfterFailedSmoke => Self::AfterFailedSmoke,
        }
    }
}

impl From<StoredTrigger> for RollbackTrigger {
    fn from(stored: StoredTrigger) -> Self {
        match stored {
            StoredTrigger::OnRequest => Self::OnRequest,
            StoredTrigger::AfterFailedSmoke => Self::AfterFailedSmoke,
        }
    }
}

/// Whether a field has the value that versions without it have.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Policies of earlier versions have no such key.
const fn permitted() -> bool {
    true
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde gives the field by reference"
)]
const fn is_permitted(it: &bool) -> bool {
    *it
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct StoredFreeze {
    from: Moment,
    until: Moment,
    reason: String,
}

impl From<&Policy> for StoredPolicy {
    fn from(policy: &Policy) -> Self {
        let Policy {
            delivery,
            require,
            approvals,
            approvals_exclude,
            approvals_role,
            evidence_max_age,
            rehearsal,
            observed,
            uncommitted,
            drill,
            break_glass,
            freeze,
            rollback,
            rollback_approvals,
            rehearse_rollback,
        } = policy;
        let stored = |freeze: &Freeze| {
            let Freeze {
                from,
                until,
                reason,
            } = freeze;
            StoredFreeze {
                from: *from,
                until: *until,
                reason: reason.clone(),
            }
        };
        Self {
            delivery: *delivery,
            require: require.clone(),
            approvals: *approvals,
            approvals_exclude: approvals_exclude.clone(),
            approvals_role: approvals_role.clone(),
            evidence_max_age: *evidence_max_age,
            rehearsal: *rehearsal,
            observed: *observed,
            uncommitted: *uncommitted,
            drill: *drill,
            break_glass: *break_glass,
            freeze: freeze.iter().map(stored).collect(),
            rollback: (*rollback).into(),
            rollback_approvals: *rollback_approvals,
            rehearse_rollback: *rehearse_rollback,
        }
    }
}

impl From<StoredPolicy> for Policy {
    fn from(stored: StoredPolicy) -> Self {
        let StoredPolicy {
            delivery,
            require,
            approvals,
            approvals_exclude,
            approvals_role,
            evidence_max_age,
            rehearsal,
            observed,
            uncommitted,
            drill,
            break_glass,
            freeze,
            rollback,
            rollback_approvals,
            rehearse_rollback,
        } = stored;
        let live = |freeze: StoredFreeze| {
            let StoredFreeze {
                from,
                until,
                reason,
            } = freeze;
            Freeze {
                from,
                until,
                reason,
            }
        };
        Self {
            delivery,
            require,
            approvals,
            approvals_exclude,
            approvals_role,
            evidence_max_age,
            rehearsal,
            observed,
            uncommitted,
            drill,
            break_glass,
            freeze: freeze.into_iter().map(live).collect(),
            rollback: rollback.into(),
            rollback_approvals,
            rehearse_rollback,
        }
    }
}

/// Conversion of policies: `#[serde(with = "stored::policy")]`.
pub(super) mod policy {
    use super::{Deserialize, Deserializer, Policy, Serialize, Serializer, StoredPolicy};

    pub fn serialize<S: Serializer>(policy: &Policy, serializer: S) -> Result<S::Ok, S::Error> {
        StoredPolicy::from(policy).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Policy, D::Error> {
        StoredPolicy::deserialize(deserializer).map(Policy::from)
    }
}

/// Defines the stored type of corners, with a conversion in each direction that covers all.
macro_rules! corners {
    ($( $stored:ident = $corner:ident ),* $(,)?) => {
        /// Stored form of a corner: these names never change.
        #[derive(Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        enum StoredCorner { $( $stored ),* }

        impl From<Corner> for StoredCorner {
            fn from(corner: Corner) -> Self {
                match corner { $( Corner::$corner => Self::$stored ),* }
            }
        }

        impl From<StoredCorner> for Corner {
            fn from(stored: StoredCorner) -> Self {
                match stored { $( StoredCorner::$stored => Self::$corner ),* }
            }
        }
    };
}

corners! {
    Pending = Pending,
    HandMade = ChangedOutside,
    HandMadeInBoth = ChangedOutsideInBoth,
    Conflicting = Conflicting,
    Healed = Healed,
    HalfPromoted = HalfPromoted,
    Behind = Behind,
    Unmanaged = Unmanaged,
}

/// Conversion of corners: `#[serde(with = "stored::corner")]`.
pub(super) mod corner {
    use super::{Corner, Deserialize, Deserializer, Serialize, Serializer, StoredCorner};

    #[expect(
        clippy::ref_option,
        clippy::trivially_copy_pass_by_ref,
        reason = "serde gives the field by reference"
    )]
    pub fn serialize<S: Serializer>(
        corner: &Option<Corner>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        corner.map(StoredCorner::from).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Corner>, D::Error> {
        Ok(Option::<StoredCorner>::deserialize(deserializer)?.map(Corner::from))
    }
}
