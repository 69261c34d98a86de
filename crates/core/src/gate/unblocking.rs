//! Smallest unblocking set: the fewest commands that open a shut gate, in the order in which they are run.
//!
//! A search over the remedies that the reasons name. A reason disappears only by one of few remedies (`ways`), so a set
//! that opens the gate has one of them for each reason that is left: each node of the search follows the remedies
//! chosen so far, takes one reason that is left, and tries its ways. The depth grows by one, so the first set found is a
//! smallest one; among those of one size, the remedy that a rule names itself comes first.

use std::collections::BTreeSet;

use super::supposed::{Goal, Supposed};
use super::{DEFINITIONS, Dossier, People, Reason, Remedy};

/// Largest set that is searched for. The longest known takes ten.
const LARGEST: usize = 16;

/// Largest number of sets that are tried, so that no dossier makes the gate slow.
const TRIES: usize = 3_000;

/// Returns the smallest set of remedies that opens the gate, one line each; none if it is open. Where no remedy helps,
/// it is the remedy of each reason.
pub(super) fn lines(dossier: &Dossier, people: People, reasons: &[Reason]) -> Vec<String> {
    if reasons.is_empty() {
        return Vec::new();
    }
    let start = Supposed::new(dossier, people);
    let remedies = smallest(&start).unwrap_or_else(|| {
        let named: BTreeSet<&Remedy> = reasons.iter().map(|reason| &reason.remedy).collect();
        named.into_iter().cloned().collect()
    });
    let plan = dossier.release.plan.short();
    let shows = if remedies.contains(&Remedy::Deliver) {
        "evenkeel deliver".to_owned()
    } else {
        format!("evenkeel plan {}", dossier.production)
    };
    let line = |remedy: &Remedy| match remedy {
        // The judged plan is not the one to approve then.
        Remedy::Approve { plan: then, number } if *then != plan => format!(
            "approve the plan that `{shows}` shows then{}",
            if *number == 1 {
                ""
            } else {
                ", as another person"
            }
        ),
        _ => remedy.line(),
    };
    remedies.iter().map(line).collect()
}

/// Returns the weakest goal that the facts do not reach yet.
pub(super) fn goal(start: &Supposed) -> Goal {
    let goals = [Goal::Release, Goal::Delivery];
    let is_blocked = |goal: &Goal| !start.blocking(*goal).is_empty();
    goals.into_iter().find(is_blocked).unwrap_or(Goal::Open)
}

/// Returns a smallest set of remedies that opens the gate, in order; `None` if there is none.
pub(super) fn smallest(start: &Supposed) -> Option<Vec<Remedy>> {
    smallest_for(start, goal(start))
}

/// Returns a smallest set of remedies that reaches a goal, in order; `None` if there is none.
pub(super) fn smallest_for(start: &Supposed, goal: Goal) -> Option<Vec<Remedy>> {
    let mut search = Search {
        start,
        goal,
        tries: TRIES,
    };
    for size in 0..=LARGEST {
        let mut seen = BTreeSet::new();
        let found = search.extend(&mut BTreeSet::new(), size, &mut seen);
        if found.is_some() {
            return found;
        }
        // No set of this size was cut off: larger ones have no other way either.
        if search.tries == 0 || seen.iter().all(|set: &BTreeSet<Remedy>| set.len() < size) {
            return None;
        }
    }
    None
}

struct Search<'a> {
    start: &'a Supposed,
    goal: Goal,
    tries: usize,
}

impl Search<'_> {
    /// Returns a set with the chosen remedies and at most `left` more that reaches the goal.
    fn extend(
        &mut self,
        chosen: &mut BTreeSet<Remedy>,
        left: usize,
        seen: &mut BTreeSet<BTreeSet<Remedy>>,
    ) -> Option<Vec<Remedy>> {
        if self.tries == 0 || !seen.insert(chosen.clone()) {
            return None;
        }
        self.tries -= 1;
        let after = follow(self.start, &*chosen);
        let reasons = after.blocking(self.goal);
        if reasons.is_empty() {
            return Some(chosen.iter().cloned().collect());
        }
        if left == 0 {
            return None;
        }
        // A chosen remedy that has no effect yet waits for that of another reason.
        let open = |reason: &&Reason| {
            let mut ways = ways(reason, &reasons, &after).into_iter();
            ways.any(|way| !chosen.contains(&way))
        };
        let reason = reasons
            .iter()
            .filter(open)
            .min_by_key(|reason| rank(reason))?;
        for way in ways(reason, &reasons, &after) {
            if !chosen.insert(way.clone()) {
                continue;
            }
            let found = self.extend(chosen, left - 1, seen);
            if found.is_some() {
                return found;
            }
            chosen.remove(&way);
        }
        None
    }
}

/// Returns the facts after remedies, in their order.
pub(super) fn follow<'r>(
    start: &Supposed,
    remedies: impl IntoIterator<Item = &'r Remedy>,
) -> Supposed {
    let mut facts = start.clone();
    for remedy in remedies {
        if let Some(after) = facts.apply(remedy) {
            facts = after;
        }
    }
    facts
}

/// Returns the rank of a reason to decide about. Definitions come first, since other definitions make a release
/// necessary; then a repair, after which nothing is left to release: both decide whether other reasons count.
fn rank(reason: &Reason) -> u8 {
    match &reason.remedy {
        _ if DEFINITIONS.contains(&&*reason.code) => 0,
        Remedy::DeclareResource(_) => 0,
        Remedy::Repair(..) => 1,
        _ => 2,
    }
}

/// Returns the remedies of which at least one is in every set that resolves a reason. The rule's own comes first.
fn ways(reason: &Reason, reasons: &[Reason], after: &Supposed) -> Vec<Remedy> {
    let mut ways = vec![reason.remedy.clone()];
    let dossier = &after.dossier;
    match &reason.remedy {
        Remedy::Deliver | Remedy::Verify(_) => {
            let last = dossier.before_production().last().cloned();
            ways.push(Remedy::Deliver);
            match &*reason.code {
                "gate/suite-not-passed" | "gate/evidence-stale" | "gate/freeze" => {
                    ways.extend(last.map(Remedy::Verify));
                }
                "gate/not-rehearsed" => ways.extend(last.map(Remedy::UndoSteps)),
                _ => {}
            }
            // Both need a complete observation.
            let before = dossier.before_production().cloned();
            ways.extend(before.map(Remedy::MakeReadable));
            ways.retain(|way| {
                let is_condition = matches!(way, Remedy::MakeReadable(_) | Remedy::UndoSteps(_));
                !is_condition || after.apply(way).is_some()
            });
        }
        // With other definitions, the release repairs it.
        Remedy::Repair(..) => {
            let named = reasons.iter().map(|reason| &reason.remedy);
            ways.extend(named.filter(|remedy| remedy.is_edit()).cloned());
        }
        // The next person.
        Remedy::Approve { plan, .. } => {
            let most = dossier.policy.approvals.max(1)
                + dossier
                    .released
                    .as_ref()
                    .and_then(|released| released.demands.as_ref())
                    .map_or(0, |demands| demands.policy.approvals);
            ways = (1..=most.min(LARGEST))
                .map(|number| Remedy::Approve {
                    plan: plan.clone(),
                    number,
                })
                .collect();
        }
        _ => {}
    }
    ways
}

#[cfg(test)]
mod tests;
