//! The declared difference that allows a defect, as shown in reports.

use crate::Moment;
use crate::source::Span;

/// A declared difference that allows a defect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowed {
    /// The reason.
    pub reason: String,
    /// The owner.
    pub owner: String,
    /// The expiry.
    pub expires: Moment,
    /// The tracking issue or link.
    pub ticket: Option<String>,
    /// The place of the declaration.
    pub span: Span,
}
