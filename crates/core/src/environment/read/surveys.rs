//! Parsing of `[survey.NAME]`: the target, the groups of facts, and the exceptions.

use std::sync::Arc;

use super::super::check::check_table;
use super::super::definition::Survey;
use super::super::{Definition, codes, fields};
use super::{Reader, texts};
use evenkeel_host::facts::GROUPS;
use evenkeel_model::defect::Defect;
use evenkeel_model::source::Node;
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
        let of_environments = definition
            .environments
            .values()
            .flat_map(|environment| environment.targets.keys());
        let known: Vec<&Arc<str>> = definition.targets.keys().chain(of_environments).collect();
        for survey in definition.surveys.values() {
            if known.contains(&&survey.on) {
                continue;
            }
            let near = nearest(&survey.on, known.iter().map(|name| &***name));
            let label = near.map_or_else(
                || "no such target".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            let message = format!("the target `{}` is not declared", survey.on);
            self.complaints.push(
                Defect::new(&codes::DANGLING, format!("survey.{}", survey.name), message)
                    .attribute("on")
                    .at(&survey.on_span, label),
            );
        }
    }
}
