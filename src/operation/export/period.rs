//! Period: the entries between two times.

use super::ExportRequest;
use crate::operation::{Failure, log};
use evenkeel_ledger::Entry;
use evenkeel_model::{Digest, Moment};

/// Entries of a period: a range of the ledger.
#[derive(Clone, Copy, Debug)]
pub(super) struct Period {
    /// Start; `None` for the founding of the ledger.
    pub(super) from: Option<Moment>,
    /// End, which is not part of it; `None` for the newest entry.
    pub(super) to: Option<Moment>,
    /// First entry.
    pub(super) first: u64,
    /// Last entry.
    pub(super) last: u64,
}

impl Period {
    /// Chooses the entries: from the first one at or after the start to the last one before the end. A clock that was set
    /// back makes no gap.
    pub(super) fn new(
        request: &ExportRequest<'_>,
        now: Moment,
        entries: &[Entry],
    ) -> Result<Self, Failure> {
        let start = |text: &str| log::time(text, now).map_err(Failure::Usage);
        let from = request.from.map(start).transpose()?;
        let to = request
            .to
            .map(|text| after(text).map_or_else(|| start(text), Ok))
            .transpose()?;
        let first = entries
            .iter()
            .find(|entry| from.is_none_or(|from| entry.time >= from));
        let last = entries
            .iter()
            .rev()
            .find(|entry| to.is_none_or(|to| entry.time < to));
        match (first, last) {
            (Some(first), Some(last)) if first.sequence <= last.sequence => Ok(Self {
                from,
                to,
                first: first.sequence,
                last: last.sequence,
            }),
            _ => Err(Failure::Usage(
                "the ledger has no entry in this period; run `evenkeel log` to see its entries"
                    .into(),
            )),
        }
    }

    /// Returns the entries of the period.
    pub(super) fn entries<'e>(&self, all: &'e [Entry]) -> &'e [Entry] {
        range(all, self.first, self.last)
    }

    /// Returns the entries from the first one of the period to the end of the ledger.
    pub(super) fn exported<'e>(&self, all: &'e [Entry]) -> &'e [Entry] {
        range(all, self.first, u64::MAX)
    }

    /// Returns the digest that the first entry names.
    pub(super) fn before(&self, all: &[Entry]) -> Digest {
        let first = self.exported(all).first();
        first.map_or_else(evenkeel_ledger::entry::root, |first| first.previous)
    }
}

fn range(all: &[Entry], first: u64, last: u64) -> &[Entry] {
    let start = all.partition_point(|entry| entry.sequence < first);
    let end = all.partition_point(|entry| entry.sequence <= last);
    all.get(start..end).unwrap_or_default()
}

/// Returns the end of a day, if the text is one: it is part of the period.
fn after(text: &str) -> Option<Moment> {
    // A time contains a day too.
    let is_time = text.parse::<jiff::Timestamp>().is_ok();
    let day: jiff::civil::Date = text.parse().ok().filter(|_| !is_time)?;
    let midnight = day.tomorrow().ok()?.at(0, 0, 0, 0);
    let moment = jiff::tz::Offset::UTC.to_timestamp(midnight).ok()?;
    Some(Moment::new(moment))
}
