//! Shows a finding at its places: the adapter to miette.
//!
//! Places in several files are shown file by file, the first place's file first.

use std::fmt;

use miette::{Diagnostic, LabeledSpan, Severity as Gravity, SourceCode};

use super::super::document::{FindingDocument, PlaceDocument};
use super::excerpt::Excerpt;
use super::words;
use evenkeel_model::defect::Severity;
use evenkeel_model::text::inert;

/// One part of a finding: its places in one file. The first part names the fault, the last says what to do.
#[derive(Debug)]
pub(super) struct Part<'a> {
    finding: &'a FindingDocument,
    places: Vec<&'a PlaceDocument>,
    excerpt: Option<Excerpt>,
    message: String,
    is_first: bool,
    is_last: bool,
}

/// A finding as parts, one for each file it has places in, and one if it has none.
pub(super) fn parts(finding: &FindingDocument) -> Vec<Part<'_>> {
    let mut files: Vec<Vec<&PlaceDocument>> = Vec::new();
    for place in &finding.places {
        let is_of = |file: &&mut Vec<&PlaceDocument>| {
            file.first().is_some_and(|first| first.path == place.path)
        };
        match files.iter_mut().find(is_of) {
            Some(file) => file.push(place),
            None => files.push(vec![place]),
        }
    }
    if files.is_empty() {
        files.push(Vec::new());
    }
    let last = files.len() - 1;
    files
        .into_iter()
        .enumerate()
        .map(|(number, places)| part(finding, places, number == 0, number == last))
        .collect()
}

fn part<'a>(
    finding: &'a FindingDocument,
    places: Vec<&'a PlaceDocument>,
    is_first: bool,
    is_last: bool,
) -> Part<'a> {
    let mut message = if is_first {
        inert(&finding.message).into_owned()
    } else {
        "and here".to_owned()
    };
    let excerpt = places
        .first()
        .and_then(|first| Excerpt::of(&first.path, &places));
    if excerpt.is_none() {
        for place in &places {
            let at = place.to_string();
            message.push_str(&format!("\n{}: {}", inert(&at), inert(&place.label)));
        }
    }
    Part {
        finding,
        places,
        excerpt,
        message,
        is_first,
        is_last,
    }
}

impl fmt::Display for Part<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Part<'_> {}

impl Diagnostic for Part<'_> {
    fn code<'b>(&'b self) -> Option<Box<dyn fmt::Display + 'b>> {
        self.is_first
            .then(|| -> Box<dyn fmt::Display> { Box::new(inert(&self.finding.code)) })
    }

    fn severity(&self) -> Option<Gravity> {
        Some(match self.finding.severity {
            Severity::Error | Severity::Critical
                if !self.is_first || self.finding.allowed.is_some() =>
            {
                Gravity::Advice
            }
            Severity::Error | Severity::Critical => Gravity::Error,
            Severity::Warning => Gravity::Warning,
            Severity::Advice => Gravity::Advice,
        })
    }

    fn help<'b>(&'b self) -> Option<Box<dyn fmt::Display + 'b>> {
        if !self.is_last {
            return None;
        }
        let finding = self.finding;
        let mut lines: Vec<String> = Vec::new();
        lines.extend(
            finding
                .difference
                .as_deref()
                .map(|text| inert(text).trim_end().to_owned()),
        );
        if let Some(since) = &finding.since {
            // An interval has its own moments.
            lines.push(if since.known.starts_with("between ") {
                format!("changed {}", since.known)
            } else {
                format!("since {}: {}", since.at, since.known)
            });
        }
        lines.extend(
            finding
                .why
                .as_deref()
                .map(|why| format!("why: {}", inert(why))),
        );
        lines.extend(
            finding
                .allowed
                .as_ref()
                .map(|allowed| format!("declared: {}", inert(&words(allowed)))),
        );
        lines.extend(finding.help.as_deref().map(|help| inert(help).into_owned()));
        (!lines.is_empty()).then(|| -> Box<dyn fmt::Display> { Box::new(lines.join("\n")) })
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.excerpt
            .as_ref()
            .map(|excerpt| -> &dyn SourceCode { excerpt })
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let excerpt = self.excerpt.as_ref()?;
        let labels = self.places.iter().filter_map(move |place| {
            let (start, length) = excerpt.span(place)?;
            let text = inert(&place.label).into_owned();
            Some(LabeledSpan::new(Some(text), start, length))
        });
        Some(Box::new(labels))
    }
}
