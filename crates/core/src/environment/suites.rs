//! Resolution of suites.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;

use super::definition::Varies;
use super::expression::Expression;
use super::resolve::Resolver;
use super::suite::{HttpCheck, LoadCheck, RunCheck, Suite, SuiteFile, SuiteText};
use super::{Block, codes, fields};
use crate::kind::Attributes;
use evenkeel_model::defect::Defect;
use evenkeel_model::{Digest, Value, duration};

/// Directory of suites' working directories, in the project's directory.
pub const SCRATCH: &str = ".evenkeel/suites";

/// Returns the working directory of a suite in an environment, relative to the project's directory.
#[must_use]
pub fn scratch_of(environment: &str, suite: &str) -> PathBuf {
    Path::new(SCRATCH).join(environment).join(suite)
}

/// Resolves all suites of an environment.
pub(super) fn resolve(resolver: &mut Resolver<'_>) -> Vec<Suite> {
    let blocks = resolver.definition.suites_of(resolver.name);
    let mut suites = Vec::new();
    for (name, block) in blocks {
        if let Some(suite) = suite(resolver, name, block) {
            suites.push(suite);
        }
    }
    suites
}

fn suite(resolver: &mut Resolver<'_>, name: &str, block: &Block) -> Option<Suite> {
    let subject = format!("suite.{name}");
    let before = resolver.complaints.len();
    let fields = || fields::SUITE.iter();
    let Some(attributes) = resolver.attributes(&subject, block, fields) else {
        resolver.gaps.insert(subject);
        return None;
    };
    let mut http = Vec::new();
    for (number, item) in attributes.list("http").iter().enumerate() {
        match http_check(item) {
            Ok(check) => http.push(check),
            Err(message) => {
                let placed = block.get("http");
                let item = match placed.map(|placed| &placed.expression) {
                    Some(Expression::List(items)) => items.get(number).map(|item| &item.span),
                    _ => None,
                };
                let span = item.unwrap_or_else(|| block.place("http"));
                resolver.complaints.push(
                    Defect::new(
                        &codes::WRONG_FORM,
                        &subject,
                        format!("{subject}: request {}: {message}", number + 1),
                    )
                    .within(resolver.name)
                    .attribute(format!("http.{}", number + 1))
                    .at(span, "here"),
                );
            }
        }
    }
    for key in attributes
        .table("environment")
        .into_iter()
        .flat_map(BTreeMap::keys)
    {
        if !evenkeel_model::name::is_variable(key) {
            let span = block.place("environment").clone();
            resolver.complain(
                &codes::WRONG_FORM,
                &subject,
                &span,
                format!("`{key}` cannot name an environment variable: letters, digits and underscores can"),
            );
        }
    }
    let load = attributes.table("load").and_then(load_check);
    if let Some(load) = &load
        && !is_url(&load.url)
    {
        let span = block.place("load").clone();
        resolver.complain(
            &codes::WRONG_FORM,
            &subject,
            &span,
            format!("{subject}: `{}` is not an http or https URL", load.url),
        );
    }
    let files = files(resolver, &subject, block, &attributes);
    let run = run_check(resolver, name, &attributes);
    if resolver.complaints.len() > before {
        return None;
    }
    let digest = Digest::of_record(
        "evenkeel suite 1",
        &SuiteBasis {
            attributes: attributes
                .0
                .iter()
                .map(|(key, value)| (*key, value))
                .collect(),
            inputs: files
                .iter()
                .map(|file| (&*file.path, file.digest.unwrap_or_else(|| Digest::of(b""))))
                .collect(),
        },
    );
    Some(Suite {
        name: name.to_owned(),
        kind: attributes.string("kind")?,
        digest,
        files,
        http,
        run,
        load,
    })
}

/// Content of a suite's digest.
#[derive(Serialize)]
struct SuiteBasis<'a> {
    attributes: BTreeMap<&'a str, &'a Value>,
    inputs: BTreeMap<&'a str, Digest>,
}

/// Returns the program, if it is a file beside the definitions, and the declared inputs.
fn files(
    resolver: &mut Resolver<'_>,
    subject: &str,
    block: &Block,
    attributes: &Attributes,
) -> Vec<SuiteFile> {
    let mut files = Vec::new();
    let program = attributes
        .list("run")
        .first()
        .and_then(Value::as_text)
        .filter(|program| program.contains('/') && !program.starts_with('/'))
        .map(|program| (program.to_owned(), true));
    let inputs = attributes
        .list("inputs")
        .iter()
        .filter_map(|value| Some((value.as_text()?.to_owned(), false)));
    for (path, is_program) in program.into_iter().chain(inputs) {
        let port = resolver.surroundings.files;
        let (found, key, what) = if is_program {
            (port.program(&path), "run", "program")
        } else {
            (port.digest(&path), "inputs", "input")
        };
        let reason = match found {
            Ok(None) if !is_program => "the file does not exist".to_owned(),
            // A program that is not built yet is an error when the suite runs.
            Ok(digest) => {
                files.push(SuiteFile {
                    path,
                    digest,
                    is_program,
                });
                continue;
            }
            Err(reason) => reason,
        };
        let span = block.place(key).clone();
        resolver.complain(
            &codes::UNREADABLE,
            subject,
            &span,
            format!("{subject}: the {what} {path} cannot be read: {reason}"),
        );
    }
    files
}

fn text_of(value: &Value) -> SuiteText {
    match value {
        Value::Secret(secret, _) => SuiteText::Secret(secret.clone()),
        Value::Text(text) => SuiteText::Plain(text.to_string()),
        other => SuiteText::Plain(other.to_string()),
    }
}

fn is_url(text: &str) -> bool {
    text.starts_with("http://") || text.starts_with("https://")
}

fn http_check(value: &Value) -> Result<HttpCheck, String> {
    let Value::Table(table) = value else {
        return Err("expected a table".into());
    };
    if let Some((key, _)) = table
        .iter()
        .find(|(key, value)| &***key != "send" && value.is_sensitive())
    {
        return Err(format!(
            "`{key}` contains a secret, which a failing check would print; a secret may be used in `send`"
        ));
    }
    let text = |key: &str| table.get(key).and_then(Value::as_text);
    let methods = ["get", "post", "put", "delete", "head"];
    let given: Vec<(&str, &str)> = methods
        .iter()
        .filter_map(|method| Some((*method, text(method)?)))
        .collect();
    let [(method, url)] = given.as_slice() else {
        return Err(
            "exactly one of `get`, `post`, `put`, `delete` and `head` must name the URL".into(),
        );
    };
    if !is_url(url) {
        return Err(format!("`{url}` is not an http or https URL"));
    }
    let entries = |key: &str| match table.get(key) {
        Some(Value::Table(entries)) => entries
            .iter()
            .map(|(key, value)| (key.to_string(), value))
            .collect(),
        _ => Vec::new(),
    };
    let mut json = BTreeMap::new();
    for (pointer, value) in entries("json") {
        if !(pointer.is_empty() || pointer.starts_with('/')) {
            return Err(format!(
                "`{pointer}` is not a JSON Pointer: it must start with `/`"
            ));
        }
        json.insert(pointer, serde_json::to_value(value).unwrap_or_default());
    }
    Ok(HttpCheck {
        method: method.to_uppercase(),
        url: (*url).to_owned(),
        send: entries("send")
            .into_iter()
            .map(|(key, value)| (key, text_of(value)))
            .collect(),
        body: text("body").map(str::to_owned),
        status: table
            .get("status")
            .and_then(Value::as_integer)
            .and_then(|status| u16::try_from(status).ok())
            .unwrap_or(200),
        header: entries("header")
            .into_iter()
            .filter_map(|(key, value)| Some((key, value.as_text()?.to_owned())))
            .collect(),
        contains: match table.get("contains") {
            Some(Value::Text(text)) => vec![text.to_string()],
            Some(Value::List(items)) => items
                .iter()
                .filter_map(|item| item.as_text().map(str::to_owned))
                .collect(),
            _ => Vec::new(),
        },
        json,
        within: text("within")
            .and_then(duration::parse)
            .unwrap_or(Duration::from_secs(5)),
    })
}

fn run_check(resolver: &Resolver<'_>, name: &str, attributes: &Attributes) -> Option<RunCheck> {
    let directory = resolver.surroundings.directory;
    let place = |path: &str| -> String {
        if path.starts_with('/') {
            path.to_owned()
        } else {
            directory.join(path).to_string_lossy().into_owned()
        }
    };
    let mut command: Vec<String> = attributes
        .list("run")
        .iter()
        .filter_map(|item| item.as_text().map(str::to_owned))
        .collect();
    let program = command.first_mut()?;
    if program.contains('/') {
        *program = place(program);
    }
    let mut environment: BTreeMap<String, SuiteText> = BTreeMap::new();
    for (parameter, value) in &*resolver.parameters {
        let secret = resolver
            .definition
            .parameters
            .get(parameter)
            .is_some_and(|parameter| parameter.varies == Varies::Secret);
        if !secret {
            environment.insert(
                format!("EVENKEEL_PARAMETER_{}", parameter.to_uppercase()),
                text_of(value),
            );
        }
    }
    environment.insert(
        "EVENKEEL_ENVIRONMENT".into(),
        SuiteText::Plain(resolver.name.to_string()),
    );
    environment.insert(
        "EVENKEEL_ROOT".into(),
        SuiteText::Plain(resolver.surroundings.root.to_string_lossy().into_owned()),
    );
    if let Some(url) = attributes.text("url") {
        environment.insert("TARGET_URL".into(), SuiteText::Plain(url.to_owned()));
    }
    for (key, value) in attributes.table("environment").into_iter().flatten() {
        environment.insert(key.to_string(), text_of(value));
    }
    let scratch = resolver
        .surroundings
        .root
        .join(scratch_of(resolver.name.as_str(), name));
    let directory = attributes
        .text("directory")
        .map_or(scratch, |path| place(path).into());
    Some(RunCheck {
        command,
        environment,
        junit: attributes
            .text("junit")
            .map(|pattern| join(&directory, pattern)),
        directory,
        within: attributes
            .duration("within")
            .unwrap_or(Duration::from_mins(10)),
    })
}

fn join(directory: &Path, path: &str) -> String {
    directory.join(path).to_string_lossy().into_owned()
}

fn load_check(table: &BTreeMap<std::sync::Arc<str>, Value>) -> Option<LoadCheck> {
    let time = |key: &str| {
        table
            .get(key)
            .and_then(Value::as_text)
            .and_then(duration::parse)
    };
    Some(LoadCheck {
        url: table.get("get")?.as_text()?.to_owned(),
        rate: u32::try_from(table.get("rate")?.as_integer()?).ok()?,
        duration: time("for")?,
        p50: time("p50"),
        p95: time("p95"),
        p99: time("p99"),
        errors: table
            .get("errors")
            .and_then(Value::as_number)
            .unwrap_or(0.0),
        within: time("within").unwrap_or(Duration::from_secs(10)),
    })
}
