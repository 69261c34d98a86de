//! Timeline: deliveries, releases, suites and approvals from the ledger, and since when findings exist.
//!
//! The chart is an overview; the table beside it contains every event as text.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::super::document::{EventDocument, FindingDocument, Report};
use super::Section;
use super::budget::{Share, fill};
use super::findings::known_since;
use super::marks::{self, State, moment_words};
use super::text::{at_most, brief, sentence, subject};
use evenkeel_ledger::{EventKind, EventOutcome};
use evenkeel_model::Moment;
use evenkeel_model::text::count;

const ROWS: Share = Share::new(300, 150_000);
/// Number of initially displayed events.
const NEWEST: usize = 20;
/// Number of displayed findings with an age.
const AGED: usize = 100;
/// Maximum number of environments in the chart.
const LANES: usize = 24;
/// Number of positions of a lane; at each, only the most important mark is drawn.
const PLACES: i64 = 100;
/// Height of a lane.
const LANE: usize = 44;

/// Event at a moment.
#[derive(Clone, Copy)]
struct Item<'a> {
    at: Moment,
    environment: &'a str,
    what: What<'a>,
}

#[derive(Clone, Copy)]
enum What<'a> {
    Event(&'a EventDocument),
    Finding(&'a FindingDocument),
}

pub(super) fn section(report: &Report) -> Option<Section> {
    let events = report.timeline.iter().map(|event| Item {
        at: event.at,
        environment: &event.environment,
        what: What::Event(event),
    });
    let aged = report
        .findings
        .iter()
        .filter(|finding| finding.allowed.is_none() && !finding.is_pending());
    let findings = aged
        .filter_map(|finding| {
            Some(Item {
                at: finding.since.as_ref()?.at,
                environment: finding
                    .environment
                    .as_deref()
                    .unwrap_or("between environments"),
                what: What::Finding(finding),
            })
        })
        .take(AGED);
    let mut items: Vec<Item<'_>> = events.chain(findings).collect();
    if items.is_empty() {
        return None;
    }
    items.sort_by_key(|item| item.at);
    let newest = fill(items.iter().rev().take(NEWEST), ROWS, row);
    let earlier = fill(
        items.iter().rev().skip(newest.shown),
        ROWS.without(&newest),
        row,
    );
    let body = html! {
        (chart(&items, report.at))
        (table("Events, the newest first", &newest.markup))
        @if earlier.shown > 0 {
            details {
                summary { (count(earlier.shown, "earlier event")) }
                (table("Earlier events, the newest first", &earlier.markup))
            }
        }
        (earlier.rest("event"))
    };
    Some(Section::new("timeline", "Timeline", body).counted(items.len()))
}

fn table(caption: &str, rows: &Markup) -> Markup {
    html! {
        table.timeline {
            caption { (caption) }
            thead {
                tr {
                    th scope="col" { "Time" }
                    th scope="col" { "Environment" }
                    th scope="col" { "Event" }
                    th scope="col" { "Outcome" }
                }
            }
            tbody { (rows) }
        }
    }
}

fn row(item: &Item<'_>) -> Markup {
    let (state, outcome) = item.outcome();
    html! {
        tr {
            td.number { (marks::moment(item.at)) }
            td { (brief(item.environment)) }
            th scope="row" {
                (shape(item.kind())) (item.kind().1) " "
                @match item.what {
                    What::Event(event) => {
                        @if event.kind != EventKind::Check { code { (brief(&event.name)) } }
                        @if let Some(words) = &event.words {
                            @if event.kind != EventKind::Check { ", " }
                            (sentence(words))
                        }
                        @if let Some(by) = &event.by { ", by " (brief(by)) }
                    }
                    What::Finding(finding) => {
                        (subject(&finding.subject, finding.attribute.as_deref()))
                        @if let Some(since) = &finding.since { span.figures { (known_since(since)) } }
                    }
                }
            }
            td {
                @match item.what {
                    What::Finding(finding) => (marks::severity(finding.severity)),
                    What::Event(event) => {
                        (marks::state(state, outcome))
                        @if let (EventKind::Check, Some(ended)) = (event.kind, event.ended) {
                            span.figures { "until " (marks::moment(ended)) }
                        } @else if let Some(ended) = event.ended {
                            " " span.took { (super::applies::seconds(ended.since(item.at).as_secs_f64())) }
                        }
                    }
                }
            }
        }
    }
}

impl Item<'_> {
    /// Returns the class of its shape, its word, and its importance.
    fn kind(&self) -> (&'static str, &'static str, u8) {
        match self.what {
            What::Finding(_) => ("drift", "drift", 3),
            What::Event(event) => match event.kind {
                EventKind::Release => ("release", "release", 6),
                EventKind::LeaseBroken => ("lease", "lease broken", 5),
                EventKind::Apply => ("apply", "apply", 4),
                EventKind::BreakGlass => ("rejection", "break-glass", 6),
                EventKind::FollowUp => ("approval", "follow-up", 3),
                EventKind::Drill => ("check", "drill", 1),
                EventKind::Rejection => ("rejection", "rejection", 5),
                EventKind::Approval => ("approval", "approval", 2),
                EventKind::Withdrawal => ("withdrawal", "withdrawal", 2),
                EventKind::Check => ("check", "check", 1),
                EventKind::Suite => ("suite", "suite", 1),
                EventKind::Verdict => ("verdict", "gate", 0),
            },
        }
    }

    fn outcome(&self) -> (State, &'static str) {
        match self.what {
            What::Finding(finding) => (State::Bad, finding.severity.name()),
            What::Event(event) => match event.outcome {
                None => (State::Waiting, "no outcome"),
                Some(EventOutcome::Done) => (State::Good, "done"),
                Some(EventOutcome::Passed) => (State::Good, "passed"),
                Some(EventOutcome::Open) => (State::Good, "open"),
                Some(EventOutcome::Shut) => (State::Waiting, "shut"),
                Some(EventOutcome::Failed) => (State::Bad, "failed"),
                Some(EventOutcome::Interrupted) => (State::Waiting, "interrupted"),
                Some(EventOutcome::Unknown) => (State::Bad, "unknown"),
                Some(EventOutcome::InSync) => (State::Good, "in sync"),
                Some(EventOutcome::Drift) => (State::Bad, "drift"),
            },
        }
    }

    /// Returns its weight among marks at one position: failures first, then by kind.
    fn weight(&self) -> (bool, u8) {
        (self.outcome().0 == State::Bad, self.kind().2)
    }
}

/// Returns the shape of a kind beside its word.
fn shape((class, _, _): (&str, &str, u8)) -> Markup {
    html! {
        svg.shape width="14" height="14" viewBox="-8 -8 16 16" aria-hidden="true" focusable="false" {
            (outline(class))
        }
    }
}

fn outline(class: &str) -> Markup {
    html! {
        @match class {
            "release" => path d="M0-7.5 7.5 0 0 7.5-7.5 0Z" {},
            "apply" => circle r="5.5" {},
            "drift" => path d="M0-6.5 7 6H-7Z" {},
            "check" => circle r="4" fill="none" stroke="currentColor" stroke-width="2.5" {},
            "approval" => path d="M-6 0-2 4.5 6.5-5" fill="none" stroke="currentColor" stroke-width="3" {},
            "rejection" => path d="M-6 0H6" fill="none" stroke="currentColor" stroke-width="4" {},
            "lease" => path d="M-5.5-5.5 5.5 5.5M5.5-5.5-5.5 5.5" fill="none" stroke="currentColor" stroke-width="3" {},
            "verdict" => path d="M-1.5-7H1.5V7H-1.5Z" {},
            _ => path d="M-4.5-4.5H4.5V4.5H-4.5Z" {},
        }
    }
}

/// Draws one lane for each environment, from the first event to the report.
fn chart(items: &[Item<'_>], now: Moment) -> Markup {
    let Some(first) = items.first().map(|item| item.at) else {
        return Markup::default();
    };
    let last = items.last().map_or(now, |item| item.at).max(now);
    let span = (last.as_millisecond().saturating_sub(first.as_millisecond())).max(1);
    let mut lanes: Vec<(&str, BTreeMap<i64, Item<'_>>)> = Vec::new();
    for item in items {
        let place = item
            .at
            .as_millisecond()
            .saturating_sub(first.as_millisecond());
        let place =
            i64::try_from(i128::from(place) * i128::from(PLACES) / i128::from(span)).unwrap_or(0);
        let lane = match lanes.iter().position(|(name, _)| *name == item.environment) {
            Some(lane) => lane,
            None if lanes.len() < LANES => {
                lanes.push((item.environment, BTreeMap::new()));
                lanes.len() - 1
            }
            None => continue,
        };
        if let Some((_, places)) = lanes.get_mut(lane) {
            let drawn = places.entry(place).or_insert(*item);
            if item.weight() > drawn.weight() {
                *drawn = *item;
            }
        }
    }
    let height = lanes.len() * LANE + 6;
    html! {
        figure.chart {
            svg role="img" width="100%" height=(height) aria-labelledby="timeline-title timeline-text" {
                title #timeline-title { "Timeline of the environments" }
                desc #timeline-text { (description(items, first, last)) }
                @for tick in 0..=4 {
                    line.tick x1={ (2 + tick * 24) "%" } x2={ (2 + tick * 24) "%" } y1="0" y2=(height) {}
                }
                @for (number, (name, places)) in lanes.iter().enumerate() {
                    @let middle = number * LANE + 30;
                    text x="0" y=(number * LANE + 13) { (at_most(name, 40)) }
                    line.lane x1="0" x2="100%" y1=(middle) y2=(middle) {}
                    @for (place, item) in places {
                        svg.(item.outcome().0.class()) x={ (2 + place * 96 / PLACES) "%" } y=(middle) overflow="visible" {
                            (outline(item.kind().0))
                        }
                    }
                }
            }
            p.axis { (marks::moment(first)) " " (marks::moment(last)) }
            figcaption {
                @for (class, word) in legend(items) {
                    span { (shape((class, word, 0))) (word) } " "
                }
            }
        }
    }
}

/// Returns the shapes of the chart, with their words.
fn legend(items: &[Item<'_>]) -> Vec<(&'static str, &'static str)> {
    let mut kinds: Vec<_> = items.iter().map(Item::kind).collect();
    kinds.sort_by_key(|(_, _, weight)| std::cmp::Reverse(*weight));
    kinds.dedup();
    kinds
        .into_iter()
        .map(|(class, word, _)| (class, word))
        .collect()
}

/// Returns the chart in words.
fn description(items: &[Item<'_>], first: Moment, last: Moment) -> String {
    let kinds: Vec<String> = legend(items)
        .into_iter()
        .map(|(class, word)| {
            let number = items.iter().filter(|item| item.kind().0 == class).count();
            format!("{word}: {number}")
        })
        .collect();
    format!(
        "{} from {} to {}. {}. The table below lists them.",
        count(items.len(), "event"),
        moment_words(first),
        moment_words(last),
        kinds.join(", ")
    )
}
