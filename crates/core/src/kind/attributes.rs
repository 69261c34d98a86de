//! Attributes of a resource, filled in and checked against their forms.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use evenkeel_model::source::form::parse_mode;
use evenkeel_model::{Value, duration};

/// Values by key. Forms were checked before, so a wrong type reads as a missing key.
#[derive(Clone, Debug, Default)]
pub struct Attributes(pub Vec<(&'static str, Value)>);

impl Attributes {
    /// Returns the value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0
            .iter()
            .find(|(name, _)| *name == key)
            .map(|(_, value)| value)
    }

    /// Returns the text of a key.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<&str> {
        self.get(key)?.as_text()
    }

    /// Returns the text of a key, owned.
    #[must_use]
    pub fn string(&self, key: &str) -> Option<String> {
        self.text(key).map(str::to_owned)
    }

    /// Returns the boolean of a key.
    #[must_use]
    pub fn boolean(&self, key: &str) -> Option<bool> {
        match self.get(key)? {
            Value::Boolean(boolean) => Some(*boolean),
            _ => None,
        }
    }

    /// Returns the file mode of a key.
    #[must_use]
    pub fn mode(&self, key: &str) -> Option<u32> {
        parse_mode(self.text(key)?)
    }

    /// Returns the duration of a key.
    #[must_use]
    pub fn duration(&self, key: &str) -> Option<Duration> {
        duration::parse(self.text(key)?)
    }

    /// Returns the list of a key.
    #[must_use]
    pub fn list(&self, key: &str) -> &[Value] {
        match self.get(key) {
            Some(Value::List(items)) => items,
            _ => &[],
        }
    }

    /// Returns the table of a key.
    #[must_use]
    pub fn table(&self, key: &str) -> Option<&BTreeMap<Arc<str>, Value>> {
        match self.get(key)? {
            Value::Table(entries) => Some(entries),
            _ => None,
        }
    }
}

/// Returns an absolute path on a target: relative ones start at `base`. `.` and empty parts are dropped.
///
/// # Errors
///
/// For a path with `..`, which would escape its base.
pub fn absolute(base: &str, path: &str) -> Result<String, String> {
    let joined = if path.starts_with('/') {
        path.to_owned()
    } else {
        format!("{base}/{path}")
    };
    if is_clean(&joined) {
        return Ok(joined);
    }
    let mut parts = Vec::new();
    for part in joined.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                return Err(format!(
                    "`{path}` contains `..`; write the path it leads to"
                ));
            }
            part if part.contains('\0') => return Err("a path cannot contain a NUL".into()),
            part => parts.push(part),
        }
    }
    if parts.is_empty() {
        return Err("the root directory itself cannot be managed".into());
    }
    Ok(format!("/{}", parts.join("/")))
}

/// Whether an absolute path is already in normal form, like most.
fn is_clean(path: &str) -> bool {
    let is_plain = |part: &str| !matches!(part, "" | "." | "..") && !part.contains('\0');
    path.strip_prefix('/')
        .is_some_and(|rest| rest.split('/').all(is_plain))
}

#[cfg(test)]
mod tests {
    use super::absolute;

    #[test]
    fn paths_become_absolute_and_never_climb() {
        assert_eq!(absolute("/srv", "a//./b/").as_deref(), Ok("/srv/a/b"));
        assert_eq!(absolute("/srv", "/etc/x").as_deref(), Ok("/etc/x"));
        assert!(absolute("/srv", "../x").is_err());
        assert!(absolute("/srv", "/").is_err());
    }
}
