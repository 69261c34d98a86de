//! `group`: a group of the host, with its number and its members.

use serde::{Deserialize, Serialize};

use super::account::{LARGEST, name_of, names_of, number_of};
use super::adoption::{Adopt, Adoption, adoptions};
use super::contract::unexpected;
use super::proposal::{Proposal, numbered};
use super::{
    Attributes, Claim, Context, Discrepancy, Kind, Observation, RemovalOrder, TellAttribute,
    Traits, Wrong,
};
use evenkeel_host::group::{self, DropGroup, GroupState, SetGroup};
use evenkeel_host::inventory;
use evenkeel_host::{Action, Answer, Query};
use evenkeel_model::defect::Code;
use evenkeel_model::source::{Field, Form};
use evenkeel_model::{Moment, Value};

/// Group.
pub struct Group;

const MISSING: Code = Code::error(
    "group/missing",
    "a group is missing",
    "`/etc/group` has no such group. `evenkeel plan` shows the step that creates it.",
);
const NUMBER: Code = Code::error(
    "group/gid-differs",
    "a group's number differs from its definition",
    "The group or its definition changed. `evenkeel plan` shows the step that changes the number. Files keep the number they \
     have: declare their group, or change it.",
);
const MEMBERS: Code = Code::error(
    "group/members-differ",
    "a group's members differ from its definition",
    "A user was added or removed, or the definition changed. `evenkeel plan` shows the step that restores the members.",
);

/// Declared group.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct GroupDeclared {
    /// Number.
    pub gid: Option<u32>,
    /// Name.
    pub group: String,
    /// All members, sorted.
    pub members: Option<Vec<String>>,
    /// Whether a new group gets a number for system accounts.
    pub system: bool,
}

/// Observed group.
#[derive(Clone, Debug, Serialize)]
pub struct GroupObserved {
    /// Its state.
    pub state: GroupState,
}

impl Kind for Group {
    const NAME: &'static str = "group";
    const ABOUT: &'static str =
        "A group in `/etc/group`. A group of a name service such as LDAP cannot be declared.";
    const FIELDS: &'static [Field] = &[
        Field::optional(
            "group",
            Form::Words,
            "Its name on the target. Default: the name of the resource.",
        ),
        Field::optional(
            "gid",
            Form::Integer(0, LARGEST),
            "Its number. Default: the system chooses it, and it is not compared.",
        ),
        Field::optional(
            "members",
            Form::List(&Form::Words),
            "All users that the group lists. Default: not compared. Declare a membership here or in the `groups` of the user, \
             not in both.",
        ),
        Field::optional(
            "system",
            Form::Boolean,
            "Whether a new group gets a number for system accounts. Default: false. Not compared.",
        ),
    ];
    const OUTPUTS: &'static [(&'static str, &'static str)] =
        &[("group", "Its name on the target.")];
    const CODES: &'static [&'static Code] = &[&MISSING, &NUMBER, &MEMBERS];
    const TRAITS: Traits = Traits {
        removal: RemovalOrder::Last,
        ..Traits::PLAIN
    };
    const ATTRIBUTES: &'static [(&'static str, &'static [&'static str])] = &[
        ("presence", &[]),
        ("group", &["group"]),
        ("gid", &["gid"]),
        ("members", &["members"]),
    ];
    type Family = evenkeel_host::Host;
    type Declared = GroupDeclared;
    type Observed = GroupObserved;

    fn declare(
        context: &Context<'_>,
        attributes: &Attributes,
    ) -> Result<GroupDeclared, Vec<Wrong>> {
        let mut wrong = Vec::new();
        let group = name_of(attributes, "group", context.address.name(), &mut wrong);
        let members = names_of(attributes, "members", &mut wrong);
        if !wrong.is_empty() {
            return Err(wrong);
        }
        Ok(GroupDeclared {
            gid: number_of(attributes, "gid"),
            group,
            members,
            system: attributes.boolean("system").unwrap_or_default(),
        })
    }

    fn output(declared: &GroupDeclared, name: &str) -> Option<Value> {
        (name == "group").then(|| Value::text(&declared.group))
    }

    fn place(declared: &GroupDeclared) -> &str {
        &declared.group
    }

    fn claims(declared: &GroupDeclared) -> Vec<Claim<'_>> {
        vec![Claim::new(Claim::GROUP, &declared.group)]
    }

    fn queries(declared: &GroupDeclared) -> Vec<Query> {
        vec![Query::Group(group::Query {
            group: declared.group.clone(),
        })]
    }

    fn observed(declared: &GroupDeclared, answers: &[Answer]) -> Observation<GroupObserved> {
        match answers.first() {
            Some(Answer::Group(group::Answer {
                state: GroupState::Elsewhere,
            })) => Observation::CannotTell(format!(
                "a name service other than /etc/group has the group `{}`, and evenkeel cannot change it there: remove this \
                 resource from the definitions",
                declared.group
            )),
            Some(Answer::Group(group::Answer { state })) => Observation::Seen(GroupObserved {
                state: state.clone(),
            }),
            other => unexpected(other),
        }
    }

    fn nothing(_declared: &GroupDeclared) -> GroupObserved {
        GroupObserved {
            state: GroupState::Missing,
        }
    }

    fn is_there(observed: &GroupObserved) -> bool {
        observed.state != GroupState::Missing
    }

    fn facts(observed: &GroupObserved) -> Vec<(String, String)> {
        let fact = |name: &str, text: String| (name.to_owned(), text);
        match &observed.state {
            GroupState::Present(group) => vec![
                fact("presence", "a group".into()),
                fact("gid", group.gid.to_string()),
                fact("members", listed(&group.members)),
            ],
            other => vec![fact("presence", other.words())],
        }
    }

    fn changed(_observed: &GroupObserved) -> Option<Moment> {
        None
    }

    fn propose(found: &inventory::Answer) -> Vec<Proposal> {
        let groups = found.groups.iter().map(|group| Proposal {
            named_by: Some(("group", Value::text(&group.name))),
            ..Proposal::new(&group.name, vec![numbered("gid", group.gid, group.system)])
        });
        groups.collect()
    }

    fn compare(declared: &GroupDeclared, observed: &GroupObserved) -> Vec<Discrepancy> {
        let GroupState::Present(found) = &observed.state else {
            return vec![Discrepancy::new(
                &MISSING,
                "presence",
                "a group",
                observed.state.words(),
            )];
        };
        let mut wrong = Vec::new();
        if let Some(gid) = declared.gid
            && gid != found.gid
        {
            wrong.push(Discrepancy::new(
                &NUMBER,
                "gid",
                gid.to_string(),
                found.gid.to_string(),
            ));
        }
        if let Some(members) = &declared.members
            && *members != found.members
        {
            wrong.push(Discrepancy::new(
                &MEMBERS,
                "members",
                listed(members),
                listed(&found.members),
            ));
        }
        wrong
    }

    fn adopt(declared: &GroupDeclared, observed: &GroupObserved) -> Vec<Adoption> {
        let wrong = Self::compare(declared, observed);
        let GroupState::Present(found) = &observed.state else {
            return adoptions(wrong, false, |_| None);
        };
        adoptions(wrong, true, |each| match each.attribute.as_str() {
            "gid" => Some(Adopt::Key("gid", Value::Integer(found.gid.into()))),
            "members" => Some(Adopt::list(
                "members",
                found.members.iter().map(String::as_str),
            )),
            _ => None,
        })
    }

    fn remedy(declared: &GroupDeclared, observed: &GroupObserved) -> Vec<Action> {
        if Self::compare(declared, observed).is_empty() {
            return Vec::new();
        }
        vec![Action::SetGroup(SetGroup {
            group: declared.group.clone(),
            gid: declared.gid,
            members: declared.members.clone(),
            system: declared.system,
            expected: observed.state.clone(),
        })]
    }

    fn removal(declared: &GroupDeclared, observed: &GroupObserved) -> Vec<Action> {
        if !Self::is_there(observed) {
            return Vec::new();
        }
        vec![Action::DropGroup(DropGroup {
            group: declared.group.clone(),
            expected: observed.state.clone(),
        })]
    }

    fn attributes(declared: &GroupDeclared, tell: &mut TellAttribute<'_>) {
        tell("presence", format_args!("a group"));
        tell("group", format_args!("{}", declared.group));
        if let Some(gid) = declared.gid {
            tell("gid", format_args!("{gid}"));
        }
        if let Some(members) = &declared.members {
            tell("members", format_args!("{}", listed(members)));
        }
    }
}

/// Returns names as one text.
pub(super) fn listed(names: &[String]) -> String {
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::{Group, GroupDeclared, GroupObserved};
    use crate::kind::Kind;
    use evenkeel_host::group::{self, GroupState};

    fn declared(members: Option<&[&str]>) -> GroupDeclared {
        GroupDeclared {
            gid: None,
            group: "app".into(),
            members: members.map(|names| names.iter().map(|it| (*it).to_owned()).collect()),
            system: false,
        }
    }

    fn seen(gid: u32, members: &[&str]) -> GroupObserved {
        let members = members.iter().map(|it| (*it).to_owned()).collect();
        GroupObserved {
            state: GroupState::Present(group::Group { gid, members }),
        }
    }

    #[test]
    fn only_declared_attributes_are_compared() {
        assert!(Group::compare(&declared(None), &seen(7, &["ada"])).is_empty());
        let wrong = Group::compare(&declared(Some(&[])), &seen(7, &["ada"]));
        assert_eq!(
            (wrong[0].attribute.as_str(), wrong[0].expected.as_str()),
            ("members", "none")
        );
        let numbered = GroupDeclared {
            gid: Some(8),
            ..declared(None)
        };
        let wrong = Group::compare(&numbered, &seen(7, &[]));
        assert_eq!((wrong[0].code.name, wrong.len()), ("group/gid-differs", 1));
    }
}
