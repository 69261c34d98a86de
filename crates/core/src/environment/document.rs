//! `[document.NAME]`: existing configuration files, as declared by one environment.
//!
//! References are filled in. Reading the files is left to `operation`, comparing them to `comparison`.

use std::sync::Arc;
use std::time::Duration;

use super::check::shortened;
use super::expression::{Expression, Piece, Placed, Reference, place_of};
use super::reference::plain_text;
use super::{Block, Definition, codes};
use evenkeel_comparison::{Merge, Pattern};
use evenkeel_document::{Format, Scalar};
use evenkeel_model::defect::Defect;
use evenkeel_model::source::Span;
use evenkeel_model::text::matches;
use evenkeel_model::{EnvironmentName, Value, duration};

/// Default time limit of a command that prints a document.
pub const RENDER_WITHIN: Duration = Duration::from_mins(1);

/// Document of one environment.
#[derive(Clone, Debug)]
pub struct DocumentDeclaration {
    /// Name: `values` of `[document.values]`.
    pub name: Arc<str>,
    /// Place of its declaration: the name in the header; an environment's own declaration before the system's.
    pub span: Span,
    /// Source of its text.
    pub source: DocumentSource,
    /// Place of `path` or `render`.
    pub source_span: Span,
    /// Format, if declared; otherwise by file name, YAML for the output of a command.
    pub format: Option<Format>,
    /// Section of this environment in the file.
    pub section: Option<Pattern>,
    /// Base files, the lowest first.
    pub base: Vec<DocumentDeclaration>,
    /// Rules for matching lists and comparing values.
    pub rules: DocumentRules,
}

impl DocumentDeclaration {
    /// Returns the declaration and its base files.
    pub fn with_base(&self) -> impl Iterator<Item = &Self> {
        std::iter::once(self).chain(&self.base)
    }
}

/// Source of a document's text. Paths are relative to the project's directory, which contains the directory of the
/// definitions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DocumentSource {
    /// A file; a directory, with all files below it; or a glob such as `deploy/*.yaml` (`**` for any directories).
    /// Files of a directory or glob are matched by their name relative to it.
    Path(String),
    /// The output of a command, run in the project's directory without a shell.
    Render {
        /// Program and arguments.
        command: Vec<String>,
        /// Time limit.
        within: Duration,
    },
}

/// Rules for comparing a document: the same for all environments.
#[derive(Clone, Debug, Default)]
pub struct DocumentRules {
    /// Lists whose elements are identified by these keys.
    pub identity: Vec<(Pattern, Vec<Arc<str>>)>,
    /// Lists without order and repetition.
    pub sets: Vec<Pattern>,
    /// Values that are equal only if written alike.
    pub exact: Vec<Pattern>,
    /// Values that must never be equal: recipients, keys, hosts. With their places.
    pub must_differ: Vec<(Pattern, Span)>,
    /// Values of missing keys.
    pub defaults: Vec<(Pattern, Scalar)>,
    /// Method of merging layers, if declared; otherwise by file names.
    pub merge: Option<Merge>,
}

/// Returns the documents of an environment, by name, with references filled in. One without `path` and `render` does
/// not exist in this environment.
///
/// # Errors
///
/// Every reference without a value here, or whose value is not text.
pub fn declarations(
    definition: &Definition,
    environment: &EnvironmentName,
) -> Result<Vec<DocumentDeclaration>, Vec<Defect>> {
    let mut declared = Vec::new();
    let mut complaints = Vec::new();
    for (name, block) in definition.documents_of(environment) {
        let mut filling = Filling {
            definition,
            environment,
            subject: format!("document.{name}"),
            complaints: &mut complaints,
        };
        let Some((source, source_span)) = filling.source(block) else {
            continue;
        };
        let section = filling.section(block);
        let format = plain_text(block, "format").and_then(|(text, _)| Format::named(text));
        let base = filling
            .base(block)
            .into_iter()
            .map(|(path, span)| DocumentDeclaration {
                name: Arc::clone(name),
                span: block.span.clone(),
                source: DocumentSource::Path(path),
                source_span: span,
                format,
                section: None,
                base: Vec::new(),
                rules: DocumentRules::default(),
            });
        declared.push(DocumentDeclaration {
            name: Arc::clone(name),
            span: block.span.clone(),
            source,
            source_span,
            format,
            section,
            base: base.collect(),
            rules: definition
                .document_rules
                .get(name)
                .cloned()
                .unwrap_or_default(),
        });
    }
    if complaints.is_empty() {
        Ok(declared)
    } else {
        Err(complaints)
    }
}

/// Whether a file is a document, or inside one, in any environment. `shown` is its path relative to the project.
#[must_use]
pub fn names(definition: &Definition, shown: &str) -> bool {
    definition.path.iter().any(|environment| {
        let declared = declarations(definition, environment).unwrap_or_default();
        let mut sources = declared.iter().flat_map(DocumentDeclaration::with_base);
        sources.any(|each| match &each.source {
            DocumentSource::Path(path) => {
                let path = path.trim_start_matches("./").trim_end_matches('/');
                let below = shown.strip_prefix(path);
                matches(path, shown) || below.is_some_and(|rest| rest.starts_with('/'))
            }
            DocumentSource::Render { .. } => false,
        })
    })
}

/// Fills in one environment's declaration of a document.
struct Filling<'a> {
    definition: &'a Definition,
    environment: &'a EnvironmentName,
    subject: String,
    complaints: &'a mut Vec<Defect>,
}

impl Filling<'_> {
    fn source(&mut self, block: &Block) -> Option<(DocumentSource, Span)> {
        if let Some(placed) = block.get("path") {
            let path = self.text(placed, "path")?;
            return Some((DocumentSource::Path(path), placed.span.clone()));
        }
        let placed = block.get("render")?;
        let command: Vec<Option<String>> = match &placed.expression {
            Expression::List(items) => items.iter().map(|item| self.text(item, "render")).collect(),
            Expression::Plain(Value::List(items)) => items
                .iter()
                .map(|item| item.as_text().map(str::to_owned))
                .collect(),
            _ => {
                self.complain(&placed.span, "render", "the arguments must be a list");
                return None;
            }
        };
        let within = plain_text(block, "within").and_then(|(text, _)| duration::parse(text));
        let render = DocumentSource::Render {
            command: command.into_iter().collect::<Option<_>>()?,
            within: within.unwrap_or(RENDER_WITHIN),
        };
        Some((render, placed.span.clone()))
    }

    /// Returns the section as a path pattern.
    fn section(&mut self, block: &Block) -> Option<Pattern> {
        let placed = block.get("section")?;
        let text = self.text(placed, "section")?;
        match Pattern::parse(&text) {
            Ok(pattern) => Some(pattern),
            Err(problem) => {
                let message = format!("`{text}` is not a valid path pattern: {}", problem.message);
                self.complain(&placed.span, "section", &message);
                None
            }
        }
    }

    /// Returns the base files with their places.
    fn base(&mut self, block: &Block) -> Vec<(String, Span)> {
        let Some(placed) = block.get("base") else {
            return Vec::new();
        };
        match &placed.expression {
            Expression::List(items) => items
                .iter()
                .filter_map(|item| Some((self.text(item, "base")?, item.span.clone())))
                .collect(),
            Expression::Plain(Value::List(items)) => items
                .iter()
                .filter_map(|item| Some((item.as_text()?.to_owned(), placed.span.clone())))
                .collect(),
            _ => {
                self.complain(&placed.span, "base", "the paths must be a list");
                Vec::new()
            }
        }
    }

    /// Fills in a text that must not be empty.
    fn text(&mut self, placed: &Placed, key: &'static str) -> Option<String> {
        let text = match &placed.expression {
            Expression::Plain(value) => value.as_text()?.to_owned(),
            Expression::Whole(reference) => self.value(reference, &placed.span, key)?,
            Expression::Joined(pieces) => {
                let mut text = String::new();
                for piece in pieces {
                    match piece {
                        Piece::Text(plain) => text.push_str(plain),
                        Piece::Reference(reference) => {
                            text.push_str(&self.value(reference, &placed.span, key)?);
                        }
                    }
                }
                text
            }
            Expression::List(_) | Expression::Table(_) => return None,
        };
        if text.is_empty() && key != "render" {
            self.complain(&placed.span, key, "the result is an empty text");
            return None;
        }
        Some(text)
    }

    fn value(&mut self, reference: &Reference, span: &Span, key: &'static str) -> Option<String> {
        let definition = self.definition;
        match reference {
            Reference::Environment => return Some(self.environment.to_string()),
            Reference::System => return Some(definition.system.clone()),
            Reference::Parameter(name) => {
                match definition.plain_value(self.environment, name) {
                    Some(Value::Text(text)) => return Some(text.to_string()),
                    Some(value @ (Value::Boolean(_) | Value::Integer(_) | Value::Float(_))) => {
                        return Some(value.to_string());
                    }
                    Some(other) => {
                        let message = format!("{} cannot be used within text", other.type_name());
                        self.complain(&place_of(reference, span), key, &message);
                    }
                    // A missing value is reported at the parameter.
                    None => self.complain(
                        &place_of(reference, span),
                        key,
                        &format!("`{name}` has no plain value"),
                    ),
                }
            }
            Reference::Resource(..) | Reference::Artifact(..) => self.complain(
                &place_of(reference, span),
                key,
                "only parameters, `environment` and `system` are allowed here",
            ),
        }
        None
    }

    fn complain(&mut self, span: &Span, key: &'static str, message: &str) {
        let Self { subject, .. } = self;
        let message = format!(
            "{subject}: `{key}` cannot be filled in for {}: {}",
            self.environment,
            shortened(message.to_owned())
        );
        self.complaints.push(
            Defect::new(&codes::WRONG_FORM, &*subject, message)
                .within(self.environment)
                .attribute(key)
                .at(span, "here"),
        );
    }
}
