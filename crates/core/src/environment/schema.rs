//! JSON Schemas of the definition files, made from the forms of their keys.
//!
//! Draft 7, with keywords that draft 4 knows too: the editors that read TOML schemas are built on that.

use serde_json::{Map, Value, json};

use super::fields;
use crate::kind::KINDS;
use evenkeel_model::defect::Severity;
use evenkeel_model::source::{Field, Form};

/// The schema of `system.toml`.
#[must_use]
pub fn system() -> Value {
    let mut tables = vec![
        (
            "system",
            table(fields::SYSTEM, false),
            "What the system is called, and its environments.",
        ),
        (
            "parameter",
            named(fields::PARAMETER, false, IDENTIFIER),
            "What the system leaves open and environments fill in.",
        ),
        (
            "artifact",
            named(fields::ARTIFACT, false, WORD),
            "What CI built.",
        ),
        (
            "target",
            named(fields::TARGET, true, WORD),
            "Where resources live; environments say where that is.",
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
            "ignore",
            table(fields::IGNORE, false),
            "What is not compared.",
        ),
        (
            "severity",
            json!({
                "type": "object",
                "additionalProperties": {"enum": Severity::NAMES},
            }),
            "How grave differences between environments are, by code.",
        ),
        (
            "release",
            table(fields::RELEASE, false),
            "What the gate asks for.",
        ),
    ];
    tables.extend(kinds(true));
    document(
        "evenkeel: a system, the same in all its environments",
        tables,
        &["system"],
    )
}

/// The schema of `differences.toml`.
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
    // Every environment's name is a key too, with a value or with bounds.
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

/// The schema of an environment's file.
#[must_use]
pub fn environment() -> Value {
    let mut tables = vec![
        (
            "environment",
            table(fields::ENVIRONMENT, false),
            "Which environment this is.",
        ),
        (
            "values",
            json!({"type": "object"}),
            "Values by parameter; for secrets `{ env = … }`, `{ file = … }` or `{ command = […] }`.",
        ),
        (
            "target",
            named_partial(fields::TARGET),
            "Where targets are.",
        ),
        (
            "suite",
            named_partial(fields::SUITE),
            "Suites that are added or overridden here: each a parity defect until declared.",
        ),
        (
            "document",
            named_partial(fields::DOCUMENT_SOURCE),
            "Where documents are in this environment.",
        ),
        ("difference", difference_list(), "Declared differences."),
    ];
    tables.extend(kinds(false));
    document(
        "evenkeel: what one environment fills in",
        tables,
        &["environment"],
    )
}

/// As [`evenkeel_model::name::is_word`] has it.
const WORD: &str = "^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$";
/// As [`evenkeel_model::name::is_identifier`] has it.
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

/// A table whose keys are names of a pattern.
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

/// Text with a reference in it may stand for a value of any form.
fn or_reference(schema: Value, references: bool) -> Value {
    if references {
        json!({"anyOf": [schema, {"type": "string", "pattern": "\\$\\{"}]})
    } else {
        schema
    }
}

fn form(form_of: &Form, references: bool) -> Value {
    match form_of {
        // Editors hand dates to a schema as strings; so does the conversion that tests make.
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
        // Every way to write one has a number with its unit, or parts of an hour with colons between them.
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
