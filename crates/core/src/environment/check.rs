//! Checks of written values against the form of their key; collects every defect with its place.

use evenkeel_model::Value;
use evenkeel_model::defect::Defect;
use evenkeel_model::source::{Field, Form, Node, NodeValue, Span, Table};
use evenkeel_model::text::{list, nearest};

use super::codes;

/// Checks a value against a form, at every depth. Text that contains `${` passes where references are allowed: its
/// result is checked once it is known.
pub fn check(
    node: &Node,
    form: &Form,
    subject: &str,
    references: bool,
    complaints: &mut Vec<Defect>,
) {
    if references && node.as_text().is_some_and(|text| text.contains("${")) {
        return;
    }
    match (form, &node.value) {
        (Form::Table(fields), NodeValue::Table(table)) => {
            check_table(table, fields, &node.span, subject, references, complaints);
        }
        (Form::List(item) | Form::Several(item), NodeValue::List(items)) => {
            if items.is_empty() && matches!(form, Form::Several(_)) {
                complaints.push(wrong_form(node, form, subject, "an empty list"));
            }
            for each in items {
                check(each, item, subject, references, complaints);
            }
        }
        (Form::Map(item), NodeValue::Table(table)) => {
            for (_, _, each) in &table.entries {
                check(each, item, subject, references, complaints);
            }
        }
        (Form::Either(forms), _) => {
            let same_shape = forms.iter().find(|form| {
                matches!(
                    (form, &node.value),
                    (Form::Table(_) | Form::Map(_), NodeValue::Table(_))
                        | (Form::List(_) | Form::Several(_), NodeValue::List(_))
                        | (Form::Word | Form::Words, NodeValue::Plain(Value::Text(_)))
                )
            });
            if let Some(form) = same_shape {
                check(node, form, subject, references, complaints);
            } else if !form.admits(&node.to_value()) {
                complaints.push(wrong_form(node, form, subject, node.type_name()));
            }
        }
        (Form::Date, NodeValue::Date(_)) if form.admits(&node.to_value()) => {}
        (Form::Any, _) => {}
        (_, NodeValue::Date(text)) => {
            let found = if text.contains('-') {
                "a date"
            } else {
                "a time of day"
            };
            complaints.push(wrong_form(node, form, subject, found));
        }
        (Form::Date, NodeValue::Plain(_)) => {
            complaints.push(wrong_form(node, form, subject, node.type_name()));
        }
        (_, NodeValue::Plain(value)) if form.admits(value) => {}
        (_, NodeValue::Plain(value)) => {
            complaints.push(wrong_form(
                node,
                form,
                subject,
                &shortened(value.to_string()),
            ));
        }
        _ => complaints.push(wrong_form(node, form, subject, node.type_name())),
    }
}

/// Checks the value of a key; references are rejected where they are not allowed.
pub fn check_field(
    node: &Node,
    field: &Field,
    subject: &str,
    references: bool,
    complaints: &mut Vec<Defect>,
) {
    if field.written_out && refer(node) {
        complaints.push(
            Defect::new(
                &codes::WRONG_FORM,
                subject,
                format!("{subject}: `{}` must not contain a reference", field.name),
            )
            .attribute(field.name)
            .at(&node.span, "references are not allowed here")
            .help("it must be equal in every environment; vary the values that it uses"),
        );
        return;
    }
    let before = complaints.len();
    let references = references && !field.written_out;
    check(node, &field.form, subject, references, complaints);
    for complaint in complaints.iter_mut().skip(before) {
        complaint
            .attribute
            .get_or_insert_with(|| field.name.to_owned());
    }
}

/// Whether it contains a reference, at any depth.
pub fn refer(node: &Node) -> bool {
    match &node.value {
        NodeValue::Plain(value) => value.as_text().is_some_and(|text| text.contains("${")),
        NodeValue::Date(_) => false,
        NodeValue::List(items) => items.iter().any(refer),
        NodeValue::Table(table) => table.entries.iter().any(|(_, _, each)| refer(each)),
    }
}

/// Shortens a long value for quoting.
pub fn shortened(text: String) -> String {
    const LONGEST: usize = 80;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or("")),
        None => text,
    }
}

/// Checks a table's keys: unknown and missing ones, and the value of each.
pub fn check_table(
    table: &Table,
    fields: &[Field],
    place: &Span,
    subject: &str,
    references: bool,
    complaints: &mut Vec<Defect>,
) {
    for (key, key_span, value) in &table.entries {
        match fields.iter().find(|field| field.name == &**key) {
            Some(field) => check_field(value, field, subject, references, complaints),
            None => complaints.push(unknown_key(
                key,
                key_span,
                subject,
                fields.iter().map(|field| field.name),
            )),
        }
    }
    let missing: Vec<String> = fields
        .iter()
        .filter(|field| field.required && table.get(field.name).is_none())
        .map(|field| format!("`{}`", field.name))
        .collect();
    if !missing.is_empty() {
        complaints.push(missing_keys(&missing, place, subject));
    }
}

/// Returns the defect of missing keys.
pub fn missing_keys(missing: &[String], place: &Span, subject: &str) -> Defect {
    let it = if missing.len() == 1 { "it" } else { "them" };
    Defect::new(
        &codes::MISSING_KEY,
        subject,
        format!("{subject}: missing {}", list(missing, "and")),
    )
    .at(place, format!("add {it} here"))
}

/// Returns the defect of an unknown key.
pub fn unknown_key<'a>(
    key: &str,
    span: &Span,
    subject: &str,
    known: impl IntoIterator<Item = &'a str> + Clone,
) -> Defect {
    let defect = Defect::new(
        &codes::UNKNOWN_KEY,
        subject,
        format!("{subject}: unknown key `{key}`"),
    )
    .attribute(key);
    if let Some(near) = nearest(key, known.clone()) {
        return defect.at(span, format!("did you mean `{near}`?"));
    }
    let mut known: Vec<String> = known.into_iter().map(|name| format!("`{name}`")).collect();
    known.sort();
    let known = match known.len() {
        0 => "nothing".to_owned(),
        more @ 30.. => format!("{more} names"),
        _ => list(&known, "and"),
    };
    defect
        .at(span, "unknown key")
        .help(format!("known keys: {known}"))
}

fn wrong_form(node: &Node, form: &Form, subject: &str, found: &str) -> Defect {
    let expected = form.expected();
    let near = match form {
        Form::Choice(choices) => node
            .as_text()
            .and_then(|text| nearest(text, choices.iter().copied())),
        _ => None,
    };
    let label = match near {
        Some(near) => format!("did you mean \"{near}\"?"),
        None => format!("expected {expected}"),
    };
    Defect::new(
        &codes::WRONG_FORM,
        subject,
        format!("{subject}: expected {expected}, found {found}"),
    )
    .at(&node.span, label)
    .expected_found(expected, found)
}
