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
use evenkeel_host::{
    Action, ActionError, Answer, Interruption, Materials, PathState, Query, Target, path,
};
use evenkeel_ledger::State;
use evenkeel_model::{Digest, EnvironmentName, canonical};

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
    /// The target.
    pub target: Arc<str>,
    /// The stamp as it is: untrusted text.
    pub text: String,
    standing: PathState,
}

/// Target that belongs to another ledger, or whose stamp is unreadable.
#[derive(Debug, thiserror::Error)]
#[error("the target `{target}`: {reason}")]
pub struct NotOurs {
    /// The target.
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

    /// Checks the stamps of all targets and returns the names of those without one.
    ///
    /// # Errors
    ///
    /// The first target with another stamp, or with an unreadable one.
    pub fn check(
        &self,
        resolved: &Resolved,
        observers: &Observers<'_>,
    ) -> Result<Vec<Arc<str>>, NotOurs> {
        let ours = Digest::of(self.text().as_bytes());
        let mut unstamped = Vec::new();
        for (name, place) in &resolved.targets {
            let path = Self::path(place);
            let unreadable = |reason: String| NotOurs {
                target: name.to_string(),
                reason,
                foreign: false,
            };
            let query = Query::Path(path::Query {
                path: path.clone(),
                text_unless: Some(ours),
                sealed: false,
            });
            let answer = observers.get(name).and_then(|observer| {
                observer
                    .observe(std::slice::from_ref(&query))
                    .into_iter()
                    .next()
            });
            match answer {
                Some(Answer::Path(path::Answer {
                    standing: PathState::Missing,
                    ..
                })) => unstamped.push(Arc::clone(name)),
                Some(Answer::Path(path::Answer {
                    standing: PathState::File { digest, .. },
                    ..
                })) if digest == ours => {}
                Some(Answer::Path(path::Answer { text, .. })) => {
                    let text = text.unwrap_or_default();
                    return Err(NotOurs {
                        target: name.to_string(),
                        reason: format!(
                            "it is managed from another ledger; {path} contains {}",
                            evenkeel_model::text::inert(text.trim())
                        ),
                        foreign: true,
                    });
                }
                Some(Answer::Unreadable { reason }) => return Err(unreadable(reason)),
                _ => return Err(unreadable("it did not answer".into())),
            }
        }
        Ok(unstamped)
    }

    /// Returns the targets with a stamp of another ledger.
    ///
    /// # Errors
    ///
    /// The first target whose stamp is unreadable.
    pub fn foreign(
        &self,
        resolved: &Resolved,
        observers: &Observers<'_>,
    ) -> Result<Vec<ForeignStamp>, NotOurs> {
        let ours = Digest::of(self.text().as_bytes());
        let mut foreign = Vec::new();
        for (name, place) in &resolved.targets {
            let not_ours = |reason: &str| NotOurs {
                target: name.to_string(),
                reason: reason.to_owned(),
                foreign: false,
            };
            let path = Self::path(place);
            let query = Query::Path(path::Query {
                path: path.clone(),
                text_unless: Some(ours),
                sealed: false,
            });
            let observer = observers.get(name);
            let answer = observer.and_then(|observer| {
                let answers = observer.observe(std::slice::from_ref(&query));
                answers.into_iter().next()
            });
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
                            target: Arc::clone(name),
                            text: text.unwrap_or_default().trim().to_owned(),
                            standing,
                        });
                    }
                }
                Some(Answer::Path(_)) => return Err(not_ours("its stamp is not a file")),
                Some(Answer::Unreadable { reason }) => return Err(not_ours(&reason)),
                _ => return Err(not_ours("it did not answer")),
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
        targets: &BTreeMap<Arc<str>, &dyn Target>,
        interruption: &Interruption,
    ) -> Result<(), ActionError> {
        let stamp = Stamp(self.text());
        for each in foreign {
            let place = resolved.targets.get(&each.target);
            let (Some(place), Some(target)) = (place, targets.get(&each.target)) else {
                continue;
            };
            let file = Action::File(path::File {
                path: Self::path(place),
                content: Digest::of(stamp.0.as_bytes()),
                sealed: false,
                mode: 0o600,
                owner: None,
                group: None,
                expected: each.standing.clone(),
            });
            for done in target.perform(&[file], &stamp, interruption) {
                done?;
            }
        }
        Ok(())
    }

    /// Stamps targets that have no stamp yet.
    ///
    /// # Errors
    ///
    /// When one cannot be written.
    pub fn claim(
        &self,
        resolved: &Resolved,
        unstamped: &[Arc<str>],
        targets: &BTreeMap<Arc<str>, &dyn Target>,
        interruption: &Interruption,
    ) -> Result<(), ActionError> {
        let stamp = Stamp(self.text());
        for name in unstamped {
            let (Some(place), Some(target)) = (resolved.targets.get(name), targets.get(name))
            else {
                continue;
            };
            let directory = Action::Directory(path::Directory {
                path: place.state.clone(),
                mode: 0o700,
                owner: None,
                group: None,
                expected: PathState::Missing,
            });
            let looked = target.observe(&[Query::Path(path::Query {
                path: place.state.clone(),
                text_unless: None,
                sealed: false,
            })]);
            let file = Action::File(path::File {
                path: Self::path(place),
                content: Digest::of(stamp.0.as_bytes()),
                sealed: false,
                mode: 0o600,
                owner: None,
                group: None,
                expected: PathState::Missing,
            });
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
                for done in target.perform(&[action], &stamp, interruption) {
                    done?;
                }
            }
        }
        Ok(())
    }
}

/// Content of a stamp as material.
struct Stamp(String);

impl Materials for Stamp {
    fn content(&self, digest: &Digest) -> Option<Arc<[u8]>> {
        (Digest::of(self.0.as_bytes()) == *digest).then(|| Arc::from(self.0.as_bytes()))
    }

    fn artifact(&self, _digest: &Digest) -> Option<std::path::PathBuf> {
        None
    }
}
