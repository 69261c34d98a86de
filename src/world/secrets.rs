//! Sources of secrets: an environment variable, a file, a command.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use evenkeel_core::environment::definition::ValueSource;
use evenkeel_core::environment::secrets::Secrets;
use evenkeel_host::Interruption;
use evenkeel_model::Secret;

use super::command::{CommandRun, run};
use super::redaction::RunSecrets;

/// Time limit of a command that prints a secret.
const WITHIN: std::time::Duration = std::time::Duration::from_mins(1);

/// Longest secret, in bytes. A shortened one would be another secret.
const LONGEST: usize = 64 * 1024;

/// Reader of the sources in definitions.
pub struct RealSecrets<'a> {
    /// Reads an environment variable.
    pub variable: &'a (dyn Fn(&str) -> Option<String> + Sync),
    /// Directory of the definitions.
    pub definitions: PathBuf,
    /// Project directory.
    pub root: PathBuf,
    /// Ends a slow command.
    pub interruption: &'a Interruption,
    /// Collects the secrets.
    pub learned: &'a RunSecrets,
}

impl Secrets for RealSecrets<'_> {
    fn get(&self, source: &ValueSource) -> Result<Secret, String> {
        let secret = self.read(source)?;
        self.learned.learn(&secret);
        Ok(secret)
    }
}

impl RealSecrets<'_> {
    fn read(&self, source: &ValueSource) -> Result<Secret, String> {
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
                let bytes = read(&self.definitions.join(path))
                    .map_err(|reason| format!("the file {path} cannot be read: {reason}"))?;
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
            output_limit: LONGEST,
            all_or_nothing: true,
            ..CommandRun::new(command.iter().cloned())
        };
        let ran = run(&wanted, self.interruption)
            .map_err(|error| format!("the command `{name}` cannot be run: {error}"))?;
        if ran.stdout.is_cut() {
            return Err(format!(
                "the command `{name}` {}",
                too_long("prints something")
            ));
        }
        if !ran.status.is_success() {
            // Its output may contain a part of the secret, so only its exit is reported.
            return Err(format!("the command `{name}` {}", ran.status));
        }
        text(ran.stdout.into_bytes(), &format!("the command `{name}`"))
    }
}

/// Reads a whole file, with a time limit: a pipe without a writer or an endless device would block.
fn read(path: &Path) -> Result<Vec<u8>, String> {
    let flags = rustix::fs::OFlags::RDONLY
        | rustix::fs::OFlags::NONBLOCK
        | rustix::fs::OFlags::NOCTTY
        | rustix::fs::OFlags::CLOEXEC;
    let file = rustix::fs::open(path, flags, rustix::fs::Mode::empty())
        .map_err(|errno| std::io::Error::from(errno).to_string())?;
    let file = std::fs::File::from(file);
    let metadata = file.metadata().map_err(|error| error.to_string())?;
    if metadata.is_dir() {
        return Err("it is a directory".into());
    }
    if !metadata.is_file() {
        return Err("it is not a regular file".into());
    }
    let mut bytes = Vec::new();
    file.take(LONGEST as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| error.to_string())?;
    if bytes.len() > LONGEST {
        return Err(too_long("it is"));
    }
    Ok(bytes)
}

fn too_long(is: &str) -> String {
    format!(
        "{is} longer than the limit of a secret ({} KiB)",
        LONGEST / 1024
    )
}

fn text(bytes: Vec<u8>, what: &str) -> Result<Secret, String> {
    let mut text = String::from_utf8(bytes).map_err(|_| format!("{what} is not UTF-8 text"))?;
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    if text.is_empty() {
        return Err(format!("{what} is empty"));
    }
    Ok(Secret::new(text))
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, RealSecrets, RunSecrets};
    use evenkeel_core::environment::definition::ValueSource;
    use evenkeel_core::environment::secrets::Secrets as _;
    use evenkeel_host::Interruption;

    fn get(directory: &std::path::Path, source: &ValueSource) -> Result<String, String> {
        let secrets = RealSecrets {
            variable: &|name| std::env::var(name).ok().filter(|_| name == "PATH"),
            definitions: directory.to_owned(),
            root: directory.to_owned(),
            interruption: &Interruption::default(),
            learned: &RunSecrets::default(),
        };
        secrets.get(source).map(|secret| secret.reveal().to_owned())
    }

    fn file(directory: &std::path::Path, name: &str) -> Result<String, String> {
        get(directory, &ValueSource::File(name.into()))
    }

    #[test]
    fn endless_sources_do_not_block() {
        let home = tempfile::tempdir().unwrap();
        let pipe = home.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        for name in ["pipe", "/dev/zero"] {
            let reason = file(home.path(), name).unwrap_err();
            assert!(reason.ends_with("it is not a regular file"), "{reason}");
        }
        let reason = file(home.path(), ".").unwrap_err();
        assert!(reason.ends_with("it is a directory"), "{reason}");
    }

    #[test]
    fn a_secret_is_whole_or_none() {
        let home = tempfile::tempdir().unwrap();
        let whole = "x".repeat(LONGEST);
        std::fs::write(home.path().join("whole"), &whole).unwrap();
        std::fs::write(home.path().join("long"), format!("{whole}x")).unwrap();
        let printed = |name: &str| {
            let command = ["cat", name].map(str::to_owned).to_vec();
            get(home.path(), &ValueSource::Command(command))
        };
        assert_eq!(file(home.path(), "whole").as_ref(), Ok(&whole));
        assert_eq!(printed("whole").as_ref(), Ok(&whole));
        for reason in [file(home.path(), "long"), printed("long")] {
            let reason = reason.unwrap_err();
            assert!(
                reason.contains("longer than the limit of a secret"),
                "{reason}"
            );
        }
    }
}
