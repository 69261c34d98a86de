//! Detection of the format of a text whose name does not determine it.
//!
//! Conservative: a text has a format only if all of it parses and nothing in it suggests another one. Otherwise it is
//! compared by lines, which loses nothing.

use std::sync::Arc;

use super::{Content, Document, Format, dotenv, properties, read_as};
use evenkeel_model::source::SourceFile;

/// The longest text whose format is detected.
const LONGEST: usize = 8 * 1024 * 1024;

/// File extensions with a known format, or of programs, prose or templates: their content is not inspected.
const KNOWN_ENDINGS: &[&str] = &[
    "conf", "cf", "cnf", "cfg", "ini", "txt", "text", "md", "rst", "adoc", "xml", "html", "htm",
    "css", "js", "mjs", "cjs", "ts", "jsx", "tsx", "sh", "bash", "zsh", "fish", "ps1", "bat",
    "cmd", "py", "rb", "pl", "php", "go", "rs", "java", "kt", "kts", "scala", "c", "h", "cc",
    "cpp", "cs", "ex", "exs", "lua", "sql", "groovy", "gradle", "tpl", "tmpl", "gotmpl", "j2",
    "jinja", "jinja2", "erb", "mustache", "hbs", "template", "csv", "tsv", "log", "rules", "list",
    "repo", "sources", "vcl", "lst", "pem", "key", "crt", "pub", "asc", "mk", "nix", "dhall",
    "jsonnet", "cue", "proto", "service", "timer", "socket", "patch", "diff", "m3u", "zone",
];

/// File names with a known format.
const KNOWN_NAMES: &[&str] = &[
    "dockerfile",
    "containerfile",
    "makefile",
    "gnumakefile",
    "justfile",
    "rakefile",
    "gemfile",
    "vagrantfile",
    "jenkinsfile",
    "procfile",
    "caddyfile",
    "brewfile",
    "codeowners",
    "license",
    "licence",
    "readme",
    "changelog",
    "notice",
    "authors",
    "copying",
    "crontab",
    "sudoers",
    "passwd",
    "group",
    "fstab",
    "known_hosts",
    "authorized_keys",
    "fastfile",
    "appfile",
    "podfile",
    "sshd_config",
    "ssh_config",
    "resolv",
    "netrc",
    "pgpass",
    "htpasswd",
    "hgrc",
    "gitignore",
    "dockerignore",
    "gitattributes",
];

/// Returns the format of a text whose name does not determine it.
pub(super) fn format(file: &SourceFile) -> Format {
    if !is_asked(&file.path) || file.text.len() > LONGEST {
        return Format::Lines;
    }
    let text = file.text.trim();
    let reads = |format| read(file, format);
    let braces = text.starts_with('{') && text.ends_with('}');
    let brackets = text.starts_with('[') && text.ends_with(']');
    if (braces || brackets) && reads(Format::Json).is_some_and(|document| is_tree(&document)) {
        return Format::Json;
    }
    let mut lines = text.lines().filter(|line| {
        let line = line.trim_start();
        !line.is_empty() && !line.starts_with('#')
    });
    let Some(first) = lines.next() else {
        return Format::Lines;
    };
    if properties::has_sections(text) {
        return if reads(Format::Toml).is_some() {
            Format::Toml
        } else {
            Format::Properties
        };
    }
    if dotenv::is_all_of(text) {
        return Format::Dotenv;
    }
    if first.contains('=') || first.starts_with('[') || first.ends_with('{') {
        if reads(Format::Toml).is_some() {
            return Format::Toml;
        }
        if is_hcl(text) && reads(Format::Hcl).is_some() {
            return Format::Hcl;
        }
        return Format::Lines;
    }
    if is_yaml(text) && reads(Format::Yaml).is_some_and(|document| is_tree(&document)) {
        return Format::Yaml;
    }
    Format::Lines
}

/// Returns whether a file's name leaves its format open.
fn is_asked(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_lowercase();
    let mut parts = name.trim_start_matches('.').split('.');
    let is_known_name = parts.next().is_some_and(|stem| KNOWN_NAMES.contains(&stem));
    // `nginx.conf.staging` has the format of `nginx.conf`.
    !is_known_name && !parts.any(|part| KNOWN_ENDINGS.contains(&part))
}

fn read(file: &SourceFile, format: Format) -> Option<Document> {
    let file: Arc<SourceFile> = SourceFile::new(file.path.clone(), file.text.clone());
    read_as(&file, format).ok()
}

/// Returns whether every document of a text is a map, or a list of maps.
fn is_tree(document: &Document) -> bool {
    !document.roots.is_empty()
        && document.roots.iter().all(|root| match &root.content {
            Content::Map(entries) => !entries.is_empty(),
            Content::List(items) => {
                !items.is_empty()
                    && items
                        .iter()
                        .all(|item| matches!(item.content, Content::Map(_)))
            }
            Content::Scalar(_) => false,
        })
}

/// Returns whether each unindented line is a key with a colon, an element, or a document marker.
fn is_yaml(text: &str) -> bool {
    let is_key = |line: &str| {
        let Some((key, rest)) = line.split_once(':') else {
            return false;
        };
        let key = key.trim_matches(['"', '\'']);
        let is_word = !key.is_empty()
            && key.len() <= 100
            && key
                .chars()
                .all(|each| each.is_alphanumeric() || matches!(each, '_' | '-' | '.' | '/' | '<'));
        is_word && (rest.is_empty() || rest.starts_with([' ', '\t', '\r']))
    };
    text.lines().all(|line| {
        line.trim().is_empty()
            || line.starts_with([' ', '#', '-', ']', '}'])
            || line == "..."
            || is_key(line)
    })
}

/// Returns whether there is a block or an assignment with blanks around its sign, and no statement that ends with `;`.
fn is_hcl(text: &str) -> bool {
    let ends = |mark: char| text.lines().any(|line| line.trim_end().ends_with(mark));
    !ends(';') && (ends('{') || text.contains(" = "))
}

#[cfg(test)]
mod tests {
    use super::format;
    use crate::Format;
    use evenkeel_model::source::SourceFile;

    fn of(path: &str, text: &str) -> Format {
        format(&SourceFile::new(path, text))
    }

    #[test]
    fn a_text_has_the_format_in_which_all_of_it_parses() {
        for (text, expected) in [
            ("image_tag: v174\npromote: false\n", Format::Yaml),
            ("---\n# a\na:\n  b: [1, 2]\n", Format::Yaml),
            ("- name: a\n  x: 1\n- name: b\n", Format::Yaml),
            ("a: |\n  text\n  more\n\"b c\": 1\n", Format::Lines),
            ("{\"a\": 1}\n", Format::Json),
            ("[{\"a\": 1}]", Format::Json),
            ("a = 1\nb = \"x\"\n\n[c]\nd = true\n", Format::Toml),
            ("a = \"x\"\nb = [1]\n", Format::Toml),
            ("[c]\nd = plain text\n", Format::Properties),
            ("A=1\nB='x y'\n", Format::Dotenv),
            ("export A=1\n", Format::Dotenv),
            ("resource \"a\" \"b\" {\n  count = 1\n}\n", Format::Hcl),
        ] {
            assert_eq!(of("tags/staging/web", text), expected, "{text}");
            assert_eq!(of("web.staging", text), expected, "{text}");
        }
    }

    #[test]
    fn other_texts_are_compared_by_lines() {
        for text in [
            "",
            "# a comment\n",
            "web-1 host=10.0.0.1\n",
            "Port 22\nPermitRootLogin no\n",
            "root:x:0:0:root:/root:/bin/sh\n",
            "a: 1\na: 2\n",
            "a: 1\n  b: 2\n",
            "note that\nsubject: x\n",
            "server {\n  listen 80;\n}\n",
            "<a>\n</a>\n",
            "{{ if .x }}\na: 1\n{{ end }}\n",
            "- a\n- b\n",
            "a: {{ b }}\n",
            "0 3 * * * root run\n",
            "global\n  maxconn 1\n",
        ] {
            assert_eq!(of("app", text), Format::Lines, "{text}");
        }
        for path in [
            "Procfile",
            "Procfile.staging",
            "nginx.conf",
            "nginx.conf.staging",
            "a.txt",
            "values.yaml.gotmpl",
            "README",
            "x/Dockerfile.prod",
        ] {
            assert_eq!(of(path, "web: run it\n"), Format::Lines, "{path}");
        }
    }
}
