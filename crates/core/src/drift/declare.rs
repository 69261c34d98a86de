//! Conversion of current differences to declared ones: one for each place, or one pattern for all places of a cause
//! with equal bounds.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::{Disparity, documents};
use crate::environment::Fingerprint;
use crate::environment::edit::{NewBound, NewDifference};
use evenkeel_comparison::{Path, Pattern, Step};
use evenkeel_document::sensitive;
use evenkeel_model::{EnvironmentName, Value};

/// Fields shared by all of them.
#[derive(Clone, Debug)]
pub struct Signature {
    /// Reason.
    pub reason: String,
    /// Owner.
    pub owner: String,
    /// Expiry.
    pub expires: jiff::civil::Date,
    /// Ticket.
    pub ticket: Option<String>,
}

impl Signature {
    /// Returns the signature of a baseline made `today`, which expires after whole days, rounded up.
    ///
    /// # Errors
    ///
    /// When the expiry is no date.
    pub fn of_baseline(
        today: jiff::civil::Date,
        expires_in: Duration,
        owner: String,
        reason: Option<String>,
        ticket: Option<String>,
    ) -> Result<Self, jiff::Error> {
        let days = i64::try_from(expires_in.as_secs().div_ceil(24 * 60 * 60)).unwrap_or(i64::MAX);
        let expires = jiff::Span::new()
            .try_days(days)
            .and_then(|span| today.checked_add(span))?;
        Ok(Self {
            reason: reason.unwrap_or_else(|| format!("baseline of {today}, not reviewed")),
            owner,
            expires,
            ticket,
        })
    }
}

/// Place with its bound in each environment.
struct Place {
    at: String,
    document: Option<(String, Path)>,
    code: &'static str,
    cause: Option<String>,
    bounds: BTreeMap<EnvironmentName, NewBound>,
}

/// Returns declared differences for the chosen ones. A pattern never covers another differing place, so `all` is every
/// difference; `path` is the order of environments.
#[must_use]
pub fn declare(
    chosen: &[&Disparity],
    all: &[Disparity],
    path: &[EnvironmentName],
    signature: &Signature,
) -> Vec<NewDifference> {
    // Three environments may differ in two pairs at one place: that is one difference.
    let mut places: BTreeMap<String, Place> = BTreeMap::new();
    for disparity in chosen {
        let place = places
            .entry(disparity.place.clone())
            .or_insert_with(|| Place {
                at: disparity.place.clone(),
                document: disparity
                    .document
                    .as_ref()
                    .map(|(name, path)| (name.to_string(), path.clone())),
                code: disparity.defect.code.name,
                cause: disparity.defect.cause.clone(),
                bounds: BTreeMap::new(),
            });
        for (environment, bound) in bounds(disparity) {
            place.bounds.insert(environment, bound);
        }
    }
    let mut groups: BTreeMap<(&str, String, String), Vec<&Place>> = BTreeMap::new();
    for place in places.values() {
        let cause = place.cause.clone().unwrap_or_else(|| place.at.clone());
        let bounds = format!("{:?}", place.bounds);
        groups
            .entry((place.code, cause, bounds))
            .or_default()
            .push(place);
    }
    // Differences of one cause are written together, whatever their bounds.
    let mut causes: BTreeMap<(&str, String), Vec<NewDifference>> = BTreeMap::new();
    for ((code, cause, _), group) in groups {
        let together = causes.entry((code, cause)).or_default();
        let pattern = pattern(&group, all);
        if let (Some(at), Some(first)) = (pattern, group.first()) {
            let comment = format!("{code}, at {} places", group.len());
            together.push(difference(at, comment, &first.bounds, path, signature));
        } else {
            together.extend(group.into_iter().map(|place| {
                difference(
                    place.at.clone(),
                    code.to_owned(),
                    &place.bounds,
                    path,
                    signature,
                )
            }));
        }
    }
    let mut causes: Vec<Vec<NewDifference>> = causes.into_values().collect();
    for together in &mut causes {
        together.sort_by(|one, two| one.at.cmp(&two.at));
        let count = together.len();
        if count > 1 {
            for (number, difference) in together.iter_mut().enumerate() {
                difference
                    .comment
                    .push_str(&format!(" ({} of {count} with one cause)", number + 1));
            }
        }
    }
    causes.sort_by(|one, two| {
        let first = |all: &Vec<NewDifference>| all.first().map(|one| one.at.clone());
        first(one).cmp(&first(two))
    });
    causes.into_iter().flatten().collect()
}

fn difference(
    at: String,
    comment: String,
    bounds: &BTreeMap<EnvironmentName, NewBound>,
    path: &[EnvironmentName],
    signature: &Signature,
) -> NewDifference {
    let bounds = path
        .iter()
        .filter_map(|name| Some((name.clone(), bounds.get(name)?.clone())))
        .collect();
    NewDifference {
        comment,
        at,
        bounds,
        reason: signature.reason.clone(),
        owner: signature.owner.clone(),
        expires: signature.expires,
        ticket: signature.ticket.clone(),
    }
}

/// Returns the bounds of both environments. Of a secret, or of several values, only presence; of generated ids, only
/// their form.
fn bounds(disparity: &Disparity) -> [(EnvironmentName, NewBound); 2] {
    let sort = disparity
        .defect
        .cause
        .as_deref()
        .filter(|_| disparity.defect.code == &documents::codes::OPAQUE);
    let is_about_secrets = is_about_secrets(disparity);
    let bound = |value: &Option<Value>| match (value, sort) {
        (None, _) => NewBound::Absent,
        (Some(_), Some(sort)) => NewBound::Matches(documents::expression_of(sort)),
        (Some(value), None)
            if value.is_sensitive() || matches!(value, Value::List(_) | Value::Table(_)) =>
        {
            NewBound::Present
        }
        (Some(value), None) if is_about_secrets && !is_switch(value) => {
            NewBound::Fingerprint(Fingerprint::of(value))
        }
        (Some(value), None) => NewBound::Exact(value.clone()),
    };
    let (one, two) = &disparity.between;
    [
        (one.clone(), bound(&disparity.values.0)),
        (two.clone(), bound(&disparity.values.1)),
    ]
}

/// Whether a place is about secrets, by the names of its path: its values are not written to a file.
fn is_about_secrets(disparity: &Disparity) -> bool {
    let Some((_, path)) = &disparity.document else {
        return false;
    };
    let named = |step: &Step| match step {
        Step::Element(names) => names.iter().any(|(_, value)| sensitive::resembles(value)),
        Step::Key(_) | Step::Position(_) => false,
    };
    match path.steps.as_slice() {
        [.., above, Step::Key(key)] => {
            sensitive::resembles(key) || sensitive::is_field_of_values(key) && named(above)
        }
        [Step::Key(key)] => sensitive::resembles(key),
        [.., Step::Key(key), Step::Position(_)] => sensitive::resembles(key),
        [.., Step::Key(key), last @ Step::Element(_)] => sensitive::resembles(key) || named(last),
        [.., last] => named(last),
        [] => false,
    }
}

/// Whether a value is on or off, which is too short for a secret.
fn is_switch(value: &Value) -> bool {
    const WORDS: &[&str] = &["true", "false", "yes", "no", "on", "off", "0", "1", ""];
    let text = value.to_string();
    let text = text.trim_matches('"');
    matches!(value, Value::Boolean(_)) || WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// Returns one pattern for all places of a group, with wildcards for differing keys or elements. `None` if it would
/// cover another differing place.
fn pattern(group: &[&Place], all: &[Disparity]) -> Option<String> {
    let [first, _, ..] = group else {
        return None;
    };
    let (document, path) = first.document.as_ref()?;
    let mut steps: Vec<String> = path.steps.iter().map(ToString::to_string).collect();
    for place in group {
        let (other, there) = place.document.as_ref()?;
        if other != document || there.steps.len() != path.steps.len() {
            return None;
        }
        for ((step, mine), theirs) in steps.iter_mut().zip(&path.steps).zip(&there.steps) {
            match (mine, theirs) {
                (mine, theirs) if mine == theirs => {}
                (Step::Key(_), Step::Key(_)) => "*".clone_into(step),
                (Step::Element(_) | Step::Position(_), Step::Element(_) | Step::Position(_)) => {
                    "[*]".clone_into(step);
                }
                _ => return None,
            }
        }
    }
    // The last step must be specific: a pattern that ends with a wildcard would cover too much.
    if steps
        .last()
        .is_some_and(|last| last == "*" || last == "[*]")
    {
        return None;
    }
    // Anything on one side and nothing on the other would also cover unknown future differences.
    let says_nothing = |bound: &NewBound| matches!(bound, NewBound::Absent | NewBound::Present);
    if first.bounds.values().all(says_nothing) {
        return None;
    }
    let mut text = String::new();
    for step in &steps {
        if !text.is_empty() && !step.starts_with('[') {
            text.push('.');
        }
        text.push_str(step);
    }
    let pattern = Pattern::parse(&text).ok()?;
    let own: BTreeSet<&str> = group.iter().map(|place| place.at.as_str()).collect();
    let covers_another = all.iter().any(|disparity| {
        disparity.document.as_ref().is_some_and(|(name, path)| {
            **name == **document && pattern.covers(path) && !own.contains(disparity.place.as_str())
        })
    });
    let separator = if text.starts_with('[') { "" } else { "." };
    (!covers_another).then(|| format!("document.{document}{separator}{text}"))
}

#[cfg(test)]
mod tests {
    use super::{Disparity, Signature, declare};
    use crate::drift::documents::codes::SETTING;
    use evenkeel_comparison::{Path, Step};
    use evenkeel_model::defect::Defect;
    use evenkeel_model::{EnvironmentName, Value};

    fn disparity(name: &str, key: &str, values: (Option<&str>, Option<&str>)) -> Disparity {
        let path = Path {
            steps: vec![
                Step::Element([("name".into(), name.into())].into()),
                Step::Key(key.into()),
            ],
        };
        let mut defect = Defect::new(&SETTING, "document.a", "m").attribute(path.to_string());
        defect.cause = Some("one".to_owned());
        Disparity {
            place: format!("document.a{path}"),
            between: (
                EnvironmentName::new("staging"),
                EnvironmentName::new("production"),
            ),
            values: (values.0.map(Value::text), values.1.map(Value::text)),
            document: Some(("a".into(), path)),
            defect,
        }
    }

    fn declared(all: &[Disparity]) -> Vec<String> {
        let signature = Signature {
            reason: "r".into(),
            owner: "o".into(),
            expires: jiff::civil::date(2030, 1, 1),
            ticket: None,
        };
        let path = [
            EnvironmentName::new("staging"),
            EnvironmentName::new("production"),
        ];
        let chosen: Vec<&Disparity> = all.iter().collect();
        let new = declare(&chosen, all, &path, &signature);
        new.into_iter().map(|one| one.at).collect()
    }

    #[test]
    fn a_pattern_covers_places_of_one_cause() {
        let both = (Some("x"), Some("y"));
        assert_eq!(
            declared(&[disparity("a", "tag", both), disparity("b", "tag", both)]),
            ["document.a[*].tag"]
        );
    }

    #[test]
    fn a_pattern_covers_no_separately_declared_place() {
        let both = (Some("x"), Some("y"));
        let all = [
            disparity("a", "tag", both),
            disparity("b", "tag", both),
            disparity("c", "tag", (None, Some("y"))),
        ];
        assert_eq!(
            declared(&all),
            [
                "document.a[name=a].tag",
                "document.a[name=b].tag",
                "document.a[name=c].tag"
            ]
        );
    }

    #[test]
    fn missing_keys_are_declared_place_by_place() {
        // Otherwise the next missing one would never be reported.
        let missing = (None, Some("y"));
        let mut all = [
            disparity("a", "tag", missing),
            disparity("b", "tag", missing),
        ];
        for one in &mut all {
            // Only the presence of a map is known.
            one.values.1 = Some(Value::Table(std::collections::BTreeMap::new()));
        }
        assert_eq!(
            declared(&all),
            ["document.a[name=a].tag", "document.a[name=b].tag"]
        );
    }
}
