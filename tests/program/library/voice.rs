//! Banned words in the texts of the workspace: comments, documentation, messages, and names.
//!
//! The test searches whole files, across line breaks within a comment, and reads `_` in names as a blank. Each folder
//! is listed once its texts follow the rules; add folders to [`FOLDERS`], and exceptions only after a review.

use std::path::{Path, PathBuf};

use regex::Regex;

/// Folders and files whose texts follow the rules.
const FOLDERS: &[&str] = &[
    ".ci",
    ".pre-commit-hooks.yaml",
    "Cargo.toml",
    "action.yml",
    "benches",
    "clippy.toml",
    "crates",
    "deny.toml",
    "docs/decisions",
    "environments",
    "examples",
    "fixtures/definitions",
    "fixtures/earlier/README.md",
    "fixtures/earlier/make.sh",
    "packaging",
    "schemas",
    "src",
    "tests",
];

/// Pages whose texts follow the rules. Generated pages take their texts from the folders of the code.
const PAGES: &[&str] = &[
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "README.md",
    "SECURITY.md",
    "docs/README.md",
    "docs/architecture.md",
    "docs/documents.md",
    "docs/dora.md",
    "docs/exit-codes.md",
    "docs/extending.md",
    "docs/formats.md",
    "docs/glossary.md",
    "docs/how-to",
    "docs/installation.md",
    "docs/ledger.md",
    "docs/performance.md",
    "docs/promises.md",
    "docs/report.md",
    "docs/safety.md",
    "docs/schemas.md",
    "docs/secrets.md",
    "docs/tutorial.md",
];

/// File extensions with texts for users or contributors; files without an extension are checked too.
const EXTENSIONS: &[&str] = &[
    "json", "md", "py", "rs", "sh", "snap", "toml", "yaml", "yml",
];

/// Banned words and phrases, as alternatives of one pattern.
const BANNED: &[&str] = &[
    "told",
    "nobody",
    "somebody",
    "whoever",
    "anew",
    "mend(s|ed|ing)?",
    "(cannot|can|could|to|not) be had",
    "there (is|are) none to have",
    "of (its|their) own",
    "as it was",
    "there already",
    "look(s|ed|ing)? at",
    "(is|are) said",
    "by hand",
    "stands",
    "by the \\w+('s)? (own )?account",
    "declared no longer",
];

/// Reviewed exceptions: a path and the text around a banned word.
const EXCEPTIONS: &[(&str, &str)] = &[
    // Names that exist on no machine.
    ("crates/agent/tests/host/files.rs", "nobody-of-that-name"),
    ("crates/host/src/local/owners.rs", "nobody-here"),
];

/// This file, which lists the banned words.
const THIS: &str = "tests/program/library/voice.rs";

/// A text without line breaks and comment markers, and the line of each of its bytes.
struct Flat {
    text: String,
    lines: Vec<usize>,
}

impl Flat {
    fn new(source: &str) -> Self {
        let mut flat = Self {
            text: String::new(),
            lines: Vec::new(),
        };
        for (number, line) in source.lines().enumerate() {
            let line = line.trim();
            let text = line
                .trim_start_matches('/')
                .trim_start_matches(['!', '#'])
                .trim_start();
            flat.text.push_str(text);
            flat.text.push(' ');
            flat.lines.resize(flat.text.len(), number + 1);
        }
        flat
    }

    /// Returns the text around a range, for messages and exceptions.
    fn around(&self, start: usize, end: usize) -> &str {
        let start = self.text.floor_char_boundary(start.saturating_sub(20));
        let end = self
            .text
            .ceil_char_boundary((end + 20).min(self.text.len()));
        &self.text[start..end]
    }
}

fn pattern() -> Regex {
    Regex::new(&format!(r"(?i)\b({})\b", BANNED.join("|"))).unwrap()
}

/// Returns each banned word of a text as `path:line: context`.
fn findings(pattern: &Regex, path: &str, source: &str) -> Vec<String> {
    let flat = Flat::new(source);
    // `_` is as long as a blank, so positions stay the same.
    let words = flat.text.replace('_', " ");
    pattern
        .find_iter(&words)
        .filter(|found| {
            found.as_str().to_lowercase() != "stands" || !words[found.end()..].starts_with(" for")
        })
        .map(|found| {
            (
                flat.lines[found.start()],
                flat.around(found.start(), found.end()),
            )
        })
        .filter(|(_, around)| {
            !EXCEPTIONS
                .iter()
                .any(|(folder, text)| path.starts_with(folder) && around.contains(text))
        })
        .map(|(line, around)| format!("{path}:{line}: {around}"))
        .collect()
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_none_or(|extension| {
            EXTENSIONS
                .iter()
                .any(|known| extension.eq_ignore_ascii_case(known))
        }) {
            found.push(path);
        }
    }
}

/// Returns a file, or all files of a folder in order.
fn files_at(place: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    if place.is_dir() {
        files(place, &mut found);
        found.sort();
    } else {
        found.push(place.to_owned());
    }
    found
}

#[test]
fn listed_folders_contain_no_banned_words() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let pattern = pattern();
    let mut all = Vec::new();
    for place in FOLDERS.iter().chain(PAGES) {
        let found = files_at(&root.join(place));
        assert!(!found.is_empty(), "{place} contains no files");
        for file in found {
            let path = file.strip_prefix(root).unwrap().to_str().unwrap();
            if path == THIS {
                continue;
            }
            // Fixtures of invalid encodings are not text.
            let Ok(source) = std::fs::read_to_string(&file) else {
                continue;
            };
            all.extend(findings(&pattern, path, &source));
        }
    }
    assert!(all.is_empty(), "banned words:\n{}", all.join("\n"));
}

#[test]
fn banned_words_are_found_in_comments_strings_and_names() {
    let pattern = pattern();
    let found = |source: &str| findings(&pattern, "crates/x.rs", source).len();
    assert_eq!(found("/// A value of its\n/// own.\n"), 1);
    assert_eq!(found("let message = \"Nobody holds it\";"), 1);
    assert_eq!(found("fn a_panic_is_told() {}"), 1);
    assert_eq!(found("// The `*` stands for any characters."), 0);
    assert_eq!(found("// It stands here."), 1);
    assert_eq!(found("// A mended file, untold outstanding amendments."), 1);
    let line = &findings(&pattern, "crates/x.rs", "a\n\n// told\n")[0];
    assert!(line.starts_with("crates/x.rs:3: "), "{line}");
}

#[test]
fn every_exception_is_needed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (path, text) in EXCEPTIONS {
        assert!(
            files_at(&root.join(path))
                .iter()
                .any(|file| std::fs::read_to_string(file).unwrap().contains(text)),
            "{path} does not contain {text}"
        );
    }
}
