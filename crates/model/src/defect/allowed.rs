//! The declared difference that allows a defect, as far as a report shows it.

use crate::Moment;
use crate::source::Span;

/// A declared difference that allows a defect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowed {
    /// Why it may differ.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// When it expires.
    pub expires: Moment,
    /// Where it is followed up.
    pub ticket: Option<String>,
    /// Where it is declared.
    pub span: Span,
}
