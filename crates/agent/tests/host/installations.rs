//! Installing artifacts: verified, switched in one step, repaired, pruned, removed.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use evenkeel_host::{Action, ActionError, Answer, Performed, Query, installation};
use evenkeel_model::Digest;

use super::support::{HostFixture, Over, Store, small_disk};

fn install(world: &HostFixture, artifact: Digest, keep: u32, expected: Option<Digest>) -> Action {
    Action::Install(installation::Install {
        into: world.text("into"),
        artifact,
        keep,
        expected,
    })
}

fn installed(world: &HostFixture) -> (Option<Digest>, Option<Digest>, Vec<Digest>) {
    match world.ask(Query::Installation(installation::Query {
        into: world.text("into"),
        artifact: Digest::of(b"another"),
    })) {
        Answer::Installation(installation::Answer {
            current,
            actual,
            releases,
            ..
        }) => (current, actual, releases),
        other => panic!("{other:?}"),
    }
}

fn tree(world: &HostFixture, name: &str, content: &str) -> std::path::PathBuf {
    let root = world.path(name);
    fs::create_dir_all(root.join("bin")).unwrap();
    fs::write(root.join("bin/app"), content).unwrap();
    fs::set_permissions(root.join("bin/app"), fs::Permissions::from_mode(0o700)).unwrap();
    fs::write(root.join("page"), content).unwrap();
    root
}

fn note(outcome: Result<Performed, ActionError>) -> String {
    outcome.unwrap().note.unwrap_or_default()
}

#[test]
fn a_directory_is_installed_switched_repaired_and_removed() {
    let world = HostFixture::new();
    fs::create_dir(world.path("into")).unwrap();
    assert_eq!(installed(&world), (None, None, vec![]));
    let mut store = Store::default();
    let one = store.artifact(&tree(&world, "one", "1"));
    let two = store.artifact(&tree(&world, "two", "2"));
    assert_eq!(
        note(world.act(install(&world, one, 3, None), &store)),
        "copied"
    );
    assert_eq!(installed(&world), (Some(one), Some(one), vec![one]));
    assert_eq!(
        fs::read_link(world.path("into/current")).unwrap(),
        Path::new(&format!("releases/{}", one.hex()))
    );
    let mode = |path| fs::metadata(world.path(path)).unwrap().permissions().mode() & 0o7777;
    assert_eq!(
        (
            mode("into/current/bin/app"),
            mode("into/current/page"),
            mode("into/current/bin")
        ),
        (0o755, 0o644, 0o755)
    );
    assert_eq!(
        note(world.act(install(&world, one, 3, None), &store)),
        "already so"
    );

    let stale = world.act(install(&world, two, 3, None), &store);
    assert!(
        matches!(stale, Err(ActionError::Changed { .. })),
        "{stale:?}"
    );
    assert_eq!(
        note(world.act(install(&world, two, 3, Some(one)), &store)),
        "copied"
    );
    assert_eq!(
        fs::read_to_string(world.path("into/current/page")).unwrap(),
        "2"
    );

    // A file of the current release is edited: reported and repaired.
    fs::write(world.path("into/current/page"), "hacked").unwrap();
    let (current, actual, _) = installed(&world);
    assert!(current == Some(two) && actual.is_some_and(|actual| actual != two));
    let repaired = note(world.act(install(&world, two, 3, Some(two)), &store));
    assert!(repaired.contains("replaced the release"), "{repaired}");
    assert_eq!(
        fs::read_to_string(world.path("into/current/page")).unwrap(),
        "2"
    );
    symlink("/etc/passwd", world.path("into/current/extra")).unwrap();
    assert_eq!(installed(&world).1, None);
    world
        .act(install(&world, two, 3, Some(two)), &store)
        .unwrap();
    assert_eq!(installed(&world).1, Some(two));

    // Back to the first, which still exists and is intact.
    let back = note(world.act(install(&world, one, 3, Some(two)), &store));
    assert_eq!(back, "the release already exists");
    let uninstall = |expected| {
        Action::Uninstall(installation::Uninstall {
            into: world.text("into"),
            expected,
        })
    };
    assert!(matches!(
        world.act(uninstall(Some(two)), &store),
        Err(ActionError::Changed { .. })
    ));
    world.act(uninstall(Some(one)), &store).unwrap();
    assert!(world.names("into").is_empty());
    assert_eq!(note(world.act(uninstall(Some(one)), &store)), "already so");
}

#[test]
fn links_inside_are_installed_observed_and_repaired() {
    let world = HostFixture::new();
    fs::create_dir(world.path("into")).unwrap();
    let linked = |name: &str, to: &str| {
        let root = tree(&world, name, "1");
        symlink("bin/app", root.join("app")).unwrap();
        symlink(to, root.join("default")).unwrap();
        symlink("../page", root.join("bin/page")).unwrap();
        root
    };
    let mut store = Store::default();
    let one = store.artifact(&linked("one", "bin"));
    let two = store.artifact(&linked("two", "bin/app"));
    assert_ne!(one, two);
    let done = note(world.act(install(&world, one, 3, None), &store));
    assert_eq!(done, "copied");
    assert_eq!(installed(&world), (Some(one), Some(one), vec![one]));
    let link = |name: &str| fs::read_link(world.path(&format!("into/current/{name}"))).unwrap();
    assert_eq!(link("app"), Path::new("bin/app"));
    assert_eq!(link("default"), Path::new("bin"));
    assert_eq!(
        fs::read_to_string(world.path("into/current/bin/page")).unwrap(),
        "1"
    );
    // A link that leads elsewhere is a change, and so is a file or a missing one in its place.
    let changed = world.path("into/current/default");
    let outside = world.path("outside");
    fs::create_dir(&outside).unwrap();
    let edits: [&dyn Fn(); 5] = [
        &|| symlink("page", &changed).unwrap(),
        &|| symlink(&outside, &changed).unwrap(),
        &|| symlink("../../../outside", &changed).unwrap(),
        &|| fs::write(&changed, "bin").unwrap(),
        &|| {},
    ];
    for edit in edits {
        fs::remove_file(&changed).unwrap();
        edit();
        let (current, actual, _) = installed(&world);
        assert_eq!(current, Some(one));
        assert_ne!(actual, Some(one));
        let repaired = note(world.act(install(&world, one, 3, Some(one)), &store));
        assert!(repaired.contains("replaced the release"), "{repaired}");
        assert_eq!(installed(&world).1, Some(one));
        assert_eq!(link("default"), Path::new("bin"));
    }
    assert!(world.names("outside").is_empty());
    world
        .act(install(&world, two, 3, Some(one)), &store)
        .unwrap();
    assert_eq!(link("default"), Path::new("bin/app"));
    // Back without the source.
    let back = note(world.act(install(&world, one, 3, Some(two)), &Store::default()));
    assert_eq!(back, "the release already exists");
    world
        .act(
            Action::Uninstall(installation::Uninstall {
                into: world.text("into"),
                expected: Some(one),
            }),
            &store,
        )
        .unwrap();
    assert!(world.names("into").is_empty());
}

#[test]
fn a_directory_of_the_source_that_becomes_a_link_is_not_followed() {
    let world = HostFixture::new();
    fs::create_dir(world.path("into")).unwrap();
    fs::create_dir(world.path("outside")).unwrap();
    fs::write(world.path("outside/app"), "a secret").unwrap();
    let mut store = Store::default();
    let root = tree(&world, "one", "1");
    let one = store.artifact(&root);
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let _over = Over(&over);
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                fs::rename(root.join("bin"), root.join("aside")).unwrap();
                symlink("../outside", root.join("bin")).unwrap();
                fs::remove_file(root.join("bin")).unwrap();
                fs::rename(root.join("aside"), root.join("bin")).unwrap();
            }
        });
        for _ in 0..100 {
            let outcome = world.act(install(&world, one, 1, installed(&world).0), &store);
            let (current, actual, _) = installed(&world);
            assert_eq!(current, actual, "{outcome:?}");
            if current.is_some() {
                let app = fs::read_to_string(world.path("into/current/bin/app")).unwrap();
                assert_eq!(app, "1");
                fs::remove_file(world.path("into/current")).unwrap();
                fs::remove_dir_all(world.path("into/releases")).unwrap();
            }
        }
    });
}

#[test]
fn a_file_is_installed_under_its_own_name() {
    let world = HostFixture::new();
    fs::create_dir(world.path("into")).unwrap();
    let mut store = Store::default();
    let app = tree(&world, "one", "1").join("bin/app");
    let one = store.artifact(&app);
    world.act(install(&world, one, 1, None), &store).unwrap();
    let target = evenkeel_host::local::current_target(&one, Some("app"));
    assert_eq!(
        fs::read_link(world.path("into/current")).unwrap(),
        Path::new(&target)
    );
    assert_eq!(installed(&world), (Some(one), Some(one), vec![one]));
    // An additional file beside the installed one is a change too.
    fs::write(world.path(&format!("into/releases/{}/more", one.hex())), "").unwrap();
    assert_eq!(installed(&world).1, None);
    world
        .act(install(&world, one, 1, Some(one)), &store)
        .unwrap();
    assert_eq!(installed(&world), (Some(one), Some(one), vec![one]));
    fs::remove_dir_all(world.path("into/releases")).unwrap();
    assert_eq!(installed(&world), (Some(one), None, vec![]));
    world
        .act(install(&world, one, 1, Some(one)), &store)
        .unwrap();
    assert_eq!(installed(&world), (Some(one), Some(one), vec![one]));
}

#[test]
fn old_releases_are_pruned_and_current_and_previous_are_kept() {
    let world = HostFixture::new();
    fs::create_dir(world.path("into")).unwrap();
    let mut store = Store::default();
    let digests: Vec<Digest> = (0..5)
        .map(|number| store.artifact(&tree(&world, &format!("{number}"), &number.to_string())))
        .collect();
    let mut before = None;
    for digest in &digests[..3] {
        world
            .act(install(&world, *digest, 3, before), &store)
            .unwrap();
        before = Some(*digest);
    }
    // Back to the first: a rollback returns to the previous release, regardless of its age.
    world
        .act(install(&world, digests[0], 3, before), &store)
        .unwrap();
    let note = note(world.act(install(&world, digests[3], 2, Some(digests[0])), &store));
    assert!(note.ends_with("2 old releases removed"), "{note}");
    let mut kept = vec![digests[0], digests[3]];
    kept.sort();
    assert_eq!(installed(&world).2, kept);
    world
        .act(install(&world, digests[4], 0, Some(digests[3])), &store)
        .unwrap();
    assert_eq!(
        installed(&world),
        (Some(digests[4]), Some(digests[4]), vec![digests[4]])
    );
}

#[test]
fn a_changed_or_missing_artifact_is_not_installed() {
    let world = HostFixture::new();
    fs::create_dir(world.path("into")).unwrap();
    let mut store = Store::default();
    let root = tree(&world, "one", "1");
    let one = store.artifact(&root);
    fs::write(root.join("page"), "rebuilt").unwrap();
    let error = world
        .act(install(&world, one, 3, None), &store)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("differs from the artifact of the plan"),
        "{error}"
    );
    assert_eq!(installed(&world), (None, None, vec![]));
    assert!(world.names("into/releases").is_empty());
    fs::remove_dir_all(&root).unwrap();
    let error = world
        .act(install(&world, one, 3, None), &store)
        .unwrap_err()
        .to_string();
    assert!(error.contains("build it first"), "{error}");
}

#[test]
fn an_artifact_that_changes_during_the_copy_never_becomes_current() {
    let world = HostFixture::new();
    fs::create_dir(world.path("into")).unwrap();
    let mut store = Store::default();
    let root = tree(&world, "one", "1");
    fs::write(root.join("large"), vec![0; 8 << 20]).unwrap();
    let one = store.artifact(&root);
    fs::write(root.join("large"), vec![1; 8 << 20]).unwrap();
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let _over = Over(&over);
        scope.spawn(|| {
            let mut byte = 0_u8;
            while !over.load(Ordering::Relaxed) {
                byte = byte.wrapping_add(1).max(1);
                fs::write(root.join("large"), vec![byte; 8 << 20]).unwrap();
            }
        });
        for _ in 0..10 {
            let outcome = world.act(install(&world, one, 3, None), &store);
            assert!(
                matches!(outcome, Err(ActionError::Failed { .. })),
                "{outcome:?}"
            );
        }
    });
    assert_eq!(installed(&world), (None, None, vec![]));
}

#[test]
fn a_full_disk_keeps_the_current_release() {
    let world = HostFixture::new();
    let Some(_disk) = small_disk(&world.path("into"), "size=256k") else {
        return;
    };
    let mut store = Store::default();
    let one = store.artifact(&tree(&world, "one", "1"));
    world.act(install(&world, one, 3, None), &store).unwrap();
    let root = tree(&world, "two", "2");
    fs::write(root.join("large"), vec![1; 1 << 20]).unwrap();
    let two = store.artifact(&root);
    let error = world
        .act(install(&world, two, 3, Some(one)), &store)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("no space left") && error.contains("large"),
        "{error}"
    );
    assert_eq!(installed(&world), (Some(one), Some(one), vec![one]));
    assert_eq!(world.names("into/releases"), [one.hex()]);
}

/// A rollback has no source for what only the target keeps.
#[test]
fn a_kept_release_is_installed_again_without_its_source_and_an_altered_one_is_not() {
    let world = HostFixture::new();
    fs::create_dir(world.path("into")).unwrap();
    let held = |artifact| match world.ask(Query::Installation(installation::Query {
        into: world.text("into"),
        artifact,
    })) {
        Answer::Installation(answer) => answer.held,
        other => panic!("{other:?}"),
    };
    let mut store = Store::default();
    let one = store.artifact(&tree(&world, "one", "1"));
    fs::write(world.path("single"), "a file").unwrap();
    let single = store.artifact(&world.path("single"));
    let three = store.artifact(&tree(&world, "three", "3"));
    let mut before = None;
    for artifact in [one, single, three] {
        assert!(!held(artifact));
        world
            .act(install(&world, artifact, 3, before), &store)
            .unwrap();
        before = Some(artifact);
        assert!(held(artifact));
    }
    let nothing = Store::default();
    for artifact in [one, single] {
        assert!(held(artifact));
        let done = note(world.act(install(&world, artifact, 3, before), &nothing));
        assert_eq!(done, "the release already exists");
        before = Some(artifact);
        assert_eq!(installed(&world).0, before);
    }
    assert_eq!(
        fs::read_link(world.path("into/current")).unwrap(),
        Path::new(&format!("releases/{}/single", single.hex()))
    );
    let altered = world.path(&format!("into/releases/{}/page", one.hex()));
    fs::write(altered, "altered").unwrap();
    assert!(!held(one));
    let refused = world.act(install(&world, one, 3, before), &nothing);
    assert!(
        matches!(&refused, Err(ActionError::Failed { reason, .. }) if reason.contains("artifact unavailable")),
        "{refused:?}"
    );
    assert_eq!(installed(&world).0, before);
}

#[test]
fn foreign_entries_are_kept_and_reported() {
    let world = HostFixture::new();
    fs::create_dir_all(world.path("into/elsewhere")).unwrap();
    symlink("elsewhere", world.path("into/current")).unwrap();
    let answer = world.ask(Query::Installation(installation::Query {
        into: world.text("into"),
        artifact: Digest::of(b"another"),
    }));
    assert!(
        matches!(&answer, Answer::Unreadable { reason } if reason.contains("points to `elsewhere`")),
        "{answer:?}"
    );
    let mut store = Store::default();
    let one = store.artifact(&tree(&world, "one", "1"));
    assert!(matches!(
        world.act(install(&world, one, 3, None), &store),
        Err(ActionError::Failed { .. })
    ));
    fs::remove_file(world.path("into/current")).unwrap();
    symlink("elsewhere", world.path("into/releases")).unwrap();
    assert!(matches!(
        world.act(install(&world, one, 3, None), &store),
        Err(ActionError::Failed { .. })
    ));
    assert!(world.names("into/elsewhere").is_empty());
}

#[test]
fn leftovers_of_a_killed_installation_are_replaced() {
    let world = HostFixture::new();
    fs::create_dir(world.path("into")).unwrap();
    let mut store = Store::default();
    let one = store.artifact(&tree(&world, "one", "1"));
    fs::create_dir_all(world.path(&format!("into/releases/.{}.tmp/bin", one.hex()))).unwrap();
    fs::create_dir_all(world.path(&format!("into/releases/.{}.tmp", "ab".repeat(32)))).unwrap();
    world.act(install(&world, one, 3, None), &store).unwrap();
    assert_eq!(world.names("into/releases"), [one.hex()]);
}

#[test]
fn a_polling_reader_sees_one_release_or_the_other_at_every_switch() {
    let world = HostFixture::new();
    fs::create_dir(world.path("into")).unwrap();
    let mut store = Store::default();
    let digests = [
        store.artifact(&tree(&world, "one", "1")),
        store.artifact(&tree(&world, "two", "2")),
    ];
    world
        .act(install(&world, digests[0], 2, None), &store)
        .unwrap();
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let ending = Over(&over);
        let reader = scope.spawn(|| {
            let mut reads = 0;
            while !over.load(Ordering::Relaxed) {
                let page =
                    fs::read_to_string(world.path("into/current/page")).expect("always present");
                assert!(page == "1" || page == "2");
                reads += 1;
            }
            reads
        });
        for round in 1..200 {
            let expected = Some(digests[(round + 1) % 2]);
            world
                .act(install(&world, digests[round % 2], 2, expected), &store)
                .unwrap();
        }
        drop(ending);
        assert!(reader.join().unwrap() > 100);
    });
}
