//! Deduplication of defects: a wrong line that environments share is reported once, and so is a cause shared by many
//! resources.

use std::collections::{HashMap, HashSet};

use evenkeel_model::defect::{Also, Defect};

/// Returns the defects without duplicates, in order. Of defects with one code and one cause, the first gets the others
/// as further places.
#[must_use]
pub fn once(complaints: Vec<Defect>) -> Vec<Defect> {
    let mut seen = HashSet::new();
    let mut firsts: HashMap<(&str, String), usize> = HashMap::new();
    let mut kept: Vec<Defect> = Vec::new();
    for complaint in complaints {
        let is_new = seen.insert((
            complaint.code.name,
            complaint.subject.clone(),
            complaint.attribute.clone(),
            complaint.labels.first().map(|label| {
                let span = &label.span;
                (span.file.path.clone(), span.start(), span.end())
            }),
        ));
        if !is_new {
            continue;
        }
        let Some(cause) = complaint.cause.clone() else {
            kept.push(complaint);
            continue;
        };
        let next = kept.len();
        let first = *firsts.entry((complaint.code.name, cause)).or_insert(next);
        match kept.get_mut(first) {
            Some(first) => first.also.push(also(complaint)),
            None => kept.push(complaint),
        }
    }
    kept
}

/// Returns a defect as a further place of another one.
fn also(complaint: Defect) -> Also {
    Also {
        fingerprint: complaint.fingerprint(),
        code: complaint.code,
        severity: complaint.severity,
        subject: complaint.subject,
        attribute: complaint.attribute,
        message: complaint.message,
        values: (complaint.expected, complaint.found),
        labels: complaint.labels,
    }
}

#[cfg(test)]
mod tests {
    use super::once;
    use crate::environment::codes;
    use evenkeel_model::defect::Defect;
    use evenkeel_model::source::{SourceFile, Span};

    #[test]
    fn one_defect_at_one_place_is_reported_once() {
        let file = SourceFile::new("a.toml", "a = 1");
        let one = |start| Defect::new(&codes::CYCLE, "a", "x").at(&Span::new(&file, start..5), "");
        assert_eq!(once(vec![one(0), one(4), one(0)]).len(), 2);
    }

    #[test]
    fn defects_with_one_cause_are_one_with_several_places() {
        let file = SourceFile::new("a.toml", "a = 1");
        let lacks = |subject: &str, cause: &str| {
            let mut defect =
                Defect::new(&codes::DANGLING, subject, "x").at(&Span::new(&file, 0..1), "");
            defect.cause = Some(cause.to_owned());
            defect
        };
        let all = once(vec![
            lacks("file.a", "target web"),
            lacks("file.b", "target db"),
            lacks("file.c", "target web"),
        ]);
        let reach: Vec<usize> = all.iter().map(Defect::reach).collect();
        assert_eq!(reach, [2, 1]);
    }
}
