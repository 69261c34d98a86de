//! Causes: undeclared differences with one reason become one defect with many places.
//!
//! One finding is one decision. Each rule in this folder recognises one sort of decision. Rules are applied in the
//! order of [`RULES`]: each difference belongs to one rule, and the result of a rule is never the input of another. To
//! add a rule: write its file, add its `mod` line, and its line in the list.

mod exchanged;
mod explained;
mod missing_together;
mod one_for_many;
pub(crate) mod order;
mod same_change;
mod same_missing;
mod same_set_missing;
mod schedules;
mod sizes;
mod substitution;

use std::collections::BTreeMap;

use evenkeel_comparison::Disagreement;
use evenkeel_model::EnvironmentName;
use evenkeel_model::defect::{Also, Defect, Kin, Severity};

pub use same_change::expression_of;
pub(in crate::drift) use same_change::{
    cause, empty_secret, is_encrypted, is_encrypted_once, is_file, is_secret,
};
pub(in crate::drift) use schedules::is_shifted;
pub use substitution::substitution;

/// Rules in the order of application.
const RULES: &[Rule] = &[
    exchanged::RULE,
    sizes::RULE,
    schedules::RULE,
    one_for_many::RULE,
    one_for_many::REVERSE,
    same_change::RULE,
    same_set_missing::RULE,
    same_missing::RULE,
    missing_together::RULE,
];

/// Returns the message of a whole cause from its defects.
type Message = fn(&[&Defect]) -> Option<String>;

/// Rule for causes.
struct Rule {
    /// Its name.
    name: &'static str,
    /// Returns the key and part of a difference; `None` for one that the rule does not cover.
    sees: fn(&Seen<'_>) -> Option<(String, String)>,
    /// Groups differences of one cause, among those that it covers and no earlier rule took.
    joins: fn(&[Member<'_>]) -> Vec<Vec<usize>>,
    /// Whether a key that is missing at many places is usually omitted on purpose.
    is_widespread: bool,
    /// Message of the whole cause, if the message of its first place is not enough.
    message: Option<Message>,
}

/// Difference as input of rules.
pub(in crate::drift) struct Seen<'a> {
    /// The document.
    pub document: &'a str,
    /// Disagreement of the two sides.
    pub disagreement: &'a Disagreement,
}

/// Difference that a rule covers.
struct Member<'a> {
    /// Number among all differences.
    number: usize,
    /// Key shared by all differences of one cause.
    key: &'a str,
    /// Part that is specific to this difference.
    part: &'a str,
    code: &'static str,
    severity: Severity,
    /// Place. Several pairs of environments with one place count once.
    place: (&'a str, Option<&'a str>),
}

/// Returns the key and part of a difference for each rule.
pub(in crate::drift) fn kin(seen: &Seen<'_>) -> Vec<Kin> {
    let rules = RULES.iter();
    rules
        .filter_map(|rule| {
            let (key, part) = (rule.sees)(seen)?;
            Some(Kin {
                rule: rule.name,
                key,
                part,
            })
        })
        .collect()
}

/// Groups differences by cause, and sorts all. Declared ones stay separate: each is a line of the audit report.
#[must_use]
pub fn group(defects: Vec<Defect>) -> Vec<Defect> {
    group_without(defects, &[])
}

/// Returns the names of the rules, for [`group_without`].
pub fn rules() -> impl Iterator<Item = &'static str> {
    let names = RULES.iter().map(|rule| rule.name);
    names.chain(std::iter::once(explained::NAME))
}

/// Groups like [`group`], without the rules of these names, to measure the effect of each.
#[must_use]
pub fn group_without(defects: Vec<Defect>, without: &[&str]) -> Vec<Defect> {
    let alone = order::lone(&defects);
    let mut defects: Vec<Option<Defect>> = defects.into_iter().map(Some).collect();
    let explained = if without.contains(&explained::NAME) {
        BTreeMap::new()
    } else {
        explained::by_anchor(&defects)
    };
    let followers: std::collections::HashSet<usize> =
        explained.values().flatten().copied().collect();
    let mut is_taken: Vec<bool> = (0..defects.len())
        .map(|number| {
            let defect = defects.get(number).and_then(Option::as_ref);
            followers.contains(&number) || defect.is_none_or(|defect| defect.declared.is_some())
        })
        .collect();
    let mut causes: Vec<(Option<&Rule>, Vec<usize>)> = Vec::new();
    for rule in RULES.iter().filter(|rule| !without.contains(&rule.name)) {
        let joined = (rule.joins)(&members(rule, &defects, &is_taken));
        for cause in joined {
            for number in &cause {
                if let Some(taken) = is_taken.get_mut(*number) {
                    *taken = true;
                }
            }
            causes.push((Some(rule), cause));
        }
    }
    causes.extend(
        rest(&defects, &is_taken)
            .into_iter()
            .map(|cause| (None, cause)),
    );
    let mut all: Vec<Defect> = Vec::new();
    for (rule, cause) in causes {
        let mut take = |number: usize| defects.get_mut(number).and_then(Option::take);
        let with_followers: Vec<(Defect, Vec<Defect>)> = cause
            .into_iter()
            .filter_map(|number| {
                let own = take(number)?;
                let followers = explained.get(&number).into_iter().flatten();
                Some((own, followers.filter_map(|number| take(*number)).collect()))
            })
            .collect();
        all.extend(joined(rule, with_followers, &alone));
    }
    // Declared differences, and those without a cause.
    all.extend(defects.into_iter().flatten());
    // Stable: defects without a rank keep their order.
    all.sort_by_cached_key(order::order);
    all
}

/// Returns the differences that a rule covers, among those not taken.
fn members<'a>(rule: &Rule, defects: &'a [Option<Defect>], is_taken: &[bool]) -> Vec<Member<'a>> {
    let open = defects.iter().enumerate().zip(is_taken);
    open.filter(|(_, is_taken)| !**is_taken)
        .filter_map(|((number, defect), _)| {
            let defect = defect.as_ref()?;
            let kin = defect.kin.iter().find(|kin| kin.rule == rule.name)?;
            Some(Member {
                number,
                key: &kin.key,
                part: &kin.part,
                code: defect.code.name,
                severity: defect.severity,
                place: (&defect.subject, defect.attribute.as_deref()),
            })
        })
        .collect()
}

/// Groups the differences that no rule took: several pairs of environments at one place are one cause, and everything
/// else is separate.
fn rest(defects: &[Option<Defect>], is_taken: &[bool]) -> Vec<Vec<usize>> {
    type Place<'d> = (&'static str, Severity, &'d str, &'d str, Option<&'d str>);
    let mut same: BTreeMap<Place<'_>, Vec<usize>> = BTreeMap::new();
    let mut single = Vec::new();
    for ((number, defect), is_taken) in defects.iter().enumerate().zip(is_taken) {
        let Some(defect) = defect.as_ref().filter(|_| !is_taken) else {
            continue;
        };
        // Defects other than document differences have no cause.
        let Some(cause) = defect.cause.as_deref() else {
            single.push(vec![number]);
            continue;
        };
        let attribute = defect.attribute.as_deref();
        same.entry((
            defect.code.name,
            defect.severity,
            cause,
            &defect.subject,
            attribute,
        ))
        .or_default()
        .push(number);
    }
    same.into_values().chain(single).collect()
}

/// Groups differences of one key, one code and one severity for which `is_one` holds.
fn by_key(members: &[Member<'_>], is_one: impl Fn(&[&Member<'_>]) -> bool) -> Vec<Vec<usize>> {
    type Key<'m> = (&'static str, Severity, &'m str);
    let mut groups: BTreeMap<Key<'_>, Vec<&Member<'_>>> = BTreeMap::new();
    for member in members {
        groups
            .entry((member.code, member.severity, member.key))
            .or_default()
            .push(member);
    }
    groups
        .into_values()
        .filter(|group| is_one(group))
        .map(|group| group.into_iter().map(|member| member.number).collect())
        .collect()
}

/// Counts the places of differences.
fn places(members: &[&Member<'_>]) -> usize {
    let places: std::collections::BTreeSet<_> = members.iter().map(|member| member.place).collect();
    places.len()
}

/// Joins everything of one cause into one defect, each with the differences it explains. The most severe one leads; all
/// others are sorted by place.
fn joined(
    rule: Option<&Rule>,
    mut all: Vec<(Defect, Vec<Defect>)>,
    alone: &order::Alone,
) -> Option<Defect> {
    fn place(defect: &Defect) -> (&str, Option<&str>, Option<&EnvironmentName>) {
        (
            &defect.subject,
            defect.attribute.as_deref(),
            defect.environment.as_ref(),
        )
    }
    for (_, followers) in &mut all {
        followers.sort_by(|one, two| (place(one), one.code.name).cmp(&(place(two), two.code.name)));
    }
    all.sort_by(|one, two| {
        let gravest = |(own, followers): &(Defect, Vec<Defect>)| {
            let all = std::iter::once(own).chain(followers);
            all.map(|defect| std::cmp::Reverse(defect.severity)).min()
        };
        (gravest(one), place(&one.0)).cmp(&(gravest(two), place(&two.0)))
    });
    let message = rule.and_then(|rule| rule.message).and_then(|message| {
        let owns: Vec<&Defect> = all.iter().map(|(own, _)| own).collect();
        message(&owns)
    });
    let standing = order::Standing::of(&all, rule.is_some_and(|rule| rule.is_widespread), alone);
    let mut all = all
        .into_iter()
        .flat_map(|(own, followers)| std::iter::once(own).chain(followers));
    let mut first = all.next()?;
    first.also = all.map(also).collect();
    if let Some(message) = message {
        first.message = message;
    }
    standing.give(&mut first);
    Some(first)
}

/// Returns a defect as a further place of another one.
fn also(defect: Defect) -> Also {
    Also {
        fingerprint: defect.fingerprint(),
        code: defect.code,
        severity: defect.severity,
        subject: defect.subject,
        attribute: defect.attribute,
        message: defect.message,
        values: (defect.expected, defect.found),
        labels: defect.labels,
    }
}

#[cfg(test)]
mod tests {
    use super::group;
    use crate::drift::documents::codes::{FLAG, SETTING};
    use evenkeel_model::Moment;
    use evenkeel_model::defect::Kin;
    use evenkeel_model::defect::{Allowed, Defect};
    use evenkeel_model::source::{SourceFile, Span};

    #[test]
    fn one_cause_is_one_defect_with_the_most_severe_place_first() {
        let at = |attribute: &str, cause: &str| {
            let mut defect = Defect::new(&SETTING, "document.a", "m").attribute(attribute);
            defect.cause = Some(cause.to_owned());
            defect.kin = vec![Kin {
                rule: "same change",
                key: cause.to_owned(),
                part: String::new(),
            }];
            defect
        };
        let mut flag = Defect::new(&FLAG, "document.a", "m").attribute("z");
        flag.cause = Some("f".to_owned());
        let mut declared = at("y", "one");
        declared.declared = Some(std::sync::Arc::new(Allowed {
            reason: "allowed".into(),
            owner: "me".into(),
            expires: Moment::new(jiff::Timestamp::UNIX_EPOCH),
            ticket: None,
            span: Span::start_of(&SourceFile::new("system.toml", "")),
        }));
        let grouped = group(vec![
            at("c", "two"),
            at("b", "one"),
            declared,
            at("a", "one"),
            flag,
        ]);
        let reported: Vec<(String, usize)> = grouped
            .iter()
            .map(|defect| (defect.attribute.clone().unwrap(), defect.reach()))
            .collect();
        let reported: Vec<(&str, usize)> = reported.iter().map(|(name, n)| (&**name, *n)).collect();
        assert_eq!(reported, [("z", 1), ("a", 2), ("c", 1), ("y", 1)]);
        let places: Vec<_> = grouped[1].fingerprints().collect();
        assert_eq!(places[1], at("b", "one").fingerprint());
    }

    #[test]
    fn keys_that_one_map_lacks_are_one_defect_and_those_of_a_nearer_cause_stay_together() {
        let at = |attribute: &str, cause: &str, wider: Option<&str>| {
            let mut defect = Defect::new(&SETTING, "document.a", "m").attribute(attribute);
            defect.cause = Some(cause.to_owned());
            let kin = |rule, key: &str| Kin {
                rule,
                key: key.to_owned(),
                part: "keys".to_owned(),
            };
            defect.kin = vec![kin("same missing", cause)];
            defect
                .kin
                .extend(wider.map(|wider| kin("missing together", wider)));
            defect
        };
        let grouped = group(vec![
            at("env.a", "a", Some("env")),
            at("env.b", "b", Some("env")),
            at("env.c", "c", Some("env")),
            // Two are not enough.
            at("web.x", "x", Some("web")),
            at("web.y", "y", Some("web")),
            // The same key at two places.
            at("env.r", "r", Some("env")),
            at("web.r", "r", Some("web")),
        ]);
        let reported: Vec<(&str, usize)> = grouped
            .iter()
            .map(|defect| (defect.attribute.as_deref().unwrap(), defect.reach()))
            .collect();
        assert_eq!(
            reported,
            [("env.a", 3), ("env.r", 2), ("web.x", 1), ("web.y", 1)]
        );
    }
}
