//! The reasons of steps.

use std::fmt::Display;

use evenkeel_model::text::list;

/// Returns the reason of a step that changes only the ledger.
fn ledger_only(reason: impl Display) -> String {
    format!("{reason}; ledger update only")
}

/// Returns the reason if a resource was moved and already matches its definition.
pub(super) fn moved_unchanged(from: impl Display) -> String {
    ledger_only(moved_from(from))
}

/// Returns the reason if a process keeps running under another address.
pub(super) fn keeps_running(from: impl Display) -> String {
    format!("{}; keeps running", moved_from(from))
}

/// Adds the former address to the reason of a step.
pub(super) fn with_move(reason: impl Display, from: impl Display) -> String {
    format!("{reason}; {}", moved_from(from))
}

fn moved_from(from: impl Display) -> String {
    format!("moved from {from}")
}

/// Returns the reason if a resource matches its unchanged definition, but an apply recorded no outcome for it.
pub(super) fn unrecorded(apply: impl Display) -> String {
    ledger_only(format_args!(
        "matches its definition; {apply} recorded no outcome for it"
    ))
}

/// Returns the reason if a resource already matches its definition, which is new or was never applied.
pub(super) fn already_matches(is_new_definition: bool) -> String {
    ledger_only(if is_new_definition {
        "already matches the new definition"
    } else {
        "already matches its definition"
    })
}

/// Returns the reason if an earlier step failed.
pub(super) fn failed(apply: impl Display) -> String {
    format!("the step of {apply} failed")
}

/// Returns the reason if the state of a resource is unknown, so that every apply changes it.
pub(super) fn unknown(why: impl Display) -> String {
    format!("its state is unknown: {why}")
}

/// Returns the reason if a resource replaces others.
pub(super) fn replaces(others: &[impl AsRef<str>]) -> String {
    format!("replaces {}", list(others, "and"))
}

/// The reason if the path of a resource changed.
pub(super) const PATH_CHANGED: &str = "path changed";

/// Returns the reason if an existing resource was never applied and differs from its definition.
pub(super) fn differs(attributes: &[impl AsRef<str>]) -> String {
    format!("{} differs from the definition", list(attributes, "and"))
}

/// Returns the reason if attributes changed outside evenkeel.
pub(super) fn changed_outside(attributes: &[impl AsRef<str>], since: impl Display) -> String {
    format!(
        "{} changed outside evenkeel since {since}",
        list(attributes, "and")
    )
}

/// Returns the reason if the definition changed: the attributes that follow from it, if any.
pub(super) fn changed_in_definition(attributes: &[impl AsRef<str>]) -> String {
    if attributes.is_empty() {
        return "the definition changed".to_owned();
    }
    format!("{} changed in the definition", list(attributes, "and"))
}

/// Adds attributes that changed outside evenkeel, and are overwritten, to the reason of a step.
pub(super) fn with_overwritten(
    reason: impl Display,
    attributes: &[impl AsRef<str>],
    since: impl Display,
) -> String {
    format!(
        "{reason}; overwrites {}",
        changed_outside(attributes, since)
    )
}

/// Returns the reason if an applied resource does not exist, or a process ended by itself.
pub(super) fn gone(by_itself: bool, since: impl Display) -> String {
    let word = if by_itself { "stopped" } else { "missing" };
    format!("{word} since {since}")
}

/// Returns the reason if an undeclared resource is only in an apply without an outcome.
pub(super) fn undeclared(apply: impl Display) -> String {
    ledger_only(format_args!(
        "not declared; {apply} recorded no outcome for it"
    ))
}

/// Returns the reason if another resource declares the same place.
pub(super) fn declared_as(instance: impl Display) -> String {
    ledger_only(format_args!("now declared as {instance}"))
}

/// Returns the reason if a resource of another kind is at the same place.
pub(super) fn replaced_by(instance: impl Display) -> String {
    ledger_only(format_args!("replaced by {instance}"))
}

/// Returns the reason if another environment declares the resource.
pub(super) fn declared_elsewhere() -> String {
    ledger_only("now declared by another environment")
}

/// Returns the reason if the machine of a resource is no longer one of its target's.
pub(super) fn departed(target: impl Display) -> String {
    ledger_only(format_args!(
        "its host is no longer one of the target `{target}`"
    ))
}

/// Returns the reason if a removed resource contains a declared one.
pub(super) fn contains(instance: impl Display) -> String {
    ledger_only(format_args!("{REMOVED}, but contains {instance}"))
}

/// Returns the reason if a removed resource does not exist.
pub(super) fn already_deleted() -> String {
    ledger_only(format_args!("{REMOVED} and already deleted"))
}

/// The reason if a resource was removed from the definitions.
pub(super) const REMOVED: &str = "removed from the definitions";

/// Returns the reason if a removed resource has another address.
pub(super) fn moved_to(instance: impl Display) -> String {
    format!("moved to {instance}")
}

/// Returns the reason of the step that clears the former path of a resource.
pub(super) fn former_path(instance: impl Display) -> String {
    format!("former path of {instance}")
}
