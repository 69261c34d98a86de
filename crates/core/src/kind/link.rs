//! `link`: a symbolic link and its destination.

use serde::{Deserialize, Serialize};

use super::adoption::{Adopt, Adoption, adoptions};
use super::attributes::absolute;
use super::contract::{standing_facts, unexpected};
use super::{
    Attributes, Claim, Context, Discrepancy, Kind, Observation, TellAttribute, Traits, Wrong,
};
use evenkeel_host::path;
use evenkeel_host::{Action, Answer, PathState, Query};
use evenkeel_model::defect::Code;
use evenkeel_model::source::{Field, Form};
use evenkeel_model::{Moment, Value};

/// Symbolic link.
pub struct Link;

const MISSING: Code = Code::error(
    "link/missing",
    "a link is missing",
    "The path does not exist. `evenkeel plan` shows the step that creates the link.",
);
const NOT_A_LINK: Code = Code::error(
    "link/is-something-else",
    "not a link",
    "A file, a directory, a pipe or a device is at the path. `evenkeel plan` shows the step that replaces it; a \
     directory is not replaced: move it, then apply.",
);
const TO: Code = Code::error(
    "link/points-elsewhere",
    "a link's destination differs from its definition",
    "The link or its definition changed. `evenkeel plan` shows the step that restores it.",
);

/// Declared link.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LinkDeclared {
    /// Absolute path of the link itself.
    pub path: String,
    /// Destination.
    pub to: String,
}

/// Observed link.
#[derive(Clone, Debug, Serialize)]
pub struct LinkObserved {
    /// State of the path.
    pub standing: PathState,
    /// Time of its last change.
    #[serde(skip)]
    pub changed: Option<Moment>,
}

impl Kind for Link {
    const NAME: &'static str = "link";
    const ABOUT: &'static str = "A symbolic link. Its destination need not exist.";
    const FIELDS: &'static [Field] = &[
        Field::required(
            "path",
            Form::Words,
            "The path of the link on the target. A relative path starts at the target's `base`.",
        ),
        Field::required(
            "to",
            Form::Words,
            "The destination, byte by byte; a relative one starts at the link's directory.",
        ),
    ];
    const CODES: &'static [&'static Code] = &[&MISSING, &NOT_A_LINK, &TO];
    const TRAITS: Traits = Traits::PLAIN;
    const ATTRIBUTES: &'static [(&'static str, &'static [&'static str])] =
        &[("presence", &[]), ("path", &["path"]), ("to", &["to"])];
    type Family = evenkeel_host::Host;
    type Declared = LinkDeclared;
    type Observed = LinkObserved;

    fn declare(context: &Context<'_>, attributes: &Attributes) -> Result<LinkDeclared, Vec<Wrong>> {
        Ok(LinkDeclared {
            path: absolute(context.base, attributes.text("path").unwrap_or_default())
                .map_err(|message| vec![Wrong::new("path", message)])?,
            to: attributes.string("to").unwrap_or_default(),
        })
    }

    fn output(declared: &LinkDeclared, name: &str) -> Option<Value> {
        (name == "path").then(|| Value::text(&declared.path))
    }

    fn place(declared: &LinkDeclared) -> &str {
        &declared.path
    }

    fn claims(declared: &LinkDeclared) -> Vec<Claim<'_>> {
        vec![Claim::path(&declared.path)]
    }

    fn queries(declared: &LinkDeclared) -> Vec<Query> {
        vec![Query::Path(path::Query {
            path: declared.path.clone(),
            text_unless: None,
            sealed: false,
        })]
    }

    fn observed(_declared: &LinkDeclared, answers: &[Answer]) -> Observation<LinkObserved> {
        match answers.first() {
            Some(Answer::Path(path::Answer {
                standing, changed, ..
            })) => Observation::Seen(LinkObserved {
                standing: standing.clone(),
                changed: *changed,
            }),
            other => unexpected(other),
        }
    }

    fn nothing(_declared: &LinkDeclared) -> LinkObserved {
        LinkObserved {
            standing: PathState::Missing,
            changed: None,
        }
    }

    fn is_there(observed: &LinkObserved) -> bool {
        observed.standing != PathState::Missing
    }

    fn facts(observed: &LinkObserved) -> Vec<(String, String)> {
        standing_facts(&observed.standing)
    }

    fn changed(observed: &LinkObserved) -> Option<Moment> {
        observed.changed
    }

    fn compare(declared: &LinkDeclared, observed: &LinkObserved) -> Vec<Discrepancy> {
        match &observed.standing {
            PathState::Missing => vec![Discrepancy::new(
                &MISSING,
                "presence",
                "a symbolic link",
                "nothing",
            )],
            PathState::Link { to } if *to == declared.to => Vec::new(),
            PathState::Link { to } => vec![Discrepancy::new(&TO, "to", &declared.to, to)],
            other => vec![Discrepancy::new(
                &NOT_A_LINK,
                "presence",
                "a symbolic link",
                other.words(),
            )],
        }
    }

    fn adopt(declared: &LinkDeclared, observed: &LinkObserved) -> Vec<Adoption> {
        let wrong = Self::compare(declared, observed);
        adoptions(wrong, Self::is_there(observed), |_| {
            match &observed.standing {
                // A reader replaces bytes that are not UTF-8.
                PathState::Link { to } if to.contains('\u{fffd}') => Some(Adopt::Impossible(
                    "the destination of the link is not UTF-8".to_owned(),
                )),
                PathState::Link { to } => Some(Adopt::text("to", to)),
                _ => None,
            }
        })
    }

    fn remedy(declared: &LinkDeclared, observed: &LinkObserved) -> Vec<Action> {
        if Self::compare(declared, observed).is_empty() {
            return Vec::new();
        }
        Self::settle(declared, observed)
    }

    /// Places it again: a placement first removes the leftovers of an earlier one, such as an old secret.
    fn settle(declared: &LinkDeclared, observed: &LinkObserved) -> Vec<Action> {
        vec![Action::Link(path::Link {
            path: declared.path.clone(),
            to: declared.to.clone(),
            expected: observed.standing.clone(),
        })]
    }

    fn removal(declared: &LinkDeclared, observed: &LinkObserved) -> Vec<Action> {
        if !Self::is_there(observed) {
            return Vec::new();
        }
        vec![Action::Remove(path::Remove {
            path: declared.path.clone(),
            sealed: false,
            expected: observed.standing.clone(),
        })]
    }

    fn attributes(declared: &LinkDeclared, tell: &mut TellAttribute<'_>) {
        tell("presence", format_args!("a symbolic link"));
        tell("path", format_args!("{}", declared.path));
        tell("to", format_args!("{}", declared.to));
    }
}
