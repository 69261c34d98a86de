//! yaml: not written yet.

use std::sync::Arc;

use super::complaint::{Complaint, Outcome};
use super::{Place, codes};
use crate::source::SourceFile;

/// Reads a text.
pub(super) fn read(_file: &Arc<SourceFile>) -> Outcome {
    Err(vec![Complaint::new(
        &codes::SYNTAX,
        Place::default(),
        "not written yet",
    )])
}
