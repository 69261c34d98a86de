//! Compares two versions of evenkeel on the same inputs, in turn: no figure of the newer one may be worse.
//!
//! The runs of a pair follow each other, so that a slowdown of the machine affects both; the result is the median of
//! the ratios. Nothing is asserted: the table shows the results.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    reason = "a measurement prints, and stops at the first failure"
)]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

#[path = "../measure/mod.rs"]
mod measure;

use measure::{Took, evenkeel, numbers, project, run};

const USAGE: &str =
    "benches/run previous --binary PATH [--sizes 1000,5000,50000] [--leaves 100000] [--pairs 7]";

/// The largest permitted growth of time and memory.
const TIME: f64 = 1.05;
const MEMORY: f64 = 1.1;

fn main() {
    let mut sizes = vec![1_000, 5_000, 50_000];
    let mut leaves = 100_000;
    let mut pairs = 7;
    let mut previous = PathBuf::new();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().unwrap_or_default();
        match argument.as_str() {
            "--binary" => previous = value().into(),
            "--sizes" => sizes = numbers(&value()),
            "--leaves" => leaves = value().parse().unwrap_or(leaves),
            "--pairs" => pairs = value().parse().unwrap_or(pairs),
            // Cargo passes this argument to benchmarks.
            "--bench" => {}
            _ => {
                println!("{USAGE}");
                return;
            }
        }
    }
    if !previous.is_file() {
        println!("{USAGE}");
        return;
    }
    let previous = previous.canonicalize().unwrap();
    let scratch = std::env::temp_dir().join(format!("evenkeel-previous-{}", std::process::id()));
    fs::create_dir_all(&scratch).unwrap();
    println!(
        "{:<26} {:>9} {:>9} {:>7} {:>9} {:>9} {:>7}",
        "", "seconds", "previous", "ratio", "MB", "previous", "ratio"
    );
    // Copies, written the same way: the resident part of a program's file depends on how the file came into memory.
    let both = [("new", evenkeel()), ("previous", previous)].map(|(name, program)| {
        let copy = scratch.join(name);
        fs::copy(program, &copy).unwrap();
        copy
    });
    for size in sizes {
        let creating = |program: &Path| {
            let root = project(size, &scratch);
            let took = run(&root, program, &["apply", "staging"], &[0]);
            let _ = fs::remove_dir_all(&root);
            took
        };
        row(&format!("create {size}"), pairs, &both, creating);
        let root = project(size, &scratch);
        // Each version has its own ledger and checks what it applied itself.
        let roots = [root, project(size, &scratch)];
        for (program, root) in both.iter().zip(&roots) {
            run(root, program, &["apply", "staging"], &[0]);
        }
        for command in ["plan", "drift"] {
            let checking = |program: &Path| {
                let root = &roots[usize::from(program != both[0])];
                run(root, program, &[command, "staging"], &[0])
            };
            row(&format!("{command} {size}"), pairs, &both, checking);
        }
        for root in roots {
            let _ = fs::remove_dir_all(root);
        }
    }
    let files = documents(leaves, &scratch);
    let comparing =
        |program: &Path| run(&scratch, program, &["compare", &files.0, &files.1], &[0, 2]);
    row(&format!("compare {leaves} values"), pairs, &both, comparing);
    let _ = fs::remove_dir_all(&scratch);
}

/// Measures both in turn and prints the medians, and the median of the ratios of pairs.
fn row(
    what: &str,
    pairs: usize,
    both: &[PathBuf; 2],
    mut measured: impl FnMut(&Path) -> Option<Took>,
) {
    let mut runs: [Vec<Took>; 2] = Default::default();
    // The first pair warms the caches.
    for pair in 0..=pairs {
        for (program, runs) in both.iter().zip(&mut runs) {
            match measured(program) {
                Some(took) if pair > 0 => runs.push(took),
                Some(_) => {}
                None => {
                    println!("{what:<26} failed");
                    return;
                }
            }
        }
    }
    let ratio = |pick: fn(&Took) -> f64| {
        middle(
            runs[0]
                .iter()
                .zip(&runs[1])
                .map(|(new, old)| pick(new) / pick(old)),
        )
    };
    let (time, memory) = (ratio(|took| took.seconds), ratio(|took| took.megabytes));
    let median = |side: usize, pick: fn(&Took) -> f64| middle(runs[side].iter().map(pick));
    println!(
        "{what:<26} {:>9.3} {:>9.3} {time:>6.2}{} {:>9.1} {:>9.1} {memory:>6.2}{}",
        median(0, |took| took.seconds),
        median(1, |took| took.seconds),
        if time <= TIME { "✔" } else { "✘" },
        median(0, |took| took.megabytes),
        median(1, |took| took.megabytes),
        if memory <= MEMORY { "✔" } else { "✘" },
    );
}

fn middle(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Generates two YAML documents with a number of values, one in a hundred of which differs.
fn documents(leaves: usize, scratch: &Path) -> (String, String) {
    let written = |second: bool| {
        let mut text = String::from("services:\n");
        for number in 0..leaves / 20 {
            let _ = writeln!(text, "  - name: service-{number}");
            for key in 0..19 {
                let odd = second && key == 0 && number % 5 == 0;
                let _ = writeln!(
                    text,
                    "    key-{key}: value {number} {key}{}",
                    if odd { " b" } else { "" }
                );
            }
        }
        let path = scratch.join(if second { "second.yaml" } else { "first.yaml" });
        fs::write(&path, text).unwrap();
        path.to_string_lossy().into_owned()
    };
    (written(false), written(true))
}
