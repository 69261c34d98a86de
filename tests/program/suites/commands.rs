//! Commands: exit codes, environment, time, groups, output, secrets.

use std::time::{Duration, Instant};

use evenkeel::suite::Outcome;
use evenkeel_core::environment::suite::SuiteText;

use crate::suites::world::{HANGS, only, run, run_for, running, script, secret};

#[test]
fn an_exit_code_is_the_case() {
    let home = tempfile::tempdir().unwrap();
    let result = run(&running(script(home.path(), "exit 0")));
    assert_eq!(only(&result), (Outcome::Passed, ""));
    let result = run(&running(script(
        home.path(),
        "echo fine; echo no store >&2; exit 3",
    )));
    let expected = "expected exit code 0, found 3; its last line was `no store`";
    assert_eq!(only(&result), (Outcome::Failed, expected));
    let output: serde_json::Value = serde_json::from_str(&result.output).unwrap();
    assert_eq!(
        (&output["stdout"], &output["stderr"]),
        (&"fine\n".into(), &"no store\n".into())
    );
    let result = run(&running(script(home.path(), "kill -KILL $$")));
    assert_eq!(only(&result).1, "expected exit code 0, ended by signal 9");
}

#[test]
fn a_missing_program_is_an_error() {
    let home = tempfile::tempdir().unwrap();
    let mut missing = script(home.path(), "");
    missing.command = vec!["/nowhere/at-all".into()];
    let mut empty = script(home.path(), "");
    empty.command = Vec::new();
    let mut nowhere = script(home.path(), "");
    nowhere.directory = home.path().join("missing");
    let mut name = script(home.path(), "");
    name.environment
        .insert("A=B".into(), SuiteText::Plain("c".into()));
    for check in [missing, empty, nowhere, name] {
        let result = run(&running(check));
        let (outcome, message) = only(&result);
        assert_eq!(outcome, Outcome::Error);
        assert!(message.starts_with("it could not be run: "), "{message}");
    }
}

#[test]
fn the_environment_is_exact() {
    let home = tempfile::tempdir().unwrap();
    let mut check = script(home.path(), "env; pwd");
    check.environment.insert(
        "TARGET_URL".into(),
        SuiteText::Plain("http://127.0.0.1".into()),
    );
    let result = run(&running(check));
    let output: serde_json::Value = serde_json::from_str(&result.output).unwrap();
    let text = output["stdout"].as_str().unwrap();
    assert!(text.contains("TARGET_URL=http://127.0.0.1\n"), "{text}");
    for line in text.lines().filter(|line| line.contains('=')) {
        let name = line.split('=').next().unwrap();
        // The last three are the interpreter's own.
        let known = [
            "TARGET_URL",
            "PATH",
            "HOME",
            "LANG",
            "TZ",
            "TMPDIR",
            "PWD",
            "OLDPWD",
            "_",
        ];
        assert!(known.contains(&name), "{line}");
    }
    let here = home.path().canonicalize().unwrap();
    assert!(text.ends_with(&format!("{}\n", here.display())), "{text}");
}

/// Whether a process whose number is in a file still runs.
fn lives(path: &std::path::Path) -> bool {
    let number = std::fs::read_to_string(path).unwrap();
    let status = std::fs::read_to_string(format!("/proc/{}/stat", number.trim()));
    status.is_ok_and(|status| !status.contains(") Z "))
}

/// Waits for its end: a killed process exists for a moment until it is reaped.
fn gone(path: &std::path::Path) {
    let begun = Instant::now();
    while lives(path) {
        assert!(begun.elapsed() < HANGS, "{} still runs", path.display());
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_command_that_hangs_is_killed_with_all_its_group() {
    let home = tempfile::tempdir().unwrap();
    // It, its child and its grandchild ignore requests to stop and hold the pipes.
    let mut check = script(
        home.path(),
        "trap '' TERM; (sleep 600 & echo $! > grandchild; sleep 600) & echo $! > child; echo begun; sleep 600; sleep 600",
    );
    check.within = Duration::from_millis(500);
    let begun = Instant::now();
    let result = run(&running(check));
    assert!(begun.elapsed() < HANGS, "{:?}", begun.elapsed());
    let expected = "still running after 500 ms: killed; its last line was `begun`";
    assert_eq!(only(&result), (Outcome::Failed, expected));
    gone(&home.path().join("child"));
    gone(&home.path().join("grandchild"));
}

#[test]
fn leftover_processes_of_a_command_neither_block_nor_stay() {
    let home = tempfile::tempdir().unwrap();
    let check = script(home.path(), "sleep 600 & echo $! > child; echo done");
    let begun = Instant::now();
    let result = run(&running(check));
    assert!(begun.elapsed() < HANGS, "{:?}", begun.elapsed());
    assert!(result.passed && result.output.contains("done"));
    gone(&home.path().join("child"));
}

#[test]
fn a_descendant_outside_the_group_does_not_block() {
    let home = tempfile::tempdir().unwrap();
    let check = script(
        home.path(),
        "setsid sh -c 'echo $$ > new; mv new outside; exec sleep 600' & while [ ! -e outside ]; do sleep 0.01; done; echo done",
    );
    let begun = Instant::now();
    assert!(run(&running(check)).passed);
    assert!(begun.elapsed() < HANGS, "{:?}", begun.elapsed());
    let number = std::fs::read_to_string(home.path().join("outside")).unwrap();
    let number = rustix::process::Pid::from_raw(number.trim().parse().unwrap()).unwrap();
    rustix::process::kill_process(number, rustix::process::Signal::KILL).unwrap();
}

#[test]
fn an_interruption_kills_a_command() {
    let home = tempfile::tempdir().unwrap();
    let begun = Instant::now();
    let result = run_for(
        &running(script(home.path(), "sleep 600")),
        Duration::from_millis(200),
    );
    assert!(begun.elapsed() < HANGS, "{:?}", begun.elapsed());
    assert!(result.interrupted);
    assert_eq!(only(&result), (Outcome::Error, "interrupted: killed"));
}

#[test]
fn endless_output_is_bounded_and_harmless() {
    let home = tempfile::tempdir().unwrap();
    let check = script(
        home.path(),
        "printf 'first\\033[31m\\n'; head -c 20000000 /dev/zero | tr '\\0' x; printf '\\nlast\\377\\n'",
    );
    let result = run(&running(check));
    assert!(
        result.passed && result.output.len() < 300 * 1024,
        "{}",
        result.output.len()
    );
    let output: serde_json::Value = serde_json::from_str(&result.output).unwrap();
    let text = output["stdout"].as_str().unwrap();
    assert!(text.starts_with("first\\u{1b}[31m\n") && text.ends_with("\nlast\u{fffd}\n"));
    assert!(text.contains("bytes left out"));
}

#[test]
fn secrets_are_in_no_part_of_the_result() {
    let home = tempfile::tempdir().unwrap();
    let password = "correct-h0rse/battery+staple";
    let mut check = script(
        home.path(),
        r#"echo "raw $PASSWORD"; echo "raw $PASSWORD" >&2
        printf %s "$PASSWORD" | base64; printf %s "user:$PASSWORD" | base64
        printf %s "$PASSWORD" | od -An -tx1 | tr -d ' \n'; echo
        printf %s "$PASSWORD" | sed 's,/,%2F,g;s,+,%2B,g'; echo
        printf %s "$PASSWORD" | sed 's,/,\\/,g'; echo
        echo "<testsuite><testcase name='$PASSWORD'><failure message='$PASSWORD'>$PASSWORD</failure></testcase></testsuite>" > r.xml
        echo "the end: $PASSWORD" >&2; exit 1"#,
    );
    check.command.push(password.into());
    check
        .environment
        .insert("PASSWORD".into(), secret(password));
    check.junit = Some(home.path().join("*.xml").display().to_string());
    let result = run(&running(check));
    let everything = format!("{result:?} {}", serde_json::to_string(&result).unwrap());
    for trace in [
        "correct",
        "horse",
        "h0rse",
        "battery",
        "staple",
        "Y29ycmVjdC1",
        "636f7272656374",
    ] {
        assert!(!everything.contains(trace), "{trace}: {everything}");
    }
    assert!(everything.matches("(secret)").count() >= 10, "{everything}");
}
