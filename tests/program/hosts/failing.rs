//! Failures of real hosts while evenkeel works: limits of the server, an old system, wrong clocks, silence, two controllers.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use super::super::world::{PROGRAM, TestWorld};
use super::{Host, hosts, hosts_with, system};

/// A step that takes as long as the test wants: a process that never becomes ready.
fn add_slow_step(world: &TestWorld, number: u32, within: u32) {
    world.add(
        "environments/system.toml",
        &format!(
            "\n[process.sleeper]\non = \"web\"\ncommand = [\"/bin/sleep\", \"{number}\"]\nready = {{ http = \"http://127.0.0.1:9/\", within = \"{within}s\" }}\n"
        ),
    );
    world.commit();
}

fn wait_for_step(host: &Host, number: u32) {
    let begun = Instant::now();
    while host.signal(&format!("sleep\u{0}{number}"), "-0") == 0 {
        assert!(begun.elapsed().as_secs() < 50);
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn one_session_is_enough_and_none_is_named() {
    let mut world = system();
    let limited = "options='-o MaxSessions=1'";
    let Some(running) = hosts_with(&mut world, &[("staging-1", limited)], "root") else {
        return;
    };
    world.expect(0, &["apply", "staging"]);
    world.expect(0, &["drift", "staging", "--live"]);
    assert_eq!(running[0].read("/srv/site/index.html"), "hello staging\n");

    let mut world = system();
    let none = "options='-o MaxSessions=0'";
    let Some(_running) = hosts_with(&mut world, &[("staging-1", none)], "root") else {
        return;
    };
    let seen = world.run(&["drift", "staging", "--live"]);
    assert_ne!(seen.code, 0);
    seen.says("the host `staging-1` takes no command")
        .says("MaxSessions");
}

/// The dynamic loader refuses a program that was linked with a newer C library.
#[test]
fn a_host_with_an_older_c_library_cannot_run_the_agent() {
    let mut world = system();
    let Some(running) = hosts(&mut world, &["staging-1"], "root") else {
        return;
    };
    let agent = world.path("hosts/agent");
    // The one that was built with the program, since the packaged one needs no C library.
    let mut bytes = fs::read(Path::new(PROGRAM).with_file_name("evenkeel-agent")).unwrap();
    let name = b"GLIBC_2.34";
    let places: Vec<usize> = bytes
        .windows(name.len())
        .enumerate()
        .filter_map(|(place, window)| (window == name).then_some(place))
        .collect();
    if places.is_empty() {
        eprintln!("SKIPPED: the agent needs no certain C library: an older one is not tested");
        return;
    }
    for place in places {
        bytes[place..place + name.len()].copy_from_slice(b"GLIBC_9.34");
    }
    fs::write(&agent, bytes).unwrap();
    let seen = world.run(&["drift", "staging", "--live"]);
    assert_ne!(seen.code, 0);
    seen.says("the host `staging-1` cannot run the agent: it needs a newer C library")
        .says("GLIBC_9.34")
        .says("EVENKEEL_AGENT");
    assert_ne!(world.run(&["apply", "staging"]).code, 0);
    assert!(!running[0].path("/srv/site").exists());
}

#[test]
fn clocks_that_are_days_off_change_nothing() {
    let library = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";
    if !Path::new(library).exists() {
        eprintln!("SKIPPED: {library} is missing: hosts with wrong clocks are not tested");
        return;
    }
    for days in ["-40d", "+40d"] {
        let mut world = system();
        let skewed = format!(
            "options='-o PermitUserEnvironment=yes'; printf 'LD_PRELOAD={library}\\nFAKETIME={days}\\n' >root/.ssh/environment"
        );
        let Some(running) = hosts_with(&mut world, &[("staging-1", &skewed)], "root") else {
            return;
        };
        world.expect(0, &["apply", "staging"]);
        world.expect(0, &["drift", "staging", "--live"]);
        let there = std::process::Command::new("ssh")
            .arg("-F")
            .arg(world.path("hosts/config"))
            .args(["staging-1", "date +%s"])
            .output()
            .unwrap();
        let there = String::from_utf8_lossy(&there.stdout).trim().parse::<i64>();
        let here = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap();
        let off = there.unwrap() - i64::try_from(here.as_secs()).unwrap();
        assert!(off.abs() > 39 * 24 * 3600, "{off}");
        fs::write(running[0].path("/srv/site/index.html"), "defaced\n").unwrap();
        world
            .expect(2, &["drift", "staging", "--live"])
            .says("file.index");
        world.expect(0, &["apply", "staging"]);
        world.expect(0, &["drift", "staging", "--live"]);
    }
}

#[test]
fn an_agent_that_freezes_in_a_step_ends_the_step_and_not_the_run() {
    let mut world = system();
    let Some(running) = hosts(&mut world, &["staging-1"], "root") else {
        return;
    };
    world.expect(0, &["apply", "staging"]);
    add_slow_step(&world, 4721, 100);
    let applying = world.start(&["apply", "staging"]);
    wait_for_step(&running[0], 4721);
    let begun = Instant::now();
    assert!(running[0].signal("/evenkeel/agent-", "-STOP") > 0);
    let output = applying.wait_with_output().unwrap();
    let took = begun.elapsed();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_ne!(output.status.code(), Some(0), "{said}");
    assert!(
        said.contains("the host `staging-1` was silent for 30 s; check the target"),
        "{said}"
    );
    assert!(took < Duration::from_secs(80), "{took:?}");
    assert!(!said.contains("1 done"), "{said}");
    // The next run observes what happened, and completes it.
    running[0].signal("/evenkeel/agent-", "-KILL");
    running[0].signal("sleep\u{0}4721", "-KILL");
    world.replace("environments/system.toml", "ready = {", "# ready = {");
    world.commit();
    world.expect(0, &["apply", "staging"]);
    world.expect(0, &["drift", "staging", "--live"]);
    assert_eq!(running[0].signal("sleep\u{0}4721", "-0"), 1);
}

#[test]
fn a_host_that_freezes_in_a_step_leaves_an_unknown_outcome_until_the_next_run() {
    let mut world = system();
    let Some(running) = hosts(&mut world, &["staging-1"], "root") else {
        return;
    };
    world.expect(0, &["apply", "staging"]);
    add_slow_step(&world, 4722, 100);
    let applying = world.start(&["apply", "staging"]);
    wait_for_step(&running[0], 4722);
    let begun = Instant::now();
    // Everything but the first process, which the namespace needs: the server of the connection and the agent.
    assert!(running[0].signal("sshd", "-STOP") > 0);
    assert!(running[0].signal("/evenkeel/agent-", "-STOP") > 0);
    let output = applying.wait_with_output().unwrap();
    let took = begun.elapsed();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(6), "{said}");
    assert!(said.contains("staging-1"), "{said}");
    assert!(took < Duration::from_secs(100), "{took:?}");
    let status = world.run(&["status"]);
    status.says("unknown");
    running[0].signal("/evenkeel/agent-", "-KILL");
    running[0].signal("sleep\u{0}4722", "-KILL");
    assert!(running[0].signal("sshd", "-CONT") > 0);
    world.replace("environments/system.toml", "ready = {", "# ready = {");
    world.commit();
    world.expect(0, &["apply", "staging"]);
    world.expect(0, &["drift", "staging", "--live"]);
}

/// A step that takes longer than a silence may last.
#[test]
fn a_long_step_is_waited_for_as_long_as_the_agent_works() {
    let mut world = system();
    let Some(running) = hosts(&mut world, &["staging-1"], "root") else {
        return;
    };
    add_slow_step(&world, 4723, 40);
    let begun = Instant::now();
    let applied = world.expect(1, &["apply", "staging"]);
    assert!(begun.elapsed() > Duration::from_secs(40));
    assert!(!applied.out.contains("silent"), "{}", applied.out);
    assert!(!applied.out.contains("broke"), "{}", applied.out);
    assert_eq!(running[0].read("/srv/site/index.html"), "hello staging\n");
}

/// Two systems, each with its ledger, which declare the same files with other contents.
#[test]
fn two_controllers_at_once_never_leave_a_mixed_state() {
    let mut one = system();
    let Some(running) = hosts(&mut one, &["staging-1"], "root") else {
        return;
    };
    let mut two = system();
    two.variables.clone_from(&one.variables);
    let own = two.path("runtime");
    fs::create_dir_all(&own).unwrap();
    let own = own.display().to_string();
    two.variables.insert("XDG_RUNTIME_DIR".to_owned(), own);
    two.replace(
        "environments/system.toml",
        "name = \"shop\"",
        "name = \"shelf\"",
    );
    for (world, word) in [(&one, "one"), (&two, "two")] {
        for number in 0..20 {
            world.add(
                "environments/system.toml",
                &format!(
                    "\n[file.shared-{number}]\non = \"web\"\npath = \"/srv/site/shared-{number}\"\ncontent = \"{}\"\n",
                    format!("{word} ").repeat(2000)
                ),
            );
        }
        world.commit();
    }
    for round in 0..3 {
        let runs = [&one, &two].map(|world| world.start(&["apply", "staging"]));
        let codes = runs.map(|run| {
            let output = run.wait_with_output().unwrap();
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            (output.status.code(), said)
        });
        for number in 0..20 {
            let text = running[0].read(&format!("/srv/site/shared-{number}"));
            let whole = ["one ", "two "].map(|word| word.repeat(2000));
            assert!(whole.contains(&text), "round {round}: a mixed file");
        }
        // Where both changed the same file, one of them must know.
        for (code, said) in &codes {
            assert!(matches!(code, Some(0 | 1 | 6)), "{code:?}: {said}");
            assert!(!said.contains("internal error"), "{said}");
        }
        let drifts = [&one, &two].map(|world| world.run(&["drift", "staging", "--live"]).code);
        // Both cannot be in sync, as they declare different contents.
        assert!(drifts.contains(&2), "{drifts:?}");
        fs::remove_file(running[0].path("/srv/site/shared-0")).unwrap();
    }
    // Two checkouts of one system: the second has another ledger, and is refused.
    let third = system();
    let mut third = third;
    third.variables.clone_from(&two.variables);
    let refused = third.run(&["apply", "staging"]);
    assert_ne!(refused.code, 0);
    refused.says("ledger");
}
