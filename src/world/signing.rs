//! A person's SSH key, and signatures by it through `ssh-keygen`.
//!
//! Private keys are never read, except for the public half that a file contains in plain text. `ssh-keygen` uses the agent, asks
//! for the passphrase on the terminal, and waits for the touch of a security key. The caller verifies what it signed.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use ring::rand::{SecureRandom as _, SystemRandom};

use super::command::{CommandRun, run};
use super::files::read_plain;
use super::git::absolute_only;
use evenkeel_host::Interruption;
use evenkeel_host::reason::why_io;
use evenkeel_signature::PublicKey;

/// Variables for `ssh-keygen` and `ssh-add`: the agent, the prompt for a passphrase, and security keys.
const HANDED_ON: [&str; 14] = [
    "HOME",
    "USER",
    "LANG",
    "TERM",
    "TMPDIR",
    "XDG_RUNTIME_DIR",
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "SSH_AUTH_SOCK",
    "SSH_ASKPASS",
    "SSH_ASKPASS_REQUIRE",
    "SSH_SK_PROVIDER",
    "SSH_SK_HELPER",
    "SSH_PKCS11_HELPER",
];
/// Longest file of a key.
const LONGEST: u64 = 64 * 1024;
/// Longest error of `ssh-keygen` that is displayed.
const SHOWN: u64 = 4 * 1024;
/// Pause between two checks of a running `ssh-keygen`.
const PAUSE: Duration = Duration::from_millis(20);

/// Key that can sign.
#[derive(Clone, Debug)]
pub struct SigningKey {
    /// Its public half.
    pub public: PublicKey,
    /// File of the key; `None` if the agent has it.
    file: Option<PathBuf>,
}

/// Signs as the person at the terminal.
pub struct Signing<'a> {
    environment: &'a BTreeMap<String, String>,
    directory: &'a Path,
    interruption: &'a Interruption,
}

impl<'a> Signing<'a> {
    /// Creates it with this program's variables, and the directory that relative paths start from.
    #[must_use]
    pub fn new(
        environment: &'a BTreeMap<String, String>,
        directory: &'a Path,
        interruption: &'a Interruption,
    ) -> Self {
        Self {
            environment,
            directory,
            interruption,
        }
    }

    fn variables(&self) -> BTreeMap<String, String> {
        let mut variables: BTreeMap<String, String> = HANDED_ON
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), self.environment.get(*name)?.clone())))
            .collect();
        let path = self.environment.get("PATH").map_or("", String::as_str);
        // The working directory is a checkout, which must not name the program.
        variables.insert("PATH".to_owned(), absolute_only(path));
        variables
    }

    /// Returns the key of a file: a public key (its private half is beside it or in the agent), or a private one.
    ///
    /// # Errors
    ///
    /// The reason why it is no usable key, for display.
    pub fn of_file(&self, path: &Path) -> Result<SigningKey, String> {
        let whole = self.directory.join(path);
        let read = |path: &Path| -> Result<String, String> {
            match read_plain(path, LONGEST) {
                Ok(Some(bytes)) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
                Ok(None) => Err("it is too large".to_owned()),
                Err(error) => Err(why_io(&error)),
            }
        };
        let failed = |reason: String| format!("{}: {reason}", path.display());
        let text = read(&whole).map_err(failed)?;
        let beside = || {
            let mut name = whole.clone().into_os_string();
            name.push(".pub");
            PublicKey::from_line(&read(Path::new(&name)).ok()?).ok()
        };
        let public = match PublicKey::from_line(&text) {
            Ok(public) => public,
            Err(problem) => match PublicKey::of_private(&text).ok().or_else(beside) {
                Some(public) => public,
                None => return Err(failed(problem.to_string())),
            },
        };
        Ok(SigningKey {
            public,
            file: Some(whole),
        })
    }

    /// Returns the key of git's setting `user.signingkey`; `None` if it names no SSH key.
    #[must_use]
    pub fn of_setting(&self, setting: &str) -> Option<SigningKey> {
        let literal = setting.strip_prefix("key::").unwrap_or(setting);
        if let Ok(public) = PublicKey::from_line(literal) {
            return Some(SigningKey { public, file: None });
        }
        let path = match setting.strip_prefix("~/") {
            Some(rest) => Path::new(self.environment.get("HOME")?).join(rest),
            None => PathBuf::from(setting),
        };
        self.of_file(&path).ok()
    }

    /// Returns the keys of the agent; none without one.
    #[must_use]
    pub fn of_agent(&self) -> Vec<SigningKey> {
        if !self.environment.contains_key("SSH_AUTH_SOCK") {
            return Vec::new();
        }
        let listing = CommandRun {
            environment: self.variables(),
            timeout: Duration::from_secs(10),
            ..CommandRun::new(["ssh-add", "-L"])
        };
        let Ok(outcome) = run(&listing, self.interruption) else {
            return Vec::new();
        };
        let text = String::from_utf8_lossy(&outcome.stdout.clone().into_bytes()).into_owned();
        text.lines()
            .filter_map(|line| PublicKey::from_line(line).ok())
            .map(|public| SigningKey { public, file: None })
            .collect()
    }

    /// Signs a text for a namespace with `ssh-keygen -Y sign`, and returns the armor.
    ///
    /// # Errors
    ///
    /// The reason, for display; `None` if it was interrupted.
    pub fn sign(
        &self,
        key: &SigningKey,
        namespace: &str,
        statement: &str,
    ) -> Result<String, Option<String>> {
        let failed = |reason: String| Some(format!("cannot sign with ssh-keygen: {reason}"));
        let io = |error: std::io::Error| failed(why_io(&error));
        let desk = tempfile::tempdir().map_err(io)?;
        let message = desk.path().join("statement");
        std::fs::write(&message, statement).map_err(io)?;
        let file = match &key.file {
            Some(file) => file.clone(),
            None => {
                let file = desk.path().join("key.pub");
                std::fs::write(&file, key.public.line() + "\n").map_err(io)?;
                file
            }
        };
        // In the foreground with the terminal, for a passphrase; hence in this process group.
        let child = Command::new("ssh-keygen")
            .args(["-Y", "sign", "-n", namespace, "-f"])
            .arg(&file)
            .arg(&message)
            .env_clear()
            .envs(self.variables())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| match error.kind() {
                std::io::ErrorKind::NotFound => {
                    failed("install it (it is part of OpenSSH)".to_owned())
                }
                _ => failed(why_io(&error)),
            })?;
        let (status, said) = self.wait(child).map_err(io)?;
        if self.interruption.is_set() {
            return Err(None);
        }
        if !status.success() {
            return Err(failed(said));
        }
        let signature = read_plain(&desk.path().join("statement.sig"), LONGEST).map_err(io)?;
        signature
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .ok_or_else(|| failed("it wrote no signature".to_owned()))
    }

    /// Waits for the end, and returns the last words on standard error, which are also passed on: some are requests, such as
    /// to touch a key.
    fn wait(&self, mut child: Child) -> std::io::Result<(ExitStatus, String)> {
        let errors = child.stderr.take();
        std::thread::scope(|scope| {
            let reading = scope.spawn(|| {
                let mut text = String::new();
                let Some(mut errors) = errors else {
                    return text;
                };
                let mut buffer = [0; 1024];
                while let Ok(length @ 1..) = errors.read(&mut buffer) {
                    let part = buffer.get(..length).unwrap_or_default();
                    let part = String::from_utf8_lossy(part);
                    if part.contains("onfirm user presence") {
                        // Nothing is lost if this cannot be written.
                        let _ = std::io::Write::write_all(
                            &mut std::io::stderr(),
                            evenkeel_model::text::inert(&part).as_bytes(),
                        );
                    }
                    if (text.len() as u64) < SHOWN {
                        text.push_str(&part);
                    }
                }
                text
            });
            let status = loop {
                if let Some(status) = child.try_wait()? {
                    break status;
                }
                if self.interruption.is_set() {
                    child.kill()?;
                }
                std::thread::sleep(PAUSE);
            };
            let said = reading.join().unwrap_or_default();
            let said: Vec<&str> = said
                .lines()
                .map(str::trim)
                .filter(|line| !line.is_empty())
                .collect();
            Ok((status, said.join("; ")))
        })
    }
}

/// Returns a random number of 128 bits in hexadecimal digits.
///
/// # Errors
///
/// When the machine has no random numbers.
pub fn nonce() -> Result<String, String> {
    let mut bytes = [0; 16];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| "the machine has no random numbers".to_owned())?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
