//! Hosts that cannot be reached or cannot be used: each is named with the reason, and is never in sync.

use std::fs;
use std::time::{Duration, Instant};

use super::{Host, TestWorld, hosts_with, system};

/// Starts one host, and expects every command to name the host and the reason.
fn refused(before: &str, account: &str, harm: &dyn Fn(&TestWorld, &Host), reason: &str) {
    let mut world = system();
    let Some(running) = hosts_with(&mut world, &[("staging-1", before)], account) else {
        return;
    };
    harm(&world, &running[0]);
    let seen = world.run(&["drift", "staging", "--live"]);
    assert_ne!(seen.code, 0, "{}", seen.short());
    seen.says("the host `staging-1`").says(reason);
    let changed = world.run(&["apply", "staging"]);
    assert_ne!(changed.code, 0, "{}", changed.short());
    changed.says("staging-1");
    assert!(!running[0].path("/srv/site").exists());
}

/// Replaces a text in the configuration of OpenSSH.
fn configured(world: &TestWorld, from: &str, to: &str) {
    world.replace("hosts/config", from, to);
}

#[test]
fn a_host_whose_key_is_unknown_is_refused() {
    refused(
        "",
        "root",
        &|world, _| world.write("hosts/known_hosts", ""),
        "its host key is unknown",
    );
}

#[test]
fn a_host_whose_key_changed_is_refused() {
    let other = |world: &TestWorld, host: &Host| {
        let key = world.read("hosts/key.pub");
        world.write("hosts/known_hosts", &format!("{} {key}", host.address));
    };
    refused(
        "",
        "root",
        &other,
        "its host key differs from the known one",
    );
}

#[test]
fn an_account_that_the_host_does_not_accept_is_refused() {
    let other = |world: &TestWorld, _: &Host| configured(world, "User root", "User daemon");
    refused("", "root", &other, "Permission denied (publickey");
}

#[test]
fn a_port_on_which_nothing_listens_is_refused() {
    let other = |world: &TestWorld, _: &Host| configured(world, "User root", "User root\n  Port 9");
    refused("", "root", &other, "Connection refused");
}

#[test]
fn what_a_jump_host_says_is_the_reason() {
    let refused = |from: &str, to: &str, is_known: bool, reason: &str| {
        let mut world = system();
        let hosts = [("staging-1", ""), ("bastion", "")];
        let Some(running) = hosts_with(&mut world, &hosts, "root") else {
            return false;
        };
        configured(&world, from, to);
        if !is_known {
            let known = world.read("hosts/known_hosts");
            let of_bastion = |line: &&str| !line.starts_with(&running[1].address);
            let kept: Vec<&str> = known.lines().filter(of_bastion).collect();
            world.write("hosts/known_hosts", &format!("{}\n", kept.join("\n")));
        }
        let seen = world.run(&["drift", "staging", "--live"]);
        assert_ne!(seen.code, 0, "{}", seen.short());
        seen.says("the host `staging-1` cannot be reached through its jump host or proxy command")
            .says(reason);
        true
    };
    let jump = "Host staging-1\n  ProxyJump bastion";
    refused("Host staging-1", jump, false, "its host key is unknown");
    let silent = "Host staging-1\n  Port 9\n  ProxyJump bastion";
    refused("Host staging-1", silent, true, "Connection refused");
    let scratch = tempfile::tempdir().unwrap();
    let tries = scratch.path().join("tries");
    let proxy = format!(
        "Host staging-1\n  ProxyCommand sh -c 'echo one >>{}; echo no route today >&2; exit 1'",
        tries.display()
    );
    if refused("Host staging-1", &proxy, true, "no route today") {
        // The login, and the one that tells the reason: nothing was dropped, so there is no other.
        assert_eq!(fs::read_to_string(tries).unwrap(), "one\none\n");
    }
}

#[test]
fn an_account_without_sudo_is_refused() {
    let becomes = |world: &TestWorld, _: &Host| {
        world.replace(
            "environments/staging.toml",
            "ssh = \"staging-1\"",
            "ssh = \"staging-1\"\nbecome = \"root\"",
        );
        world.commit();
    };
    let reason = "does not let this account become root";
    refused("", "deploy", &becomes, reason);
    let asks = "mkdir -p etc/sudoers.d; echo 'deploy ALL=(ALL) ALL' >etc/sudoers.d/deploy; chmod 440 etc/sudoers.d/deploy";
    refused(asks, "deploy", &becomes, reason);
    let none = "rm usr/bin/sudo";
    refused(none, "deploy", &becomes, "sudo");
}

#[test]
fn a_restricted_shell_is_refused() {
    let restricted =
        "sed -i 's#^deploy:.*#deploy:x:4100:4100::/home/deploy:/usr/sbin/nologin#' etc/passwd";
    refused(restricted, "deploy", &|_, _| {}, "agent");
}

#[test]
fn a_home_that_runs_no_programs_is_refused() {
    let without = "mount -t tmpfs -o noexec tmpfs root; mkdir root/.ssh; cp \"$dir/key.pub\" root/.ssh/authorized_keys; chmod 700 root root/.ssh";
    refused(without, "root", &|_, _| {}, "noexec");
}

#[test]
fn a_full_disk_takes_no_agent() {
    let full = "mount -t tmpfs -o size=256k tmpfs root; mkdir root/.ssh; cp \"$dir/key.pub\" root/.ssh/authorized_keys; chmod 700 root root/.ssh";
    refused(full, "root", &|_, _| {}, "No space left on device");
}

#[test]
fn a_cache_that_others_can_write_is_refused() {
    let open = "mkdir -p root/.cache/evenkeel; chmod 777 root/.cache/evenkeel";
    let put = |_: &TestWorld, host: &Host| {
        fs::write(host.path("/root/.cache/evenkeel/planted"), "").unwrap();
    };
    refused(open, "root", &put, "others can write");
}

#[test]
fn a_host_that_stops_answering_is_unreachable_and_not_waited_for() {
    let mut world = system();
    let Some(running) = hosts_with(&mut world, &[("staging-1", "")], "root") else {
        return;
    };
    world.expect(0, &["apply", "staging"]);
    // Connections are accepted by the kernel, and nothing answers any more.
    assert!(running[0].signal("sshd", "-STOP") > 0);
    let begun = Instant::now();
    let seen = world.run(&["drift", "staging", "--live"]);
    assert_ne!(seen.code, 0);
    seen.says("the host `staging-1`");
    assert!(
        begun.elapsed() < Duration::from_mins(1),
        "{:?}",
        begun.elapsed()
    );
}

#[test]
fn a_host_that_ends_is_unreachable_although_the_connection_was_open() {
    let mut world = system();
    let Some(mut running) = hosts_with(&mut world, &[("staging-1", "")], "root") else {
        return;
    };
    world.expect(0, &["apply", "staging"]);
    running[0].end();
    let seen = world.run(&["drift", "staging", "--live"]);
    assert_ne!(seen.code, 0);
    seen.says("the host `staging-1` cannot be reached");
}
