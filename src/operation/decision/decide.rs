//! Approve, reject or withdraw: reviews the plan of a release, shows it to the person, and records the decision.

use std::path::Path;

use super::super::dossier::GateReview;
use super::super::refusal::Attempt;
use super::super::rollback::review_of_plan;
use super::super::session::{Needs, Session};
use super::super::{Failure, Project, ProjectLocation, World};
use super::signature::{Signatory, people_of};
use crate::report::{PlanReport, Report};
use evenkeel_core::gate::people::{CI, Decided, Decisions};
use evenkeel_core::gate::{self, ApprovalFact, DecisionFact, Dossier, SignedFact};
use evenkeel_ledger::record::{Approved, Rejected, Signed, Withdrawn};
use evenkeel_ledger::{Ledger, Record, State};
use evenkeel_model::{Digest, Moment};
use evenkeel_signature::{Decision, Statement};

/// Longest reason.
const LONGEST: usize = 4096;

/// Requested decision.
#[derive(Clone, Copy)]
pub struct DecisionRequest<'a> {
    /// Prefix of the plan's digest.
    pub plan: &'a str,
    /// The reason.
    pub reason: &'a str,
    /// File of the person's SSH key, if named.
    pub key: Option<&'a Path>,
    /// Asks the person to confirm what is displayed. Called last, before anything is signed or recorded.
    pub confirm: &'a dyn Fn(&Report) -> bool,
}

/// Approves the plan whose digest starts with `plan`, if it is the current plan of a release.
///
/// # Errors
///
/// When it is another plan, no reason is given, no listed key signs, or the person does not confirm.
pub fn approve(
    world: &World<'_>,
    location: &ProjectLocation,
    request: DecisionRequest<'_>,
) -> Result<Report, Failure> {
    let attempt = Attempt::new("approve").plan(request.plan);
    let outcome = decide(world, location, Decision::Approve, "approve", request);
    attempt.recorded(world, location, outcome)
}

/// Rejects the plan: it cannot be released until the same person withdraws this, or the plan changes.
///
/// # Errors
///
/// Like [`approve`].
pub fn reject(
    world: &World<'_>,
    location: &ProjectLocation,
    request: DecisionRequest<'_>,
) -> Result<Report, Failure> {
    let attempt = Attempt::new("reject").plan(request.plan);
    let outcome = decide(world, location, Decision::Reject, "reject", request);
    attempt.recorded(world, location, outcome)
}

/// Withdraws the person's approval or rejection of the plan.
///
/// # Errors
///
/// Like [`approve`], and when there is nothing to withdraw.
pub fn withdraw(
    world: &World<'_>,
    location: &ProjectLocation,
    request: DecisionRequest<'_>,
) -> Result<Report, Failure> {
    let attempt = Attempt::new("withdraw").plan(request.plan);
    let outcome = decide(world, location, Decision::Withdraw, "withdraw", request);
    attempt.recorded(world, location, outcome)
}

/// Refuses an empty reason and a very long one.
pub(in crate::operation) fn check_reason(reason: &str) -> Result<(), Failure> {
    if reason.trim().is_empty() {
        return Err(Failure::Usage(
            "a decision needs a reason: --reason '…'".into(),
        ));
    }
    if reason.len() > LONGEST {
        return Err(Failure::Usage(format!(
            "the reason is longer than {LONGEST} bytes"
        )));
    }
    Ok(())
}

fn decide(
    world: &World<'_>,
    location: &ProjectLocation,
    decision: Decision,
    command: &'static str,
    request: DecisionRequest<'_>,
) -> Result<Report, Failure> {
    check_reason(request.reason)?;
    let mut review = Review::open(world, location, command, Some(request.plan))?;
    review.is_current(request.plan)?;
    if decision == Decision::Approve && review.is_shut_otherwise() {
        return Ok(review.report);
    }
    let dossier = &review.asked.dossier;
    let signatory = match people_of(dossier) {
        people if people.is_empty() => None,
        people => Some(Signatory::choose(&review.project, people, request.key)?),
    };
    let by = match &signatory {
        Some(signatory) => signatory.person().name.clone(),
        None => {
            if request.key.is_some() {
                return Err(Failure::Usage(
                    "--key has no effect without a file `approvers` beside the definitions".into(),
                ));
            }
            is_person(&world.actor.name)?;
            world.actor.name.clone()
        }
    };
    if review.is_decided(decision, &by)? {
        return Ok(review.report);
    }
    review.show(decision);
    if !(request.confirm)(&review.report) {
        return Err(Failure::NotAttempted {
            reason: format!("not {}: not confirmed", participle(decision)),
            help: "answer `yes`, or give --yes".into(),
        });
    }
    let signed = match &signatory {
        None => None,
        Some(signatory) => {
            let statement = statement(&review.asked.dossier, decision, request.reason, &by, world);
            Some(signatory.sign(world, statement)?)
        }
    };
    review.record(decision, request.reason, &by, signed)
}

/// Refuses the account of a CI runner.
fn is_person(account: &str) -> Result<(), Failure> {
    if account.starts_with(CI) {
        return Err(Failure::Refused {
            reason: format!("{account} is a CI runner, and only people decide about releases"),
            help: "run the command as a person, outside of CI".into(),
        });
    }
    Ok(())
}

/// Returns the statement of a decision, later than every earlier one of the same person about this plan.
fn statement(
    dossier: &Dossier,
    decision: Decision,
    reason: &str,
    by: &str,
    world: &World<'_>,
) -> Statement {
    let now = world.clock.now();
    let approvals = dossier.approvals.iter().map(|fact| &fact.signed);
    let others = dossier.decisions.iter().map(|fact| &fact.signed);
    let newest = approvals
        .chain(others)
        .flatten()
        .filter_map(|signed| Statement::read(signed.statement.as_bytes()).ok())
        .filter(|statement| statement.by == by && statement.plan == dossier.release.plan)
        .map(|statement| statement.at)
        .max();
    // The clock may be behind that of another machine of the person.
    let at = match newest {
        Some(newest) if newest >= now => {
            Moment::from_millisecond(newest.as_millisecond().saturating_add(1))
        }
        _ => now,
    };
    Statement {
        format: evenkeel_signature::STATEMENT_FORMAT.to_owned(),
        system: dossier.system.clone(),
        environment: dossier.production.clone(),
        plan: dossier.release.plan,
        recipe: dossier.release.recipe,
        evidence: dossier.evidence_digest,
        policy: dossier.policy_digest(),
        decision,
        reason: reason.to_owned(),
        by: by.to_owned(),
        at,
        // The signatory fills it in.
        nonce: String::new(),
        incident: None,
    }
}

/// A break-glass and its follow-up are recorded by `break_glass`.
fn no_decision() -> Failure {
    Failure::other("a break-glass and its follow-up are no decisions about a plan")
}

/// Returns the past participle: `approved`, `withdrawn`.
fn participle(decision: Decision) -> &'static str {
    match decision {
        Decision::Withdraw => "withdrawn",
        other => other.past(),
    }
}

/// Reviewed release, before a decision.
pub(super) struct Review<'w> {
    pub(super) project: Project<'w>,
    pub(super) ledger: Box<dyn Ledger>,
    pub(super) state: State,
    pub(super) asked: GateReview,
    pub(super) report: Report,
}

impl<'w> Review<'w> {
    /// Observes every environment and judges the gate. If the last verdict is about a rollback and names `plan`, judges that
    /// rollback.
    pub(super) fn open(
        world: &'w World<'_>,
        location: &ProjectLocation,
        command: &'static str,
        plan: Option<&str>,
    ) -> Result<Self, Failure> {
        let mut session = Session::open(world, location, command)?;
        let path = session.project.definition.path.clone();
        session.project.releases_to(&path)?;
        let resolution = session.resolve(&path, Needs::Release)?;
        let Session {
            project,
            mut report,
        } = session;
        let ledger = project.ledger()?;
        let mut state = State::current(&*ledger)?;
        if let Some(plan) = plan
            && let Some((restored, asked)) = review_of_plan(&project, &*ledger, &mut state, plan)?
        {
            report.origin(&asked.dossier.origin);
            return Ok(Self {
                project: restored.project,
                ledger,
                state,
                asked,
                report,
            });
        }
        let asked = GateReview::now(&project, &resolution, &*ledger, &mut state)?;
        asked.tell_of_policy(&mut report);
        Ok(Self {
            project,
            ledger,
            state,
            asked,
            report,
        })
    }

    /// Refuses another plan than the current one.
    pub(super) fn is_current(&self, plan: &str) -> Result<(), Failure> {
        let now = self.asked.plan.digest();
        if now.begins_with(plan) {
            return Ok(());
        }
        Err(Failure::Stale {
            reason: format!(
                "plan `{plan}` is out of date; the current plan is `{}`",
                now.short()
            ),
            changes: vec![
                "an environment, the definitions or an artifact changed, or the digest is of another plan".into(),
            ],
        })
    }

    /// Whether something else than approvals is missing, which would invalidate an approval before it is used. The report then
    /// contains the verdict.
    pub(super) fn is_shut_otherwise(&mut self) -> bool {
        let mut reasons = self.asked.verdict.reasons.iter();
        let is_shut = reasons.any(|reason| !gate::PEOPLE.contains(&reason.code.as_str()));
        if is_shut {
            self.report.verdict = Some(self.asked.document());
            self.report.timeline(&self.state);
            self.report
                .say("not approved: only an approval may be missing");
            self.report.exit_code = 3;
        }
        is_shut
    }

    /// Returns the decisions under the current requirements and those of the last release.
    fn decided(dossier: &Dossier) -> Vec<Decisions> {
        let earlier = dossier.decided_as_released();
        std::iter::once(dossier.decided()).chain(earlier).collect()
    }

    /// Whether the person already decided so. The report then contains the verdict.
    pub(super) fn is_decided(&mut self, decision: Decision, by: &str) -> Result<bool, Failure> {
        let all = Self::decided(&self.asked.dossier);
        let own: Vec<&Decided> = all.iter().filter_map(|each| each.people.get(by)).collect();
        let plan = self.asked.plan.digest().short();
        let is_rejected = own.iter().any(|decided| !decided.approves);
        let same = match decision {
            Decision::Approve if is_rejected => {
                return Err(Failure::Refused {
                    reason: format!("{by} rejected plan {plan}"),
                    help: format!("evenkeel withdraw {plan} --reason '…'"),
                });
            }
            // It must count everywhere that it can.
            Decision::Approve if own.len() == all.len() => own.first(),
            Decision::Approve => None,
            Decision::Reject => own.iter().find(|decided| !decided.approves),
            Decision::Withdraw if own.is_empty() => {
                return Err(Failure::NotAttempted {
                    reason: format!(
                        "nothing to withdraw: {by} has no valid decision about plan {plan}"
                    ),
                    help: "evenkeel log".into(),
                });
            }
            Decision::Withdraw | Decision::BreakGlass | Decision::FollowUp => None,
        };
        let Some(same) = same else {
            return Ok(false);
        };
        self.report.say(format!(
            "you already {} this: plan {plan}, by {by} on {}",
            decision.past(),
            same.at.for_people()
        ));
        self.report.timeline(&self.state);
        self.report.verdict = Some(self.asked.document());
        if self.asked.verdict.open {
            self.report.next(self.asked.press());
        }
        Ok(true)
    }

    /// Adds the plan and the evidence to the report.
    pub(super) fn show(&mut self, decision: Decision) {
        if decision != Decision::Withdraw {
            let plan = PlanReport::new(&self.asked.plan, self.asked.rehearsed.clone());
            self.report.plans.push(plan);
        }
        if decision == Decision::Approve {
            for line in evidence_lines(&self.asked.dossier) {
                self.report.say(format!("evidence: {line}"));
            }
        }
    }

    /// Records a decision, if it counts.
    pub(super) fn record(
        mut self,
        decision: Decision,
        reason: &str,
        by: &str,
        signed: Option<Signed>,
    ) -> Result<Report, Failure> {
        let world = self.project.world;
        let now = world.clock.now();
        self.takes_effect(decision, reason, by, signed.as_ref(), now)?;
        let dossier = &self.asked.dossier;
        let how = if signed.is_some() {
            "signed"
        } else {
            "not signed"
        };
        let environment = dossier.production.clone();
        let plan = dossier.release.plan;
        let account = world.actor.clone();
        let reason = reason.to_owned();
        let record: Record = match decision {
            Decision::BreakGlass | Decision::FollowUp => return Err(no_decision()),
            Decision::Approve => Approved {
                environment,
                plan,
                evidence: dossier.evidence_digest,
                by: account,
                reason,
                signed,
            }
            .into(),
            Decision::Reject => Rejected {
                environment,
                plan,
                by: account,
                reason,
                signed,
            }
            .into(),
            Decision::Withdraw => Withdrawn {
                environment,
                plan,
                by: account,
                reason,
                signed,
            }
            .into(),
        };
        self.state.may_go_on()?;
        self.ledger.append(now, &[record], None)?;
        self.state.catch_up(&*self.ledger)?;
        self.report.timeline(&self.state);
        self.asked.reconsider(&self.project, &self.state);
        let (plan, environment) = (plan.short(), &self.asked.dossier.production);
        self.report.say(match decision {
            Decision::Withdraw => {
                format!("{by} withdrew the decision about plan {plan} for {environment} ({how})")
            }
            _ => format!(
                "{by} {} plan {plan} for {environment} ({how})",
                decision.past()
            ),
        });
        self.report.verdict = Some(self.asked.document());
        if self.asked.verdict.open {
            self.report.next(self.asked.press());
        }
        Ok(self.report)
    }

    /// Judges with the decision before it is recorded, and refuses one that would not count.
    fn takes_effect(
        &self,
        decision: Decision,
        reason: &str,
        by: &str,
        signed: Option<&Signed>,
        now: Moment,
    ) -> Result<(), Failure> {
        let mut trial = self.asked.dossier.clone();
        trial.at = trial.at.max(now);
        let account = self.project.world.actor.name.clone();
        let signed = signed.map(|signed| SignedFact {
            statement: signed.statement.clone(),
            signature: signed.signature.clone(),
        });
        let plan: Digest = trial.release.plan;
        // After every entry.
        let sequence = u64::MAX;
        match decision {
            Decision::BreakGlass | Decision::FollowUp => return Err(no_decision()),
            Decision::Approve => trial.approvals.push(ApprovalFact {
                by: account,
                plan,
                evidence: trial.evidence_digest,
                at: now,
                reason: reason.to_owned(),
                sequence: Some(sequence),
                signed,
            }),
            Decision::Reject | Decision::Withdraw => trial.decisions.push(DecisionFact {
                withdraws: decision == Decision::Withdraw,
                by: account,
                plan,
                at: now,
                reason: reason.to_owned(),
                sequence,
                signed,
            }),
        }
        let all = Self::decided(&trial);
        let is_effective = |decisions: &Decisions| {
            let own = decisions.people.get(by);
            match decision {
                Decision::Approve => own.is_some_and(|own| own.approves),
                Decision::Reject => own.is_some_and(|own| !own.approves),
                Decision::Withdraw => own.is_none(),
                Decision::BreakGlass | Decision::FollowUp => false,
            }
        };
        if all.iter().any(is_effective) {
            return Ok(());
        }
        let void = all.iter().find_map(|decisions| decisions.void.last());
        let why = void.map_or("it would not count", |void| &void.why);
        Err(Failure::Refused {
            reason: format!("not {}: {why}", participle(decision)),
            help: "evenkeel explain gate/not-approved".into(),
        })
    }
}

/// Returns the results of the suites, one line each.
pub(super) fn evidence_lines(dossier: &Dossier) -> Vec<String> {
    let lines = dossier.evidence.iter().map(|evidence| {
        let word = if evidence.passed { "passed" } else { "failed" };
        format!(
            "{} in {} {word}: {} ({})",
            evidence.suite,
            evidence.environment,
            evidence.summary,
            evidence.ended.for_people()
        )
    });
    lines.collect()
}
