//! Compares the target in memory with this machine: the same actions, the same answers. Also tests its faults.

use std::collections::BTreeMap;
use std::fs;

use evenkeel_host::recorded::{Fault, RecordedTarget};
use evenkeel_host::{
    Action, ActionError, Answer, Interruption, Observer as _, PathState, ProcessState, Query,
    Target, content, entries, installation, path, process,
};
use evenkeel_model::Sealer;

use super::support::{HostFixture, Store, file, query};

/// The compared values: the kind of outcome and its note.
fn said(outcome: &Result<evenkeel_host::Performed, ActionError>) -> String {
    match outcome {
        Ok(done) => format!("ok {}", done.note.as_deref().unwrap_or("")),
        Err(ActionError::Changed {
            expected, found, ..
        }) => format!("changed {expected} {found}"),
        Err(ActionError::Failed { .. }) => "failed".to_owned(),
        Err(ActionError::Interrupted) => "interrupted".to_owned(),
    }
}

/// Returns answers without their times.
fn seen(answer: Answer) -> Answer {
    match answer {
        Answer::Path(path::Answer { standing, text, .. }) => Answer::Path(path::Answer {
            standing,
            text,
            changed: None,
        }),
        Answer::Installation(installation::Answer {
            current,
            actual,
            releases,
            held,
            ..
        }) => Answer::Installation(installation::Answer {
            current,
            actual,
            releases,
            held,
            changed: None,
        }),
        Answer::Unreadable { .. } => Answer::Unreadable {
            reason: String::new(),
        },
        other => other,
    }
}

#[test]
fn it_acts_and_answers_like_this_machine() {
    if fs::metadata("/proc/self")
        .is_ok_and(|status| std::os::unix::fs::MetadataExt::uid(&status) != 0)
    {
        eprintln!(
            "SKIPPED: the target in memory belongs to root, and this test does not run as root"
        );
        return;
    }
    let world = HostFixture::new();
    let recorded = RecordedTarget::new(world.sealer.clone());
    let home = world.path("");
    recorded.change(|memory| {
        for directory in home.ancestors() {
            memory.put_directory(directory.to_str().unwrap().trim_end_matches('/'), 0o755);
        }
        memory.put_directory("/", 0o755);
    });
    let at = |name: &str| world.text(name);
    let mut store = Store::default();
    let (one, two) = (store.add(b"one"), store.add(b"two"));
    let secret = store.add_sealed(&world.sealer, b"hunter2");
    fs::write(world.path("artifact"), "an artifact").unwrap();
    recorded.change(|memory| memory.put_file(&at("artifact"), b"an artifact", 0o644));
    let artifact = store.artifact(&world.path("artifact"));
    let owner = Some("root".to_owned());
    let with = |digest, mode| {
        let root = evenkeel_host::Account {
            id: 0,
            name: Some("root".into()),
        };
        PathState::File {
            digest,
            mode,
            owner: root.clone(),
            group: root,
        }
    };
    let directory = |name, mode, expected| {
        Action::Directory(path::Directory {
            path: at(name),
            mode,
            owner: None,
            group: None,
            expected,
        })
    };
    let remove = |name, expected| {
        Action::Remove(path::Remove {
            path: at(name),
            sealed: false,
            expected,
        })
    };
    let link = |to: &str, expected| {
        Action::Link(path::Link {
            path: at("link"),
            to: to.to_owned(),
            expected,
        })
    };
    let install = |expected| {
        Action::Install(installation::Install {
            into: at("d"),
            artifact,
            keep: 2,
            expected,
        })
    };
    let actions = [
        file(&at("d/f"), one, PathState::Missing),
        directory("d", 0o750, PathState::Missing),
        directory("d", 0o750, PathState::Missing),
        file(&at("d/f"), one, PathState::Missing),
        file(&at("d/f"), two, PathState::Missing),
        file(&at("d/f"), two, with(one, 0o640)),
        file(&at("d/f"), two, with(one, 0o640)),
        Action::File(path::File {
            path: at("s"),
            content: secret,
            sealed: true,
            mode: 0o600,
            owner,
            group: None,
            validate: Vec::new(),
            expected: PathState::Missing,
        }),
        link("d/f", PathState::Missing),
        link("elsewhere", PathState::Missing),
        link("elsewhere", PathState::Link { to: "d/f".into() }),
        file(&at("link/below"), one, PathState::Missing),
        remove("d/f", with(one, 0o640)),
        install(Some(one)),
        install(None),
        install(None),
        Action::Uninstall(installation::Uninstall {
            into: at("d"),
            expected: None,
        }),
        Action::Uninstall(installation::Uninstall {
            into: at("d"),
            expected: Some(artifact),
        }),
        remove("d/f", with(two, 0o640)),
        remove("d/f", with(two, 0o640)),
        file(&at("d"), one, PathState::Missing),
    ];
    for (number, action) in actions.iter().enumerate() {
        let real = world.act(action.clone(), &store);
        let memory = recorded
            .perform(std::slice::from_ref(action), &store, &world.interruption)
            .pop()
            .unwrap();
        assert_eq!(said(&real), said(&memory), "action {number}: {action:?}");
        let queries =
            ["d", "d/f", "s", "link", "link/below", "none/f"].map(|name| query(&at(name)));
        let more = [
            Query::Entries(entries::Query {
                path: home.to_str().unwrap().trim_end_matches('/').to_owned(),
            }),
            Query::Entries(entries::Query { path: at("d") }),
            Query::Content(content::Query { path: at("d") }),
            Query::Content(content::Query { path: at("d/f") }),
            Query::Content(content::Query { path: at("link") }),
            Query::Installation(installation::Query {
                into: at("d"),
                artifact: evenkeel_model::Digest::of(b"artifact"),
            }),
        ];
        for query in queries.into_iter().chain(more) {
            let query_words = format!("after action {number}: {query:?}");
            let memory = recorded
                .observe(std::slice::from_ref(&query))
                .pop()
                .unwrap();
            let (real, memory) = (seen(world.ask(query)), seen(memory));
            assert_eq!(real, memory, "{query_words}");
        }
    }
}

#[test]
fn injected_faults_take_effect_and_appear_in_the_journal() {
    let recorded = RecordedTarget::new(Sealer::new([1; 32]));
    let mut store = Store::default();
    let content = store.add(b"x");
    for (number, fault) in [
        Fault::FailBefore,
        Fault::FailAfter,
        Fault::Lie,
        Fault::Blind,
        Fault::Interrupt,
    ]
    .into_iter()
    .enumerate()
    {
        recorded.fail(number, fault);
    }
    let actions: Vec<Action> = (0..6)
        .map(|number| file(&format!("/{number}"), content, PathState::Missing))
        .collect();
    let outcomes = recorded.perform(&actions, &store, &Interruption::default());
    let said: Vec<bool> = outcomes.iter().map(Result::is_ok).collect();
    let really: Vec<bool> = recorded
        .journal()
        .iter()
        .map(|happening| happening.changed)
        .collect();
    assert_eq!(said, [false, false, true, true, true, false]);
    assert_eq!(really, [false, true, false, true, true, false]);
    assert!(matches!(
        recorded.observe(&[query("/3")])[0],
        Answer::Unreadable { .. }
    ));
    recorded.heal();
    assert!(matches!(
        recorded.observe(&[query("/3")])[0],
        Answer::Path(path::Answer { .. })
    ));
}

#[test]
fn its_processes_start_end_and_stop() {
    let recorded = RecordedTarget::new(Sealer::new([1; 32]));
    let start = |expected| {
        Action::Start(process::Start {
            record: "/app".into(),
            log: "/log".into(),
            command: vec!["app".into()],
            environment: BTreeMap::new(),
            directory: None,
            ready: None,
            within: 1,
            stop_within: 1,
            started_as: BTreeMap::new(),
            expected,
        })
    };
    let act = |action| {
        recorded
            .perform(&[action], &Store::default(), &Interruption::default())
            .pop()
            .unwrap()
    };
    let state = || match recorded
        .observe(&[Query::Process(process::Query {
            record: "/app".into(),
            ready: None,
        })])
        .pop()
        .unwrap()
    {
        Answer::Process(process::Answer { state }) => state,
        other => panic!("{other:?}"),
    };
    act(start(None)).unwrap();
    assert_eq!(
        act(start(None)).unwrap().note.as_deref(),
        Some("already so")
    );
    assert!(matches!(state(), ProcessState::Running { .. }));
    let running = recorded.change(|world| {
        let process = world.processes.get_mut("/app").unwrap();
        process.alive = false;
        process.running
    });
    assert!(matches!(state(), ProcessState::Ended { .. }));
    assert!(matches!(
        act(start(Some(running))),
        Err(ActionError::Changed { .. })
    ));
    act(start(None)).unwrap();
    assert!(matches!(state(), ProcessState::Running { pid, .. } if pid != running.pid));
    let stop = Action::Stop(process::Stop {
        record: "/app".into(),
        stop_within: 1,
        expected: Some(running),
    });
    assert!(matches!(act(stop), Err(ActionError::Changed { .. })));
}
