//! Keys of users, lines on broken disks, and commands, in a copy of this machine's root.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::time::{Duration, Instant};

use evenkeel_host::command::{self, Check, RunCommand};
use evenkeel_host::lines::{self, DropLines, LinesState, Place, SetLines, Wanted};
use evenkeel_host::{Action, ActionError, Answer, PathState, Performed, Text, path};

use super::root::{Root, possible};
use super::support::Store;

const KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJHTYyAXPcA0fTXRYWT6pFtq6qjzfhZfJmd1AkQJtyop";
const FILE: &str = "/home/evk/.ssh/authorized_keys";

fn wanted(line: &str) -> Wanted {
    Wanted::Key {
        line: line.to_owned(),
    }
}

impl Root {
    fn lines(&self, file: Place, wanted: &Wanted) -> Result<LinesState, String> {
        let wanted = wanted.clone();
        match self.ask_one(lines::Query { file, wanted }) {
            Answer::Lines(lines::Answer { state }) => Ok(state),
            Answer::Unreadable { reason } => Err(reason),
            other => panic!("{other:?}"),
        }
    }

    fn keys(&self, line: &str) -> Result<LinesState, String> {
        self.lines(Place::KeysOf("evk".into()), &wanted(line))
    }

    fn set_key(&self, line: &str) -> Result<Performed, ActionError> {
        let expected = self.keys(line).map_or(LinesState::NoFile, |it| it.bare());
        self.act_with(
            SetLines {
                file: Place::KeysOf("evk".into()),
                wanted: wanted(line),
                after: None,
                before: None,
                all: true,
                create: true,
                validate: Vec::new(),
                expected,
            },
            &Store::default(),
        )
    }

    fn refuses_key(&self, reason: &str) {
        let seen = self.keys(KEY).unwrap_err();
        assert!(seen.contains(reason), "{seen}");
        let error = self.set_key(KEY).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }

    fn owner(&self, path: &str) -> (u32, u32) {
        let status = fs::symlink_metadata(self.path(path)).unwrap();
        (status.uid(), status.mode() & 0o7777)
    }
}

#[test]
fn a_key_is_added_and_removed_and_the_other_lines_stay() {
    if !possible(&["useradd"]) {
        return;
    }
    let root = Root::started("useradd --uid 4710 --create-home evk");
    assert_eq!(root.keys(KEY), Ok(LinesState::NoFile));
    let line = format!("no-pty {KEY} ada@example.org");
    root.set_key(&line).unwrap();
    assert_eq!(
        fs::read_to_string(root.path(FILE)).unwrap(),
        format!("{line}\n")
    );
    assert_eq!(root.owner(FILE), (4710, 0o600));
    assert_eq!(root.owner("/home/evk/.ssh"), (4710, 0o700));
    assert_eq!(
        root.set_key(&line).unwrap().note.as_deref(),
        Some("already so")
    );

    let others = "# mine\r\nssh-rsa AAAA bob\n\nbroken \"line";
    fs::write(root.path(FILE), format!("{others}\n{KEY} x\n{KEY} y\n")).unwrap();
    fs::set_permissions(root.path(FILE), fs::Permissions::from_mode(0o640)).unwrap();
    root.set_key(&line).unwrap();
    assert_eq!(
        fs::read_to_string(root.path(FILE)).unwrap(),
        format!("{others}\n{line}\n")
    );
    assert_eq!(root.owner(FILE), (4710, 0o640));
    let drop = DropLines {
        file: Place::KeysOf("evk".into()),
        wanted: wanted(KEY),
        all: true,
        validate: Vec::new(),
        expected: root.keys(KEY).unwrap().bare(),
    };
    root.act_with(drop.clone(), &Store::default()).unwrap();
    assert_eq!(
        fs::read_to_string(root.path(FILE)).unwrap(),
        format!("{others}\n")
    );
    let again = root.act_with(drop, &Store::default()).unwrap();
    assert_eq!(again.note.as_deref(), Some("already so"));
    let absent = lines::Query {
        file: Place::KeysOf("evk-none".into()),
        wanted: wanted(KEY),
    };
    assert!(matches!(
        root.ask_one(absent),
        Answer::Lines(lines::Answer {
            state: LinesState::NoUser
        })
    ));
}

#[test]
fn no_user_makes_the_agent_read_or_replace_the_file_of_another() {
    if !possible(&["useradd"]) {
        return;
    }
    let root = Root::started(
        "useradd --uid 4710 --create-home evk; useradd --uid 4711 --create-home evk-2; echo secret >/home/evk-2/secret; chown 4711 /home/evk-2/secret; chmod 600 /home/evk-2/secret; echo root >/home/root-file; chmod 600 /home/root-file; sysctl -q fs.protected_hardlinks >/dev/null || true",
    );
    let untouched = || {
        let read = |path: &str| fs::read_to_string(root.path(path)).unwrap();
        assert_eq!(read("/home/evk-2/secret"), "secret\n");
        assert_eq!(read("/home/root-file"), "root\n");
        assert!(!root.path("/home/evk-2/.ssh").exists());
    };
    // The directory of keys is a link to the home of another.
    symlink("/home/evk-2", root.path("/home/evk/.ssh")).unwrap();
    root.refuses_key("evenkeel follows no links");
    untouched();
    fs::remove_file(root.path("/home/evk/.ssh")).unwrap();
    // It belongs to another.
    root.shell("mkdir /home/evk/.ssh; chown 4711 /home/evk/.ssh");
    root.refuses_key("belongs to uid 4711, not to `evk`");
    root.shell("chown 4710 /home/evk/.ssh");
    // The file is a link, a hard link to the file of another, of root, or a directory.
    for (make, reason) in [
        ("ln -s /home/evk-2/secret", "it is a symbolic link"),
        ("ln /home/evk-2/secret", "it belongs to uid 4711"),
        ("ln /home/root-file", "it belongs to uid 0"),
        ("mkdir", "it is a directory"),
        ("mkfifo", "it is not a regular file"),
    ] {
        root.shell(&format!("{make} {FILE}"));
        root.refuses_key(reason);
        untouched();
        root.shell(&format!("rm -r {FILE}"));
    }
    // A file that root keeps there on purpose is changed, and stays root's.
    root.shell(&format!("echo '# by root' >{FILE}"));
    root.set_key(KEY).unwrap();
    assert_eq!(root.owner(FILE).0, 0);
    // The home belongs to another, as that of many system accounts.
    root.shell("usermod --home /usr/sbin evk");
    root.refuses_key("`/usr/sbin` belongs to uid 0");
    root.shell("usermod --home /home/evk-none evk");
    assert_eq!(root.keys(KEY), Ok(LinesState::NoFile));
    let error = root.set_key(KEY).unwrap_err().to_string();
    assert!(error.contains("`/home/evk-none` not found"), "{error}");
    // The home is reached through a link.
    root.shell("ln -s /home/evk /home/evk-none");
    root.refuses_key("is a symbolic link");
}

#[test]
fn a_full_and_a_read_only_disk_leave_the_file_whole() {
    if !possible(&["useradd"]) {
        return;
    }
    let root = Root::started("mkdir /small; mount -t tmpfs -o size=64k tmpfs /small");
    root.shell("yes line | head -c 30000 >/small/f; dd if=/dev/zero of=/small/filler bs=1k 2>/dev/null; true");
    let before = fs::read(root.path("/small/f")).unwrap();
    let add = |path: &str| {
        let wanted = Wanted::Line {
            text: Some("new".into()),
            matching: None,
        };
        let state = root.lines(Place::Path(path.into()), &wanted).unwrap();
        root.act_with(
            SetLines {
                file: Place::Path(path.into()),
                wanted,
                after: None,
                before: None,
                all: false,
                create: true,
                validate: Vec::new(),
                expected: state.bare(),
            },
            &Store::default(),
        )
    };
    let error = add("/small/f").unwrap_err().to_string();
    assert!(error.contains("no space left"), "{error}");
    assert_eq!(fs::read(root.path("/small/f")).unwrap(), before);
    root.shell("rm /small/filler; mount -o remount,ro /small");
    let error = add("/small/f").unwrap_err().to_string();
    assert!(error.contains("the file system is read-only"), "{error}");
    assert_eq!(fs::read(root.path("/small/f")).unwrap(), before);
    assert_eq!(root.shell("ls -A /small"), "f\n");
    root.shell("mount -o remount,rw /small");
    add("/small/f").unwrap();
    // A file of another type, and one that is too large.
    root.shell("truncate -s 17M /run/large");
    let wanted = Wanted::Line {
        text: Some("new".into()),
        matching: None,
    };
    let reason = root
        .lines(Place::Path("/run/large".into()), &wanted)
        .unwrap_err();
    assert!(reason.contains("larger than 16 MiB"), "{reason}");
}

fn sh(script: &str) -> Vec<String> {
    ["sh", "-c", script].map(str::to_owned).to_vec()
}

fn command(run: Vec<String>, check: Check) -> RunCommand {
    RunCommand {
        name: "evk".into(),
        run,
        environment: BTreeMap::new(),
        within: 20_000,
        check,
    }
}

fn check(script: &str) -> Check {
    Check {
        run: Some(sh(script)),
        creates: None,
        user: None,
        directory: None,
        environment: BTreeMap::new(),
    }
}

impl Root {
    fn holds(&self, check: &Check) -> Result<(bool, Option<String>), String> {
        let name = "evk".to_owned();
        let check = check.clone();
        match self.ask_one(command::Query { name, check }) {
            Answer::Command(command::Answer { holds, detail }) => Ok((holds, detail)),
            Answer::Unreadable { reason } => Err(reason),
            other => panic!("{other:?}"),
        }
    }

    fn fails(&self, action: impl Into<Action>, reason: &str) {
        let error = self
            .act_with(action, &Store::default())
            .unwrap_err()
            .to_string();
        assert!(error.contains(reason), "{error}");
    }
}

#[test]
fn a_command_runs_once_as_its_user_and_its_check_decides() {
    if !possible(&["useradd", "setpriv"]) {
        return;
    }
    let root = Root::started("useradd --uid 4710 --create-home --groups mail evk");
    let state = Check {
        user: Some("evk".into()),
        directory: Some("/home/evk".into()),
        environment: [("WHO".to_owned(), "evk".to_owned())].into(),
        ..check("test -e done && test $WHO = evk")
    };
    assert_eq!(root.holds(&state), Ok((false, None)));
    let mut store = Store::default();
    let seal = store.add_sealed(&root.sealer, b"hunter2");
    let mut action = command(
        sh("id -un >>done; id -Gn >>done; pwd >>done; echo $HOME $PASSWORD >>done"),
        state.clone(),
    );
    action.environment = [
        ("PASSWORD".to_owned(), Text::Sealed(seal)),
        ("WHO".to_owned(), Text::Plain("evk".into())),
    ]
    .into();
    root.act_with(action.clone(), &store).unwrap();
    assert_eq!(root.holds(&state), Ok((true, None)));
    let done = fs::read_to_string(root.path("/home/evk/done")).unwrap();
    assert_eq!(done, "evk\nevk mail\n/home/evk\n/home/evk hunter2\n");
    let again = root.act_with(action.clone(), &store).unwrap();
    assert_eq!(again.note.as_deref(), Some("already so"));
    root.shell("rm /home/evk/done");
    root.fails(action, "secret of variable `PASSWORD` unavailable");
    let creates = Check {
        run: None,
        creates: Some("/run/evk/made".into()),
        ..check("")
    };
    assert_eq!(root.holds(&creates), Ok((false, None)));
    let make = command(sh("mkdir /run/evk; touch /run/evk/made"), creates.clone());
    root.act_with(make, &Store::default()).unwrap();
    assert_eq!(root.holds(&creates), Ok((true, None)));
}

#[test]
fn a_command_that_fails_hangs_or_reaches_nothing_is_named_without_secrets() {
    if !possible(&["setpriv"]) {
        return;
    }
    let root = Root::started("");
    let never = check("exit 1");
    root.fails(
        command(sh("echo 'no \u{1b}[2Jway' >&2; exit 3"), never.clone()),
        "exited with status 3: no \\u{1b}[2Jway",
    );
    root.fails(
        command(sh("echo did something"), never.clone()),
        "the command succeeded, but its check still fails; its output: did something",
    );
    let path = Check {
        run: None,
        creates: Some("/run/evk".into()),
        ..never.clone()
    };
    root.fails(command(sh("true"), path), "`/run/evk` does not exist");
    let begun = Instant::now();
    let hangs = RunCommand {
        within: 1_000,
        ..command(sh("sleep 600 & sleep 600"), never.clone())
    };
    root.fails(hangs, "did not end within");
    assert!(begun.elapsed() < Duration::from_secs(20));
    let missing = vec!["evenkeel-has-no-such-program".to_owned()];
    root.fails(command(missing.clone(), never.clone()), "has no program");
    // What a check needs may be created by another step: the state is not reached yet.
    for (check, detail) in [
        (
            Check {
                run: Some(missing),
                ..never.clone()
            },
            "has no program",
        ),
        (
            Check {
                user: Some("evk".into()),
                ..never.clone()
            },
            "no user `evk`",
        ),
        (
            Check {
                directory: Some("/evk".into()),
                ..never.clone()
            },
            "directory `/evk` not found",
        ),
    ] {
        let (holds, found) = root.holds(&check).unwrap();
        assert!(
            !holds && found.as_deref().unwrap().contains(detail),
            "{found:?}"
        );
    }
    let killed = root.holds(&check("kill -9 $$")).unwrap_err();
    assert!(killed.contains("the check has no result"), "{killed}");
    let endless = root.holds(&check("yes")).unwrap_err();
    assert!(endless.contains("printed more than"), "{endless}");

    let mut store = Store::default();
    let seal = store.add_sealed(&root.sealer, b"hunter2");
    let mut leaks = command(sh("echo it is $PASSWORD; exit 1"), never);
    leaks.environment = [("PASSWORD".to_owned(), Text::Sealed(seal))].into();
    let error = root.act_with(leaks, &store).unwrap_err().to_string();
    assert!(
        error.contains("it is (secret)") && !error.contains("hunter2"),
        "{error}"
    );
}

#[test]
fn sudo_and_sshd_check_their_files_before_they_are_in_place() {
    if !possible(&["visudo", "sshd", "setfacl"]) {
        return;
    }
    let root = Root::started("mkdir -p /run/sshd; ssh-keygen -A >/dev/null");
    let mut store = Store::default();
    let mut place = |path: &str, content: &str, validate: &[&str]| {
        let file = path::File {
            path: path.to_owned(),
            content: store.add(content.as_bytes()),
            sealed: false,
            mode: 0o440,
            owner: None,
            group: None,
            validate: validate.iter().map(|it| (*it).to_owned()).collect(),
            expected: PathState::Missing,
        };
        root.act_with(file, &store)
            .map_err(|error| error.to_string())
    };
    let sudoers = "/etc/sudoers.d/evk";
    let visudo = ["visudo", "-cf", "{}"];
    let error = place(sudoers, "evk ALL=(root NOPASSWD\n", &visudo).unwrap_err();
    assert!(error.contains("/etc/sudoers.d/evk:1"), "{error}");
    assert!(!root.path(sudoers).exists());
    place(sudoers, "evk ALL=(root) NOPASSWD: ALL\n", &visudo).unwrap();
    let (configuration, sshd) = ("/etc/ssh/evk", ["sshd", "-t", "-f", "{}"]);
    let error = place(configuration, "Port many\n", &sshd).unwrap_err();
    assert!(error.contains("/etc/ssh/evk line 1: "), "{error}");
    place(configuration, "Port 2222\n", &sshd).unwrap();
    // An access list stays on a file system in memory as well.
    root.shell("echo old >/tmp/f; setfacl -m u:12345:r /tmp/f");
    let list = root.shell("getfacl --numeric --absolute-names /tmp/f");
    let wanted = Wanted::Line {
        text: Some("new".into()),
        matching: None,
    };
    let file = Place::Path("/tmp/f".into());
    let expected = root.lines(file.clone(), &wanted).unwrap().bare();
    root.act_with(
        SetLines {
            file,
            wanted,
            after: None,
            before: None,
            all: false,
            create: false,
            validate: Vec::new(),
            expected,
        },
        &store,
    )
    .unwrap();
    assert_eq!(root.shell("cat /tmp/f"), "old\nnew\n");
    assert_eq!(
        root.shell("getfacl --numeric --absolute-names /tmp/f"),
        list
    );
}

#[test]
fn a_program_that_takes_no_path_sees_the_new_file_in_its_place() {
    if !possible(&["visudo", "unshare"]) {
        return;
    }
    let root = Root::started("true");
    let mut store = Store::default();
    let mut place = |path: &str, content: &str, validate: &[&str], expected: PathState| {
        let file = path::File {
            path: path.to_owned(),
            content: store.add(content.as_bytes()),
            sealed: false,
            mode: 0o440,
            owner: None,
            group: None,
            validate: validate.iter().map(|it| (*it).to_owned()).collect(),
            expected,
        };
        root.act_with(file, &store)
            .map_err(|error| error.to_string())
    };
    // The file is new, and its directory has others. `visudo -c` checks modes and owners too.
    let (sudoers, visudo) = ("/etc/sudoers.d/evk", ["visudo", "-c"]);
    root.shell("ln -s /nowhere /etc/sudoers.d/README~; mkdir /etc/sudoers.d/more~");
    let before = root.shell("ls -la --time-style=full-iso /etc/sudoers.d");
    let missing = PathState::Missing;
    let error = place(
        sudoers,
        "evk ALL=(root NOPASSWD\n",
        &visudo,
        missing.clone(),
    )
    .unwrap_err();
    assert!(error.contains("/etc/sudoers.d/evk:1"), "{error}");
    assert!(
        error.contains("`visudo` rejects the new content, and nothing was changed"),
        "{error}"
    );
    assert_eq!(
        root.shell("ls -A /etc/sudoers.d | wc -l"),
        "3\n",
        "{before}"
    );
    let good = "evk ALL=(root) NOPASSWD: ALL\n";
    place(sudoers, good, &visudo, missing).unwrap();
    assert_eq!(root.shell("cat /etc/sudoers.d/evk"), good);
    // The file exists.
    let look = || match root.ask(super::support::query(sudoers)) {
        Answer::Path(path::Answer { standing, .. }) => standing,
        other => panic!("{other:?}"),
    };
    let found = look();
    let error = place(sudoers, "evk ALL=(\n", &visudo, found.clone()).unwrap_err();
    assert!(error.contains("/etc/sudoers.d/evk:1"), "{error}");
    assert_eq!(root.shell("cat /etc/sudoers.d/evk"), good);
    let better = "evk ALL=(root) NOPASSWD: /bin/true\n";
    place(sudoers, better, &visudo, found.clone()).unwrap();
    assert_eq!(root.shell("cat /etc/sudoers.d/evk"), better);
    // Other processes see nothing of it, and what the program mounts or writes there does not matter to the file.
    let found = look();
    let writes = ["sh", "-c", "echo more >>/etc/sudoers.d/evk"];
    let error = place(sudoers, good, &writes, found.clone()).unwrap_err();
    assert!(error.contains("changed the new file"), "{error}");
    let none = ["evenkeel-has-no-such-program", "-t"];
    let error = place(sudoers, good, &none, found.clone()).unwrap_err();
    assert!(
        error.contains("has no program `evenkeel-has-no-such-program`"),
        "{error}"
    );
    let error = place("/evk", good, &["true"], PathState::Missing).unwrap_err();
    assert!(error.contains("`/` cannot be covered"), "{error}");
    assert!(!root.path("/evk").exists());
    root.shell("rm /usr/bin/unshare");
    let error = place(sudoers, good, &visudo, found).unwrap_err();
    assert!(error.contains("has no program `unshare`"), "{error}");
    assert_eq!(root.shell("cat /etc/sudoers.d/evk"), better);
}
