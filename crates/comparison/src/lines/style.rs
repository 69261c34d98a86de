//! Comment syntax and indentation of texts without a known format.
//!
//! They are derived from the name and the first character. Only comments of the file's own format are skipped: `#` is
//! not a comment in XML, `//` not in a shell script, and `/*` not in a list of paths. If the name is unknown, any of
//! the usual marks starts a comment.

use evenkeel_document::{Document, Node};

use super::text;

/// Comment syntax of a text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    /// Start of comments to the end of the line.
    marks: &'static [&'static str],
    /// Start and end of comments of several lines.
    blocks: &'static [(&'static str, &'static str)],
    /// Meaning of indentation.
    pub(super) indentation: Indentation,
}

/// Meaning of indentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Indentation {
    /// None.
    Free,
    /// It nests lines.
    Nested,
    /// It nests lines, and a tab begins a line of another kind: a recipe of a makefile.
    Tabbed,
}

const C: Style = Style {
    marks: &["//"],
    blocks: &[("/*", "*/")],
    indentation: Indentation::Free,
};
const C_AND_HASH: Style = Style {
    marks: &["//", "#"],
    blocks: &[("/*", "*/")],
    indentation: Indentation::Free,
};
const XML: Style = Style {
    marks: &[],
    blocks: &[("<!--", "-->")],
    indentation: Indentation::Free,
};
const HASH: Style = Style {
    marks: &["#"],
    blocks: &[],
    indentation: Indentation::Free,
};
const HASH_AND_SEMICOLON: Style = Style {
    marks: &["#", ";"],
    blocks: &[],
    indentation: Indentation::Free,
};
const SEMICOLON: Style = Style {
    marks: &[";"],
    blocks: &[],
    indentation: Indentation::Free,
};
const DASHES: Style = Style {
    marks: &["--"],
    blocks: &[("/*", "*/")],
    indentation: Indentation::Free,
};
const INDENTED: Style = Style {
    marks: &["#"],
    blocks: &[],
    indentation: Indentation::Nested,
};
const MAKE: Style = Style {
    indentation: Indentation::Tabbed,
    ..INDENTED
};
/// Style of unknown names.
const UNKNOWN: Style = Style {
    marks: &["#", "//", ";"],
    blocks: &[],
    indentation: Indentation::Nested,
};

/// File extensions, without those of templates.
const BY_ENDING: &[(&[&str], Style)] = &[
    (
        &[
            "c",
            "cc",
            "cpp",
            "cs",
            "css",
            "cue",
            "dart",
            "go",
            "gradle",
            "groovy",
            "h",
            "java",
            "js",
            "jsonnet",
            "kt",
            "kts",
            "less",
            "libsonnet",
            "mjs",
            "proto",
            "rs",
            "scala",
            "scss",
            "swift",
            "ts",
            "tsx",
            "bicep",
            "bicepparam",
            "rego",
        ],
        C,
    ),
    (&["php", "vcl", "tf", "hcl", "nomad", "tfvars"], C_AND_HASH),
    (
        &[
            "xml", "html", "htm", "xhtml", "svg", "xsd", "xsl", "xslt", "csproj", "plist", "pom",
            "wsdl", "config",
        ],
        XML,
    ),
    (
        &[
            "conf",
            "sh",
            "bash",
            "zsh",
            "fish",
            "rb",
            "pl",
            "r",
            "awk",
            "rules",
            "list",
            "gitignore",
            "dockerignore",
            "htaccess",
            "exs",
            "ex",
            "service",
            "txt",
        ],
        HASH,
    ),
    (&["cfg", "ini", "cnf"], HASH_AND_SEMICOLON),
    (&["zone", "reg", "asm", "lisp", "el", "clj"], SEMICOLON),
    (&["sql", "lua", "hs", "ddl"], DASHES),
    (
        &[
            "yaml", "yml", "py", "toml", "tpl", "haml", "slim", "coffee", "mk", "sls", "pug",
            "sass",
        ],
        INDENTED,
    ),
];

/// Whole names, for files without a known extension.
const BY_NAME: &[(&[&str], Style)] = &[
    (&["Jenkinsfile"], C),
    (
        &[
            "Dockerfile",
            "Containerfile",
            "Caddyfile",
            "Procfile",
            "Vagrantfile",
            "Gemfile",
            "Rakefile",
            "Capfile",
            "sshd_config",
            "ssh_config",
            "sudoers",
            "crontab",
            "hosts",
            "fstab",
            "passwd",
            "group",
        ],
        HASH,
    ),
    (&["Makefile", "GNUmakefile"], MAKE),
];

impl Style {
    /// Returns the style of a text.
    pub(super) fn of(document: &Document) -> Self {
        /// File extensions of templates.
        const TEMPLATES: &[&str] = &[
            "j2", "jinja", "jinja2", "tmpl", "gotmpl", "erb", "tpl", "template", "in", "tftpl",
            "dist", "example",
        ];
        let path = &document.file.path;
        let content = document.file.text.trim_start();
        let mut name = path.rsplit('/').next().unwrap_or(path);
        // BIND reads C comments, whatever the extension.
        if name.starts_with("named.conf") {
            return C_AND_HASH;
        }
        while let Some((before, ending)) = name.rsplit_once('.')
            && TEMPLATES.contains(&ending.to_ascii_lowercase().as_str())
            && before.contains(|each: char| each.is_alphanumeric())
        {
            name = before;
        }
        if content.starts_with("<?xml") || content.starts_with("<!DOCTYPE") {
            return XML;
        }
        if content.starts_with("#!") {
            return if content
                .lines()
                .next()
                .is_some_and(|line| line.contains("python"))
            {
                INDENTED
            } else {
                HASH
            };
        }
        let ending = name
            .rsplit_once('.')
            .map_or("", |(_, ending)| ending)
            .to_ascii_lowercase();
        let known = |all: &[(&[&str], Self)], word: &str| {
            let found = all.iter().find(|(words, _)| words.contains(&word));
            found.map(|(_, style)| *style)
        };
        // `Dockerfile.production` is recognised by the part before the dot.
        let first = name.split('.').next().unwrap_or(name);
        known(BY_NAME, first)
            .or_else(|| known(BY_ENDING, &ending))
            .unwrap_or(UNKNOWN)
    }

    /// Returns the compared lines: neither empty nor a comment.
    pub(super) fn counting(self, lines: &[Node]) -> Vec<&Node> {
        let mut counting = Vec::with_capacity(lines.len());
        let mut number = 0;
        while let Some(node) = lines.get(number) {
            let line = text(node).trim();
            if let Some(after) =
                self.end_of_block(line, lines.get(number + 1..).unwrap_or_default())
            {
                number += 1 + after;
                continue;
            }
            if !line.is_empty() && !self.is_comment(line) {
                counting.push(node);
            }
            number += 1;
        }
        counting
    }

    /// Returns the number of further lines of a block comment that starts in `line`. `None` for a comment without an
    /// end, or with text after its end: nothing is skipped then.
    fn end_of_block(self, line: &str, rest: &[Node]) -> Option<usize> {
        let (open, close) = self
            .blocks
            .iter()
            .find(|(open, _)| line.starts_with(open))?;
        let ends = |text: &str| {
            text.find(close)
                .map(|at| at + close.len() == text.trim_end().len())
        };
        if let Some(is_whole) = ends(line.get(open.len()..).unwrap_or("")) {
            return is_whole.then_some(0);
        }
        for (number, node) in rest.iter().enumerate() {
            if let Some(is_whole) = ends(text(node)) {
                return is_whole.then_some(number + 1);
            }
        }
        None
    }

    /// Whether a line is a comment; `#!`, directives of preprocessors and builds, and `;;` are not.
    fn is_comment(self, line: &str) -> bool {
        const DIRECTIVES: &[&str] = &[
            "include",
            "includedir",
            "define",
            "if",
            "ifdef",
            "ifndef",
            "else",
            "elif",
            "endif",
            "undef",
            "pragma",
            "import",
        ];
        const PRAGMAS: &[&str] = &[
            "syntax=",
            "escape=",
            "cloud-config",
            "jinja2:",
            "nosec",
            "eslint-",
            "shellcheck ",
        ];
        self.marks.iter().any(|mark| {
            let Some(rest) = line.strip_prefix(mark) else {
                return false;
            };
            let word = rest.split_whitespace().next().unwrap_or("");
            let is_directive = *mark == "#"
                && (rest.starts_with('!')
                    || DIRECTIVES
                        .contains(&rest.split([' ', '\t', '"', '<']).next().unwrap_or("")));
            let is_pragma = PRAGMAS
                .iter()
                .any(|pragma| rest.trim_start().starts_with(pragma));
            let is_code = *mark == ";"
                && (word.is_empty() && line.len() == 1
                    || word.starts_with(';')
                        && word.trim_matches(';').is_empty()
                        && !rest.contains(' '));
            !is_directive && !is_pragma && !is_code
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Style, text};
    use evenkeel_document::{Content, Format, read};
    use evenkeel_model::source::SourceFile;

    fn counting(name: &str, content: &str) -> Vec<String> {
        let document = read(&SourceFile::new(name, content), Format::Lines).unwrap();
        let Content::List(lines) = &document.roots[0].content else {
            panic!("lines")
        };
        let counting = Style::of(&document).counting(lines);
        counting
            .into_iter()
            .map(|node| text(node).to_owned())
            .collect()
    }

    #[test]
    fn only_comments_of_the_files_own_format_are_skipped() {
        for (name, content, wanted) in [
            (
                "a.xml",
                "<a>\n<!-- x -->\n<!--\n<b/>\n-->\n# c\n</a>",
                vec!["<a>", "# c", "</a>"],
            ),
            ("named.conf.local", "/*\nx;\n*/\n// y\n# z\nw;", vec!["w;"]),
            (
                "deploy.sh",
                "#!/bin/sh\n# x\n;;\n// y\nrm /*\n/*\nz\n*/",
                vec!["#!/bin/sh", ";;", "// y", "rm /*", "/*", "z", "*/"],
            ),
            (".gitignore", "/*\n!/a\n**/b", vec!["/*", "!/a", "**/b"]),
            (
                "main.bicep",
                "/* a */\n// b\n#disable x\nc",
                vec!["#disable x", "c"],
            ),
            (
                "schema.sql",
                "-- a\nselect 1;\n/* b\nc */\n",
                vec!["select 1;"],
            ),
            ("zone.db", "; a\n@ IN SOA x", vec!["@ IN SOA x"]),
            (
                "Dockerfile.prod",
                "# syntax=docker/dockerfile:1\n# a\nFROM x",
                vec!["# syntax=docker/dockerfile:1", "FROM x"],
            ),
            // A block without an end, or with text after it, is not a comment.
            ("a.js", "/* a\nb", vec!["/* a", "b"]),
            ("b.js", "/* a\nb */ c()", vec!["/* a", "b */ c()"]),
            (
                "sudoers",
                "#includedir /etc/sudoers.d\n# a",
                vec!["#includedir /etc/sudoers.d"],
            ),
        ] {
            assert_eq!(counting(name, content), wanted, "{name}");
        }
    }
}
