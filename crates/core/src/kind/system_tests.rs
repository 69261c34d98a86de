//! Tests of core with the kinds that belong to the whole system of a host: packages, settings of the kernel, mounts.

use crate::in_memory::Project;
use evenkeel_host::mount::MountFound;
use evenkeel_ledger::record::{ApplyOutcome, Verb};

const SYSTEM: &str = r#"
[package.nginx]
on = "web"
version = "1.24.*"
held = true

[package.telnet]
on = "web"
removed = true

[sysctl.forwarding]
on = "web"
key = "net.ipv4.ip_forward"
value = 1

[directory.data]
on = "web"
path = "/srv/data"

[mount.data]
on = "web"
path = "/srv/data"
device = "tmpfs"
type = "tmpfs"

[file.inside]
on = "web"
path = "/srv/data/inside"
content = "x"
"#;

fn project() -> Project {
    let project = Project::new();
    project.target.change(|host| {
        host.put_directory("/srv", 0o755);
        host.offer_package("nginx", "1.22.1-9 1.24.0-1 1.24.0-2 1.26.0-1");
        host.put_package("telnet", Some("0.17"), false);
        host.put_setting("net.ipv4.ip_forward", "0");
    });
    project
}

#[test]
fn they_are_applied_drift_and_are_removed() {
    let project = project();
    assert_eq!(project.apply(SYSTEM).outcome, ApplyOutcome::Done);
    assert_eq!(project.steps(SYSTEM), []);
    assert_eq!(project.drift(SYSTEM), []);
    let actions = project.actions();
    let place = |name: &str| actions.iter().position(|each| each.trim() == name).unwrap();
    assert!(place("directory") < place("set-mount"), "{actions:?}");
    assert!(place("set-mount") < place("file"), "{actions:?}");

    project.target.change(|host| {
        host.put_package("nginx", Some("1.26.0-1"), false);
        host.put_package("telnet", Some("0.17"), false);
        host.put_setting("net.ipv4.ip_forward", "0");
        host.put_mount("/srv/data", &MountFound::nothing());
    });
    let drift: Vec<&str> = project
        .drift(SYSTEM)
        .iter()
        .map(|(code, _)| *code)
        .collect();
    for code in [
        "package/version-differs",
        "package/hold-differs",
        "package/present",
        "sysctl/value-differs",
        "mount/not-mounted",
        "mount/fstab-differs",
    ] {
        assert!(drift.contains(&code), "{code}: {drift:?}");
    }
    assert_eq!(project.apply(SYSTEM).outcome, ApplyOutcome::Done);
    assert_eq!(project.drift(SYSTEM), []);

    let before = project.actions().len();
    assert_eq!(project.apply("").outcome, ApplyOutcome::Done);
    let actions = project.actions();
    let removals: Vec<&str> = actions[before..].iter().map(|each| each.trim()).collect();
    let place = |name: &str| removals.iter().position(|each| *each == name).unwrap();
    // The file inside, what is mounted, then the directory.
    assert_eq!(removals.iter().filter(|each| **each == "remove").count(), 2);
    assert!(place("remove") < place("drop-mount"), "{removals:?}");
    assert_eq!(removals.last(), Some(&"remove"), "{removals:?}");
    assert_eq!(project.steps(""), []);
}

#[test]
fn a_package_under_another_name_stays() {
    let project = project();
    let one = "[package.server]\non = \"web\"\npackage = \"nginx\"\nversion = \"1.24.*\"\n";
    let other = "[package.web]\non = \"web\"\npackage = \"nginx\"\nversion = \"1.24.*\"\n";
    assert_eq!(project.apply(one).outcome, ApplyOutcome::Done);
    let before = project.actions().len();
    assert_eq!(project.apply(other).outcome, ApplyOutcome::Done);
    assert_eq!(project.actions().len(), before, "{:?}", project.actions());
}

#[test]
fn a_version_that_no_source_offers_fails_alone() {
    let project = project();
    let wrong = SYSTEM.replace("1.24.*", ">= 3");
    let report = project.apply(&wrong);
    assert_eq!(report.outcome, ApplyOutcome::Failed);
    assert_eq!(
        project.steps(&wrong),
        [("package.nginx".to_owned(), Verb::Create)]
    );
}
