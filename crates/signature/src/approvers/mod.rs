//! The file of approvers: people, their keys, and whose valid signature a statement has.
//!
//! `line` parses one line, `read` parses the file and reports every error, this file verifies.

mod line;
mod read;

use std::collections::{BTreeMap, BTreeSet};

use evenkeel_model::Moment;

use crate::NAMESPACE;
use crate::key::PublicKey;
use crate::signature::{Signature, SignatureProblem};
use crate::statement::{Statement, StatementProblem};

pub use read::LONGEST;

/// Prefix of principals that are roles.
pub const ROLE: &str = "role:";

/// People who may decide about releases.
#[derive(Clone, Debug, Default)]
pub struct Approvers {
    people: Vec<Person>,
    keys: Vec<Listed>,
}

/// Person with all names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// First principal of the person's first line.
    pub name: String,
    /// All principals of the person that are not roles, with the name.
    pub aliases: BTreeSet<String>,
}

/// Line of a key.
#[derive(Clone, Debug)]
struct Listed {
    /// Index of the person.
    person: usize,
    roles: BTreeSet<String>,
    key: PublicKey,
    /// Patterns of namespaces; any if absent.
    namespaces: Option<String>,
    from: Option<Moment>,
    until: Option<Moment>,
}

/// Person whose key signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signer {
    /// The person.
    pub person: Person,
    /// Roles of the key.
    pub roles: BTreeSet<String>,
    /// Fingerprint of the key.
    pub fingerprint: String,
}

/// Reason why a signed statement does not count.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The signature is no signature of the statement.
    #[error("{0}")]
    Signature(#[from] SignatureProblem),
    /// The signed bytes are no statement.
    #[error("{0}")]
    Statement(#[from] StatementProblem),
    /// The key is not listed.
    #[error("the key {fingerprint} is not listed in `approvers`")]
    Unlisted {
        /// Its fingerprint.
        fingerprint: String,
    },
    /// The key is listed for other purposes.
    #[error("the key {fingerprint} of {person} is not listed for the namespace `{NAMESPACE}`")]
    Namespace {
        /// Its fingerprint.
        fingerprint: String,
        /// The person.
        person: String,
    },
    /// The key was not valid yet.
    #[error("the key {fingerprint} of {person} was not valid before {from}")]
    Early {
        /// Its fingerprint.
        fingerprint: String,
        /// The person.
        person: String,
        /// Start of its validity.
        from: Moment,
    },
    /// The key was not valid any more.
    #[error("the key {fingerprint} of {person} expired on {until}")]
    Expired {
        /// Its fingerprint.
        fingerprint: String,
        /// The person.
        person: String,
        /// End of its validity.
        until: Moment,
    },
    /// The statement names another person.
    #[error("the statement is by `{claimed}`, but its key is of {person}")]
    OtherPerson {
        /// Person in the statement.
        claimed: String,
        /// Person of the key.
        person: String,
    },
}

impl Approvers {
    /// Returns the person with a name or alias. Letters of ASCII count as equal in either case.
    #[must_use]
    pub fn person(&self, alias: &str) -> Option<&Person> {
        self.people.iter().find(|person| person.is_called(alias))
    }

    /// Returns all people.
    #[must_use]
    pub fn people(&self) -> &[Person] {
        &self.people
    }

    /// Returns the number of people who have a key with a role; of all people without a role.
    #[must_use]
    pub fn with_role(&self, role: Option<&str>) -> usize {
        let keys = self.keys.iter();
        let able = keys.filter(|listed| role.is_none_or(|role| listed.roles.contains(role)));
        able.map(|listed| listed.person)
            .collect::<BTreeSet<_>>()
            .len()
    }

    /// Returns the person whose key this is.
    #[must_use]
    pub fn owner(&self, key: &PublicKey) -> Option<&Person> {
        let listed = self.keys.iter().find(|listed| listed.key == *key)?;
        self.people.get(listed.person)
    }

    /// Returns the signer of a statement, with the statement. `at` is when the ledger recorded it: the key must have been
    /// valid then.
    ///
    /// # Errors
    ///
    /// The reason why it does not count.
    pub fn verify(
        &self,
        statement: &[u8],
        signature: &str,
        at: Moment,
    ) -> Result<(Signer, Statement), Refusal> {
        let signature = Signature::from_armor(signature)?;
        signature.verify(statement, NAMESPACE)?;
        let signer = self.signer(signature.key(), at)?;
        // Parsed only now: nothing of it counts without a signature.
        let statement = Statement::read(statement)?;
        if !signer.person.is_called(&statement.by) {
            let claimed: String = statement.by.chars().take(200).collect();
            return Err(Refusal::OtherPerson {
                claimed: evenkeel_model::text::inert(&claimed).into_owned(),
                person: signer.person.name,
            });
        }
        Ok((signer, statement))
    }

    /// Returns the person of a key that is valid at a time.
    ///
    /// # Errors
    ///
    /// The reason of the first of its lines, if none is valid.
    pub fn signer(&self, key: &PublicKey, at: Moment) -> Result<Signer, Refusal> {
        let fingerprint = key.fingerprint();
        let mut first = None;
        for listed in self.keys.iter().filter(|listed| listed.key == *key) {
            let Some(person) = self.people.get(listed.person) else {
                continue;
            };
            match listed.refusal(&fingerprint, person, at) {
                None => {
                    return Ok(Signer {
                        person: person.clone(),
                        roles: listed.roles.clone(),
                        fingerprint,
                    });
                }
                Some(refusal) => first = first.or(Some(refusal)),
            }
        }
        Err(first.unwrap_or(Refusal::Unlisted { fingerprint }))
    }

    /// Returns everything that this file permits and `earlier` did not, as sentences: further keys, longer validity,
    /// roles, a person who counts as several now, and names under which a person is not recognized any more.
    #[must_use]
    pub fn weaker_than(&self, earlier: &Self) -> Vec<String> {
        let mut weaker = BTreeSet::new();
        let owner = |key: &PublicKey| {
            let listed = earlier.keys.iter().find(|listed| listed.key == *key)?;
            Some(listed.person)
        };
        // People now, by the person who had their key before.
        let mut now: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        for listed in &self.keys {
            if let Some(before) = owner(&listed.key) {
                now.entry(before).or_default().insert(listed.person);
            }
        }
        for (before, people) in &now {
            let names: Vec<&str> = people
                .iter()
                .filter_map(|person| self.people.get(*person))
                .map(|person| person.name.as_str())
                .collect();
            let Some(before) = earlier.people.get(*before) else {
                continue;
            };
            if names.len() > 1 {
                weaker.insert(format!(
                    "`approvers` has {} instead of {}",
                    evenkeel_model::text::list(&names, "and"),
                    before.name
                ));
            }
            let lost = |alias: &&String| {
                !people
                    .iter()
                    .filter_map(|person| self.people.get(*person))
                    .any(|person| person.is_called(alias))
            };
            for alias in before.aliases.iter().filter(lost) {
                weaker.insert(format!(
                    "`approvers` lacks the name {alias} of {}",
                    before.name
                ));
            }
        }
        for listed in &self.keys {
            let mut before = earlier
                .keys
                .iter()
                .filter(|other| other.key == listed.key)
                .peekable();
            let permits = if before.peek().is_none() {
                "adds"
            } else if before.any(|other| other.covers(listed)) {
                continue;
            } else {
                "permits more to"
            };
            let person = self.people.get(listed.person);
            weaker.insert(format!(
                "`approvers` {permits} the key {} of {}",
                listed.key.fingerprint(),
                person.map_or("", |person| &person.name)
            ));
        }
        weaker.into_iter().collect()
    }
}

impl Person {
    /// Whether this is one of the person's names. Letters of ASCII count as equal in either case.
    #[must_use]
    pub fn is_called(&self, name: &str) -> bool {
        self.aliases
            .iter()
            .any(|alias| alias.eq_ignore_ascii_case(name))
    }
}

impl Listed {
    fn refusal(&self, fingerprint: &str, person: &Person, at: Moment) -> Option<Refusal> {
        let fingerprint = fingerprint.to_owned();
        let person = person.name.clone();
        if !self.is_for(NAMESPACE) {
            return Some(Refusal::Namespace {
                fingerprint,
                person,
            });
        }
        // To the second, as `ssh-keygen -O verify-time` judges.
        let seconds = |moment: Moment| moment.as_millisecond().div_euclid(1000);
        match (self.from, self.until) {
            (Some(from), _) if seconds(at) < seconds(from) => Some(Refusal::Early {
                fingerprint,
                person,
                from,
            }),
            (_, Some(until)) if seconds(at) > seconds(until) => Some(Refusal::Expired {
                fingerprint,
                person,
                until,
            }),
            _ => None,
        }
    }

    fn is_for(&self, namespace: &str) -> bool {
        let Some(patterns) = &self.namespaces else {
            return true;
        };
        let mut is_for = false;
        for pattern in patterns.split(',') {
            match pattern.strip_prefix('!') {
                Some(pattern) if matches(pattern, namespace) => return false,
                Some(_) => {}
                None => is_for |= matches(pattern, namespace),
            }
        }
        is_for
    }

    /// Whether it permits everything that `other` permits.
    fn covers(&self, other: &Self) -> bool {
        let is_for = self.is_for(NAMESPACE) || !other.is_for(NAMESPACE);
        let from = self
            .from
            .is_none_or(|from| other.from.is_some_and(|other| other >= from));
        let until = self
            .until
            .is_none_or(|until| other.until.is_some_and(|other| other <= until));
        is_for && from && until && self.roles.is_superset(&other.roles)
    }
}

/// Whether a text matches a pattern of `ssh-keygen`: `*` is any text, `?` is any character.
fn matches(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    // Positions of the pattern that the text so far can be at: no pattern takes more than a product of the lengths.
    let mut at = vec![false; pattern.len() + 1];
    let open = |at: &mut Vec<bool>| {
        for (number, character) in pattern.iter().enumerate() {
            if *character == '*'
                && at.get(number) == Some(&true)
                && let Some(next) = at.get_mut(number + 1)
            {
                *next = true;
            }
        }
    };
    if let Some(first) = at.first_mut() {
        *first = true;
    }
    open(&mut at);
    for character in text {
        let mut next = vec![false; pattern.len() + 1];
        for (number, expected) in pattern.iter().enumerate() {
            if at.get(number) != Some(&true) {
                continue;
            }
            let to = match expected {
                '*' => number,
                '?' => number + 1,
                expected if *expected == character => number + 1,
                _ => continue,
            };
            if let Some(reached) = next.get_mut(to) {
                *reached = true;
            }
        }
        open(&mut next);
        at = next;
    }
    at.last() == Some(&true)
}

#[cfg(test)]
mod tests;
