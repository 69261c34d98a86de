//! Sends each action of a batch to where it is done.
//!
//! Actions do not depend on each other, so all are done at once: placements as one batch, everything else each on a
//! thread of its own.

use super::install::Install;
use super::owners::Owners;
use super::placing::{Outcome, Workshop, failed, path_of, place};
use super::{LocalTarget, start, stop, uninstall};
use crate::{Action, ActionError, Interruption, Materials};

/// How many installations and processes are worked on at once.
const AT_ONCE: usize = 32;

pub(super) fn perform(
    target: &LocalTarget,
    actions: &[Action],
    materials: &dyn Materials,
    interruption: &Interruption,
) -> Vec<Outcome> {
    let mut outcomes: Vec<Outcome> = actions
        .iter()
        .map(|_| Err(ActionError::Interrupted))
        .collect();
    let (placements, others): (Vec<_>, Vec<_>) = actions
        .iter()
        .enumerate()
        .partition(|(_, action)| path_of(action).is_some());
    let owners = Owners::read();
    let workshop = Workshop {
        owners: &owners,
        sealer: &target.sealer,
        materials,
        interruption,
        few: false,
    };
    let mut done = Vec::with_capacity(actions.len());
    std::thread::scope(|scope| {
        let placing = scope.spawn(|| place(&workshop, &placements));
        for some in others.chunks(AT_ONCE) {
            let threads: Vec<_> = some
                .iter()
                .map(|(number, action)| {
                    (
                        *number,
                        *action,
                        scope.spawn(|| other(target, action, materials, interruption)),
                    )
                })
                .collect();
            for (number, action, thread) in threads {
                done.push((
                    number,
                    thread.join().unwrap_or_else(|_| Err(broken(action))),
                ));
            }
        }
        match placing.join() {
            Ok(placed) => done.extend(placed),
            Err(_) => done.extend(
                placements
                    .iter()
                    .map(|(number, action)| (*number, Err(broken(action)))),
            ),
        }
    });
    for (number, outcome) in done {
        if let Some(place) = outcomes.get_mut(number) {
            *place = outcome;
        }
    }
    outcomes
}

fn other(
    target: &LocalTarget,
    action: &Action,
    materials: &dyn Materials,
    interruption: &Interruption,
) -> Outcome {
    match action {
        Action::Install {
            into,
            artifact,
            keep,
            expected,
        } => Install {
            into,
            artifact,
            keep: *keep,
            expected: expected.as_ref(),
        }
        .perform(target, materials, interruption),
        Action::Uninstall { into, expected } => {
            uninstall::uninstall(into, expected.as_ref(), interruption)
        }
        Action::Start { .. } => start::start(target, action, materials, interruption),
        Action::Stop {
            record,
            stop_within,
            expected,
        } => stop::stop(record, *stop_within, expected.as_ref(), interruption),
        Action::Directory { .. }
        | Action::File { .. }
        | Action::Link { .. }
        | Action::Remove { .. } => Err(broken(action)),
    }
}

fn broken(action: &Action) -> ActionError {
    let path = match action {
        Action::Directory { path, .. }
        | Action::File { path, .. }
        | Action::Link { path, .. }
        | Action::Remove { path, .. } => path,
        Action::Install { into, .. } | Action::Uninstall { into, .. } => into,
        Action::Start { record, .. } | Action::Stop { record, .. } => record,
    };
    failed(
        "perform",
        path,
        "evenkeel itself failed here; look at the target, then report this",
    )
}
