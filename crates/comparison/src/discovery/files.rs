//! Classes of a repository's files, by path and size: configuration, or left out with a reason.
//!
//! Environment names at the end of a file name are not extensions: `Procfile.staging` is a `Procfile`.

use std::collections::BTreeSet;

use super::tokens::marks;
use evenkeel_document::Format;

/// Largest file that is assumed to be written by people.
pub(super) const LARGEST: u64 = 2 * 1024 * 1024;

/// Reason for leaving out generated or downloaded files.
pub(super) const MADE: &str = "is in a folder of generated or downloaded files";

/// Class of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// Configuration that is compared as a tree.
    Tree(Format),
    /// Text that is compared line by line.
    Text,
    /// Source code or a script in a place for configuration: compared line by line.
    Program,
    /// Not compared, with the reason.
    Other(&'static str),
}

impl Class {
    pub(super) fn is_document(self) -> bool {
        !matches!(self, Self::Other(_))
    }
}

const MADE_FOLDERS: &[&str] = &[
    "node_modules",
    "bower_components",
    "vendor",
    "third_party",
    ".git",
    ".hg",
    ".svn",
    ".terraform",
    ".terragrunt-cache",
    "target",
    "dist",
    ".venv",
    "venv",
    "__pycache__",
    "site-packages",
    ".next",
    ".nuxt",
    ".gradle",
    ".idea",
    ".vscode",
    "coverage",
    "Pods",
    ".evenkeel",
    "cdk.out",
];

const TRANSLATION_FOLDERS: &[&str] = &["locales", "locale", "i18n", "l10n", "lang", "translations"];

/// Folders of files that are not deployed.
const DOUBTFUL_FOLDERS: &[&str] = &[
    "test",
    "tests",
    "testdata",
    "test-data",
    "fixtures",
    "fixture",
    "spec",
    "specs",
    "__tests__",
    "examples",
    "example",
    "samples",
    "sample",
    "docs",
    "doc",
    "e2e",
    "mocks",
    "testing",
    "archive",
    "deprecated",
    "tutorials",
];

/// Folders, and first words of names, where programs keep configuration in a programming language.
const CONFIGURATION_PLACES: &[&str] = &[
    "config",
    "configs",
    "configuration",
    "conf",
    "settings",
    "environments",
    "environment",
    "env",
    "envs",
    "deploy",
    "deployment",
    "deployments",
];

const PROSE: &[&str] = &[
    "md", "markdown", "mdx", "rst", "adoc", "html", "htm", "pdf", "tex",
];

const PROSE_NAMES: &[&str] = &[
    "changelog",
    "readme",
    "license",
    "licence",
    "notice",
    "authors",
    "contributing",
    "codeowners",
    "changes",
    "history",
];

const BINARIES: &[&str] = &[
    "png",
    "jpg",
    "jpeg",
    "gif",
    "ico",
    "webp",
    "bmp",
    "tiff",
    "icns",
    "woff",
    "woff2",
    "ttf",
    "otf",
    "eot",
    "mp3",
    "mp4",
    "mov",
    "wav",
    "zip",
    "gz",
    "tgz",
    "bz2",
    "xz",
    "zst",
    "tar",
    "jar",
    "war",
    "class",
    "so",
    "dll",
    "dylib",
    "exe",
    "bin",
    "o",
    "a",
    "wasm",
    "pyc",
    "sqlite",
    "db",
    "dump",
    "deb",
    "rpm",
    "apk",
    "aab",
    "ipa",
    "docx",
    "xlsx",
    "pptx",
    "psd",
    "sketch",
    "fig",
    "mobileprovision",
];

const PICTURES_AND_DATA: &[&str] = &[
    "svg", "drawio", "csv", "tsv", "parquet", "ndjson", "log", "map", "ipynb", "snap", "diff",
    "patch", "geojson", "xlf", "xliff", "po", "pot", "strings",
];

const KEYS: &[&str] = &[
    "pem", "key", "crt", "cer", "csr", "p12", "pfx", "jks", "keystore", "gpg", "asc", "age", "enc",
    "kdbx", "pub", "p8",
];

const LOCKS: &[&str] = &["lock", "sum", "lockfile"];

const LOCK_NAMES: &[&str] = &[
    "package-lock.json",
    "npm-shrinkwrap.json",
    "pnpm-lock.yaml",
    ".terraform.lock.hcl",
    "packages.lock.json",
    "bun.lockb",
];

const STATES: &[&str] = &["tfstate", "tfplan", "backup", "bak", "orig", "rej", "swp"];

const PROGRAMS: &[&str] = &[
    "rs", "py", "rb", "js", "mjs", "cjs", "ts", "mts", "tsx", "jsx", "go", "java", "kt", "kts",
    "scala", "c", "h", "cc", "cpp", "hpp", "cs", "fs", "vb", "php", "pl", "pm", "lua", "ex", "exs",
    "erl", "hs", "clj", "cljs", "swift", "m", "dart", "r", "jl", "groovy", "gradle", "nix", "zig",
    "el", "sh", "bash", "zsh", "fish", "ps1", "bat", "cmd", "mk", "just", "xcconfig", "pbxproj",
    "xcscheme",
];

const NEVER_CONFIGURATION: &[&str] = &[
    "css",
    "scss",
    "sass",
    "less",
    "vue",
    "svelte",
    "sql",
    "proto",
    "graphql",
    "feature",
    "erb",
    "haml",
    "slim",
    "hbs",
    "ejs",
    "twig",
    "liquid",
    "storyboard",
    "xib",
];

/// File extensions of templates for a real file elsewhere.
const SAMPLES: &[&str] = &["example", "sample", "dist", "template", "tmpl", "default"];

/// Returns a file name without environment names in place of the extension: `Procfile.staging`.
fn plain_name(path: &str) -> &str {
    let mut name = path.rsplit('/').next().unwrap_or(path);
    while let Some((stem, ending)) = name.rsplit_once('.') {
        let is_word = marks(ending)
            .first()
            .is_some_and(|mark| mark.range == (0..ending.len()));
        if stem.is_empty() || !is_word {
            break;
        }
        name = stem;
    }
    name
}

fn ending(name: &str) -> String {
    match name.rsplit_once('.') {
        Some((stem, ending)) if !stem.is_empty() => ending.to_ascii_lowercase(),
        _ => String::new(),
    }
}

/// Whether a file is a template for a real one: `.env.staging.example`.
pub(super) fn is_sample(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    SAMPLES.contains(&ending(name).as_str())
}

/// Whether a path leads through a folder of tests, examples or documentation.
pub(super) fn is_doubtful(path: &str) -> bool {
    let folders = path.rsplit_once('/').map_or("", |(folders, _)| folders);
    folders
        .split('/')
        .any(|folder| DOUBTFUL_FOLDERS.contains(&folder))
}

/// Returns the folders of evenkeel definitions: those with a `system.toml`.
pub(super) fn definition_folders<'p>(paths: impl Iterator<Item = &'p str>) -> BTreeSet<&'p str> {
    paths
        .filter_map(|path| match path.strip_suffix("system.toml")? {
            "" => Some(""),
            folder => folder.strip_suffix('/'),
        })
        .collect()
}

/// Whether a file is an evenkeel definition, which is never compared.
pub(super) fn is_definition(path: &str, folders: &BTreeSet<&str>) -> bool {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    !folders.is_empty() && name.ends_with(".toml") && folders.contains(folder)
}

/// Returns the class of a file.
pub(super) fn classify(path: &str, bytes: u64) -> Class {
    let folders: Vec<&str> = path
        .rsplit_once('/')
        .map_or(Vec::new(), |(folders, _)| folders.split('/').collect());
    let is_in = |list: &[&str]| folders.iter().any(|folder| list.contains(folder));
    let name = plain_name(path);
    let mut end = ending(name);
    let lower = name.to_ascii_lowercase();
    let stem = lower.split('.').next().unwrap_or("");
    let first = stem.split(['-', '_']).next().unwrap_or("");
    if is_in(MADE_FOLDERS) {
        return Class::Other(MADE);
    }
    if is_in(TRANSLATION_FOLDERS) {
        return Class::Other("is a translation");
    }
    if bytes > LARGEST {
        return Class::Other("is larger than files that people write");
    }
    let has = |list: &[&str], ending: &str| list.contains(&ending);
    if has(LOCKS, &end) || LOCK_NAMES.contains(&name) {
        return Class::Other("is a generated lock file");
    }
    if has(STATES, &end) || lower.contains(".tfstate") {
        return Class::Other("is a generated state or copy");
    }
    if has(BINARIES, &end) {
        return Class::Other("is not text");
    }
    if has(KEYS, &end) {
        return Class::Other("is a key, or encrypted");
    }
    if has(PROSE, &end) || PROSE_NAMES.contains(&first) {
        return Class::Other("is prose");
    }
    if has(PICTURES_AND_DATA, &end) {
        return Class::Other("is data, not configuration");
    }
    if SAMPLES.contains(&end.as_str()) {
        end = ending(name.rsplit_once('.').map_or("", |(stem, _)| stem));
    }
    if has(NEVER_CONFIGURATION, &end) && !lower.contains(".y") && !lower.contains(".json") {
        return Class::Other("is source code");
    }
    if has(PROGRAMS, &end) || matches!(stem, "makefile" | "justfile" | "rakefile") {
        let configures = folders
            .iter()
            .any(|folder| CONFIGURATION_PLACES.contains(&folder.to_ascii_lowercase().as_str()));
        return if configures || CONFIGURATION_PLACES.contains(&stem) {
            Class::Program
        } else {
            Class::Other("is source code")
        };
    }
    match format(path) {
        Format::Lines => Class::Text,
        format => Class::Tree(format),
    }
}

/// Returns the format of a file without its environment's name: `config.yml.production` is YAML.
pub(super) fn format(path: &str) -> Format {
    match Format::of(path) {
        Format::Lines => Format::of(plain_name(path)),
        known => known,
    }
}

#[cfg(test)]
mod tests {
    use super::{Class, classify, definition_folders, is_definition, is_doubtful, is_sample};
    use evenkeel_document::Format;

    #[test]
    fn configuration_is_separated_from_other_files() {
        for (path, class) in [
            ("charts/values-staging.yaml", Class::Tree(Format::Yaml)),
            (".env.staging", Class::Tree(Format::Dotenv)),
            ("config.yml.production", Class::Tree(Format::Yaml)),
            ("staging.tfvars", Class::Tree(Format::Hcl)),
            ("Procfile.staging", Class::Text),
            ("nginx/prod.conf", Class::Text),
            ("inventories/staging/hosts", Class::Text),
            (".kamal/secrets.production", Class::Text),
            ("config/environments/staging.rb", Class::Program),
            ("environments/environment.prod.ts", Class::Program),
        ] {
            assert_eq!(classify(path, 10), class, "{path}");
        }
        for path in [
            "node_modules/x/staging.yaml",
            "a/vendor/production.json",
            "locales/staging.yml",
            "logo-staging.png",
            "production.md",
            "CHANGELOG-staging",
            "environments/prod/.terraform.lock.hcl",
            "prod/terraform.tfstate",
            "config/credentials/production.key",
            "config/credentials/production.yml.enc",
            "src/staging.rs",
            "db/production.sql",
            "deploy-staging.sh",
        ] {
            assert!(!classify(path, 10).is_document(), "{path}");
        }
        assert!(!classify("values-prod.yaml", 3 * 1024 * 1024).is_document());
    }

    #[test]
    fn definitions_are_recognised_by_the_system_file_beside_them() {
        let paths = [
            "environments/system.toml",
            "environments/staging.toml",
            "a/staging.toml",
        ];
        let folders = definition_folders(paths.into_iter());
        let own: Vec<bool> = paths
            .iter()
            .map(|path| is_definition(path, &folders))
            .collect();
        assert_eq!(own, [true, true, false]);
        let root = definition_folders(["system.toml"].into_iter());
        assert!(is_definition("staging.toml", &root) && !is_definition("a/staging.toml", &root));
    }

    #[test]
    fn samples_and_doubtful_places_are_recognised() {
        assert!(is_sample(".env.staging.example") && !is_sample(".env.staging"));
        assert!(is_doubtful("a/tests/x.yml") && !is_doubtful("tests.yml"));
    }
}
