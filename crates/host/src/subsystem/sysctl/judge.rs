//! What an action on a setting wants, and the messages that all targets share.

use super::files::{own_path, own_text};
use super::{Answer, BootValue, DropSysctl, SetSysctl, SysctlFound};
use crate::ActionError;

impl SetSysctl {
    /// Whether the current value and the file are as wanted.
    pub(super) fn is_done(&self, found: &SysctlFound) -> bool {
        found.live.as_deref() == Some(&self.value) && found.own.as_deref() == Some(&*self.text())
    }

    /// Returns the wanted content of the file.
    pub(super) fn text(&self) -> String {
        own_text(&self.key, &self.value)
    }

    /// Returns what sets another value at boot.
    pub(super) fn overridden<'a>(&self, answer: &'a Answer) -> Option<&'a BootValue> {
        answer.boot.as_ref().filter(|boot| boot.value != self.value)
    }

    pub(super) fn changed(&self, found: &SysctlFound) -> ActionError {
        ActionError::Changed {
            path: self.key.clone(),
            expected: describe(&self.expected),
            found: describe(found),
        }
    }
}

impl DropSysctl {
    pub(super) fn changed(&self, found: Option<&str>) -> ActionError {
        let words =
            |own: Option<&str>| if own.is_some() { "its file" } else { "no file" }.to_owned();
        let (expected, mut found_words) = (words(self.expected.as_deref()), words(found));
        if expected == found_words {
            found_words.push_str(" with another content");
        }
        ActionError::Changed {
            path: own_path(&self.key),
            expected,
            found: found_words,
        }
    }
}

/// Returns the reason of a setting that another file changes at boot.
pub(super) fn overridden(boot: &BootValue) -> String {
    format!(
        "set, but `{}` sets `{}` at boot: remove that line, or declare that value",
        boot.file, boot.value
    )
}

/// Returns the reason of a missing setting.
pub(super) fn unknown() -> String {
    "the kernel has no such setting: check its name, and load the module that it belongs to"
        .to_owned()
}

fn describe(found: &SysctlFound) -> String {
    let live = match &found.live {
        Some(value) => format!("`{value}`"),
        None => "no such setting".to_owned(),
    };
    match &found.own {
        Some(own) => {
            let line = own.lines().last().unwrap_or_default();
            format!("{live}, and `{line}` in its file")
        }
        None => format!("{live}, and no file"),
    }
}
