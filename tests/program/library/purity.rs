//! Purity: each pure crate has a `clippy.toml` that lists every function of the standard library with side effects.
//!
//! The lists below are the standard library's, module by module. A function or type that is missing from a crate's file
//! fails here, so the check cannot become weaker unnoticed.

use std::collections::BTreeSet;
use std::path::Path;

/// Crates that judge.
const PURE: &[&str] = &["comparison", "core", "document", "model", "signature"];

/// Crates that are pure without features, and the features with side effects.
const PURE_WITHOUT: &[(&str, &[&str])] = &[
    ("host", &["local"]),
    ("ledger", &["folder", "git", "postgres"]),
];

/// Returns all pure crates.
fn pure() -> impl Iterator<Item = &'static str> {
    let without = PURE_WITHOUT.iter().map(|(package, _)| *package);
    PURE.iter().copied().chain(without)
}

/// Disallowed functions.
const METHODS: &[(&str, &str)] = &[
    (
        "std::fs",
        "canonicalize copy create_dir create_dir_all exists hard_link metadata read read_dir read_link read_to_string \
         remove_dir remove_dir_all remove_file rename set_permissions soft_link symlink_metadata write",
    ),
    ("std::os::unix::fs", "chown chroot fchown lchown symlink"),
    (
        "std::path::Path",
        "canonicalize exists is_dir is_file is_symlink metadata read_dir read_link symlink_metadata try_exists",
    ),
    (
        "std::env",
        "args args_os current_dir current_exe home_dir remove_var set_current_dir set_var temp_dir var var_os vars vars_os",
    ),
    ("std::process", "abort exit id"),
    ("std::net::ToSocketAddrs", "to_socket_addrs"),
    ("std::io", "stderr stdin stdout"),
    ("std::time::Instant", "elapsed now"),
    ("std::time::SystemTime", "elapsed now"),
];

/// Disallowed types.
const TYPES: &[(&str, &str)] = &[
    (
        "std::fs",
        "DirBuilder DirEntry File FileTimes FileType Metadata OpenOptions Permissions ReadDir",
    ),
    ("std::env", "Args ArgsOs Vars VarsOs"),
    (
        "std::process",
        "Child ChildStderr ChildStdin ChildStdout Command Output Stdio",
    ),
    ("std::net", "TcpListener TcpStream UdpSocket"),
    ("std::os::unix::net", "UnixDatagram UnixListener UnixStream"),
];

fn paths(list: &[(&str, &str)]) -> BTreeSet<String> {
    list.iter()
        .flat_map(|(module, names)| {
            names
                .split_whitespace()
                .map(move |name| format!("{module}::{name}"))
        })
        .collect()
}

/// Returns the entries that a crate's `clippy.toml` lacks.
fn lacking(text: &str) -> Vec<String> {
    let table: toml::Table = text.parse().unwrap();
    let mut lacking = Vec::new();
    for (key, wanted) in [
        ("disallowed-methods", paths(METHODS)),
        ("disallowed-types", paths(TYPES)),
    ] {
        let listed: BTreeSet<String> = table
            .get(key)
            .and_then(toml::Value::as_array)
            .into_iter()
            .flatten()
            .filter(|entry| {
                entry
                    .get("reason")
                    .and_then(toml::Value::as_str)
                    .is_some_and(|reason| !reason.is_empty())
            })
            .filter_map(|entry| Some(entry.get("path")?.as_str()?.to_owned()))
            .collect();
        lacking.extend(wanted.difference(&listed).cloned());
    }
    lacking
}

fn clippy_of(package: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(package);
    std::fs::read_to_string(path.join("clippy.toml"))
        .unwrap_or_else(|error| panic!("{package}/clippy.toml: {error}"))
}

#[test]
fn every_pure_crate_disallows_every_side_effect() {
    for package in pure() {
        let text = clippy_of(&format!("crates/{package}"));
        assert!(lacking(&text).is_empty(), "{package}: {:?}", lacking(&text));
    }
}

#[test]
fn a_list_that_lacks_something_is_noticed() {
    let text = clippy_of("crates/core");
    for gone in [
        "std::fs::read_dir",
        "std::time::SystemTime::now",
        "std::fs::File",
    ] {
        let spoilt: String = text
            .lines()
            .filter(|line| !line.contains(&format!("\"{gone}\"")))
            .map(|line| format!("{line}\n"))
            .collect();
        assert_eq!(lacking(&spoilt), [gone]);
    }
    // A reason is part of the entry: the compiler prints it.
    let spoilt = text.replace("reason = \"the clock", "because = \"the clock");
    assert_eq!(lacking(&spoilt).len(), 4);
}

#[test]
fn tests_of_pure_crates_may_have_side_effects() {
    let settings = |text: &str| -> BTreeSet<String> {
        text.lines()
            .filter(|line| line.starts_with("allow-"))
            .map(str::to_owned)
            .collect()
    };
    let root = settings(&clippy_of("."));
    assert!(!root.is_empty());
    for package in pure() {
        let own = settings(&clippy_of(&format!("crates/{package}")));
        assert_eq!(own, root, "{package}");
    }
}

#[test]
fn only_tests_disable_the_check_in_a_pure_crate() {
    for package in PURE {
        let mut files = Vec::new();
        let mut folders = vec![
            Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("crates")
                .join(package)
                .join("src"),
        ];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    files.push(path);
                }
            }
        }
        for path in files {
            let text = std::fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap();
            let is_test = path.to_string_lossy().contains("test");
            assert!(
                is_test || !code.contains("clippy::disallowed_"),
                "{} sets it aside",
                path.display()
            );
        }
    }
}

#[test]
fn only_the_feature_with_side_effects_disables_the_check() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let run = std::fs::read_to_string(root.join("tests/run")).unwrap();
    for (package, features) in PURE_WITHOUT {
        let library = root.join("crates").join(package).join("src/lib.rs");
        let text = std::fs::read_to_string(library).unwrap();
        let (_, after) = text.split_once("#![cfg_attr(").unwrap();
        let (condition, _) = after.split_once("allow(").unwrap();
        let words: Vec<&str> = condition
            .split(|other: char| !other.is_ascii_alphanumeric())
            .filter(|word| !word.is_empty())
            .collect();
        let mut expected = vec!["any", "test"];
        expected.extend(features.iter().flat_map(|feature| ["feature", feature]));
        assert_eq!(words, expected, "{package}");
        assert_eq!(text.matches("clippy::disallowed_methods").count(), 1);
        let manifest = root.join("crates").join(package).join("Cargo.toml");
        let manifest: toml::Table = std::fs::read_to_string(manifest).unwrap().parse().unwrap();
        let default = manifest["features"].get("default");
        assert!(default.is_none(), "{package}: no feature is on by itself");
        // It is checked without the feature as well.
        assert!(
            run.lines().any(|line| line.contains("cargo clippy")
                && line.contains(&format!("-p evenkeel-{package} "))
                && line.contains("--lib")),
            "{package} is not checked without features"
        );
    }
}

/// Names that an operation must not use: adapters in `src/world` do.
const OF_ADAPTERS: &[&str] = &[
    "std::fs",
    "fs::",
    "std::env",
    "std::process",
    "std::net",
    "rustix",
    "tempfile",
    "SystemTime",
    "Instant",
    "stdin()",
    ".exists()",
    ".is_file()",
    ".is_dir()",
    ".canonicalize()",
];

#[test]
fn operations_have_side_effects_through_adapters_only() {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src/operation")];
    let mut read = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            read += 1;
            for line in text
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"))
            {
                let named = OF_ADAPTERS.iter().find(|name| line.contains(**name));
                assert!(named.is_none(), "{}: {line}", path.display());
            }
        }
    }
    assert!(read > 20);
}

/// The only crate that may call C: decision 35.
const UNSAFE: &str = "crates/allocator/src/lib.rs";

#[test]
fn every_crate_but_one_forbids_unsafe_code() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut roots = vec!["src/lib.rs".to_owned(), "src/main.rs".to_owned()];
    for entry in std::fs::read_dir(root.join("crates")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        for file in ["lib.rs", "main.rs"] {
            let path = format!("crates/{name}/src/{file}");
            roots.extend(root.join(&path).exists().then_some(path));
        }
    }
    assert!(roots.len() > 8, "{roots:?}");
    for path in roots {
        let text = std::fs::read_to_string(root.join(&path)).unwrap();
        let forbids = text.lines().any(|line| line == "#![forbid(unsafe_code)]");
        assert_eq!(forbids, path != UNSAFE, "{path}");
    }
}
