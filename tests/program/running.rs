//! Completeness and precision of live drift: the seeded measure, kind by kind.
//!
//! Some things of applied worlds are changed outside evenkeel, declared or not; findings must equal the changes, by
//! address and attribute. Irrelevant changes are not drift.

use std::collections::{BTreeMap, BTreeSet};

use evenkeel::operation::{self, DriftRequest};

use super::injected::Chance;
use super::inside::{Inside, code, expect};
use super::tampering::{SECRET, Tampering, tamperings, watched};

/// Returns `address attribute` of all findings in staging, with the exit code.
fn reported(inside: &Inside) -> (u8, BTreeSet<String>) {
    let request = DriftRequest {
        environments: vec!["staging".into()],
        live_only: true,
        ..DriftRequest::default()
    };
    let outcome = inside.with(|world, location| operation::drift(world, location, &request));
    let code = code(&outcome);
    let report = outcome.unwrap();
    let text = serde_json::to_string(&report).unwrap();
    assert!(!text.contains(SECRET), "{text}");
    let findings: Vec<String> = report
        .findings
        .iter()
        .map(|finding| {
            assert_eq!(finding.environment.as_deref(), Some("staging"));
            let kind = finding.subject.split('.').next().unwrap();
            let area = finding.code.split('/').next().unwrap();
            assert!(
                area == kind || finding.code == "live/unmanaged",
                "{}",
                finding.code
            );
            let attribute = finding.attribute.as_deref().unwrap_or("");
            format!("{} {attribute}", finding.subject)
        })
        .collect();
    let set: BTreeSet<String> = findings.iter().cloned().collect();
    assert_eq!(set.len(), findings.len(), "reported twice: {findings:?}");
    (code, set)
}

/// Returns some compatible changes: no two of a resource that is removed.
fn some<'a>(chance: &mut Chance, all: &'a [Tampering]) -> Vec<&'a Tampering> {
    let mut order: Vec<&Tampering> = all.iter().collect();
    chance.shuffle(&mut order);
    let wanted = 1 + chance.below(12);
    let mut touched: BTreeMap<&str, bool> = BTreeMap::new();
    let mut chosen = Vec::new();
    for tampering in order {
        if chosen.len() == wanted {
            break;
        }
        let is_free = match touched.get(tampering.address) {
            None => true,
            Some(whole) => !whole && !tampering.whole,
        };
        if is_free {
            touched.insert(tampering.address, tampering.whole);
            chosen.push(tampering);
        }
    }
    chosen
}

#[test]
fn each_change_alone_is_reported_at_its_attribute_and_nothing_else() {
    let inside = watched();
    expect(0, inside.apply("staging"));
    let target = inside.target("staging");
    let whole = target.world();
    for tampering in tamperings() {
        let what = format!("{} of {}", tampering.what, tampering.address);
        for number in [0, 5] {
            target.change(|world| tampering.happen(world, number));
            let (code, reported) = reported(&inside);
            let expected: BTreeSet<String> = tampering
                .drifts
                .iter()
                .map(|attribute| format!("{} {attribute}", tampering.address))
                .collect();
            assert_eq!(reported, expected, "{what}");
            assert_eq!(code, if expected.is_empty() { 0 } else { 2 }, "{what}");
            target.change(|world| world.clone_from(&whole));
        }
    }
    assert_eq!(reported(&inside), (0, BTreeSet::new()));
}

#[test]
fn a_thousand_changes_together_are_reported_and_nothing_else() {
    let inside = watched();
    expect(0, inside.apply("staging"));
    let target = inside.target("staging");
    let whole = target.world();
    let all = tamperings();
    let (mut injected, mut harmless) = (0, 0);
    let mut kinds: BTreeSet<&str> = BTreeSet::new();
    for seed in 0..250 {
        let mut chance = Chance(seed);
        let chosen = some(&mut chance, &all);
        let mut expected = BTreeSet::new();
        for tampering in &chosen {
            let number = chance.next() % 1_000;
            target.change(|world| tampering.happen(world, number));
            match &tampering.drifts {
                Some(attribute) => {
                    expected.insert(format!("{} {attribute}", tampering.address));
                    kinds.insert(tampering.address.split('.').next().unwrap());
                }
                None => harmless += 1,
            }
        }
        injected += expected.len();
        let what: Vec<String> = chosen
            .iter()
            .map(|each| format!("{} of {}", each.what, each.address))
            .collect();
        let (code, reported) = reported(&inside);
        assert_eq!(reported, expected, "{seed}: {what:?}");
        assert_eq!(
            code,
            if expected.is_empty() { 0 } else { 2 },
            "{seed}: {what:?}"
        );
        // One apply repairs everything repairable, and then staging is clean except for unmanaged things.
        target.change(|world| world.clone_from(&whole));
    }
    assert!(injected >= 1_000, "{injected}");
    assert!(harmless >= 200, "{harmless}");
    assert_eq!(
        kinds.into_iter().collect::<Vec<_>>(),
        ["directory", "file", "installation", "link", "process"]
    );
}

#[test]
fn worlds_with_only_unmanaged_changes_are_clean() {
    let inside = watched();
    expect(0, inside.apply("staging"));
    let target = inside.target("staging");
    let whole = target.world();
    let harmless: Vec<Tampering> = tamperings()
        .into_iter()
        .filter(|tampering| tampering.drifts.is_none())
        .collect();
    assert!(harmless.len() >= 15, "{}", harmless.len());
    for seed in 0..250 {
        let mut chance = Chance(10_000 + seed);
        for tampering in some(&mut chance, &harmless) {
            let number = chance.next() % 1_000;
            target.change(|world| tampering.happen(world, number));
        }
        assert_eq!(reported(&inside), (0, BTreeSet::new()), "{seed}");
        target.change(|world| world.clone_from(&whole));
    }
}
