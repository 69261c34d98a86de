//! Failures of commands, as small programs in Python without a shell.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Rendering, path, shown};
use crate::world::redaction::Redactor;
use evenkeel_core::documents::Unreadable;
use evenkeel_document::codes;
use evenkeel_host::Interruption;

const ENOUGH: Duration = Duration::from_mins(1);

fn rendering() -> (tempfile::TempDir, Rendering) {
    let home = tempfile::tempdir().unwrap();
    let variables = std::env::vars().chain([("PASSWORD".into(), "hunter2!".into())]);
    let rendering = Rendering {
        directory: home.path().to_owned(),
        environment: variables.collect::<BTreeMap<_, _>>(),
        interruption: Interruption::default(),
        redactor: Redactor::new(["hunter2!"].into_iter()),
        is_allowed: true,
    };
    (home, rendering)
}

fn python(script: &str) -> Vec<String> {
    ["python3", "-c", script].map(str::to_owned).into()
}

fn refused(script: &str, within: Duration) -> Unreadable {
    let (_home, rendering) = rendering();
    rendering.render(&python(script), within).unwrap_err()
}

#[test]
fn the_output_of_a_command_is_the_document() {
    let (home, rendering) = rendering();
    std::fs::write(home.path().join("base.yaml"), "a: 1\n").unwrap();
    let script = "import sys; print(open('base.yaml').read() + sys.stdin.read(), end='')";
    assert_eq!(rendering.render(&python(script), ENOUGH).unwrap(), "a: 1\n");
}

#[test]
fn a_failed_command_is_reported_with_its_last_lines_without_its_output() {
    let script = "import os, sys
print('the document')
for line in range(99): print(f'line {line}', file=sys.stderr)
print('\\033[31mlogin with ' + os.environ['PASSWORD'] + ' failed', file=sys.stderr)
sys.exit(3)";
    let complaint = refused(script, ENOUGH);
    assert_eq!(complaint.code, &codes::UNREADABLE);
    assert!(
        complaint.message.ends_with("it ended with status 3"),
        "{}",
        complaint.message
    );
    let help = complaint.help.unwrap();
    assert!(help.starts_with("line 90\n"), "{help}");
    assert!(help.ends_with("login with (secret) failed"), "{help}");
    assert!(
        !help.contains('\u{1b}') && !help.contains("the document"),
        "{help}"
    );
}

#[test]
fn a_hanging_command_is_ended_at_its_time_limit() {
    let complaint = refused("import time; time.sleep(600)", Duration::from_millis(50));
    assert!(
        complaint.message.contains("did not end in time"),
        "{}",
        complaint.message
    );
}

#[test]
fn a_command_that_ignores_the_end_is_killed_with_its_children() {
    let script = "import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0: open('child', 'w').write(str(os.getpid()))
time.sleep(600)";
    let (home, rendering) = rendering();
    let interruption = rendering.interruption.clone();
    let child = std::thread::scope(|scope| {
        let command = scope.spawn(|| rendering.render(&python(script), ENOUGH).unwrap_err());
        let child = loop {
            match std::fs::read_to_string(home.path().join("child")) {
                Ok(child) if !child.is_empty() => break child,
                _ => std::thread::sleep(Duration::from_millis(5)),
            }
        };
        interruption.interrupt();
        command.join().unwrap();
        child
    });
    // A killed process exists for a moment until it is reaped.
    while std::fs::read_to_string(format!("/proc/{child}/stat"))
        .is_ok_and(|stat| !stat.contains(") Z "))
    {
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_command_that_prints_without_end_is_ended() {
    let script = "import sys
while True: sys.stdout.write('a' * 1000000)";
    let complaint = refused(script, Duration::from_mins(10));
    assert_eq!(complaint.code, &codes::TOO_LARGE);
    assert!(
        complaint.message.contains("more than 64 MiB"),
        "{}",
        complaint.message
    );
}

#[test]
fn endless_messages_of_a_command_are_bounded() {
    let script = "import sys
sys.stderr.write(('hunter2!' * 1000 + '\\n') * 100)
sys.exit(1)";
    let complaint = refused(script, ENOUGH);
    let help = complaint.help.unwrap();
    assert!(help.len() < 10_000 && !help.contains("hunter2!"), "{help}");
}

#[test]
fn a_missing_program_and_empty_or_binary_output_are_reported() {
    let (_home, rendering) = rendering();
    let reported = |command: &[&str]| {
        let command: Vec<String> = command.iter().map(|&word| word.to_owned()).collect();
        rendering.render(&command, ENOUGH).unwrap_err()
    };
    assert!(
        reported(&["no-such-program"])
            .message
            .contains("not found: install it")
    );
    assert!(reported(&[]).message.contains("there is no command"));
    assert!(reported(&["true"]).message.contains("empty output"));
    let binary = reported(&[
        "python3",
        "-c",
        "import sys; sys.stdout.buffer.write(b'a\\0\\xff')",
    ]);
    assert_eq!(binary.code, &codes::NOT_TEXT);
}

#[test]
fn an_interruption_ends_it() {
    let (_home, rendering) = rendering();
    rendering.interruption.interrupt();
    let complaint = rendering
        .render(&python("import time; time.sleep(600)"), ENOUGH)
        .unwrap_err();
    assert!(
        complaint.message.contains("interrupted"),
        "{}",
        complaint.message
    );
}

#[test]
fn a_command_is_displayed_on_one_line_with_unusual_words_quoted() {
    let words = |words: &[&str]| -> Vec<String> { words.iter().map(|&word| word.into()).collect() };
    assert_eq!(
        path(&words(&["kustomize", "build", "overlays/staging"])),
        "render: kustomize build overlays/staging"
    );
    assert_eq!(
        shown(&words(&["a", "b c", "", "d\n\u{1b}"])),
        r#"a "b c" "" "d\n\\u{1b}""#
    );
    assert!(shown(&words(&["x"; 500])).ends_with('…'));
}
