//! What each rule of grouping saves on an estate, how long grouping takes, and that it loses nothing.

use std::time::Instant;

use evenkeel_comparison::{FileContent, Files, Identities, Identity, Rules, compare_files};
use evenkeel_core::drift::documents::{ComparedDocument, disparities};
use evenkeel_core::drift::{group, group_without, rules};
use evenkeel_model::defect::Defect;
use evenkeel_model::source::SourceFile;
use evenkeel_model::{Digest, EnvironmentName};

use super::generated;
use super::service::{ACCOUNTS, DOCUMENTS, DOMAINS, Estate};

/// All differences of an estate, before anything is brought together.
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
        // In whatever order they come.
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

/// The table of the decision on causes: `cargo test --release --test program savings -- --ignored --nocapture`.
#[test]
#[ignore = "prints a table, and asserts nothing"]
fn what_each_rule_saves() {
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
        eprintln!(
            "| {rule} | {} | {} |",
            count(&[rule]),
            count(&[rule]) - with
        );
    }
}

/// Grouping costs about as much for each difference, however many there are.
#[test]
#[ignore = "measures"]
fn grouping_takes_time_in_proportion() {
    let text = |side: usize, count: usize| -> String {
        (0..count)
            .map(|n| {
                let level = ["debug", "info"][side];
                let more = if side == 0 { "" } else { ", extra: 1" };
                format!(
                    "a{n}: {{level: {level}, memory: {}Mi, url: http://h{}.x{side}.invalid, name: n{n}{more}}}\n",
                    100 + side + n % 900,
                    n + side
                )
            })
            .collect()
    };
    let (one, two) = (
        EnvironmentName::new("staging"),
        EnvironmentName::new("production"),
    );
    for count in [3_125, 12_500, 50_000] {
        let [left, right] = [0, 1].map(|side| {
            let file = SourceFile::new(format!("{side}.yaml"), text(side, count));
            [(String::new(), FileContent::Text(file))].into()
        });
        let files = [&left, &right].map(|files| Files {
            files,
            whole: true,
            beneath: &[],
            shape: evenkeel_comparison::Shape::default(),
        });
        let started = Instant::now();
        let found = compare_files(files[0], files[1], None, &Rules::default());
        let compared = started.elapsed();
        let found = disparities(&ComparedDocument {
            name: &"a".into(),
            between: (&one, &two),
            siblings: false,
            located: found.located,
        });
        let named = started.elapsed();
        let defects: Vec<Defect> = found.into_iter().map(|found| found.defect).collect();
        let places = defects.len();
        let grouped = group(defects).len();
        eprintln!(
            "{places} differences: compared in {compared:?}, named by {named:?}, {grouped} causes by {:?}",
            started.elapsed()
        );
    }
}
