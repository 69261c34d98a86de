//! The context of a value, as far as it shows whether the value is a secret.

use super::ciphertext::is_sealed;
use super::form::is_harmless;
use super::key::Bearing;
use super::line::{is_field_of_names, is_field_of_values};
use super::within::{Secrecy, bearing_of, is_only_a_reference, secrecy};
use crate::covering;
use crate::tree::{Entry, Node, Scalar, ScalarKind};

/// The context of a value, as far as it shows whether the value is a secret.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Under<'n> {
    /// The key, or the name beside the value: `DB_PASSWORD` of `{name: DB_PASSWORD, value: …}`.
    key: &'n str,
    /// The assumption about all values here, regardless of their keys.
    all: All,
}

/// The assumption about all values in a map or a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum All {
    /// None: their own keys decide.
    #[default]
    Open,
    /// Secret, unless form or key shows otherwise: `secrets: {a: x}`.
    Likely,
    /// Secret, unless form or key shows otherwise, and never a name of one: `passwords: {a: x}`.
    Held,
    /// Secret: the data of a Kubernetes Secret.
    Secret,
    /// Encrypted: the data of a sealed secret.
    Sealed,
}

/// The context of the keys of one map.
#[derive(Clone, Copy, Debug)]
pub struct Within<'n> {
    above: Under<'n>,
    /// The name that one field gives to the value of another.
    name: Option<&'n str>,
    kind: Kind,
}

/// The Kubernetes kind of a map, if relevant to secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Other,
    Secret,
}

impl<'n> Under<'n> {
    /// Returns the context of a map's entries.
    #[must_use]
    pub fn within(self, entries: &'n [Entry]) -> Within<'n> {
        /// More keys than a pair of name and value has.
        const MOST: usize = 8;
        let text = |key: &str| {
            let entry = entries.iter().find(|entry| &*entry.key == key)?;
            entry.value.as_scalar().map(|scalar| &*scalar.text)
        };
        let is_pair =
            entries.len() <= MOST && entries.iter().any(|entry| is_field_of_values(&entry.key));
        let name = || {
            let named = entries.iter().filter(|entry| is_field_of_names(&entry.key));
            let mut texts =
                named.filter_map(|entry| entry.value.as_scalar().map(|scalar| &*scalar.text));
            let first = texts.next()?;
            // With several names, the one with the stronger bearing wins.
            Some(
                std::iter::once(first)
                    .chain(texts)
                    .find(|text| bearing_of(text) != Bearing::Plain)
                    .unwrap_or(first),
            )
        };
        let has_kind = entries.iter().take(MOST).any(|entry| &*entry.key == "kind");
        Within {
            above: self,
            name: if is_pair { name() } else { None },
            kind: match text("kind").filter(|_| has_kind) {
                Some("Secret") => Kind::Secret,
                _ => Kind::Other,
            },
        }
    }

    /// Returns the context of a secret that is recognised by its neighbour: the word after `--token` in a list.
    #[must_use]
    pub fn argument(self) -> Self {
        Self {
            key: self.key,
            all: All::Secret,
        }
    }

    /// Returns the secret parts of a single value here.
    #[must_use]
    pub fn secrecy(self, scalar: &Scalar) -> Secrecy {
        let is_something = scalar.kind != ScalarKind::Null
            && !scalar.text.is_empty()
            && !is_only_a_reference(&scalar.text);
        match secrecy(self.key, scalar) {
            found @ (Secrecy::Whole | Secrecy::Encrypted) => found,
            _ if self.all == All::Secret && is_something => Secrecy::Whole,
            _ if self.all == All::Sealed && is_sealed(&scalar.text) => Secrecy::Encrypted,
            _ if matches!(self.all, All::Likely | All::Held)
                && is_something
                && self.is_likely(scalar) =>
            {
                Secrecy::Whole
            }
            found => found,
        }
    }

    /// Returns whether a value among secrets is one: it has no other form, and its key is not a setting. Where names of
    /// secrets are possible as well, a value in the form of a name is shown.
    fn is_likely(self, scalar: &Scalar) -> bool {
        let is_kind = !matches!(
            scalar.kind,
            ScalarKind::Boolean | ScalarKind::Date | ScalarKind::Expression
        );
        let is_name = |text: &str| {
            let is_of_name = |byte: u8| {
                byte.is_ascii_lowercase() || matches!(byte, b'-' | b'_' | b'.' | b':' | b'/')
            };
            text.bytes().all(is_of_name) && text.contains(['-', '_', '.', ':', '/'])
        };
        is_kind
            && matches!(
                bearing_of(self.key),
                Bearing::Plain | Bearing::Index | Bearing::Key | Bearing::Switch
            )
            && !BESIDE.contains(&self.key)
            && !(self.all == All::Likely && is_name(&scalar.text))
            && !is_harmless(Bearing::Likely, &scalar.text)
    }

    /// Returns whether a single value here is a secret as a whole.
    #[must_use]
    pub fn is_secret(self, scalar: &Scalar) -> bool {
        self.secrecy(scalar) == Secrecy::Whole
    }

    /// Returns whether a single value here is encrypted.
    #[must_use]
    pub fn is_encrypted(self, scalar: &Scalar) -> bool {
        self.secrecy(scalar) == Secrecy::Encrypted
    }

    /// Returns a value with a marker in place of its secrets; `None` without any, or when all of it is one.
    #[must_use]
    pub fn covered(self, scalar: &Scalar) -> Option<String> {
        match self.secrecy(scalar) {
            Secrecy::Parts(ranges) => Some(covering::replaced(&scalar.text, ranges)),
            _ => None,
        }
    }
}

impl<'n> Within<'n> {
    /// Returns the context of a key's value that two maps contain, either of which may be decisive.
    #[must_use]
    pub fn either(both: [Self; 2], key: &'n str) -> Under<'n> {
        let [one, two] = both.map(|within| within.entry(key));
        Under {
            key: if one.key == key { two.key } else { one.key },
            all: if one.all == All::Open {
                two.all
            } else {
                one.all
            },
        }
    }

    /// Returns the context of the value of a key.
    #[must_use]
    pub fn entry(self, key: &'n str) -> Under<'n> {
        let is_data = matches!(key, "data" | "stringData");
        let all = match self.kind {
            Kind::Secret if is_data => All::Secret,
            // Of a SealedSecret and of its template.
            _ if key == "encryptedData" => All::Sealed,
            // Generators of Secrets.
            _ if key == "secretGenerator" => All::Secret,
            _ if self.above.all != All::Open && !NAMING.contains(&key) => self.above.all,
            _ if HOLDING.iter().any(|each| key.eq_ignore_ascii_case(each)) => All::Held,
            _ if HOLDING_NAMES
                .iter()
                .any(|each| key.eq_ignore_ascii_case(each)) =>
            {
                All::Likely
            }
            _ => All::Open,
        };
        Under {
            key: match self.name {
                Some(name) if is_field_of_values(key) => name,
                // `db_password: {default: x}`
                None if is_field_of_values(key) && bearing_of(self.above.key) >= Bearing::Weak => {
                    self.above.key
                }
                _ => key,
            },
            all,
        }
    }
}

/// Keys that name things, also among secrets.
const NAMING: &[&str] = &[
    "name",
    "namespace",
    "type",
    "behavior",
    "envs",
    "files",
    "options",
];

/// Keys of settings beside secrets.
const BESIDE: &[&str] = &[
    "key",
    "kind",
    "id",
    "user",
    "username",
    "login",
    "host",
    "hostname",
    "port",
    "database",
    "path",
    "provider",
    "enabled",
    "labels",
    "annotations",
    "metadata",
    "mountPath",
    "remoteRef",
    "description",
    "external",
    "file",
    "environment",
    "source",
    "target",
    "image",
    "tag",
    "version",
    "url",
    "region",
];

/// Keys of maps with secrets under any key.
const HOLDING: &[&str] = &[
    "passwords",
    "tokens",
    "apiKeys",
    "api_keys",
    "api-keys",
    "secretEnv",
    "secret_env",
    "envSecrets",
    "env_secrets",
    "secretData",
    "secretValues",
    "secret_values",
    "secretStringData",
    "secureJsonData",
];

/// Keys of maps with secrets, or names of secrets, under any key.
const HOLDING_NAMES: &[&str] = &["secrets", "secret", "credentials"];

/// Returns which elements of a list of arguments are secrets because of the word before them: `["--token", "x"]`,
/// `["mysql", "-px"]`.
#[must_use]
pub fn secret_arguments(items: &[Node]) -> Vec<usize> {
    let text = |at: usize| {
        items
            .get(at)
            .and_then(Node::as_scalar)
            .map_or("", |scalar| &*scalar.text)
    };
    if !items.iter().any(|item| {
        item.as_scalar()
            .is_some_and(|scalar| scalar.text.starts_with('-'))
    }) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for at in 0..items.len() {
        let before = at.checked_sub(1).map_or("", text);
        let is_option = before.starts_with('-') && !before.contains(['=', ' ']);
        let here = text(at);
        if here.is_empty() || here.starts_with("--") {
            continue;
        }
        let kind = if is_option {
            bearing_of(before.trim_start_matches('-'))
        } else {
            Bearing::Plain
        };
        let by_name = kind != Bearing::Plain && !is_harmless(kind, here);
        let by_program = (is_option || here.starts_with('-'))
            && (0..at).any(|program| super::grammar::takes(text(program), before, here));
        if by_name || by_program {
            found.push(at);
        }
    }
    found
}
