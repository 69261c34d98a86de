//! Documents name existing files, and the steps of `docs/extending.md` lead to existing tests.

use super::files::{documents, root, text};

/// Returns the texts between backticks.
fn quoted(section: &str) -> Vec<&str> {
    section.split('`').skip(1).step_by(2).collect()
}

/// Returns the paths of files and folders, without templates of names.
fn paths(section: &str) -> Vec<&str> {
    quoted(section)
        .into_iter()
        .filter(|each| each.contains('/') && !each.contains([' ', '*', '{']))
        .filter(|each| !each.contains(char::is_uppercase))
        .filter(|each| {
            each.starts_with("crates/")
                || each.starts_with("src/")
                || each.starts_with("tests/")
                || each.starts_with("docs/")
        })
        .collect()
}

/// Returns the names of tests, each with the file that is named next.
fn tests(section: &str) -> Vec<(&str, &str)> {
    let all = quoted(section);
    let is_test = |each: &str| {
        each.matches('_').count() > 2 && each.chars().all(|c| c == '_' || c.is_ascii_lowercase())
    };
    all.windows(2)
        .filter(|pair| is_test(pair[0]) && pair[1].ends_with(".rs"))
        .map(|pair| (pair[0], pair[1]))
        .collect()
}

#[test]
fn every_step_names_existing_things() {
    let document = text(&root().join("docs/extending.md"));
    let paths = paths(&document);
    assert!(paths.len() > 10, "{paths:?}");
    for path in paths {
        assert!(root().join(path).exists(), "{path} does not exist");
    }
    let tests = tests(&document);
    assert!(tests.len() > 4, "{tests:?}");
    for (test, path) in tests {
        let found = text(&root().join(path)).contains(&format!("fn {test}()"));
        assert!(found, "{path} has no test {test}");
    }
}

#[test]
fn every_document_names_files_that_exist() {
    let mut missing = Vec::new();
    for (document, text) in documents() {
        for path in paths(&text) {
            // A line may follow a file: `src/main.rs:12`.
            let file = path.split(':').next().unwrap_or(path);
            if !root().join(file).exists() {
                missing.push(format!("{}: {path}", document.display()));
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn the_steps_of_a_kind_are_numbered_and_name_one_file_and_one_list() {
    let document = text(&root().join("docs/extending.md"));
    let section = document
        .split("\n## ")
        .find(|section| section.starts_with("A kind of resource"))
        .unwrap();
    let steps: Vec<&str> = section
        .lines()
        .filter(|line| line.starts_with(|first: char| first.is_ascii_digit()))
        .collect();
    for (number, step) in steps.iter().enumerate() {
        assert!(step.starts_with(&format!("{}. ", number + 1)), "{step}");
    }
    assert!(steps[0].contains("`crates/core/src/kind/KIND.rs`"));
    let list = text(&root().join("crates/core/src/kind/mod.rs"));
    assert!(section.contains("`kinds! { … }`") && list.contains("\nkinds! {"));
    assert!(
        !list.contains("\nmod file;"),
        "the list makes the `mod` lines"
    );
}
