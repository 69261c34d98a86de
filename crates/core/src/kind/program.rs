//! Programs in definitions: lists of a program and its arguments, without a shell.

use super::{Attributes, Wrong};
use evenkeel_host::path::PLACEHOLDER;
use evenkeel_model::Value;
use evenkeel_model::source::{Field, Form};

/// The key of a program that checks new content.
pub(super) const VALIDATE: Field = Field::optional(
    "validate",
    Form::Several(&Form::Text),
    "A program and its arguments that checks the new content on the target before it is in place; no shell. `{}` is the path \
     of a temporary file beside the final one with the new content, readable by evenkeel's account only: \
     `[\"visudo\", \"-cf\", \"{}\"]`. Without `{}`, the program alone sees the new file in its final place, which needs root: \
     `[\"nginx\", \"-t\"]`. If it fails, nothing is changed. It may only read.",
);

/// Returns the program and the arguments of a key; `None` if the key is missing.
pub(super) fn argv(
    attributes: &Attributes,
    key: &'static str,
    wrong: &mut Vec<Wrong>,
) -> Option<Vec<String>> {
    attributes.get(key)?;
    let words: Vec<String> = attributes
        .list(key)
        .iter()
        .filter_map(Value::as_text)
        .map(str::to_owned)
        .collect();
    if words.iter().any(|word| word.contains('\0')) {
        wrong.push(Wrong::new(key, "an argument cannot contain a NUL"));
    }
    if words
        .first()
        .is_none_or(|program| program.is_empty() || program.starts_with('-'))
    {
        wrong.push(Wrong::new(key, "the first item must name a program"));
    }
    Some(words)
}

/// Returns the program that checks new content; empty if there is none.
pub(super) fn validator(attributes: &Attributes, wrong: &mut Vec<Wrong>) -> Vec<String> {
    let words = argv(attributes, VALIDATE.name, wrong).unwrap_or_default();
    if words
        .first()
        .is_some_and(|program| program.contains(PLACEHOLDER))
    {
        let message = format!(
            "the program cannot be `{PLACEHOLDER}`, the new file's path: write it where the program takes the file"
        );
        wrong.push(Wrong::new(VALIDATE.name, message));
    }
    words
}
