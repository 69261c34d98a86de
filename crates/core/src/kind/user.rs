//! `user`: a user of the host, with its groups, its home, its shell and the lock of its password.

use serde::{Deserialize, Serialize};

use super::account::{LARGEST, check_word, name_of, names_of, number_of};
use super::adoption::{Adopt, Adoption, adoptions};
use super::contract::unexpected;
use super::group::listed;
use super::proposal::{Proposal, numbered, texts};
use super::{
    Attributes, Claim, Context, Discrepancy, Kind, Observation, Reach, RemovalOrder, TellAttribute,
    Traits, Wrong,
};
use evenkeel_host::inventory;
use evenkeel_host::user::{self, DropUser, SetUser, UserState};
use evenkeel_host::{Action, Answer, Query};
use evenkeel_model::defect::Code;
use evenkeel_model::source::{Field, Form};
use evenkeel_model::{Moment, Value};

/// User.
pub struct User;

const MISSING: Code = Code::error(
    "user/missing",
    "a user is missing",
    "`/etc/passwd` has no such user. `evenkeel plan` shows the step that creates it.",
);
const NUMBER: Code = Code::error(
    "user/uid-differs",
    "a user's number differs from its definition",
    "The user or its definition changed. `evenkeel plan` shows the step that changes the number. It changes the owner of the \
     files in the home directory too; other files keep the number they have.",
);
const GROUPS: Code = Code::error(
    "user/groups-differ",
    "a user's groups differ from its definition",
    "The user was added to a group or removed from one, or the definition changed. `evenkeel plan` shows the step that \
     restores the groups. Running sessions keep theirs.",
);
const ATTRIBUTE: Code = Code::error(
    "user/attribute-differs",
    "a user's home, shell or comment differs from its definition",
    "The user or its definition changed. `evenkeel plan` shows the step that restores it. A changed `home` moves no files.",
);
const LOCK: Code = Code::error(
    "user/lock-differs",
    "the lock of a user's password differs from its definition",
    "The password was locked or unlocked, or the definition changed. `evenkeel plan` shows the step that restores the lock. \
     Only a user with a password can be unlocked: set one with `passwd`.",
);

/// Declared user.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct UserDeclared {
    /// Comment (GECOS).
    pub comment: Option<String>,
    /// Whether a home directory is created with a new user.
    pub create_home: bool,
    /// Primary group by name or number.
    pub group: Option<String>,
    /// All other groups, sorted.
    pub groups: Option<Vec<String>>,
    /// Home directory.
    pub home: Option<String>,
    /// Whether no password is valid.
    pub locked: Option<bool>,
    /// Login shell.
    pub shell: Option<String>,
    /// Whether a new user gets a number for system accounts.
    pub system: bool,
    /// Number.
    pub uid: Option<u32>,
    /// Name.
    pub user: String,
}

/// Observed user.
#[derive(Clone, Debug, Serialize)]
pub struct UserObserved {
    /// Its state.
    pub state: UserState,
}

impl Kind for User {
    const NAME: &'static str = "user";
    const ABOUT: &'static str = "A user in `/etc/passwd`. A new user has no password, so no password is valid. A user of a name \
     service such as LDAP cannot be declared. Its removal keeps the home directory.";
    const FIELDS: &'static [Field] = &[
        Field::optional(
            "user",
            Form::Words,
            "Its name on the target. Default: the name of the resource. A changed name is another user.",
        ),
        Field::optional(
            "uid",
            Form::Integer(0, LARGEST),
            "Its number. Default: the system chooses it, and it is not compared.",
        ),
        Field::optional(
            "group",
            Form::Words,
            "Its primary group by name or number, which must exist. Default: a group with its name, and not compared.",
        ),
        Field::optional(
            "groups",
            Form::List(&Form::Words),
            "All other groups that it is a member of. Default: not compared.",
        ),
        Field::optional(
            "home",
            Form::Words,
            "Its home directory, an absolute path. A change moves no files. Default: the system's, and not compared.",
        ),
        Field::optional(
            "shell",
            Form::Words,
            "Its login shell, an absolute path. Default: the system's, and not compared.",
        ),
        Field::optional(
            "comment",
            Form::Text,
            "Its comment, such as a full name. Default: empty, and not compared.",
        ),
        Field::optional(
            "locked",
            Form::Boolean,
            "Whether no password is valid for it. Logins with keys are not affected. Default: not compared.",
        ),
        Field::optional(
            "system",
            Form::Boolean,
            "Whether a new user gets a number for system accounts. Default: false. Not compared.",
        ),
        Field::optional(
            "create-home",
            Form::Boolean,
            "Whether the home directory is created with a new user, with the files of `/etc/skel`. Default: false. Not compared. \
             A `directory` declares a home with its owner and mode; use one of the two.",
        ),
    ];
    const OUTPUTS: &'static [(&'static str, &'static str)] = &[("user", "Its name on the target.")];
    const CODES: &'static [&'static Code] = &[&MISSING, &NUMBER, &GROUPS, &ATTRIBUTE, &LOCK];
    const TRAITS: Traits = Traits {
        removal: RemovalOrder::Later,
        reach: Reach::Host,
        ..Traits::PLAIN
    };
    const ATTRIBUTES: &'static [(&'static str, &'static [&'static str])] = &[
        ("presence", &[]),
        ("user", &["user"]),
        ("uid", &["uid"]),
        ("group", &["group"]),
        ("groups", &["groups"]),
        ("home", &["home"]),
        ("shell", &["shell"]),
        ("comment", &["comment"]),
        ("locked", &["locked"]),
    ];
    type Family = evenkeel_host::Host;
    type Declared = UserDeclared;
    type Observed = UserObserved;

    fn declare(context: &Context<'_>, attributes: &Attributes) -> Result<UserDeclared, Vec<Wrong>> {
        let mut wrong = Vec::new();
        let user = name_of(attributes, "user", context.address.name(), &mut wrong);
        let groups = names_of(attributes, "groups", &mut wrong);
        let group = attributes.string("group");
        if let Some(Err(message)) = group.as_deref().map(check_word) {
            wrong.push(Wrong::new("group", message));
        }
        if let (Some(group), Some(groups)) = (&group, &groups)
            && groups.contains(group)
        {
            wrong.push(Wrong::new(
                "groups",
                format!("`{group}` is the primary group: list the other groups only"),
            ));
        }
        for key in ["home", "shell"] {
            if let Some(path) = attributes.text(key)
                && !is_plain_path(path)
            {
                wrong.push(Wrong::new(
                    key,
                    format!("invalid path {path:?}: expected an absolute path without `:`, `..` and control characters"),
                ));
            }
        }
        if let Some(comment) = attributes.text("comment")
            && comment.chars().any(|each| each == ':' || each.is_control())
        {
            wrong.push(Wrong::new(
                "comment",
                format!(
                    "invalid comment {comment:?}: expected text without `:` and control characters"
                ),
            ));
        }
        if !wrong.is_empty() {
            return Err(wrong);
        }
        let system = attributes.boolean("system").unwrap_or_default();
        Ok(UserDeclared {
            comment: attributes.string("comment"),
            create_home: attributes.boolean("create-home").unwrap_or_default(),
            group,
            groups,
            home: attributes.string("home"),
            locked: attributes.boolean("locked"),
            shell: attributes.string("shell"),
            system,
            uid: number_of(attributes, "uid"),
            user,
        })
    }

    fn output(declared: &UserDeclared, name: &str) -> Option<Value> {
        (name == "user").then(|| Value::text(&declared.user))
    }

    fn place(declared: &UserDeclared) -> &str {
        &declared.user
    }

    fn claims(declared: &UserDeclared) -> Vec<Claim<'_>> {
        vec![Claim::new(Claim::USER, &declared.user)]
    }

    fn queries(declared: &UserDeclared) -> Vec<Query> {
        vec![Query::User(user::Query {
            user: declared.user.clone(),
        })]
    }

    fn observed(declared: &UserDeclared, answers: &[Answer]) -> Observation<UserObserved> {
        let state = match answers.first() {
            Some(Answer::User(user::Answer { state })) => state,
            other => return unexpected(other),
        };
        match state {
            UserState::Elsewhere => Observation::CannotTell(format!(
                "a name service other than /etc/passwd has the user `{}`, and evenkeel cannot change it there: remove this \
                 resource from the definitions",
                declared.user
            )),
            UserState::Present(found) if declared.locked.is_some() && found.locked.is_none() => {
                Observation::CannotTell(format!(
                    "the lock of the user `{}` is unreadable: only root can read /etc/shadow",
                    declared.user
                ))
            }
            state => Observation::Seen(UserObserved {
                state: state.clone(),
            }),
        }
    }

    fn nothing(_declared: &UserDeclared) -> UserObserved {
        UserObserved {
            state: UserState::Missing,
        }
    }

    fn is_there(observed: &UserObserved) -> bool {
        observed.state != UserState::Missing
    }

    fn facts(observed: &UserObserved) -> Vec<(String, String)> {
        let fact = |name: &str, text: String| (name.to_owned(), text);
        match &observed.state {
            UserState::Present(user) => vec![
                fact("presence", "a user".into()),
                fact("uid", user.uid.to_string()),
                fact("group", user.group.exactly()),
                fact("groups", listed(&user.groups)),
                fact("home", user.home.clone()),
                fact("shell", user.shell.clone()),
                fact("comment", user.comment.clone()),
                fact(
                    "locked",
                    user.locked.map_or("unknown".into(), |it| it.to_string()),
                ),
            ],
            other => vec![fact("presence", other.words())],
        }
    }

    fn changed(_observed: &UserObserved) -> Option<Moment> {
        None
    }

    fn propose(found: &inventory::Answer) -> Vec<Proposal> {
        let users = found.users.iter().map(|user| {
            let mut keys = vec![
                numbered("uid", user.uid, user.system),
                ("group", Value::text(&user.group)),
                ("groups", texts(&user.groups)),
                ("home", Value::text(&user.home)),
                ("shell", Value::text(&user.shell)),
            ];
            if !user.comment.is_empty() {
                keys.push(("comment", Value::text(&user.comment)));
            }
            if let Some(locked) = user.locked {
                keys.push(("locked", Value::Boolean(locked)));
            }
            Proposal {
                named_by: Some(("user", Value::text(&user.name))),
                problem: (user.uid == 0)
                    .then(|| "it has the number of root, and so all its rights".to_owned()),
                after: std::iter::once(&user.group)
                    .chain(&user.groups)
                    .map(|group| Claim::new(Claim::GROUP, group.clone()))
                    .collect(),
                ..Proposal::new(&user.name, keys)
            }
        });
        users.collect()
    }

    fn compare(declared: &UserDeclared, observed: &UserObserved) -> Vec<Discrepancy> {
        let UserState::Present(found) = &observed.state else {
            return vec![Discrepancy::new(
                &MISSING,
                "presence",
                "a user",
                observed.state.words(),
            )];
        };
        let mut wrong = Vec::new();
        if let Some(uid) = declared.uid
            && uid != found.uid
        {
            let (expected, found) = (uid.to_string(), found.uid.to_string());
            wrong.push(Discrepancy::new(&NUMBER, "uid", expected, found));
        }
        if let Some(group) = &declared.group
            && !found.group.is(group)
        {
            let found = found.group.to_string();
            wrong.push(Discrepancy::new(&GROUPS, "group", group, found));
        }
        if let Some(groups) = &declared.groups
            && *groups != found.groups
        {
            let (expected, found) = (listed(groups), listed(&found.groups));
            wrong.push(Discrepancy::new(&GROUPS, "groups", expected, found));
        }
        for (key, expected, found) in [
            ("home", &declared.home, &found.home),
            ("shell", &declared.shell, &found.shell),
            ("comment", &declared.comment, &found.comment),
        ] {
            if let Some(expected) = expected
                && expected != found
            {
                wrong.push(Discrepancy::new(&ATTRIBUTE, key, expected, found));
            }
        }
        if let (Some(expected), Some(found)) = (declared.locked, found.locked)
            && expected != found
        {
            let (expected, found) = (expected.to_string(), found.to_string());
            wrong.push(Discrepancy::new(&LOCK, "locked", expected, found));
        }
        wrong
    }

    fn adopt(declared: &UserDeclared, observed: &UserObserved) -> Vec<Adoption> {
        let wrong = Self::compare(declared, observed);
        let UserState::Present(found) = &observed.state else {
            return adoptions(wrong, false, |_| None);
        };
        adoptions(wrong, true, |each| match each.attribute.as_str() {
            "uid" => Some(Adopt::Key("uid", Value::Integer(found.uid.into()))),
            "group" => {
                let number = found.group.id.to_string();
                let name = found.group.name.as_deref();
                Some(Adopt::text("group", name.unwrap_or(&number)))
            }
            "groups" => Some(Adopt::list(
                "groups",
                found.groups.iter().map(String::as_str),
            )),
            "home" => Some(Adopt::text("home", &found.home)),
            "shell" => Some(Adopt::text("shell", &found.shell)),
            "comment" => Some(Adopt::text("comment", &found.comment)),
            "locked" => found.locked.map(|locked| Adopt::switch("locked", locked)),
            _ => None,
        })
    }

    fn remedy(declared: &UserDeclared, observed: &UserObserved) -> Vec<Action> {
        if Self::compare(declared, observed).is_empty() {
            return Vec::new();
        }
        vec![Action::SetUser(SetUser {
            user: declared.user.clone(),
            uid: declared.uid,
            group: declared.group.clone(),
            groups: declared.groups.clone(),
            home: declared.home.clone(),
            shell: declared.shell.clone(),
            comment: declared.comment.clone(),
            locked: declared.locked,
            system: declared.system,
            create_home: declared.create_home,
            expected: observed.state.clone(),
        })]
    }

    fn removal(declared: &UserDeclared, observed: &UserObserved) -> Vec<Action> {
        if !Self::is_there(observed) {
            return Vec::new();
        }
        vec![Action::DropUser(DropUser {
            user: declared.user.clone(),
            keep_group: declared.group.is_some(),
            expected: observed.state.clone(),
        })]
    }

    fn attributes(declared: &UserDeclared, tell: &mut TellAttribute<'_>) {
        tell("presence", format_args!("a user"));
        tell("user", format_args!("{}", declared.user));
        if let Some(uid) = declared.uid {
            tell("uid", format_args!("{uid}"));
        }
        if let Some(groups) = &declared.groups {
            tell("groups", format_args!("{}", listed(groups)));
        }
        for (key, text) in [
            ("group", &declared.group),
            ("home", &declared.home),
            ("shell", &declared.shell),
            ("comment", &declared.comment),
        ] {
            if let Some(text) = text {
                tell(key, format_args!("{text}"));
            }
        }
        if let Some(locked) = declared.locked {
            tell("locked", format_args!("{locked}"));
        }
    }
}

/// Whether a path fits into a line of `/etc/passwd`.
fn is_plain_path(path: &str) -> bool {
    path.starts_with('/')
        && !path.split('/').any(|part| part == "..")
        && !path.chars().any(|each| each == ':' || each.is_control())
}

#[cfg(test)]
mod tests {
    use super::{User, UserDeclared, UserObserved};
    use crate::kind::{Kind, Observation};
    use evenkeel_host::user::{self, UserState};
    use evenkeel_host::{Account, Answer};

    fn declared() -> UserDeclared {
        UserDeclared {
            comment: None,
            create_home: true,
            group: Some("app".into()),
            groups: None,
            home: None,
            locked: None,
            shell: None,
            system: false,
            uid: None,
            user: "app".into(),
        }
    }

    fn found() -> user::User {
        user::User {
            uid: 1000,
            group: Account {
                id: 70,
                name: Some("app".into()),
            },
            groups: vec!["adm".into()],
            home: "/home/app".into(),
            shell: "/bin/sh".into(),
            comment: String::new(),
            locked: None,
        }
    }

    #[test]
    fn only_declared_attributes_are_compared() {
        let seen = UserObserved {
            state: UserState::Present(found()),
        };
        assert!(User::compare(&declared(), &seen).is_empty());
        let more = UserDeclared {
            group: Some("70".into()),
            groups: Some(Vec::new()),
            shell: Some("/bin/false".into()),
            uid: Some(7),
            ..declared()
        };
        let wrong = User::compare(&more, &seen);
        let names: Vec<&str> = wrong.iter().map(|each| each.attribute.as_str()).collect();
        assert_eq!(names, ["uid", "groups", "shell"]);
    }

    #[test]
    fn a_lock_that_is_unreadable_is_unknown_only_if_it_is_declared() {
        let answer = |state| [Answer::User(user::Answer { state })];
        let present = answer(UserState::Present(found()));
        assert!(User::observed(&declared(), &present).seen().is_some());
        let locked = UserDeclared {
            locked: Some(true),
            ..declared()
        };
        assert!(matches!(
            User::observed(&locked, &present),
            Observation::CannotTell(reason) if reason.contains("/etc/shadow")
        ));
        assert!(matches!(
            User::observed(&declared(), &answer(UserState::Elsewhere)),
            Observation::CannotTell(reason) if reason.contains("name service")
        ));
    }
}
