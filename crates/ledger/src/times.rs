//! Times of entries: which parts of a ledger may have entries of a period.
//!
//! Clocks can go back, so times do not follow the order of entries. This index keeps the earliest and the latest time of every
//! thousand entries; it is a part of the state, and verified like it.

use evenkeel_model::Moment;
use serde::{Deserialize, Serialize};

/// Entries of one span.
const SPAN: u64 = 1024;

/// The earliest and the latest time of each span of entries.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Times {
    spans: Vec<(Moment, Moment)>,
}

/// A part of a ledger: the entries above `after`, up to and including `through`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntryRange {
    /// The number before the first entry.
    pub after: u64,
    /// The number of the last entry.
    pub through: u64,
}

impl Times {
    /// Notes the time of the next entry.
    pub(super) fn note(&mut self, sequence: u64, at: Moment) {
        let span = usize::try_from(sequence.saturating_sub(1) / SPAN).unwrap_or(usize::MAX);
        match self.spans.get_mut(span) {
            Some((first, last)) => {
                *first = (*first).min(at);
                *last = (*last).max(at);
            }
            None => self.spans.push((at, at)),
        }
    }

    /// Returns the parts of the ledger with all entries since a time (inclusive) and until another one (exclusive), in order.
    /// They also have entries of other times.
    #[must_use]
    pub fn within(&self, since: Option<Moment>, until: Option<Moment>) -> Vec<EntryRange> {
        let mut ranges: Vec<EntryRange> = Vec::new();
        for (span, (first, last)) in (0_u64..).zip(&self.spans) {
            let may_match = since.is_none_or(|since| *last >= since)
                && until.is_none_or(|until| *first < until);
            if !may_match {
                continue;
            }
            let (after, through) = (span * SPAN, (span + 1) * SPAN);
            match ranges.last_mut() {
                Some(before) if before.through == after => before.through = through,
                _ => ranges.push(EntryRange { after, through }),
            }
        }
        ranges
    }
}

#[cfg(test)]
mod tests {
    use super::{EntryRange, SPAN, Times};
    use evenkeel_model::Moment;

    fn at(millisecond: u64) -> Moment {
        Moment::from_millisecond(millisecond.cast_signed())
    }

    #[test]
    fn every_entry_of_a_period_is_in_a_range() {
        let mut times = Times::default();
        // A clock that jumps back by half of the ledger, twice.
        let entries = 10 * SPAN + 7;
        let time = |sequence: u64| (sequence * 7919) % (entries / 2) + sequence / 3;
        for sequence in 1..=entries {
            times.note(sequence, at(time(sequence)));
        }
        for (since, until) in [(0, 10), (500, 501), (3000, 4000), (5000, 9000)] {
            let ranges = times.within(Some(at(since)), Some(at(until)));
            for sequence in 1..=entries {
                let is_within = (since..until).contains(&time(sequence));
                let is_read = ranges
                    .iter()
                    .any(|range| range.after < sequence && sequence <= range.through);
                assert!(!is_within || is_read, "{sequence} in {since}..{until}");
            }
        }
    }

    #[test]
    fn a_day_of_a_year_is_one_short_range() {
        let mut times = Times::default();
        for sequence in 1..=100 * SPAN {
            times.note(sequence, at(sequence));
        }
        let ranges = times.within(Some(at(50 * SPAN + 1)), Some(at(50 * SPAN + 9)));
        let (after, through) = (50 * SPAN, 51 * SPAN);
        assert_eq!(ranges, [EntryRange { after, through }]);
        assert_eq!(times.within(None, None).len(), 1);
        assert!(times.within(Some(at(101 * SPAN)), None).is_empty());
        assert!(Times::default().within(None, None).is_empty());
    }
}
