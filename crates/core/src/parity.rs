//! Parity of whole environments: resources and documents, with declared differences applied.

use std::collections::{BTreeMap, BTreeSet};

use crate::documents::{DocumentCounts, Documents};
use crate::drift::{Disparity, Presence, group, parity, settle, severities, survey};
use crate::environment::{Definition, Resolved};
use evenkeel_model::defect::Defect;
use evenkeel_model::{EnvironmentName, Moment};

/// Parity between all environments of a definition.
#[derive(Default)]
pub struct Parity {
    /// Unreadable documents, then differences. Differences with one cause are one defect.
    pub defects: Vec<Defect>,
    /// Undeclared differences, place by place.
    pub open: Vec<Disparity>,
    /// Whether a document could not be read.
    pub unread: bool,
    /// Amount of compared documents; `None` without documents.
    pub documents: Option<DocumentCounts>,
    /// Declared differences in force, with their expiries.
    pub declarations: Vec<(String, Moment)>,
    /// Values that are written differently and count as equal, if asked for.
    pub equal: Vec<String>,
    /// Places that are declared to differ.
    pub declared: BTreeSet<String>,
}

impl Parity {
    /// Compares environments and applies declared differences. `resolved` contains the environments with known secrets;
    /// secrets of others are not compared. Without `documents`, documents are not compared.
    #[must_use]
    pub fn of(
        definition: &Definition,
        resolved: &BTreeMap<EnvironmentName, Resolved>,
        documents: Option<&Documents<'_>>,
        now: Moment,
    ) -> Self {
        let mut disparities = parity(definition, resolved);
        let found = documents.map(Documents::compare).unwrap_or_default();
        disparities.extend(found.disparities);
        let mut settled = settle(definition, disparities, now, &|name, pattern| {
            match documents {
                Some(documents) if !name.starts_with(survey::PREFIX) => {
                    documents.presence(name, pattern)
                }
                // Facts of hosts are read by another comparison.
                _ => Presence::Unread,
            }
        });
        severities::apply(&mut settled.defects, definition);
        for disparity in &mut settled.open {
            severities::apply(std::slice::from_mut(&mut disparity.defect), definition);
        }
        // Environments that share a line may each lack another document.
        let mut reported = BTreeSet::new();
        let complaints = documents
            .into_iter()
            .flat_map(Documents::complaints)
            .chain(found.complaints);
        let mut defects: Vec<Defect> = complaints
            .filter(|complaint| {
                let place = complaint.labels.first();
                let place = place.map(|label| label.span.location().to_string());
                reported.insert((complaint.code.name, complaint.message.clone(), place))
            })
            .collect();
        let unread = !defects.is_empty();
        defects.extend(group(settled.defects));
        Self {
            defects,
            open: settled.open,
            unread,
            documents: found.counted,
            declarations: settled
                .declarations
                .iter()
                .map(|declaration| {
                    (
                        declaration.difference.at.clone(),
                        declaration.difference.expires,
                    )
                })
                .collect(),
            equal: found.equal,
            declared: settled.places,
        }
    }
}
