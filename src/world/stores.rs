//! Stores of ledgers: in a folder of a project's directory, or shared by a team.
//!
//! The operations decide which one a project uses.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::git::SharedGit;
use super::redaction::RunSecrets;
use super::secrets::RealSecrets;
use evenkeel_core::environment::definition::{SharedPlace, ValueSource};
use evenkeel_core::environment::secrets::Secrets as _;
use evenkeel_host::Interruption;
use evenkeel_ledger::Store;
use evenkeel_ledger::folder::FolderStore;
use evenkeel_ledger::git::GitStore;
use evenkeel_ledger::shared::SharedKey;
use evenkeel_model::Secret;

/// Name of the folder.
const FOLDER: &str = ".evenkeel";

/// The variable that replaces the place of the ledger.
pub const PLACE: &str = "EVENKEEL_LEDGER";

/// The variable with the key, unless the definitions name another source.
pub const KEY: &str = "EVENKEEL_LEDGER_KEY";

/// The longest system.toml that is searched for `[ledger]` before it is parsed.
const LONGEST: u64 = 16 * 1024 * 1024;

/// Returns whether the definitions may declare a shared ledger.
#[must_use]
pub fn mentions_ledger(definitions: &Path) -> bool {
    mentions(definitions, "ledger")
}

/// Returns whether system.toml may have a table of this name.
#[must_use]
pub fn mentions(definitions: &Path, name: &str) -> bool {
    let path = definitions.join("system.toml");
    let is_short =
        std::fs::metadata(&path).is_ok_and(|facts| facts.is_file() && facts.len() < LONGEST);
    // Reading the definitions reports what is wrong with the file.
    !is_short || std::fs::read_to_string(&path).map_or(true, |text| text.contains(name))
}

/// Reads the name of a shared place: `git:REMOTE`, or the address of a database.
///
/// # Errors
///
/// The reason in a sentence.
pub fn named(place: &str) -> Result<SharedPlace, String> {
    if let Some(remote) = place.strip_prefix("git:") {
        return Ok(SharedPlace::Git {
            remote: remote.to_owned(),
        });
    }
    if place.starts_with("postgres://") || place.starts_with("postgresql://") {
        return Ok(SharedPlace::Postgres {
            address: place.to_owned(),
            password: None,
        });
    }
    Err(
        "expected `folder`, `git:REMOTE`, or an address such as `postgres://evenkeel@db.example/evenkeel`"
            .to_owned(),
    )
}

/// Returns the store in a project's own folder.
#[must_use]
pub fn folder(project: &Path, interruption: &Interruption) -> Arc<dyn Store> {
    let store = FolderStore::new(&project.join(FOLDER));
    Arc::new(store.until(interruption.flag()))
}

/// Sources of the ledger's secrets, which outlive the reading of the definitions.
#[derive(Clone)]
pub struct Sources {
    /// The environment variables.
    pub variables: BTreeMap<String, String>,
    /// Directory of the definitions.
    pub definitions: PathBuf,
    /// Project directory.
    pub root: PathBuf,
    /// Ends waiting for others.
    pub interruption: Interruption,
    /// Collects the secrets.
    pub learned: RunSecrets,
}

impl Sources {
    fn get(&self, source: &ValueSource) -> Result<Secret, String> {
        let secrets = RealSecrets {
            variable: &|name| self.variables.get(name).cloned(),
            definitions: self.definitions.clone(),
            root: self.root.clone(),
            interruption: &self.interruption,
            learned: &self.learned,
        };
        secrets.get(source)
    }
}

/// Returns the store of a shared ledger. Connects to nothing.
///
/// # Errors
///
/// The reason in a sentence.
pub fn shared(
    place: &SharedPlace,
    key: Option<ValueSource>,
    sources: Sources,
) -> Result<Arc<dyn Store>, String> {
    let ending = sources.interruption.flag();
    match place {
        SharedPlace::Git { remote } => {
            let program = SharedGit {
                variables: sources.variables.clone(),
                directory: sources.root.clone(),
            };
            let key = team_key(key, sources);
            Ok(Arc::new(GitStore::new(
                remote,
                Arc::new(program),
                key,
                ending,
            )))
        }
        SharedPlace::Postgres { address, password } => {
            postgres(address, password.as_ref(), key, sources)
        }
    }
}

#[cfg(feature = "postgres")]
fn postgres(
    address: &str,
    password: Option<&ValueSource>,
    key: Option<ValueSource>,
    sources: Sources,
) -> Result<Arc<dyn Store>, String> {
    use evenkeel_ledger::postgres::{Address, PostgresStore};

    let ending = sources.interruption.flag();
    let mut address =
        Address::parse(address, &sources.variables).map_err(|error| error.to_string())?;
    if let Some(source) = password {
        let secret = sources.get(source)?;
        address = address.with_password(secret.reveal());
    }
    if let Some(password) = address.password() {
        sources.learned.learn(&password);
    }
    let key = team_key(key, sources);
    Ok(Arc::new(PostgresStore::new(address, key, ending)))
}

#[cfg(not(feature = "postgres"))]
fn postgres(
    _address: &str,
    _password: Option<&ValueSource>,
    _key: Option<ValueSource>,
    _sources: Sources,
) -> Result<Arc<dyn Store>, String> {
    Err("this program was built without PostgreSQL; build it with `--features postgres`".to_owned())
}

/// Returns the key of a shared ledger, which is read when it is first needed.
fn team_key(declared: Option<ValueSource>, sources: Sources) -> SharedKey {
    match declared {
        Some(source) => SharedKey::new(
            "the source of `key` in `[ledger]`",
            Arc::new(move || sources.get(&source).map(Some)),
        ),
        None => SharedKey::new(
            &format!("the environment variable {KEY}"),
            Arc::new(move || {
                if sources.variables.get(KEY).is_none_or(String::is_empty) {
                    return Ok(None);
                }
                sources
                    .get(&ValueSource::Variable(KEY.to_owned()))
                    .map(Some)
            }),
        ),
    }
}
