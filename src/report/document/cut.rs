//! Parts that a report omits because of an argument of its command.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Omitted part of a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct CutDocument {
    /// Its list: `entries`, `findings`.
    pub list: String,
    /// Number of omitted elements.
    pub left_out: usize,
    /// Argument that omits them, such as `--limit`, or the limit itself.
    pub by: String,
}
