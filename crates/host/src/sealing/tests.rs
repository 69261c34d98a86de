//! Tests of a target with its own key behind project seals.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::SealedTarget;
use crate::recorded::{Process, Thing};
use crate::{
    Action, Answer, Interruption, Materials, Observer, PathState, ProcessState, Query,
    RecordedTarget, Running, Target as _, Text, path, process,
};
use evenkeel_model::{Digest, Moment, Sealer};

struct Bench {
    project: Sealer,
    own: Sealer,
    recorded: Arc<RecordedTarget>,
    target: SealedTarget,
}

/// The same host, read with the project's key.
struct Earlier(Sealer, Arc<RecordedTarget>);

impl Observer for Earlier {
    fn observe(&self, queries: &[Query]) -> Vec<Answer> {
        let same = RecordedTarget::new(self.0.clone());
        same.change(|host| *host = self.1.world());
        same.observe(queries)
    }
}

impl Bench {
    fn new() -> Self {
        let project = Sealer::new([1; 32]);
        let own = project.for_target("staging", "web");
        let recorded = Arc::new(RecordedTarget::new(own.clone()));
        let earlier = Arc::new(Earlier(project.clone(), Arc::clone(&recorded)));
        let target = SealedTarget::new(recorded.clone(), Some(earlier));
        Self {
            project,
            own,
            recorded,
            target,
        }
    }

    fn know(&self, secret: &[u8]) -> Digest {
        let seal = self.project.seal(secret);
        self.target.book().pair(seal, self.own.seal(secret));
        seal
    }

    fn content(&self, path: &str) -> Digest {
        let query = path::Query {
            path: path.to_owned(),
            text_unless: None,
            sealed: true,
        };
        match self.target.observe(&[query.into()]).pop() {
            Some(Answer::Path(path::Answer {
                standing: PathState::File { digest, .. },
                ..
            })) => digest,
            other => panic!("{other:?}"),
        }
    }
}

/// One secret, under the project's seal.
struct One(Digest, &'static [u8]);

impl Materials for One {
    fn content(&self, digest: &Digest) -> Option<Arc<[u8]>> {
        (*digest == self.0).then(|| self.1.into())
    }
    fn artifact(&self, _: &Digest) -> Option<std::path::PathBuf> {
        None
    }
}

fn place(path: &str, content: Digest, expected: PathState) -> Action {
    Action::File(path::File {
        path: path.to_owned(),
        content,
        sealed: true,
        mode: 0o600,
        owner: None,
        group: None,
        validate: Vec::new(),
        expected,
    })
}

#[test]
fn each_side_sees_only_its_own_seals() {
    let bench = Bench::new();
    let seal = bench.know(b"hunter2");
    let action = place("/secret", seal, PathState::Missing);
    let outcomes =
        bench
            .target
            .perform(&[action], &One(seal, b"hunter2"), &Interruption::default());
    assert!(outcomes[0].is_ok(), "{outcomes:?}");
    assert_eq!(bench.content("/secret"), seal);
    let journal = format!("{:?}", bench.recorded.journal());
    assert!(
        !journal.contains(&seal.short()) && journal.contains(&bench.own.seal(b"hunter2").short())
    );

    bench
        .recorded
        .change(|host| host.put_file("/secret", b"other", 0o600));
    assert_eq!(bench.content("/secret"), bench.own.seal(b"other"));
}

#[test]
fn a_running_process_keeps_its_seals_and_is_not_restarted() {
    let bench = Bench::new();
    let seal = bench.know(b"hunter2");
    for known in [seal, bench.own.seal(b"hunter2")] {
        let running = Running {
            pid: 7,
            ticks: 7,
            since: Moment::from_millisecond(0),
        };
        let started_as = BTreeMap::from([("environment.KEY".to_owned(), Text::Sealed(known))]);
        bench.recorded.change(|host| {
            let process = Process {
                running,
                alive: true,
                ready: true,
                started_as,
            };
            host.processes.insert("/app.json".to_owned(), process)
        });
        let query = process::Query {
            record: "/app.json".to_owned(),
            ready: None,
        };
        let answers = bench.target.observe(&[query.into()]);
        let Some(Answer::Process(process::Answer {
            state: ProcessState::Running { started_as, .. },
        })) = answers.first()
        else {
            panic!("{answers:?}");
        };
        assert_eq!(started_as.get("environment.KEY"), Some(&Text::Sealed(seal)));
    }
}

#[test]
fn seals_of_an_old_ledger_are_recognised_and_no_others() {
    let bench = Bench::new();
    bench.know(b"new");
    let old = bench.project.seal(b"old");
    bench.recorded.change(|host| {
        host.put_file("/old", b"old", 0o600);
        host.put_file("/other", b"other", 0o600);
        host.put(
            "/link",
            Thing::Link {
                to: "old".to_owned(),
            },
        );
    });
    // Without a record of the seal, evenkeel does not query with the project's key.
    assert_eq!(bench.content("/old"), bench.own.seal(b"old"));
    bench.target.book().miss(old);
    assert_eq!(bench.content("/other"), bench.own.seal(b"other"));
    assert_eq!(bench.content("/old"), old);
    // The replacing action expects the state that the target itself reads.
    let seal = bench.project.seal(b"new");
    let found = PathState::File {
        digest: old,
        mode: 0o600,
        owner: crate::recorded::root(),
        group: crate::recorded::root(),
    };
    let outcomes = bench.target.perform(
        &[place("/old", seal, found)],
        &One(seal, b"new"),
        &Interruption::default(),
    );
    assert!(outcomes[0].is_ok(), "{outcomes:?}");
}
