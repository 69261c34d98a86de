//! `service`: a unit of systemd that a package or a declared file brings.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::adoption::{Adopt, Adoption, adoptions};
use super::attributes::absolute;
use super::contract::unexpected;
use super::proposal::{Proposal, texts};
use super::ready::{self, READY, milliseconds};
use super::{
    Attributes, Claim, Context, Discrepancy, Kind, Observation, Reach, RemovalOrder, StepWords,
    TellAttribute, Traits, Wrong, unit_name,
};
use evenkeel_host::inventory;
use evenkeel_host::unit::{self, RELOAD_ON, RESTART_ON, Renewal, SetUnit, UnitState, outdated};
use evenkeel_host::{Action, Answer, Query, Ready};
use evenkeel_model::defect::Code;
use evenkeel_model::source::{Field, Form};
use evenkeel_model::text::inert;
use evenkeel_model::{Moment, Value};

/// Service.
pub struct Service;

const NOT_FOUND: Code = Code::error(
    "service/not-found",
    "a unit does not exist",
    "Install the package that brings it, or declare its unit file, and name that resource in `after`. `evenkeel plan` \
     shows the step that starts it then.",
);
const INVALID: Code = Code::error(
    "service/invalid",
    "a unit's files contain an error",
    "systemd cannot load the unit. `systemd-analyze verify UNIT` on the host names the line.",
);
const MASKED: Code = Code::error(
    "service/masked",
    "a unit is masked",
    "A masked unit cannot start. `evenkeel plan` shows the step that unmasks it; `masked = true` declares it.",
);
const NOT_MASKED: Code = Code::error(
    "service/not-masked",
    "a unit is not masked",
    "Other units or people can start it. `evenkeel plan` shows the step that masks it.",
);
const NOT_ENABLED: Code = Code::error(
    "service/not-enabled",
    "a unit is not enabled",
    "It does not start when the host starts. `evenkeel plan` shows the step that enables it.",
);
const ENABLED: Code = Code::error(
    "service/enabled",
    "a unit is enabled",
    "It starts when the host starts. `evenkeel plan` shows the step that disables it.",
);
const NOT_RUNNING: Code = Code::error(
    "service/not-running",
    "a unit does not run",
    "It was stopped, or it is still starting. `evenkeel plan` shows the step that starts it.",
);
const FAILED: Code = Code::error(
    "service/failed",
    "a unit failed",
    "Its program ended with an error, or did not start. `journalctl --unit UNIT` on the host shows its messages. \
     `evenkeel plan` shows the step that resets the failure.",
);
const RUNNING: Code = Code::error(
    "service/running",
    "a unit runs",
    "Its definition has `running = false`. `evenkeel plan` shows the step that stops it.",
);
const NOT_READY: Code = Code::error(
    "service/not-ready",
    "a unit does not answer its readiness check",
    "It hangs or is still starting; see `journalctl --unit UNIT` on the host. `evenkeel plan` shows the step that \
     restarts it.",
);
const NOT_LOADED: Code = Code::error(
    "service/not-loaded",
    "systemd has not loaded the present files of a unit",
    "The unit file or a drop-in changed without `systemctl daemon-reload`. `evenkeel plan` shows the step that reloads \
     the service manager.",
);
const OUTDATED: Code = Code::error(
    "service/outdated",
    "a unit runs with earlier unit files",
    "Its unit file or a drop-in changed after it was started. `evenkeel plan` shows the step that restarts it.",
);
const STARTED_OTHERWISE: Code = Code::error(
    "service/started-otherwise",
    "a unit was started before a resource in `restart-on` changed",
    "It runs with an earlier configuration, or evenkeel has not started it yet. `evenkeel plan` shows the step that \
     restarts it.",
);
const NOT_RELOADED: Code = Code::error(
    "service/not-reloaded",
    "a unit was not reloaded after a resource in `reload-on` changed",
    "It uses an earlier configuration, or evenkeel has not reloaded it yet. `evenkeel plan` shows the step that \
     reloads it.",
);
const UNMANAGED_DROP_IN: Code = Code::error(
    "service/unmanaged-drop-in",
    "a drop-in of a unit is not declared",
    "It changes the unit outside of the definitions. Remove it, or list it in `drop-ins`. Drop-ins of packages, in \
     /usr/lib, need no declaration.",
);

/// Suffix of records.
const RECORD: &str = ".unit.json";

/// Declared unit.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ServiceDeclared {
    /// Name with its suffix.
    pub unit: String,
    /// Path of evenkeel's record.
    pub record: String,
    /// Whether it is masked.
    pub masked: bool,
    /// Whether it starts with the host.
    pub enabled: bool,
    /// Whether it runs.
    pub running: bool,
    /// Permitted drop-ins.
    pub drop_ins: Vec<String>,
    /// Check of readiness.
    pub ready: Option<Ready>,
    /// Time limit of readiness, in milliseconds.
    pub ready_within: u64,
    /// Time limit of the start, in milliseconds.
    pub within: u64,
    /// Digests of the resources in `restart-on` and `reload-on`, by attribute.
    pub triggers: BTreeMap<String, String>,
}

/// Observed unit.
#[derive(Clone, Debug, Serialize)]
pub struct ServiceObserved {
    /// State of the unit.
    pub state: UnitState,
}

impl ServiceDeclared {
    /// Returns the action that brings the unit to its definition.
    fn set(&self, observed: &ServiceObserved, renewal: Renewal) -> Action {
        Action::SetUnit(SetUnit {
            unit: self.unit.clone(),
            record: self.record.clone(),
            masked: Some(self.masked),
            enabled: (!self.masked).then_some(self.enabled),
            running: Some(self.running),
            renewal,
            drop_ins: Some(self.drop_ins.clone()),
            ready: self.ready.clone().filter(|_| self.running),
            ready_within: self.ready_within,
            within: self.within,
            started_as: self.running.then(|| self.triggers.clone()),
            expected: observed.state.summary(),
        })
    }

    /// Returns the named resources of a trigger.
    fn triggered_by(&self, prefix: &str) -> Vec<String> {
        self.triggers
            .keys()
            .filter_map(|key| key.strip_prefix(prefix))
            .map(str::to_owned)
            .collect()
    }

    fn compare_run(&self, state: &UnitState, wrong: &mut Vec<Discrepancy>) {
        if !self.running {
            if state.is_running() || !matches!(state.active.as_str(), "inactive" | "failed") {
                wrong.push(Discrepancy::new(
                    &RUNNING,
                    "running",
                    "stopped",
                    state.words(),
                ));
            } else if state.has_failed() {
                wrong.push(Discrepancy::new(
                    &FAILED,
                    "running",
                    "stopped",
                    state.words(),
                ));
            }
            return;
        }
        if !state.is_running() {
            let code = if state.has_failed() {
                &FAILED
            } else {
                &NOT_RUNNING
            };
            wrong.push(Discrepancy::new(code, "running", "running", state.words()));
            return;
        }
        if !state.is_current {
            wrong.push(Discrepancy::new(
                &OUTDATED,
                "unit-files",
                "used since the start",
                "changed after the start",
            ));
        }
        let found = state.started_as.as_ref();
        for (prefix, code) in [(RESTART_ON, &STARTED_OTHERWISE), (RELOAD_ON, &NOT_RELOADED)] {
            for attribute in outdated(&self.triggers, found, prefix) {
                wrong.push(Discrepancy::new(
                    code,
                    attribute,
                    shown(self.triggers.get(attribute)),
                    shown(found.and_then(|found| found.get(attribute))),
                ));
            }
        }
        if state.ready == Some(false) {
            wrong.push(Discrepancy::new(&NOT_READY, "ready", "ready", "not ready"));
        }
    }
}

fn shown(digest: Option<&String>) -> String {
    match digest {
        Some(digest) => {
            let hex = digest.strip_prefix("blake3:").unwrap_or(digest);
            hex.chars().take(12).collect()
        }
        None => "nothing".to_owned(),
    }
}

fn yes_or_no(value: bool) -> &'static str {
    if value { "yes" } else { "no" }
}

impl Kind for Service {
    const NAME: &'static str = "service";
    const ABOUT: &'static str = "A unit of systemd, which a package or a declared file brings: whether it is enabled, \
         whether it runs, and with which configuration. Needs a host that systemd started (version 247 or newer), and \
         root to change it. A unit without an `[Install]` section counts as enabled and as disabled. A resource that is \
         removed from the definitions is stopped and disabled.";
    const FIELDS: &'static [Field] = &[
        Field::optional(
            "unit",
            Form::Words,
            "The name of the unit with its suffix. Default: the resource's name with `.service`.",
        ),
        Field::optional(
            "enabled",
            Form::Boolean,
            "Whether it starts with the host. Default: true, or false for a masked unit.",
        ),
        Field::optional(
            "running",
            Form::Boolean,
            "Whether it runs. Default: true, or false for a masked unit.",
        ),
        Field::optional(
            "masked",
            Form::Boolean,
            "Whether it is masked, so that nothing can start it. Default: false.",
        ),
        Field::optional(
            "restart-on",
            Form::List(&Form::Address),
            "Resources whose change restarts it. A unit that evenkeel has not started yet is restarted once.",
        )
        .written_out(),
        Field::optional(
            "reload-on",
            Form::List(&Form::Address),
            "Resources whose change reloads it; the unit must have `ExecReload=`. A unit that evenkeel has not started \
             yet is reloaded once.",
        )
        .written_out(),
        Field::optional(
            "ready",
            Form::Table(READY),
            "The check of readiness. Default: the unit runs.",
        ),
        Field::optional(
            "within",
            Form::Duration,
            "The time limit of its start, until systemd counts it as active. Default: \"30s\".",
        ),
        Field::optional(
            "drop-ins",
            Form::List(&Form::Words),
            "The absolute paths of drop-ins that may apply to it. Others are defects, except those of packages in \
             /usr/lib.",
        ),
    ];
    const CODES: &'static [&'static Code] = &[
        &NOT_FOUND,
        &INVALID,
        &MASKED,
        &NOT_MASKED,
        &NOT_ENABLED,
        &ENABLED,
        &NOT_RUNNING,
        &FAILED,
        &RUNNING,
        &NOT_READY,
        &NOT_LOADED,
        &OUTDATED,
        &STARTED_OTHERWISE,
        &NOT_RELOADED,
        &UNMANAGED_DROP_IN,
    ];
    const TRAITS: Traits = Traits {
        // A host performs one job at a time, and starts many units of one job at once.
        ends_by_itself: &["running", "ready"],
        removal: RemovalOrder::First,
        reach: Reach::Host,
        words: StepWords::RUNNING,
        ..Traits::PLAIN
    };
    const ATTRIBUTES: &'static [(&'static str, &'static [&'static str])] = &[
        ("presence", &["unit"]),
        ("unit", &["unit"]),
        ("load", &["unit"]),
        ("masked", &["masked"]),
        ("enabled", &["enabled"]),
        ("running", &["running"]),
        ("unit-files", &["unit"]),
        ("restart-on.*", &["restart-on"]),
        ("reload-on.*", &["reload-on"]),
        ("ready", &["ready"]),
        ("drop-ins", &["drop-ins"]),
    ];
    type Family = evenkeel_host::Host;
    type Declared = ServiceDeclared;
    type Observed = ServiceObserved;

    fn declare(
        context: &Context<'_>,
        attributes: &Attributes,
    ) -> Result<ServiceDeclared, Vec<Wrong>> {
        let mut wrong = Vec::new();
        let unit = attributes
            .string("unit")
            .unwrap_or_else(|| format!("{}.service", context.address.name()));
        if let Some(problem) = unit_name::problem(&unit) {
            wrong.push(Wrong::new("unit", problem));
        }
        let masked = attributes.boolean("masked").unwrap_or(false);
        for key in ["enabled", "running"] {
            if masked && attributes.boolean(key) == Some(true) {
                wrong.push(Wrong::new(
                    key,
                    format!("a masked unit cannot be {key}: remove `masked` or `{key}`"),
                ));
            }
        }
        let running = attributes.boolean("running").unwrap_or(!masked);
        let mut drop_ins = BTreeSet::new();
        for path in attributes.list("drop-ins") {
            let path = path.as_text().unwrap_or_default();
            match absolute("", path) {
                Ok(path) if path.ends_with(".conf") => drop_ins.extend([path]),
                Ok(_) => wrong.push(Wrong::new(
                    "drop-ins",
                    format!("`{path}` does not end with `.conf`: systemd ignores it"),
                )),
                Err(message) => wrong.push(Wrong::new("drop-ins", message)),
            }
            if !path.starts_with('/') {
                wrong.push(Wrong::new(
                    "drop-ins",
                    format!("`{path}` is not absolute: start it with `/`"),
                ));
            }
        }
        let (ready, ready_within) = ready::parse(attributes, &mut wrong);
        if !running {
            for key in ["ready", "restart-on", "reload-on"] {
                if attributes.get(key).is_some() {
                    wrong.push(Wrong::new(
                        key,
                        format!("`{key}` has no effect on a unit that does not run: remove it"),
                    ));
                }
            }
        }
        if !wrong.is_empty() {
            return Err(wrong);
        }
        let triggers = |prefix: &'static str, digests: &BTreeMap<String, _>| {
            digests
                .iter()
                .map(|(address, digest): (&String, &evenkeel_model::Digest)| {
                    (format!("{prefix}{address}"), digest.to_string())
                })
                .collect::<BTreeMap<_, _>>()
        };
        let mut all = triggers(RESTART_ON, &context.triggers);
        all.extend(triggers(RELOAD_ON, &context.reload_triggers));
        Ok(ServiceDeclared {
            record: format!("{}/{unit}{RECORD}", context.state),
            unit,
            masked,
            enabled: attributes.boolean("enabled").unwrap_or(!masked),
            running,
            drop_ins: drop_ins.into_iter().collect(),
            ready,
            ready_within,
            within: attributes.duration("within").map_or(30_000, milliseconds),
            triggers: all,
        })
    }

    fn place(declared: &ServiceDeclared) -> &str {
        &declared.unit
    }

    fn claims(declared: &ServiceDeclared) -> Vec<Claim<'_>> {
        vec![
            Claim::new(Claim::UNIT, &declared.unit),
            Claim::path(&declared.record),
        ]
    }

    fn uses(declared: &ServiceDeclared) -> Vec<String> {
        declared.drop_ins.clone()
    }

    fn ports(declared: &ServiceDeclared) -> BTreeSet<u16> {
        let ready = match &declared.ready {
            Some(Ready::Http(text) | Ready::Tcp(text)) => Some(text.as_str()),
            None => None,
        };
        ready::ports(ready.into_iter())
    }

    fn serves(declared: &ServiceDeclared) -> Option<u16> {
        ready::port(declared.ready.as_ref()?)
    }

    fn queries(declared: &ServiceDeclared) -> Vec<Query> {
        vec![Query::Unit(unit::Query {
            unit: declared.unit.clone(),
            record: declared.record.clone(),
            ready: declared.ready.clone(),
        })]
    }

    fn observed(_declared: &ServiceDeclared, answers: &[Answer]) -> Observation<ServiceObserved> {
        match answers.first() {
            Some(Answer::Unit(unit::Answer { state })) => Observation::Seen(ServiceObserved {
                state: state.clone(),
            }),
            other => unexpected(other),
        }
    }

    fn nothing(_declared: &ServiceDeclared) -> ServiceObserved {
        ServiceObserved {
            state: UnitState::missing(),
        }
    }

    fn is_there(observed: &ServiceObserved) -> bool {
        // A unit that is neither running nor enabled nor masked is as if it was never managed.
        let state = &observed.state;
        state.exists()
            && (state.is_running()
                || state.is_masked()
                || state.enablement() == unit::Enablement::Enabled)
    }

    fn facts(observed: &ServiceObserved) -> Vec<(String, String)> {
        let state = &observed.state;
        let fact = |name: &str, text: String| (name.to_owned(), text);
        let or_none = |text: &str| if text.is_empty() { "none" } else { text }.to_owned();
        let mut facts = vec![
            fact(
                "presence",
                if state.exists() { "a unit" } else { "nothing" }.to_owned(),
            ),
            fact("load", state.load.clone()),
            fact("running", format!("{} ({})", state.active, state.sub)),
            fact("result", or_none(&state.result)),
            fact("enabled", or_none(&state.enabled)),
            fact("loaded", yes_or_no(state.is_loaded).to_owned()),
            fact("current", yes_or_no(state.is_current).to_owned()),
        ];
        facts.extend(state.since.map(|since| fact("since", since.to_string())));
        facts.extend(
            state
                .drop_ins
                .iter()
                .map(|path| fact("drop-ins", path.clone())),
        );
        facts.extend(state.ready.map(|ready| {
            fact(
                "ready",
                if ready { "ready" } else { "not ready" }.to_owned(),
            )
        }));
        match &state.started_as {
            None => facts.push(fact("record", "nothing".to_owned())),
            Some(started_as) => {
                facts.push(fact("record", "a record".to_owned()));
                facts.extend(
                    started_as
                        .iter()
                        .map(|(name, digest)| fact(name, shown(Some(digest)))),
                );
            }
        }
        facts
    }

    fn changed(observed: &ServiceObserved) -> Option<Moment> {
        observed.state.since
    }

    fn propose(found: &inventory::Answer) -> Vec<Proposal> {
        let units = found.units.iter().map(|unit| {
            let mut keys = Vec::new();
            if !unit.is_running {
                keys.push(("running", Value::Boolean(false)));
            }
            if !unit.drop_ins.is_empty() {
                keys.push(("drop-ins", texts(&unit.drop_ins)));
            }
            let name = unit.name.strip_suffix(".service").unwrap_or(&unit.name);
            Proposal {
                named_by: Some(("unit", Value::text(&unit.name))),
                after: vec![Claim::path(unit.file.clone())],
                ..Proposal::new(name, keys)
            }
        });
        units.collect()
    }

    fn compare(declared: &ServiceDeclared, observed: &ServiceObserved) -> Vec<Discrepancy> {
        let state = &observed.state;
        let mut wrong = Vec::new();
        if !state.exists() {
            if declared.running || declared.enabled {
                wrong.push(Discrepancy::new(
                    &NOT_FOUND, "presence", "a unit", "nothing",
                ));
            } else if declared.masked {
                wrong.push(Discrepancy::new(&NOT_MASKED, "masked", "yes", "no"));
            }
            return wrong;
        }
        if !matches!(state.load.as_str(), "loaded" | "masked") {
            wrong.push(Discrepancy::new(
                &INVALID,
                "load",
                "loaded",
                state.load.clone(),
            ));
        }
        if declared.masked != state.is_masked() {
            let code = if declared.masked {
                &NOT_MASKED
            } else {
                &MASKED
            };
            wrong.push(Discrepancy::new(
                code,
                "masked",
                yes_or_no(declared.masked),
                yes_or_no(state.is_masked()),
            ));
        }
        if !state.is_loaded {
            wrong.push(Discrepancy::new(
                &NOT_LOADED,
                "load",
                "the present unit files",
                "earlier unit files",
            ));
        }
        if !state.is_masked() && !declared.masked && !state.is_enabled_as(declared.enabled) {
            let code = if declared.enabled {
                &NOT_ENABLED
            } else {
                &ENABLED
            };
            let found = match state.enabled.as_str() {
                "enabled" | "disabled" | "" => yes_or_no(state.is_enabled_as(true)).to_owned(),
                other => format!("{} ({other})", yes_or_no(state.is_enabled_as(true))),
            };
            wrong.push(Discrepancy::new(
                code,
                "enabled",
                yes_or_no(declared.enabled),
                found,
            ));
        }
        declared.compare_run(state, &mut wrong);
        for path in &state.drop_ins {
            if !declared.drop_ins.contains(path) {
                wrong.push(Discrepancy::new(
                    &UNMANAGED_DROP_IN,
                    "drop-ins",
                    "declared drop-ins only",
                    path.clone(),
                ));
            }
        }
        wrong
    }

    fn adopt(declared: &ServiceDeclared, observed: &ServiceObserved) -> Vec<Adoption> {
        let wrong = Self::compare(declared, observed);
        let state = &observed.state;
        let is_masked = state.is_masked();
        let becomes_masked = is_masked && !declared.masked;
        let mut adopted = adoptions(wrong, state.exists(), |each| {
            match each.attribute.as_str() {
                "masked" if state.exists() => Some(Adopt::switch("masked", is_masked)),
                "enabled" => Some(Adopt::switch("enabled", state.is_enabled_as(true))),
                "running" if state.has_failed() => Some(Adopt::Impossible(format!(
                    "the unit {}",
                    inert(&state.words())
                ))),
                "running" => Some(Adopt::switch("running", state.is_running())),
                "drop-ins" => {
                    let all: BTreeSet<&str> = declared
                        .drop_ins
                        .iter()
                        .chain(&state.drop_ins)
                        .map(String::as_str)
                        .collect();
                    Some(Adopt::list("drop-ins", all))
                }
                "presence" => None,
                "unit-files" | "load" => Some(Adopt::Impossible(
                    "systemd uses earlier unit files, which no definition describes".to_owned(),
                )),
                _ => Some(Adopt::Impossible(
                    "the unit must be restarted or reloaded, which no definition describes"
                        .to_owned(),
                )),
            }
        });
        // A masked unit is never enabled, and the default follows only where nothing is written.
        if becomes_masked && declared.enabled {
            adopted.push(Adoption {
                attribute: "enabled".to_owned(),
                change: Adopt::switch("enabled", false),
            });
        }
        // Several drop-ins are one list.
        adopted.dedup();
        adopted
    }

    fn remedy(declared: &ServiceDeclared, observed: &ServiceObserved) -> Vec<Action> {
        if Self::compare(declared, observed).is_empty() {
            return Vec::new();
        }
        let is_unready = declared.running && observed.state.ready == Some(false);
        vec![declared.set(
            observed,
            if is_unready {
                Renewal::Restart
            } else {
                Renewal::None
            },
        )]
    }

    fn removal(declared: &ServiceDeclared, observed: &ServiceObserved) -> Vec<Action> {
        let state = &observed.state;
        let stops = declared.running && !matches!(state.active.as_str(), "inactive");
        let disables = declared.enabled && state.enablement() == unit::Enablement::Enabled;
        let unmasks = declared.masked && state.is_masked();
        let has_record = state.started_as.is_some();
        if !stops && !disables && !unmasks && !has_record {
            return Vec::new();
        }
        vec![Action::SetUnit(SetUnit {
            unit: declared.unit.clone(),
            record: declared.record.clone(),
            masked: unmasks.then_some(false),
            enabled: disables.then_some(false),
            running: stops.then_some(false),
            renewal: Renewal::None,
            drop_ins: None,
            ready: None,
            ready_within: declared.ready_within,
            within: declared.within,
            started_as: None,
            expected: state.summary(),
        })]
    }

    fn restarts_on(declared: &ServiceDeclared) -> Vec<String> {
        declared.triggered_by(RESTART_ON)
    }

    fn restart(declared: &ServiceDeclared, observed: &ServiceObserved) -> Vec<Action> {
        if !declared.running {
            return Vec::new();
        }
        vec![declared.set(observed, Renewal::Restart)]
    }

    fn reloads_on(declared: &ServiceDeclared) -> Vec<String> {
        declared.triggered_by(RELOAD_ON)
    }

    fn reload(declared: &ServiceDeclared, observed: &ServiceObserved) -> Vec<Action> {
        if !declared.running {
            return Vec::new();
        }
        vec![declared.set(observed, Renewal::Reload)]
    }

    fn attributes(declared: &ServiceDeclared, tell: &mut TellAttribute<'_>) {
        tell("unit", format_args!("{}", declared.unit));
        tell("masked", format_args!("{}", yes_or_no(declared.masked)));
        tell("enabled", format_args!("{}", yes_or_no(declared.enabled)));
        let running = if declared.running {
            "running"
        } else {
            "stopped"
        };
        tell("running", format_args!("{running}"));
        if !declared.drop_ins.is_empty() {
            tell("drop-ins", format_args!("{}", declared.drop_ins.join(" ")));
        }
        for (name, digest) in &declared.triggers {
            tell(name, format_args!("{digest}"));
        }
        if declared.ready.is_some() {
            tell("ready", format_args!("ready"));
        }
    }
}
