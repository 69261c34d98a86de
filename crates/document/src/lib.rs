//! Configuration files as trees, with a place for every key and every value.
//!
//! Each format has one file, which reads a text into a [`Document`] or reports everything that prevents that.
//! `comparison` compares documents; the layers above provide files.
//!
//! To add a format: write `<format>.rs` with `read`, then add its `mod` line and its line in `formats!` below.

#![forbid(unsafe_code)]

pub mod codes;
mod complaint;
pub mod covering;
mod detection;
mod dotenv;
mod duplicates;
mod gathering;
mod hcl;
mod json;
mod limits;
mod lines;
mod properties;
pub mod sensitive;
mod toml;
mod tree;
mod words;
mod yaml;

pub use self::toml::{SyntaxProblem, definition};
pub use complaint::{Broken, Complaint, Outcome};
pub use limits::{DEEPEST, LONGEST, MOST_NODES};
pub use tree::{Content, Document, Entry, Node, Place, Scalar, ScalarKind};

use std::sync::Arc;

use evenkeel_model::defect::Defect;
use evenkeel_model::source::SourceFile;

macro_rules! formats {
    ($( $(#[$about:meta])* $name:ident => $module:ident, $word:literal, [$($ending:literal),*], [$($file:literal),*] );* $(;)?) => {
        /// A format of configuration files.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Format { $( $(#[$about])* $name, )* }

        impl Format {
            /// All formats, in the order of the list.
            pub const ALL: &'static [Self] = &[ $( Self::$name, )* ];
            /// The names, as written in definitions.
            pub const NAMES: &'static [&'static str] = &[ $( $word, )* ];

            /// Returns the name, as written in definitions.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $( Self::$name => $word, )* }
            }

            /// Returns the file extensions of this format, without the dot.
            #[must_use]
            pub const fn endings(self) -> &'static [&'static str] {
                match self { $( Self::$name => &[$($ending),*], )* }
            }

            /// Returns whole file names of this format, regardless of their extension.
            #[must_use]
            pub const fn file_names(self) -> &'static [&'static str] {
                match self { $( Self::$name => &[$($file),*], )* }
            }

            fn read_text(self, file: &Arc<SourceFile>) -> Outcome {
                match self { $( Self::$name => $module::read(file), )* }
            }
        }
    };
}

formats! {
    /// YAML 1.2, one or several documents.
    Yaml => yaml, "yaml", ["yaml", "yml", "eyaml"], [];
    /// JSON, with comments and trailing commas allowed.
    Json => json, "json", ["json", "jsonc", "json5", "tfstate"], [];
    /// TOML.
    Toml => toml, "toml", ["toml"], ["Cargo.lock", "Pipfile", "poetry.lock"];
    /// HCL: Terraform, Terragrunt, Packer, Nomad.
    Hcl => hcl, "hcl", ["hcl", "tf", "tfvars", "tfbackend", "nomad"], [];
    /// Shell-like assignments: `.env` files.
    Dotenv => dotenv, "dotenv", ["env"], [".env"];
    /// INI files and Java properties.
    Properties => properties, "properties", ["ini", "properties", "cfg", "cnf", "service", "timer", "socket", "slice", "mount", "automount", "network", "netdev"], [".npmrc", ".pypirc", ".editorconfig"];
    /// Any other text, line by line.
    Lines => lines, "lines", [], [];
}

impl Format {
    /// Returns the format with a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|format| format.name() == name)
    }

    /// Returns the format of a file by its path: by its whole name, then by its extension; lines otherwise.
    ///
    /// `.env.production` and `production.env` are both dotenv; `values.yaml.gotmpl` is text.
    #[must_use]
    pub fn of(path: &str) -> Self {
        let name = path.rsplit('/').next().unwrap_or(path);
        let by_name = Self::ALL
            .iter()
            .copied()
            .find(|format| format.file_names().contains(&name));
        if let Some(format) = by_name {
            return format;
        }
        if name.starts_with(".env.") || name.starts_with("env.") && !name.contains(".y") {
            return Self::Dotenv;
        }
        let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
        let ending = ending.to_ascii_lowercase();
        Self::ALL
            .iter()
            .copied()
            .find(|format| format.endings().contains(&ending.as_str()))
            .unwrap_or(Self::Lines)
    }

    /// Returns the format of a file by its path, and by its text where the path is ambiguous: an inventory of hosts has
    /// no extension, and sections; a file without an extension may be YAML.
    #[must_use]
    pub fn of_file(file: &SourceFile) -> Self {
        let is = |endings: &[&str]| {
            let ending = file.path.rsplit_once('.').map_or("", |(_, ending)| ending);
            endings.iter().any(|each| each.eq_ignore_ascii_case(ending))
        };
        match Self::of(&file.path) {
            // Assignments of a shell, and nothing else.
            Self::Lines if is(&["sh", "bash", "envrc"]) && dotenv::is_all_of(&file.text) => {
                Self::Dotenv
            }
            Self::Lines if properties::is_of_passwords(file) => Self::Properties,
            Self::Lines => match detection::format(file) {
                Self::Lines if properties::has_sections(&file.text) => Self::Properties,
                known => known,
            },
            // Several programs use this extension.
            Self::Properties
                if is(&["cfg", "ini", "cnf"]) && !properties::is_of_sections(&file.text) =>
            {
                Self::Lines
            }
            known => known,
        }
    }
}

/// Parses a text in a format.
///
/// # Errors
///
/// Everything that makes it unreadable, each with its place.
pub fn read(file: &Arc<SourceFile>, format: Format) -> Result<Document, Vec<Defect>> {
    match read_otherwise(file, format) {
        (Some(document), complaints) if complaints.is_empty() => Ok(document),
        (_, complaints) => Err(complaints),
    }
}

/// Parses as much of a text as possible: the rest of it when the only errors are duplicate keys. Also returns all
/// errors.
#[must_use]
pub fn read_otherwise(file: &Arc<SourceFile>, format: Format) -> (Option<Document>, Vec<Defect>) {
    let document = |roots| Document {
        file: Arc::clone(file),
        format,
        roots,
    };
    let roots = if file.text.len() > LONGEST {
        Err(vec![limits::too_large(file.text.len())].into())
    } else {
        format.read_text(file)
    };
    match roots {
        Ok(roots) => (Some(document(roots)), Vec::new()),
        Err(broken) => {
            // Reports show the text around a complaint.
            let mut ranges = covering::secret_ranges(&file.text);
            ranges.extend(sensitive::KnownSecrets::of_file(file, format).ranges(&file.text));
            let shown = if ranges.is_empty() {
                Arc::clone(file)
            } else {
                let text = covering::covered(&file.text, ranges);
                SourceFile::new(file.path.clone(), text)
            };
            let is_read = broken.is_read_otherwise();
            let Broken { complaints, roots } = broken;
            let complaints = complaints
                .into_iter()
                .map(|complaint| {
                    complaint
                        .covered(&file.text, &shown.text)
                        .into_defect(&shown, format)
                })
                .collect();
            (is_read.then(|| document(roots)), complaints)
        }
    }
}

/// Parses a text when the errors are not reported.
pub(crate) fn read_as(file: &Arc<SourceFile>, format: Format) -> Result<Document, ()> {
    if file.text.len() > LONGEST {
        return Err(());
    }
    let roots = format.read_text(file).map_err(|_| ())?;
    Ok(Document {
        file: Arc::clone(file),
        format,
        roots,
    })
}

/// Decodes the bytes of a file.
///
/// # Errors
///
/// When it is not text: binary, or not UTF-8, with the first invalid byte.
pub fn text_of(path: &str, bytes: Vec<u8>) -> Result<String, Box<Defect>> {
    complaint::text_of(path, bytes)
}

#[cfg(test)]
mod tests {
    use super::Format;
    use evenkeel_model::source::SourceFile;

    #[test]
    fn a_file_with_sections_is_recognised_by_its_text() {
        for (text, format) in [
            (
                "# hosts\n[web]\nweb-1 host=10.0.0.1\n\n[all:children]\nweb\n",
                Format::Properties,
            ),
            (
                "[Unit]\nDescription=an app\n[Service]\nUser = app\n",
                Format::Properties,
            ),
            ("web-1 host=10.0.0.1\n", Format::Lines),
            ("[web]\nlisten 80;\n", Format::Lines),
            ("[a](b)\n", Format::Lines),
            ("", Format::Lines),
        ] {
            let file = SourceFile::new("inventories/staging/hosts", text);
            assert_eq!(Format::of_file(&file), format, "{text}");
        }
    }

    #[test]
    fn the_text_decides_where_a_name_is_ambiguous() {
        for (name, text, format) in [
            (
                "haproxy.cfg",
                "listen a\n  bind 1\n  balance source\n",
                Format::Lines,
            ),
            ("setup.cfg", "[a]\nb = c\n", Format::Properties),
            ("app.sh", "# a\nexport A=1\nB='2'\n", Format::Dotenv),
            ("app.sh", "#!/bin/sh\nset -e\nA=1\n", Format::Lines),
            ("app.sh", "A=$(date)\n", Format::Lines),
            ("app.sh", "A=1 B=2\n", Format::Lines),
        ] {
            let file = SourceFile::new(name, text);
            assert_eq!(Format::of_file(&file), format, "{name} {text}");
        }
    }

    #[test]
    fn a_file_is_recognised_by_its_name() {
        for (path, format) in [
            ("charts/values-staging.yaml", Format::Yaml),
            ("deploy.YML", Format::Yaml),
            (".env", Format::Dotenv),
            ("config/.env.production", Format::Dotenv),
            ("production.env", Format::Dotenv),
            ("main.tf", Format::Hcl),
            ("terragrunt.hcl", Format::Hcl),
            ("prod.tfvars", Format::Hcl),
            ("package.json", Format::Json),
            ("app.properties", Format::Properties),
            ("app.service", Format::Properties),
            ("nginx.conf", Format::Lines),
            ("Dockerfile", Format::Lines),
            ("values.yaml.gotmpl", Format::Lines),
        ] {
            assert_eq!(Format::of(path), format, "{path}");
        }
    }
}
