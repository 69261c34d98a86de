//! What works on hosts: the same recipe for both, drift, changes, processes, and an open connection for the next run.

use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Instant;

use super::{hosts, system};

#[test]
fn one_recipe_is_applied_to_two_hosts_and_what_changes_there_is_drift() {
    let mut world = system();
    let Some(running) = hosts(&mut world, &["staging-1", "production-1"], "root") else {
        return;
    };
    let [staging, production] = &running[..] else {
        unreachable!()
    };
    world.expect(0, &["deliver"]).says("/srv/site/index.html");
    assert_eq!(staging.read("/srv/site/index.html"), "hello staging\n");
    assert_eq!(
        staging.read("/var/lib/evenkeel/shop/notes.txt"),
        "the same on both\n"
    );
    world.expect(0, &["plan", "staging"]);
    assert!(!production.path("/srv/site").exists());
    world.expect(0, &["release"]);
    assert_eq!(
        production.read("/srv/site/index.html"),
        "hello production\n"
    );
    world.expect(0, &["drift"]);

    fs::write(production.path("/srv/site/index.html"), "defaced\n").unwrap();
    world
        .expect(2, &["drift", "--live"])
        .says("file.index")
        .says("defaced");
    world.expect(0, &["apply", "production"]);
    assert_eq!(
        production.read("/srv/site/index.html"),
        "hello production\n"
    );
    world.expect(0, &["drift"]);
}

#[test]
fn the_agent_is_sent_once_and_the_connection_stays_open_for_the_next_run() {
    let mut world = system();
    let Some(running) = hosts(&mut world, &["staging-1"], "deploy") else {
        return;
    };
    let host = &running[0];
    let cache = || -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(host.path("/home/deploy/.cache/evenkeel"))
            .map(|entries| {
                entries
                    .flatten()
                    .map(|it| it.file_name().into_string().unwrap())
                    .filter(|name| name.starts_with("agent-"))
                    .collect()
            })
            .unwrap_or_default();
        names.sort();
        names
    };
    assert!(cache().is_empty());
    world.expect(2, &["plan", "staging"]);
    let sent = cache();
    assert!(
        matches!(&sent[..], [one] if one.starts_with("agent-")),
        "{sent:?}"
    );
    let first = fs::metadata(host.path("/home/deploy/.cache/evenkeel").join(&sent[0]));
    let first = first.unwrap().modified().unwrap();

    // No login any more: the server may refuse new ones.
    assert!(host.signal("/usr/sbin/sshd -D", "-STOP") > 0);
    let begun = Instant::now();
    world.expect(2, &["plan", "staging"]);
    assert!(begun.elapsed().as_secs() < 10);
    assert_eq!(cache(), sent);
    let again = fs::metadata(host.path("/home/deploy/.cache/evenkeel").join(&sent[0]));
    assert_eq!(again.unwrap().modified().unwrap(), first);
}

#[test]
fn an_agent_that_was_altered_on_the_host_is_replaced_before_it_runs() {
    let mut world = system();
    let Some(running) = hosts(&mut world, &["staging-1"], "root") else {
        return;
    };
    world.expect(2, &["plan", "staging"]);
    let cache = running[0].path("/root/.cache/evenkeel");
    let agent = fs::read_dir(&cache)
        .unwrap()
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.file_name().unwrap().as_bytes().starts_with(b"agent-"))
        .unwrap();
    let altered = "#!/bin/sh\ntouch /altered\n";
    let is_replaced = || {
        // One that stays was checked.
        assert_eq!(running[0].signal("\u{0}stay\u{0}", "-KILL"), 1);
        world.expect(2, &["plan", "staging"]).says("file.index");
        assert!(!running[0].path("/altered").exists());
        assert!(fs::metadata(&agent).unwrap().len() > 1000);
    };
    // The last one may be about to end.
    fs::remove_file(&agent).unwrap();
    fs::write(&agent, altered).unwrap();
    fs::set_permissions(&agent, fs::Permissions::from_mode(0o700)).unwrap();
    is_replaced();
    // The time of the last modification can be set, that of the last change cannot.
    world.expect(2, &["plan", "staging"]);
    let before = fs::metadata(&agent).unwrap().modified().unwrap();
    let other = cache.join("other");
    fs::write(&other, altered).unwrap();
    fs::set_permissions(&other, fs::Permissions::from_mode(0o700)).unwrap();
    let file = fs::OpenOptions::new().append(true).open(&other).unwrap();
    file.set_modified(before).unwrap();
    drop(file);
    fs::rename(&other, &agent).unwrap();
    is_replaced();
    // A link to another program is no agent.
    world.expect(2, &["plan", "staging"]);
    fs::rename(&agent, &other).unwrap();
    fs::write(running[0].path("/root/altered"), altered).unwrap();
    fs::set_permissions(
        running[0].path("/root/altered"),
        fs::Permissions::from_mode(0o700),
    )
    .unwrap();
    std::os::unix::fs::symlink("/root/altered", &agent).unwrap();
    assert_eq!(running[0].signal("\u{0}stay\u{0}", "-KILL"), 1);
    world.expect(2, &["plan", "staging"]).says("file.index");
    assert!(!running[0].path("/altered").exists());
}

#[test]
fn a_noisy_login_shell_disturbs_nothing() {
    let mut world = system();
    let noise =
        "echo 'echo welcome; for n in $(seq 300); do echo a line of noise $n; done' >root/.bashrc";
    let Some(_running) = super::hosts_with(&mut world, &[("staging-1", noise)], "root") else {
        return;
    };
    world.expect(0, &["apply", "staging"]);
    world.expect(0, &["drift", "staging", "--live"]);
}

#[test]
fn changes_are_made_by_root_where_the_account_may_become_root() {
    let mut world = system();
    let allowed = "mkdir -p etc/sudoers.d; echo 'deploy ALL=(ALL) NOPASSWD: ALL' >etc/sudoers.d/deploy; chmod 440 etc/sudoers.d/deploy";
    let Some(running) = super::hosts_with(&mut world, &[("staging-1", allowed)], "deploy") else {
        return;
    };
    world
        .expect(1, &["apply", "staging"])
        .says("permission denied");
    world.replace(
        "environments/staging.toml",
        "ssh = \"staging-1\"",
        "ssh = \"staging-1\"\nbecome = \"root\"",
    );
    world.commit();
    world.expect(0, &["apply", "staging"]);
    assert_eq!(running[0].read("/srv/site/index.html"), "hello staging\n");
    world.expect(0, &["drift", "staging", "--live"]);
}

#[test]
fn a_process_runs_on_its_host_and_outlives_the_agent() {
    let mut world = system();
    let Some(running) = hosts(&mut world, &["staging-1"], "root") else {
        return;
    };
    world.add(
        "environments/system.toml",
        "\n[process.sleeper]\non = \"web\"\ncommand = [\"/bin/sleep\", \"4711\"]\n",
    );
    world.commit();
    world.expect(0, &["apply", "staging"]);
    assert_eq!(running[0].signal("sleep\u{0}4711", "-0"), 1);
    world.expect(0, &["drift", "staging", "--live"]);
    assert_eq!(running[0].signal("sleep\u{0}4711", "-KILL"), 1);
    world
        .expect(2, &["drift", "staging", "--live"])
        .says("process.sleeper");
    world.expect(0, &["apply", "staging"]);
    assert_eq!(running[0].signal("sleep\u{0}4711", "-0"), 1);
}

#[test]
fn an_agent_that_is_killed_in_a_step_is_started_again_to_observe_the_outcome() {
    let mut world = system();
    let Some(running) = hosts(&mut world, &["staging-1"], "root") else {
        return;
    };
    world.expect(0, &["apply", "staging"]);
    world.add(
        "environments/system.toml",
        "\n[process.sleeper]\non = \"web\"\ncommand = [\"/bin/sleep\", \"4713\"]\nready = { http = \"http://127.0.0.1:9/\", within = \"60s\" }\n",
    );
    world.commit();
    let applying = world.start(&["apply", "staging"]);
    let begun = Instant::now();
    while running[0].signal("sleep\u{0}4713", "-0") == 0 {
        assert!(begun.elapsed().as_secs() < 50);
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert!(running[0].signal("/evenkeel/agent-", "-KILL") > 0);
    let output = applying.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_ne!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("the connection to the agent broke"), "{said}");
    // Without an observation, the outcome would be unknown.
    assert!(said.contains("1 failed"), "{said}");
    assert!(!said.contains("unknown"), "{said}");
    world
        .expect(2, &["plan", "staging"])
        .says("process.sleeper");
}

#[test]
fn what_a_step_left_is_replaced_by_the_resources_that_come_after_it() {
    let mut world = system();
    let Some(running) = hosts(&mut world, &["staging-1"], "root") else {
        return;
    };
    let resources = |after: &str| {
        format!(
            r#"[command.bring]
on      = "web"
run     = ["cp", "-r", "/srv/brought", "/srv/site"]
creates = "/srv/site/config"

[file.config]
on      = "web"
path    = "/srv/site/config"
content = "declared"
{after}

[link.site]
on   = "web"
path = "/srv/site/site"
to   = "config"
{after}
"#
        )
    };
    let path = "environments/system.toml";
    let before = world.read(path);
    let start = before.split("[directory.site]").next().unwrap().to_owned();
    running[0].run("mkdir -p /srv/brought && echo brought >/srv/brought/config && ln -s elsewhere /srv/brought/site");
    let after = "after = [\"command.bring\"]";
    world.write(path, &format!("{start}{}", resources(after)));
    world.expect(0, &["apply", "staging"]);
    assert_eq!(running[0].read("/srv/site/config"), "declared");
    world.expect(0, &["drift", "staging", "--live"]);
    world.expect(0, &["plan", "staging"]).says("nothing to do");
}
