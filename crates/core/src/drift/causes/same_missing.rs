//! The same key or element missing at several places.

use evenkeel_comparison::{Matter, Step};

use super::{Member, Rule, Seen, by_key, places};

pub(super) const RULE: Rule = Rule {
    name: "same missing",
    sees,
    joins,
    is_widespread: true,
    message: None,
};

fn sees(seen: &Seen<'_>) -> Option<(String, String)> {
    matches!(seen.disagreement.matter, Matter::Only(_))
        .then(|| (super::cause(seen.disagreement), String::new()))
        .filter(|_| {
            !matches!(
                seen.disagreement.path.steps.last(),
                None | Some(Step::Position(_))
            )
        })
}

fn joins(members: &[Member<'_>]) -> Vec<Vec<usize>> {
    by_key(members, |group| places(group) > 1)
}
