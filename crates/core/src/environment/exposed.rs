//! Hiding of secrets that are written in a definition: defects display their source lines.
//!
//! Secrets from proper sources are never in the text of a definition.

use std::collections::BTreeMap;
use std::sync::Arc;

use evenkeel_model::defect::Defect;
use evenkeel_model::source::{SourceFile, Span};

/// Returns the defects with the exposed places in their files replaced by asterisks, byte by byte, so that all
/// positions stay valid. A defect that quotes such a place is omitted beside another one about it, and quotes nothing
/// otherwise.
pub(super) fn cover(mut complaints: Vec<Defect>, exposed: &[Span]) -> Vec<Defect> {
    hide_values(&mut complaints, exposed);
    let mut texts: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for span in exposed {
        let bytes = texts
            .entry(span.file.path.clone())
            .or_insert_with(|| span.file.text.as_bytes().to_vec());
        for byte in bytes.get_mut(span.start()..span.end()).unwrap_or_default() {
            if !matches!(byte, b'\n' | b'\r') {
                *byte = b'*';
            }
        }
    }
    let covered: BTreeMap<String, Arc<SourceFile>> = texts
        .into_iter()
        .map(|(path, bytes)| {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            (path.clone(), SourceFile::new(path, text))
        })
        .collect();
    for label in complaints.iter_mut().flat_map(|each| &mut each.labels) {
        if let Some(file) = covered.get(&label.span.file.path) {
            label.span = Span::new(file, label.span.start()..label.span.end());
        }
    }
    complaints
}

/// Removes the found values of defects at exposed places.
fn hide_values(complaints: &mut Vec<Defect>, exposed: &[Span]) {
    let place = |complaint: &Defect| complaint.labels.first().map(|label| label.span.clone());
    let overlaps = |a: &Span, b: &Span| {
        a.file.path == b.file.path && a.start() < b.end() && b.start() < a.end()
    };
    let hidden = |complaint: &Defect| {
        complaint.found.is_some()
            && place(complaint)
                .is_some_and(|place| exposed.iter().any(|span| overlaps(span, &place)))
    };
    let explained: Vec<Span> = complaints
        .iter()
        .filter(|complaint| complaint.found.is_none())
        .filter_map(place)
        .collect();
    complaints.retain(|complaint| {
        !hidden(complaint)
            || !place(complaint)
                .is_some_and(|place| explained.iter().any(|span| overlaps(span, &place)))
    });
    for complaint in complaints.iter_mut() {
        if hidden(complaint) {
            complaint.found = None;
            complaint.message = format!(
                "{}: expected {}, found another value, which is not shown: it may be a secret",
                complaint.subject,
                complaint.expected.as_deref().unwrap_or("another form")
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::cover;
    use crate::environment::codes;
    use evenkeel_model::defect::Defect;
    use evenkeel_model::source::{SourceFile, Span};

    #[test]
    fn hidden_text_keeps_all_positions() {
        let file = SourceFile::new("a.toml", "a = \"hünter\"\nb = 1\n");
        let place = Span::new(&file, 16..17);
        let complaint = Defect::new(&codes::SECRET, "a", "").at(&place, "");
        let covered = cover(vec![complaint], &[Span::new(&file, 4..13)]);
        let label = &covered[0].labels[0];
        assert_eq!(label.span.file.text, "a = *********\nb = 1\n");
        assert_eq!(label.span.text(), place.text());
    }

    #[test]
    fn a_hidden_value_is_quoted_by_no_defect() {
        let file = SourceFile::new("a.toml", "a = \"hunter22\"\n");
        let place = Span::new(&file, 4..14);
        let quoting = Defect::new(
            &codes::WRONG_FORM,
            "a",
            "a: expected a table, found \"hunter22\"",
        )
        .at(&place, "")
        .expected_found("a table", "\"hunter22\"");
        let alone = cover(vec![quoting.clone()], std::slice::from_ref(&place));
        assert!(!format!("{alone:?}").contains("hunter22"));
        assert!(alone[0].message.contains("which is not shown"));
        let other = Defect::new(&codes::SECRET, "a", "a is a secret").at(&place, "");
        let both = cover(vec![quoting, other], &[place]);
        assert_eq!(both.len(), 1);
        assert_eq!(both[0].message, "a is a secret");
    }
}
