//! Projects that consist of documents, and what is told of them.
//!
//! An estate is what a team has before it has evenkeel: files, and definitions that only say where they lie.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::world::TestWorld;

/// Two environments with these documents, and what else system.toml says.
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

/// One document, `config/staging.ENDING` and `config/production.ENDING`, and more lines of its table.
pub fn pair(ending: &str, staging: &str, production: &str, more: &str) -> TestWorld {
    let world = estate(&format!(
        "[document.config]\npath = \"config/${{environment}}.{ending}\"\n{more}"
    ));
    world.write(&format!("config/staging.{ending}"), staging);
    world.write(&format!("config/production.{ending}"), production);
    world
}

/// A YAML document.
pub fn yaml(staging: &str, production: &str, more: &str) -> TestWorld {
    pair("yaml", staging, production, more)
}

/// The folder of fixtures of documents.
pub fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/documents")
}

/// The text of a fixture.
pub fn fixture(name: &str) -> String {
    let path = fixtures().join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// `code attribute` of everything that was found, in the order it was told.
pub fn told(document: &Value) -> Vec<String> {
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

/// What `drift --parity` tells of a project, which must end with this code.
#[track_caller]
pub fn drift(world: &TestWorld, code: i32) -> Vec<String> {
    told(&world.json(code, &["drift", "--parity"]))
}

/// `path:line:column` of the places of one finding.
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

/// A declared difference that holds for years; `bounds` are its lines of environments.
pub fn declared(at: &str, bounds: &str) -> String {
    format!(
        "[[difference]]\nat = '{at}'\n{bounds}\nreason = \"meant so\"\nowner = \"platform\"\nexpires = 2099-01-01\n\n"
    )
}
