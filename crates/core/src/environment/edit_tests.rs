//! Inserted differences parse back to the same values, and existing text stays unchanged.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{EditError, NewBound, NewDifference, add, lines};
use crate::environment::{Bound, Definition, DifferencePlace, Files, read};
use evenkeel_comparison::{Path, Step};
use evenkeel_model::{EnvironmentName, Sealer, Secret, Value};

struct Memory(BTreeMap<&'static str, String>);

impl Files for Memory {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, String> {
        Ok(self.0.get(path).map(|text| text.clone().into_bytes()))
    }

    fn definitions(&self) -> Result<Vec<String>, String> {
        Ok(self.0.keys().map(|name| (*name).to_owned()).collect())
    }

    fn shown(&self, path: &str) -> String {
        path.to_owned()
    }
}

/// Parses a file of differences with a minimal system.
fn definition(differences: &str) -> Definition {
    let environment = |name: &str| format!("[environment]\nname = \"{name}\"\n");
    let files = Memory(BTreeMap::from([
        (
            "system.toml",
            "[system]\nname = \"a\"\npath = [\"staging\", \"production\"]\n[document.values]\npath = \"${environment}.yaml\"\n".to_owned(),
        ),
        ("staging.toml", environment("staging")),
        ("production.toml", environment("production")),
        ("differences.toml", differences.to_owned()),
    ]));
    let (definition, complaints) = read(&files);
    let reported: Vec<String> = complaints.iter().map(|each| each.message.clone()).collect();
    assert!(reported.is_empty(), "{reported:?}\n{differences}");
    definition.unwrap()
}

fn difference(at: &str, staging: NewBound, production: NewBound) -> NewDifference {
    NewDifference {
        comment: String::new(),
        at: at.to_owned(),
        bounds: vec![
            (EnvironmentName::new("staging"), staging),
            (EnvironmentName::new("production"), production),
        ],
        reason: "found so".to_owned(),
        owner: "platform".to_owned(),
        expires: jiff::civil::date(2027, 6, 30),
        ticket: None,
    }
}

fn exact(value: Value) -> NewBound {
    NewBound::Exact(value)
}

#[test]
fn a_new_file_is_formatted() {
    let mut first = difference(
        "document.values.hosts[name=a].\"a.b\"",
        exact(Value::Integer(1)),
        exact(Value::List(vec![
            Value::text("x"),
            Value::Float(1.0),
            Value::Boolean(true),
        ])),
    );
    first.comment = "one substitution in 2 places:\n\u{1b}[31mstaging".to_owned();
    first.ticket = Some("OPS-1".to_owned());
    let second = difference("document.values.debug", NewBound::Absent, NewBound::Present);
    let text = add(
        None,
        &[first, second],
        Some("../schemas/differences.schema.json"),
    );
    assert_eq!(
        text.unwrap(),
        r#"#:schema ../schemas/differences.schema.json

# one substitution in 2 places:
# \u{1b}[31mstaging
[[difference]]
at = 'document.values.hosts[name=a]."a.b"'
staging = 1
production = ["x", 1.0, true]
reason = "found so"
owner = "platform"
expires = 2027-06-30
ticket = "OPS-1"

[[difference]]
at = "document.values.debug"
staging = { absent = true }
production = { absent = false }
reason = "found so"
owner = "platform"
expires = 2027-06-30
"#
    );
}

#[test]
fn existing_text_stays_unchanged() {
    let new = [difference(
        "document.values.a",
        exact(Value::Integer(1)),
        exact(Value::text("1")),
    )];
    let block = lines(&new[0]).unwrap();
    let old = "# ours\n[[difference]] # one\nat='document.values.b'\n staging = 1\nproduction=2\nreason = 'x'\nowner='y'\nexpires=2030-01-01";
    for ended in ["", "\n", "\n\n", "\n# the end", "\n\n\n"] {
        let old = format!("{old}{ended}");
        let text = add(Some(&old), &new, Some("x")).unwrap();
        let rest = text.strip_prefix(&old).unwrap();
        let gap = match ended {
            "" | "\n# the end" => "\n\n",
            "\n" => "\n",
            _ => "",
        };
        assert_eq!(rest, format!("{gap}{block}"));
        assert_eq!(definition(&text).differences.len(), 2);
    }
    assert_eq!(add(Some(old), &[], None).unwrap(), old);
    assert_eq!(add(Some(""), &new, None).unwrap(), block);
    let other = old.replace('\n', "\r\n");
    let text = add(Some(&other), &new, None).unwrap();
    assert!(!text.replace("\r\n", "").contains('\n'));
}

#[test]
fn an_unsuitable_file_is_refused() {
    let new = [difference(
        "document.values.a",
        NewBound::Absent,
        NewBound::Present,
    )];
    assert!(matches!(
        add(Some("\na = \n"), &new, None),
        Err(EditError::Syntax { line: 2, .. })
    ));
    assert!(matches!(
        add(Some("difference = 1\n"), &new, None),
        Err(EditError::Syntax { line: 1, .. })
    ));
    assert_eq!(
        add(Some("difference = [{ at = \"x\" }]\n"), &new, None),
        Err(EditError::OneList)
    );
    let seal = Sealer::new([7; 32]).seal(b"hunter2");
    let secret = Value::List(vec![Value::Secret(
        Secret::new("hunter2".into()),
        seal.into(),
    )]);
    let error = lines(&difference("a.b", exact(secret), NewBound::Absent)).unwrap_err();
    assert!(!error.to_string().contains("hunter2"));
}

fn value() -> impl Strategy<Value = Value> {
    let single = prop_oneof![
        any::<bool>().prop_map(Value::Boolean),
        any::<i64>().prop_map(Value::Integer),
        any::<f64>()
            .prop_filter("finite", |number| number.is_finite())
            .prop_map(Value::Float),
        text().prop_map(|text| Value::text(&text)),
    ];
    single.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::List),
            prop::collection::btree_map(text().prop_map(|key| key.as_str().into()), inner, 0..3)
                .prop_map(Value::Table),
        ]
    })
}

fn text() -> impl Strategy<Value = String> {
    "[a-z\"'\\\\\n\t =#é\\[\\].\u{1}]{0,12}|\\PC{0,12}"
}

fn bound() -> impl Strategy<Value = NewBound> {
    prop_oneof![
        value().prop_map(NewBound::Exact),
        Just(NewBound::Absent),
        Just(NewBound::Present),
    ]
}

fn new() -> impl Strategy<Value = NewDifference> {
    (
        text(),
        prop::collection::vec(text(), 1..4),
        bound(),
        bound(),
        text(),
        prop::option::of("[A-Z]{1,3}-[0-9]"),
    )
        .prop_map(|(comment, keys, staging, production, reason, ticket)| {
            let steps = keys.iter().map(|key| Step::Key(key.as_str().into()));
            let path = Path {
                steps: steps.collect(),
            };
            let at = format!("document.values.{path}");
            let mut new = difference(&at, staging, production);
            new.comment = comment;
            new.reason = format!("x{reason}");
            new.ticket = ticket;
            new
        })
}

fn is_same(bound: &Bound, new: &NewBound) -> bool {
    match (bound, new) {
        (Bound::Absent, NewBound::Absent) | (Bound::Present, NewBound::Present) => true,
        (Bound::Exact(read), NewBound::Exact(written)) => read == written,
        _ => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn existing_differences_stay_and_new_ones_are_added(
        old in prop::collection::vec(new(), 0..3),
        new in prop::collection::vec(new(), 0..3),
        tail in prop::sample::select(vec!["", "\n", "\n\n", "# x", "\n# x\n"]),
    ) {
        let first = add(None, &old, Some("differences.schema.json")).unwrap();
        let first = if old.is_empty() { String::new() } else { format!("{first}{tail}") };
        let whole = add(Some(&first), &new, None).unwrap();
        prop_assert!(whole.starts_with(&first));
        let read = definition(&whole);
        let all: Vec<&NewDifference> = old.iter().chain(&new).collect();
        prop_assert_eq!(read.differences.len(), all.len());
        for (read, new) in read.differences.iter().zip(all) {
            prop_assert_eq!(&read.at, &new.at);
            prop_assert!(matches!(&read.place, DifferencePlace::Document(_, Some(pattern)) if !pattern.is_wild()));
            prop_assert_eq!(&read.reason, &new.reason);
            prop_assert_eq!(&read.ticket, &new.ticket);
            prop_assert_eq!(read.expires.date(), new.expires);
            for (environment, bound) in &new.bounds {
                prop_assert!(is_same(&read.bounds[environment], bound), "{:?}", read.bounds);
            }
        }
    }
}
