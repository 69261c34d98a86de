//! Lock: who holds which environment, and how it is taken from a holder who hangs.

use super::session::Session;
use super::{Failure, ProjectLocation, World};
use crate::report::{HolderProcess, LockDocument, Report};
use evenkeel_ledger::LedgerError;
use evenkeel_ledger::lease::{self, Lock};
use evenkeel_model::EnvironmentName;

/// Says of each environment who holds it. Looks, and changes nothing.
///
/// # Errors
///
/// When definitions are wrong, or the ledger or a lock cannot be read.
pub fn lock_show(world: &World<'_>, location: &ProjectLocation) -> Result<Report, Failure> {
    let Session {
        project,
        mut report,
    } = Session::open(world, location, "lock show")?;
    // The locks first: whoever gives his lease back meanwhile has not left it behind.
    let locks = project
        .definition
        .path
        .iter()
        .map(|name| Ok((name, project.store.look_at_lock(name)?)))
        .collect::<Result<Vec<_>, LedgerError>>()?;
    let (state, _) = project.state()?;
    for (name, mut lock) in locks {
        // Somebody may have taken it since.
        if lock == Lock::Free && state.lease(name, None).is_some() {
            lock = project.store.look_at_lock(name)?;
        }
        report.locks.push(LockDocument::new(
            name,
            &lock,
            &state,
            &world.actor,
            world.processes,
        ));
    }
    Ok(report)
}

/// Takes the lease on an environment away from its holder, for good, and writes down who did it and why.
///
/// # Errors
///
/// When nobody holds it, when production was not confirmed, when somebody else took it meanwhile.
pub fn lock_break(
    world: &World<'_>,
    location: &ProjectLocation,
    name: &str,
    reason: &str,
    confirm: Option<&str>,
) -> Result<Report, Failure> {
    if reason.trim().is_empty() {
        return Err(Failure::Usage(
            "to break a lease needs a reason: --reason 'why'".into(),
        ));
    }
    let Session {
        project,
        mut report,
    } = Session::open(world, location, "lock break")?;
    let name = project.environment(name)?;
    let (mut state, existing) = project.state()?;
    let (Lock::Held(holder), Some(_)) = (project.store.look_at_lock(&name)?, existing) else {
        return Err(nobody(&name));
    };
    if project.definition.is_last(&name) && confirm != Some(name.as_str()) {
        return Err(Failure::Refused {
            reason: format!(
                "{name} is production, and held by {}",
                lease::introduce(holder.as_ref())
            ),
            help: format!("if its lease is to be broken, say so: --confirm={name}"),
        });
    }
    let ledger = project.ledger()?;
    state.catch_up(&*ledger)?;
    let Some(held) = state.lease(&name, holder.as_ref()) else {
        return Err(LedgerError::Held {
            environment: name,
            holder: format!(
                "{}, and is being taken or given back",
                lease::introduce(holder.as_ref())
            ),
        }
        .into());
    };
    let token = lease::break_open(
        &*project.store,
        &*ledger,
        world.clock,
        &held.record,
        &world.actor,
        reason,
    )?;
    let of = &held.record.by;
    report.say(format!(
        "the lease on {name} was taken from {} on {} (process {}): its token was {}, and {token} is the newest",
        of.name, of.host, of.process, held.record.token
    ));
    report.say(match HolderProcess::seen(of, &world.actor, world.processes) {
        HolderProcess::Running | HolderProcess::Stopped => format!(
            "process {0} is still there: it may finish what it has begun, and can write down nothing more; to end it: kill {0}",
            of.process
        ),
        _ => "whatever it has begun it may finish, and it can write down nothing more".to_owned(),
    });
    report.next(format!("evenkeel plan {name}"));
    report.next(format!("evenkeel apply {name}"));
    Ok(report)
}

fn nobody(name: &EnvironmentName) -> Failure {
    Failure::Refused {
        reason: format!("nobody holds {name}, so there is nothing to break"),
        help: "a run that ended needs no unlocking; who holds what: evenkeel lock show".into(),
    }
}
