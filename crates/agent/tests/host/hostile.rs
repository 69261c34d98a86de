//! Sides that break the rules about materials: what they get, and how the conversation ends.

use std::io::Write as _;
use std::time::{Duration, Instant};

use evenkeel_agent::{End, Stopper, serve};
use evenkeel_host::wire::client::Client;
use evenkeel_host::wire::frame::{self, Frame, Violation};
use evenkeel_host::wire::message::{Hello, Outcome, Reply, Request, Whole};
use evenkeel_host::wire::{MAGIC, limit};
use evenkeel_host::{
    Action, ActionError, LocalTarget, PathState, Performed, Target as _, installation,
};
use evenkeel_model::{Digest, Sealer};

use super::agent::AGENT;
use super::protocol::{Kept, greeting};
use super::support::{Fixture, HANGS, Here, Store, file};

/// Performs actions with an agent that says what the test wrote. Returns the outcome of the first action, and what was
/// sent to the agent after the actions.
fn performed(
    store: &Store,
    actions: &[Action],
    say: impl FnOnce(&mut Vec<u8>),
) -> (Result<Performed, ActionError>, Vec<Request>, usize) {
    let mut said = MAGIC.to_vec();
    frame::write(&mut said, &Reply::Hello(Hello::ours())).unwrap();
    say(&mut said);
    let outcomes = actions.iter().map(|_| Outcome::Done { note: None });
    let outcomes = outcomes.collect();
    let more = false;
    frame::write(&mut said, &Reply::Outcomes { outcomes, more }).unwrap();
    let kept = Kept::default();
    let client = Client::open(said.as_slice(), kept.clone(), &Sealer::new([1; 32])).unwrap();
    let outcome = client
        .perform(actions, store, &evenkeel_host::Interruption::default())
        .remove(0);
    let sent = kept.0.lock().unwrap().clone();
    let mut from = sent.as_slice();
    frame::read_magic(&mut from, 0).unwrap();
    let (mut messages, mut bytes) = (Vec::new(), 0);
    while let Some(frame) = frame::read(&mut from).unwrap() {
        match frame {
            Frame::Json(json) => messages.push(frame::parse(&json).unwrap()),
            Frame::Bytes(some) => bytes += some.len(),
        }
    }
    (outcome, messages.split_off(3), bytes)
}

fn wants(digest: Digest) -> Reply {
    Reply::WantContents {
        digests: vec![digest],
        room: u64::MAX,
        whole: true,
    }
}

/// A file that replaces another one.
fn replacing(content: Digest) -> Action {
    let account = evenkeel_host::Account { id: 0, name: None };
    let expected = PathState::File {
        digest: Digest::of(b"old"),
        mode: 0o644,
        owner: account.clone(),
        group: account,
    };
    file("/f", content, expected)
}

#[test]
fn an_agent_gets_only_what_the_actions_name() {
    let mut store = Store::default();
    let named = store.add(b"named");
    let other = store.add(b"of another host");
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("file"), "of another installation").unwrap();
    let artifact = Store::artifact(&mut store, &home.path().join("file"));
    let action = file("/f", named, PathState::Missing);
    let (outcome, sent, bytes) = performed(&store, &[action], |said| {
        for digest in [other, named] {
            frame::write(said, &wants(digest)).unwrap();
        }
        for listed in [true, false] {
            let digest = artifact;
            frame::write(said, &Reply::WantArtifact { digest, listed }).unwrap();
        }
    });
    assert!(outcome.is_ok());
    assert_eq!(bytes, 5);
    assert!(matches!(
        &sent[..],
        [
            Request::Missing,
            Request::Content { size: 5 },
            Request::Missing,
            Request::Missing
        ]
    ));
}

#[test]
fn a_request_against_the_rules_ends_the_conversation() {
    let mut store = Store::default();
    let plain = store.add(&vec![1; 100_000]);
    let sealed = store.add_sealed(&Sealer::new([1; 32]), &vec![2; 100_000]);
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(home.path().join("tree/directory")).unwrap();
    std::fs::write(home.path().join("tree/file"), "x").unwrap();
    let artifact = Store::artifact(&mut store, &home.path().join("tree"));
    let Action::File(mut secret) = replacing(sealed) else {
        unreachable!()
    };
    secret.sealed = true;
    let actions = [
        replacing(plain),
        Action::File(secret),
        file("/new", store.add(&vec![3; 100_000]), PathState::Missing),
        Action::Install(installation::Install {
            into: "/into".to_owned(),
            artifact,
            keep: 1,
            expected: None,
        }),
    ];
    let parts = |of: Whole, chunks: u32| Reply::WantParts { of, chunks };
    let entries = |entries: &[u32]| Reply::WantEntries {
        entries: entries.to_vec(),
    };
    let listing = Reply::WantArtifact {
        digest: artifact,
        listed: true,
    };
    let new = Whole::Content(Digest::of(&vec![3; 100_000]));
    for (replies, words) in [
        (
            vec![parts(Whole::Content(plain), u32::MAX)],
            "exceeds the limit",
        ),
        (
            vec![parts(Whole::Content(plain), 262_145)],
            "exceeds the limit",
        ),
        // Its names do not follow.
        (
            vec![parts(Whole::Content(plain), 3)],
            "the names of the announced chunks",
        ),
        (
            vec![parts(Whole::Content(sealed), 0)],
            "replaces another one",
        ),
        (vec![parts(new, 0)], "replaces another one"),
        (vec![parts(Whole::Entry(0), 0)], "listed artifact"),
        (vec![entries(&[1])], "listed artifact"),
        (vec![listing.clone(), entries(&[2])], "listed artifact"),
        (
            vec![listing.clone(), entries(&[u32::MAX])],
            "listed artifact",
        ),
        // A directory.
        (vec![listing.clone(), entries(&[0])], "listed artifact"),
        (vec![listing.clone(), entries(&[1, 1])], "ascending order"),
        (
            vec![listing.clone(), parts(Whole::Entry(7), 0)],
            "listed artifact",
        ),
        (
            vec![Reply::WantContents {
                digests: vec![plain; limit::CONTENTS + 1],
                room: 0,
                whole: false,
            }],
            "unexpected reply",
        ),
    ] {
        let (outcome, _, bytes) = performed(&store, &actions, |said| {
            for reply in &replies {
                frame::write(said, reply).unwrap();
            }
        });
        let Err(ActionError::Failed { reason, .. }) = outcome else {
            panic!("{replies:?}: {outcome:?}");
        };
        assert!(reason.contains(words), "{replies:?}: {reason}");
        assert_eq!(bytes, 0, "{replies:?}");
    }
    for names in [&[0; 31][..], &[0; 33], &[0; 16], &[]] {
        let (outcome, _, bytes) = performed(&store, &actions, |said| {
            frame::write(said, &parts(Whole::Content(plain), 2)).unwrap();
            frame::write_bytes(said, names).unwrap();
        });
        assert!(outcome.is_err(), "{names:?}");
        assert_eq!(bytes, 0);
    }
    // Within the rules.
    let (outcome, sent, bytes) = performed(&store, &actions, |said| {
        for reply in [listing, entries(&[1]), parts(Whole::Entry(1), 0)] {
            frame::write(said, &reply).unwrap();
        }
        frame::write(said, &parts(Whole::Content(plain), 2)).unwrap();
        frame::write_bytes(said, &[0; 32]).unwrap();
        // A secret is sent as a whole, a content that replaces another one is offered in parts.
        let digests = vec![sealed, plain];
        let (room, whole) = (u64::MAX, false);
        frame::write(
            said,
            &Reply::WantContents {
                digests,
                room,
                whole,
            },
        )
        .unwrap();
    });
    assert!(outcome.is_ok(), "{outcome:?}");
    assert_eq!(bytes, 1 + 1 + 100_000 + 100_000);
    assert!(matches!(sent.last(), Some(Request::InParts)));
}

/// Serves actions, and says what the test wrote each time when the agent wants something.
fn served(actions: &[Action], answers: Vec<Vec<u8>>) -> (End, String) {
    let home = tempfile::tempdir().unwrap();
    let mut sent = greeting();
    frame::write(
        &mut sent,
        &serde_json::json!({"perform": {"actions": actions}}),
    )
    .unwrap();
    let (reader, mut writer) = std::io::pipe().unwrap();
    writer.write_all(&sent).unwrap();
    let kept = Kept::default();
    let said = kept.clone();
    let feeding = std::thread::spawn(move || {
        for (number, answer) in answers.iter().enumerate() {
            let begun = Instant::now();
            while String::from_utf8_lossy(&said.0.lock().unwrap())
                .matches("{\"want-")
                .count()
                <= number
            {
                assert!(begun.elapsed() < HANGS);
                std::thread::sleep(Duration::from_millis(2));
            }
            let _ = writer.write_all(answer);
        }
    });
    let end = serve(
        reader,
        kept.clone(),
        |sealer| LocalTarget::new(sealer, AGENT.into()),
        home.path(),
        &Stopper::default(),
        None,
    );
    feeding.join().unwrap();
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0);
    let said = String::from_utf8_lossy(&kept.0.lock().unwrap()).into_owned();
    (end, said)
}

fn written(messages: &[Request]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for message in messages {
        frame::write(&mut bytes, message).unwrap();
        if let Request::Fresh { size } | Request::Content { size } = message {
            let some = usize::try_from((*size).min(10)).unwrap();
            frame::write_bytes(&mut bytes, &vec![1; some]).unwrap();
        }
    }
    bytes
}

#[test]
fn an_agent_accepts_no_recipe_against_the_rules() {
    use Request::{Bye, Fresh, InParts, Missing, Recipe, Take};
    let world = Fixture::<Here>::new();
    std::fs::write(world.path("file"), vec![5; 200_000]).unwrap();
    let content = Digest::of(b"new");
    let action = file(&world.text("file"), content, world.look("file"));
    let cases = [
        vec![Take { first: 0, count: 1 }],
        vec![Recipe {
            size: limit::CONTENT + 1,
        }],
        vec![Recipe { size: u64::MAX }],
        vec![
            Recipe { size: 10 },
            Take {
                first: u32::MAX,
                count: 1,
            },
        ],
        vec![
            Recipe { size: 10 },
            Take {
                first: 0,
                count: u32::MAX,
            },
        ],
        vec![
            Recipe { size: 1 << 30 },
            Take {
                first: 1,
                count: 1000,
            },
        ],
        // More than announced.
        vec![Recipe { size: 10 }, Take { first: 0, count: 1 }],
        vec![Recipe { size: 5 }, Fresh { size: 10 }],
        // Nothing, which could go on without an end.
        vec![Recipe { size: 5 }, Take { first: 0, count: 0 }],
        vec![Recipe { size: 5 }, Fresh { size: 0 }],
        vec![Recipe { size: 5 }, Request::ArtifactEnd],
    ];
    for case in cases {
        let (end, said) = served(
            std::slice::from_ref(&action),
            vec![written(&[InParts]), written(&case)],
        );
        let is_violation = matches!(
            end,
            End::Broken(Violation::Unexpected { .. } | Violation::Excessive { .. })
        );
        assert!(is_violation, "{end:?} {said}");
        assert_eq!(end.code(), 65);
    }
    // Withdrawn, or with another digest: refused, and the conversation goes on.
    for case in [
        vec![Missing, Bye],
        vec![Recipe { size: 5 }, Missing, Bye],
        vec![Recipe { size: 10 }, Fresh { size: 10 }, Bye],
        vec![Recipe { size: 0 }, Bye],
    ] {
        let (end, said) = served(
            std::slice::from_ref(&action),
            vec![written(&[InParts]), written(&case)],
        );
        assert_eq!(end, End::Bye);
        assert!(said.contains("plan again"), "{said}");
    }
    assert!(std::fs::read(world.path("file")).unwrap() == vec![5; 200_000]);
    assert_eq!(world.names(""), ["file"]);
}

#[test]
fn an_agent_accepts_no_listing_against_the_rules() {
    use Request::{Artifact, ArtifactEnd, Bye, Content, Entry, Missing};
    let world = Fixture::<Here>::new();
    let mut store = Store::default();
    std::fs::create_dir(world.path("into")).unwrap();
    std::fs::create_dir(world.path("artifact")).unwrap();
    std::fs::write(world.path("artifact/a"), "a").unwrap();
    let first = Store::artifact(&mut store, &world.path("artifact"));
    let install = |artifact, expected| {
        Action::Install(installation::Install {
            into: world.text("into"),
            artifact,
            keep: 1,
            expected,
        })
    };
    world.act(install(first, None), &store).unwrap();
    let action = install(Digest::of(b"unknown"), Some(first));
    let entry = |path: &str, content: &[u8], size: u64| Entry {
        path: path.to_owned(),
        file: Some(evenkeel_host::wire::message::ArtifactFile {
            executable: false,
            size,
            digest: Some(Digest::of(content)),
        }),
        link: None,
    };
    let head = || vec![Artifact { single: false }];
    let listed = |entries: Vec<Request>| {
        let mut all = head();
        all.extend(entries);
        all.push(ArtifactEnd);
        written(&all)
    };
    // Out of the folder, twice, and with another size than announced.
    for (listing, files, is_violation) in [
        (vec![entry("../a", b"a", 1)], None, false),
        (vec![entry("/tmp/a", b"a", 1)], None, false),
        (vec![entry("a", b"a", 1), entry("a", b"a", 1)], None, false),
        (
            vec![entry("../b", b"b", 1)],
            Some(vec![Content { size: 1 }, ArtifactEnd]),
            false,
        ),
        (vec![entry("b", b"b", 1)], Some(vec![Missing]), false),
        (
            vec![entry("b", b"b", 1)],
            Some(vec![Content { size: 1 }, Missing]),
            false,
        ),
        (
            vec![entry("b", b"b", 1)],
            Some(vec![Content { size: 2 }]),
            true,
        ),
        (vec![entry("b", b"b", 1)], Some(vec![ArtifactEnd]), true),
        (
            vec![entry("b", b"b", 1)],
            Some(vec![Content { size: 1 }, Content { size: 1 }]),
            true,
        ),
        // The wrong content.
        (
            vec![entry("a", b"a", 1), entry("b", b"b", 1)],
            Some(vec![Content { size: 1 }, ArtifactEnd]),
            false,
        ),
    ] {
        let mut answers = vec![listed(listing)];
        answers.extend(files.map(|files| written(&files)));
        if let Some(last) = answers.last_mut() {
            last.extend(written(&[Bye]));
        }
        let (end, said) = served(std::slice::from_ref(&action), answers);
        if is_violation {
            assert!(
                matches!(end, End::Broken(Violation::Unexpected { .. })),
                "{end:?}"
            );
        } else {
            assert_eq!(end, End::Bye, "{said}");
            assert!(said.contains("plan again"), "{said}");
        }
        let current = std::fs::read_link(world.path("into/current")).unwrap();
        assert!(current.ends_with(first.hex()));
    }
    assert_eq!(world.names(""), ["artifact", "into"]);
    assert_eq!(world.names("into/releases"), [first.hex()]);
}
