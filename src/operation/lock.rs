//! Lock: who holds which environment, and how it is taken from a holder who hangs.

use super::session::Session;
use super::{Failure, ProjectLocation, World};
use crate::report::{HolderProcess, LockDocument, LockState, Report};
use crate::world::processes::ProcessState;
use evenkeel_ledger::environment_state::Noted;
use evenkeel_ledger::lease::{self, Holder, Lock};
use evenkeel_ledger::record::{Actor, LeaseTaken};
use evenkeel_ledger::{LedgerError, State};
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
        if lock == Lock::Free && lease_of(&state, name, None).is_some() {
            lock = project.store.look_at_lock(name)?;
        }
        report.locks.push(document(world, name, lock, &state));
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
    let Some(held) = lease_of(&state, &name, holder.as_ref()) else {
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
    report.say(match process(world, of) {
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

/// The lease that was taken and not given back, of whoever has the lock if that is known. None while he is just taking it, or has just given it back.
fn lease_of<'s>(
    state: &'s State,
    name: &EnvironmentName,
    holder: Option<&Holder>,
) -> Option<&'s Noted<LeaseTaken>> {
    state
        .environment(name)?
        .lease
        .as_ref()
        .filter(|lease| holder.is_none_or(|holder| holder.by == lease.record.by))
}

fn document(world: &World<'_>, name: &EnvironmentName, lock: Lock, state: &State) -> LockDocument {
    let mut document = LockDocument {
        environment: name.to_string(),
        state: LockState::Free,
        by: None,
        purpose: None,
        since: None,
        token: None,
        process: None,
    };
    let lease = match &lock {
        Lock::Free => lease_of(state, name, None),
        Lock::Held(holder) => lease_of(state, name, holder.as_ref()),
    };
    if let Some(lease) = lease {
        document.by = Some((&lease.record.by).into());
        document.purpose = Some(lease.record.purpose.clone());
        document.since = Some(lease.at);
        document.token = Some(lease.record.token);
    }
    match lock {
        Lock::Free if document.token.is_some() => {
            document.state = LockState::Left;
            document.process = Some(HolderProcess::Ended);
        }
        Lock::Free => {}
        Lock::Held(holder) => {
            document.state = LockState::Held;
            if let Some(holder) = holder {
                document.process = Some(process(world, &holder.by));
                document.by = Some((&holder.by).into());
                document.since = Some(holder.since);
                document.purpose = Some(holder.purpose);
            }
        }
    }
    document
}

/// What can be seen of the process of a holder, which is alive while it has the lock.
fn process(world: &World<'_>, of: &Actor) -> HolderProcess {
    if of.host != world.actor.host {
        return HolderProcess::Unseen;
    }
    match world.processes.state(of.process) {
        Some(ProcessState::Stopped) => HolderProcess::Stopped,
        Some(ProcessState::Running) => HolderProcess::Running,
        None => HolderProcess::Unseen,
    }
}
