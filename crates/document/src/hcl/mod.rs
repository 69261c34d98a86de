//! HCL: Terraform, Terragrunt, Packer, Nomad.
//!
//! Attributes are entries. Blocks are maps by type, then by label: `resource "aws_instance" "web" { … }` is
//! `resource.aws_instance.web`; blocks of the same type and labels are a list. Literals are typed values, everything
//! that is computed is an expression: its source, with white space made even. Nothing is evaluated.
//!
//! The reader is the project's own. The parsers that exist stop at the first mistake, take time that grows with the
//! square of an object's keys, or do not say where things stand.

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

/// Reads a text.
pub(super) fn read(file: &Arc<SourceFile>) -> Outcome {
    body::read(&file.text)
}
