//! Batches of queries: one for each target, all targets concurrently. Very many resources are queried in several
//! batches in sequence: queries and answers are in memory for one batch only, observations stay.

use std::collections::BTreeMap;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use rayon::prelude::*;

use crate::kind::{Declared, Observation, Observed};
use evenkeel_host::threads;
use evenkeel_host::{Answer, Observer, Query};
use evenkeel_model::Instance;

/// Targets of an environment by name, for observation.
pub type Observers<'a> = BTreeMap<Arc<str>, &'a dyn Observer>;

/// Maximum number of resources queried at once.
const AT_ONCE: usize = 1_024;

/// Minimum number of resources worth another core.
const AT_LEAST: usize = 128;

/// Observes resources. The resources of an unreachable target are unknown.
pub fn observe<'a>(
    resources: impl IntoIterator<Item = (Instance, &'a Arc<str>, &'a Declared)>,
    observers: &Observers<'_>,
) -> BTreeMap<Instance, Observation<Observed>> {
    let mut resources = resources.into_iter().peekable();
    let mut seen = Vec::with_capacity(resources.size_hint().0);
    while resources.peek().is_some() {
        some(resources.by_ref().take(AT_ONCE), observers, &mut seen);
    }
    // Rebuild from a sorted iterator: bulk-built maps have full nodes.
    seen.into_iter().collect()
}

fn some<'a>(
    resources: impl Iterator<Item = (Instance, &'a Arc<str>, &'a Declared)>,
    observers: &Observers<'_>,
    seen: &mut Vec<(Instance, Observation<Observed>)>,
) {
    let mut batches: BTreeMap<&Arc<str>, Batch<'a>> = BTreeMap::new();
    let resources: Vec<(Instance, &Arc<str>, &Declared)> = resources.collect();
    let many = resources.len();
    let asked: Vec<Vec<Query>> = resources
        .par_iter()
        .with_min_len(AT_LEAST)
        .map(|(_, _, declared)| declared.queries())
        .collect();
    for ((instance, on, declared), queries) in resources.into_iter().zip(asked) {
        let batch = batches.entry(on).or_insert_with(|| Batch {
            wanted: Vec::with_capacity(many),
            queries: Vec::with_capacity(many),
        });
        let first = batch.queries.len();
        batch.queries.extend(queries);
        batch
            .wanted
            .push((instance, declared, first..batch.queries.len()));
    }
    let ask = |(on, batch): (&Arc<str>, Batch<'a>)| {
        let answers = match observers.get(on) {
            Some(observer) => observer.observe(&batch.queries),
            None => batch
                .queries
                .iter()
                .map(|_| Answer::Unreadable {
                    reason: format!("the target `{on}` does not exist"),
                })
                .collect(),
        };
        (batch, answers)
    };
    // The last batch runs on this thread: mostly it is the only one.
    let last = batches.pop_last();
    let answered: Vec<(Batch<'a>, Vec<Answer>)> = std::thread::scope(|scope| {
        let ask = &ask;
        let running: Vec<_> = batches
            .into_iter()
            .map(|batch| threads::begin(scope, move || ask(batch)))
            .collect();
        let last = last.and_then(|batch| catch_unwind(AssertUnwindSafe(|| ask(batch))).ok());
        running
            .into_iter()
            .filter_map(|thread| thread.join().ok())
            .chain(last)
            .collect()
    });
    for (batch, answers) in answered {
        let answered = batch.wanted.into_par_iter().with_min_len(AT_LEAST);
        seen.par_extend(answered.map(|(instance, declared, own)| {
            // A target may return fewer answers than queries.
            let own = answers.get(own.start..own.end.min(answers.len()));
            let own = own.unwrap_or_default();
            (instance, declared.observed(own))
        }));
    }
}

struct Batch<'a> {
    /// Resources, with their part of the queries.
    wanted: Vec<(Instance, &'a Declared, Range<usize>)>,
    queries: Vec<Query>,
}
