//! The document itself.

use std::io::{self, Write};

use super::Report;
use evenkeel_model::text::inert;

/// Writes the report as one JSON document with a line feed at its end. What is active in a terminal or turns text around
/// is escaped, which readers undo.
pub(super) fn write(report: &Report, to: &mut dyn Write) -> io::Result<()> {
    let text = serde_json::to_string_pretty(report).map_err(io::Error::other)?;
    // Such characters stand within strings only.
    if matches!(inert(&text), std::borrow::Cow::Owned(_)) {
        let mut safe = String::with_capacity(text.len() + 64);
        for character in text.chars() {
            let is_active = matches!(
                inert(character.encode_utf8(&mut [0; 4])),
                std::borrow::Cow::Owned(_)
            );
            if is_active {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    safe.push_str(&format!("\\u{unit:04x}"));
                }
            } else {
                safe.push(character);
            }
        }
        to.write_all(safe.as_bytes())?;
    } else {
        to.write_all(text.as_bytes())?;
    }
    to.write_all(b"\n")
}
