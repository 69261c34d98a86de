//! Declared differences, the next to expire first, each with its remaining days.

use maud::{Markup, html};

use super::super::document::{AllowedDocument, FindingDocument, Report};
use super::Section;
use super::budget::{Share, fill};
use super::difference::values;
use super::marks::{self, State};
use super::text::{brief, sentence, subject};
use evenkeel_model::Moment;
use evenkeel_model::text::count;

const ROWS: Share = Share::new(500, 300_000);
/// Remaining days below which a difference is marked.
const SOON: i64 = 30;
const DAY: i64 = 24 * 60 * 60 * 1000;

pub(super) fn section(report: &Report) -> Option<Section> {
    let mut all: Vec<(&FindingDocument, &AllowedDocument)> = report
        .findings
        .iter()
        .filter_map(|finding| Some((finding, finding.allowed.as_ref()?)))
        .collect();
    if all.is_empty() {
        return None;
    }
    all.sort_by_key(|(_, allowed)| allowed.expires);
    let filled = fill(all.iter(), ROWS, |(finding, allowed)| {
        row(finding, allowed, report.at)
    });
    let body = html! {
        table.declared {
            caption { "Differences that a declaration allows until its expiry" }
            thead {
                tr {
                    th scope="col" { "Difference" }
                    th scope="col" { "Reason" }
                    th scope="col" { "Owner" }
                    th scope="col" { "Expires" }
                }
            }
            tbody { (filled.markup) }
        }
        (filled.rest("declared difference"))
    };
    Some(Section::new("declared", "Declared differences", body).counted(all.len()))
}

fn row(finding: &FindingDocument, allowed: &AllowedDocument, at: Moment) -> Markup {
    html! {
        tr {
            th scope="row" {
                (subject(&finding.subject, finding.attribute.as_deref()))
                (values(
                    ("expected", finding.expected.as_deref()),
                    ("found", finding.found.as_deref()),
                ))
            }
            td { (sentence(&allowed.reason)) br; (marks::place(&allowed.place)) }
            td {
                (brief(&allowed.owner))
                @if let Some(ticket) = &allowed.ticket { br; (brief(ticket)) }
            }
            td.number { (marks::day(allowed.expires)) br; (left(at, allowed.expires)) }
        }
    }
}

/// Returns the remaining days.
fn left(at: Moment, expires: Moment) -> Markup {
    let left = (expires.as_millisecond() - at.as_millisecond()).div_euclid(DAY);
    let days = |days: i64| count(usize::try_from(days).unwrap_or(usize::MAX), "day");
    match left {
        ..0 => marks::state(State::Bad, "expired"),
        0 => marks::state(State::Waiting, "expires today"),
        1..=SOON => marks::state(State::Waiting, &format!("{} left", days(left))),
        _ => html! { (days(left)) " left" },
    }
}

#[cfg(test)]
mod tests {
    use super::{Moment, left};

    #[test]
    fn days_are_counted_from_the_report() {
        let at = |text: &str| Moment::new(text.parse().unwrap());
        let shown = |expires| left(at("2026-11-28T10:00:00Z"), at(expires)).0;
        assert_eq!(shown("2027-06-30T00:00:00Z"), "213 days left");
        assert!(shown("2026-11-30T00:00:00Z").contains("1 day left"));
        assert!(shown("2026-11-28T11:00:00Z").contains("expires today"));
        assert!(shown("2026-11-28T09:00:00Z").contains("expired"));
    }
}
