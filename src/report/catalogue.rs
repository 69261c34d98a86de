//! Catalogue of codes: all codes of evenkeel in one list.

use evenkeel_core::{checkpoint, drift, environment, gate, kind};
use evenkeel_model::defect::Code;

/// Returns all codes, layer by layer.
pub fn codes() -> impl Iterator<Item = &'static Code> {
    environment::codes::CODES
        .iter()
        .chain(evenkeel_document::codes::CODES)
        .chain(drift::codes::CODES)
        .chain(drift::documents::codes::CODES)
        .chain(drift::survey::codes::CODES)
        .chain(kind::KINDS.iter().flat_map(|kind| kind.codes))
        .chain(gate::CODES)
        .chain(checkpoint::CODES)
        .chain(evenkeel_signature::codes::CODES)
        .copied()
}

#[cfg(test)]
mod tests {
    use super::codes;
    use std::collections::BTreeSet;

    #[test]
    fn every_code_names_one_fault_in_whole_words() {
        let mut seen = BTreeSet::new();
        for code in codes() {
            assert!(seen.insert(code.name), "{} is there twice", code.name);
            let (layer, fault) = code.name.split_once('/').expect("layer/fault");
            for part in [layer, fault] {
                assert!(evenkeel_model::name::is_word(part), "{}", code.name);
            }
            assert!(
                !code.title.is_empty() && code.help.ends_with('.'),
                "{}",
                code.name
            );
        }
    }
}
