//! Additional keys of one map, also at the root of a file, and additional elements of one list.

use evenkeel_comparison::{Matter, Path, Step};

use super::{Member, Rule, Seen, by_key, is_file, places};

pub(super) const RULE: Rule = Rule {
    name: "missing together",
    sees,
    joins,
    is_widespread: false,
    message: None,
};

/// Returns the map or list, and whether it is a list.
pub(super) fn sees(seen: &Seen<'_>) -> Option<(String, String)> {
    let Matter::Only(which) = &seen.disagreement.matter else {
        return None;
    };
    let (last, above) = seen.disagreement.path.steps.split_last()?;
    if is_file(seen.disagreement, *which) {
        return None;
    }
    let above = Path {
        steps: above.to_vec(),
    };
    let sort = match last {
        Step::Key(_) => "keys",
        Step::Element(_) | Step::Position(_) => "elements",
    };
    Some((
        format!("{which:?} {} {sort} {above}", seen.document),
        sort.to_owned(),
    ))
}

fn joins(members: &[Member<'_>]) -> Vec<Vec<usize>> {
    /// Minimum number of additional keys of one map that are omitted together; of a list, two elements.
    const KEYS: usize = 3;
    const ELEMENTS: usize = 2;
    by_key(members, |group| {
        let is_list = group.iter().all(|member| member.part == "elements");
        places(group) >= if is_list { ELEMENTS } else { KEYS }
    })
}
