//! Tests of scopes with targets in memory.

use std::collections::BTreeSet;

use proptest::prelude::{Strategy, any, prop_assert_eq, proptest};

use crate::environment::fields::HOST_BASELINE;
use crate::environment::host_baseline::{Names, add};
use crate::in_memory::Project;
use evenkeel_host::Account;
use evenkeel_host::facts::{CLASSES, Fact, THINGS};
use evenkeel_host::recorded::RecordedHost;
use evenkeel_host::unit::UnitState;
use evenkeel_host::user::User;
use evenkeel_model::Digest;

use super::{Thing, undeclared_things};

const SCOPE: &str = "[exclusive.web]\non = \"web\"\nbaseline = \"baselines/web.toml\"\n";
const KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJHTYyAXPcA0fTXRYWT6pFtq6qjzfhZfJmd1AkQJtyop";

fn user(home: &str) -> User {
    User {
        uid: 1001,
        group: Account {
            id: 1001,
            name: None,
        },
        groups: Vec::new(),
        home: home.to_owned(),
        shell: "/bin/sh".to_owned(),
        comment: String::new(),
        locked: Some(true),
    }
}

fn enabled() -> UnitState {
    UnitState {
        load: "loaded".to_owned(),
        enabled: "enabled".to_owned(),
        ..UnitState::missing()
    }
}

/// Puts one thing of each class on a host.
fn fill(host: &mut RecordedHost) {
    host.put_package("vim", Some("2:9.0"), false);
    host.put_unit("nginx.service", &enabled());
    host.users.insert("ada".to_owned(), user("/home/ada"));
    for path in [
        "/etc",
        "/etc/cron.d",
        "/home",
        "/home/ada",
        "/home/ada/.ssh",
    ] {
        host.put_directory(path, 0o755);
    }
    host.put_file("/etc/cron.d/backup", b"# head\n@daily root run\n", 0o644);
    let line = format!("{KEY} ada@desk\n");
    host.put_file("/home/ada/.ssh/authorized_keys", line.as_bytes(), 0o600);
    host.put_port("tcp", "*", 8080, "app");
}

/// Returns the file of a baseline that accepts everything now unmanaged.
fn taken(project: &Project, definitions: &str) -> String {
    project.planned(definitions, |situation, _| {
        let (found, unread) = undeclared_things(situation);
        assert!(unread.is_empty(), "{unread:?}");
        let mut names = Names::new();
        for thing in found {
            names
                .entry(thing.class.to_owned())
                .or_default()
                .insert(thing.name);
        }
        add(project.baseline.as_deref(), &names).unwrap()
    })
}

#[test]
fn each_class_has_its_findings() {
    let project = Project::new();
    project.target.change(fill);
    let digest = Digest::of(KEY.split(' ').next_back().unwrap().as_bytes()).short();
    let cron = Digest::of(b"@daily root run").short();
    assert_eq!(
        project.findings(SCOPE),
        [
            "exclusive.web (staging): unmanaged installed package: vim (2:9.0)".to_owned(),
            "exclusive.web (staging): unmanaged enabled unit: nginx.service".to_owned(),
            "exclusive.web (staging): unmanaged account: ada (uid 1001, shell /bin/sh)".to_owned(),
            format!("exclusive.web (staging): unmanaged cron entry: /etc/cron.d/backup {cron}"),
            format!(
                "exclusive.web (staging): unmanaged authorized key: ada blake3:{digest} (ada@desk)"
            ),
            "exclusive.web (staging): unmanaged open port: tcp *:8080 (app)".to_owned(),
        ]
    );
    let few = "[exclusive.web]\non = \"web\"\nthings = [\"ports\", \"users\"]\nexcept = [\"ports.tcp *:80*\"]\n";
    assert_eq!(
        project.findings(few),
        ["exclusive.web (staging): unmanaged account: ada (uid 1001, shell /bin/sh)"]
    );
}

#[test]
fn a_declared_thing_is_not_unmanaged() {
    let project = Project::new();
    project.target.change(fill);
    let declared = format!(
        "{SCOPE}[package.vim]\non = \"web\"\n\
        [service.nginx]\non = \"web\"\nready = {{ tcp = \"127.0.0.1:8080\" }}\n\
        [user.ada]\non = \"web\"\n\
        [cron.own]\non = \"web\"\nschedule = \"@daily\"\ncommand = \"true\"\n\
        [file.backup]\non = \"web\"\npath = \"/etc/cron.d/backup\"\ncontent = \"@daily root run\"\n\
        [authorized-key.ada]\non = \"web\"\nuser = \"ada\"\nkey = \"{KEY}\"\n"
    );
    let unmanaged = |definitions: &str| {
        let mut found = project.findings(definitions);
        found.retain(|message| message.contains("unmanaged"));
        found
    };
    assert_eq!(unmanaged(&declared), [""; 0]);
    // A resource elsewhere declares nothing here.
    assert_eq!(unmanaged(SCOPE).len(), 6);
}

#[test]
fn a_package_that_leaves_the_definitions_is_reported_once_and_removed_once() {
    let project = Project::new();
    project.target.change(|host| host.offer_package("vim", "1"));
    let with = format!("{SCOPE}[package.vim]\non = \"web\"\n");
    project.apply(&with);
    assert_eq!(project.findings(&with), [""; 0]);
    let codes = |definitions: &str| {
        let found = project.drift(definitions).into_iter();
        found.map(|(code, _)| code).collect::<Vec<_>>()
    };
    assert_eq!(codes(SCOPE), ["live/no-longer-declared"]);
    project.apply(SCOPE);
    assert_eq!(project.findings(SCOPE), [""; 0]);
    assert_eq!(project.steps(SCOPE), []);
    // A person installs it again: evenkeel reports it, and plans nothing.
    project
        .target
        .change(|host| host.put_package("vim", Some("2"), false));
    assert_eq!(codes(SCOPE), ["live/unmanaged"]);
    assert_eq!(project.steps(SCOPE), []);
}

#[test]
fn each_host_of_a_target_has_its_findings() {
    let fleet = Project::fleet(&["one", "two"]);
    fleet.hosts["two"].change(|host| host.put_package("vim", Some("1"), false));
    let file = format!("{SCOPE}[file.a]\non = \"web\"\npath = \"/srv/a\"\ncontent = \"x\"\n");
    fleet.apply(&file);
    assert_eq!(
        fleet.findings(&file),
        ["exclusive.web@two (staging): unmanaged installed package: vim (1)"]
    );
    // A host that cannot be read is one finding, and never clean.
    fleet.hosts["two"].cut("the host `two` cannot be reached");
    assert_eq!(
        fleet.findings(&file),
        ["target.web@two (staging): cannot be read: the host `two` cannot be reached"]
    );
    let fleet = Project::fleet(&["one", "two"]);
    fleet.hosts["two"].cut("the host `two` cannot be reached");
    assert_eq!(
        fleet.findings(SCOPE),
        ["exclusive.web@two (staging): cannot be read: the host `two` cannot be reached"]
    );
}

#[test]
fn what_cannot_be_read_is_never_clean() {
    let mut project = Project::new();
    project.target.change(|host| {
        fill(host);
        host.hide_facts("cron-entries", Some("`/var/spool/cron`: Permission denied"));
    });
    project.baseline = Some(taken_without_cron(&project));
    assert_eq!(
        project.findings(SCOPE),
        ["exclusive.web (staging): `cron` cannot be read: `/var/spool/cron`: Permission denied"]
    );
}

/// The baseline of a host with an unreadable class, which the command refuses to write.
fn taken_without_cron(project: &Project) -> String {
    project.planned(SCOPE, |situation, _| {
        let (found, unread) = undeclared_things(situation);
        assert_eq!(unread.len(), 1);
        let mut names = Names::new();
        for thing in found {
            names
                .entry(thing.class.to_owned())
                .or_default()
                .insert(thing.name);
        }
        add(None, &names).unwrap()
    })
}

#[test]
fn a_fact_names_its_thing_and_what_may_declare_it() {
    let thing = |class: &str, path: &[&str]| {
        let fact = Fact {
            path: path.iter().map(|step| (*step).to_owned()).collect(),
            value: String::new(),
        };
        let thing = Thing::of(class, &fact);
        let claims: Vec<String> = thing.claims.iter().map(ToString::to_string).collect();
        (thing.name.clone(), claims.join(", "), thing.port)
    };
    let expected = |name: &str, claims: &str, port| (name.to_owned(), claims.to_owned(), port);
    assert_eq!(
        thing("packages", &["vim", "amd64"]),
        expected("vim", "package vim, package vim:amd64", None)
    );
    assert_eq!(
        thing("cron", &["/etc/cron.d/a", "@daily root 1"]),
        expected("/etc/cron.d/a @daily root 1", "/etc/cron.d/a", None)
    );
    assert_eq!(
        thing(
            "authorized-keys",
            &["ada", "/k", "ssh-rsa", "12", "SHA256:x"]
        ),
        expected("ada SHA256:x", "authorized key ada: ssh-rsa 12, /k", None)
    );
    assert_eq!(
        thing("ports", &["tcp", "*", "22"]),
        expected("tcp *:22", "", Some(22))
    );
    assert_eq!(
        thing("ports", &["udp", "*", "22"]),
        expected("udp *:22", "", None)
    );
    // A host that answers anything else ends nothing.
    for (class, _) in THINGS {
        thing(class, &[]);
        thing(class, &["a", "b", "c", "d", "e", "f"]);
    }
}

#[test]
fn hostile_names_are_inert() {
    let project = Project::new();
    project.target.change(|host| {
        host.put_package("a\u{1b}[2J\n<script>", Some("1\u{202e}"), false);
        host.put_port("tcp", "", 0, "\u{7}");
        host.put_port("", "x y z", 1, "");
    });
    let found = project.findings(SCOPE);
    assert_eq!(found.len(), 3, "{found:?}");
    let text = found.concat();
    assert!(
        !text
            .chars()
            .any(|each| each.is_control() || each == '\u{202e}'),
        "{text:?}"
    );
}

#[test]
fn every_class_is_a_key_of_the_baseline() {
    let classes: Vec<&str> = THINGS.iter().map(|(class, _)| *class).collect();
    assert_eq!(classes, CLASSES);
    let keys: Vec<&str> = HOST_BASELINE.iter().map(|field| field.name).collect();
    assert_eq!(classes, keys);
}

fn names() -> impl Strategy<Value = BTreeSet<String>> {
    proptest::collection::btree_set("[a-e]{1,2}", 0..6)
}

proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(64))]

    /// What is unmanaged is exactly what exists without a declaration, a line of the baseline and an exception; a baseline
    /// just taken leaves nothing, and further hosts keep its lines.
    #[test]
    fn findings_are_what_nothing_accounts_for(
        one in names(),
        two in names(),
        declared in names(),
        listed in names(),
        except in proptest::option::of("[a-e]"),
        is_second in any::<bool>(),
    ) {
        let mut fleet = Project::fleet(&["one", "two"]);
        for (host, packages) in [("one", &one), ("two", &two)] {
            fleet.hosts[host].change(|host| {
                for package in packages.iter().chain(&declared) {
                    host.put_package(package, Some("1"), false);
                }
            });
        }
        let mut definitions = format!("{SCOPE}things = [\"packages\"]\n");
        if let Some(start) = &except {
            definitions += &format!("except = [\"packages.{start}*\"]\n");
        }
        for name in &declared {
            definitions += &format!("[package.{name}]\non = \"web\"\n");
        }
        fleet.apply(&definitions);
        let baseline = add(None, &Names::from([("packages".to_owned(), listed.clone())])).unwrap();
        fleet.baseline = is_second.then(|| baseline.clone());
        let listed = if is_second { listed } else { BTreeSet::new() };
        let mut expected = Vec::new();
        for (host, packages) in [("one", &one), ("two", &two)] {
            for package in packages {
                let is_excepted = except.as_ref().is_some_and(|start| package.starts_with(start.as_str()));
                if !declared.contains(package) && !listed.contains(package) && !is_excepted {
                    expected.push(format!("exclusive.web@{host} (staging): unmanaged installed package: {package} (1)"));
                }
            }
        }
        prop_assert_eq!(fleet.findings(&definitions), expected);
        let text = taken(&fleet, &definitions);
        for line in fleet.baseline.iter().flat_map(|text| text.lines()) {
            assert!(text.lines().any(|other| other == line), "{line}");
        }
        fleet.baseline = Some(text.clone());
        prop_assert_eq!(fleet.findings(&definitions), Vec::<String>::new());
        prop_assert_eq!(taken(&fleet, &definitions), text);
    }
}
