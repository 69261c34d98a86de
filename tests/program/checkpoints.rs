//! Checkpoints: created, kept elsewhere, and compared with an unchanged or a changed ledger.

use std::path::Path;

use regex::Regex;
use serde_json::Value;

use super::world::{Ran, TestWorld, timeless};

/// Returns a project with some entries, and a checkpoint of it that was kept elsewhere.
fn kept() -> TestWorld {
    let mut world = TestWorld::small();
    // Line breaks must not depend on the length of a time.
    world.variables.insert("COLUMNS".into(), "300".into());
    world.expect(0, &["apply", "staging"]);
    std::fs::create_dir(world.path("kept")).unwrap();
    world
        .expect(0, &["audit", "checkpoint", "-o", "kept/first.json"])
        .says("saved to kept/first.json");
    world
}

fn document(world: &TestWorld, name: &str) -> Value {
    serde_json::from_str(&world.read(name)).unwrap()
}

/// Returns the output without parts that differ between runs.
fn even(ran: &Ran) -> String {
    let text = format!("exit {}\n{}\n--\n{}", ran.code, ran.out, ran.err);
    let mut text = timeless(&text);
    for (pattern, word) in [
        (r"blake3:[0-9a-f]{64}", "DIGEST"),
        (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "LINEAGE"),
        (r"/[^ `]*/\.evenkeel", "FOLDER"),
    ] {
        text = Regex::new(pattern).unwrap().replace_all(&text, word).into();
    }
    text
}

#[test]
fn a_checkpoint_is_one_small_document_that_proves_the_ledger_later() {
    let world = kept();
    let printed = world.expect(0, &["audit", "checkpoint"]);
    assert_eq!(printed.out, world.read("kept/first.json"));
    assert_eq!(printed.err, "");
    insta::assert_snapshot!("checkpoint", even(&printed));
    let first = document(&world, "kept/first.json");
    let report = world.json(0, &["audit", "checkpoint"]);
    assert_eq!(report["checkpoint"], first);
    // After more entries, another is kept: both are proven.
    world.write("build/app", "another\n");
    world.expect(0, &["apply", "staging"]);
    world.expect(0, &["audit", "checkpoint", "-o", "kept/second.json"]);
    let second = document(&world, "kept/second.json");
    assert_eq!(first["lineage"], second["lineage"]);
    assert!(first["sequence"].as_u64() < second["sequence"].as_u64());
    let before = world.snapshot(".evenkeel");
    let against = [
        "audit",
        "verify",
        "--against",
        "kept/first.json",
        "--against",
        "kept/second.json",
    ];
    insta::assert_snapshot!("checkpoint-proven", even(&world.expect(0, &against)));
    let report = world.json(0, &against);
    assert_eq!(report["proofs"][0]["proven"], true);
    assert_eq!(report["proofs"][0]["time"], first["time"]);
    assert_eq!(report["proofs"][1]["sequence"], second["sequence"]);
    assert_eq!(report["checkpoint"], second);
    assert_eq!(
        world.snapshot(".evenkeel"),
        before,
        "proving changes nothing"
    );
    // A copy of the head file is accepted as well.
    std::fs::copy(world.path(".evenkeel/head"), world.path("kept/head")).unwrap();
    world.expect(0, &["audit", "verify", "--against", "kept/head"]);
}

#[test]
fn a_ledger_that_was_set_back_to_an_older_copy_is_found() {
    let world = kept();
    let copy = world.path("copy");
    let copied = |from: &Path, to: &Path| {
        std::fs::create_dir_all(to).unwrap();
        for name in ["ledger.db", "head"] {
            std::fs::copy(from.join(name), to.join(name)).unwrap();
        }
    };
    let folder = world.path(".evenkeel");
    copied(&folder, &copy);
    world.write("build/app", "another\n");
    world.expect(0, &["apply", "staging"]);
    world.expect(0, &["audit", "checkpoint", "-o", "kept/second.json"]);
    copied(&copy, &folder);
    // By itself it is whole.
    world.expect(0, &["audit", "verify"]);
    let against = [
        "audit",
        "verify",
        "--against",
        "kept/first.json",
        "--against",
        "kept/second.json",
    ];
    let found = world.expect(7, &against);
    insta::assert_snapshot!("checkpoint-set-back", even(&found));
    let report = world.json(7, &against);
    assert_eq!(report["proofs"][0]["proven"], true);
    assert_eq!(report["proofs"][1]["proven"], false);
    assert!(report["proofs"][1]["reason"].is_string());
}

#[test]
fn a_missing_or_replaced_ledger_is_found() {
    let world = kept();
    let against = ["audit", "verify", "--against", "kept/first.json"];
    std::fs::remove_dir_all(world.path(".evenkeel")).unwrap();
    world
        .expect(7, &against)
        .says("is missing, but kept/first.json records");
    world.expect(1, &["audit", "verify"]);
    world.expect(1, &["audit", "checkpoint"]);
    assert!(!world.path(".evenkeel").exists(), "looking founds nothing");
    // A new ledger.
    world.expect(0, &["apply", "staging"]);
    let found = world.expect(7, &against);
    insta::assert_snapshot!("checkpoint-of-another", even(&found));
}

#[test]
fn an_edited_checkpoint_is_recognised_if_proven() {
    let world = kept();
    let whole = document(&world, "kept/first.json");
    let against = ["audit", "verify", "--against", "kept/edited.json"];
    let with = |key: &str, value: Value| {
        let mut edited = whole.clone();
        edited[key] = value;
        let mut text = serde_json::to_string_pretty(&edited).unwrap();
        text.push('\n');
        world.write("kept/edited.json", &text);
    };
    // The ledger's own entry contradicts the file, so the file is wrong.
    with("time", "2026-01-01T00:00:00Z".into());
    insta::assert_snapshot!("checkpoint-edited", even(&world.expect(1, &against)));
    with("system", "large".into());
    let report = world.json(1, &against);
    assert_eq!(report["findings"][0]["code"], "checkpoint/edited");
    assert_eq!(
        report["findings"][0]["places"][0]["path"],
        "kept/edited.json"
    );
    assert_eq!(report["proofs"][0]["proven"], true);
    // These are not distinguishable from a changed ledger.
    with("sequence", 2.into());
    world.expect(7, &against).says("has a different entry 2");
    with("digest", format!("blake3:{}", "0".repeat(64)).into());
    world.expect(7, &against).says("has a different entry");
    with("sequence", u64::MAX.into());
    world.expect(7, &against).says("its last entry is");
    with("lineage", "\u{1b}[31m".into());
    let ran = world.expect(7, &against);
    assert!(!ran.all().contains('\u{1b}'), "{}", ran.short());
}

#[test]
fn an_invalid_checkpoint_is_reported_at_its_place_and_the_ledger_is_verified() {
    let world = kept();
    world.write(
        "kept/bad.json",
        "{\n  \"lineage\": 5,\n  \"sequense\": 1,\n  \"digest\": \"\u{202e}\"\n}\n",
    );
    world.write("kept/cut.json", "{\n  \"lineage\": \"\u{7}");
    let ran = world.expect(
        1,
        &[
            "audit",
            "verify",
            "--against",
            "kept/bad.json",
            "--against",
            "kept/cut.json",
            "--against",
            "kept/first.json",
            "--against",
            "kept/nowhere.json",
        ],
    );
    assert!(
        !ran.all().contains(['\u{202e}', '\u{7}']),
        "{}",
        ran.short()
    );
    insta::assert_snapshot!("checkpoint-malformed", even(&ran));
    for text in ["", "\u{0}", &"[".repeat(70_000), &"[".repeat(60_000), "{}"] {
        world.write("kept/bad.json", text);
        world.expect(1, &["audit", "verify", "--against", "kept/bad.json"]);
    }
    // A damaged ledger is more severe.
    std::fs::remove_file(world.path(".evenkeel/ledger.db")).unwrap();
    world.expect(7, &["audit", "verify", "--against", "kept/bad.json"]);
    world.expect(7, &["audit", "checkpoint", "-o", "kept/third.json"]);
    assert!(!world.path("kept/third.json").exists());
}

#[test]
fn a_checkpoint_needs_no_other_write_access() {
    let world = kept();
    world
        .expect(1, &["audit", "checkpoint", "-o", "nowhere/first.json"])
        .says("cannot write nowhere/first.json");
    let before = world.snapshot(".evenkeel");
    world.expect(0, &["audit", "checkpoint", "-o", "kept/again.json"]);
    assert_eq!(world.snapshot(".evenkeel"), before);
    assert_eq!(world.read("kept/again.json"), world.read("kept/first.json"));
}
