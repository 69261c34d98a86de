//! Parsing of attribute tables: resources, targets, suites. An environment's own override the system's.

use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;

use super::super::check::{check_field, missing_keys, unknown_key};
use super::super::definition::Attribute;
use super::super::expression::understand;
use super::super::{Block, codes, fields};
use super::Reader;
use crate::kind::{self, KindFacts};
use evenkeel_model::Address;
use evenkeel_model::defect::Defect;
use evenkeel_model::source::{Field, Node, NodeValue, Span, Table};

/// Number of resources parsed on one core at a time.
const AT_ONCE: usize = 512;

impl Reader<'_> {
    /// Parses the resources of one kind. Parsed nodes are freed, since a long file has many.
    pub(super) fn resources(
        &mut self,
        kind: &str,
        node: &mut Node,
        base: &BTreeMap<Address, Arc<Block>>,
        into: &mut Vec<(Address, Arc<Block>)>,
    ) {
        let Some(facts) = kind::facts(kind) else {
            return;
        };
        if self.table(node, kind).is_none() {
            return;
        }
        let NodeValue::Table(table) = &mut node.value else {
            return;
        };
        let files = self.files;
        let parts: Vec<_> = table
            .entries
            .par_chunks_mut(AT_ONCE)
            .map(|entries| {
                let mut reader = Reader::new(files);
                let read = |entry: &mut (Arc<str>, Span, Node)| {
                    let block = reader.resource(kind, facts, entry, base);
                    entry.2.value = NodeValue::Table(Table::default());
                    block
                };
                let blocks: Vec<_> = entries.iter_mut().filter_map(read).collect();
                (blocks, reader.complaints)
            })
            .collect();
        for (blocks, complaints) in parts {
            into.extend(blocks);
            self.complaints.extend(complaints);
        }
    }

    fn resource(
        &mut self,
        kind: &str,
        facts: &KindFacts,
        (key, key_span, node): &(Arc<str>, Span, Node),
        base: &BTreeMap<Address, Arc<Block>>,
    ) -> Option<(Address, Arc<Block>)> {
        let address = Address::new(kind, key);
        self.word(key, key_span, address.as_str());
        let system = base.get(&address);
        let all: [&[Field]; 2] = [facts.fields, fields::RESOURCE];
        let block = self.block(node, key_span, address.as_str(), &all, system.is_none())?;
        let block = match system {
            Some(system) => block.over(system),
            None => block,
        };
        Some((address, Arc::new(block)))
    }

    pub(super) fn blocks(
        &mut self,
        node: &Node,
        what: &str,
        fields: &'static [Field],
        base: Option<&BTreeMap<Arc<str>, Arc<Block>>>,
        into: &mut BTreeMap<Arc<str>, Arc<Block>>,
    ) {
        let Some(table) = self.table(node, what) else {
            return;
        };
        for (key, key_span, node) in &table.entries {
            let subject = format!("{what}.{key}");
            self.word(key, key_span, &subject);
            let system = base.and_then(|base| base.get(key));
            if let Some(block) = self.block(node, key_span, &subject, &[fields], system.is_none()) {
                let block = match system {
                    Some(system) => block.over(system),
                    None => block,
                };
                into.insert(Arc::clone(key), Arc::new(block));
            }
        }
    }

    pub(super) fn block(
        &mut self,
        node: &Node,
        key_span: &Span,
        subject: &str,
        fields: &[&'static [Field]],
        whole: bool,
    ) -> Option<Block> {
        let table = self.table(node, subject)?;
        let all = || fields.iter().flat_map(|fields| fields.iter());
        let mut attributes = Vec::with_capacity(table.entries.len());
        for (key, span, value) in &table.entries {
            let Some(field) = all().find(|field| field.name == &**key) else {
                let known: Vec<&str> = all().map(|field| field.name).collect();
                self.complaints.push(unknown_key(key, span, subject, known));
                continue;
            };
            check_field(value, field, subject, true, &mut self.complaints);
            let complaints = &mut self.complaints;
            let value = understand(value, &mut self.known, &mut |span, message| {
                // A form without references was reported already.
                if !field.written_out {
                    complaints.push(
                        Defect::new(&codes::DANGLING, subject, message)
                            .attribute(field.name)
                            .at(span, "not parsed"),
                    );
                }
            });
            attributes.push(Attribute {
                name: field.name,
                value,
            });
        }
        if whole {
            let missing: Vec<String> = all()
                .filter(|field| field.required && table.get(field.name).is_none())
                .map(|field| format!("`{}`", field.name))
                .collect();
            if !missing.is_empty() {
                self.complaints
                    .push(missing_keys(&missing, key_span, subject));
            }
        }
        attributes.sort_by_key(|attribute| attribute.name);
        // Most memory is in blocks: keep no spare capacity.
        attributes.shrink_to_fit();
        Some(Block {
            span: key_span.clone(),
            attributes,
        })
    }
}
