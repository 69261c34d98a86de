//! Rollout: the order in which the hosts of a target are changed, and when to stop.

use std::time::Duration;

use super::Block;
use evenkeel_model::{Value, duration};

/// How the hosts of a target are changed one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rollout {
    /// Hosts that are changed together.
    pub batch: Batch,
    /// Hosts that are changed alone before all others.
    pub canary: usize,
    /// Hosts that may fail before it stops. A canary may not fail.
    pub max_failures: usize,
    /// Time after each batch, before it is checked.
    pub wait: Duration,
    /// The suite that must pass after each batch.
    pub check: Option<String>,
    /// Command before a host is changed; `{host}` and `{destination}` are replaced.
    pub before: Vec<String>,
    /// Command on the host before it is changed, after `before`.
    pub before_on_host: Vec<String>,
    /// Command on the host after it was changed.
    pub after_on_host: Vec<String>,
    /// Command after a host was changed, after `after_on_host`.
    pub after: Vec<String>,
}

/// Size of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Batch {
    /// A number of hosts.
    Hosts(usize),
    /// A share of the hosts that have something to change, in percent.
    Percent(u8),
}

impl Batch {
    /// Parses `"25%"`.
    #[must_use]
    pub fn percent(text: &str) -> Option<Self> {
        let number: u8 = text.strip_suffix('%')?.parse().ok()?;
        (1..=100).contains(&number).then_some(Self::Percent(number))
    }

    /// Returns the number of hosts in a batch, of so many in all: at least one.
    #[must_use]
    pub fn of(self, all: usize) -> usize {
        match self {
            Self::Hosts(number) => number.max(1),
            Self::Percent(percent) => (all * usize::from(percent)).div_ceil(100).max(1),
        }
    }
}

impl Rollout {
    /// Reads the rollout of a target; `None` without one. Its form was checked.
    #[must_use]
    pub fn of(block: &Block) -> Option<Self> {
        let value = block.get("rollout")?.expression.plain()?;
        let Value::Table(table) = value else {
            return None;
        };
        let number = |key: &str| match table.get(key) {
            Some(Value::Integer(number)) => usize::try_from(*number).unwrap_or(0),
            _ => 0,
        };
        let text = |key: &str| table.get(key).and_then(Value::as_text);
        let command = |key: &str| match table.get(key) {
            Some(Value::List(items)) => {
                let items = items.iter().filter_map(Value::as_text);
                items.map(str::to_owned).collect()
            }
            _ => Vec::new(),
        };
        Some(Self {
            batch: match table.get("batch") {
                Some(Value::Text(text)) => Batch::percent(text).unwrap_or(Batch::Hosts(1)),
                Some(Value::Integer(_)) => Batch::Hosts(number("batch")),
                _ => Batch::Percent(100),
            },
            canary: number("canary"),
            max_failures: number("max-failures"),
            wait: text("wait").and_then(duration::parse).unwrap_or_default(),
            check: text("check").map(|name| name.strip_prefix("suite.").unwrap_or(name).to_owned()),
            before: command("before"),
            before_on_host: command("before-on-host"),
            after_on_host: command("after-on-host"),
            after: command("after"),
        })
    }

    /// Divides hosts into batches, in order: the canaries, then the others.
    #[must_use]
    pub fn batches<T>(&self, hosts: Vec<T>) -> Vec<Vec<T>> {
        let size = self.batch.of(hosts.len());
        let mut batches: Vec<Vec<T>> = Vec::new();
        for (number, host) in hosts.into_iter().enumerate() {
            let begins = match number.checked_sub(self.canary) {
                None => number == 0,
                Some(rest) => rest.is_multiple_of(size),
            };
            match batches.last_mut() {
                Some(last) if !begins => last.push(host),
                _ => batches.push(vec![host]),
            }
        }
        batches
    }
}

#[cfg(test)]
mod tests {
    use super::{Batch, Rollout};
    use std::time::Duration;

    fn batches(batch: Batch, canary: usize, hosts: usize) -> Vec<usize> {
        let rollout = Rollout {
            batch,
            canary,
            max_failures: 0,
            wait: Duration::ZERO,
            check: None,
            before: Vec::new(),
            before_on_host: Vec::new(),
            after_on_host: Vec::new(),
            after: Vec::new(),
        };
        let all: Vec<usize> = (0..hosts).collect();
        let batches = rollout.batches(all.clone());
        assert_eq!(batches.concat(), all);
        batches.iter().map(Vec::len).collect()
    }

    #[test]
    fn canaries_come_first_and_the_rest_in_batches() {
        assert_eq!(batches(Batch::Percent(25), 1, 9), [1, 3, 3, 2]);
        assert_eq!(batches(Batch::Percent(25), 0, 8), [2, 2, 2, 2]);
        assert_eq!(batches(Batch::Percent(1), 2, 4), [2, 1, 1]);
        assert_eq!(batches(Batch::Percent(100), 0, 3), [3]);
        assert_eq!(batches(Batch::Hosts(5), 3, 2), [2]);
        assert_eq!(batches(Batch::Hosts(5), 0, 0), [0; 0]);
    }

    #[test]
    fn only_shares_from_1_to_100_are_percentages() {
        assert_eq!(Batch::percent("25%"), Some(Batch::Percent(25)));
        for wrong in ["0%", "101%", "25", "%", "2.5%", "-1%"] {
            assert_eq!(Batch::percent(wrong), None, "{wrong}");
        }
    }
}
