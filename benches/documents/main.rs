//! Compares large inputs in whole processes: two large YAML documents, and two directories of small files.
//!
//! The peers are `diff`, which compares text, and Python's deepdiff with PyYAML's C loader, which compares trees
//! without identities and meanings. Nothing is asserted: the table shows the results.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    reason = "a measurement prints, and stops at the first failure"
)]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

#[path = "../measure/mod.rs"]
mod measure;

use measure::{Took, evenkeel, exponent, line, median, numbers, run};

const USAGE: &str = "cargo bench --bench documents -- [--leaves 1000,10000,100000,1000000] [--files 2000] [--peers diff,deepdiff] [--runs 5]\n\n\
deepdiff is Python's: `pip install deepdiff pyyaml`; another interpreter is named by PYTHON.";

/// The number of single values of one service in the generated documents.
const LEAVES_OF_A_SERVICE: usize = 20;

fn main() {
    let mut leaves = vec![1_000, 10_000, 100_000, 1_000_000];
    let mut files = 2_000;
    let mut peers = "diff,deepdiff".to_owned();
    let mut runs = 5;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().unwrap_or_default();
        match argument.as_str() {
            "--leaves" => leaves = numbers(&value()),
            "--files" => files = value().parse().unwrap_or(0),
            "--peers" => peers = value(),
            "--runs" => runs = value().parse().unwrap_or(5),
            // Cargo passes this argument to benchmarks.
            "--bench" => {}
            _ => {
                println!("{USAGE}");
                return;
            }
        }
    }
    let scratch = std::env::temp_dir().join(format!("evenkeel-documents-{}", std::process::id()));
    fs::create_dir_all(&scratch).unwrap();
    println!("{:<34} {:>9} {:>9} {:>9}", "", "seconds", "MB", "ratio");
    let mut points = Vec::new();
    for size in leaves {
        points.extend(documents(size, &peers, runs, &scratch).map(|took| (size, took)));
    }
    if points.len() > 1 {
        println!(
            "{:<34} exponent {:.2}",
            "  two documents",
            exponent(&points)
        );
    }
    long_lines(runs, &scratch);
    if files > 0 {
        directories(files, &peers, runs, &scratch);
    }
    let _ = fs::remove_dir_all(&scratch);
}

/// Generates one side: services by name, one in a hundred with other settings, in another order on the second side.
fn document(leaves: usize, second: bool) -> String {
    let services = leaves / LEAVES_OF_A_SERVICE;
    let mut text = String::from("services:\n");
    for place in 0..services {
        // Neighbours are swapped on the second side.
        let number = if second {
            (place ^ 1).min(services - 1)
        } else {
            place
        };
        let odd = second && number % 100 == 7;
        let environment = if second { "production" } else { "staging" };
        let _ = write!(
            text,
            "  - name: service-{number:06}\n    image: registry.example.org/team/service-{number}:1.{}.0\n    replicas: {}\n    url: https://service-{number}.{environment}.example.org/\n    \
             labels: {{tier: backend, team: team-{}, cost: \"{number}\"}}\n    resources:\n      limits: {{cpu: 500m, memory: {}}}\n      requests: {{cpu: 250m, memory: 128Mi}}\n    \
             env:\n      - name: LOG_LEVEL\n        value: info\n      - name: WORKERS\n        value: \"{}\"\n      - name: MODE\n        value: {environment}\n    probe: {{path: /healthz, period: 10s}}\n    flags: {{beta: {odd}}}\n",
            if odd { 3 } else { 2 },
            if odd { 6 } else { 3 },
            number % 13,
            if second { "1Gi" } else { "1024Mi" },
            number % 7,
        );
    }
    text
}

fn measured(
    runs: usize,
    directory: &Path,
    program: &Path,
    arguments: &[&str],
    codes: &[i32],
) -> Option<Took> {
    median(
        (0..runs.max(1))
            .filter_map(|_| run(directory, program, arguments, codes))
            .collect(),
    )
}

fn documents(leaves: usize, peers: &str, runs: usize, scratch: &Path) -> Option<Took> {
    let (left, right) = (
        scratch.join("staging.yaml"),
        scratch.join("production.yaml"),
    );
    fs::write(&left, document(leaves, false)).unwrap();
    fs::write(&right, document(leaves, true)).unwrap();
    let arguments = [
        "compare",
        "staging.yaml",
        "production.yaml",
        "--format",
        "json",
    ];
    let ours = measured(runs, scratch, &evenkeel(), &arguments, &[0, 2]);
    line(&format!("evenkeel: {leaves} values"), ours, None);
    if leaves == 100_000
        && let Some(ours) = ours
    {
        println!(
            "{:<34} {}   {}",
            "",
            held(ours.seconds < 1.0, "under 1 s"),
            held(ours.megabytes < 300.0, "under 300 MB")
        );
    }
    if peers.contains("diff,") || peers == "diff" {
        let theirs = measured(
            runs,
            scratch,
            Path::new("diff"),
            &["staging.yaml", "production.yaml"],
            &[0, 1],
        );
        peer("diff", leaves, theirs, ours);
    }
    // It takes minutes where evenkeel takes a second.
    if peers.contains("deepdiff") && leaves <= 100_000 {
        let script = scratch.join("deep.py");
        fs::write(&script, DEEPDIFF).unwrap();
        let python =
            std::env::var_os("PYTHON").map_or_else(|| PathBuf::from("python3"), PathBuf::from);
        let theirs = measured(
            1,
            scratch,
            &python,
            &["deep.py", "staging.yaml", "production.yaml"],
            &[0],
        );
        peer("deepdiff", leaves, theirs, ours);
    }
    ours
}

/// Compares by position, the default and the faster way; the alternative is a key that identifies each element.
const DEEPDIFF: &str = "import sys, yaml\nfrom deepdiff import DeepDiff\nload = lambda path: yaml.load(open(path), Loader=yaml.CSafeLoader)\nprint(len(str(DeepDiff(load(sys.argv[1]), load(sys.argv[2])))))\n";

/// Compares files of one line with many settings: finding its secrets must not search the line for each of its names.
fn long_lines(runs: usize, scratch: &Path) {
    /// The name of a form, and the function that makes a setting of it by its number.
    type Form = (&'static str, fn(usize) -> String);
    const FORMS: [Form; 3] = [
        ("settings", |number| format!("key{number}=value{number},")),
        ("options", |number| {
            format!("--token{number} \"x{number}y\" ")
        }),
        ("URLs", |number| {
            format!("http://user{number}:x9{number}@host/ ")
        }),
    ];
    for (name, form) in FORMS {
        let mut points = Vec::new();
        for size in [10_000, 40_000] {
            let text: String = (0..size).map(form).collect();
            for environment in ["staging", "production"] {
                let file = scratch.join(format!("line-{environment}.conf"));
                fs::write(file, format!("{text}{environment}\n")).unwrap();
            }
            let arguments = ["compare", "line-staging.conf", "line-production.conf"];
            let ours = measured(runs, scratch, &evenkeel(), &arguments, &[0, 2]);
            line(&format!("evenkeel: {size} {name} in one line"), ours, None);
            points.extend(ours.map(|ours| (size, ours)));
        }
        let power = exponent(&points);
        println!(
            "{:<34} exponent {power:.2} {}",
            "",
            held(power <= 1.2, "at most 1.2")
        );
    }
}

fn peer(name: &str, size: usize, theirs: Option<Took>, ours: Option<Took>) {
    match (theirs, ours) {
        (Some(theirs), Some(ours)) => {
            println!(
                "{:<34} {:>9.3} {:>9.1} {:>8.1}×",
                format!("  {name}: {size}"),
                theirs.seconds,
                theirs.megabytes,
                theirs.seconds / ours.seconds
            );
        }
        _ => println!(
            "{:<34} missing: not installed, or failed",
            format!("  {name}")
        ),
    }
}

fn directories(files: usize, peers: &str, runs: usize, scratch: &Path) {
    for (second, side) in [(false, "staging"), (true, "production")] {
        for number in 0..files {
            let folder = scratch.join(side).join(format!("group-{}", number % 20));
            fs::create_dir_all(&folder).unwrap();
            let mut text = document(LEAVES_OF_A_SERVICE, second);
            let _ = writeln!(text, "number: {number}");
            if second && number % 100 == 7 {
                text.push_str("extra: true\n");
            }
            fs::write(folder.join(format!("file-{number}.yaml")), text).unwrap();
        }
    }
    let arguments = ["compare", "staging", "production", "--format", "json"];
    let ours = measured(runs, scratch, &evenkeel(), &arguments, &[0, 2]);
    line(&format!("evenkeel: 2 × {files} files"), ours, None);
    if let Some(ours) = ours {
        println!("{:<34} {}", "", held(ours.seconds < 0.5, "under 0.5 s"));
    }
    if peers.contains("diff,") || peers == "diff" {
        let theirs = measured(
            runs,
            scratch,
            Path::new("diff"),
            &["-r", "staging", "production"],
            &[0, 1],
        );
        peer("diff -r", files, theirs, ours);
    }
}

fn held(holds: bool, what: &str) -> String {
    format!("{} {what}", if holds { '✔' } else { '✘' })
}
