//! `timer`: a command that systemd runs at certain times.

use std::fmt::Write as _;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::adoption::{Adopt, Adoption, adoptions};
use super::contract::unexpected;
use super::ready::milliseconds;
use super::{
    Attributes, Claim, Context, Discrepancy, Kind, Observation, RemovalOrder, TellAttribute,
    Traits, Wrong, unit_name,
};
use evenkeel_host::timer::{self, DIRECTORY, DropTimer, MARK, SetTimer, TimerFiles, TimerState};
use evenkeel_host::{Action, Answer, Query};
use evenkeel_model::defect::Code;
use evenkeel_model::source::{Field, Form};
use evenkeel_model::text::inert;
use evenkeel_model::{Digest, Moment, Value};

/// Timer.
pub struct Timer;

const MISSING: Code = Code::error(
    "timer/missing",
    "a timer is missing",
    "Its unit files do not exist. `evenkeel plan` shows the step that writes them and starts the timer.",
);
const FOREIGN: Code = Code::error(
    "timer/not-written-by-evenkeel",
    "the unit file of a timer belongs to another program",
    "A file in /etc/systemd/system has the name of the timer or of its service, and does not start with evenkeel's mark. \
     Remove it, or declare another `unit`.",
);
const FILES: Code = Code::error(
    "timer/files-differ",
    "the unit files of a timer differ from its definition",
    "One of them was changed or removed, or the definition changed. `evenkeel plan` shows the step that writes them.",
);
const NOT_LOADED: Code = Code::error(
    "timer/not-loaded",
    "systemd has not loaded the present files of a timer",
    "A unit file or a drop-in changed without `systemctl daemon-reload`. `evenkeel plan` shows the step that reloads the \
     service manager.",
);
const NOT_ENABLED: Code = Code::error(
    "timer/not-enabled",
    "a timer is not enabled",
    "It does not start when the host starts. `evenkeel plan` shows the step that enables it.",
);
const NOT_RUNNING: Code = Code::error(
    "timer/not-running",
    "a timer is not active",
    "It was stopped, so it starts nothing. `evenkeel plan` shows the step that starts it.",
);
const NO_NEXT: Code = Code::error(
    "timer/no-next-run",
    "a timer has no next run",
    "None of its times is in the future. Declare other times.",
);
const RUN_FAILED: Code = Code::error(
    "timer/last-run-failed",
    "the last run of a timer's command failed",
    "`journalctl --unit UNIT.service` on the host shows its messages. `evenkeel plan` shows the step that resets the \
     failure; it does not run the command again.",
);
const UNMANAGED_DROP_IN: Code = Code::error(
    "timer/unmanaged-drop-in",
    "a timer has a drop-in",
    "It changes the timer or its service outside of the definitions. Remove it.",
);

/// The longest command, in bytes of the unit file.
const LONGEST: usize = 64 * 1024;

/// Declared timer.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct TimerDeclared {
    /// Name of both units without a suffix.
    pub unit: String,
    /// Path of the timer's unit file, its place.
    pub path: String,
    /// Its address, which the unit files name.
    pub address: String,
    /// Calendar expressions.
    pub on_calendar: Vec<String>,
    /// Time after the start of the host, in milliseconds.
    pub on_boot: Option<u64>,
    /// Time between two runs, in milliseconds.
    pub every: Option<u64>,
    /// Program and arguments.
    pub command: Vec<String>,
    /// Account that runs it.
    pub user: Option<String>,
    /// Whether a run that was missed while the host was off is made up for.
    pub persistent: bool,
    /// Longest random delay, in milliseconds.
    pub randomized_delay: u64,
}

/// Observed timer.
#[derive(Clone, Debug, Serialize)]
pub struct TimerObserved {
    /// State of both units.
    pub state: TimerState,
}

impl TimerDeclared {
    /// Returns the text of the service's unit file.
    fn service(&self) -> String {
        let mut text = self.start();
        text.push_str("\n[Service]\nType=oneshot\nExecStart=");
        text.push_str(&command_line(&self.command));
        text.push('\n');
        if let Some(user) = &self.user {
            let _ = writeln!(text, "User={user}");
        }
        text
    }

    /// Returns the text of the timer's unit file.
    fn timer(&self) -> String {
        let mut text = self.start();
        text.push_str("\n[Timer]\n");
        for expression in &self.on_calendar {
            let _ = writeln!(text, "OnCalendar={expression}");
        }
        if let Some(on_boot) = self.on_boot {
            let _ = writeln!(text, "OnBootSec={on_boot}ms");
        }
        if let Some(every) = self.every {
            // The first run, after which the second line applies.
            if self.on_boot.is_none() {
                let _ = writeln!(text, "OnActiveSec={every}ms");
            }
            let _ = writeln!(text, "OnUnitActiveSec={every}ms");
        }
        if self.persistent {
            text.push_str("Persistent=true\n");
        }
        if self.randomized_delay > 0 {
            let _ = writeln!(text, "RandomizedDelaySec={}ms", self.randomized_delay);
        }
        let _ = write!(
            text,
            "Unit={}.service\n\n[Install]\nWantedBy=timers.target\n",
            self.unit
        );
        text
    }

    fn start(&self) -> String {
        format!(
            "{MARK} Changes here are overwritten.\n[Unit]\nDescription={}\n",
            self.address
        )
    }

    fn set(&self, observed: &TimerObserved) -> SetTimer {
        SetTimer {
            name: self.unit.clone(),
            service: self.service(),
            timer: self.timer(),
            calendars: self.on_calendar.clone(),
            expected: observed.state.files(),
        }
    }

    fn files(&self, observed: &TimerObserved) -> TimerFiles {
        self.set(observed).files()
    }
}

/// Returns a command in the syntax of `ExecStart=`, see systemd.service(5).
fn command_line(command: &[String]) -> String {
    let mut line = String::new();
    for (number, word) in command.iter().enumerate() {
        if number > 0 {
            line.push(' ');
        }
        line.push('"');
        for each in word.chars() {
            match each {
                '"' => line.push_str("\\\""),
                '\\' => line.push_str("\\\\"),
                '\n' => line.push_str("\\n"),
                '\t' => line.push_str("\\t"),
                '%' => line.push_str("%%"),
                // Variables are not expanded in the program.
                '$' if number > 0 => line.push_str("$$"),
                each => line.push(each),
            }
        }
        line.push('"');
    }
    line
}

/// Returns the problems of a command.
fn check_command(command: &[Value], wrong: &mut Vec<Wrong>) {
    let mut complain = |message: String| wrong.push(Wrong::new("command", message));
    if command.iter().any(Value::is_sensitive) {
        complain(
            "this command line contains a secret, and all users of the host can read unit files; use a file"
                .to_owned(),
        );
        return;
    }
    let words: Vec<&str> = command.iter().filter_map(Value::as_text).collect();
    if let Some(program) = words.first()
        && !program.starts_with('/')
    {
        complain(format!(
            "`{}` is not an absolute path: systemd starts programs by their path",
            inert(program)
        ));
    }
    let is_control = |each: char| each.is_control() && !matches!(each, '\n' | '\t');
    if words.iter().any(|word| word.contains(is_control)) {
        complain("control characters cannot be written to a unit file".to_owned());
    }
    if words.iter().map(|word| word.len()).sum::<usize>() > LONGEST {
        complain(format!("the command is longer than {LONGEST} bytes"));
    }
}

/// Returns the problem of a calendar expression that no host could read.
fn calendar_problem(expression: &str) -> Option<String> {
    let is_plain = |each: char| {
        each.is_ascii_alphanumeric()
            || matches!(
                each,
                ' ' | '*' | '-' | '/' | ',' | '.' | ':' | '~' | '_' | '+'
            )
    };
    if expression.trim().is_empty() {
        return Some("a calendar expression is empty; write one such as `daily`".to_owned());
    }
    (!expression.chars().all(is_plain) || expression.starts_with('-')).then(|| {
        format!(
            "`{}` is not a calendar expression such as `Mon..Fri 04:30` or `daily`",
            inert(expression)
        )
    })
}

/// Returns the problem of an account's name.
fn user_problem(user: &str) -> Option<String> {
    let is_plain = |each: char| each.is_ascii_alphanumeric() || matches!(each, '_' | '-' | '.');
    (user.is_empty() || user.starts_with(['-', '.']) || !user.chars().all(is_plain)).then(|| {
        format!(
            "`{}` cannot name an account: letters, digits and `_-.` can",
            inert(user)
        )
    })
}

/// Returns a time as a definition has it.
fn time(milliseconds: u64) -> String {
    const UNITS: [(u64, &str); 4] = [
        (24 * 60 * 60 * 1000, "d"),
        (60 * 60 * 1000, "h"),
        (60 * 1000, "m"),
        (1000, "s"),
    ];
    let fits = |(size, _): &&(u64, &str)| milliseconds > 0 && milliseconds.is_multiple_of(*size);
    match UNITS.iter().find(fits) {
        Some((size, unit)) => format!("{}{unit}", milliseconds / size),
        None => format!("{milliseconds}ms"),
    }
}

/// Returns the words of a command in the syntax of `ExecStart=`, as [`command_line`] writes it; `None` for other forms.
fn command_words(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut rest = line.chars().peekable();
    loop {
        if rest.next()? != '"' {
            return None;
        }
        let mut word = String::new();
        loop {
            match rest.next()? {
                '"' => break,
                '\\' => word.push(match rest.next()? {
                    'n' => '\n',
                    't' => '\t',
                    each @ ('"' | '\\') => each,
                    _ => return None,
                }),
                '%' if rest.next_if_eq(&'%').is_none() => return None,
                '$' if !words.is_empty() && rest.next_if_eq(&'$').is_none() => return None,
                each => word.push(each),
            }
        }
        words.push(word);
        match rest.next() {
            None => return Some(words),
            Some(' ') => {}
            Some(_) => return None,
        }
    }
}

/// Returns the keys that describe the present unit files. A definition describes only files that evenkeel would write in
/// the same way.
fn found(
    declared: &TimerDeclared,
    observed: &TimerObserved,
    contents: &[Option<Vec<u8>>],
) -> Result<Vec<Adopt>, String> {
    let [service, timer] = contents else {
        return Err("its unit files were not read".to_owned());
    };
    let (Some(service), Some(timer)) = (service, timer) else {
        return Err("one of its unit files is missing".to_owned());
    };
    let digests = TimerFiles {
        service: Some(Digest::of(service)),
        timer: Some(Digest::of(timer)),
    };
    if digests != observed.state.files() {
        return Err(
            "its unit files changed while they were read: run the command again".to_owned(),
        );
    }
    let text = |bytes| str::from_utf8(bytes).map_err(|_| "its unit files are not UTF-8".to_owned());
    let (service, timer) = (text(service)?, text(timer)?);
    let mut described = TimerDeclared {
        unit: declared.unit.clone(),
        path: declared.path.clone(),
        address: declared.address.clone(),
        on_calendar: Vec::new(),
        on_boot: None,
        every: None,
        command: Vec::new(),
        user: None,
        persistent: false,
        randomized_delay: 0,
    };
    let number = |value: &str| value.strip_suffix("ms")?.parse::<u64>().ok();
    for (key, value) in service
        .lines()
        .chain(timer.lines())
        .filter_map(|line| line.split_once('='))
    {
        match key {
            "ExecStart" => described.command = command_words(value).unwrap_or_default(),
            "User" => described.user = Some(value.to_owned()),
            "OnCalendar" => described.on_calendar.push(value.to_owned()),
            "OnBootSec" => described.on_boot = number(value),
            "OnUnitActiveSec" => described.every = number(value),
            "Persistent" => described.persistent = value == "true",
            "RandomizedDelaySec" => described.randomized_delay = number(value).unwrap_or_default(),
            _ => {}
        }
    }
    for (present, written) in [(service, described.service()), (timer, described.timer())] {
        if present != written {
            let written: Vec<&str> = written.lines().collect();
            let other = present.lines().find(|line| !written.contains(line));
            return Err(match other {
                Some(line) => format!("no definition leads to `{}` in its unit files", inert(line)),
                None => {
                    "no definition leads to the lines of its unit files in this order".to_owned()
                }
            });
        }
    }
    if declared.user.is_some() && described.user.is_none() {
        return Err("its files name no account: remove `user`".to_owned());
    }
    if declared.on_boot.is_some() && described.on_boot.is_none() {
        return Err("its files have no `OnBootSec`: remove `on-boot`".to_owned());
    }
    if declared.every.is_some() && described.every.is_none() {
        return Err("its files have no `OnUnitActiveSec`: remove `every`".to_owned());
    }
    if !declared.on_calendar.is_empty() && described.on_calendar.is_empty() {
        return Err("its files have no `OnCalendar`: remove `on-calendar`".to_owned());
    }
    let texts = |key, all: &[String]| Adopt::list(key, all.iter().map(String::as_str));
    let mut keys = Vec::new();
    if described.command != declared.command {
        keys.push(texts("command", &described.command));
    }
    if described.on_calendar != declared.on_calendar {
        keys.push(texts("on-calendar", &described.on_calendar));
    }
    if let Some(on_boot) = described
        .on_boot
        .filter(|_| described.on_boot != declared.on_boot)
    {
        keys.push(Adopt::text("on-boot", &time(on_boot)));
    }
    if let Some(every) = described
        .every
        .filter(|_| described.every != declared.every)
    {
        keys.push(Adopt::text("every", &time(every)));
    }
    if let Some(user) = described
        .user
        .as_ref()
        .filter(|_| described.user != declared.user)
    {
        keys.push(Adopt::text("user", user));
    }
    if described.persistent != declared.persistent {
        keys.push(Adopt::switch("persistent", described.persistent));
    }
    if described.randomized_delay != declared.randomized_delay {
        keys.push(Adopt::text(
            "randomized-delay",
            &time(described.randomized_delay),
        ));
    }
    Ok(keys)
}

impl Kind for Timer {
    const NAME: &'static str = "timer";
    const ABOUT: &'static str = "A command that systemd runs at certain times. evenkeel writes two unit files to \
         /etc/systemd/system, `UNIT.timer` and `UNIT.service`, and replaces no file that it did not write. Needs a host \
         that systemd started (version 247 or newer), and root to change it. At least one of `on-calendar`, `on-boot` and \
         `every` is required.";
    const FIELDS: &'static [Field] = &[
        Field::required(
            "command",
            Form::Several(&Form::Text),
            "Program and arguments; no shell, and no variables. The program is an absolute path. Secrets are rejected \
             here, since all users of a host can read unit files.",
        ),
        Field::optional(
            "on-calendar",
            Form::Several(&Form::Words),
            "Times in systemd's syntax: `\"daily\"`, `\"Mon..Fri 04:30\"`, `\"*-*-01 02:00 UTC\"`. The host checks them \
             before it changes anything. Without a time zone, the host's own applies.",
        ),
        Field::optional(
            "on-boot",
            Form::Duration,
            "The time of a run after the start of the host.",
        ),
        Field::optional(
            "every",
            Form::Duration,
            "The time between the starts of two runs. The first is one such time after the start of the timer, or at \
             `on-boot`.",
        ),
        Field::optional(
            "user",
            Form::Words,
            "The account that runs the command. Default: root.",
        ),
        Field::optional(
            "persistent",
            Form::Boolean,
            "Whether a time of `on-calendar` that passed while the host was off leads to a run at its start. Default: \
             false.",
        ),
        Field::optional(
            "randomized-delay",
            Form::Duration,
            "The longest random delay of a run, so that many hosts do not start at once. Default: none.",
        ),
        Field::optional(
            "unit",
            Form::Words,
            "The name of both units without a suffix. Default: the resource's name.",
        ),
    ];
    const CODES: &'static [&'static Code] = &[
        &MISSING,
        &FOREIGN,
        &FILES,
        &NOT_LOADED,
        &NOT_ENABLED,
        &NOT_RUNNING,
        &NO_NEXT,
        &RUN_FAILED,
        &UNMANAGED_DROP_IN,
    ];
    const TRAITS: Traits = Traits {
        ends_by_itself: &["last-run", "next-run"],
        removal: RemovalOrder::First,
        ..Traits::PLAIN
    };
    const ATTRIBUTES: &'static [(&'static str, &'static [&'static str])] = &[
        ("presence", &[]),
        ("unit", &["unit"]),
        (
            "unit-files",
            &[
                "command",
                "on-calendar",
                "on-boot",
                "every",
                "user",
                "persistent",
                "randomized-delay",
            ],
        ),
        ("load", &[]),
        ("enabled", &[]),
        ("active", &[]),
        ("next-run", &["on-calendar", "every"]),
        ("last-run", &["command"]),
        ("drop-ins", &[]),
        ("command", &["command"]),
        ("on-calendar", &["on-calendar"]),
        ("on-boot", &["on-boot"]),
        ("every", &["every"]),
        ("user", &["user"]),
        ("persistent", &["persistent"]),
        ("randomized-delay", &["randomized-delay"]),
    ];
    type Family = evenkeel_host::Host;
    type Declared = TimerDeclared;
    type Observed = TimerObserved;

    fn declare(
        context: &Context<'_>,
        attributes: &Attributes,
    ) -> Result<TimerDeclared, Vec<Wrong>> {
        let mut wrong = Vec::new();
        let unit = attributes
            .string("unit")
            .unwrap_or_else(|| context.address.name().to_owned());
        if unit.ends_with(".timer") || unit.ends_with(".service") {
            wrong.push(Wrong::new(
                "unit",
                format!("`{}` has a suffix: write the name without it", inert(&unit)),
            ));
        } else if let Some(problem) = unit_name::problem(&format!("{unit}.service")) {
            wrong.push(Wrong::new("unit", problem));
        }
        check_command(attributes.list("command"), &mut wrong);
        let on_calendar: Vec<String> = attributes
            .list("on-calendar")
            .iter()
            .filter_map(|each| each.as_text().map(str::to_owned))
            .collect();
        for problem in on_calendar.iter().filter_map(|it| calendar_problem(it)) {
            wrong.push(Wrong::new("on-calendar", problem));
        }
        let user = attributes.string("user");
        if let Some(problem) = user.as_deref().and_then(user_problem) {
            wrong.push(Wrong::new("user", problem));
        }
        let time = |key: &str| attributes.duration(key);
        let (on_boot, every) = (time("on-boot"), time("every"));
        if on_calendar.is_empty() && on_boot.is_none() && every.is_none() {
            wrong.push(Wrong::new(
                "",
                "the timer has no time: use `on-calendar`, `on-boot` or `every`",
            ));
        }
        if every.is_some_and(|every| every < Duration::from_secs(1)) {
            wrong.push(Wrong::new("every", "the shortest time is one second"));
        }
        let persistent = attributes.boolean("persistent").unwrap_or(false);
        if persistent && on_calendar.is_empty() {
            wrong.push(Wrong::new(
                "persistent",
                "`persistent` has an effect only with `on-calendar`: remove it",
            ));
        }
        if !wrong.is_empty() {
            return Err(wrong);
        }
        Ok(TimerDeclared {
            path: format!("{DIRECTORY}/{unit}.timer"),
            unit,
            address: context.address.to_string(),
            on_calendar,
            on_boot: on_boot.map(milliseconds),
            every: every.map(milliseconds),
            command: attributes
                .list("command")
                .iter()
                .filter_map(|each| each.as_text().map(str::to_owned))
                .collect(),
            user,
            persistent,
            randomized_delay: time("randomized-delay").map_or(0, milliseconds),
        })
    }

    fn place(declared: &TimerDeclared) -> &str {
        &declared.path
    }

    fn claims(declared: &TimerDeclared) -> Vec<Claim<'_>> {
        let unit = &declared.unit;
        vec![
            Claim::new(Claim::UNIT, format!("{unit}.timer")),
            Claim::new(Claim::UNIT, format!("{unit}.service")),
            Claim::path(&declared.path),
            Claim::path(format!("{DIRECTORY}/{unit}.service")),
        ]
    }

    fn queries(declared: &TimerDeclared) -> Vec<Query> {
        vec![Query::Timer(timer::Query {
            name: declared.unit.clone(),
        })]
    }

    fn observed(_declared: &TimerDeclared, answers: &[Answer]) -> Observation<TimerObserved> {
        match answers.first() {
            Some(Answer::Timer(timer::Answer { state })) => Observation::Seen(TimerObserved {
                state: state.clone(),
            }),
            other => unexpected(other),
        }
    }

    fn nothing(_declared: &TimerDeclared) -> TimerObserved {
        TimerObserved {
            state: TimerState::missing(),
        }
    }

    fn is_there(observed: &TimerObserved) -> bool {
        // Files of another program are no timer of evenkeel, and are left behind without one.
        observed.state.exists() && observed.state.is_own
    }

    fn facts(observed: &TimerObserved) -> Vec<(String, String)> {
        let state = &observed.state;
        let fact = |name: &str, text: &str| (name.to_owned(), text.to_owned());
        let yes = |is: bool| if is { "yes" } else { "no" };
        let digest = |digest: Option<evenkeel_model::Digest>| {
            digest.map_or_else(|| "nothing".to_owned(), |digest| digest.short())
        };
        let mut facts = vec![
            fact("service-file", &digest(state.service)),
            fact("timer-file", &digest(state.timer)),
            fact("own", yes(state.is_own)),
            fact("loaded", yes(state.is_loaded)),
            fact("enabled", yes(state.is_enabled)),
            fact("active", yes(state.is_active)),
            fact("next-run", yes(state.has_next)),
            fact("last-run", &state.result),
            fact("failed", yes(state.has_failed)),
        ];
        facts.extend(state.drop_ins.iter().map(|path| fact("drop-ins", path)));
        facts
    }

    fn changed(_observed: &TimerObserved) -> Option<Moment> {
        None
    }

    fn compare(declared: &TimerDeclared, observed: &TimerObserved) -> Vec<Discrepancy> {
        let state = &observed.state;
        if !state.exists() {
            return vec![Discrepancy::new(&MISSING, "presence", "a timer", "nothing")];
        }
        if !state.is_own {
            return vec![Discrepancy::new(
                &FOREIGN,
                "presence",
                "a timer",
                "unit files of another program",
            )];
        }
        let mut wrong = Vec::new();
        let mut differs = |is_wrong: bool, code, attribute: &str, expected: &str, found: &str| {
            if is_wrong {
                wrong.push(Discrepancy::new(code, attribute, expected, found));
            }
        };
        let wanted = declared.files(observed);
        let found = state.files();
        let which = match (found.service == wanted.service, found.timer == wanted.timer) {
            (false, false) => "different in both",
            (false, true) => "different in the service",
            _ => "different in the timer",
        };
        differs(found != wanted, &FILES, "unit-files", "as declared", which);
        differs(
            !state.is_loaded,
            &NOT_LOADED,
            "load",
            "the present unit files",
            "earlier unit files",
        );
        differs(!state.is_enabled, &NOT_ENABLED, "enabled", "yes", "no");
        differs(!state.is_active, &NOT_RUNNING, "active", "yes", "no");
        let recurs = !declared.on_calendar.is_empty() || declared.every.is_some();
        differs(
            recurs && state.is_active && !state.has_next,
            &NO_NEXT,
            "next-run",
            "planned",
            "not planned",
        );
        differs(
            state.has_failed,
            &RUN_FAILED,
            "last-run",
            "successful",
            &format!("failed ({})", state.result),
        );
        for path in &state.drop_ins {
            differs(true, &UNMANAGED_DROP_IN, "drop-ins", "none", path);
        }
        wrong
    }

    fn adopt(declared: &TimerDeclared, observed: &TimerObserved) -> Vec<Adoption> {
        Self::adopt_with(declared, observed, &[])
    }

    fn adoption_files(declared: &TimerDeclared, observed: &TimerObserved) -> Vec<String> {
        let wrong = Self::compare(declared, observed);
        if wrong.iter().any(|each| each.attribute == "unit-files") {
            vec![
                format!("{DIRECTORY}/{}.service", declared.unit),
                declared.path.clone(),
            ]
        } else {
            Vec::new()
        }
    }

    fn adopt_with(
        declared: &TimerDeclared,
        observed: &TimerObserved,
        contents: &[Option<Vec<u8>>],
    ) -> Vec<Adoption> {
        let wrong = Self::compare(declared, observed);
        let impossible = |reason: &str| Some(Adopt::Impossible(reason.to_owned()));
        let mut keys = Vec::new();
        let mut all = adoptions(wrong, observed.state.exists(), |each| {
            match each.attribute.as_str() {
                "unit-files" if contents.is_empty() => Some(Adopt::Unread),
                "unit-files" => match found(declared, observed, contents) {
                    Ok(found) => {
                        keys = found;
                        None
                    }
                    Err(reason) => Some(Adopt::Impossible(reason)),
                },
                "presence" if observed.state.exists() => impossible(
                    "another program wrote its unit files: remove them, or declare another `unit`",
                ),
                "load" => impossible(
                    "systemd has not loaded the present files: run `systemctl daemon-reload` on the host",
                ),
                "enabled" | "active" => impossible(
                    "a timer is always enabled and active: remove its table to remove the timer",
                ),
                "next-run" => impossible("none of its times is in the future"),
                "last-run" => impossible("a failed run is no state that a definition can describe"),
                "drop-ins" => impossible(
                    "a drop-in changes it outside of its unit files: write the change into its table, and remove the drop-in",
                ),
                _ => None,
            }
        });
        if !keys.is_empty() {
            all.retain(|each| each.attribute != "unit-files");
            all.extend(keys.into_iter().map(|change| Adoption {
                attribute: "unit-files".to_owned(),
                change,
            }));
        }
        all
    }

    fn remedy(declared: &TimerDeclared, observed: &TimerObserved) -> Vec<Action> {
        if Self::compare(declared, observed).is_empty() {
            return Vec::new();
        }
        vec![Action::SetTimer(declared.set(observed))]
    }

    fn removal(declared: &TimerDeclared, observed: &TimerObserved) -> Vec<Action> {
        let state = &observed.state;
        // Files of another program are not evenkeel's to remove.
        if !state.exists() || !state.is_own {
            return Vec::new();
        }
        vec![Action::DropTimer(DropTimer {
            name: declared.unit.clone(),
            expected: state.files(),
        })]
    }

    fn attributes(declared: &TimerDeclared, tell: &mut TellAttribute<'_>) {
        tell("presence", format_args!("a timer"));
        tell("unit", format_args!("{}", declared.unit));
        tell(
            "command",
            format_args!("{}", command_line(&declared.command)),
        );
        tell(
            "on-calendar",
            format_args!("{}", declared.on_calendar.join("; ")),
        );
        if let Some(on_boot) = declared.on_boot {
            tell("on-boot", format_args!("{on_boot} ms"));
        }
        if let Some(every) = declared.every {
            tell("every", format_args!("{every} ms"));
        }
        if let Some(user) = &declared.user {
            tell("user", format_args!("{user}"));
        }
        tell("persistent", format_args!("{}", declared.persistent));
        tell(
            "randomized-delay",
            format_args!("{} ms", declared.randomized_delay),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::{
        TimerDeclared, TimerObserved, calendar_problem, command_line, command_words, found, time,
        user_problem,
    };
    use crate::kind::Adopt;
    use evenkeel_host::timer::TimerState;
    use evenkeel_model::{Digest, Value};

    fn declared() -> TimerDeclared {
        TimerDeclared {
            unit: "backup".into(),
            path: "/etc/systemd/system/backup.timer".into(),
            address: "timer.backup".into(),
            on_calendar: vec!["daily".into()],
            on_boot: Some(60_000),
            every: None,
            command: vec!["/bin/backup".into(), "a b".into()],
            user: Some("app".into()),
            persistent: false,
            randomized_delay: 0,
        }
    }

    fn adopted(service: &str, timer: &str) -> Result<Vec<Adopt>, String> {
        let observed = TimerObserved {
            state: TimerState {
                service: Some(Digest::of(service.as_bytes())),
                timer: Some(Digest::of(timer.as_bytes())),
                ..TimerState::missing()
            },
        };
        let contents = [service, timer].map(|text| Some(text.as_bytes().to_vec()));
        found(&declared(), &observed, &contents)
    }

    #[test]
    fn keys_describe_files_that_evenkeel_would_write_alike_and_no_others() {
        let (service, timer) = (declared().service(), declared().timer());
        assert_eq!(adopted(&service, &timer), Ok(Vec::new()));
        let changed = timer
            .replace(
                "OnCalendar=daily",
                "OnCalendar=Mon 05:30\nOnCalendar=weekly",
            )
            .replace("OnBootSec=60000ms", "OnBootSec=5400000ms")
            .replace("Unit=", "Persistent=true\nRandomizedDelaySec=250ms\nUnit=");
        let other = service
            .replace("\"a b\"", "\"50%%\" \"$$x\"")
            .replace("User=app", "User=web");
        assert_eq!(
            adopted(&other, &changed),
            Ok(vec![
                Adopt::list("command", ["/bin/backup", "50%", "$x"]),
                Adopt::list("on-calendar", ["Mon 05:30", "weekly"]),
                Adopt::text("on-boot", "90m"),
                Adopt::text("user", "web"),
                Adopt::Key("persistent", Value::Boolean(true)),
                Adopt::text("randomized-delay", "250ms"),
            ])
        );
        for (from, to, reason) in [
            ("OnBootSec=60000ms", "OnBootSec=1min", "`OnBootSec=1min`"),
            ("OnBootSec=60000ms\n", "", "remove `on-boot`"),
            ("OnCalendar=daily\n", "", "remove `on-calendar`"),
            ("Unit=backup", "Unit=other", "`Unit=other.service`"),
            ("[Install]", "# a note\n[Install]", "`# a note`"),
        ] {
            let refused = adopted(&service, &timer.replace(from, to)).unwrap_err();
            assert!(refused.contains(reason), "{refused}");
        }
        for (from, to, reason) in [
            ("User=app\n", "", "remove `user`"),
            ("\"a b\"", "$HOME", "`ExecStart="),
            ("Type=oneshot", "Type=oneshot\nNice=10", "`Nice=10`"),
        ] {
            let refused = adopted(&service.replace(from, to), &timer).unwrap_err();
            assert!(refused.contains(reason), "{refused}");
        }
    }

    #[test]
    fn times_are_written_in_the_largest_unit() {
        for (milliseconds, text) in [
            (0, "0ms"),
            (250, "250ms"),
            (90_000, "90s"),
            (600_000, "10m"),
            (172_800_000, "2d"),
        ] {
            assert_eq!(time(milliseconds), text);
            assert!(evenkeel_model::duration::parse(text).is_some(), "{text}");
        }
    }

    #[test]
    fn commands_of_unit_files_are_read_as_they_are_written() {
        let command = [
            "/bin/a$b",
            "50%",
            "$HOME",
            "a \"b\" \\c",
            "x\ny\tz",
            "",
            ";",
        ];
        let command: Vec<String> = command.map(str::to_owned).into();
        assert_eq!(command_words(&command_line(&command)), Some(command));
        for other in [
            "",
            "/bin/a",
            "\"a",
            "\"a\"b",
            "\"a\" ",
            "\"a\" \"$x\"",
            "\"%n\"",
        ] {
            assert_eq!(command_words(other), None, "{other}");
        }
    }

    #[test]
    fn commands_are_quoted_for_a_unit_file() {
        let command = ["/bin/a$b", "50%", "$HOME", "a \"b\" \\c", "x\ny", "", ";"];
        let command: Vec<String> = command.map(str::to_owned).into();
        assert_eq!(
            command_line(&command),
            r#""/bin/a$b" "50%%" "$$HOME" "a \"b\" \\c" "x\ny" "" ";""#
        );
    }

    #[test]
    fn expressions_and_accounts_that_could_be_options_or_lines_are_refused() {
        for right in [
            "daily",
            "Mon..Fri *-*-* 04:30:00",
            "*-*~1 02:00 Europe/Berlin",
        ] {
            assert_eq!(calendar_problem(right), None);
        }
        for wrong in ["", " ", "--help", "daily\nUser=root", "%n", "a;b"] {
            assert!(calendar_problem(wrong).is_some(), "{wrong:?}");
        }
        for right in ["www-data", "1000", "_apt"] {
            assert_eq!(user_problem(right), None);
        }
        for wrong in ["", "-r", "a b", "a\nb", "%u", "a/b"] {
            assert!(user_problem(wrong).is_some(), "{wrong:?}");
        }
    }
}
