//! Measures evenkeel with hosts over SSH, beside pyinfra and Ansible on the same host in the same run.
//!
//! `tests/live/fleet` and `tests/live/engine` start the hosts on this machine, so their work shares its processors with
//! evenkeel. Nothing is asserted: the table shows the results beside their targets. Needs root.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    reason = "a measurement prints, and stops at the first failure"
)]

use std::fs;
use std::path::{Path, PathBuf};

#[path = "../measure/mod.rs"]
mod measure;

mod hosts;
mod peers;
mod project;

use hosts::{Fleet, Systemd};
use measure::{Took, evenkeel, median, run_with};
use project::Project;

const USAGE: &str = "benches/run fleet [--only files,packages,hosts,simulated,systemd,services] [--files 1000] [--hosts 200] \
[--simulated 1000] [--systemd 50] [--peers pyinfra,ansible]\n\nPeers take about ten minutes with 1,000 files; --peers '' leaves them out.";

/// The sizes that the targets are stated for.
struct Sizes {
    files: usize,
    hosts: usize,
    simulated: usize,
    systemd: usize,
}

fn main() {
    let mut sizes = Sizes {
        files: 1_000,
        hosts: 200,
        simulated: 1_000,
        systemd: 50,
    };
    let mut only = "files,packages,hosts,simulated,systemd,services".to_owned();
    let mut peers = "pyinfra,ansible".to_owned();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().unwrap_or_default();
        let mut number = || value().parse().unwrap();
        match argument.as_str() {
            "--files" => sizes.files = number(),
            "--hosts" => sizes.hosts = number(),
            "--simulated" => sizes.simulated = number(),
            "--systemd" => sizes.systemd = number(),
            "--only" => only = value(),
            "--peers" => peers = value(),
            // Cargo passes this argument to benchmarks.
            "--bench" => {}
            _ => {
                println!("{USAGE}");
                return;
            }
        }
    }
    let scratch = std::env::temp_dir().join(format!("evenkeel-fleet-{}", std::process::id()));
    fs::create_dir_all(&scratch).unwrap();
    println!("{:<46} {:>9} {:>9}", "", "seconds", "MB");
    for part in only.split(',') {
        let directory = scratch.join(part);
        fs::create_dir_all(&directory).unwrap();
        match part {
            "files" => files(&directory, sizes.files, &peers),
            "packages" => packages(&directory),
            "hosts" => many(&directory, sizes.hosts),
            "simulated" => simulated(&directory, sizes.simulated),
            "systemd" => systemd(&directory, sizes.systemd),
            "services" => services(&directory),
            _ => println!("{USAGE}"),
        }
    }
    let _ = fs::remove_dir_all(&scratch);
}

/// The agent that is sent: as packaged, or else the one beside the program.
fn agent() -> PathBuf {
    let packaged = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/packaging/evenkeel-agent");
    if packaged.exists() {
        packaged
    } else {
        evenkeel().with_file_name("evenkeel-agent")
    }
}

/// Runs evenkeel in a project. The connections are kept open in a directory. It may find drift with `codes`.
fn ours_with(
    project: &Project,
    connections: &Path,
    arguments: &[&str],
    codes: &[i32],
) -> Option<Took> {
    fs::create_dir_all(connections).unwrap();
    let agent = agent();
    run_with(
        &project.root,
        &evenkeel(),
        arguments,
        codes,
        &[
            ("EVENKEEL_SSH_CONFIG", project.config.to_str().unwrap()),
            ("EVENKEEL_AGENT", agent.to_str().unwrap()),
            ("XDG_RUNTIME_DIR", connections.to_str().unwrap()),
        ],
    )
}

/// The same, where nothing may be found.
fn ours(project: &Project, connections: &Path, arguments: &[&str]) -> Option<Took> {
    ours_with(project, connections, arguments, &[0])
}

/// The same three times after the first one, each over new connections. They end after each run.
fn cold(project: &Project, directory: &Path, arguments: &[&str]) -> Option<Took> {
    let runs = (0..4).filter_map(|_| {
        let took = ours(project, directory, arguments);
        hosts::end(directory);
        took
    });
    let again = runs.skip(1).collect();
    hosts::close(directory);
    median(again)
}

/// The same over connections that are open.
fn warm(project: &Project, connections: &Path, arguments: &[&str]) -> Option<Took> {
    ours(project, connections, arguments)?;
    median(
        (0..5)
            .filter_map(|_| ours(project, connections, arguments))
            .collect(),
    )
}

const DRIFT: [&str; 3] = ["drift", "staging", "--live"];

/// Prints a figure beside its target in seconds.
fn judged(what: &str, took: Option<Took>, target: Option<f64>) {
    match (took, target) {
        (Some(took), Some(target)) => println!(
            "{what:<46} {:>9.3} {:>9.1}  {} under {target} s",
            took.seconds,
            took.megabytes,
            if took.seconds < target { "✔" } else { "✘" }
        ),
        (Some(took), None) => {
            println!("{what:<46} {:>9.3} {:>9.1}", took.seconds, took.megabytes);
        }
        (None, _) => println!("{what:<46} failed"),
    }
}

fn ratio(what: &str, ours: Option<Took>, theirs: Option<Took>, wanted: f64) {
    if let (Some(ours), Some(theirs)) = (ours, theirs) {
        let ratio = theirs.seconds / ours.seconds;
        println!(
            "{:<46} {:>18.0}×  {} at least {wanted:.0}×",
            format!("  {what}"),
            ratio,
            if ratio >= wanted { "✔" } else { "✘" }
        );
    }
}

/// Many files on one host, beside peers.
fn files(directory: &Path, size: usize, peers: &str) {
    // Each run of these needs a host that has nothing yet.
    let fleet = Fleet::up(&directory.join("fleet"), 6);
    let connections = directory.join("connections");
    let mut creating = Vec::new();
    let mut first = Vec::new();
    let mut last = None;
    for number in 1..=3 {
        let project = Project::new(directory, &fleet, &[number])
            .files(size)
            .write();
        // The first check of a new host: the login, the agent and the questions.
        first.extend(ours(&project, &connections, &["plan", "staging"]));
        creating.extend(ours(&project, &connections, &["apply", "staging"]));
        last = Some(project);
    }
    let project = last.unwrap();
    judged(
        &format!("first check of a new host, {size} files"),
        median(first),
        Some(1.0),
    );
    let create = median(creating);
    judged(&format!("evenkeel: create {size} files"), create, None);
    let again = warm(&project, &connections, &["apply", "staging"]);
    judged(
        &format!("evenkeel: apply {size}, nothing to do"),
        again,
        None,
    );
    let drift = warm(&project, &connections, &DRIFT);
    judged(
        &format!("evenkeel: drift {size}, nothing found"),
        drift,
        None,
    );
    let drift = cold(&project, &directory.join("cold"), &DRIFT);
    judged(
        &format!("evenkeel: drift {size}, new connection"),
        drift,
        None,
    );
    if peers.contains("pyinfra") {
        match peers::pyinfra(directory, &fleet, 5, size) {
            Some((theirs, checked)) => {
                judged(&format!("pyinfra: create {size} files"), theirs, None);
                ratio("create", create, theirs, 200.0);
                judged(
                    &format!("pyinfra: again {size}, nothing to do"),
                    checked,
                    None,
                );
                ratio("nothing to do", again, checked, 500.0);
            }
            None => println!("{:<46} missing: not installed", "pyinfra"),
        }
    }
    if peers.contains("ansible") {
        match peers::ansible(directory, &fleet, 6, size) {
            Some((theirs, checked)) => {
                judged(&format!("Ansible: create {size} files"), theirs, None);
                ratio("create", create, theirs, 200.0);
                judged(
                    &format!("Ansible: --check {size}, nothing to do"),
                    checked,
                    None,
                );
                ratio("nothing to do", again, checked, 1_000.0);
            }
            None => println!("{:<46} missing: not installed", "Ansible"),
        }
    }
    hosts::close(&connections);
}

/// Packages that are installed on this machine, whose root the host has.
fn packages(directory: &Path) {
    let Some(installed) = hosts::installed() else {
        println!("{:<46} missing: dpkg-query", "packages");
        return;
    };
    let fleet = Fleet::up(&directory.join("fleet"), 1);
    let connections = directory.join("connections");
    let mut last = None;
    let mut time = |count: usize| {
        let project = Project::new(directory, &fleet, &[1])
            .replacing(last.as_ref())
            .packages(installed.iter().take(count).map(String::as_str))
            .write();
        ours(&project, &connections, &["apply", "staging"])?;
        let took = warm(&project, &connections, &DRIFT);
        last = Some(project);
        took
    };
    let one = time(1);
    let many = time(300);
    judged("drift of 1 package", one, None);
    judged(
        &format!("drift of 300 packages of {}", installed.len()),
        many,
        None,
    );
    if let (Some(one), Some(many)) = (one, many) {
        let more = many.seconds - one.seconds;
        println!(
            "{:<46} {more:>9.3}  {} under 0.05 s",
            "  the difference",
            if more < 0.05 { "✔" } else { "✘" }
        );
    }
    hosts::close(&connections);
}

/// Hosts with their own networks and roots.
fn many(directory: &Path, count: usize) {
    let fleet = Fleet::up(&directory.join("fleet"), count);
    let connections = directory.join("connections");
    let mut last = None;
    for part in [count / 4, count / 2, count] {
        let project = Project::new(directory, &fleet, &(1..=part).collect::<Vec<_>>())
            .replacing(last.as_ref())
            .files(200)
            .write();
        judged(
            &format!("create 200 files on {part} hosts"),
            ours(&project, &connections, &["apply", "staging"]),
            None,
        );
        hosts::close(&connections);
        judged(
            &format!("drift of {part} hosts × 200, new connections"),
            cold(&project, &directory.join(format!("cold-{part}")), &DRIFT),
            (part == count).then_some(12.0),
        );
        judged(
            &format!("drift of {part} hosts × 200, open connections"),
            warm(&project, &connections, &DRIFT),
            None,
        );
        hosts::close(&connections);
        let project = project.with_x25519();
        judged(
            "the same with X25519 alone, new connections",
            cold(&project, &directory.join(format!("x25519-{part}")), &DRIFT),
            None,
        );
        last = Some(project);
    }
}

/// Servers of OpenSSH that share a root and a network: the controller's work is that with as many hosts.
fn simulated(directory: &Path, count: usize) {
    let fleet = Fleet::simulate(&directory.join("fleet"), count);
    let connections = directory.join("connections");
    let project = Project::new(directory, &fleet, &(1..=count).collect::<Vec<_>>())
        .files(1)
        .write();
    judged(
        &format!("simulation: drift of {count} hosts, cold"),
        ours_with(&project, &connections, &DRIFT, &[0, 2]),
        None,
    );
    judged(
        &format!("simulation: drift of {count} hosts, warm"),
        median(
            (0..3)
                .filter_map(|_| ours_with(&project, &connections, &DRIFT, &[0, 2]))
                .collect(),
        ),
        Some(3.0),
    );
    hosts::close(&connections);
}

/// Hosts that systemd started.
fn systemd(directory: &Path, count: usize) {
    let Some(fleet) = Systemd::up(directory, count) else {
        println!("{:<46} missing: Docker Engine", "hosts with systemd");
        return;
    };
    let connections = directory.join("connections");
    let project = Project::new(directory, &fleet, &(1..=count).collect::<Vec<_>>())
        .files(199)
        .services(1)
        .write();
    judged(
        &format!("systemd: create 200 on {count} hosts"),
        ours(&project, &connections, &["apply", "staging"]),
        None,
    );
    hosts::close(&connections);
    judged(
        &format!("systemd: drift of {count} hosts × 200, cold"),
        cold(&project, &directory.join("cold"), &DRIFT),
        Some(5.0),
    );
    judged(
        &format!("systemd: drift of {count} hosts × 200, warm"),
        warm(&project, &connections, &DRIFT),
        Some(0.5),
    );
    hosts::close(&connections);
    let project = project.with_x25519();
    judged(
        "the same with X25519 alone, cold",
        cold(&project, &directory.join("x25519"), &DRIFT),
        None,
    );
}

/// Many services on one host.
fn services(directory: &Path) {
    let Some(fleet) = Systemd::up(directory, 1) else {
        println!("{:<46} missing: Docker Engine", "services");
        return;
    };
    let connections = directory.join("connections");
    let project = Project::new(directory, &fleet, &[1]).services(200).write();
    judged(
        "create 200 services",
        ours(&project, &connections, &["apply", "staging"]),
        None,
    );
    judged(
        "drift of 200 services and their units",
        warm(&project, &connections, &DRIFT),
        Some(0.7),
    );
    hosts::close(&connections);
}
