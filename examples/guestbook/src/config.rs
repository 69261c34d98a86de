//! The configuration file: its keys, and all errors in it at once. Nothing is opened here; a port in use or a missing
//! folder is reported on first use.
//!
//! The keys are read one by one rather than derived: a derived error quotes the invalid value, and one of the values is
//! a secret.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use crate::log::Level;

/// The configuration of the service.
#[derive(Debug)]
pub struct Config {
    pub listen: SocketAddr,
    /// Relative paths are resolved from the configuration file's folder, so the working directory does not matter.
    pub database: PathBuf,
    pub workers: usize,
    pub log_level: Level,
    pub moderator_token: Secret,
}

/// Text that no log line, error or debug output may show.
pub struct Secret(String);

impl Secret {
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("(secret)")
    }
}

#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("cannot read {}", path.display())]
    Unreadable {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("{}: {}", path.display(), complaints.join("; "))]
    Wrong {
        path: PathBuf,
        complaints: Vec<String>,
    },
}

const KEYS: [&str; 5] = [
    "listen",
    "database",
    "workers",
    "log-level",
    "moderator-token",
];
const MOST_WORKERS: i64 = 64;
const SHORTEST_TOKEN: usize = 16;

impl Config {
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Unreadable {
            path: path.to_path_buf(),
            source,
        })?;
        let folder = path.parent().unwrap_or(Path::new(""));
        Self::understand(&text, folder).map_err(|complaints| ConfigError::Wrong {
            path: path.to_path_buf(),
            complaints,
        })
    }

    fn understand(text: &str, folder: &Path) -> Result<Self, Vec<String>> {
        let table = text
            .parse::<Table>()
            .map_err(|error| vec![syntax_complaint(text, &error)])?;
        let mut complaints: Vec<String> = table
            .keys()
            .filter(|key| !KEYS.contains(&key.as_str()))
            .map(|key| {
                format!(
                    "unknown key `{key}`, expected one of `{}`",
                    KEYS.join("`, `")
                )
            })
            .collect();

        let listen = listen(&table).map_err(|complaint| complaints.push(complaint));
        let database = text_of(&table, "database").map_err(|complaint| complaints.push(complaint));
        let workers = workers(&table).map_err(|complaint| complaints.push(complaint));
        let log_level = log_level(&table).map_err(|complaint| complaints.push(complaint));
        let token = moderator_token(&table).map_err(|complaint| complaints.push(complaint));

        match (listen, database, workers, log_level, token) {
            (Ok(listen), Ok(database), Ok(workers), Ok(log_level), Ok(moderator_token))
                if complaints.is_empty() =>
            {
                Ok(Self {
                    listen,
                    database: folder.join(database),
                    workers,
                    log_level,
                    moderator_token,
                })
            }
            _ => Err(complaints),
        }
    }
}

/// Returns the line of the syntax error, without its text, which may be the secret.
fn syntax_complaint(text: &str, error: &toml::de::Error) -> String {
    let line = error
        .span()
        .and_then(|span| text.get(..span.start))
        .map(|before| before.matches('\n').count() + 1);
    match line {
        Some(line) => format!("line {line} is not valid TOML"),
        None => "not valid TOML".to_owned(),
    }
}

fn text_of<'table>(table: &'table Table, key: &str) -> Result<&'table str, String> {
    match table.get(key) {
        None => Err(format!("`{key}` is missing")),
        Some(Value::String(text)) if !text.is_empty() => Ok(text),
        Some(_) => Err(format!("`{key}` must be a non-empty string")),
    }
}

fn listen(table: &Table) -> Result<SocketAddr, String> {
    let text = text_of(table, "listen")?;
    let address: SocketAddr = text.parse().map_err(|_| {
        format!("`listen` is `{text}`, expected an address and a port such as `127.0.0.1:7101`")
    })?;
    if !address.ip().is_loopback() {
        // The connection is not encrypted, and the moderator's token travels in a header.
        return Err(format!(
            "`listen` is `{text}`, expected a loopback address: use a proxy with TLS in front"
        ));
    }
    Ok(address)
}

fn workers(table: &Table) -> Result<usize, String> {
    match table.get("workers") {
        None => Err("`workers` is missing".to_owned()),
        Some(Value::Integer(count)) if (1..=MOST_WORKERS).contains(count) => {
            usize::try_from(*count).map_err(|error| error.to_string())
        }
        Some(_) => Err(format!(
            "`workers` must be a whole number from 1 to {MOST_WORKERS}"
        )),
    }
}

fn log_level(table: &Table) -> Result<Level, String> {
    let text = text_of(table, "log-level")?;
    Level::from_name(text).ok_or_else(|| {
        let names: Vec<_> = Level::ALL.iter().map(|level| level.name()).collect();
        format!(
            "`log-level` is `{text}`, expected one of `{}`",
            names.join("`, `")
        )
    })
}

fn moderator_token(table: &Table) -> Result<Secret, String> {
    let text = text_of(table, "moderator-token")?;
    if text.len() < SHORTEST_TOKEN {
        return Err(format!(
            "`moderator-token` must have at least {SHORTEST_TOKEN} characters"
        ));
    }
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(
            "`moderator-token` must be printable ASCII without spaces: it travels in a header"
                .to_owned(),
        );
    }
    Ok(Secret(text.to_owned()))
}
