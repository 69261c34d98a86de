//! Log: the events of the ledger, filtered.

use std::collections::VecDeque;

use super::session::Session;
use super::{Failure, ProjectLocation, World};
use crate::report::{EntryDocument, Report};
use evenkeel_ledger::{Entry, Record, chain};
use evenkeel_model::text::{count, nearest};
use evenkeel_model::{EnvironmentName, Moment, duration};

/// Filter of entries.
#[derive(Clone, Debug, Default)]
pub struct LogRequest {
    /// Maximum number of entries, the newest.
    pub limit: usize,
    /// Whether steps and leases are listed.
    pub all: bool,
    /// Only entries about this environment.
    pub environment: Option<String>,
    /// Only entries of these kinds; all when empty.
    pub kinds: Vec<String>,
    /// Only entries since this time: a date, a time, or an age such as `2d`.
    pub since: Option<String>,
    /// Only entries before this time.
    pub until: Option<String>,
    /// Only entries of this account or person.
    pub by: Option<String>,
}

/// Kinds that are listed on request only: the entry of an apply or a release contains the results.
const DETAILS: &[&str] = &[
    "steps-intended",
    "steps-ended",
    "lease-taken",
    "lease-returned",
];

/// Lists entries, oldest first.
///
/// # Errors
///
/// When the ledger cannot be read completely, or the request names something that does not exist.
pub fn log(
    world: &World<'_>,
    location: &ProjectLocation,
    request: &LogRequest,
) -> Result<Report, Failure> {
    let Session {
        project,
        mut report,
    } = Session::open(world, location, "log")?;
    let filter = Filter::of(request, world.clock.now())?;
    if let Some(name) = &filter.environment
        && !project.definition.path.contains(name)
    {
        // A former environment of the path has entries too.
        let known = project.definition.path.iter().map(EnvironmentName::as_str);
        let hint = nearest(name.as_str(), known)
            .map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        report.say(format!("{name} is not on the path of the system{hint}"));
    }
    let (state, ledger) = project.state()?;
    let mut kept: VecDeque<EntryDocument> = VecDeque::new();
    let mut left = 0;
    if let Some(ledger) = &ledger {
        let mut last = 0;
        let mut take = |entry: Entry| {
            // A concurrent append restarts the read, so an entry can be delivered twice.
            if entry.sequence <= last {
                return Ok(());
            }
            last = entry.sequence;
            if !filter.takes(&entry)? {
                return Ok(());
            }
            kept.push_back(EntryDocument::new(&entry)?);
            if kept.len() > request.limit {
                kept.pop_front();
                left += 1;
            }
            Ok(())
        };
        // Entries that were appended after the state was read are in no range.
        for range in state.times.within(filter.since, filter.until) {
            ledger.each_within(range, &mut take)?;
        }
    }
    report.entries.extend(kept);
    report.timeline(&state);
    if state.sequence == 0 {
        report.say("no entries yet");
        report.next("evenkeel deliver");
    } else if left > 0 {
        report.cut("entries", left, "--limit");
        report.say(format!(
            "… {} before these (--limit {})",
            count(left, "entry"),
            left + request.limit
        ));
    } else if report.entries.is_empty() {
        report.say("no entries match");
    }
    Ok(report)
}

/// Parsed request.
struct Filter<'a> {
    all: bool,
    environment: Option<EnvironmentName>,
    kinds: &'a [String],
    since: Option<Moment>,
    until: Option<Moment>,
    by: Option<&'a str>,
}

impl<'a> Filter<'a> {
    fn of(request: &'a LogRequest, now: Moment) -> Result<Self, Failure> {
        for kind in &request.kinds {
            let names = Record::KINDS.iter().map(|(name, _)| *name);
            if !names.clone().any(|name| name == kind) {
                let hint = nearest(kind, names)
                    .map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
                return Err(Failure::Usage(format!("unknown kind `{kind}`{hint}")));
            }
        }
        let moment = |text: &Option<String>| {
            text.as_deref()
                .map(|text| time(text, now))
                .transpose()
                .map_err(Failure::Usage)
        };
        Ok(Self {
            all: request.all || !request.kinds.is_empty(),
            environment: request.environment.as_deref().map(EnvironmentName::new),
            kinds: &request.kinds,
            since: moment(&request.since)?,
            until: moment(&request.until)?,
            by: request.by.as_deref(),
        })
    }

    fn takes(&self, entry: &Entry) -> Result<bool, evenkeel_ledger::LedgerError> {
        let is_of_kind = self.kinds.is_empty() || self.kinds.contains(&entry.kind);
        let is_event = self.all || !DETAILS.contains(&&*entry.kind);
        let is_in_time = self.since.is_none_or(|since| entry.time >= since)
            && self.until.is_none_or(|until| entry.time < until);
        if !(is_of_kind && is_event && is_in_time) {
            return Ok(false);
        }
        if self.environment.is_none() && self.by.is_none() {
            return Ok(true);
        }
        let record = chain::understand(entry)?;
        let is_there = match (&self.environment, &record) {
            (None, _) => true,
            (Some(name), Some(Record::DriftChecked(it))) => it.environments.contains_key(name),
            (Some(name), Some(record)) => record.environment() == Some(name),
            (Some(_), None) => false,
        };
        let is_by = self.by.is_none_or(|by| {
            let record = record.as_ref();
            let signed = record.and_then(Record::signed);
            let actor = record.and_then(Record::by);
            actor.is_some_and(|actor| actor.name == by)
                || signed.is_some_and(|signed| signed.person == by)
        });
        Ok(is_there && is_by)
    }
}

/// Parses a moment: a date, a time in RFC 3339, or an age such as `2d`.
pub(super) fn time(text: &str, now: Moment) -> Result<Moment, String> {
    if let Some(age) = duration::parse(text) {
        let age = i64::try_from(age.as_millis()).unwrap_or(i64::MAX);
        return Ok(Moment::from_millisecond(
            now.as_millisecond().saturating_sub(age),
        ));
    }
    let day = || -> Option<Moment> {
        let date: jiff::civil::Date = text.parse().ok()?;
        let midnight = date.at(0, 0, 0, 0);
        // The last days of the calendar are later than the last timestamp.
        let start = jiff::tz::Offset::UTC.to_timestamp(midnight);
        Some(Moment::new(start.unwrap_or(if date.year() < 0 {
            jiff::Timestamp::MIN
        } else {
            jiff::Timestamp::MAX
        })))
    };
    text.parse::<jiff::Timestamp>()
        .map(Moment::new)
        .ok()
        .or_else(day)
        .ok_or_else(|| {
            format!("`{text}`: expected a date (2026-11-28), a time (2026-11-28T07:48:01Z) or an age (2d)")
        })
}
