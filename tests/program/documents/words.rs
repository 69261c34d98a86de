//! Files, environment variables and exit codes in documents exist.

use std::collections::BTreeSet;
use std::path::Path;

use evenkeel::operation::Failure;
use evenkeel_ledger::LedgerError;

use super::files::{below, documents, root, text};

/// Returns the targets of all links in a document, outside of code.
pub fn links(document: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut fenced = false;
    for line in document.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
            continue;
        }
        if fenced {
            continue;
        }
        // Every second part is between backticks.
        let plain: String = line.split('`').step_by(2).collect::<Vec<_>>().join("code");
        for (start, _) in plain.match_indices("](") {
            let rest = &plain[start + 2..];
            let end = rest
                .find(')')
                .unwrap_or_else(|| panic!("a link without an end: {line}"));
            found.push(rest[..end].to_owned());
        }
    }
    assert!(!fenced, "code without an end");
    found
}

#[test]
fn links_lead_somewhere() {
    let mut dead = Vec::new();
    for (path, document) in documents() {
        for link in links(&document) {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            let (file, _) = link.split_once('#').unwrap_or((&link, ""));
            let there = path.parent().unwrap().join(file);
            if !file.is_empty() && !there.exists() {
                dead.push(format!("{}: {link}", path.display()));
            }
        }
    }
    assert!(dead.is_empty(), "{dead:#?}");
}

#[test]
fn links_are_found() {
    let document = "[a](b.md) `[c](d)` [e `f` g](h#i)\n```\n[j](k)\n```\n";
    assert_eq!(links(document), ["b.md", "h#i"]);
}

/// Returns evenkeel's environment variables in a text.
fn variables(text: &str) -> BTreeSet<String> {
    text.match_indices("EVENKEEL_")
        .map(|(start, _)| {
            text[start..]
                .chars()
                .take_while(|each| each.is_ascii_uppercase() || *each == '_')
                .collect()
        })
        .collect()
}

#[test]
fn every_variable_in_a_document_is_in_the_code() {
    let mut known = BTreeSet::new();
    for folder in ["src", "crates", "tests", "benches", "examples"] {
        let folder = root().join(folder);
        if folder.is_dir() {
            for path in below(&folder, &["rs"]) {
                known.extend(variables(&text(&path)));
            }
        }
    }
    // Recipes for CI use further variables.
    for path in below(&root().join("packaging"), &["yml"]) {
        known.extend(variables(&text(&path)));
    }
    for (path, document) in documents() {
        for variable in variables(&document) {
            assert!(known.contains(&variable), "{}: {variable}", path.display());
        }
    }
}

/// Returns the numbers in a text.
fn numbers(text: &str) -> BTreeSet<u8> {
    text.split(|each: char| !each.is_ascii_digit())
        .filter_map(|part| part.parse().ok())
        .collect()
}

/// Returns the codes in `docs/exit-codes.md`: the first column of its table.
fn documented() -> BTreeSet<u8> {
    text(&root().join("docs/exit-codes.md"))
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split('|').next())
        .flat_map(numbers)
        .collect()
}

#[test]
fn exit_codes_are_documented_like_in_the_help() {
    let reference = evenkeel::cli::reference();
    let help = reference
        .split_once("Exit codes:")
        .and_then(|(_, rest)| rest.split_once("```"))
        .map(|(codes, _)| numbers(codes))
        .unwrap();
    assert_eq!(documented(), help);
}

#[test]
fn every_failure_ends_with_a_documented_code() {
    let documented = documented();
    let ledger = |error: LedgerError| Failure::Ledger(error);
    let failures = [
        (1, Failure::Definitions(Vec::new())),
        (64, Failure::Usage(String::new())),
        (
            4,
            Failure::Stale {
                reason: String::new(),
                changes: Vec::new(),
            },
        ),
        (
            3,
            Failure::Refused {
                reason: String::new(),
                help: String::new(),
            },
        ),
        (130, Failure::Interrupted),
        (1, Failure::other("")),
        (
            7,
            ledger(LedgerError::Broken {
                sequence: 1,
                reason: String::new(),
            }),
        ),
        (
            7,
            ledger(LedgerError::Missing {
                path: String::new(),
                head: String::new(),
            }),
        ),
        (
            5,
            ledger(LedgerError::Held {
                environment: evenkeel_model::EnvironmentName::new("staging"),
                holder: String::new(),
            }),
        ),
        (
            1,
            ledger(LedgerError::Foreign {
                path: String::new(),
                found: String::new(),
                expected: String::new(),
            }),
        ),
    ];
    for (code, failure) in failures {
        assert_eq!(failure.exit_code(), code, "{failure:?}");
        assert!(documented.contains(&code), "{code}");
    }
}

#[test]
fn documents_name_only_documented_exit_codes() {
    let known = documented();
    for (path, document) in documents() {
        // The worked example's programs have their own exit codes.
        if path.starts_with(root().join("examples")) {
            continue;
        }
        let flat = document.split_whitespace().collect::<Vec<_>>().join(" ");
        for (start, words) in flat.match_indices("exit code ") {
            let rest = &flat[start + words.len()..];
            let number: String = rest.chars().take_while(char::is_ascii_digit).collect();
            if let Ok(number) = number.parse() {
                assert!(known.contains(&number), "{}: {number}", shown(&path));
            }
        }
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
