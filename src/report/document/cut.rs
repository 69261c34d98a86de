//! What a report leaves out because of an argument of its command.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Something that the report leaves out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct CutDocument {
    /// The list it would be in: `entries`, `findings`.
    pub list: String,
    /// How many are left out.
    pub left_out: usize,
    /// The argument that leaves them out, such as `--limit`, or the limit itself.
    pub by: String,
}
