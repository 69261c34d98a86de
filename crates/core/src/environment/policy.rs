//! Release policy: requirements of the gate.

use std::time::Duration;

use super::Definition;
use evenkeel_model::defect::{Defect, Severity};
use evenkeel_model::source::form::{parse_date, parse_end};
use evenkeel_model::source::{Node, Table};
use evenkeel_model::{Moment, duration};

/// Requirements of the gate.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a key of the definitions"
)]
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// Whether a person triggers releases.
    pub delivery: bool,
    /// Kinds of suites that must pass.
    pub require: Vec<String>,
    /// Number of different people who must approve.
    pub approvals: usize,
    /// People whose approval does not count: [`AUTHOR`], [`DELIVERER`]. Sorted.
    pub approvals_exclude: Vec<String>,
    /// Role that a key needs for its approval to count.
    pub approvals_role: Option<String>,
    /// Maximum age of evidence, in seconds.
    pub evidence_max_age: u64,
    /// Minimum share of production's steps that were rehearsed.
    pub rehearsal: f64,
    /// Minimum share of attributes that were observed.
    pub observed: f64,
    /// Whether uncommitted definitions may be released.
    pub uncommitted: bool,
    /// Maximum age of the last drill of the gate, in seconds; `None` if none is required.
    pub drill: Option<u64>,
    /// Whether a person may apply although the gate is shut.
    pub break_glass: bool,
    /// Periods without releases.
    pub freeze: Vec<Freeze>,
    /// Trigger of rollbacks.
    pub rollback: RollbackTrigger,
    /// Number of different people who must approve a rollback.
    pub rollback_approvals: usize,
    /// Whether the environment before production must have rehearsed the rollback of the release.
    pub rehearse_rollback: bool,
}

/// Authors of commits since the last release.
pub const AUTHOR: &str = "author";
/// Accounts that last applied to an environment before production.
pub const DELIVERER: &str = "deliverer";

/// Policy `rollback`: a person or a program runs `rollback`.
pub const ON_REQUEST: &str = "on-request";
/// Policy `rollback`: also automatically, after failed smoke suites of a release.
pub const AFTER_FAILED_SMOKE: &str = "after-failed-smoke";

/// Trigger of rollbacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RollbackTrigger {
    /// The command `rollback`.
    OnRequest,
    /// Also failed smoke suites of a release.
    AfterFailedSmoke,
}

/// Period without releases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Freeze {
    /// First moment.
    pub from: Moment,
    /// First moment after it.
    pub until: Moment,
    /// Reason.
    pub reason: String,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            delivery: true,
            require: vec!["smoke".into()],
            approvals: 1,
            approvals_exclude: Vec::new(),
            approvals_role: None,
            evidence_max_age: 24 * 3600,
            rehearsal: 1.0,
            observed: 1.0,
            uncommitted: false,
            drill: None,
            break_glass: true,
            freeze: Vec::new(),
            rollback: RollbackTrigger::OnRequest,
            rollback_approvals: 0,
            rehearse_rollback: false,
        }
    }
}

impl Policy {
    /// Returns the policy for definitions that differ from their commit: the policy of `committed`, as
    /// [`read`](super::read()) returned that commit. An uncommitted edit cannot weaken the gate it has to pass.
    /// Unreadable definitions have the default policy.
    #[must_use]
    pub fn of_commit(committed: (Option<Definition>, Vec<Defect>)) -> Self {
        match committed {
            (Some(definition), complaints)
                if complaints
                    .iter()
                    .all(|complaint| complaint.severity < Severity::Error) =>
            {
                definition.policy
            }
            _ => Self::default(),
        }
    }

    /// Parses a checked `[release]` table.
    #[must_use]
    pub fn read(table: &Table) -> Self {
        let default = Self::default();
        let text = |key: &str| table.get(key).and_then(Node::as_text);
        let number = |key: &str| table.get(key).and_then(|node| node.to_value().as_number());
        let flag = |key: &str| {
            table
                .get(key)
                .is_some_and(|node| node.to_value() == evenkeel_model::Value::Boolean(true))
        };
        let people = |key: &str| {
            let number = table.get(key)?.to_value().as_integer()?;
            usize::try_from(number).ok()
        };
        let delivery = text("mode") != Some("deployment");
        Self {
            delivery,
            require: table.get("require").and_then(Node::as_list).map_or(
                default.require,
                |items| {
                    items
                        .iter()
                        .filter_map(|item| item.as_text().map(str::to_owned))
                        .collect()
                },
            ),
            approvals: if delivery {
                people("approvals").unwrap_or(default.approvals)
            } else {
                0
            },
            approvals_exclude: [AUTHOR, DELIVERER]
                .into_iter()
                .filter(|name| {
                    let list = table.get("approvals-exclude").and_then(Node::as_list);
                    list.is_some_and(|list| list.iter().any(|item| item.as_text() == Some(name)))
                })
                .map(str::to_owned)
                .collect(),
            approvals_role: text("approvals-role").map(str::to_owned),
            evidence_max_age: text("evidence-max-age")
                .and_then(duration::parse)
                .map_or(default.evidence_max_age, |age| age.as_secs()),
            rehearsal: number("rehearsal").unwrap_or(default.rehearsal),
            observed: number("observed").unwrap_or(default.observed),
            uncommitted: flag("uncommitted"),
            drill: text("drill")
                .and_then(duration::parse)
                .map(|age| age.as_secs()),
            break_glass: table
                .get("break-glass")
                .is_none_or(|node| node.to_value() == evenkeel_model::Value::Boolean(true)),
            freeze: table
                .get("freeze")
                .and_then(Node::as_list)
                .unwrap_or(&[])
                .iter()
                .filter_map(|node| freeze(node.as_table()?))
                .collect(),
            rollback: if text("rollback") == Some(AFTER_FAILED_SMOKE) {
                RollbackTrigger::AfterFailedSmoke
            } else {
                RollbackTrigger::OnRequest
            },
            rollback_approvals: people("rollback-approvals").unwrap_or(default.rollback_approvals),
            rehearse_rollback: flag("rehearse-rollback"),
        }
    }
}

impl Policy {
    /// Returns the first moment from `now` on that is in no freeze, which may be several freezes later.
    #[must_use]
    pub fn end_of_freezes(&self, now: Moment) -> Moment {
        let mut moment = now;
        // Each round ends at least one freeze for good.
        while let Some(freeze) = self
            .freeze
            .iter()
            .find(|freeze| freeze.from <= moment && moment < freeze.until)
        {
            moment = freeze.until;
        }
        moment
    }

    /// Returns everything that this policy requires less than an earlier one. Freezes that ended before `now` are
    /// ignored.
    #[must_use]
    pub fn weaker_than(&self, earlier: &Self, now: Moment) -> Vec<String> {
        // Destructured, so that a new requirement cannot be forgotten here.
        let Self {
            delivery,
            require,
            approvals,
            approvals_exclude,
            approvals_role,
            evidence_max_age,
            rehearsal,
            observed,
            uncommitted,
            drill,
            break_glass,
            freeze,
            // It decides when a rollback happens, and not what a release or a rollback needs.
            rollback: _,
            rollback_approvals,
            rehearse_rollback,
        } = earlier;
        let mut weaker = Vec::new();
        if *delivery && !self.delivery {
            weaker.push("`mode` was \"delivery\" and is \"deployment\"".to_owned());
        }
        for kind in require {
            if !self.require.contains(kind) {
                weaker.push(format!("`require` no longer has \"{kind}\""));
            }
        }
        if self.approvals < *approvals {
            weaker.push(format!(
                "`approvals` was {approvals} and is {}",
                self.approvals
            ));
        }
        for name in approvals_exclude {
            if !self.approvals_exclude.contains(name) {
                weaker.push(format!("`approvals-exclude` no longer has \"{name}\""));
            }
        }
        if let Some(role) = approvals_role
            && self.approvals_role.as_ref() != Some(role)
        {
            weaker.push(match &self.approvals_role {
                None => format!("`approvals-role` was \"{role}\" and is gone"),
                Some(now) => format!("`approvals-role` was \"{role}\" and is \"{now}\""),
            });
        }
        if self.evidence_max_age > *evidence_max_age {
            let words = |seconds: u64| duration::phrase(Duration::from_secs(seconds));
            weaker.push(format!(
                "`evidence-max-age` was {} and is {}",
                words(*evidence_max_age),
                words(self.evidence_max_age)
            ));
        }
        for (name, was, is) in [
            ("rehearsal", *rehearsal, self.rehearsal),
            ("observed", *observed, self.observed),
        ] {
            if is < was {
                weaker.push(format!("`{name}` was {was} and is {is}"));
            }
        }
        if self.uncommitted && !uncommitted {
            weaker.push("`uncommitted` was false and is true".to_owned());
        }
        if self.break_glass && !break_glass {
            weaker.push("`break-glass` was false and is true".to_owned());
        }
        if let Some(was) = drill {
            let words = |seconds: u64| duration::phrase(Duration::from_secs(seconds));
            match self.drill {
                None => weaker.push(format!("`drill` was {} and is gone", words(*was))),
                Some(is) if is > *was => {
                    weaker.push(format!("`drill` was {} and is {}", words(*was), words(is)));
                }
                Some(_) => {}
            }
        }
        if self.rollback_approvals < *rollback_approvals {
            weaker.push(format!(
                "`rollback-approvals` was {rollback_approvals} and is {}",
                self.rollback_approvals
            ));
        }
        if *rehearse_rollback && !self.rehearse_rollback {
            weaker.push("`rehearse-rollback` was true and is false".to_owned());
        }
        for each in freeze {
            let is_covered = self
                .freeze
                .iter()
                .any(|other| other.from <= each.from.max(now) && other.until >= each.until);
            if each.until > now && !is_covered {
                weaker.push(format!(
                    "the freeze until {} ({}) is gone or shorter",
                    each.until, each.reason
                ));
            }
        }
        weaker
    }
}

fn freeze(table: &Table) -> Option<Freeze> {
    Some(Freeze {
        from: parse_date(table.get("from")?.as_text()?)?,
        until: parse_end(table.get("to")?.as_text()?)?,
        reason: table.get("reason")?.as_text()?.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::{Freeze, Policy, RollbackTrigger};
    use evenkeel_model::Moment;

    #[test]
    fn each_weakened_requirement_is_reported_and_no_added_one() {
        let now = Moment::from_millisecond(5_000);
        let freeze = Freeze {
            from: Moment::from_millisecond(0),
            until: Moment::from_millisecond(9_000),
            reason: "holidays".into(),
        };
        let strict = Policy {
            require: vec!["smoke".into(), "load".into()],
            approvals: 2,
            approvals_exclude: vec!["author".into(), "deliverer".into()],
            approvals_role: Some("manager".into()),
            evidence_max_age: 3_600,
            drill: Some(86_400),
            break_glass: false,
            freeze: vec![freeze.clone()],
            rollback_approvals: 2,
            rehearse_rollback: true,
            ..Policy::default()
        };
        let lax = Policy {
            delivery: false,
            require: vec!["smoke".into()],
            approvals: 1,
            approvals_exclude: vec!["deliverer".into()],
            approvals_role: None,
            evidence_max_age: 7_200,
            rehearsal: 0.5,
            observed: 0.9,
            uncommitted: true,
            drill: None,
            break_glass: true,
            freeze: Vec::new(),
            rollback: RollbackTrigger::AfterFailedSmoke,
            rollback_approvals: 1,
            rehearse_rollback: false,
        };
        assert_eq!(
            lax.weaker_than(&strict, now),
            [
                "`mode` was \"delivery\" and is \"deployment\"",
                "`require` no longer has \"load\"",
                "`approvals` was 2 and is 1",
                "`approvals-exclude` no longer has \"author\"",
                "`approvals-role` was \"manager\" and is gone",
                "`evidence-max-age` was 60 min and is 2 h",
                "`rehearsal` was 1 and is 0.5",
                "`observed` was 1 and is 0.9",
                "`uncommitted` was false and is true",
                "`break-glass` was false and is true",
                "`drill` was 24 h and is gone",
                "`rollback-approvals` was 2 and is 1",
                "`rehearse-rollback` was true and is false",
                "the freeze until 1970-01-01T00:00:09Z (holidays) is gone or shorter",
            ]
        );
        assert!(strict.weaker_than(&lax, now).is_empty());
        assert!(strict.weaker_than(&strict, now).is_empty());
        // Only the remaining part of a freeze counts; expired freezes are ignored.
        let later = Policy {
            freeze: vec![Freeze {
                from: now,
                ..freeze
            }],
            ..strict.clone()
        };
        assert!(later.weaker_than(&strict, now).is_empty());
        let over = Moment::from_millisecond(9_000);
        let without = Policy {
            freeze: Vec::new(),
            ..strict.clone()
        };
        assert!(without.weaker_than(&strict, over).is_empty());
        assert_eq!(without.weaker_than(&strict, now).len(), 1);
    }
}
