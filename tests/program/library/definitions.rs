//! Definitions, valid and invalid: every case is a folder of `fixtures/definitions`, and every defect is a line of a
//! snapshot.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use evenkeel::world::files::WorkingTree;
use evenkeel_core::drift::severities;
use evenkeel_core::environment::inventories::NoInventories;
use evenkeel_core::environment::resolve::Surroundings;
use evenkeel_core::environment::secrets::NoSecrets;
use evenkeel_core::environment::{
    Definition, DocumentSource, Files, Resolved, fields, once, read, resolve,
};
use evenkeel_core::kind::{ArtifactFacts, KINDS};
use evenkeel_model::defect::Defect;
use evenkeel_model::source::{Field, Form};
use evenkeel_model::{Digest, EnvironmentName, Sealer};

/// Returns the folder of the fixtures.
pub fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/definitions")
}

/// Returns the cases of a folder, by name.
pub fn cases(folder: &str) -> BTreeMap<String, PathBuf> {
    std::fs::read_dir(fixtures().join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), path))
        .collect()
}

/// A definition, its environments, and all defects.
pub type Understood = (
    Option<Definition>,
    BTreeMap<EnvironmentName, Resolved>,
    Vec<Defect>,
);

/// Reads and resolves definitions without outside inputs.
pub fn understand(files: &dyn Files) -> Understood {
    understand_in(Path::new("/project/environments"), files)
}

/// Reads and resolves definitions whose suites name files.
fn understand_in(directory: &Path, files: &dyn Files) -> Understood {
    let (definition, mut complaints) = read(files);
    complaints.extend(definition.iter().flat_map(severities::check));
    let mut resolved = BTreeMap::new();
    let Some(definition) = definition else {
        return (None, resolved, complaints);
    };
    if complaints.is_empty() {
        let artifacts: BTreeMap<Arc<str>, ArtifactFacts> = definition
            .artifacts
            .keys()
            .map(|name| {
                let facts = ArtifactFacts {
                    name: name.to_string(),
                    digest: Digest::of(name.as_bytes()),
                };
                (Arc::clone(name), facts)
            })
            .collect();
        let sealer = Sealer::new([7; 32]);
        let surroundings = Surroundings {
            files,
            root: Path::new("/project"),
            directory,
            machine: None,
            sealer: &sealer,
            secrets: &NoSecrets,
            inventories: &NoInventories,
            artifacts: &artifacts,
        };
        for name in &definition.path {
            match resolve(&definition, name, &surroundings) {
                Ok(environment) => {
                    resolved.insert(name.clone(), environment);
                }
                Err(more) => complaints.extend(more),
            }
        }
    }
    (Some(definition), resolved, once(complaints))
}

/// Returns a defect as one line: place, code, message, labels, help.
fn line(complaint: &Defect) -> String {
    let place = complaint
        .labels
        .first()
        .map_or("-".to_owned(), |label| label.span.location().to_string());
    let mut labels: Vec<String> = Vec::new();
    for (position, label) in complaint.labels.iter().enumerate() {
        let written = label.span.text().lines().next().unwrap_or("");
        let written: String = written.chars().take(50).collect();
        let place = match position {
            0 => String::new(),
            _ => format!(" at {}", label.span.location()),
        };
        labels.push(format!("{} [{written}]{place}", label.text));
    }
    format!(
        "{place} {}: {} | {} | {}",
        complaint.code.name,
        complaint.message,
        labels.join("; "),
        complaint.help.as_deref().unwrap_or("-")
    )
}

fn tree(path: &Path) -> WorkingTree {
    WorkingTree {
        directory: path.to_owned(),
    }
}

#[test]
fn valid_definitions_pass_without_a_defect() {
    for (name, path) in cases("valid") {
        let (definition, resolved, complaints) = understand(&tree(&path));
        let lines: Vec<String> = complaints.iter().map(line).collect();
        assert!(lines.is_empty(), "{name}:\n{}", lines.join("\n"));
        assert_eq!(resolved.len(), definition.unwrap().path.len(), "{name}");
    }
}

#[test]
fn the_worked_example_passes_without_a_defect() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("environments");
    let (_, resolved, complaints) = understand_in(&path, &tree(&path));
    let lines: Vec<String> = complaints.iter().map(line).collect();
    assert!(lines.is_empty(), "{}", lines.join("\n"));
    assert_eq!(resolved.len(), 2);
}

#[test]
fn every_defect_is_reported_with_its_place() {
    for (name, path) in cases("invalid") {
        let (_, _, complaints) = understand(&tree(&path));
        let lines: Vec<String> = complaints.iter().map(line).collect();
        assert!(!lines.is_empty(), "{name} is not invalid");
        let shown: BTreeSet<&String> = lines.iter().collect();
        assert_eq!(shown.len(), lines.len(), "{name} tells something twice");
        for each in &lines {
            assert!(!each.contains("hunter2"), "{name} tells a secret: {each}");
        }
        let texts = complaints.iter().flat_map(|each| &each.labels);
        for text in texts.map(|label| &label.span.file.text) {
            assert!(!text.contains("hunter2"), "{name} shows a secret");
        }
        insta::assert_snapshot!(name, lines.join("\n"));
    }
}

#[test]
fn five_mistakes_are_five_defects() {
    let (_, _, complaints) = understand(&tree(&fixtures().join("invalid/five-mistakes")));
    assert_eq!(complaints.len(), 5);
}

#[test]
fn documents_are_filled_in_for_each_environment() {
    let (definition, resolved, _) = understand(&tree(&fixtures().join("valid/everything")));
    let of = |name: &str| {
        let documents = &resolved[&EnvironmentName::new(name)].documents;
        documents
            .iter()
            .map(|each| (&*each.name, each.source.clone()))
            .collect::<BTreeMap<_, _>>()
    };
    let path = |text: &str| DocumentSource::Path(text.to_owned());
    let (staging, production) = (of("staging"), of("production"));
    assert_eq!(staging["values"], path("charts/values-staging.yaml"));
    assert_eq!(production["values"], path("charts/live.yaml"));
    assert_eq!(production["extra"], path("extra/*.env"));
    // Only one environment has it, which parity reports.
    assert!(!staging.contains_key("extra"));
    let command = ["kustomize", "build", "overlays/staging", "--as", "info"];
    assert_eq!(
        staging["overlay"],
        DocumentSource::Render {
            command: command.map(str::to_owned).to_vec(),
            within: std::time::Duration::from_secs(30),
        }
    );
    let rules = &definition.unwrap().document_rules["values"];
    assert_eq!(rules.identity.len(), 2);
    assert_eq!(rules.defaults.len(), 5);
    assert_eq!(
        rules.must_differ[1].1.text(),
        "'ingress.hosts[*].\"host name\"'"
    );
}

/// Collects every key of a form, as `table.key`, at every depth.
fn all_keys(table: &str, fields: &[Field], into: &mut BTreeSet<String>) {
    for field in fields {
        let key = format!("{table}.{}", field.name);
        let inner = tables_of(&field.form);
        into.insert(key.clone());
        if let Some(inner) = inner {
            all_keys(&key, inner, into);
        }
    }
}

fn tables_of(form: &Form) -> Option<&'static [Field]> {
    match form {
        Form::Table(fields) => Some(fields),
        Form::List(item) | Form::Several(item) | Form::Map(item) => tables_of(item),
        Form::Either(forms) => forms.iter().find_map(tables_of),
        _ => None,
    }
}

/// Collects the keys of a value, as `table.key`, at every depth.
fn used_keys(table: &str, value: &toml::Value, into: &mut BTreeSet<String>) {
    match value {
        toml::Value::Table(entries) => {
            for (key, value) in entries {
                let key = format!("{table}.{key}");
                used_keys(&key, value, into);
                into.insert(key);
            }
        }
        toml::Value::Array(items) => items.iter().for_each(|item| used_keys(table, item, into)),
        _ => {}
    }
}

#[test]
fn the_fixture_of_everything_uses_every_key() {
    let mut wanted = BTreeSet::new();
    for (table, fields) in [
        ("system", fields::SYSTEM),
        ("parameter", fields::PARAMETER),
        ("artifact", fields::ARTIFACT),
        ("target", fields::TARGET),
        ("environment", fields::ENVIRONMENT),
        ("values", fields::SECRET_SOURCE),
        ("suite", fields::SUITE),
        ("document", fields::DOCUMENT_SOURCE),
        ("document", fields::DOCUMENT_RULES),
        ("survey", fields::SURVEY),
        ("exclusive", fields::EXCLUSIVE),
        ("release", fields::RELEASE),
        ("difference", fields::DIFFERENCE),
        ("bound", fields::BOUND),
    ] {
        all_keys(table, fields, &mut wanted);
    }
    for kind in KINDS {
        all_keys(kind.name, kind.fields, &mut wanted);
        all_keys(kind.name, fields::RESOURCE, &mut wanted);
    }
    let mut used = BTreeSet::new();
    for file in ["system", "staging", "production", "differences"] {
        let path = fixtures().join(format!("valid/everything/{file}.toml"));
        let table: toml::Table = std::fs::read_to_string(path).unwrap().parse().unwrap();
        for (key, value) in &table {
            let named = value.as_table().into_iter().flatten();
            match key.as_str() {
                "system" | "environment" | "release" => used_keys(key, value, &mut used),
                "difference" => {
                    used_keys(key, value, &mut used);
                    for item in value.as_array().unwrap() {
                        let bounds = item.as_table().unwrap().values().filter(|it| it.is_table());
                        bounds.for_each(|bound| used_keys("bound", bound, &mut used));
                    }
                }
                _ => named.for_each(|(_, value)| used_keys(key, value, &mut used)),
            }
        }
    }
    let unused: Vec<&String> = wanted.difference(&used).collect();
    assert!(
        unused.is_empty(),
        "use in fixtures/definitions/valid/everything: {unused:?}"
    );
}
