//! Calls of git for a ledger that a team shares in a remote: with the remote's address, the credentials and the keys
//! that the person or the pipeline pushes with.
//!
//! Unlike the closed calls beside it, these reach the remote that the definitions name, and sign where the clone is set
//! up to sign. They run no hook, open no editor, and ask nothing. A request to stop does not end them: what was done
//! must be recorded.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use crate::world::command::{CommandRun, CommandStatus, handed_on, run};
use evenkeel_host::Interruption;
use evenkeel_ledger::git::{GitAnswer, GitProgram};

/// Time limit of one call, which may transfer the whole ledger.
const PATIENCE: Duration = Duration::from_mins(3);

/// Maximum number of bytes of one answer.
const MOST: usize = 1024 * 1024 * 1024;

/// Variables that would make git work in another repository than the project's.
const ELSEWHERE: [&str; 8] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
];

/// Settings that would run a program that is not needed here.
const SETTINGS: [&str; 8] = [
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.pager=cat",
    "core.editor=false",
    "diff.external=",
    "gc.auto=0",
    "maintenance.auto=false",
    "advice.pushNonFFCurrent=false",
];

/// Fixed variables.
const VARIABLES: [(&str, &str); 5] = [
    ("LC_ALL", "C"),
    ("GIT_EDITOR", "false"),
    ("GIT_NO_REPLACE_OBJECTS", "1"),
    ("GIT_OPTIONAL_LOCKS", "0"),
    ("GIT_TERMINAL_PROMPT", "0"),
];

/// git in the project's directory, with the variables of this program.
#[derive(Clone, Debug)]
pub struct SharedGit {
    /// Variables of this program.
    pub variables: BTreeMap<String, String>,
    /// Project directory.
    pub directory: PathBuf,
}

impl GitProgram for SharedGit {
    fn run(&self, arguments: &[&str], input: Vec<u8>) -> Result<GitAnswer, String> {
        let mut command = vec!["git".to_owned(), "--no-pager".to_owned()];
        for setting in SETTINGS {
            command.extend(["-c".to_owned(), setting.to_owned()]);
        }
        command.extend(arguments.iter().map(|argument| (*argument).to_owned()));
        let mut environment = handed_on(&self.variables);
        for name in ELSEWHERE {
            environment.remove(name);
        }
        for (name, value) in VARIABLES {
            environment.insert(name.to_owned(), value.to_owned());
        }
        let wanted = CommandRun {
            environment,
            directory: Some(self.directory.clone()),
            stdin: Some(input),
            timeout: PATIENCE,
            output_limit: MOST,
            all_or_nothing: true,
            ..CommandRun::new(command)
        };
        let ran = run(&wanted, &Interruption::default())
            .map_err(|error| format!("git cannot be started: {error}"))?;
        match ran.status {
            CommandStatus::Code(code) => Ok(GitAnswer {
                is_success: code == 0,
                output: ran.stdout.into_bytes(),
                messages: String::from_utf8_lossy(&ran.stderr.into_bytes()).into_owned(),
            }),
            other => Err(format!("git {other}")),
        }
    }
}
