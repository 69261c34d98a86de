//! The network of a host goes away in the middle of a step: without a word, or with a reset.

use std::process::Command;
use std::time::{Duration, Instant};

use super::super::world::TestWorld;
use super::scale::Fleet;
use super::system;

/// Sends a signal to the programs with these arguments on this machine and its hosts; returns whether there were any.
fn pkill(signal: &str, command: &str) -> bool {
    let done = Command::new("pkill")
        .args([signal, "-f", "-x", "--", command])
        .status();
    done.unwrap().success()
}

/// Returns a system that was applied to one host.
fn applied() -> Option<(TestWorld, Fleet)> {
    let mut world = system();
    let fleet = Fleet::up(&mut world, 1)?;
    world.replace("environments/staging.toml", "\"staging-1\"", "\"host-1\"");
    world.commit();
    world.expect(0, &["apply", "staging"]);
    Some((world, fleet))
}

/// Begins an apply whose step lasts until its program is killed, and waits for that step.
fn begin(world: &TestWorld, command: &str) -> std::process::Child {
    let argv: Vec<&str> = command.split(' ').collect();
    world.add(
        "environments/system.toml",
        &format!("\n[command.slow]\non = \"web\"\nrun = {argv:?}\ncreates = \"/done\"\n"),
    );
    world.commit();
    let applying = world.start(&["apply", "staging"]);
    let begun = Instant::now();
    while !pkill("-0", command) {
        assert!(begun.elapsed().as_secs() < 50, "{command}");
        std::thread::sleep(Duration::from_millis(20));
    }
    applying
}

/// Lets the next run complete the step.
fn complete(world: &TestWorld, command: &str) {
    let argv: Vec<&str> = command.split(' ').collect();
    let argv = format!("{argv:?}");
    world.replace("environments/system.toml", &argv, "[\"touch\", \"/done\"]");
    world.commit();
    world.expect(0, &["apply", "staging"]);
    world.expect(0, &["drift", "staging", "--live"]);
}

#[test]
fn a_network_that_is_cut_in_a_step_ends_the_step_and_the_next_run_completes_it() {
    let Some((world, fleet)) = applied() else {
        return;
    };
    let command = "sleep 47310";
    let applying = begin(&world, command);
    let begun = Instant::now();
    fleet.network("cut", 1);
    let output = applying.wait_with_output().unwrap();
    let took = begun.elapsed();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(6), "{said}");
    assert!(said.contains("host-1"), "{said}");
    assert!(took < Duration::from_secs(100), "{took:?}");
    world.run(&["status"]).says("unknown");
    let seen = world.run(&["drift", "staging", "--live"]);
    assert_eq!(seen.code, 1);
    seen.says("host-1");
    fleet.network("join", 1);
    // The agent ends with its connection, after the step.
    pkill("-KILL", command);
    complete(&world, command);
}

#[test]
fn a_connection_that_is_reset_in_a_step_is_made_again_to_see_what_the_step_did() {
    let Some((world, fleet)) = applied() else {
        return;
    };
    let command = "sleep 47320";
    let applying = begin(&world, command);
    let begun = Instant::now();
    fleet.network("reset", 1);
    let output = applying.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(begun.elapsed() < Duration::from_secs(25), "{said}");
    assert!(said.contains("the connection to the agent broke"), "{said}");
    pkill("-KILL", command);
    complete(&world, command);
}
