//! The book is complete, and every link in it leads to a page, a heading or a file of the book.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use super::super::documents::files::{below, root, text};
use super::super::documents::words::links;

/// The pages that the summary lists, below `docs`.
fn listed() -> BTreeSet<String> {
    links(&text(&root().join("docs/SUMMARY.md")))
        .into_iter()
        .collect()
}

/// All pages in `docs`, with their texts.
fn pages() -> BTreeMap<String, String> {
    let folder = root().join("docs");
    below(&folder, &["md"])
        .into_iter()
        .map(|path| {
            let name = path.strip_prefix(&folder).unwrap().display().to_string();
            (name, text(&path))
        })
        .filter(|(name, _)| name != "SUMMARY.md")
        .collect()
}

/// The anchors of a page's headings, as mdBook and GitHub make them.
fn anchors(page: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut fence = None;
    for line in page.lines() {
        let ticks = line.chars().take_while(|each| *each == '`').count();
        if ticks > 2 && fence.is_none_or(|open| open == ticks) {
            fence = fence.is_none().then_some(ticks);
        }
        let Some(heading) = line.strip_prefix('#').filter(|_| fence.is_none()) else {
            continue;
        };
        let heading = heading.trim_start_matches('#').trim();
        let anchor: String = heading
            .chars()
            .filter(|each| each.is_alphanumeric() || [' ', '-', '_'].contains(each))
            .map(|each| {
                if each == ' ' {
                    '-'
                } else {
                    each.to_ascii_lowercase()
                }
            })
            .collect();
        let mut name = anchor.clone();
        let mut number = 0;
        while !found.insert(name.clone()) {
            number += 1;
            name = format!("{anchor}-{number}");
        }
    }
    found
}

/// A path without `.` and `..`; `None` where it leads out of the book.
fn inside(from: &str, link: &str) -> Option<String> {
    let mut path = PathBuf::new();
    for part in Path::new(from).parent().unwrap().join(link).components() {
        match part {
            Component::ParentDir => path.pop().then_some(())?,
            Component::Normal(part) => path.push(part),
            _ => {}
        }
    }
    Some(path.display().to_string())
}

#[test]
fn the_summary_lists_every_page() {
    let listed = listed();
    let pages: BTreeSet<String> = pages().into_keys().collect();
    let missing: Vec<_> = pages.difference(&listed).collect();
    assert!(
        missing.is_empty(),
        "docs/SUMMARY.md does not list {missing:?}"
    );
    let dead: Vec<_> = listed.difference(&pages).collect();
    assert!(dead.is_empty(), "docs/SUMMARY.md lists {dead:?}");
}

#[test]
fn the_summary_lists_decisions_by_their_titles() {
    let file = root().join("docs/SUMMARY.md");
    let before = text(&file);
    let mut expected: Vec<String> = before
        .lines()
        .filter(|line| !line.starts_with("  - ["))
        .map(str::to_owned)
        .collect();
    for (name, page) in pages() {
        if name.starts_with("decisions/") && name != "decisions/README.md" {
            let title = page.lines().next().unwrap().trim_start_matches("# ");
            expected.push(format!("  - [{title}]({name})"));
        }
    }
    let expected = expected.join("\n") + "\n";
    if std::env::var_os("EVENKEEL_BLESS").is_some_and(|value| value == "1") {
        std::fs::write(file, expected).unwrap();
        return;
    }
    assert!(
        before == expected,
        "docs/SUMMARY.md must list each decision with its title: EVENKEEL_BLESS=1 cargo test --test program book"
    );
}

#[test]
fn links_of_the_book_lead_to_its_pages_headings_and_files() {
    let pages = pages();
    let mut dead = Vec::new();
    for (name, page) in &pages {
        for link in links(page) {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            let (file, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let target = if file.is_empty() {
                Some(name.clone())
            } else {
                inside(name, file)
            };
            let leads = target.is_some_and(|target| match pages.get(&target) {
                Some(page) => anchor.is_empty() || anchors(page).contains(anchor),
                None => anchor.is_empty() && root().join("docs").join(target).is_file(),
            });
            if !leads {
                dead.push(format!("docs/{name}: {link}"));
            }
        }
    }
    assert!(
        dead.is_empty(),
        "links without a target in the book:\n{}",
        dead.join("\n")
    );
}

#[test]
fn anchors_are_those_of_headings() {
    let page = "# A `b` c\n```text\n# no\n```\n## [x.NAME]\n## [x.NAME]\n";
    let expected = ["a-b-c", "xname", "xname-1"].map(str::to_owned);
    assert_eq!(anchors(page), BTreeSet::from(expected));
}

#[test]
fn a_link_out_of_the_book_is_found() {
    assert_eq!(inside("how-to/a.md", "../b.md").as_deref(), Some("b.md"));
    assert_eq!(inside("how-to/a.md", "../../b.md"), None);
}

#[test]
fn the_readme_fits_one_screen() {
    let readme = text(&root().join("README.md"));
    let mut lines = 0;
    let mut hidden = false;
    for line in readme.lines() {
        hidden |= line == "<!-- setup";
        lines += usize::from(!hidden);
        hidden &= line != "-->";
    }
    assert!(lines <= 56, "README.md has {lines} lines");
}
