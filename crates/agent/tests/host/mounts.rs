//! Mounts with the real `mount`, in a copy of this machine's root with its own list of mounts.

use std::fs;

use evenkeel_host::mount::{self, DropMount, MountFound, MountSource, SetMount};
use evenkeel_host::recorded::RecordedTarget;
use evenkeel_host::{
    Action, ActionError, Answer, Interruption, Observer as _, Performed, Query, Target as _,
};
use evenkeel_model::Sealer;

use super::root::Root;
use super::support::Store;

const TABLE: &str =
    "# kept\nUUID=1234 / ext4 errors=remount-ro 0 1\nnone\t/never  tmpfs noauto\t0 0 # kept too";

/// Starts a root with a table, and a directory to mount at.
fn root() -> Option<Root> {
    let root =
        Root::start("mkdir -p srv/data 'srv/my data' srv/source; echo hello >srv/source/file")?;
    fs::write(root.path("/etc/fstab"), TABLE).unwrap();
    Some(root)
}

fn source(device: &str, filesystem: &str, options: &[&str]) -> MountSource {
    MountSource {
        device: device.to_owned(),
        filesystem: filesystem.to_owned(),
        options: options.iter().map(|each| (*each).to_owned()).collect(),
    }
}

fn tmpfs(options: &[&str]) -> MountSource {
    source("tmpfs", "tmpfs", options)
}

fn look(root: &Root, path: &str, wanted: &MountSource) -> mount::Answer {
    match root.ask(Query::Mount(mount::Query {
        path: path.to_owned(),
        wanted: wanted.clone(),
    })) {
        Answer::Mount(answer) => answer,
        other => panic!("{other:?}"),
    }
}

fn set_to(
    root: &Root,
    path: &str,
    wanted: &MountSource,
    (mounted, persistent): (bool, bool),
) -> Result<Performed, ActionError> {
    root.act(Action::SetMount(SetMount {
        path: path.to_owned(),
        wanted: wanted.clone(),
        mounted,
        persistent,
        expected: look(root, path, wanted).found,
    }))
}

fn set(root: &Root, path: &str, wanted: &MountSource) -> Result<Performed, ActionError> {
    set_to(root, path, wanted, (true, true))
}

fn remove(root: &Root, path: &str) -> Result<Performed, ActionError> {
    root.act(Action::DropMount(DropMount {
        path: path.to_owned(),
        expected: look(root, path, &tmpfs(&[])).found,
    }))
}

fn reason(outcome: Result<Performed, ActionError>) -> String {
    match outcome.unwrap_err() {
        ActionError::Failed { reason, .. } => reason,
        other => panic!("{other:?}"),
    }
}

/// The options of what is mounted.
fn options(root: &Root, path: &str) -> Vec<String> {
    let found = look(root, path, &tmpfs(&[])).found;
    found
        .mounted
        .map(|mounted| mounted.options)
        .unwrap_or_default()
}

#[test]
fn a_file_system_is_mounted_changed_and_unmounted() {
    let Some(root) = root() else { return };
    let path = "/srv/my data";
    let small = tmpfs(&["size=1m", "mode=0750", "noexec"]);
    assert_eq!(set(&root, path, &small).unwrap().note, None);
    let answer = look(&root, path, &small);
    assert!(answer.is_device);
    assert_eq!(
        small.differences(answer.found.mounted.as_ref().unwrap()),
        (vec![], vec![])
    );
    assert_eq!(
        root.read("/etc/fstab"),
        format!("{TABLE}\ntmpfs /srv/my\\040data tmpfs size=1m,mode=0750,noexec 0 0\n")
    );
    let again = set(&root, path, &small).unwrap().note;
    assert_eq!(again.as_deref(), Some("already so"));
    // Options change without unmounting: a file stays, and flags that are not named are reset.
    fs::write(root.path("/srv/my data/file"), "x").unwrap();
    let large = tmpfs(&["size=2m", "mode=0750", "nosuid"]);
    set(&root, path, &large).unwrap();
    assert_eq!(root.read("/srv/my data/file"), "x");
    let now = options(&root, path);
    assert!(
        now.contains(&"nosuid".to_owned()) && !now.contains(&"noexec".to_owned()),
        "{now:?}"
    );
    // The whole system can be mounted from the table.
    root.shell("umount '/srv/my data' && mount '/srv/my data'");
    assert_eq!(
        set(&root, path, &large).unwrap().note.as_deref(),
        Some("already so")
    );
    assert_eq!(remove(&root, path).unwrap().note, None);
    assert_eq!(look(&root, path, &large).found, MountFound::nothing());
    assert_eq!(root.read("/etc/fstab"), format!("{TABLE}\n"));
    let again = remove(&root, path).unwrap().note;
    assert_eq!(again.as_deref(), Some("already so"));
}

#[test]
fn a_bind_mount_shows_its_directory() {
    let Some(root) = root() else { return };
    let bind = source("/srv/source", "none", &["bind", "ro"]);
    set(&root, "/srv/data", &bind).unwrap();
    assert_eq!(root.read("/srv/data/file"), "hello\n");
    assert!(options(&root, "/srv/data").contains(&"ro".to_owned()));
    // Another directory is another device.
    root.shell("mkdir /srv/other");
    let other = source("/srv/other", "none", &["bind"]);
    assert!(!look(&root, "/srv/data", &other).is_device);
    set(&root, "/srv/data", &other).unwrap();
    assert!(!root.path("/srv/data/file").exists());
    assert_eq!(
        root.read("/etc/fstab"),
        format!("{TABLE}\n/srv/other /srv/data none bind 0 0\n")
    );
    // Writable again.
    root.shell("umount /srv/data");
    set_to(&root, "/srv/data", &bind, (true, false)).unwrap();
    let writable = source("/srv/source", "none", &["bind", "rw"]);
    set_to(&root, "/srv/data", &writable, (true, false)).unwrap();
    fs::write(root.path("/srv/data/new"), "x").unwrap();
    assert_eq!(root.read("/etc/fstab"), format!("{TABLE}\n"));
}

#[test]
fn now_and_at_boot_are_two_things() {
    let Some(root) = root() else { return };
    let wanted = tmpfs(&["size=1m"]);
    set_to(&root, "/srv/data", &wanted, (false, true)).unwrap();
    let found = look(&root, "/srv/data", &wanted).found;
    assert_eq!(found.mounted, None);
    assert_eq!(found.lines.len(), 1);
    set_to(&root, "/srv/data", &wanted, (true, false)).unwrap();
    let found = look(&root, "/srv/data", &wanted).found;
    assert!(found.mounted.is_some() && found.lines.is_empty());
    set_to(&root, "/srv/data", &wanted, (false, false)).unwrap();
    assert_eq!(
        look(&root, "/srv/data", &wanted).found,
        MountFound::nothing()
    );
}

#[test]
fn what_cannot_be_done_is_clear_and_changes_no_table() {
    let Some(root) = root() else { return };
    let missing = reason(set(&root, "/srv/data", &source("/dev/none", "ext4", &[])));
    assert!(missing.contains("/dev/none"), "{missing}");
    let missing = reason(set(&root, "/srv/data", &source("UUID=12-34", "ext4", &[])));
    assert!(missing.contains("12-34"), "{missing}");
    let nowhere = reason(set(&root, "/srv/none", &tmpfs(&[])));
    assert!(nowhere.contains("/srv/none"), "{nowhere}");
    let unknown = reason(set(&root, "/srv/data", &tmpfs(&["no-such-option"])));
    assert!(unknown.contains("mount"), "{unknown}");
    assert_eq!(root.read("/etc/fstab"), TABLE);

    // Busy: a program works there.
    set(&root, "/srv/data", &tmpfs(&["size=1m"])).unwrap();
    let mut user = root
        .command("cd /srv/data && exec sleep 60")
        .spawn()
        .unwrap();
    root.wait("it works there", |root| {
        !root.shell("pgrep -x sleep || true").is_empty()
    });
    let busy = reason(remove(&root, "/srv/data"));
    assert!(busy.contains("busy") && busy.contains("fuser"), "{busy}");
    assert_eq!(look(&root, "/srv/data", &tmpfs(&[])).found.lines.len(), 1);
    user.kill().unwrap();
    user.wait().unwrap();
    root.shell("pkill -x sleep || true");
    root.wait("it ended", |root| {
        root.shell("pgrep -x sleep || true").is_empty()
    });
    remove(&root, "/srv/data").unwrap();
}

#[test]
fn lines_of_others_are_replaced_only_as_planned() {
    let Some(root) = root() else { return };
    let wanted = tmpfs(&["size=1m"]);
    // A line of another for the same path is shown in the plan, and replaced at its place.
    let other = "/dev/sdb1 /srv/data ext4 noatime 1 2\n";
    fs::write(root.path("/etc/fstab"), format!("{other}{TABLE}")).unwrap();
    let found = look(&root, "/srv/data", &wanted).found;
    assert_eq!(found.lines, [source("/dev/sdb1", "ext4", &["noatime"])]);
    let planned = Action::SetMount(SetMount {
        path: "/srv/data".to_owned(),
        wanted: wanted.clone(),
        mounted: true,
        persistent: true,
        expected: found,
    });
    // It changes after the plan.
    fs::write(
        root.path("/etc/fstab"),
        format!("{}{TABLE}", other.replace("noatime", "ro")),
    )
    .unwrap();
    assert!(matches!(
        root.act(planned),
        Err(ActionError::Changed { .. })
    ));
    assert_eq!(look(&root, "/srv/data", &wanted).found.mounted, None);
    set(&root, "/srv/data", &wanted).unwrap();
    assert_eq!(
        root.read("/etc/fstab"),
        format!("tmpfs /srv/data tmpfs size=1m 1 2\n{TABLE}")
    );
    // With two lines, nothing is decided.
    let twice = format!("{other}{}", root.read("/etc/fstab"));
    fs::write(root.path("/etc/fstab"), &twice).unwrap();
    let ambiguous = reason(set(&root, "/srv/data", &wanted));
    assert!(ambiguous.contains("2 lines"), "{ambiguous}");
    assert_eq!(root.read("/etc/fstab"), twice);
    // A table behind a link is not read.
    root.shell("mv /etc/fstab /etc/real; ln -s real /etc/fstab");
    let query = Query::Mount(mount::Query {
        path: "/srv/data".to_owned(),
        wanted,
    });
    assert!(matches!(root.ask(query), Answer::Unreadable { .. }));
}

#[test]
fn a_password_in_a_line_stays_on_the_host() {
    let Some(root) = root() else { return };
    fs::write(
        root.path("/etc/fstab"),
        "//files/share /srv/data cifs username=a,password=hunter2 0 0\n",
    )
    .unwrap();
    let found = look(&root, "/srv/data", &tmpfs(&[])).found;
    assert_eq!(found.lines[0].options, ["username=a", "password=(secret)"]);
    // Such a line can still be replaced.
    set(&root, "/srv/data", &tmpfs(&["size=1m"])).unwrap();
    assert!(!root.read("/etc/fstab").contains("hunter2"));
}

#[test]
fn the_target_in_memory_acts_like_mount() {
    let Some(root) = root() else { return };
    fs::write(root.path("/etc/fstab"), "").unwrap();
    let memory = RecordedTarget::new(Sealer::new([7; 32]));
    let (one, two) = (tmpfs(&["size=1m"]), tmpfs(&["size=2m", "ro"]));
    let path = "/srv/data";
    let state = |target: &dyn Fn(Query) -> Answer, wanted: &MountSource| {
        let query = Query::Mount(mount::Query {
            path: path.to_owned(),
            wanted: wanted.clone(),
        });
        match target(query) {
            Answer::Mount(answer) => answer,
            other => panic!("{other:?}"),
        }
    };
    let real = |query: Query| root.ask(query);
    let simulated = |query: Query| memory.observe(&[query]).pop().unwrap();
    // What is wanted, whether it is mounted and persistent (`None`: removed), and whether the expectation is right.
    let steps = [
        (&one, None, true),
        (&one, Some((true, true)), false),
        (&one, Some((true, true)), true),
        (&one, Some((true, true)), false),
        (&two, Some((true, true)), false),
        (&two, Some((true, true)), true),
        (&two, Some((false, true)), true),
        (&one, None, false),
        (&one, None, true),
    ];
    for (number, (wanted, how, is_right)) in steps.into_iter().enumerate() {
        let said = |target: &dyn Fn(Query) -> Answer,
                    act: &dyn Fn(Action) -> Result<Performed, ActionError>| {
            let mut expected = state(target, wanted).found;
            if !is_right {
                expected.lines.push(source("other", "other", &[]));
            }
            let path = path.to_owned();
            let action = match how {
                Some((mounted, persistent)) => Action::SetMount(SetMount {
                    path,
                    wanted: wanted.clone(),
                    mounted,
                    persistent,
                    expected,
                }),
                None => Action::DropMount(DropMount { path, expected }),
            };
            match act(action) {
                Ok(done) => done.note.unwrap_or_default(),
                Err(ActionError::Changed { .. }) => "changed".to_owned(),
                Err(other) => other.to_string(),
            }
        };
        let act_in_memory = |action: Action| {
            memory
                .perform(&[action], &Store::default(), &Interruption::default())
                .pop()
                .unwrap()
        };
        assert_eq!(
            said(&real, &|action| root.act(action)),
            said(&simulated, &act_in_memory),
            "step {number}"
        );
        let (real, simulated) = (state(&real, wanted), state(&simulated, wanted));
        assert_eq!(real.is_device, simulated.is_device, "step {number}");
        assert_eq!(real.found.lines, simulated.found.lines, "step {number}");
        let differences = |answer: &mount::Answer| {
            let mounted = answer.found.mounted.as_ref();
            mounted.map(|mounted| wanted.differences(mounted).0)
        };
        assert_eq!(differences(&real), differences(&simulated), "step {number}");
    }
}

#[test]
fn options_that_the_kernel_does_not_show_fail_with_what_it_shows() {
    let Some(root) = root() else { return };
    let rounded = reason(set(&root, "/srv/data", &tmpfs(&["size=1000"])));
    assert!(
        rounded.contains("the kernel shows `size=4k` after `size=1000`"),
        "{rounded}"
    );
    set(&root, "/srv/data", &tmpfs(&["size=4k"])).unwrap();
}
