//! Calls of git: a closed environment that never executes programs named by a repository.
//!
//! Every process of git gets its arguments, variables and directory from [`Git::call`]. Settings of the user and the
//! machine are read, since `safe.directory` is among them; git reads those of the repository as well, so every setting
//! that names a program is overridden here. Queries are left to the modules beside this one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use evenkeel_host::Interruption;

/// Variables passed to git. `SUDO_UID` lets root read the repository of the user who called `sudo`; an account without a
/// home directory names the file of its settings in `GIT_CONFIG_GLOBAL`.
const HANDED_ON: [&str; 7] = [
    "HOME",
    "XDG_CONFIG_HOME",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_SYSTEM",
    "GIT_CONFIG_NOSYSTEM",
    "SUDO_UID",
    "TMPDIR",
];

/// First arguments of every call of git. A setting on the command line overrides one of a repository.
const SETTINGS: [&str; 14] = [
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.pager=cat",
    "core.editor=false",
    "core.sshCommand=false",
    "core.gitProxy=",
    "core.askPass=false",
    "core.alternateRefsCommand=false",
    "credential.helper=",
    "diff.external=",
    "gpg.program=false",
    "protocol.allow=never",
    "safe.bareRepository=explicit",
    "gc.auto=0",
];

/// Fixed variables. An allow-list of protocols in the environment has precedence over every setting, so a git too old
/// for `GIT_NO_LAZY_FETCH` reaches no remote repository either.
const VARIABLES: [(&str, &str); 14] = [
    ("LC_ALL", "C"),
    ("GIT_ALLOW_PROTOCOL", "none"),
    ("GIT_ASKPASS", "false"),
    ("GIT_DISCOVERY_ACROSS_FILESYSTEM", "1"),
    ("GIT_EDITOR", "false"),
    ("GIT_LITERAL_PATHSPECS", "1"),
    ("GIT_NO_LAZY_FETCH", "1"),
    ("GIT_NO_REPLACE_OBJECTS", "1"),
    ("GIT_OPTIONAL_LOCKS", "0"),
    ("GIT_PAGER", "cat"),
    ("GIT_PROTOCOL_FROM_USER", "0"),
    ("GIT_SSH_COMMAND", "false"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("SSH_ASKPASS", "false"),
];

/// Configuration of git calls.
#[derive(Clone, Debug)]
pub struct Git {
    environment: BTreeMap<String, String>,
    interruption: Interruption,
}

/// Call of git with everything that its process needs.
pub(super) struct Call {
    /// Program and arguments.
    pub(super) command: Vec<String>,
    /// Environment: these variables and no others.
    pub(super) environment: BTreeMap<String, String>,
    /// Working directory.
    pub(super) directory: PathBuf,
}

impl Git {
    /// Creates the configuration from this program's variables.
    #[must_use]
    pub fn new(ours: &BTreeMap<String, String>, interruption: &Interruption) -> Self {
        let handed_on = HANDED_ON
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), ours.get(*name)?.clone())));
        let closed = VARIABLES
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let mut environment: BTreeMap<String, String> = handed_on.chain(closed).collect();
        if let Some(path) = ours.get("PATH") {
            environment.insert("PATH".to_owned(), absolute_only(path));
        }
        Self {
            environment,
            interruption: interruption.clone(),
        }
    }

    /// Returns a call: the only place that constructs one.
    pub(super) fn call(&self, directory: &Path, arguments: &[&str]) -> Call {
        let mut command = vec!["git".to_owned(), "--no-pager".to_owned()];
        for setting in SETTINGS {
            command.extend(["-c".to_owned(), setting.to_owned()]);
        }
        command.extend(arguments.iter().map(|argument| (*argument).to_owned()));
        Call {
            command,
            environment: self.environment.clone(),
            directory: directory.to_owned(),
        }
    }

    /// Returns the interruption that ends a call early.
    #[must_use]
    pub fn interruption(&self) -> &Interruption {
        &self.interruption
    }
}

/// Returns a search path without entries relative to the working directory, which is the checkout's.
pub(in crate::world) fn absolute_only(path: &str) -> String {
    let absolute: Vec<&str> = path
        .split(':')
        .filter(|part| part.starts_with('/'))
        .collect();
    if absolute.is_empty() {
        // An empty search path means the working directory.
        "/nonexistent".to_owned()
    } else {
        absolute.join(":")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use super::{Git, absolute_only};
    use evenkeel_host::Interruption;

    #[test]
    fn only_listed_variables_reach_git() {
        let ours: BTreeMap<String, String> = [
            ("PATH", ".:/usr/bin::bin:/bin"),
            ("HOME", "/home/x"),
            ("GIT_DIR", "/elsewhere"),
            ("GIT_SSH_COMMAND", "run-me"),
            ("GIT_NO_LAZY_FETCH", "0"),
            ("GIT_CONFIG_COUNT", "1"),
            ("GIT_CONFIG_GLOBAL", "/settings"),
            ("PASSWORD", "secret"),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
        let call = Git::new(&ours, &Interruption::default()).call(Path::new("/x"), &["version"]);
        let value = |name: &str| call.environment.get(name).map(String::as_str);
        assert_eq!(value("PATH"), Some("/usr/bin:/bin"));
        assert_eq!(value("HOME"), Some("/home/x"));
        assert_eq!(value("GIT_CONFIG_GLOBAL"), Some("/settings"));
        assert_eq!(value("GIT_SSH_COMMAND"), Some("false"));
        assert_eq!(value("GIT_NO_LAZY_FETCH"), Some("1"));
        for name in ["GIT_DIR", "GIT_CONFIG_COUNT", "PASSWORD"] {
            assert_eq!(value(name), None, "{name}");
        }
        assert_eq!(call.command.first().map(String::as_str), Some("git"));
        assert_eq!(call.command.last().map(String::as_str), Some("version"));
    }

    #[test]
    fn a_search_path_has_no_entry_that_depends_on_the_directory() {
        assert_eq!(absolute_only(""), "/nonexistent");
        assert_eq!(absolute_only("."), "/nonexistent");
        assert_eq!(absolute_only("bin:./x:/usr/bin"), "/usr/bin");
    }
}
