//! What the clients of one ledger did and saw at the same time, and the check that one legal order explains all of it.
//!
//! Entries are only added, so the chain itself is the only candidate for that order. Each operation has a place in it: an
//! append the one of its entries, a read the one of the last entry that it found. The order is legal if no operation
//! comes after another one that began when it had ended.

use std::collections::BTreeMap;
use std::time::Duration;

use evenkeel_model::Digest;

/// An entry of the chain that the clients left.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    /// The name that its client gave it, which no other entry has.
    pub(crate) name: String,
    pub(crate) digest: Digest,
    pub(crate) lease: Lease,
}

/// What an entry has to do with a lease: its environment and its token.
#[derive(Clone, Debug)]
pub(crate) enum Lease {
    None,
    Taken(String, u64),
    /// Appended with the fence of this lease.
    Under(String, u64),
    Returned(String, u64),
}

/// An operation of a client. Both times are of one clock.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    pub(crate) begun: Duration,
    pub(crate) ended: Duration,
    pub(crate) what: What,
}

/// What a client knows of an operation after it has ended.
#[derive(Clone, Debug)]
pub(crate) enum What {
    /// These entries were appended together.
    Appended(Vec<String>),
    /// The answer was lost: all of these entries were appended, or none.
    Uncertain(Vec<String>),
    /// None of these entries was appended.
    Refused(Vec<String>),
    /// This was the last entry that a read found.
    Read(u64, Digest),
    /// The client held the lease of this environment from the first time to the second.
    Held(String),
}

/// Returns the first reason why no legal order exists.
pub(crate) fn check(chain: &[Kept], operations: &[Operation]) -> Result<(), String> {
    let places = places(chain)?;
    everything_is_accounted_for(chain, &places, operations)?;
    no_operation_precedes_an_earlier_one(&places, operations)?;
    every_entry_is_within_its_lease(chain)?;
    one_client_holds_an_environment(operations)
}

type Places<'a> = BTreeMap<&'a str, u64>;

/// Returns the number of each entry by its name.
fn places(chain: &[Kept]) -> Result<Places<'_>, String> {
    let mut places = Places::new();
    for (number, kept) in (1..).zip(chain) {
        if let Some(before) = places.insert(&kept.name, number) {
            return Err(format!("`{}` is entry {before} and {number}", kept.name));
        }
    }
    Ok(places)
}

/// Returns the numbers of the first and the last of these entries; `None` if none of them is in the chain.
fn span(places: &Places<'_>, names: &[String]) -> Result<Option<(u64, u64)>, String> {
    let found: Vec<Option<u64>> = names
        .iter()
        .map(|name| places.get(name.as_str()).copied())
        .collect();
    let (Some(first), Some(last)) = (found.first(), found.last()) else {
        return Ok(None);
    };
    match (first, last) {
        (Some(first), Some(last))
            if found
                .iter()
                .copied()
                .eq((*first..).map(Some).take(found.len())) =>
        {
            Ok(Some((*first, *last)))
        }
        _ if found.iter().all(Option::is_none) => Ok(None),
        _ => Err(format!(
            "{names:?} were appended together, and are {found:?}"
        )),
    }
}

/// Acknowledged entries are there, refused ones are not, and no entry is of no client.
fn everything_is_accounted_for(
    chain: &[Kept],
    places: &Places<'_>,
    operations: &[Operation],
) -> Result<(), String> {
    let mut of_clients = 0;
    for operation in operations {
        match &operation.what {
            What::Appended(names) => match span(places, names)? {
                Some(_) => of_clients += names.len(),
                None => return Err(format!("{names:?} were acknowledged and are lost")),
            },
            What::Uncertain(names) => {
                of_clients += span(places, names)?.map_or(0, |_| names.len());
            }
            What::Refused(names) => {
                if let Some((first, _)) = span(places, names)? {
                    return Err(format!("{names:?} were refused, and are entry {first}"));
                }
            }
            What::Read(last, digest) => {
                let kept = usize::try_from(*last)
                    .ok()
                    .and_then(|last| chain.get(last.checked_sub(1)?));
                if kept.is_none_or(|kept| kept.digest != *digest) {
                    return Err(format!(
                        "a read found an entry {last} that is another one now"
                    ));
                }
            }
            What::Held(_) => {}
        }
    }
    // The first entry is of the founder.
    if of_clients + 1 == chain.len() {
        Ok(())
    } else {
        Err(format!(
            "{} entries, of which {of_clients} are of clients",
            chain.len()
        ))
    }
}

/// An operation in the order of the chain. Reads are between the entries.
struct Placed {
    begun: Duration,
    /// `None` if its end is unknown: it may have taken effect at any later time.
    ended: Option<Duration>,
    first: u64,
    last: u64,
}

fn no_operation_precedes_an_earlier_one(
    places: &Places<'_>,
    operations: &[Operation],
) -> Result<(), String> {
    let mut placed = Vec::new();
    for operation in operations {
        let (span, ended) = match &operation.what {
            What::Appended(names) => (span(places, names)?, Some(operation.ended)),
            What::Uncertain(names) => (span(places, names)?, None),
            What::Read(last, _) => {
                placed.push(Placed {
                    begun: operation.begun,
                    ended: Some(operation.ended),
                    first: 2 * last + 1,
                    last: 2 * last + 1,
                });
                continue;
            }
            What::Refused(_) | What::Held(_) => continue,
        };
        if let Some((first, last)) = span {
            placed.push(Placed {
                begun: operation.begun,
                ended,
                first: 2 * first,
                last: 2 * last,
            });
        }
    }
    let mut over: Vec<(Duration, u64)> = placed
        .iter()
        .filter_map(|each| Some((each.ended?, each.last)))
        .collect();
    over.sort_unstable();
    placed.sort_unstable_by_key(|each| each.begun);
    let mut over = over.into_iter().peekable();
    let mut newest = 0;
    for each in &placed {
        while let Some((_, last)) = over.next_if(|(ended, _)| *ended < each.begun) {
            newest = newest.max(last);
        }
        if each.first < newest {
            return Err(format!(
                "an operation at {} began after one at {} had ended",
                place(each.first),
                place(newest)
            ));
        }
    }
    Ok(())
}

fn place(doubled: u64) -> String {
    match doubled % 2 {
        0 => format!("entry {}", doubled / 2),
        _ => format!("the read of entry {}", doubled / 2),
    }
}

/// Tokens rise by one, and no entry of a lease follows the next lease.
fn every_entry_is_within_its_lease(chain: &[Kept]) -> Result<(), String> {
    let mut newest: BTreeMap<&str, u64> = BTreeMap::new();
    for (number, kept) in (1..).zip(chain) {
        let (environment, token, expected) = match &kept.lease {
            Lease::None => continue,
            Lease::Taken(environment, token) => {
                let before = newest.insert(environment, *token).unwrap_or(0);
                (environment, token, before + 1)
            }
            Lease::Under(environment, token) | Lease::Returned(environment, token) => {
                let now = newest.get(environment.as_str()).copied();
                (environment, token, now.unwrap_or(0))
            }
        };
        if *token != expected {
            return Err(format!(
                "entry {number} has the token {token} of {environment}, whose newest is {expected}"
            ));
        }
    }
    Ok(())
}

fn one_client_holds_an_environment(operations: &[Operation]) -> Result<(), String> {
    let mut held: BTreeMap<&str, Vec<(Duration, Duration)>> = BTreeMap::new();
    for operation in operations {
        if let What::Held(environment) = &operation.what {
            let all = held.entry(environment).or_default();
            all.push((operation.begun, operation.ended));
        }
    }
    for (environment, mut all) in held {
        all.sort_unstable();
        for (before, after) in all.iter().zip(all.iter().skip(1)) {
            if after.0 < before.1 {
                return Err(format!("two clients held {environment} at {:?}", after.0));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Kept, Lease, Operation, What, check};
    use evenkeel_model::Digest;
    use std::time::Duration;

    fn digest(name: &str) -> Digest {
        Digest::of(name.as_bytes())
    }

    fn kept(name: &str, lease: Lease) -> Kept {
        Kept {
            name: name.to_owned(),
            digest: digest(name),
            lease,
        }
    }

    fn operation(begun: u64, ended: u64, what: What) -> Operation {
        Operation {
            begun: Duration::from_secs(begun),
            ended: Duration::from_secs(ended),
            what,
        }
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn lease(kind: fn(String, u64) -> Lease, token: u64) -> Lease {
        kind("staging".to_owned(), token)
    }

    /// Two clients, whose appends overlap, and a reader.
    fn legal() -> (Vec<Kept>, Vec<Operation>) {
        let chain = vec![
            kept("founded", Lease::None),
            kept("a", Lease::None),
            kept("b-1", Lease::None),
            kept("b-2", Lease::None),
            kept("taken-1", lease(Lease::Taken, 1)),
            kept("under-1", lease(Lease::Under, 1)),
            kept("returned-1", lease(Lease::Returned, 1)),
            kept("taken-2", lease(Lease::Taken, 2)),
        ];
        let operations = vec![
            operation(1, 4, What::Appended(names(&["a"]))),
            operation(2, 3, What::Appended(names(&["b-1", "b-2"]))),
            operation(2, 5, What::Refused(names(&["c"]))),
            operation(5, 6, What::Read(4, digest("b-2"))),
            operation(6, 7, What::Appended(names(&["taken-1"]))),
            operation(7, 10, What::Held("staging".to_owned())),
            operation(8, 9, What::Uncertain(names(&["under-1"]))),
            operation(8, 9, What::Uncertain(names(&["lost"]))),
            operation(10, 11, What::Uncertain(names(&["returned-1"]))),
            operation(10, 12, What::Appended(names(&["taken-2"]))),
            operation(12, 13, What::Held("staging".to_owned())),
        ];
        (chain, operations)
    }

    #[test]
    fn a_legal_history_is_accepted() {
        let (chain, operations) = legal();
        check(&chain, &operations).unwrap();
    }

    /// A checker that accepts everything would prove nothing.
    #[test]
    fn every_illegal_history_is_found() {
        type Spoil = fn(&mut Vec<Kept>, &mut Vec<Operation>);
        let spoilt: [(&str, Spoil); 12] = [
            ("were acknowledged and are lost", |_, operations| {
                operations.push(operation(1, 2, What::Appended(names(&["x"]))));
            }),
            ("`a` is entry 2 and 9", |chain, _| {
                chain.push(kept("a", Lease::None));
            }),
            ("were appended together", |chain, _| chain.swap(3, 4)),
            ("were appended together", |_, operations| {
                operations.push(operation(1, 2, What::Appended(names(&["a", "x"]))));
            }),
            ("were refused, and are entry 2", |_, operations| {
                operations.push(operation(1, 2, What::Refused(names(&["a"]))));
            }),
            ("of clients", |chain, _| chain.push(kept("x", Lease::None))),
            ("that is another one now", |chain, _| {
                chain[3].digest = digest("x");
            }),
            ("that is another one now", |_, operations| {
                operations.push(operation(20, 21, What::Read(9, digest("x"))));
            }),
            // Acknowledged before the other one began, and after it in the chain.
            ("entry 2 began after one at entry 4", |_, operations| {
                operations[0].begun = Duration::from_secs(4);
            }),
            // A read that misses what was acknowledged before it.
            ("the read of entry 3 began after", |_, operations| {
                operations.push(operation(5, 6, What::Read(3, digest("b-1"))));
            }),
            (
                "has the token 1 of staging, whose newest is 2",
                |chain, _| {
                    chain.swap(5, 7);
                    chain.swap(6, 7);
                },
            ),
            ("two clients held staging", |_, operations| {
                operations[10].begun = Duration::from_secs(9);
            }),
        ];
        for (reason, spoil) in spoilt {
            let (mut chain, mut operations) = legal();
            spoil(&mut chain, &mut operations);
            let found = check(&chain, &operations).unwrap_err();
            assert!(found.contains(reason), "{reason}: {found}");
        }
    }
}
