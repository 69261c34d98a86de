//! `process`: a running program, for machines without a service manager.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::adoption::{Adopt, Adoption, adoptions};
use super::attributes::absolute;
use super::contract::unexpected;
use super::ready::{self, READY, milliseconds};
use super::{
    Attributes, ChangeMode, Claim, Context, Discrepancy, Kind, Observation, Reach, RemovalOrder,
    Speed, StepWords, TellAttribute, Traits, Wrong,
};
use evenkeel_host::process;
use evenkeel_host::process::Running;
use evenkeel_host::{Action, Answer, ProcessState, Query, Ready, Text};
use evenkeel_model::defect::Code;
use evenkeel_model::source::{Field, Form};
use evenkeel_model::{Moment, Value};

/// Running program.
pub struct Process;

const NOT_RUNNING: Code = Code::error(
    "process/not-running",
    "a process is not running",
    "It was never started, or it ended; see its log (the `log` attribute). `evenkeel plan` shows the step that \
     starts it.",
);
const NOT_READY: Code = Code::error(
    "process/not-ready",
    "a process does not answer its readiness check",
    "It hangs or is still starting; see its log. `evenkeel plan` shows the step that restarts it.",
);
const STARTED_OTHERWISE: Code = Code::error(
    "process/started-otherwise",
    "a process was started with another configuration than its definition",
    "Its command, environment, directory or a resource in `restart-on` changed after its start. `evenkeel plan` shows the step that restarts it.",
);

/// Suffix of records.
const RECORD: &str = ".process.json";
/// Suffix of logs without a declared path.
const LOG: &str = ".log";

/// Prefix of attributes with a variable of the environment.
const ENVIRONMENT: &str = "environment.";
/// Prefix of attributes with the digest of a resource in `restart-on`.
const TRIGGER: &str = "restart-on.";

/// Declared process.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ProcessDeclared {
    /// Path of evenkeel's record.
    pub record: String,
    /// Its log file.
    pub log: String,
    /// Program and arguments.
    pub command: Vec<String>,
    /// Its environment; secrets as seals.
    pub environment: BTreeMap<String, Text>,
    /// Its working directory.
    pub directory: Option<String>,
    /// Check of readiness.
    pub ready: Option<Ready>,
    /// Time limit of readiness, in milliseconds.
    pub within: u64,
    /// Time limit of stopping, in milliseconds.
    pub stop_within: u64,
    /// Digests of the resources in `restart-on`, by address.
    pub triggers: BTreeMap<String, String>,
}

/// Observed process.
#[derive(Clone, Debug, Serialize)]
pub struct ProcessObserved {
    /// Whether it runs, with its record.
    pub state: ProcessState,
}

impl ProcessDeclared {
    /// Returns the recorded and compared values, attribute by attribute.
    fn started_as(&self) -> BTreeMap<String, Text> {
        let mut started_as = BTreeMap::new();
        let command = serde_json::to_string(&self.command).unwrap_or_default();
        started_as.insert("command".to_owned(), Text::Plain(command));
        for (name, text) in &self.environment {
            started_as.insert(format!("environment.{name}"), text.clone());
        }
        if let Some(directory) = &self.directory {
            started_as.insert("directory".to_owned(), Text::Plain(directory.clone()));
        }
        for (address, digest) in &self.triggers {
            started_as.insert(format!("{TRIGGER}{address}"), Text::Plain(digest.clone()));
        }
        started_as
    }

    /// Returns the action that starts it in place of the running one.
    fn start(&self, observed: &ProcessObserved) -> Action {
        Action::Start(process::Start {
            record: self.record.clone(),
            log: self.log.clone(),
            command: self.command.clone(),
            environment: self.environment.clone(),
            directory: self.directory.clone(),
            ready: self.ready.clone(),
            within: self.within,
            stop_within: self.stop_within,
            started_as: self.started_as(),
            expected: running(observed),
        })
    }
}

/// Returns the attributes of `restart-on` that one of the two has under another name: a renamed resource is unchanged.
fn renamed_triggers<'a>(
    declared: &'a BTreeMap<String, Text>,
    found: &'a BTreeMap<String, Text>,
) -> BTreeSet<&'a str> {
    let only = |one: &'a BTreeMap<String, Text>, other: &'a BTreeMap<String, Text>| {
        one.iter()
            .filter(|(key, _)| key.starts_with(TRIGGER) && !other.contains_key(*key))
    };
    let mut gone: Vec<(&String, &Text)> = only(found, declared).collect();
    let mut renamed = BTreeSet::new();
    for (key, digest) in only(declared, found) {
        if let Some(same) = gone.iter().position(|(_, other)| *other == digest) {
            renamed.insert(gone.remove(same).0.as_str());
            renamed.insert(key.as_str());
        }
    }
    renamed
}

/// Returns the adoption of all variables with which a process was started.
fn environment(started_as: &BTreeMap<String, Text>) -> Adopt {
    let mut table = BTreeMap::new();
    for (name, text) in started_as {
        match (name.strip_prefix(ENVIRONMENT), text) {
            (None, _) => {}
            (Some(name), Text::Plain(text)) => {
                table.insert(name.into(), Value::text(text));
            }
            (Some(_), Text::Sealed(_)) => {
                return Adopt::Impossible(
                    "its environment contains a secret, which a definition must not contain"
                        .to_owned(),
                );
            }
        }
    }
    Adopt::Key("environment", Value::Table(table))
}

fn running(observed: &ProcessObserved) -> Option<Running> {
    match &observed.state {
        ProcessState::Running {
            pid, ticks, since, ..
        } => Some(Running {
            pid: *pid,
            ticks: *ticks,
            since: *since,
        }),
        _ => None,
    }
}

fn shown(text: Option<&Text>) -> String {
    match text {
        Some(Text::Plain(plain)) => match plain.strip_prefix("blake3:") {
            Some(hex) => hex.chars().take(12).collect(),
            None => plain.clone(),
        },
        Some(Text::Sealed(_)) => "(secret)".into(),
        None => "nothing".into(),
    }
}

impl Kind for Process {
    const NAME: &'static str = "process";
    const ABOUT: &'static str = "A program that runs in a separate session and keeps running when evenkeel \
     exits. For machines without a service manager. It starts with its declared variables, umask 0022, the \
     default action for every signal, no terminal, and no descriptor besides its standard input (empty) and its \
     log.";
    const FIELDS: &'static [Field] = &[
        Field::required(
            "command",
            Form::Several(&Form::Text),
            "Program and arguments; no shell. Secrets are rejected here, since all users of a host can read \
             command lines.",
        ),
        Field::optional(
            "environment",
            Form::Map(&Form::Either(&[
                Form::Text,
                Form::Integer(i64::MIN, i64::MAX),
            ])),
            "Environment variables, besides PATH, HOME, LANG and TZ which it inherits. Secrets are allowed here.",
        ).may_be_secret(),
        Field::optional(
            "directory",
            Form::Words,
            "Its working directory. Default: `/`.",
        ),
        Field::optional(
            "log",
            Form::Words,
            "The file that standard output and error are appended to. Default: a file beside evenkeel's own records.",
        ),
        Field::optional(
            "restart-on",
            Form::List(&Form::Address),
            "Resources whose change restarts it.",
        ).written_out(),
        Field::optional(
            "ready",
            Form::Table(READY),
            "The check of readiness. Default: the process runs.",
        ),
        Field::optional(
            "stop-within",
            Form::Duration,
            "The time to stop before it is killed. Default: \"10s\".",
        ),
    ];
    const OUTPUTS: &'static [(&'static str, &'static str)] =
        &[("log", "The path of the log file.")];
    const CODES: &'static [&'static Code] = &[&NOT_RUNNING, &NOT_READY, &STARTED_OTHERWISE];
    const TRAITS: Traits = Traits {
        speed: Speed::Slow,
        change: ChangeMode::Replace,
        ends_by_itself: &["presence", "ready"],
        removal: RemovalOrder::First,
        reach: Reach::Host,
        words: StepWords::RUNNING,
        ..Traits::PLAIN
    };
    const ATTRIBUTES: &'static [(&'static str, &'static [&'static str])] = &[
        ("presence", &[]),
        ("command", &["command"]),
        ("environment.*", &["environment"]),
        ("directory", &["directory"]),
        ("restart-on.*", &["restart-on"]),
        ("ready", &["ready"]),
    ];
    type Family = evenkeel_host::Host;
    type Declared = ProcessDeclared;
    type Observed = ProcessObserved;

    fn declare(
        context: &Context<'_>,
        attributes: &Attributes,
    ) -> Result<ProcessDeclared, Vec<Wrong>> {
        let mut wrong = Vec::new();
        let mut path = |key: &'static str, default: String| match attributes.text(key) {
            Some(text) => absolute(context.base, text).unwrap_or_else(|message| {
                wrong.push(Wrong::new(key, message));
                default
            }),
            None => default,
        };
        let name = context.address.name();
        let log = path("log", format!("{}/{name}{LOG}", context.state));
        let directory = path("directory", "/".to_owned());
        let command = attributes.list("command");
        if command.iter().any(Value::is_sensitive) {
            wrong.push(Wrong::new(
                "command",
                "this command line contains a secret, and all users of the host can read command lines; use \
                 `environment` or a file",
            ));
        }
        if command.first().and_then(Value::as_text) == Some("") {
            wrong.push(Wrong::new("command", "the program has no name"));
        }
        for name in attributes
            .table("environment")
            .into_iter()
            .flat_map(BTreeMap::keys)
        {
            if !evenkeel_model::name::is_variable(name) {
                wrong.push(Wrong::new(
                    "environment",
                    format!("`{name}` cannot name an environment variable: letters, digits and underscores can"),
                ));
            }
        }
        let (ready, within) = ready::parse(attributes, &mut wrong);
        if !wrong.is_empty() {
            return Err(wrong);
        }
        Ok(ProcessDeclared {
            record: format!("{}/{name}{RECORD}", context.state),
            log,
            command: command
                .iter()
                .filter_map(|each| each.as_text().map(str::to_owned))
                .collect(),
            environment: attributes
                .table("environment")
                .map(|table| {
                    table
                        .iter()
                        .map(|(key, value)| (key.to_string(), context.seal.text(value)))
                        .collect()
                })
                .unwrap_or_default(),
            directory: Some(directory),
            ready,
            within,
            stop_within: attributes
                .duration("stop-within")
                .map_or(10_000, milliseconds),
            triggers: context
                .triggers
                .iter()
                .map(|(address, digest)| (address.clone(), digest.to_string()))
                .collect(),
        })
    }

    fn output(declared: &ProcessDeclared, name: &str) -> Option<Value> {
        (name == "log").then(|| Value::text(&declared.log))
    }

    fn place(declared: &ProcessDeclared) -> &str {
        &declared.record
    }

    fn claims(declared: &ProcessDeclared) -> Vec<Claim<'_>> {
        vec![Claim::path(&declared.record), Claim::path(&declared.log)]
    }

    fn ports(declared: &ProcessDeclared) -> BTreeSet<u16> {
        let ready = match &declared.ready {
            Some(Ready::Http(text) | Ready::Tcp(text)) => Some(text.as_str()),
            None => None,
        };
        let environment = declared.environment.values().filter_map(|text| match text {
            Text::Plain(plain) => Some(plain.as_str()),
            Text::Sealed(_) => None,
        });
        let command = declared.command.iter().skip(1).map(String::as_str);
        ready::ports(ready.into_iter().chain(environment).chain(command))
    }

    fn serves(declared: &ProcessDeclared) -> Option<u16> {
        ready::port(declared.ready.as_ref()?)
    }

    fn queries(declared: &ProcessDeclared) -> Vec<Query> {
        vec![Query::Process(process::Query {
            record: declared.record.clone(),
            ready: declared.ready.clone(),
        })]
    }

    fn observed(_declared: &ProcessDeclared, answers: &[Answer]) -> Observation<ProcessObserved> {
        match answers.first() {
            Some(Answer::Process(process::Answer { state })) => {
                Observation::Seen(ProcessObserved {
                    state: state.clone(),
                })
            }
            other => unexpected(other),
        }
    }

    fn nothing(_declared: &ProcessDeclared) -> ProcessObserved {
        ProcessObserved {
            state: ProcessState::Missing,
        }
    }

    fn is_there(observed: &ProcessObserved) -> bool {
        matches!(observed.state, ProcessState::Running { .. })
    }

    fn facts(observed: &ProcessObserved) -> Vec<(String, String)> {
        let fact = |name: &str, text: String| (name.to_owned(), text);
        let presence = |words: &str| fact("presence", words.to_owned());
        let (mut facts, started_as) = match &observed.state {
            ProcessState::Missing => return vec![presence("nothing")],
            ProcessState::Ended { started_as } => (vec![presence("an ended process")], started_as),
            ProcessState::Running {
                pid,
                ticks,
                ready,
                started_as,
                since,
            } => {
                let mut facts = vec![
                    presence("a running process"),
                    fact("process", format!("{pid}, started {since} (tick {ticks})")),
                ];
                facts.extend(ready.map(|ready| {
                    fact(
                        "ready",
                        if ready { "ready" } else { "not ready" }.to_owned(),
                    )
                }));
                (facts, started_as)
            }
        };
        facts.extend(started_as.iter().map(|(name, text)| match text {
            Text::Plain(_) => fact(name, shown(Some(text))),
            Text::Sealed(seal) => fact(name, format!("(secret {})", seal.short())),
        }));
        facts
    }

    fn changed(observed: &ProcessObserved) -> Option<Moment> {
        match &observed.state {
            ProcessState::Running { since, .. } => Some(*since),
            _ => None,
        }
    }

    fn compare(declared: &ProcessDeclared, observed: &ProcessObserved) -> Vec<Discrepancy> {
        let (ready, found) = match &observed.state {
            ProcessState::Missing => {
                return vec![Discrepancy::new(
                    &NOT_RUNNING,
                    "presence",
                    "a running process",
                    "nothing",
                )];
            }
            ProcessState::Ended { .. } => {
                return vec![Discrepancy::new(
                    &NOT_RUNNING,
                    "presence",
                    "a running process",
                    "an ended process",
                )];
            }
            ProcessState::Running {
                ready, started_as, ..
            } => (*ready, started_as),
        };
        let declared_as = declared.started_as();
        let renamed = renamed_triggers(&declared_as, found);
        let mut wrong: Vec<Discrepancy> = declared_as
            .keys()
            .chain(found.keys().filter(|key| !declared_as.contains_key(*key)))
            .filter(|key| declared_as.get(*key) != found.get(*key))
            .filter(|key| !renamed.contains(key.as_str()))
            .map(|key| {
                Discrepancy::new(
                    &STARTED_OTHERWISE,
                    key,
                    shown(declared_as.get(key)),
                    shown(found.get(key)),
                )
            })
            .collect();
        if ready == Some(false) {
            wrong.push(Discrepancy::new(&NOT_READY, "ready", "ready", "not ready"));
        }
        wrong
    }

    fn adopt(declared: &ProcessDeclared, observed: &ProcessObserved) -> Vec<Adoption> {
        let wrong = Self::compare(declared, observed);
        let none = BTreeMap::new();
        let started_as = match &observed.state {
            ProcessState::Running { started_as, .. } => started_as,
            _ => &none,
        };
        let plain = |name: &str| match started_as.get(name) {
            Some(Text::Plain(text)) => Some(text.as_str()),
            _ => None,
        };
        let mut adopted = adoptions(wrong, Self::is_there(observed), |each| {
            match each.attribute.as_str() {
                "command" => {
                    let words: Vec<String> = serde_json::from_str(plain("command")?).ok()?;
                    Some(Adopt::list("command", words.iter().map(String::as_str)))
                }
                "directory" => Some(Adopt::text("directory", plain("directory")?)),
                "ready" => Some(Adopt::Impossible(
                    "the process does not answer its readiness check".to_owned(),
                )),
                other if other.starts_with(TRIGGER) => Some(Adopt::Impossible(
                    "the process was started with an earlier state of that resource".to_owned(),
                )),
                other if other.starts_with(ENVIRONMENT) => Some(environment(started_as)),
                _ => None,
            }
        });
        // One key has all variables.
        let mut seen = false;
        adopted.retain(|each| {
            !each.attribute.starts_with(ENVIRONMENT) || !std::mem::replace(&mut seen, true)
        });
        adopted
    }

    fn remedy(declared: &ProcessDeclared, observed: &ProcessObserved) -> Vec<Action> {
        if Self::compare(declared, observed).is_empty() {
            return Vec::new();
        }
        vec![declared.start(observed)]
    }

    fn removal(declared: &ProcessDeclared, observed: &ProcessObserved) -> Vec<Action> {
        if observed.state == ProcessState::Missing {
            return Vec::new();
        }
        vec![Action::Stop(process::Stop {
            record: declared.record.clone(),
            stop_within: declared.stop_within,
            expected: running(observed),
        })]
    }

    fn is_renamed(before: &ProcessDeclared, after: &ProcessDeclared) -> bool {
        // The paths of records and logs follow from the name. Resources in `restart-on` may have other names as well.
        let digests = |declared: &ProcessDeclared| {
            let mut digests: Vec<String> = declared.triggers.values().cloned().collect();
            digests.sort_unstable();
            digests
        };
        before.command == after.command
            && before.environment == after.environment
            && before.directory == after.directory
            && digests(before) == digests(after)
    }

    fn take_over(
        before: &ProcessDeclared,
        after: &ProcessDeclared,
        left: &ProcessObserved,
    ) -> Option<Action> {
        let expected = running(left)?;
        // A log follows the name, unless its path is declared.
        let follows = |declared: &ProcessDeclared| {
            let beside = declared
                .record
                .strip_suffix(RECORD)
                .map(|path| path.to_owned() + LOG);
            beside.as_ref() == Some(&declared.log)
        };
        let is_same_log = before.log == after.log;
        let goes_on = Self::is_renamed(before, after)
            && Self::compare(after, left).is_empty()
            && (is_same_log || follows(before) && follows(after));
        goes_on.then(|| {
            Action::TakeOver(process::TakeOver {
                record: after.record.clone(),
                from: before.record.clone(),
                log: after.log.clone(),
                from_log: before.log.clone(),
                expected,
            })
        })
    }

    fn restarts_on(declared: &ProcessDeclared) -> Vec<String> {
        declared.triggers.keys().cloned().collect()
    }

    fn restart(declared: &ProcessDeclared, observed: &ProcessObserved) -> Vec<Action> {
        vec![declared.start(observed)]
    }

    fn attributes(declared: &ProcessDeclared, tell: &mut TellAttribute<'_>) {
        tell("presence", format_args!("a running process"));
        for (name, text) in declared.started_as() {
            match text {
                Text::Plain(plain) => tell(&name, format_args!("{plain}")),
                Text::Sealed(seal) => tell(&name, format_args!("{seal}")),
            }
        }
        if declared.ready.is_some() {
            tell("ready", format_args!("ready"));
        }
    }
}
