//! INI files and Java properties: sections, keys and values without types.
//!
//! The two look alike and are not: `\` and `!` mean nothing to the one, sections and indentation nothing to the other.
//! The ending `.properties` tells which it is.

mod ini;
mod java;

use std::sync::Arc;

use super::complaint::Outcome;
use evenkeel_model::source::SourceFile;

/// Reads a text.
pub(super) fn read(file: &Arc<SourceFile>) -> Outcome {
    let is_java = file
        .path
        .rsplit_once('.')
        .is_some_and(|(_, ending)| ending.eq_ignore_ascii_case("properties"));
    if is_java {
        java::read(&file.text)
    } else {
        ini::read(&file.text)
    }
}

/// Whether a text without a telling name has sections, and in them nothing but keys, keys with values, and hosts.
pub(super) fn has_sections(text: &str) -> bool {
    ini::has_sections(text)
}
