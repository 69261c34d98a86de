//! Generated documents: the JSON Schemas and the reference of definitions.

use std::path::{Path, PathBuf};

use evenkeel::world::files::WorkingTree;
use evenkeel_core::environment::{reference_page, schema};

use super::definitions::{cases, fixtures};

/// Compares a document with the committed file, or writes it on request.
fn held(path: &str, document: &str) {
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("EVENKEEL_BLESS").is_some() {
        std::fs::create_dir_all(place.parent().unwrap()).unwrap();
        std::fs::write(&place, document).unwrap();
    }
    let written = std::fs::read_to_string(&place).unwrap_or_default();
    let difference = evenkeel_model::text::unified(&written, document);
    assert!(
        difference.is_empty(),
        "{path} is out of date; update it with\n\n    EVENKEEL_BLESS=1 cargo test --test program schemas\n\n{difference}"
    );
}

fn pretty(schema: &serde_json::Value) -> String {
    format!("{}\n", serde_json::to_string_pretty(schema).unwrap())
}

#[test]
fn the_schemas_match_the_source() {
    held("schemas/system.schema.json", &pretty(&schema::system()));
    held(
        "schemas/environment.schema.json",
        &pretty(&schema::environment()),
    );
    held(
        "schemas/differences.schema.json",
        &pretty(&schema::differences()),
    );
}

#[test]
fn the_reference_matches_the_source() {
    held("docs/definitions.md", &reference_page());
}

/// Returns a TOML file as editors pass it to a schema: dates are strings.
fn json(value: &toml::Value) -> serde_json::Value {
    match value {
        toml::Value::Datetime(date) => date.to_string().into(),
        toml::Value::Array(items) => items.iter().map(json).collect(),
        toml::Value::Table(entries) => entries
            .iter()
            .map(|(key, value)| (key.clone(), json(value)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        plain => serde_json::to_value(plain).unwrap(),
    }
}

/// Returns the kind of a definition file.
fn kind(path: &Path) -> &str {
    match path.file_stem().and_then(|stem| stem.to_str()).unwrap() {
        stem @ ("system" | "differences") => stem,
        _ => "environment",
    }
}

/// Returns the schema errors of a definition file.
fn against(path: &Path) -> Vec<String> {
    let schema = match kind(path) {
        "system" => schema::system(),
        "differences" => schema::differences(),
        _ => schema::environment(),
    };
    let validator = jsonschema::draft7::new(&schema).unwrap();
    let table: toml::Value =
        toml::Value::Table(std::fs::read_to_string(path).unwrap().parse().unwrap());
    validator
        .iter_errors(&json(&table))
        .map(|error| format!("{}: {} at {}", path.display(), error, error.instance_path()))
        .collect()
}

#[test]
fn the_schemas_are_schemas() {
    for schema in [
        schema::system(),
        schema::environment(),
        schema::differences(),
    ] {
        jsonschema::draft7::meta::validate(&schema).unwrap();
    }
}

/// Returns folders of valid definitions: the fixtures, and the worked example.
fn good() -> Vec<PathBuf> {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("environments");
    cases("valid").into_values().chain([example]).collect()
}

/// Returns the definition files of a folder: system.toml, those that its path names, and an existing differences.toml.
fn definition_files(case: &Path) -> Vec<PathBuf> {
    let mut files = vec![case.join("system.toml")];
    let (definition, _) = evenkeel_core::environment::read(&WorkingTree {
        directory: case.to_owned(),
    });
    let path = definition.unwrap().path;
    files.extend(path.iter().map(|name| case.join(format!("{name}.toml"))));
    let differences = case.join("differences.toml");
    files.extend(differences.is_file().then_some(differences));
    files
}

#[test]
fn valid_definitions_match_the_schemas() {
    for case in good() {
        for file in definition_files(&case) {
            let wrong = against(&file);
            assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        }
    }
}

#[test]
fn the_schemas_reject_known_mistakes() {
    for file in [
        "unknown-keys/system.toml",
        "unknown-keys/staging.toml",
        "unknown-keys/production.toml",
        "wrong-types/system.toml",
        "wrong-types/staging.toml",
        "wrong-types/production.toml",
        "empty-lists/system.toml",
        "bad-names/system.toml",
        "missing-keys/system.toml",
        "missing-tables/system.toml",
        "five-mistakes/system.toml",
        "references-where-none-can-be/system.toml",
        "differences/staging.toml",
        "differences-file/differences.toml",
        "documents/system.toml",
        "documents/staging.toml",
        "forms/system.toml",
    ] {
        let path = fixtures().join("invalid").join(file);
        assert!(!against(&path).is_empty(), "{file} passes");
    }
}

#[test]
fn schema_lines_name_existing_files() {
    let mut found = 0;
    for case in good() {
        for file in definition_files(&case) {
            let text = std::fs::read_to_string(&file).unwrap();
            let named = text.lines().next().unwrap().strip_prefix("#:schema ");
            let named = named.unwrap_or_else(|| panic!("{} names no schema", file.display()));
            assert!(case.join(named).is_file(), "{}: {named}", file.display());
            let own = kind(&file);
            assert!(named.ends_with(&format!("/{own}.schema.json")));
            found += 1;
        }
    }
    assert!(found >= 12);
}
