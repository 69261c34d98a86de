//! What is said of documents that cannot be read: what was looked for, why it was not to be had, what to do.

use super::walk::{Kind, Resolved, Tree};
use crate::environment::DocumentDeclaration;
use evenkeel_document::codes;
use evenkeel_model::EnvironmentName;
use evenkeel_model::defect::{Code, Defect};
use evenkeel_model::text;

/// How many names are shown of those there are.
const SHOWN: usize = 3;

/// Why a document, or a file of one, cannot be read.
#[derive(Clone, Debug)]
pub struct Unreadable {
    /// The code of the defect that it becomes.
    pub code: &'static Code,
    /// The name within the document of the file or directory it is about; empty for the document itself.
    pub name: String,
    /// Whether it is about a file that is known to be there.
    pub is_file: bool,
    /// Whether nothing at all stands where the document is looked for.
    pub absent: bool,
    /// What could not be read, and why.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

impl Unreadable {
    /// A complaint about the document itself.
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

    /// With help.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// About one of the document's files.
    #[must_use]
    pub fn of(mut self, name: &str) -> Self {
        self.is_file = true;
        self.below(name)
    }

    /// About a part of the document whose files are not known by name.
    #[must_use]
    pub fn below(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    /// That there is nothing.
    fn nothing(message: impl Into<String>) -> Self {
        Self {
            absent: true,
            ..Self::new(message)
        }
    }

    /// With another code.
    #[must_use]
    pub fn code(mut self, code: &'static Code) -> Self {
        self.code = code;
        self
    }

    /// The defect it is, at the declaration that asked for the document.
    #[must_use]
    pub fn into_defect(
        self,
        environment: &EnvironmentName,
        declaration: &DocumentDeclaration,
    ) -> Defect {
        let subject = format!("document.{}", declaration.name);
        self.about(&subject)
            .within(environment)
            .at(&declaration.source_span, "asked for here")
    }

    /// The defect it is, where nothing was declared.
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

/// What stands at a place, in words.
pub(super) fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::File => "a file",
        Kind::Directory => "a directory",
        Kind::Link => "a link",
        Kind::Other(words) => words,
    }
}

pub(super) fn not_a_file(path: &str, found: Kind) -> Unreadable {
    Unreadable::new(format!("`{path}` is {}, and no file", kind(found)))
}

pub(super) fn no_directory(path: &str, found: Kind) -> Unreadable {
    Unreadable::new(format!("`{path}` is {}, and no directory", kind(found)))
}

pub(super) fn outside(path: &str) -> Unreadable {
    Unreadable::new(format!(
        "`{path}` leads outside of what may be read: the repository, or the project's directory where there is none"
    ))
    .help("keep a copy of what is outside within the repository")
}

pub(super) fn private(path: &str) -> Unreadable {
    Unreadable::new(format!(
        "`{path}` is, or leads into, what version control or evenkeel keeps for itself, and is never read"
    ))
}

pub(super) fn no_name(shown: &str) -> Unreadable {
    Unreadable::new(format!("the name of `{shown}` is no UTF-8"))
        .help("give the file a name that is text")
}

pub(super) fn too_many_files(shown: &str, most: usize) -> Unreadable {
    Unreadable::new(format!("`{shown}` has more than {most} files"))
        .code(&codes::TOO_LARGE)
        .help("name what is configuration: a directory below, or a pattern such as `**/*.yaml`")
}

pub(super) fn too_many_entries(shown: &str, most: usize) -> Unreadable {
    Unreadable::new(format!("`{shown}` has more than {most} names"))
        .code(&codes::TOO_LARGE)
        .help("start the path deeper: only the directories below its first part without wildcards are searched")
}

/// A document or file that is larger than the limit.
#[must_use]
pub fn too_large(shown: &str, bytes: u64, most: u64) -> Unreadable {
    Unreadable::new(format!(
        "`{shown}` has {} MiB, and at most {} are read",
        bytes.div_ceil(1024 * 1024),
        most / 1024 / 1024
    ))
    .code(&codes::TOO_LARGE)
}

/// Nothing is at a path: what there is instead.
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

/// Nothing matches a pattern: what there is instead.
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
