//! `toy-service`: an enabled and running unit, for the test that adds kinds.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::contract::unexpected;
use super::{
    Attributes, ChangeMode, Claim, Context, Discrepancy, Kind, Observation, RemovalOrder, Speed,
    StepWords, TellAttribute, Traits, Wrong,
};
use evenkeel_host::subsystem::toy::{self, DropToy, SetToy};
use evenkeel_host::{Action, Answer, Query};
use evenkeel_model::Moment;
use evenkeel_model::defect::Code;
use evenkeel_model::source::{Field, Form};

/// Service.
pub struct ToyService;

const MISSING: Code = Code::error(
    "toy-service/not-running",
    "service not running",
    "Run `evenkeel plan`; it lists the step that starts the service.",
);
const NOT_ENABLED: Code = Code::error(
    "toy-service/not-enabled",
    "service not enabled",
    "Run `evenkeel plan`; it lists the step that enables the service.",
);

/// Declared service.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ServiceDeclared {
    unit: String,
    triggers: BTreeMap<String, String>,
}

/// Observed service.
#[derive(Clone, Debug, Serialize)]
pub struct ServiceObserved {
    enabled: Option<String>,
    running: Option<String>,
}

/// Class of enabled units.
const ENABLED: &str = "enabled";
/// Class of running units; the value is the configuration it started with.
const RUNNING: &str = "running";

impl ServiceDeclared {
    fn started_with(&self) -> String {
        let triggers: Vec<&str> = self.triggers.values().map(String::as_str).collect();
        triggers.join(" ")
    }

    fn set(&self, class: &str, value: String, expected: Option<&String>) -> Action {
        Action::SetToy(SetToy {
            class: class.into(),
            name: self.unit.clone(),
            value,
            expected: expected.cloned(),
        })
    }

    fn remove(&self, class: &str, found: &str) -> Action {
        Action::DropToy(DropToy {
            class: class.into(),
            name: self.unit.clone(),
            expected: Some(found.to_owned()),
        })
    }
}

impl Kind for ToyService {
    const NAME: &'static str = "toy-service";
    const ABOUT: &'static str = "A unit that is enabled and runs.";
    const FIELDS: &'static [Field] = &[
        Field::required("unit", Form::Words, "The name of the unit."),
        Field::optional(
            "restart-on",
            Form::List(&Form::Address),
            "Resources whose change restarts it.",
        )
        .written_out(),
    ];
    const CODES: &'static [&'static Code] = &[&MISSING, &NOT_ENABLED];
    const TRAITS: Traits = Traits {
        speed: Speed::Slow,
        change: ChangeMode::Replace,
        ends_by_itself: &["running"],
        removal: RemovalOrder::First,
        words: StepWords::RUNNING,
        ..Traits::PLAIN
    };
    const ATTRIBUTES: &'static [(&'static str, &'static [&'static str])] =
        &[("enabled", &["unit"]), ("running", &["unit", "restart-on"])];
    type Family = evenkeel_host::Host;
    type Declared = ServiceDeclared;
    type Observed = ServiceObserved;

    fn declare(
        context: &Context<'_>,
        attributes: &Attributes,
    ) -> Result<ServiceDeclared, Vec<Wrong>> {
        Ok(ServiceDeclared {
            unit: attributes.string("unit").unwrap_or_default(),
            triggers: context
                .triggers
                .iter()
                .map(|(address, digest)| (address.clone(), digest.short()))
                .collect(),
        })
    }

    fn place(declared: &ServiceDeclared) -> &str {
        &declared.unit
    }

    fn claims(declared: &ServiceDeclared) -> Vec<Claim<'_>> {
        vec![Claim::new("unit", &declared.unit)]
    }

    fn queries(declared: &ServiceDeclared) -> Vec<Query> {
        let query = |class: &str| {
            Query::Toy(toy::Query {
                class: class.into(),
                name: declared.unit.clone(),
            })
        };
        vec![query(ENABLED), query(RUNNING)]
    }

    fn observed(_declared: &ServiceDeclared, answers: &[Answer]) -> Observation<ServiceObserved> {
        match answers {
            [Answer::Toy(enabled), Answer::Toy(running)] => Observation::Seen(ServiceObserved {
                enabled: enabled.value.clone(),
                running: running.value.clone(),
            }),
            other => unexpected(other.first()),
        }
    }

    fn nothing(_declared: &ServiceDeclared) -> ServiceObserved {
        ServiceObserved {
            enabled: None,
            running: None,
        }
    }

    fn is_there(observed: &ServiceObserved) -> bool {
        observed.enabled.is_some() || observed.running.is_some()
    }

    fn facts(observed: &ServiceObserved) -> Vec<(String, String)> {
        let fact = |name: &str, value: &Option<String>| {
            let value = value.as_deref().unwrap_or("nothing");
            (name.to_owned(), value.to_owned())
        };
        vec![
            fact("enabled", &observed.enabled),
            fact("running", &observed.running),
        ]
    }

    fn changed(_observed: &ServiceObserved) -> Option<Moment> {
        None
    }

    fn compare(declared: &ServiceDeclared, observed: &ServiceObserved) -> Vec<Discrepancy> {
        let mut wrong = Vec::new();
        if observed.enabled.is_none() {
            wrong.push(Discrepancy::new(&NOT_ENABLED, "enabled", "enabled", "not"));
        }
        let started_with = declared.started_with();
        if observed.running.as_ref() != Some(&started_with) {
            let found = observed.running.as_deref().unwrap_or("nothing");
            wrong.push(Discrepancy::new(&MISSING, "running", started_with, found));
        }
        wrong
    }

    fn remedy(declared: &ServiceDeclared, observed: &ServiceObserved) -> Vec<Action> {
        let mut actions = Vec::new();
        if observed.enabled.is_none() {
            actions.push(declared.set(ENABLED, "enabled".into(), None));
        }
        if observed.running.as_ref() != Some(&declared.started_with()) {
            actions.extend(Self::restart(declared, observed));
        }
        actions
    }

    fn removal(declared: &ServiceDeclared, observed: &ServiceObserved) -> Vec<Action> {
        let running = observed
            .running
            .iter()
            .map(|it| declared.remove(RUNNING, it));
        let enabled = observed
            .enabled
            .iter()
            .map(|it| declared.remove(ENABLED, it));
        running.chain(enabled).collect()
    }

    fn restarts_on(declared: &ServiceDeclared) -> Vec<String> {
        declared.triggers.keys().cloned().collect()
    }

    fn restart(declared: &ServiceDeclared, observed: &ServiceObserved) -> Vec<Action> {
        let started_with = declared.started_with();
        vec![declared.set(RUNNING, started_with, observed.running.as_ref())]
    }

    fn attributes(declared: &ServiceDeclared, tell: &mut TellAttribute<'_>) {
        tell("enabled", format_args!("enabled"));
        tell("running", format_args!("{}", declared.started_with()));
    }
}
