//! Hiding of secrets that are written in a definition: defects display their source lines.
//!
//! Secrets from proper sources are never in the text of a definition.

use std::collections::BTreeMap;
use std::sync::Arc;

use evenkeel_model::defect::Defect;
use evenkeel_model::source::{SourceFile, Span};

/// Returns the defects with the exposed places in their files replaced by asterisks, byte by byte, so that all
/// positions stay valid.
pub(super) fn cover(mut complaints: Vec<Defect>, exposed: &[Span]) -> Vec<Defect> {
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
}
