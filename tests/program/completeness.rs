//! A ledger whose end is unproven, or that others can write to, shuts the gate.

use super::world::{SYSTEM, TestWorld};

/// Returns a delivered and approved project, ready for a release.
fn approved() -> TestWorld {
    let world = TestWorld::with(&SYSTEM.replace("uncommitted = true\n", "approvals = 1\n"));
    world.commit();
    let document = world.json(0, &["deliver"]);
    let plan = document["verdict"]["plan"].as_str().unwrap().to_owned();
    world.expect(0, &["approve", &plan, "--reason", "x"]);
    world
}

#[test]
fn a_missing_or_garbled_head_shuts_the_gate_until_a_person_restores_it() {
    for head in [None, Some(""), Some("{"), Some("{}"), Some("null\n")] {
        let world = approved();
        match head {
            None => std::fs::remove_file(world.path(".evenkeel/head")).unwrap(),
            Some(text) => world.write(".evenkeel/head", text),
        }
        world
            .expect(1, &["audit", "verify"])
            .says("evenkeel audit verify --restore-head");
        for _ in 0..2 {
            // Entries of a release before its verdict do not hide it.
            let ran = world.expect(3, &["release"]);
            assert!(
                ran.all().contains("ledger-broken"),
                "{head:?}: {}",
                ran.short()
            );
            assert!(
                ran.all().contains("--restore-head"),
                "{head:?}: {}",
                ran.short()
            );
        }
        world.expect(1, &["audit", "verify"]);
        world.expect(0, &["audit", "verify", "--restore-head"]);
        world.expect(0, &["audit", "verify"]);
        world.expect(0, &["release"]);
    }
}

#[test]
fn a_head_is_not_restored_against_a_checkpoint_of_another_ledger() {
    let world = approved();
    world.expect(0, &["audit", "checkpoint", "-o", "kept.json"]);
    std::fs::remove_file(world.path(".evenkeel/head")).unwrap();
    let kept = world.read("kept.json");
    let lineage = kept.split("\"lineage\"").nth(1).unwrap();
    let lineage = lineage.split('"').nth(1).unwrap();
    world.write(
        "other.json",
        &kept.replace(lineage, &lineage.replace(['1', '2', '3'], "4")),
    );
    for against in ["other.json", "missing.json"] {
        let ran = world.run(&["audit", "verify", "--against", against, "--restore-head"]);
        assert!(matches!(ran.code, 1 | 7), "{against}: {}", ran.short());
        assert!(!world.path(".evenkeel/head").exists(), "{against}");
    }
    let arguments = [
        "audit",
        "verify",
        "--against",
        "kept.json",
        "--restore-head",
    ];
    world.expect(0, &arguments);
    world.expect(0, &["audit", "verify"]);
}

#[test]
fn a_ledger_that_others_can_write_to_is_refused_by_every_command() {
    for (name, mode) in [
        (".evenkeel", 0o777),
        (".evenkeel", 0o770),
        (".evenkeel/ledger.db", 0o666),
        (".evenkeel/head", 0o620),
        (".evenkeel/objects", 0o702),
        (".evenkeel/locks", 0o777),
    ] {
        let world = approved();
        let before = std::fs::metadata(world.path(name)).unwrap().permissions();
        world.mode(name, mode);
        for arguments in [
            &["release"][..],
            &["deliver"],
            &["drift"],
            &["status"],
            &["apply", "staging"],
            &["verify", "staging"],
            &["log"],
            &["audit", "verify"],
        ] {
            let ran = world.expect(1, arguments);
            assert!(
                ran.all().contains("permits writes by other users"),
                "{name}: {arguments:?}: {}",
                ran.short()
            );
            assert!(ran.all().contains("chmod"), "{name}: {}", ran.short());
        }
        std::fs::set_permissions(world.path(name), before).unwrap();
        world.expect(0, &["release"]);
    }
}
