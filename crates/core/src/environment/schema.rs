//! JSON Schemas of the definition files, generated from the forms of their keys.
//!
//! Draft 7, with keywords that draft 4 knows too, for editors that read TOML schemas.

use serde_json::{Map, Value, json};

use super::fields;
use crate::kind::KINDS;
use evenkeel_model::defect::Severity;
use evenkeel_model::source::{Field, Form};

/// Returns the schema of `system.toml`.
#[must_use]
pub fn system() -> Value {
    let mut tables = vec![
        (
            "system",
            table(fields::SYSTEM, false),
            "The system's name and its environments.",
        ),
        (
            "parameter",
            named(fields::PARAMETER, false, IDENTIFIER),
            "Parameters, whose values environments set.",
        ),
        (
            "artifact",
            named(fields::ARTIFACT, false, WORD),
            "Artifacts built by CI.",
        ),
        (
            "artifacts",
            table(fields::ARTIFACTS, false),
            "The store of artifacts, for rollbacks.",
        ),
        (
            "target",
            named(fields::TARGET, true, WORD),
            "Targets of resources; environments define their places.",
        ),
        (
            "suite",
            named(fields::SUITE, true, WORD),
            "Declared test runs.",
        ),
        (
            "document",
            named(
                &[fields::DOCUMENT_SOURCE, fields::DOCUMENT_RULES].concat(),
                true,
                WORD,
            ),
            "Configuration files that exist already and are compared as trees.",
        ),
        (
            "survey",
            named(fields::SURVEY, false, WORD),
            "Facts of live hosts that are compared between environments.",
        ),
        (
            "exclusive",
            named(fields::EXCLUSIVE, false, WORD),
            "Things of live hosts that all belong to the definitions.",
        ),
        (
            "ledger",
            table(fields::LEDGER, false),
            "The ledger that a team shares.",
        ),
        (
            "notify",
            named(fields::NOTIFY, false, WORD),
            "Hooks that are called with outcomes.",
        ),
        (
            "ignore",
            table(fields::IGNORE, false),
            "Exclusions from comparison.",
        ),
        (
            "severity",
            json!({
                "type": "object",
                "additionalProperties": {"enum": Severity::NAMES},
            }),
            "The severities of differences between environments, by code.",
        ),
        (
            "release",
            table(fields::RELEASE, false),
            "The requirements of the gate.",
        ),
    ];
    tables.extend(kinds(true));
    document(
        "evenkeel: a system, equal in all its environments",
        tables,
        &["system"],
    )
}

/// Returns the schema of `differences.toml`.
#[must_use]
pub fn differences() -> Value {
    document(
        "evenkeel: declared differences",
        vec![("difference", difference_list(), "Declared differences.")],
        &[],
    )
}

fn difference_list() -> Value {
    let mut difference = table(fields::DIFFERENCE, false);
    // Every environment's name is a key, with a value or with bounds.
    with(
        &mut difference,
        "additionalProperties",
        json!({"anyOf": [
            form(&Form::Table(fields::BOUND), false),
            {"not": {"type": "object"}},
        ]}),
    );
    json!({"type": "array", "items": difference})
}

/// Returns the schema of an environment's file.
#[must_use]
pub fn environment() -> Value {
    let mut tables = vec![
        (
            "environment",
            table(fields::ENVIRONMENT, false),
            "The name of the environment.",
        ),
        (
            "values",
            json!({"type": "object"}),
            "Values by parameter; for secrets `{ env = … }`, `{ file = … }` or `{ command = […] }`.",
        ),
        (
            "target",
            named_partial(fields::TARGET),
            "Places of targets.",
        ),
        (
            "suite",
            named_partial(fields::SUITE),
            "Suites added or overridden here: each is a parity defect until declared.",
        ),
        (
            "document",
            named_partial(fields::DOCUMENT_SOURCE),
            "Places of documents in this environment.",
        ),
        ("difference", difference_list(), "Declared differences."),
    ];
    tables.extend(kinds(false));
    document(
        "evenkeel: the values of one environment",
        tables,
        &["environment"],
    )
}

/// Same pattern as [`evenkeel_model::name::is_word`].
const WORD: &str = "^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$";
/// Same pattern as [`evenkeel_model::name::is_identifier`].
const IDENTIFIER: &str = "^[a-z][a-z0-9_]{0,62}$";

fn document(
    title: &str,
    tables: Vec<(&'static str, Value, &'static str)>,
    required: &[&str],
) -> Value {
    let mut properties = Map::new();
    properties.insert("$schema".into(), json!({"type": "string"}));
    for (name, mut schema, about) in tables {
        with(&mut schema, "description", about.into());
        properties.insert(name.into(), schema);
    }
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": title,
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

fn kinds(whole: bool) -> Vec<(&'static str, Value, &'static str)> {
    KINDS
        .iter()
        .map(|kind| {
            let all: Vec<Field> = fields::RESOURCE
                .iter()
                .chain(kind.fields)
                .copied()
                .collect();
            let mut schema = table(&all, true);
            if !whole && let Some(object) = schema.as_object_mut() {
                object.remove("required");
            }
            (kind.name, map_of(WORD, &schema), kind.about)
        })
        .collect()
}

fn named(fields: &[Field], references: bool, pattern: &str) -> Value {
    map_of(pattern, &table(fields, references))
}

/// Returns the schema of a table whose keys match a pattern.
fn map_of(pattern: &str, schema: &Value) -> Value {
    json!({
        "type": "object",
        "patternProperties": {pattern: schema},
        "additionalProperties": false,
    })
}

fn named_partial(fields: &[Field]) -> Value {
    let mut schema = table(fields, true);
    if let Some(object) = schema.as_object_mut() {
        object.remove("required");
    }
    map_of(WORD, &schema)
}

fn table(fields: &[Field], references: bool) -> Value {
    let mut properties = Map::new();
    for field in fields {
        let mut schema = form(&field.form, references && !field.written_out);
        with(&mut schema, "description", field.about.into());
        properties.insert(field.name.into(), schema);
    }
    let required: Vec<&str> = fields
        .iter()
        .filter(|field| field.required)
        .map(|field| field.name)
        .collect();
    let mut schema = json!({
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    });
    if !required.is_empty() {
        with(&mut schema, "required", json!(required));
    }
    schema
}

/// Sets a keyword of a schema.
fn with(schema: &mut Value, keyword: &str, value: Value) {
    if let Some(object) = schema.as_object_mut() {
        object.insert(keyword.into(), value);
    }
}

/// Allows text with a reference in place of a value of any form.
fn or_reference(schema: Value, references: bool) -> Value {
    if references {
        json!({"anyOf": [schema, {"type": "string", "pattern": "\\$\\{"}]})
    } else {
        schema
    }
}

fn form(form_of: &Form, references: bool) -> Value {
    match form_of {
        // Editors pass dates to a schema as strings, and so does the tests' conversion.
        Form::Text | Form::Date => json!({"type": "string"}),
        Form::Words => json!({"type": "string", "minLength": 1}),
        Form::Word => or_reference(json!({"type": "string", "pattern": WORD}), references),
        Form::Address => json!({"type": "string", "pattern": "^[a-z-]+\\..+$"}),
        Form::Mode => or_reference(
            json!({"type": "string", "pattern": "^[0-7]{3,4}$"}),
            references,
        ),
        Form::Boolean => or_reference(json!({"type": "boolean"}), references),
        Form::Integer(least, most) => {
            let mut schema = json!({"type": "integer"});
            if *least > i64::MIN {
                with(&mut schema, "minimum", json!(least));
            }
            if *most < i64::MAX {
                with(&mut schema, "maximum", json!(most));
            }
            or_reference(schema, references)
        }
        Form::Number(least, most) => {
            let mut schema = json!({"type": "number"});
            if *least > f64::MIN {
                with(&mut schema, "minimum", json!(least));
            }
            if *most < f64::MAX {
                with(&mut schema, "maximum", json!(most));
            }
            or_reference(schema, references)
        }
        // All forms contain a number with a unit, or hours with colons.
        Form::Duration => json!({"type": "string", "pattern": "[0-9](\\s*[A-Za-zµ]|:[0-9])"}),
        Form::Choice(choices) => or_reference(json!({"enum": choices}), references),
        Form::List(item) => or_reference(
            json!({"type": "array", "items": form(item, references)}),
            references,
        ),
        Form::Several(item) => or_reference(
            json!({"type": "array", "items": form(item, references), "minItems": 1}),
            references,
        ),
        Form::Table(fields) => table(fields, references),
        Form::Map(item) => {
            json!({"type": "object", "additionalProperties": form(item, references)})
        }
        Form::Either(forms) => {
            json!({"anyOf": forms.iter().map(|each| form(each, references)).collect::<Vec<_>>()})
        }
        Form::Any => json!({}),
    }
}
