//! Planning: the step of each resource from its observed state to its definition.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::document::{Change, FORMAT, Plan, Step, Unseen};
use super::{Recipe, binding, edges, order, removals, risk, text};
use crate::environment::ResolvedResource;
use crate::kind::{ChangeMode, Declared, Discrepancy, Observation, Observed, RemovalOrder, Speed};
use crate::observe::{Handover, LastApplied, Situation};
use evenkeel_host::Action;
use evenkeel_ledger::record::Verb;
use evenkeel_model::{Address, Digest, Instance, Parts, beside};

/// The digests of a situation that a plan is bound to.
#[derive(Debug)]
pub struct Digests {
    /// The digest of all observations; `None` when a resource could not be read.
    observation: Option<Digest>,
    /// The digest of each observation.
    observed: BTreeMap<Instance, Digest>,
    /// The digest of what was last applied.
    applied: Digest,
}

impl Digests {
    /// Computes the digests of a situation. Independent of the recipe, so that both can be computed at once.
    #[must_use]
    pub fn of(situation: &Situation<'_>) -> Self {
        let ((observation, observed), applied) = rayon::join(
            || situation.digests(),
            || applied_digest(&situation.applied),
        );
        Self {
            observation,
            observed,
            applied,
        }
    }
}

/// Makes the plan of one environment.
#[must_use]
pub fn make(
    situation: &Situation<'_>,
    recipe: &Recipe,
    digests: Digests,
    (definitions, requirements): (Digest, Digest),
    system: &str,
    lineage: &str,
    tool: &str,
) -> Plan {
    let resolved = situation.resolved;
    let handover = Handover::of(situation);
    let inputs = Inputs {
        situation,
        handover: &handover,
        recipe,
    };
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
                match step(&inputs, instance, (resource, applied), observed) {
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
                reason: "not observed".into(),
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
    removals::add(situation, &handover, &mut steps, &mut unseen);
    order::order(situation, &handover, &mut steps);
    risk::mark(resolved, &mut steps);
    Plan {
        format: FORMAT,
        tool: tool.to_owned(),
        system: system.to_owned(),
        lineage: lineage.to_owned(),
        environment: resolved.name.clone(),
        recipe: recipe.digest,
        binding: binding(resolved),
        definitions,
        requirements: Some(requirements),
        observation: digests.observation,
        applied: digests.applied,
        steps,
        unchanged,
        unseen,
        observed: digests.observed,
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

/// Inputs of every step.
struct Inputs<'a> {
    situation: &'a Situation<'a>,
    handover: &'a Handover<'a>,
    recipe: &'a Recipe,
}

/// Returns the step that brings one resource to its definition; `None` if it is in sync and recorded.
fn step(
    inputs: &Inputs<'_>,
    instance: &Instance,
    (resource, applied): (&ResolvedResource, Option<&LastApplied>),
    observed: &Observed,
) -> Result<Option<Step>, String> {
    let declared = &resource.declared;
    let wrong = declared.compare(observed);
    let former = inputs.handover.leaving(instance);
    let predecessor = match applied {
        None => inputs.handover.predecessor(instance),
        Some(_) => None,
    };
    if wrong.is_empty()
        && former.is_none()
        && applied.is_some_and(|applied| applied.unchanged)
        && !inputs.situation.open.contains_key(instance)
    {
        return Ok(None);
    }
    let mut step = begin(instance, resource, inputs.recipe);
    let mut changes: Vec<Change> = wrong.iter().map(change).collect();
    let mut is_left_behind = false;
    let mut stop = Vec::new();
    for leaving in former.into_iter().chain(predecessor) {
        let applied = &leaving.applied.declared;
        if leaving.holder.is_none() {
            match leaving.left {
                Observation::Seen(left) => {
                    let removal = applied.removal(left);
                    is_left_behind |= !removal.is_empty();
                    // A process is stopped by the step that starts it elsewhere.
                    if leaving.is_former_place && leaving.goes_first() {
                        stop = removal;
                    }
                }
                Observation::CannotTell(reason) => return Err(reason.clone()),
            }
        }
        let has_moved = applied.place() != declared.place();
        if has_moved && (is_left_behind || leaving.holder.is_some()) {
            let place = |declared: &Declared| declared.place().to_owned().into();
            changes.push(Change {
                attribute: "path".into(),
                before: place(applied),
                after: place(declared),
                difference: None,
            });
        }
    }
    if wrong.is_empty() && stop.is_empty() {
        let open = inputs.situation.open.get(instance);
        if applied.is_some_and(|applied| applied.unchanged) && open.is_none() {
            return Ok(None);
        }
        step.reason = match (predecessor, applied, open) {
            (Some(predecessor), _, _) => text::moved_unchanged(predecessor.instance),
            (_, Some(applied), Some(apply)) if applied.unchanged => text::unrecorded(apply),
            (_, applied, _) => text::already_matches(applied.is_some()),
        }
        .into();
        if open.is_some() {
            step.actions = declared.settle(observed);
        }
        step.changes = changes.into();
        return Ok(Some(step));
    }
    if let Some((predecessor, action)) =
        predecessor.and_then(|leaving| Some((leaving, leaving.goes_on.clone()?)))
    {
        step.reason = text::keeps_running(predecessor.instance).into();
        step.actions = vec![action];
        changes.retain(|change| change.attribute != "presence");
        step.changes = changes.into();
        return Ok(Some(step));
    }
    let (remedy, replaced) = remedy(inputs, instance, declared, observed);
    step.verb = if is_left_behind || !replaced.is_empty() {
        Verb::Replace
    } else if !observed.is_there() {
        Verb::Create
    } else if declared.traits().change == ChangeMode::Replace {
        Verb::Replace
    } else {
        Verb::Update
    };
    let known = applied.or(predecessor.map(|predecessor| predecessor.applied));
    let failed = inputs.situation.failed.get(instance);
    step.reason = if let Some(why) = observed.unknown() {
        text::unknown(why).into()
    } else if let (Some(failed), true) = (failed, known.is_some_and(|it| it.unchanged)) {
        text::failed(&failed.apply).into()
    } else if replaced.is_empty() {
        reason(
            known,
            &wrong,
            observed,
            is_left_behind,
            !declared.traits().ends_by_itself.is_empty(),
        )
    } else {
        text::replaces(&replaced).into()
    };
    if let Some(predecessor) = predecessor {
        step.reason = text::with_move(&step.reason, predecessor.instance).into();
    }
    step.actions = if stop.is_empty() {
        remedy
    } else {
        // Exact capacity: there may be as many steps as resources.
        [stop, remedy].concat()
    };
    step.changes = changes.into();
    Ok(Some(step))
}

/// Returns the actions that repair a resource. If an applied resource of another kind still exists at its place, and
/// one action cannot exchange both, that is removed first; its name is returned as well.
fn remedy(
    inputs: &Inputs<'_>,
    instance: &Instance,
    declared: &Declared,
    observed: &Observed,
) -> (Vec<Action>, Vec<String>) {
    let mut actions = Vec::new();
    let mut replaced = Vec::new();
    for leaving in inputs.handover.taken_by(instance) {
        let applied = &leaving.applied.declared;
        // A running program continues with existing files, such as a log.
        let runs = declared.traits().removal == RemovalOrder::First;
        let is_exchanged = !applied.traits().is_container
            && !declared.traits().is_container
            && applied.uses().is_empty()
            && applied.place() == declared.place()
            || runs;
        let is_same = applied.is_same_kind(declared);
        if let Some(standing) = leaving.standing().filter(|_| !is_exchanged && !is_same) {
            actions.extend(applied.removal(standing));
            replaced.push(leaving.instance.to_string());
        }
    }
    if replaced.is_empty() {
        return (declared.remedy(observed), replaced);
    }
    actions.extend(declared.remedy(&declared.nothing()));
    (actions, replaced)
}

/// Returns a step with the fields of every step.
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
        risky: false,
        successor: None,
    }
}

/// Static words of most new resources' changes, which need no allocation.
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
        // A plan goes from the observed state to the definition.
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
    by_itself: bool,
) -> Cow<'static, str> {
    let attributes: Vec<&str> = wrong.iter().map(|each| each.attribute.as_str()).collect();
    match applied {
        _ if moved => text::PATH_CHANGED.into(),
        None if observed.is_there() => text::differs(&attributes).into(),
        None => "".into(),
        Some(applied) if applied.unchanged && observed.is_there() => {
            text::changed_outside(&attributes, &applied.apply).into()
        }
        Some(applied) if observed.is_there() => {
            let outside = applied.declared.compare(observed);
            let outside: Vec<&str> = outside.iter().map(|it| it.attribute.as_str()).collect();
            let defined: Vec<&str> = attributes
                .into_iter()
                .filter(|attribute| !outside.contains(attribute))
                .collect();
            let defined = text::changed_in_definition(&defined);
            if outside.is_empty() {
                defined.into()
            } else {
                text::with_overwritten(defined, &outside, &applied.apply).into()
            }
        }
        Some(applied) => text::gone(by_itself, &applied.apply).into(),
    }
}

/// Returns the digest of a step's result in any environment with this recipe: the resource, and its symbolic
/// definition.
pub(crate) fn shape(address: &Address, symbolic: Option<&Digest>) -> Digest {
    Digest::of_record("evenkeel shape 1", &(address, symbolic))
}

/// Adds restarts and reloads of unchanged resources whose `restart-on` or `reload-on` names a resource with a step.
fn restarts<'a>(
    situation: &Situation<'_>,
    instances: &'a edges::Instances<'a>,
    recipe: &Recipe,
    drafts: &mut BTreeMap<&'a Instance, Step>,
    unchanged: &mut usize,
) {
    for (instance, resource) in instances {
        let declared = &resource.declared;
        let (restarts_on, reloads_on) = (declared.restarts_on(), declared.reloads_on());
        if restarts_on.is_empty() && reloads_on.is_empty() {
            continue;
        }
        let has_step = drafts
            .get(instance)
            .is_some_and(|step| step.verb != Verb::Record);
        // The step of a kind that is replaced starts it again in any case.
        if has_step && declared.traits().change == ChangeMode::Replace {
            continue;
        }
        let changed = |others: Vec<String>| -> Vec<String> {
            others
                .into_iter()
                .filter(|other| {
                    Address::parse(other).is_some_and(|other| {
                        let near = edges::beside(instances, (instance, resource), &other);
                        near.iter().any(|(other, _)| {
                            drafts
                                .get(other)
                                .is_some_and(|step| step.verb != Verb::Record)
                        })
                    })
                })
                .collect()
        };
        let Some(Observation::Seen(observed)) = situation.seen.get(instance) else {
            continue;
        };
        let causes = changed(restarts_on);
        let (verb, causes, actions) = if causes.is_empty() {
            let causes = changed(reloads_on);
            if causes.is_empty() {
                continue;
            }
            (Verb::Update, causes, declared.reload(observed))
        } else {
            (Verb::Replace, causes, declared.restart(observed))
        };
        if actions.is_empty() {
            continue;
        }
        if has_step {
            // Its actions repair it as well.
            if let Some(step) = drafts.get_mut(instance) {
                step.actions = actions;
            }
            continue;
        }
        if drafts.remove(instance).is_none() {
            *unchanged = unchanged.saturating_sub(1);
        }
        drafts.insert(
            instance,
            Step {
                verb,
                reason: format!(
                    "{} {}",
                    evenkeel_model::text::list(&causes, "and"),
                    if causes.len() == 1 {
                        "changes"
                    } else {
                        "change"
                    }
                )
                .into(),
                actions,
                ..begin(instance, resource, recipe)
            },
        );
    }
}
