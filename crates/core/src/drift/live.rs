//! Live drift: the observed state compared with definitions and the last applied state.

use std::collections::BTreeMap;

use super::{codes, scopes, unmanaged};
use crate::environment::ResolvedResource;
use crate::kind::{self, Adopt, Discrepancy, Observation, Observed};
use crate::observe::{Handover, Hold, Holder, LastApplied, Leaving, Situation};
use evenkeel_ledger::FailedStep;
use evenkeel_model::defect::{Corner, Defect, Since};
use evenkeel_model::source::Span;
use evenkeel_model::{Instance, Moment, beside, duration};

/// Returns everything that is not in sync in one environment: resources in the order of addresses, then the unmanaged things
/// of hosts.
#[must_use]
pub fn live(situation: &Situation<'_>) -> Vec<Defect> {
    let mut defects = live_resources(situation);
    defects.extend(scopes::unmanaged(situation));
    defects
}

/// Returns the findings of [`live`] without those about things of hosts.
#[must_use]
pub fn live_resources(situation: &Situation<'_>) -> Vec<Defect> {
    let mut defects = Vec::new();
    let instances = beside(situation.resolved.instances(), &situation.applied)
        .map(|(instance, resource, applied)| (instance, (resource, applied)));
    for (instance, (resource, applied), seen) in beside(instances, &situation.seen) {
        let instance = &instance;
        match seen {
            Some(Observation::Seen(observed)) => {
                compare(
                    situation,
                    instance,
                    resource,
                    applied,
                    observed,
                    &mut defects,
                );
            }
            Some(Observation::CannotTell(reason)) => {
                defects.push(cannot_tell(
                    situation,
                    instance,
                    &resource.block.span,
                    reason,
                ));
            }
            None => defects.push(cannot_tell(
                situation,
                instance,
                &resource.block.span,
                "not observed",
            )),
        }
    }
    let handover = Handover::of(situation);
    for leaving in handover.leavings() {
        let (instance, applied) = (leaving.instance, leaving.applied);
        if let (Some(holder), false) = (&leaving.holder, leaving.is_former_place) {
            defects.push(held(situation, leaving, holder));
            continue;
        }
        if leaving.is_former_place {
            continue;
        }
        match leaving.left {
            Observation::Seen(observed) if observed.is_there() => {
                let mut defect = Defect::new(
                    &codes::NO_LONGER,
                    instance.to_string(),
                    about(
                        situation,
                        instance,
                        "removed from the definitions, but still present",
                    ),
                )
                .within(situation.environment())
                .expected_found("nothing", instance.address.kind());
                defect.corner = Some(Corner::Pending);
                defect.since = Some(Since::at(
                    applied.at,
                    format!("last applied by {}", applied.apply),
                ));
                defects.push(defect);
            }
            Observation::CannotTell(reason) => defects.push(
                Defect::new(
                    &codes::CANNOT_TELL,
                    instance.to_string(),
                    about(situation, instance, format!("cannot be read: {reason}")),
                )
                .within(situation.environment()),
            ),
            Observation::Seen(_) => {}
        }
    }
    defects.extend(unmanaged::unmanaged(situation));
    defects
}

/// Reports a resource that was removed from the definitions and whose place another resource holds.
fn held(situation: &Situation<'_>, leaving: &Leaving<'_>, holder: &Holder) -> Defect {
    let how = match holder.how {
        Hold::Same => "now declared as",
        Hold::OtherKind => "replaced by",
        Hold::Elsewhere => "kept, since another environment declares it:",
        Hold::Inside => "removed from the definitions, but kept for its contents:",
        Hold::Departed => return departed(situation, leaving),
    };
    let (instance, holder) = (leaving.instance, &holder.instance);
    let mut defect = Defect::new(
        &codes::NOT_RECORDED,
        instance.to_string(),
        about(
            situation,
            instance,
            format!("{how} {holder}; ledger update only"),
        ),
    )
    .within(situation.environment());
    if let Some(resource) = situation.resolved.resources.get(&holder.address) {
        defect = defect.at(&resource.block.span, "declared here");
    }
    defect.corner = Some(Corner::Healed);
    defect
}

/// Reports a resource whose machine is no longer one of its target's.
fn departed(situation: &Situation<'_>, leaving: &Leaving<'_>) -> Defect {
    let (instance, target) = (leaving.instance, &leaving.applied.on);
    let what = format!("its host is no longer one of the target `{target}`; ledger update only");
    let mut defect = Defect::new(
        &codes::NOT_RECORDED,
        instance.to_string(),
        about(situation, instance, what),
    )
    .within(situation.environment());
    defect.corner = Some(Corner::Healed);
    defect
}

fn cannot_tell(
    situation: &Situation<'_>,
    instance: &Instance,
    span: &Span,
    reason: &str,
) -> Defect {
    Defect::new(
        &codes::CANNOT_TELL,
        instance.to_string(),
        about(
            situation,
            instance,
            format!("cannot be read: {reason}{}", begun(situation, instance)),
        ),
    )
    .within(situation.environment())
    .at(span, "declared here")
}

/// Whether an attribute is the resource's record of another, whose change restarts or reloads it.
fn is_mark(resource: &ResolvedResource, attribute: &str) -> bool {
    let (restarts, reloads) = (
        resource.declared.restarts_on(),
        resource.declared.reloads_on(),
    );
    restarts.iter().chain(&reloads).any(|other| {
        attribute
            .strip_suffix(other.as_str())
            .is_some_and(|before| before.ends_with('.'))
    })
}

fn compare(
    situation: &Situation<'_>,
    instance: &Instance,
    resource: &ResolvedResource,
    applied: Option<&LastApplied>,
    observed: &Observed,
    defects: &mut Vec<Defect>,
) {
    if let Some(why) = observed.unknown() {
        let what = format!("its state is unknown: {why}{}", begun(situation, instance));
        let defect = Defect::new(
            &codes::CANNOT_TELL,
            instance.to_string(),
            about(situation, instance, what),
        );
        let defect = defect.within(situation.environment());
        defects.push(defect.at(&resource.block.span, "declared here"));
        return;
    }
    let wrong = resource.declared.compare(observed);
    let before = defects.len();
    let since_applied: BTreeMap<String, Discrepancy> = applied
        .filter(|applied| !applied.unchanged)
        .map(|applied| applied.declared.compare(observed))
        .unwrap_or_default()
        .into_iter()
        .map(|each| (each.attribute.clone(), each))
        .collect();
    for each in wrong {
        let corner = match applied {
            // Only an apply leaves such a mark, so its absence before the first one is no difference.
            None if observed.is_there() && !is_mark(resource, &each.attribute) => {
                Corner::Conflicting
            }
            None => Corner::Pending,
            Some(applied) if applied.unchanged => Corner::ChangedOutside,
            Some(applied) => match (
                since_applied.contains_key(&each.attribute),
                changed_since(applied, resource, &each.attribute),
            ) {
                (false, _) => Corner::Pending,
                (true, false) => Corner::ChangedOutside,
                (true, true) => Corner::Conflicting,
            },
        };
        defects.push(discrepancy(
            situation, instance, resource, applied, observed, each, corner,
        ));
    }
    if defects.len() > before {
        return;
    }
    if let Some(apply) = situation.open.get(instance) {
        let mut defect = Defect::new(
            &codes::OPEN,
            instance.to_string(),
            about(
                situation,
                instance,
                format!(
                    "matches its definition; {apply} started changing it and recorded no outcome"
                ),
            ),
        )
        .within(situation.environment())
        .at(&resource.block.span, "declared here");
        defect.corner = Some(Corner::Healed);
        defects.push(defect);
    } else if observed.is_there() && applied.is_none_or(|applied| !applied.unchanged) {
        let mut defect = Defect::new(
            &codes::NOT_RECORDED,
            instance.to_string(),
            about(
                situation,
                instance,
                "matches its definition, but the ledger has no record of it",
            ),
        )
        .within(situation.environment())
        .at(&resource.block.span, "declared here");
        defect.corner = Some(Corner::Healed);
        defects.push(defect);
    }
}

/// Returns the sentence about an instance: `file.nginx (production): mode is 0666, expected 0644`.
fn about(situation: &Situation<'_>, instance: &Instance, what: impl std::fmt::Display) -> String {
    format!("{instance} ({}): {what}", situation.environment())
}

/// Returns the remark about an instance whose last step has no recorded outcome. It is added to another defect of the
/// instance, so that one cause is one defect.
fn begun(situation: &Situation<'_>, instance: &Instance) -> String {
    situation
        .open
        .get(instance)
        .map_or_else(String::new, |apply| {
            format!("; {apply} started changing it and recorded no outcome")
        })
}

/// Whether the definition of an attribute changed since it was applied.
fn changed_since(applied: &LastApplied, resource: &ResolvedResource, attribute: &str) -> bool {
    let value = |declared: &crate::kind::Declared| {
        let mut value = None;
        declared.attributes(&mut |name, text| {
            if name == attribute {
                value = Some(text.to_string());
            }
        });
        value
    };
    value(&applied.declared) != value(&resource.declared)
}

fn discrepancy(
    situation: &Situation<'_>,
    instance: &Instance,
    resource: &ResolvedResource,
    applied: Option<&LastApplied>,
    observed: &Observed,
    each: Discrepancy,
    corner: Corner,
) -> Defect {
    let environment = situation.environment();
    let what = match each.attribute.as_str() {
        "presence" if each.found == "nothing" => format!("missing, expected {}", each.expected),
        "presence" => format!("found {}, expected {}", each.found, each.expected),
        "ready" => each.found.clone(),
        attribute if each.found == "something else" => {
            format!("{attribute} differs from its definition (secret lines hidden)")
        }
        attribute => format!(
            "{attribute} {} {}, expected {}",
            if attribute == "files" { "are" } else { "is" },
            each.found,
            each.expected
        ),
    };
    let by_itself = resource
        .declared
        .traits()
        .ends_by_itself
        .contains(&each.attribute.as_str());
    let failed = situation.failed.get(instance);
    // A failed step of evenkeel may leave any state, which is not a change from outside.
    let corner = match corner {
        Corner::ChangedOutside if failed.is_some() => Corner::Conflicting,
        corner => corner,
    };
    let story = match corner {
        Corner::ChangedOutside | Corner::Conflicting | Corner::Pending if failed.is_some() => {
            format!("{what}; {}", failed_step(failed))
        }
        Corner::ChangedOutside if by_itself => {
            format!("{what}; changed since it was applied")
        }
        Corner::ChangedOutside => format!("{what}; changed outside evenkeel"),
        Corner::Conflicting if applied.is_none() => {
            format!("{what}; existed before evenkeel managed it")
        }
        Corner::Conflicting => {
            format!("{what}; changed outside evenkeel and in its definition")
        }
        _ => format!("{what}; not applied yet"),
    };
    let last_failed = situation.last_failed.as_ref();
    let last_failed = last_failed.filter(|_| failed.is_none());
    let named = last_failed.map_or_else(String::new, |(apply, _)| {
        format!("; the last apply, {apply}, did not finish")
    });
    let begun = begun(situation, instance);
    let named = if begun.is_empty() { named } else { begun };
    let story = about(situation, instance, format!("{story}{named}"));
    let is_adoptable = resource
        .declared
        .adopt(observed, &[])
        .iter()
        .any(|adoption| {
            adoption.attribute == each.attribute
                && matches!(
                    adoption.change,
                    Adopt::Key(..) | Adopt::Content(_) | Adopt::Unread
                )
        });
    let mut defect = Defect::new(each.code, instance.to_string(), story)
        .within(environment)
        .attribute(&each.attribute)
        .at(place(instance, resource, &each.attribute), "declared here")
        .expected_found(each.expected, each.found)
        .help(match corner {
            Corner::ChangedOutside if by_itself => {
                format!("run `evenkeel plan {environment}` to see the step that starts it again")
            }
            Corner::ChangedOutside | Corner::Conflicting if is_adoptable => format!(
                "run `evenkeel plan {environment}` to see the step that restores it; to keep the change, run `evenkeel adopt {instance} {environment}`"
            ),
            Corner::ChangedOutside | Corner::Conflicting => {
                format!("run `evenkeel plan {environment}` to see the step that restores it")
            }
            _ => format!("run `evenkeel plan {environment}` to see the step"),
        });
    defect.difference = each
        .texts
        .map(|(expected, found)| kind::difference(&expected, &found));
    defect.corner = Some(corner);
    defect.since = since(situation, applied, failed, observed.changed(), corner);
    defect
}

/// Returns the remark about evenkeel's own failed step.
fn failed_step(failed: Option<&FailedStep>) -> String {
    let Some(failed) = failed else {
        return String::new();
    };
    match &failed.reason {
        Some(reason) => format!("the step of {} failed: {reason}", failed.apply),
        None => format!("the step of {} failed", failed.apply),
    }
}

/// Returns since when the defect is known to exist. A change from outside is known only as the interval between two
/// observations.
fn since(
    situation: &Situation<'_>,
    applied: Option<&LastApplied>,
    failed: Option<&FailedStep>,
    changed: Option<Moment>,
    corner: Corner,
) -> Option<Since> {
    if let Some(failed) = failed {
        return Some(Since::at(
            failed.at,
            format!("failed step of {}", failed.apply),
        ));
    }
    let applied = applied?;
    if !matches!(corner, Corner::ChangedOutside | Corner::Conflicting) {
        return Some(Since::at(
            applied.at,
            format!("last applied by {}", applied.apply),
        ));
    }
    let between = format!(
        "between {} ({}) and this check ({})",
        applied.apply,
        applied.at.for_people(),
        situation.at.for_people()
    );
    let changed = changed.filter(|changed| *changed >= applied.at);
    Some(Since {
        at: applied.at,
        until: Some(situation.at),
        known: match changed {
            Some(changed) => format!(
                "{between}; the target's clock says {} after {}",
                duration::phrase(changed.since(applied.at)),
                applied.apply
            ),
            None => between,
        },
        by: None,
    })
}

/// Returns the place where an attribute is declared: its first written key, or the table.
fn place<'a>(instance: &Instance, resource: &'a ResolvedResource, attribute: &str) -> &'a Span {
    let block = &resource.block;
    kind::facts(instance.address.kind())
        .map_or(&[][..], |kind| kind.keys_of(attribute))
        .iter()
        .find_map(|key| block.get(key))
        .map_or(&block.span, |placed| &placed.span)
}
