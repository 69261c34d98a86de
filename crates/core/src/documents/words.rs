//! Messages about unreadable documents: expected, found, what to do.

use super::walk::{Kind, Resolved, Tree};
use crate::environment::DocumentDeclaration;
use evenkeel_document::codes;
use evenkeel_model::EnvironmentName;
use evenkeel_model::defect::{Code, Defect};
use evenkeel_model::text;

/// Maximum number of listed names.
const SHOWN: usize = 3;

/// Unreadable document, or an unreadable file of one.
#[derive(Clone, Debug)]
pub struct Unreadable {
    /// Code of its defect.
    pub code: &'static Code,
    /// Name of the file or directory within the document; empty for the document itself.
    pub name: String,
    /// Whether it is about a file that is known to exist.
    pub is_file: bool,
    /// Whether nothing exists at the document's place.
    pub absent: bool,
    /// Message with the reason.
    pub message: String,
    /// Help.
    pub help: Option<String>,
}

impl Unreadable {
    /// Creates a problem of the document itself.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            code: &codes::UNREADABLE,
            name: String::new(),
            is_file: false,
            absent: false,
            message: message.into(),
            help: None,
        }
    }

    /// Adds a help.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Assigns it to one of the document's files.
    #[must_use]
    pub fn of(mut self, name: &str) -> Self {
        self.is_file = true;
        self.below(name)
    }

    /// Assigns it to a part of the document whose files are unknown.
    #[must_use]
    pub fn below(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    /// Creates a problem of a missing document.
    fn nothing(message: impl Into<String>) -> Self {
        Self {
            absent: true,
            ..Self::new(message)
        }
    }

    /// Sets another code.
    #[must_use]
    pub fn code(mut self, code: &'static Code) -> Self {
        self.code = code;
        self
    }

    /// Returns its defect at the declaration of the document.
    #[must_use]
    pub fn into_defect(
        self,
        environment: &EnvironmentName,
        declaration: &DocumentDeclaration,
    ) -> Defect {
        let subject = format!("document.{}", declaration.name);
        self.about(&subject)
            .within(environment)
            .at(&declaration.source_span, "declared here")
    }

    /// Returns its defect without a declaration.
    #[must_use]
    pub fn about(self, subject: &str) -> Defect {
        let mut defect = Defect::new(self.code, subject, self.message);
        if !self.name.is_empty() {
            defect = defect.attribute(self.name);
        }
        defect.help = self.help;
        defect
    }
}

/// Returns the kind of an entry in words.
pub(super) fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::File => "a file",
        Kind::Directory => "a directory",
        Kind::Link => "a link",
        Kind::Other(words) => words,
    }
}

pub(super) fn not_a_file(path: &str, found: Kind) -> Unreadable {
    Unreadable::new(format!("`{path}` is {}, expected a file", kind(found)))
}

pub(super) fn no_directory(path: &str, found: Kind) -> Unreadable {
    Unreadable::new(format!("`{path}` is {}, expected a directory", kind(found)))
}

pub(super) fn outside(path: &str) -> Unreadable {
    Unreadable::new(format!(
        "`{path}` leads outside of the repository, or of the project's directory without one"
    ))
    .help("copy the files into the repository")
}

pub(super) fn private(path: &str) -> Unreadable {
    Unreadable::new(format!(
        "`{path}` is, or leads into, a folder of version control or evenkeel, which is never read"
    ))
}

pub(super) fn no_name(shown: &str) -> Unreadable {
    Unreadable::new(format!("the name of `{shown}` is not UTF-8")).help("rename the file")
}

pub(super) fn too_many_files(shown: &str, most: usize) -> Unreadable {
    Unreadable::new(format!("`{shown}` has more than {most} files"))
        .code(&codes::TOO_LARGE)
        .help("name the configuration: a directory below, or a pattern such as `**/*.yaml`")
}

pub(super) fn too_many_entries(shown: &str, most: usize) -> Unreadable {
    Unreadable::new(format!("`{shown}` has more than {most} names"))
        .code(&codes::TOO_LARGE)
        .help("start the path deeper: only the directories below its first part without wildcards are searched")
}

/// Returns the problem of a document or file that exceeds the limit.
#[must_use]
pub fn too_large(shown: &str, bytes: u64, most: u64) -> Unreadable {
    Unreadable::new(format!(
        "`{shown}` has {} MiB, the limit is {}",
        bytes.div_ceil(1024 * 1024),
        most / 1024 / 1024
    ))
    .code(&codes::TOO_LARGE)
}

/// Returns the problem of a missing path, with the existing names beside it.
pub(super) fn absent(tree: &mut dyn Tree, path: &str) -> Unreadable {
    let complaint = Unreadable::nothing(format!("there is no `{path}`{}", tree.known_as()));
    let parts: Vec<&str> = path.split('/').collect();
    for (index, missing) in parts.iter().enumerate() {
        let before = parts.get(..index).unwrap_or_default().join("/");
        let here = tree.start().join(&before);
        let next = here.join(missing);
        let there = match tree.resolve(&next) {
            Ok(Resolved::At(_, Kind::Directory)) => continue,
            Ok(Resolved::At(_, other)) => {
                let so_far = parts.get(..=index).unwrap_or_default().join("/");
                return complaint.help(format!("`{so_far}` is {}", kind(other)));
            }
            _ => tree.resolve(&here),
        };
        let names = match there {
            Ok(Resolved::At(real, Kind::Directory)) => names(tree, &real),
            _ => return complaint,
        };
        let near = text::nearest(missing, names.iter().map(String::as_str));
        if let Some(near) = near {
            let whole = parts.get(..index).unwrap_or_default();
            let rest = parts.get(index + 1..).unwrap_or_default();
            let whole = [whole, &[near], rest].concat().join("/");
            return complaint.help(format!("did you mean `{whole}`?"));
        }
        let place = if before.is_empty() {
            "the project's directory".to_owned()
        } else {
            format!("`{before}`")
        };
        return complaint.help(format!("{place} has {}", some(&names)));
    }
    complaint
}

pub(super) fn no_files(tree: &dyn Tree, path: &str) -> Unreadable {
    Unreadable::nothing(format!("there are no files in `{path}`{}", tree.known_as()))
}

/// Returns the problem of a pattern without matches, with the existing names.
pub(super) fn nothing_matches(tree: &mut dyn Tree, directory: &str, pattern: &str) -> Unreadable {
    let complaint = Unreadable::nothing(format!("no file matches `{pattern}`{}", tree.known_as()));
    let here = tree.start().join(directory);
    match tree.resolve(&here) {
        Ok(Resolved::At(real, Kind::Directory)) => {
            let names = names(tree, &real);
            complaint.help(format!(
                "`{directory}` has {}; `*` stays within one directory, `**` does not",
                some(&names)
            ))
        }
        _ => complaint,
    }
}

fn names(tree: &mut dyn Tree, directory: &std::path::Path) -> Vec<String> {
    let children = tree.children(directory).unwrap_or_default();
    let mut names: Vec<String> = children
        .into_iter()
        .filter_map(|(name, _)| name.into_string().ok())
        .filter(|name| !super::is_private(name.as_ref()))
        .collect();
    names.sort();
    names
}

fn some(names: &[String]) -> String {
    let mut shown: Vec<String> = names
        .iter()
        .take(SHOWN)
        .map(|name| format!("`{name}`"))
        .collect();
    match names.len().saturating_sub(SHOWN) {
        _ if names.is_empty() => return "nothing in it".into(),
        0 => {}
        more => shown.push(format!("{more} more")),
    }
    text::list(&shown, "and")
}
