//! Recorded verdicts, judged again from their dossiers: by the ledger, and from a file alone.

use std::path::PathBuf;

use serde_json::Value;

use super::world::{SYSTEM, TestWorld};
use evenkeel_ledger::folder::FolderStore;
use evenkeel_ledger::{Record, Store as _, chain};
use evenkeel_model::Digest;

const STRICT: &str = "[release]\napprovals = 1\n";

/// Returns a project with a release, whose verdicts were shut once and open once.
pub fn released() -> TestWorld {
    let mut world = TestWorld::with(&SYSTEM.replace("[release]\nuncommitted = true\n", STRICT));
    // Line breaks must not depend on the length of a time.
    world.variables.insert("COLUMNS".into(), "300".into());
    world.commit();
    let document = world.json(0, &["deliver"]);
    let plan = document["verdict"]["plan"].as_str().unwrap().to_owned();
    world.expect(0, &["approve", &plan, "--reason", "x"]);
    world.expect(0, &["release"]);
    world
}

/// Returns the numbers and dossiers of all verdicts.
fn verdicts(world: &TestWorld) -> Vec<(u64, Digest)> {
    let store = FolderStore::new(&world.path(".evenkeel"));
    let ledger = store.open(None).unwrap().unwrap();
    let entries = ledger.read(0).unwrap();
    entries
        .iter()
        .filter_map(|entry| match chain::understand(entry).unwrap() {
            Some(Record::VerdictGiven(given)) => Some((entry.sequence, given.dossier)),
            _ => None,
        })
        .collect()
}

/// Returns the file of an object.
pub fn object(world: &TestWorld, digest: &Digest) -> PathBuf {
    let hex = digest.hex();
    let (drawer, name) = hex.split_at(2);
    world.path(&format!(".evenkeel/objects/{drawer}/{name}"))
}

#[test]
fn every_verdict_is_the_same_again() {
    let world = released();
    let verdicts = verdicts(&world);
    let before = world.snapshot("");
    let all = world.expect(0, &["audit", "replay", "--all"]);
    all.says(&format!(
        "REPLAYED   {} verdicts, all the same",
        verdicts.len()
    ));
    all.says("shut by gate/not-approved, as recorded");
    let document = world.json(0, &["audit", "replay"]);
    let replays = document["replays"].as_array().unwrap();
    assert_eq!(replays.len(), verdicts.len());
    for (replay, (sequence, dossier)) in replays.iter().zip(&verdicts) {
        assert_eq!(replay["entry"], *sequence);
        assert_eq!(replay["dossier"], dossier.to_string());
        assert_eq!(replay["result"], "same");
    }
    // By the number of an entry, a digest and a release; each once.
    let (sequence, dossier) = verdicts.last().unwrap();
    let (number, digest) = (sequence.to_string(), dossier.to_string());
    for names in [
        &[&*number][..],
        &[&*digest],
        &["r-1"],
        &[&digest[..15]],
        &["r-1", &*number],
    ] {
        let ran = world.expect(0, &[&["audit", "replay"][..], names].concat());
        ran.says("REPLAYED   1 verdict, all the same");
        ran.says(&format!("entry {sequence} (r-1): open, as recorded"));
    }
    for (name, says) in [
        ("1", "entry 1 is not a verdict"),
        ("r-9", "the ledger has no release `r-9`"),
        ("blake3:0000", "no verdict has a dossier `blake3:0000`"),
    ] {
        world.expect(1, &["audit", "replay", name]).says(says);
    }
    assert!(world.snapshot("") == before, "a replay changed a file");
}

#[test]
fn a_missing_or_altered_dossier_is_named() {
    let world = released();
    let verdicts = verdicts(&world);
    let (first, last) = (&verdicts[0].1, &verdicts[verdicts.len() - 1].1);
    std::fs::remove_file(object(&world, first)).unwrap();
    let path = object(&world, last);
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let ran = world.expect(7, &["audit", "replay"]);
    ran.says("BROKEN")
        .says(&format!("the dossier {first} is missing"))
        .says("is altered")
        .says(&last.hex()[2..]);
    for format in ["csv", "html", "markdown", "concise"] {
        let ran = world.expect(7, &["audit", "replay", "--format", format]);
        assert!(ran.out.contains("missing"), "{format}: {}", ran.out);
        assert!(ran.out.contains("altered"), "{format}: {}", ran.out);
    }
}

#[test]
fn a_dossier_file_needs_no_project() {
    let world = released();
    let verdicts = verdicts(&world);
    let (_, shut) = &verdicts[0];
    let text = std::fs::read_to_string(object(&world, shut)).unwrap();
    let elsewhere = TestWorld::empty();
    elsewhere.write("dossier.json", &text);
    let arguments = ["audit", "replay", "--dossier", "dossier.json"];
    let ran = elsewhere.expect(0, &arguments);
    ran.says("REPLAYED   1 verdict, all the same");
    ran.says(&shut.to_string());
    // Any change of the stored verdict, or of a fact that decides, is a difference.
    let dossier: Value = serde_json::from_str(&text).unwrap();
    type Edit = fn(&mut Value);
    let edits: &[(&str, Edit, &str)] = &[
        (
            "opened",
            |dossier| dossier["verdict"]["open"] = true.into(),
            "verdict",
        ),
        (
            "a rule holds",
            |dossier| {
                for rule in dossier["verdict"]["rules"].as_array_mut().unwrap() {
                    rule["holds"] = true.into();
                    rule["reasons"] = Value::Array(Vec::new());
                }
            },
            "gate/not-approved",
        ),
        (
            "a reason",
            |dossier| {
                for rule in dossier["verdict"]["rules"].as_array_mut().unwrap() {
                    for reason in rule["reasons"].as_array_mut().unwrap() {
                        reason["message"] = "\u{1b}[31mfine".into();
                    }
                }
            },
            "gate/not-approved",
        ),
        (
            "a rule is left out",
            |dossier| {
                dossier["verdict"]["rules"]
                    .as_array_mut()
                    .unwrap()
                    .remove(0);
            },
            "gate/ledger-broken",
        ),
        (
            "the order of rules",
            |dossier| {
                dossier["verdict"]["rules"]
                    .as_array_mut()
                    .unwrap()
                    .swap(0, 1);
            },
            "rules",
        ),
        (
            "a remedy",
            |dossier| dossier["verdict"]["remedies"] = Value::Array(Vec::new()),
            "remedies",
        ),
        (
            "a lower requirement",
            |dossier| dossier["dossier"]["policy"]["approvals"] = 0.into(),
            "verdict",
        ),
    ];
    for (what, edit, part) in edits {
        let mut edited = dossier.clone();
        edit(&mut edited);
        elsewhere.write("dossier.json", &edited.to_string());
        let ran = elsewhere.expect(7, &arguments);
        assert!(!ran.out.contains('\u{1b}'), "{what}");
        let document = elsewhere.json(7, &arguments);
        let differences = document["replays"][0]["differences"].as_array().unwrap();
        let parts: Vec<&str> = differences
            .iter()
            .map(|difference| difference["part"].as_str().unwrap())
            .collect();
        assert!(parts.contains(part), "{what}: {parts:?}");
    }
    let before = elsewhere.expect(7, &arguments);
    before.says("recorded").says("replayed");
}

#[test]
fn a_dossier_that_cannot_be_judged_is_no_difference() {
    let world = released();
    let (_, digest) = &verdicts(&world)[0];
    let text = std::fs::read_to_string(object(&world, digest)).unwrap();
    let dossier: Value = serde_json::from_str(&text).unwrap();
    type Edit = fn(&mut Value);
    let edits: &[(Edit, &str)] = &[
        (|it| it["format"] = 3.into(), "has format 3"),
        (|it| it["rules"] = 99.into(), "version 99 of the rules"),
        (
            |it| it["dossier"]["of-a-later-version"] = 1.into(),
            "it is not a dossier",
        ),
        (|it| *it = Value::Null, "it is not a dossier"),
        (|it| *it = it["dossier"].clone(), "stores no verdict"),
    ];
    let arguments = ["audit", "replay", "--dossier", "dossier.json"];
    for (edit, says) in edits {
        let mut edited = dossier.clone();
        edit(&mut edited);
        world.write("dossier.json", &edited.to_string());
        world.expect(1, &arguments).says(says);
    }
    let missing = ["audit", "replay", "--dossier", "no-such-file"];
    world.expect(1, &missing).says("cannot read no-such-file");
    world.expect(64, &["audit", "replay", "1", "--dossier", "dossier.json"]);
    TestWorld::small()
        .expect(1, &["audit", "replay"])
        .says("the ledger has no verdicts yet");
}
