//! Targets of several hosts: each resource on each of them, inventories, hosts that fail, join and leave.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::super::world::TestWorld;
use super::{hosts, system};

/// Puts production on several hosts, as a line of its target.
fn on_several(world: &TestWorld, line: &str) {
    world.replace(
        "environments/production.toml",
        "ssh = \"production-1\"",
        line,
    );
    world.commit();
}

const THREE: &str = r#"hosts = ["web-1", "root@web-2", "third=web-3"]"#;

#[test]
fn a_release_changes_every_host_and_drift_names_the_one_that_differs() {
    let mut world = system();
    let Some(running) = hosts(
        &mut world,
        &["staging-1", "web-1", "web-2", "web-3"],
        "root",
    ) else {
        return;
    };
    on_several(&world, THREE);
    world.expect(0, &["deliver"]);
    // One host rehearsed what three get: the shape of a step does not depend on the number of hosts.
    world
        .expect(2, &["plan", "production"])
        .says("rehearsed 9/9")
        .says("on 3 hosts");
    world.expect(0, &["release"]).says("on 3 hosts");
    for host in &running[1..] {
        assert_eq!(host.read("/srv/site/index.html"), "hello production\n");
    }
    world.expect(0, &["drift"]);
    fs::write(running[3].path("/srv/site/index.html"), "defaced\n").unwrap();
    world
        .expect(2, &["drift", "--live"])
        .says("file.index@third")
        .says("defaced")
        .silent_about("file.index@web-1");
    world.expect(0, &["apply", "production"]);
    assert_eq!(
        running[3].read("/srv/site/index.html"),
        "hello production\n"
    );
    world.expect(0, &["drift"]);
}

#[test]
fn a_dead_host_is_one_finding_and_the_others_are_checked() {
    let mut world = system();
    let Some(mut running) = hosts(
        &mut world,
        &["staging-1", "web-1", "web-2", "web-3"],
        "root",
    ) else {
        return;
    };
    on_several(&world, THREE);
    world.expect(0, &["deliver"]);
    world.expect(0, &["release"]);
    fs::write(running[1].path("/srv/site/index.html"), "defaced\n").unwrap();
    let last = running.pop();
    drop(last);
    let ran = world.expect(1, &["drift", "production", "--live"]);
    ran.says("target.web@third  none of its 3 resources can be read")
        .says("file.index@web-1")
        .silent_about("file.index@third");
    // Nothing is applied to a part of the hosts.
    world
        .expect(1, &["apply", "production"])
        .says("the host `web-3`");
    assert_eq!(running[1].read("/srv/site/index.html"), "defaced\n");
    // Without it, the rest goes on, and what was applied there is forgotten.
    fs::write(
        running[1].path("/srv/site/index.html"),
        "hello production\n",
    )
    .unwrap();
    world.replace("environments/production.toml", ", \"third=web-3\"", "");
    world.commit();
    world.expect(0, &["deliver"]);
    world
        .expect(2, &["plan", "production"])
        .says("its host is no longer one of the target `web`");
    world.expect(0, &["release"]);
    world.expect(0, &["drift", "production", "--live"]);
}

#[test]
fn hosts_come_from_a_file_or_a_command() {
    let mut world = system();
    let Some(running) = hosts(&mut world, &["staging-1", "web-1", "web-2"], "root") else {
        return;
    };
    world.write("environments/hosts.txt", "# web servers\nweb-1\n");
    on_several(&world, r#"inventory = "hosts.txt""#);
    world.expect(0, &["deliver"]);
    world.expect(0, &["release"]);
    assert!(!running[2].path("/srv/site/index.html").exists());
    // Another host: it is another plan, and only that host changes.
    world.write("inventory.sh", "#!/bin/sh\necho web-1\necho web-2\n");
    let script = world.path("inventory.sh");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    world.replace(
        "environments/production.toml",
        r#"inventory = "hosts.txt""#,
        r#"inventory-command = ["./inventory.sh"]"#,
    );
    world.commit();
    world
        .expect(2, &["plan", "production"])
        .says("file.index@web-2")
        .silent_about("file.index@web-1");
    world.expect(0, &["deliver"]);
    world.expect(0, &["release"]);
    assert_eq!(
        running[2].read("/srv/site/index.html"),
        "hello production\n"
    );

    // A command that fails, or that prints something else, leaves no host unchecked.
    for (script, says) in [
        (
            "#!/bin/sh\necho web-1\necho 'no credentials' >&2\nexit 3\n",
            "no credentials",
        ),
        ("#!/bin/sh\n", "printed no host"),
        (
            "#!/bin/sh\necho web-1\necho '{\"hosts\": []}'\n",
            "line 2 that",
        ),
    ] {
        world.write("inventory.sh", script);
        let script = world.path("inventory.sh");
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
        world
            .expect(1, &["drift", "production", "--live"])
            .says("definition/inventory-unavailable")
            .says(says);
    }
    world.write(
        "environments/hosts.txt",
        "web-1\nweb 2\n-oProxyCommand=id\n",
    );
    world.replace(
        "environments/production.toml",
        r#"inventory-command = ["./inventory.sh"]"#,
        r#"inventory = "hosts.txt""#,
    );
    world
        .expect(1, &["validate"])
        .says("environments/hosts.txt:2")
        .says("environments/hosts.txt:3");
}

#[test]
fn a_host_cannot_test_guesses_at_the_secrets_of_another() {
    let mut world = system();
    let Some(running) = hosts(&mut world, &["staging-1", "web-1", "web-2"], "root") else {
        return;
    };
    world.replace(
        "environments/system.toml",
        "[release]",
        "[parameter.token]\nvaries = \"secret\"\n\n[file.token]\non = \"web\"\npath = \"/srv/token\"\nmode = \"0600\"\ncontent = \"${token}\"\n\n[process.app]\non = \"web\"\ncommand = [\"sleep\", \"600\"]\nenvironment = { TOKEN = \"${token}\" }\n\n[release]",
    );
    for name in ["staging", "production"] {
        world.replace(
            &format!("environments/{name}.toml"),
            "[values]",
            &format!(
                "[values]\ntoken = {{ env = \"{}_TOKEN\" }}",
                name.to_uppercase()
            ),
        );
        let value = format!("hunter2-{name}");
        world
            .variables
            .insert(format!("{}_TOKEN", name.to_uppercase()), value);
    }
    on_several(&world, r#"hosts = ["web-1", "web-2"]"#);
    world.expect(0, &["deliver"]);
    world.expect(0, &["release"]);
    world.expect(0, &["drift"]);
    // The process's record contains the seal of its secret: each host has another one.
    let record = |host: &super::Host| {
        let path = "/var/lib/evenkeel/shop/targets/production/web/app.process.json";
        host.read(path)
    };
    let seal = |text: &str| -> String {
        let from = text.find("blake3:").expect(text);
        text[from..].chars().take(71).collect()
    };
    let (one, two) = (record(&running[1]), record(&running[2]));
    assert!(!one.contains("hunter2") && !two.contains("hunter2"));
    assert_ne!(seal(&one), seal(&two));
}

/// Adds names that lead to the address of a host.
fn name_it_often(world: &TestWorld, host: &super::Host, names: &[String], lines: &str) {
    let path = world.path("hosts/config");
    let mut configuration = fs::read_to_string(&path).unwrap();
    let own = configuration
        .split("Host ")
        .find(|part| part.lines().next() == Some(host.name.as_str()));
    let own: Vec<&str> = own.unwrap().lines().skip(1).collect();
    let own = own.join("\n");
    for name in names {
        configuration += &format!("Host {name}\n{own}\n{lines}\n");
    }
    fs::write(path, configuration).unwrap();
}

#[test]
fn a_server_that_drops_logins_is_asked_again() {
    let mut world = system();
    let drops = "options='-o MaxStartups=1:100:2'";
    let hosts = [("staging-1", ""), ("busy", drops)];
    let Some(running) = super::hosts_with(&mut world, &hosts, "root") else {
        return;
    };
    let names: Vec<String> = (1..=12).map(|number| format!("name-{number}")).collect();
    name_it_often(&world, &running[1], &names, "");
    on_several(&world, &format!("hosts = {names:?}"));
    let ran = world.expect(2, &["drift", "production", "--live"]);
    ran.says("file.index@name-12").silent_about("cannot be re");
}

#[test]
fn many_hosts_behind_one_jump_host_are_reached() {
    let mut world = system();
    let hosts = [
        ("staging-1", ""),
        ("bastion", "options='-o MaxStartups=4:100:9'"),
        ("inner", ""),
    ];
    let Some(running) = super::hosts_with(&mut world, &hosts, "root") else {
        return;
    };
    let names: Vec<String> = (1..=16).map(|number| format!("name-{number}")).collect();
    name_it_often(&world, &running[2], &names, "  ProxyJump bastion");
    on_several(&world, &format!("hosts = {names:?}"));
    let ran = world.expect(2, &["drift", "production", "--live"]);
    ran.says("file.index@name-16").silent_about("cannot be re");
}

#[test]
fn a_rollout_stops_at_the_host_that_fails_and_resumes() {
    let mut world = system();
    let names = ["staging-1", "web-1", "web-2", "web-3", "web-4"];
    let Some(running) = hosts(&mut world, &names, "root") else {
        return;
    };
    world.write(
        "around.sh",
        "#!/bin/sh\ncd \"$(dirname \"$0\")\"\necho \"$@\" >>around.log\n[ \"$*\" != \"drain web-1\" ] || [ ! -e refuse ]\n",
    );
    let script = world.path("around.sh");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    world.write(".gitignore", "/.evenkeel\n/hosts\n/around.log\n/refuse\n");
    world.replace(
        "environments/system.toml",
        "[release]",
        "[suite.greets]\nkind = \"smoke\"\nrun = [\"../around.sh\", \"check\"]\n\n[release]",
    );
    on_several(
        &world,
        r#"hosts = ["web-1", "web-2", "web-3", "web-4"]

[target.web.rollout]
canary = 1
batch  = "50%"
check  = "suite.greets"
before = ["./around.sh", "drain", "{host}"]
before-on-host = ["sh", "-c", "echo \"$@\" >>/around.log; [ ! -e /refuse ] || { echo not now >&2; exit 3; }", "sh", "stop", "{host}"]
after-on-host  = ["sh", "-c", "echo start `cat /srv/site/index.html` >>/around.log"]
after  = ["./around.sh", "join", "{host}", "{destination}"]"#,
    );
    let log = || {
        let text = fs::read_to_string(world.path("around.log")).unwrap_or_default();
        fs::write(world.path("around.log"), "").unwrap();
        let lines: Vec<&str> = text.lines().collect();
        lines.join(", ")
    };
    world.expect(0, &["deliver"]);
    log();
    world.write("refuse", "");
    world
        .expect(1, &["release"])
        .says("the rollout of `web` stopped: 1 of 4 hosts failed: web-1")
        .says("untouched 3 hosts: web-2, web-3 and web-4");
    assert_eq!(log(), "drain web-1");
    assert!(!running[1].path("/srv/site").exists());
    fs::remove_file(world.path("refuse")).unwrap();
    let full = "rm -rf /srv; mkdir /srv; mount -t tmpfs -o size=4k,nr_inodes=2 none /srv";
    running[2].run(full);
    world
        .expect(1, &["release"])
        .says("the rollout of `web` stopped: 1 of 4 hosts failed: web-2")
        .says("done 2 hosts: web-1 and web-3")
        .says("untouched 1 host: web-4");
    assert_eq!(
        log(),
        "drain web-1, join web-1 web-1, check, drain web-2, drain web-3, join web-3 web-3"
    );
    running[2].run("umount /srv");
    running[2].run("touch /refuse");
    world
        .expect(1, &["release"])
        .says("its command on the host before the change")
        .says("not now");
    running[2].run("rm /refuse");
    log();
    assert_eq!(running[2].read("/around.log"), "stop web-2\nstop web-2\n");
    assert_eq!(
        running[1].read("/around.log"),
        "stop web-1\nstart hello production\n"
    );
    world
        .expect(0, &["release"])
        .says("done 2 hosts: web-2 and web-4");
    assert_eq!(
        log(),
        "drain web-2, join web-2 web-2, check, drain web-4, join web-4 web-4, check, check"
    );
    world.expect(0, &["drift"]);
}
