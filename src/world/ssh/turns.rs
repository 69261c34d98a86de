//! Turns of logins: a server drops logins when too many are in progress (`MaxStartups` is 10 by default), so only some are
//! in progress at one address, and through one jump host. An address that drops one gets half as many from then on.
//!
//! A login computes for tens of milliseconds on this machine, and each has to end within seconds. So only some are in progress
//! at all.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZero;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Maximum number of logins in progress at one address.
const MOST: usize = 8;

/// Maximum number of logins in progress for each processor: most of a login is waiting for the other side.
const FOR_EACH_PROCESSOR: usize = 16;

/// Logins in progress of one run.
pub struct Turns {
    busy: Mutex<Busy>,
    ended: Condvar,
    /// Maximum number of logins in progress.
    most: usize,
}

impl Default for Turns {
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
        Self::new(processors.saturating_mul(FOR_EACH_PROCESSOR))
    }
}

/// Logins in progress, in all and at each address.
#[derive(Default)]
struct Busy {
    count: usize,
    places: BTreeMap<String, Place>,
}

/// Logins in progress at one address, and how many may be.
struct Place {
    count: usize,
    most: usize,
}

impl Default for Place {
    fn default() -> Self {
        Self {
            count: 0,
            most: MOST,
        }
    }
}

/// A login in progress.
pub struct Turn<'a> {
    turns: &'a Turns,
    places: BTreeSet<String>,
}

impl Turns {
    fn new(most: usize) -> Self {
        Self {
            busy: Mutex::default(),
            ended: Condvar::new(),
            most,
        }
    }

    fn busy(&self) -> MutexGuard<'_, Busy> {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until a login may begin that concerns these addresses.
    pub fn take(&self, places: BTreeSet<String>) -> Turn<'_> {
        let mut busy = self.busy();
        let is_full = |busy: &Busy| {
            let mut known = places.iter().filter_map(|place| busy.places.get(place));
            busy.count >= self.most || known.any(|place| place.count >= place.most)
        };
        while is_full(&busy) {
            busy = self
                .ended
                .wait(busy)
                .unwrap_or_else(PoisonError::into_inner);
        }
        busy.count += 1;
        for place in &places {
            busy.places.entry(place.clone()).or_default().count += 1;
        }
        drop(busy);
        Turn {
            turns: self,
            places,
        }
    }
}

impl Turn<'_> {
    /// Notes that a server dropped this login.
    pub fn dropped(&self) {
        let mut busy = self.turns.busy();
        for place in &self.places {
            if let Some(place) = busy.places.get_mut(place) {
                place.most = (place.most.min(place.count) / 2).max(1);
            }
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut busy = self.turns.busy();
        busy.count = busy.count.saturating_sub(1);
        for place in &self.places {
            if let Some(place) = busy.places.get_mut(place) {
                place.count = place.count.saturating_sub(1);
            }
        }
        drop(busy);
        self.turns.ended.notify_all();
    }
}

/// Returns the addresses that a login concerns, from what `ssh -G` prints: its own, and each jump host.
pub fn places(destination: &str, printed: &str) -> BTreeSet<String> {
    let value = |key: &str| {
        let mut lines = printed.lines().filter_map(|line| line.split_once(' '));
        lines.find_map(|(name, value)| (name == key).then_some(value.trim()))
    };
    let Some(host) = value("hostname") else {
        return [destination.to_owned()].into();
    };
    let port = value("port").unwrap_or("22");
    let jumps = value("proxyjump").filter(|jump| *jump != "none");
    let jumps = jumps.into_iter().flat_map(|jump| jump.split(','));
    // With a command in between, the address means something to that command only.
    let command = value("proxycommand").filter(|command| *command != "none");
    std::iter::once(format!("{host}:{port}"))
        .chain(jumps.map(|jump| format!("through {}", jump.trim())))
        .chain(command.map(|_| "through a command".to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::{MOST, Turns, places};

    #[test]
    fn an_address_and_each_jump_host_are_places() {
        let printed = "user deploy\nhostname 192.0.2.1\nport 2222\nproxyjump ops@bastion:22,inner\nproxycommand none\n";
        let found: Vec<String> = places("web-1", printed).into_iter().collect();
        assert_eq!(
            found,
            ["192.0.2.1:2222", "through inner", "through ops@bastion:22"]
        );
        assert_eq!(places("web-1", ""), BTreeSet::from(["web-1".to_owned()]));
    }

    /// Returns how many of 40 logins were in progress at once, each at its own address and all at another one.
    fn most_of(turns: &Turns, other: Option<&str>) -> usize {
        let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for number in 0..40 {
                let (turns, now, most) = (&turns, &now, &most);
                scope.spawn(move || {
                    let own = std::iter::once(format!("host-{number}"));
                    let turn = turns.take(own.chain(other.map(str::to_owned)).collect());
                    most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    std::thread::sleep(Duration::from_millis(2));
                    now.fetch_sub(1, Ordering::SeqCst);
                    drop(turn);
                });
            }
        });
        most.into_inner()
    }

    #[test]
    fn no_more_than_some_are_in_progress_at_one_address_and_in_all() {
        let many = Turns::new(100);
        assert_eq!(most_of(&many, Some("through bastion")), MOST);
        let few = Turns::new(12);
        assert_eq!(most_of(&few, None), 12);
        assert_eq!(most_of(&few, Some("through bastion")), MOST);
    }
}
