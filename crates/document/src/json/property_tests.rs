//! Properties: written JSON is read back, and all places are within the text.

use proptest::prelude::*;
use serde_json::Value;

use super::super::tree::{Content, Node, Place, ScalarKind};
use super::read;
use evenkeel_model::source::SourceFile;

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        prop::num::f64::NORMAL.prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 60, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn same(value: &Value, node: &Node) -> bool {
    match (value, &node.content) {
        (Value::Object(map), Content::Map(entries)) => {
            map.len() == entries.len()
                && entries.iter().all(|entry| {
                    map.get(&*entry.key)
                        .is_some_and(|value| same(value, &entry.value))
                })
        }
        (Value::Array(values), Content::List(items)) => {
            values.len() == items.len() && values.iter().zip(items).all(|(a, b)| same(a, b))
        }
        (_, Content::Scalar(scalar)) => match (value, scalar.kind) {
            (Value::Null, ScalarKind::Null) => true,
            (Value::Bool(truth), ScalarKind::Boolean) => truth.to_string() == *scalar.text,
            (Value::Number(number), ScalarKind::Integer | ScalarKind::Float) => {
                close(number, &scalar.text)
            }
            (Value::String(text), ScalarKind::Text) => **text == *scalar.text,
            _ => false,
        },
        _ => false,
    }
}

/// This reader keeps all digits, `serde_json` rounds.
fn close(number: &serde_json::Number, text: &str) -> bool {
    let (theirs, ours) = (number.as_f64().unwrap(), text.parse::<f64>().unwrap());
    number.to_string() == text || (theirs - ours).abs() <= ours.abs() * 1e-12
}

/// Checks that every place is within the text and spans its value.
fn places_fit(text: &str, root: &Node) -> Result<(), TestCaseError> {
    let slice = |place: Place| text.get(place.start as usize..place.end as usize);
    let mut open = vec![root];
    while let Some(node) = open.pop() {
        let written: Value = serde_json::from_str(slice(node.place).unwrap_or("")).unwrap();
        prop_assert!(same(&written, node));
        match &node.content {
            Content::Scalar(_) => {}
            Content::List(items) => open.extend(items),
            Content::Map(entries) => {
                for entry in entries {
                    let key: String =
                        serde_json::from_str(slice(entry.place).unwrap_or("")).unwrap();
                    prop_assert_eq!(&*key, &*entry.key);
                    open.push(&entry.value);
                }
            }
        }
    }
    Ok(())
}

/// Checks the result against another parser; complaints must be within the text.
fn others_agree(text: &str) -> Result<(), TestCaseError> {
    let others = serde_json::from_str::<Value>(text);
    for name in ["a.json", "a.json5"] {
        match (read(&SourceFile::new(name, text)), &others) {
            (Ok(roots), Ok(value)) => prop_assert!(same(value, &roots[0])),
            (Ok(_), Err(_)) => {}
            (Err(complaints), _) => {
                for complaint in complaints {
                    let place = complaint.place;
                    let slice = text.get(place.start as usize..place.end as usize);
                    prop_assert!(slice.is_some(), "{complaint:?}");
                }
            }
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn written_json_is_read_back(value in value(), pretty in any::<bool>()) {
        let text = if pretty { format!("{value:#}") } else { value.to_string() };
        for name in ["a.json", "a.json5"] {
            let roots = read(&SourceFile::new(name, text.as_str())).unwrap();
            prop_assert_eq!(roots.len(), 1);
            prop_assert!(same(&value, &roots[0]), "{}", text);
            places_fit(&text, &roots[0])?;
        }
    }

    #[test]
    fn arbitrary_text_does_not_panic(text in any::<String>()) {
        others_agree(&text)?;
    }

    #[test]
    fn text_resembling_json_does_not_panic(
        parts in prop::collection::vec(prop::sample::select(vec![
            "{", "}", "[", "]", ",", ":", "\"", "\"a\"", "\"é\":", "'", "\\", "\\u", "\\ud800", "\\udc00", "00e9", "\\n", "1", "-",
            "0", ".", "e", "+", "0x", "true", "null", "nul", "//", "/*", "*/", "\n", "\r\n", " ", "\t", "é", "\u{feff}", "\u{2028}",
        ]), 0..30)
    ) {
        others_agree(&parts.concat())?;
    }
}
