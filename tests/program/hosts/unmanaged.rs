//! Unmanaged things of hosts: found, accepted by a baseline or an exception, and never deleted.

use std::fs;
use std::process::Command;

use super::super::world::TestWorld;
use super::systemd::on_a_host;
use super::{hosts_with, system};

/// Removes what this machine brings besides packages and accounts.
const BARE: &str = "rm -rf etc/cron.d var/spool/cron etc/cron.*ly etc/crontab etc/anacrontab etc/systemd/system etc/systemd/user\n\
     mkdir -p etc/cron.d etc/systemd/system\n";

/// Owns all classes but ports, which all hosts of a test share with this machine.
const SCOPE: &str = r#"
[exclusive.web]
on       = "web"
things   = ["packages", "units", "users", "cron", "authorized-keys"]
except   = ["packages.zz-*"]
baseline = "baselines/web.toml"
"#;

fn owned(world: &TestWorld) {
    world.add("environments/system.toml", SCOPE);
    world.commit();
}

/// Records packages as installed by request.
fn install(packages: &str) -> String {
    format!(
        "for name in {packages}; do printf '\\nPackage: %s\\nStatus: install ok installed\\nArchitecture: all\\nVersion: 1.0\\n\
         Maintainer: x\\nDescription: x\\n' $name; done >>var/lib/dpkg/status\n"
    )
}

fn findings(document: &serde_json::Value) -> Vec<String> {
    let findings = document["findings"].as_array().unwrap().iter();
    let of = |finding: &serde_json::Value| {
        assert_eq!(finding["code"], "live/unmanaged", "{finding}");
        finding["message"].as_str().unwrap().to_owned()
    };
    findings.map(of).collect()
}

#[test]
fn what_a_host_has_besides_is_drift_until_the_baseline_lists_it() {
    let mut world = system();
    let bare = [("staging-1", BARE), ("production-1", BARE)];
    let Some(running) = hosts_with(&mut world, &bare, "root") else {
        return;
    };
    world.expect(0, &["deliver"]);
    world.expect(0, &["release"]);
    owned(&world);
    // Without a place for the baseline, both say where it would be.
    let (file, line) = (
        "environments/system.toml",
        "baseline = \"baselines/web.toml\"\n",
    );
    world.replace(file, line, "");
    world
        .plain(&["drift", "--live"])
        .says("add `baseline = \"baselines/web.toml\"`");
    let none = world.expect(0, &["baseline", "--unmanaged"]);
    none.says("stay unmanaged; add one to the definition")
        .silent_about("nothing to write");
    world.replace(file, "things   = [", &format!("{line}things   = ["));
    world.commit();
    // Packages, accounts and keys of the image.
    world
        .plain(&["drift", "--live"])
        .says("exclusive.web")
        .says("unmanaged installed packages:");
    let dry = world.expect(0, &["baseline", "--unmanaged", "--dry-run"]);
    dry.says("would be added to baselines/web.toml")
        .says("users: deploy");
    assert!(!world.path("environments/baselines").exists());
    world
        .expect(0, &["baseline", "--unmanaged"])
        .says("added to baselines/web.toml")
        .says("evenkeel drift --live");
    let taken = world.read("environments/baselines/web.toml");
    assert!(taken.contains("\nusers = [\n"), "{taken}");
    assert!(taken.contains("  \"deploy\",\n"), "{taken}");
    // A baseline just taken leaves nothing.
    world.commit();
    world.expect(0, &["drift"]);
    world
        .expect(0, &["baseline", "--unmanaged"])
        .says("nothing to write");
    assert_eq!(world.read("environments/baselines/web.toml"), taken);

    // A table that cannot be read is unknown, and shuts the gate.
    running[1].run("mkfifo /etc/cron.d/pipe");
    world
        .expect(1, &["drift", "--live"])
        .says("`cron` cannot be read: `/etc/cron.d/pipe`: it is not a regular file");
    world
        .expect(3, &["deliver"])
        .says("production-drift")
        .says("`cron` cannot be read: `/etc/cron.d/pipe`");
    running[1].run("rm /etc/cron.d/pipe");

    // One thing of each class on production.
    running[1].run(
        "cat >>/var/lib/dpkg/status <<'X'\n\nPackage: stray\nStatus: install ok installed\nArchitecture: all\n\
         Version: 1.0\nMaintainer: x\nDescription: x\n\nPackage: zz-top\nStatus: install ok installed\n\
         Architecture: all\nVersion: 1.0\nMaintainer: x\nDescription: x\nX\n\
         echo 'eve:x:4444:4444::/home/eve:/bin/sh' >>/etc/passwd\n\
         mkdir -p /etc/systemd/system/multi-user.target.wants\n\
         ln -s /lib/systemd/system/stray.service /etc/systemd/system/multi-user.target.wants/\n\
         echo '@daily root curl -u eve:hunter2 http://x' >/etc/cron.d/stray\n\
         ssh-keygen -q -t ed25519 -N '' -C \"$(printf 'eve\\033[31m<b>')\" -f /tmp/stray\n\
         cat /tmp/stray.pub >>/home/deploy/.ssh/authorized_keys",
    );
    let document = world.json(2, &["drift", "--live"]);
    let found = findings(&document);
    let print = Command::new("ssh-keygen")
        .arg("-lf")
        .arg(running[1].path("/tmp/stray.pub"))
        .output();
    let print = String::from_utf8(print.unwrap().stdout).unwrap();
    let print = print.split(' ').nth(1).unwrap().to_owned();
    let starts = [
        "unmanaged installed package: stray (1.0)".to_owned(),
        "unmanaged enabled unit: stray.service".to_owned(),
        "unmanaged account: eve (uid 4444, shell /bin/sh)".to_owned(),
        "unmanaged cron entry: /etc/cron.d/stray @daily root ".to_owned(),
        format!("unmanaged authorized key: deploy {print} (eve\\u{{1b}}[31m<b>)"),
    ];
    assert_eq!(found.len(), starts.len(), "{found:#?}");
    for (message, start) in found.iter().zip(&starts) {
        let start = format!("exclusive.web (production): {start}");
        assert!(message.starts_with(&start), "{message}: {start}");
    }
    world
        .plain(&["drift", "--live"])
        .says("stray.service")
        .silent_about("hunter2")
        .silent_about("\u{1b}[31m<b>");
    // The gate stays shut, nothing is planned, and nothing is deleted.
    world.expect(3, &["release"]).says("stray.service");
    running[0].run("echo '@daily root true' >/etc/cron.d/stray");
    world.expect(0, &["apply", "staging"]);
    assert!(running[0].path("/etc/cron.d/stray").exists());
    assert_eq!(findings(&world.json(2, &["drift", "--live"])).len(), 6);
    running[0].run("rm /etc/cron.d/stray");

    // Declared, excepted and accepted things are no findings. Lines that are there stay.
    world.add(
        "environments/system.toml",
        "\n[file.stray]\non = \"web\"\npath = \"/etc/cron.d/stray\"\ncontent = \"@daily root true\\n\"\n",
    );
    world.replace(
        "environments/system.toml",
        "\"packages.zz-*\"",
        "\"packages.zz-*\", \"units.stray.*\"",
    );
    world
        .expect(0, &["baseline", "--unmanaged", "production"])
        .says("3 things added to baselines/web.toml")
        .says("packages: stray")
        .says("users: eve");
    let now = world.read("environments/baselines/web.toml");
    for line in taken.lines() {
        assert!(now.lines().any(|other| other == line), "{line}");
    }
    world.commit();
    let codes = world.json(2, &["drift", "production", "--live"]);
    let codes: Vec<&str> = codes["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|finding| finding["code"].as_str())
        .collect();
    assert!(!codes.contains(&"live/unmanaged"), "{codes:?}");
}

#[test]
fn a_thousand_things_are_one_page_and_alike_hosts_are_one_line() {
    let mut world = system();
    let many = format!("{BARE}{}", install("$(seq -f stray-%g 1000)"));
    let names = [
        ("staging-1", BARE),
        ("web-1", &*many),
        ("web-2", &*many),
        ("web-3", BARE),
    ];
    let Some(mut running) = hosts_with(&mut world, &names, "root") else {
        return;
    };
    world.replace(
        "environments/production.toml",
        "ssh = \"production-1\"",
        r#"hosts = ["web-1", "web-2", "web-3"]"#,
    );
    owned(&world);
    world.expect(0, &["baseline", "--unmanaged", "staging"]);
    world.commit();
    let ran = world.plain(&["drift", "production", "--live"]);
    assert_eq!(ran.code, 2);
    ran.says("1000 unmanaged installed packages: stray-1, stray-10, stray-100, stray-1000, stray-101 and 995 more")
        .says("on 2 hosts: web-1 and web-2");
    assert!(ran.all().lines().count() < 60, "{}", ran.all());
    // Other formats have all of them.
    let document = world.json(2, &["drift", "production", "--live"]);
    let unmanaged = |finding: &&serde_json::Value| finding["code"] == "live/unmanaged";
    let all = document["findings"].as_array().unwrap();
    assert_eq!(all.iter().filter(unmanaged).count(), 2000);

    // So is the gate.
    let gate = world.plain(&["deliver"]);
    gate.says("stray-1");
    let lines = gate.all().lines().count();
    assert!(lines < 100, "{lines}: {}", gate.all());

    // A host that does not answer is unknown, and no baseline is taken.
    running[3].end();
    world
        .expect(1, &["drift", "production", "--live"])
        .says("target.web@web-3");
    let before = world.read("environments/baselines/web.toml");
    world
        .expect(1, &["baseline", "--unmanaged"])
        .says("nothing was written");
    assert_eq!(world.read("environments/baselines/web.toml"), before);
}

#[test]
fn what_another_account_cannot_read_is_unknown() {
    let mut world = system();
    let staging =
        format!("{BARE}mkdir -p var/spool/cron/crontabs; chmod 700 var/spool/cron/crontabs\n");
    let names = [("staging-1", &*staging), ("production-1", BARE)];
    let Some(running) = hosts_with(&mut world, &names, "deploy") else {
        return;
    };
    world.add(
        "environments/system.toml",
        &SCOPE.replace(", \"authorized-keys\"", ""),
    );
    world.commit();
    world.expect(1, &["baseline", "--unmanaged"]);
    world
        .expect(1, &["drift", "--live"])
        .says("`cron` cannot be read: `/var/spool/cron/crontabs`: permission denied");
    assert!(fs::metadata(running[0].path("/var/spool/cron/crontabs")).is_ok());
}

#[test]
fn what_a_package_brings_is_unmanaged_until_each_part_is_declared() {
    const ALL: &str = "[exclusive.web]\non = \"web\"\nbaseline = \"baselines/web.toml\"\n";
    const NGINX: &str = "\n[package.nginx-light]\non = \"web\"\n";
    const SERVICE: &str = "\n[service.nginx]\non = \"web\"\nready = { tcp = \"127.0.0.1:80\" }\n";
    let Some((world, host)) = on_a_host(ALL) else {
        return;
    };
    world.expect(0, &["baseline", "--unmanaged", "staging"]);
    let taken = world.read("environments/baselines/web.toml");
    assert!(taken.contains("  \"ssh.service\",\n"), "{taken}");
    assert!(taken.contains("  \"tcp *:22\",\n"), "{taken}");
    world.commit();
    world.expect(0, &["drift", "staging", "--live"]);

    host.run("export DEBIAN_FRONTEND=noninteractive; apt-get update -qq; apt-get install -qq --yes nginx-light >/dev/null 2>&1; systemctl start nginx");
    let names = |code: i32| -> Vec<String> {
        let found = findings(&world.json(code, &["drift", "staging", "--live"]));
        let name = |message: &String| message.split("unmanaged ").nth(1).unwrap().to_owned();
        found.iter().map(name).collect()
    };
    let found = names(2);
    assert_eq!(found.len(), 3, "{found:#?}");
    assert!(
        found[0].starts_with("installed package: nginx-light (1."),
        "{found:#?}"
    );
    assert_eq!(found[1], "enabled unit: nginx.service");
    assert_eq!(found[2], "open port: tcp *:80 (nginx)");

    // A package does not declare the unit that it enables.
    let path = "environments/system.toml";
    world.add(path, NGINX);
    world.commit();
    world.expect(0, &["apply", "staging"]);
    assert_eq!(names(2).len(), 2);
    world.add(path, SERVICE);
    world.commit();
    world.expect(0, &["apply", "staging"]);
    world.expect(0, &["drift", "staging", "--live"]);

    // Removed from the definitions, each is removed once, and reported no more.
    world.replace(path, SERVICE, "");
    world.replace(path, NGINX, "");
    world.commit();
    let before = world.json(2, &["drift", "staging", "--live"]);
    let codes = before["findings"].as_array().unwrap().iter();
    let codes: Vec<&str> = codes
        .filter_map(|finding| finding["code"].as_str())
        .collect();
    assert_eq!(codes, ["live/no-longer-declared"; 2]);
    world.expect(0, &["apply", "staging"]);
    world.expect(0, &["plan", "staging"]);
    let left = names_of(&world);
    // Dependencies of the package were not requested.
    assert!(left.iter().all(|name| !name.contains("nginx")), "{left:#?}");
}

/// Returns the messages about unmanaged things of staging.
fn names_of(world: &TestWorld) -> Vec<String> {
    let ran = world.run(&["drift", "staging", "--live", "--format", "json"]);
    findings(&ran.document())
}

#[test]
fn a_rollback_does_not_wait_for_things_of_hosts() {
    let mut world = system();
    let bare = [("staging-1", BARE), ("production-1", BARE)];
    let Some(running) = hosts_with(&mut world, &bare, "root") else {
        return;
    };
    owned(&world);
    world.expect(0, &["baseline", "--unmanaged"]);
    world.commit();
    world.expect(0, &["deliver"]);
    world.expect(0, &["release"]);
    // The second release accepts an account that the baseline of the first one lacks.
    for host in &running {
        host.run("echo 'eve:x:4444:4444::/home/eve:/bin/sh' >>/etc/passwd");
    }
    world.expect(3, &["deliver"]).says("eve");
    world.expect(0, &["baseline", "--unmanaged"]);
    world.replace("environments/system.toml", "the same on both", "changed");
    world.commit();
    world.expect(0, &["deliver"]);
    world.expect(0, &["release"]);
    assert_eq!(
        running[1].read("/var/lib/evenkeel/shop/notes.txt"),
        "changed\n"
    );
    world.expect(8, &["rollback", "production"]);
    assert_eq!(
        running[1].read("/var/lib/evenkeel/shop/notes.txt"),
        "the same on both\n"
    );
}

#[test]
fn a_name_with_a_secret_is_neither_shown_nor_written() {
    const SECRET: &str = "canary7token7of7staging";
    let mut world = system();
    let staging = format!("{BARE}echo '{SECRET}:x:4242:4242::/:/bin/sh' >>etc/passwd\n");
    let names = [("staging-1", &*staging), ("production-1", BARE)];
    let Some(_running) = hosts_with(&mut world, &names, "root") else {
        return;
    };
    world.add(
        "environments/system.toml",
        "\n[parameter.token]\nvaries = \"secret\"\n\n[file.token]\non = \"web\"\npath = \"/srv/site/token\"\n\
         content = \"${token}\"\nmode = \"0600\"\n",
    );
    for (name, secret) in [("staging", SECRET), ("production", "another-of-production")] {
        world.write(&format!("secrets/{name}"), secret);
        world.replace(
            &format!("environments/{name}.toml"),
            "[values]\n",
            &format!("[values]\ntoken = {{ file = \"../secrets/{name}\" }}\n"),
        );
    }
    world.add(".gitignore", "/secrets\n");
    owned(&world);
    let drift = world.expect(2, &["drift", "staging", "--live"]);
    drift.says("unmanaged account:").silent_about(SECRET);
    world
        .expect(0, &["baseline", "--unmanaged", "staging"])
        .says("1 thing stays unmanaged: the name contains a secret")
        .silent_about(SECRET);
    let written = world.read("environments/baselines/web.toml");
    assert!(written.contains("\"deploy\","), "{written}");
    assert!(!written.contains(SECRET), "{written}");
}

#[test]
fn a_baseline_needs_a_scope_and_the_working_tree() {
    let world = system();
    world
        .expect(1, &["baseline", "--unmanaged"])
        .says("the definitions have no `[exclusive.NAME]`");
    world.expect(64, &["baseline", "staging"]);
    world.expect(64, &["baseline", "--unmanaged", "--owner", "ada"]);
    owned(&world);
    world.expect(64, &["--at", "HEAD", "baseline", "--unmanaged"]);
    world.write("environments/baselines/web.toml", "packages = [1]\n");
    world
        .expect(1, &["validate"])
        .says("environments/baselines/web.toml");
}
