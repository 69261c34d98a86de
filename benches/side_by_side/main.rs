//! Compares evenkeel with its peers in whole processes: many small resources are created, then checked without changes.
//!
//! Each figure is the median of whole-process wall times; memory is the largest resident set of the finished child, as
//! reported by the kernel. Peers run on the same machine in the same run; one that is not installed is listed as
//! missing. Nothing is asserted: the table shows the results.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    reason = "a measurement prints, and stops at the first failure"
)]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::Instant;

#[path = "../measure/mod.rs"]
mod measure;

mod agent;
mod bare;

use measure::{Took, evenkeel, exponent, line, median, numbers, project, run};

const USAGE: &str = "benches/run [--sizes 1000,5000] [--peers terraform,pyinfra] [--scaling 1000,5000,20000,50000] \
[--no-scaling] [--no-hash] [--no-agent]\n\nTerraform takes about ten minutes to create 5,000 things; --peers '' leaves peers out.";

fn main() {
    let mut sizes = vec![1_000];
    let mut scaling = vec![1_000, 5_000, 20_000, 50_000];
    let mut peers = "terraform,pyinfra".to_owned();
    let mut hash = true;
    let mut agent = true;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().unwrap_or_default();
        match argument.as_str() {
            "--sizes" => sizes = numbers(&value()),
            "--scaling" => scaling = numbers(&value()),
            "--no-scaling" => scaling.clear(),
            "--no-hash" => hash = false,
            "--no-agent" => agent = false,
            "--peers" => peers = value(),
            // Cargo passes this argument to benchmarks.
            "--bench" => {}
            _ => {
                println!("{USAGE}");
                return;
            }
        }
    }
    let scratch = std::env::temp_dir().join(format!("evenkeel-bench-{}", std::process::id()));
    fs::create_dir_all(&scratch).unwrap();
    println!("{:<34} {:>9} {:>9} {:>9}", "", "seconds", "MB", "ratio");
    version();
    for size in sizes {
        side_by_side(size, &peers, &scratch);
    }
    if scaling.len() > 1 {
        scale(&scaling, &scratch);
    }
    if hash {
        hashing(&scratch);
    }
    if agent {
        agent::size();
    }
    let _ = fs::remove_dir_all(&scratch);
}

fn version() {
    let runs = (0..9)
        .filter_map(|_| run(Path::new("."), &evenkeel(), &["--version"], &[0]))
        .collect();
    line("evenkeel --version", median(runs), None);
}

/// Creates, then checks; returns the medians of three runs.
fn ours(size: usize, scratch: &Path) -> Figures {
    let mut creating = Vec::new();
    let mut root = scratch.to_path_buf();
    for _ in 0..3 {
        root = project(size, scratch);
        creating.extend(run(&root, &evenkeel(), &["apply", "staging"], &[0]));
    }
    let check = |command: &str| {
        median(
            (0..3)
                .filter_map(|_| run(&root, &evenkeel(), &[command, "staging"], &[0]))
                .collect(),
        )
    };
    let checked = (check("plan"), check("drift"));
    let limit = bare::limit(&root.join("run/staging"));
    Figures {
        create: median(creating),
        plan: checked.0,
        drift: checked.1,
        limit,
    }
}

/// The results for one size.
struct Figures {
    create: Option<Took>,
    plan: Option<Took>,
    drift: Option<Took>,
    /// Seconds to open, stat, read and hash the same files on all cores.
    limit: f64,
}

fn side_by_side(size: usize, peers: &str, scratch: &Path) {
    let Figures {
        create,
        plan,
        drift,
        limit,
    } = ours(size, scratch);
    line(
        &format!("evenkeel: create {size}, journalled"),
        create,
        None,
    );
    line(&format!("evenkeel: plan {size}, nothing to do"), plan, None);
    line(
        &format!("evenkeel: drift {size}, nothing found"),
        drift,
        None,
    );
    bare::compare(size, drift, limit);
    if peers.contains("terraform") {
        match terraform(size, scratch) {
            Some((theirs, checked)) => {
                line(&format!("Terraform: create {size}"), theirs, None);
                line(
                    &format!("Terraform: plan {size}, nothing to do"),
                    checked,
                    None,
                );
                compare("create", size, create, theirs, 100.0);
                compare("plan", size, plan, checked, 100.0);
            }
            None => println!("{:<34} missing: not installed", "Terraform"),
        }
    }
    if peers.contains("pyinfra") {
        match pyinfra(size, scratch) {
            Some((theirs, checked)) => {
                line(&format!("pyinfra: create {size}"), theirs, None);
                line(
                    &format!("pyinfra: again {size}, nothing to do"),
                    checked,
                    None,
                );
                compare("create", size, create, theirs, 1.0);
                compare("plan", size, plan, checked, 1.0);
            }
            None => println!("{:<34} missing: not installed", "pyinfra"),
        }
    }
}

/// The size for which the targets are defined.
const TARGETS_AT: usize = 5_000;

fn compare(what: &str, size: usize, ours: Option<Took>, theirs: Option<Took>, wanted: f64) {
    if let (Some(ours), Some(theirs)) = (ours, theirs) {
        let ratio = theirs.seconds / ours.seconds;
        let judged = match (size == TARGETS_AT, ratio >= wanted) {
            (false, _) => String::new(),
            (true, true) => format!("  ✔ at least {wanted:.0}×"),
            (true, false) => format!("  ✘ at least {wanted:.0}×"),
        };
        println!("{:<34} {ratio:>28.0}×{judged}", format!("  {what}"));
    }
}

fn terraform(size: usize, scratch: &Path) -> Option<(Option<Took>, Option<Took>)> {
    let program = Path::new("terraform");
    run(scratch, program, &["version"], &[0])?;
    let root = scratch.join(format!("terraform-{size}"));
    fs::create_dir_all(&root).unwrap();
    let mut text = String::new();
    for number in 0..size {
        let _ = writeln!(
            text,
            "resource \"terraform_data\" \"f{number:05}\" {{\n  input = \"thing {number}\"\n}}"
        );
    }
    fs::write(root.join("main.tf"), text).unwrap();
    run(&root, program, &["init", "-input=false"], &[0])?;
    let created = run(
        &root,
        program,
        &["apply", "-auto-approve", "-input=false"],
        &[0],
    );
    let checked = median(
        (0..3)
            .filter_map(|_| {
                run(
                    &root,
                    program,
                    &["plan", "-detailed-exitcode", "-input=false"],
                    &[0],
                )
            })
            .collect(),
    );
    Some((created, checked))
}

fn pyinfra(size: usize, scratch: &Path) -> Option<(Option<Took>, Option<Took>)> {
    let program = Path::new("pyinfra");
    run(scratch, program, &["--version"], &[0])?;
    let root = scratch.join(format!("pyinfra-{size}"));
    fs::create_dir_all(&root).unwrap();
    let text = format!(
        "from io import StringIO\nfrom pyinfra.operations import files\nfor n in range({size}):\n    files.put(name=f'f{{n}}', src=StringIO(f'thing {{n}}\\n'), dest=f'{}/made/f{{n:05}}', mode='640')\n",
        root.display()
    );
    fs::create_dir_all(root.join("made")).unwrap();
    fs::write(root.join("deploy.py"), text).unwrap();
    let once = || run(&root, program, &["-y", "@local", "deploy.py"], &[0]);
    Some((once(), once()))
}

fn scale(sizes: &[usize], scratch: &Path) {
    let mut all: [Vec<(usize, Took)>; 3] = Default::default();
    for size in sizes {
        let Figures {
            create,
            plan,
            drift,
            limit,
        } = ours(*size, scratch);
        for ((what, took), points) in [("create", create), ("plan", plan), ("drift", drift)]
            .into_iter()
            .zip(&mut all)
        {
            line(&format!("evenkeel: {what} {size}"), took, None);
            points.extend(took.map(|took| (*size, took)));
        }
        bare::compare(*size, drift, limit);
    }
    for (what, points) in ["create", "plan", "drift"].into_iter().zip(&all) {
        let power = exponent(points);
        let peak = points
            .iter()
            .map(|(_, took)| took.megabytes)
            .fold(0.0, f64::max);
        println!(
            "{:<34} exponent {power:.2} {}   peak {peak:.0} MB {}",
            format!("  {what}"),
            if power <= 1.1 {
                "✔ at most 1.1"
            } else {
                "✘ at most 1.1"
            },
            if peak < 200.0 {
                "✔ under 200 MB"
            } else {
                "✘ under 200 MB"
            },
        );
    }
}

/// Hashes 100 MB of artifact, compared with `b3sum` if installed, otherwise with the library's own fastest method.
fn hashing(scratch: &Path) {
    let file = scratch.join("artifact");
    let bytes: Vec<u8> = (0..100_000_000_u32)
        .map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    fs::write(&file, bytes).unwrap();
    let timed = |act: &dyn Fn()| {
        let mut times: Vec<f64> = (0..9)
            .map(|_| {
                let started = Instant::now();
                act();
                started.elapsed().as_secs_f64()
            })
            .collect();
        times.sort_by(f64::total_cmp);
        times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
    };
    let ours = timed(&|| drop(evenkeel_host::tree_digest(&file)));
    let path = file.to_string_lossy().into_owned();
    let installed = run(scratch, Path::new("b3sum"), &["--version"], &[0]).is_some();
    let theirs = timed(&|| {
        if installed {
            run(scratch, Path::new("b3sum"), &[&path], &[0]);
        } else {
            let mut hasher = blake3::Hasher::new();
            let _ = hasher.update_mmap_rayon(&file);
            std::hint::black_box(hasher.finalize());
        }
    });
    let peer = if installed {
        "b3sum"
    } else {
        "blake3's mmap and rayon (b3sum is missing)"
    };
    let share = theirs / ours;
    println!(
        "100 MB hashed in {:.1} ms, {:.2} of the speed of {peer} ({:.1} ms) {}",
        ours * 1e3,
        share,
        theirs * 1e3,
        if share >= 0.8 {
            "✔ at least 0.8"
        } else {
            "✘ at least 0.8"
        }
    );
}
