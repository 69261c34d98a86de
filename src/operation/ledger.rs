//! Ledger: moving it to another place, and letting auditors read it.

use std::sync::Arc;

use super::session::Session;
use super::{Failure, ProjectLocation, ProjectPlace, World};
use crate::report::Report;
use evenkeel_ledger::record::Moved;
use evenkeel_ledger::{Kept, LedgerError, Store, Verification};
use evenkeel_model::text::count;

/// Copies the ledger of one place to another, proves that the copy is complete and unaltered, and closes the original.
///
/// # Errors
///
/// When the original is missing or damaged, the other place is not empty, or the copy differs. The original is open
/// then, as before.
pub fn ledger_move(
    world: &World<'_>,
    location: &ProjectLocation,
    from: &str,
    to: &str,
) -> Result<Report, Failure> {
    let Session {
        project,
        mut report,
    } = Session::open(world, location, "ledger move")?;
    let place = ProjectPlace {
        root: &project.root,
        definitions: &project.directory,
    };
    let declared = project.definition.ledger.as_ref();
    let at = |name: &str| world.stores.at(world, &place, name, declared);
    let (source, target): (Arc<dyn Store>, Arc<dyn Store>) = (at(from)?, at(to)?);
    if source.place() == target.place() {
        return Err(Failure::Usage(format!("{from} and {to} are one place")));
    }
    let system = &project.definition.system;
    let Some(ledger) = source.open(Some(system))? else {
        return Err(Failure::Refused {
            reason: format!("{} has no ledger", source.place()),
            help: "name the place where the ledger is now".into(),
        });
    };
    let whole = |store: &dyn Store, against: &[Kept]| -> Result<Verification, Failure> {
        let verification = store.verify(against)?;
        verification.end()?;
        Ok(verification)
    };
    let before = whole(&*source, &[])?;
    evenkeel_ledger::State::of(&*ledger)?.may_go_on()?;
    let key = source.key()?;
    let objects = source.objects().list()?;
    for digest in &objects {
        let bytes = source.objects().get(digest)?;
        let bytes = bytes.ok_or_else(|| missing(&source.place(), digest))?;
        target.objects().put(&bytes)?;
    }
    let link = target.fill(&*ledger, key.as_ref())?;
    // The copy is read again, as a later run will read it.
    let kept = Kept {
        name: source.place(),
        checkpoint: before.end()?.clone(),
    };
    let after = whole(&*target, &[kept])?;
    for digest in &objects {
        if target.objects().get(digest)?.is_none() {
            return Err(missing(&target.place(), digest).into());
        }
    }
    // Entries that others appended meanwhile are in neither proof.
    let writer = source.open_or_found(system, world.clock.now())?;
    let mut state = evenkeel_ledger::State::of(&*writer)?;
    if state.sequence != link.sequence {
        return Err(Failure::Refused {
            reason: format!(
                "another run appended to {} while it was copied; the copy has {} of {}",
                source.place(),
                link.sequence,
                count(
                    usize::try_from(state.sequence).unwrap_or(usize::MAX),
                    "entry"
                )
            ),
            help: "remove the copy, stop the other run, and move the ledger again".into(),
        });
    }
    let moved = Moved {
        to: target.place(),
        by: world.actor.clone(),
    };
    writer.append(world.clock.now(), &[moved.into()], None)?;
    state.catch_up(&*writer)?;
    report.say(format!(
        "copied {} and {} from {} to {}",
        count(
            usize::try_from(after.entries).unwrap_or(usize::MAX),
            "entry"
        ),
        count(objects.len(), "object"),
        source.place(),
        target.place()
    ));
    report.say("the copy was verified: every entry and every object is unchanged");
    report.say(format!(
        "{} accepts no more entries; keep it as a backup",
        source.place()
    ));
    if !target.is_shared() {
        report.next("remove `[ledger]` from system.toml");
    } else if declared.is_none() {
        report.next("declare the place in `[ledger]` of system.toml");
    }
    report.next("evenkeel audit verify");
    Ok(report)
}

fn missing(place: &str, digest: &evenkeel_model::Digest) -> LedgerError {
    LedgerError::Damaged {
        path: format!("object {digest} at {place}"),
        reason: "it is missing".to_owned(),
    }
}

/// Lets an account of the shared ledger read everything, and change nothing.
///
/// # Errors
///
/// When there is no ledger, or its place has no accounts.
pub fn ledger_grant(
    world: &World<'_>,
    location: &ProjectLocation,
    account: &str,
) -> Result<Report, Failure> {
    let Session {
        project,
        mut report,
    } = Session::open(world, location, "ledger grant")?;
    project.store.grant_reading(account)?;
    report.say(format!(
        "{account} may read the ledger at {}, and may not change it",
        project.store.place()
    ));
    Ok(report)
}
