//! The order of the layers: a module uses only those below its own, and modules of one line do not use each other.
//!
//! Reads `src/` as syntax, not as text: paths and `use` trees with their groups, without what only tests compile.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use syn::visit::Visit;

/// From the top down; modules of one line are beside each other.
const LAYERS: &[&[&str]] = &[
    &["cli"],
    &["operation"],
    &["report"],
    &["gate"],
    &["suite"],
    &["apply"],
    &["plan"],
    &["drift"],
    &["observe"],
    &["environment"],
    &["kind"],
    &["discovery"],
    &["comparison"],
    &["document"],
    &["target", "ledger"],
    &["defect"],
    &["source"],
    &["model", "text"],
];

/// What one file uses of its own crate, by the first name after `crate`.
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

    /// Macros hide their paths from the syntax tree; `crate :: module` in their tokens counts all the same.
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

fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("test")
            || (attribute.path().is_ident("cfg")
                && attribute
                    .parse_args::<syn::Path>()
                    .is_ok_and(|path| path.is_ident("test")))
    })
}

/// Modules that only tests compile: `#[cfg(test)] mod state_tests;` is a file of its own.
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

/// What is wrong with the order, as `drift/mod.rs uses crate::plan`. Takes each file's path below `src/` and text.
fn violations(files: &BTreeMap<String, String>) -> Vec<String> {
    let line_of = |module: &str| LAYERS.iter().position(|line| line.contains(&module));
    let parsed: BTreeMap<&String, syn::File> = files
        .iter()
        .map(|(path, text)| (path, syn::parse_file(text).expect(path)))
        .collect();
    let mut for_tests: Vec<String> = Vec::new();
    for (path, file) in &parsed {
        let mut found = TestModules::default();
        found.visit_file(file);
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for name in found.names {
            for_tests.push(format!("{folder}/{name}.rs"));
            for_tests.push(format!("{folder}/{name}/"));
        }
    }
    let mut wrong = Vec::new();
    for (path, file) in &parsed {
        let Some((module, _)) = path.split_once('/') else {
            continue;
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
            match line_of(used) {
                Some(line) if line > own => {}
                Some(_) => wrong.push(format!("{path} uses crate::{used}")),
                None => wrong.push(format!("{path} uses crate::{used}, which is no layer")),
            }
        }
    }
    wrong
}

fn source_files(folder: &Path, below: &str, files: &mut BTreeMap<String, String>) {
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

fn all_files() -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    source_files(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        "",
        &mut files,
    );
    assert!(files.len() > 100, "src/ was not found");
    files
}

fn of(files: &[(&str, &str)]) -> BTreeMap<String, String> {
    files
        .iter()
        .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()))
        .collect()
}

#[test]
fn modules_use_only_what_is_below_them() {
    let wrong = violations(&all_files());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_file_says_what_it_is_for() {
    let silent: Vec<String> = all_files()
        .into_iter()
        .filter(|(_, text)| !text.starts_with("//! "))
        .map(|(path, _)| path)
        .collect();
    assert!(silent.is_empty(), "begin with `//!`: {silent:?}");
}

#[test]
fn the_library_lists_its_modules_from_the_top_down() {
    let files = all_files();
    let library = syn::parse_file(&files["lib.rs"]).unwrap();
    let lines: Vec<(String, Option<usize>)> = library
        .items
        .iter()
        .filter_map(|item| match item {
            syn::Item::Mod(item) => Some(item.ident.to_string()),
            _ => None,
        })
        .map(|name| {
            let line = LAYERS.iter().position(|line| line.contains(&name.as_str()));
            (name, line)
        })
        .collect();
    for pair in lines.windows(2) {
        assert!(
            pair[0].1.is_some() && pair[0].1 <= pair[1].1,
            "lib.rs lists `{}` before `{}`",
            pair[0].0,
            pair[1].0
        );
    }
}

#[test]
fn a_reversed_pair_and_a_neighbour_are_told() {
    assert!(violations(&of(&[("plan/mod.rs", "use crate::drift::live;")])).is_empty());
    assert_eq!(
        violations(&of(&[("drift/mod.rs", "use crate::plan;")])),
        ["drift/mod.rs uses crate::plan"]
    );
    assert_eq!(
        violations(&of(&[("target/a.rs", "use crate::ledger::Ledger;")])),
        ["target/a.rs uses crate::ledger"]
    );
}

#[test]
fn no_way_of_writing_a_use_is_overlooked() {
    let told = |text: &str| !violations(&of(&[("drift/mod.rs", text)])).is_empty();
    assert!(told("use crate::{model, plan::{make, recipe}};"));
    assert!(told("use crate::plan as other;"));
    assert!(told("use crate::*;"));
    assert!(told("fn a() -> crate::plan::Plan { todo!() }"));
    assert!(told("fn a() { crate::plan::make(); }"));
    assert!(told("fn a() { println!(\"{}\", crate::plan::make()); }"));
    assert!(told("fn a() { use crate::plan::make; }"));
    assert!(told("impl crate::plan::Shape for u8 {}"));
    assert!(!told("#[cfg(test)] mod tests { use crate::plan; }"));
    assert!(!told("#[cfg(test)] use crate::plan;"));
    assert!(
        violations(&of(&[
            ("drift/mod.rs", "#[cfg(test)] mod whole_tests;"),
            ("drift/whole_tests.rs", "use crate::plan;"),
        ]))
        .is_empty()
    );
}
