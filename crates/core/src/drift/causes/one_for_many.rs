//! One value on one side for several values on the other: staging sends all mails to one address.

use std::collections::BTreeSet;

use evenkeel_comparison::meaning::Relation;
use evenkeel_comparison::{Matter, Side};
use evenkeel_document::ScalarKind;

use super::substitution::telling_substitution;
use super::{Member, Rule, Seen, by_key, places};

/// One value in the earlier environment.
pub(super) const RULE: Rule = Rule {
    name: "one for many",
    sees: |seen| sees(seen).map(|(key, left, right)| (format!("{key}{left}"), right)),
    joins,
    is_widespread: false,
    message: None,
};

/// One value in the later environment.
pub(super) const REVERSE: Rule = Rule {
    name: "many for one",
    sees: |seen| sees(seen).map(|(key, left, right)| (format!("{key}{right}"), left)),
    joins,
    is_widespread: false,
    message: None,
};

/// Returns the context that must be equal, and both values. An unspecific value counts under one key only.
fn sees(seen: &Seen<'_>) -> Option<(String, String, String)> {
    let disagreement = seen.disagreement;
    let Matter::Value(Relation::Differs | Relation::Image(_) | Relation::Version { .. }) =
        disagreement.matter
    else {
        return None;
    };
    fn text(side: Option<&Side>) -> Option<&str> {
        let side = side.filter(|side| !side.is_secret && !side.is_encrypted)?;
        let scalar = side.scalar.as_ref()?;
        let is_text = matches!(scalar.kind, ScalarKind::Text | ScalarKind::Loose);
        (is_text && scalar.text.len() <= 256 && !scalar.text.contains('\n'))
            .then_some(&*scalar.text)
    }
    let (one, two) = (
        text(disagreement.left.as_ref())?,
        text(disagreement.right.as_ref())?,
    );
    let (one, two) = match disagreement.matter {
        Matter::Value(Relation::Image(_)) => telling_substitution(one, two),
        _ => (one, two),
    };
    let is_telling = |text: &str| {
        text.len() >= 6 && text.contains(['@', '/', '.']) && text.contains(char::is_alphabetic)
    };
    let key = disagreement.path.keys().0;
    let key = if is_telling(one) && is_telling(two) {
        String::new()
    } else {
        format!("{key} ")
    };
    Some((key, one.to_owned(), two.to_owned()))
}

fn joins(members: &[Member<'_>]) -> Vec<Vec<usize>> {
    const LEAST_PLACES: usize = 3;
    const LEAST_VALUES: usize = 2;
    by_key(members, |group| {
        let values: BTreeSet<&str> = group.iter().map(|member| member.part).collect();
        values.len() >= LEAST_VALUES && places(group) >= LEAST_PLACES
    })
}
