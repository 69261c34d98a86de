//! Parsing of system.toml: everything shared by all environments.
//!
//! Parameters are left to `parameters`, resources and suites to `blocks`, documents to `documents`.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::check::{check, check_table, missing_keys, unknown_key};
use super::super::definition::{Artifact, GivenSeverity, StoreOfArtifacts, Unpack};
use super::super::policy::RollbackTrigger;
use super::super::{Definition, Policy, codes, fields};
use super::{DIFFERENCES_FILE, Parsed, Reader, texts};
use crate::kind::{self, KINDS};
use evenkeel_model::defect::{Defect, Severity};
use evenkeel_model::source::form::{parse_date, parse_end};
use evenkeel_model::source::{Form, Node, Span, Table};
use evenkeel_model::{EnvironmentName, Value, name};

impl Reader<'_> {
    pub(super) fn system(&mut self, parsed: &mut Parsed) -> Definition {
        let Parsed { file, table } = parsed;
        let mut definition = Definition {
            system: String::new(),
            path: Vec::new(),
            stages: Vec::new(),
            files: vec![Arc::clone(file)],
            parameters: BTreeMap::new(),
            artifacts: BTreeMap::new(),
            artifact_store: None,
            targets: BTreeMap::new(),
            resources: BTreeMap::new(),
            suites: BTreeMap::new(),
            documents: BTreeMap::new(),
            document_rules: BTreeMap::new(),
            surveys: BTreeMap::new(),
            scopes: BTreeMap::new(),
            ledger: None,
            hooks: Vec::new(),
            ignored_pairs: Vec::new(),
            severities: BTreeMap::new(),
            differences: Vec::new(),
            policy: Policy::default(),
            approvers: None,
            environments: BTreeMap::new(),
        };
        if table.get("system").is_none() {
            self.complaints.push(missing_keys(
                &["`[system]`".into()],
                &Span::start_of(file),
                &file.path,
            ));
        }
        let mut resources = Vec::new();
        for (key, key_span, node) in &mut table.entries {
            match &**key {
                "$schema" => {}
                "system" => self.system_table(node, &mut definition),
                "parameter" => self.parameters(node, &mut definition),
                "artifact" => self.artifacts(node, &mut definition),
                "artifacts" => definition.artifact_store = self.artifact_store(node),
                "target" => self.blocks(
                    node,
                    "target",
                    fields::TARGET,
                    None,
                    &mut definition.targets,
                ),
                "suite" => self.blocks(node, "suite", fields::SUITE, None, &mut definition.suites),
                "document" => self.documents(node, &mut definition),
                "survey" => self.surveys(node, &mut definition),
                "exclusive" => self.scopes(node, &mut definition),
                "ledger" => definition.ledger = self.ledger(node),
                "notify" => definition.hooks = self.hooks(node),
                "ignore" => self.ignore(node, &mut definition),
                "severity" => self.severities(node, &mut definition),
                "release" => {
                    check(
                        node,
                        &Form::Table(fields::RELEASE),
                        "release",
                        false,
                        &mut self.complaints,
                    );
                    if let Some(table) = node.as_table() {
                        definition.policy = Policy::read(table);
                        self.required = table.get("require").cloned();
                        self.freezes(table);
                        self.automatic_rollback(table, &definition.policy);
                        self.approvals = ["approvals", "approvals-exclude", "approvals-role"]
                            .into_iter()
                            .filter_map(|key| Some((key, table.get(key)?.span.clone())))
                            .collect();
                        if table.get("approvals").is_some() && !definition.policy.delivery {
                            self.complaints.push(
                                Defect::new(
                                    &codes::MEANINGLESS,
                                    "release",
                                    "`approvals` has no effect when `mode` is \"deployment\"",
                                )
                                .at(
                                    &table
                                        .get("approvals")
                                        .map_or(node.span.clone(), |node| node.span.clone()),
                                    "takes no effect",
                                ),
                            );
                        }
                    }
                }
                kind if kind::facts(kind).is_some() => {
                    self.resources(kind, node, &BTreeMap::new(), &mut resources);
                }
                other => {
                    let known = [
                        "system",
                        "parameter",
                        "artifact",
                        "artifacts",
                        "target",
                        "suite",
                        "document",
                        "survey",
                        "exclusive",
                        "ledger",
                        "notify",
                        "ignore",
                        "severity",
                        "release",
                    ];
                    let known = known.into_iter().chain(KINDS.iter().map(|kind| kind.name));
                    self.complaints
                        .push(unknown_key(other, key_span, &file.path, known));
                }
            }
        }
        // Rebuild from a sorted iterator: bulk-built maps have full nodes.
        definition.resources = resources.into_iter().collect();
        definition
    }

    pub(super) fn system_table(&mut self, node: &Node, definition: &mut Definition) {
        let Some(table) = self.table(node, "system") else {
            return;
        };
        check_table(
            table,
            fields::SYSTEM,
            &node.span,
            "system",
            false,
            &mut self.complaints,
        );
        if let Some(name) = table.get("name").and_then(Node::as_text) {
            name.clone_into(&mut definition.system);
        }
        for item in table.get("path").and_then(Node::as_list).unwrap_or(&[]) {
            let before = definition.path.len();
            match item.as_list() {
                Some(siblings) => siblings
                    .iter()
                    .for_each(|item| self.environment_name(item, definition)),
                None => self.environment_name(item, definition),
            }
            let stage = definition.path.get(before..).unwrap_or_default().to_vec();
            if !stage.is_empty() {
                definition.stages.push(stage);
            }
        }
    }

    /// Parses one environment of the path.
    pub(super) fn environment_name(&mut self, item: &Node, definition: &mut Definition) {
        let Some(text) = item.as_text().filter(|text| name::is_word(text)) else {
            return;
        };
        let environment = EnvironmentName::new(text);
        let refusal = if text == "system" {
            Some("this name is the system's file")
        } else if DIFFERENCES_FILE.strip_suffix(".toml") == Some(text) {
            Some("this name is the file of declared differences")
        } else if fields::DIFFERENCE.iter().any(|field| field.name == text) {
            Some("this name is a key of declared differences")
        } else if definition.path.contains(&environment) {
            Some("already on the path")
        } else {
            None
        };
        match refusal {
            Some(reason) => self.complaints.push(
                Defect::new(
                    &codes::BAD_NAME,
                    "system",
                    format!("`{text}` is not a valid name of an environment here"),
                )
                .at(&item.span, reason),
            ),
            None => definition.path.push(environment),
        }
    }

    /// Parses pairs of files that are not compared.
    fn ignore(&mut self, node: &Node, definition: &mut Definition) {
        let Some(table) = self.table(node, "ignore") else {
            return;
        };
        check_table(
            table,
            fields::IGNORE,
            &node.span,
            "ignore",
            false,
            &mut self.complaints,
        );
        for item in table.get("pairs").and_then(Node::as_list).unwrap_or(&[]) {
            let Some(text) = item.as_text().filter(|text| !text.is_empty()) else {
                continue;
            };
            let problem = if text.starts_with('/') {
                Some("expected a path relative to the project's directory".to_owned())
            } else {
                let glob = globset::Glob::new(text);
                glob.err().map(|error| error.kind().to_string())
            };
            match problem {
                None => definition.ignored_pairs.push(text.to_owned()),
                Some(reason) => self.complaints.push(
                    Defect::new(
                        &codes::WRONG_FORM,
                        "ignore",
                        format!("ignore: `{text}` in `pairs` is not a valid pattern of files"),
                    )
                    .attribute("pairs")
                    .at(&item.span, reason),
                ),
            }
        }
    }

    /// Parses severities. The layers above know the codes, and which of them are configurable.
    pub(super) fn severities(&mut self, node: &Node, definition: &mut Definition) {
        let Some(table) = self.table(node, "severity") else {
            return;
        };
        for (key, key_span, node) in &table.entries {
            let form = Form::Choice(Severity::NAMES);
            check(node, &form, "severity", false, &mut self.complaints);
            if let Some(severity) = node.as_text().and_then(Severity::named) {
                let span = key_span.clone();
                definition
                    .severities
                    .insert(key.to_string(), GivenSeverity { severity, span });
            }
        }
    }

    pub(super) fn artifacts(&mut self, node: &Node, definition: &mut Definition) {
        let Some(table) = self.table(node, "artifact") else {
            return;
        };
        for (key, key_span, node) in &table.entries {
            let subject = format!("artifact.{key}");
            self.word(key, key_span, &subject);
            let Some(table) = self.table(node, &subject) else {
                continue;
            };
            check_table(
                table,
                fields::ARTIFACT,
                &node.span,
                &subject,
                false,
                &mut self.complaints,
            );
            let unpack = self.unpack(table, &subject);
            definition.artifacts.insert(
                Arc::clone(key),
                Artifact {
                    unpack,
                    path: table
                        .get("path")
                        .and_then(Node::as_text)
                        .unwrap_or_default()
                        .to_owned(),
                    build: texts(table.get("build")),
                    span: key_span.clone(),
                },
            );
        }
    }

    /// Parses how an archive becomes an artifact.
    fn unpack(&mut self, table: &Table, subject: &str) -> Option<Unpack> {
        let value = |key: &str| table.get(key).map(Node::to_value);
        let is_unpacked = value("unpack") == Some(Value::Boolean(true));
        if !is_unpacked {
            if let Some(node) = table.get("strip") {
                self.complaints.push(
                    Defect::new(
                        &codes::MEANINGLESS,
                        subject,
                        format!("{subject}: `strip` has no effect without `unpack = true`"),
                    )
                    .attribute("strip")
                    .at(&node.span, "takes no effect"),
                );
            }
            return None;
        }
        let strip = value("strip").and_then(|value| usize::try_from(value.as_integer()?).ok());
        Some(Unpack {
            strip: strip.unwrap_or(0),
        })
    }

    /// Parses the store of artifacts.
    fn artifact_store(&mut self, node: &Node) -> Option<StoreOfArtifacts> {
        /// Number of kept releases.
        const KEEP: usize = 20;
        let table = self.table(node, "artifacts")?;
        check_table(
            table,
            fields::ARTIFACTS,
            &node.span,
            "artifacts",
            false,
            &mut self.complaints,
        );
        let keep = table.get("keep").map(Node::to_value);
        let keep = keep.and_then(|keep| usize::try_from(keep.as_integer()?).ok());
        Some(StoreOfArtifacts {
            path: table.get("store").and_then(Node::as_text)?.to_owned(),
            keep: keep.unwrap_or(KEEP),
        })
    }

    /// Refuses an automatic rollback that has to wait for approvals.
    fn automatic_rollback(&mut self, table: &Table, policy: &Policy) {
        let Some(node) = table.get("rollback-approvals") else {
            return;
        };
        if policy.rollback == RollbackTrigger::AfterFailedSmoke && policy.rollback_approvals > 0 {
            self.complaints.push(
                Defect::new(
                    &codes::MEANINGLESS,
                    "release",
                    "an automatic rollback (`rollback = \"after-failed-smoke\"`) cannot wait for approvals",
                )
                .at(&node.span, "expected 0"),
            );
        }
    }

    /// Reports a freeze that ends before it starts.
    pub(super) fn freezes(&mut self, release: &Table) {
        for node in release.get("freeze").and_then(Node::as_list).unwrap_or(&[]) {
            let date = |key: &str| node.as_table()?.get(key);
            let (Some(from), Some(to)) = (date("from"), date("to")) else {
                continue;
            };
            let first = from.as_text().and_then(parse_date);
            let last = to.as_text().and_then(parse_end);
            if let (Some(first), Some(last)) = (first, last)
                && last < first
            {
                self.complaints.push(
                    Defect::new(
                        &codes::MEANINGLESS,
                        "release",
                        "the freeze ends before it starts",
                    )
                    .at(&to.span, "the end is here")
                    .at(&from.span, "the start is here"),
                );
            }
        }
    }
}
