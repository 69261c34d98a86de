//! Agents that stay on their hosts for the next run. Wherever none is found, a run starts one, and finds the same.

use std::fs;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::PathBuf;

use super::{Host, TestWorld, hosts, hosts_with, system};

/// Word in the command of an agent that stays.
const STAYS: &str = "\u{0}stay\u{0}";

/// Returns a host whose staging is applied, and what reaches it.
fn applied(before: &str, account: &str, become_root: bool) -> Option<(TestWorld, Host)> {
    let mut world = system();
    let mut running = hosts_with(&mut world, &[("staging-1", before)], account)?;
    if become_root {
        world.replace(
            "environments/staging.toml",
            "ssh = \"staging-1\"",
            "ssh = \"staging-1\"\nbecome = \"root\"",
        );
        world.commit();
    }
    world.expect(0, &["apply", "staging"]);
    Some((world, running.pop().unwrap()))
}

/// Returns the agents that the host keeps.
fn kept(host: &Host) -> Vec<PathBuf> {
    let entries = fs::read_dir(host.path("/root/.cache/evenkeel")).unwrap();
    entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            let name = path.file_name().unwrap().to_str().unwrap();
            name.starts_with("agent-")
        })
        .collect()
}

/// Returns how many local sockets there are, and how many files instead of one.
fn doors(world: &TestWorld) -> (usize, usize) {
    let entries = fs::read_dir(world.path("hosts/runtime/evenkeel")).unwrap();
    let kinds: Vec<fs::FileType> = entries
        .flatten()
        // Where destinations lead is kept too.
        .filter(|entry| entry.path().extension().is_none())
        .map(|entry| entry.file_type().unwrap())
        .collect();
    let sockets = kinds.iter().filter(|kind| kind.is_socket()).count();
    (sockets, kinds.len() - sockets)
}

#[test]
fn the_next_run_starts_no_agent() {
    let Some((world, host)) = applied("", "root", false) else {
        return;
    };
    assert_eq!(host.signal(STAYS, "-0"), 1);
    // A new one would be sent first.
    for agent in kept(&host) {
        fs::remove_file(agent).unwrap();
    }
    world.expect(0, &["drift", "staging", "--live"]);
    host.run("echo changed >/srv/site/index.html");
    world
        .expect(2, &["drift", "staging", "--live"])
        .says("changed");
    world.expect(0, &["apply", "staging"]);
    assert_eq!(host.read("/srv/site/index.html"), "hello staging\n");
    assert!(kept(&host).is_empty());
    assert_eq!(host.signal(STAYS, "-0"), 1);
}

#[test]
fn one_that_was_killed_or_is_frozen_is_replaced() {
    let Some((world, host)) = applied("", "root", false) else {
        return;
    };
    for signal in ["-KILL", "-TERM"] {
        assert_eq!(host.signal(STAYS, signal), 1);
        world.expect(0, &["drift", "staging", "--live"]);
        // It reaches the new one.
        world.expect(0, &["drift", "staging", "--live"]);
    }
    assert_eq!(host.signal(STAYS, "-STOP"), 1);
    world.expect(0, &["drift", "staging", "--live"]);
    assert_eq!(doors(&world), (1, 1));
    assert_eq!(host.signal(STAYS, "-KILL"), 1);
    world.expect(0, &["drift", "staging", "--live"]);
}

#[test]
fn a_run_beside_a_long_one_is_answered_at_once() {
    let Some((world, host)) = applied("", "root", false) else {
        return;
    };
    assert_eq!(host.signal(STAYS, "-KILL"), 1);
    world.add(
        "environments/system.toml",
        "\n[command.long]\non = \"web\"\nrun = [\"/bin/sleep\", \"3\"]\ncreates = \"/nothing\"\n",
    );
    world.commit();
    std::thread::scope(|scope| {
        let applying = scope.spawn(|| world.run(&["apply", "staging"]));
        while host.signal("/bin/sleep\u{0}3", "-0") == 0 {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        let begun = std::time::Instant::now();
        world.expect(2, &["plan", "staging"]);
        assert!(begun.elapsed().as_millis() < 2500);
        applying.join().unwrap();
    });
    assert_eq!(doors(&world), (2, 0));
}

#[test]
fn a_server_that_forwards_nothing_is_asked_once() {
    let options = "options='-o AllowStreamLocalForwarding=no'";
    let Some((world, host)) = applied(options, "root", false) else {
        return;
    };
    assert_eq!(doors(&world), (2, 0));
    for _ in 0..2 {
        world.expect(0, &["drift", "staging", "--live"]);
        // The file says that the server refuses.
        assert_eq!(doors(&world), (1, 1));
    }
    assert_eq!(host.signal(STAYS, "-KILL"), 1);
    world.expect(0, &["drift", "staging", "--live"]);
    assert_eq!(host.signal(STAYS, "-0"), 0);
}

#[test]
fn a_socket_without_its_connection_is_replaced() {
    let Some((world, host)) = applied("", "root", false) else {
        return;
    };
    for entry in fs::read_dir(world.path("hosts/runtime/evenkeel")).unwrap() {
        // The file stays, as after the machine of `ssh` lost its power.
        let path = entry.unwrap().path();
        fs::remove_file(&path).unwrap();
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    }
    world.expect(0, &["drift", "staging", "--live"]);
    for agent in kept(&host) {
        fs::remove_file(agent).unwrap();
    }
    world.expect(0, &["drift", "staging", "--live"]);
    assert!(kept(&host).is_empty());
}

#[test]
fn one_that_became_root_answers_its_account_only() {
    let allowed = "mkdir -p etc/sudoers.d; echo 'deploy ALL=(ALL) NOPASSWD: ALL' >etc/sudoers.d/deploy; chmod 440 etc/sudoers.d/deploy";
    let Some((world, host)) = applied(allowed, "deploy", true) else {
        return;
    };
    assert_eq!(host.signal(STAYS, "-0"), 1);
    let directory = host.path("/run/evenkeel");
    let metadata = fs::metadata(&directory).unwrap();
    assert_eq!((metadata.uid(), metadata.mode() & 0o777), (0, 0o711));
    // The account may not become root any more. Until this one ends, it answers.
    host.run("rm /etc/sudoers.d/deploy");
    world.expect(0, &["drift", "staging", "--live"]);
    assert_eq!(host.signal(STAYS, "-KILL"), 1);
    world
        .expect(1, &["drift", "staging", "--live"])
        .says("does not let this account become root");
}

#[test]
fn a_host_without_a_place_for_its_socket_works() {
    // The path of a socket has at most 107 bytes.
    let long = "x".repeat(100);
    let before = format!("echo 'export XDG_CACHE_HOME=/root/{long}' >root/.bashrc");
    let Some((world, host)) = applied(&before, "root", false) else {
        return;
    };
    assert_eq!(host.signal(STAYS, "-0"), 0);
    world.expect(0, &["drift", "staging", "--live"]);
    assert_eq!(doors(&world), (1, 0));
}

#[test]
fn hosts_of_one_run_have_their_own() {
    let mut world = system();
    let Some(running) = hosts(&mut world, &["staging-1", "production-1"], "root") else {
        return;
    };
    world.expect(0, &["deliver"]);
    world.expect(0, &["release"]);
    world.expect(0, &["drift"]);
    for host in &running {
        assert_eq!(host.signal(STAYS, "-0"), 1);
    }
    fs::write(running[1].path("/srv/site/index.html"), "defaced\n").unwrap();
    world
        .expect(2, &["drift", "--live"])
        .says("file.index")
        .says("defaced");
}
