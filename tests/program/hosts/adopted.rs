//! Adoption of the state of hosts: every kind that can differ, hosts that disagree, and hostile values.

use std::fs;
use std::process::Command;

use super::super::world::TestWorld;
use super::systemd::on_a_host;
use super::{Host, hosts, hosts_with, system};

const PATH: &str = "environments/system.toml";

const RESOURCES: &str = r#"
[group.app]
on = "web"
gid = 4200
members = []

[user.app]
on = "web"
uid = 4200
group = "app"
groups = ["adm"]
home = "/home/app"
shell = "/bin/bash"
comment = ""
create-home = true
locked = true
after = ["group.app"]

[authorized-key.ada]
on = "web"
user = "${user.app.user}"
key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJHTYyAXPcA0fTXRYWT6pFtq6qjzfhZfJmd1AkQJtyop ada"
options = ["no-pty"]

[line.hello]
on = "web"
path = "/etc/evenkeel-test.conf"
line = "greeting = hello" # a word
match = "^#?greeting"

[line.gone]
on = "web"
path = "/etc/evenkeel-test.conf"
line = "rest"
present = false

[line.servers]
on = "web"
path = "/etc/evenkeel-test.conf"
block = "server a"

[cron.clean]
on = "web"
schedule = "@daily"
command = "clean 100\\%"
environment = { MAILTO = "root" }

[command.made]
on = "web"
run = ["touch", "/etc/made"]
creates = "/etc/made"
"#;

/// Creates a system in which only `greeting` varies, with resources on one host of staging.
fn on_one(resources: &str) -> Option<(TestWorld, Host)> {
    let mut world = system();
    world.add(PATH, resources);
    world.commit();
    let before = "mkdir -p etc/cron.d; printf '#greeting = ?\\n' >etc/evenkeel-test.conf";
    let host = hosts_with(&mut world, &[("staging-1", before)], "root")?.remove(0);
    world.expect(0, &["apply", "staging"]);
    world.expect(0, &["drift", "staging", "--live"]);
    Some((world, host))
}

#[test]
fn each_kind_is_described_by_its_definition_afterwards() {
    let Some((world, host)) = on_one(RESOURCES) else {
        return;
    };
    let edit = |path: &str, from: &str, to: &str| {
        let text = host.read(path);
        assert!(text.contains(from), "{path}: {text}");
        fs::write(host.path(path), text.replace(from, to)).unwrap();
    };
    host.run("usermod -s /bin/sh -c 'Ada \"${x}\" L' -G '' -d /srv app; passwd -u -d app >/dev/null; gpasswd -a deploy app >/dev/null; groupmod -g 4300 app");
    edit(
        "/srv/../home/app/.ssh/authorized_keys",
        "no-pty ",
        "no-pty,from=\"10.0.0.0/8,::1\" ",
    );
    edit(
        "/etc/evenkeel-test.conf",
        "greeting = hello",
        "greeting = \"a\\b\" # ${c}",
    );
    fs::write(
        host.path("/etc/evenkeel-test.conf"),
        host.read("/etc/evenkeel-test.conf") + "rest\n",
    )
    .unwrap();
    edit(
        "/etc/cron.d/evenkeel-clean",
        "@daily root clean 100\\%",
        "5 4 * * 1-5 deploy clean \"${HOME}\"",
    );
    edit(
        "/etc/cron.d/evenkeel-clean",
        "MAILTO=\"root\"",
        "A='\"'\nMAILTO=\"\"",
    );
    // The home moved, and with it the file of keys is another one.
    host.run("mkdir -p /srv/.ssh; cp /home/app/.ssh/authorized_keys /srv/.ssh; chown -R app /srv; chmod 750 /srv/site");
    world.expect(2, &["drift", "staging", "--live"]);
    for address in [
        "group.app",
        "user.app",
        "authorized-key.ada",
        "line.hello",
        "line.gone",
        "cron.clean",
        "directory.site",
    ] {
        world.expect(0, &["adopt", address, "staging", "--everywhere"]);
        let ran = world.expect(0, &["adopt", address, "staging", "--everywhere"]);
        assert!(
            ran.all().contains("nothing to adopt"),
            "{address}: {}",
            ran.all()
        );
    }
    let written = world.read(PATH);
    for line in [
        "gid = 4300",
        "members = [\"deploy\"]",
        "comment = \"Ada \\\"$${x}\\\" L\"",
        "groups = []",
        "home = \"/srv\"",
        "shell = \"/bin/sh\"",
        "locked = false",
        "options = [\"no-pty\", \"from=\\\"10.0.0.0/8,::1\\\"\"]",
        "line = \"greeting = \\\"a\\\\b\\\" # $${c}\" # a word",
        "present = true",
        "schedule = \"5 4 * * 1-5\"",
        "command = \"clean \\\"$${HOME}\\\"\"",
        "environment = { A = \"\\\"\", MAILTO = \"\" }",
        "user = \"deploy\"",
        "mode = \"0750\"",
    ] {
        assert!(written.contains(line), "{line}\n{written}");
    }
    world.expect(0, &["validate"]);
    // The content of the index has a parameter in it, but its owner is adopted.
    let ran = world.expect(
        0,
        &[
            "adopt",
            "file.index",
            "staging",
            "--everywhere",
            "--dry-run",
        ],
    );
    assert!(ran.all().contains("nothing to adopt"), "{}", ran.all());
    world.expect(0, &["drift", "staging", "--live"]);

    // What is no value of a key.
    edit("/etc/evenkeel-test.conf", "server a", "server b");
    world.expect(0, &["adopt", "line.servers", "staging", "--everywhere"]);
    world.expect(0, &["drift", "staging", "--live"]);
    let written = world.read(PATH);
    assert!(written.contains("server b"), "{written}");
    fs::remove_file(host.path("/etc/made")).unwrap();
    host.run("chmod 600 /etc/cron.d/evenkeel-clean");
    for (address, reason) in [
        ("command.made", "a check that fails is no state"),
        ("cron.clean", "belongs to root, with mode 0644"),
    ] {
        world
            .expect(3, &["adopt", address, "staging", "--everywhere"])
            .says(reason)
            .says("evenkeel plan staging");
    }
    host.run("chmod 644 /etc/cron.d/evenkeel-clean; echo '* * * * * root more' >>/etc/cron.d/evenkeel-clean");
    world
        .expect(3, &["adopt", "cron.clean", "staging", "--everywhere"])
        .says("the file is not one job");
    host.run("sed -i '/more/d; s/  */  /g' /etc/cron.d/evenkeel-clean");
    world.expect(3, &["adopt", "cron.clean", "staging", "--everywhere"]);
    host.run("sed -i /greeting/d /etc/evenkeel-test.conf; userdel -f app");
    for address in ["line.hello", "user.app", "authorized-key.ada"] {
        world
            .expect(3, &["adopt", address, "staging", "--everywhere"])
            .says("nothing is there to adopt");
    }
    assert_eq!(world.read(PATH), written);
}

#[test]
fn settings_and_mounts_are_adopted_if_the_next_boot_has_them_too() {
    let resources = r#"
[directory.data]
on = "web"
path = "/srv/data"
mode = "1777"

[mount.data]
on = "web"
path = "/srv/data"
device = "tmpfs"
type = "tmpfs"
options = ["size=1m"]
after = ["directory.data"]
"#;
    let Some((world, host)) = on_one(resources) else {
        return;
    };
    let adopt = ["adopt", "mount.data", "staging", "--everywhere"];
    host.run("mount -o remount,noexec,size=2m /srv/data");
    world.expect(3, &adopt).says("would not describe its state");
    host.run("sed -i 's/size=1m/size=2m,noexec/' /etc/fstab");
    world.expect(0, &adopt);
    world.expect(0, &["drift", "staging", "--live"]);
    assert!(
        world
            .read(PATH)
            .contains("options = [\"size=2m\", \"noexec\"]")
    );
    host.run("umount /srv/data");
    world.expect(0, &adopt);
    assert!(
        world
            .read(PATH)
            .contains("after = [\"directory.data\"]\nmounted = false\n")
    );
    world.expect(0, &["drift", "staging", "--live"]);
    host.run("sed -i '/srv.data/d' /etc/fstab");
    world.expect(0, &adopt);
    world.expect(0, &["drift", "staging", "--live"]);
}

#[test]
fn a_package_is_adopted_with_its_version_and_hold() {
    // What is installed in the copy of this machine's root is its own.
    let ran = Command::new("dpkg-query")
        .args(["-W", "-f", "${Version}", "passwd"])
        .output();
    let Ok(ran) = ran else {
        eprintln!("SKIPPED: dpkg-query is missing: adopting packages is not tested");
        return;
    };
    let version = String::from_utf8(ran.stdout).unwrap();
    let resources = format!(
        "\n[package.passwd]\non = \"web\"\nversion = \"{version}\" # pinned\nheld = false\n"
    );
    let Some((world, host)) = on_one(&resources) else {
        return;
    };
    host.run("sed -i '/^Package: passwd$/,/^$/s/^Version: .*/Version: 9:9.9-9/' /var/lib/dpkg/status; apt-mark hold passwd >/dev/null");
    world.expect(2, &["drift", "staging", "--live"]);
    world.expect(0, &["adopt", "package.passwd", "staging", "--everywhere"]);
    world.expect(0, &["drift", "staging", "--live"]);
    let written = world.read(PATH);
    assert!(
        written.contains("version = \"9:9.9-9\" # pinned\nheld = true\n"),
        "{written}"
    );
}

#[test]
fn hosts_that_disagree_need_a_choice() {
    let mut world = system();
    world.replace(
        "environments/staging.toml",
        "ssh = \"staging-1\"",
        "hosts = [\"one=staging-1\", \"two=staging-2\"]",
    );
    world.commit();
    let Some(hosts) = hosts(&mut world, &["staging-1", "staging-2"], "root") else {
        return;
    };
    world.expect(0, &["apply", "staging"]);
    hosts[1].run("chmod 700 /srv/site");
    let before = world.read(PATH);
    let adopt = ["adopt", "directory.site", "staging", "--everywhere"];
    world
        .expect(3, &adopt)
        .says("its hosts have different states")
        .says("directory.site@one: matches its definition")
        .says("directory.site@two: mode is 0700")
        .says("directory.site@HOST");
    hosts[0].run("chmod 711 /srv/site");
    world
        .expect(3, &adopt)
        .says("directory.site@one: mode is 0711");
    assert_eq!(world.read(PATH), before);
    world
        .expect(64, &["adopt", "directory.site@three", "staging"])
        .says("the hosts are one and two");
    world.expect(
        0,
        &["adopt", "directory.site@two", "staging", "--everywhere"],
    );
    assert_eq!(
        world.read(PATH),
        before.replace("mode = \"0755\"", "mode = \"0700\"")
    );
    world
        .expect(2, &["drift", "staging", "--live"])
        .says("directory.site@one");
    hosts[0].run("chmod 700 /srv/site");
    world.expect(0, &["drift", "staging", "--live"]);
    // The same change on both needs no choice; a host that does not answer needs one.
    for host in &hosts {
        host.run("chmod 750 /srv/site");
    }
    world.expect(
        0,
        &[
            "adopt",
            "directory.site",
            "staging",
            "--everywhere",
            "--dry-run",
        ],
    );
    let mut hosts = hosts;
    drop(hosts.pop());
    world
        .expect(1, &adopt)
        .says("directory.site@two (staging): cannot be read")
        .says("directory.site@HOST");
    world.expect(
        0,
        &["adopt", "directory.site@one", "staging", "--everywhere"],
    );
}

#[test]
fn the_state_of_a_unit_is_adopted() {
    let unit = "[Service]\\nExecStart=/bin/sleep 4711\\n[Install]\\nWantedBy=multi-user.target\\n";
    let resources = format!(
        "[file.unit]\non = \"web\"\npath = \"/usr/local/lib/systemd/system/app.service\"\ncontent = \"{unit}\"\n\n[service.app]\non = \"web\"\nafter = [\"file.unit\"]\n"
    );
    let Some((world, host)) = on_a_host(&resources) else {
        return;
    };
    world.expect(0, &["apply", "staging"]);
    let adopt = ["adopt", "service.app", "staging", "--everywhere"];
    for (change, lines) in [
        ("systemctl stop app", "running = false\n"),
        (
            "systemctl disable -q app",
            "running = false\nenabled = false\n",
        ),
        ("systemctl start app", "running = true\nenabled = false\n"),
        (
            "mkdir -p /etc/systemd/system/app.service.d; printf '[Service]\\nNice=1\\n' >/etc/systemd/system/app.service.d/x.conf; systemctl daemon-reload; systemctl restart app",
            "running = true\nenabled = false\ndrop-ins = [\"/etc/systemd/system/app.service.d/x.conf\"]\n",
        ),
        (
            "systemctl stop app; rm -r /etc/systemd/system/app.service.d; systemctl daemon-reload; systemctl mask -q app",
            "running = false\nenabled = false\ndrop-ins = [\"/etc/systemd/system/app.service.d/x.conf\"]\nmasked = true\n",
        ),
    ] {
        host.run(change);
        world.expect(2, &["drift", "staging", "--live"]);
        world.expect(0, &adopt);
        world.expect(0, &["drift", "staging", "--live"]);
        let text = world.read(PATH);
        assert!(
            text.ends_with(&format!("after = [\"file.unit\"]\n{lines}")),
            "{text}"
        );
    }
    // A failed unit is no state to keep.
    host.run("systemctl unmask -q app; systemctl start app; systemctl kill -s SEGV app; sleep 0.2");
    world.expect(3, &adopt).says("cannot be adopted");
}

#[test]
fn the_files_of_a_timer_are_adopted_if_evenkeel_would_write_them_alike() {
    let resources = r#"
[timer.poll]
on = "web"
command = ["/bin/true"] # nothing
on-calendar = ["Mon 04:30"]
every = "1h"
"#;
    let Some((world, host)) = on_a_host(resources) else {
        return;
    };
    world.expect(0, &["apply", "staging"]);
    let adopt = ["adopt", "timer.poll", "staging", "--everywhere"];
    world.expect(0, &adopt).says("nothing to adopt");
    let change = |script: &str| {
        host.run(&format!(
            "cd /etc/systemd/system; {script}; systemctl daemon-reload; systemctl restart poll.timer"
        ));
    };
    change(
        "sed -i 's/Mon 04:30/Tue 05:30/; s/UnitActiveSec=.*/UnitActiveSec=600000ms/; s/OnActiveSec=.*/OnActiveSec=600000ms/' poll.timer; sed -i 's,\"/bin/true\",\"/bin/echo\" \"100%%\",' poll.service",
    );
    world
        .expect(2, &["drift", "staging", "--live"])
        .says("evenkeel adopt timer.poll staging");
    world.expect(0, &adopt);
    let written = world.read(PATH);
    for line in [
        "command = [\"/bin/echo\", \"100%\"] # nothing\n",
        "on-calendar = [\"Tue 05:30\"]\n",
        "every = \"10m\"\n",
    ] {
        assert!(written.contains(line), "{line}\n{written}");
    }
    world
        .expect(2, &["plan", "staging"])
        .says("ledger update only")
        .says("1 to change");
    world.expect(0, &["drift", "staging", "--live"]);
    for (script, reason) in [
        ("echo 'Nice=10' >>poll.service", "`Nice=10`"),
        ("sed -i 's/Nice=10//; /^$/d' poll.service", "in this order"),
    ] {
        change(script);
        world.expect(3, &adopt).says(reason);
    }
    host.run("systemctl stop poll.timer");
    world.expect(3, &adopt).says("cannot be adopted");
    assert_eq!(world.read(PATH), written);
}
