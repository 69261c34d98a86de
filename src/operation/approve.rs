//! Approve: a person's decision about one plan and its current evidence.

use super::dossier::GateReview;
use super::session::{Needs, Session};
use super::{Failure, ProjectLocation, World};
use crate::report::{PlanReport, Report};
use evenkeel_core::gate;
use evenkeel_ledger::State;
use evenkeel_ledger::record::Approved;

/// Requested approval.
#[derive(Clone, Copy)]
pub struct ApproveRequest<'a> {
    /// Prefix of the plan's digest.
    pub plan: &'a str,
    /// The reason.
    pub reason: &'a str,
    /// Asks the person to confirm the displayed approval. Called last, before anything is recorded.
    pub confirm: &'a dyn Fn(&Report) -> bool,
}

/// Approves the plan whose digest starts with `plan`, if it is the current plan of a release.
///
/// # Errors
///
/// When it is another plan, no reason is given, or the person does not confirm.
pub fn approve(
    world: &World<'_>,
    location: &ProjectLocation,
    request: ApproveRequest<'_>,
) -> Result<Report, Failure> {
    let ApproveRequest {
        plan,
        reason,
        confirm,
    } = request;
    if reason.trim().is_empty() {
        return Err(Failure::Usage(
            "an approval needs a reason: --reason '…'".into(),
        ));
    }
    let mut session = Session::open(world, location, "approve")?;
    let path = session.project.definition.path.clone();
    session.project.releases_to(&path)?;
    let resolution = session.resolve(&path, Needs::Release)?;
    let Session {
        project,
        mut report,
    } = session;
    let ledger = project.ledger()?;
    let mut state = State::of(&*ledger)?;
    let mut asked = GateReview::now(&project, &resolution, &*ledger, &mut state)?;
    let now = asked.plan.digest();
    if !now.begins_with(plan) {
        return Err(Failure::Stale {
            reason: format!(
                "plan `{plan}` is out of date; the current plan is `{}`",
                now.short()
            ),
            changes: vec![
                "an environment, the definitions or an artifact changed, or the digest is of another plan".into(),
            ],
        });
    }
    asked.tell_of_policy(&mut report);
    // Other reasons that shut the gate would invalidate this approval before it is used.
    let others: Vec<&evenkeel_core::gate::Reason> = asked
        .verdict
        .reasons
        .iter()
        .filter(|other| !gate::PEOPLE.contains(&other.code.as_str()))
        .collect();
    if !others.is_empty() {
        report.verdict = Some(asked.document());
        report.timeline(&state);
        report.say("not approved: only an approval may be missing");
        report.exit_code = 3;
        return Ok(report);
    }
    report
        .plans
        .push(PlanReport::new(&asked.plan, asked.rehearsed.clone()));
    for evidence in &asked.dossier.evidence {
        let word = if evidence.passed { "passed" } else { "failed" };
        report.say(format!(
            "evidence: {} in {} {word}: {} ({})",
            evidence.suite,
            evidence.environment,
            evidence.summary,
            evidence.ended.for_people()
        ));
    }
    if !confirm(&report) {
        return Err(Failure::Refused {
            reason: "not approved: not confirmed".into(),
            help: "answer `yes`, or give --yes".into(),
        });
    }
    let approved = Approved {
        environment: asked.dossier.production.clone(),
        plan: now,
        evidence: asked.dossier.evidence_digest,
        by: world.actor.clone(),
        reason: reason.to_owned(),
    };
    state.may_go_on()?;
    ledger.append(world.clock.now(), &[approved.into()], None)?;
    state.catch_up(&*ledger)?;
    report.timeline(&state);
    asked.reconsider(&project, &state);
    report.say(format!(
        "{} approved plan {} for {}",
        world.actor.name,
        now.short(),
        asked.dossier.production
    ));
    report.verdict = Some(asked.document());
    if asked.verdict.open {
        report.next(asked.press());
    }
    Ok(report)
}
