//! Unmanaged things of hosts: one line for all things of a class that the same hosts have.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::super::document::FindingDocument;
use evenkeel_model::defect::Corner;
use evenkeel_model::text::list;
use evenkeel_model::{HostName, Instance};

/// Number of names in a line.
const NAMED: usize = 5;
/// Number of hosts in a line.
const HOSTS: usize = 4;
/// Start of the message about a thing, after its scope.
const MARK: &str = "unmanaged ";

/// A finding, and where a line with several things replaces it.
struct Row<'a> {
    finding: &'a FindingDocument,
    instance: Instance,
    class: &'a str,
    /// `installed package`.
    noun: &'a str,
    name: &'a str,
}

impl<'a> Row<'a> {
    /// Reads a finding about a thing of a scope.
    fn of(finding: &'a FindingDocument) -> Option<Self> {
        if finding.corner != Some(Corner::Unmanaged) || !finding.subject.starts_with("exclusive.") {
            return None;
        }
        let (class, name) = finding.attribute.as_deref()?.split_once('.')?;
        let (_, noun) = finding.message.split_once(&format!("): {MARK}"))?;
        let (noun, _) = noun.split_once(": ")?;
        Some(Self {
            finding,
            instance: Instance::parse(&finding.subject)?,
            class,
            noun,
            name,
        })
    }
}

/// Returns the findings for people: those about things of one class that the same hosts have are one. The first of them
/// has the place.
pub(super) fn grouped(findings: &[FindingDocument]) -> Cow<'_, [FindingDocument]> {
    let rows: Vec<Row<'_>> = findings.iter().filter_map(Row::of).collect();
    if rows.len() < 2 {
        return Cow::Borrowed(findings);
    }
    let mut things: BTreeMap<_, Vec<&Row<'_>>> = BTreeMap::new();
    for row in &rows {
        let scope = (&row.finding.environment, &row.instance.address, row.class);
        things.entry((scope, row.name)).or_default().push(row);
    }
    // Things by their hosts.
    let mut lines: BTreeMap<_, Vec<&Row<'_>>> = BTreeMap::new();
    for ((scope, _), rows) in things {
        let hosts: Vec<Option<&HostName>> =
            rows.iter().map(|row| row.instance.host.as_ref()).collect();
        lines.entry((scope, hosts)).or_default().extend(rows);
    }
    // By the fingerprint of its first finding, which a line replaces; the others are left out.
    let mut instead: BTreeMap<*const FindingDocument, Option<FindingDocument>> = BTreeMap::new();
    for ((_, hosts), rows) in lines {
        let Some(first) = rows.first() else { continue };
        if rows.len() > 1 {
            instead.extend(
                rows.iter()
                    .map(|row| (std::ptr::from_ref(row.finding), None)),
            );
            let line = line(first, &hosts, &rows);
            instead.insert(std::ptr::from_ref(first.finding), Some(line));
        }
    }
    findings
        .iter()
        .filter_map(
            |finding| match instead.remove(&std::ptr::from_ref(finding)) {
                Some(line) => line,
                None => Some(finding.clone()),
            },
        )
        .collect()
}

/// Returns the line about several things, or about one on several hosts.
fn line(first: &Row<'_>, hosts: &[Option<&HostName>], rows: &[&Row<'_>]) -> FindingDocument {
    let subject = match hosts {
        [_] => first.instance.to_string(),
        _ => first.instance.address.to_string(),
    };
    let mut names: Vec<String> = Vec::new();
    for row in rows {
        if names.last().is_none_or(|last| last != row.name) {
            names.push(row.name.to_owned());
        }
    }
    let number = names.len();
    let what = if number == 1 {
        format!("{MARK}{}: {}", first.noun, first.name)
    } else {
        format!(
            "{number} {MARK}{}: {}",
            plural(first.noun),
            shortened(names, NAMED)
        )
    };
    let on = match hosts.len() {
        1 => String::new(),
        count => {
            let hosts = hosts.iter().flatten().map(ToString::to_string).collect();
            format!(", on {count} hosts: {}", shortened(hosts, HOSTS))
        }
    };
    let environment = first.finding.environment.as_deref().unwrap_or_default();
    FindingDocument {
        message: format!("{subject} ({environment}): {what}{on}"),
        subject,
        ..first.finding.clone()
    }
}

fn plural(noun: &str) -> String {
    let counted = evenkeel_model::text::count(2, noun);
    counted.trim_start_matches("2 ").to_owned()
}

/// Returns the first names, and the number of the others.
fn shortened(mut names: Vec<String>, most: usize) -> String {
    if let Some(more) = names.len().checked_sub(most).filter(|more| *more > 0) {
        names.truncate(most);
        names.push(format!("{more} more"));
    }
    list(&names, "and")
}
