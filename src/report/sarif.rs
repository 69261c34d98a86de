//! SARIF 2.1.0 for code scanning: every code as a rule, every finding as a result, and unread parts as notifications.
//!
//! The output stays within GitHub's limits: of more findings, the most severe are kept, and a notification counts the
//! omitted ones. The objects of the format are in [`log`].

mod log;

use std::collections::HashMap;
use std::io::{self, Write};

use self::log::{
    ArtifactLocation, AutomationDetails, Configuration, Descriptor, Driver, Fingerprints,
    Invocation, Level, Location, Log, LogicalLocation, Message, Notification, PhysicalLocation,
    Problem, Region, RelatedLocation, Result, ResultProperties, Rule, RuleProperties, Run,
    Suppression, Tool,
};
use super::catalogue::codes;
use super::document::{AlsoDocument, FindingDocument, PlaceDocument, Report};
use super::json;
use super::wording::{State, about, anchor, by_gravity, clip, justification, path, place, unread};
use super::{Format, Style};
use evenkeel_model::defect::{Code, Novelty, Severity};
use evenkeel_model::text::count;

/// Number of results of one run that GitHub keeps.
const MOST_RESULTS: usize = 5_000;
/// Number of locations of one result that GitHub shows.
const MOST_LOCATIONS: usize = 100;
/// Number of locations of the whole run, so that the file stays under GitHub's 10 MB of gzip.
const MOST_LOCATIONS_OF_ALL: usize = 50_000;
/// Characters of a rule's texts that GitHub accepts.
const LONGEST_OF_RULE: usize = 1_024;
/// Characters of a message.
const LONGEST_MESSAGE: usize = 2_000;
/// Characters of a value or a label.
const LONGEST_VALUE: usize = 300;
/// Notifications of one sort.
const MOST_NOTIFICATIONS: usize = 100;

/// SARIF 2.1.0.
pub(super) struct Sarif;

impl Format for Sarif {
    const NAME: &'static str = "sarif";
    const HELP: &'static str = "SARIF 2.1.0 for code scanning";
    const SUFFIXES: &'static [&'static str] = &[".sarif", ".sarif.json"];

    fn write(report: &Report, _style: Style, to: &mut dyn Write) -> io::Result<()> {
        let run = run(report);
        json::write(
            &Log {
                schema: "https://json.schemastore.org/sarif-2.1.0.json",
                version: "2.1.0",
                runs: [run],
            },
            to,
        )
    }
}

fn run(report: &Report) -> Run<'_> {
    let rules: Vec<&'static Code> = codes().collect();
    let numbers: HashMap<&str, usize> = rules
        .iter()
        .enumerate()
        .map(|(number, code)| (code.name, number))
        .collect();
    let anchor = anchor(report);
    let mut locations_left = MOST_LOCATIONS_OF_ALL;
    let results: Vec<Result<'_>> = by_gravity(report)
        .into_iter()
        .take(MOST_RESULTS)
        .map(|finding| {
            let number = numbers.get(&*finding.code).copied();
            result(finding, number, &anchor, &mut locations_left)
        })
        .collect();
    let version = report.tool.strip_prefix("evenkeel ");
    Run {
        tool: Tool {
            driver: Driver {
                name: "evenkeel",
                semantic_version: version.filter(|version| !version.is_empty()),
                rules: rules.into_iter().map(rule).collect(),
            },
        },
        automation_details: AutomationDetails {
            id: format!("evenkeel/{}/{}/", report.system, report.command),
        },
        invocations: [invocation(report)],
        column_kind: "unicodeCodePoints",
        results,
    }
}

fn rule(code: &'static Code) -> Rule {
    let layer = code.name.split('/').next().unwrap_or_default();
    Rule {
        id: code.name,
        name: pascal(code.name),
        short_description: message(code.title, LONGEST_OF_RULE),
        full_description: message(code.help, LONGEST_OF_RULE),
        help: message(code.help, LONGEST_OF_RULE),
        default_configuration: Configuration {
            level: level(State::Open(code.severity)),
        },
        properties: RuleProperties {
            tags: [layer],
            precision: "very-high",
            problem: Problem {
                severity: match code.severity {
                    Severity::Critical | Severity::Error => "error",
                    Severity::Warning => "warning",
                    Severity::Advice => "recommendation",
                },
            },
        },
    }
}

fn result<'a>(
    finding: &'a FindingDocument,
    rule_index: Option<usize>,
    anchor: &str,
    locations_left: &mut usize,
) -> Result<'a> {
    let state = State::of(finding);
    let mut text = clip(&finding.message, LONGEST_MESSAGE).into_owned();
    if finding.reach > 1 {
        text.push_str(&format!(" ({})", count(finding.reach, "place")));
    }
    if let Some(help) = &finding.help {
        text.push_str("\n\n");
        text.push_str(&clip(help, LONGEST_MESSAGE));
    }
    let physical_location = place(finding).map_or_else(
        || PhysicalLocation {
            artifact_location: ArtifactLocation { uri: uri(anchor) },
            region: Region {
                start_line: 1,
                start_column: None,
                end_line: None,
                end_column: None,
            },
        },
        physical,
    );
    let related = related(finding, locations_left);
    let clipped = |text: &str| clip(text, LONGEST_VALUE).into_owned();
    Result {
        rule_id: &finding.code,
        rule_index,
        level: level(state),
        message: message(&text, 2 * LONGEST_MESSAGE + 100),
        locations: [Location {
            physical_location,
            logical_locations: [LogicalLocation {
                fully_qualified_name: match &finding.environment {
                    Some(environment) => format!("{environment}/{}", about(finding)),
                    None => about(finding),
                },
                kind: "resource",
            }],
        }],
        related_locations: related,
        baseline_state: finding
            .seen
            .as_ref()
            .and_then(|seen| seen.novelty)
            .and_then(|novelty| match novelty {
                Novelty::New => Some("new"),
                Novelty::Before => Some("unchanged"),
                Novelty::Unknown => None,
            }),
        provenance: finding.seen.as_ref().map(|seen| log::Provenance {
            first_detection_time_utc: seen.first.to_string(),
            last_detection_time_utc: seen.last.to_string(),
        }),
        partial_fingerprints: Fingerprints {
            primary_location_line_hash: format!("{}:1", finding.fingerprint),
            finding: &finding.fingerprint,
        },
        suppressions: finding
            .allowed
            .iter()
            .map(|allowed| Suppression {
                kind: "external",
                status: "accepted",
                justification: clipped(&justification(allowed)),
                location: log::SuppressionLocation {
                    physical_location: physical(&allowed.place),
                },
            })
            .collect(),
        properties: ResultProperties {
            state: state.name(),
            environment: finding.environment.as_deref(),
            corner: finding.corner.map(evenkeel_model::defect::Corner::name),
            expected: finding.expected.as_deref().map(clipped),
            found: finding.found.as_deref().map(clipped),
            since: finding.since.as_ref().map(|since| since.at.to_string()),
        },
    }
}

/// Returns the other places of a finding, and those of the other places with its cause.
fn related(finding: &FindingDocument, left: &mut usize) -> Vec<RelatedLocation> {
    let own = finding.places.iter().skip(1).map(|place| (place, None));
    let others = finding.also.iter().flat_map(|also: &AlsoDocument| {
        let places = also.places.iter().take(1);
        places.map(move |place| (place, Some(&*also.message)))
    });
    let most = (*left).min(MOST_LOCATIONS - 1);
    let related: Vec<RelatedLocation> = own
        .chain(others)
        .take(most)
        .enumerate()
        .map(|(number, (place, words))| RelatedLocation {
            id: number + 1,
            physical_location: physical(place),
            message: message(words.unwrap_or(&place.label), LONGEST_VALUE),
        })
        .collect();
    *left -= related.len();
    related
}

fn physical(place: &PlaceDocument) -> PhysicalLocation {
    PhysicalLocation {
        artifact_location: ArtifactLocation {
            uri: uri(path(place)),
        },
        region: Region {
            start_line: place.line,
            start_column: Some(place.column),
            end_line: Some(place.end_line),
            end_column: Some(place.end_column),
        },
    }
}

fn invocation(report: &Report) -> Invocation {
    let unread = unread(report);
    let notification = |level, id: &str, text: &str| Notification {
        level,
        descriptor: Descriptor { id: id.to_owned() },
        message: message(text, LONGEST_MESSAGE),
    };
    let mut notifications: Vec<Notification> = unread
        .iter()
        .take(MOST_NOTIFICATIONS)
        .map(|reason| notification(Level::Error, "evenkeel/unreadable", reason))
        .collect();
    let rules = report.verdict.iter().flat_map(|verdict| &verdict.rules);
    let reasons = rules.flat_map(|rule| rule.reasons.iter().map(move |reason| (rule, reason)));
    for (rule, reason) in reasons.take(MOST_NOTIFICATIONS) {
        notifications.push(notification(Level::Warning, &rule.code, reason));
    }
    for glass in report.break_glass.iter().take(MOST_NOTIFICATIONS) {
        let text = format!("{}; {}", glass.words(), glass.command());
        notifications.push(notification(Level::Warning, "evenkeel/break-glass", &text));
    }
    // Code scanning would open an alert for a result that is absent now.
    let past = report
        .since
        .iter()
        .flat_map(|since| since.ended.iter().chain(&since.unknown));
    for past in past.take(MOST_NOTIFICATIONS) {
        let id = match past.gone {
            Some(_) => "evenkeel/ended",
            None => "evenkeel/unknown-now",
        };
        let text = format!("{}: {}", past.about(), past.words());
        notifications.push(notification(Level::Note, id, &text));
    }
    let kept = report.findings.len().min(MOST_RESULTS);
    if kept < report.findings.len() {
        let text = format!(
            "{kept} of {} are listed, the most severe first; --format json has all of them",
            count(report.findings.len(), "finding")
        );
        notifications.push(notification(Level::Warning, "evenkeel/left-out", &text));
    }
    if unread.len() > MOST_NOTIFICATIONS {
        let text = format!("{} more were not read", unread.len() - MOST_NOTIFICATIONS);
        notifications.push(notification(Level::Error, "evenkeel/left-out", &text));
    }
    for cut in &report.cut {
        let text = format!("{} more {} ({})", cut.left_out, cut.list, cut.by);
        notifications.push(notification(Level::Note, "evenkeel/left-out", &text));
    }
    Invocation {
        execution_successful: unread.is_empty(),
        exit_code: report.exit_code,
        end_time_utc: report.at.to_string(),
        tool_execution_notifications: notifications,
    }
}

const fn level(state: State) -> Level {
    match state {
        State::Open(Severity::Critical | Severity::Error) => Level::Error,
        State::Open(Severity::Warning) => Level::Warning,
        State::Open(Severity::Advice) | State::Pending | State::Declared => Level::Note,
    }
}

/// Returns a message without links: in SARIF, `[text](target)` is one, and foreign text must not create any.
fn message(text: &str, most: usize) -> Message {
    let text = clip(text, most).replace("](", "] (");
    Message {
        // An empty text counts as missing.
        text: if text.trim().is_empty() {
            "(no text)".to_owned()
        } else {
            text
        },
    }
}

/// Returns a path as a URI reference: all except unreserved characters and `/` are escaped.
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len() + 8);
    if path.starts_with('/') {
        uri.push_str("file://");
    }
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    uri
}

/// Returns the name of a code in the form that the format recommends: `ParityValueDiffers`.
fn pascal(code: &str) -> String {
    code.split(['/', '-'])
        .flat_map(|word| {
            let mut letters = word.chars();
            let first = letters.next().map(|letter| letter.to_ascii_uppercase());
            first.into_iter().chain(letters)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{message, pascal, uri};

    #[test]
    fn paths_are_escaped() {
        assert_eq!(uri("a b/c:d%.toml"), "a%20b/c%3Ad%25.toml");
        assert_eq!(uri("ü.toml"), "%C3%BC.toml");
        assert_eq!(uri("/etc/a"), "file:///etc/a");
    }

    #[test]
    fn messages_have_no_links_and_are_never_empty() {
        assert_eq!(message("[a](http://b)", 100).text, "[a] (http://b)");
        assert_eq!(message(" ", 100).text, "(no text)");
    }

    #[test]
    fn names_of_rules_are_words_in_capitals() {
        assert_eq!(pascal("parity/value-differs"), "ParityValueDiffers");
    }
}
