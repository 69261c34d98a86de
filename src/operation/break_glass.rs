//! Break-glass: releases although the gate is shut, for an incident; and its review by another person.
//!
//! The record with the reason, the incident and the dossier is written before anything changes. Until another person
//! follows it up, reports show it. Lease, plan, journal and smoke suites are those of a release.

use std::path::Path;
use std::time::Duration;

use super::apply::take_lease;
use super::decision::Signatory;
use super::dossier::{GateReview, policy_of_definitions};
use super::release::Admitted;
use super::session::{Needs, Session};
use super::{Failure, Project, ProjectLocation, World, timeline};
use crate::report::Report;
use evenkeel_core::gate::people::CI;
use evenkeel_ledger::State;
use evenkeel_ledger::record::{FollowedUp, GlassBroken, Origin, Signed};
use evenkeel_signature::{Decision, STATEMENT_FORMAT, Statement};

/// Rules that a break-glass never passes over: without them, neither its record nor its plan can be relied on.
const NEVER: &[&str] = &[
    "gate/ledger-broken",
    "gate/path-changed",
    "gate/definitions-elsewhere",
];

/// Longest reason.
const LONGEST: usize = 4096;

/// Request to release although the gate is shut.
#[derive(Clone, Copy, Debug)]
pub struct BreakGlassRequest<'a> {
    /// The environment, which must be production.
    pub environment: &'a str,
    /// The reason.
    pub reason: &'a str,
    /// The incident.
    pub incident: &'a str,
    /// Beginning of the digest of the expected plan.
    pub plan: Option<&'a str>,
    /// The environment whose removals are confirmed.
    pub confirm: Option<&'a str>,
    /// Time to wait for a lease.
    pub wait: Option<Duration>,
    /// File of the person's SSH key, if named.
    pub key: Option<&'a Path>,
}

/// Releases although the gate is shut.
///
/// # Errors
///
/// When it is refused; nothing changed then.
pub fn break_glass(
    world: &World<'_>,
    location: &ProjectLocation,
    request: BreakGlassRequest<'_>,
) -> Result<Report, Failure> {
    check("reason", request.reason)?;
    check("incident", request.incident)?;
    is_person(world)?;
    let mut session = Session::open(world, location, "break-glass")?;
    let path = session.project.definition.path.clone();
    session.project.releases_to(&path)?;
    let name = session.project.environment(request.environment)?;
    let production = session.project.production()?;
    if name != production {
        return Err(Failure::Usage(format!(
            "only {production} has a gate; run `evenkeel apply {name}`"
        )));
    }
    let resolution = session.resolve(&path, Needs::Release)?;
    let Session {
        project,
        mut report,
    } = session;
    if !project.policy(&resolution.origin).break_glass {
        return Err(Failure::Refused {
            reason: "the policy forbids break-glass".into(),
            help: "run `evenkeel release` to list what opens the gate".into(),
        });
    }
    let smoke = resolution.environment(&name)?.suites.iter();
    project.runs_as_committed(smoke.filter(|suite| suite.kind == "smoke"))?;
    let signatory = signatory(&project, &resolution.origin, request.key)?;
    let ledger = project.ledger()?;
    let mut state = State::current(&*ledger)?;
    let lease = take_lease(
        &project,
        &*ledger,
        &mut state,
        &name,
        "break-glass",
        request.wait,
    )?;
    let asked = GateReview::now(&project, &resolution, &*ledger, &mut state)?;
    let plan = asked.plan.digest();
    if let Some(wanted) = request.plan
        && !plan.begins_with(wanted)
    {
        return Err(Failure::Stale {
            reason: format!(
                "plan `{wanted}` is out of date; the current plan is `{}`",
                plan.short()
            ),
            changes: Vec::new(),
        });
    }
    if asked.is_nothing_to_release() {
        report.say(format!(
            "nothing to do: {name} already runs this recipe, so the glass is not broken"
        ));
        timeline::fill(&*ledger, &mut state, &mut report);
        return Ok(report);
    }
    if asked.verdict.open {
        return Err(Failure::Refused {
            reason: "the gate is open, so there is no need to break the glass".into(),
            help: asked.press(),
        });
    }
    let reasons = &asked.verdict.reasons;
    if let Some(reason) = reasons.iter().find(|it| NEVER.contains(&&*it.code)) {
        return Err(Failure::Refused {
            reason: format!(
                "break-glass never passes over {}: {}",
                reason.code, reason.message
            ),
            help: asked.verdict.remedies.first().cloned().unwrap_or_default(),
        });
    }
    let dossier = asked.record(&project, &*ledger, Some(lease.fence()))?;
    state.catch_up(&*ledger)?;
    let mut shut_by: Vec<String> = reasons.iter().map(|reason| reason.code.clone()).collect();
    shut_by.dedup();
    let number = state.next_break_glass();
    let signed = match &signatory {
        None => None,
        Some(signatory) => {
            let statement = Statement {
                format: STATEMENT_FORMAT.to_owned(),
                system: project.definition.system.clone(),
                environment: name.clone(),
                plan,
                recipe: asked.plan.recipe,
                // The facts at that time, with the verdict that is passed over.
                evidence: dossier,
                policy: asked.dossier.policy_digest(),
                decision: Decision::BreakGlass,
                reason: request.reason.to_owned(),
                by: signatory.person().name.clone(),
                at: world.clock.now(),
                // The signatory fills it in.
                nonce: String::new(),
                incident: Some(request.incident.to_owned()),
            };
            Some(signatory.sign(world, statement)?)
        }
    };
    let broken = GlassBroken {
        break_glass: number.clone(),
        release: state.next_release(),
        environment: name,
        plan,
        recipe: asked.plan.recipe,
        by: world.actor.clone(),
        reason: request.reason.to_owned(),
        incident: request.incident.to_owned(),
        shut_by: shut_by.clone(),
        dossier,
        signed,
    };
    asked.tell_of_policy(&mut report);
    report.say(format!(
        "{number}: the gate is shut by {}",
        shut_by.join(", ")
    ));
    let mut report = Admitted {
        project: &project,
        resolution: &resolution,
        ledger: &*ledger,
        lease: &lease,
        asked,
        dossier,
        confirm: request.confirm,
        before: vec![broken.into()],
    }
    .release(&mut state, report)?;
    timeline::fill(&*ledger, &mut state, &mut report);
    Ok(report)
}

/// Records that another person than the one who broke the glass reviewed it.
///
/// # Errors
///
/// When there is no such break-glass, it is followed up already, or the same person broke the glass.
pub fn follow_up(
    world: &World<'_>,
    location: &ProjectLocation,
    break_glass: &str,
    reason: &str,
    key: Option<&Path>,
) -> Result<Report, Failure> {
    check("reason", reason)?;
    is_person(world)?;
    let mut session = Session::open(world, location, "follow-up")?;
    let path = session.project.definition.path.clone();
    let resolution = session.resolve(&path, Needs::Definitions)?;
    let Session {
        project,
        mut report,
    } = session;
    let ledger = project.ledger()?;
    let mut state = State::current(&*ledger)?;
    let all = state.break_glass.iter();
    let known: Vec<&str> = all
        .filter(|it| it.followed_up.is_none())
        .map(|it| it.broken.record.break_glass.as_str())
        .collect();
    let mut all = state.break_glass.iter();
    let Some(it) = all.find(|it| it.broken.record.break_glass == break_glass) else {
        return Err(Failure::Usage(if known.is_empty() {
            format!("no break-glass `{break_glass}`; none waits for a follow-up")
        } else {
            format!(
                "no break-glass `{break_glass}`; {} waits for a follow-up",
                evenkeel_model::text::list(&known, "and")
            )
        }));
    };
    if let Some(before) = &it.followed_up {
        report.say(format!(
            "{break_glass} was followed up by {} on {}",
            before.record.by.name,
            before.at.for_people()
        ));
        report.timeline(&state);
        return Ok(report);
    }
    let broken = it.broken.record.clone();
    let signed = match signatory(&project, &resolution.origin, key)? {
        None => None,
        Some(signatory) => {
            let person = signatory.person();
            let breaker = Signed::person(broken.signed.as_ref(), &broken.by);
            let is_same = person.is_called(breaker) || person.is_called(&broken.by.name);
            is_another(is_same, &broken)?;
            let statement = Statement {
                format: STATEMENT_FORMAT.to_owned(),
                system: project.definition.system.clone(),
                environment: broken.environment.clone(),
                plan: broken.plan,
                recipe: broken.recipe,
                // What was reviewed.
                evidence: broken.dossier,
                policy: policy_of_definitions(&project, &resolution.origin)?,
                decision: Decision::FollowUp,
                reason: reason.to_owned(),
                by: person.name.clone(),
                at: world.clock.now(),
                // The signatory fills it in.
                nonce: String::new(),
                incident: None,
            };
            Some(signatory.sign(world, statement)?)
        }
    };
    if signed.is_none() {
        is_another(world.actor.name == broken.by.name, &broken)?;
    }
    let followed = FollowedUp {
        break_glass: break_glass.to_owned(),
        environment: broken.environment,
        by: world.actor.clone(),
        reason: reason.to_owned(),
        signed,
    };
    state.may_go_on()?;
    ledger.append(world.clock.now(), &[followed.into()], None)?;
    state.catch_up(&*ledger)?;
    report.timeline(&state);
    report.say(format!("{break_glass} is followed up"));
    Ok(report)
}

/// Returns the person who signs; `None` without a file of approvers, where the account acts.
fn signatory(
    project: &Project<'_>,
    origin: &Origin,
    key: Option<&Path>,
) -> Result<Option<Signatory>, Failure> {
    let Some(text) = project.approvers(origin)? else {
        if key.is_some() {
            return Err(Failure::Usage(
                "--key has no effect without a file `approvers` beside the definitions".into(),
            ));
        }
        return Ok(None);
    };
    // A file with an error lists no person.
    let people = evenkeel_core::gate::people::approvers(&text).unwrap_or_default();
    Ok(Some(Signatory::choose(project, vec![people], key)?))
}

/// Refuses the follow-up of the person who broke the glass.
fn is_another(is_same: bool, broken: &GlassBroken) -> Result<(), Failure> {
    if !is_same {
        return Ok(());
    }
    Err(Failure::Refused {
        reason: format!(
            "{} broke the glass; another person must follow it up",
            Signed::person(broken.signed.as_ref(), &broken.by)
        ),
        help: "ask another person to review it".into(),
    })
}

fn check(what: &str, text: &str) -> Result<(), Failure> {
    if text.trim().is_empty() {
        return Err(Failure::Usage(format!("expected a {what}: --{what} '…'")));
    }
    if text.len() > LONGEST {
        return Err(Failure::Usage(format!(
            "the {what} is longer than {LONGEST} bytes"
        )));
    }
    Ok(())
}

/// Refuses the account of a CI runner.
fn is_person(world: &World<'_>) -> Result<(), Failure> {
    let account = &world.actor.name;
    if account.starts_with(CI) {
        return Err(Failure::Refused {
            reason: format!(
                "{account} is a CI runner, and only people break the glass or follow it up"
            ),
            help: "run the command as a person, outside of CI".into(),
        });
    }
    Ok(())
}
