//! Order of the layers: a crate names only those below it, a module uses only those below its own, and modules of one
//! line do not use each other.
//!
//! Parses the sources: paths and `use` trees with their groups, without test code.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use syn::visit::Visit;

/// Modules of each package, from the top down; modules of one line are on one level.
///
/// A crate whose folders have no order (`document`: one folder a format) has one line.
const PACKAGES: &[(&str, &[&[&str]])] = &[
    (
        "src",
        &[
            &["cli"],
            &["operation"],
            &["report"],
            &["suite"],
            &["world"],
        ],
    ),
    (
        "crates/core/src",
        &[
            &["release", "recorded"],
            &["gate", "checkpoint", "doubt"],
            &["apply"],
            &["plan"],
            &["parity", "history"],
            &["documents"],
            &["drift"],
            &["observe"],
            &["environment"],
            &["kind"],
        ],
    ),
    ("crates/comparison/src", &[&["discovery"], &["*"]]),
    (
        "crates/ledger/src",
        &[
            &["conformance"],
            &["folder", "git", "memory", "postgres"],
            &["shared"],
            &["*"],
        ],
    ),
    (
        "crates/signature/src",
        &[
            &["testing"],
            &["approvers"],
            &["statement", "signature", "decision", "request"],
            &["key"],
            &["dates", "wire", "codes"],
        ],
    ),
    (
        "crates/model/src",
        &[&["defect"], &["source"], &["*"], &["text"]],
    ),
];

/// Packages that each package may name, besides external ones.
const CRATES: &[(&str, &[&str])] = &[
    ("crates/model", &[]),
    ("crates/allocator", &[]),
    ("crates/document", &["model"]),
    ("crates/comparison", &["document", "model"]),
    ("crates/host", &["model"]),
    ("crates/agent", &["host", "model"]),
    ("crates/signature", &["model"]),
    ("crates/ledger", &["model"]),
    (
        "crates/core",
        &[
            "comparison",
            "document",
            "host",
            "ledger",
            "model",
            "signature",
        ],
    ),
    (
        ".",
        &[
            "allocator",
            "comparison",
            "core",
            "document",
            "host",
            "ledger",
            "model",
            "signature",
        ],
    ),
];

/// Uses of a file's own crate, by the first name after `crate`.
#[derive(Default)]
struct Uses {
    modules: Vec<String>,
}

impl Visit<'_> for Uses {
    fn visit_path(&mut self, path: &syn::Path) {
        let mut segments = path.segments.iter();
        if segments.next().is_some_and(|first| first.ident == "crate")
            && let Some(module) = segments.next()
        {
            self.modules.push(module.ident.to_string());
        }
        syn::visit::visit_path(self, path);
    }

    fn visit_item_use(&mut self, item: &syn::ItemUse) {
        if is_for_tests(&item.attrs) {
            return;
        }
        if let syn::UseTree::Path(path) = &item.tree
            && path.ident == "crate"
        {
            first_names(&path.tree, &mut self.modules);
        }
    }

    fn visit_item_mod(&mut self, item: &syn::ItemMod) {
        if !is_for_tests(&item.attrs) {
            syn::visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_fn(&mut self, item: &syn::ItemFn) {
        if !is_for_tests(&item.attrs) {
            syn::visit::visit_item_fn(self, item);
        }
    }

    fn visit_item_impl(&mut self, item: &syn::ItemImpl) {
        if !is_for_tests(&item.attrs) {
            syn::visit::visit_item_impl(self, item);
        }
    }

    /// Macros hide their paths from the syntax tree; `crate :: module` in their tokens counts as well.
    fn visit_macro(&mut self, macro_: &syn::Macro) {
        let text = macro_.tokens.to_string().replace(' ', "");
        for (start, _) in text.match_indices("crate::") {
            let rest = &text[start + "crate::".len()..];
            let end = rest
                .find(|each: char| !(each.is_alphanumeric() || each == '_'))
                .unwrap_or(rest.len());
            self.modules.push(rest[..end].to_owned());
        }
        syn::visit::visit_macro(self, macro_);
    }
}

fn first_names(tree: &syn::UseTree, names: &mut Vec<String>) {
    match tree {
        syn::UseTree::Path(path) => names.push(path.ident.to_string()),
        syn::UseTree::Name(name) => names.push(name.ident.to_string()),
        syn::UseTree::Rename(rename) => names.push(rename.ident.to_string()),
        syn::UseTree::Group(group) => {
            for each in &group.items {
                first_names(each, names);
            }
        }
        syn::UseTree::Glob(_) => names.push("*".to_owned()),
    }
}

pub(super) fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("test")
            || (attribute.path().is_ident("cfg")
                && attribute
                    .parse_args::<syn::Path>()
                    .is_ok_and(|path| path.is_ident("test")))
    })
}

/// Test modules: `#[cfg(test)] mod state_tests;` in a separate file.
#[derive(Default)]
struct TestModules {
    names: Vec<String>,
}

impl Visit<'_> for TestModules {
    fn visit_item_mod(&mut self, item: &syn::ItemMod) {
        if is_for_tests(&item.attrs) && item.content.is_none() {
            self.names.push(item.ident.to_string());
        }
        syn::visit::visit_item_mod(self, item);
    }
}

/// Returns the violations of the order, as `drift/mod.rs uses crate::plan`, from each file's path below `src/` and
/// text.
fn violations(layers: &[&[&str]], files: &BTreeMap<String, String>) -> Vec<String> {
    // `*` is every module that no other line names.
    let line_of = |module: &str| {
        let place = |name: &str| layers.iter().position(|line| line.contains(&name));
        place(module).or_else(|| place("*"))
    };
    let parsed: BTreeMap<&String, syn::File> = files
        .iter()
        .map(|(path, text)| (path, syn::parse_file(text).expect(path)))
        .collect();
    let mut for_tests: Vec<String> = Vec::new();
    for (path, file) in &parsed {
        let mut found = TestModules::default();
        found.visit_file(file);
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        // Beside it with `#[path]`, or in the folder of its name.
        for folder in [folder, path.trim_end_matches(".rs")] {
            let below = if folder.is_empty() {
                String::new()
            } else {
                format!("{folder}/")
            };
            for name in &found.names {
                for_tests.push(format!("{below}{name}.rs"));
                for_tests.push(format!("{below}{name}/"));
            }
        }
    }
    let mut wrong = Vec::new();
    for (path, file) in &parsed {
        let module = match path.split_once('/') {
            Some((module, _)) => module,
            None if ["lib.rs", "main.rs"].contains(&path.as_str()) => continue,
            None => path.trim_end_matches(".rs"),
        };
        if for_tests
            .iter()
            .any(|test| *path == test || (test.ends_with('/') && path.starts_with(test.as_str())))
        {
            continue;
        }
        let Some(own) = line_of(module) else {
            wrong.push(format!("{path}: `{module}` is no layer"));
            continue;
        };
        let mut uses = Uses::default();
        uses.visit_file(file);
        uses.modules.sort();
        uses.modules.dedup();
        for used in uses.modules.iter().filter(|used| *used != module) {
            // An item of the crate's root is not a module, and the line of `*` is one module.
            if used.starts_with(char::is_uppercase) {
                continue;
            }
            match line_of(used) {
                Some(line) if line > own || (line == own && layers[line] == ["*"]) => {}
                Some(_) => wrong.push(format!("{path} uses crate::{used}")),
                None => wrong.push(format!("{path} uses crate::{used}, which is no layer")),
            }
        }
    }
    wrong
}

pub(super) fn source_files(folder: &Path, below: &str, files: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path: PathBuf = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let shown = format!("{below}{name}");
        if path.is_dir() {
            source_files(&path, &format!("{shown}/"), files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.insert(shown, std::fs::read_to_string(&path).unwrap());
        }
    }
}

fn files_of(package: &str) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    source_files(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join(package),
        "",
        &mut files,
    );
    assert!(!files.is_empty(), "{package} was not found");
    files
}

/// Returns the source folders of every package of the workspace.
fn sources() -> Vec<String> {
    let mut folders = vec!["src".to_owned(), "examples/guestbook/src".to_owned()];
    folders.extend(
        CRATES
            .iter()
            .filter(|(package, _)| *package != ".")
            .map(|(package, _)| format!("{package}/src")),
    );
    folders
}

fn of(files: &[(&str, &str)]) -> BTreeMap<String, String> {
    files
        .iter()
        .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()))
        .collect()
}

#[test]
fn modules_use_only_what_is_below_them() {
    for (package, layers) in PACKAGES {
        let wrong = violations(layers, &files_of(package));
        assert!(wrong.is_empty(), "{package}:\n{}", wrong.join("\n"));
    }
}

#[test]
fn crates_name_only_those_below_them() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut there: Vec<String> = std::fs::read_dir(root.join("crates"))
        .unwrap()
        .map(|entry| format!("crates/{}", entry.unwrap().file_name().to_str().unwrap()))
        .chain([".".to_owned()])
        .collect();
    there.sort();
    let mut listed: Vec<&str> = CRATES.iter().map(|(package, _)| *package).collect();
    listed.sort_unstable();
    assert_eq!(there, listed, "list every crate in CRATES");
    for (package, allowed) in CRATES {
        let text = std::fs::read_to_string(root.join(package).join("Cargo.toml")).unwrap();
        let manifest: toml::Table = text.parse().unwrap();
        let dependencies = manifest["dependencies"].as_table().unwrap();
        for name in dependencies.keys() {
            if let Some(own) = name.strip_prefix("evenkeel-") {
                assert!(allowed.contains(&own), "{package} depends on {name}");
            }
        }
    }
}

#[test]
fn every_file_has_a_purpose() {
    for package in sources() {
        let silent: Vec<String> = files_of(&package)
            .into_iter()
            .filter(|(_, text)| !text.starts_with("//! "))
            .map(|(path, _)| path)
            .collect();
        assert!(silent.is_empty(), "{package}: begin with `//!`: {silent:?}");
    }
}

#[test]
fn libraries_list_their_modules_from_the_top_down() {
    for (package, layers) in PACKAGES {
        let files = files_of(package);
        let library = syn::parse_file(&files["lib.rs"]).unwrap();
        let lines: Vec<(String, Option<usize>)> = library
            .items
            .iter()
            .filter_map(|item| match item {
                syn::Item::Mod(item) if !is_for_tests(&item.attrs) => Some(item.ident.to_string()),
                _ => None,
            })
            .map(|name| {
                let place = |name: &str| layers.iter().position(|line| line.contains(&name));
                let line = place(&name).or_else(|| place("*"));
                (name, line)
            })
            .collect();
        for pair in lines.windows(2) {
            assert!(
                pair[0].1.is_some() && pair[0].1 <= pair[1].1,
                "{package}: lib.rs lists `{}` before `{}`",
                pair[0].0,
                pair[1].0
            );
        }
    }
}

const EXAMPLE: &[&[&str]] = &[&["plan"], &["drift"], &["target", "ledger"], &["model"]];

#[test]
fn a_reversed_pair_and_a_neighbour_are_reported() {
    let reported = |path: &str, text: &str| violations(EXAMPLE, &of(&[(path, text)]));
    assert!(reported("plan/mod.rs", "use crate::drift::live;").is_empty());
    assert_eq!(
        reported("drift/mod.rs", "use crate::plan;"),
        ["drift/mod.rs uses crate::plan"]
    );
    assert_eq!(
        reported("target/a.rs", "use crate::ledger::Ledger;"),
        ["target/a.rs uses crate::ledger"]
    );
}

#[test]
fn every_form_of_use_is_found() {
    let reported = |text: &str| !violations(EXAMPLE, &of(&[("drift/mod.rs", text)])).is_empty();
    assert!(reported("use crate::{model, plan::{make, recipe}};"));
    assert!(reported("use crate::plan as other;"));
    assert!(reported("use crate::*;"));
    assert!(reported("fn a() -> crate::plan::Plan { todo!() }"));
    assert!(reported("fn a() { crate::plan::make(); }"));
    assert!(reported(
        "fn a() { println!(\"{}\", crate::plan::make()); }"
    ));
    assert!(reported("fn a() { use crate::plan::make; }"));
    assert!(reported("impl crate::plan::Shape for u8 {}"));
    assert!(!reported("#[cfg(test)] mod tests { use crate::plan; }"));
    assert!(!reported("#[cfg(test)] use crate::plan;"));
    let whole = of(&[
        ("drift/mod.rs", "#[cfg(test)] mod whole_tests;"),
        ("drift/whole_tests.rs", "use crate::plan;"),
    ]);
    assert!(violations(EXAMPLE, &whole).is_empty());
}
