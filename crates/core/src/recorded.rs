//! Recorded decisions and releases, verified again: the signature of every signed decision, and the approvals of every
//! release, from the ledger and its objects alone.
//!
//! The chain proves that entries are unchanged. This proves that its writer recorded nothing that no person signed. The
//! gate's other rules are judged again by `gate::replay`.

use std::collections::BTreeMap;

use crate::gate::{
    ApprovalFact, DecisionFact, Dossier, SignedFact, StoredDossier, StoredDossierError,
};
use evenkeel_ledger::Record;
use evenkeel_ledger::record::{ReleaseStarted, Signed};
use evenkeel_model::text::count;
use evenkeel_model::{Digest, EnvironmentName};
use evenkeel_signature::{Decision, NAMESPACE, Signature, Statement};

/// First version of the rules under which every rejection shuts the gate: earlier ones ignored that of a fast clock.
const REJECTIONS: u32 = 4;

/// Content of a decision's entry that its statement repeats.
struct Entered<'a> {
    decision: Decision,
    environment: &'a EnvironmentName,
    /// `None` for the entry of a follow-up, which names its break-glass instead.
    plan: Option<&'a Digest>,
    evidence: Option<&'a Digest>,
    incident: Option<&'a str>,
    reason: &'a str,
    by: &'a str,
    signed: Option<&'a Signed>,
}

impl<'a> Entered<'a> {
    /// Returns the content of a decision; `None` for every other record.
    fn of(record: &'a Record) -> Option<Self> {
        Some(match record {
            Record::Approved(it) => Self {
                decision: Decision::Approve,
                environment: &it.environment,
                plan: Some(&it.plan),
                evidence: Some(&it.evidence),
                incident: None,
                reason: &it.reason,
                by: &it.by.name,
                signed: it.signed.as_ref(),
            },
            Record::Rejected(it) => Self {
                decision: Decision::Reject,
                environment: &it.environment,
                plan: Some(&it.plan),
                evidence: None,
                incident: None,
                reason: &it.reason,
                by: &it.by.name,
                signed: it.signed.as_ref(),
            },
            Record::Withdrawn(it) => Self {
                decision: Decision::Withdraw,
                environment: &it.environment,
                plan: Some(&it.plan),
                evidence: None,
                incident: None,
                reason: &it.reason,
                by: &it.by.name,
                signed: it.signed.as_ref(),
            },
            Record::GlassBroken(it) => Self {
                decision: Decision::BreakGlass,
                environment: &it.environment,
                plan: Some(&it.plan),
                evidence: Some(&it.dossier),
                incident: Some(&it.incident),
                reason: &it.reason,
                by: &it.by.name,
                signed: it.signed.as_ref(),
            },
            Record::FollowedUp(it) => Self {
                decision: Decision::FollowUp,
                environment: &it.environment,
                plan: None,
                evidence: None,
                incident: None,
                reason: &it.reason,
                by: &it.by.name,
                signed: it.signed.as_ref(),
            },
            _ => return None,
        })
    }
}

/// Whether a record is a decision of a person that can be signed.
#[must_use]
pub fn is_decision(record: &Record) -> bool {
    Entered::of(record).is_some()
}

/// Verifies the signature of a decision, and that its statement is about what the entry contains. Whose key it is
/// decides the file of approvers of each release, see [`release`].
///
/// # Errors
///
/// The reason why it is not proven, in a sentence.
pub fn decision(record: &Record) -> Result<(), String> {
    let Some(entered) = Entered::of(record) else {
        return Ok(());
    };
    let Some(signed) = entered.signed else {
        return Ok(());
    };
    let statement =
        Statement::read(signed.statement.as_bytes()).map_err(|problem| problem.to_string())?;
    let is_same = statement.decision == entered.decision
        && statement.environment == *entered.environment
        && entered.plan.is_none_or(|plan| statement.plan == *plan)
        && statement.incident.as_deref() == entered.incident
        && entered
            .evidence
            .is_none_or(|evidence| statement.evidence == *evidence)
        && statement.reason == entered.reason;
    if !is_same {
        return Err("its statement is about something else".to_owned());
    }
    let signature =
        Signature::from_armor(&signed.signature).map_err(|problem| problem.to_string())?;
    signature
        .verify(signed.statement.as_bytes(), NAMESPACE)
        .map_err(|problem| problem.to_string())?;
    if signature.key().fingerprint() != signed.key {
        return Err("its signature is by another key than the entry says".to_owned());
    }
    Ok(())
}

/// Verifies that a release had the approvals that its policy requires: those of its dossier, each of which must be an
/// entry of the ledger. `decisions` are all decisions of the ledger, by the number of their entry. A release that a
/// break-glass made (`is_override`) had none.
///
/// # Errors
///
/// The reason why it is not proven, in a sentence.
pub fn release(
    started: &ReleaseStarted,
    dossier: &[u8],
    decisions: &BTreeMap<u64, Record>,
    is_override: bool,
) -> Result<(), String> {
    let stored = match StoredDossier::read(dossier) {
        Ok(stored) => stored,
        // A newer evenkeel verifies it.
        Err(StoredDossierError::Newer { .. }) => return Ok(()),
        Err(error) => return Err(error.to_string()),
    };
    let dossier = &stored.dossier;
    if dossier.release.plan != started.plan || dossier.production != started.environment {
        return Err("its dossier is about another plan or environment".to_owned());
    }
    has_entries(dossier, decisions)?;
    let decided = dossier.decided();
    let (given, needed) = (decided.approving().count(), dossier.approvals_needed());
    let rejections = match stored.rules {
        REJECTIONS.. => decided.of(false).count(),
        _ => 0,
    };
    if !is_override && (given < needed || rejections > 0) {
        return Err(format!(
            "{given} of {} given, and {}",
            count(needed, "approval"),
            count(rejections, "rejection")
        ));
    }
    Ok(())
}

/// Checks that each decision of a dossier equals its entry.
fn has_entries(dossier: &Dossier, decisions: &BTreeMap<u64, Record>) -> Result<(), String> {
    let check = |sequence: u64,
                 decision: Decision,
                 by: &str,
                 plan: &Digest,
                 signed: Option<&SignedFact>| {
        let entered = decisions.get(&sequence).and_then(Entered::of);
        let is_same = entered.is_some_and(|entered| {
            let kept = entered
                .signed
                .map(|signed| (&signed.statement, &signed.signature));
            entered.decision == decision
                && entered.by == by
                && entered.plan == Some(plan)
                && kept == signed.map(|signed| (&signed.statement, &signed.signature))
        });
        if is_same {
            Ok(())
        } else {
            Err(format!("its decision {sequence} differs from that entry"))
        }
    };
    for ApprovalFact {
        by,
        plan,
        sequence,
        signed,
        ..
    } in &dossier.approvals
    {
        // Earlier versions stored no number.
        if let Some(sequence) = sequence {
            check(*sequence, Decision::Approve, by, plan, signed.as_ref())?;
        }
    }
    for DecisionFact {
        withdraws,
        by,
        plan,
        sequence,
        signed,
        ..
    } in &dossier.decisions
    {
        let decision = if *withdraws {
            Decision::Withdraw
        } else {
            Decision::Reject
        };
        check(*sequence, decision, by, plan, signed.as_ref())?;
    }
    Ok(())
}
