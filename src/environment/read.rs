//! Reads the definition files into a [`Definition`], with every complaint about every file.

mod differences;
mod documents;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::check::{check, check_field, check_table, missing_keys, refer, unknown_key};
use super::definition::{
    Artifact, Attribute, EnvironmentDefinition, GivenSeverity, GivenValue, Parameter, ValueSource,
    Varies,
};
use super::expression::{Known, understand};
use super::{Block, Definition, Files, Policy, codes, fields};
use crate::defect::{Defect, Severity};
use crate::kind::{self, KINDS};
use crate::model::{Address, EnvironmentName, name};
use crate::source::form::parse_date;
use crate::source::{Field, Node, SourceFile, Span, Table, tree};

/// The file every project has.
const SYSTEM_FILE: &str = "system.toml";

/// The file that may hold declared differences, beside those in environments' own files.
pub const DIFFERENCES_FILE: &str = "differences.toml";

/// A definition and everything that is wrong with it. A definition with an error among the complaints must not be
/// acted on.
pub type Reading = (Option<Definition>, Vec<Defect>);

/// Reads all definition files.
#[must_use]
pub fn read(files: &dyn Files) -> Reading {
    let mut complaints = Vec::new();
    let Some(system) = read_file(files, SYSTEM_FILE, &mut complaints) else {
        return (None, complaints);
    };
    let mut reader = Reader {
        complaints,
        files,
        required: None,
        exposed: Vec::new(),
        known: Known::default(),
    };
    let mut definition = reader.system(&system);
    // What was read of it is understood, and of a long file it is much.
    drop(system);
    for name in definition.path.clone() {
        let path = format!("{name}.toml");
        if let Some(file) = read_file(files, &path, &mut reader.complaints) {
            let environment = reader.environment(&file, &name, &definition);
            definition.files.push(file.file);
            definition.environments.insert(name, environment);
        }
    }
    if let Some(file) = read_optional_file(files, DIFFERENCES_FILE, &mut reader.complaints) {
        definition.differences = reader.differences_file(&file, &definition);
        definition.files.push(file.file);
    }
    // What could not be read is missing from the definition: complaints about that would be complaints about nothing.
    let whole = !reader
        .complaints
        .iter()
        .any(|complaint| complaint.code == &codes::SYNTAX);
    if whole {
        reader.strangers(&definition);
        reader.required_suites(&definition);
        reader.documents_of_differences(&definition);
        super::reference::check(&definition, &mut reader.complaints);
    } else {
        reader.only_what_is_sure();
    }
    // Of a list, a map is made without gaps.
    definition.resources = definition.resources.into_iter().collect();
    let complaints = super::exposed::cover(reader.complaints, &reader.exposed);
    (Some(definition), complaints)
}

struct Parsed {
    file: Arc<SourceFile>,
    table: Table,
}

/// A file that may not be there.
fn read_optional_file(
    files: &dyn Files,
    path: &str,
    complaints: &mut Vec<Defect>,
) -> Option<Parsed> {
    match files.read(path) {
        Ok(None) => None,
        _ => read_file(files, path, complaints),
    }
}

fn read_file(files: &dyn Files, path: &str, complaints: &mut Vec<Defect>) -> Option<Parsed> {
    let shown = files.shown(path);
    let unreadable = |message: String| {
        Defect::new(&codes::UNREADABLE, shown.clone(), message)
            .help("definitions are system.toml and one file for each environment of its `path`, all in one directory")
    };
    let bytes = match files.read(path) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => {
            complaints.push(unreadable(format!("{shown} is not there")));
            return None;
        }
        Err(reason) => {
            complaints.push(unreadable(format!("{shown} cannot be read: {reason}")));
            return None;
        }
    };
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            complaints.push(unreadable(format!(
                "{shown} is not UTF-8: byte {at} begins no character"
            )));
            return None;
        }
    };
    let file = SourceFile::new(shown, text);
    let (table, problems) = tree::parse(&file);
    for problem in problems {
        complaints.push(
            Defect::new(
                &codes::SYNTAX,
                file.path.clone(),
                format!("{} is not TOML: {}", file.path, problem.message),
            )
            .at(&problem.span, problem.message),
        );
    }
    Some(Parsed { file, table })
}

struct Reader<'a> {
    complaints: Vec<Defect>,
    files: &'a dyn Files,
    /// The policy's `require`, where it is written.
    required: Option<Node>,
    /// Where secrets are written out: nothing that is shown may show them.
    exposed: Vec<Span>,
    /// What was referred to so far.
    known: Known,
}

impl Reader<'_> {
    fn system(&mut self, parsed: &Parsed) -> Definition {
        let Parsed { file, table } = parsed;
        let mut definition = Definition {
            system: String::new(),
            path: Vec::new(),
            stages: Vec::new(),
            files: vec![Arc::clone(file)],
            parameters: BTreeMap::new(),
            artifacts: BTreeMap::new(),
            targets: BTreeMap::new(),
            resources: BTreeMap::new(),
            suites: BTreeMap::new(),
            documents: BTreeMap::new(),
            document_rules: BTreeMap::new(),
            severities: BTreeMap::new(),
            differences: Vec::new(),
            policy: Policy::default(),
            environments: BTreeMap::new(),
        };
        if table.get("system").is_none() {
            self.complaints.push(missing_keys(
                &["`[system]`".into()],
                &Span::start_of(file),
                &file.path,
            ));
        }
        for (key, key_span, node) in &table.entries {
            match &**key {
                "$schema" => {}
                "system" => self.system_table(node, &mut definition),
                "parameter" => self.parameters(node, &mut definition),
                "artifact" => self.artifacts(node, &mut definition),
                "target" => self.blocks(
                    node,
                    "target",
                    fields::TARGET,
                    None,
                    &mut definition.targets,
                ),
                "suite" => self.blocks(node, "suite", fields::SUITE, None, &mut definition.suites),
                "document" => self.documents(node, &mut definition),
                "severity" => self.severities(node, &mut definition),
                "release" => {
                    check(
                        node,
                        &crate::source::Form::Table(fields::RELEASE),
                        "release",
                        false,
                        &mut self.complaints,
                    );
                    if let Some(table) = node.as_table() {
                        definition.policy = Policy::read(table);
                        self.required = table.get("require").cloned();
                        self.freezes(table);
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
                    self.resources(kind, node, &BTreeMap::new(), &mut definition.resources);
                }
                other => {
                    let known = [
                        "system",
                        "parameter",
                        "artifact",
                        "target",
                        "suite",
                        "document",
                        "severity",
                        "release",
                    ];
                    let known = known.into_iter().chain(KINDS.iter().map(|kind| kind.name));
                    self.complaints
                        .push(unknown_key(other, key_span, &file.path, known));
                }
            }
        }
        definition
    }

    fn system_table(&mut self, node: &Node, definition: &mut Definition) {
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

    /// One environment of the path.
    fn environment_name(&mut self, item: &Node, definition: &mut Definition) {
        let Some(text) = item.as_text().filter(|text| name::is_word(text)) else {
            return;
        };
        let environment = EnvironmentName::new(text);
        let refusal = if text == "system" {
            Some("this is the system's own file")
        } else if DIFFERENCES_FILE.strip_suffix(".toml") == Some(text) {
            Some("this is the file of declared differences")
        } else if fields::DIFFERENCE.iter().any(|field| field.name == text) {
            Some("this is a key of declared differences")
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
                    format!("`{text}` cannot be an environment's name here"),
                )
                .at(&item.span, reason),
            ),
            None => definition.path.push(environment),
        }
    }

    fn parameters(&mut self, node: &Node, definition: &mut Definition) {
        let Some(table) = self.table(node, "parameter") else {
            return;
        };
        for (key, key_span, node) in &table.entries {
            let subject = format!("parameter.{key}");
            // In templates these words are tables of their own.
            let taken = matches!(&**key, "environment" | "system" | "artifact" | "parameter");
            if !name::is_identifier(key) || taken || kind::facts(key).is_some() {
                self.complaints.push(
                    Defect::new(&codes::BAD_NAME, &subject, format!("`{key}` cannot name a parameter"))
                        .at(key_span, "expected an identifier such as `db_password`, and no word of evenkeel's own"),
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

    /// Which codes there are, and which of them can be set, is known in the layers above.
    fn severities(&mut self, node: &Node, definition: &mut Definition) {
        let Some(table) = self.table(node, "severity") else {
            return;
        };
        for (key, key_span, node) in &table.entries {
            let form = crate::source::Form::Choice(Severity::NAMES);
            check(node, &form, "severity", false, &mut self.complaints);
            if let Some(severity) = node.as_text().and_then(Severity::named) {
                let span = key_span.clone();
                definition
                    .severities
                    .insert(key.to_string(), GivenSeverity { severity, span });
            }
        }
    }

    fn artifacts(&mut self, node: &Node, definition: &mut Definition) {
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
            definition.artifacts.insert(
                Arc::clone(key),
                Artifact {
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

    fn environment(
        &mut self,
        parsed: &Parsed,
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
        for (key, key_span, node) in &table.entries {
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
                    self.resources(
                        kind,
                        node,
                        &definition.resources,
                        &mut environment.resources,
                    );
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
                        "parameter" | "artifact" | "release" | "severity" | "system"
                    ) {
                        complaint = complaint.help(format!("`[{other}…]` is the same for all environments: it belongs into system.toml"));
                    }
                    self.complaints.push(complaint);
                }
            }
        }
        environment
    }

    fn values(
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
                            "a value cannot refer to anything",
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

    fn secret_source(&mut self, node: &Node, subject: &str) -> Option<ValueSource> {
        let expected = "expected `{ env = … }`, `{ file = … }` or `{ command = […] }`";
        let before = self.complaints.len();
        let Some(table) = node.as_table() else {
            self.exposed.push(node.span.clone());
            self.complaints.push(
                Defect::new(
                    &codes::WRONG_FORM,
                    subject,
                    format!("{subject} is a secret: it must not be written into a definition"),
                )
                .at(&node.span, expected)
                .help("take it out of the file, and out of the repository's history"),
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
            // A secret under a key that nobody knows is a secret all the same.
            self.exposed.push(node.span.clone());
            for complaint in self.complaints.iter_mut().skip(before) {
                if complaint.found.take().is_some() {
                    complaint.message = format!("{subject} must say where the secret is");
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

    fn resources(
        &mut self,
        kind: &str,
        node: &Node,
        base: &BTreeMap<Address, Arc<Block>>,
        into: &mut BTreeMap<Address, Arc<Block>>,
    ) {
        let Some(facts) = kind::facts(kind) else {
            return;
        };
        let Some(table) = self.table(node, kind) else {
            return;
        };
        for (key, key_span, node) in &table.entries {
            let address = Address::new(kind, key);
            self.word(key, key_span, address.as_str());
            let system = base.get(&address);
            let all: [&[Field]; 2] = [facts.fields, fields::RESOURCE];
            if let Some(block) =
                self.block(node, key_span, address.as_str(), &all, system.is_none())
            {
                let block = match system {
                    Some(system) => block.over(system),
                    None => block,
                };
                into.insert(address, Arc::new(block));
            }
        }
    }

    fn blocks(
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

    fn block(
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
                // Where nothing may refer to anything, that was said already.
                if !field.written_out {
                    complaints.push(
                        Defect::new(&codes::DANGLING, subject, message)
                            .attribute(field.name)
                            .at(span, "not understood"),
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
        // Of the many blocks none has a place to spare.
        attributes.shrink_to_fit();
        Some(Block {
            span: key_span.clone(),
            attributes,
        })
    }

    /// Leaves out complaints that broken syntax may be the cause of: about what is missing, and about what stands
    /// between broken syntax and the next table's header.
    fn only_what_is_sure(&mut self) {
        let mut broken: BTreeMap<String, Vec<std::ops::Range<usize>>> = BTreeMap::new();
        for complaint in &self.complaints {
            if let (true, Some(label)) =
                (complaint.code == &codes::SYNTAX, complaint.labels.first())
            {
                let Span { file, .. } = &label.span;
                let start = file.text.floor_char_boundary(label.span.start());
                let (before, after) = file.text.split_at(start);
                let line = before.rfind('\n').map_or(0, |feed| feed + 1);
                let end = after.find("\n[").map_or(file.text.len(), |at| start + at);
                broken.entry(file.path.clone()).or_default().push(line..end);
            }
        }
        self.complaints.retain(|complaint| {
            let doubtful = complaint.labels.first().is_some_and(|label| {
                broken.get(&label.span.file.path).is_some_and(|ranges| {
                    let start = label.span.start();
                    ranges.iter().any(|range| range.contains(&start))
                })
            });
            complaint.code == &codes::SYNTAX || !(doubtful || complaint.code == &codes::MISSING_KEY)
        });
    }

    /// A freeze that ends before it begins never holds.
    fn freezes(&mut self, release: &Table) {
        for node in release.get("freeze").and_then(Node::as_list).unwrap_or(&[]) {
            let date = |key: &str| node.as_table()?.get(key);
            let (Some(from), Some(to)) = (date("from"), date("to")) else {
                continue;
            };
            let moment = |node: &Node| parse_date(node.as_text()?);
            if let (Some(first), Some(last)) = (moment(from), moment(to))
                && last < first
            {
                self.complaints.push(
                    Defect::new(
                        &codes::MEANINGLESS,
                        "release",
                        "a freeze that ends before it begins",
                    )
                    .at(&to.span, "this is the earlier one")
                    .at(&from.span, "it begins here"),
                );
            }
        }
    }

    /// The kinds of suites that the policy asks for must be declared. What it asks for by default, only where there is
    /// something to release.
    fn required_suites(&mut self, definition: &Definition) {
        if self.required.is_none() && !definition.has_resources() {
            return;
        }
        for kind in &definition.policy.require {
            let declared = definition.suites.values().any(|block| {
                super::reference::plain_text(block, "kind").is_some_and(|(text, _)| text == kind)
            });
            let Some(file) = definition.files.first().filter(|_| !declared) else {
                continue;
            };
            let items = self.required.as_ref().and_then(Node::as_list);
            let item = items
                .unwrap_or(&[])
                .iter()
                .find(|item| item.as_text() == Some(kind));
            let place = item.map_or_else(|| Span::start_of(file), |item| item.span.clone());
            self.complaints.push(
                Defect::new(
                    &codes::MISSING_KEY,
                    "release",
                    format!("a suite of kind `{kind}` is required, and none is declared"),
                )
                .at(&place, "no such suite in this file")
                .help(format!(
                    "declare `[suite.…]` with `kind = \"{kind}\"`, or take \"{kind}\" out of `[release] require`"
                )),
            );
        }
    }

    fn table<'n>(&mut self, node: &'n Node, subject: &str) -> Option<&'n Table> {
        if node.as_table().is_none() {
            self.complaints.push(
                Defect::new(
                    &codes::WRONG_FORM,
                    subject,
                    format!("{subject}: expected a table, found {}", node.type_name()),
                )
                .at(&node.span, "expected a table"),
            );
        }
        node.as_table()
    }

    fn word(&mut self, key: &str, span: &Span, subject: &str) {
        if !name::is_word(key) {
            self.complaints.push(
                Defect::new(
                    &codes::BAD_NAME,
                    subject,
                    format!("`{key}` cannot be a name here"),
                )
                .at(
                    span,
                    "expected lower-case letters, digits and hyphens, at most 63",
                ),
            );
        }
    }

    /// Files that look like environments and are on nobody's path.
    fn strangers(&mut self, definition: &Definition) {
        let names = match self.files.definitions() {
            Ok(names) => names,
            Err(reason) => {
                self.complaints.push(Defect::new(
                    &codes::UNREADABLE,
                    "environments",
                    format!("the directory of the definitions cannot be listed: {reason}"),
                ));
                return;
            }
        };
        // A resource's own content may well be TOML, and lie here too.
        let used: BTreeSet<&str> = definition
            .resources
            .values()
            .chain(
                definition
                    .environments
                    .values()
                    .flat_map(|environment| environment.resources.values()),
            )
            .flat_map(|block| ["source", "template"].map(|key| block.get(key)))
            .filter_map(|placed| placed?.expression.plain()?.as_text())
            .map(|path| path.trim_start_matches("./"))
            .collect();
        for file in names {
            let shown = self.files.shown(&file);
            if used.contains(file.as_str()) || super::document::names(definition, &shown) {
                continue;
            }
            let stem = file.strip_suffix(".toml").unwrap_or(&file);
            let is_known = [SYSTEM_FILE, DIFFERENCES_FILE].contains(&file.as_str());
            if !is_known && !definition.path.iter().any(|name| name.as_str() == stem) {
                self.complaints.push(
                    Defect::new(
                        &codes::MEANINGLESS,
                        shown.clone(),
                        format!("{shown} is no environment on the system's path"),
                    )
                    .help(format!(
                        "add \"{stem}\" to `path` in system.toml, or move the file away"
                    )),
                );
            }
        }
    }
}

fn texts(node: Option<&Node>) -> Vec<String> {
    node.and_then(Node::as_list)
        .unwrap_or(&[])
        .iter()
        .filter_map(|item| item.as_text().map(str::to_owned))
        .collect()
}
