//! The address of a ledger in PostgreSQL: a connection string, the variables and the password file that libpq reads too.
//!
//! Differs from libpq in one point: a connection over a network is encrypted and the server's certificate is verified,
//! unless the address contains `sslmode=disable`.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use postgres::Config;
use postgres::config::{Host, SslMode, TargetSessionAttrs};
use zeroize::Zeroizing;

use super::tls::Trust;
use evenkeel_model::Secret;

/// The schema of an address that names none.
const SCHEMA: &str = "evenkeel";

/// The longest name in PostgreSQL, in bytes.
const LONGEST_NAME: usize = 63;

/// The largest password file.
const LONGEST_FILE: u64 = 1024 * 1024;

/// Environment variables.
pub type Variables = BTreeMap<String, String>;

/// An address that cannot be used, with the reason in a sentence. It never contains the password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct AddressError(pub String);

/// The server, the database, the account and the schema of a ledger.
#[derive(Clone)]
pub struct Address {
    pub(super) config: Config,
    pub(super) trust: Trust,
    pub(super) schema: String,
    pub(super) place: String,
}

impl Address {
    /// Reads a connection string: `postgres://[USER@]HOST[:PORT]/DATABASE[?KEY=VALUE…]`, where
    /// `schema=NAME` names the ledger's schema.
    ///
    /// Missing parts come from the variables `PGUSER`, `PGDATABASE`, `PGPASSWORD` and `PGPASSFILE`, as libpq reads them,
    /// and the password from the password file last.
    ///
    /// # Errors
    ///
    /// The reason, without the password.
    pub fn parse(text: &str, variables: &Variables) -> Result<Self, AddressError> {
        let wrong = |reason: String| Err(AddressError(reason));
        if !text.starts_with("postgres://") && !text.starts_with("postgresql://") {
            return wrong(
                "expected an address such as `postgres://evenkeel@db.example/evenkeel`".to_owned(),
            );
        }
        let (plain, options) = split_options(text);
        let mut config: Config = plain.parse().map_err(|error: postgres::Error| {
            // The parser's message names the bad part, and never a value.
            AddressError(format!("the address is malformed: {error}"))
        })?;
        if config.get_hosts().is_empty() {
            return wrong("the address names no host".to_owned());
        }
        let variable = |name: &str| variables.get(name).filter(|value| !value.is_empty());
        if config.get_user().is_none()
            && let Some(user) = variable("PGUSER").or_else(|| variable("USER"))
        {
            config.user(user);
        }
        if config.get_dbname().is_none()
            && let Some(database) = variable("PGDATABASE")
        {
            config.dbname(database);
        }
        let trust = trust(&options, &config)?;
        config
            .ssl_mode(match trust {
                Trust::Unencrypted => SslMode::Disable,
                Trust::Machine | Trust::File(_) => SslMode::Require,
            })
            // The head of a ledger is read where it is written; a replica may lag behind.
            .target_session_attrs(TargetSessionAttrs::Any)
            .application_name("evenkeel")
            .keepalives_idle(Duration::from_secs(10))
            .keepalives_interval(Duration::from_secs(5))
            .keepalives_retries(3)
            .tcp_user_timeout(Duration::from_secs(30));
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(Duration::from_secs(10));
        }
        let schema = options.schema.as_deref().unwrap_or(SCHEMA);
        check_schema(schema)?;
        let place = place(&config, schema);
        if config.get_password().is_none() {
            if let Some(password) = variable("PGPASSWORD") {
                config.password(password);
            } else if let Some(password) = from_file(&config, variables)? {
                config.password(password.as_bytes());
            }
        }
        Ok(Self {
            config,
            trust,
            schema: schema.to_owned(),
            place,
        })
    }

    /// Returns the address with this password.
    #[must_use]
    pub fn with_password(mut self, password: &str) -> Self {
        self.config.password(password);
        self
    }

    /// Returns the password, so that it can be kept out of every output.
    #[must_use]
    pub fn password(&self) -> Option<Secret> {
        let password = self.config.get_password()?;
        Some(Secret::new(String::from_utf8_lossy(password).into_owned()))
    }
}

/// The options that this file reads itself: the client knows fewer modes, and no file of authorities.
#[derive(Default)]
struct Options {
    mode: Option<String>,
    authorities: Option<String>,
    schema: Option<String>,
}

/// Separates the options that this file reads from an address.
fn split_options(text: &str) -> (String, Options) {
    let mut options = Options::default();
    let Some((before, query)) = text.split_once('?') else {
        return (text.to_owned(), options);
    };
    let mut others = Vec::new();
    for part in query.split('&') {
        match part.split_once('=') {
            Some(("sslmode", value)) => options.mode = Some(value.to_owned()),
            Some(("sslrootcert", value)) => options.authorities = Some(decoded(value)),
            Some(("schema", value)) => options.schema = Some(decoded(value)),
            _ => others.push(part),
        }
    }
    let plain = if others.is_empty() {
        before.to_owned()
    } else {
        format!("{before}?{}", others.join("&"))
    };
    (plain, options)
}

/// Decodes `%2F` and the like.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let hex = (*first == b'%')
            .then(|| after.get(..2))
            .flatten()
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        if let Some(byte) = hex {
            bytes.push(byte);
            rest = after.get(2..).unwrap_or_default();
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Decides how the connection is protected.
fn trust(options: &Options, config: &Config) -> Result<Trust, AddressError> {
    let authorities = options
        .authorities
        .as_deref()
        .filter(|path| *path != "system");
    let verified = || authorities.map_or(Trust::Machine, |path| Trust::File(path.into()));
    let is_here = config.get_hosts().iter().all(|host| match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => matches!(name.as_str(), "localhost" | "127.0.0.1" | "::1"),
    });
    match options.mode.as_deref() {
        None if is_here && authorities.is_none() => Ok(Trust::Unencrypted),
        Some("disable") => Ok(Trust::Unencrypted),
        // A certificate is always verified, including its name: weaker modes promise less than this gives.
        None | Some("require" | "verify-ca" | "verify-full") => Ok(verified()),
        Some(mode @ ("allow" | "prefer")) => Err(AddressError(format!(
            "`sslmode={mode}` would go on without encryption; use `verify-full`, or `disable` for a connection that no one else can read"
        ))),
        Some(mode) => Err(AddressError(format!(
            "unknown `sslmode={mode}`; use `verify-full` or `disable`"
        ))),
    }
}

/// Rejects a name that would need care in statements.
fn check_schema(schema: &str) -> Result<(), AddressError> {
    let is_plain = schema
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    if is_plain
        && schema.len() <= LONGEST_NAME
        && schema.starts_with(|first: char| first.is_ascii_lowercase())
        && !schema.starts_with("pg_")
    {
        return Ok(());
    }
    Err(AddressError(format!(
        "invalid schema `{schema}`: expected lower-case letters, digits and `_`, at most {LONGEST_NAME}"
    )))
}

/// Returns the name of the ledger in messages.
fn place(config: &Config, schema: &str) -> String {
    let ports = config.get_ports();
    let hosts: Vec<String> = config
        .get_hosts()
        .iter()
        .enumerate()
        .map(|(number, host)| {
            let port = ports.get(number).or_else(|| ports.first());
            let host = match host {
                Host::Tcp(name) => name.clone(),
                Host::Unix(path) => path.display().to_string(),
            };
            port.map_or_else(|| host.clone(), |port| format!("{host}:{port}"))
        })
        .collect();
    let database = config
        .get_dbname()
        .or(config.get_user())
        .unwrap_or_default();
    format!(
        "postgres://{}/{database} (schema {schema})",
        hosts.join(",")
    )
}

/// Looks the password up in the password file: lines of `HOST:PORT:DATABASE:USER:PASSWORD`, where `*` matches everything
/// and `\` escapes.
fn from_file(
    config: &Config,
    variables: &Variables,
) -> Result<Option<Zeroizing<String>>, AddressError> {
    let path: PathBuf = match variables.get("PGPASSFILE") {
        Some(path) if !path.is_empty() => path.into(),
        _ => match variables.get("HOME") {
            Some(home) if !home.is_empty() => Path::new(home).join(".pgpass"),
            _ => return Ok(None),
        },
    };
    let Ok(facts) = std::fs::metadata(&path) else {
        return Ok(None);
    };
    if !facts.is_file() || facts.len() > LONGEST_FILE {
        return Ok(None);
    }
    if facts.mode() & 0o077 != 0 {
        return Err(AddressError(format!(
            "other users may read the password file {0}; run `chmod 600 {0}`",
            path.display()
        )));
    }
    let text = std::fs::read_to_string(&path)
        .map(Zeroizing::new)
        .map_err(|error| AddressError(format!("cannot read {}: {error}", path.display())))?;
    let host = match config.get_hosts().first() {
        Some(Host::Tcp(name)) => name.clone(),
        _ => "localhost".to_owned(),
    };
    let port = config.get_ports().first().unwrap_or(&5432).to_string();
    let user = config.get_user().unwrap_or_default();
    let database = config.get_dbname().unwrap_or(user);
    Ok(text.lines().find_map(|line| {
        let fields = fields(line)?;
        let [for_host, for_port, for_database, for_user, password] = &fields;
        let matches = |pattern: &str, value: &str| pattern == "*" || pattern == value;
        (matches(for_host, &host)
            && matches(for_port, &port)
            && matches(for_database, database)
            && matches(for_user, user))
        .then(|| Zeroizing::new((**password).clone()))
    }))
}

/// Splits a line of a password file; `None` for a comment or another number of fields.
fn fields(line: &str) -> Option<[Zeroizing<String>; 5]> {
    if line.starts_with('#') {
        return None;
    }
    let mut fields: [Zeroizing<String>; 5] = std::array::from_fn(|_| Zeroizing::default());
    let mut current = 0;
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => fields.get_mut(current)?.push(characters.next()?),
            ':' if current < 4 => current += 1,
            other => fields.get_mut(current)?.push(other),
        }
    }
    (current == 4).then_some(fields)
}

#[cfg(test)]
mod tests {
    use super::{Address, Trust, Variables};
    use std::os::unix::fs::PermissionsExt as _;

    fn parse(text: &str) -> Result<Address, String> {
        Address::parse(text, &Variables::new()).map_err(|error| error.0)
    }

    #[test]
    fn a_network_connection_is_verified_unless_disabled() {
        let trust = |text: &str| parse(text).map(|address| address.trust);
        assert_eq!(trust("postgres://a@db.example/x"), Ok(Trust::Machine));
        assert_eq!(
            trust("postgres://a@db.example/x?sslmode=verify-full&sslrootcert=%2Fetc%2Fca.pem"),
            Ok(Trust::File("/etc/ca.pem".into()))
        );
        assert_eq!(
            trust("postgres://a@db.example/x?sslmode=require"),
            Ok(Trust::Machine)
        );
        assert_eq!(
            trust("postgres://a@db.example/x?sslmode=disable"),
            Ok(Trust::Unencrypted)
        );
        assert_eq!(trust("postgres://a@127.0.0.1/x"), Ok(Trust::Unencrypted));
        assert_eq!(
            trust("postgres://a@/x?host=/run/postgresql"),
            Ok(Trust::Unencrypted)
        );
        assert_eq!(
            trust("postgres://a@localhost/x?sslrootcert=/ca.pem"),
            Ok(Trust::File("/ca.pem".into()))
        );
        for refused in ["prefer", "allow", "none"] {
            assert!(trust(&format!("postgres://a@db.example/x?sslmode={refused}")).is_err());
        }
    }

    #[test]
    fn a_place_has_no_account_and_no_password() {
        let address = parse("postgres://ada:hunter2@db.example:6000/ledger").unwrap();
        assert_eq!(
            address.place,
            "postgres://db.example:6000/ledger (schema evenkeel)"
        );
        let malformed = parse("postgres://ada:hunter2@db.example:port/x")
            .err()
            .unwrap();
        assert!(!malformed.contains("hunter2"), "{malformed}");
    }

    #[test]
    fn an_unusable_address_is_refused_with_a_reason() {
        assert!(parse("db.example").err().unwrap().contains("postgres://"));
        assert!(parse("postgres:///x").err().unwrap().contains("no host"));
        for schema in ["pg_own", "Own", "own-1", "", "1", "a\"b"] {
            let refused = parse(&format!("postgres://a@h/x?schema={schema}")).err();
            assert!(refused.unwrap().contains("invalid schema"), "{schema}");
        }
    }

    #[test]
    fn the_password_comes_from_the_variables_or_the_password_file() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join(".pgpass");
        std::fs::write(
            &path,
            "# comment\nother:*:*:*:no\ndb.example:5432:x:ada:a\\:b\\\\c:d\n*:*:*:*:last\n",
        )
        .unwrap();
        let secret = |mode: u32, more: &[(&str, &str)], text: &str| {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            let mut variables = Variables::new();
            variables.insert("HOME".to_owned(), home.path().display().to_string());
            for (name, value) in more {
                variables.insert((*name).to_owned(), (*value).to_owned());
            }
            Address::parse(text, &variables).map(|address| {
                let bytes = address.config.get_password().map(<[u8]>::to_vec);
                bytes.map(|bytes| String::from_utf8(bytes).unwrap())
            })
        };
        let plain = "postgres://ada@db.example/x";
        assert_eq!(secret(0o600, &[], plain).unwrap().unwrap(), "a:b\\c:d");
        assert_eq!(
            secret(0o600, &[], "postgres://bob@db.example/x")
                .unwrap()
                .unwrap(),
            "last"
        );
        assert_eq!(
            secret(0o600, &[("PGPASSWORD", "set")], plain)
                .unwrap()
                .unwrap(),
            "set"
        );
        let refused = secret(0o644, &[], plain).err().unwrap();
        assert!(refused.0.contains("chmod 600"), "{refused}");
        let own = "postgres://ada:own@db.example/x";
        assert_eq!(secret(0o600, &[], own).unwrap().unwrap(), "own");
    }
}
