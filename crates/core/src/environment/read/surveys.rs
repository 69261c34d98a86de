//! Parsing of `[survey.NAME]`: the target, the groups of facts, and the exceptions.

use std::sync::Arc;

use super::super::check::check_table;
use super::super::definition::Survey;
use super::super::{Definition, codes, fields};
use super::{Reader, texts};
use evenkeel_host::facts::GROUPS;
use evenkeel_model::defect::Defect;
use evenkeel_model::source::{Node, Span};
use evenkeel_model::text::nearest;

impl Reader<'_> {
    /// Parses the surveys of system.toml.
    pub(super) fn surveys(&mut self, node: &Node, definition: &mut Definition) {
        let Some(table) = self.table(node, "survey") else {
            return;
        };
        for (key, key_span, node) in &table.entries {
            let subject = format!("survey.{key}");
            self.word(key, key_span, &subject);
            let Some(table) = self.table(node, &subject) else {
                continue;
            };
            check_table(
                table,
                fields::SURVEY,
                key_span,
                &subject,
                false,
                &mut self.complaints,
            );
            let Some((on, on_span)) = table
                .get("on")
                .and_then(|node| Some((node.as_text()?, node.span.clone())))
            else {
                continue;
            };
            let mut groups = texts(table.get("facts"));
            if groups.is_empty() {
                groups = GROUPS.iter().map(|name| (*name).to_owned()).collect();
            }
            groups.sort();
            groups.dedup();
            let items = table.get("except").and_then(Node::as_list).unwrap_or(&[]);
            let except = items
                .iter()
                .filter_map(|item| {
                    let text = item.as_text().filter(|text| !text.is_empty())?;
                    self.pattern(text, &item.span, &subject, "except")
                })
                .collect();
            let survey = Survey {
                name: Arc::clone(key),
                span: key_span.clone(),
                on: on.into(),
                on_span,
                groups,
                except,
            };
            definition.surveys.insert(Arc::clone(key), survey);
        }
    }

    /// Checks that the targets of surveys exist.
    pub(super) fn targets_of_surveys(&mut self, definition: &Definition) {
        for survey in definition.surveys.values() {
            let subject = format!("survey.{}", survey.name);
            self.target_of(definition, &subject, &survey.on, &survey.on_span);
        }
    }

    /// Checks that a target exists.
    pub(super) fn target_of(
        &mut self,
        definition: &Definition,
        subject: &str,
        on: &str,
        span: &Span,
    ) {
        let of_environments = definition
            .environments
            .values()
            .flat_map(|environment| environment.targets.keys());
        let mut known = definition.targets.keys().chain(of_environments);
        if known.clone().any(|name| **name == *on) {
            return;
        }
        let near = nearest(on, known.by_ref().map(|name| &**name));
        let label = near.map_or_else(
            || "no such target".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        let message = format!("the target `{on}` is not declared");
        self.complaints.push(
            Defect::new(&codes::DANGLING, subject, message)
                .attribute("on")
                .at(span, label),
        );
    }
}
