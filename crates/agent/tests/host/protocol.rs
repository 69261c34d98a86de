//! The protocol: the program's greeting, and its reaction to violations.

use std::io::Write;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use evenkeel_agent::{End, Stopper, serve};
use evenkeel_host::wire::client::Client;
use evenkeel_host::wire::frame::{self, Frame, Violation};
use evenkeel_host::wire::message::{Hello, Reply, Request};
use evenkeel_host::wire::{MAGIC, PROTOCOL, limit};
use evenkeel_host::{
    Action, ActionError, Answer, Interruption, LocalTarget, Materials, Observer, PathState,
    Performed, Query, Target,
};
use evenkeel_model::{Digest, Sealer};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::agent::{AGENT, AgentTarget, spawn};
use super::support::{Fixture, HANGS, Here, Remote, Store, file, query};

fn run(arguments: &[&str]) -> Output {
    Command::new(AGENT)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

#[test]
fn the_program_prints_its_name_and_version() {
    let version = run(&["--version"]);
    assert_eq!(version.stdout, b"evenkeel-agent 0.1.0\n");
    assert_eq!(version.status.code(), Some(0));
    let help = run(&["--help"]);
    assert!(help.stdout.starts_with(b"Usage: evenkeel-agent"));
    for wrong in [&["--verbose"][..], &["--version", "x"], &["x"], &[""]] {
        let output = run(wrong);
        assert_eq!(output.status.code(), Some(64), "{wrong:?}");
        assert!(output.stdout.is_empty());
        assert!(String::from_utf8_lossy(&output.stderr).contains("Usage:"));
    }
}

/// Returns everything that precedes requests.
pub fn greeting() -> Vec<u8> {
    let mut sent = MAGIC.to_vec();
    frame::write(&mut sent, &Request::Hello(Hello::ours())).unwrap();
    let key = "07".repeat(32);
    frame::write(&mut sent, &Request::Key { key }).unwrap();
    sent
}

/// A conversation assembled by the test.
struct ByHand {
    child: Child,
    sent: Vec<u8>,
}

impl ByHand {
    fn new() -> Self {
        Self {
            child: spawn(),
            sent: MAGIC.to_vec(),
        }
    }

    fn greeted() -> Self {
        Self {
            sent: greeting(),
            ..Self::new()
        }
    }

    fn send(&mut self, message: &impl serde::Serialize) {
        frame::write(&mut self.sent, message).unwrap();
    }

    /// Sends everything and closes; returns the replies, the exit code, and standard error.
    fn close(mut self) -> (Vec<Value>, i32, String) {
        let mut stdin = self.child.stdin.take().unwrap();
        let sent = std::mem::take(&mut self.sent);
        let writer = std::thread::spawn(move || {
            // It may have exited already.
            let _ = stdin.write_all(&sent);
        });
        let output = self.child.wait_with_output().unwrap();
        writer.join().unwrap();
        let mut from = output.stdout.as_slice();
        frame::read_magic(&mut from, 0).unwrap();
        let mut replies = Vec::new();
        while let Some(Frame::Json(json)) = frame::read(&mut from).unwrap() {
            replies.push(serde_json::from_slice(&json).unwrap());
        }
        let words = String::from_utf8(output.stderr).unwrap();
        (replies, output.status.code().unwrap_or(-1), words)
    }
}

fn expect(conversation: ByHand, code: i32, words: &str) {
    let (replies, found, reported) = conversation.close();
    assert_eq!(found, code, "{reported}");
    assert!(reported.contains(words), "{reported}");
    let last = replies.last().unwrap();
    let reason = last["failed"]["reason"].as_str().unwrap();
    assert!(reason.contains(words), "{last}");
}

#[test]
fn a_violation_is_reported_with_its_reason_and_exit_code() {
    let mut other = ByHand::new();
    other.sent = b"GET / HTTP/1.1\r\nHost: example.com\r\n\r\n".to_vec();
    expect(other, 65, "expected the first line");

    let mut version = ByHand::new();
    version.send(&json!({"hello": {"protocol": PROTOCOL + 1, "version": "9.0.0", "more": []}}));
    expect(version, 76, "the other side uses protocol 5, this side 4");

    let mut early = ByHand::new();
    early.send(&json!({"observe": {"queries": []}}));
    expect(early, 65, "expected a hello");

    let mut key = ByHand::new();
    key.send(&Request::Hello(Hello::ours()));
    key.send(&json!({"key": {"key": "hunter2"}}));
    let (replies, code, reported) = key.close();
    assert_eq!(code, 65);
    assert!(!format!("{replies:?}").contains("hunter2"));
    assert!(
        reported.contains("64 hexadecimal digits") && !reported.contains("hunter2"),
        "{reported}"
    );

    let mut truncated = ByHand::greeted();
    truncated.sent.extend_from_slice(b"J\0\0\x01\0{\"obs");
    expect(truncated, 65, "in the middle of a frame");

    let mut oversized = ByHand::greeted();
    oversized.sent.extend_from_slice(b"J\xff\xff\xff\xff");
    expect(oversized, 65, "a message exceeds the limit of 16777216");

    let mut garbage = ByHand::greeted();
    garbage.sent.extend_from_slice(b"\x1b[2J nonsense");
    expect(garbage, 65, "unknown kind of frame: byte 27");

    let mut malformed = ByHand::greeted();
    malformed.send(&json!({"observe": {"queries": [{"query": "path", "path": 7}]}}));
    expect(malformed, 65, "malformed message");

    let mut unknown = ByHand::greeted();
    unknown.send(&json!({"reboot": {}}));
    expect(unknown, 65, "malformed message");

    let mut unasked = ByHand::greeted();
    unasked.send(&Request::Content { size: 3 });
    expect(unasked, 65, "expected a request, not a material");

    let mut many = ByHand::greeted();
    let queries = vec![json!({"query": "entries", "path": "/"}); limit::QUERIES + 1];
    many.send(&json!({"observe": {"queries": queries}}));
    expect(many, 65, "the number of queries exceeds the limit of 10000");

    expect(ByHand::greeted(), 74, "closed without a goodbye");
}

#[test]
fn requests_of_a_newer_version_are_answered_and_unknown_fields_are_ignored() {
    let mut conversation = ByHand::greeted();
    conversation.send(&json!({"observe": {"queries": [
        {"query": "of-the-future", "name": "nginx"},
        {"query": "entries", "path": "/nowhere", "recursive": false},
    ], "deadline": 7}}));
    conversation
        .send(&json!({"perform": {"actions": [{"action": "of-the-future", "name": "nginx"}]}}));
    conversation.send(&Request::Bye);
    let (replies, code, reported) = conversation.close();
    assert_eq!((code, reported.as_str()), (0, ""));
    let answers = &replies[1]["answers"]["answers"];
    let reason = answers[0]["reason"].as_str().unwrap();
    assert!(reason.contains("unknown question"), "{reason}");
    assert_eq!(answers[1], json!({"answer": "entries", "entries": null}));
    let outcome = &replies[2]["outcomes"]["outcomes"][0];
    assert_eq!(outcome["outcome"], "failed");
    assert!(
        outcome["reason"]
            .as_str()
            .unwrap()
            .contains("nothing was changed")
    );
    assert_eq!(replies[3], json!("bye"));
}

/// Materials whose content is delayed until an event.
struct Slow<F>(F);

impl<F: Fn() -> Option<Arc<[u8]>> + Sync> Materials for Slow<F> {
    fn content(&self, _: &Digest) -> Option<Arc<[u8]>> {
        (self.0)()
    }
    fn artifact(&self, _: &Digest) -> Option<std::path::PathBuf> {
        None
    }
}

#[test]
fn an_end_in_the_middle_of_a_perform_changes_nothing_and_stops_the_program() {
    let world = Fixture::<Here>::new();
    let mut conversation = ByHand::greeted();
    let action = serde_json::to_value(file(
        &world.text("file"),
        Digest::of(b"x"),
        PathState::Missing,
    ));
    conversation.send(&json!({"perform": {"actions": [action.unwrap()]}}));
    let (replies, code, _) = conversation.close();
    assert_eq!(code, 74, "{replies:?}");
    assert!(world.names("").is_empty());
}

#[test]
fn a_killed_agent_leaves_failed_actions_and_unreadable_answers() {
    let world = Fixture::<Here>::new();
    let mut child = spawn();
    let (reader, writer) = (child.stdout.take().unwrap(), child.stdin.take().unwrap());
    let client = Client::open(reader, writer, &world.sealer).unwrap();
    let child = std::sync::Mutex::new(child);
    let kill = Slow(|| {
        let mut child = child.lock().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        Some(b"x".as_slice().into())
    });
    let action = file(&world.text("file"), Digest::of(b"x"), PathState::Missing);
    let outcomes = client.perform(std::slice::from_ref(&action), &kill, &world.interruption);
    let Err(ActionError::Failed { reason, .. }) = &outcomes[0] else {
        panic!("{outcomes:?}");
    };
    assert!(reason.contains("check the target"), "{reason}");
    for _ in 0..2 {
        let answers = client.observe(&[query(&world.text("file"))]);
        assert!(
            matches!(&answers[0], Answer::Unreadable { reason } if reason.contains("broke")),
            "{answers:?}"
        );
    }
    let outcomes = client.perform(&[action], &Store::default(), &world.interruption);
    assert!(
        matches!(&outcomes[0], Err(ActionError::Failed { reason, .. }) if reason.starts_with("not started"))
    );
    assert!(world.names("").iter().all(|name| name.starts_with('.')));
}

#[test]
fn a_signal_stops_it_after_the_current_step() {
    use rustix::process::{Pid, Signal, kill_process};
    let world = Fixture::<Here>::new();
    let mut child = spawn();
    let pid = Pid::from_child(&child);
    let (reader, writer) = (child.stdout.take().unwrap(), child.stdin.take().unwrap());
    let client = Client::open(reader, writer, &world.sealer).unwrap();
    let terminate = Slow(|| {
        kill_process(pid, Signal::TERM).unwrap();
        std::thread::sleep(Duration::from_millis(200));
        Some(b"x".as_slice().into())
    });
    let action = file(&world.text("file"), Digest::of(b"x"), PathState::Missing);
    let outcomes = client.perform(&[action], &terminate, &world.interruption);
    // It was not in place yet.
    assert_eq!(outcomes, [Err(ActionError::Interrupted)]);
    assert!(world.names("").is_empty());
    assert_eq!(child.wait().unwrap().code(), Some(143));

    let mut idle = spawn();
    // Waiting for a child closes its input, which would itself end the conversation.
    let _open = idle.stdin.take();
    std::thread::sleep(Duration::from_millis(200));
    kill_process(Pid::from_child(&idle), Signal::INT).unwrap();
    let begun = Instant::now();
    assert_eq!(idle.wait().unwrap().code(), Some(130));
    assert!(begun.elapsed() < HANGS);
}

#[test]
fn large_batches_and_large_contents_arrive_whole() {
    let world = Fixture::<Remote>::new();
    let mut store = Store::default();
    let large: Vec<u8> = (0..3_000_001_u32)
        .map(|number| number.to_le_bytes()[0])
        .collect();
    let digest = store.add(&large);
    let empty = store.add(b"");
    let actions: Vec<Action> = [("large", digest), ("empty", empty)]
        .map(|(name, content)| file(&world.text(name), content, PathState::Missing))
        .into();
    for outcome in world.target.perform(&actions, &store, &world.interruption) {
        outcome.unwrap();
    }
    assert_eq!(std::fs::read(world.path("large")).unwrap(), large);
    let queries: Vec<_> = (0..limit::QUERIES * 2 + 7)
        .map(|number| query(&world.text(&format!("none-{number}"))))
        .chain([query(&world.text("large"))])
        .collect();
    let answers = world.target.observe(&queries);
    assert_eq!(answers.len(), queries.len());
    let Some(Answer::Path(found)) = answers.last() else {
        panic!("{:?}", answers.last());
    };
    assert!(matches!(&found.standing, PathState::File { digest: seen, .. } if *seen == digest));
    let long = query(&format!("/{}", "x".repeat(limit::JSON)));
    assert!(matches!(
        &world.target.observe(&[long])[0],
        Answer::Unreadable { reason } if reason.contains("exceeds the agent")
    ));
}

#[test]
fn a_secret_is_sealed_with_the_key_of_the_target_and_in_no_frame_but_its_own() {
    let project = Sealer::new([9; 32]);
    let sealer = project.for_target("staging", "web");
    let target = AgentTarget::start(&sealer);
    let world = Fixture::<Here>::new();
    std::fs::write(world.path("secret"), "hunter2").unwrap();
    let asked = evenkeel_host::path::Query {
        path: world.text("secret"),
        text_unless: Some(Digest::of(b"")),
        sealed: true,
    };
    let answers = target.observe(&[asked.into()]);
    let Some(Answer::Path(found)) = answers.first() else {
        panic!("{answers:?}");
    };
    assert_eq!(found.text, None);
    assert!(
        matches!(&found.standing, PathState::File { digest, .. } if *digest == sealer.seal(b"hunter2"))
    );
}

/// A channel end that keeps the written bytes.
#[derive(Clone, Default)]
pub struct Kept(pub Arc<std::sync::Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A target whose every answer takes longer than a silence may last.
struct Long(LocalTarget);

impl Observer for Long {
    fn observe(&self, queries: &[Query]) -> Vec<Answer> {
        std::thread::sleep(limit::WORKING + Duration::from_millis(500));
        self.0.observe(queries)
    }
}

impl Target for Long {
    fn perform(
        &self,
        actions: &[Action],
        materials: &dyn Materials,
        interruption: &Interruption,
    ) -> Vec<Result<Performed, ActionError>> {
        self.0.perform(actions, materials, interruption)
    }
}

#[test]
fn an_agent_that_works_says_so_and_the_answer_follows() {
    let home = tempfile::tempdir().unwrap();
    let mut sent = greeting();
    frame::write(&mut sent, &json!({"observe": {"queries": []}})).unwrap();
    frame::write(&mut sent, &Request::Bye).unwrap();
    let kept = Kept::default();
    let end = serve(
        std::io::Cursor::new(sent),
        kept.clone(),
        |sealer| Long(LocalTarget::new(sealer, AGENT.into())),
        home.path(),
        &Stopper::default(),
        None,
    );
    assert_eq!(end, End::Bye);
    let said = kept.0.lock().unwrap().clone();
    let said = String::from_utf8_lossy(&said).into_owned();
    let place = |text: &str| said.find(text).unwrap_or_else(|| panic!("{text}: {said}"));
    assert!(place("\"working\"") < place("\"answers\""));
}

#[test]
fn a_client_waits_while_the_agent_works() {
    let mut said = MAGIC.to_vec();
    frame::write(&mut said, &Reply::Hello(Hello::ours())).unwrap();
    for _ in 0..3 {
        frame::write(&mut said, &Reply::Working).unwrap();
    }
    let answers = vec![evenkeel_host::wire::message::Answer::Unreadable {
        reason: "as an example".to_owned(),
    }];
    let more = false;
    frame::write(&mut said, &Reply::Answers { answers, more }).unwrap();
    let client = Client::open(said.as_slice(), Kept::default(), &Sealer::new([1; 32])).unwrap();
    let answers = client.observe(&[query("/a")]);
    assert!(
        matches!(&answers[..], [Answer::Unreadable { reason }] if reason == "as an example"),
        "{answers:?}"
    );
}

/// What no version of evenkeel sends.
#[test]
fn entries_of_an_artifact_that_lead_out_are_not_written() {
    let world = Fixture::<Here>::new();
    std::fs::create_dir(world.path("into")).unwrap();
    let install = serde_json::to_value(evenkeel_host::Action::Install(
        evenkeel_host::installation::Install {
            into: world.text("into"),
            artifact: Digest::of(b"unknown"),
            keep: 1,
            expected: None,
        },
    ))
    .unwrap();
    let outside = world.text("outside");
    let file = json!({"executable": false, "size": 1});
    let directory = |path: &str| json!({"entry": {"path": path, "file": null}});
    let link = |to: &str| json!({"entry": {"path": "link", "file": null, "link": to}});
    let below = json!({"entry": {"path": "link/file", "file": file}});
    for entries in [
        vec![link(&world.text("")), below.clone()],
        vec![link(".."), below.clone()],
        vec![link("../../../../etc/passwd")],
        vec![
            link(&outside),
            json!({"entry": {"path": "link", "file": file}}),
        ],
        vec![directory("../outside")],
        vec![directory(&outside)],
        vec![json!({"entry": {"path": "../outside", "file": file}})],
    ] {
        let home = tempfile::tempdir().unwrap();
        let mut sent = greeting();
        frame::write(&mut sent, &json!({"perform": {"actions": [install]}})).unwrap();
        // The agent asks for the artifact, then takes what comes.
        let (reader, mut writer) = std::io::pipe().unwrap();
        writer.write_all(&sent).unwrap();
        let kept = Kept::default();
        let asked = kept.clone();
        let feeding = std::thread::spawn(move || {
            let begun = Instant::now();
            while !String::from_utf8_lossy(&asked.0.lock().unwrap()).contains("want-artifact") {
                assert!(begun.elapsed() < HANGS);
                std::thread::sleep(Duration::from_millis(5));
            }
            let mut rest = Vec::new();
            frame::write(&mut rest, &json!({"artifact": {"single": false}})).unwrap();
            for entry in &entries {
                frame::write(&mut rest, entry).unwrap();
                if entry["entry"]["file"].is_object() {
                    frame::write_bytes(&mut rest, b"x").unwrap();
                }
            }
            frame::write(&mut rest, &Request::ArtifactEnd).unwrap();
            frame::write(&mut rest, &Request::Bye).unwrap();
            writer.write_all(&rest).unwrap();
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
        assert_eq!(end, End::Bye);
        let said = String::from_utf8_lossy(&kept.0.lock().unwrap()).into_owned();
        assert!(said.contains("\"failed\""), "{said}");
        assert_eq!(world.names(""), ["into"]);
        assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0);
    }
}

fn served(bytes: Vec<u8>) -> End {
    let home = tempfile::tempdir().unwrap();
    serve(
        std::io::Cursor::new(bytes),
        Kept::default(),
        |sealer| LocalTarget::new(sealer, AGENT.into()),
        home.path(),
        &Stopper::default(),
        None,
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn arbitrary_input_ends_with_a_reported_reason(
        greeted in any::<bool>(),
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
        kind in prop_oneof![Just(b'J'), Just(b'B')],
    ) {
        let mut sent = if greeted { greeting() } else { MAGIC.to_vec() };
        // A complete frame with arbitrary bytes in it, followed by more.
        sent.push(kind);
        sent.extend_from_slice(&u32::try_from(bytes.len()).unwrap().to_be_bytes());
        sent.extend_from_slice(&bytes);
        sent.extend_from_slice(&bytes);
        let end = served(sent);
        prop_assert!(matches!(end, End::Closed | End::Broken(_)), "{end:?}");
        prop_assert!([65, 74].contains(&end.code()));
        prop_assert!(matches!(served(bytes), End::Closed | End::Broken(_)));
    }

    #[test]
    fn a_client_survives_arbitrary_replies(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let mut said = MAGIC.to_vec();
        frame::write(&mut said, &Reply::Hello(Hello::ours())).unwrap();
        said.extend_from_slice(&bytes);
        let client = Client::open(said.as_slice(), Kept::default(), &Sealer::new([1; 32])).unwrap();
        let answers = client.observe(&[query("/a"), query("/b")]);
        prop_assert_eq!(answers.len(), 2);
        let action = file("/a", Digest::of(b""), PathState::Missing);
        let outcomes = client.perform(&[action], &Store::default(), &evenkeel_host::Interruption::default());
        prop_assert_eq!(outcomes.len(), 1);
        prop_assert!(client.close().is_err());
    }
}

#[test]
fn a_client_rejects_anything_but_an_agent_of_its_version() {
    let sealer = Sealer::new([1; 32]);
    let open = |said: &[u8]| Client::open(said, Kept::default(), &sealer).err();
    assert_eq!(
        open(b"bash: evenkeel-agent: command not found\n"),
        Some(Violation::NotEvenkeel)
    );
    let mut other = MAGIC.to_vec();
    frame::write(
        &mut other,
        &json!({"hello": {"protocol": 7, "version": "9"}}),
    )
    .unwrap();
    assert_eq!(
        open(&other),
        Some(Violation::Version {
            theirs: 7,
            ours: PROTOCOL
        })
    );
}
