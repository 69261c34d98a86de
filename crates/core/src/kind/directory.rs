//! `directory`: a directory with its mode and owners; it may be exclusive.

use serde::{Deserialize, Serialize};

use super::adoption::{Adopt, Adoption, adoptions};
use super::attributes::absolute;
use super::contract::{octal, standing_facts, unexpected};
use super::{
    Attributes, Claim, Context, Discrepancy, Exclusive, Kind, Observation, TellAttribute, Traits,
    Wrong,
};
use evenkeel_host::entries::{self, Entry};
use evenkeel_host::path;
use evenkeel_host::{Account, Action, Answer, PathState, Query};
use evenkeel_model::defect::Code;
use evenkeel_model::source::{Field, Form};
use evenkeel_model::{Moment, Value};

/// Directory.
pub struct Directory;

const MISSING: Code = Code::error(
    "directory/missing",
    "a directory is missing",
    "The directory, or one above it, does not exist on the target. `evenkeel plan` shows the step that creates it.",
);
const NOT_A_DIRECTORY: Code = Code::error(
    "directory/is-something-else",
    "not a directory",
    "A file, a link or a device is at the path. evenkeel does not delete what it did not create: move it, then apply.",
);
const MODE: Code = Code::error(
    "directory/mode-differs",
    "a directory's mode differs from its definition",
    "The permission bits or the definition changed. `evenkeel plan` shows the step that restores them.",
);
const OWNER: Code = Code::error(
    "directory/owner-differs",
    "a directory's owner or group differs from its definition",
    "The owner or the definition changed. Restoring it needs the privilege to change owners.",
);

/// Declared directory.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct DirectoryDeclared {
    /// Absolute path.
    pub path: String,
    /// Permission bits.
    pub mode: u32,
    /// Owner by name or number.
    pub owner: Option<String>,
    /// Group by name or number.
    pub group: Option<String>,
    /// Whether undeclared entries are a defect.
    pub exclusive: bool,
    /// Patterns of undeclared names allowed in it.
    pub except: Vec<String>,
}

/// Observed directory.
#[derive(Clone, Debug, Serialize)]
pub struct DirectoryObserved {
    /// State of the path.
    pub standing: PathState,
    /// Names in it, if it is exclusive. Excluded from the observation's digest, since undeclared entries are not bound.
    #[serde(skip)]
    pub entries: Option<Vec<Entry>>,
    /// Time of its last change.
    #[serde(skip)]
    pub changed: Option<Moment>,
}

impl Kind for Directory {
    const NAME: &'static str = "directory";
    const ABOUT: &'static str = "A directory with its mode and owners. Missing directories above it are created \
     with mode 0755, and are not managed.";
    const FIELDS: &'static [Field] = &[
        Field::required(
            "path",
            Form::Words,
            "Its path on the target. A relative path starts at the target's `base`.",
        ),
        Field::optional(
            "mode",
            Form::Mode,
            "Permission bits in octal. Default: \"0755\".",
        ),
        Field::optional(
            "owner",
            Form::Words,
            "Owner by name or number. Default: the account that runs evenkeel, and not compared.",
        ),
        Field::optional(
            "group",
            Form::Words,
            "Group by name or number. Default: the system's, and not compared.",
        ),
        Field::optional(
            "exclusive",
            Form::Boolean,
            "Whether everything in it must be declared; other entries are reported as unmanaged. Default: false.",
        ),
        Field::optional(
            "except",
            Form::List(&Form::Words),
            "Names that may be in an exclusive directory undeclared; `*` stands for any characters.",
        ),
    ];
    const CODES: &'static [&'static Code] = &[&MISSING, &NOT_A_DIRECTORY, &MODE, &OWNER];
    const TRAITS: Traits = Traits {
        is_container: true,
        ..Traits::PLAIN
    };
    const ATTRIBUTES: &'static [(&'static str, &'static [&'static str])] = &[
        ("presence", &[]),
        ("path", &["path"]),
        ("mode", &["mode"]),
        ("owner", &["owner"]),
        ("group", &["group"]),
    ];
    type Family = evenkeel_host::Host;
    type Declared = DirectoryDeclared;
    type Observed = DirectoryObserved;

    fn declare(
        context: &Context<'_>,
        attributes: &Attributes,
    ) -> Result<DirectoryDeclared, Vec<Wrong>> {
        let mut wrong = Vec::new();
        let path = absolute(context.base, attributes.text("path").unwrap_or_default())
            .map_err(|message| wrong.push(Wrong::new("path", message)));
        let exclusive = attributes.boolean("exclusive").unwrap_or(false);
        let except: Vec<String> = attributes
            .list("except")
            .iter()
            .filter_map(|value| value.as_text().map(str::to_owned))
            .collect();
        if !exclusive && !except.is_empty() {
            wrong.push(Wrong::new(
                "except",
                "`except` has no meaning in a directory that is not `exclusive`",
            ));
        }
        let (Ok(path), true) = (path, wrong.is_empty()) else {
            return Err(wrong);
        };
        Ok(DirectoryDeclared {
            path,
            mode: attributes.mode("mode").unwrap_or(0o755),
            owner: attributes.string("owner"),
            group: attributes.string("group"),
            exclusive,
            except,
        })
    }

    fn output(declared: &DirectoryDeclared, name: &str) -> Option<Value> {
        (name == "path").then(|| Value::text(&declared.path))
    }

    fn place(declared: &DirectoryDeclared) -> &str {
        &declared.path
    }

    fn claims(declared: &DirectoryDeclared) -> Vec<Claim<'_>> {
        vec![Claim::path(&declared.path)]
    }

    fn queries(declared: &DirectoryDeclared) -> Vec<Query> {
        let mut queries = vec![Query::Path(path::Query {
            path: declared.path.clone(),
            text_unless: None,
            sealed: false,
        })];
        if declared.exclusive {
            queries.push(Query::Entries(entries::Query {
                path: declared.path.clone(),
            }));
        }
        queries
    }

    fn observed(
        declared: &DirectoryDeclared,
        answers: &[Answer],
    ) -> Observation<DirectoryObserved> {
        let (standing, changed) = match answers.first() {
            Some(Answer::Path(path::Answer {
                standing, changed, ..
            })) => (standing.clone(), *changed),
            other => return unexpected(other),
        };
        let entries = if declared.exclusive && matches!(standing, PathState::Directory { .. }) {
            match answers.get(1) {
                Some(Answer::Entries(entries::Answer { entries })) => entries.clone(),
                other => return unexpected(other),
            }
        } else {
            None
        };
        Observation::Seen(DirectoryObserved {
            standing,
            entries,
            changed,
        })
    }

    fn nothing(_declared: &DirectoryDeclared) -> DirectoryObserved {
        DirectoryObserved {
            standing: PathState::Missing,
            entries: None,
            changed: None,
        }
    }

    fn is_there(observed: &DirectoryObserved) -> bool {
        observed.standing != PathState::Missing
    }

    fn facts(observed: &DirectoryObserved) -> Vec<(String, String)> {
        standing_facts(&observed.standing)
    }

    fn changed(observed: &DirectoryObserved) -> Option<Moment> {
        observed.changed
    }

    fn touched(_observed: &DirectoryObserved) -> Option<Moment> {
        // Every file that a running service creates in it changes its time.
        None
    }

    fn compare(declared: &DirectoryDeclared, observed: &DirectoryObserved) -> Vec<Discrepancy> {
        match &observed.standing {
            PathState::Missing => vec![Discrepancy::new(
                &MISSING,
                "presence",
                "a directory",
                "nothing",
            )],
            PathState::Directory { mode, owner, group } => compare_access(
                (&MODE, &OWNER),
                (
                    declared.mode,
                    declared.owner.as_deref(),
                    declared.group.as_deref(),
                ),
                (*mode, owner, group),
            ),
            other => vec![Discrepancy::new(
                &NOT_A_DIRECTORY,
                "presence",
                "a directory",
                other.words(),
            )],
        }
    }

    fn adopt(declared: &DirectoryDeclared, observed: &DirectoryObserved) -> Vec<Adoption> {
        let wrong = Self::compare(declared, observed);
        adoptions(wrong, Self::is_there(observed), |each| {
            adopt_access(&each.attribute, &observed.standing)
        })
    }

    fn remedy(declared: &DirectoryDeclared, observed: &DirectoryObserved) -> Vec<Action> {
        if Self::compare(declared, observed).is_empty() {
            return Vec::new();
        }
        vec![Action::Directory(path::Directory {
            path: declared.path.clone(),
            mode: declared.mode,
            owner: declared.owner.clone(),
            group: declared.group.clone(),
            expected: observed.standing.clone(),
        })]
    }

    fn removal(declared: &DirectoryDeclared, observed: &DirectoryObserved) -> Vec<Action> {
        if !Self::is_there(observed) {
            return Vec::new();
        }
        vec![Action::Remove(path::Remove {
            path: declared.path.clone(),
            sealed: false,
            expected: observed.standing.clone(),
        })]
    }

    fn exclusive(declared: &DirectoryDeclared) -> Option<Exclusive<'_>> {
        declared.exclusive.then_some(Exclusive {
            path: &declared.path,
            except: &declared.except,
        })
    }

    fn entries(observed: &DirectoryObserved) -> Option<&[Entry]> {
        observed.entries.as_deref()
    }

    fn attributes(declared: &DirectoryDeclared, tell: &mut TellAttribute<'_>) {
        tell("presence", format_args!("a directory"));
        tell("path", format_args!("{}", declared.path));
        access(
            declared.mode,
            declared.owner.as_deref(),
            declared.group.as_deref(),
            tell,
        );
    }
}

/// Adds mode and owners as comparable attributes.
pub(super) fn access(
    mode: u32,
    owner: Option<&str>,
    group: Option<&str>,
    tell: &mut TellAttribute<'_>,
) {
    tell("mode", format_args!("{mode:04o}"));
    for (name, account) in [("owner", owner), ("group", group)] {
        if let Some(account) = account {
            tell(name, format_args!("{account}"));
        }
    }
}

/// Returns the keys that describe the mode and the owners of a file or a directory.
#[must_use]
pub fn access_keys(standing: &PathState) -> Vec<(&'static str, Value)> {
    let keys = ["mode", "owner", "group"];
    let adopted = keys.iter().filter_map(|key| adopt_access(key, standing));
    adopted
        .filter_map(|change| match change {
            Adopt::Key(key, value) => Some((key, value)),
            _ => None,
        })
        .collect()
}

/// Returns the adoption of a mode, an owner or a group.
pub(super) fn adopt_access(attribute: &str, standing: &PathState) -> Option<Adopt> {
    let (PathState::File {
        mode, owner, group, ..
    }
    | PathState::Directory { mode, owner, group }) = standing
    else {
        return None;
    };
    let name = |account: &Account| match &account.name {
        Some(name) => name.to_string(),
        None => account.id.to_string(),
    };
    match attribute {
        "mode" => Some(Adopt::text("mode", &octal(*mode))),
        "owner" => Some(Adopt::text("owner", &name(owner))),
        "group" => Some(Adopt::text("group", &name(group))),
        _ => None,
    }
}

/// Compares mode and owners; owners only if declared.
pub(super) fn compare_access(
    (mode_code, owner_code): (&'static Code, &'static Code),
    (mode, owner, group): (u32, Option<&str>, Option<&str>),
    (found_mode, found_owner, found_group): (u32, &Account, &Account),
) -> Vec<Discrepancy> {
    let mut wrong = Vec::new();
    if mode != found_mode {
        wrong.push(Discrepancy::new(
            mode_code,
            "mode",
            octal(mode),
            octal(found_mode),
        ));
    }
    for (attribute, declared, found) in
        [("owner", owner, found_owner), ("group", group, found_group)]
    {
        if let Some(declared) = declared
            && !found.is(declared)
        {
            wrong.push(Discrepancy::new(
                owner_code,
                attribute,
                declared,
                found.to_string(),
            ));
        }
    }
    wrong
}
