//! Services on hosts that systemd started: from a definition to its removal, and every way in which a unit is not as declared.

use std::time::Instant;

use super::TestWorld;
use super::systemd::{hosts_of_releases, on_a_host};
use super::{hosts, system};

/// A unit that runs until it is stopped.
const SLEEPS: &str = "[Service]\\nExecStart=/bin/sleep 4711\\nExecReload=/bin/touch /run/reloaded\\n[Install]\\nWantedBy=multi-user.target\\n";

/// The definition of a service whose unit file and configuration are declared too.
fn declared(content: &str, more: &str) -> String {
    format!(
        r#"[file.app-unit]
on      = "web"
path    = "/usr/local/lib/systemd/system/app.service"
content = "{SLEEPS}"

[file.app-config]
on      = "web"
path    = "/etc/app.conf"
content = "{content}"

[service.app]
on    = "web"
after = ["file.app-unit"]
{more}
"#
    )
}

#[test]
fn a_service_is_started_restarted_reloaded_and_removed() {
    let resources = declared("one", "restart-on = [\"file.app-config\"]");
    let Some((world, host)) = on_a_host(&resources) else {
        return;
    };
    let path = "environments/system.toml";
    world
        .expect(2, &["plan", "staging"])
        .says("start   service.app");
    world.expect(0, &["apply", "staging"]);
    assert_eq!(host.property("app.service", "ActiveState"), "active");
    assert_eq!(host.property("app.service", "UnitFileState"), "enabled");
    world.expect(0, &["drift", "staging", "--live"]);
    world.expect(0, &["plan", "staging"]);

    // A change of what it restarts on.
    let before = host.property("app.service", "InvocationID");
    world.replace(path, "content = \"one\"", "content = \"two\"");
    world.commit();
    world
        .expect(2, &["plan", "staging"])
        .says("restart-on.file.app-config");
    world.expect(0, &["apply", "staging"]);
    let after = host.property("app.service", "InvocationID");
    assert_ne!(before, after);
    world.expect(0, &["drift", "staging", "--live"]);

    // A repaired file restarts it too, although its definition did not change.
    host.run("echo other >/etc/app.conf");
    world
        .expect(2, &["plan", "staging"])
        .says("restart service.app");
    world.expect(0, &["apply", "staging"]);
    let again = host.property("app.service", "InvocationID");
    assert_ne!(after, again);

    // The same with a reload, which keeps it running.
    world.replace(path, "restart-on", "reload-on");
    world.commit();
    world.expect(0, &["apply", "staging"]);
    host.run("rm /run/reloaded");
    world.replace(path, "content = \"two\"", "content = \"three\"");
    world.commit();
    world.expect(2, &["plan", "staging"]).says("reload-on");
    world.expect(0, &["apply", "staging"]);
    host.run("rm /run/reloaded");
    host.run("echo other >/etc/app.conf");
    world
        .expect(2, &["plan", "staging"])
        .says("update  service.app");
    world.expect(0, &["apply", "staging"]);
    host.run("rm /run/reloaded");
    assert_eq!(host.property("app.service", "InvocationID"), again);
    world.expect(0, &["drift", "staging", "--live"]);

    let before = world.read(path);
    let start = before.split("[file.app-unit]").next().unwrap();
    world.write(path, start);
    world.commit();
    world
        .expect(2, &["plan", "staging"])
        .says("stop")
        .says("service.app");
    world.expect(0, &["apply", "staging"]);
    assert_eq!(host.property("app.service", "ActiveState"), "inactive");
    host.run("! ls /usr/local/lib/systemd/system/app.service /etc/systemd/system/multi-user.target.wants/app.service");
    host.run("! ls /var/lib/evenkeel/shop/app.service.unit.json");
    world.expect(0, &["drift", "staging", "--live"]);
}

#[test]
fn a_unit_is_renewed_more_often_than_its_limit_of_starts() {
    let limited = declared("one", "restart-on = [\"file.app-config\"]").replace(
        SLEEPS,
        &format!("[Unit]\\nStartLimitIntervalSec=1h\\nStartLimitBurst=1\\n{SLEEPS}"),
    );
    let Some((world, host)) = on_a_host(&limited) else {
        return;
    };
    let path = "environments/system.toml";
    world.expect(0, &["apply", "staging"]);
    let before = host.property("app.service", "InvocationID");
    world.replace(path, "content = \"one\"", "content = \"two\"");
    world.commit();
    world.expect(0, &["apply", "staging"]);
    assert_ne!(before, host.property("app.service", "InvocationID"));
    // A stopped unit is not started either.
    host.run("systemctl stop app");
    world.expect(0, &["apply", "staging"]);
    assert_eq!(host.property("app.service", "ActiveState"), "active");
    world.expect(0, &["drift", "staging", "--live"]);
}

#[test]
fn every_change_of_a_unit_outside_evenkeel_is_drift_and_is_repaired() {
    let Some((world, host)) = on_a_host(&declared("one", "")) else {
        return;
    };
    world.expect(0, &["apply", "staging"]);
    world.expect(0, &["drift", "staging", "--live"]);
    for (change, code) in [
        ("systemctl stop app", "service/not-running"),
        ("systemctl disable app", "service/not-enabled"),
        (
            "systemctl disable app; systemctl enable --runtime app",
            "service/not-enabled",
        ),
        (
            "systemctl kill --signal KILL app; sleep 0.2",
            "service/failed",
        ),
        ("systemctl mask --runtime app", "service/masked"),
        (
            "mkdir /etc/systemd/system/multi-user.target.d; sed -i s/4711/4712/ /usr/local/lib/systemd/system/app.service",
            "service/not-loaded",
        ),
        (
            "sed -i s/4711/4713/ /usr/local/lib/systemd/system/app.service; systemctl daemon-reload",
            "service/outdated",
        ),
    ] {
        host.run(change);
        let drift = world.run(&["drift", "staging", "--live"]);
        assert_eq!(drift.code, 2, "{change}: {}", drift.short());
        drift.says(code);
        world.expect(0, &["apply", "staging"]);
        world.expect(0, &["drift", "staging", "--live"]);
        assert_eq!(host.property("app.service", "ActiveState"), "active");
    }
    host.run("pgrep -f '[s]leep 4711'");

    // The first drop-in in a new directory, which systemd does not notice.
    host.run("mkdir /etc/systemd/system/app.service.d; echo '[Service]\nEnvironment=A=b' >/etc/systemd/system/app.service.d/x.conf");
    world
        .expect(2, &["drift", "staging", "--live"])
        .says("service/unmanaged-drop-in")
        .says("/etc/systemd/system/app.service.d/x.conf");
    world
        .expect(1, &["apply", "staging"])
        .says("undeclared drop-in /etc/systemd/system/app.service.d/x.conf");
    world.add(
        "environments/system.toml",
        "drop-ins = [\"/etc/systemd/system/app.service.d/x.conf\"]\n",
    );
    world.commit();
    world.expect(0, &["apply", "staging"]);
    world.expect(0, &["drift", "staging", "--live"]);
    assert_eq!(host.property("app.service", "NeedDaemonReload"), "no");
    assert!(host.property("app.service", "Environment").contains("A=b"));
}

#[test]
fn a_unit_that_cannot_run_fails_its_step_with_the_reason() {
    let Some((world, host)) = on_a_host(
        r#"[service.absent]
on = "web"

[service.dies]
on = "web"
within = "5s"

[service.flaps]
on = "web"

[service.once]
on = "web"

[service.silent]
on = "web"
ready = { tcp = "127.0.0.1:9", within = "1s" }

[service.bad]
on = "web"

[service.unloved]
on = "web"
masked = true

[service.idle]
on = "web"
unit = "idle.service"
running = false
enabled = false

[service.deaf]
on = "web"
reload-on = ["service.idle"]
"#,
    ) else {
        return;
    };
    for (name, lines) in [
        (
            "dies",
            "[Service]\nExecStart=/bin/sh -c \"sleep 0.2; exit 3\"\n",
        ),
        (
            "flaps",
            "[Service]\nExecStart=/bin/sh -c \"sleep 0.1\"\nRestart=always\nRestartSec=20s\n",
        ),
        ("once", "[Service]\nType=oneshot\nExecStart=/bin/true\n"),
        ("silent", "[Service]\nExecStart=/bin/sleep 4711\n"),
        ("deaf", "[Service]\nExecStart=/bin/sleep 4711\n"),
        (
            "idle",
            "[Service]\nExecStart=/bin/sleep 4711\n[Install]\nWantedBy=multi-user.target\n",
        ),
        ("bad", "[Service]\nType=nonsense\n"),
    ] {
        host.write(&format!("/etc/systemd/system/{name}.service"), lines);
    }
    host.run("systemctl enable --now idle; systemctl start deaf");
    world
        .expect(2, &["drift", "staging", "--live"])
        .says("service/not-found")
        .says("service/invalid")
        .says("service/not-masked")
        .says("service/running")
        .says("service/enabled")
        .says("service/not-reloaded");
    let begun = Instant::now();
    let applied = world.expect(1, &["apply", "staging"]);
    assert!(begun.elapsed().as_secs() < 30, "{:?}", begun.elapsed());
    applied
        .says("there is no such unit")
        .says("exit status 3")
        .says("activating (auto-restart)")
        .says("a oneshot unit ends after its work")
        .says("it was not ready after 1.0 s")
        .says("bad unit file setting")
        .says("use `restart-on` in place of `reload-on`")
        .says("journalctl --unit dies.service");
    assert_eq!(host.property("unloved.service", "LoadState"), "masked");
    assert_eq!(host.property("idle.service", "ActiveState"), "inactive");
    assert_eq!(host.property("idle.service", "UnitFileState"), "disabled");
    world
        .expect(2, &["drift", "staging", "--live"])
        .says("service/failed")
        .says("service/not-ready");
}

#[test]
fn a_host_that_cannot_tell_about_its_units_is_not_in_sync() {
    let mut world = system();
    let resources = "\n[service.app]\non = \"web\"\nunit = \"app.service\"\n";
    world.add("environments/system.toml", resources);
    world.commit();
    let Some(_running) = hosts(&mut world, &["staging-1"], "root") else {
        return;
    };
    world
        .expect(1, &["drift", "staging", "--live"])
        .says("systemd does not run here");
    world
        .expect(1, &["apply", "staging"])
        .says("systemd does not run here");
}

#[test]
fn a_service_manager_that_hangs_ends_with_a_time_limit() {
    let Some((world, host)) = on_a_host("[service.ssh]\non = \"web\"\n") else {
        return;
    };
    host.write("/usr/local/sbin/systemctl", "#!/bin/sh\nexec sleep 4714\n");
    host.run(
        "chmod 755 /usr/local/sbin/systemctl; mv /run/systemd/private /run/systemd/private.away",
    );
    let begun = Instant::now();
    world
        .expect(1, &["drift", "staging", "--live"])
        .says("`systemctl`: it did not end within");
    assert!(begun.elapsed().as_secs() < 60, "{:?}", begun.elapsed());
    host.run("! pgrep -f '[s]leep 4714'");
    host.run("rm /usr/local/sbin/systemctl; mv /run/systemd/private.away /run/systemd/private");
    world.expect(2, &["plan", "staging"]).says("service.ssh");
}

/// States are read from the service manager's socket, and by `systemctl` where that is not possible: with the same result.
#[test]
fn the_socket_of_the_service_manager_and_systemctl_say_the_same() {
    for release in ["bullseye", "bookworm", "trixie"] {
        let mut world = system();
        let path = "environments/system.toml";
        let mut resources = String::new();
        for unit in ["ssh", "dies", "none", "masked", "sleeps"] {
            resources += &format!(
                "[service.{unit}]\non = \"web\"\nenabled = {}\nrunning = {}\n",
                unit != "ssh",
                unit != "ssh"
            );
        }
        let before = world.read(path);
        let start = before.split("[directory.site]").next().unwrap();
        world.write(path, &format!("{start}{resources}"));
        world.commit();
        let Some(running) = hosts_of_releases(&mut world, &[("staging-1", release)], "root") else {
            return;
        };
        let host = &running[0];
        for (unit, line) in [("dies", "/bin/false"), ("sleeps", "/bin/sleep 4711")] {
            host.write(
                &format!("/etc/systemd/system/{unit}.service"),
                &format!("[Service]\nExecStart={line}\n"),
            );
        }
        host.run("mkdir /etc/systemd/system/sleeps.service.d; systemctl daemon-reload; systemctl start sleeps; systemctl start dies; systemctl mask masked.service");
        host.write(
            "/etc/systemd/system/sleeps.service.d/more.conf",
            "[Service]\nNice=1\n",
        );
        let found = |world: &TestWorld| -> Vec<String> {
            let document = world.json(2, &["drift", "staging", "--live"]);
            let findings = document["findings"].as_array().unwrap().iter();
            let shown = |finding: &serde_json::Value| {
                format!(
                    "{} {} {}",
                    finding["code"], finding["subject"], finding["message"]
                )
            };
            findings.map(shown).collect()
        };
        let usual = found(&world);
        assert!(usual.len() >= 5, "{usual:?}");
        host.run("found=$(command -v systemctl); mv $found $found.away");
        assert_eq!(found(&world), usual, "{release}");
        host.run("for each in /bin /usr/bin; do [ ! -e $each/systemctl.away ] || mv $each/systemctl.away $each/systemctl; done");
        // Without that socket, `systemctl` uses the message bus, before systemd 256.
        if release == "trixie" {
            continue;
        }
        host.run("mv /run/systemd/private /run/systemd/private.away");
        assert_eq!(found(&world), usual, "{release}");
    }
}
