//! Names of kinds occur in their own files only: all other code uses traits and claims.
//!
//! Parses the sources: text literals that equal the name of a kind, and paths to a variant of `Declared` or `Observed`,
//! outside of the kind's file and of test code.

use std::collections::BTreeMap;
use std::path::Path;

use evenkeel_core::kind::KINDS;
use syn::visit::Visit;

use super::layers::{is_for_tests, source_files};

/// Places where the word has another meaning, with that meaning.
const OTHER_MEANINGS: &[(&str, &str, &str)] = &[
    (
        "crates/host/src/subsystem/facts/mod.rs",
        "cron",
        "a class of things",
    ),
    (
        "crates/core/src/drift/scopes.rs",
        "cron",
        "a class of things",
    ),
    (
        "crates/core/src/environment/fields.rs",
        "cron",
        "a class of things",
    ),
    (
        "crates/host/src/subsystem/facts/mod.rs",
        "sysctl",
        "a group of facts",
    ),
    (
        "crates/host/src/subsystem/facts/local/mod.rs",
        "sysctl",
        "a group of facts",
    ),
    (
        "crates/core/src/kind/claim.rs",
        "sysctl",
        "a class of claims, and a group of facts",
    ),
    (
        "src/report/github.rs",
        "file",
        "a property of a workflow command",
    ),
    (
        "crates/core/src/environment/fields.rs",
        "file",
        "the key of a secret's source",
    ),
    (
        "crates/core/src/environment/read/parameters.rs",
        "file",
        "the key of a secret's source",
    ),
    (
        "crates/core/src/environment/fields.rs",
        "directory",
        "the key of a suite",
    ),
    (
        "crates/core/src/environment/suites.rs",
        "directory",
        "the key of a suite",
    ),
    (
        "crates/host/src/subsystem/mount/options.rs",
        "user",
        "an option of a mount",
    ),
    (
        "crates/host/src/subsystem/mount/options.rs",
        "group",
        "an option of a mount",
    ),
    (
        "crates/host/src/subsystem/mount/local.rs",
        "mount",
        "the program, and the operation in messages",
    ),
    (
        "crates/core/src/drift/unmanaged.rs",
        "file",
        "the type of an entry that was found",
    ),
    (
        "crates/core/src/drift/unmanaged.rs",
        "directory",
        "the type of an entry that was found",
    ),
    (
        "crates/core/src/drift/unmanaged.rs",
        "link",
        "the type of an entry that was found",
    ),
    (
        "src/report/document/discovery.rs",
        "file",
        "the word for documents in a count",
    ),
    (
        "src/report/html/environments.rs",
        "file",
        "the word for documents in a count",
    ),
    (
        "src/report/html/excerpt.rs",
        "file",
        "the word for files in a count",
    ),
    (
        "src/report/text/environments.rs",
        "file",
        "the word for documents in a count",
    ),
    (
        "crates/core/src/environment/fields.rs",
        "command",
        "the key of a secret's source",
    ),
    (
        "crates/core/src/environment/read/parameters.rs",
        "command",
        "the key of a secret's source",
    ),
    (
        "crates/host/src/subsystem/command/recorded.rs",
        "command",
        "the class of the values of the target in memory",
    ),
    (
        "crates/host/src/subsystem/group/local.rs",
        "group",
        "the database of the name service",
    ),
    (
        "crates/host/src/subsystem/lines/mod.rs",
        "line",
        "the word for lines in a count",
    ),
    (
        "crates/host/src/subsystem/user/local.rs",
        "group",
        "the name of an attribute of a user",
    ),
    (
        "crates/host/src/subsystem/user/mod.rs",
        "group",
        "the name of an attribute of a user",
    ),
    (
        "crates/ledger/src/folder/rows.rs",
        "line",
        "the name of a column",
    ),
    ("src/report/csv.rs", "line", "the name of a column"),
    (
        "src/report/github.rs",
        "line",
        "a property of a workflow command",
    ),
    (
        "src/report/html/difference.rs",
        "line",
        "the name of a slot of a page",
    ),
    (
        "src/report/html/excerpt.rs",
        "line",
        "the name of a slot of a page",
    ),
    (
        "src/report/html/gate.rs",
        "command",
        "the name of a slot of a page",
    ),
    (
        "src/report/html/replays.rs",
        "line",
        "the name of a slot of a page",
    ),
    (
        "src/report/html/shown.rs",
        "line",
        "the name of a slot of a page",
    ),
    (
        "src/report/html/summary.rs",
        "command",
        "the name of a slot of a page",
    ),
    (
        "src/report/markdown.rs",
        "line",
        "the word for lines in a count",
    ),
    ("src/report/prometheus.rs", "command", "a label of a metric"),
    (
        "src/suite/mod.rs",
        "command",
        "the name of a check of a suite",
    ),
];

/// Mentions of kinds in a file.
struct Mentions<'a> {
    names: &'a [&'a str],
    found: Vec<String>,
}

impl Mentions<'_> {
    fn text(&mut self, text: &str) {
        let is_name = |name: &&str| {
            text.strip_prefix(*name)
                .is_some_and(|rest| rest.is_empty() || rest == ".")
        };
        if self.names.iter().any(is_name) {
            self.found.push(text.to_owned());
        }
    }
}

impl Visit<'_> for Mentions<'_> {
    fn visit_lit_str(&mut self, literal: &syn::LitStr) {
        self.text(&literal.value());
    }

    fn visit_attribute(&mut self, _attribute: &syn::Attribute) {}

    fn visit_path(&mut self, path: &syn::Path) {
        let names: Vec<String> = path
            .segments
            .iter()
            .map(|segment| segment.ident.to_string())
            .collect();
        for pair in names.windows(2) {
            if ["Declared", "Observed"].contains(&pair[0].as_str())
                && pair[1].starts_with(char::is_uppercase)
            {
                self.found.push(pair.join("::"));
            }
        }
        syn::visit::visit_path(self, path);
    }

    fn visit_item_use(&mut self, item: &syn::ItemUse) {
        if !is_for_tests(&item.attrs) {
            let text = quote(&item.tree);
            if text.contains("Declared::") || text.contains("Observed::") {
                self.found.push(text);
            }
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

    /// Macros hide their content from the syntax tree: their literals and paths are read from the tokens.
    fn visit_macro(&mut self, macro_: &syn::Macro) {
        let text = macro_.tokens.to_string().replace(' ', "");
        for name in self.names {
            if text.contains(&format!("\"{name}\"")) {
                self.found.push((*name).to_owned());
            }
        }
        for start in ["Declared::", "Observed::"] {
            for (place, _) in text.match_indices(start) {
                if text[place + start.len()..].starts_with(char::is_uppercase) {
                    self.found.push(start.to_owned());
                }
            }
        }
    }
}

/// Returns a `use` tree as text, `a::{b, c::d}` as `a::b a::c::d`.
fn quote(tree: &syn::UseTree) -> String {
    match tree {
        syn::UseTree::Path(path) => quote(&path.tree)
            .split(' ')
            .map(|rest| format!("{}::{rest}", path.ident))
            .collect::<Vec<_>>()
            .join(" "),
        syn::UseTree::Name(name) => name.ident.to_string(),
        syn::UseTree::Rename(rename) => rename.ident.to_string(),
        syn::UseTree::Glob(_) => "*".to_owned(),
        syn::UseTree::Group(group) => {
            let parts: Vec<String> = group.items.iter().map(quote).collect();
            parts.join(" ")
        }
    }
}

fn mentions(names: &[&str], text: &str) -> Vec<String> {
    let mut mentions = Mentions {
        names,
        found: Vec::new(),
    };
    mentions.visit_file(&syn::parse_file(text).unwrap());
    mentions.found
}

fn sources() -> BTreeMap<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = BTreeMap::new();
    source_files(&root.join("src"), "src/", &mut files);
    for entry in std::fs::read_dir(root.join("crates")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        // Parsing and comparison of documents have no resources: the words are those of documents.
        if ["comparison", "document"].contains(&name.as_str()) {
            continue;
        }
        let folder = format!("crates/{name}/src/");
        source_files(&root.join(&folder), &folder, &mut files);
    }
    // Test files are recognised by name.
    files.retain(|path, _| {
        !path.ends_with("tests.rs") && !path.contains("/tests/") && !path.contains("_tests/")
    });
    files
}

#[test]
fn only_a_kinds_own_file_knows_its_name() {
    let names: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
    let mut wrong = Vec::new();
    let mut used = Vec::new();
    for (path, text) in sources() {
        for found in mentions(&names, &text) {
            let own = format!("crates/core/src/kind/{}.rs", found.replace('-', "_"));
            // Kinds have keys with the names of other kinds: a process has a command, a file has a group.
            let is_key = path.starts_with("crates/core/src/kind/")
                && KINDS
                    .iter()
                    .flat_map(|kind| kind.fields)
                    .any(|field| field.name == found);
            if is_key {
                continue;
            }
            let meaning = OTHER_MEANINGS
                .iter()
                .find(|(file, word, _)| *file == path && *word == found);
            if path != own && meaning.is_none() {
                wrong.push(format!("{path}: {found}"));
            }
            used.extend(meaning);
        }
    }
    assert!(
        wrong.is_empty(),
        "use the traits or claims of the kind instead:\n{}",
        wrong.join("\n")
    );
    for listed in OTHER_MEANINGS {
        assert!(used.contains(&listed), "{listed:?} excuses nothing");
    }
}

#[test]
fn every_form_of_naming_a_kind_is_found() {
    let found = |text: &str| mentions(&["file"], text);
    assert_eq!(found("fn a() { b.kind() == \"file\"; }"), ["file"]);
    assert_eq!(
        found("fn a() { matches!(b.kind(), \"file\" | \"x\"); }"),
        ["file"]
    );
    assert_eq!(
        found("fn a() { b.as_str().starts_with(\"file.\"); }"),
        ["file."]
    );
    assert_eq!(
        found("fn a() { if let Declared::File(_) = b {} }"),
        ["Declared::File"]
    );
    assert_eq!(
        found("fn a() { matches!(b, kind::Observed::File(_)); }"),
        ["Observed::"]
    );
    assert_eq!(
        found("use crate::kind::Declared::{self, File};"),
        ["crate::kind::Declared::self crate::kind::Declared::File"]
    );
    assert!(found("fn a() { Declared::new(\"files\"); }").is_empty());
    assert!(found("#[cfg(test)] mod tests { const A: &str = \"file\"; }").is_empty());
}
