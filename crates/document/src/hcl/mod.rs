//! HCL: Terraform, Terragrunt, Packer, Nomad.
//!
//! Attributes are entries. Blocks are maps by type, then by label: `resource "aws_instance" "web" { … }` is
//! `resource.aws_instance.web`; blocks of the same type and labels are a list. Literals are typed values, everything
//! computed is an expression: its source with normalized white space. Nothing is evaluated.
//!
//! The reader is implemented here: existing parsers stop at the first error, take quadratic time in the number of an
//! object's keys, or report no positions.

mod blocks;
mod body;
mod collection;
mod even;
mod expression;
mod literal;
mod parser;
mod template;
mod token;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use super::complaint::Outcome;
use evenkeel_model::source::SourceFile;

/// Parses a text.
pub(super) fn read(file: &Arc<SourceFile>) -> Outcome {
    body::read(&file.text)
}
