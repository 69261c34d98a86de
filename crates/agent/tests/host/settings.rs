//! Settings of the kernel, in a copy of this machine's root with a separate network, to which `net.*` belongs.

use std::fs;

use evenkeel_host::recorded::RecordedTarget;
use evenkeel_host::sysctl::files::own_text;
use evenkeel_host::sysctl::{self, DropSysctl, SetSysctl, SysctlFound};
use evenkeel_host::{
    Action, ActionError, Answer, Interruption, Observer as _, Performed, Query, Target as _,
};
use evenkeel_model::Sealer;

use super::root::Root;
use super::support::Store;

const KEY: &str = "net.ipv4.ip_forward";
const OWN: &str = "/etc/sysctl.d/99-evenkeel-net.ipv4.ip_forward.conf";

/// Starts a root without files of settings.
fn root() -> Option<Root> {
    Root::start_without_network(
        "rm -rf etc/sysctl.d usr/lib/sysctl.d etc/sysctl.conf; mkdir -p etc/sysctl.d",
    )
}

fn query(key: &str) -> Query {
    Query::Sysctl(sysctl::Query {
        key: key.to_owned(),
    })
}

fn of(answer: Answer) -> sysctl::Answer {
    match answer {
        Answer::Sysctl(answer) => answer,
        other => panic!("{other:?}"),
    }
}

fn look(root: &Root, key: &str) -> sysctl::Answer {
    of(root.ask(query(key)))
}

fn setting(key: &str, value: &str, expected: SysctlFound) -> Action {
    Action::SetSysctl(SetSysctl {
        key: key.to_owned(),
        value: value.to_owned(),
        expected,
    })
}

fn set(root: &Root, key: &str, value: &str) -> Result<Performed, ActionError> {
    root.act(setting(key, value, look(root, key).found))
}

fn reason(outcome: Result<Performed, ActionError>) -> String {
    match outcome.unwrap_err() {
        ActionError::Failed { reason, .. } => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_setting_is_changed_now_and_for_the_next_boot() {
    let Some(root) = root() else { return };
    assert_eq!(look(&root, KEY).found.own, None);
    set(&root, KEY, "1").unwrap();
    assert_eq!(root.shell("cat /proc/sys/net/ipv4/ip_forward"), "1\n");
    assert_eq!(root.read(OWN), own_text(KEY, "1"));
    let answer = look(&root, KEY);
    assert_eq!(answer.found.live.as_deref(), Some("1"));
    assert_eq!(answer.boot.map(|boot| boot.file).as_deref(), Some(OWN));
    assert_eq!(
        set(&root, KEY, "1").unwrap().note.as_deref(),
        Some("already so")
    );
    // Numbers that the kernel separates by tabs.
    set(&root, "net.ipv4.ip_local_port_range", "20000 30000").unwrap();
    let range = look(&root, "net.ipv4.ip_local_port_range").found;
    assert_eq!(range.live.as_deref(), Some("20000 30000"));
    // Removal keeps the current value.
    let expected = look(&root, KEY).found.own;
    let dropped = root.act(Action::DropSysctl(DropSysctl {
        key: KEY.to_owned(),
        expected,
    }));
    assert_eq!(
        dropped.unwrap().note.as_deref(),
        Some("the current value is unchanged")
    );
    assert_eq!(look(&root, KEY).found.live.as_deref(), Some("1"));
    assert!(!root.path(OWN).exists());
}

#[test]
fn a_file_that_is_read_later_is_named() {
    let Some(root) = root() else { return };
    let later = root.path("/etc/sysctl.d/99-local.conf");
    fs::write(&later, format!("{KEY}=0\n")).unwrap();
    let overridden = reason(set(&root, KEY, "1"));
    assert!(
        overridden.contains("`/etc/sysctl.d/99-local.conf` sets `0` at boot"),
        "{overridden}"
    );
    let answer = look(&root, KEY);
    assert_eq!(answer.found.live.as_deref(), Some("1"));
    assert_eq!(answer.boot.unwrap().value, "0");
    fs::remove_file(&later).unwrap();
    set(&root, KEY, "1").unwrap();
    // A link to a file of another directory, as Debian has it.
    fs::write(root.path("/etc/sysctl.conf"), format!("{KEY}=0\n")).unwrap();
    root.shell("ln -s ../sysctl.conf /etc/sysctl.d/99-sysctl.conf");
    let boot = look(&root, KEY).boot.unwrap();
    assert_eq!(boot.file, "/etc/sysctl.d/99-sysctl.conf");
    // A link to nothing hides it.
    root.shell("ln -sf /dev/null /etc/sysctl.d/99-sysctl.conf");
    assert_eq!(look(&root, KEY).boot.unwrap().file, OWN);
}

#[test]
fn what_the_kernel_refuses_is_clear_and_leaves_no_file() {
    let Some(root) = root() else { return };
    let unknown = reason(set(&root, "net.ipv4.no_such_setting", "1"));
    assert!(unknown.contains("no such setting"), "{unknown}");
    let refused = reason(set(&root, KEY, "many"));
    assert!(refused.contains("does not accept `many`"), "{refused}");
    let other = reason(set(&root, KEY, "0x1"));
    assert!(other.contains("shows `1` after `0x1`"), "{other}");
    root.shell("mount --bind /proc/sys /proc/sys; mount -o remount,ro,bind /proc/sys");
    let fixed = reason(set(&root, KEY, "0"));
    assert!(fixed.contains("read-only"), "{fixed}");
    assert!(!root.path(OWN).exists());
    root.shell("umount /proc/sys");
    // Only written, never read.
    let Answer::Unreadable { reason } = root.ask(query("net.ipv4.route.flush")) else {
        panic!("it was read");
    };
    assert!(reason.contains("net/ipv4/route/flush"), "{reason}");
}

#[test]
fn what_changed_since_the_plan_is_refused() {
    let Some(root) = root() else { return };
    let planned = look(&root, KEY).found;
    root.shell(&format!(
        "echo 1 >/proc/sys/net/ipv4/ip_forward; echo '{KEY} = 7' >{OWN}"
    ));
    match root.act(setting(KEY, "0", planned)).unwrap_err() {
        ActionError::Changed { found, .. } => {
            assert_eq!(found, "`1`, and `net.ipv4.ip_forward = 7` in its file");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(root.read(OWN), format!("{KEY} = 7\n"));
    let dropped = root.act(Action::DropSysctl(DropSysctl {
        key: KEY.to_owned(),
        expected: Some(own_text(KEY, "0")),
    }));
    assert!(matches!(dropped, Err(ActionError::Changed { .. })));
    set(&root, KEY, "0").unwrap();
    // Any bytes in the file are replaced.
    fs::write(root.path(OWN), b"\x1b[2J \xff = 1\n").unwrap();
    set(&root, KEY, "0").unwrap();
    assert_eq!(root.read(OWN), own_text(KEY, "0"));
    // What is a link is not written through.
    root.shell(&format!("rm {OWN}; ln -s /etc/passwd {OWN}"));
    assert!(matches!(root.ask(query(KEY)), Answer::Unreadable { .. }));
}

#[test]
fn the_target_in_memory_acts_like_the_kernel() {
    let Some(root) = root() else { return };
    let memory = RecordedTarget::new(Sealer::new([7; 32]));
    let live = look(&root, KEY).found.live.unwrap();
    assert_eq!(live, "0");
    memory.change(|host| host.put_setting(KEY, &live));
    let state = |live: &str, own: Option<&str>| SysctlFound {
        live: Some(live.to_owned()),
        own: own.map(|value| own_text(KEY, value)),
    };
    let drop = |expected: Option<&str>| {
        Action::DropSysctl(DropSysctl {
            key: KEY.to_owned(),
            expected: expected.map(|value| own_text(KEY, value)),
        })
    };
    let none = SysctlFound {
        live: None,
        own: None,
    };
    let actions = [
        drop(None),
        setting(KEY, "1", state("1", None)),
        setting(KEY, "1", state("0", None)),
        setting(KEY, "1", state("0", None)),
        setting("net.ipv4.none", "1", none),
        drop(Some("0")),
        drop(Some("1")),
        setting(KEY, "0", state("1", None)),
    ];
    for (number, action) in actions.iter().enumerate() {
        let said = |outcome: Result<Performed, ActionError>| match outcome {
            Ok(done) => done.note.unwrap_or_default(),
            Err(ActionError::Failed { .. }) => "failed".to_owned(),
            Err(other) => other.to_string(),
        };
        let real = root.act(action.clone());
        let same = std::slice::from_ref(action);
        let simulated = memory
            .perform(same, &Store::default(), &Interruption::default())
            .pop()
            .unwrap();
        assert_eq!(said(real), said(simulated), "action {number}: {action:?}");
        for key in [KEY, "net.ipv4.none"] {
            let simulated = of(memory.observe(&[query(key)]).pop().unwrap());
            assert_eq!(look(&root, key), simulated, "after action {number}");
        }
    }
}
