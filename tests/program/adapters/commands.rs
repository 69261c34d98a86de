//! Commands run to their end.

use std::fs;
use std::time::{Duration, Instant};

use evenkeel::world::command::{
    CommandError, CommandRun, CommandStatus, Stream, run, run_with_lines,
};
use evenkeel_host::Interruption;

/// Longer than any of these takes on the busiest machine, so only a hang exceeds it.
const HANGS: Duration = Duration::from_mins(2);

fn shell(script: &str) -> CommandRun {
    CommandRun::new(["sh", "-c", script])
}

fn never() -> Interruption {
    Interruption::default()
}

#[test]
fn status_outputs_and_input_go_where_they_belong() {
    let mut command = shell("read line; echo \"got $line\"; echo oops >&2; env >&2; exit 7");
    command.stdin = Some(b"hello\n".to_vec());
    command.environment = [
        ("ONLY".to_owned(), "this".to_owned()),
        ("PATH".to_owned(), "/usr/bin:/bin".to_owned()),
    ]
    .into();
    let outcome = run(&command, &never()).unwrap();
    assert_eq!(outcome.status, CommandStatus::Code(7));
    assert_eq!(outcome.stdout.into_bytes(), b"got hello\n");
    let stderr = String::from_utf8(outcome.stderr.into_bytes()).unwrap();
    assert!(
        stderr.starts_with("oops\n") && stderr.contains("ONLY=this") && !stderr.contains("CARGO"),
        "{stderr}"
    );
    assert_eq!(
        run(&shell("kill -9 $$"), &never()).unwrap().status,
        CommandStatus::Signal(9)
    );
}

#[test]
fn a_large_input_and_a_large_output_do_not_block_each_other() {
    let mut command = CommandRun::new(["cat"]);
    command.stdin = Some(vec![b'x'; 4 << 20]);
    let outcome = run(&command, &never()).unwrap();
    assert!(outcome.status.is_success() && outcome.stdout.is_cut());
    assert!(outcome.stdout.into_bytes().len() < (1 << 20) + 100);
    // A command that does not read its input still ends.
    let mut command = CommandRun::new(["true"]);
    command.stdin = Some(vec![b'x'; 4 << 20]);
    assert!(run(&command, &never()).unwrap().status.is_success());
}

#[test]
fn a_hanging_command_is_ended_with_its_grandchildren() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("pid");
    let mut command = shell(&format!(
        "(trap '' TERM; sleep 630) & echo $! > {}; wait",
        file.display()
    ));
    command.timeout = Duration::from_millis(300);
    let begun = Instant::now();
    let outcome = run(&command, &never()).unwrap();
    assert_eq!(outcome.status, CommandStatus::TimedOut);
    assert!(begun.elapsed() < HANGS, "{:?}", begun.elapsed());
    let pid = fs::read_to_string(&file).unwrap();
    // A killed process exists for a moment until it is reaped.
    let alive = || {
        fs::read_to_string(format!("/proc/{}/stat", pid.trim()))
            .is_ok_and(|stat| !stat.contains(") Z "))
    };
    while alive() {
        assert!(begun.elapsed() < HANGS);
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_stubborn_command_is_killed_and_an_interruption_ends_any() {
    let mut command = shell("trap '' TERM; while :; do sleep 0.1; done");
    command.timeout = Duration::from_millis(100);
    assert_eq!(
        run(&command, &never()).unwrap().status,
        CommandStatus::TimedOut
    );
    let interruption = Interruption::default();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(100));
            interruption.interrupt();
        });
        let outcome = run(&shell("sleep 640"), &interruption).unwrap();
        assert_eq!(outcome.status, CommandStatus::Interrupted);
        assert!(outcome.seconds < HANGS.as_secs_f64());
    });
}

#[test]
fn an_open_pipe_does_not_block() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("pid");
    let begun = Instant::now();
    let keeps = format!(
        "setsid sh -c 'echo $$ > {0}.new; mv {0}.new {0}; exec sleep 600' & while [ ! -e {0} ]; do sleep 0.01; done; echo done",
        file.display()
    );
    let outcome = run(&shell(&keeps), &never()).unwrap();
    assert!(outcome.status.is_success());
    assert_eq!(outcome.stdout.into_bytes(), b"done\n");
    assert!(begun.elapsed() < HANGS);
    let number = fs::read_to_string(&file).unwrap().trim().parse().unwrap();
    let number = rustix::process::Pid::from_raw(number).unwrap();
    rustix::process::kill_process(number, rustix::process::Signal::KILL).unwrap();
}

#[test]
fn lines_are_delivered_while_it_runs() {
    let home = tempfile::tempdir().unwrap();
    let heard = home.path().join("heard");
    let mut lines = Vec::new();
    // It continues only after its first line was received.
    let talks = format!(
        "echo one; while [ ! -e {} ]; do sleep 0.01; done; echo two >&2; sleep 0.2; printf three",
        heard.display()
    );
    let outcome = run_with_lines(&shell(&talks), &never(), &mut |stream, line| {
        fs::write(&heard, "").unwrap();
        lines.push((stream, line.to_owned()));
    });
    assert!(outcome.unwrap().status.is_success());
    let words: Vec<_> = lines
        .iter()
        .map(|(stream, line)| (*stream, line.as_str()))
        .collect();
    assert_eq!(
        words,
        [
            (Stream::Output, "one"),
            (Stream::Error, "two"),
            (Stream::Output, "three")
        ]
    );
}

#[test]
fn commands_that_cannot_run_are_reported() {
    let error = |command: &CommandRun| run(command, &never()).unwrap_err();
    assert!(matches!(
        error(&CommandRun::new(["no-such-program"])),
        CommandError::NotFound { .. }
    ));
    assert!(matches!(
        error(&CommandRun::new(["/etc/passwd"])),
        CommandError::NotExecutable { .. }
    ));
    assert!(matches!(
        error(&CommandRun::new(Vec::<String>::new())),
        CommandError::Empty
    ));
    let mut command = CommandRun::new(["true"]);
    command.directory = Some("/no/such/place".into());
    assert!(matches!(error(&command), CommandError::NoDirectory { .. }));
}

#[test]
fn debug_output_contains_no_secret() {
    let mut command = shell("echo hunter2");
    command
        .environment
        .insert("PASSWORD".into(), "hunter3".into());
    command.stdin = Some(b"hunter3".to_vec());
    assert!(!format!("{command:?}").contains("hunter3"));
    assert!(!format!("{:?}", run(&command, &never()).unwrap()).contains("hunter2"));
}
