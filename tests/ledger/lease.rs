//! Leases between processes: a living holder is named, a dead one costs nobody anything.

use std::io::{BufRead, BufReader};
use std::time::Duration;

use evenkeel::ledger::{Lease, LedgerError};
use evenkeel::model::EnvironmentName;
use evenkeel::model::moment::SystemClock;

use crate::writer::{actor, command, open};

#[test]
fn a_killed_holder_is_followed_at_once_and_a_living_one_is_named() {
    let world = tempfile::tempdir().unwrap();
    let folder = world.path().join("ledger");
    let ledger = open(&folder);
    let take = |environment: &str| {
        let name = EnvironmentName::new(environment);
        Lease::take(
            &ledger,
            &SystemClock,
            &folder,
            &name,
            &actor(),
            "apply",
            None,
        )
    };
    for round in 1..=3 {
        let mut holder = command(&[], "holder", &folder, 0).spawn().unwrap();
        let mut lines = BufReader::new(holder.stdout.take().unwrap()).lines();
        let token = lines
            .find_map(|line| line.unwrap().strip_prefix("held ").map(str::to_owned))
            .unwrap();
        assert_eq!(token, (2 * round - 1).to_string());
        let refused = take("staging").err().unwrap();
        assert!(matches!(refused, LedgerError::Held { .. }));
        let who = format!("ada on engine (process {})", holder.id());
        assert!(refused.to_string().contains(&who), "{refused}");
        // Another environment is nobody's business.
        take("production").unwrap().give_back().unwrap();
        holder.kill().unwrap();
        holder.wait().unwrap();
        let begun = std::time::Instant::now();
        let lease = take("staging").unwrap();
        assert!(begun.elapsed() < Duration::from_secs(1));
        assert_eq!(lease.fence().token, 2 * round);
    }
}
