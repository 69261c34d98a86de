//! One batch of questions a target, all targets at once.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::kind::{Declared, Observation, Observed};
use crate::model::Address;
use crate::target::{Answer, Observer, Query};

/// The targets of an environment, by name, for looking.
pub type Observers<'a> = BTreeMap<Arc<str>, &'a dyn Observer>;

/// Looks at resources. A target that is not there gives "cannot tell" for each of its resources.
pub fn observe<'a>(
    resources: impl IntoIterator<Item = (&'a Address, &'a Arc<str>, &'a Declared)>,
    observers: &Observers<'_>,
) -> BTreeMap<Address, Observation<Observed>> {
    let mut batches: BTreeMap<&Arc<str>, Batch<'a>> = BTreeMap::new();
    for (address, on, declared) in resources {
        let batch = batches.entry(on).or_default();
        let queries = declared.queries();
        batch.wanted.push((address, declared, queries.len()));
        batch.queries.extend(queries);
    }
    let answered: Vec<(Batch<'a>, Vec<Answer>)> = std::thread::scope(|scope| {
        let running: Vec<_> = batches
            .into_iter()
            .map(|(on, batch)| {
                let observer = observers.get(on).copied();
                scope.spawn(move || {
                    let answers = match observer {
                        Some(observer) => observer.observe(&batch.queries),
                        None => batch
                            .queries
                            .iter()
                            .map(|_| Answer::Unreadable {
                                reason: format!("there is no target `{on}`"),
                            })
                            .collect(),
                    };
                    (batch, answers)
                })
            })
            .collect();
        running
            .into_iter()
            .filter_map(|thread| thread.join().ok())
            .collect()
    });
    let mut seen = BTreeMap::new();
    for (batch, answers) in answered {
        let mut rest = answers.as_slice();
        for (address, declared, count) in batch.wanted {
            let (own, others) = rest.split_at(count.min(rest.len()));
            rest = others;
            seen.insert(address.clone(), declared.observed(own));
        }
    }
    seen
}

#[derive(Default)]
struct Batch<'a> {
    wanted: Vec<(&'a Address, &'a Declared, usize)>,
    queries: Vec<Query>,
}
