//! Packages on real rpm and dnf, in a copy of this machine's root with an empty database and a local repository.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use evenkeel_host::package::{
    self, InstallPackage, PackageFound, PackageState, RemovePackage, System,
};
use evenkeel_host::{Action, ActionError, Answer, Performed, Query};
use evenkeel_host::{facts, inventory};

use super::root::Root;

fn root(more: &str) -> Option<Root> {
    for needed in ["rpmbuild", "dnf", "createrepo_c"] {
        if !Path::new("/usr/bin").join(needed).exists() {
            eprintln!("SKIPPED: {needed} is missing: packages of rpm are not tested");
            return None;
        }
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/rpm-repository");
    Root::start(&format!("'{script}' .; {more}"))
}

fn found(root: &Root, package: &str) -> PackageFound {
    let query = Query::Package(package::Query {
        package: package.to_owned(),
    });
    match root.ask(query) {
        Answer::Package(package::Answer { system, found, .. }) => {
            assert_eq!(system, System::Rpm);
            found
        }
        other => panic!("{other:?}"),
    }
}

fn action(package: &str, version: Option<&str>, held: Option<bool>, found: PackageFound) -> Action {
    Action::InstallPackage(InstallPackage {
        package: package.to_owned(),
        version: version.map(str::to_owned),
        held,
        expected: found,
    })
}

fn install(root: &Root, package: &str, version: Option<&str>) -> Result<Performed, ActionError> {
    root.act(action(package, version, None, found(root, package)))
}

fn remove(root: &Root, package: &str) -> Result<Performed, ActionError> {
    root.act(Action::RemovePackage(RemovePackage {
        package: package.to_owned(),
        expected: found(root, package),
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
fn versions_are_installed_raised_lowered_and_removed_by_dnf() {
    let Some(root) = root("") else { return };
    assert_eq!(found(&root, "evk-app"), PackageFound::missing());
    // Another program that holds the lock is waited for.
    let lock = root.path("/var/cache/dnf/metadata_lock.pid");
    fs::write(&lock, "1").unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(1500));
            fs::remove_file(&lock).unwrap();
        });
        let begun = Instant::now();
        assert_eq!(
            note(install(&root, "evk-app", Some("1.0"))),
            "installed 1.0-1"
        );
        assert!(begun.elapsed() > Duration::from_secs(1));
    });
    assert_eq!(
        note(install(&root, "evk-app", Some(">= 1.1, < 2"))),
        "changed 1.0-1 to 1.1-1"
    );
    assert_eq!(
        note(install(&root, "evk-app:noarch", Some("1.0-*"))),
        "changed 1.1-1 to 1.0-1"
    );
    assert_eq!(root.read("/usr/share/evk-app/version"), "1.0-1\n");
    let outcomes = root.act_all(&[
        action("evk-app", Some("3"), None, found(&root, "evk-app")),
        action("evk-none", None, None, PackageFound::missing()),
    ]);
    let [lacking, unknown] = <[_; 2]>::try_from(outcomes).unwrap();
    let (lacking, unknown) = (reason(lacking), reason(unknown));
    assert!(
        lacking.contains("version `3` is not available"),
        "{lacking}"
    );
    assert!(
        unknown.contains("no source of packages offers `evk-none`"),
        "{unknown}"
    );
    let planned = found(&root, "evk-app");
    root.shell("rpm -e evk-app");
    assert!(matches!(
        root.act(action("evk-app", Some("2.0"), None, planned)),
        Err(ActionError::Changed { .. })
    ));
}

#[test]
fn an_inventory_has_requested_packages_and_changed_files() {
    let Some(root) = root("") else { return };
    install(&root, "evk-plugin", None).unwrap();
    root.shell(
        "echo other >/etc/evk-lib.conf; touch /etc/evk-app.conf; \
         mkdir -p /etc/cron.d /var/spool/cron; echo '# own' >/etc/cron.d/evk-own; echo '# own' >/var/spool/cron/evk-user",
    );
    let found = match root.ask(Query::Inventory(inventory::Query { first_number: 1000 })) {
        Answer::Inventory(found) => found,
        other => panic!("{other:?}"),
    };
    let packages: Vec<(&str, &str)> = found
        .packages
        .iter()
        .map(|package| (package.name.as_str(), package.version.as_str()))
        .collect();
    assert_eq!(packages, [("evk-plugin", "1.0-1")]);
    let owner = |path: &str| {
        let mut files = found.files.iter();
        files
            .find(|file| file.path == path)
            .map(|file| file.package.as_deref())
    };
    assert_eq!(owner("/etc/evk-lib.conf"), Some(Some("evk-lib")));
    assert_eq!(owner("/etc/evk-app.conf"), None);
    assert_eq!(owner("/etc/cron.d/evk-own"), Some(None));
    assert_eq!(owner("/var/spool/cron/evk-user"), Some(None));
    let is_of_packages = |reason: &&String| reason.contains("package") || reason.contains("rpm");
    assert_eq!(found.unread.iter().find(is_of_packages), None);
}

#[test]
fn packages_that_dnf_installed_for_others_are_no_things() {
    let Some(root) = root("") else { return };
    let things = || {
        let groups = vec!["manual-packages".to_owned()];
        match root.ask(Query::Facts(facts::Query { groups })) {
            Answer::Facts(answer) => answer.groups,
            other => panic!("{other:?}"),
        }
    };
    let names = |groups: &[facts::GroupOfFacts]| -> Vec<String> {
        assert_eq!(groups[0].unread, [""; 0]);
        groups[0]
            .facts
            .iter()
            .map(|fact| fact.path.join(" "))
            .collect()
    };
    assert_eq!(names(&things()), [""; 0]);
    install(&root, "evk-plugin", None).unwrap();
    assert!(matches!(
        found(&root, "evk-app").state,
        PackageState::Installed { .. }
    ));
    assert_eq!(names(&things()), ["evk-plugin"]);
    // Without dnf, there is no record of requests.
    root.shell("mv /usr/bin/dnf /usr/bin/dnf.off");
    assert_eq!(names(&things()), ["evk-app", "evk-lib", "evk-plugin"]);
    // A dnf that fails hides nothing.
    root.shell(
        "printf '#!/bin/sh\\necho broken >&2; exit 1\\n' >/usr/bin/dnf; chmod 755 /usr/bin/dnf",
    );
    let broken = things();
    assert!(broken[0].facts.is_empty());
    assert!(broken[0].unread[0].contains("broken"), "{broken:?}");
}

#[test]
fn dnf_removes_nothing_else_and_cannot_hold_without_its_plugin() {
    let without = "rm -rf etc/dnf/plugins usr/lib/python3/dist-packages/dnf-plugins";
    let Some(root) = root(without) else { return };
    let missing = PackageFound::missing;
    note(install(&root, "evk-lib", Some("1.0")));
    let rival = reason(install(&root, "evk-rival", None));
    assert!(rival.contains("would remove `evk-lib`"), "{rival}");
    note(remove(&root, "evk-lib"));
    let outcomes = root.act_all(&[
        action("evk-plugin", None, None, missing()),
        action("evk-none", None, None, missing()),
        action("evk-lib", Some("2.*"), None, missing()),
    ]);
    let [plugin, none, lib] = <[_; 3]>::try_from(outcomes).unwrap();
    assert_eq!(note(plugin), "installed 1.0-1");
    assert!(reason(none).contains("evk-none"));
    assert_eq!(note(lib), "installed 2.0-1");
    let needed = reason(remove(&root, "evk-app"));
    assert!(needed.contains("would remove `evk-plugin`"), "{needed}");
    let rival = reason(install(&root, "evk-rival", None));
    assert!(rival.contains("obsoletes evk-lib"), "{rival}");
    let version = |package: &str| match found(&root, package).state {
        PackageState::Installed { version } => version,
        other => panic!("{package}: {other:?}"),
    };
    assert_eq!(version("evk-plugin"), "1.0-1");
    assert_eq!(version("evk-lib"), "2.0-1");
    let held = root.act(action("evk-lib", None, Some(true), found(&root, "evk-lib")));
    let held = reason(held);
    assert!(held.contains("versionlock"), "{held}");
}

#[test]
fn the_plugin_of_dnf_holds_one_version() {
    let Some(root) = root("") else { return };
    if !root.path("/etc/dnf/plugins/versionlock.conf").exists() {
        eprintln!("SKIPPED: dnf-plugins-core is missing: locks of versions of dnf are not tested");
        return;
    }
    let hold = |version: Option<&str>, held| {
        let found = found(&root, "evk-lib");
        note(root.act(action("evk-lib", version, held, found)))
    };
    assert_eq!(hold(Some("1.0"), Some(true)), "installed 1.0-1");
    assert!(found(&root, "evk-lib").held);
    root.shell("dnf -q -y upgrade 2>&1 || true");
    assert_eq!(found(&root, "evk-lib").version(), Some("1.0-1"));
    assert_eq!(hold(Some("1.1"), None), "changed 1.0-1 to 1.1-1");
    assert!(found(&root, "evk-lib").held, "a lock of another is kept");
    assert_eq!(hold(None, Some(false)), "released the hold");
    assert!(!found(&root, "evk-lib").held);
}

#[test]
fn rpm_itself_agrees_about_the_order_of_versions() {
    if !Path::new("/usr/bin/rpm").exists() {
        eprintln!("SKIPPED: rpm is missing: the order of versions is not compared with it");
        return;
    }
    let Some(root) = Root::start("") else { return };
    let pairs = [
        ("1.0", "1.1"),
        ("1.0~rc1", "1.0"),
        ("1.0", "1.0^git1"),
        ("1.0^git1", "1.01"),
        ("1.0a", "1.0.1"),
        ("1.10", "1.9"),
        ("a", "1"),
        ("1.0.", "1.0"),
        ("1_0", "1.0"),
        ("0010", "10"),
        ("1.0~", "1.0~~"),
        ("1.0^", "1.0"),
        ("2.0.1a", "2.0.1"),
        ("xyz10", "xyz10.1"),
        ("1.0~rc1^git1", "1.0~rc1"),
    ];
    let script: String = pairs
        .iter()
        .map(|(one, other)| format!("print(rpm.vercmp('{one}', '{other}') .. ' ') "))
        .collect();
    let printed = root.shell(&format!("rpm --eval \"%{{lua: {script}}}\""));
    let asked: Vec<i32> = printed
        .split_whitespace()
        .map(|word| word.parse().unwrap())
        .collect();
    assert_eq!(asked.len(), pairs.len());
    for ((one, other), asked) in pairs.iter().zip(asked) {
        let order = package::version::compare(System::Rpm, one, other) as i32;
        assert_eq!(order, asked, "{one} {other}");
    }
}
