//! Shared parts of the measurements: a project to measure, and a command that runs as a whole process with its time and
//! memory.
//!
//! Memory is the largest resident set, as reported by the kernel.

#![allow(dead_code, reason = "each table uses a part of it")]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// The interval between samples of a running process: long enough that sampling costs nothing measurable.
const WATCHING: Duration = Duration::from_millis(4);

/// The time and memory of a finished process.
#[derive(Clone, Copy)]
pub(crate) struct Took {
    pub(crate) seconds: f64,
    pub(crate) megabytes: f64,
}

pub(crate) fn numbers(list: &str) -> Vec<usize> {
    list.split(',')
        .filter_map(|number| number.parse().ok())
        .collect()
}

pub(crate) fn evenkeel() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("target"),
        PathBuf::from,
    );
    target.join(profile()).join("evenkeel")
}

/// Returns the folder of the measured profile.
pub(crate) fn profile() -> String {
    std::env::var("EVENKEEL_PROFILE").unwrap_or_else(|_| "release".to_owned())
}

/// Creates a project with a number of files in one directory, in both of its environments.
pub(crate) fn project(size: usize, scratch: &Path) -> PathBuf {
    let root = scratch.join(format!(
        "evenkeel-{size}-{}",
        fs::read_dir(scratch).unwrap().count()
    ));
    let folder = root.join("environments");
    fs::create_dir_all(&folder).unwrap();
    let mut system = "[system]\nname = \"bench\"\npath = [\"staging\", \"production\"]\n[parameter.root]\nvaries = \"identity\"\n\
[target.web]\n[directory.all]\non = \"web\"\npath = \"${root}\"\n[release]\nrequire = []\n"
        .to_owned();
    for number in 0..size {
        let _ = write!(
            system,
            "[file.f{number:05}]\non = \"web\"\npath = \"${{directory.all.path}}/f{number:05}\"\ncontent = \"thing {number} of ${{environment}}\\n\"\nmode = \"0640\"\n"
        );
    }
    fs::write(folder.join("system.toml"), system).unwrap();
    for name in ["staging", "production"] {
        let text = format!(
            "[environment]\nname = \"{name}\"\n[values]\nroot = \"run/{name}\"\n[target.web]\nlocal = true\n"
        );
        fs::write(folder.join(format!("{name}.toml")), text).unwrap();
    }
    root
}

/// Runs a command to its end; `None` when it does not exit with one of these codes.
pub(crate) fn run(
    directory: &Path,
    program: &Path,
    arguments: &[&str],
    codes: &[i32],
) -> Option<Took> {
    run_with(directory, program, arguments, codes, &[])
}

/// The same, with variables of the environment.
pub(crate) fn run_with(
    directory: &Path,
    program: &Path,
    arguments: &[&str],
    codes: &[i32],
    variables: &[(&str, &str)],
) -> Option<Took> {
    let started = Instant::now();
    let mut child = Command::new(program)
        .args(arguments)
        .envs(variables.iter().copied())
        .current_dir(directory)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let process = child.id();
    let ended = AtomicBool::new(false);
    let (status, seconds, megabytes) = std::thread::scope(|scope| {
        let watching = scope.spawn(|| {
            let mut peak = 0.0_f64;
            while !ended.load(Ordering::Relaxed) {
                // The kernel keeps the largest resident set of a process while it runs.
                peak = resident(process).map_or(peak, |size| peak.max(size));
                std::thread::sleep(WATCHING);
            }
            peak
        });
        let status = child.wait();
        let seconds = started.elapsed().as_secs_f64();
        ended.store(true, Ordering::Relaxed);
        (status, seconds, watching.join().unwrap_or(0.0))
    });
    codes
        .contains(&status.ok()?.code()?)
        .then_some(Took { seconds, megabytes })
}

fn resident(process: u32) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<f64>().ok()? / 1024.0)
}

pub(crate) fn median(mut runs: Vec<Took>) -> Option<Took> {
    runs.sort_by(|one, two| one.seconds.total_cmp(&two.seconds));
    runs.get(runs.len() / 2).copied()
}

pub(crate) fn line(what: &str, took: Option<Took>, against: Option<Took>) {
    match took {
        Some(took) => {
            let ratio = against.map_or_else(String::new, |other| {
                format!("{:.0}×", other.seconds / took.seconds)
            });
            // A process that ends before the first sample has no known size.
            let megabytes = if took.megabytes >= 0.1 {
                format!("{:.1}", took.megabytes)
            } else {
                "–".to_owned()
            };
            println!("{what:<34} {:>9.3} {megabytes:>9} {ratio:>9}", took.seconds);
        }
        None => println!("{what:<34} failed"),
    }
}

/// Returns the exponent of cost in size, by least squares on logarithms: 1 is linear.
pub(crate) fn exponent(points: &[(usize, Took)]) -> f64 {
    let logs: Vec<(f64, f64)> = points
        .iter()
        .map(|(size, took)| ((*size as f64).ln(), took.seconds.ln()))
        .collect();
    let count = logs.len() as f64;
    let mean = |pick: fn(&(f64, f64)) -> f64| logs.iter().map(pick).sum::<f64>() / count;
    let (x, y) = (mean(|log| log.0), mean(|log| log.1));
    let above: f64 = logs.iter().map(|log| (log.0 - x) * (log.1 - y)).sum();
    let below: f64 = logs.iter().map(|log| (log.0 - x).powi(2)).sum();
    above / below
}
