//! Parsing of one environment's file: its values, and its blocks over the system's.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::check::{check_table, missing_keys, unknown_key};
use super::super::definition::EnvironmentDefinition;
use super::super::{Definition, codes, fields};
use super::{Parsed, Reader};
use crate::kind::{self, KINDS};
use evenkeel_model::EnvironmentName;
use evenkeel_model::defect::Defect;
use evenkeel_model::source::Span;

impl Reader<'_> {
    pub(super) fn environment(
        &mut self,
        parsed: &mut Parsed,
        name: &EnvironmentName,
        definition: &Definition,
    ) -> EnvironmentDefinition {
        let Parsed { file, table } = parsed;
        let mut environment = EnvironmentDefinition {
            file: Arc::clone(file),
            values: BTreeMap::new(),
            targets: BTreeMap::new(),
            resources: BTreeMap::new(),
            suites: BTreeMap::new(),
            documents: BTreeMap::new(),
            differences: Vec::new(),
        };
        if table.get("environment").is_none() {
            self.complaints.push(missing_keys(
                &["`[environment]`".into()],
                &Span::start_of(file),
                &file.path,
            ));
        }
        let mut resources = Vec::new();
        for (key, key_span, node) in &mut table.entries {
            match &**key {
                "$schema" => {}
                "environment" => {
                    let Some(table) = self.table(node, "environment") else {
                        continue;
                    };
                    check_table(
                        table,
                        fields::ENVIRONMENT,
                        &node.span,
                        "environment",
                        false,
                        &mut self.complaints,
                    );
                    if let Some(written) = table.get("name")
                        && written.as_text().is_some_and(|text| text != name.as_str())
                    {
                        self.complaints.push(
                            Defect::new(
                                &codes::BAD_NAME,
                                "environment",
                                format!("{} must be the definition of `{name}`", file.path),
                            )
                            .at(
                                &written.span,
                                format!("expected \"{name}\", the file's own name"),
                            ),
                        );
                    }
                }
                "values" => self.values(node, definition, &mut environment),
                "target" => {
                    self.blocks(
                        node,
                        "target",
                        fields::TARGET,
                        Some(&definition.targets),
                        &mut environment.targets,
                    );
                }
                "suite" => {
                    self.blocks(
                        node,
                        "suite",
                        fields::SUITE,
                        Some(&definition.suites),
                        &mut environment.suites,
                    );
                }
                "document" => {
                    self.own_documents(node, &definition.documents, &mut environment.documents);
                }
                "difference" => {
                    let declared = self.differences(node, definition);
                    environment.differences.extend(declared);
                }
                kind if kind::facts(kind).is_some() => {
                    self.resources(kind, node, &definition.resources, &mut resources);
                }
                other => {
                    let known = [
                        "environment",
                        "values",
                        "target",
                        "suite",
                        "document",
                        "difference",
                    ];
                    let known = known.into_iter().chain(KINDS.iter().map(|kind| kind.name));
                    let mut complaint = unknown_key(other, key_span, &file.path, known);
                    if matches!(
                        other,
                        "parameter"
                            | "artifact"
                            | "artifacts"
                            | "survey"
                            | "exclusive"
                            | "release"
                            | "severity"
                            | "system"
                    ) {
                        complaint = complaint.help(format!(
                            "`[{other}…]` must be equal in all environments: \
                         move it to system.toml"
                        ));
                    }
                    self.complaints.push(complaint);
                }
            }
        }
        // Rebuild from a sorted iterator: bulk-built maps have full nodes.
        environment.resources = resources.into_iter().collect();
        environment
    }
}
