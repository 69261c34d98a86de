//! The part of OpenAPI 3.1 that the contract needs: the list of operations, and the validation of a response.
//! References are followed inside the document; nothing is fetched.

use boon::{Compiler, Draft, SchemaIndex, Schemas, UrlLoader, ValidationError};
use serde_json::{Map, Value, json};

use crate::exchange::Answer;
use crate::run::{Failure, require};

const METHODS: [&str; 8] = [
    "get", "put", "post", "delete", "options", "head", "patch", "trace",
];
const LONGEST_CHAIN: usize = 8;
const MOST_COMPLAINTS: usize = 3;
/// The name of a schema while it is compiled; nothing is fetched from it.
const NAME: &str = "https://document.invalid/";

pub struct Document {
    root: Value,
}

/// An operation's method and path template, such as `DELETE` and `/api/entries/{id}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Operation {
    pub path: String,
    pub method: String,
}

impl Operation {
    pub fn new(method: &str, path: &str) -> Self {
        Self {
            path: path.to_owned(),
            method: method.to_ascii_uppercase(),
        }
    }
}

impl std::fmt::Display for Operation {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} {}", self.method, self.path)
    }
}

impl Document {
    /// Parses the document, if it is OpenAPI 3.1 with at least one operation and valid schemas.
    pub fn understand(root: Value) -> Result<Self, Failure> {
        let version = root
            .get("openapi")
            .and_then(Value::as_str)
            .unwrap_or("nothing");
        require(version.starts_with("3.1."), || {
            format!("the document is {version}, expected OpenAPI 3.1")
        })?;
        let document = Self { root };
        require(!document.operations().is_empty(), || {
            "the document describes no operation".to_owned()
        })?;
        for (name, schema) in document.object("/components/schemas") {
            document.compile(schema).map_err(|failure| {
                Failure::wrong(format!("the schema {name}: {}", failure.message))
            })?;
        }
        Ok(document)
    }

    pub fn operations(&self) -> Vec<Operation> {
        let mut operations = Vec::new();
        for (path, item) in self.object("/paths") {
            let methods = METHODS.iter().filter(|method| item.get(**method).is_some());
            operations.extend(methods.map(|method| Operation::new(method, path)));
        }
        operations
    }

    /// Fails unless the document describes this response: its status, media type, body and required headers.
    pub fn verify_answer(&self, operation: &Operation, answer: &Answer) -> Result<(), Failure> {
        let description = self.operation(operation)?;
        let status = answer.status.to_string();
        let response = description
            .get("responses")
            .and_then(|responses| responses.get(&status))
            .ok_or_else(|| {
                Failure::wrong(format!(
                    "{operation} answered {status}, which the document does not list"
                ))
            })?;
        let response = self.resolved(response)?;
        self.verify_headers(operation, response, answer)?;
        let content = response
            .get("content")
            .and_then(Value::as_object)
            .filter(|content| !content.is_empty());
        let Some(content) = content else {
            return require(answer.body.is_empty(), || {
                format!("{operation} answered {status} with a body, but the document lists none")
            });
        };
        let media_type = answer
            .media_type()
            .unwrap_or_else(|| "no media type".to_owned());
        let described = content.get(&media_type).ok_or_else(|| {
            Failure::wrong(format!(
                "{operation} answered {status} with {media_type}, which the document does not list"
            ))
        })?;
        let Some(schema) = described.get("schema") else {
            return Ok(());
        };
        let body = if media_type.ends_with("json") {
            answer.json()?
        } else {
            Value::String(answer.body.clone())
        };
        let complaints = self.complaints(schema, &body)?;
        require(complaints.is_empty(), || {
            format!(
                "{operation} answered {status} with a body that the document does not allow: {complaints}"
            )
        })
    }

    /// Returns whether the document permits this body for the operation.
    pub fn allows_request(
        &self,
        operation: &Operation,
        media_type: &str,
        body: &Value,
    ) -> Result<bool, Failure> {
        let schema = self
            .operation(operation)?
            .get("requestBody")
            .and_then(|request| request.get("content")?.get(media_type)?.get("schema"))
            .ok_or_else(|| {
                Failure::wrong(format!(
                    "the document lists no request body for {operation}"
                ))
            })?;
        Ok(self.complaints(schema, body)?.is_empty())
    }

    fn operation(&self, operation: &Operation) -> Result<&Value, Failure> {
        let paths = self.root.get("paths");
        paths
            .and_then(|paths| {
                paths
                    .get(&operation.path)?
                    .get(operation.method.to_ascii_lowercase())
            })
            .ok_or_else(|| Failure::wrong(format!("the document does not describe {operation}")))
    }

    fn verify_headers(
        &self,
        operation: &Operation,
        response: &Value,
        answer: &Answer,
    ) -> Result<(), Failure> {
        let Some(headers) = response.get("headers").and_then(Value::as_object) else {
            return Ok(());
        };
        for (name, header) in headers {
            let header = self.resolved(header)?;
            let required = header
                .get("required")
                .and_then(Value::as_bool)
                .unwrap_or(false);
            let Some(value) = answer.header(name) else {
                require(!required, || {
                    format!(
                        "{operation} answered {} without the header {name}",
                        answer.status
                    )
                })?;
                continue;
            };
            let Some(schema) = header.get("schema") else {
                continue;
            };
            let complaints = self.complaints(schema, &Value::String(value.to_owned()))?;
            require(complaints.is_empty(), || {
                format!("{operation} answered with a wrong {name}: {complaints}")
            })?;
        }
        Ok(())
    }

    /// Follows `$ref` in place of a whole response or header.
    fn resolved<'document>(
        &'document self,
        mut value: &'document Value,
    ) -> Result<&'document Value, Failure> {
        for _ in 0..LONGEST_CHAIN {
            let Some(reference) = value.get("$ref").and_then(Value::as_str) else {
                return Ok(value);
            };
            value = reference
                .strip_prefix('#')
                .and_then(|pointer| self.root.pointer(pointer))
                .ok_or_else(|| {
                    Failure::wrong(format!(
                        "the document refers to `{reference}`, which is missing"
                    ))
                })?;
        }
        Err(Failure::wrong("the document's references are cyclic"))
    }

    /// Returns the validation errors of the value, in words; empty when it is valid.
    fn complaints(&self, schema: &Value, value: &Value) -> Result<String, Failure> {
        let (schemas, index) = self.compile(schema)?;
        let mut complaints = Vec::new();
        if let Err(error) = schemas.validate(value, index) {
            collect(&error, &mut complaints);
        }
        complaints.truncate(MOST_COMPLAINTS);
        Ok(complaints.join("; "))
    }

    fn compile(&self, schema: &Value) -> Result<(Schemas, SchemaIndex), Failure> {
        // The components are included, so that references from the document's root resolve.
        let components = self.root.get("components").cloned().unwrap_or_default();
        let whole = json!({ "components": components, "allOf": [schema] });
        let mut compiler = Compiler::new();
        compiler.set_default_draft(Draft::V2020_12);
        compiler.enable_format_assertions();
        compiler.use_loader(Box::new(Nothing));
        let mut schemas = Schemas::new();
        let wrong = |error: &dyn std::fmt::Display| {
            Failure::wrong(format!("the document has an invalid schema: {error}"))
        };
        compiler
            .add_resource(NAME, whole)
            .map_err(|error| wrong(&error))?;
        let index = compiler
            .compile(NAME, &mut schemas)
            .map_err(|error| wrong(&error))?;
        Ok((schemas, index))
    }

    fn object(&self, pointer: &str) -> impl Iterator<Item = (&String, &Value)> {
        self.root
            .pointer(pointer)
            .and_then(Value::as_object)
            .into_iter()
            .flat_map(Map::iter)
    }
}

/// A loader that fetches nothing.
struct Nothing;

impl UrlLoader for Nothing {
    fn load(&self, url: &str) -> Result<Value, Box<dyn std::error::Error>> {
        Err(format!("`{url}` is outside of the document").into())
    }
}

/// Collects the innermost errors, each with its place in the value.
fn collect(error: &ValidationError<'_, '_>, complaints: &mut Vec<String>) {
    if error.causes.is_empty() {
        complaints.push(format!("at `{}` {}", error.instance_location, error.kind));
    }
    for cause in &error.causes {
        collect(cause, complaints);
    }
}
