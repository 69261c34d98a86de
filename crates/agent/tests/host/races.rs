//! Concurrent readers and writers: a reader sees either the old or the new state, and no unseen change is lost.

use std::fs;
use std::os::unix::fs::symlink;
use std::sync::atomic::{AtomicBool, Ordering};

use evenkeel_host::{ActionError, PathState};

use super::support::{HostFixture, Over, Store, file};

#[test]
fn a_polling_reader_sees_old_or_new_and_nothing_else() {
    let world = HostFixture::new();
    let mut store = Store::default();
    let pages: Vec<Vec<u8>> = [b'a', b'b']
        .iter()
        .map(|byte| vec![*byte; 40_000])
        .collect();
    let digests: Vec<_> = pages.iter().map(|page| store.add(page)).collect();
    let path = world.text("file");
    world
        .act(file(&path, digests[0], PathState::Missing), &store)
        .unwrap();
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let ending = Over(&over);
        let reader = scope.spawn(|| {
            let mut reads = 0;
            while !over.load(Ordering::Relaxed) {
                let seen = fs::read(&path).expect("always present");
                assert!(pages.contains(&seen), "{} bytes", seen.len());
                reads += 1;
            }
            reads
        });
        for round in 1..300 {
            let found = world.look("file");
            world
                .act(file(&path, digests[round % 2], found), &store)
                .unwrap();
        }
        drop(ending);
        assert!(reader.join().unwrap() > 100);
    });
    assert_eq!(world.names(""), ["file"]);
}

#[test]
fn a_writer_that_replaces_the_file_meanwhile_is_never_overwritten() {
    let world = HostFixture::new();
    let mut store = Store::default();
    let ours = store.add(b"ours");
    let path = world.text("file");
    let (mut refused, mut won) = (0, 0);
    for round in 0..300 {
        fs::write(&path, "before").unwrap();
        let found = world.look("file");
        let theirs = format!("theirs {round}");
        fs::write(world.path("theirs"), &theirs).unwrap();
        let outcome = std::thread::scope(|scope| {
            let writer = scope.spawn(|| {
                std::thread::sleep(std::time::Duration::from_micros(round * 7 % 400));
                fs::rename(world.path("theirs"), &path).unwrap();
            });
            let outcome = world.act(file(&path, ours, found), &store);
            writer.join().unwrap();
            outcome
        });
        // Either theirs came last or ours was refused: theirs remains in both cases.
        assert_eq!(fs::read_to_string(&path).unwrap(), theirs, "{outcome:?}");
        match outcome {
            Ok(_) => won += 1,
            Err(ActionError::Changed { .. }) => refused += 1,
            Err(error) => panic!("{error}"),
        }
    }
    eprintln!("{won} came after ours, {refused} before");
}

#[test]
fn a_file_that_appears_meanwhile_is_never_overwritten() {
    let world = HostFixture::new();
    let mut store = Store::default();
    let ours = store.add(b"ours");
    for round in 0..300 {
        let path = world.text(&format!("file-{round}"));
        let (outcome, made) = std::thread::scope(|scope| {
            let writer = scope.spawn(|| {
                std::thread::sleep(std::time::Duration::from_micros(round * 5 % 200));
                fs::File::create_new(&path).is_ok()
            });
            let outcome = world.act(file(&path, ours, PathState::Missing), &store);
            (outcome, writer.join().unwrap())
        });
        assert_ne!(outcome.is_ok(), made, "{outcome:?}");
        assert_eq!(fs::read(&path).unwrap().is_empty(), made);
    }
}

#[test]
fn a_directory_that_becomes_a_link_meanwhile_is_not_followed() {
    let world = HostFixture::new();
    let mut store = Store::default();
    let ours = store.add(b"ours");
    fs::create_dir(world.path("outside")).unwrap();
    fs::create_dir(world.path("parent")).unwrap();
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let _over = Over(&over);
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                fs::rename(world.path("parent"), world.path("aside")).unwrap();
                symlink("outside", world.path("parent")).unwrap();
                fs::remove_file(world.path("parent")).unwrap();
                fs::rename(world.path("aside"), world.path("parent")).unwrap();
            }
        });
        for round in 0..1000 {
            let path = world.text(&format!("parent/{round}"));
            // Regardless of the result, nothing may change outside.
            let _ = world.act(file(&path, ours, PathState::Missing), &store);
        }
    });
    assert!(world.names("outside").is_empty());
}
