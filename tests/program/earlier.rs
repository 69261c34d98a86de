//! Files of an earlier evenkeel stay readable: its ledger, its objects, its checkpoint and its saved plans.
//!
//! `fixtures/earlier` documents their creation. The applied resources are missing.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::world::TestWorld;
use evenkeel_core::gate::{Demands, StoredDossier, judge};
use evenkeel_ledger::folder::FolderStore;
use evenkeel_ledger::{Record, Store as _, chain};

/// Number of entries in the ledger.
const ENTRIES: u64 = 62;

/// Copies a folder, readable for its owner only.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    std::fs::set_permissions(to, std::fs::Permissions::from_mode(0o700)).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), &target).unwrap();
            let mode = entry.metadata().unwrap().permissions().mode() & 0o700;
            std::fs::set_permissions(&target, std::fs::Permissions::from_mode(mode)).unwrap();
        }
    }
}

/// Returns the project at another place.
fn earlier() -> TestWorld {
    let mut world = TestWorld::empty();
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/earlier");
    copy(&fixture.join("project"), &world.path(""));
    copy(&fixture.join("ledger"), &world.path(".evenkeel"));
    copy(&fixture.join("plans"), &world.path(""));
    for (name, value) in [
        ("STAGING_PASSWORD", "only staging knows"),
        ("PRODUCTION_PASSWORD", "only production knows"),
    ] {
        world.variables.insert(name.to_owned(), value.to_owned());
    }
    world
}

#[test]
fn its_ledger_is_whole_and_matches_its_checkpoint() {
    let world = earlier();
    world.expect(0, &["audit", "verify", "--against", "checkpoint.json"]);
    let store = FolderStore::new(&world.path(".evenkeel"));
    let verification = store.verify(&[]).unwrap();
    assert!(verification.is_whole(), "{:?}", verification.findings);
    assert_eq!(verification.entries, ENTRIES);
}

#[test]
fn every_entry_is_parsed_and_every_kind_of_record_occurs() {
    let world = earlier();
    let store = FolderStore::new(&world.path(".evenkeel"));
    let ledger = store.open(Some("shop")).unwrap().unwrap();
    let mut kinds = std::collections::BTreeSet::new();
    for entry in ledger.read(0).unwrap() {
        let record = chain::understand(&entry).unwrap();
        let record = record.unwrap_or_else(|| panic!("{} is not known", entry.kind));
        kinds.insert(record.kind());
        // The current format is byte-identical.
        assert_eq!(record.encode().unwrap(), *entry.body, "{}", entry.sequence);
    }
    let known: std::collections::BTreeSet<&str> =
        Record::KINDS.iter().map(|(kind, _)| *kind).collect();
    // Kinds of entries added later have their own tests.
    let missing: Vec<&&str> = known
        .difference(&kinds)
        .filter(|kind| {
            let later = [
                "drift-checked",
                "drilled",
                "followed-up",
                "glass-broken",
                "moved",
                "notification-failed",
                "overridden",
                "refused",
                "rejected",
                "targets-adopted",
                "withdrawn",
            ];
            !later.contains(kind)
        })
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
    let log = world.expect(0, &["log", "--limit", "100"]);
    assert!(
        log.out.contains("broke the lock of ada@example"),
        "{}",
        log.out
    );
}

#[test]
fn every_verdict_is_computed_again_from_its_dossier() {
    let world = earlier();
    let store = FolderStore::new(&world.path(".evenkeel"));
    let ledger = store.open(Some("shop")).unwrap().unwrap();
    let mut verdicts = 0;
    for entry in ledger.read(0).unwrap() {
        let Some(Record::VerdictGiven(given)) = chain::understand(&entry).unwrap() else {
            continue;
        };
        let bytes = store.objects().get(&given.dossier).unwrap().unwrap();
        let stored = StoredDossier::read(&bytes).unwrap();
        assert_eq!(stored.format, 1);
        let verdict = judge(&stored.dossier);
        assert_eq!(verdict.open, given.open, "{}", entry.sequence);
        let codes: Vec<&str> = verdict.reasons.iter().map(|reason| &*reason.code).collect();
        assert_eq!(codes, given.shut_by, "{}", entry.sequence);
        // Policies are compared with it.
        let earlier = Demands::of_dossier(&bytes).unwrap();
        let demands = stored.dossier.demands();
        assert!(demands.weaker_than(&earlier, stored.dossier.at).is_empty());
        verdicts += 1;
    }
    assert_eq!(verdicts, 5);
    world
        .expect(0, &["audit", "replay"])
        .says("REPLAYED   5 verdicts, all the same");
}

#[test]
fn the_status_is_known() {
    let world = earlier();
    let status = world.expect(0, &["status"]);
    for words in ["a-5", "a-2", "r-1", "36e352a4ab44", "83316d5c988b"] {
        assert!(status.out.contains(words), "{words}: {}", status.out);
    }
}

#[test]
fn the_applied_state_is_compared_with_the_live_state() {
    let world = earlier();
    // All applied resources are missing, and were not changed by evenkeel.
    let drift = world.expect(2, &["drift"]);
    for address in [
        "directory.home",
        "installation.app",
        "file.note",
        "link.current",
    ] {
        assert!(drift.out.contains(address), "{address}: {}", drift.out);
    }
    let plan = world.expect(2, &["plan"]);
    assert!(plan.out.contains("since a-5"), "{}", plan.out);
    assert!(plan.out.contains("rehearsed 5/6"), "{}", plan.out);
}

#[test]
fn its_saved_plans_are_read_and_compared() {
    let world = earlier();
    let used = world.expect(4, &["apply", "used.plan"]);
    assert!(used.err.contains("a-4"), "{}", used.err);
    let stale = world.expect(4, &["apply", "stale.plan"]);
    assert!(
        stale.err.contains("the definitions changed"),
        "{}",
        stale.err
    );
    let fresh = world.expect(4, &["apply", "fresh.plan"]);
    assert!(
        !fresh.err.contains("the definitions changed"),
        "{}",
        fresh.err
    );
    // The observation of the plan is known, attribute by attribute.
    for changed in [&stale, &fresh] {
        assert!(
            changed.err.contains("artifact was 5fba082cbcf7"),
            "{}",
            changed.err
        );
    }
    let edited = world.read("fresh.plan").replace("file.note", "file.nota");
    world.write("edited.plan", &edited);
    let refused = world.expect(4, &["apply", "edited.plan"]);
    assert!(
        refused.err.contains("changed after it was saved"),
        "{}",
        refused.err
    );
}

#[test]
fn work_continues() {
    let world = earlier();
    // Only the targets are elsewhere: nothing outside of this folder is changed.
    for name in ["staging", "production"] {
        let root = world.path(&format!("run/{name}"));
        world.replace(
            &format!("environments/{name}.toml"),
            &format!("/srv/example/run/{name}"),
            root.to_str().unwrap(),
        );
    }
    // On any day of the year.
    let freeze = "freeze = [{ from = 2026-12-20, to = 2027-01-04, reason = \"holiday trading\" }]";
    world.replace("environments/system.toml", freeze, "uncommitted = true");
    std::fs::create_dir(world.path("run")).unwrap();
    // In no repository, after a release that was in a commit.
    world
        .expect(3, &["deliver"])
        .says("the definitions are in no commit, but the last release was of commit 228913113b");
    world.commit();
    let delivered = world.expect(0, &["deliver"]);
    assert!(delivered.out.contains("a-6"), "{}", delivered.out);
    let (_, line) = delivered.out.split_once("evenkeel approve ").unwrap();
    let plan = line.split(' ').next().unwrap();
    world.expect(0, &["approve", plan, "--reason", "it goes on"]);
    let released = world.expect(0, &["release"]);
    assert!(released.out.contains("r-2"), "{}", released.out);
    world.expect(0, &["audit", "verify", "--against", "checkpoint.json"]);
}
