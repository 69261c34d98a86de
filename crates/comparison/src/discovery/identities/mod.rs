//! Proposes identities: what one environment calls otherwise, again and again, and by right.
//!
//! From texts that stand at the same place in two environments and differ. What is left of each pair without its common
//! parts is a core ([`cores`]); a core that looks like an identity ([`forms`]) is a candidate; the candidates that
//! explain most places are proposed ([`choice`]), as far as anything becomes equal by them ([`needed`]). Whether two texts agree once identities are known is asked of
//! `comparison`; what people accept, of the layers above.
//!
//! Secrets are no identities: places whose key says that they hold one, and passwords in URLs, are not looked at.

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

/// A text, or a key, that differs between two environments at the same place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DifferingText {
    /// The document.
    pub document: String,
    /// The place in it, as people read it.
    pub path: String,
    /// What the first environment has.
    pub left: String,
    /// What the second environment has.
    pub right: String,
}

/// All texts that differ between two environments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PairOfTexts {
    /// The first environment.
    pub left: EnvironmentName,
    /// The second environment.
    pub right: EnvironmentName,
    /// What differs; the order means nothing.
    pub texts: Vec<DifferingText>,
    /// What each environment's documents say, what differs and what does not.
    pub said: (Said, Said),
}

impl PairOfTexts {
    /// The same pair with the environment first whose name comes first: what is proposed does not depend on who is asked
    /// first.
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

/// What an identity looks like. In the order in which they are preferred.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum IdentityKind {
    /// A domain, with everything below it.
    Domain,
    /// A number of an account, 12 digits.
    Account,
    /// A network, with all its addresses.
    Network,
    /// Another word for the environment: `stg` and `prod`.
    EnvironmentShort,
    /// The beginning of many names: `acme-staging` and `acme`.
    NamePrefix,
    /// A whole name: of a bucket, a host, a project.
    Name,
    /// An address of a network.
    Address,
}

impl IdentityKind {
    /// What a parameter of this kind is called.
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

/// An identity that people may accept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProposedIdentity {
    /// A name for its parameter: an identifier, like no other's.
    pub name: String,
    /// What it looks like.
    pub kind: IdentityKind,
    /// What each environment calls it.
    pub values: BTreeMap<EnvironmentName, String>,
    /// How many places differ by it.
    pub places: usize,
    /// Some of these places: document and path.
    pub examples: Vec<String>,
    /// Why, in a line.
    pub reason: String,
}

/// Most examples of one identity.
const EXAMPLES: usize = 3;

/// Most identities that are proposed: more are no help.
const MOST: usize = 40;

/// Most differing texts of a pair that are looked at.
const MOST_TEXTS: usize = 20_000;

/// Proposes identities. The same pairs give the same proposals, in whatever order their texts come.
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

/// Proposals of several pairs that agree on what an environment calls it are one.
fn merge(found: Vec<ProposedIdentity>) -> Vec<ProposedIdentity> {
    let mut merged: Vec<ProposedIdentity> = Vec::new();
    for one in found {
        let same = merged.iter_mut().find(|other| {
            let shared = |(name, value): (&EnvironmentName, &String)| {
                other.values.get(name).map(|own| own == value)
            };
            let agree: Vec<bool> = one.values.iter().filter_map(shared).collect();
            // Several of one environment's names may stand for one of another's; they stay apart.
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

/// An environment that shows no place of an identity gets the value of another one with its own name in it, if there is
/// such a value: `acme-beta` from `acme-staging`.
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

/// Names them by their kind, and those of one kind by what they stand for as well.
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
            // The last environment's value, without what every domain begins or ends with.
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

/// Words of keys that hold what nobody may see.
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

/// Words that make a `key` a secret.
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
