//! Reports: one document, its rendering in every format, and destinations.

mod captures;
mod example;
mod files;
mod hostile;
pub mod html;
mod many;
mod named;
mod outside;
mod samples;
mod shown;

use std::collections::BTreeSet;

use evenkeel::report::{Report, ReportFormat, Style};

/// Returns a report in a format, without colours.
pub fn rendered(report: &Report, format: ReportFormat) -> String {
    let style = Style {
        colour: false,
        width: 100,
        full: false,
        all: false,
        printed: false,
    };
    let mut bytes = Vec::new();
    format.write(report, style, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

/// Checks that every format depends on the document only: the parsed document is rendered to the same bytes.
#[track_caller]
pub fn is_all_in_the_document(report: &Report) {
    let document = rendered(report, ReportFormat::Json);
    let read: Report = serde_json::from_str(&document).unwrap();
    for format in ReportFormat::ALL {
        assert_eq!(rendered(&read, *format), rendered(report, *format));
    }
}

/// Collects the names of all properties in a schema.
fn properties(schema: &serde_json::Value, found: &mut BTreeSet<String>) {
    if let Some(named) = schema["properties"].as_object() {
        found.extend(named.keys().cloned());
    }
    let below = schema.as_object().map(|object| object.values());
    for value in below.into_iter().flatten() {
        properties(value, found);
    }
}

#[test]
fn the_schema_has_no_positional_arrays_and_requires_every_list() {
    fn walk(schema: &serde_json::Value, at: &str) {
        let Some(object) = schema.as_object() else {
            return;
        };
        assert!(!object.contains_key("prefixItems"), "{at}");
        if let Some(named) = schema["properties"].as_object() {
            let required = schema["required"].as_array().unwrap();
            for (name, property) in named {
                if property["type"] == "array" {
                    assert!(required.contains(&name.as_str().into()), "{at}: {name}");
                }
            }
        }
        for (name, below) in object {
            walk(below, &format!("{at}/{name}"));
        }
    }
    walk(&Report::schema(), "");
}

#[test]
fn the_example_has_every_field() {
    fn keys(value: &serde_json::Value, found: &mut BTreeSet<String>) {
        match value {
            serde_json::Value::Object(object) => {
                found.extend(object.keys().cloned());
                object.values().for_each(|below| keys(below, found));
            }
            serde_json::Value::Array(items) => items.iter().for_each(|item| keys(item, found)),
            _ => {}
        }
    }
    let (mut known, mut used) = (BTreeSet::new(), BTreeSet::new());
    properties(&Report::schema(), &mut known);
    keys(
        &serde_json::to_value(example::example()).unwrap(),
        &mut used,
    );
    let missing: Vec<&String> = known.difference(&used).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
