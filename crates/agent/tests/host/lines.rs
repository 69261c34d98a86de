//! Lines of files, and files that are checked and keep their attributes, on a real file system.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::process::Command;

use evenkeel_host::lines::{self, DropLines, LinesState, Place, SetLines, Wanted};
use evenkeel_host::recorded::RecordedTarget;
use evenkeel_host::{
    Action, ActionError, Answer, Observer as _, PathState, Performed, Target as _, path,
};

use super::support::{HostFixture, Store};

fn line(text: &str, matching: Option<&str>) -> Wanted {
    Wanted::Line {
        text: Some(text.to_owned()),
        matching: matching.map(str::to_owned),
    }
}

fn set(path: String, wanted: Wanted, expected: LinesState) -> SetLines {
    SetLines {
        file: Place::Path(path),
        wanted,
        after: None,
        before: None,
        all: false,
        create: false,
        validate: Vec::new(),
        expected,
    }
}

fn nothing() -> LinesState {
    LinesState::Seen { found: Vec::new() }
}

impl HostFixture {
    fn lines(&self, name: &str, wanted: &Wanted) -> Result<LinesState, String> {
        let query = lines::Query {
            file: Place::Path(self.text(name)),
            wanted: wanted.clone(),
        };
        match self.ask(query.into()) {
            Answer::Lines(lines::Answer { state }) => Ok(state),
            Answer::Unreadable { reason } => Err(reason),
            other => panic!("{other:?}"),
        }
    }

    fn change(&self, action: impl Into<Action>) -> Result<Performed, ActionError> {
        self.act(action.into(), &Store::default())
    }

    /// Puts a line into a file in its present state.
    fn put(&self, name: &str, wanted: Wanted) -> Result<Performed, ActionError> {
        let expected = self.lines(name, &wanted).unwrap_or_else(|_| nothing());
        self.change(set(self.text(name), wanted, expected.bare()))
    }

    fn refuses_line(&self, name: &str, reason: &str) {
        let wanted = line("new", None);
        let error = self.put(name, wanted).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
}

fn needs(program: &str) -> bool {
    let is_there = Command::new(program).arg("--version").output().is_ok();
    if !is_there {
        eprintln!("SKIPPED: `{program}` is missing: this test did not run");
    }
    is_there
}

#[test]
fn a_line_is_put_and_taken_and_every_other_byte_stays() {
    let world = HostFixture::new();
    let long = vec![b'x'; 300_000];
    for (number, content) in [
        &b"a\r\nb\r\n"[..],
        b"no end",
        b"",
        b"\0\xff\xfe\n\n\n",
        &long,
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("f{number}");
        fs::write(world.path(&name), content).unwrap();
        fs::set_permissions(world.path(&name), fs::Permissions::from_mode(0o604)).unwrap();
        let wanted = line("new", None);
        world.put(&name, wanted.clone()).unwrap();
        let again = world.put(&name, wanted.clone()).unwrap();
        assert_eq!(again.note.as_deref(), Some("already so"));
        assert!(fs::read(world.path(&name)).unwrap().len() > content.len() + 2);
        let mode = fs::metadata(world.path(&name)).unwrap().mode() & 0o7777;
        assert_eq!(mode, 0o604);
        let found = world.lines(&name, &wanted).unwrap();
        assert_eq!(found.found().len(), 1);
        let drop = DropLines {
            file: Place::Path(world.text(&name)),
            wanted,
            all: false,
            validate: Vec::new(),
            expected: found.bare(),
        };
        world.change(drop.clone()).unwrap();
        assert_eq!(fs::read(world.path(&name)).unwrap(), content);
        let again = world.change(drop).unwrap();
        assert_eq!(again.note.as_deref(), Some("already so"));
    }
    assert_eq!(world.names("").len(), 5, "no temporary file stays");
}

#[test]
fn a_file_that_is_something_else_is_named_and_nothing_changes() {
    let world = HostFixture::new();
    fs::create_dir(world.path("directory")).unwrap();
    fs::write(world.path("real"), "a\n").unwrap();
    symlink("real", world.path("link")).unwrap();
    symlink("directory", world.path("linked")).unwrap();
    world.refuses_line("directory", "it is a directory");
    world.refuses_line("link", "it is a symbolic link");
    world.refuses_line("linked/f", "is a symbolic link; evenkeel follows no links");
    let missing = set(world.text("none"), line("new", None), LinesState::NoFile);
    let error = world.change(missing.clone()).unwrap_err().to_string();
    assert!(error.contains("`create = true`"), "{error}");
    let beneath = SetLines {
        file: Place::Path(world.text("none/f")),
        create: true,
        ..missing.clone()
    };
    let error = world.change(beneath).unwrap_err().to_string();
    assert!(error.contains("not found: declare it"), "{error}");
    assert_eq!(world.lines("none", &missing.wanted), Ok(LinesState::NoFile));
    world
        .change(SetLines {
            create: true,
            ..missing
        })
        .unwrap();
    assert_eq!(fs::read(world.path("none")).unwrap(), b"new\n");
    assert_eq!(fs::read(world.path("real")).unwrap(), b"a\n");
}

#[test]
fn a_line_that_changed_since_it_was_observed_is_refused() {
    let world = HostFixture::new();
    fs::write(world.path("f"), "Port 1\n").unwrap();
    let wanted = line("Port 3", Some("^Port"));
    let expected = world.lines("f", &wanted).unwrap().bare();
    // Lines around it may change.
    fs::write(world.path("f"), "other\nPort 1\n").unwrap();
    let action = set(world.text("f"), wanted.clone(), expected.clone());
    world.change(action.clone()).unwrap();
    fs::write(world.path("f"), "Port 2\n").unwrap();
    let error = world.change(action).unwrap_err();
    assert!(matches!(error, ActionError::Changed { .. }), "{error}");
    assert_eq!(fs::read(world.path("f")).unwrap(), b"Port 2\n");
    fs::remove_file(world.path("f")).unwrap();
    let error = world
        .change(set(world.text("f"), wanted, expected))
        .unwrap_err();
    assert!(matches!(error, ActionError::Changed { .. }), "{error}");
}

#[test]
fn several_lines_of_one_file_are_changed_in_one_batch() {
    let world = HostFixture::new();
    fs::write(world.path("f"), "first\n").unwrap();
    let actions: Vec<Action> = (0..20)
        .map(|number| {
            set(
                world.text("f"),
                line(&format!("line {number}"), None),
                nothing(),
            )
            .into()
        })
        .collect();
    let done = world
        .target
        .perform(&actions, &Store::default(), &world.interruption);
    assert!(done.iter().all(Result::is_ok), "{done:?}");
    let content = fs::read_to_string(world.path("f")).unwrap();
    assert_eq!(content.lines().count(), 21);
}

#[test]
fn the_target_in_memory_changes_lines_like_this_machine() {
    let world = HostFixture::new();
    let recorded = RecordedTarget::new(world.sealer.clone());
    let home = world.path("");
    recorded.change(|memory| {
        for directory in home.ancestors() {
            memory.put_directory(directory.to_str().unwrap().trim_end_matches('/'), 0o755);
        }
        memory.put_directory("/", 0o755);
        memory.put_file(&world.text("f"), b"Port 1\r\nPort 2", 0o644);
    });
    fs::write(world.path("f"), "Port 1\r\nPort 2").unwrap();
    let port = line("Port 3", Some("^Port"));
    let block = Wanted::Block {
        begin: "# B".into(),
        end: "# E".into(),
        lines: vec!["a".into(), "b".into()],
    };
    let found = world.lines("f", &port).unwrap().bare();
    let all = |expected| SetLines {
        all: true,
        ..set(world.text("f"), port.clone(), expected)
    };
    let drop_block = |expected| DropLines {
        file: Place::Path(world.text("f")),
        wanted: block.clone(),
        all: false,
        validate: Vec::new(),
        expected,
    };
    let actions: Vec<Action> = vec![
        set(world.text("f"), port.clone(), found.clone()).into(),
        all(nothing()).into(),
        all(found.clone()).into(),
        all(found).into(),
        set(world.text("f"), block.clone(), LinesState::NoFile).into(),
        set(world.text("f"), block.clone(), nothing()).into(),
        drop_block(nothing()).into(),
        set(world.text("none"), port.clone(), LinesState::NoFile).into(),
    ];
    for (number, action) in actions.iter().enumerate() {
        let words = |outcome: &Result<Performed, ActionError>| match outcome {
            Ok(done) => format!("ok {:?}", done.note),
            Err(ActionError::Changed {
                expected, found, ..
            }) => format!("{expected} {found}"),
            Err(_) => "failed".to_owned(),
        };
        let real = world.change(action.clone());
        let memory = recorded
            .perform(
                std::slice::from_ref(action),
                &Store::default(),
                &world.interruption,
            )
            .pop()
            .unwrap();
        assert_eq!(words(&real), words(&memory), "action {number}: {action:?}");
        for wanted in [&port, &block] {
            for name in ["f", "none"] {
                let query = lines::Query {
                    file: Place::Path(world.text(name)),
                    wanted: wanted.clone(),
                }
                .into();
                let memory = recorded
                    .observe(std::slice::from_ref(&query))
                    .pop()
                    .unwrap();
                assert_eq!(
                    world.ask(query),
                    memory,
                    "after action {number}: {action:?}"
                );
            }
        }
    }
}

/// Returns the action that places content with a program that checks it.
fn checked(world: &HostFixture, store: &mut Store, content: &[u8], script: &str) -> Action {
    Action::File(path::File {
        path: world.text("f"),
        content: store.add(content),
        sealed: false,
        mode: 0o644,
        owner: None,
        group: None,
        validate: ["sh", "-c", script, "sh", "{}"].map(str::to_owned).to_vec(),
        expected: world.look("f"),
    })
}

#[test]
fn a_rejected_file_is_not_placed_and_the_reason_is_quoted() {
    let world = HostFixture::new();
    fs::write(world.path("f"), "old\n").unwrap();
    let mut store = Store::default();
    let bad = checked(
        &world,
        &mut store,
        b"bad\n",
        "echo \"$1: line 1: syntax error\" >&2; exit 1",
    );
    let error = world.act(bad, &store).unwrap_err().to_string();
    assert!(error.contains("nothing was changed"), "{error}");
    let named = format!("{}: line 1: syntax error", world.text("f"));
    assert!(
        error.contains(&named),
        "the temporary path is hidden: {error}"
    );
    assert_eq!(fs::read(world.path("f")).unwrap(), b"old\n");
    assert_eq!(world.names(""), ["f"]);
    // It reads the new content from a file beside the final one, which only this account can read.
    let script = format!(
        "grep -q good \"$1\" && test \"$(stat -c %a \"$1\")\" = 600 && test \"$(dirname \"$1\")\" = {}",
        world.text("").trim_end_matches('/')
    );
    let good = checked(&world, &mut store, b"good\n", &script);
    world.act(good.clone(), &store).unwrap();
    assert_eq!(fs::read(world.path("f")).unwrap(), b"good\n");
    assert_eq!(
        world.act(good, &store).unwrap().note.as_deref(),
        Some("already so")
    );
    let writes = checked(&world, &mut store, b"next\n", "echo more >>\"$1\"");
    let error = world.act(writes, &store).unwrap_err().to_string();
    assert!(error.contains("changed the new file"), "{error}");
    let mut missing = checked(&world, &mut store, b"next\n", "");
    if let Action::File(file) = &mut missing {
        file.validate = vec!["evenkeel-has-no-such-program".into(), "{}".into()];
    }
    let error = world.act(missing, &store).unwrap_err().to_string();
    assert!(
        error.contains("has no program `evenkeel-has-no-such-program`"),
        "{error}"
    );
    assert_eq!(fs::read(world.path("f")).unwrap(), b"good\n");
    assert_eq!(world.names(""), ["f"]);
}

#[test]
fn a_program_that_rejects_a_secret_is_not_quoted() {
    let world = HostFixture::new();
    let mut store = Store::default();
    let content = store.add_sealed(&world.sealer, b"hunter2\n");
    let action = Action::File(path::File {
        path: world.text("f"),
        content,
        sealed: true,
        mode: 0o600,
        owner: None,
        group: None,
        validate: ["sh", "-c", "cat \"$1\"; exit 1", "sh", "{}"]
            .map(str::to_owned)
            .to_vec(),
        expected: PathState::Missing,
    });
    let error = world.act(action, &store).unwrap_err().to_string();
    assert!(
        !error.contains("hunter2") && error.contains("hidden"),
        "{error}"
    );
    assert_eq!(world.names(""), [] as [&str; 0]);
}

#[test]
fn a_line_that_makes_a_file_invalid_is_not_placed() {
    let world = HostFixture::new();
    fs::write(world.path("f"), "a\n").unwrap();
    let validate = ["grep", "-qv", "new", "--", "{}"].map(str::to_owned);
    let action = SetLines {
        validate: validate.to_vec(),
        ..set(
            world.text("f"),
            line("new", Some("a")),
            world.lines("f", &line("new", Some("a"))).unwrap().bare(),
        )
    };
    let error = world.change(action).unwrap_err().to_string();
    assert!(error.contains("`grep` rejects the new content"), "{error}");
    assert_eq!(fs::read(world.path("f")).unwrap(), b"a\n");
}

#[test]
fn access_lists_and_attributes_stay_when_a_file_is_replaced() {
    if !needs("setfacl") || !needs("setfattr") {
        return;
    }
    let world = HostFixture::new();
    fs::write(world.path("f"), "old\n").unwrap();
    let run = |program: &str, arguments: &[&str]| {
        let output = Command::new(program)
            .args(arguments)
            .arg(world.path("f"))
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{program}: {text}");
        text
    };
    run("setfacl", &["-m", "u:12345:rw,g:54321:r"]);
    run("setfattr", &["-n", "user.evenkeel", "-v", "kept"]);
    let seen = || {
        let list = run(
            "getfacl",
            &["--numeric", "--absolute-names", "--omit-header"],
        );
        (
            list,
            run("getfattr", &["--absolute-names", "-d", "-m", "^user\\."]),
        )
    };
    let before = seen();
    assert!(before.0.contains("user:12345:rw-"), "{}", before.0);
    world.put("f", line("new", None)).unwrap();
    assert_eq!(fs::read(world.path("f")).unwrap(), b"old\nnew\n");
    assert_eq!(seen(), before);
    let mut store = Store::default();
    let content = store.add(b"other\n");
    let mode = fs::metadata(world.path("f")).unwrap().mode() & 0o777;
    let file = path::File {
        path: world.text("f"),
        content,
        sealed: false,
        mode,
        owner: None,
        group: None,
        validate: Vec::new(),
        expected: world.look("f"),
    };
    world.act(file.clone().into(), &store).unwrap();
    assert_eq!(seen(), before);
    // A declared mode is the mask of the list.
    let narrow = path::File {
        mode: 0o640,
        expected: world.look("f"),
        ..file
    };
    world.act(narrow.into(), &store).unwrap();
    let after = seen();
    assert!(
        after.0.contains("mask::r--") && after.0.contains("user:12345:rw-"),
        "{}",
        after.0
    );
    assert_eq!(
        fs::metadata(world.path("f")).unwrap().mode() & 0o7777,
        0o640
    );
    if rustix::process::geteuid().is_root() && needs("setcap") {
        run("setcap", &["cap_net_bind_service=ep"]);
        world.put("f", line("newer", None)).unwrap();
        let kept = Command::new("getfattr")
            .args(["-d", "-m", "security.capability"])
            .arg(world.path("f"))
            .output()
            .unwrap();
        assert_eq!(kept.stdout, b"", "a capability belongs to the old content");
    }
}
