//! The release policy: what the gate asks for.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::{Moment, duration};
use crate::source::form::parse_date;
use crate::source::{Node, Table};

/// What the gate asks for.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub struct Policy {
    /// Whether a person presses the button.
    pub delivery: bool,
    /// The kinds of suites that must have passed.
    pub require: Vec<String>,
    /// How many different people must approve.
    pub approvals: usize,
    /// How old evidence may be, in seconds.
    pub evidence_max_age: u64,
    /// The share of production's steps that must have been rehearsed.
    pub rehearsal: f64,
    /// The share of attributes that must have been observed.
    pub observed: f64,
    /// Whether uncommitted definitions may be released.
    pub uncommitted: bool,
    /// When nothing is released.
    pub freeze: Vec<Freeze>,
}

/// A time in which nothing is released.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct Freeze {
    /// First moment.
    pub from: Moment,
    /// First moment after it.
    pub until: Moment,
    /// Why.
    pub reason: String,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            delivery: true,
            require: vec!["smoke".into()],
            approvals: 1,
            evidence_max_age: 24 * 3600,
            rehearsal: 1.0,
            observed: 1.0,
            uncommitted: false,
            freeze: Vec::new(),
        }
    }
}

impl Policy {
    /// Reads a `[release]` table that has passed its check.
    #[must_use]
    pub fn read(table: &Table) -> Self {
        let default = Self::default();
        let text = |key: &str| table.get(key).and_then(Node::as_text);
        let number = |key: &str| table.get(key).and_then(|node| node.to_value().as_number());
        let approvals = table
            .get("approvals")
            .and_then(|node| node.to_value().as_integer());
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
                approvals
                    .and_then(|number| usize::try_from(number).ok())
                    .unwrap_or(default.approvals)
            } else {
                0
            },
            evidence_max_age: text("evidence-max-age")
                .and_then(duration::parse)
                .map_or(default.evidence_max_age, |age| age.as_secs()),
            rehearsal: number("rehearsal").unwrap_or(default.rehearsal),
            observed: number("observed").unwrap_or(default.observed),
            uncommitted: table
                .get("uncommitted")
                .is_some_and(|node| node.to_value() == crate::model::Value::Boolean(true)),
            freeze: table
                .get("freeze")
                .and_then(Node::as_list)
                .unwrap_or(&[])
                .iter()
                .filter_map(|node| freeze(node.as_table()?))
                .collect(),
        }
    }
}

fn freeze(table: &Table) -> Option<Freeze> {
    let to = table.get("to")?.as_text()?;
    let mut until = parse_date(to)?;
    if to.parse::<jiff::Timestamp>().is_err() {
        // A date means the whole of that day.
        let day = Duration::from_hours(24);
        until = Moment::from_millisecond(
            until.as_millisecond() + i64::try_from(day.as_millis()).unwrap_or(0),
        );
    }
    Some(Freeze {
        from: parse_date(table.get("from")?.as_text()?)?,
        until,
        reason: table.get("reason")?.as_text()?.to_owned(),
    })
}
