//! Timeline: events of the environments, from the ledger only.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Report;
use evenkeel_ledger::{Event, EventKind, EventOutcome, State};
use evenkeel_model::Moment;

/// Event in an environment.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct EventDocument {
    /// Number of its first ledger entry.
    pub sequence: u64,
    /// Start.
    #[schemars(with = "String")]
    pub at: Moment,
    /// End; absent while it runs, after it was killed, and for events without a duration.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub ended: Option<Moment>,
    /// The environment.
    pub environment: String,
    /// Its kind.
    pub kind: EventKind,
    /// Name: `a-7`, `r-3`, a suite, a plan, or the holder of a broken lease.
    pub name: String,
    /// Purpose of an apply, kind of a suite, or reason of an approval or of breaking a lease.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
    /// Account, if the ledger contains it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Outcome; absent while it runs, and after it was killed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<EventOutcome>,
}

impl From<&Event> for EventDocument {
    fn from(event: &Event) -> Self {
        Self {
            sequence: event.sequence,
            at: event.at,
            ended: event.ended,
            environment: event.environment.to_string(),
            kind: event.kind,
            name: event.name.clone(),
            words: event.words.clone(),
            by: event.by.clone(),
            outcome: event.outcome,
        }
    }
}

impl Report {
    /// Fills the timeline from the ledger and replaces an earlier one.
    pub fn timeline(&mut self, state: &State) {
        self.outstanding(state);
        self.timeline = state.timeline.events().map(Into::into).collect();
        self.cut.retain(|cut| cut.list != "timeline");
        self.cut("timeline", state.timeline.left_out(), "the newest 200");
    }
}
