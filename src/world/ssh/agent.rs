//! The agent on hosts: where this program has it, how a host starts it, and how a host gets it.
//!
//! A host keeps it in a directory of its account, under a name with its digest. It checks the digest before the first start, and
//! again whenever the file changed since: computing it takes longer than most conversations. What a host runs for this is
//! written for any POSIX shell, in one argument without a single quote.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use ring::digest::{SHA256, digest};
use tokio::runtime::Runtime;

use super::channel::Channel;
use crate::world::files::read_plain;
use evenkeel_host::reason::why_io;

/// Variable that names another agent, for example of another architecture.
pub(super) const VARIABLE: &str = "EVENKEEL_AGENT";

/// Exit code of a host that lacks the agent.
pub(super) const ABSENT: i32 = 91;

/// Exit code of a host whose directory of agents is not its account's alone.
pub(super) const UNSAFE: i32 = 92;

/// What such a host does, as what follows its name.
pub(super) const UNSAFE_REASON: &str = "has a cache directory that belongs to another account or that others can write: ~/.cache/evenkeel";

/// Largest agent in bytes.
const LARGEST: u64 = 64 * 1024 * 1024;

/// Time until a host has taken the agent.
const SENDING: Duration = Duration::from_mins(2);

/// The agent's program.
pub(super) struct Agent {
    bytes: Vec<u8>,
    /// The same compressed, once it was needed.
    packed: OnceLock<Result<Vec<u8>, String>>,
    /// SHA-256 in hexadecimal digits: what `sha256sum` of a host computes.
    digest: String,
}

impl Agent {
    fn new(bytes: Vec<u8>, digest: String) -> Self {
        Self {
            bytes,
            packed: OnceLock::new(),
            digest,
        }
    }

    /// Returns its SHA-256 in hexadecimal digits.
    pub(super) fn digest(&self) -> &str {
        &self.digest
    }

    /// Returns it compressed, as every host gets it.
    fn packed(&self) -> Result<&[u8], String> {
        let packed = self.packed.get_or_init(|| {
            let mut packed = GzEncoder::new(Vec::new(), Compression::default());
            let packed = packed.write_all(&self.bytes).and_then(|()| packed.finish());
            packed.map_err(|error| format!("cannot get the agent: {}", why_io(&error)))
        });
        packed.as_deref().map_err(Clone::clone)
    }

    /// Finds it: named by [`VARIABLE`], beside this program, or in `../lib/evenkeel`.
    pub(super) fn find(
        variables: &BTreeMap<String, String>,
        beside: &Path,
    ) -> Result<Self, String> {
        let places: Vec<PathBuf> = match variables.get(VARIABLE) {
            Some(named) => vec![named.into()],
            None => vec![
                beside.join("evenkeel-agent"),
                beside.join("../lib/evenkeel/evenkeel-agent"),
            ],
        };
        for place in &places {
            match read_plain(place, LARGEST) {
                Ok(Some(bytes)) => {
                    let digest = hex(digest(&SHA256, &bytes).as_ref());
                    return Ok(Self::new(bytes, digest));
                }
                Ok(None) => {
                    return Err(format!(
                        "cannot get the agent: {} is too large",
                        place.display()
                    ));
                }
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => {
                    return Err(format!(
                        "cannot get the agent: {}: {}",
                        place.display(),
                        why_io(&error)
                    ));
                }
            }
        }
        let places: Vec<String> = places
            .iter()
            .map(|place| place.display().to_string())
            .collect();
        Err(format!(
            "cannot get the agent: there is none at {} (in a checkout, `cargo build --release` builds it; {VARIABLE} names one)",
            places.join(" or ")
        ))
    }

    /// Returns the command with which a host starts it.
    pub(super) fn start(&self, becomes_root: bool) -> String {
        let run = if becomes_root {
            "exec sudo -n -- \"$a\""
        } else {
            "exec \"$a\""
        };
        let digest = &self.digest;
        format!(
            "exec sh -c '{PLACE} a=\"$d/agent-{digest}\"; [ -f \"$a\" ] || exit {ABSENT}; m=\"$d/checked-{digest}\"; {UNCHANGED} || \
             {{ {CHECK} touch \"$m.$$\" 2>/dev/null; \
             echo \"{digest}  $a\" | sha256sum -c >/dev/null 2>&1 || {{ rm -f \"$m.$$\"; exit {ABSENT}; }}; \
             mv -f \"$m.$$\" \"$m\" 2>/dev/null; }}; {run}'"
        )
    }

    /// Returns the command with which a host takes it from its standard input.
    fn take(&self) -> String {
        let digest = &self.digest;
        format!(
            "exec sh -c 'umask 077; {PLACE} a=\"$d/agent-{digest}\"; mkdir -p \"$d\" || exit 1; {CHECK} \
             t=\"$d/.agent-$$\"; trap \"rm -f \\\"$t\\\"\" EXIT; gzip -dc >\"$t\" || exit 1; \
             echo \"{digest}  $t\" | sha256sum -c >/dev/null || exit 1; chmod 700 \"$t\" && mv \"$t\" \"$a\"'"
        )
    }

    /// Sends it to a host that lacks it.
    ///
    /// # Errors
    ///
    /// The reason, as what follows the host's name.
    pub(super) fn send(&self, runtime: &Runtime, socket: &Path) -> Result<(), String> {
        let packed = self.packed()?;
        let mut channel = Channel::open(runtime, socket, &self.take())?;
        let sent = match channel.take() {
            Some((reader, mut writer)) => {
                reader.patience().set(SENDING);
                let sent = writer.write_all(packed);
                drop(writer);
                // It writes nothing, so this is its end.
                let _ = std::io::copy(&mut { reader }, &mut std::io::sink());
                sent.map_err(|error| why_io(&error))
            }
            None => Err("the channel has no streams".to_owned()),
        };
        let lack = sent.err().unwrap_or_default();
        match channel.ended(&lack).into_parts() {
            (Some(0), _) => Ok(()),
            (Some(UNSAFE), _) => Err(UNSAFE_REASON.to_owned()),
            (_, said) => Err(format!(
                "cannot store the agent in ~/.cache/evenkeel: {said}"
            )),
        }
    }
}

/// Sets `d`, the directory of agents.
const PLACE: &str = "d=\"${XDG_CACHE_HOME:-$HOME/.cache}/evenkeel\";";

/// Ends unless the directory belongs to the account and no other account can write it.
const CHECK: &str = "[ -L \"$d\" ] && exit 92; [ -O \"$d\" ] && [ -z \"$(find \"$d\" -prune -perm /022)\" ] || exit 92;";

/// Whether the agent `a` did not change since the file `m` was made, which is before its last check, and [`CHECK`] would pass. The
/// account cannot set the time of a file's last change. Where `find` cannot compare it, or `m` is missing, the answer is no.
const UNCHANGED: &str = "f=$(find \"$d\" \"$a\" -prune \\( -perm /022 -o -type f -cnewer \"$m\" \\) 2>/dev/null) && \
                         [ -z \"$f\" ] && [ -O \"$d\" ]";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;

    use super::{Agent, VARIABLE};

    #[test]
    fn the_agent_is_named_or_beside_the_program() {
        let scratch = tempfile::tempdir().unwrap();
        let none = BTreeMap::new();
        let absent = Agent::find(&none, scratch.path()).err().unwrap();
        assert!(absent.contains(VARIABLE), "{absent}");
        fs::write(scratch.path().join("evenkeel-agent"), "abc").unwrap();
        let found = Agent::find(&none, scratch.path()).unwrap();
        // FIPS 180-4, the example of one block.
        assert_eq!(
            found.digest,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        let named = BTreeMap::from([(VARIABLE.to_owned(), "/nonexistent/agent".to_owned())]);
        assert!(Agent::find(&named, scratch.path()).is_err());
    }

    #[test]
    fn a_login_shell_gets_one_argument_in_single_quotes() {
        let agent = Agent::new(Vec::new(), "0".repeat(64));
        for command in [agent.start(false), agent.start(true), agent.take()] {
            assert_eq!(command.matches('\'').count(), 2, "{command}");
            assert!(command.ends_with('\''), "{command}");
            // The C shell replaces this even between single quotes.
            assert!(!command.contains('!'), "{command}");
        }
    }
}
