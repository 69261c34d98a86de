//! Trees in several formats: as YAML, as variables of Terraform, as dotenv.

use serde_json::{Map, Value};

/// Returns the value at a path of keys, names of elements, and positions.
pub fn at<'v>(tree: &'v mut Value, path: &[&str]) -> &'v mut Value {
    path.iter().fold(tree, |value, step| match value {
        Value::Object(entries) => entries
            .get_mut(*step)
            .unwrap_or_else(|| panic!("no {step}")),
        Value::Array(items) => items
            .iter_mut()
            .find(|item| item["name"] == **step || item["kind"] == **step)
            .unwrap_or_else(|| panic!("no element {step}")),
        _ => panic!("nothing below {step}"),
    })
}

/// Returns the entries at a path.
pub fn entries<'v>(tree: &'v mut Value, path: &[&str]) -> &'v mut Map<String, Value> {
    at(tree, path).as_object_mut().unwrap()
}

fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => format!("{text:?}"),
        other => other.to_string(),
    }
}

/// Returns YAML: several documents if `whole` is a list.
pub fn yaml(whole: &Value) -> String {
    let mut text = String::new();
    match whole {
        Value::Array(documents) => {
            for document in documents {
                text.push_str("---\n");
                write_yaml(document, 0, &mut text);
            }
        }
        one => write_yaml(one, 0, &mut text),
    }
    text
}

fn write_yaml(value: &Value, depth: usize, to: &mut String) {
    let pad = "  ".repeat(depth);
    match value {
        Value::Object(entries) => {
            for (key, value) in entries {
                match value {
                    Value::Object(below) if !below.is_empty() => {
                        to.push_str(&format!("{pad}{key}:\n"));
                        write_yaml(value, depth + 1, to);
                    }
                    Value::Array(items) if !items.is_empty() => {
                        to.push_str(&format!("{pad}{key}:\n"));
                        write_yaml(value, depth + 1, to);
                    }
                    value => to.push_str(&format!("{pad}{key}: {}\n", scalar(value))),
                }
            }
        }
        Value::Array(items) => {
            for item in items {
                match item {
                    Value::Object(_) | Value::Array(_) => {
                        let mut inner = String::new();
                        write_yaml(item, depth + 1, &mut inner);
                        let inner = inner.trim_start();
                        to.push_str(&format!("{pad}- {inner}"));
                    }
                    item => to.push_str(&format!("{pad}- {}\n", scalar(item))),
                }
            }
        }
        value => to.push_str(&format!("{pad}{}\n", scalar(value))),
    }
}

/// Returns variables of Terraform.
pub fn tfvars(whole: &Value) -> String {
    let entries = whole.as_object().unwrap();
    let entries = entries.iter();
    entries
        .map(|(key, value)| format!("{key} = {}\n", hcl(value, 0)))
        .collect()
}

fn hcl(value: &Value, depth: usize) -> String {
    let pad = "  ".repeat(depth);
    match value {
        Value::Object(entries) => {
            let inner: String = entries
                .iter()
                .map(|(key, value)| format!("{pad}  {key} = {}\n", hcl(value, depth + 1)))
                .collect();
            format!("{{\n{inner}{pad}}}")
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| hcl(item, depth)).collect();
            format!("[{}]", items.join(", "))
        }
        value => scalar(value),
    }
}

/// Returns dotenv.
pub fn dotenv(whole: &Value) -> String {
    let entries = whole.as_object().unwrap().iter();
    entries
        .map(|(key, value)| match value {
            Value::String(text) => format!("{key}={text}\n"),
            other => format!("{key}={other}\n"),
        })
        .collect()
}
