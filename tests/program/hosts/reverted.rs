//! Changes that end the access to a host: the host restores its earlier state by itself.

use std::process::{Child, Command};
use std::time::{Duration, Instant};

use super::super::world::TestWorld;
use super::host::hosts_with;
use super::system;
use super::systemd::{SystemdHost, on_a_host};

const SYSTEM: &str = "environments/system.toml";

/// The setting of the server that works.
const GOOD: &str = "MaxAuthTries 4";

/// Settings that `sshd -t` accepts and that end every login.
const BAD: [&str; 2] = ["AllowUsers other", "ListenAddress 192.0.2.1"];

/// A file of the server, and the server, which is restarted with it.
const SERVER: &str = r#"
[file.sshd]
on      = "web"
path    = "/etc/ssh/sshd_config.d/own.conf"
content = "MaxAuthTries 4\n"
mode    = "0644"

[service.ssh]
on         = "web"
restart-on = ["file.sshd"]
"#;

/// A unit whose start cuts the network.
const CUT: &str = r#"
[service.cut]
on    = "web"
risky = true
"#;

const CUT_UNIT: &str = "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/usr/sbin/ip link set eth0 down\nExecStop=/usr/sbin/ip link set eth0 up\nExecStop=/usr/sbin/ip route replace default via 198.18.0.1 onlink dev eth0\n";

/// Starts a host whose revert comes early.
fn host(resources: &str) -> Option<(TestWorld, SystemdHost)> {
    let (world, host) = on_a_host(resources)?;
    set_time(&world, 3);
    host.write("/etc/systemd/system/cut.service", CUT_UNIT);
    host.run("systemctl daemon-reload");
    Some((world, host))
}

fn set_time(world: &TestWorld, seconds: u32) {
    let path = "environments/staging.toml";
    let before = world.read(path);
    world.write(path, &format!("{before}revert-after = \"{seconds}s\"\n"));
}

/// Waits until no revert is armed.
fn wait_for_revert(host: &SystemdHost) {
    let begun = Instant::now();
    while host
        .attempt("test -e /var/lib/evenkeel-revert/armed.json")
        .status
        .success()
    {
        assert!(
            begun.elapsed() < Duration::from_mins(1),
            "no revert: {}",
            host.run("journalctl -u evenkeel-revert --no-pager | tail; cat /var/lib/evenkeel-revert/armed.json")
        );
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Checks that a login works and that nothing of a revert is left but its record.
fn check_restored(world: &TestWorld, host: &SystemdHost) {
    let config = world.path("hosts").join("config");
    let begun = Instant::now();
    loop {
        let login = Command::new("ssh")
            .arg("-F")
            .arg(&config)
            .args([
                "-o",
                "ControlPath=none",
                "-o",
                "BatchMode=yes",
                "-o",
                "ConnectTimeout=5",
            ])
            .args(["staging-1", "true"])
            .output()
            .unwrap();
        if login.status.success() {
            break;
        }
        assert!(
            begun.elapsed() < Duration::from_mins(1),
            "no login: {}",
            String::from_utf8_lossy(&login.stderr)
        );
        std::thread::sleep(Duration::from_millis(100));
    }
    // Its unit is removed right after the record is written.
    let begun = Instant::now();
    loop {
        let left = host.run("ls -A /var/lib/evenkeel-revert | grep copy- || true; ls /etc/systemd/system/ /etc/systemd/system/multi-user.target.wants | grep evenkeel || true");
        if left.is_empty() {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "{left}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Puts a setting of the server in the place of another one.
fn declare(world: &TestWorld, from: &str, to: &str) {
    world.replace(SYSTEM, from, to);
    world.commit();
}

fn is_armed(host: &SystemdHost) -> bool {
    host.attempt("test -e /var/lib/evenkeel-revert/armed.json")
        .status
        .success()
}

/// Starts an apply, and waits until the revert is armed.
fn apply_until_armed(world: &TestWorld, host: &SystemdHost) -> Child {
    let child = world.start(&["apply", "staging"]);
    let begun = Instant::now();
    while !is_armed(host) {
        assert!(begun.elapsed() < Duration::from_mins(1), "not armed");
        std::thread::sleep(Duration::from_millis(5));
    }
    child
}

#[test]
fn a_good_change_is_confirmed_by_one_more_login() {
    let Some((world, host)) = host(SERVER) else {
        return;
    };
    world.expect(2, &["plan", "staging"]).says("risky");
    let begun = Instant::now();
    world.expect(0, &["apply", "staging"]);
    eprintln!("applied with a confirmation in {:?}", begun.elapsed());
    assert_eq!(
        host.run("ls -A /var/lib/evenkeel-revert"),
        "agent\nchanging\nconfirmed\nlock\nwaiter\n"
    );
    check_restored(&world, &host);
    world.expect(0, &["drift", "staging", "--live"]);

    // The same without a confirmation, for comparison.
    world.replace(
        SYSTEM,
        "mode    = \"0644\"",
        "mode    = \"0644\"\nrisky = false",
    );
    world.replace(
        SYSTEM,
        "on         = \"web\"",
        "on         = \"web\"\nrisky = false",
    );
    declare(&world, GOOD, "MaxAuthTries 5");
    world.expect(2, &["plan", "staging"]).silent_about("risky");
    let begun = Instant::now();
    world.expect(0, &["apply", "staging"]);
    eprintln!("applied without one in {:?}", begun.elapsed());
}

#[test]
fn a_stopped_server_is_started_again_and_the_next_run_reports_it() {
    let Some((world, host)) = host(SERVER) else {
        return;
    };
    world.expect(0, &["apply", "staging"]);
    world.replace(SYSTEM, "restart-on = [\"file.sshd\"]", "running = false");
    world.commit();
    let failed = world.run(&["apply", "staging"]);
    assert_ne!(failed.code, 0, "{failed:#?}");
    failed.says("not confirmed over a new connection");
    wait_for_revert(&host);
    check_restored(&world, &host);
    assert_eq!(host.property("ssh.service", "ActiveState"), "active");
    world.replace(SYSTEM, "running = false", "restart-on = [\"file.sshd\"]");
    declare(&world, GOOD, "MaxAuthTries 5");
    world
        .expect(0, &["apply", "staging"])
        .says("restored its earlier state at");
    world
        .expect(0, &["apply", "staging"])
        .silent_about("restored");
}

#[test]
fn an_armed_revert_of_a_killed_run_is_reported_and_not_replaced() {
    let Some((world, host)) = host(SERVER) else {
        return;
    };
    world.replace("environments/staging.toml", "\"3s\"", "\"20s\"");
    world.expect(0, &["apply", "staging"]);
    declare(&world, GOOD, BAD[0]);
    let mut child = apply_until_armed(&world, &host);
    child.kill().unwrap();
    child.wait().unwrap();
    declare(&world, BAD[0], "MaxAuthTries 5");
    let refused = world.run(&["apply", "staging"]);
    assert_ne!(refused.code, 0, "{refused:#?}");
    refused.says("left an unconfirmed change");
    // A killed waiter is started again.
    host.run("systemctl kill --signal KILL evenkeel-revert");
    wait_for_revert(&host);
    check_restored(&world, &host);
    world.expect(0, &["apply", "staging"]);
}

#[test]
fn a_change_that_takes_longer_than_its_revert_is_confirmed_or_restored() {
    let Some((world, host)) = host(SERVER) else {
        return;
    };
    let own = || host.run("cat /etc/ssh/sshd_config.d/own.conf");
    world.expect(0, &["apply", "staging"]);
    // The file is placed long after its revert was due.
    world.replace(
        SYSTEM,
        "mode    = \"0644\"",
        "mode    = \"0644\"\nvalidate = [\"sleep\", \"5\"]",
    );
    declare(&world, GOOD, "MaxAuthTries 5");
    world.expect(0, &["apply", "staging"]);
    assert_eq!(own(), "MaxAuthTries 5\n");

    declare(&world, "MaxAuthTries 5", BAD[0]);
    let failed = world.run(&["apply", "staging"]);
    assert_ne!(failed.code, 0, "{failed:#?}");
    failed.says("not confirmed over a new connection");
    wait_for_revert(&host);
    check_restored(&world, &host);
    assert_eq!(own(), "MaxAuthTries 5\n");

    // The agent ends what it began after evenkeel was killed, and nothing stays of it.
    let mut child = apply_until_armed(&world, &host);
    child.kill().unwrap();
    child.wait().unwrap();
    wait_for_revert(&host);
    check_restored(&world, &host);
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(own(), "MaxAuthTries 5\n");
}

#[test]
fn without_systemd_a_process_restores_the_keys_of_the_account() {
    let mut world = system();
    let before = world.read(SYSTEM);
    let start = before.split("[directory.site]").next().unwrap();
    world.write(
        SYSTEM,
        &format!(
            "{start}[file.keys]\non = \"web\"\npath = \"/root/.ssh/authorized_keys\"\ncontent = \"# none\\n\"\nmode = \"0600\"\n"
        ),
    );
    set_time(&world, 2);
    world.commit();
    let Some(hosts) = hosts_with(&mut world, &[("staging-1", "")], "root") else {
        return;
    };
    let [host] = &*hosts else { unreachable!() };
    let keys = host.read("/root/.ssh/authorized_keys");
    let failed = world.run(&["apply", "staging"]);
    assert_ne!(failed.code, 0, "{failed:#?}");
    failed.says("not confirmed over a new connection");
    let begun = Instant::now();
    while host.read("/root/.ssh/authorized_keys") != keys {
        assert!(begun.elapsed() < Duration::from_secs(20), "not restored");
        std::thread::sleep(Duration::from_millis(50));
    }
    // With the override, it is not risky, and locks the account out.
    world.replace(SYSTEM, "mode = \"0600\"", "mode = \"0600\"\nrisky = false");
    world.commit();
    std::thread::sleep(Duration::from_millis(300));
    world.expect(0, &["apply", "staging"]);
    assert_eq!(host.read("/root/.ssh/authorized_keys"), "# none\n");
}

#[derive(Clone, Copy, Debug)]
enum Fault {
    Server,
    Network,
    Kill,
    Disk,
    Reboot,
}

/// Brings a fault over a host, a time after the revert was armed, and checks that the host is reached again, as before.
fn round(world: &TestWorld, host: &mut SystemdHost, fault: Fault, bad: &str, after: Duration) {
    world.expect(0, &["apply", "staging"]);
    let state = "cat /etc/ssh/sshd_config.d/own.conf; stat -c '%a %u %g' /etc/ssh/sshd_config.d/own.conf; systemctl is-active ssh cut || true; systemctl is-enabled ssh";
    let before = host.run(state);
    let apply = |world: &TestWorld| {
        let failed = world.run(&["apply", "staging"]);
        assert_ne!(failed.code, 0, "{failed:#?}");
        failed.says("not confirmed over a new connection");
    };
    let system = world.read(SYSTEM);
    match fault {
        Fault::Server => {
            declare(world, GOOD, bad);
            apply(world);
        }
        Fault::Network => {
            world.add(SYSTEM, CUT);
            world.commit();
            apply(world);
        }
        Fault::Kill => {
            declare(world, GOOD, bad);
            let mut child = apply_until_armed(world, host);
            std::thread::sleep(after);
            child.kill().unwrap();
            child.wait().unwrap();
        }
        Fault::Disk => {
            host.run("mkdir -p /var/lib/evenkeel-revert && chmod 700 /var/lib/evenkeel-revert && mount -t tmpfs -o size=64m,mode=700 tmpfs /var/lib/evenkeel-revert && cp -a /etc/ssh/sshd_config.d /tmp/d && mount -t tmpfs -o size=1m tmpfs /etc/ssh/sshd_config.d && cp -a /tmp/d/. /etc/ssh/sshd_config.d");
            declare(world, GOOD, bad);
            let child = apply_until_armed(world, host);
            host.run("for d in /var/lib/evenkeel-revert /etc/ssh/sshd_config.d; do dd if=/dev/zero of=$d/full bs=4k 2>/dev/null; done; true");
            let output = child.wait_with_output().unwrap();
            assert!(!output.status.success());
        }
        Fault::Reboot => {
            declare(world, GOOD, bad);
            let mut child = apply_until_armed(world, host);
            std::thread::sleep(after);
            host.restart(world);
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
    wait_for_revert(host);
    // By the host's clock: a login takes longer while the network comes back.
    let late = host.run(
        "echo $(($(stat -c %Z /var/lib/evenkeel-revert/happened.json) - $(grep -o '\"at\":[0-9]*' /var/lib/evenkeel-revert/happened.json | tr -dc 0-9) / 1000))",
    );
    let late: i64 = late.trim().parse().unwrap();
    assert!(late <= 10, "{fault:?}: restored {late} s after it was due");
    check_restored(world, host);
    assert_eq!(host.run(state), before, "{fault:?} {bad}");
    if matches!(fault, Fault::Disk) {
        host.run("cp -a /etc/ssh/sshd_config.d/own.conf /tmp/own.conf && umount /var/lib/evenkeel-revert /etc/ssh/sshd_config.d && cp -a /tmp/own.conf /etc/ssh/sshd_config.d/ && rm -rf /tmp/d");
    }
    world.write(SYSTEM, &system);
    world.commit();
}

/// Brings a fault over a host again and again, at different times: before the change, between the changes of its steps, and
/// after them.
fn rounds(fault: Fault) {
    const TIMES: [u64; 10] = [300, 50, 500, 100, 200, 400, 600, 800, 0, 1000];
    let Some((world, mut host)) = host(SERVER) else {
        return;
    };
    let repetitions = if std::env::var_os("EVENKEEL_TEST_ALL").is_some() {
        5
    } else {
        1
    };
    for number in 0..repetitions {
        for (time, bad) in TIMES.into_iter().zip(BAD.into_iter().cycle()) {
            let begun = Instant::now();
            round(&world, &mut host, fault, bad, Duration::from_millis(time));
            eprintln!("{number}: after {time} ms: {:?}", begun.elapsed());
        }
    }
}

#[test]
fn a_host_is_reached_again_after_its_server_broke() {
    rounds(Fault::Server);
}

#[test]
fn a_host_is_reached_again_after_its_network_was_cut() {
    rounds(Fault::Network);
}

#[test]
fn a_host_is_reached_again_after_evenkeel_was_killed() {
    rounds(Fault::Kill);
}

#[test]
fn a_host_is_reached_again_after_its_disk_became_full() {
    rounds(Fault::Disk);
}

#[test]
fn a_host_is_reached_again_after_it_restarted() {
    rounds(Fault::Reboot);
}
