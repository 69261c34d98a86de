//! The lower bound: the time to open, stat, read and hash the same files on all cores, and nothing else.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use rayon::prelude::*;

use crate::measure::Took;

/// The number of runs, of which the median counts.
const RUNS: usize = 5;

/// The largest permitted ratio of `drift` to the lower bound at [`crate::TARGETS_AT`].
const WANTED: f64 = 3.0;

/// Returns the seconds of the loop over the files of a directory.
pub(crate) fn limit(directory: &Path) -> f64 {
    let paths: Vec<PathBuf> = std::fs::read_dir(directory)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    let mut times: Vec<f64> = (0..RUNS)
        .map(|_| {
            let started = Instant::now();
            let hashed = paths.par_iter().filter_map(|path| hash(path)).count();
            assert_eq!(hashed, paths.len(), "a file is unreadable");
            started.elapsed().as_secs_f64()
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times.get(RUNS / 2).copied().unwrap_or(f64::NAN)
}

fn hash(path: &Path) -> Option<blake3::Hash> {
    let mut file = File::open(path).ok()?;
    let length = usize::try_from(file.metadata().ok()?.len()).ok()?;
    let mut bytes = Vec::with_capacity(length);
    file.read_to_end(&mut bytes).ok()?;
    Some(blake3::hash(&bytes))
}

/// Prints the lower bound, and the ratio of `drift` to it.
pub(crate) fn compare(size: usize, drift: Option<Took>, limit: f64) {
    println!(
        "{:<34} {limit:>9.3}",
        format!("lower bound: read and hash {size}")
    );
    let Some(drift) = drift else { return };
    let times = drift.seconds / limit;
    let judged = match (size == crate::TARGETS_AT, times <= WANTED) {
        (false, _) => "",
        (true, true) => "  ✔ at most 3×",
        (true, false) => "  ✘ at most 3×",
    };
    println!(
        "{:<34} {times:>28.1}×{judged}",
        "drift, relative to the lower bound"
    );
}
