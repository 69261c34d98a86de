//! Rewriting of attributes in the text of definitions. Bytes outside of the changed values stay unchanged: comments,
//! order and layout belong to the user.
//!
//! Pure: choosing the values, and reading and writing files, is left to others.

pub mod toml;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use super::definition::{Attribute, Definition, EnvironmentDefinition};
use super::expression::{Expression, Reference, place_of};
use super::{Block, Placed};
use crate::environment::expression::Piece;
use evenkeel_model::source::{SourceFile, Span};
use evenkeel_model::text::inert;
use evenkeel_model::{Address, EnvironmentName, Value};

/// File in which the value of an attribute is declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    /// `system.toml`, for all environments.
    Shared,
    /// The file of one environment.
    Own,
}

/// Reason why a value cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum RewriteError {
    /// The written value has a reference.
    #[error("`{key}` is written as `{reference}`, which the found value would replace")]
    Reference {
        /// Key.
        key: &'static str,
        /// Reference as written.
        reference: String,
        /// Place of the reference.
        span: Span,
        /// Place of the value that the reference names, if it is one.
        names: Option<Span>,
    },
    /// The table has no place for another line.
    #[error("`{key}` is not written, and its table has no separate header")]
    NoTable {
        /// Key.
        key: &'static str,
        /// Place of the table.
        span: Span,
    },
    /// The value has no form in a definition.
    #[error("the value of `{key}` has no form in TOML")]
    NoForm {
        /// Key.
        key: &'static str,
        /// Place of the old value or the table.
        span: Span,
    },
    /// No file declares the resource.
    #[error("{0} is not declared")]
    Undeclared(Address),
}

/// Changed value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rewritten {
    /// Key.
    pub key: &'static str,
    /// Place of the value, or of the table that gets the key.
    pub at: String,
    /// Old value as written; `None` if there was none at this place.
    pub before: Option<String>,
    /// New value as written.
    pub after: String,
}

/// Text that replaces a range.
#[derive(Debug)]
struct Edit {
    range: Range<usize>,
    text: String,
}

/// Changes of the files of a definition.
#[derive(Debug)]
pub struct Rewrite<'a> {
    definition: &'a Definition,
    environment: &'a EnvironmentDefinition,
    edits: BTreeMap<String, (Arc<SourceFile>, Vec<Edit>)>,
    /// New tables of the environment's file, with their lines.
    tables: BTreeMap<Address, String>,
}

impl<'a> Rewrite<'a> {
    /// Starts without changes; `None` if the environment has no file.
    #[must_use]
    pub fn new(definition: &'a Definition, environment: &EnvironmentName) -> Option<Self> {
        Some(Self {
            definition,
            environment: definition.environments.get(environment)?,
            edits: BTreeMap::new(),
            tables: BTreeMap::new(),
        })
    }

    /// Returns the file in which the value of a key is declared. Without a value, it is the file that declares the resource.
    #[must_use]
    pub fn layer(&self, address: &Address, key: &str) -> Layer {
        let own = self.environment.resources.get(address);
        let is_own = |span: &Span| span.file.path == self.environment.file.path;
        match own.and_then(|block| block.get(key)) {
            Some(placed) if is_own(&placed.span) => Layer::Own,
            Some(_) => Layer::Shared,
            None if self.definition.resources.contains_key(address) => Layer::Shared,
            None => Layer::Own,
        }
    }

    /// Changes the value of a key in a layer, or adds the key.
    ///
    /// # Errors
    ///
    /// When the written value has references, or the text has no place for a new key.
    pub fn set(
        &mut self,
        address: &Address,
        key: &'static str,
        value: &Value,
        layer: Layer,
    ) -> Result<Rewritten, RewriteError> {
        let shared = self.definition.resources.get(address);
        let own = self.environment.resources.get(address);
        let undeclared = || RewriteError::Undeclared(address.clone());
        let merged = own.or(shared).ok_or_else(undeclared)?;
        if let Some(placed) = merged.get(key)
            && let Some(error) = self.reference(key, placed)
        {
            return Err(error);
        }
        let own_file = &self.environment.file;
        let block: Option<&Block> = match layer {
            Layer::Shared => Some(shared.ok_or_else(undeclared)?),
            // The merged block's place is the environment's table, if it has one.
            Layer::Own => own.map(|block| &**block),
        };
        let is_here = |span: &Span| match layer {
            Layer::Shared => true,
            Layer::Own => span.file.path == own_file.path,
        };
        let file = match block {
            Some(block) => Arc::clone(&block.span.file),
            None => Arc::clone(own_file),
        };
        let ending = line_ending(&file.text);
        let at = |span: &Span| span.location().to_string();
        let text = |span: &Span| {
            let lines = ending == "\n";
            let span = span.clone();
            toml::written(value, lines).ok_or(RewriteError::NoForm { key, span })
        };
        let Some(block) = block else {
            let span = shared.map_or_else(|| Span::start_of(own_file), |block| block.span.clone());
            let after = text(&span)?;
            let lines = self.tables.entry(address.clone()).or_default();
            lines.push_str(&format!("{key} = {after}{ending}"));
            let at = own_file.path.clone();
            let before = None;
            return Ok(Rewritten {
                key,
                at,
                before,
                after,
            });
        };
        if let Some(placed) = block.get(key).filter(|placed| is_here(&placed.span)) {
            let after = text(&placed.span)?;
            let range = placed.span.start()..placed.span.end();
            let edit = Edit {
                range,
                text: after.clone(),
            };
            self.edit(&placed.span.file, edit);
            let before = Some(placed.span.text().to_owned());
            let at = at(&placed.span);
            return Ok(Rewritten {
                key,
                at,
                before,
                after,
            });
        }
        let after = text(&block.span)?;
        let own_attributes: Vec<&Attribute> = block
            .attributes
            .iter()
            .filter(|attribute| is_here(&attribute.value.span))
            .collect();
        let Some(place) = end_of_table(&block.span, &own_attributes) else {
            let span = block.span.clone();
            return Err(RewriteError::NoTable { key, span });
        };
        // The last line may lack its end.
        let is_ended = place == 0 || file.text.as_bytes().get(place - 1) == Some(&b'\n');
        let line = if is_ended {
            format!("{key} = {after}{ending}")
        } else {
            format!("{ending}{key} = {after}")
        };
        self.edit(
            &file,
            Edit {
                range: place..place,
                text: line,
            },
        );
        let at = at(&block.span);
        let before = None;
        Ok(Rewritten {
            key,
            at,
            before,
            after,
        })
    }

    fn edit(&mut self, file: &Arc<SourceFile>, edit: Edit) {
        let (_, edits) = self
            .edits
            .entry(file.path.clone())
            .or_insert_with(|| (Arc::clone(file), Vec::new()));
        edits.push(edit);
    }

    /// Returns the error of a value with a reference.
    fn reference(&self, key: &'static str, placed: &Placed) -> Option<RewriteError> {
        let (reference, span) = first_reference(placed)?;
        let names = match reference {
            Reference::Parameter(name) => {
                let given = self.environment.values.get(name).map(|given| &given.span);
                let default = || {
                    let parameter = self.definition.parameters.get(name)?;
                    parameter.default.as_ref().map(|(_, span)| span)
                };
                given.or_else(default).cloned()
            }
            _ => None,
        };
        Some(RewriteError::Reference {
            key,
            reference: inert(&reference.to_string()).into_owned(),
            span: place_of(reference, span),
            names,
        })
    }

    /// Returns the new texts of the changed files.
    #[must_use]
    pub fn texts(self) -> Vec<(Arc<SourceFile>, String)> {
        let mut edits = self.edits;
        if !self.tables.is_empty() {
            let file = &self.environment.file;
            let ending = line_ending(&file.text);
            let mut added = String::new();
            for (address, lines) in &self.tables {
                let old = &file.text;
                let is_ended = old.is_empty() || old.ends_with('\n');
                if added.is_empty() && !is_ended {
                    added.push_str(ending);
                }
                let is_blank = old.is_empty() || old.ends_with("\n\n") || old.ends_with("\n\r\n");
                if !(added.is_empty() && is_blank) {
                    added.push_str(ending);
                }
                let (kind, name) = (toml::key(address.kind()), toml::key(address.name()));
                added.push_str(&format!("[{kind}.{name}]{ending}{lines}"));
            }
            let end = file.text.len();
            let (_, edits) = edits
                .entry(file.path.clone())
                .or_insert_with(|| (Arc::clone(file), Vec::new()));
            edits.push(Edit {
                range: end..end,
                text: added,
            });
        }
        edits
            .into_values()
            .map(|(file, edits)| {
                let text = edited(&file.text, edits);
                (file, text)
            })
            .collect()
    }
}

/// Returns the first reference of a value, with the place of its string.
fn first_reference(placed: &Placed) -> Option<(&Reference, &Span)> {
    match &placed.expression {
        Expression::Plain(_) => None,
        Expression::Whole(reference) => Some((reference, &placed.span)),
        Expression::Joined(pieces) => pieces.iter().find_map(|piece| match piece {
            Piece::Reference(reference) => Some((&**reference, &placed.span)),
            Piece::Text(_) => None,
        }),
        Expression::List(items) => items.iter().find_map(first_reference),
        Expression::Table(entries) => entries.values().find_map(first_reference),
    }
}

/// Returns a text with changes. Additions at one place keep their order.
fn edited(text: &str, mut edits: Vec<Edit>) -> String {
    edits.sort_by_key(|edit| edit.range.start);
    let mut whole = String::with_capacity(text.len() + 64);
    let mut from = 0;
    for edit in edits {
        whole.push_str(text.get(from..edit.range.start).unwrap_or_default());
        whole.push_str(&edit.text);
        from = edit.range.end.max(from);
    }
    whole.push_str(text.get(from..).unwrap_or_default());
    whole
}

fn line_ending(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}

/// Returns the place after the last line of a table with a separate header; `None` for a table in another form.
fn end_of_table(header: &Span, attributes: &[&Attribute]) -> Option<usize> {
    let text = header.file.text.as_str();
    let start_of = |place: usize| {
        let before = text.get(..place)?;
        Some(before.rfind('\n').map_or(0, |end| end + 1))
    };
    let end_of = |place: usize| {
        let after = text.get(place..)?;
        Some(after.find('\n').map_or(text.len(), |end| place + end + 1))
    };
    let line = text
        .get(start_of(header.start())?..end_of(header.start())?)?
        .trim_start();
    if !line.starts_with('[') || line.starts_with("[[") {
        return None;
    }
    let mut end = end_of(header.start())?;
    for attribute in attributes {
        let span = &attribute.value.span;
        let line = text.get(start_of(span.start())?..)?.trim_start();
        let name = attribute.name;
        let rest = line.strip_prefix(name).or_else(|| {
            line.strip_prefix('"')?
                .strip_prefix(name)?
                .strip_prefix('"')
        });
        // A table below this one, or a dotted key, has another line.
        if rest.is_some_and(|rest| rest.trim_start().starts_with('=')) {
            end = end.max(end_of(span.end())?);
        }
    }
    Some(end)
}

#[cfg(test)]
mod tests;
