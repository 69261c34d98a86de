//! `cron`: a job of cron, in one file of `/etc/cron.d`.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::account::check_name;
use super::adoption::{Adopt, Adoption, adoptions};
use super::contract::{standing_facts, unexpected};
use super::directory::compare_access;
use super::{
    Attributes, Claim, Context, Discrepancy, Kind, Observation, TellAttribute, Traits, Wrong,
};
use evenkeel_host::{Action, Answer, PathState, Query, path};
use evenkeel_model::defect::Code;
use evenkeel_model::source::{Field, Form};
use evenkeel_model::{Digest, Moment, Value};

/// Job of cron.
pub struct Cron;

const MISSING: Code = Code::error(
    "cron/missing",
    "a job of cron is missing",
    "`/etc/cron.d` has no file for it. `evenkeel plan` shows the step that creates it.",
);
const DIFFERS: Code = Code::error(
    "cron/differs",
    "a job of cron differs from its definition",
    "Its file or its definition changed. `evenkeel plan` shows the step that restores the file.",
);
const ACCESS: Code = Code::error(
    "cron/access-differs",
    "the owner or the mode of a job's file differs",
    "cron ignores files that others can write. `evenkeel plan` shows the step that restores owner and mode.",
);

/// Directory of the files.
const DIRECTORY: &str = "/etc/cron.d";
/// Mode of a file.
const MODE: u32 = 0o644;
/// First line of a file.
const MARK: &str = "# Written by evenkeel, which replaces changes in this file.";
/// Longest line that cron reads.
const LONGEST: usize = 998;

/// Declared job.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct CronDeclared {
    /// Digest of the file.
    pub content: Digest,
    /// Path of the file.
    pub path: String,
    /// Content of the file.
    pub text: Arc<str>,
}

/// Observed job.
#[derive(Clone, Debug, Serialize)]
pub struct CronObserved {
    standing: PathState,
    #[serde(skip)]
    text: Option<String>,
    #[serde(skip)]
    changed: Option<Moment>,
}

impl Kind for Cron {
    const NAME: &'static str = "cron";
    const ABOUT: &'static str = "A job of cron, in the file `/etc/cron.d/evenkeel-NAME` of the target, which evenkeel owns. The \
     target needs a running cron. Secrets are rejected, since all users can read the file.";
    const FIELDS: &'static [Field] = &[
        Field::required(
            "schedule",
            Form::Words,
            "When it runs: minute, hour, day of month, month and day of week as in `crontab(5)`, or `@daily`, `@hourly`, \
             `@weekly`, `@monthly`, `@yearly` or `@reboot`. The target's time zone applies.",
        ),
        Field::required(
            "command",
            Form::Words,
            "The command as cron gives it to `/bin/sh`, on one line. cron ends the command at the first `%` and passes the rest \
             to its standard input: write `\\%` for a percent sign.",
        ),
        Field::optional(
            "user",
            Form::Words,
            "The user that runs it. Default: `root`.",
        ),
        Field::optional(
            "environment",
            Form::Map(&Form::Either(&[
                Form::Text,
                Form::Integer(i64::MIN, i64::MAX),
            ])),
            "Environment variables, such as `PATH` or `MAILTO`. cron replaces no variables in values.",
        ),
    ];
    const OUTPUTS: &'static [(&'static str, &'static str)] = &[("path", "The path of its file.")];
    const CODES: &'static [&'static Code] = &[&MISSING, &DIFFERS, &ACCESS];
    const TRAITS: Traits = Traits::PLAIN;
    const ATTRIBUTES: &'static [(&'static str, &'static [&'static str])] = &[
        ("presence", &[]),
        ("content", &["schedule", "command", "user", "environment"]),
        ("mode", &[]),
        ("owner", &[]),
        ("group", &[]),
    ];
    type Family = evenkeel_host::Host;
    type Declared = CronDeclared;
    type Observed = CronObserved;

    fn declare(context: &Context<'_>, attributes: &Attributes) -> Result<CronDeclared, Vec<Wrong>> {
        let mut wrong = Vec::new();
        let written = attributes.text("schedule").unwrap_or_default();
        let schedule = schedule(written).unwrap_or_else(|message| {
            wrong.push(Wrong::new("schedule", message));
            String::new()
        });
        let user = attributes.text("user").unwrap_or("root");
        if let Err(message) = check_name(user) {
            wrong.push(Wrong::new("user", message));
        }
        let command = attributes.text("command").unwrap_or_default().trim();
        if command.is_empty()
            || command
                .chars()
                .any(|each| each.is_control() && each != '\t')
        {
            let message = "expected one line without control characters: cron reads the command up to the end of the line";
            wrong.push(Wrong::new("command", message));
        }
        let mut text = format!("{MARK}\n");
        for (name, value) in attributes.table("environment").into_iter().flatten() {
            match variable(name, value) {
                Ok(line) => text += &line,
                Err(message) => wrong.push(Wrong::new("environment", message)),
            }
        }
        let line = format!("{schedule} {user} {command}\n");
        if line.len() > LONGEST {
            let message = format!(
                "the line is longer than {LONGEST} bytes, which cron rejects: move the command into a script"
            );
            wrong.push(Wrong::new("command", message));
        }
        text += &line;
        if !wrong.is_empty() {
            return Err(wrong);
        }
        Ok(CronDeclared {
            content: context.seal.plain(&text),
            // Names with a dot are ignored there; names of resources have none.
            path: format!("{DIRECTORY}/evenkeel-{}", context.address.name()),
            text: text.into(),
        })
    }

    fn output(declared: &CronDeclared, name: &str) -> Option<Value> {
        (name == "path").then(|| Value::text(&declared.path))
    }

    fn place(declared: &CronDeclared) -> &str {
        &declared.path
    }

    fn claims(declared: &CronDeclared) -> Vec<Claim<'_>> {
        vec![Claim::path(&declared.path)]
    }

    fn queries(declared: &CronDeclared) -> Vec<Query> {
        vec![Query::Path(path::Query {
            path: declared.path.clone(),
            text_unless: Some(declared.content),
            sealed: false,
        })]
    }

    fn observed(_declared: &CronDeclared, answers: &[Answer]) -> Observation<CronObserved> {
        match answers.first() {
            Some(Answer::Path(answer)) => Observation::Seen(CronObserved {
                standing: answer.standing.clone(),
                text: answer.text.clone(),
                changed: answer.changed,
            }),
            other => unexpected(other),
        }
    }

    fn nothing(_declared: &CronDeclared) -> CronObserved {
        CronObserved {
            standing: PathState::Missing,
            text: None,
            changed: None,
        }
    }

    fn is_there(observed: &CronObserved) -> bool {
        observed.standing != PathState::Missing
    }

    fn facts(observed: &CronObserved) -> Vec<(String, String)> {
        standing_facts(&observed.standing)
    }

    fn changed(observed: &CronObserved) -> Option<Moment> {
        observed.changed
    }

    fn compare(declared: &CronDeclared, observed: &CronObserved) -> Vec<Discrepancy> {
        let PathState::File {
            digest,
            mode,
            owner,
            group,
        } = &observed.standing
        else {
            let found = observed.standing.words();
            return vec![Discrepancy::new(&MISSING, "presence", "a file", found)];
        };
        let mut wrong = Vec::new();
        if *digest != declared.content {
            let (expected, found) = (declared.content.short(), digest.short());
            let mut content = Discrepancy::new(&DIFFERS, "content", expected, found);
            let texts = observed.text.clone();
            content.texts = texts.map(|found| (Arc::clone(&declared.text), found));
            wrong.push(content);
        }
        wrong.extend(compare_access(
            (&ACCESS, &ACCESS),
            (MODE, Some("root"), Some("root")),
            (*mode, owner, group),
        ));
        wrong
    }

    fn adopt(declared: &CronDeclared, observed: &CronObserved) -> Vec<Adoption> {
        let wrong = Self::compare(declared, observed);
        let is_content_wrong = wrong.iter().any(|each| each.attribute == "content");
        let mut others: Vec<Adoption> =
            adoptions(wrong, Self::is_there(observed), |each| {
                match each.attribute.as_str() {
                    "mode" | "owner" | "group" => Some(Adopt::Impossible(
                        "a job of cron belongs to root, with mode 0644".to_owned(),
                    )),
                    _ => None,
                }
            });
        if !is_content_wrong {
            return others;
        }
        others.retain(|each| each.attribute != "content");
        let before = parts(&declared.text);
        let found = observed.text.as_deref().and_then(parts);
        let Some(found) = found else {
            others.push(Adoption {
                attribute: "content".to_owned(),
                change: Adopt::Impossible(
                    "the file is not one job below the first line that evenkeel writes".to_owned(),
                ),
            });
            return others;
        };
        let is_same = |of: fn(&Parts<'_>) -> String| {
            before
                .as_ref()
                .is_some_and(|before| of(before) == of(&found))
        };
        let mut describe = |change: Adopt| {
            others.push(Adoption {
                attribute: "content".to_owned(),
                change,
            });
        };
        if !is_same(|parts| parts.schedule.to_owned()) {
            describe(Adopt::text("schedule", found.schedule));
        }
        if !is_same(|parts| parts.user.to_owned()) {
            describe(Adopt::text("user", found.user));
        }
        if !is_same(|parts| parts.command.to_owned()) {
            describe(Adopt::text("command", found.command));
        }
        if before.is_none_or(|before| before.environment != found.environment) {
            let environment = found.environment.iter();
            let environment = environment.map(|(name, value)| ((*name).into(), Value::text(value)));
            describe(Adopt::Key(
                "environment",
                Value::Table(environment.collect()),
            ));
        }
        others
    }

    fn remedy(declared: &CronDeclared, observed: &CronObserved) -> Vec<Action> {
        if Self::compare(declared, observed).is_empty() {
            return Vec::new();
        }
        Self::settle(declared, observed)
    }

    fn settle(declared: &CronDeclared, observed: &CronObserved) -> Vec<Action> {
        vec![Action::File(path::File {
            path: declared.path.clone(),
            content: declared.content,
            sealed: false,
            mode: MODE,
            owner: Some("root".into()),
            group: Some("root".into()),
            validate: Vec::new(),
            expected: observed.standing.clone(),
        })]
    }

    fn removal(declared: &CronDeclared, observed: &CronObserved) -> Vec<Action> {
        if !Self::is_there(observed) {
            return Vec::new();
        }
        vec![Action::Remove(path::Remove {
            path: declared.path.clone(),
            sealed: false,
            expected: observed.standing.clone(),
        })]
    }

    fn attributes(declared: &CronDeclared, tell: &mut TellAttribute<'_>) {
        tell("presence", format_args!("a file"));
        tell("content", format_args!("{}", declared.text));
    }
}

/// Returns the line of an environment variable.
fn variable(name: &str, value: &Value) -> Result<String, String> {
    if !evenkeel_model::name::is_variable(name) {
        return Err(format!(
            "`{name}` cannot name an environment variable: letters, digits and underscores can"
        ));
    }
    let value = match value {
        Value::Text(text) => text.to_string(),
        other => other.to_string(),
    };
    if value.chars().any(char::is_control) {
        return Err(format!("the value of `{name}` has control characters"));
    }
    // cron knows no escapes inside of quotes.
    let quote = match (value.contains('"'), value.contains('\'')) {
        (false, _) => '"',
        (true, false) => '\'',
        (true, true) => {
            return Err(format!(
                "the value of `{name}` has quotes of both sorts, which a file of cron cannot express"
            ));
        }
    };
    Ok(format!("{name}={quote}{value}{quote}\n"))
}

/// The parts of a file that evenkeel wrote.
struct Parts<'a> {
    environment: BTreeMap<&'a str, &'a str>,
    schedule: &'a str,
    user: &'a str,
    command: &'a str,
}

/// Returns the parts of a file; `None` if it is not one job below evenkeel's first line.
fn parts(text: &str) -> Option<Parts<'_>> {
    let mut lines: Vec<&str> = text
        .strip_prefix(MARK)?
        .strip_prefix('\n')?
        .lines()
        .collect();
    let job = lines.pop()?;
    let mut environment = BTreeMap::new();
    for line in lines {
        let (name, value) = line.split_once('=')?;
        let quote = value
            .chars()
            .next()
            .filter(|first| matches!(first, '"' | '\''))?;
        let value = value.strip_prefix(quote)?.strip_suffix(quote)?;
        environment.insert(name, value);
    }
    let fields = if job.starts_with('@') {
        1
    } else {
        FIELDS.len()
    };
    let (end, _) = job.match_indices(' ').nth(fields - 1)?;
    let (schedule, rest) = job.split_at_checked(end)?;
    let (user, command) = rest.strip_prefix(' ')?.split_once(' ')?;
    Some(Parts {
        environment,
        schedule,
        user,
        command,
    })
}

const NICKNAMES: &[&str] = &[
    "@reboot",
    "@yearly",
    "@annually",
    "@monthly",
    "@weekly",
    "@daily",
    "@midnight",
    "@hourly",
];
const MONTHS: &[&str] = &[
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];
const DAYS: &[&str] = &["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// A field of a schedule: its name, its bounds, and the names of values from the first bound on.
type Bounds = (&'static str, u32, u32, &'static [&'static str]);

const FIELDS: [Bounds; 5] = [
    ("minute", 0, 59, &[]),
    ("hour", 0, 23, &[]),
    ("day of month", 1, 31, &[]),
    ("month", 1, 12, MONTHS),
    ("day of week", 0, 7, DAYS),
];

/// Checks a schedule; returns it with single blanks.
fn schedule(text: &str) -> Result<String, String> {
    if text.starts_with('@') {
        let nickname = text.trim_end().to_ascii_lowercase();
        if NICKNAMES.contains(&nickname.as_str()) {
            return Ok(nickname);
        }
        return Err(format!(
            "unknown schedule {text:?}: expected one of {}",
            NICKNAMES.join(", ")
        ));
    }
    let fields: Vec<&str> = text
        .split([' ', '\t'])
        .filter(|it| !it.is_empty())
        .collect();
    if fields.len() != FIELDS.len() {
        return Err(format!(
            "invalid schedule {text:?}: expected five fields (minute, hour, day of month, month, day of week), found {}",
            fields.len()
        ));
    }
    for (field, bounds) in fields.iter().zip(FIELDS) {
        if let Err(part) = check_field(field, bounds) {
            let (name, least, most, names) = bounds;
            let or_name = names.first().map_or(String::new(), |first| {
                format!(" or a name such as `{first}`")
            });
            return Err(format!(
                "invalid {name} {part:?} in the schedule {text:?}: expected `*`, a number from {least} to {most}{or_name}, a range \
                 such as `{least}-{most}`, or one with a step such as `*/2`"
            ));
        }
    }
    Ok(fields.join(" "))
}

fn check_field(field: &str, (_, least, most, names): Bounds) -> Result<(), &str> {
    for part in field.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(step)),
            None => (part, None),
        };
        let number = |text: &str| {
            let digits = text.bytes().all(|each| each.is_ascii_digit());
            let number = text.parse().ok().filter(|_| digits);
            number.filter(|number| (least..=most).contains(number))
        };
        let is_name = |text: &str| names.iter().any(|name| name.eq_ignore_ascii_case(text));
        let is_range = match range.split_once('-') {
            Some((from, to)) => {
                matches!((number(from), number(to)), (Some(from), Some(to)) if from <= to)
            }
            None if range == "*" => true,
            None => step.is_none() && (number(range).is_some() || is_name(range)),
        };
        let is_step = step.is_none_or(|step| {
            step.parse::<u32>()
                .is_ok_and(|step| step > 0 && step <= most)
        });
        if !is_range || !is_step {
            return Err(part);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{schedule, variable};
    use evenkeel_model::Value;

    #[test]
    fn schedules_are_those_that_cron_reads() {
        for text in [
            "* * * * *",
            "*/5 0-6,22,23 1 jan SUN",
            "0 0 1-31/2 * 7",
            "@daily",
            "0\t0 * *  *",
        ] {
            assert!(schedule(text).is_ok(), "{text}");
        }
        assert_eq!(schedule("0\t0 * *  *").as_deref(), Ok("0 0 * * *"));
        for (text, reason) in [
            ("* * * *", "found 4"),
            ("* * * * * *", "found 6"),
            ("60 * * * *", "invalid minute \"60\""),
            ("* 5-3 * * *", "invalid hour"),
            ("* * 0 * *", "invalid day of month"),
            ("* * * foo *", "invalid month"),
            ("* * * * 8", "invalid day of week"),
            ("*/0 * * * *", "invalid minute"),
            ("+5 * * * *", "invalid minute"),
            ("5/2 * * * *", "invalid minute"),
            ("1, * * * *", "invalid minute"),
            ("@never", "unknown schedule"),
            ("@daily root rm", "unknown schedule"),
            ("* * *\n* *", "invalid"),
        ] {
            let message = schedule(text).unwrap_err();
            assert!(message.contains(reason), "{text}: {message}");
        }
    }

    #[test]
    fn variables_are_quoted_so_that_cron_reads_them_back() {
        let quoted = [
            ("plain", "A=\"plain\"\n"),
            ("", "A=\"\"\n"),
            (" a ", "A=\" a \"\n"),
            ("a\"b", "A='a\"b'\n"),
        ];
        for (value, line) in quoted {
            assert_eq!(variable("A", &Value::text(value)).as_deref(), Ok(line));
        }
        assert!(variable("A", &Value::text("\"'")).is_err());
        assert!(variable("A", &Value::text("a\nb")).is_err());
        assert!(variable("A=B", &Value::text("a")).is_err());
    }
}
