//! Users and groups, changed by the system's own programs in a copy of this machine's root.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::time::{Duration, Instant};

use evenkeel_host::group::{self, DropGroup, Group, GroupState, SetGroup};
use evenkeel_host::recorded::RecordedTarget;
use evenkeel_host::user::{self, DropUser, SetUser, User, UserState};
use evenkeel_host::{Action, ActionError, Answer, Interruption, Observer, Performed, Target as _};

use super::root::{Root, possible};
use super::support::Store;

/// The programs of the package `passwd`.
const PROGRAMS: &[&str] = &["useradd", "usermod", "userdel", "groupadd", "gpasswd"];

fn set_user(name: &str, expected: UserState) -> SetUser {
    SetUser {
        user: name.to_owned(),
        uid: None,
        group: None,
        groups: None,
        home: None,
        shell: None,
        comment: None,
        locked: None,
        system: false,
        create_home: false,
        expected,
    }
}

fn set_group(name: &str, expected: GroupState) -> SetGroup {
    SetGroup {
        group: name.to_owned(),
        gid: None,
        members: None,
        system: false,
        expected,
    }
}

fn drop_user(name: &str, keep_group: bool, expected: UserState) -> DropUser {
    DropUser {
        user: name.to_owned(),
        keep_group,
        expected,
    }
}

impl Root {
    fn user(&self, name: &str) -> UserState {
        let user = name.to_owned();
        match self.ask_one(user::Query { user }) {
            Answer::User(user::Answer { state }) => state,
            other => panic!("{other:?}"),
        }
    }

    fn present(&self, name: &str) -> User {
        match self.user(name) {
            UserState::Present(user) => user,
            other => panic!("{other:?}"),
        }
    }

    fn group(&self, name: &str) -> GroupState {
        let group = name.to_owned();
        match self.ask_one(group::Query { group }) {
            Answer::Group(group::Answer { state }) => state,
            other => panic!("{other:?}"),
        }
    }

    fn change(&self, action: impl Into<Action>) -> Result<Performed, ActionError> {
        self.act_with(action, &Store::default())
    }

    fn refuses(&self, action: impl Into<Action>, reason: &str) {
        let error = self.change(action).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
}

#[test]
fn a_user_is_created_changed_and_removed_and_its_home_stays() {
    if !possible(PROGRAMS) {
        return;
    }
    let root = Root::started("");
    let before = fs::read_to_string("/etc/passwd").unwrap();
    root.change(set_group("evk", GroupState::Missing)).unwrap();
    let create = SetUser {
        uid: Some(4711),
        group: Some("evk".into()),
        groups: Some(vec!["adm".into(), "mail".into()]),
        home: Some("/home/evk".into()),
        shell: Some("/bin/sh".into()),
        comment: Some("Even Keel, Ltd".into()),
        locked: Some(true),
        create_home: true,
        ..set_user("evk", UserState::Missing)
    };
    assert_eq!(root.change(create.clone()).unwrap().note, None);
    let again = root.change(create.clone()).unwrap();
    assert_eq!(again.note.as_deref(), Some("already so"));
    let user = root.present("evk");
    assert_eq!((user.uid, user.groups.join(" ")), (4711, "adm mail".into()));
    assert_eq!(user.group.name.as_deref(), Some("evk"));
    assert_eq!(user.locked, Some(true));
    fs::write(root.path("/home/evk/kept"), "kept").unwrap();

    let change = SetUser {
        groups: Some(Vec::new()),
        shell: Some("/bin/bash".into()),
        comment: Some(String::new()),
        expected: UserState::Present(user.clone()),
        ..create
    };
    root.change(change.clone()).unwrap();
    let changed = root.present("evk");
    assert_eq!(changed.groups, [] as [&str; 0]);
    assert_eq!(
        (changed.shell.as_str(), changed.comment.as_str()),
        ("/bin/bash", "")
    );
    // The state that the action expects is gone.
    root.shell("usermod --shell /bin/false evk");
    let stale = root.change(SetUser {
        home: Some("/srv".into()),
        ..change
    });
    assert!(
        matches!(stale, Err(ActionError::Changed { .. })),
        "{stale:?}"
    );
    let stale = root.change(drop_user("evk", true, UserState::Present(user)));
    assert!(
        matches!(stale, Err(ActionError::Changed { .. })),
        "{stale:?}"
    );

    let drop = drop_user("evk", true, root.user("evk"));
    root.change(drop.clone()).unwrap();
    assert_eq!(root.user("evk"), UserState::Missing);
    assert!(root.path("/home/evk/kept").exists());
    let again = root.change(drop).unwrap();
    assert_eq!(again.note.as_deref(), Some("already so"));
    assert!(matches!(root.group("evk"), GroupState::Present(_)));
    assert_eq!(fs::read_to_string("/etc/passwd").unwrap(), before);
}

#[test]
fn a_user_without_a_group_has_one_with_its_name() {
    if !possible(PROGRAMS) {
        return;
    }
    let root = Root::started("");
    root.change(SetUser {
        system: true,
        ..set_user("evk", UserState::Missing)
    })
    .unwrap();
    let user = root.present("evk");
    assert_eq!(user.group.name.as_deref(), Some("evk"));
    assert!(user.uid < 1000 && !root.path("/home/evk").exists());
    root.change(drop_user("evk", false, UserState::Present(user)))
        .unwrap();
    assert_eq!(root.group("evk"), GroupState::Missing);
}

#[test]
fn members_of_a_group_are_exact() {
    if !possible(PROGRAMS) {
        return;
    }
    let root = Root::started("");
    let set = SetGroup {
        gid: Some(4711),
        members: Some(vec!["daemon".into(), "mail".into()]),
        ..set_group("evk", GroupState::Missing)
    };
    root.change(set.clone()).unwrap();
    let members = vec!["daemon".to_owned(), "mail".to_owned()];
    let present = GroupState::Present(Group { gid: 4711, members });
    assert_eq!(root.group("evk"), present);
    root.shell("gpasswd --add games evk");
    let stale = root.change(SetGroup {
        gid: Some(4712),
        ..set.clone()
    });
    assert!(
        matches!(stale, Err(ActionError::Changed { .. })),
        "{stale:?}"
    );
    root.change(SetGroup {
        gid: Some(4712),
        members: Some(Vec::new()),
        expected: root.group("evk"),
        ..set
    })
    .unwrap();
    let none = Group {
        gid: 4712,
        members: Vec::new(),
    };
    assert_eq!(root.group("evk"), GroupState::Present(none));
    let drop = DropGroup {
        group: "evk".into(),
        expected: root.group("evk"),
    };
    root.change(drop).unwrap();
    assert_eq!(root.group("evk"), GroupState::Missing);
}

#[test]
fn numbers_groups_and_members_that_do_not_fit_are_refused_and_nothing_changes() {
    if !possible(PROGRAMS) {
        return;
    }
    let root = Root::started("groupadd --gid 4710 evk-g; useradd --uid 4710 --gid evk-g evk-u");
    let files = || {
        ["passwd", "group", "shadow"].map(|name| fs::read(root.path("/etc/").join(name)).unwrap())
    };
    let before = files();
    root.refuses(
        SetUser {
            uid: Some(4710),
            ..set_user("evk", UserState::Missing)
        },
        "uid 4710 belongs to user `evk-u`",
    );
    root.refuses(
        SetGroup {
            gid: Some(4710),
            ..set_group("evk", GroupState::Missing)
        },
        "gid 4710 belongs to group `evk-g`",
    );
    root.refuses(
        SetUser {
            groups: Some(vec!["evk-none".into()]),
            ..set_user("evk", UserState::Missing)
        },
        "no group `evk-none` in /etc/group",
    );
    root.refuses(
        SetGroup {
            members: Some(vec!["evk-none".into()]),
            ..set_group("evk", GroupState::Missing)
        },
        "no user `evk-none` in /etc/passwd",
    );
    let drop = DropGroup {
        group: "evk-g".into(),
        expected: root.group("evk-g"),
    };
    root.refuses(drop, "primary group of user `evk-u`");
    root.refuses(drop_user("root", true, root.user("root")), "uid 0");
    // The programs themselves refuse what definitions refuse earlier.
    root.refuses(set_user("-evk", UserState::Missing), "invalid user name");
    assert_eq!(files(), before);
}

#[test]
fn a_user_with_running_processes_is_named_with_the_next_step() {
    if !possible(PROGRAMS) {
        return;
    }
    let root = Root::started("useradd --uid 4710 evk");
    let mut running = root
        .command("exec setpriv --reuid 4710 --regid 4710 --clear-groups sleep 600")
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while fs::metadata(format!("/proc/{}", running.id())).is_ok_and(|it| it.uid() != 4710)
        && !root.shell("ls -ln /proc").contains(" 4710 ")
    {
        assert!(begun.elapsed() < Duration::from_secs(20));
        std::thread::sleep(Duration::from_millis(10));
    }
    let reason = "the user has running processes: stop them";
    root.refuses(
        SetUser {
            uid: Some(4711),
            ..set_user("evk", root.user("evk"))
        },
        reason,
    );
    root.refuses(drop_user("evk", false, root.user("evk")), reason);
    // What does not affect them is changed.
    root.change(SetUser {
        comment: Some("busy".into()),
        ..set_user("evk", root.user("evk"))
    })
    .unwrap();
    running.kill().unwrap();
    running.wait().unwrap();
}

#[test]
fn the_holder_of_the_lock_of_accounts_is_named() {
    if !possible(PROGRAMS) || !possible(&["python3"]) {
        return;
    }
    let root = Root::started("");
    let hold = "echo $$ >/run/holder; exec python3 -c 'import fcntl,os,time; f=os.open(\"/etc/.pwd.lock\", os.O_RDWR|os.O_CREAT, 0o600); fcntl.lockf(f, fcntl.LOCK_EX); open(\"/run/held\",\"w\").close(); time.sleep(600)'";
    let mut holder = root.command(hold).spawn().unwrap();
    let begun = Instant::now();
    while !root.path("/run/held").exists() {
        assert!(begun.elapsed() < Duration::from_secs(20));
        std::thread::sleep(Duration::from_millis(10));
    }
    root.refuses(
        set_user("evk", UserState::Missing),
        "holds the lock `/etc/.pwd.lock`",
    );
    root.shell("kill $(cat /run/holder)");
    holder.wait().unwrap();
    assert_eq!(root.user("evk"), UserState::Missing);
    root.change(set_user("evk", UserState::Missing)).unwrap();
}

#[test]
fn a_full_disk_leaves_the_files_of_accounts_whole() {
    if !possible(PROGRAMS) {
        return;
    }
    let root = Root::started("");
    root.shell("dd if=/dev/zero of=/filler bs=4k 2>/dev/null; dd if=/dev/zero of=/filler2 bs=1 2>/dev/null; true");
    let error = root
        .change(set_user("evk", UserState::Missing))
        .unwrap_err();
    assert!(matches!(error, ActionError::Failed { .. }), "{error}");
    assert_eq!(
        fs::read(root.path("/etc/passwd")).unwrap(),
        fs::read("/etc/passwd").unwrap()
    );
    root.shell("rm -f /filler /filler2");
    root.change(set_user("evk", UserState::Missing)).unwrap();
}

#[test]
fn a_read_only_system_and_a_missing_program_are_named() {
    if !possible(PROGRAMS) {
        return;
    }
    let root = Root::started("");
    root.shell("rm /usr/sbin/useradd");
    root.refuses(
        set_user("evk", UserState::Missing),
        "the host has no program `useradd`",
    );
    root.shell("mount -o remount,ro /");
    let error = root
        .change(set_group("evk", GroupState::Missing))
        .unwrap_err();
    assert!(matches!(error, ActionError::Failed { .. }), "{error}");
    assert_eq!(root.group("evk"), GroupState::Missing);
}

#[test]
fn a_user_of_a_name_service_is_not_changed_and_a_silent_service_is_unknown() {
    if !possible(PROGRAMS) {
        return;
    }
    // A name service in a file, in the place of a directory server.
    let root = Root::started(
        "printf '#!/bin/sh\\necho evk-ldap:x:70000:70000::/home/evk-ldap:/bin/sh\\nexit 2\\n' >/usr/bin/getent; chmod 755 /usr/bin/getent",
    );
    assert_eq!(root.user("evk-ldap"), UserState::Elsewhere);
    assert_eq!(root.user("evk"), UserState::Missing);
    assert_eq!(root.group("evk-ldap"), GroupState::Elsewhere);
    let reason = "a name service other than /etc/passwd has this user";
    root.refuses(
        SetUser {
            comment: Some("x".into()),
            ..set_user("evk-ldap", UserState::Elsewhere)
        },
        reason,
    );
    root.refuses(drop_user("evk-ldap", true, UserState::Elsewhere), reason);
    root.shell("printf '#!/bin/sh\\nexec sleep 600\\n' >/usr/bin/getent");
    let user = "evk".to_owned();
    match root.ask_one(user::Query { user }) {
        Answer::Unreadable { reason } => {
            assert!(
                reason.contains("the name service gives no answer"),
                "{reason}"
            );
        }
        other => panic!("{other:?}"),
    }
    // A user of the file needs no name service.
    assert!(matches!(root.user("root"), UserState::Present(_)));
}

#[test]
fn a_batch_starts_one_program_and_no_hash_leaves_the_host() {
    if !possible(PROGRAMS) {
        return;
    }
    let root = Root::started(
        "useradd evk; usermod --password '$6$salt$EVKHASH' evk; printf '#!/bin/sh\\necho started >>/run/count\\nexit 2\\n' >/usr/bin/getent; chmod 755 /usr/bin/getent",
    );
    let names = (0..200).map(|number| format!("evk-{number}"));
    let queries: Vec<_> = names
        .chain(["evk".to_owned(), "root".to_owned()])
        .map(|user| user::Query { user }.into())
        .collect();
    let begun = Instant::now();
    let answers = root.ask_all(&queries);
    eprintln!("{} users in {:?}", queries.len(), begun.elapsed());
    assert!(!format!("{answers:?}").contains("EVKHASH"));
    assert_eq!(
        fs::read_to_string(root.path("/run/count")).unwrap(),
        "started\n"
    );
    let locked = |root: &Root| root.present("evk").locked;
    assert_eq!(locked(&root), Some(false));
    let set = |locked, expected| SetUser {
        locked: Some(locked),
        ..set_user("evk", expected)
    };
    root.change(set(true, root.user("evk"))).unwrap();
    assert_eq!(locked(&root), Some(true));
    root.change(set(false, root.user("evk"))).unwrap();
    assert_eq!(locked(&root), Some(false));
    let shadow = fs::read_to_string(root.path("/etc/shadow")).unwrap();
    assert!(shadow.contains("evk:$6$salt$EVKHASH:"));
    root.refuses(
        SetUser {
            locked: Some(false),
            ..set_user("evk-new", UserState::Missing)
        },
        "set one with `passwd evk-new`",
    );
}

#[test]
fn the_target_in_memory_changes_accounts_like_this_machine() {
    if !possible(PROGRAMS) {
        return;
    }
    let root = Root::started("");
    let recorded = RecordedTarget::new(root.sealer.clone());
    let (user, group) = (
        |found: bool| {
            if found {
                root.user("evk")
            } else {
                UserState::Missing
            }
        },
        |found: bool| {
            if found {
                root.group("evk")
            } else {
                GroupState::Missing
            }
        },
    );
    let full = |expected| SetUser {
        uid: Some(4711),
        group: Some("evk".into()),
        groups: Some(vec!["evk-2".into()]),
        home: Some("/srv".into()),
        shell: Some("/bin/sh".into()),
        comment: Some("x".into()),
        locked: Some(true),
        ..set_user("evk", expected)
    };
    let group_of = |gid, members: Option<Vec<String>>, expected| SetGroup {
        gid: Some(gid),
        members,
        ..set_group("evk", expected)
    };
    let steps: Vec<Box<dyn Fn() -> Action>> = vec![
        Box::new(|| full(UserState::Missing).into()),
        Box::new(|| group_of(4711, None, GroupState::Missing).into()),
        Box::new(|| group_of(4711, None, GroupState::Missing).into()),
        Box::new(|| group_of(4712, None, GroupState::Missing).into()),
        Box::new(|| {
            SetGroup {
                gid: Some(4713),
                ..set_group("evk-2", GroupState::Missing)
            }
            .into()
        }),
        Box::new(|| full(UserState::Missing).into()),
        Box::new(|| full(UserState::Missing).into()),
        Box::new(|| group_of(4711, Some(vec!["evk".into()]), group(true)).into()),
        Box::new(|| full(UserState::Missing).into()),
        Box::new(|| {
            SetUser {
                groups: Some(Vec::new()),
                ..full(user(true))
            }
            .into()
        }),
        Box::new(|| drop_user("evk", true, UserState::Missing).into()),
        Box::new(|| {
            DropGroup {
                group: "evk".into(),
                expected: group(true),
            }
            .into()
        }),
        Box::new(|| drop_user("evk", true, user(true)).into()),
        Box::new(|| drop_user("evk", true, UserState::Missing).into()),
        Box::new(|| {
            DropGroup {
                group: "evk".into(),
                expected: group(true),
            }
            .into()
        }),
    ];
    for (number, step) in steps.iter().enumerate() {
        let action = step();
        let real = root.change(action.clone());
        let memory = recorded
            .perform(
                std::slice::from_ref(&action),
                &Store::default(),
                &Interruption::default(),
            )
            .pop()
            .unwrap();
        let words = |outcome: &Result<Performed, ActionError>| match outcome {
            Ok(done) => format!("ok {:?}", done.note),
            Err(ActionError::Changed { .. }) => "changed".to_owned(),
            Err(_) => "failed".to_owned(),
        };
        assert_eq!(
            words(&real),
            words(&memory),
            "action {number}: {action:?}, {real:?}"
        );
        for query in [
            user::Query { user: "evk".into() }.into(),
            group::Query {
                group: "evk".into(),
            }
            .into(),
            group::Query {
                group: "evk-2".into(),
            }
            .into(),
        ] {
            let memory = recorded
                .observe(std::slice::from_ref(&query))
                .pop()
                .unwrap();
            assert_eq!(
                root.ask_one(query),
                memory,
                "after action {number}: {action:?}"
            );
        }
    }
}
