//! Adopt: this ledger takes over targets that another one manages. Writing the live state of a resource into the
//! definitions is in `live`.

mod live;

use std::time::Duration;

pub use live::{AdoptLiveRequest, adopt_live};

use super::apply::take_lease;
use super::refusal::Attempt;
use super::session::{Needs, Session};
use super::{Failure, ProjectLocation, World};
use crate::report::Report;
use evenkeel_core::apply::OwnerStamp;
use evenkeel_core::plan::Unreachable;
use evenkeel_ledger::record::TargetsAdopted;
use evenkeel_model::text::{inert, list};

/// Request to take over targets.
#[derive(Clone, Debug, Default)]
pub struct AdoptRequest {
    /// The environment.
    pub environment: String,
    /// The reason.
    pub reason: String,
    /// Confirmation of production, by its name.
    pub confirm: Option<String>,
    /// Longest wait for another run.
    pub wait: Option<Duration>,
}

/// Replaces the owner stamps of another ledger, after recording who decided it and why.
///
/// # Errors
///
/// When no target has another stamp, production was not confirmed, or a stamp cannot be read or written.
pub fn adopt(
    world: &World<'_>,
    location: &ProjectLocation,
    request: &AdoptRequest,
) -> Result<Report, Failure> {
    if request.reason.trim().is_empty() {
        return Err(Failure::Usage(
            "taking targets over needs a reason: --reason '…'".into(),
        ));
    }
    let attempt = Attempt::new("adopt").environment(&request.environment);
    let outcome = adopt_now(world, location, request);
    attempt.recorded(world, location, outcome)
}

fn adopt_now(
    world: &World<'_>,
    location: &ProjectLocation,
    request: &AdoptRequest,
) -> Result<Report, Failure> {
    let mut session = Session::open(world, location, "adopt")?;
    let name = session.project.environment(&request.environment)?;
    let resolution = session.resolve(std::slice::from_ref(&name), Needs::Change)?;
    let Session {
        project,
        mut report,
    } = session;
    let ledger = project.ledger()?;
    let mut state = evenkeel_ledger::State::current(&*ledger)?;
    let lease = take_lease(&project, &*ledger, &mut state, &name, "adopt", request.wait)?;
    let targets = resolution.targets(&project, &name)?;
    let resolved = resolution.environment(&name)?;
    let owner = OwnerStamp::of(&project.definition.system, &name, &state);
    let unreadable = |error: evenkeel_core::apply::NotOurs| Failure::other(error.to_string());
    let foreign = owner
        .foreign(resolved, &targets.observers())
        .map_err(unreadable)?;
    if foreign.is_empty() {
        return Err(Failure::NotAttempted {
            reason: format!("no target of {name} is managed from another ledger"),
            help: format!("run `evenkeel plan {name}`"),
        });
    }
    let names: Vec<String> = foreign.iter().map(|each| each.member.to_string()).collect();
    for each in &foreign {
        report.say(format!(
            "the target `{}` has the stamp {}",
            each.member,
            inert(&each.text)
        ));
    }
    if project.definition.is_last(&name) && request.confirm.as_deref() != Some(name.as_str()) {
        return Err(Failure::Refused {
            reason: format!(
                "{name} is production, and {} would belong to this ledger",
                list(&names, "and")
            ),
            help: format!("to confirm, add --confirm={name}"),
        });
    }
    let adopted = TargetsAdopted {
        environment: name.clone(),
        stamps: foreign
            .iter()
            .map(|each| (each.member.to_string(), each.text.clone()))
            .collect(),
        by: world.actor.clone(),
        reason: request.reason.clone(),
    };
    ledger.append(world.clock.now(), &[adopted.into()], Some(lease.fence()))?;
    owner
        .take_over(resolved, &foreign, &targets.targets(), &world.interruption)
        .map_err(|error| Failure::other(format!("a stamp was not replaced: {error}")))?;
    owner
        .check(resolved, &targets.observers(), &Unreachable::new())
        .map_err(unreadable)?;
    report.say(format!(
        "{} of {name} belongs to this ledger now; the ledger that managed it accepts no change of it any more",
        list(&names, "and")
    ));
    report.next(format!("evenkeel plan {name}"));
    Ok(report)
}
