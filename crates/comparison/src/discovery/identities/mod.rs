//! Proposal of identities: values that differ between environments throughout, and rightly.
//!
//! The input is texts at the same place in two environments that differ. Each pair without its common parts is a core
//! ([`cores`]); a core with the form of an identity ([`forms`]) is a candidate; the candidates that explain most places
//! are proposed ([`choice`]), if they make anything equal ([`needed`]). Whether two texts agree with identities is
//! decided by `comparison`; accepting them is left to the layers above.
//!
//! Secrets are not identities: places whose key names a secret, and passwords in URLs, are skipped.

mod alike;
mod choice;
mod common;
mod cores;
mod evidence;
mod forms;
mod lines;
mod needed;
mod networks;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::tokens::{self, hyphened};
use crate::Said;
use evenkeel_model::EnvironmentName;
use evenkeel_model::name::{LONGEST, is_identifier};
use evenkeel_model::text::count;

/// Text or key that differs between two environments at the same place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DifferingText {
    /// Document.
    pub document: String,
    /// Path in it, for display.
    pub path: String,
    /// Value of the first environment.
    pub left: String,
    /// Value of the second environment.
    pub right: String,
}

/// All texts that differ between two environments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PairOfTexts {
    /// The first environment.
    pub left: EnvironmentName,
    /// The second environment.
    pub right: EnvironmentName,
    /// Differing texts; their order has no meaning.
    pub texts: Vec<DifferingText>,
    /// All values of each environment's documents, differing or not.
    pub said: (Said, Said),
}

impl PairOfTexts {
    /// Returns the pair with the environment first whose name sorts first: proposals do not depend on the order of
    /// arguments.
    fn ordered(&self) -> Cow<'_, Self> {
        if self.left.as_str() <= self.right.as_str() {
            return Cow::Borrowed(self);
        }
        Cow::Owned(Self {
            left: self.right.clone(),
            right: self.left.clone(),
            texts: self
                .texts
                .iter()
                .map(|text| DifferingText {
                    document: text.document.clone(),
                    path: text.path.clone(),
                    left: text.right.clone(),
                    right: text.left.clone(),
                })
                .collect(),
            said: (self.said.1.clone(), self.said.0.clone()),
        })
    }
}

/// Kinds of identities, in order of preference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum IdentityKind {
    /// A domain, with everything below it.
    Domain,
    /// An account number of 12 digits.
    Account,
    /// A network, with all its addresses.
    Network,
    /// Another word for the environment: `stg` and `prod`.
    EnvironmentShort,
    /// A prefix of several names: `acme-staging` and `acme`.
    NamePrefix,
    /// A whole name of a bucket, host or project.
    Name,
    /// A network address.
    Address,
}

impl IdentityKind {
    /// Returns the default name of a parameter of this kind.
    #[must_use]
    pub const fn parameter(self) -> &'static str {
        match self {
            Self::Domain => "domain",
            Self::Account => "account",
            Self::Network => "network",
            Self::EnvironmentShort => "environment_short",
            Self::NamePrefix => "name_prefix",
            Self::Name => "name",
            Self::Address => "address",
        }
    }
}

/// Proposed identity, to be accepted by people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProposedIdentity {
    /// Unique name for its parameter.
    pub name: String,
    /// Kind.
    pub kind: IdentityKind,
    /// Value of each environment.
    pub values: BTreeMap<EnvironmentName, String>,
    /// Number of places that differ by it.
    pub places: usize,
    /// Some of these places: document and path.
    pub examples: Vec<String>,
    /// Reason, in one line.
    pub reason: String,
}

/// Maximum number of examples of one identity.
const EXAMPLES: usize = 3;

/// Maximum number of proposed identities.
const MOST: usize = 40;

/// Maximum number of differing texts examined for one pair.
const MOST_TEXTS: usize = 20_000;

/// Proposes identities. The result does not depend on the order of pairs or texts.
#[must_use]
pub fn propose(pairs: &[PairOfTexts]) -> Vec<ProposedIdentity> {
    let given = pairs;
    let ordered: Vec<Cow<'_, PairOfTexts>> = pairs.iter().map(PairOfTexts::ordered).collect();
    let pairs: Vec<&PairOfTexts> = ordered.iter().map(AsRef::as_ref).collect();
    let names: BTreeSet<&EnvironmentName> = pairs
        .iter()
        .flat_map(|pair| [&pair.left, &pair.right])
        .collect();
    let mut found: Vec<ProposedIdentity> = Vec::new();
    for pair in &pairs {
        let others: Vec<EnvironmentName> = names
            .iter()
            .filter(|name| ***name != pair.left && ***name != pair.right)
            .map(|name| (*name).clone())
            .collect();
        let by_line = lines::of(&pair.texts);
        let mut texts: Vec<&DifferingText> = by_line
            .iter()
            .filter(|text| !is_secret(&text.path))
            .collect();
        texts.sort();
        texts.dedup();
        texts.truncate(MOST_TEXTS);
        for chosen in choice::choose(pair, &texts, &others) {
            let examples: Vec<String> = chosen
                .places
                .iter()
                .take(EXAMPLES)
                .map(|(document, path)| format!("{document}: {path}"))
                .collect();
            let values = [(&pair.left, chosen.left), (&pair.right, chosen.right)];
            let values = values.map(|(name, value)| (name.clone(), value));
            found.push(ProposedIdentity {
                name: String::new(),
                kind: chosen.kind,
                values: values.into(),
                places: chosen.places.len(),
                examples,
                reason: String::new(),
            });
        }
    }
    let mut merged = merge(found);
    merged.sort_by(|one, two| {
        (one.kind, std::cmp::Reverse(one.places), &one.values).cmp(&(
            two.kind,
            std::cmp::Reverse(two.places),
            &two.values,
        ))
    });
    merged.truncate(MOST);
    complete(&mut merged, &pairs);
    needed::keep(&mut merged, &pairs);
    name(&mut merged);
    for identity in &mut merged {
        let mut names: Vec<&EnvironmentName> = Vec::new();
        for name in given
            .iter()
            .map(|pair| &pair.left)
            .chain(given.iter().map(|pair| &pair.right))
        {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let values: Vec<String> = names
            .into_iter()
            .filter_map(|name| identity.values.get(name))
            .map(|value| format!("`{value}`"))
            .collect();
        identity.reason = format!(
            "{} by it: {}",
            if identity.places == 1 {
                "1 place differs".to_owned()
            } else {
                format!("{} differ", count(identity.places, "place"))
            },
            values.join(" / "),
        );
    }
    merged
}

/// Merges proposals of several pairs that agree on an environment's value.
fn merge(found: Vec<ProposedIdentity>) -> Vec<ProposedIdentity> {
    let mut merged: Vec<ProposedIdentity> = Vec::new();
    for one in found {
        let same = merged.iter_mut().find(|other| {
            let shared = |(name, value): (&EnvironmentName, &String)| {
                other.values.get(name).map(|own| own == value)
            };
            let agree: Vec<bool> = one.values.iter().filter_map(shared).collect();
            // Several values of one environment may correspond to one of another's; they stay separate.
            other.kind == one.kind
                && !agree.is_empty()
                && agree.len() < one.values.len()
                && agree.iter().all(|same| *same)
        });
        match same {
            Some(other) => {
                other.values.extend(one.values);
                other.places += one.places;
                other.examples.extend(one.examples);
                other.examples.truncate(EXAMPLES);
            }
            None => merged.push(one),
        }
    }
    merged
}

/// Completes an identity for an environment that has no place of it: the value of another environment with the name
/// exchanged, if it occurs: `acme-beta` from `acme-staging`.
fn complete(found: &mut [ProposedIdentity], pairs: &[&PairOfTexts]) {
    let names: BTreeSet<&EnvironmentName> = pairs
        .iter()
        .flat_map(|pair| [&pair.left, &pair.right])
        .collect();
    for identity in found {
        for name in &names {
            if identity.values.contains_key(*name) {
                continue;
            }
            let guess = identity.values.iter().find_map(|(other, value)| {
                let at = value.find(other.as_str())?;
                let end = at + other.as_str().len();
                let whole = tokens::tokens(value);
                let is_whole = whole.iter().any(|token| token.start == at)
                    && whole.iter().any(|token| token.end == end);
                is_whole.then(|| tokens::replaced(value, std::iter::once(at..end), name.as_str()))
            });
            if let Some(guess) = guess {
                identity.values.insert((*name).clone(), guess);
            }
        }
    }
}

/// Names identities by their kind, and those of one kind by their value as well.
fn name(found: &mut [ProposedIdentity]) {
    let mut taken: BTreeSet<String> = BTreeSet::new();
    let mut kinds: BTreeMap<IdentityKind, usize> = BTreeMap::new();
    for identity in found.iter() {
        *kinds.entry(identity.kind).or_default() += 1;
    }
    for identity in found {
        let kind = identity.kind.parameter();
        let mut name = kind.to_owned();
        if kinds.get(&identity.kind).is_some_and(|number| *number > 1) {
            // The last environment's value, without the common start or end of domains.
            let value = identity
                .values
                .values()
                .min_by_key(|value| (value.len(), value.as_str()));
            let words = hyphened(value.map_or("", String::as_str)).replace('-', "_");
            name = format!("{kind}_{words}");
            name.truncate(LONGEST - 4);
        }
        let name = name.trim_end_matches('_').to_owned();
        let free = (1..=taken.len() + 1)
            .map(|number| match number {
                1 => name.clone(),
                _ => format!("{name}_{number}"),
            })
            .find(|name| is_identifier(name) && !taken.contains(name));
        identity.name = free.unwrap_or(name);
        taken.insert(identity.name.clone());
    }
}

/// Words in keys of secrets.
const SECRETS: &[&str] = &[
    "password",
    "passwd",
    "pwd",
    "secret",
    "secrets",
    "token",
    "apikey",
    "credential",
    "credentials",
    "salt",
    "passphrase",
    "private",
    "cookie",
    "auth",
    "authorization",
    "dsn",
];

/// Words that make a `key` secret.
const KEYS: &[&str] = &[
    "api",
    "access",
    "private",
    "encryption",
    "master",
    "secret",
    "signing",
    "ssh",
];

fn is_secret(path: &str) -> bool {
    let last = path.rsplit(['.', '[']).next().unwrap_or(path);
    let words: Vec<String> = tokens::tokens(last)
        .into_iter()
        .filter_map(|range| last.get(range).map(str::to_lowercase))
        .collect();
    words.iter().any(|word| SECRETS.contains(&word.as_str()))
        || words
            .windows(2)
            .any(|pair| matches!(pair, [one, two] if two == "key" && KEYS.contains(&one.as_str())))
}

#[cfg(test)]
mod tests;
