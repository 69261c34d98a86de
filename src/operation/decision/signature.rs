//! The person at the terminal: which listed key is at hand, and a signature by it.

use std::path::Path;

use super::super::{Failure, Project, World};
use crate::world::signing::{Signing, SigningKey, nonce};
use evenkeel_core::gate::Dossier;
use evenkeel_core::gate::people::approvers;
use evenkeel_ledger::record::Signed;
use evenkeel_model::text::list;
use evenkeel_signature::{Approvers, NAMESPACE, Person, Signer, Statement};

/// Returns the people who may decide: of the current file of approvers and of that of the last release. None without a file.
pub(super) fn people_of(dossier: &Dossier) -> Vec<Approvers> {
    let earlier = dossier.released.as_ref();
    let earlier = earlier.and_then(|released| released.demands.as_ref());
    let earlier = earlier.and_then(|demands| demands.approvers.as_deref());
    let texts = [dossier.approvers.as_deref(), earlier];
    texts
        .into_iter()
        .flatten()
        // One with an error lists no person.
        .map(|text| approvers(text).unwrap_or_default())
        .collect()
}

/// Key of a listed person.
pub(in crate::operation) struct Signatory {
    key: SigningKey,
    person: Person,
    people: Vec<Approvers>,
}

impl Signatory {
    /// Chooses the named key; otherwise the one of git's `user.signingkey`; otherwise the agent's. The key is listed and valid
    /// now.
    pub(in crate::operation) fn choose(
        project: &Project<'_>,
        people: Vec<Approvers>,
        file: Option<&Path>,
    ) -> Result<Self, Failure> {
        let world = project.world;
        let signing = Signing::new(world.environment, &world.directory, &world.interruption);
        let refused = |reason: String| Failure::Refused {
            reason,
            help: "evenkeel explain approvers/person".into(),
        };
        if let Some(file) = file {
            let key = signing.of_file(file).map_err(Failure::other)?;
            let signer = signer(&people, &key, world).map_err(refused)?;
            return Ok(Self {
                key,
                person: signer.person,
                people,
            });
        }
        let setting = match project.repository() {
            Some(repository) => repository.setting("user.signingkey")?,
            None => None,
        };
        let configured = setting.and_then(|setting| signing.of_setting(&setting));
        if let Some(key) = configured
            && let Ok(signer) = signer(&people, &key, world)
        {
            return Ok(Self {
                key,
                person: signer.person,
                people,
            });
        }
        let mut listed: Vec<(SigningKey, Person)> = Vec::new();
        let mut reason = None;
        for key in signing.of_agent() {
            match signer(&people, &key, world) {
                Ok(signer) => listed.push((key, signer.person)),
                Err(why) => reason = reason.or(Some(why)),
            }
        }
        let mut names: Vec<&str> = listed.iter().map(|(_, person)| &*person.name).collect();
        names.sort_unstable();
        names.dedup();
        if names.len() > 1 {
            return Err(Failure::Usage(format!(
                "the SSH agent has keys of {}: name one with --key FILE",
                list(&names, "and")
            )));
        }
        match listed.into_iter().next() {
            Some((key, person)) => Ok(Self {
                key,
                person,
                people,
            }),
            None => Err(Failure::other(format!(
                "no SSH key that `approvers` lists was found: give --key FILE, set git's user.signingkey, or add the key to the \
                 SSH agent{}",
                reason.map_or_else(String::new, |reason| format!(" ({reason})"))
            ))),
        }
    }

    /// Returns the person.
    pub(in crate::operation) fn person(&self) -> &Person {
        &self.person
    }

    /// Signs a statement, and verifies the result.
    pub(in crate::operation) fn sign(
        &self,
        world: &World<'_>,
        statement: Statement,
    ) -> Result<Signed, Failure> {
        let statement = Statement {
            nonce: nonce().map_err(Failure::other)?,
            ..statement
        };
        let text = statement
            .text()
            .map_err(|problem| Failure::Usage(problem.to_string()))?;
        let signing = Signing::new(world.environment, &world.directory, &world.interruption);
        let signature =
            signing
                .sign(&self.key, NAMESPACE, &text)
                .map_err(|reason| match reason {
                    None => Failure::Interrupted,
                    Some(reason) => Failure::other(reason),
                })?;
        verified(&self.people, text, signature, world)
    }
}

/// Returns the signer of a key that is valid now, in the first file that lists it; otherwise the reason.
fn signer(people: &[Approvers], key: &SigningKey, world: &World<'_>) -> Result<Signer, String> {
    let mut reason = None;
    for approvers in people {
        match approvers.signer(&key.public, world.clock.now()) {
            Ok(signer) => return Ok(signer),
            Err(refusal) => reason = reason.or(Some(refusal.to_string())),
        }
    }
    Err(reason.unwrap_or_default())
}

/// Verifies a statement as the gate does.
pub(super) fn verified(
    people: &[Approvers],
    statement: String,
    signature: String,
    world: &World<'_>,
) -> Result<Signed, Failure> {
    let now = world.clock.now();
    let mut reason = None;
    for approvers in people {
        match approvers.verify(statement.as_bytes(), &signature, now) {
            Ok((signer, _)) => {
                return Ok(Signed {
                    person: signer.person.name,
                    key: signer.fingerprint,
                    statement,
                    signature,
                });
            }
            Err(refusal) => reason = reason.or(Some(refusal.to_string())),
        }
    }
    Err(Failure::Refused {
        reason: reason.unwrap_or_else(|| "there is no file `approvers`".to_owned()),
        help: "evenkeel explain gate/not-approved".into(),
    })
}
