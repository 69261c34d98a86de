//! `authorized-key`: one public key with which a user may log in over SSH.

use serde::{Deserialize, Serialize};

use super::account::check_name;
use super::adoption::{Adopt, Adoption, adoptions};
use super::contract::unexpected;
use super::proposal::Proposal;
use super::{
    Attributes, Claim, Context, Discrepancy, Kind, Observation, RemovalOrder, TellAttribute,
    Traits, Wrong,
};
use evenkeel_host::inventory;
use evenkeel_host::lines::{self, DropLines, LinesState, Place, SetLines, Wanted, key};
use evenkeel_host::{Action, Answer, Query};
use evenkeel_model::defect::Code;
use evenkeel_model::source::{Field, Form};
use evenkeel_model::text::inert;
use evenkeel_model::{Digest, Moment, Value};

/// Key of a user.
pub struct AuthorizedKey;

const MISSING: Code = Code::error(
    "authorized-key/missing",
    "a key is missing",
    "The user's `authorized_keys` has no line with this key. `evenkeel plan` shows the step that adds it.",
);
const OPTIONS: Code = Code::error(
    "authorized-key/options-differ",
    "a key's options differ from its definition",
    "The options in front of the key changed, or the definition. `evenkeel plan` shows the step that restores the line.",
);

/// Declared key.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct KeyDeclared {
    /// The whole line.
    pub line: String,
    /// User and key in short, unique on a target.
    pub place: String,
    /// User.
    pub user: String,
}

/// Observed key.
#[derive(Clone, Debug, Serialize)]
pub struct KeyObserved {
    /// The lines with the key, without texts and numbers.
    state: LinesState,
    /// The found options, safe to print.
    #[serde(skip)]
    options: String,
}

impl KeyDeclared {
    fn file(&self) -> Place {
        Place::KeysOf(self.user.clone())
    }

    fn wanted(&self) -> Wanted {
        Wanted::Key {
            line: self.line.clone(),
        }
    }

    fn options(&self) -> &str {
        key::parse(&self.line).map_or("", |key| key.options)
    }
}

fn or_none(options: &str) -> &str {
    if options.is_empty() { "none" } else { options }
}

impl Kind for AuthorizedKey {
    const NAME: &'static str = "authorized-key";
    const ABOUT: &'static str = "A public key in a user's `~/.ssh/authorized_keys`. Every other line of the file stays. The home \
     directory, `.ssh` and the file must belong to the user, and none may be a symbolic link. Keys that are not declared stay; \
     `[exclusive.NAME]` reports them.";
    const FIELDS: &'static [Field] = &[
        Field::required(
            "user",
            Form::Words,
            "The user of the target, from `/etc/passwd`.",
        ),
        Field::required(
            "key",
            Form::Words,
            "The public key as one line: its type, the key in base64, and a comment. The comment is not compared.",
        ),
        Field::optional(
            "options",
            Form::List(&Form::Words),
            "Options of sshd for this key, such as `no-pty` or `from=\"10.0.0.0/8\"`. Compared as written. Default: none.",
        ),
    ];
    const CODES: &'static [&'static Code] = &[&MISSING, &OPTIONS];
    const TRAITS: Traits = Traits {
        removal: RemovalOrder::Late,
        ..Traits::PLAIN
    };
    const ATTRIBUTES: &'static [(&'static str, &'static [&'static str])] = &[
        ("presence", &[]),
        ("user", &["user"]),
        ("key", &["key"]),
        ("options", &["options"]),
    ];
    type Family = evenkeel_host::Host;
    type Declared = KeyDeclared;
    type Observed = KeyObserved;

    fn declare(_context: &Context<'_>, attributes: &Attributes) -> Result<KeyDeclared, Vec<Wrong>> {
        let mut wrong = Vec::new();
        let user = attributes.string("user").unwrap_or_default();
        if let Err(message) = check_name(&user) {
            wrong.push(Wrong::new("user", message));
        }
        let written = attributes.text("key").unwrap_or_default().trim();
        if let Err(message) = key::check(written) {
            wrong.push(Wrong::new("key", message));
        }
        let options: Vec<&str> = attributes
            .list("options")
            .iter()
            .filter_map(Value::as_text)
            .collect();
        for option in &options {
            if let Err(message) = key::check_option(option) {
                wrong.push(Wrong::new("options", message));
            }
        }
        let (true, Some(parsed)) = (wrong.is_empty(), key::parse(written)) else {
            return Err(wrong);
        };
        let digest = Digest::of(parsed.blob.as_bytes()).short();
        let place = format!("{user}: {} {digest}", parsed.sort);
        let line = if options.is_empty() {
            written.to_owned()
        } else {
            format!("{} {written}", options.join(","))
        };
        Ok(KeyDeclared { line, place, user })
    }

    fn place(declared: &KeyDeclared) -> &str {
        &declared.place
    }

    fn claims(declared: &KeyDeclared) -> Vec<Claim<'_>> {
        vec![Claim::new(Claim::KEY, &declared.place)]
    }

    fn queries(declared: &KeyDeclared) -> Vec<Query> {
        vec![Query::Lines(lines::Query {
            file: declared.file(),
            wanted: declared.wanted(),
        })]
    }

    fn observed(_declared: &KeyDeclared, answers: &[Answer]) -> Observation<KeyObserved> {
        match answers.first() {
            Some(Answer::Lines(lines::Answer { state })) => {
                let differs = state.found().iter().find(|line| !line.is_wanted);
                let text = differs.and_then(|line| line.text.as_deref());
                let options = text.and_then(key::parse).map_or("", |key| key.options);
                Observation::Seen(KeyObserved {
                    options: inert(options).into_owned(),
                    state: state.bare(),
                })
            }
            other => unexpected(other),
        }
    }

    fn nothing(_declared: &KeyDeclared) -> KeyObserved {
        KeyObserved {
            state: LinesState::Seen { found: Vec::new() },
            options: String::new(),
        }
    }

    fn is_there(observed: &KeyObserved) -> bool {
        !observed.state.found().is_empty()
    }

    fn facts(observed: &KeyObserved) -> Vec<(String, String)> {
        vec![("presence".to_owned(), observed.state.words())]
    }

    fn changed(_observed: &KeyObserved) -> Option<Moment> {
        None
    }

    fn propose(found: &inventory::Answer) -> Vec<Proposal> {
        let keys = found.keys.iter().filter_map(|found| {
            let parsed = key::parse(&found.line)?;
            let mut written = format!("{} {}", parsed.sort, parsed.blob);
            if !parsed.comment.is_empty() {
                written = format!("{written} {}", parsed.comment);
            }
            let mut keys = vec![
                ("user", Value::text(&found.user)),
                ("key", Value::text(&written)),
            ];
            let mut problem = None;
            match key::split_options(parsed.options) {
                Some(options) if options.is_empty() => {}
                Some(options) => {
                    let options = options.into_iter().map(Value::text).collect();
                    keys.push(("options", Value::List(options)));
                }
                None => {
                    problem = Some("its options cannot be written as a list".to_owned());
                }
            }
            let comment = if parsed.comment.is_empty() {
                parsed.sort
            } else {
                parsed.comment
            };
            Some(Proposal {
                after: vec![Claim::new("user", found.user.clone())],
                problem,
                ..Proposal::new(format!("{}-{comment}", found.user), keys)
            })
        });
        keys.collect()
    }

    fn compare(declared: &KeyDeclared, observed: &KeyObserved) -> Vec<Discrepancy> {
        let found = observed.state.found();
        if found.is_empty() {
            let found = match &observed.state {
                LinesState::NoUser => format!("no user `{}`", declared.user),
                _ => "nothing".to_owned(),
            };
            return vec![Discrepancy::new(&MISSING, "presence", "a key", found)];
        }
        if found.iter().all(|line| line.is_wanted) {
            return Vec::new();
        }
        vec![Discrepancy::new(
            &OPTIONS,
            "options",
            or_none(declared.options()),
            or_none(&observed.options),
        )]
    }

    fn adopt(declared: &KeyDeclared, observed: &KeyObserved) -> Vec<Adoption> {
        let wrong = Self::compare(declared, observed);
        let differing = observed.state.found().iter().filter(|line| !line.is_wanted);
        let is_single = differing.count() == 1;
        adoptions(wrong, Self::is_there(observed), |each| {
            if each.attribute != "options" {
                return None;
            }
            if !is_single {
                return Some(Adopt::Impossible(
                    "several lines have the key, with different options".to_owned(),
                ));
            }
            let options = key::split_options(&observed.options);
            Some(match options {
                Some(options) => Adopt::list("options", options),
                None => Adopt::Impossible(
                    "the options in front of the key cannot be written as a list".to_owned(),
                ),
            })
        })
    }

    fn remedy(declared: &KeyDeclared, observed: &KeyObserved) -> Vec<Action> {
        if Self::compare(declared, observed).is_empty() {
            return Vec::new();
        }
        vec![Action::SetLines(SetLines {
            file: declared.file(),
            wanted: declared.wanted(),
            after: None,
            before: None,
            all: true,
            create: true,
            validate: Vec::new(),
            expected: observed.state.clone(),
        })]
    }

    fn removal(declared: &KeyDeclared, observed: &KeyObserved) -> Vec<Action> {
        if !Self::is_there(observed) {
            return Vec::new();
        }
        vec![Action::DropLines(DropLines {
            file: declared.file(),
            wanted: declared.wanted(),
            all: true,
            validate: Vec::new(),
            expected: observed.state.clone(),
        })]
    }

    fn attributes(declared: &KeyDeclared, tell: &mut TellAttribute<'_>) {
        tell("presence", format_args!("a key"));
        tell("user", format_args!("{}", declared.user));
        if let Some(key) = key::parse(&declared.line) {
            tell("key", format_args!("{} {}", key.sort, key.blob));
            tell("options", format_args!("{}", or_none(key.options)));
        }
    }
}
