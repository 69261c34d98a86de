//! Secrets within a value or a line: `Password=…` in a connection string, `--token=…`, `set :password, "…"`.

use super::names::{has_known_beginning, has_password, is_secret, names_a_secret};
use crate::tree::{Scalar, ScalarKind};

/// Whether a single value holds a secret: by its key, by its look, or as a part of it, as `Password=…` in a connection
/// string, `--token=…` in an argument and `password: …` in a file within a file.
#[must_use]
pub fn holds_secret(key: &str, scalar: &Scalar) -> bool {
    secret_of_value(key, scalar).is_some()
}

/// The name of the secret that a value holds as a part of it, or `""` where it has none.
#[must_use]
pub fn secret_of_value<'t>(key: &str, scalar: &'t Scalar) -> Option<&'t str> {
    let within = match scalar.kind {
        ScalarKind::Text | ScalarKind::Loose => scalar
            .text
            .lines()
            .find_map(|line| secret_within(line, Manner::Value)),
        ScalarKind::Expression => scalar
            .text
            .lines()
            .find_map(|line| secret_within(line, Manner::Expression)),
        _ => None,
    };
    within.or_else(|| is_secret(key, scalar).then_some(""))
}

/// The name of the secret that a line of a text without a format holds, or `""` where it has none. Here a name and its
/// value may have nothing but a blank between them.
#[must_use]
pub fn secret_of_line(line: &str) -> Option<&str> {
    let scalar = Scalar {
        kind: ScalarKind::Loose,
        text: line.trim().into(),
    };
    secret_within(line, Manner::Line).or_else(|| is_secret("", &scalar).then_some(""))
}

/// How a name and its value may stand together.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Manner {
    /// In a value: with a separator between them.
    Value,
    /// In a line of a program: with a blank between them, too.
    Line,
    /// In an expression, where a word without quotes names something else.
    Expression,
}

/// The name of a secret whose value stands after it in the same line.
fn secret_within(line: &str, manner: Manner) -> Option<&str> {
    /// Of how many words a name after a blank must be one: `password x` and `set password x`.
    const FIRST: usize = 2;
    if looks_of_tokens(line) {
        return Some("");
    }
    let is_part = |each: char| each.is_alphanumeric() || matches!(each, '_' | '-' | '.');
    let mut number = 0;
    let mut rest = line;
    while let Some(start) = rest.find(is_part) {
        let from_name = rest.get(start..)?;
        let length = from_name
            .find(|each| !is_part(each))
            .unwrap_or(from_name.len());
        let (name, after) = from_name.split_at_checked(length)?;
        rest = after;
        number += 1;
        // `spring.datasource.password`, `$config->password`: the last part is what it is called.
        if !names_a_secret(name.rsplit('.').next().unwrap_or(name)) {
            continue;
        }
        let value = after.trim_start_matches(['"', '\'', ']', ')']);
        let bare = value.trim_start();
        let is_separated = bare.starts_with(['=', ':', ',']);
        let value = bare.trim_start_matches(['=', ':', ',', '>']).trim_start();
        let is_quoted = value.starts_with(['"', '\'']);
        let is_near =
            manner == Manner::Line && bare.len() < after.len() && (number <= FIRST || is_quoted);
        let is_assigned = after.starts_with('=') && !after.starts_with("= ");
        let is_spelled = manner != Manner::Expression || is_quoted || is_assigned;
        if (is_separated || is_near) && is_spelled && is_literal(value, is_quoted) {
            return Some(name);
        }
    }
    None
}

/// Whether a value says where a secret comes from, as programs do: `ENV["PASSWORD"]`, `var.password`.
pub(crate) fn is_computed(value: &str) -> bool {
    const COMPUTED: &[&str] = &[
        "ENV",
        "env",
        "$",
        "{{",
        "<%",
        "%{",
        "#{",
        "var.",
        "local.",
        "data.",
        "module.",
        "secrets.",
        "vault",
        "process.env",
        "os.environ",
        "os.getenv",
        "getenv",
        "fetch",
        "Rails.",
        "File.",
        "file(",
        "lookup(",
        ":",
    ];
    COMPUTED.iter().any(|start| value.starts_with(start))
}

/// Whether what follows a secret's name is the secret itself, and not where it comes from.
fn is_literal(value: &str, is_quoted: bool) -> bool {
    const NONE: &[&str] = &[
        "true", "false", "yes", "no", "on", "off", "nil", "null", "none", "~", "required",
        "optional",
    ];
    let value = value.trim_start_matches(['"', '\'']);
    let word = value
        .split(|each: char| {
            each.is_whitespace() || matches!(each, '"' | '\'' | ',' | ';' | ')' | '&')
        })
        .next()
        .unwrap_or("");
    let is_key_of_more = !is_quoted && word.ends_with(':');
    word.contains(char::is_alphanumeric)
        && !is_key_of_more
        && !NONE.contains(&word.to_ascii_lowercase().as_str())
        && !is_computed(value)
}

/// Whether a word of a line looks like a token, or a URL in it carries a password.
fn looks_of_tokens(line: &str) -> bool {
    has_password(line)
        || line
            .split(|each: char| {
                each.is_whitespace() || matches!(each, '"' | '\'' | '=' | ',' | '(' | '`')
            })
            .any(has_known_beginning)
}
