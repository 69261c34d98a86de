//! Parsing of parameters and their values, with the sources of secrets.
//!
//! Whether each environment sets a value is checked when it is resolved.

use std::sync::Arc;

use super::super::check::{check_table, refer, unknown_key};
use super::super::definition::{EnvironmentDefinition, GivenValue, Parameter, ValueSource, Varies};
use super::super::{Definition, codes, fields};
use super::{Reader, texts};
use crate::kind;
use evenkeel_model::defect::Defect;
use evenkeel_model::name;
use evenkeel_model::source::Node;

impl Reader<'_> {
    pub(super) fn parameters(&mut self, node: &Node, definition: &mut Definition) {
        let Some(table) = self.table(node, "parameter") else {
            return;
        };
        for (key, key_span, node) in &table.entries {
            let subject = format!("parameter.{key}");
            // In templates these words are tables.
            let taken = matches!(&**key, "environment" | "system" | "artifact" | "parameter");
            if !name::is_identifier(key) || taken || kind::facts(key).is_some() {
                self.complaints.push(
                    Defect::new(
                        &codes::BAD_NAME,
                        &subject,
                        format!("`{key}` cannot name a parameter"),
                    )
                    .at(
                        key_span,
                        "expected an identifier such as `db_password` that is not reserved",
                    ),
                );
            }
            let Some(table) = self.table(node, &subject) else {
                continue;
            };
            check_table(
                table,
                fields::PARAMETER,
                &node.span,
                &subject,
                false,
                &mut self.complaints,
            );
            let varies = match table.get("varies").and_then(Node::as_text) {
                Some("identity") => Varies::Identity,
                Some("scale") => Varies::Scale,
                Some("secret") => Varies::Secret,
                _ => Varies::Never,
            };
            let default = table
                .get("default")
                .map(|node| (node.to_value(), node.span.clone()));
            if let Some((_, span)) = &default
                && matches!(varies, Varies::Identity | Varies::Secret)
            {
                if varies == Varies::Secret {
                    self.exposed.push(span.clone());
                }
                self.complaints.push(
                    Defect::new(
                        &codes::MEANINGLESS,
                        &subject,
                        format!("{subject} cannot have a default"),
                    )
                    .at(span, "each environment must have its own value"),
                );
            }
            definition.parameters.insert(
                Arc::clone(key),
                Parameter {
                    varies,
                    default,
                    span: key_span.clone(),
                },
            );
        }
    }

    pub(super) fn values(
        &mut self,
        node: &Node,
        definition: &Definition,
        environment: &mut EnvironmentDefinition,
    ) {
        let Some(table) = self.table(node, "values") else {
            return;
        };
        for (key, key_span, node) in &table.entries {
            let Some(parameter) = definition.parameters.get(key) else {
                let known: Vec<&str> = definition.parameters.keys().map(|name| &**name).collect();
                self.complaints
                    .push(unknown_key(key, key_span, "values", known));
                continue;
            };
            let subject = format!("parameter.{key}");
            let source = if parameter.varies == Varies::Secret {
                match self.secret_source(node, &subject) {
                    Some(source) => source,
                    None => continue,
                }
            } else {
                if refer(node) {
                    self.complaints.push(
                        Defect::new(
                            &codes::WRONG_FORM,
                            &subject,
                            "a value cannot contain a reference",
                        )
                        .at(&node.span, "write the value itself"),
                    );
                }
                ValueSource::Plain(node.to_value())
            };
            environment.values.insert(
                Arc::clone(key),
                GivenValue {
                    source,
                    span: node.span.clone(),
                },
            );
        }
    }

    pub(super) fn secret_source(&mut self, node: &Node, subject: &str) -> Option<ValueSource> {
        let expected = "expected `{ env = … }`, `{ file = … }` or `{ command = […] }`";
        let before = self.complaints.len();
        let Some(table) = node.as_table() else {
            self.exposed.push(node.span.clone());
            self.complaints.push(
                Defect::new(
                    &codes::WRONG_FORM,
                    subject,
                    format!("{subject} is a secret: it must not be written in a definition"),
                )
                .at(&node.span, expected)
                .help("remove it from the file and from the repository's history"),
            );
            return None;
        };
        check_table(
            table,
            fields::SECRET_SOURCE,
            &node.span,
            subject,
            false,
            &mut self.complaints,
        );
        if self.complaints.len() > before {
            // A secret under an unknown key is still secret.
            self.exposed.push(node.span.clone());
            for complaint in self.complaints.iter_mut().skip(before) {
                if complaint.found.take().is_some() {
                    complaint.message = format!("{subject} needs the source of the secret");
                }
            }
            return None;
        }
        let text = |key: &str| table.get(key).and_then(Node::as_text).map(str::to_owned);
        match (text("env"), text("file"), table.get("command")) {
            (Some(variable), None, None) => Some(ValueSource::Variable(variable)),
            (None, Some(file), None) => Some(ValueSource::File(file)),
            (None, None, Some(command)) => Some(ValueSource::Command(texts(Some(command)))),
            _ => {
                self.complaints.push(
                    Defect::new(
                        &codes::WRONG_FORM,
                        subject,
                        format!("{subject} must have exactly one source"),
                    )
                    .at(&node.span, expected),
                );
                None
            }
        }
    }
}
