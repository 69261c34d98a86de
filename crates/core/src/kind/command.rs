//! `command`: a program that brings something into a state, for what no other kind covers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::account::check_name;
use super::adoption::{Adopt, Adoption, adoptions};
use super::attributes::absolute;
use super::contract::unexpected;
use super::program::argv;
use super::{
    Attributes, Claim, Context, Discrepancy, Kind, Observation, Reach, Speed, StepWords,
    TellAttribute, Traits, Wrong,
};
use evenkeel_host::command::{self, Check, RunCommand};
use evenkeel_host::{Action, Answer, Query, Text};
use evenkeel_model::Moment;
use evenkeel_model::defect::Code;
use evenkeel_model::source::{Field, Form};

/// Command.
pub struct Command;

const NOT_DONE: Code = Code::error(
    "command/not-done",
    "a command's check fails",
    "The program in `check` ended with another status than 0, or the path in `creates` does not exist. `evenkeel plan` shows \
     the step that runs the command.",
);

/// The shortest and the longest time limit, in milliseconds.
const LIMITS: std::ops::RangeInclusive<u64> = 1_000..=3_600_000;

/// Declared command.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct CommandDeclared {
    /// Program and arguments of the check.
    pub check: Option<Vec<String>>,
    /// Path whose existence is the state.
    pub creates: Option<String>,
    /// Working directory.
    pub directory: Option<String>,
    /// Environment; secrets as seals.
    pub environment: BTreeMap<String, Text>,
    /// Name of the resource.
    pub name: String,
    /// Program and arguments.
    pub run: Vec<String>,
    /// Account that runs both.
    pub user: Option<String>,
    /// Time limit, in milliseconds.
    pub within: u64,
}

/// Observed state.
#[derive(Clone, Debug, Serialize)]
pub struct CommandObserved {
    /// Whether the check succeeds; `None` without one.
    holds: Option<bool>,
    /// Why the check could not run.
    #[serde(skip)]
    detail: Option<String>,
}

const PASSES: &str = "the check passes";
const FAILS: &str = "the check fails";
const UNKNOWN: &str = "unknown";

impl CommandDeclared {
    /// Whether its state can be read.
    fn is_checked(&self) -> bool {
        self.check.is_some() || self.creates.is_some()
    }

    fn asked(&self) -> Check {
        let plain = |(name, text): (&String, &Text)| match text {
            Text::Plain(plain) => Some((name.clone(), plain.clone())),
            Text::Sealed(_) => None,
        };
        Check {
            run: self.check.clone(),
            creates: self.creates.clone(),
            user: self.user.clone(),
            directory: self.directory.clone(),
            environment: self.environment.iter().filter_map(plain).collect(),
        }
    }
}

impl Kind for Command {
    const NAME: &'static str = "command";
    const ABOUT: &'static str = "A command that brings the target into a state, and a check of that state, for what no other kind \
     covers. The check decides: the command runs only if the check fails, and must succeed with the check passing after it. The \
     check also runs in `plan` and `drift`, so it may only read. Without `check` and `creates` the state is unknown: every \
     `apply` runs the command, and `drift` and the gate count it as unreadable. Nothing is undone when the resource is removed.";
    const FIELDS: &'static [Field] = &[
        Field::required(
            "run",
            Form::Several(&Form::Text),
            "Program and arguments; no shell. Secrets are rejected here, since all users of a host can read command lines.",
        ),
        Field::optional(
            "check",
            Form::Several(&Form::Text),
            "Program and arguments of the check; no shell. Status 0 means that the target is in the state. It may only read, and \
             is killed after 30 seconds. It gets the variables without secrets.",
        ),
        Field::optional(
            "creates",
            Form::Words,
            "A path that exists in the state. A relative path starts at the target's `base`. With `check`, both must hold.",
        ),
        Field::optional(
            "user",
            Form::Words,
            "The user that runs command and check. Default: the account of evenkeel on the target.",
        ),
        Field::optional(
            "directory",
            Form::Words,
            "The working directory. Default: `/`.",
        ),
        Field::optional(
            "environment",
            Form::Map(&Form::Either(&[
                Form::Text,
                Form::Integer(i64::MIN, i64::MAX),
            ])),
            "Environment variables, besides PATH, HOME and LC_ALL. Secrets are allowed here, for the command only.",
        )
        .may_be_secret(),
        Field::optional(
            "within",
            Form::Duration,
            "The time limit of the command, from 1 second to 1 hour. Default: \"5m\".",
        ),
    ];
    const CODES: &'static [&'static Code] = &[&NOT_DONE];
    const TRAITS: Traits = Traits {
        speed: Speed::Slow,
        reach: Reach::Host,
        words: StepWords {
            create: "run",
            replace: "run",
            remove: "forget",
        },
        ..Traits::PLAIN
    };
    const ATTRIBUTES: &'static [(&'static str, &'static [&'static str])] = &[
        ("state", &["check", "creates"]),
        ("run", &["run"]),
        ("check", &["check"]),
        ("creates", &["creates"]),
        ("user", &["user"]),
        ("directory", &["directory"]),
        ("environment.*", &["environment"]),
    ];
    type Family = evenkeel_host::Host;
    type Declared = CommandDeclared;
    type Observed = CommandObserved;

    fn declare(
        context: &Context<'_>,
        attributes: &Attributes,
    ) -> Result<CommandDeclared, Vec<Wrong>> {
        let mut wrong = Vec::new();
        let run = argv(attributes, "run", &mut wrong).unwrap_or_default();
        let check = argv(attributes, "check", &mut wrong);
        let mut path = |key: &'static str| {
            let text = attributes.text(key)?;
            absolute(context.base, text)
                .map_err(|message| wrong.push(Wrong::new(key, message)))
                .ok()
        };
        let creates = path("creates");
        let directory = path("directory");
        let user = attributes.string("user");
        if let Some(Err(message)) = user.as_deref().map(check_name) {
            wrong.push(Wrong::new("user", message));
        }
        let table = attributes.table("environment");
        for name in table.into_iter().flat_map(BTreeMap::keys) {
            if !evenkeel_model::name::is_variable(name) {
                wrong.push(Wrong::new(
                    "environment",
                    format!("`{name}` cannot name an environment variable: letters, digits and underscores can"),
                ));
            }
        }
        let within = attributes.duration("within").map_or(300_000, |within| {
            u64::try_from(within.as_millis()).unwrap_or(u64::MAX)
        });
        if !LIMITS.contains(&within) {
            wrong.push(Wrong::new(
                "within",
                "expected a duration from 1 second to 1 hour",
            ));
        }
        if !wrong.is_empty() {
            return Err(wrong);
        }
        Ok(CommandDeclared {
            check,
            creates,
            directory,
            environment: table
                .into_iter()
                .flatten()
                .map(|(name, value)| (name.to_string(), context.seal.text(value)))
                .collect(),
            name: context.address.name().to_owned(),
            run,
            user,
            within,
        })
    }

    fn place(declared: &CommandDeclared) -> &str {
        &declared.name
    }

    fn claims(declared: &CommandDeclared) -> Vec<Claim<'_>> {
        vec![Claim::new("command", &declared.name)]
    }

    fn queries(declared: &CommandDeclared) -> Vec<Query> {
        vec![Query::Command(command::Query {
            name: declared.name.clone(),
            check: declared.asked(),
        })]
    }

    fn observed(declared: &CommandDeclared, answers: &[Answer]) -> Observation<CommandObserved> {
        match answers.first() {
            Some(Answer::Command(command::Answer { holds, detail })) => {
                Observation::Seen(CommandObserved {
                    holds: declared.is_checked().then_some(*holds),
                    detail: detail.clone(),
                })
            }
            other => unexpected(other),
        }
    }

    fn nothing(declared: &CommandDeclared) -> CommandObserved {
        CommandObserved {
            holds: declared.is_checked().then_some(false),
            detail: None,
        }
    }

    /// Never: a command leaves nothing that evenkeel could remove or find without having run it.
    fn is_there(_observed: &CommandObserved) -> bool {
        false
    }

    fn facts(observed: &CommandObserved) -> Vec<(String, String)> {
        let state = match observed.holds {
            Some(true) => PASSES,
            Some(false) => FAILS,
            None => UNKNOWN,
        };
        vec![("state".to_owned(), state.to_owned())]
    }

    fn unknown(observed: &CommandObserved) -> Option<&'static str> {
        let why = "it has neither `check` nor `creates`";
        observed.holds.is_none().then_some(why)
    }

    fn changed(_observed: &CommandObserved) -> Option<Moment> {
        None
    }

    fn compare(_declared: &CommandDeclared, observed: &CommandObserved) -> Vec<Discrepancy> {
        let (expected, found) = match (observed.holds, &observed.detail) {
            (Some(true), _) => return Vec::new(),
            (Some(false), Some(detail)) => (PASSES, format!("{FAILS}: {detail}")),
            (Some(false), None) => (PASSES, FAILS.to_owned()),
            (None, _) => ("run", UNKNOWN.to_owned()),
        };
        vec![Discrepancy::new(&NOT_DONE, "state", expected, found)]
    }

    fn adopt(declared: &CommandDeclared, observed: &CommandObserved) -> Vec<Adoption> {
        adoptions(Self::compare(declared, observed), true, |_| {
            Some(Adopt::Impossible(
                "a check that fails is no state that a definition can describe: change `check`, `creates` or `run`"
                    .to_owned(),
            ))
        })
    }

    fn remedy(declared: &CommandDeclared, observed: &CommandObserved) -> Vec<Action> {
        if observed.holds == Some(true) {
            return Vec::new();
        }
        vec![Action::RunCommand(RunCommand {
            name: declared.name.clone(),
            run: declared.run.clone(),
            environment: declared.environment.clone(),
            within: declared.within,
            check: declared.asked(),
        })]
    }

    /// Nothing: what undoes a command is unknown.
    fn removal(_declared: &CommandDeclared, _observed: &CommandObserved) -> Vec<Action> {
        Vec::new()
    }

    fn attributes(declared: &CommandDeclared, tell: &mut TellAttribute<'_>) {
        tell("run", format_args!("{:?}", declared.run));
        if let Some(check) = &declared.check {
            tell("check", format_args!("{check:?}"));
        }
        for (name, text) in [
            ("creates", &declared.creates),
            ("user", &declared.user),
            ("directory", &declared.directory),
        ] {
            if let Some(text) = text {
                tell(name, format_args!("{text}"));
            }
        }
        for (name, text) in &declared.environment {
            let name = format!("environment.{name}");
            match text {
                Text::Plain(plain) => tell(&name, format_args!("{plain}")),
                Text::Sealed(seal) => tell(&name, format_args!("{seal}")),
            }
        }
    }
}
