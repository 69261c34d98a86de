//! Approve: a person's decision about one plan and the evidence that is there to be seen.

use super::dossier::GateReview;
use super::session::{Needs, Session};
use super::{Failure, ProjectLocation, World};
use crate::report::Report;
use evenkeel_core::gate;
use evenkeel_ledger::State;
use evenkeel_ledger::record::Approved;

/// Approves the plan whose digest begins with `plan`, if it is what a release would do now.
///
/// # Errors
///
/// When it is another plan, or no reason is given.
pub fn approve(
    world: &World<'_>,
    location: &ProjectLocation,
    plan: &str,
    reason: &str,
) -> Result<Report, Failure> {
    if reason.trim().is_empty() {
        return Err(Failure::Usage(
            "an approval needs a reason: --reason 'why'".into(),
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
                "`{plan}` is not what a release would do now; that is {}",
                now.short()
            ),
            changes: vec![
                "the world, the definitions or an artifact changed, or it is another plan's digest"
                    .into(),
            ],
        });
    }
    asked.tell_of_policy(&mut report);
    // What shuts the gate for other reasons than people would make this approval void before it could be used.
    let others: Vec<&evenkeel_core::gate::Reason> = asked
        .verdict
        .reasons
        .iter()
        .filter(|other| !gate::PEOPLE.contains(&other.code.as_str()))
        .collect();
    if !others.is_empty() {
        report.verdict = Some(asked.document());
        report.say("not approved: approve what could be released");
        report.exit_code = 3;
        return Ok(report);
    }
    let approved = Approved {
        environment: asked.dossier.production.clone(),
        plan: now,
        evidence: asked.dossier.evidence_digest,
        by: world.actor.clone(),
        reason: reason.to_owned(),
    };
    ledger.append(world.clock.now(), &[approved.into()], None)?;
    state.catch_up(&*ledger)?;
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
