//! Savings of each grouping rule on an estate, and completeness of grouping.

use evenkeel_comparison::{FileContent, Files, Identities, Identity, Rules, compare_files};
use evenkeel_core::drift::documents::{ComparedDocument, disparities};
use evenkeel_core::drift::{group, group_without, rules};
use evenkeel_model::defect::Defect;
use evenkeel_model::source::SourceFile;
use evenkeel_model::{Digest, EnvironmentName};

use super::generated;
use super::service::{ACCOUNTS, DOCUMENTS, DOMAINS, Estate};

/// Returns all differences of an estate, before grouping.
fn differences(estate: &Estate) -> Vec<Defect> {
    let files = estate.files();
    let identity = |name: &str, left: &str, right: &str| Identity {
        name: name.into(),
        left: left.into(),
        right: right.into(),
    };
    let comparison = Rules {
        identities: Identities::new([
            identity("environment", "staging", "production"),
            identity("domain", DOMAINS.0, DOMAINS.1),
            identity("account", ACCOUNTS.0, ACCOUNTS.1),
        ]),
        ..Rules::default()
    };
    let (one, two) = (
        EnvironmentName::new("staging"),
        EnvironmentName::new("production"),
    );
    let mut all = Vec::new();
    for (document, _) in DOCUMENTS {
        let [left, right] = ["staging", "production"].map(|name| {
            let folder = format!("{document}/{name}/");
            let own = files.iter().filter_map(|(path, text)| {
                let name = path.strip_prefix(&folder)?;
                let file = SourceFile::new(path.clone(), text.clone());
                Some((name.to_owned(), FileContent::Text(file)))
            });
            own.collect()
        });
        let both = [&left, &right].map(|files| Files {
            files,
            whole: true,
            beneath: &[],
            shape: evenkeel_comparison::Shape::default(),
        });
        let found = compare_files(both[0], both[1], None, &comparison);
        let found = disparities(&ComparedDocument {
            name: &document.into(),
            between: (&one, &two),
            siblings: false,
            located: found.located,
        });
        all.extend(found.into_iter().map(|disparity| disparity.defect));
    }
    all
}

fn fingerprints(defects: &[Defect]) -> Vec<Digest> {
    let mut all: Vec<Digest> = defects.iter().flat_map(Defect::fingerprints).collect();
    all.sort_unstable();
    all
}

#[test]
fn no_difference_is_lost_and_none_is_reported_twice_whatever_rules_there_are() {
    for seed in 0..3 {
        let (estate, _) = generated(seed);
        let all = differences(&estate);
        let before = fingerprints(&all);
        assert_eq!(before, fingerprints(&group(all.clone())));
        for rule in rules() {
            assert_eq!(
                before,
                fingerprints(&group_without(all.clone(), &[rule])),
                "{rule}"
            );
        }
        // In any order of input.
        let found: Vec<String> = group(all.clone())
            .iter()
            .map(|one| format!("{one:?}"))
            .collect();
        let mut shuffled = all;
        shuffled.reverse();
        let again: Vec<String> = group(shuffled)
            .iter()
            .map(|one| format!("{one:?}"))
            .collect();
        let (mut one, mut two) = (found.clone(), again.clone());
        one.sort();
        two.sort();
        assert!(one == two, "seed {seed}");
    }
}

/// No rule is useless. Prints the table of the decision on causes: `cargo test --test program savings -- --nocapture`.
#[test]
fn each_rule_saves_findings() {
    let estates: Vec<Vec<Defect>> = (0..5).map(|seed| differences(&generated(seed).0)).collect();
    let count = |without: &[&str]| -> usize {
        let counts = estates
            .iter()
            .map(|all| group_without(all.clone(), without).len());
        counts.sum()
    };
    let all: Vec<&str> = rules().collect();
    let with = count(&[]);
    let places: usize = estates.iter().map(Vec::len).sum();
    eprintln!(
        "places {places}, without any rule {}, with all {with}",
        count(&all)
    );
    for rule in all {
        let without = count(&[rule]);
        eprintln!("| {rule} | {without} |");
        assert!(without > with, "{rule} saves nothing");
    }
}
