//! Insertion of declared differences into the text of `differences.toml`. Existing bytes stay unchanged: comments,
//! order and formatting belong to the user.
//!
//! Pure: choosing differences, reading and writing files is left to others.

use toml_edit::{Array, ArrayOfTables, Datetime, DocumentMut, InlineTable, Item, Table};

use super::Fingerprint;
use evenkeel_document::definition;
use evenkeel_model::source::{Node, SourceFile};
use evenkeel_model::text::inert;
use evenkeel_model::{EnvironmentName, Value};

/// Difference to declare.
#[derive(Debug, Clone)]
pub struct NewDifference {
    /// Comment above it; none if empty.
    pub comment: String,
    /// Place.
    pub at: String,
    /// Bounds of environments, in the order of writing.
    pub bounds: Vec<(EnvironmentName, NewBound)>,
    /// Reason.
    pub reason: String,
    /// Owner.
    pub owner: String,
    /// Expiry.
    pub expires: jiff::civil::Date,
    /// Ticket.
    pub ticket: Option<String>,
}

/// Bound of one environment.
#[derive(Debug, Clone)]
pub enum NewBound {
    /// Exactly this value.
    Exact(Value),
    /// A value with this fingerprint.
    Fingerprint(Fingerprint),
    /// A text that a regular expression matches completely.
    Matches(&'static str),
    /// Absent.
    Absent,
    /// Any value, but present.
    Present,
}

/// Reason why differences cannot be added.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum EditError {
    /// The existing file is invalid.
    #[error("line {line} is not TOML: {message}")]
    Syntax {
        /// Line.
        line: usize,
        /// Message of the parser.
        message: String,
    },
    /// Tables cannot follow an inline list.
    #[error("`difference` is written as one list; write each as a table `[[difference]]`")]
    OneList,
    /// A bound is a secret.
    #[error("the value at `{at}` is a secret, which must not be written to a file")]
    Secret {
        /// Place.
        at: String,
    },
}

/// Returns the lines of one difference, as in a definition.
///
/// # Errors
///
/// When a bound is a secret.
pub fn lines(difference: &NewDifference) -> Result<String, EditError> {
    let NewDifference {
        comment,
        at,
        bounds,
        reason,
        owner,
        expires,
        ticket,
    } = difference;
    let mut table = Table::new();
    let text = |text: &str| Item::Value(text.into());
    table.insert("at", text(at));
    for (environment, bound) in bounds {
        let bound = written(bound).ok_or_else(|| EditError::Secret { at: at.clone() })?;
        table.insert(environment.as_str(), Item::Value(bound));
    }
    table.insert("reason", text(reason));
    table.insert("owner", text(owner));
    let expires = expires.to_string();
    let expires = match expires.parse::<Datetime>() {
        Ok(date) => Item::Value(date.into()),
        Err(_) => text(&expires),
    };
    table.insert("expires", expires);
    if let Some(ticket) = ticket {
        table.insert("ticket", text(ticket));
    }
    let mut tables = ArrayOfTables::new();
    tables.push(table);
    let mut document = DocumentMut::new();
    document.insert("difference", Item::ArrayOfTables(tables));
    let mut lines = String::new();
    for line in comment.lines() {
        let line = format!("# {}", inert(line));
        lines.push_str(line.trim_end());
        lines.push('\n');
    }
    lines.push_str(&document.to_string());
    Ok(lines)
}

/// Returns the text of a file with differences appended. `schema` is the reference in the first line of a new file.
///
/// # Errors
///
/// When the file is not TOML, when tables cannot follow its content, or when a bound is a secret.
pub fn add(
    text: Option<&str>,
    new: &[NewDifference],
    schema: Option<&str>,
) -> Result<String, EditError> {
    let old = text.unwrap_or_default();
    if let Some((line, message)) = problem(old) {
        return Err(EditError::Syntax { line, message });
    }
    if new.is_empty() {
        return Ok(old.to_owned());
    }
    let mut added = String::new();
    if old.trim().is_empty()
        && let Some(schema) = schema
    {
        added.push_str(&format!("#:schema {schema}\n"));
    }
    for difference in new {
        if !(added.is_empty() && old.is_empty()) {
            added.push('\n');
        }
        added.push_str(&lines(difference)?);
    }
    // The last line may lack a line break, or be followed by an empty line already.
    if old.ends_with("\n\n") || old.ends_with("\n\r\n") {
        added = added.trim_start_matches('\n').to_owned();
    } else if !old.is_empty() && !old.ends_with('\n') {
        added.insert(0, '\n');
    }
    // Line breaks within texts stay unchanged.
    let has_long_texts = added.contains("\"\"\"") || added.contains("'''");
    if old.contains("\r\n") && !has_long_texts {
        added = added.replace('\n', "\r\n");
    }
    let whole = format!("{old}{added}");
    if problem(&whole).is_some() {
        return Err(EditError::OneList);
    }
    Ok(whole)
}

/// Returns the first problem of a text, and its line.
fn problem(text: &str) -> Option<(usize, String)> {
    let file = SourceFile::new("differences.toml", text);
    let (table, problems) = definition(&file);
    let problem = problems.first();
    let problem = problem.map(|problem| (problem.span.location().line, problem.message.clone()));
    let no_list = table
        .get("difference")
        .filter(|node| Node::as_list(node).is_none())
        .map(|node| {
            let line = node.span.location().line;
            (line, "declared differences are a list of tables".to_owned())
        });
    problem.or(no_list)
}

/// Returns a bound as TOML; `None` for a secret.
fn written(bound: &NewBound) -> Option<toml_edit::Value> {
    let only = |key: &str, value: toml_edit::Value| {
        let mut table = InlineTable::new();
        table.insert(key, value);
        toml_edit::Value::InlineTable(table)
    };
    Some(match bound {
        NewBound::Fingerprint(fingerprint) => only("fingerprint", fingerprint.as_str().into()),
        NewBound::Matches(expression) => only("matches", (*expression).into()),
        NewBound::Absent => only("absent", true.into()),
        NewBound::Present => only("absent", false.into()),
        // A table would be parsed as bounds.
        NewBound::Exact(value @ Value::Table(_)) => only("exact", value_of(value)?),
        NewBound::Exact(value) => value_of(value)?,
    })
}

fn value_of(value: &Value) -> Option<toml_edit::Value> {
    Some(match value {
        Value::Boolean(boolean) => (*boolean).into(),
        Value::Integer(number) => (*number).into(),
        Value::Float(number) if number.is_finite() => (*number).into(),
        Value::Float(number) => number.to_string().into(),
        Value::Text(text) => text.to_string().into(),
        Value::Secret(..) => return None,
        Value::List(items) => {
            let mut list = Array::new();
            for item in items {
                list.push(value_of(item)?);
            }
            toml_edit::Value::Array(list)
        }
        Value::Table(entries) => {
            let mut table = InlineTable::new();
            for (key, item) in entries {
                table.insert(&**key, value_of(item)?);
            }
            toml_edit::Value::InlineTable(table)
        }
    })
}

#[cfg(test)]
#[path = "edit_tests.rs"]
mod tests;
