//! How environments compare with each other, and each with what is there: the sums.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use evenkeel_core::documents::DocumentCounts;
use evenkeel_ledger::EnvironmentState;
use evenkeel_model::defect::{Corner, Defect};
use evenkeel_model::{EnvironmentName, Moment};

/// Parity, counted.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct ParityDocument {
    /// Complaints about documents that could not be read: of these nothing can be told.
    pub unread: usize,
    /// Undeclared differences, and defects of declared ones; those of one cause are one.
    pub undeclared: usize,
    /// The places of the undeclared ones.
    pub places: usize,
    /// Undeclared differences that are warnings or advice: they shut nothing.
    pub lesser: usize,
    /// Declared differences that are in force.
    pub declared: usize,
    /// The day on which the first of them expires.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub first_expiry: Option<Moment>,
    /// Files that look like one thing in two environments and that no definition mentions: pairs that were not compared.
    pub not_compared: Vec<Vec<String>>,
    /// How many such pairs the definitions leave out.
    pub left_out: usize,
    /// The documents that were compared, counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub documents: Option<DocumentsDocument>,
}

/// Documents that were compared, counted.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct DocumentsDocument {
    /// Pairs of documents.
    pub pairs: usize,
    /// Files, of all sides.
    pub files: usize,
    /// Single values that were compared, of all sides. Files that are the same are not looked into.
    pub values: usize,
    /// Single values that differ when nothing is understood: keys by name, lists by position.
    pub raw: usize,
    /// Lists with too many elements that nothing identifies: how alike those are was not measured, and position decided.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub by_position: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

impl From<DocumentCounts> for DocumentsDocument {
    fn from(counts: DocumentCounts) -> Self {
        let DocumentCounts {
            pairs,
            files,
            values,
            raw,
            by_position,
        } = counts;
        Self {
            pairs,
            files,
            values,
            raw,
            by_position,
        }
    }
}

/// An environment that was looked at.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct EnvironmentReport {
    /// Its name.
    pub name: String,
    /// Whether it is as declared and everything was seen.
    pub in_sync: bool,
    /// Declared attributes.
    pub declared: usize,
    /// Those that were observed.
    pub observed: usize,
    /// Findings by corner.
    pub corners: BTreeMap<String, usize>,
    /// The last apply that ended with every step done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub apply: Option<String>,
}

impl EnvironmentReport {
    /// An environment of which so much was observed.
    #[must_use]
    pub fn new(name: &EnvironmentName, declared: usize, observed: usize) -> Self {
        Self {
            name: name.to_string(),
            in_sync: false,
            declared,
            observed,
            corners: BTreeMap::new(),
            apply: None,
        }
    }

    /// Counts its findings.
    pub fn count(&mut self, defects: &[Defect]) {
        self.in_sync = !defects.iter().any(Defect::counts);
        for defect in defects.iter().filter(|defect| defect.counts()) {
            let name = defect.corner.map_or("cannot-tell", Corner::key);
            *self.corners.entry(name.to_owned()).or_default() += 1;
        }
    }

    /// What the ledger says it runs.
    pub fn running(&mut self, standing: Option<&EnvironmentState>) {
        self.apply = standing
            .and_then(|standing| standing.settled.as_ref())
            .map(|settled| settled.apply.to_string());
    }
}
