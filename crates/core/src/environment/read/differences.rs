//! Parsing of `[[difference]]`: places and bounds.
//!
//! Whether a place differs, and whether a bound is too wide, is left to `drift`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::super::bound::{Bound, Expression, Ratio};
use super::super::check::{check_table, unknown_key};
use super::super::difference::{Difference, DifferencePlace};
use super::super::{Definition, Fingerprint, codes, fields};
use super::{Parsed, Reader};
use evenkeel_comparison::Pattern;
use evenkeel_model::defect::Defect;
use evenkeel_model::source::form::last_moment;
use evenkeel_model::source::{Node, Span, Table, place_within};
use evenkeel_model::text::{list, nearest};
use evenkeel_model::{EnvironmentName, Value};

/// Prefix of documents' places.
const DOCUMENT: &str = "document.";
/// Prefix of surveys' places.
const SURVEY: &str = "survey.";

impl Reader<'_> {
    /// Parses the file that contains declared differences only.
    pub(super) fn differences_file(
        &mut self,
        parsed: &Parsed,
        definition: &Definition,
    ) -> Vec<Difference> {
        let mut differences = Vec::new();
        for (key, key_span, node) in &parsed.table.entries {
            match &**key {
                "$schema" => {}
                "difference" => differences = self.differences(node, definition),
                other => self.complaints.push(
                    unknown_key(other, key_span, &parsed.file.path, ["difference"])
                        .help("this file must only contain `[[difference]]` tables"),
                ),
            }
        }
        differences
    }

    pub(super) fn differences(&mut self, node: &Node, definition: &Definition) -> Vec<Difference> {
        let mut differences = Vec::new();
        let Some(items) = node.as_list() else {
            self.complaints.push(
                Defect::new(
                    &codes::WRONG_FORM,
                    "difference",
                    "declared differences are a list of tables",
                )
                .at(&node.span, "write `[[difference]]`"),
            );
            return differences;
        };
        for item in items {
            if let Some(table) = self.table(item, "difference") {
                differences.extend(self.difference(table, &item.span, definition));
            }
        }
        differences
    }

    fn difference(
        &mut self,
        table: &Table,
        span: &Span,
        definition: &Definition,
    ) -> Option<Difference> {
        let (fixed, own): (Vec<_>, Vec<_>) =
            table.entries.iter().cloned().partition(|(key, _, _)| {
                fields::DIFFERENCE.iter().any(|field| field.name == &**key)
            });
        let fixed = Table { entries: fixed };
        let before = self.complaints.len();
        check_table(
            &fixed,
            fields::DIFFERENCE,
            span,
            "difference",
            false,
            &mut self.complaints,
        );
        let is_sound = self.complaints.len() == before;
        let mut bounds = BTreeMap::new();
        for (key, key_span, node) in &own {
            let name = EnvironmentName::new(key);
            if !definition.path.contains(&name) {
                let known = fields::DIFFERENCE
                    .iter()
                    .map(|field| field.name)
                    .chain(definition.path.iter().map(EnvironmentName::as_str));
                self.complaints
                    .push(unknown_key(key, key_span, "difference", known));
                continue;
            }
            if let Some(bound) = self.bound(node) {
                bounds.insert(name, bound);
            }
        }
        // A value of the wrong form is not checked further.
        let relations = if is_sound {
            (
                fixed.get("ratio").and_then(|node| self.ratio(node)),
                fixed
                    .get("same-class")
                    .is_some_and(|node| self.same_class(node)),
            )
        } else {
            (None, false)
        };
        let text = |key: &str| fixed.get(key).and_then(Node::as_text);
        let (at, expires) = (fixed.get("at")?, fixed.get("expires")?);
        let place = self.place(at)?;
        Some(Difference {
            at: at.as_text()?.to_owned(),
            place,
            span: at.span.clone(),
            bounds,
            ratio: relations.0,
            same_class: relations.1,
            reason: text("reason")?.to_owned(),
            owner: text("owner")?.to_owned(),
            // The last moment of the day, so that the expiry is displayed as the written day.
            expires: expires.as_text().and_then(last_moment)?,
            expires_span: expires.span.clone(),
            ticket: text("ticket").map(str::to_owned),
        })
    }

    fn place(&mut self, at: &Node) -> Option<DifferencePlace> {
        let text = at.as_text()?;
        let (rest, prefix) = if let Some(rest) = text.strip_prefix(DOCUMENT) {
            (rest, "")
        } else if let Some(rest) = text.strip_prefix(SURVEY) {
            (rest, SURVEY)
        } else {
            return Some(DifferencePlace::Named(text.to_owned()));
        };
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        let (name, path) = rest.split_at(end);
        // A document has no dot in its name.
        let name: Arc<str> = format!("{prefix}{name}").into();
        if path.is_empty() {
            return Some(DifferencePlace::Document(name, None));
        }
        let path = path.strip_prefix('.').unwrap_or(path);
        match Pattern::parse(path) {
            Ok(pattern) => Some(DifferencePlace::Document(name, Some(pattern))),
            Err(problem) => {
                let start = text.len() - path.len();
                self.complaints.push(
                    Defect::new(
                        &codes::WRONG_FORM,
                        "difference",
                        format!("difference: `{text}` is not a place in a document"),
                    )
                    .attribute("at")
                    .at(&place_within(&at.span, start + problem.at), problem.message),
                );
                None
            }
        }
    }

    /// Checks that the documents of differences exist in any environment.
    pub(super) fn documents_of_differences(&mut self, definition: &Definition) {
        let surveys: Vec<Arc<str>> = definition
            .surveys
            .keys()
            .map(|name| format!("{SURVEY}{name}").into())
            .collect();
        let documents = definition.document_names();
        for difference in definition.differences() {
            let DifferencePlace::Document(name, _) = &difference.place else {
                continue;
            };
            let is_survey = name.starts_with(SURVEY);
            let known: BTreeSet<&Arc<str>> = if is_survey {
                surveys.iter().collect()
            } else {
                documents.clone()
            };
            if known.contains(name) {
                continue;
            }
            let hint = match nearest(name, known.iter().map(|name| &***name)) {
                Some(near) => format!("did you mean `{near}`?"),
                None if known.is_empty() => "none are declared".to_owned(),
                None => {
                    let known: Vec<&str> = known.iter().take(12).map(|name| &***name).collect();
                    format!("declared: {}", list(&known, "and"))
                }
            };
            // The first character of the name, or of its placeholder.
            let span = &difference.span;
            let before = if is_survey { 0 } else { DOCUMENT.len() };
            let (first, last) = (before, before + name.len().saturating_sub(1));
            let noun = if is_survey { "survey" } else { "document" };
            let (first, last) = (place_within(span, first), place_within(span, last));
            let place = Span::new(&span.file, first.start()..last.end());
            self.complaints.push(
                Defect::new(
                    &codes::DANGLING,
                    "difference",
                    format!("the {noun} `{name}` is not declared"),
                )
                .attribute("at")
                .at(&place, hint),
            );
        }
    }

    fn bound(&mut self, node: &Node) -> Option<Bound> {
        let Some(table) = node.as_table() else {
            return Some(Bound::Exact(node.to_value()));
        };
        let before = self.complaints.len();
        check_table(
            table,
            fields::BOUND,
            &node.span,
            "difference",
            false,
            &mut self.complaints,
        );
        if self.complaints.len() > before {
            return None;
        }
        let (least, most) = (table.get("min"), table.get("max"));
        let is_range = least.is_some() || most.is_some();
        let single =
            ["exact", "one-of", "matches", "absent", "fingerprint"].map(|key| table.get(key));
        match single {
            [Some(exact), None, None, None, None] if !is_range => {
                return Some(Bound::Exact(exact.to_value()));
            }
            [None, Some(values), None, None, None] if !is_range => {
                let values = values.as_list().unwrap_or(&[]);
                return Some(Bound::OneOf(values.iter().map(Node::to_value).collect()));
            }
            [None, None, Some(written), None, None] if !is_range => {
                match Expression::parse(written.as_text().unwrap_or_default()) {
                    Ok(expression) => return Some(Bound::Matches(expression)),
                    Err(reason) => {
                        self.complain(&written.span, "invalid regular expression", reason);
                    }
                }
            }
            [None, None, None, None, Some(written)] if !is_range => {
                match Fingerprint::parse(written.as_text().unwrap_or_default()) {
                    Some(fingerprint) => return Some(Bound::Fingerprint(fingerprint)),
                    None => self.complain(
                        &written.span,
                        "invalid fingerprint",
                        "a fingerprint is four hexadecimal digits",
                    ),
                }
            }
            [None, None, None, Some(absent), None] if !is_range => {
                return Some(match absent.to_value() {
                    Value::Boolean(false) => Bound::Present,
                    _ => Bound::Absent,
                });
            }
            [None, None, None, None, None] if is_range => {
                return self.range(node, least, most);
            }
            _ => self.complain(
                &node.span,
                "invalid bound",
                "expected one of `exact`, `one-of`, `matches`, `absent`, or `min` and `max`",
            ),
        }
        None
    }

    fn range(&mut self, node: &Node, least: Option<&Node>, most: Option<&Node>) -> Option<Bound> {
        let sound = [least, most].into_iter().flatten().all(|limit| {
            let is_size = limit.as_text().is_none_or(|text| {
                text.starts_with(|first: char| first.is_ascii_digit() || "+-.".contains(first))
            });
            if !is_size {
                let label = "expected a number, or a size such as \"512Mi\"";
                self.complain(&limit.span, "invalid size", label);
            }
            is_size
        });
        let value = |node: Option<&Node>| node.map(Node::to_value);
        let number = |node: Option<&Node>| value(node)?.as_number();
        if let (Some(least), Some(most)) = (number(least), number(most))
            && least > most
        {
            let label = "`min` is greater than `max`";
            self.complain(&node.span, "invalid bound", label);
            return None;
        }
        sound.then(|| Bound::Range(value(least), value(most)))
    }

    fn ratio(&mut self, node: &Node) -> Option<Ratio> {
        let number = |key: &str| node.as_table()?.get(key)?.to_value().as_number();
        let ratio = Ratio {
            least: number("min"),
            most: number("max"),
        };
        let label = match (ratio.least, ratio.most) {
            (None, None) => "expected `min`, `max` or both",
            (Some(least), Some(most)) if least > most => "`min` is greater than `max`",
            _ => return Some(ratio),
        };
        self.complain(&node.span, "invalid ratio", label);
        None
    }

    fn same_class(&mut self, node: &Node) -> bool {
        let holds = node.to_value() == Value::Boolean(true);
        if !holds {
            let label = "`same-class` must be `true` or omitted";
            self.complain(&node.span, "no bound", label);
        }
        holds
    }

    fn complain(&mut self, span: &Span, message: &str, label: impl Into<String>) {
        self.complaints
            .push(Defect::new(&codes::WRONG_FORM, "difference", message).at(span, label));
    }
}
