//! Requirements of a release: the policy, the path, the severities and the declared differences; and their weakening
//! since an earlier release.
//!
//! A commit can change all of it. That is not blocked, since it may be intended: it is always reported, and a person
//! must approve it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::stored::{self, StoredPolicy};
use super::{ExceptionFact, people};
use crate::drift::severities::adjustable;
use crate::environment::{Definition, Policy};
use evenkeel_model::defect::Severity;
use evenkeel_model::{Digest, EnvironmentName, Moment};

/// Requirements of a release. A stored type: see `dossier`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Demands {
    /// The policy.
    #[serde(with = "stored::policy")]
    pub policy: Policy,
    /// The environments in the order of promotion.
    pub path: Vec<EnvironmentName>,
    /// Directory of the definitions, relative to the project. `None` in dossiers of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// Configured severities, by code. `None` in dossiers of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severities: Option<BTreeMap<String, Severity>>,
    /// Declared differences by place, each with the digest of its bounds. `None` in dossiers of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub differences: Option<BTreeMap<String, Digest>>,
    /// Text of the file of approvers; `None` without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approvers: Option<String>,
}

/// Weakened requirements since an earlier release, as sentences.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Weakened {
    /// Weakened policy or path.
    pub policy: Vec<String>,
    /// Lowered severities.
    pub severities: Vec<String>,
    /// Places that were not declared to differ before, or whose bounds are wider or later.
    pub differences: Vec<String>,
}

/// Compared part of an earlier dossier, in either format.
#[derive(Deserialize)]
struct Earlier {
    policy: Option<StoredPolicy>,
    #[serde(default)]
    path: Vec<EnvironmentName>,
    dossier: Option<Within>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Within {
    policy: StoredPolicy,
    path: Vec<EnvironmentName>,
    place: Option<String>,
    severities: Option<BTreeMap<String, Severity>>,
    differences: Option<BTreeMap<String, Digest>>,
    approvers: Option<String>,
}

impl Demands {
    /// Reads the requirements from the stored dossier of an earlier release; `None` if it is unreadable.
    #[must_use]
    pub fn of_dossier(bytes: &[u8]) -> Option<Self> {
        let earlier: Earlier = serde_json::from_slice(bytes).ok()?;
        Some(match (earlier.dossier, earlier.policy) {
            (Some(within), _) => Self {
                policy: within.policy.into(),
                path: within.path,
                place: within.place,
                severities: within.severities,
                differences: within.differences,
                approvers: within.approvers,
            },
            (None, Some(policy)) => Self {
                policy: policy.into(),
                path: earlier.path,
                place: None,
                severities: None,
                differences: None,
                approvers: None,
            },
            (None, None) => return None,
        })
    }

    /// Returns the digest that a signed approval is bound to.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of_record("evenkeel policy 1", self)
    }

    /// Returns everything that is weaker than in `earlier`.
    #[must_use]
    pub fn weaker_than(&self, earlier: &Self, now: Moment) -> Weakened {
        let mut policy = self.policy.weaker_than(&earlier.policy, now);
        policy.extend(path_weaker(&self.path, &earlier.path));
        policy.extend(approvers_weaker(
            self.approvers.as_deref(),
            earlier.approvers.as_deref(),
        ));
        Weakened {
            policy,
            severities: lowered(self.severities.as_ref(), earlier.severities.as_ref()),
            differences: wider(self.differences.as_ref(), earlier.differences.as_ref()),
        }
    }
}

/// Returns the configured severities, by code.
#[must_use]
pub fn severities(definition: &Definition) -> BTreeMap<String, Severity> {
    let given = definition.severities.iter();
    given
        .map(|(code, given)| (code.clone(), given.severity))
        .collect()
}

/// Returns the declared differences by place, each with the digest of its bounds.
#[must_use]
pub fn differences(definition: &Definition) -> BTreeMap<String, Digest> {
    let environments = definition.environments.values();
    let all = definition
        .differences
        .iter()
        .chain(environments.flat_map(|environment| &environment.differences));
    let mut permitted: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for difference in all {
        permitted
            .entry(difference.at.clone())
            .or_default()
            .push(format!(
                "{:?} {:?} {} {}",
                difference.bounds, difference.ratio, difference.same_class, difference.expires
            ));
    }
    permitted
        .into_iter()
        .map(|(at, permitted)| {
            let digest = Digest::of_record("evenkeel permitted 1", &permitted);
            (at, digest)
        })
        .collect()
}

/// Returns the declared differences with their reasons, in the order of the definitions.
#[must_use]
pub fn exceptions(definition: &Definition) -> Vec<ExceptionFact> {
    let environments = definition.environments.values();
    definition
        .differences
        .iter()
        .chain(environments.flat_map(|environment| &environment.differences))
        .map(|difference| ExceptionFact {
            at: difference.at.clone(),
            reason: difference.reason.clone(),
            owner: difference.owner.clone(),
            expires: difference.expires,
            ticket: difference.ticket.clone(),
        })
        .collect()
}

/// Returns everything that a file of approvers permits and an earlier one did not.
fn approvers_weaker(now: Option<&str>, then: Option<&str>) -> Vec<String> {
    let one = |what: &str| vec![what.to_owned()];
    match (now.map(people::approvers), then.map(people::approvers)) {
        // Without a file, accounts approved.
        (_, None) => Vec::new(),
        (None, Some(_)) => one("`approvers` was removed, so approvals are not signed"),
        (Some(Some(now)), Some(Some(then))) => now.weaker_than(&then),
        (Some(None), _) => one("`approvers` cannot be read"),
        (_, Some(None)) => one("`approvers` of the last release cannot be read"),
    }
}

/// Returns dropped and reordered environments.
fn path_weaker(now: &[EnvironmentName], then: &[EnvironmentName]) -> Vec<String> {
    let mut weaker: Vec<String> = then
        .iter()
        .filter(|name| !now.contains(name))
        .map(|name| format!("{name} was removed from `path`"))
        .collect();
    let in_both = |path: &[EnvironmentName], other: &[EnvironmentName]| -> Vec<EnvironmentName> {
        path.iter()
            .filter(|name| other.contains(name))
            .cloned()
            .collect()
    };
    if in_both(now, then) != in_both(then, now) {
        let words = |path: &[EnvironmentName]| {
            let names: Vec<&str> = path.iter().map(EnvironmentName::as_str).collect();
            names.join(", ")
        };
        weaker.push(format!("`path` was {} and is {}", words(then), words(now)));
    }
    weaker
}

fn lowered(
    now: Option<&BTreeMap<String, Severity>>,
    then: Option<&BTreeMap<String, Severity>>,
) -> Vec<String> {
    let (now, then) = match (now, then) {
        (Some(now), Some(then)) => (now, then),
        (None, Some(_)) => return vec!["the severities are unknown".to_owned()],
        (_, None) => return Vec::new(),
    };
    adjustable()
        .filter_map(|code| {
            let of = |given: &BTreeMap<String, Severity>| {
                given.get(code.name).copied().unwrap_or(code.severity)
            };
            let (was, is) = (of(then), of(now));
            (is < was).then(|| format!("`{}` was {} and is {}", code.name, was.name(), is.name()))
        })
        .collect()
}

fn wider(
    now: Option<&BTreeMap<String, Digest>>,
    then: Option<&BTreeMap<String, Digest>>,
) -> Vec<String> {
    let (Some(now), Some(then)) = (now, then) else {
        return Vec::new();
    };
    now.iter()
        .filter_map(|(at, permitted)| match then.get(at) {
            None => Some(format!("`{at}`")),
            Some(earlier) if earlier != permitted => Some(format!("`{at}` (changed)")),
            Some(_) => None,
        })
        .collect()
}

impl Weakened {
    /// Whether nothing is weaker.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.policy.is_empty() && self.severities.is_empty() && self.differences.is_empty()
    }

    /// Returns everything that a person must approve: all except declared differences, which have owners and expiries.
    pub(super) fn to_approve(&self) -> Vec<&str> {
        let all = self.policy.iter().chain(&self.severities);
        all.map(String::as_str).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Demands, Severity};
    use crate::environment::Policy;
    use evenkeel_model::{Digest, EnvironmentName, Moment};

    fn demands(path: &[&str]) -> Demands {
        Demands {
            policy: Policy::default(),
            path: path.iter().map(|name| EnvironmentName::new(name)).collect(),
            place: None,
            severities: Some(BTreeMap::new()),
            differences: Some(BTreeMap::new()),
            approvers: None,
        }
    }

    #[test]
    fn a_path_is_weaker_when_it_drops_or_reorders_and_not_when_it_grows() {
        let then = demands(&["dev", "staging", "production"]);
        let weaker = |path: &[&str]| {
            let now = Moment::from_millisecond(0);
            demands(path).weaker_than(&then, now).policy
        };
        assert!(weaker(&["dev", "staging", "production"]).is_empty());
        assert!(weaker(&["dev", "qa", "staging", "production"]).is_empty());
        assert_eq!(
            weaker(&["dev", "production"]),
            ["staging was removed from `path`"]
        );
        assert_eq!(
            weaker(&["staging", "dev", "production"]),
            ["`path` was dev, staging, production and is staging, dev, production"]
        );
    }

    #[test]
    fn lower_severities_and_new_differences_are_listed() {
        let then = demands(&["staging", "production"]);
        let mut now = then.clone();
        let severities = [
            ("parity/flag-differs", Severity::Advice),
            ("parity/attribute-differs", Severity::Critical),
        ];
        let severities = severities.map(|(code, severity)| (code.to_owned(), severity));
        now.severities = Some(severities.into());
        now.differences = Some([("file.config.mode".to_owned(), Digest::of(b"x"))].into());
        let at = Moment::from_millisecond(0);
        let weakened = now.weaker_than(&then, at);
        assert_eq!(
            weakened.severities,
            ["`parity/flag-differs` was critical and is advice"]
        );
        assert_eq!(weakened.differences, ["`file.config.mode`"]);
        let stricter = then.weaker_than(&now, at);
        assert_eq!(
            stricter.severities,
            ["`parity/attribute-differs` was critical and is error"]
        );
        assert!(stricter.differences.is_empty());
        // Fields that an earlier version did not store are not compared.
        let unknown = Demands {
            severities: None,
            differences: None,
            ..then
        };
        assert!(now.weaker_than(&unknown, at).is_empty());
    }
}
