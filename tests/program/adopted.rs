//! Law of adoption: `drift` after `baseline` exits with 0. Every difference can be declared, and a declaration covers
//! its difference.

use std::fmt::Write as _;

use super::estate::{drift, estate, yaml};
use super::injected::Chance;

/// Returns a random value, from a small range so that values repeat.
fn scalar(chance: &mut Chance) -> String {
    const WORDS: &[&str] = &[
        "a",
        "b",
        "on",
        "true",
        "\"1\"",
        "1",
        "2",
        "0.5",
        "~",
        "\"\"",
        "staging",
        "production",
        "db.staging.example.org",
        "db.production.example.org",
        "\"a.b[c]\"",
        "\"*\"",
        "x=1",
        "x=2",
        "PATH=/bin",
        "\"é \\\" \\\\ ,\"",
        "1Gi",
        "10m",
        "hunter2hunter2",
        "v1.2.3",
        "img:latest",
    ];
    WORDS[chance.below(WORDS.len())].to_owned()
}

/// Returns a key; some are names of things, secrets and sizes.
fn key(chance: &mut Chance) -> &'static str {
    const KEYS: &[&str] = &[
        "a",
        "b",
        "name",
        "id",
        "value",
        "password",
        "replicas",
        "image",
        "hosts",
        "path",
        "type",
        "staging",
        "production",
        "\"x.y\"",
        "\"*\"",
        "rules",
        "text",
    ];
    KEYS[chance.below(KEYS.len())]
}

/// Returns a value in YAML's flow style.
fn value(chance: &mut Chance, depth: usize) -> String {
    let sort = if depth == 0 { 0 } else { chance.below(6) };
    match sort {
        0..=2 => scalar(chance),
        3 | 4 => {
            let items: Vec<String> = (0..chance.below(5))
                .map(|_| value(chance, depth - 1))
                .collect();
            format!("[{}]", items.join(", "))
        }
        _ => map(chance, depth - 1),
    }
}

pub fn map(chance: &mut Chance, depth: usize) -> String {
    let mut keys: Vec<&str> = (0..chance.below(5)).map(|_| key(chance)).collect();
    keys.sort_unstable();
    keys.dedup();
    let entries: Vec<String> = keys
        .into_iter()
        .map(|key| format!("{key}: {}", value(chance, depth)))
        .collect();
    format!("{{{}}}", entries.join(", "))
}

/// Returns a document, and the same after one edit.
fn pair(chance: &mut Chance) -> [String; 2] {
    let entries: Vec<(String, String)> = (0..4)
        .map(|number| (format!("k{number}"), value(chance, 3)))
        .collect();
    let written = |entries: &[(String, String)]| {
        let mut text = String::new();
        for (key, value) in entries {
            writeln!(text, "{key}: {value}").unwrap();
        }
        text
    };
    let mut others = entries.clone();
    for (_, other) in &mut others {
        if chance.one_in(2) {
            *other = value(chance, 3);
        }
    }
    if chance.one_in(4) {
        others.pop();
    }
    if chance.one_in(4) {
        others.push(("fresh".to_owned(), value(chance, 2)));
    }
    [written(&entries), written(&others)]
}

#[test]
fn after_a_baseline_drift_is_clean_whatever_the_documents() {
    const PAIRS: usize = 500;
    let mut chance = Chance(10);
    let mut documents = String::new();
    for number in 0..PAIRS {
        writeln!(
            documents,
            "[document.d{number}]\npath = \"d{number}/${{environment}}.yaml\""
        )
        .unwrap();
    }
    let world = estate(&documents);
    for number in 0..PAIRS {
        let [staging, production] = pair(&mut chance);
        world.write(&format!("d{number}/staging.yaml"), &staging);
        world.write(&format!("d{number}/production.yaml"), &production);
    }
    world.expect(0, &["baseline", "--owner", "platform"]);
    let left = drift(&world, 0);
    assert!(
        left.iter()
            .all(|line| line.starts_with("parity/secret-differs")),
        "{left:#?}"
    );
}

#[test]
fn elements_that_only_one_side_has_have_two_addresses_and_two_fingerprints() {
    let world = yaml(
        "banner:\n- summary: maintenance tonight\n  dayOfWeek: 2\n  startTime: \"20:00\"\n",
        "banner:\n- text: a very different thing\n  level: high\n  until: 2027-01-01\n- text: one more of those\n  level: low\n",
        "",
    );
    let found = world.json(2, &["drift", "--parity"]);
    let mut fingerprints = std::collections::BTreeSet::new();
    for finding in found["findings"].as_array().unwrap() {
        fingerprints.insert(finding["fingerprint"].to_string());
        for also in finding["also"].as_array().unwrap() {
            fingerprints.insert(also["fingerprint"].to_string());
        }
    }
    assert_eq!(fingerprints.len(), 3);
    world.expect(0, &["baseline", "--owner", "platform"]);
    assert_eq!(drift(&world, 0), Vec::<String>::new());
}
