//! Finds documents.

use std::fs;
use std::path::{Path, PathBuf};

/// Returns the project's directory.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Returns the text of a file of the project.
pub fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Returns all files below a directory with one of these extensions, sorted, without build results and records.
pub fn below(directory: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = walkdir::WalkDir::new(directory)
        .into_iter()
        .filter_entry(|entry| {
            entry.depth() == 0
                || !entry.file_name().to_str().is_some_and(|name| {
                    name.starts_with('.') || ["target", "run", "node_modules"].contains(&name)
                })
        })
        .map(Result::unwrap)
        .filter(|entry| entry.file_type().is_file())
        .map(walkdir::DirEntry::into_path)
        .filter(|path| {
            path.extension()
                .and_then(|ending| ending.to_str())
                .is_some_and(|ending| endings.contains(&ending))
        })
        .collect();
    found.sort();
    found
}

/// Returns all Markdown documents.
pub fn documents() -> Vec<(PathBuf, String)> {
    let found: Vec<_> = below(&root(), &["md"])
        .into_iter()
        .map(|path| (path.clone(), text(&path)))
        .collect();
    assert!(found.len() > 5, "the documents are gone");
    found
}
