//! Timers on hosts that systemd started: their commands, times, drift and removal.

use super::systemd::on_a_host;

const TIMER: &str = r#"[timer.backup]
on = "web"
command = ["/bin/sh", "-c", 'id -un >/tmp/user; printf "<%s>" "$@" >/tmp/arguments', "x", "50%", "$HOME", 'a "b" \c', "two\nlines", ""]
on-calendar = ["Mon..Fri 04:30", "*-*-01 02:00 UTC"]
user = "deploy"
persistent = true
randomized-delay = "5m"

[timer.poll]
on = "web"
command = ["/bin/false"]
every = "1h"
"#;

#[test]
fn a_timer_runs_its_command_with_exactly_its_arguments_and_is_removed() {
    let Some((world, host)) = on_a_host(TIMER) else {
        return;
    };
    let path = "environments/system.toml";
    world
        .expect(2, &["plan", "staging"])
        .says("create  timer.backup");
    world.expect(0, &["apply", "staging"]);
    world.expect(0, &["drift", "staging", "--live"]);
    world.expect(0, &["plan", "staging"]);
    assert_eq!(host.property("backup.timer", "SubState"), "waiting");
    assert_eq!(host.property("backup.timer", "UnitFileState"), "enabled");
    assert_eq!(host.property("poll.timer", "SubState"), "waiting");

    host.run("systemctl start backup.service");
    assert_eq!(host.run("cat /tmp/user"), "deploy\n");
    assert_eq!(
        host.run("cat /tmp/arguments"),
        "<50%><$HOME><a \"b\" \\c><two\nlines><>"
    );

    for (change, code) in [
        ("systemctl stop backup.timer", "timer/not-running"),
        ("systemctl disable backup.timer", "timer/not-enabled"),
        (
            "sed -i s/04:30/05:30/ /etc/systemd/system/backup.timer; systemctl daemon-reload",
            "timer/files-differ",
        ),
        (
            "rm /etc/systemd/system/backup.service",
            "timer/files-differ",
        ),
        (
            "systemctl start poll.service || true",
            "timer/last-run-failed",
        ),
    ] {
        host.run(change);
        let drift = world.run(&["drift", "staging", "--live"]);
        assert_eq!(drift.code, 2, "{change}: {}", drift.short());
        drift.says(code);
        world.expect(0, &["apply", "staging"]);
        world.expect(0, &["drift", "staging", "--live"]);
    }

    // Other times, and an expression that only the host can refuse.
    world.replace(path, "Mon..Fri 04:30", "Mon..Fri 06:30");
    world.commit();
    world
        .expect(2, &["plan", "staging"])
        .says("update  timer.backup");
    world.expect(0, &["apply", "staging"]);
    let times = host.property("backup.timer", "TimersCalendar");
    assert!(times.contains("06:30"), "{times}");
    world.replace(path, "Mon..Fri 06:30", "Mon..Fri 26:30");
    world.commit();
    world
        .expect(1, &["apply", "staging"])
        .says("check the calendar of")
        .says("26:30");
    host.run("grep 06:30 /etc/systemd/system/backup.timer");

    let before = world.read(path);
    let start = before.split("[timer.backup]").next().unwrap();
    world.write(path, start);
    world.commit();
    world.expect(0, &["apply", "staging"]);
    host.run("! ls /etc/systemd/system/backup.* /etc/systemd/system/poll.* /etc/systemd/system/timers.target.wants/backup.timer");
    assert_eq!(host.property("backup.timer", "LoadState"), "not-found");
    world.expect(0, &["drift", "staging", "--live"]);
}

#[test]
fn unit_files_of_others_are_neither_replaced_nor_removed() {
    let Some((world, host)) = on_a_host(TIMER) else {
        return;
    };
    let foreign = "[Service]\nExecStart=/bin/true\n";
    host.write("/etc/systemd/system/backup.service", foreign);
    world
        .expect(2, &["drift", "staging", "--live"])
        .says("timer/not-written-by-evenkeel");
    world
        .expect(1, &["apply", "staging"])
        .says("evenkeel did not write it");
    assert_eq!(host.run("cat /etc/systemd/system/backup.service"), foreign);
    host.run("! ls /etc/systemd/system/backup.timer");

    // A drop-in could start another command.
    host.run("rm /etc/systemd/system/backup.service");
    world.expect(0, &["apply", "staging"]);
    host.write(
        "/etc/systemd/system/poll.service.d/x.conf",
        "[Service]\nExecStart=/bin/true\n",
    );
    world
        .expect(2, &["drift", "staging", "--live"])
        .says("timer/unmanaged-drop-in")
        .says("timer/not-loaded");
    world
        .expect(1, &["apply", "staging"])
        .says("undeclared drop-in /etc/systemd/system/poll.service.d/x.conf");
    host.run("rm -r /etc/systemd/system/poll.service.d");
    world.expect(0, &["apply", "staging"]);
    world.expect(0, &["drift", "staging", "--live"]);
}
