//! Filling in of values: results of attributes and references in one environment.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::check::shortened;
use super::super::definition::Attribute;
use super::super::expansion::Expansion;
use super::super::expression::{Expression, Piece, Placed, Reference, place_of};
use super::super::{Block, codes};
use super::Resolver;
use crate::kind::Attributes;
use evenkeel_model::defect::Defect;
use evenkeel_model::source::{Field, Span};
use evenkeel_model::{Secret, Value};

impl Resolver<'_> {
    /// Fills in all attributes of a table, and checks results of references against the forms of their keys. `None` if
    /// one of them is unavailable or has another form, which was reported.
    pub(in crate::environment) fn attributes<'f, I: Iterator<Item = &'f Field>>(
        &mut self,
        subject: &str,
        block: &Block,
        fields: impl Fn() -> I,
    ) -> Option<Attributes> {
        let mut attributes = Attributes(Vec::with_capacity(block.attributes.len()));
        let mut whole = true;
        for Attribute {
            name,
            value: placed,
        } in &block.attributes
        {
            let Some(mut value) = self.fill(placed, subject) else {
                whole = false;
                continue;
            };
            let field = fields().find(|field| field.name == *name);
            if let Some(field) = field.filter(|_| placed.expression.plain().is_none()) {
                value = field.form.fit(value);
                let problem = if !field.form.admits(&value) {
                    let expected = field.form.expected();
                    let found = shortened(value.to_string());
                    Some((
                        format!(
                            "{subject}: `{name}` became {found} in {}, expected {expected}",
                            self.name
                        ),
                        format!("expected {expected}"),
                    ))
                } else if value.is_sensitive() && !field.may_be_secret {
                    Some((
                        format!("{subject}: `{name}` contains a secret"),
                        "it is displayed in plans, reports and lists of processes".to_owned(),
                    ))
                } else {
                    None
                };
                if let Some((message, label)) = problem {
                    whole = false;
                    self.complaints.push(
                        Defect::new(&codes::WRONG_FORM, subject, message)
                            .within(self.name)
                            .attribute(*name)
                            .at(&placed.span, label),
                    );
                }
            }
            attributes.0.push((name, value));
        }
        whole.then_some(attributes)
    }

    /// Fills in a value. `None` if a part of it is unavailable, which was reported.
    pub(in crate::environment) fn fill(&mut self, placed: &Placed, subject: &str) -> Option<Value> {
        match &placed.expression {
            Expression::Plain(value) => Some(value.clone()),
            Expression::Whole(reference) => self.have(reference, &placed.span, subject),
            Expression::Joined(pieces) => self.join(pieces, placed, subject),
            Expression::List(items) => {
                let items: Vec<Option<Value>> =
                    items.iter().map(|item| self.fill(item, subject)).collect();
                items
                    .into_iter()
                    .collect::<Option<Vec<Value>>>()
                    .map(Value::List)
            }
            Expression::Table(entries) => {
                let entries: Vec<(Arc<str>, Option<Value>)> = entries
                    .iter()
                    .map(|(key, item)| (Arc::clone(key), self.fill(item, subject)))
                    .collect();
                entries
                    .into_iter()
                    .map(|(key, value)| value.map(|value| (key, value)))
                    .collect::<Option<BTreeMap<_, _>>>()
                    .map(Value::Table)
            }
        }
    }

    /// Fills in a value that must be plain text.
    pub(in crate::environment) fn fill_text(
        &mut self,
        placed: &Placed,
        subject: &str,
    ) -> Option<String> {
        match self.fill(placed, subject)? {
            Value::Text(text) => Some(text.to_string()),
            Value::Integer(number) => Some(number.to_string()),
            other => {
                self.complain(
                    &codes::WRONG_FORM,
                    subject,
                    &placed.span,
                    format!("expected text, found {}", other.type_name()),
                );
                None
            }
        }
    }

    pub(super) fn join(
        &mut self,
        pieces: &[Piece],
        placed: &Placed,
        subject: &str,
    ) -> Option<Value> {
        let mut text = String::new();
        let mut sensitive = false;
        for piece in pieces {
            let place = || match piece {
                Piece::Text(_) => placed.span.clone(),
                Piece::Reference(reference) => place_of(reference, &placed.span),
            };
            match piece {
                Piece::Text(plain) => text.push_str(plain),
                Piece::Reference(reference) => match self.have(reference, &placed.span, subject)? {
                    // Checked before allocation: a rejected text may exceed the memory.
                    Value::Text(value) => {
                        let admitted = Expansion::admits(text.len().saturating_add(value.len()));
                        self.within(admitted, subject, place)?;
                        text.push_str(&value);
                    }
                    Value::Secret(secret, _) => {
                        sensitive = true;
                        let length = text.len().saturating_add(secret.reveal().len());
                        self.within(Expansion::admits(length), subject, place)?;
                        text.push_str(secret.reveal());
                    }
                    value @ (Value::Boolean(_) | Value::Integer(_) | Value::Float(_)) => {
                        text.push_str(&value.to_string());
                    }
                    other => {
                        self.complain(
                            &codes::WRONG_FORM,
                            subject,
                            &place_of(reference, &placed.span),
                            format!("{} cannot be used within text", other.type_name()),
                        );
                        return None;
                    }
                },
            }
        }
        self.expanded(text.len(), subject, &placed.span)?;
        Some(if sensitive {
            let seal = self.surroundings.sealer.seal(text.as_bytes());
            Value::Secret(Secret::new(text), seal.into())
        } else {
            Value::text(&text)
        })
    }

    /// Returns the value of a reference, and reports a missing one unless others do.
    pub(super) fn have(
        &mut self,
        reference: &Reference,
        span: &Span,
        subject: &str,
    ) -> Option<Value> {
        let value = self.look_up(reference);
        if let (None, Reference::Artifact(artifact, _)) = (&value, reference) {
            self.complain(
                &codes::ARTIFACT,
                subject,
                &place_of(reference, span),
                format!("{subject}: the artifact `{artifact}` could not be read"),
            );
        }
        value
    }

    /// Returns the value of a reference. `None` if its source is wrong, which was reported there.
    pub(in crate::environment) fn look_up(&self, reference: &Reference) -> Option<Value> {
        match reference {
            Reference::Environment => Some(Value::text(self.name.as_str())),
            Reference::System => Some(Value::text(&self.definition.system)),
            Reference::Parameter(name) => self.parameters.get(name).cloned(),
            Reference::Artifact(name, attribute) => match &**attribute {
                "digest" => self
                    .surroundings
                    .artifacts
                    .get(name)
                    .map(|facts| Value::text(&facts.digest.to_string())),
                _ => self.definition.artifacts.get(name).map(|artifact| {
                    Value::text(
                        &self
                            .surroundings
                            .directory
                            .join(&artifact.path)
                            .to_string_lossy(),
                    )
                }),
            },
            Reference::Resource(address, attribute) => {
                let (declared, attributes) = self.filled.get(address)?;
                if let Some(output) = declared.output(attribute) {
                    return Some(output);
                }
                attributes.get(attribute).cloned()
            }
        }
    }
}
