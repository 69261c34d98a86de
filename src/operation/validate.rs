//! Validate: checks definitions only, without targets and secrets.

use std::collections::{BTreeMap, BTreeSet};

use super::session::{Needs, Session};
use super::{Failure, ProjectLocation, World};
use crate::report::Report;
use evenkeel_core::documents::DeclaredDocuments;
use evenkeel_core::environment::definition::{HookCall, SharedPlace, ValueSource};
use evenkeel_core::environment::{Definition, DocumentSource, Resolved};
use evenkeel_model::EnvironmentName;
use evenkeel_model::text::inert;

/// Reads, checks and resolves all environments, and checks declared differences.
///
/// # Errors
///
/// All defects.
pub fn validate(
    world: &World<'_>,
    location: &ProjectLocation,
    render: bool,
) -> Result<Report, Failure> {
    let mut session = Session::open(world, location, "validate")?;
    let path = session.project.definition.path.clone();
    let needs = if render {
        Needs::RenderedDefinitions
    } else {
        Needs::Definitions
    };
    let resolution = session.resolve(&path, needs)?;
    let Session {
        project,
        mut report,
    } = session;
    let lint = resolution
        .parity
        .iter()
        .filter(|defect| defect.code.name.starts_with("difference/"))
        .cloned();
    report.defects(project.warnings.iter().cloned().chain(lint));
    let resources: usize = resolution
        .resolved
        .values()
        .map(|each| each.resources.len())
        .sum();
    let mut counted = vec![
        evenkeel_model::text::count(resolution.resolved.len(), "environment"),
        evenkeel_model::text::count(resources, "resource"),
        evenkeel_model::text::count(project.definition.parameters.len(), "parameter"),
    ];
    let documents = project.definition.document_names().len();
    if documents > 0 {
        counted.push(evenkeel_model::text::count(documents, "document"));
    }
    report.say(counted.join(", "));
    for line in programs(&project.definition, &resolution.resolved, render) {
        report.say(line);
    }
    report.exit_code = u8::from(report.has_errors());
    Ok(report)
}

/// Returns every program that the definitions name, with the command that runs it, one line each.
fn programs(
    definition: &Definition,
    resolved: &BTreeMap<EnvironmentName, Resolved>,
    rendered: bool,
) -> BTreeSet<String> {
    let line = |what: String, command: &[String], runs: &str| {
        let command: Vec<String> = command
            .iter()
            .map(|argument| inert(argument).replace('\n', " "))
            .collect();
        format!("program: {what} runs `{}` with {runs}", command.join(" "))
    };
    let mut lines = BTreeSet::new();
    for (name, artifact) in &definition.artifacts {
        if !artifact.build.is_empty() {
            lines.insert(line(
                format!("artifact.{name}"),
                &artifact.build,
                "deliver --build",
            ));
        }
    }
    for suite in resolved.values().flat_map(|each| &each.suites) {
        if let Some(run) = &suite.run {
            let runs = "verify, deliver and release";
            lines.insert(line(format!("suite.{}", suite.name), &run.command, runs));
        }
    }
    let notify = "deliver, approve, reject, withdraw, release, rollback and drift";
    let mut sources = Vec::new();
    for hook in &definition.hooks {
        let what = format!("notify.{}", hook.name);
        match &hook.call {
            HookCall::Run(command) => {
                lines.insert(line(what.clone(), command, notify));
            }
            HookCall::Url(_) => {}
            HookCall::SecretUrl(source) => sources.push((what.clone(), source, notify)),
        }
        sources.extend(hook.secret.as_ref().map(|source| (what, source, notify)));
    }
    if let Some(ledger) = &definition.ledger {
        let runs = "every command that needs the ledger";
        let password = match &ledger.place {
            SharedPlace::Postgres { password, .. } => password.as_ref(),
            SharedPlace::Git { .. } => None,
        };
        let own = password.into_iter().chain(&ledger.key);
        sources.extend(own.map(|source| ("ledger".to_owned(), source, runs)));
    }
    for (what, source, runs) in sources {
        if let ValueSource::Command(command) = source {
            lines.insert(line(what, command, runs));
        }
    }
    let declared = DeclaredDocuments::of(definition);
    for (environment, document) in declared.iter().flat_map(DeclaredDocuments::asked) {
        if let DocumentSource::Render { command, .. } = &document.source {
            let what = format!("document.{} ({environment})", document.name);
            lines.insert(line(what.clone(), command, "drift, deliver and --render"));
            if !rendered {
                lines.insert(format!("{what}: not compared"));
            }
        }
    }
    for (environment, given) in &definition.environments {
        for (parameter, value) in &given.values {
            if let ValueSource::Command(command) = &value.source {
                let what = format!("parameter.{parameter} ({environment})");
                let runs = "every command that needs the secret";
                lines.insert(line(what, command, runs));
            }
        }
    }
    lines
}
