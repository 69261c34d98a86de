//! Parsing of `[document.NAME]`: places of documents, and rules for comparing them.
//!
//! Whether each environment has one source for each document is left to [`super::super::reference`], which sees all of
//! them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::document::DocumentRules;
use super::super::{Block, Definition, codes, fields};
use super::{Reader, texts};
use evenkeel_comparison::{Merge, Pattern};
use evenkeel_document::{Scalar, ScalarKind};
use evenkeel_model::Value;
use evenkeel_model::defect::Defect;
use evenkeel_model::source::{Field, Node, NodeValue, Span, Table, place_within};

impl Reader<'_> {
    /// Parses the documents of system.toml.
    pub(super) fn documents(&mut self, node: &Node, definition: &mut Definition) {
        let Some(table) = self.table(node, "document") else {
            return;
        };
        for (key, key_span, node) in &table.entries {
            let subject = format!("document.{key}");
            self.word(key, key_span, &subject);
            let before = self.complaints.len();
            let fields = [fields::DOCUMENT_SOURCE, fields::DOCUMENT_RULES];
            let block = self.block(node, key_span, &subject, &fields, true);
            let (Some(block), Some(table)) = (block, node.as_table()) else {
                continue;
            };
            self.advise_quotes(before);
            let rules = self.rules(table, &subject);
            definition.document_rules.insert(Arc::clone(key), rules);
            definition
                .documents
                .insert(Arc::clone(key), Arc::new(block));
        }
    }

    /// Parses the documents of an environment's file, merged over those of the system. Rules for comparing documents
    /// are not allowed here.
    pub(super) fn own_documents(
        &mut self,
        node: &Node,
        base: &BTreeMap<Arc<str>, Arc<Block>>,
        into: &mut BTreeMap<Arc<str>, Arc<Block>>,
    ) {
        let Some(table) = self.table(node, "document") else {
            return;
        };
        for (key, key_span, node) in &table.entries {
            let subject = format!("document.{key}");
            self.word(key, key_span, &subject);
            let Some(table) = self.table(node, &subject) else {
                continue;
            };
            let is_rule = |key: &str| fields::DOCUMENT_RULES.iter().any(|field| field.name == key);
            let (rules, own): (Vec<_>, Vec<_>) = table
                .entries
                .iter()
                .cloned()
                .partition(|(key, _, _)| is_rule(key));
            for (key, span, _) in rules {
                self.complaints.push(
                    Defect::new(
                        &codes::UNKNOWN_KEY,
                        &subject,
                        format!("`{key}` of {subject} must be equal in all environments"),
                    )
                    .attribute(&*key)
                    .at(&span, "unknown code")
                    .help("move it to system.toml"),
                );
            }
            let own = Node {
                span: node.span.clone(),
                value: NodeValue::Table(Table { entries: own }),
            };
            let fields: [&'static [Field]; 1] = [fields::DOCUMENT_SOURCE];
            if let Some(block) = self.block(&own, key_span, &subject, &fields, true) {
                let block = match base.get(key) {
                    Some(system) => block.over(system),
                    None => block,
                };
                into.insert(Arc::clone(key), Arc::new(block));
            }
        }
    }

    /// Suggests quotes: a path whose dots were parsed as tables is the most likely mistake.
    fn advise_quotes(&mut self, before: usize) {
        for complaint in self.complaints.iter_mut().skip(before) {
            let is_path = matches!(
                complaint.attribute.as_deref(),
                Some("identity" | "defaults")
            );
            if is_path && complaint.found.as_deref() == Some("a table") {
                complaint.help = Some("quote a path of several steps: \"a.b\" = …".to_owned());
            }
        }
    }

    fn rules(&mut self, table: &Table, subject: &str) -> DocumentRules {
        let mut rules = DocumentRules::default();
        let map = |key: &str| {
            let table = table.get(key).and_then(Node::as_table);
            table.map_or(&[][..], |table| &table.entries)
        };
        for (path, span, node) in map("identity") {
            let keys: Vec<Arc<str>> = match node.as_text() {
                Some(key) => vec![key.into()],
                None => texts(Some(node))
                    .iter()
                    .map(|key| (&**key).into())
                    .collect(),
            };
            if let Some(pattern) = self.pattern(path, span, subject, "identity") {
                rules.identity.push((pattern, keys));
            }
        }
        for (path, span, node) in map("defaults") {
            if let (Some(pattern), Some(scalar)) = (
                self.pattern(path, span, subject, "defaults"),
                scalar_of(node),
            ) {
                rules.defaults.push((pattern, scalar));
            }
        }
        for (pattern, _) in self.patterns(table, subject, "sets") {
            rules.sets.push(pattern);
        }
        for (pattern, _) in self.patterns(table, subject, "exact") {
            rules.exact.push(pattern);
        }
        rules.merge = table
            .get("merge")
            .and_then(Node::as_text)
            .and_then(Merge::named);
        rules.must_differ = self.patterns(table, subject, "must-differ");
        rules
    }

    fn patterns(
        &mut self,
        table: &Table,
        subject: &str,
        key: &'static str,
    ) -> Vec<(Pattern, Span)> {
        let items = table.get(key).and_then(Node::as_list).unwrap_or(&[]);
        items
            .iter()
            .filter_map(|item| {
                // An empty text was reported already.
                let text = item.as_text().filter(|text| !text.is_empty())?;
                let pattern = self.pattern(text, &item.span, subject, key)?;
                Some((pattern, item.span.clone()))
            })
            .collect()
    }

    /// Parses a path pattern; a problem is reported at its place within the string.
    pub(super) fn pattern(
        &mut self,
        text: &str,
        span: &Span,
        subject: &str,
        key: &'static str,
    ) -> Option<Pattern> {
        match Pattern::parse(text) {
            Ok(pattern) => Some(pattern),
            Err(problem) => {
                self.complaints.push(
                    Defect::new(
                        &codes::WRONG_FORM,
                        subject,
                        format!("{subject}: `{text}` in `{key}` is not a valid path pattern"),
                    )
                    .attribute(key)
                    .at(&place_within(span, problem.at), problem.message),
                );
                None
            }
        }
    }
}

/// Returns a single value in the form of documents.
fn scalar_of(node: &Node) -> Option<Scalar> {
    let (kind, text) = match &node.value {
        NodeValue::Date(text) => (ScalarKind::Date, text.clone()),
        NodeValue::Plain(Value::Text(text)) => (ScalarKind::Text, text.to_string()),
        NodeValue::Plain(value @ Value::Boolean(_)) => (ScalarKind::Boolean, value.to_string()),
        NodeValue::Plain(value @ Value::Integer(_)) => (ScalarKind::Integer, value.to_string()),
        NodeValue::Plain(value @ Value::Float(_)) => (ScalarKind::Float, value.to_string()),
        _ => return None,
    };
    Some(Scalar {
        kind,
        text: text.into(),
    })
}
