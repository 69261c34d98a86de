//! Removal steps: resources removed from the definitions, and places that declared resources left.
//!
//! A place that a declared resource occupies is never removed: only the record is. The order is left to `edges` and
//! `order`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::document::{Change, Step, Unseen};
use super::edges;
use super::make::shape;
use super::text;
use crate::kind::{Declared, Observation, Speed};
use crate::observe::{Handover, Hold, Holder, Leaving, Situation, owner_of_former};
use evenkeel_host::Action;
use evenkeel_ledger::record::Verb;
use evenkeel_model::Instance;

/// Adds the removal steps.
pub(super) fn add(
    situation: &Situation<'_>,
    handover: &Handover<'_>,
    steps: &mut Vec<Step>,
    unseen: &mut Vec<Unseen>,
) {
    let mut added = Vec::new();
    for leaving in handover.leavings() {
        if leaving.is_former_place {
            added.extend(former_place(leaving));
            continue;
        }
        match gone(leaving) {
            Ok(step) => added.push(step),
            Err(reason) => unseen.push(Unseen {
                instance: leaving.instance.clone(),
                reason,
            }),
        }
    }
    let removed = handover.removed();
    let acting: BTreeMap<&Instance, (&str, &Declared)> = added
        .iter()
        .filter(|step| clears(handover, step))
        .filter_map(|step| {
            let (instance, declared) = removed.get_key_value(&step.instance)?;
            let machine = situation.resolved.machine(&step.on, instance.host.as_ref());
            Some((instance, (machine.unwrap_or_default(), declared)))
        })
        .collect();
    let mut after = edges::removal(&acting);
    for step in &mut added {
        let mut after = after.remove(&step.instance).unwrap_or_default();
        // The record under the old name is dropped after the renaming.
        let goes_on = handover
            .leaving(&step.instance)
            .filter(|leaving| leaving.goes_on.is_some());
        after.extend(goes_on.and_then(Leaving::successor).cloned());
        step.after = after.into();
    }
    steps.extend(added);
    forget_unknown(situation, steps);
}

/// Whether a place is empty after a step: it removes the resource, or records that it is missing.
pub(super) fn clears(handover: &Handover<'_>, step: &Step) -> bool {
    let is_gone = |leaving: &Leaving<'_>| leaving.holder.is_none() && !leaving.is_former_place;
    step.verb == Verb::Remove
        && (!step.actions.is_empty() || handover.leaving(&step.instance).is_some_and(is_gone))
}

/// Closes changes without a recorded outcome, of resources unknown to both the definitions and the ledger.
fn forget_unknown(situation: &Situation<'_>, steps: &mut Vec<Step>) {
    if situation.open.is_empty() {
        return;
    }
    let known: BTreeSet<Instance> = steps.iter().map(|step| step.instance.clone()).collect();
    for (instance, apply) in &situation.open {
        if known.contains(instance)
            || situation.applied.contains_key(instance)
            || situation.resolved.resource_of(instance).is_some()
        {
            continue;
        }
        let reason = text::undeclared(apply);
        steps.push(removal(instance, &"".into(), reason, Vec::new()));
    }
}

/// Returns the step of a resource removed from the definitions.
fn gone(leaving: &Leaving<'_>) -> Result<Step, String> {
    let (declared, on) = (&leaving.applied.declared, &leaving.applied.on);
    let (actions, reason) = match (&leaving.holder, leaving.left) {
        (Some(Holder { instance, how }), _) => {
            let reason = match how {
                Hold::Same => text::declared_as(instance),
                Hold::OtherKind => text::replaced_by(instance),
                Hold::Elsewhere => text::declared_elsewhere(),
                Hold::Departed => text::departed(on),
                Hold::Inside => text::contains(instance),
            };
            (Vec::new(), reason)
        }
        (None, Observation::CannotTell(reason)) => return Err(reason.clone()),
        (None, Observation::Seen(observed)) => {
            let actions = declared.removal(observed);
            let reason = match (&leaving.moved_to, actions.is_empty()) {
                (_, true) => text::already_deleted(),
                (Some(to), false) => text::moved_to(to),
                (None, false) => text::REMOVED.to_owned(),
            };
            (actions, reason)
        }
    };
    let mut step = removal(leaving.instance, on, reason, actions);
    step.slow = declared.traits().speed == Speed::Slow && !step.actions.is_empty();
    step.successor = leaving.successor().cloned();
    Ok(step)
}

/// Returns the step that clears a place that a declared resource left.
fn former_place(leaving: &Leaving<'_>) -> Option<Step> {
    let place = leaving.former_place()?;
    let (instance, on) = (leaving.instance, &leaving.applied.on);
    let (actions, reason) = match &leaving.holder {
        Some(holder) => {
            let reason = text::replaced_by(&holder.instance);
            (Vec::new(), reason)
        }
        None => {
            let actions = place.declared.removal(leaving.left.seen()?);
            (actions, text::former_path(instance))
        }
    };
    let mut step = removal(&place.instance, on, reason, actions);
    step.shape = shape(&instance.address, None);
    step.slow = place.declared.traits().speed == Speed::Slow && !step.actions.is_empty();
    step.successor = leaving.successor().cloned();
    Some(step)
}

fn removal(instance: &Instance, on: &Arc<str>, reason: String, actions: Vec<Action>) -> Step {
    // A former place left by a killed run has the shape of one that this run leaves, and was rehearsed as such.
    let named = owner_of_former(instance);
    let named = named.as_ref().unwrap_or(instance);
    let before = if actions.is_empty() {
        "nothing".into()
    } else {
        instance.address.kind().to_owned().into()
    };
    Step {
        instance: instance.clone(),
        on: Arc::clone(on),
        verb: Verb::Remove,
        reason: reason.into(),
        changes: Arc::new([Change {
            attribute: "presence".into(),
            before,
            after: "nothing".into(),
            difference: None,
        }]),
        actions,
        after: [].into(),
        shape: shape(&named.address, None),
        slow: false,
        risky: false,
        successor: None,
    }
}
