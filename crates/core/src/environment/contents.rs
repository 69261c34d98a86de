//! Contents of files: written in a definition, copied from beside it, or rendered from a template.
//!
//! Templates are read and parsed once for each environment, however many resources use them.

use std::collections::HashMap;
use std::sync::Arc;

use super::expression::Reference;
use super::reference::plain_text;
use super::resolve::Resolver;
use super::template::{Template, TemplateProblem};
use super::{Block, Definition, Files, codes};
use crate::kind::{self, Attributes, Content};
use evenkeel_model::defect::Defect;
use evenkeel_model::source::{SourceFile, Span};
use evenkeel_model::{Address, Digest, EnvironmentName, Value};

/// Templates by their path beside the definitions.
pub(super) type Templates<'a> = HashMap<&'a str, Result<Understood<'a>, Trouble>>;
/// Files of templates by path, or the reason why they are unreadable.
pub(super) type TemplateFiles = HashMap<String, Result<Arc<SourceFile>, String>>;

/// Parsed template.
pub(super) struct Understood<'a> {
    file: &'a Arc<SourceFile>,
    digest: Digest,
    template: Template<'a>,
    resources: Vec<Address>,
}

/// Problem of a template.
pub(super) enum Trouble {
    /// It cannot be read.
    Unreadable(String),
    /// It is not understood.
    Syntax(Arc<SourceFile>, TemplateProblem),
}

impl Understood<'_> {
    /// Returns the resources whose attributes it uses.
    pub(super) fn resources(&self) -> impl Iterator<Item = &Address> {
        self.resources.iter()
    }
}

/// Reads all templates that an environment's resources name.
pub(super) fn read_templates(
    definition: &Definition,
    name: &EnvironmentName,
    files: &dyn Files,
) -> TemplateFiles {
    let mut read = TemplateFiles::new();
    for (_, block) in definition.resources_of(name) {
        let Some((path, _)) = plain_text(block, "template") else {
            continue;
        };
        if !read.contains_key(path) {
            read.insert(path.to_owned(), read_text(path, files));
        }
    }
    read
}

fn read_text(path: &str, files: &dyn Files) -> Result<Arc<SourceFile>, String> {
    let shown = files.shown(path);
    match files.read(path) {
        Ok(Some(bytes)) => match String::from_utf8(bytes) {
            Ok(text) => Ok(SourceFile::new(shown, text)),
            Err(_) => Err(format!("{shown} is not UTF-8")),
        },
        Ok(None) => Err(format!("{shown} does not exist")),
        Err(reason) => Err(format!("{shown} cannot be read: {reason}")),
    }
}

/// Parses all templates.
pub(super) fn understand_templates(files: &TemplateFiles) -> Templates<'_> {
    files
        .iter()
        .map(|(path, file)| {
            let understood = match file {
                Err(reason) => Err(Trouble::Unreadable(reason.clone())),
                Ok(file) => match Template::new(file) {
                    Err(problem) => Err(Trouble::Syntax(Arc::clone(file), problem)),
                    Ok(template) => Ok(Understood {
                        file,
                        digest: Digest::of(file.text.as_bytes()),
                        resources: template
                            .names
                            .iter()
                            .filter_map(|name| match named(name) {
                                Some(Reference::Resource(address, _)) => Some(address),
                                _ => None,
                            })
                            .collect(),
                        template,
                    }),
                },
            };
            (path.as_str(), understood)
        })
        .collect()
}

impl Resolver<'_> {
    /// Returns the content of a `file`; `None` if it has none, which was reported.
    pub(super) fn content(
        &mut self,
        address: &Address,
        block: &Block,
        attributes: &Attributes,
    ) -> Option<Content> {
        let given: Vec<&str> = ["content", "source", "template"]
            .into_iter()
            .filter(|key| attributes.get(key).is_some())
            .collect();
        match given.as_slice() {
            [] => None,
            ["content"] => {
                let (text, sealed): (Arc<str>, bool) = match attributes.get("content")? {
                    Value::Secret(secret, _) => (secret.reveal().into(), true),
                    value => (value.as_text()?.into(), false),
                };
                Some(self.keep(text, sealed))
            }
            ["source"] => self.source(address, block, attributes.text("source")?),
            ["template"] => self.render(address, block, attributes.text("template")?),
            _ => {
                let last = given.last().copied().unwrap_or_default();
                let quoted: Vec<String> = given.iter().map(|key| format!("`{key}`")).collect();
                self.complain(
                    &codes::WRONG_FORM,
                    address.as_str(),
                    &block.place(last).clone(),
                    format!(
                        "{address}: use only one of {}",
                        evenkeel_model::text::list(&quoted, "and")
                    ),
                );
                None
            }
        }
    }

    fn keep(&self, text: Arc<str>, sealed: bool) -> Content {
        let digest = self.materials.keep(Arc::from(Arc::clone(&text)), sealed);
        Content {
            digest,
            sealed,
            text: (!sealed).then_some(text),
        }
    }

    fn source(&mut self, address: &Address, block: &Block, path: &str) -> Option<Content> {
        if let Some(content) = self.sources.get(path) {
            return Some(content.clone());
        }
        let shown = self.surroundings.files.shown(path);
        let reason = match self.surroundings.files.read(path) {
            Ok(Some(bytes)) => {
                self.files.insert(path.to_owned(), Digest::of(&bytes));
                let content = match String::from_utf8(bytes) {
                    Ok(text) => self.keep(text.into(), false),
                    Err(error) => Content {
                        digest: self.materials.keep(error.into_bytes().into(), false),
                        sealed: false,
                        text: None,
                    },
                };
                self.sources.insert(path.to_owned(), content.clone());
                return Some(content);
            }
            Ok(None) => format!("{shown} does not exist"),
            Err(reason) => format!("{shown} cannot be read: {reason}"),
        };
        self.unreadable(address, block.place("source"), &reason);
        None
    }

    fn unreadable(&mut self, address: &Address, span: &Span, reason: &str) {
        self.complain(
            &codes::UNREADABLE,
            address.as_str(),
            span,
            format!("{address}: {reason}"),
        );
    }

    fn render(&mut self, address: &Address, block: &Block, path: &str) -> Option<Content> {
        let span = block.place("template").clone();
        let templates = self.templates;
        let understood = match templates.get(path)? {
            Ok(understood) => understood,
            Err(Trouble::Unreadable(reason)) => {
                self.unreadable(address, &span, reason);
                return None;
            }
            Err(Trouble::Syntax(file, problem)) => {
                self.complain_template(address, &span, &file.path, problem);
                return None;
            }
        };
        self.files.insert(path.to_owned(), understood.digest);
        let mut sensitive = false;
        let mut values = serde_json::Map::new();
        for name in &understood.template.names {
            let Some(reference) = named(name) else {
                continue;
            };
            if let Some(value) = self.look_up(&reference) {
                sensitive |= value.is_sensitive();
                place(&mut values, name, revealed(&value));
            } else if self.is_wanting(&reference) {
                // The missing value was reported at its own place; here it is defined.
                return None;
            }
        }
        let values = serde_json::Value::Object(values);
        match understood
            .template
            .render(understood.file, &values, sensitive)
        {
            Ok(text) => {
                self.expanded(text.len(), address.as_str(), &span)?;
                Some(self.keep(text.into(), sensitive))
            }
            Err(problem) => {
                self.complain_template(address, &span, &understood.file.path, &problem);
                None
            }
        }
    }

    /// Whether a reference leads to a declared thing without a usable value.
    fn is_wanting(&self, reference: &Reference) -> bool {
        match reference {
            Reference::Parameter(name) => {
                self.definition.parameters.contains_key(name) && !self.parameters.contains_key(name)
            }
            // Without its digest it could not be read; its path is always known.
            Reference::Artifact(name, _) => self.definition.artifacts.contains_key(name),
            Reference::Resource(address, _) => self.gaps.contains(address.as_str()),
            _ => false,
        }
    }

    /// Reports a place in a template once, however many resources use it.
    fn complain_template(
        &mut self,
        address: &Address,
        used: &Span,
        path: &str,
        problem: &TemplateProblem,
    ) {
        if !self
            .reported
            .insert((path.to_owned(), problem.span.start()))
        {
            return;
        }
        self.complaints.push(
            Defect::of(
                &codes::TEMPLATE,
                address,
                format!(
                    "{address}: the template {path} cannot be rendered for {}",
                    self.name
                ),
            )
            .within(self.name)
            .attribute("template")
            .at(&problem.span, problem.message.clone())
            .at(used, "used here"),
        );
    }
}

/// Returns the reference of a template's name. Names in templates use underscores for hyphens.
fn named(name: &str) -> Option<Reference> {
    let mut parts = name.splitn(3, '.');
    let word = |part: &str| part.replace('_', "-");
    match (parts.next()?, parts.next(), parts.next()) {
        ("environment", None, None) => Some(Reference::Environment),
        ("system", None, None) => Some(Reference::System),
        ("artifact", Some(artifact), Some(attribute)) => {
            Some(Reference::Artifact(word(artifact).into(), attribute.into()))
        }
        (kind, Some(resource), Some(attribute)) if kind::facts(kind).is_some() => Some(
            Reference::Resource(Address::new(kind, &word(resource)), word(attribute).into()),
        ),
        (parameter, _, _) => Some(Reference::Parameter(parameter.into())),
    }
}

/// Stores a value where a template expects it: `directory.home.path` is three tables deep.
fn place(
    values: &mut serde_json::Map<String, serde_json::Value>,
    name: &str,
    value: serde_json::Value,
) {
    let (tables, last): (Vec<&str>, &str) = match named(name) {
        Some(Reference::Resource(..) | Reference::Artifact(..)) => {
            let mut parts: Vec<&str> = name.splitn(3, '.').collect();
            let last = parts.pop().unwrap_or(name);
            (parts, last)
        }
        _ => (Vec::new(), name.split('.').next().unwrap_or(name)),
    };
    let mut inner = values;
    for table in tables {
        let entry = inner
            .entry(table.to_owned())
            .or_insert_with(|| serde_json::Value::Object(serde_json::Map::new()));
        let serde_json::Value::Object(next) = entry else {
            return;
        };
        inner = next;
    }
    inner.insert(last.to_owned(), value);
}

/// Returns a value with its secrets revealed: for rendering only.
fn revealed(value: &Value) -> serde_json::Value {
    match value {
        Value::Secret(secret, _) => secret.reveal().into(),
        Value::List(items) => items.iter().map(revealed).collect(),
        Value::Table(entries) => entries
            .iter()
            .map(|(key, value)| (key.to_string(), revealed(value)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        plain => serde_json::to_value(plain).unwrap_or_default(),
    }
}
