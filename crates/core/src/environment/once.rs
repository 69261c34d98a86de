//! One line, one complaint: environments that share a line share what is wrong with it.

use std::collections::HashSet;

use evenkeel_model::defect::Defect;

/// The complaints without those that say the same of the same place again, in the order they were given.
#[must_use]
pub fn once(complaints: Vec<Defect>) -> Vec<Defect> {
    let mut told = HashSet::new();
    complaints
        .into_iter()
        .filter(|complaint| {
            told.insert((
                complaint.code.name,
                complaint.subject.clone(),
                complaint.attribute.clone(),
                complaint.labels.first().map(|label| {
                    let span = &label.span;
                    (span.file.path.clone(), span.start(), span.end())
                }),
            ))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::once;
    use crate::environment::codes;
    use evenkeel_model::defect::Defect;
    use evenkeel_model::source::{SourceFile, Span};

    #[test]
    fn the_same_of_the_same_place_is_told_once() {
        let file = SourceFile::new("a.toml", "a = 1");
        let one = |start| Defect::new(&codes::CYCLE, "a", "x").at(&Span::new(&file, start..5), "");
        assert_eq!(once(vec![one(0), one(4), one(0)]).len(), 2);
    }
}
