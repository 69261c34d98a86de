//! Source lines of a finding: the adapter to miette.
//!
//! Places in several files are displayed file by file, the file of the first place first. Other details of a finding
//! are in `details.rs`.

use std::fmt;

use miette::{Diagnostic, LabeledSpan, Severity as Gravity, SourceCode};

use super::super::document::{FindingDocument, PlaceDocument};
use super::excerpt::Excerpt;
use evenkeel_model::defect::Severity;
use evenkeel_model::text::inert;

/// Part of a finding: its places in one file.
#[derive(Debug)]
pub(super) struct Part<'a> {
    finding: &'a FindingDocument,
    places: Vec<&'a PlaceDocument>,
    excerpt: Option<Excerpt>,
    message: String,
}

/// Returns a finding as parts, one for each file with places, and one if it has none.
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
    files
        .into_iter()
        .map(|places| part(finding, places))
        .collect()
}

impl<'a> Part<'a> {
    /// Returns the places without lines, each with its label.
    pub(super) fn unshown(&self) -> impl Iterator<Item = (String, &'a str)> + '_ {
        let places = self.excerpt.is_none().then_some(&self.places);
        places
            .into_iter()
            .flatten()
            .map(|place| (place.to_string(), &*place.label))
    }
}

fn part<'a>(finding: &'a FindingDocument, places: Vec<&'a PlaceDocument>) -> Part<'a> {
    let message = inert(&finding.message).into_owned();
    let excerpt = places
        .first()
        .and_then(|first| Excerpt::of(&first.path, &places));
    Part {
        finding,
        places,
        excerpt,
        message,
    }
}

impl fmt::Display for Part<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Part<'_> {}

impl Diagnostic for Part<'_> {
    fn severity(&self) -> Option<Gravity> {
        Some(match self.finding.severity {
            Severity::Error | Severity::Critical => Gravity::Error,
            Severity::Warning => Gravity::Warning,
            Severity::Advice => Gravity::Advice,
        })
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
