//! Where secrets come from: an environment variable, a file, a command.

use std::path::PathBuf;

use super::definition::ValueSource;
use crate::model::Secret;
use crate::target::Interruption;
use crate::target::command::{CommandRun, run};

/// How long a command that prints a secret may take.
const WITHIN: std::time::Duration = std::time::Duration::from_mins(1);

/// Gets secrets.
pub trait Secrets {
    /// The secret from a source.
    ///
    /// # Errors
    ///
    /// Why it cannot be had, for people, without anything of the secret.
    fn get(&self, source: &ValueSource) -> Result<Secret, String>;
}

/// Stands in for secrets where only the definitions are checked: nothing is asked for.
#[derive(Debug)]
pub struct NoSecrets;

impl Secrets for NoSecrets {
    fn get(&self, source: &ValueSource) -> Result<Secret, String> {
        Ok(Secret::new(format!("{source:?}")))
    }
}

/// Gets them from where definitions say.
pub struct RealSecrets<'a> {
    /// Reads an environment variable.
    pub variable: &'a (dyn Fn(&str) -> Option<String> + Sync),
    /// The directory of the definitions.
    pub definitions: PathBuf,
    /// The project's directory.
    pub root: PathBuf,
    /// Ends a command that takes long.
    pub interruption: &'a Interruption,
}

impl Secrets for RealSecrets<'_> {
    fn get(&self, source: &ValueSource) -> Result<Secret, String> {
        match source {
            ValueSource::Plain(_) => Err("a secret must not be written into a definition".into()),
            ValueSource::Variable(name) => match (self.variable)(name) {
                Some(text) if text.is_empty() => {
                    Err(format!("the environment variable {name} is set, but empty"))
                }
                Some(text) => Ok(Secret::new(text)),
                None => Err(format!("the environment variable {name} is not set")),
            },
            ValueSource::File(path) => {
                let bytes = std::fs::read(self.definitions.join(path))
                    .map_err(|error| format!("the file {path} cannot be read: {error}"))?;
                text(bytes, &format!("the file {path}"))
            }
            ValueSource::Command(command) => self.command(command),
        }
    }
}

impl RealSecrets<'_> {
    fn command(&self, command: &[String]) -> Result<Secret, String> {
        let name = command.first().cloned().unwrap_or_default();
        let inherited = [
            "PATH",
            "HOME",
            "LANG",
            "TZ",
            "USER",
            "SSH_AUTH_SOCK",
            "GNUPGHOME",
            "XDG_RUNTIME_DIR",
        ];
        let wanted = CommandRun {
            environment: inherited
                .into_iter()
                .filter_map(|variable| Some((variable.to_owned(), (self.variable)(variable)?)))
                .collect(),
            directory: Some(self.root.clone()),
            stdin: None,
            timeout: WITHIN,
            output_limit: 64 * 1024,
            ..CommandRun::new(command.iter().cloned())
        };
        let ran = run(&wanted, self.interruption)
            .map_err(|error| format!("the command `{name}` cannot be run: {error}"))?;
        if !ran.status.is_success() {
            // What it printed may hold a part of the secret: only its end is told.
            return Err(format!("the command `{name}` {}", ran.status));
        }
        text(ran.stdout.into_bytes(), &format!("the command `{name}`"))
    }
}

fn text(bytes: Vec<u8>, what: &str) -> Result<Secret, String> {
    let mut text = String::from_utf8(bytes).map_err(|_| format!("{what} gives no UTF-8 text"))?;
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    if text.is_empty() {
        return Err(format!("{what} gives an empty text"));
    }
    Ok(Secret::new(text))
}
