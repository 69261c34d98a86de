//! Estate of 200 services with known causes of differences: each is one finding with exactly its places, there is no
//! other finding, and the most severe comes first.
//!
//! Seeded: the same estates on every run. Services are defined in `service`; causes in `injected`.

mod injected;
mod savings;
mod service;
mod tree;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use self::injected::{Expected, SORTS, inject};
use self::service::{DOCUMENTS, Estate};
use super::estate::estate;
use super::world::TestWorld;

/// Place in a report: the document, and the path in it.
type Place = (String, String);

/// Compared parts of one finding.
#[derive(Debug)]
struct Found {
    code: String,
    severity: String,
    places: BTreeSet<Place>,
}

fn found(document: &Value) -> Vec<Found> {
    let place = |each: &Value| {
        (
            each["subject"].as_str().unwrap().to_owned(),
            each["attribute"].as_str().unwrap_or_default().to_owned(),
        )
    };
    let findings = document["findings"].as_array().unwrap();
    findings
        .iter()
        .map(|finding| {
            let also = finding["also"].as_array().unwrap();
            assert_eq!(finding["reach"], also.len() + 1);
            Found {
                code: finding["code"].as_str().unwrap().to_owned(),
                severity: finding["severity"].as_str().unwrap().to_owned(),
                places: std::iter::once(finding).chain(also).map(place).collect(),
            }
        })
        .collect()
}

/// Writes an estate as a project.
fn project(estate: &Estate) -> TestWorld {
    let documents: String = DOCUMENTS
        .iter()
        .map(|(name, _)| format!("[document.{name}]\npath = \"{name}/${{environment}}\"\n\n"))
        .collect();
    let world = estate_world(&documents);
    for (path, text) in estate.files() {
        world.write(&path, &text);
    }
    world
}

fn estate_world(documents: &str) -> TestWorld {
    let world = estate(&format!(
        "[parameter.domain]\nvaries = \"identity\"\n\n[parameter.account]\nvaries = \"identity\"\n\n{documents}"
    ));
    for (name, domain, account) in [
        ("staging", service::DOMAINS.0, service::ACCOUNTS.0),
        ("production", service::DOMAINS.1, service::ACCOUNTS.1),
    ] {
        world.add(
            &format!("environments/{name}.toml"),
            &format!("\n[values]\ndomain = \"{domain}\"\naccount = \"{account}\"\n"),
        );
    }
    world
}

/// Returns the estate of a seed, and its injected causes.
fn generated(seed: u64) -> (Estate, Vec<Expected>) {
    let mut estate = Estate::new(seed);
    let expected = inject(&mut estate, seed);
    (estate, expected)
}

fn listed(found: &[Found]) -> String {
    let line = |each: &Found| {
        let (document, path) = each.places.first().cloned().unwrap_or_default();
        format!(
            "{} {} at {}: {document} {path}",
            each.severity,
            each.code,
            each.places.len()
        )
    };
    found.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn each_cause_of_an_estate_is_one_finding_and_the_most_severe_comes_first() {
    let mut sorts: BTreeMap<&str, usize> = BTreeMap::new();
    let seeds = match std::env::var_os("EVENKEEL_TEST_ALL") {
        Some(_) => 40,
        None => 5,
    };
    for seed in 0..seeds {
        let (estate, expected) = generated(seed);
        let world = project(&estate);
        let document = world.json(2, &["drift", "--parity", "--no-history"]);
        let found = found(&document);
        for cause in &expected {
            *sorts.entry(cause.sort).or_default() += 1;
            let same = found.iter().find(|each| each.places == cause.places);
            let overlapping: Vec<&Found> = found
                .iter()
                .filter(|each| !each.places.is_disjoint(&cause.places))
                .collect();
            let Some(same) = same else {
                panic!(
                    "seed {seed}: not found as one: {cause:#?}\nbut: {overlapping:#?}\n{}",
                    listed(&found)
                );
            };
            assert_eq!(
                (&*same.code, &*same.severity),
                (cause.code, cause.severity),
                "seed {seed}: {cause:#?}"
            );
        }
        for each in &found {
            assert!(
                expected.iter().any(|cause| cause.places == each.places),
                "seed {seed}: this was not put in: {each:#?}"
            );
        }
        assert_eq!(
            found.len(),
            expected.len(),
            "seed {seed}:\n{}",
            listed(&found)
        );
        // In the order of severity.
        let ranks: Vec<(u8, &str)> = found
            .iter()
            .map(|each| {
                let cause = expected.iter().find(|cause| cause.places == each.places);
                cause.map(|cause| (cause.rank, cause.sort)).unwrap()
            })
            .collect();
        assert!(
            ranks.is_sorted_by_key(|(rank, _)| *rank),
            "seed {seed}: {ranks:#?}"
        );
        let why = document["findings"].as_array().unwrap();
        assert!(why.iter().all(|finding| finding["why"].is_string()));
        assert_eq!(world.run(&["baseline"]).code, 0);
        let after = world.run(&["drift", "--parity", "--no-history"]);
        assert_eq!(after.code, 0, "seed {seed}: {}", after.short());
    }
    for sort in SORTS {
        assert!(sorts.contains_key(sort), "{sort} was never put in");
    }
}
