//! Makes a plan: for each resource, what stands between it and its definition.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Serialize;

use super::document::{Change, FORMAT, Plan, Step, Unseen};
use super::{Recipe, edges};
use crate::environment::ResolvedResource;
use crate::kind::{ChangeMode, Declared, Discrepancy, Observation, Observed, Speed};
use crate::observe::{LastApplied, Situation};
use evenkeel_ledger::record::Verb;
use evenkeel_model::{Address, Digest, Instance, Parts, Value, beside};

#[derive(Serialize)]
struct Binding<'a> {
    parameters: BTreeMap<&'a str, &'a Value>,
    targets: BTreeMap<&'a str, (&'a str, &'a str)>,
    artifacts: BTreeMap<&'a str, Digest>,
}

/// Makes the plan for one environment.
#[must_use]
pub fn make(
    situation: &Situation<'_>,
    recipe: &Recipe,
    definitions: Digest,
    system: &str,
    lineage: &str,
    tool: &str,
) -> Plan {
    let resolved = situation.resolved;
    let instances: Vec<(Instance, &ResolvedResource)> = resolved.instances().collect();
    let mut drafts: BTreeMap<&Instance, Step> = BTreeMap::new();
    let mut unseen = Vec::new();
    let mut unchanged = 0;
    let walked = instances
        .iter()
        .map(|(instance, resource)| (instance, *resource));
    let walked = beside(walked, &situation.applied)
        .map(|(instance, resource, applied)| (instance, (resource, applied)));
    for (instance, (resource, applied), seen) in beside(walked, &situation.seen) {
        match seen {
            Some(Observation::Seen(observed)) => {
                match step(situation, instance, (resource, applied), observed, recipe) {
                    Ok(Some(step)) => {
                        drafts.insert(instance, step);
                    }
                    Ok(None) => unchanged += 1,
                    Err(reason) => unseen.push(Unseen {
                        instance: instance.clone(),
                        reason,
                    }),
                }
            }
            Some(Observation::CannotTell(reason)) => unseen.push(Unseen {
                instance: instance.clone(),
                reason: reason.clone(),
            }),
            None => unseen.push(Unseen {
                instance: instance.clone(),
                reason: "nobody looked".into(),
            }),
        }
    }
    restarts(situation, &instances, recipe, &mut drafts, &mut unchanged);
    if !drafts.is_empty() {
        let creation = edges::creation(&instances);
        let stepping: BTreeSet<&Instance> = drafts.keys().copied().collect();
        for (instance, after) in edges::between_steps(&stepping, &creation) {
            if let Some(step) = drafts.get_mut(instance) {
                step.after = after.into();
            }
        }
    }
    let mut steps: Vec<Step> = drafts.into_values().collect();
    removals(situation, &mut steps, &mut unseen);
    let (observation, observed) = situation.digests();
    Plan {
        format: FORMAT,
        tool: tool.to_owned(),
        system: system.to_owned(),
        lineage: lineage.to_owned(),
        environment: resolved.name.clone(),
        recipe: recipe.digest,
        binding: Digest::of_record(
            "evenkeel binding 1",
            &Binding {
                parameters: resolved
                    .parameters
                    .iter()
                    .map(|(name, value)| (&**name, value))
                    .collect(),
                targets: resolved
                    .targets
                    .iter()
                    .map(|(name, place)| (&**name, (place.base.as_str(), place.state.as_str())))
                    .collect(),
                artifacts: resolved
                    .artifacts
                    .iter()
                    .map(|(name, digest)| (&**name, *digest))
                    .collect(),
            },
        ),
        definitions,
        observation,
        applied: applied_digest(&situation.applied),
        steps,
        unchanged,
        unseen,
        observed,
    }
}

fn applied_digest(applied: &BTreeMap<Instance, LastApplied>) -> Digest {
    Parts::of("evenkeel applied 2")
        .table(
            applied
                .iter()
                .map(|(instance, applied)| (instance, (&*applied.on, applied.digest))),
        )
        .digest()
}

/// The step that brings one resource to its definition; `None` when it is there and recorded.
fn step(
    situation: &Situation<'_>,
    instance: &Instance,
    (resource, applied): (&ResolvedResource, Option<&LastApplied>),
    observed: &Observed,
    recipe: &Recipe,
) -> Result<Option<Step>, String> {
    let wrong = resource.declared.compare(observed);
    let mut changes: Vec<Change> = wrong.iter().map(change).collect();
    let mut removal = Vec::new();
    // It was applied at another place: what is left there goes first.
    if let Some(applied) = applied
        && let Some(left) = situation.left.get(instance)
    {
        match left {
            Observation::Seen(left) => {
                if applied.on == resource.on {
                    removal = applied.declared.removal(left);
                }
                if !removal.is_empty() {
                    let place = |declared: &Declared| declared.place().to_owned().into();
                    changes.push(Change {
                        attribute: "path".into(),
                        before: place(&applied.declared),
                        after: place(&resource.declared),
                        difference: None,
                    });
                }
            }
            Observation::CannotTell(reason) => return Err(reason.clone()),
        }
    }
    let moved = !removal.is_empty();
    if wrong.is_empty() && !moved {
        if applied.is_some_and(|applied| applied.unchanged) {
            return Ok(None);
        }
        let mut step = begin(instance, resource, recipe);
        step.reason = if applied.is_some() {
            "already as the new definition says; only to be recorded".into()
        } else {
            "already as declared; only to be recorded".into()
        };
        return Ok(Some(step));
    }
    let mut step = begin(instance, resource, recipe);
    step.verb = if moved {
        Verb::Replace
    } else if !observed.is_there() {
        Verb::Create
    } else if resource.declared.traits().change == ChangeMode::Replace {
        Verb::Replace
    } else {
        Verb::Update
    };
    step.reason = reason(applied, &wrong, observed, moved);
    step.actions = resource.declared.remedy(observed);
    if moved {
        step.actions.splice(0..0, removal);
    }
    step.changes = changes.into();
    Ok(Some(step))
}

/// A step of which only what is recorded of every step is known.
fn begin(instance: &Instance, resource: &ResolvedResource, recipe: &Recipe) -> Step {
    Step {
        instance: instance.clone(),
        on: resource.on.clone(),
        verb: Verb::Record,
        reason: Cow::Borrowed(""),
        changes: Arc::default(),
        actions: Vec::new(),
        after: Arc::default(),
        shape: shape(&instance.address, recipe.resources.get(&instance.address)),
        slow: resource.declared.traits().speed == Speed::Slow,
    }
}

/// Words that the changes of most new resources are told in: they need not be kept once for each.
const WORDS: &[&str] = &["presence", "nothing", "a file", "a directory", "a link"];

fn word(text: &str) -> Cow<'static, str> {
    match WORDS.iter().find(|word| **word == text) {
        Some(word) => Cow::Borrowed(word),
        None => Cow::Owned(text.to_owned()),
    }
}

fn change(each: &Discrepancy) -> Change {
    Change {
        attribute: word(&each.attribute),
        before: word(&each.found),
        after: word(&each.expected),
        // A plan goes from what is there to what is declared.
        difference: each
            .texts
            .as_ref()
            .map(|(expected, found)| crate::kind::difference(found, expected)),
    }
}

fn reason(
    applied: Option<&LastApplied>,
    wrong: &[Discrepancy],
    observed: &Observed,
    moved: bool,
) -> Cow<'static, str> {
    let attributes: Vec<&str> = wrong.iter().map(|each| each.attribute.as_str()).collect();
    match applied {
        _ if moved => "its place changed".into(),
        None if observed.is_there() => format!(
            "{} differs from the definition",
            evenkeel_model::text::list(&attributes, "and")
        )
        .into(),
        None => "not there yet".into(),
        Some(applied) if applied.unchanged && observed.is_there() => format!(
            "{} changed by hand since {}",
            evenkeel_model::text::list(&attributes, "and"),
            applied.apply
        )
        .into(),
        Some(applied) if applied.unchanged => format!("gone since {}", applied.apply).into(),
        Some(applied) if observed.is_there() => {
            let by_hand = applied.declared.compare(observed);
            let by_hand: Vec<&str> = by_hand.iter().map(|it| it.attribute.as_str()).collect();
            let defined: Vec<&str> = attributes
                .into_iter()
                .filter(|attribute| !by_hand.contains(attribute))
                .collect();
            let defined = if defined.is_empty() {
                "the definition changed".to_owned()
            } else {
                format!(
                    "{} changed in the definition",
                    evenkeel_model::text::list(&defined, "and")
                )
            };
            if by_hand.is_empty() {
                defined.into()
            } else {
                format!(
                    "{defined}; {} changed by hand since {}, and that is overwritten",
                    evenkeel_model::text::list(&by_hand, "and"),
                    applied.apply
                )
                .into()
            }
        }
        Some(applied) => format!("gone since {}", applied.apply).into(),
    }
}

/// What a step brings about, in any environment with this recipe: the resource, and its symbolic definition.
fn shape(address: &Address, symbolic: Option<&Digest>) -> Digest {
    Digest::of_record("evenkeel shape 1", &(address, symbolic))
}

/// Restarts what must restart because something it restarts on has a step, although nothing about it differs.
fn restarts<'a>(
    situation: &Situation<'_>,
    instances: &'a edges::Instances<'a>,
    recipe: &Recipe,
    drafts: &mut BTreeMap<&'a Instance, Step>,
    unchanged: &mut usize,
) {
    for (instance, resource) in instances {
        let restarts_on = resource.declared.restarts_on();
        if restarts_on.is_empty()
            || drafts
                .get(instance)
                .is_some_and(|step| step.verb != Verb::Record)
        {
            continue;
        }
        let causes: Vec<String> = restarts_on
            .into_iter()
            .filter(|other| {
                Address::parse(other).is_some_and(|other| {
                    edges::all_of(instances, &other).any(|other| {
                        drafts
                            .get(other)
                            .is_some_and(|step| step.verb != Verb::Record)
                    })
                })
            })
            .collect();
        let Some(Observation::Seen(observed)) = situation.seen.get(instance) else {
            continue;
        };
        if causes.is_empty() {
            continue;
        }
        let actions = resource.declared.restart(observed);
        if actions.is_empty() {
            continue;
        }
        if drafts.remove(instance).is_none() {
            *unchanged = unchanged.saturating_sub(1);
        }
        drafts.insert(
            instance,
            Step {
                verb: Verb::Replace,
                reason: format!(
                    "starts anew, since {} changes",
                    evenkeel_model::text::list(&causes, "and")
                )
                .into(),
                actions,
                ..begin(instance, resource, recipe)
            },
        );
    }
}

/// Steps that remove what was applied and is declared no longer.
fn removals(situation: &Situation<'_>, steps: &mut Vec<Step>, unseen: &mut Vec<Unseen>) {
    let gone: BTreeMap<&Instance, &Declared> = situation
        .applied
        .iter()
        .filter(|(instance, applied)| {
            !applied.unchanged && !situation.resolved.resources.contains_key(&instance.address)
        })
        .map(|(instance, applied)| (instance, &applied.declared))
        .collect();
    let mut order = edges::removal(&gone);
    for (instance, declared) in gone {
        let Some(applied) = situation.applied.get(instance) else {
            continue;
        };
        let observed = match situation.left.get(instance) {
            Some(Observation::Seen(observed)) => observed,
            Some(Observation::CannotTell(reason)) => {
                unseen.push(Unseen {
                    instance: instance.clone(),
                    reason: reason.clone(),
                });
                continue;
            }
            None => continue,
        };
        let actions = declared.removal(observed);
        let exists = !actions.is_empty();
        steps.push(Step {
            instance: instance.clone(),
            on: applied.on.clone(),
            verb: Verb::Remove,
            reason: if exists {
                "declared no longer".into()
            } else {
                "declared no longer, and already gone; only to be recorded".into()
            },
            changes: Arc::new([Change {
                attribute: "presence".into(),
                before: if exists {
                    instance.address.kind().to_owned().into()
                } else {
                    "nothing".into()
                },
                after: "nothing".into(),
                difference: None,
            }]),
            actions,
            after: order.remove(instance).unwrap_or_default().into(),
            shape: shape(&instance.address, None),
            slow: declared.traits().speed == Speed::Slow,
        });
    }
    let removed: BTreeSet<Instance> = steps
        .iter()
        .filter(|step| step.verb == Verb::Remove)
        .map(|step| step.instance.clone())
        .collect();
    for step in steps.iter_mut().filter(|step| step.verb == Verb::Remove) {
        if step.after.iter().any(|other| !removed.contains(other)) {
            let after = step.after.iter().filter(|other| removed.contains(*other));
            step.after = after.cloned().collect();
        }
    }
}
