//! Owner stamp: identifies the ledger that manages a target.
//!
//! A ledger that was lost, copied or restored from another project must not change resources it has no records of. The
//! stamp is kept with evenkeel's records on the target, and is checked before any change there.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use crate::environment::Resolved;
use crate::environment::resolve::TargetPlace;
use crate::observe::Observers;
use crate::plan::Unreachable;
use evenkeel_host::{
    Action, ActionError, Answer, Interruption, Materials, PathState, Query, Target, path, threads,
};
use evenkeel_ledger::State;
use evenkeel_model::{Digest, EnvironmentName, Member, canonical};

/// Maximum number of machines asked or stamped concurrently.
const AT_ONCE: usize = 256;

/// Stamp of one environment's targets.
#[derive(Debug, Serialize)]
pub struct OwnerStamp<'a> {
    /// The system.
    pub system: &'a str,
    /// The environment.
    pub environment: &'a str,
    /// The ledger.
    pub lineage: &'a str,
}

/// Stamp of another ledger on a target.
#[derive(Debug)]
pub struct ForeignStamp {
    /// The machine.
    pub member: Member,
    /// The stamp as it is: untrusted text.
    pub text: String,
    standing: PathState,
}

/// Target that belongs to another ledger, or whose stamp is unreadable.
#[derive(Debug, thiserror::Error)]
#[error("the target `{target}`: {reason}")]
pub struct NotOurs {
    /// The machine.
    pub target: String,
    /// Reason, with the place of the stamp.
    pub reason: String,
    /// Whether it has the stamp of another ledger; otherwise the stamp is unreadable.
    pub foreign: bool,
}

impl<'a> OwnerStamp<'a> {
    /// Returns the stamp of this ledger for an environment's targets.
    #[must_use]
    pub fn of(system: &'a str, environment: &'a EnvironmentName, state: &'a State) -> Self {
        Self {
            system,
            environment: environment.as_str(),
            lineage: state
                .founded
                .as_ref()
                .map_or("", |founded| founded.lineage.as_str()),
        }
    }

    fn text(&self) -> String {
        // Three texts always serialize.
        format!("{}\n", canonical::to_string(self).unwrap_or_default())
    }

    fn path(place: &TargetPlace) -> String {
        format!("{}/owner.json", place.state)
    }

    /// Checks the stamps of all machines except those that cannot be read, and returns those without one.
    ///
    /// # Errors
    ///
    /// The first machine with another stamp, or with an unreadable one.
    pub fn check(
        &self,
        resolved: &Resolved,
        observers: &Observers<'_>,
        unreachable: &Unreachable,
    ) -> Result<Vec<Member>, NotOurs> {
        let ours = Digest::of(self.text().as_bytes());
        let mut unstamped = Vec::new();
        for (member, path, answer) in self.read(resolved, observers) {
            if unreachable.contains_key(&member) {
                continue;
            }
            match answer {
                Some(Answer::Path(path::Answer {
                    standing: PathState::Missing,
                    ..
                })) => unstamped.push(member),
                Some(Answer::Path(path::Answer {
                    standing: PathState::File { digest, .. },
                    ..
                })) if digest == ours => {}
                Some(Answer::Path(path::Answer { text, .. })) => {
                    let text = text.unwrap_or_default();
                    return Err(NotOurs {
                        target: member.to_string(),
                        reason: format!(
                            "it is managed from another ledger; {path} contains {}",
                            evenkeel_model::text::inert(text.trim())
                        ),
                        foreign: true,
                    });
                }
                answer => return Err(unreadable(&member, answer)),
            }
        }
        Ok(unstamped)
    }

    /// Reads the stamps of all machines, concurrently; returns each with its path.
    fn read(
        &self,
        resolved: &Resolved,
        observers: &Observers<'_>,
    ) -> Vec<(Member, String, Option<Answer>)> {
        let ours = Digest::of(self.text().as_bytes());
        let members: Vec<(Member, &TargetPlace)> = resolved.members().collect();
        let answers = threads::map(&members, AT_ONCE, |(member, place)| {
            let query = Query::Path(path::Query {
                path: Self::path(place),
                text_unless: Some(ours),
                sealed: false,
            });
            let observer = observers.get(member)?;
            let answers = observer.observe(std::slice::from_ref(&query));
            answers.into_iter().next()
        });
        members
            .into_iter()
            .zip(answers)
            .map(|((member, place), answer)| (member, Self::path(place), answer.flatten()))
            .collect()
    }

    /// Returns the machines with a stamp of another ledger.
    ///
    /// # Errors
    ///
    /// The first machine whose stamp is unreadable.
    pub fn foreign(
        &self,
        resolved: &Resolved,
        observers: &Observers<'_>,
    ) -> Result<Vec<ForeignStamp>, NotOurs> {
        let ours = Digest::of(self.text().as_bytes());
        let mut foreign = Vec::new();
        for (member, _, answer) in self.read(resolved, observers) {
            match answer {
                Some(Answer::Path(path::Answer {
                    standing: PathState::Missing,
                    ..
                })) => {}
                Some(Answer::Path(path::Answer {
                    standing: standing @ PathState::File { digest, .. },
                    text,
                    ..
                })) => {
                    if digest != ours {
                        foreign.push(ForeignStamp {
                            member,
                            text: text.unwrap_or_default().trim().to_owned(),
                            standing,
                        });
                    }
                }
                Some(Answer::Path(_)) => {
                    let reason = "its stamp is not a file".to_owned();
                    return Err(unreadable(&member, Some(Answer::Unreadable { reason })));
                }
                answer => return Err(unreadable(&member, answer)),
            }
        }
        Ok(foreign)
    }

    /// Replaces the stamps of another ledger, unless they changed since they were read.
    ///
    /// # Errors
    ///
    /// When one cannot be written.
    pub fn take_over(
        &self,
        resolved: &Resolved,
        foreign: &[ForeignStamp],
        targets: &BTreeMap<Member, &dyn Target>,
        interruption: &Interruption,
    ) -> Result<(), ActionError> {
        let stamp = Stamp(self.text());
        for each in foreign {
            let place = resolved.targets.get(&each.member.target);
            let (Some(place), Some(target)) = (place, targets.get(&each.member)) else {
                continue;
            };
            let file = Action::File(path::File {
                path: Self::path(place),
                content: Digest::of(stamp.0.as_bytes()),
                sealed: false,
                mode: 0o600,
                owner: None,
                group: None,
                validate: Vec::new(),
                expected: each.standing.clone(),
            });
            for done in target.perform(&[file], &stamp, interruption) {
                done?;
            }
        }
        Ok(())
    }

    /// Stamps machines that have no stamp yet, concurrently.
    ///
    /// # Errors
    ///
    /// When one cannot be written.
    pub fn claim(
        &self,
        resolved: &Resolved,
        unstamped: &[Member],
        targets: &BTreeMap<Member, &dyn Target>,
        interruption: &Interruption,
    ) -> Result<(), ActionError> {
        let stamp = Stamp(self.text());
        let done = threads::map(unstamped, AT_ONCE, |member| {
            let place = resolved.targets.get(&member.target);
            let (Some(place), Some(target)) = (place, targets.get(member)) else {
                return Ok(());
            };
            stamp.put(place, *target, interruption)
        });
        let broken = || {
            Err(ActionError::Failed {
                operation: "stamp".into(),
                path: "a target".into(),
                reason: "internal error in evenkeel: run this again, then report this".into(),
            })
        };
        done.into_iter()
            .try_for_each(|each| each.unwrap_or_else(broken))
    }
}

/// Returns the failure to read a stamp.
fn unreadable(member: &Member, answer: Option<Answer>) -> NotOurs {
    let reason = match answer {
        Some(Answer::Unreadable { reason }) => reason,
        _ => "it did not answer".into(),
    };
    NotOurs {
        target: member.to_string(),
        reason,
        foreign: false,
    }
}

/// Content of a stamp as material.
struct Stamp(String);

impl Stamp {
    /// Writes the stamp on a machine that has none.
    fn put(
        &self,
        place: &TargetPlace,
        target: &dyn Target,
        interruption: &Interruption,
    ) -> Result<(), ActionError> {
        let directory = Action::Directory(path::Directory {
            path: place.state.clone(),
            mode: 0o700,
            owner: None,
            group: None,
            expected: PathState::Missing,
        });
        let file = Action::File(path::File {
            path: OwnerStamp::path(place),
            content: Digest::of(self.0.as_bytes()),
            sealed: false,
            mode: 0o600,
            owner: None,
            group: None,
            validate: Vec::new(),
            expected: PathState::Missing,
        });
        let looked = target.observe(&[Query::Path(path::Query {
            path: place.state.clone(),
            text_unless: None,
            sealed: false,
        })]);
        let is_there = matches!(
            looked.first(),
            Some(Answer::Path(path::Answer {
                standing: PathState::Directory { .. },
                ..
            }))
        );
        let actions = if is_there {
            vec![file]
        } else {
            vec![directory, file]
        };
        for action in actions {
            for done in target.perform(&[action], self, interruption) {
                done?;
            }
        }
        Ok(())
    }
}

impl Materials for Stamp {
    fn content(&self, digest: &Digest) -> Option<Arc<[u8]>> {
        (Digest::of(self.0.as_bytes()) == *digest).then(|| Arc::from(self.0.as_bytes()))
    }

    fn artifact(&self, _digest: &Digest) -> Option<std::path::PathBuf> {
        None
    }
}
