//! Files, directories and links: observed, changed and refused.

use std::fs;
use std::os::unix::fs::{FileExt as _, MetadataExt as _, PermissionsExt as _, symlink};

use evenkeel_host::{
    Account, Action, ActionError, Answer, PathState, Query, content, entries, path,
};
use evenkeel_model::Digest;

use super::support::{HostFixture, Store, file, query, small_disk};

fn failure(result: Result<evenkeel_host::Performed, ActionError>) -> String {
    match result {
        Err(error @ ActionError::Failed { .. }) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_file_is_created_replaced_and_removed_idempotently() {
    let world = HostFixture::new();
    let mut store = Store::default();
    let (one, two) = (store.add(b"one"), store.add(b"two"));
    let path = world.text("file");
    let make = file(&path, one, PathState::Missing);
    assert_eq!(world.act(make.clone(), &store).unwrap().note, None);
    let first = world.look("file");
    assert!(
        matches!(&first, PathState::File { digest, mode: 0o640, .. } if *digest == one),
        "{first:?}"
    );
    assert_eq!(
        world.act(make, &store).unwrap().note.as_deref(),
        Some("already so")
    );
    world.act(file(&path, two, first.clone()), &store).unwrap();
    assert_eq!(fs::read(world.path("file")).unwrap(), b"two");
    let remove = |expected| {
        Action::Remove(path::Remove {
            path: path.clone(),
            sealed: false,
            expected,
        })
    };
    let error = world.act(remove(first), &store).unwrap_err();
    assert!(
        matches!(&error, ActionError::Changed { expected, found, .. }
        if expected.contains(&one.short()) && found.contains(&two.short())),
        "{error}"
    );
    let second = world.look("file");
    world.act(remove(second.clone()), &store).unwrap();
    assert_eq!(world.look("file"), PathState::Missing);
    assert_eq!(
        world.act(remove(second), &store).unwrap().note.as_deref(),
        Some("already so")
    );
    assert!(world.names("").is_empty());
}

#[test]
fn text_is_returned_only_if_requested_different_and_not_secret() {
    let world = HostFixture::new();
    fs::write(world.path("file"), "hunter2").unwrap();
    let ask = |text_unless, sealed| match world.ask(Query::Path(path::Query {
        path: world.text("file"),
        text_unless,
        sealed,
    })) {
        Answer::Path(path::Answer {
            standing: PathState::File { digest, .. },
            text,
            changed,
        }) => {
            assert!(changed.is_some());
            (digest, text)
        }
        other => panic!("{other:?}"),
    };
    let plain = Digest::of(b"hunter2");
    assert_eq!(ask(None, false), (plain, None));
    assert_eq!(ask(Some(plain), false), (plain, None));
    assert_eq!(
        ask(Some(Digest::of(b"")), false),
        (plain, Some("hunter2".into()))
    );
    assert_eq!(
        ask(Some(Digest::of(b"")), true),
        (world.sealer.seal(b"hunter2"), None)
    );
    fs::write(world.path("file"), vec![b'x'; 64 * 1024 + 1]).unwrap();
    assert_eq!(ask(Some(plain), false).1, None);
    fs::write(world.path("file"), b"\xff").unwrap();
    assert_eq!(ask(Some(plain), false).1, None);
}

#[test]
fn secrets_are_placed_by_their_seal_and_mismatches_show_only_seals() {
    let world = HostFixture::new();
    let mut store = Store::default();
    let sealed = store.add_sealed(&world.sealer, b"hunter2");
    let path = world.text("secret");
    let place = |expected| {
        Action::File(path::File {
            path: path.clone(),
            content: sealed,
            sealed: true,
            mode: 0o600,
            owner: Some("0".into()),
            group: None,
            validate: Vec::new(),
            expected,
        })
    };
    if !rustix_root() {
        eprintln!("SKIPPED: giving files away needs root");
        return;
    }
    world.act(place(PathState::Missing), &store).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o600);
    fs::write(&path, "hunter3").unwrap();
    let error = world
        .act(place(PathState::Missing), &store)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains(&world.sealer.seal(b"hunter3").short()),
        "{error}"
    );
    assert!(!error.contains(&Digest::of(b"hunter3").short()), "{error}");
}

#[test]
fn links_in_the_path_are_never_followed() {
    let world = HostFixture::new();
    let mut store = Store::default();
    let content = store.add(b"x");
    fs::create_dir(world.path("real")).unwrap();
    symlink("real", world.path("link")).unwrap();
    let path = world.text("link/file");
    let Answer::Unreadable { reason } = world.ask(query(&path)) else {
        panic!()
    };
    assert!(
        reason.contains(&world.text("link")) && reason.contains("write the real path"),
        "{reason}"
    );
    let reason = failure(world.act(file(&path, content, PathState::Missing), &store));
    assert!(reason.contains("is a symbolic link"), "{reason}");
    assert!(world.names("real").is_empty());
    // The last component itself is read and replaced.
    fs::write(world.path("real/kept"), "kept").unwrap();
    symlink("real/kept", world.path("last")).unwrap();
    let found = world.look("last");
    assert_eq!(
        found,
        PathState::Link {
            to: "real/kept".into()
        }
    );
    world
        .act(file(&world.text("last"), content, found), &store)
        .unwrap();
    assert_eq!(fs::read(world.path("real/kept")).unwrap(), b"kept");
    assert_eq!(fs::read(world.path("last")).unwrap(), b"x");
}

#[test]
fn a_huge_file_is_not_read_to_detect_a_difference() {
    let world = HostFixture::new();
    // A sparse file takes no space, but reading it would take minutes.
    let huge = fs::File::create(world.path("huge")).unwrap();
    huge.set_len(1 << 40).unwrap();
    let seen = world.look("huge");
    assert!(
        matches!(&seen, PathState::Other { what } if what.starts_with("a file of 1099511627776 bytes")),
        "{seen:?}"
    );
    // Although it is not read, it is not replaced when it was written to since the observation.
    let mut store = Store::default();
    let content = store.add(b"x");
    huge.write_all_at(b"written", 4096).unwrap();
    let path = world.text("huge");
    let refused = world.act(file(&path, content, seen), &store);
    assert!(
        matches!(refused, Err(ActionError::Changed { .. })),
        "{refused:?}"
    );
    assert_eq!(fs::metadata(world.path("huge")).unwrap().len(), 1 << 40);
    let seen = world.look("huge");
    world.act(file(&path, content, seen), &store).unwrap();
    assert_eq!(fs::read(world.path("huge")).unwrap(), b"x");
}

#[test]
fn impossible_paths_are_missing_and_actions_name_the_next_step() {
    let world = HostFixture::new();
    let mut store = Store::default();
    let content = store.add(b"x");
    fs::write(world.path("plain"), "").unwrap();
    assert_eq!(world.look("none/file"), PathState::Missing);
    assert_eq!(world.look("plain/file"), PathState::Missing);
    for parent in ["none", "plain"] {
        let path = world.text(&format!("{parent}/file"));
        let reason = failure(world.act(file(&path, content, PathState::Missing), &store));
        assert!(
            reason.contains("not found") && reason.contains("declare it"),
            "{reason}"
        );
    }
    assert!(matches!(
        world.ask(query("relative")),
        Answer::Unreadable { .. }
    ));
    assert!(matches!(
        world.ask(query("/a/../b")),
        Answer::Unreadable { .. }
    ));
    // /proc accepts no new files.
    let reason = failure(world.act(
        file("/proc/evenkeel-test", content, PathState::Missing),
        &store,
    ));
    assert!(reason.contains("/proc/evenkeel-test: "), "{reason}");
}

#[test]
fn directories_are_created_changed_and_removed_when_empty() {
    let world = HostFixture::new();
    let store = Store::default();
    let path = world.text("home");
    let make = |mode, expected| {
        Action::Directory(path::Directory {
            path: path.clone(),
            mode,
            owner: None,
            group: None,
            expected,
        })
    };
    world.act(make(0o751, PathState::Missing), &store).unwrap();
    let found = world.look("home");
    assert!(
        matches!(found, PathState::Directory { mode: 0o751, .. }),
        "{found:?}"
    );
    fs::write(world.path("home/file"), "").unwrap();
    world.act(make(0o2750, found.clone()), &store).unwrap();
    assert!(matches!(
        world.act(make(0o700, found), &store),
        Err(ActionError::Changed { .. })
    ));
    let found = world.look("home");
    assert!(
        matches!(found, PathState::Directory { mode: 0o2750, .. }),
        "{found:?}"
    );
    let remove = Action::Remove(path::Remove {
        path: path.clone(),
        sealed: false,
        expected: found.clone(),
    });
    assert!(failure(world.act(remove.clone(), &store)).contains("not empty"));
    fs::remove_file(world.path("home/file")).unwrap();
    // A file does not replace a directory.
    let mut store = Store::default();
    let content = store.add(b"");
    assert!(
        failure(world.act(file(&path, content, found), &store))
            .contains("found a directory, which")
    );
    world.act(remove, &store).unwrap();
    assert_eq!(world.look("home"), PathState::Missing);
}

#[test]
fn leftovers_of_a_killed_run_are_found_and_replaced() {
    let world = HostFixture::new();
    let mut store = Store::default();
    let content = store.add(b"x");
    world
        .act(
            file(&world.text("file"), content, PathState::Missing),
            &store,
        )
        .unwrap();
    let beside = format!(".evenkeel-{}.tmp", &Digest::of(b"file").hex()[..16]);
    fs::remove_file(world.path("file")).unwrap();
    fs::write(world.path(&beside), "half").unwrap();
    world
        .act(
            file(&world.text("file"), content, PathState::Missing),
            &store,
        )
        .unwrap();
    assert_eq!(world.names(""), ["file"]);
    fs::write(world.path(&beside), "half").unwrap();
    assert!(
        world
            .act(
                file(&world.text("file"), content, PathState::Missing),
                &store
            )
            .is_ok()
    );
    assert_eq!(world.names(""), ["file"]);
}

#[test]
fn a_full_disk_fails_single_files_and_leaves_no_partial_one() {
    let world = HostFixture::new();
    let Some(_disk) = small_disk(&world.path("disk"), "size=64k") else {
        return;
    };
    let mut store = Store::default();
    let actions: Vec<Action> = (0..20)
        .map(|number| {
            let content = store.add(&vec![number; 8 * 1024]);
            file(
                &world.text(&format!("disk/{number}")),
                content,
                PathState::Missing,
            )
        })
        .collect();
    let outcomes = world.target.perform(&actions, &store, &world.interruption);
    let good = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    assert!((1..20).contains(&good), "{good}");
    let reason = outcomes
        .into_iter()
        .find_map(Result::err)
        .unwrap()
        .to_string();
    assert!(
        reason.contains("no space left on the device: free some"),
        "{reason}"
    );
    assert_eq!(world.names("disk").len(), good);
}

#[test]
fn a_read_only_file_system_is_reported() {
    let world = HostFixture::new();
    let Some(_disk) = small_disk(&world.path("disk"), "ro") else {
        return;
    };
    let mut store = Store::default();
    let content = store.add(b"x");
    let reason = failure(world.act(
        file(&world.text("disk/file"), content, PathState::Missing),
        &store,
    ));
    assert!(reason.contains("read-only"), "{reason}");
}

#[test]
fn entries_are_sorted_with_their_types() {
    let world = HostFixture::new();
    fs::write(world.path("b"), "").unwrap();
    fs::create_dir(world.path("a")).unwrap();
    symlink("b", world.path("c")).unwrap();
    let Answer::Entries(entries::Answer {
        entries: Some(entries),
    }) = world.ask(Query::Entries(entries::Query {
        path: world.text(""),
    }))
    else {
        panic!()
    };
    let kinds: Vec<_> = entries
        .iter()
        .map(|entry| (entry.name.as_str(), entry.kind))
        .collect();
    assert_eq!(
        kinds,
        [
            ("a", entries::EntryKind::Directory),
            ("b", entries::EntryKind::File),
            ("c", entries::EntryKind::Link)
        ]
    );
    assert_eq!(
        world.ask(Query::Entries(entries::Query {
            path: world.text("none")
        })),
        Answer::Entries(entries::Answer { entries: None })
    );
}

#[test]
fn contents_of_regular_files_are_returned_up_to_a_limit() {
    let world = HostFixture::new();
    let ask = |name: &str| {
        world.ask(Query::Content(content::Query {
            path: world.text(name),
        }))
    };
    let bytes = |answer: Answer| match answer {
        Answer::Content(content::Answer { content }) => content.map(|it| it.into_bytes().unwrap()),
        other => panic!("{other:?}"),
    };
    let reason = |answer: Answer| match answer {
        Answer::Unreadable { reason } => reason,
        other => panic!("{other:?}"),
    };
    let most = usize::try_from(content::LONGEST).unwrap();
    for (name, content) in [
        ("text", b"a\nb\0".to_vec()),
        ("bytes", vec![0, 255, 254]),
        ("empty", Vec::new()),
        ("long", vec![7; most]),
    ] {
        fs::write(world.path(name), &content).unwrap();
        assert_eq!(bytes(ask(name)), Some(content), "{name}");
    }
    assert_eq!(bytes(ask("none")), None);
    assert_eq!(bytes(ask("none/none")), None);
    fs::write(world.path("longer"), vec![7; most + 1]).unwrap();
    assert_eq!(reason(ask("longer")), "it is larger than 1 MiB");
    symlink("text", world.path("link")).unwrap();
    assert_eq!(reason(ask("link")), "it is a symbolic link");
    let pipe = world.path("pipe");
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RUSR).unwrap();
    assert_eq!(reason(ask("pipe")), "it is not a regular file");
    fs::create_dir(world.path("folder")).unwrap();
    assert_eq!(reason(ask("folder")), "it is not a regular file");
}

#[test]
fn undeclared_owners_are_kept_and_unknown_ones_are_reported() {
    if !rustix_root() {
        eprintln!("SKIPPED: giving files away needs root");
        return;
    }
    let world = HostFixture::new();
    let mut store = Store::default();
    let content = store.add(b"new");
    fs::write(world.path("file"), "old").unwrap();
    fs::set_permissions(world.path("file"), fs::Permissions::from_mode(0o600)).unwrap();
    std::os::unix::fs::chown(world.path("file"), Some(12345), Some(54321)).unwrap();
    let found = world.look("file");
    assert!(matches!(
        &found,
        PathState::File {
            owner: Account {
                id: 12345,
                name: None
            },
            ..
        }
    ));
    world
        .act(file(&world.text("file"), content, found.clone()), &store)
        .unwrap();
    let status = fs::metadata(world.path("file")).unwrap();
    assert_eq!(
        (status.uid(), status.gid(), status.mode() & 0o7777),
        (12345, 54321, 0o640)
    );
    let Action::File(path::File { path, content, .. }) =
        file(&world.text("file"), store.add(b"x"), found)
    else {
        panic!()
    };
    let expected = world.look("file");
    let owner = Some("nobody-of-that-name".to_owned());
    let strange = Action::File(path::File {
        path,
        content,
        sealed: false,
        mode: 0,
        owner,
        group: None,
        validate: Vec::new(),
        expected,
    });
    assert!(failure(world.act(strange, &store)).contains("no user `nobody-of-that-name`"));
    assert_eq!(world.names(""), ["file"]);
}

#[test]
fn no_action_starts_after_an_interruption() {
    let world = HostFixture::new();
    let mut store = Store::default();
    let content = store.add(b"x");
    world.interruption.interrupt();
    let outcome = world.act(
        file(&world.text("file"), content, PathState::Missing),
        &store,
    );
    assert_eq!(outcome, Err(ActionError::Interrupted));
    assert!(world.names("").is_empty());
}

fn rustix_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|status| status.uid() == 0)
}

#[test]
fn parents_are_created_for_directories_and_not_for_files() {
    let world = HostFixture::new();
    let store = Store::default();
    let deep = world.text("a/b/c");
    world
        .act(
            Action::Directory(path::Directory {
                path: deep,
                mode: 0o750,
                owner: None,
                group: None,
                expected: PathState::Missing,
            }),
            &store,
        )
        .unwrap();
    let mode = |path: &str| fs::metadata(world.path(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!(
        (mode("a"), mode("a/b"), mode("a/b/c")),
        (0o755, 0o755, 0o750)
    );
    symlink(world.path("a"), world.path("link")).unwrap();
    let through = world.act(
        Action::Directory(path::Directory {
            path: world.text("link/x/y"),
            mode: 0o750,
            owner: None,
            group: None,
            expected: PathState::Missing,
        }),
        &store,
    );
    assert!(failure(through).contains("symbolic link"));
    assert!(!world.path("a/x").exists());
}
