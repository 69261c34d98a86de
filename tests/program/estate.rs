//! Estates: projects that consist of documents, and their findings.
//!
//! An estate is the state of a team before evenkeel: files, and definitions that only name their places.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::world::TestWorld;

/// Returns two environments with these documents, and further lines of system.toml.
pub fn estate(documents: &str) -> TestWorld {
    let world = TestWorld::empty();
    along(&world, &["staging", "production"], documents);
    world
}

/// Writes definitions of these environments with these documents.
pub fn along(world: &TestWorld, path: &[&str], documents: &str) {
    let names: Vec<String> = path.iter().map(|name| format!("\"{name}\"")).collect();
    world.write(
        "environments/system.toml",
        &format!(
            "[system]\nname = \"shop\"\npath = [{}]\n\n{documents}",
            names.join(", ")
        ),
    );
    for name in path {
        world.write(
            &format!("environments/{name}.toml"),
            &format!("[environment]\nname = \"{name}\"\n"),
        );
    }
}

/// Returns one document, `config/staging.ENDING` and `config/production.ENDING`, with further lines of its table.
pub fn pair(ending: &str, staging: &str, production: &str, more: &str) -> TestWorld {
    let world = estate(&format!(
        "[document.config]\npath = \"config/${{environment}}.{ending}\"\n{more}"
    ));
    world.write(&format!("config/staging.{ending}"), staging);
    world.write(&format!("config/production.{ending}"), production);
    world
}

/// Returns a YAML document.
pub fn yaml(staging: &str, production: &str, more: &str) -> TestWorld {
    pair("yaml", staging, production, more)
}

/// Returns the folder of document fixtures.
pub fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/documents")
}

/// Returns the text of a fixture.
pub fn fixture(name: &str) -> String {
    let path = fixtures().join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Returns `code attribute` of every finding, in the order of the report.
pub fn reported(document: &Value) -> Vec<String> {
    document["findings"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default()
        .iter()
        .filter(|finding| finding["allowed"].is_null())
        .map(|finding| {
            let code = finding["code"].as_str().unwrap();
            match finding["attribute"].as_str() {
                Some(attribute) => format!("{code} {attribute}"),
                None => code.to_owned(),
            }
        })
        .collect()
}

/// Returns the findings of `drift --parity`, and checks the exit code.
#[track_caller]
pub fn drift(world: &TestWorld, code: i32) -> Vec<String> {
    reported(&world.json(code, &["drift", "--parity"]))
}

/// Returns `path:line:column` of the places of one finding.
pub fn places(finding: &Value) -> Vec<String> {
    finding["places"]
        .as_array()
        .unwrap()
        .iter()
        .map(|place| {
            format!(
                "{}:{}:{}",
                place["path"].as_str().unwrap(),
                place["line"],
                place["column"]
            )
        })
        .collect()
}

/// Returns a declared difference that is valid for years; `bounds` are its lines of environments.
pub fn declared(at: &str, bounds: &str) -> String {
    format!(
        "[[difference]]\nat = '{at}'\n{bounds}\nreason = \"meant so\"\nowner = \"platform\"\nexpires = 2099-01-01\n\n"
    )
}
