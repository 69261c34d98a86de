//! Law of the smallest unblocking set: on generated dossiers, the set opens the gate, and no smaller one does.
//!
//! The second half is an independent search: every remedy there is, in every order, up to one fewer than the set has.

use evenkeel_ledger::record::ApplyOutcome;
use evenkeel_model::defect::Corner;
use evenkeel_model::{EnvironmentName, Moment};

use super::super::stored::RULES;
use super::super::supposed::{Goal, Supposed};
use super::super::tests::{digest, finding, name, open, released};
use super::super::{
    ApprovalFact, DecisionFact, Dossier, DrillFact, EnvironmentFacts, People, ProofFacts, Remedy,
    SuiteFact, judge,
};
use super::{goal, smallest};
use crate::environment::policy::Freeze;

/// Number of generated dossiers.
const DOSSIERS: u64 = 1_000;

/// Generator with a fixed seed: splitmix64.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    /// Whether an event of one in `several` happens.
    fn one_in(&mut self, several: u64) -> bool {
        self.below(several) == 0
    }
}

fn change(
    dossier: &mut Dossier,
    name: &EnvironmentName,
    change: impl FnOnce(&mut EnvironmentFacts),
) {
    if let Some(facts) = dossier.environments.get_mut(name) {
        change(facts);
    }
}

fn reject(dossier: &mut Dossier, by: &str, sequence: u64) {
    dossier.decisions.push(DecisionFact {
        withdraws: false,
        by: by.into(),
        plan: dossier.release.plan,
        at: dossier.at,
        reason: "slow".into(),
        sequence,
        signed: None,
    });
}

type Fault = fn(&mut Dossier, &mut Chance);

/// Faults of every rule.
const FAULTS: &[Fault] = &[
    |it, _| it.ledger.broken = Some("broken at 3".into()),
    |it, _| it.ledger.entries = None,
    |it, _| it.ledger.entries = Some(0),
    |it, _| it.ledger.unproven = Some("head is missing".into()),
    |it, _| it.origin.commit = None,
    |it, _| it.origin.dirty = true,
    |it, _| it.parity = vec![finding(Corner::Pending, false)],
    |it, _| {
        if let Some(released) = &mut it.released {
            released.is_older = true;
        }
    },
    |it, _| it.place = Some("others".into()),
    |it, _| {
        it.path.reverse();
        it.production = it.path.last().cloned().unwrap();
    },
    |it, _| it.path = vec![name("production")],
    |it, _| {
        if let Some(released) = &mut it.released {
            released.environments.insert(name("elsewhere"));
            released.environments.remove(&name("production"));
        }
    },
    |it, chance| {
        let which = pick(it, chance);
        it.environments.remove(&which);
    },
    |it, chance| {
        let which = pick(it, chance);
        change(it, &which, |facts| {
            (facts.declared, facts.observed) = (0, 0);
        });
    },
    |it, chance| {
        let which = pick(it, chance);
        change(it, &which, |facts| {
            facts.observed = 9;
            facts.observation = None;
        });
    },
    |it, chance| {
        let which = pick(it, chance);
        change(it, &which, |facts| facts.observation = None);
    },
    // Below what an apply needs, and enough for the policy.
    |it, chance| {
        let which = pick(it, chance);
        it.policy.observed = 0.5;
        change(it, &which, |facts| {
            facts.observed = 9;
            facts.observation = None;
        });
    },
    |it, chance| {
        let corner = [Corner::ChangedOutside, Corner::Unmanaged, Corner::Pending];
        let corner = corner[usize::try_from(chance.below(3)).unwrap()];
        let which = it.path.first().cloned().unwrap();
        change(it, &which, |facts| facts.drift.push(finding(corner, false)));
    },
    |it, chance| {
        let which = pick(it, chance);
        change(it, &which, |facts| {
            let mut unread = finding(Corner::Unmanaged, false);
            unread.code = "live/cannot-tell".into();
            unread.corner = None;
            facts.drift.push(unread);
        });
    },
    |it, _| {
        let which = it.path.first().cloned().unwrap();
        change(it, &which, |facts| facts.steps = 2);
    },
    |it, _| {
        let which = it.production.clone();
        change(it, &which, |facts| {
            facts.drift.push(finding(Corner::Unmanaged, false));
        });
    },
    |it, _| {
        it.release.already = true;
        let which = it.production.clone();
        change(it, &which, |facts| {
            facts.drift.push(finding(Corner::ChangedOutside, true));
        });
    },
    |it, _| it.release.already = true,
    |it, _| it.release.steps.clear(),
    |it, _| it.proofs.clear(),
    |it, chance| {
        let outcome = [
            None,
            Some(ApplyOutcome::Failed),
            Some(ApplyOutcome::Unknown),
        ];
        let outcome = outcome[usize::try_from(chance.below(3)).unwrap()];
        it.proofs
            .values_mut()
            .for_each(|proof| proof.last = outcome);
    },
    |it, _| it.proofs.values_mut().for_each(|proof| proof.open = 1),
    |it, _| {
        it.proofs
            .values_mut()
            .for_each(|proof| proof.recipe = Some(digest("other")));
    },
    |it, _| {
        let which = it.path.first().cloned().unwrap();
        change(it, &which, |facts| facts.recipe = digest("other"));
    },
    |it, _| it.evidence.clear(),
    |it, _| it.suites.clear(),
    |it, _| it.policy.require.push("e2e".into()),
    |it, _| it.evidence.iter_mut().for_each(|each| each.passed = false),
    |it, _| it.evidence.iter_mut().for_each(|each| each.cases = (0, 0)),
    |it, _| {
        it.evidence
            .iter_mut()
            .for_each(|each| each.bound.artifacts.clear());
    },
    |it, _| {
        it.evidence
            .iter_mut()
            .for_each(|each| each.bound.suite = digest("other"));
    },
    |it, _| {
        it.evidence
            .iter_mut()
            .for_each(|each| each.ended = Moment::from_millisecond(1));
    },
    |it, _| {
        it.evidence
            .iter_mut()
            .for_each(|each| each.undisturbed = false);
    },
    |it, _| it.policy.evidence_max_age = 0,
    |it, _| it.release.steps.iter_mut().for_each(|step| step.2 = false),
    |it, chance| {
        let at = it.at.as_millisecond();
        let hours = i64::try_from(chance.below(60)).unwrap();
        it.policy.freeze = vec![
            Freeze {
                from: Moment::from_millisecond(0),
                until: Moment::from_millisecond(at + 3_600_000),
                reason: "holidays".into(),
            },
            Freeze {
                from: Moment::from_millisecond(at - 3_600_000 * (hours % 2)),
                until: Moment::from_millisecond(at + 3_600_000 * hours),
                reason: "audit".into(),
            },
        ];
    },
    |it, _| it.policy.drill = Some(86_400),
    |it, _| {
        it.policy.drill = Some(3_600);
        it.drill = Some(DrillFact {
            at: it.at,
            passed: true,
            rules: RULES,
        });
    },
    |it, _| reject(it, "bob", 7),
    |it, _| {
        reject(it, "carol", 8);
        reject(it, "dave", 9);
    },
    |it, _| it.approvals.clear(),
    |it, _| it.policy.approvals = 2,
    |it, _| it.policy.approvals = 3,
    |it, _| {
        it.approvals
            .iter_mut()
            .for_each(|each| each.plan = digest("other"));
    },
    |it, _| it.policy.evidence_max_age += 1,
    |it, _| {
        if let Some(demands) = it.released.as_mut().and_then(|it| it.demands.as_mut()) {
            demands.policy.approvals = 2;
        }
    },
    |it, _| {
        if let Some(released) = &mut it.released {
            released.demands = None;
        }
    },
    // No command helps.
    |it, chance| {
        if chance.one_in(8) {
            it.policy.observed = f64::NAN;
        }
    },
];

fn pick(dossier: &Dossier, chance: &mut Chance) -> EnvironmentName {
    let at = usize::try_from(chance.below(u64::try_from(dossier.path.len()).unwrap())).unwrap();
    dossier.path[at].clone()
}

/// Returns a dossier with faults; some have two environments before production.
fn generated(number: u64) -> Dossier {
    let mut chance = Chance(number);
    let mut dossier = if chance.one_in(2) { open() } else { released() };
    if chance.one_in(3) {
        let dev = name("dev");
        dossier.path.insert(0, dev.clone());
        let staging = dossier.environments[&name("staging")].clone();
        dossier.environments.insert(dev.clone(), staging);
        dossier.proofs.insert(
            dev.clone(),
            ProofFacts {
                recipe: Some(digest("recipe")),
                last: Some(ApplyOutcome::Done),
                open: 0,
            },
        );
        let suite = SuiteFact {
            name: "smoke".into(),
            kind: "smoke".into(),
            digest: digest("suite"),
        };
        dossier.suites.insert(dev, vec![suite]);
    }
    if chance.one_in(4) {
        dossier.approvals.push(ApprovalFact {
            by: "erin".into(),
            plan: dossier.release.plan,
            evidence: dossier.evidence_digest,
            at: dossier.at,
            reason: "seen".into(),
            sequence: Some(3),
            signed: None,
        });
    }
    // Each fault by itself first, then up to six together.
    let all = u64::try_from(FAULTS.len()).unwrap();
    if number < all {
        FAULTS[usize::try_from(number).unwrap()](&mut dossier, &mut chance);
    } else {
        for _ in 0..=chance.below(6) {
            let fault = FAULTS[usize::try_from(chance.below(all)).unwrap()];
            fault(&mut dossier, &mut chance);
        }
    }
    dossier
}

/// Returns every remedy for a dossier, without regard to its reasons.
fn all_remedies(dossier: &Dossier) -> Vec<Remedy> {
    let plan = dossier.release.plan.short();
    let mut all = vec![
        Remedy::RestoreLedger,
        Remedy::ProveLedger,
        Remedy::UseDirectory("environments".into()),
        Remedy::Revert,
        Remedy::AddEnvironment,
        Remedy::FixDifferences,
        Remedy::CommitFirst,
        Remedy::Commit,
        Remedy::Deliver,
        Remedy::Drill,
        Remedy::Wait(dossier.policy.end_of_freezes(dossier.at)),
    ];
    let mut names = dossier.path.clone();
    names.extend(["production", "elsewhere", "staging"].map(name));
    names.sort();
    names.dedup();
    for name in names {
        all.extend([
            Remedy::WriteLast(name.clone()),
            Remedy::DeclareResource(name.clone()),
            Remedy::MakeReadable(name.clone()),
            Remedy::SettleByHand(name.clone()),
            Remedy::Repair(name.clone(), None),
            Remedy::Repair(name.clone(), Some("abc".into())),
            Remedy::UndoSteps(name.clone()),
            Remedy::Verify(name),
        ]);
    }
    all.extend(
        dossier
            .policy
            .require
            .iter()
            .cloned()
            .map(Remedy::DeclareSuite),
    );
    for by in ["alice", "bob", "carol", "dave", "erin"] {
        let (plan, by) = (plan.clone(), by.to_owned());
        all.push(Remedy::Withdraw { plan, by });
    }
    all.extend((1..=4).map(|number| Remedy::Approve {
        plan: plan.clone(),
        number,
    }));
    all
}

/// Returns a sequence of at most `most` remedies that reaches the goal, if there is one.
fn sequence(start: &Supposed, goal: Goal, all: &[Remedy], most: usize) -> Option<Vec<Remedy>> {
    let mut states = vec![(start.clone(), Vec::new())];
    let mut edge = 0..1;
    for _ in 0..most {
        let before = states.len();
        for at in edge {
            let (state, followed) = states[at].clone();
            for remedy in all {
                let Some(after) = state.apply(remedy) else {
                    continue;
                };
                if states.iter().any(|(known, _)| *known == after) {
                    continue;
                }
                let followed = [&followed[..], std::slice::from_ref(remedy)].concat();
                if after.blocking(goal).is_empty() {
                    return Some(followed);
                }
                states.push((after, followed));
            }
        }
        edge = before..states.len();
    }
    None
}

#[test]
fn the_set_opens_the_gate_and_no_smaller_one_does() {
    let (mut shut, mut without, mut sizes) = (0, 0, vec![0; 17]);
    for number in 0..DOSSIERS {
        let dossier = generated(number);
        let verdict = judge(&dossier);
        assert_eq!(verdict.open, verdict.remedies.is_empty(), "{number}");
        if verdict.open {
            continue;
        }
        shut += 1;
        let start = Supposed::new(&dossier, People::of(&dossier));
        let goal = goal(&start);
        let all = all_remedies(&dossier);
        let Some(set) = smallest(&start) else {
            without += 1;
            let way = sequence(&start, goal, &all, 4);
            assert!(way.is_none(), "{number}: {way:?}: {:?}", verdict.reasons);
            continue;
        };
        // Followed one by one: each has an effect, and after the last one the gate is open.
        let mut facts = start.clone();
        for remedy in &set {
            facts = facts
                .apply(remedy)
                .unwrap_or_else(|| panic!("{number}: {remedy:?} of {set:?}"));
        }
        let left = facts.blocking(goal);
        assert!(left.is_empty(), "{number}: {set:?}: {left:?}");
        let fewer = sequence(&start, goal, &all, set.len() - 1);
        assert!(
            fewer.is_none(),
            "{number}: {set:?}, but also {fewer:?}: {:?}",
            verdict.reasons
        );
        sizes[set.len()] += 1;
    }
    println!("{DOSSIERS} dossiers: {shut} shut, {without} without a way, sizes {sizes:?}");
    assert!(shut > 900, "{shut}");
    assert!(without < 150, "{without}");
}

/// The compact facts give the same results as the dossier.
#[test]
fn the_compact_facts_are_shut_by_the_same_rules() {
    for number in 0..DOSSIERS {
        let dossier = generated(number);
        let codes = |reasons: Vec<super::Reason>| {
            let mut codes: Vec<String> = reasons.into_iter().map(|it| it.code).collect();
            codes.dedup();
            codes
        };
        let start = Supposed::new(&dossier, People::of(&dossier));
        assert_eq!(
            codes(judge(&dossier).reasons),
            codes(start.blocking(Goal::Open)),
            "{number}"
        );
    }
}
