//! Live drift: what is there, held against what is declared and what was last applied.

use std::collections::BTreeMap;

use super::{codes, unmanaged};
use crate::environment::ResolvedResource;
use crate::kind::{self, Discrepancy, Observation, Observed};
use crate::observe::{LastApplied, Situation};
use evenkeel_model::defect::{Corner, Defect};
use evenkeel_model::source::Span;
use evenkeel_model::{Instance, Moment, beside, duration};

/// Everything that is not as declared in one environment, in the order of addresses.
#[must_use]
pub fn live(situation: &Situation<'_>) -> Vec<Defect> {
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
                "nobody looked",
            )),
        }
    }
    for (instance, applied) in &situation.applied {
        // What is declared as it was applied is declared.
        if applied.unchanged || situation.resolved.resources.contains_key(&instance.address) {
            continue;
        }
        match situation.left.get(instance) {
            Some(Observation::Seen(observed)) if observed.is_there() => {
                let mut defect = Defect::new(
                    &codes::NO_LONGER,
                    instance.to_string(),
                    format!("{instance} is declared no longer, and is still there"),
                )
                .within(situation.environment())
                .expected_found("nothing", instance.address.kind());
                defect.corner = Some(Corner::Pending);
                defect.since = Some((applied.at, format!("last applied by {}", applied.apply)));
                defects.push(defect);
            }
            Some(Observation::CannotTell(reason)) => defects.push(
                Defect::new(
                    &codes::CANNOT_TELL,
                    instance.to_string(),
                    format!("{instance} cannot be seen: {reason}"),
                )
                .within(situation.environment()),
            ),
            Some(Observation::Seen(_)) | None => {}
        }
    }
    defects.extend(unmanaged::unmanaged(situation));
    defects
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
        format!(
            "{instance} cannot be seen in {}: {reason}{}",
            situation.environment(),
            begun(situation, instance)
        ),
    )
    .within(situation.environment())
    .at(span, "declared here")
}

fn compare(
    situation: &Situation<'_>,
    instance: &Instance,
    resource: &ResolvedResource,
    applied: Option<&LastApplied>,
    observed: &Observed,
    defects: &mut Vec<Defect>,
) {
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
            None if observed.is_there() => Corner::Conflicting,
            None => Corner::Pending,
            Some(applied) if applied.unchanged => Corner::HandMade,
            Some(applied) => match (
                since_applied.contains_key(&each.attribute),
                changed_since(applied, resource, &each.attribute),
            ) {
                (false, _) => Corner::Pending,
                (true, false) => Corner::HandMade,
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
            format!(
                "{apply} began to change {instance} and never said how that ended; it is as declared"
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
            format!("{instance} is as declared, and that is not recorded"),
        )
        .within(situation.environment())
        .at(&resource.block.span, "declared here");
        defect.corner = Some(Corner::Healed);
        defects.push(defect);
    }
}

/// What is added to a defect of something whose last step was begun and never ended: it is told once, and not by a
/// defect of its own besides.
fn begun(situation: &Situation<'_>, instance: &Instance) -> String {
    situation
        .open
        .get(instance)
        .map_or_else(String::new, |apply| {
            format!("; {apply} began to change it and never said how that ended")
        })
}

/// Whether the definition of an attribute moved on since it was applied.
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
        "presence" => format!(
            "{instance}: expected {}, found {}",
            each.expected, each.found
        ),
        "ready" => format!("{instance} is {}", each.found),
        attribute if each.found == "something else" => {
            format!(
                "the {attribute} of {instance} is not the declared one, which has a secret in it"
            )
        }
        attribute => format!(
            "the {attribute} of {instance} {} {} and not {}",
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
    let story = match corner {
        Corner::HandMade if by_itself => {
            format!("{what} in {environment}: not so when it was applied")
        }
        Corner::HandMade => format!("{what} in {environment}: changed by hand"),
        Corner::Conflicting if applied.is_none() => {
            format!("{what} in {environment}: it was there before evenkeel")
        }
        Corner::Conflicting => {
            format!("{what} in {environment}: changed by hand, and the definition changed too")
        }
        _ => format!("{what} in {environment}: not applied yet"),
    };
    let story = format!("{story}{}", begun(situation, instance));
    let mut defect = Defect::new(each.code, instance.to_string(), story)
        .within(environment)
        .attribute(&each.attribute)
        .at(place(instance, resource, &each.attribute), "declared here")
        .expected_found(each.expected, each.found)
        .help(match corner {
            Corner::HandMade if by_itself => {
                format!("`evenkeel plan {environment}` shows the step that starts it again")
            }
            Corner::HandMade | Corner::Conflicting => format!(
                "`evenkeel plan {environment}` shows the step that restores it; to keep what is there, write it into the definition"
            ),
            _ => format!("`evenkeel plan {environment}` shows the step"),
        });
    defect.difference = each
        .texts
        .map(|(expected, found)| kind::difference(&expected, &found));
    defect.corner = Some(corner);
    defect.since = since(applied, observed.changed(), corner);
    defect
}

/// Since when it stands, and how that is known.
fn since(
    applied: Option<&LastApplied>,
    changed: Option<Moment>,
    corner: Corner,
) -> Option<(Moment, String)> {
    let applied = applied?;
    if !matches!(corner, Corner::HandMade | Corner::Conflicting) {
        return Some((applied.at, format!("last applied by {}", applied.apply)));
    }
    match changed.filter(|changed| *changed >= applied.at) {
        Some(changed) => Some((
            changed,
            format!(
                "by the target's own clock, {} after {} applied it",
                duration::phrase(changed.since(applied.at)),
                applied.apply
            ),
        )),
        None => Some((
            applied.at,
            format!("some time after {} applied it", applied.apply),
        )),
    }
}

/// Where an attribute is declared: under the first of its keys that is written, or by the table itself.
fn place<'a>(instance: &Instance, resource: &'a ResolvedResource, attribute: &str) -> &'a Span {
    let block = &resource.block;
    kind::facts(instance.address.kind())
        .map_or(&[][..], |kind| kind.keys_of(attribute))
        .iter()
        .find_map(|key| block.get(key))
        .map_or(&block.span, |placed| &placed.span)
}
