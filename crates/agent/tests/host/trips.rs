//! Round trips and bytes of a conversation. Durations are printed and not checked.

use std::time::{Duration, Instant};

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use evenkeel_host::{
    Action, ActionError, Answer, Materials, Observer as _, PathState, Query, Target as _,
    installation,
};
use evenkeel_model::Digest;

use super::line::Far;
use super::support::{Fixture, Here, Store, file, query};

/// The delay in each direction.
const DELAY: Duration = Duration::from_millis(50);

#[test]
fn all_questions_are_sent_before_the_first_answer_is_awaited() {
    let world = Fixture::<Here>::new();
    let far = Far::start(&world.sealer, DELAY);
    let queries: Vec<Query> = (0..5000)
        .map(|number| {
            let name = number.to_string();
            if number % 10 == 0 {
                std::fs::write(world.path(&name), &name).unwrap();
            }
            query(&world.text(&name))
        })
        .collect();
    far.counted.hold_until(queries.len());
    let begun = Instant::now();
    let mut answers: Vec<Answer> = Vec::new();
    let mut sizes = Vec::new();
    let mut batches = queries.chunks(1024).map(<[Query]>::to_vec);
    far.client.observe_batches(&mut batches, &mut |some| {
        sizes.push(some.len());
        answers.extend(some);
    });
    eprintln!(
        "5,000 questions with {DELAY:?} in each direction: {:?}",
        begun.elapsed()
    );
    assert_eq!(sizes, [1024, 1024, 1024, 1024, 904]);
    // The same as on this machine, in the same order.
    assert!(answers == world.target.observe(&queries));
    far.end();
}

#[test]
fn batches_after_the_end_of_an_agent_are_answered_as_unreadable() {
    let world = Fixture::<Here>::new();
    let far = Far::start(&world.sealer, Duration::ZERO);
    let mut batches = (0..50).map(|number| {
        if number == 2 {
            far.kill();
        }
        vec![query(&format!("/none/{number}")); 3]
    });
    let mut counts = Vec::new();
    let mut reasons = Vec::new();
    far.client.observe_batches(&mut batches, &mut |answers| {
        counts.push(answers.len());
        reasons.extend(answers.into_iter().filter_map(|answer| match answer {
            Answer::Unreadable { reason } => Some(reason),
            _ => None,
        }));
    });
    assert_eq!(counts, [3; 50]);
    assert!(!reasons.is_empty());
    assert!(
        reasons.iter().all(|reason| reason.contains("broke")),
        "{reasons:?}"
    );
}

/// Bytes that look like any others: the same for the same seed.
fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut bytes = vec![0; length];
    blake3::Hasher::new()
        .update(&seed.to_le_bytes())
        .finalize_xof()
        .fill(&mut bytes);
    bytes
}

fn install(world: &Fixture<Here>, artifact: Digest, expected: Option<Digest>) -> Action {
    Action::Install(installation::Install {
        into: world.text("into"),
        artifact,
        keep: 2,
        expected,
    })
}

#[test]
fn contents_are_requested_together() {
    let world = Fixture::<Here>::new();
    let far = Far::start(&world.sealer, DELAY);
    let mut store = Store::default();
    let actions: Vec<Action> = (0..1000)
        .map(|number| {
            // Some files have the same content, and some contents are secret.
            let bytes = format!("content {}\n", number % 900).repeat(20);
            if number % 50 == 7 {
                let content = store.add_sealed(&world.sealer, bytes.as_bytes());
                let Action::File(mut action) = file(
                    &world.text(&format!("{number}")),
                    content,
                    PathState::Missing,
                ) else {
                    unreachable!()
                };
                action.sealed = true;
                return Action::File(action);
            }
            let content = store.add(bytes.as_bytes());
            file(
                &world.text(&format!("{number}")),
                content,
                PathState::Missing,
            )
        })
        .collect();
    far.counted.since();
    let begun = Instant::now();
    let outcomes = far.client.perform(&actions, &store, &world.interruption);
    let (sent, received, wanted) = far.counted.since();
    eprintln!(
        "1,000 files with {DELAY:?} in each direction: {:?}, {wanted} requests, {sent} bytes sent, {received} received",
        begun.elapsed()
    );
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    assert!((1..=6).contains(&wanted), "{wanted}");
    for number in 0..1000 {
        let expected = format!("content {}\n", number % 900).repeat(20);
        let found = fs::read_to_string(world.path(&number.to_string())).unwrap();
        assert_eq!(found, expected);
    }
    far.end();
}

#[test]
fn contents_that_exceed_the_room_arrive_later() {
    let world = Fixture::<Here>::new();
    let far = Far::start(&world.sealer, Duration::ZERO);
    let mut store = Store::default();
    let contents: Vec<Vec<u8>> = (0..12_u8)
        .map(|number| {
            noise(
                1_500_000 + usize::from(number % 3) * 4_000_000,
                u64::from(number),
            )
        })
        .collect();
    let actions: Vec<Action> = contents
        .iter()
        .enumerate()
        .map(|(number, bytes)| {
            let content = store.add(bytes);
            file(
                &world.text(&number.to_string()),
                content,
                PathState::Missing,
            )
        })
        .collect();
    far.counted.since();
    let outcomes = far.client.perform(&actions, &store, &world.interruption);
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    for (number, bytes) in contents.iter().enumerate() {
        assert!(fs::read(world.path(&number.to_string())).unwrap() == *bytes);
    }
    let total: usize = contents.iter().map(Vec::len).sum();
    let (sent, _, wanted) = far.counted.since();
    // Each byte is sent once, as far as the two halves of the work do not get into each other's way.
    assert!(sent < total as u64 * 5 / 4, "{sent} of {total}");
    assert!(wanted < 16, "{wanted}");
    far.end();
}

#[test]
fn a_large_file_is_sent_in_parts() {
    let world = Fixture::<Here>::new();
    let far = Far::start(&world.sealer, Duration::ZERO);
    let mut store = Store::default();
    let old = noise(50_000_000, 1);
    let mut new = old.clone();
    new.splice(25_000_000..25_000_000, noise(1000, 2));
    fs::write(world.path("large"), &old).unwrap();
    let content = store.add(&new);
    let action = file(&world.text("large"), content, world.look("large"));
    far.counted.since();
    let begun = Instant::now();
    let outcomes = far.client.perform(&[action], &store, &world.interruption);
    let took = begun.elapsed();
    let (sent, received, wanted) = far.counted.since();
    eprintln!(
        "50 MB with 1 kB inserted: {sent} bytes sent, {received} received, {wanted} requests, {took:?}"
    );
    assert!(outcomes[0].is_ok(), "{outcomes:?}");
    assert!(fs::read(world.path("large")).unwrap() == new);
    assert!(sent + received < 200_000, "{sent} {received}");

    // A small new version, and one of which the host has nothing.
    for bytes in [noise(10, 3), noise(300_000, 4), Vec::new()] {
        fs::write(world.path("large"), &old).unwrap();
        let content = store.add(&bytes);
        let action = file(&world.text("large"), content, world.look("large"));
        let outcomes = far.client.perform(&[action], &store, &world.interruption);
        assert!(outcomes[0].is_ok(), "{outcomes:?}");
        assert!(fs::read(world.path("large")).unwrap() == bytes);
    }
    far.end();
}

#[test]
fn a_secret_is_sent_as_a_whole_and_not_compared() {
    let world = Fixture::<Here>::new();
    let far = Far::start(&world.sealer, Duration::ZERO);
    let mut store = Store::default();
    let old = noise(1_000_000, 1);
    let mut new = old.clone();
    new.push(1);
    fs::write(world.path("secret"), &old).unwrap();
    let content = store.add_sealed(&world.sealer, &new);
    let PathState::File {
        mode, owner, group, ..
    } = world.look("secret")
    else {
        panic!()
    };
    let expected = PathState::File {
        digest: world.sealer.seal(&old),
        mode,
        owner,
        group,
    };
    let Action::File(mut action) = file(&world.text("secret"), content, expected) else {
        unreachable!()
    };
    action.sealed = true;
    far.counted.since();
    let outcomes = far
        .client
        .perform(&[Action::File(action)], &store, &world.interruption);
    assert!(outcomes[0].is_ok(), "{outcomes:?}");
    let (sent, received, wanted) = far.counted.since();
    assert!(sent > new.len() as u64);
    // The names of chunks alone would be longer.
    assert!(received < 500, "{received}");
    assert_eq!(wanted, 1);
    far.end();
}

#[test]
fn an_artifact_is_sent_without_the_files_that_the_host_has() {
    let world = Fixture::<Here>::new();
    let far = Far::start(&world.sealer, Duration::ZERO);
    let mut store = Store::default();
    let root = world.path("artifact");
    fs::create_dir_all(root.join("bin")).unwrap();
    fs::create_dir_all(world.path("into")).unwrap();
    for number in 0..2000_u64 {
        fs::write(root.join(format!("{number}")), noise(5000, number)).unwrap();
    }
    let mut large = noise(10_000_000, 5000);
    fs::write(root.join("bin/large"), &large).unwrap();
    std::os::unix::fs::symlink("bin/large", root.join("link")).unwrap();
    let first = Store::artifact(&mut store, &root);
    far.counted.since();
    let outcomes = far
        .client
        .perform(&[install(&world, first, None)], &store, &world.interruption);
    assert!(outcomes[0].is_ok(), "{outcomes:?}");
    let (whole, ..) = far.counted.since();

    for number in [3, 700, 1999] {
        fs::write(root.join(number.to_string()), noise(4000, number + 10_000)).unwrap();
    }
    // Moved, made executable, and changed by one percent.
    fs::rename(root.join("20"), root.join("moved")).unwrap();
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(root.join("21"), executable).unwrap();
    large[5_000_000..5_100_000].fill(7);
    fs::write(root.join("bin/large"), &large).unwrap();
    let second = Store::artifact(&mut store, &root);
    let begun = Instant::now();
    let outcomes = far.client.perform(
        &[install(&world, second, Some(first))],
        &store,
        &world.interruption,
    );
    let took = begun.elapsed();
    assert!(outcomes[0].is_ok(), "{outcomes:?}");
    let (sent, received, wanted) = far.counted.since();
    eprintln!(
        "an artifact of 2,001 files, 4 of them changed: {sent} bytes sent ({whole} as a whole), {received} received, {wanted} requests, {took:?}"
    );
    assert!(sent < 650_000 && received < 50_000, "{sent} {received}");
    assert_eq!(wanted, 3);
    let installed = world.path("into/current");
    let installed = installed.canonicalize().unwrap();
    assert_eq!(
        evenkeel_host::tree_digest(&installed).unwrap().digest,
        second
    );

    // One that the host has already is not sent again, also if a file of it was changed there.
    fs::write(installed.join("5"), "changed").unwrap();
    let outcomes = far.client.perform(
        &[install(&world, second, Some(second))],
        &store,
        &world.interruption,
    );
    assert!(outcomes[0].is_ok(), "{outcomes:?}");
    assert_eq!(
        evenkeel_host::tree_digest(&installed).unwrap().digest,
        second
    );

    // An artifact of one file.
    let single = world.path("single");
    fs::write(&single, noise(1_000_000, 1)).unwrap();
    let third = Store::artifact(&mut store, &single);
    let outcomes = far.client.perform(
        &[install(&world, third, Some(second))],
        &store,
        &world.interruption,
    );
    assert!(outcomes[0].is_ok(), "{outcomes:?}");
    let mut bytes = noise(1_000_000, 1);
    bytes.insert(500, 1);
    let renamed = world.path("renamed");
    fs::write(&renamed, &bytes).unwrap();
    let fourth = Store::artifact(&mut store, &renamed);
    far.counted.since();
    let outcomes = far.client.perform(
        &[install(&world, fourth, Some(third))],
        &store,
        &world.interruption,
    );
    assert!(outcomes[0].is_ok(), "{outcomes:?}");
    assert!(fs::read(world.path("into/current")).unwrap() == bytes);
    let (sent, ..) = far.counted.since();
    assert!(sent < 100_000, "{sent}");
    far.end();
}

/// Materials that change something on the host when they are requested for the nth time.
struct Changing<'a, F> {
    store: &'a Store,
    at: usize,
    count: AtomicUsize,
    change: F,
}

impl<F: Fn() + Sync> Changing<'_, F> {
    fn requested(&self) {
        if self.count.fetch_add(1, Ordering::SeqCst) + 1 == self.at {
            (self.change)();
        }
    }
}

impl<F: Fn() + Sync> Materials for Changing<'_, F> {
    fn content(&self, digest: &Digest) -> Option<Arc<[u8]>> {
        self.requested();
        self.store.content(digest)
    }

    fn artifact(&self, digest: &Digest) -> Option<PathBuf> {
        self.requested();
        Materials::artifact(self.store, digest)
    }
}

#[test]
fn a_copy_that_changes_meanwhile_is_refused() {
    let world = Fixture::<Here>::new();
    let far = Far::start(&world.sealer, Duration::ZERO);
    let mut store = Store::default();
    let root = world.path("artifact");
    fs::create_dir_all(&root).unwrap();
    fs::create_dir_all(world.path("into")).unwrap();
    fs::write(root.join("a"), "a").unwrap();
    fs::write(root.join("b"), "b").unwrap();
    let first = Store::artifact(&mut store, &root);
    let outcomes = far
        .client
        .perform(&[install(&world, first, None)], &store, &world.interruption);
    assert!(outcomes[0].is_ok(), "{outcomes:?}");
    fs::write(root.join("b"), "c").unwrap();
    let second = Store::artifact(&mut store, &root);
    let current = world.path("into/current");
    // The host has digested its files when it requests the artifact.
    let changing = Changing {
        store: &store,
        at: 1,
        count: AtomicUsize::default(),
        change: || fs::write(current.join("a"), "x").unwrap(),
    };
    let outcomes = far.client.perform(
        &[install(&world, second, Some(first))],
        &changing,
        &world.interruption,
    );
    assert!(
        matches!(&outcomes[0], Err(ActionError::Failed { reason, .. }) if reason.contains("plan again")),
        "{outcomes:?}"
    );
    assert_eq!(fs::read_to_string(current.join("b")).unwrap(), "b");
    // Then it works.
    let outcomes = far.client.perform(
        &[install(&world, second, Some(first))],
        &store,
        &world.interruption,
    );
    assert!(outcomes[0].is_ok(), "{outcomes:?}");

    let old = noise(300_000, 1);
    fs::write(world.path("file"), &old).unwrap();
    let mut new = old.clone();
    new.truncate(290_000);
    let content = store.add(&new);
    let action = file(&world.text("file"), content, world.look("file"));
    let path = world.path("file");
    // The second request comes with the names of the chunks.
    let changing = Changing {
        store: &store,
        at: 2,
        count: AtomicUsize::default(),
        change: || fs::write(&path, noise(300_000, 9)).unwrap(),
    };
    let outcomes = far
        .client
        .perform(&[action], &changing, &world.interruption);
    assert!(
        matches!(&outcomes[0], Err(ActionError::Failed { reason, .. }) if reason.contains("plan again")),
        "{outcomes:?}"
    );
    assert!(fs::read(world.path("file")).unwrap() == noise(300_000, 9));
    assert!(world.names("").iter().all(|name| !name.starts_with('.')));
    far.end();
}
