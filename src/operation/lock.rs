//! Lock: the holders of environments, and breaking the lock of a run that hangs.

use super::refusal::Attempt;
use super::session::Session;
use super::{Failure, ProjectLocation, World};
use crate::report::{HolderProcess, LockDocument, Report};
use evenkeel_ledger::LedgerError;
use evenkeel_ledger::lease::{self, Lock};
use evenkeel_model::EnvironmentName;

/// Reports the lock of each environment. Read-only.
///
/// # Errors
///
/// When definitions are wrong, or the ledger or a lock cannot be read.
pub fn lock_show(world: &World<'_>, location: &ProjectLocation) -> Result<Report, Failure> {
    let Session {
        project,
        mut report,
    } = Session::open(world, location, "lock show")?;
    // Read the locks first: a lease that is returned meanwhile was not left behind.
    let locks = project
        .definition
        .path
        .iter()
        .map(|name| Ok((name, project.store.observe_lock(name)?)))
        .collect::<Result<Vec<_>, LedgerError>>()?;
    let (state, _) = project.state()?;
    report.outstanding(&state);
    for (name, mut lock) in locks {
        // Another run may have taken it since.
        if lock == Lock::Free && state.lease(name, None).is_some() {
            lock = project.store.observe_lock(name)?;
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

/// Breaks the lock of an environment, and records who broke it and why.
///
/// # Errors
///
/// When the environment is not locked, production was not confirmed, or another run took the lock meanwhile.
pub fn lock_break(
    world: &World<'_>,
    location: &ProjectLocation,
    name: &str,
    reason: &str,
    confirm: Option<&str>,
) -> Result<Report, Failure> {
    if reason.trim().is_empty() {
        return Err(Failure::Usage(
            "breaking a lock needs a reason: --reason '…'".into(),
        ));
    }
    let attempt = Attempt::new("lock break").environment(name);
    let outcome = break_now(world, location, name, reason, confirm);
    attempt.recorded(world, location, outcome)
}

fn break_now(
    world: &World<'_>,
    location: &ProjectLocation,
    name: &str,
    reason: &str,
    confirm: Option<&str>,
) -> Result<Report, Failure> {
    let Session {
        project,
        mut report,
    } = Session::open(world, location, "lock break")?;
    let name = project.environment(name)?;
    let (mut state, existing) = project.state()?;
    let (Lock::Held(holder), Some(_)) = (project.store.observe_lock(&name)?, existing) else {
        return Err(not_locked(&name));
    };
    if project.definition.is_last(&name) && confirm != Some(name.as_str()) {
        return Err(Failure::Refused {
            reason: format!(
                "{name} is production, locked by {}",
                lease::introduce(holder.as_ref())
            ),
            help: format!("to confirm, add --confirm={name}"),
        });
    }
    let ledger = project.ledger()?;
    state.catch_up(&*ledger)?;
    let Some(held) = state.lease(&name, holder.as_ref()) else {
        return Err(LedgerError::Held {
            environment: name,
            holder: format!(
                "{}, which is taking or releasing it",
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
        "broke the lock on {name} of {} on {} (process {}): its token was {}, the newest is {token}",
        of.name, of.host, of.process, held.record.token
    ));
    report.say(match HolderProcess::seen(of, &world.actor, world.processes) {
        HolderProcess::Running | HolderProcess::Stopped => format!(
            "process {0} still exists: it may finish its current step, but the ledger accepts no more entries from it; `kill {0}` ends it",
            of.process
        ),
        _ => "it may finish its current step, but the ledger accepts no more entries from it".to_owned(),
    });
    report.next(format!("evenkeel plan {name}"));
    report.next(format!("evenkeel apply {name}"));
    Ok(report)
}

fn not_locked(name: &EnvironmentName) -> Failure {
    Failure::NotAttempted {
        reason: format!("{name} is not locked"),
        help: "a run that ended leaves no lock; run `evenkeel lock show` to list the locks".into(),
    }
}
