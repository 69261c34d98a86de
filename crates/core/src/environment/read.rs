//! Parsing of the definition files into a [`Definition`], with every defect of every file.
//!
//! This file defines the files and their order; their tables are parsed by the files of this folder.

mod approvers;
mod blocks;
mod differences;
mod documents;
mod environment;
mod exclusive;
mod ledger;
mod notify;
mod parameters;
mod surveys;
mod system;
mod whole;

use std::sync::Arc;

use super::expression::Known;
use super::{Definition, Files, codes};
use evenkeel_document::definition;
use evenkeel_model::defect::Defect;
use evenkeel_model::name;
use evenkeel_model::source::{Node, SourceFile, Span, Table};

/// File that every project has.
const SYSTEM_FILE: &str = "system.toml";

/// File of declared differences, in addition to those in environments' own files.
pub const DIFFERENCES_FILE: &str = "differences.toml";

pub use approvers::APPROVERS_FILE;

/// Definition with all of its defects. A definition with an error must not be used for changes.
pub type Reading = (Option<Definition>, Vec<Defect>);

/// Reads all definition files.
#[must_use]
pub fn read(files: &dyn Files) -> Reading {
    let mut complaints = Vec::new();
    let Some(mut system) = read_file(files, SYSTEM_FILE, &mut complaints) else {
        return (None, complaints);
    };
    let mut reader = Reader {
        complaints,
        ..Reader::new(files)
    };
    let mut definition = reader.system(&mut system);
    drop(system);
    for name in definition.path.clone() {
        let path = format!("{name}.toml");
        if let Some(mut file) = read_file(files, &path, &mut reader.complaints) {
            let environment = reader.environment(&mut file, &name, &definition);
            definition.files.push(file.file);
            definition.environments.insert(name, environment);
        }
    }
    if let Some(file) = read_optional_file(files, DIFFERENCES_FILE, &mut reader.complaints) {
        definition.differences = reader.differences_file(&file, &definition);
        definition.files.push(file.file);
    }
    definition.approvers = reader.approvers(&definition.policy);
    // Unreadable parts are missing from the definition: defects about them would be false.
    let whole = !reader
        .complaints
        .iter()
        .any(|complaint| complaint.code == &codes::SYNTAX);
    if whole {
        reader.strangers(&definition);
        reader.required_suites(&definition);
        reader.documents_of_differences(&definition);
        reader.targets_of_surveys(&definition);
        reader.targets_of_scopes(&definition);
        super::reference::check(&definition, &mut reader.complaints);
    } else {
        reader.only_what_is_sure();
    }
    let complaints = super::exposed::cover(reader.complaints, &reader.exposed);
    (Some(definition), complaints)
}

struct Parsed {
    file: Arc<SourceFile>,
    table: Table,
}

/// Reads a file that may be missing.
fn read_optional_file(
    files: &dyn Files,
    path: &str,
    complaints: &mut Vec<Defect>,
) -> Option<Parsed> {
    match files.read(path) {
        Ok(None) => None,
        _ => read_file(files, path, complaints),
    }
}

fn read_file(files: &dyn Files, path: &str, complaints: &mut Vec<Defect>) -> Option<Parsed> {
    let shown = files.shown(path);
    let unreadable = |message: String| {
        Defect::new(&codes::UNREADABLE, shown.clone(), message)
            .help("definitions are system.toml and one file for each environment of its `path`, all in one directory")
    };
    let bytes = match files.read(path) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => {
            complaints.push(unreadable(format!("{shown} does not exist")));
            return None;
        }
        Err(reason) => {
            complaints.push(unreadable(format!("{shown} cannot be read: {reason}")));
            return None;
        }
    };
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            complaints.push(unreadable(format!(
                "{shown} is not UTF-8: byte {at} begins no character"
            )));
            return None;
        }
    };
    let file = SourceFile::new(shown, text);
    let (table, problems) = definition(&file);
    for problem in problems {
        complaints.push(
            Defect::new(
                &codes::SYNTAX,
                file.path.clone(),
                format!("{} is not TOML: {}", file.path, problem.message),
            )
            .at(&problem.span, problem.message),
        );
    }
    Some(Parsed { file, table })
}

struct Reader<'a> {
    complaints: Vec<Defect>,
    files: &'a dyn Files,
    /// `require` of the policy, if written.
    required: Option<Node>,
    /// Keys of the policy about approvals, if written.
    approvals: Vec<(&'static str, Span)>,
    /// Places of secrets that are written in definitions, which must not be displayed.
    exposed: Vec<Span>,
    /// Interned references.
    known: Known,
}

impl<'a> Reader<'a> {
    fn new(files: &'a dyn Files) -> Self {
        Self {
            complaints: Vec::new(),
            files,
            required: None,
            approvals: Vec::new(),
            exposed: Vec::new(),
            known: Known::default(),
        }
    }
}

impl Reader<'_> {
    fn table<'n>(&mut self, node: &'n Node, subject: &str) -> Option<&'n Table> {
        if node.as_table().is_none() {
            self.complaints.push(
                Defect::new(
                    &codes::WRONG_FORM,
                    subject,
                    format!("{subject}: expected a table, found {}", node.type_name()),
                )
                .at(&node.span, "expected a table"),
            );
        }
        node.as_table()
    }

    fn word(&mut self, key: &str, span: &Span, subject: &str) {
        if !name::is_word(key) {
            self.complaints.push(
                Defect::new(
                    &codes::BAD_NAME,
                    subject,
                    format!("`{key}` is not a valid name here"),
                )
                .at(
                    span,
                    "expected lower-case letters, digits and hyphens, at most 63",
                ),
            );
        }
    }
}

fn texts(node: Option<&Node>) -> Vec<String> {
    node.and_then(Node::as_list)
        .unwrap_or(&[])
        .iter()
        .filter_map(|item| item.as_text().map(str::to_owned))
        .collect()
}
