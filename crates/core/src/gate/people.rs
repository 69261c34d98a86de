//! People: who approved and who rejected the plan of a dossier, and why other decisions do not count.
//!
//! With a file of approvers only signed statements count, and they are verified here, from the texts in the dossier.
//! Without one, decisions are those of accounts.

use std::collections::{BTreeMap, BTreeSet};

use super::{ApprovalFact, DecisionFact, Dossier, SignedFact};
use crate::environment::{AUTHOR, DELIVERER, Policy};
use evenkeel_model::source::SourceFile;
use evenkeel_model::{Digest, Moment};
use evenkeel_signature::{Approvers, Decision, Signer, Statement};

/// Prefix of the names of accounts that are CI runners.
pub const CI: &str = "ci:";

/// Decisions about the plan of a dossier.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decisions {
    /// Valid decision of each person.
    pub people: BTreeMap<String, Decided>,
    /// Decisions about this plan that do not count, in the order of the ledger.
    pub void: Vec<Void>,
}

/// Valid decision of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// Whether the person approved; otherwise the person rejected the plan.
    pub approves: bool,
    /// Fingerprint of the key; `None` for an account.
    pub key: Option<String>,
    /// Reason.
    pub reason: String,
    /// Time of the entry.
    pub at: Moment,
}

/// Decision that does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Void {
    /// Person, or the account that recorded it if the person is unknown.
    pub by: String,
    /// Reason why it does not count.
    pub why: String,
}

impl Decisions {
    /// Returns the people who approved.
    pub fn approving(&self) -> impl Iterator<Item = &str> {
        self.of(true).map(|(name, _)| name)
    }

    /// Returns the people who approved, or those who rejected.
    pub fn of(&self, approves: bool) -> impl Iterator<Item = (&str, &Decided)> {
        let people = self.people.iter();
        people
            .filter(move |(_, decided)| decided.approves == approves)
            .map(|(name, decided)| (name.as_str(), decided))
    }
}

/// Returns the people of a file of approvers; `None` if it has an error.
#[must_use]
pub fn approvers(text: &str) -> Option<Approvers> {
    Approvers::read(&SourceFile::new("approvers", text)).ok()
}

impl Dossier {
    /// Returns the digest of all requirements, with the file of approvers: a signed approval is bound to it.
    #[must_use]
    pub fn policy_digest(&self) -> Digest {
        self.demands().digest()
    }

    /// Returns the decisions about this plan under its own requirements.
    #[must_use]
    pub fn decided(&self) -> Decisions {
        decisions(self, self.approvers.as_deref(), &self.policy)
    }

    /// Returns the decisions about this plan under the requirements of the last release; `None` without one, and if approvers
    /// and policy are equal.
    #[must_use]
    pub fn decided_as_released(&self) -> Option<Decisions> {
        let earlier = self.released.as_ref()?.demands.as_ref()?;
        let is_same = earlier.approvers == self.approvers && earlier.policy == self.policy;
        (!is_same).then(|| decisions(self, earlier.approvers.as_deref(), &earlier.policy))
    }
}

/// One decision of either form.
struct Fact<'a> {
    decision: Decision,
    by: &'a str,
    plan: Digest,
    evidence: Option<Digest>,
    at: Moment,
    reason: &'a str,
    sequence: u64,
    signed: Option<&'a SignedFact>,
}

impl Fact<'_> {
    /// Whether the clock of the machine that recorded it was ahead of the gate's. Such a decision may only shut the gate: it
    /// is void where it would open it, and counts at once where it shuts it.
    fn is_ahead(&self, dossier: &Dossier) -> bool {
        self.at > dossier.at
    }
}

/// Reason why a decision of a fast clock is void.
const AHEAD: &str = "it is dated after the time of this verdict; one of the clocks is wrong";

/// Returns all decisions in the order of the ledger.
fn facts(dossier: &Dossier) -> Vec<Fact<'_>> {
    let approvals = dossier.approvals.iter().map(|fact: &ApprovalFact| Fact {
        decision: Decision::Approve,
        by: &fact.by,
        plan: fact.plan,
        evidence: Some(fact.evidence),
        at: fact.at,
        reason: &fact.reason,
        // Earlier versions knew approvals only.
        sequence: fact.sequence.unwrap_or(0),
        signed: fact.signed.as_ref(),
    });
    let others = dossier.decisions.iter().map(|fact: &DecisionFact| Fact {
        decision: if fact.withdraws {
            Decision::Withdraw
        } else {
            Decision::Reject
        },
        by: &fact.by,
        plan: fact.plan,
        evidence: None,
        at: fact.at,
        reason: &fact.reason,
        sequence: fact.sequence,
        signed: fact.signed.as_ref(),
    });
    let mut facts: Vec<Fact<'_>> = approvals
        .chain(others)
        .filter(|fact| !fact.by.is_empty())
        .collect();
    facts.sort_by_key(|fact| fact.sequence);
    facts
}

/// Returns the decisions about the plan of a dossier, under a file of approvers and a policy.
fn decisions(dossier: &Dossier, approvers_text: Option<&str>, policy: &Policy) -> Decisions {
    let Some(text) = approvers_text else {
        return of_accounts(dossier);
    };
    match approvers(text) {
        Some(approvers) => of_people(dossier, &approvers, policy),
        // A file with an error lists no person.
        None => Decisions {
            people: BTreeMap::new(),
            void: facts(dossier)
                .into_iter()
                .filter(|fact| fact.plan == dossier.release.plan)
                .map(|fact| void(fact.by, "`approvers` cannot be read"))
                .collect(),
        },
    }
}

fn void(by: &str, why: impl Into<String>) -> Void {
    Void {
        by: by.to_owned(),
        why: why.into(),
    }
}

/// Decisions of accounts. Signed ones belong to people of a file that no longer exists.
fn of_accounts(dossier: &Dossier) -> Decisions {
    let mut all = Decisions::default();
    for fact in facts(dossier) {
        if fact.plan != dossier.release.plan {
            continue;
        }
        if fact.signed.is_some() {
            all.void.push(void(
                fact.by,
                "it is signed, and there is no file `approvers`",
            ));
            continue;
        }
        if fact.by.starts_with(CI) {
            all.void
                .push(void(fact.by, "it is by CI, which is no person"));
            continue;
        }
        let decided = |approves| Decided {
            approves,
            key: None,
            reason: fact.reason.to_owned(),
            at: fact.at,
        };
        let rejects = all
            .people
            .get(fact.by)
            .is_some_and(|before| !before.approves);
        match fact.decision {
            Decision::Approve if fact.is_ahead(dossier) => all.void.push(void(fact.by, AHEAD)),
            Decision::Withdraw if rejects && fact.is_ahead(dossier) => {
                all.void.push(void(fact.by, AHEAD));
            }
            Decision::Approve if fact.evidence != Some(dossier.evidence_digest) => {}
            Decision::Approve => {
                // A rejection counts until it is withdrawn.
                all.people
                    .entry(fact.by.to_owned())
                    .or_insert_with(|| decided(true));
            }
            Decision::Reject => {
                all.people.insert(fact.by.to_owned(), decided(false));
            }
            Decision::Withdraw => {
                all.people.remove(fact.by);
            }
            Decision::BreakGlass | Decision::FollowUp => {}
        }
    }
    all
}

/// Decisions that people signed.
fn of_people(dossier: &Dossier, approvers: &Approvers, policy: &Policy) -> Decisions {
    let mut all = Decisions::default();
    // Time of the newest statement of each person.
    let mut newest: BTreeMap<String, Moment> = BTreeMap::new();
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let requirements = dossier.policy_digest();
    for fact in facts(dossier) {
        if fact.plan != dossier.release.plan {
            continue;
        }
        let Some(signed) = fact.signed else {
            all.void.push(void(fact.by, "it is not signed"));
            continue;
        };
        // A fast clock makes no key of a rejection expire.
        let at = fact.at.min(dossier.at);
        let verified = approvers.verify(signed.statement.as_bytes(), &signed.signature, at);
        let (signer, statement) = match verified {
            Ok(verified) => verified,
            Err(refusal) => {
                all.void.push(void(fact.by, refusal.to_string()));
                continue;
            }
        };
        let person = signer.person.name.clone();
        if let Err(why) = is_about(&statement, &fact, dossier) {
            all.void.push(void(&person, why));
            continue;
        }
        // The nonce makes statements different, so an equal one is a copy.
        if !seen.insert(&signed.statement) {
            all.void
                .push(void(&person, "it is a copy of an earlier entry"));
            continue;
        }
        let is_newest = newest
            .get(&person)
            .is_none_or(|newest| *newest < statement.at);
        let before = newest.entry(person.clone()).or_insert(statement.at);
        *before = (*before).max(statement.at);
        let rejects = all
            .people
            .get(&person)
            .is_some_and(|before| !before.approves);
        let decided = |approves| Decided {
            approves,
            key: Some(signer.fingerprint.clone()),
            reason: statement.reason.clone(),
            at: fact.at,
        };
        // An older statement that arrives late may only shut the gate.
        match statement.decision {
            Decision::Reject => {
                all.people.insert(person, decided(false));
            }
            Decision::Approve if fact.is_ahead(dossier) => all.void.push(void(&person, AHEAD)),
            Decision::Withdraw if rejects && fact.is_ahead(dossier) => {
                all.void.push(void(&person, AHEAD));
            }
            Decision::Withdraw if rejects && !is_newest => {
                all.void
                    .push(void(&person, "it is older than the rejection"));
            }
            Decision::Withdraw => {
                all.people.remove(&person);
            }
            Decision::BreakGlass | Decision::FollowUp => {
                all.void
                    .push(void(&person, "it is no decision about a release"));
            }
            Decision::Approve if rejects => {
                let why = "the same person rejected the plan and did not withdraw that";
                all.void.push(void(&person, why));
            }
            Decision::Approve if !is_newest => {
                let why = "it is older than another decision of the same person";
                all.void.push(void(&person, why));
            }
            Decision::Approve => {
                match may_not(&signer, &statement, dossier, policy, requirements) {
                    None => {
                        all.people.insert(person, decided(true));
                    }
                    Some(why) => all.void.push(void(&person, why)),
                }
            }
        }
    }
    all
}

/// Checks that a statement is about what its entry says, and about this plan.
fn is_about(statement: &Statement, fact: &Fact<'_>, dossier: &Dossier) -> Result<(), &'static str> {
    if statement.decision != fact.decision {
        Err("its statement is another decision than its entry")
    } else if statement.system != dossier.system {
        Err("its statement is about another system")
    } else if statement.environment != dossier.production {
        Err("its statement is about another environment")
    } else if statement.plan != dossier.release.plan {
        Err("its statement is about another plan")
    } else {
        Ok(())
    }
}

/// Returns the reason why a verified approval of this plan does not count.
fn may_not(
    signer: &Signer,
    statement: &Statement,
    dossier: &Dossier,
    policy: &Policy,
    requirements: Digest,
) -> Option<String> {
    if statement.recipe != dossier.release.recipe {
        return Some("it is for another recipe".to_owned());
    }
    if statement.evidence != dossier.evidence_digest {
        return Some("it is for other evidence".to_owned());
    }
    if statement.policy != requirements {
        return Some("it is for another policy or other approvers".to_owned());
    }
    if let Some(role) = &policy.approvals_role
        && !signer.roles.contains(role)
    {
        return Some(format!("its key does not have role:{role}"));
    }
    let excludes = |whom: &str| policy.approvals_exclude.iter().any(|each| each == whom);
    if !excludes(AUTHOR) && !excludes(DELIVERER) {
        return None;
    }
    let Some(involved) = &dossier.involved else {
        return Some("the people who made the change are unknown".to_owned());
    };
    if excludes(AUTHOR) {
        match &involved.authors {
            None => return Some("the authors of the change are unknown".to_owned()),
            Some(authors) if authors.iter().any(|author| signer.person.is_called(author)) => {
                return Some("the person is an author of the change".to_owned());
            }
            Some(_) => {}
        }
    }
    let deliverers = &involved.deliverers;
    (excludes(DELIVERER)
        && deliverers
            .iter()
            .any(|account| signer.person.is_called(account)))
    .then(|| "the person delivered the change".to_owned())
}

#[cfg(test)]
mod tests;
