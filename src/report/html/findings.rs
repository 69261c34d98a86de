//! Findings, one for each cause: the most severe in full, the others in one row each.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use maud::{Markup, html};

use super::super::document::{AlsoDocument, FindingDocument, Report, SinceDocument};
use super::Section;
use super::budget::{Filled, Share, fill};
use super::difference::{unified, values};
use super::excerpt::excerpts;
use super::marks;
use super::text::{at_most, brief, prose, sentence, subject};
use evenkeel_model::defect::{Corner, Severity};
use evenkeel_model::text::count;

/// Findings in full.
const FULL: Share = Share::new(200, 1_100_000);
/// Findings in one row.
const ROWS: Share = Share::new(20_000, 2_400_000);
/// Findings that the next release removes, in one row.
const PENDING: Share = Share::new(1_000, 250_000);
/// Other places of one finding.
const ALSO: Share = Share::new(30, 30_000);
/// Number of findings whose details are open initially.
const OPEN: usize = 3;
/// Characters of a message in a row.
const MESSAGE: usize = 220;

pub(super) fn section(report: &Report) -> Option<Section> {
    let findings: Vec<&FindingDocument> = report
        .findings
        .iter()
        .filter(|finding| finding.allowed.is_none() && !finding.is_pending())
        .collect();
    if findings.is_empty() {
        return None;
    }
    let page = Page::default();
    let mut full = FULL;
    let mut rows = ROWS;
    let mut left_out = 0;
    // The most severe findings come first, whatever their environment.
    let gravest = findings.get(..OPEN).unwrap_or(&findings);
    let groups: Vec<Markup> = groups(&findings)
        .into_iter()
        .enumerate()
        .map(|(number, (environment, members))| {
            let shown = fill(members.iter(), full, |finding| {
                let is_open = gravest.iter().any(|grave| std::ptr::eq(*grave, *finding));
                page.full(finding, is_open)
            });
            full = full.without(&shown);
            let rest = members.get(shown.shown..).unwrap_or_default();
            let listed = fill(rest.iter(), rows, |finding| row(finding));
            rows = rows.without(&listed);
            left_out += listed.left_out;
            group(number, environment, &shown, &listed)
        })
        .collect();
    let body = html! {
        (filter(&findings))
        @for group in &groups { (group) }
        @if left_out > 0 {
            p.rest {
                "… " (count(left_out, "more finding")) ", left out of this page; "
                code { "--format json" } " has all of them"
            }
        }
    };
    Some(Section::new("findings", "Findings", body).counted(findings.len()))
}

/// Returns the changes of the next apply or release.
pub(super) fn pending(report: &Report) -> Option<Section> {
    let findings: Vec<&FindingDocument> = report
        .findings
        .iter()
        .filter(|finding| finding.allowed.is_none() && finding.is_pending())
        .collect();
    if findings.is_empty() {
        return None;
    }
    let page = Page::default();
    let filled = fill(findings.iter(), PENDING, |finding| page.change(finding));
    let body = html! {
        p { "The definition changed and is not applied yet. The next apply or release makes these changes; they are not drift." }
        (table("Changes that wait for the next apply or release", ["Environment", "Change", "Id"], &filled.markup))
        (filled.rest("change"))
    };
    Some(Section::new("pending", "Pending changes", body).counted(findings.len()))
}

/// Returns the findings by environment, in the order of the first finding of each.
fn groups<'a>(
    findings: &[&'a FindingDocument],
) -> Vec<(Option<&'a str>, Vec<&'a FindingDocument>)> {
    let mut order: Vec<Option<&str>> = Vec::new();
    let mut members: BTreeMap<Option<&str>, Vec<&FindingDocument>> = BTreeMap::new();
    for finding in findings {
        let environment = finding.environment.as_deref();
        members
            .entry(environment)
            .or_insert_with(|| {
                order.push(environment);
                Vec::new()
            })
            .push(finding);
    }
    order
        .into_iter()
        .filter_map(|environment| Some((environment, members.remove(&environment)?)))
        .collect()
}

fn group(number: usize, environment: Option<&str>, shown: &Filled, listed: &Filled) -> Markup {
    let id = format!("findings-{number}");
    html! {
        div.group {
            h3 id=(id) {
                @match environment {
                    Some(environment) => (brief(environment)),
                    None => "Definitions and documents",
                }
                " " span.number { (shown.shown + listed.shown + listed.left_out) }
            }
            (shown.markup)
            @if listed.shown > 0 {
                @let caption = if shown.shown > 0 { "Further findings, one row each" } else { "Findings, one row each" };
                (table(caption, ["Severity", "Finding", "Id"], &listed.markup))
            }
        }
    }
}

/// Returns checkboxes that hide findings of a severity, by style only.
fn filter(findings: &[&FindingDocument]) -> Markup {
    let present: Vec<(Severity, usize)> = [
        Severity::Critical,
        Severity::Error,
        Severity::Warning,
        Severity::Advice,
    ]
    .into_iter()
    .map(|severity| {
        let of = |finding: &&&FindingDocument| finding.severity == severity;
        (severity, findings.iter().filter(of).count())
    })
    .filter(|(_, number)| *number > 0)
    .collect();
    // The checkboxes are siblings of the hidden parts: a selector over the whole page is slow in a large one.
    html! {
        @if present.len() > 1 {
            span.filter #filter { "Show" }
            @for (severity, number) in &present {
                @let id = format!("show-{}", severity.name());
                input.filter id=(id) type="checkbox" checked aria-describedby="filter";
                label.filter for=(id) { (marks::severity(*severity)) " " span.number { (number) } }
            }
        }
    }
}

fn table(caption: &str, columns: [&str; 3], rows: &Markup) -> Markup {
    html! {
        table.rows {
            caption { (caption) }
            thead { tr { @for column in columns { th scope="col" { (column) } } } }
            tbody { (rows) }
        }
    }
}

/// Used anchors of the page.
#[derive(Default)]
struct Page {
    anchors: RefCell<BTreeSet<String>>,
}

impl Page {
    /// Returns the anchor of a finding; `None` if another finding has it.
    fn anchor(&self, finding: &FindingDocument) -> Option<String> {
        let is_plain = !finding.fingerprint.is_empty()
            && finding.fingerprint.len() <= 64
            && finding
                .fingerprint
                .chars()
                .all(|character| character.is_ascii_alphanumeric());
        let anchor = format!("finding-{}", finding.fingerprint);
        (is_plain && self.anchors.borrow_mut().insert(anchor.clone())).then_some(anchor)
    }

    fn full(&self, finding: &FindingDocument, is_open: bool) -> Markup {
        let anchor = self.anchor(finding);
        html! {
            article class={ "finding " (finding.severity.name()) } id=[anchor.as_deref()] {
                h4 {
                    (marks::severity(finding.severity)) " "
                    (subject(&finding.subject, finding.attribute.as_deref()))
                }
                p.message { (sentence(message(finding))) }
                @match &finding.difference {
                    Some(difference) => (unified(difference)),
                    None => (values(
                        ("expected", finding.expected.as_deref()),
                        ("found", finding.found.as_deref()),
                    )),
                }
                ul.facts {
                    @if let Some(place) = finding.places.first() { li { (marks::place(place)) } }
                    // The message may end with it.
                    @if let Some(corner) = finding.corner.map(Corner::name)
                        && !finding.message.ends_with(corner) { li { (corner) } }
                    @if let Some(since) = &finding.since { li { (known_since(since)) } }
                    @if let Some(seen) = &finding.seen { li { (sentence(&seen.words())) } }
                    @if finding.reach > 1 { li { (count(finding.reach, "place")) } }
                    li { a href={ "#" (super::codes::anchor(&finding.code)) } { (brief(&finding.code)) } }
                    li.id { code { (brief(&finding.fingerprint)) } }
                }
                @if let Some(help) = &finding.help { p.help { (prose(help)) } }
                (details(finding, is_open))
            }
        }
    }

    fn change(&self, finding: &FindingDocument) -> Markup {
        html! {
            tr id=[self.anchor(finding)] {
                td { (brief(finding.environment.as_deref().unwrap_or_default())) }
                td {
                    (at_most(&finding.message, MESSAGE))
                    @if let Some(place) = finding.places.first() { " " (marks::place(place)) }
                }
                td { code { (brief(&finding.fingerprint)) } }
            }
        }
    }
}

/// Returns the message without the subject and the environment, which are in the headings above it.
fn message(finding: &FindingDocument) -> &str {
    let message = &*finding.message;
    let Some(rest) = message.strip_prefix(&*finding.subject) else {
        return message;
    };
    let environment = finding.environment.as_deref().unwrap_or_default();
    let place = format!(" ({environment})");
    rest.strip_prefix(&*place)
        .unwrap_or(rest)
        .strip_prefix(": ")
        .unwrap_or(message)
}

fn row(finding: &FindingDocument) -> Markup {
    let severity = finding.severity.name();
    html! {
        tr class=(severity) {
            td { (severity) }
            td {
                (at_most(&finding.message, MESSAGE))
                @if let Some(place) = finding.places.first() { " " (marks::place(place)) }
            }
            td { code { (brief(&finding.fingerprint)) } }
        }
    }
}

fn details(finding: &FindingDocument, is_open: bool) -> Markup {
    let named: Vec<&str> = [
        (!finding.places.is_empty()).then_some("source"),
        (!finding.also.is_empty()).then_some("other places"),
        finding.why.as_ref().map(|_| "reason"),
    ]
    .into_iter()
    .flatten()
    .collect();
    let mut summary = evenkeel_model::text::list(&named, "and");
    if let Some(first) = summary.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    html! {
        @if !named.is_empty() {
            details open[is_open] {
                summary { (summary) }
                (excerpts(&finding.places))
                (also(&finding.also))
                @if let Some(why) = &finding.why { p.why { span.name { "Why: " } (sentence(why)) } }
            }
        }
    }
}

fn also(places: &[AlsoDocument]) -> Markup {
    let filled = fill(places.iter(), ALSO, |also| {
        html! {
            li {
                (sentence(&also.message))
                @for place in also.places.iter().take(4) { " " (marks::place(place)) }
                @if let Some(code) = &also.code { " " a href={ "#" (super::codes::anchor(code)) } { (brief(code)) } }
                " " code.id { (brief(&also.fingerprint)) }
            }
        }
    });
    html! {
        @if !places.is_empty() {
            p.name { "Same cause" }
            ul.also { (filled.markup) }
            (filled.rest("place"))
        }
    }
}

/// Returns since when a finding is known to exist.
pub(super) fn known_since(since: &SinceDocument) -> Markup {
    html! {
        @match since.until {
            Some(until) => {
                "changed between " (marks::moment(since.at)) " and " (marks::moment(until))
            }
            None => { "since " (marks::moment(since.at)) ", " (known(since)) }
        }
    }
}

/// Returns the source of this knowledge.
fn known(since: &SinceDocument) -> Markup {
    html! {
        (sentence(&since.known))
        @if let Some(by) = &since.by { " by " (brief(by)) }
    }
}
