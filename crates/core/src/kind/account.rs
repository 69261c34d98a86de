//! Names of users and groups in definitions: what they may contain.
//!
//! The kinds that create accounts, or name one, use these rules. The system's own rules may be stricter.

use super::{Attributes, Wrong};
use evenkeel_model::Value;

/// The longest name of an account.
const LONGEST: usize = 32;

/// Checks the name of a user or a group.
///
/// # Errors
///
/// A message with what was expected.
pub fn check_name(name: &str) -> Result<(), String> {
    let mut rest = name.strip_suffix('$').unwrap_or(name).chars();
    let starts = rest
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == '_');
    let goes_on = rest.all(|each| each.is_ascii_alphanumeric() || matches!(each, '_' | '-' | '.'));
    if starts && goes_on && name.len() <= LONGEST {
        return Ok(());
    }
    Err(format!(
        "invalid account name {name:?}: expected a letter or `_`, then letters, digits, `_`, `-` and `.`, at most \
         {LONGEST} characters"
    ))
}

/// Checks the name or number of an account.
///
/// # Errors
///
/// A message with what was expected.
pub fn check_word(word: &str) -> Result<(), String> {
    match word.parse::<u32>() {
        Ok(number) if number != u32::MAX => Ok(()),
        _ => check_name(word),
    }
}

/// Returns the checked name of a key, or the resource's name.
pub(super) fn name_of(
    attributes: &Attributes,
    key: &'static str,
    default: &str,
    wrong: &mut Vec<Wrong>,
) -> String {
    let name = attributes.text(key).unwrap_or(default).to_owned();
    if let Err(message) = check_name(&name) {
        let at = attributes.get(key).map_or("", |_| key);
        wrong.push(Wrong::new(at, message));
    }
    name
}

/// Returns the checked names of a list, sorted; `None` if the key is missing.
pub(super) fn names_of(
    attributes: &Attributes,
    key: &'static str,
    wrong: &mut Vec<Wrong>,
) -> Option<Vec<String>> {
    attributes.get(key)?;
    let mut names: Vec<String> = attributes
        .list(key)
        .iter()
        .filter_map(Value::as_text)
        .map(str::to_owned)
        .collect();
    names.sort_unstable();
    for pair in names.windows(2) {
        if let [one, other] = pair
            && one == other
        {
            wrong.push(Wrong::new(key, format!("`{one}` is listed twice")));
        }
    }
    names.dedup();
    for name in &names {
        if let Err(message) = check_name(name) {
            wrong.push(Wrong::new(key, message));
        }
    }
    Some(names)
}

/// Returns a number of accounts.
pub(super) fn number_of(attributes: &Attributes, key: &str) -> Option<u32> {
    match attributes.get(key)? {
        Value::Integer(number) => u32::try_from(*number).ok(),
        _ => None,
    }
}

/// The largest number of an account: the kernel reads the one above as "leave unchanged".
pub(super) const LARGEST: i64 = u32::MAX as i64 - 1;

#[cfg(test)]
mod tests {
    use super::{check_name, check_word};

    #[test]
    fn hostile_names_are_refused() {
        for name in [
            "",
            "-r",
            "--system",
            "a b",
            "a:b",
            "a\nb",
            "a/b",
            "a\0",
            "7up",
            "7",
            "a,b",
            "é",
            "$",
            "a$b",
            "..",
            &"a".repeat(33),
        ] {
            assert!(check_name(name).is_err(), "{name:?}");
        }
        for name in ["root", "_apt", "www-data", "machine$", "first.last", "A"] {
            assert_eq!(check_name(name), Ok(()));
        }
        assert_eq!(check_word("4100"), Ok(()));
        assert!(check_word("4294967295").is_err());
        assert!(check_word("-1").is_err());
    }
}
