//! Packages on real dpkg and apt, in a copy of this machine's root with an empty database and a local repository.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use evenkeel_host::package::{
    self, InstallPackage, PackageFound, PackageState, RemovePackage, System,
};
use evenkeel_host::recorded::RecordedTarget;
use evenkeel_host::{
    Action, ActionError, Answer, Interruption, Observer as _, Performed, Query, Target as _,
};
use evenkeel_model::Sealer;

use super::root::Root;
use super::support::Store;

/// Starts a root with the test repository.
fn root() -> Option<Root> {
    for needed in ["apt-get", "dpkg-deb"] {
        if !Path::new("/usr/bin").join(needed).exists() {
            eprintln!("SKIPPED: {needed} is missing: packages are not tested");
            return None;
        }
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/repository");
    Root::start(&format!("'{script}' ."))
}

fn query(package: &str) -> Query {
    Query::Package(package::Query {
        package: package.to_owned(),
    })
}

fn of(answer: Answer) -> PackageFound {
    match answer {
        Answer::Package(package::Answer { system, found, .. }) => {
            assert_eq!(system, System::Dpkg);
            found
        }
        other => panic!("{other:?}"),
    }
}

fn found(root: &Root, package: &str) -> PackageFound {
    of(root.ask(query(package)))
}

/// The version of a package that is completely installed.
fn version(root: &Root, package: &str) -> Option<String> {
    match found(root, package).state {
        PackageState::Installed { version } => Some(version),
        _ => None,
    }
}

fn action(
    package: &str,
    version: Option<&str>,
    held: Option<bool>,
    expected: PackageFound,
) -> Action {
    Action::InstallPackage(InstallPackage {
        package: package.to_owned(),
        version: version.map(str::to_owned),
        held,
        expected,
    })
}

/// Installs a package from the state that it has.
fn install(root: &Root, package: &str, version: Option<&str>) -> Result<Performed, ActionError> {
    root.act(action(package, version, None, found(root, package)))
}

fn remove(root: &Root, package: &str) -> Result<Performed, ActionError> {
    let expected = found(root, package);
    root.act(Action::RemovePackage(RemovePackage {
        package: package.to_owned(),
        expected,
    }))
}

fn note(outcome: Result<Performed, ActionError>) -> String {
    outcome.unwrap().note.unwrap_or_default()
}

fn reason(outcome: Result<Performed, ActionError>) -> String {
    match outcome.unwrap_err() {
        ActionError::Failed { reason, .. } => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn versions_are_installed_raised_lowered_and_removed() {
    let Some(root) = root() else { return };
    assert_eq!(found(&root, "evk-app"), PackageFound::missing());
    assert_eq!(
        note(install(&root, "evk-app", Some("1.0*"))),
        "installed 1.0-1"
    );
    assert_eq!(
        note(install(&root, "evk-app", Some("> 1.0-1, < 2"))),
        "changed 1.0-1 to 1.1-1"
    );
    assert_eq!(
        note(install(&root, "evk-app", Some("2.0~rc1-1"))),
        "changed 1.1-1 to 2.0~rc1-1"
    );
    assert_eq!(
        note(install(&root, "evk-app", Some(">= 2.0~rc1"))),
        "already so"
    );
    // The newest of the dependency was installed, and is not lowered with it.
    assert_eq!(
        note(install(&root, "evk-app", Some("1.0-1"))),
        "changed 2.0~rc1-1 to 1.0-1"
    );
    assert_eq!(version(&root, "evk-lib").as_deref(), Some("2.0-1"));
    assert_eq!(root.read("/usr/share/evk-app/version"), "1.0-1\n");
    assert_eq!(
        note(install(&root, "evk-lib:all", Some("1.1-1"))),
        "changed 2.0-1 to 1.1-1"
    );
    assert_eq!(note(remove(&root, "evk-app")), "removed 1.0-1");
    assert_eq!(note(remove(&root, "evk-app")), "already so");
    assert_eq!(version(&root, "evk-app"), None);
}

#[test]
fn what_no_source_offers_is_named_with_what_they_offer() {
    let Some(root) = root() else { return };
    let unknown = reason(install(&root, "evk-none", None));
    assert!(
        unknown.contains("no source of packages offers `evk-none`"),
        "{unknown}"
    );
    let lacking = reason(install(&root, "evk-app", Some("3.*")));
    assert!(
        lacking.contains("version `3.*` is not available; the sources offer 2.0-1, 2.0~rc1-1"),
        "{lacking}"
    );
    // apt would read this name as an expression.
    reason(install(&root, "evk.app", None));
    assert_eq!(version(&root, "evk-app"), None);

    fs::write(
        root.path("/etc/apt/sources.list"),
        "deb [trusted=yes] file:/nowhere ./\n",
    )
    .unwrap();
    let unreachable = reason(install(&root, "evk-app", None));
    assert!(
        unreachable.contains("the index could not be refreshed") && unreachable.contains("nowhere"),
        "{unreachable}"
    );
    // What an earlier index has is still installed.
    fs::write(
        root.path("/etc/apt/sources.list"),
        "deb [trusted=yes] file:/repo ./\n",
    )
    .unwrap();
    root.shell("apt-get update >/dev/null");
    let both = "deb [trusted=yes] file:/repo ./\ndeb [trusted=yes] file:/nowhere ./\n";
    fs::write(root.path("/etc/apt/sources.list"), both).unwrap();
    assert_eq!(note(install(&root, "evk-app", None)), "installed 2.0-1");
}

#[test]
fn holds_are_set_kept_and_released() {
    let Some(root) = root() else { return };
    let hold = |held, version: Option<&str>| {
        let found = found(&root, "evk-app");
        note(root.act(action("evk-app", version, held, found)))
    };
    assert_eq!(hold(Some(true), Some("1.0-1")), "installed 1.0-1");
    assert!(found(&root, "evk-app").held);
    // A hold is lifted for the change, and set again.
    assert_eq!(hold(Some(true), Some("1.1-1")), "changed 1.0-1 to 1.1-1");
    assert!(found(&root, "evk-app").held);
    assert_eq!(hold(None, Some("1.0-1")), "changed 1.1-1 to 1.0-1");
    assert!(found(&root, "evk-app").held, "a hold of another is kept");
    assert_eq!(hold(Some(false), None), "released the hold");
    root.shell("apt-mark hold evk-app");
    assert!(found(&root, "evk-app").held);
    // A change that fails leaves the hold.
    let held = found(&root, "evk-app");
    reason(root.act(action("evk-app", Some("9"), None, held)));
    assert!(found(&root, "evk-app").held);
    fs::remove_file(root.path("/repo/evk-app_2.0-1_all.deb")).unwrap();
    let held = found(&root, "evk-app");
    let lost = reason(root.act(action("evk-app", Some("2.0-1"), None, held.clone())));
    assert!(lost.contains("evk-app_2.0-1_all.deb"), "{lost}");
    assert_eq!(found(&root, "evk-app"), held);
    assert_eq!(note(remove(&root, "evk-app")), "removed 1.0-1");
}

#[test]
fn a_state_that_changed_since_the_plan_is_refused() {
    let Some(root) = root() else { return };
    let planned = found(&root, "evk-app");
    root.shell(
        "apt-get update >/dev/null; apt-get -y install evk-app=1.0-1 evk-lib=1.0-1 >/dev/null",
    );
    let changed = |outcome: Result<Performed, ActionError>| match outcome.unwrap_err() {
        ActionError::Changed {
            expected, found, ..
        } => format!("{expected}: {found}"),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        changed(root.act(action("evk-app", Some("1.1-1"), None, planned))),
        "no such package: version 1.0-1"
    );
    let planned = found(&root, "evk-app");
    root.shell("apt-get -y remove evk-app >/dev/null");
    assert_eq!(
        changed(root.act(action("evk-app", Some("1.1-1"), None, planned))),
        "version 1.0-1: no such package"
    );
    assert_eq!(version(&root, "evk-app"), None);
}

#[test]
fn nothing_else_is_removed_or_lowered() {
    let Some(root) = root() else { return };
    note(install(&root, "evk-plugin", None));
    let rival = reason(install(&root, "evk-rival", None));
    assert!(
        rival.contains("would remove")
            && rival.contains("`evk-lib`")
            && rival.contains("`evk-app`"),
        "{rival}"
    );
    let needed = reason(remove(&root, "evk-app"));
    assert!(needed.contains("would remove `evk-plugin`"), "{needed}");
    for kept in ["evk-plugin", "evk-app", "evk-lib"] {
        assert!(version(&root, kept).is_some(), "{kept}");
    }
    // All that goes is declared so.
    let mut actions: Vec<Action> = ["evk-plugin", "evk-app", "evk-lib"]
        .iter()
        .map(|package| {
            Action::RemovePackage(RemovePackage {
                package: (*package).to_owned(),
                expected: found(&root, package),
            })
        })
        .collect();
    actions.push(action("evk-rival", None, None, PackageFound::missing()));
    let notes: Vec<String> = root.act_all(&actions).into_iter().map(note).collect();
    assert_eq!(
        notes,
        [
            "removed 1.0-1",
            "removed 2.0-1",
            "removed 2.0-1",
            "installed 1.0-1"
        ]
    );
}

#[test]
fn a_broken_package_hides_no_other_and_is_completed_later() {
    let Some(root) = root() else { return };
    fs::write(root.path("/evk-broken"), "").unwrap();
    let missing = PackageFound::missing;
    let outcomes = root.act_all(&[
        action("evk-broken", None, None, missing()),
        action("evk-app", Some("1.0-1"), None, missing()),
        action("evk-none", None, None, missing()),
        action("evk-conf", Some("1.0-1"), None, missing()),
    ]);
    let [broken, app, none, conf] = <[_; 4]>::try_from(outcomes).unwrap();
    let broken = reason(broken);
    assert!(
        broken.contains("evk-broken") && broken.contains("the script of evk-broken fails"),
        "{broken}"
    );
    assert_eq!(note(app), "installed 1.0-1");
    assert!(reason(none).contains("evk-none"));
    assert_eq!(note(conf), "installed 1.0-1");
    let half = found(&root, "evk-broken");
    let unfinished = PackageState::Unfinished {
        version: "1.0-1".to_owned(),
        step: "half-configured".to_owned(),
    };
    assert_eq!(half.state, unfinished);
    // Others are installed meanwhile.
    assert_eq!(
        note(install(&root, "evk-lib", Some("1.1-1"))),
        "changed 2.0-1 to 1.1-1"
    );
    assert!(reason(install(&root, "evk-broken", None)).contains("script"));
    fs::remove_file(root.path("/evk-broken")).unwrap();
    assert_eq!(
        note(install(&root, "evk-broken", None)),
        "completed the installation of 1.0-1"
    );
}

#[test]
fn a_changed_configuration_file_is_kept() {
    let Some(root) = root() else { return };
    note(install(&root, "evk-conf", Some("1.0-1")));
    fs::write(root.path("/etc/evk-conf/main.conf"), "mine\n").unwrap();
    assert_eq!(
        note(install(&root, "evk-conf", Some("2.0-1"))),
        "changed 1.0-1 to 2.0-1"
    );
    assert_eq!(root.read("/etc/evk-conf/main.conf"), "mine\n");
    // What remains of a removed package is no package.
    note(remove(&root, "evk-conf"));
    assert_eq!(found(&root, "evk-conf"), PackageFound::missing());
    assert_eq!(root.read("/etc/evk-conf/main.conf"), "mine\n");
}

#[test]
fn a_killed_installation_is_unfinished_and_the_next_run_completes_it() {
    let Some(root) = root() else { return };
    fs::write(root.path("/evk-slow"), "").unwrap();
    root.shell("apt-get update >/dev/null");
    let mut killed = root
        .command("exec apt-get -y install evk-slow >/dev/null 2>&1")
        .spawn()
        .unwrap();
    root.wait("its script runs", |root| {
        !root
            .shell("pgrep -f 'evk-[s]low.postinst' || true")
            .is_empty()
    });
    root.shell("pkill -KILL apt-get; pkill -KILL dpkg; pkill -KILL -f 'evk-[s]low.postinst'; true");
    killed.wait().unwrap();
    let half = found(&root, "evk-slow");
    assert!(
        matches!(&half.state, PackageState::Unfinished { .. }),
        "{half:?}"
    );
    fs::remove_file(root.path("/evk-slow")).unwrap();
    assert_eq!(
        note(install(&root, "evk-slow", None)),
        "completed the installation of 1.0-1"
    );
    assert_eq!(note(install(&root, "evk-app", None)), "installed 2.0-1");
}

#[test]
fn another_program_that_holds_the_lock_is_waited_for_and_then_named() {
    let Some(root) = root() else { return };
    fs::write(root.path("/evk-slow"), "").unwrap();
    root.shell("apt-get update >/dev/null");
    let mut other = root
        .command("exec apt-get -y install evk-slow >/dev/null 2>&1")
        .spawn()
        .unwrap();
    root.wait("its script runs", |root| {
        !root
            .shell("pgrep -f 'evk-[s]low.postinst' || true")
            .is_empty()
    });
    let begun = Instant::now();
    let outcomes = root.act_all(&[
        action("evk-app", None, None, PackageFound::missing()),
        action("evk-conf", None, None, PackageFound::missing()),
    ]);
    for outcome in outcomes {
        let locked = reason(outcome);
        assert!(
            locked.contains("lock-frontend") && locked.contains("held by process"),
            "{locked}"
        );
    }
    let waited = begun.elapsed();
    assert!(
        waited > Duration::from_secs(25) && waited < Duration::from_mins(1),
        "{waited:?}"
    );
    // The lock is free a little later.
    let release = root.path("/evk-slow");
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(500));
            fs::remove_file(&release).unwrap();
        });
        assert_eq!(note(install(&root, "evk-app", None)), "installed 2.0-1");
    });
    other.wait().unwrap();
}

#[test]
fn an_interruption_starts_no_further_package() {
    let Some(root) = root() else { return };
    note(install(&root, "evk-lib", None));
    fs::write(root.path("/evk-slow"), "").unwrap();
    let missing = PackageFound::missing;
    let actions = [
        action("evk-slow", None, None, missing()),
        // All together, this one would remove another: so each is tried alone.
        action("evk-rival", None, None, missing()),
        action("evk-conf", None, None, missing()),
    ];
    let interruption = Interruption::default();
    let release = root.path("/evk-slow");
    let outcomes = std::thread::scope(|scope| {
        scope.spawn(|| {
            root.wait("its script runs", |root| {
                !root
                    .shell("pgrep -f 'evk-[s]low.postinst' || true")
                    .is_empty()
            });
            interruption.interrupt();
            std::thread::sleep(Duration::from_millis(300));
            fs::remove_file(&release).unwrap();
        });
        root.act_until(&actions, &interruption)
    });
    let [slow, rival, conf] = <[_; 3]>::try_from(outcomes).unwrap();
    assert_eq!(note(slow), "installed 1.0-1");
    assert_eq!(rival, Err(ActionError::Interrupted));
    assert_eq!(conf, Err(ActionError::Interrupted));
    assert_eq!(version(&root, "evk-conf"), None);
}

#[test]
fn a_full_disk_fails_and_leaves_the_rest() {
    let Some(root) = root() else { return };
    root.shell("mkdir -p /opt; mount -t tmpfs -o size=1m tmpfs /opt");
    let outcomes = root.act_all(&[
        action("evk-big", None, None, PackageFound::missing()),
        action("evk-app", None, None, PackageFound::missing()),
    ]);
    let [big, app] = <[_; 2]>::try_from(outcomes).unwrap();
    let big = reason(big);
    assert!(big.contains("No space left on device"), "{big}");
    assert_eq!(note(app), "installed 2.0-1");
    assert_eq!(version(&root, "evk-big"), None);
    root.shell("umount /opt");
    assert_eq!(note(install(&root, "evk-big", None)), "installed 1.0-1");
}

#[test]
fn a_database_that_cannot_be_read_is_never_in_sync() {
    let Some(root) = root() else { return };
    fs::write(root.path("/var/lib/dpkg/status"), "garbage\n").unwrap();
    let Answer::Unreadable { reason } = root.ask(query("evk-app")) else {
        panic!("it was read");
    };
    assert!(reason.contains("dpkg-query"), "{reason}");
    root.shell("rm /usr/bin/dpkg-query");
    let Answer::Unreadable { reason } = root.ask(query("evk-app")) else {
        panic!("it was read");
    };
    assert!(reason.contains("no supported packaging system"), "{reason}");
}

#[test]
fn the_target_in_memory_acts_like_apt() {
    let Some(root) = root() else { return };
    let memory = RecordedTarget::new(Sealer::new([7; 32]));
    memory.change(|host| {
        host.offer_package("evk-app", "1.0-1 1.1-1 2.0~rc1-1 2.0-1");
        host.offer_package("evk-conf", "1.0-1 2.0-1");
    });
    let state = |version: &str, held| PackageFound {
        state: PackageState::Installed {
            version: version.to_owned(),
        },
        held,
    };
    let missing = PackageFound::missing;
    let drop = |package: &str, expected| {
        Action::RemovePackage(RemovePackage {
            package: package.to_owned(),
            expected,
        })
    };
    let actions = [
        drop("evk-app", missing()),
        action("evk-app", Some("1.0-1"), None, state("1.1-1", false)),
        action("evk-app", Some("3"), None, missing()),
        action("evk-none", None, None, missing()),
        action("evk-app", Some("1.*"), Some(true), missing()),
        action("evk-app", Some("1.1-1"), Some(true), missing()),
        action("evk-app", Some("2.0-1"), None, state("1.1-1", true)),
        action("evk-app", None, Some(false), state("2.0-1", true)),
        action("evk-app", Some("< 2.0~"), Some(true), state("2.0-1", false)),
        action("evk-conf", None, None, missing()),
        drop("evk-app", state("2.0-1", false)),
        drop("evk-app", state("1.1-1", true)),
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
        for package in ["evk-app", "evk-conf", "evk-none"] {
            let simulated = of(memory.observe(&[query(package)]).pop().unwrap());
            assert_eq!(found(&root, package), simulated, "after action {number}");
        }
    }
}

/// 300 packages of this machine's own database, which is only read.
#[test]
fn many_packages_are_one_question() {
    let Some(root) = Root::start("") else { return };
    let listed = root.shell("dpkg-query -W -f '${Package}\\n' 2>/dev/null || true");
    let names: Vec<&str> = listed.lines().collect();
    if names.len() < 100 {
        eprintln!("SKIPPED: this machine has no packages of dpkg");
        return;
    }
    let queries: Vec<Query> = names
        .iter()
        .cycle()
        .take(300)
        .map(|name| query(name))
        .collect();
    let begun = Instant::now();
    let answers = root.ask_all(&queries);
    let took = begun.elapsed();
    assert_eq!(answers.len(), 300);
    println!("300 of {} packages in {took:?}", names.len());
}
