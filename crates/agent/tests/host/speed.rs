//! Large batches. Durations are printed and not checked, because test machines are shared.

use std::fs;
use std::time::Instant;

use evenkeel_host::{Action, PathState, path};

use super::support::{Fixture, Here, Store, file, query};

#[test]
fn five_thousand_files_are_placed_and_read_and_a_repetition_changes_nothing() {
    let world = Fixture::<Here>::new();
    let mut store = Store::default();
    let actions: Vec<Action> = (0..5000_u32)
        .map(|number| {
            let directory = format!("{}", number % 50);
            if number < 50 {
                fs::create_dir(world.path(&directory)).unwrap();
            }
            let content = store.add(format!("content {number}\n").repeat(20).as_bytes());
            file(
                &world.text(&format!("{directory}/{number}")),
                content,
                PathState::Missing,
            )
        })
        .collect();
    let begun = Instant::now();
    let outcomes = world.target.perform(&actions, &store, &world.interruption);
    let placing = begun.elapsed();
    assert!(outcomes.iter().all(Result::is_ok));
    let queries: Vec<_> = actions
        .iter()
        .map(|action| match action {
            Action::File(path::File { path, .. }) => query(path),
            _ => unreachable!(),
        })
        .collect();
    let begun = Instant::now();
    let answers = world.target.observe(&queries);
    let looking = begun.elapsed();
    assert_eq!(answers.len(), 5000);
    assert!(answers.iter().all(|answer| matches!(
        answer,
        evenkeel_host::Answer::Path(evenkeel_host::path::Answer {
            standing: PathState::File { .. },
            ..
        })
    )));
    let begun = Instant::now();
    let outcomes = world.target.perform(&actions, &store, &world.interruption);
    let again = begun.elapsed();
    assert!(
        outcomes
            .iter()
            .all(|outcome| outcome.as_ref().is_ok_and(|done| done.note.is_some()))
    );
    eprintln!("5,000 files: placed in {placing:?}, read in {looking:?}, placed again in {again:?}");
}

#[test]
fn a_large_artifact_is_digested() {
    let world = Fixture::<Here>::new();
    fs::write(world.path("artifact"), vec![1; 100 << 20]).unwrap();
    evenkeel_host::tree_digest(&world.path("artifact")).unwrap();
    let begun = Instant::now();
    let digest = evenkeel_host::tree_digest(&world.path("artifact")).unwrap();
    eprintln!("100 MiB digested in {:?}", begun.elapsed());
    let begun = Instant::now();
    let mut peer = blake3::Hasher::new();
    peer.update_mmap_rayon(world.path("artifact")).unwrap();
    eprintln!(
        "with the method of b3sum: {:?} {}",
        begun.elapsed(),
        peer.finalize()
    );
    assert_eq!(digest.bytes, 100 << 20);
}
