//! Approvals by people without access to the ledger, in two files: a request, and the signed decision that answers it.
//!
//! The person needs the repository and the request, but no ledger, secret or target. The request is not trusted: its commit and
//! policy are compared with the repository, and the ledger's machine compares every digest with its own when it imports the
//! decision.

use std::path::Path;

use super::super::dossier::policy_of_definitions;
use super::super::refusal::Attempt;
use super::super::session::{Needs, Session};
use super::super::{Failure, ProjectLocation, World};
use super::decide::{Review, check_reason, evidence_lines};
use super::signature::{Signatory, people_of, verified};
use crate::report::{PlanReport, Report};
use crate::world::files::{read_plain, write_whole};
use evenkeel_core::gate::people::approvers;
use evenkeel_model::Digest;
use evenkeel_signature::{
    DECISION_FORMAT, Decision, REQUEST_FORMAT, Request, RequestedRollback, STATEMENT_FORMAT,
    SignedDecision, Statement,
};
use serde::Serialize;

/// Steps of a request that are displayed.
const SHOWN: usize = 40;
/// Longest displayed line of a request, in characters.
const WIDEST: usize = 200;

/// Requested approval without a ledger.
#[derive(Clone, Copy)]
pub struct OfflineRequest<'a> {
    /// File of the request.
    pub request: &'a Path,
    /// The reason.
    pub reason: &'a str,
    /// File of the person's SSH key, if named.
    pub key: Option<&'a Path>,
    /// File for the signed decision.
    pub output: &'a Path,
    /// Asks the person to confirm what is displayed.
    pub confirm: &'a dyn Fn(&Report) -> bool,
}

/// Writes a request for an approval to a file: of the current plan of a release, or of the rollback whose plan is named.
///
/// # Errors
///
/// Without a file of approvers, when the named plan is out of date, or when the file cannot be written.
pub fn request_approval(
    world: &World<'_>,
    location: &ProjectLocation,
    plan: Option<&str>,
    output: &Path,
) -> Result<Report, Failure> {
    let mut review = Review::open(world, location, "approve", plan)?;
    if let Some(plan) = plan {
        review.is_current(plan)?;
    }
    if review.is_shut_otherwise() {
        return Ok(review.report);
    }
    let dossier = &review.asked.dossier;
    if people_of(dossier).is_empty() {
        return Err(no_approvers());
    }
    let plan = PlanReport::new(&review.asked.plan, None);
    let request = Request {
        format: REQUEST_FORMAT.to_owned(),
        system: dossier.system.clone(),
        environment: dossier.production.clone(),
        plan: dossier.release.plan,
        recipe: dossier.release.recipe,
        evidence: dossier.evidence_digest,
        policy: dossier.policy_digest(),
        commit: dossier.origin.commit.clone(),
        at: world.clock.now(),
        steps: plan
            .steps
            .iter()
            .map(|step| format!("{} {}", step.word, step.instance))
            .collect(),
        suites: evidence_lines(dossier),
        rollback: dossier.rollback.as_ref().map(|rollback| RequestedRollback {
            restores: rollback.restores.clone(),
            undoes: rollback.undoes.clone(),
            in_force: dossier
                .released
                .as_ref()
                .and_then(|released| released.commit.clone()),
        }),
    };
    let at = if request.rollback.is_some() {
        "at the commit of the last release"
    } else {
        "at this commit"
    };
    write(world, output, &request)?;
    review.report.verdict = Some(review.asked.document());
    review
        .report
        .say(format!("request saved to {}", output.display()));
    review.report.next(format!(
        "evenkeel approve {} --offline --reason '…' -o approval.json   # by the person, {at}",
        output.display()
    ));
    Ok(review.report)
}

/// Signs an approval that answers a request, and writes it to a file. Needs no ledger.
///
/// # Errors
///
/// When the request is about something else than this repository's commit, or no listed key signs.
pub fn approve_offline(
    world: &World<'_>,
    location: &ProjectLocation,
    request: OfflineRequest<'_>,
) -> Result<Report, Failure> {
    check_reason(request.reason)?;
    let bytes = read(world, request.request, Request::LONGEST)?;
    let named = |reason: String| Failure::other(format!("{}: {reason}", request.request.display()));
    let asked = Request::read(&bytes).map_err(named)?;
    let mut session = Session::open(world, location, "approve")?;
    let path = session.project.definition.path.clone();
    let resolution = session.resolve(&path, Needs::Definitions)?;
    let Session {
        project,
        mut report,
    } = session;
    let origin = &resolution.origin;
    let other = |what: String| Failure::Stale {
        reason: format!("{}: {what}", request.request.display()),
        changes: Vec::new(),
    };
    if asked.system != project.definition.system {
        return Err(other("the request is for another system".into()));
    }
    if asked.environment != project.production()? {
        return Err(other("the request is for another environment".into()));
    }
    let commit = match &asked.rollback {
        None => &asked.commit,
        Some(rollback) => &rollback.in_force,
    };
    if commit.is_none() || *commit != origin.commit || origin.dirty {
        let commit: String = commit
            .iter()
            .flat_map(|commit| commit.chars())
            .take(10)
            .collect();
        let commit = evenkeel_model::text::inert(&commit).into_owned();
        return Err(other(format!(
            "the request is for commit {commit}, and the working tree differs from it: check it out first"
        )));
    }
    let Some(text) = project.approvers(origin)? else {
        return Err(no_approvers());
    };
    if asked.policy != policy_of_definitions(&project, origin)? {
        return Err(other(
            "the policy or the approvers of the request are not those of this commit".into(),
        ));
    }
    let people = vec![approvers(&text).unwrap_or_default()];
    let signatory = Signatory::choose(&project, people, request.key)?;
    say_request(&asked, &mut report);
    if !(request.confirm)(&report) {
        return Err(Failure::NotAttempted {
            reason: "not approved: not confirmed".into(),
            help: "answer `yes`, or give --yes".into(),
        });
    }
    let by = signatory.person().name.clone();
    let signed = signatory.sign(
        world,
        Statement {
            format: STATEMENT_FORMAT.to_owned(),
            system: asked.system,
            environment: asked.environment,
            plan: asked.plan,
            recipe: asked.recipe,
            evidence: asked.evidence,
            policy: asked.policy,
            decision: Decision::Approve,
            reason: request.reason.to_owned(),
            by: by.clone(),
            at: world.clock.now(),
            nonce: String::new(),
            incident: None,
        },
    )?;
    let decision = SignedDecision {
        format: DECISION_FORMAT.to_owned(),
        statement: signed.statement,
        signature: signed.signature,
    };
    write(world, request.output, &decision)?;
    report.say(format!(
        "{by} signed the approval of plan {} with {}; saved to {}, not recorded yet",
        asked.plan.short(),
        signed.key,
        request.output.display()
    ));
    report.next(format!(
        "evenkeel approve --import {}   # where the ledger is",
        request.output.display()
    ));
    Ok(report)
}

/// Verifies a signed approval from a file, and records it.
///
/// # Errors
///
/// When it is about another plan, or does not count.
pub fn import_approval(
    world: &World<'_>,
    location: &ProjectLocation,
    file: &Path,
) -> Result<Report, Failure> {
    let outcome = import(world, location, file);
    Attempt::new("approve").recorded(world, location, outcome)
}

fn import(world: &World<'_>, location: &ProjectLocation, file: &Path) -> Result<Report, Failure> {
    let bytes = read(world, file, SignedDecision::LONGEST)?;
    let named = |reason: String| Failure::other(format!("{}: {reason}", file.display()));
    let SignedDecision {
        format: _,
        statement,
        signature,
    } = SignedDecision::read(&bytes).map_err(named)?;
    // It only selects the release or rollback to review.
    let unverified = Statement::read(statement.as_bytes()).ok();
    let plan = unverified.map(|statement| statement.plan.to_string());
    let mut review = Review::open(world, location, "approve", plan.as_deref())?;
    let people = people_of(&review.asked.dossier);
    // Nothing else of the file is used before its signature is verified.
    let signed = verified(&people, statement, signature, world)?;
    let statement = Statement::read(signed.statement.as_bytes())
        .map_err(|problem| Failure::other(problem.to_string()))?;
    if statement.decision != Decision::Approve {
        return Err(named("it is no approval".to_owned()));
    }
    let plan: Digest = statement.plan;
    review.is_current(&plan.to_string())?;
    if review.is_shut_otherwise() || review.is_decided(Decision::Approve, &signed.person)? {
        return Ok(review.report);
    }
    let by = signed.person.clone();
    review.show(Decision::Approve);
    review.record(Decision::Approve, &statement.reason, &by, Some(signed))
}

/// Failure without a file of approvers.
fn no_approvers() -> Failure {
    Failure::Refused {
        reason: "there is no file `approvers` beside the definitions, so no signature counts"
            .into(),
        help: "list each person's SSH key in it".into(),
    }
}

/// Adds the content of a request to the report.
fn say_request(request: &Request, report: &mut Report) {
    let short = |line: &String| -> String { line.chars().take(WIDEST).collect() };
    report.say(format!(
        "plan {} for {}, recipe {}, requested on {}",
        request.plan.short(),
        request.environment,
        request.recipe.short(),
        request.at.for_people()
    ));
    if let Some(rollback) = &request.rollback {
        let commit: String = request
            .commit
            .iter()
            .flat_map(|it| it.chars())
            .take(10)
            .collect();
        report.say(short(&format!(
            "it rolls back {} to {}, as of commit {commit}",
            rollback.undoes, rollback.restores
        )));
    }
    report.say(format!(
        "{}, according to the request:",
        evenkeel_model::text::count(request.steps.len(), "step")
    ));
    for step in request.steps.iter().take(SHOWN) {
        report.say(short(step));
    }
    if request.steps.len() > SHOWN {
        report.say(format!("… {} more", request.steps.len() - SHOWN));
    }
    for suite in request.suites.iter().take(SHOWN) {
        report.say(format!("evidence: {}", short(suite)));
    }
}

fn read(world: &World<'_>, file: &Path, most: u64) -> Result<Vec<u8>, Failure> {
    match read_plain(&world.directory.join(file), most) {
        Ok(Some(bytes)) => Ok(bytes),
        Ok(None) => Err(Failure::other(format!("{} is too large", file.display()))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(Failure::other(format!("{}: no such file", file.display())))
        }
        Err(error) => Err(Failure::other(format!(
            "cannot read {}: {}",
            file.display(),
            evenkeel_host::reason::why_io(&error)
        ))),
    }
}

fn write(world: &World<'_>, file: &Path, document: &impl Serialize) -> Result<(), Failure> {
    let failed = |error: &dyn std::fmt::Display| {
        Failure::other(format!("cannot write {}: {error}", file.display()))
    };
    let mut text = serde_json::to_string_pretty(document).map_err(|error| failed(&error))?;
    text.push('\n');
    write_whole(&world.directory.join(file), text.as_bytes(), 0o644).map_err(|error| failed(&error))
}
