//! Kinds of accounts, keys, lines, jobs and commands, from their definition to their removal, on a target in memory.

use std::collections::BTreeMap;
use std::path::Path;

use crate::environment::inventories::NoInventories;
use crate::environment::resolve::Surroundings;
use crate::environment::secrets::NoSecrets;
use crate::environment::{read, resolve};
use crate::in_memory::{InMemory, Project};
use evenkeel_host::recorded::Thing;
use evenkeel_ledger::record::{ApplyOutcome, Verb};
use evenkeel_model::{EnvironmentName, Sealer};

const KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJHTYyAXPcA0fTXRYWT6pFtq6qjzfhZfJmd1AkQJtyop ada";

fn all() -> String {
    format!(
        r#"
[group.app]
on = "web"
gid = 70

[group.more]
on = "web"

[user.app]
on = "web"
group = "${{group.app.group}}"
home = "/home/app"
groups = ["${{group.more.group}}"]
locked = true

[authorized-key.ada]
on = "web"
user = "${{user.app.user}}"
key = "{KEY}"
options = ["no-pty"]

[line.port]
on = "web"
path = "/etc/sshd_config"
line = "Port 2222"
match = "^#?Port "

[line.hosts]
on = "web"
path = "/etc/hosts"
block = "10.0.0.1 a\n10.0.0.2 b\n"

[line.telnet]
on = "web"
path = "/etc/services"
match = "^telnet"
present = false

[cron.clean]
on = "web"
schedule = "@daily"
command = "clean --all"
user = "app"
environment = {{ MAILTO = "ops@example.org" }}

[command.migrate]
on = "web"
run = ["migrate"]
check = ["migrated"]
user = "${{user.app.user}}"
"#
    )
}

fn project() -> Project {
    let project = Project::new();
    project.target.change(|host| {
        for path in ["/etc", "/etc/cron.d", "/home", "/home/app"] {
            host.put_directory(path, 0o755);
        }
        host.put_file("/etc/sshd_config", b"#Port 22\nUsePAM yes\n", 0o600);
        host.put_file("/etc/hosts", b"127.0.0.1 localhost", 0o644);
        host.put_file("/etc/services", b"ssh\r\ntelnet 23\r\n", 0o644);
    });
    project
}

fn text(project: &Project, path: &str) -> String {
    match project.target.world().things.get(path) {
        Some((Thing::File { bytes, .. }, _)) => String::from_utf8_lossy(bytes).into_owned(),
        other => panic!("{path}: {other:?}"),
    }
}

#[test]
fn all_are_applied_found_in_sync_and_removed_without_a_trace() {
    let project = project();
    let before = project.target.world().things;
    let report = project.apply(&all());
    assert_eq!(report.outcome, ApplyOutcome::Done, "{:#?}", report.steps);
    assert_eq!(project.steps(&all()), []);
    assert_eq!(project.drift(&all()), []);
    assert_eq!(
        text(&project, "/home/app/.ssh/authorized_keys"),
        format!("no-pty {KEY}\n")
    );
    assert_eq!(
        text(&project, "/etc/sshd_config"),
        "Port 2222\nUsePAM yes\n"
    );
    assert_eq!(
        text(&project, "/etc/hosts"),
        "127.0.0.1 localhost\n# BEGIN evenkeel hosts\n10.0.0.1 a\n10.0.0.2 b\n# END evenkeel hosts"
    );
    assert_eq!(text(&project, "/etc/services"), "ssh\r\n");
    assert_eq!(
        text(&project, "/etc/cron.d/evenkeel-clean"),
        "# Written by evenkeel, which replaces changes in this file.\nMAILTO=\"ops@example.org\"\n@daily app clean --all\n"
    );

    let report = project.apply("");
    assert_eq!(report.outcome, ApplyOutcome::Done, "{:#?}", report.steps);
    assert_eq!(project.steps(""), []);
    let world = project.target.world();
    assert!(world.users.is_empty() && world.groups.is_empty());
    // Keys go before their user, and the user before its group.
    let actions = project.actions();
    let at = |word: &str| actions.iter().position(|it| it.starts_with(word)).unwrap();
    assert!(at("drop-lines") < at("drop-user") && at("drop-user") < at("drop-group"));
    let mut after = world.things;
    // An emptied file stays; the replaced and the removed line are unknown.
    assert_eq!(
        text(&project, "/home/app/.ssh/authorized_keys"),
        String::new()
    );
    for path in ["/home/app/.ssh", "/home/app/.ssh/authorized_keys"] {
        after.remove(path);
    }
    assert_eq!(text(&project, "/etc/sshd_config"), "UsePAM yes\n");
    let contents = |things: BTreeMap<_, (Thing, _)>| {
        let keep = |(path, (thing, _)): (String, (Thing, _))| (path, thing);
        let mut things: BTreeMap<String, Thing> = things.into_iter().map(keep).collect();
        things.remove("/etc/sshd_config");
        things.remove("/etc/services");
        things
    };
    assert_eq!(contents(after), contents(before));
}

#[test]
fn what_changes_outside_is_drift_under_the_key_that_declares_it() {
    let project = project();
    project.apply(&all());
    project.target.change(|host| {
        host.users.get_mut("app").unwrap().home = "/srv".into();
        host.groups.get_mut("app").unwrap().gid = 71;
        host.put_directory("/srv", 0o755);
        host.put_file("/etc/hosts", b"127.0.0.1 localhost", 0o644);
        host.put_file("/etc/sshd_config", b"Port 22\n", 0o600);
        host.put_file("/etc/services", b"telnet 24\n", 0o644);
        host.put_file("/etc/cron.d/evenkeel-clean", b"", 0o666);
        host.others.clear();
    });
    let found: Vec<&str> = project
        .drift(&all())
        .into_iter()
        .map(|(code, _)| code)
        .collect();
    let mut sorted = found.clone();
    sorted.sort_unstable();
    assert_eq!(
        sorted,
        [
            "authorized-key/missing",
            "command/not-done",
            "cron/access-differs",
            "cron/differs",
            "group/gid-differs",
            "line/differs",
            "line/missing",
            "line/present",
            "user/attribute-differs",
        ]
    );
    assert_eq!(project.apply(&all()).outcome, ApplyOutcome::Done);
    assert_eq!(project.drift(&all()), []);
}

#[test]
fn a_changed_line_replaces_its_former_text() {
    let project = project();
    let line =
        |text: &str| format!("[line.a]\non = \"web\"\npath = \"/etc/hosts\"\nline = \"{text}\"\n");
    project.apply(&line("10.0.0.1 a"));
    assert_eq!(
        project.apply(&line("10.0.0.2 a")).outcome,
        ApplyOutcome::Done
    );
    assert_eq!(
        text(&project, "/etc/hosts"),
        "127.0.0.1 localhost\n10.0.0.2 a"
    );
    // Another name for the same line changes nothing.
    let renamed = line("10.0.0.2 a").replace("line.a", "line.b");
    project.apply(&renamed);
    assert_eq!(
        text(&project, "/etc/hosts"),
        "127.0.0.1 localhost\n10.0.0.2 a"
    );
    assert_eq!(project.steps(&renamed), []);
}

#[test]
fn a_removed_resource_leaves_what_only_resembles_its_line() {
    let project = project();
    project.apply(&all());
    project.target.change(|host| {
        host.put_file("/etc/sshd_config", b"Port 22\n", 0o600);
        host.put_file("/etc/services", b"telnet 23\n", 0o644);
    });
    assert_eq!(project.apply("").outcome, ApplyOutcome::Done);
    assert_eq!(text(&project, "/etc/sshd_config"), "Port 22\n");
    assert_eq!(text(&project, "/etc/services"), "telnet 23\n");
    assert_eq!(project.steps(""), []);
}

#[test]
fn several_matching_lines_are_unknown_and_nothing_changes() {
    let project = project();
    project
        .target
        .change(|host| host.put_file("/etc/sshd_config", b"Port 1\na\nPort 2\n", 0o600));
    let one = "[line.port]\non = \"web\"\npath = \"/etc/sshd_config\"\nline = \"Port 3\"\nmatch = \"^Port\"\n";
    project.planned(one, |_, plan| {
        assert!(plan.steps.is_empty());
        assert!(
            plan.unseen[0]
                .reason
                .contains("lines 1 and 3 of `/etc/sshd_config` match"),
            "{}",
            plan.unseen[0].reason
        );
    });
    let all = format!("{one}all = true\n");
    assert_eq!(
        project.steps(&all),
        [("line.port".to_owned(), Verb::Create)]
    );
    project.apply(&all);
    assert_eq!(text(&project, "/etc/sshd_config"), "Port 3\na\n");
}

#[test]
fn two_resources_do_not_declare_one_account_line_or_key() {
    let twice = all()
        + &all()
            .replace("[group.app]\n", "[group.other]\ngroup = \"app\"\n")
            .replace("[group.more]\n", "[group.other-2]\ngroup = \"more\"\n")
            .replace("[user.app]\n", "[user.other]\nuser = \"app\"\n")
            .replace("authorized-key.ada", "authorized-key.other")
            .replace("line.port", "line.other")
            .replace("line.hosts", "line.hosts-2")
            .replace("line.telnet", "line.telnet-2")
            .replace("cron.clean", "cron.other")
            .replace("command.migrate", "command.other");
    let messages = complaints(&twice);
    for claim in [
        "claim group app",
        "claim user app",
        "claim authorized key app: ssh-ed25519",
        "claim line /etc/sshd_config: Port 2222",
        "claim line /etc/services: ^telnet",
    ] {
        assert!(
            messages.iter().any(|it| it.contains(claim)),
            "{claim}: {messages:#?}"
        );
    }
    assert_eq!(messages.len(), 6, "{messages:#?}");
}

#[test]
fn a_run_that_was_killed_at_any_point_is_completed_by_the_next() {
    let whole = project();
    whole.apply(&all());
    let (applied, actions) = (whole.target.world(), whole.actions().len());
    let contents = |host: evenkeel_host::recorded::RecordedHost| {
        let things = host
            .things
            .into_iter()
            .map(|(path, (thing, _))| (path, thing));
        let things: BTreeMap<String, Thing> = things.collect();
        (things, host.users, host.groups, host.others)
    };
    let applied = contents(applied);
    for number in 0..actions * 4 {
        let project = project();
        project.apply_killed(&all(), number);
        assert_eq!(
            project.apply(&all()).outcome,
            ApplyOutcome::Done,
            "{number}"
        );
        assert_eq!(project.open(), 0, "{number}");
        assert_eq!(project.drift(&all()), [], "{number}");
        assert!(contents(project.target.world()) == applied, "{number}");
        project.apply_killed("", number);
        assert_eq!(project.apply("").outcome, ApplyOutcome::Done, "{number}");
        assert_eq!(project.steps(""), [], "{number}");
        let world = project.target.world();
        assert!(
            world.users.is_empty() && world.groups.is_empty(),
            "{number}"
        );
    }
}

#[test]
fn a_line_in_a_declared_file_is_refused_and_one_in_an_exclusive_directory_is_managed() {
    let line = "[line.a]\non = \"web\"\npath = \"/etc/app/f\"\nline = \"a\"\ncreate = true\n";
    let file = "[file.b]\non = \"web\"\npath = \"/etc/app/f\"\ncontent = \"b\"\n";
    assert_eq!(
        complaints(&format!("{line}{file}")),
        ["line.a changes a part of /etc/app/f, and file.b declares all of it on `web` in staging"]
    );
    let project = project();
    let directory = "[directory.z]\non = \"web\"\npath = \"/etc/app\"\nexclusive = true\n";
    let both = format!("{line}{directory}");
    // The directory comes first without a reference.
    assert_eq!(project.apply(&both).outcome, ApplyOutcome::Done);
    assert_eq!(project.drift(&both), []);
}

fn complaints(resources: &str) -> Vec<String> {
    let files = InMemory::with(resources);
    let (definition, unread) = read(&files);
    if !unread.is_empty() {
        return unread.into_iter().map(|it| it.message).collect();
    }
    let surroundings = Surroundings {
        files: &files,
        root: Path::new("/project"),
        directory: Path::new("/project/environments"),
        machine: None,
        sealer: &Sealer::new([7; 32]),
        secrets: &NoSecrets,
        inventories: &NoInventories,
        artifacts: &BTreeMap::new(),
    };
    let name = EnvironmentName::new("staging");
    let resolved = resolve(&definition.unwrap(), &name, &surroundings);
    let complaints = resolved.err().unwrap_or_default();
    complaints.into_iter().map(|it| it.message).collect()
}

#[test]
fn bad_input_is_refused_with_what_was_expected() {
    let refused = |resource: &str, reason: &str| {
        let messages = complaints(resource);
        assert!(
            messages.iter().any(|it| it.contains(reason)),
            "{resource}: {messages:#?}"
        );
    };
    let of = |kind: &str, rest: &str| format!("[{kind}.a]\non = \"web\"\n{rest}\n");
    for name in ["-r", "a b", "a/b", "a:b", "a\\nb", "a\\u0000", ""] {
        let reason = if name.is_empty() {
            "non-empty"
        } else {
            "invalid account name"
        };
        refused(&of("user", &format!("user = \"{name}\"")), reason);
        refused(&of("group", &format!("group = \"{name}\"")), reason);
        let key = format!("user = \"{name}\"\nkey = \"{KEY}\"");
        refused(&of("authorized-key", &key), reason);
    }
    refused(&of("user", "uid = -1"), "an integer");
    refused(&of("user", "uid = 4294967295"), "an integer");
    refused(&of("user", "home = \"srv\""), "expected an absolute path");
    refused(
        &of("user", "shell = \"/bin/sh:x\""),
        "expected an absolute path",
    );
    refused(&of("user", "comment = \"a:b\""), "without `:`");
    refused(&of("user", "groups = [\"b\", \"b\"]"), "listed twice");
    refused(
        &of("user", "group = \"b\"\ngroups = [\"b\"]"),
        "`b` is the primary group",
    );
    refused(&of("group", "members = [\"-a\"]"), "invalid account name");
    let key = |rest: &str| of("authorized-key", &format!("user = \"a\"\n{rest}"));
    refused(&key("key = \"ssh-ed25519 AAAA\""), "damaged");
    refused(
        &key("key = \"-----BEGIN OPENSSH PRIVATE KEY-----\""),
        "private key",
    );
    refused(
        &key(&format!("key = \"{KEY}\"\noptions = [\"a,b\"]")),
        "invalid option",
    );
    let line = |rest: &str| of("line", &format!("path = \"/f\"\n{rest}"));
    refused(&line(""), "exactly one of `line` and `block`");
    refused(
        &line("line = \"a\"\nblock = \"b\""),
        "exactly one of `line` and `block`",
    );
    refused(&line("line = \"a\\nb\""), "expected one line");
    refused(&line("line = \"a\\u0000\""), "expected one line");
    refused(
        &line("line = \"a\"\nmatch = \"(\""),
        "invalid regular expression",
    );
    refused(&line("match = \"a\""), "write the new one into `line`");
    refused(&line("block = \"a\"\nmatch = \"a\""), "between its markers");
    refused(
        &line("block = \"# BEGIN evenkeel a\""),
        "a line of the block equals a marker",
    );
    refused(
        &line("line = \"a\"\nafter = \"b\"\nbefore = \"c\""),
        "one of `after` and `before`",
    );
    refused(
        &line("line = \"a\"\nvalidate = [\"{}\"]"),
        "the program cannot be `{}`",
    );
    refused(
        &line("line = \"a\"\nvalidate = [\"-x\", \"{}\"]"),
        "must name a program",
    );
    let cron = |rest: &str| of("cron", rest);
    refused(
        &cron("schedule = \"* * * *\"\ncommand = \"a\""),
        "expected five fields",
    );
    refused(
        &cron("schedule = \"@daily\"\ncommand = \"a\\nb\""),
        "expected one line",
    );
    refused(
        &cron("schedule = \"@daily\"\ncommand = \"a\"\nuser = \"a b\""),
        "invalid account name",
    );
    refused(
        &cron("schedule = \"@daily\"\ncommand = \"a\"\nenvironment = { A = \"\\\"'\" }"),
        "quotes of both sorts",
    );
    let long = "x".repeat(1_000);
    refused(
        &cron(&format!("schedule = \"@daily\"\ncommand = \"{long}\"")),
        "longer than 998 bytes",
    );
    let command = |rest: &str| of("command", &format!("run = [\"a\"]\n{rest}"));
    refused(&command("creates = \"../a\""), "contains `..`");
    refused(&command("check = [\"\"]"), "must name a program");
    refused(
        &command("check = [\"a\"]\nwithin = \"2h\""),
        "from 1 second to 1 hour",
    );
    refused(
        &command("check = [\"a\"]\nuser = \"-a\""),
        "invalid account name",
    );
    refused(
        &command("check = [\"a\"]\nenvironment = { \"A=\" = \"b\" }"),
        "cannot name an environment variable",
    );
}
