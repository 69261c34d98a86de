//! Summaries of parity and of each environment's live state.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use evenkeel_core::documents::DocumentCounts;
use evenkeel_ledger::EnvironmentState;
use evenkeel_model::defect::{Corner, Defect};
use evenkeel_model::{EnvironmentName, Moment};

/// Summary of parity.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct ParityDocument {
    /// Number of unreadable documents; their differences are unknown.
    pub unread: usize,
    /// Number of undeclared differences, and of defects of declared ones; those of one cause count once.
    pub undeclared: usize,
    /// Number of places of the undeclared ones.
    pub places: usize,
    /// Number of undeclared differences that are warnings or advice, which shut nothing.
    pub lesser: usize,
    /// Number of declared differences in force.
    pub declared: usize,
    /// First day on which one of them expires.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub first_expiry: Option<Moment>,
    /// Pairs of files that look like one thing in two environments and that no definition mentions, so they were not
    /// compared.
    pub not_compared: Vec<Vec<String>>,
    /// Number of pairs that the definitions exclude.
    pub left_out: usize,
    /// Number of compared documents.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub documents: Option<DocumentsDocument>,
}

/// Compared documents.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct DocumentsDocument {
    /// Number of pairs of documents.
    pub pairs: usize,
    /// Number of files, of all sides.
    pub files: usize,
    /// Number of compared single values, of all sides. Values of equal files are not counted.
    pub values: usize,
    /// Number of single values that differ without any rule: keys by name, lists by position.
    pub raw: usize,
    /// Number of lists matched by position, because they have too many elements without an identity.
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

/// Observed environment.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct EnvironmentReport {
    /// Its name.
    pub name: String,
    /// Whether it is in sync and was observed completely.
    pub in_sync: bool,
    /// Number of declared attributes.
    pub declared: usize,
    /// Number of observed attributes.
    pub observed: usize,
    /// Number of findings by corner.
    pub corners: BTreeMap<String, usize>,
    /// Last apply with every step done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub apply: Option<String>,
}

impl EnvironmentReport {
    /// Creates the summary of an environment.
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

    /// Adds the number of its findings by corner.
    pub fn count(&mut self, defects: &[Defect]) {
        self.in_sync = !defects.iter().any(Defect::counts);
        for defect in defects.iter().filter(|defect| defect.counts()) {
            let name = defect.corner.map_or("cannot-tell", Corner::key);
            *self.corners.entry(name.to_owned()).or_default() += 1;
        }
    }

    /// Sets the last apply from the ledger.
    pub fn running(&mut self, standing: Option<&EnvironmentState>) {
        self.apply = standing
            .and_then(|standing| standing.settled.as_ref())
            .map(|settled| settled.apply.to_string());
    }
}
