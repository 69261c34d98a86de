//! Started processes and created files inherit nothing from evenkeel's caller.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use super::world::{SYSTEM, TestWorld};

/// Runs evenkeel from a shell that does something first.
fn after(world: &TestWorld, first: &str, arguments: &str) -> String {
    let mut command = Command::new("bash");
    let program = env!("CARGO_BIN_EXE_evenkeel");
    command.args(["-c", &format!("{first}; exec \"{program}\" {arguments}")]);
    world.surround(&mut command);
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let said = said + &String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    said
}

/// Returns the process of `process.app` in staging.
fn process(world: &TestWorld) -> String {
    let record = world.read(".evenkeel/targets/staging/web/app.process.json");
    let record: serde_json::Value = serde_json::from_str(&record).unwrap();
    record["pid"].to_string()
}

#[test]
fn a_process_inherits_only_documented_things() {
    let world = TestWorld::with(&format!(
        "{SYSTEM}\n[process.app]\non = \"web\"\ncommand = [\"sleep\", \"600\"]\nenvironment = {{ GIVEN = \"yes\" }}\n"
    ));
    let first = "exec 7>lock 9</dev/null; umask 077; trap '' HUP INT USR1; export STRAY=yes; cd environments";
    after(&world, first, "apply staging");
    let process = process(&world);
    let about = |what: &str| format!("/proc/{process}/{what}");
    let mut open: Vec<String> = fs::read_dir(about("fd"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    open.sort();
    assert_eq!(open, ["0", "1", "2"]);
    let status = fs::read_to_string(about("status")).unwrap();
    let field = |name: &str| {
        let found = status.lines().find_map(|line| line.strip_prefix(name));
        found.unwrap().trim().to_owned()
    };
    // The C library changes signals 32 and 33 for its own use.
    const OWN: u64 = 0b11 << 31;
    for name in ["SigIgn:", "SigBlk:", "SigCgt:"] {
        let mask = u64::from_str_radix(&field(name), 16).unwrap();
        assert_eq!(mask & !OWN, 0, "{name}");
    }
    assert_eq!(field("Umask:"), "0022");
    let variables = fs::read(about("environ")).unwrap();
    let names: Vec<&str> = std::str::from_utf8(&variables)
        .unwrap()
        .split_terminator('\0')
        .map(|variable| variable.split('=').next().unwrap())
        .collect();
    let allowed = ["PATH", "HOME", "LANG", "TZ", "GIVEN"];
    assert!(names.iter().all(|name| allowed.contains(name)), "{names:?}");
    assert_eq!(fs::read_link(about("cwd")).unwrap().to_str(), Some("/"));
    // No terminal: the seventh field after the name.
    let stat = fs::read_to_string(about("stat")).unwrap();
    let terminal = stat.rsplit(") ").next().unwrap().split(' ').nth(4);
    assert_eq!(terminal, Some("0"));
    // The lock is free while the process runs.
    let lock = world.path("lock");
    let free = Command::new("flock")
        .arg("-n")
        .arg(lock)
        .arg("true")
        .status();
    assert!(free.unwrap().success());
    let number = process
        .parse()
        .ok()
        .and_then(rustix::process::Pid::from_raw);
    rustix::process::kill_process(number.unwrap(), rustix::process::Signal::KILL).unwrap();
}

#[test]
fn parent_directories_have_their_mode_whatever_the_umask() {
    let world = TestWorld::with(&format!(
        "{SYSTEM}\n[directory.deep]\non = \"web\"\npath = \"${{root}}/x/y/z\"\nmode = \"0700\"\n"
    ));
    after(&world, "umask 077", "apply staging");
    let mode = |name: &str| {
        let metadata = fs::metadata(world.path(name)).unwrap();
        metadata.permissions().mode() & 0o7777
    };
    for name in ["run", "run/staging", "run/staging/x", "run/staging/x/y"] {
        assert_eq!(mode(name), 0o755, "{name}");
    }
    assert_eq!(mode("run/staging/x/y/z"), 0o700);
    assert_eq!(mode("run/staging/config.toml"), 0o640);
}

#[test]
fn programs_of_suites_inherit_no_descriptor() {
    let world = TestWorld::with(&format!(
        "{SYSTEM}\n[suite.look]\nkind = \"smoke\"\nrun = [\"sh\", \"-c\", \"test ! -e /proc/$$/fd/7\"]\n"
    ));
    world.expect(0, &["apply", "staging"]);
    after(&world, "exec 7>lock", "verify staging");
}
