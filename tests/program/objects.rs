//! Objects that entries name: `audit verify` reads each, and names the missing and the altered ones.

use evenkeel_ledger::folder::FolderStore;
use evenkeel_ledger::{Store as _, chain};
use evenkeel_model::Digest;
use std::collections::BTreeMap;

use super::replays::{object, released};
use super::world::TestWorld;

/// Returns the objects that entries name, each with the first entry.
fn named(world: &TestWorld) -> BTreeMap<Digest, u64> {
    let store = FolderStore::new(&world.path(".evenkeel"));
    let ledger = store.open(None).unwrap().unwrap();
    let mut named = BTreeMap::new();
    for entry in ledger.read(0).unwrap() {
        let record = chain::understand(&entry).unwrap().unwrap();
        if let Some((_, digest)) = record.object() {
            named.entry(*digest).or_insert(entry.sequence);
        }
    }
    named
}

#[test]
fn each_missing_or_altered_object_is_found_and_named() {
    let world = released();
    let named = named(&world);
    assert!(named.len() > 2, "{named:?}");
    world
        .expect(0, &["audit", "verify"])
        .says(&format!("{} objects, all unchanged", named.len()));
    for (digest, entry) in &named {
        let path = object(&world, digest);
        let bytes = std::fs::read(&path).unwrap();
        // Whatever is wrong with it.
        let mut flipped = bytes.clone();
        flipped.push(b' ');
        let changes: [(Option<Vec<u8>>, &str); 3] = [
            (None, "missing"),
            (Some(Vec::new()), "altered"),
            (Some(flipped), "altered"),
        ];
        for (change, word) in changes {
            match change {
                None => std::fs::remove_file(&path).unwrap(),
                Some(bytes) => std::fs::write(&path, bytes).unwrap(),
            }
            let document = world.json(7, &["audit", "verify"]);
            let objects = &document["objects"];
            assert_eq!(objects["named"], named.len());
            assert_eq!(objects[word], 1, "{document}");
            assert_eq!(objects["findings"].as_array().unwrap().len(), 1);
            assert_eq!(objects["findings"][0]["digest"], digest.to_string());
            assert_eq!(objects["findings"][0]["entry"], *entry);
            assert_eq!(objects["findings"][0]["state"], word);
            world
                .expect(7, &["audit", "verify"])
                .says("BROKEN")
                .says(&format!("entry {entry}: "))
                .says(&format!("object {digest}, is {word}"));
            std::fs::write(&path, &bytes).unwrap();
        }
    }
    world.expect(0, &["audit", "verify"]);
}

#[test]
fn many_missing_objects_are_counted() {
    let world = released();
    let named = named(&world);
    std::fs::remove_dir_all(world.path(".evenkeel/objects")).unwrap();
    world.expect(7, &["audit", "verify"]).says(&format!(
        "{} objects: {} missing, 0 altered",
        named.len(),
        named.len()
    ));
    // An object that no entry names is left alone.
    let world = released();
    let extra = FolderStore::new(&world.path(".evenkeel"))
        .objects()
        .put(b"of a run that was killed")
        .unwrap();
    std::fs::write(object(&world, &extra), "altered").unwrap();
    world.expect(0, &["audit", "verify"]);
}
