//! The part of a target in memory: whether a revert is armed. A test ends its time with [`RecordedHost::revert`].

use super::{Answer, GONE, Query, Revert, armed, happened};
use crate::port::Outcome;
use crate::recorded::{Kit, Recorded, RecordedHost, broken, failed, noted};
use crate::{Action, Performed};
use evenkeel_model::Sealer;

fn thing(name: &str) -> (String, String) {
    ("revert".to_owned(), name.to_owned())
}

impl RecordedHost {
    /// Ends the time of the armed revert. Nothing else is restored.
    pub fn revert(&mut self) {
        if let Some(run) = self.others.remove(&thing("armed")) {
            self.others.insert(thing("happened"), run);
        }
    }

    /// Refuses new logins, so that nothing is confirmed.
    pub fn refuse_logins(&mut self) {
        self.others.insert(thing("refuses"), String::new());
    }

    /// Accepts them again.
    pub fn accept_logins(&mut self) {
        self.others.remove(&thing("refuses"));
    }

    /// Returns the run that armed a revert.
    #[must_use]
    pub fn armed_revert(&self) -> Option<&str> {
        self.others.get(&thing("armed")).map(String::as_str)
    }

    fn reverts(&self) -> Answer {
        let revert = |name: &str| {
            self.others.get(&thing(name)).map(|run| Revert {
                run: run.clone(),
                at: 0,
            })
        };
        Answer {
            armed: revert("armed"),
            happened: revert("happened"),
        }
    }
}

impl Recorded for Query {
    fn answer(&self, host: &RecordedHost, _: &Sealer) -> crate::Answer {
        host.reverts().into()
    }

    fn perform(action: &Action, host: &mut RecordedHost, _: &Kit<'_>) -> Outcome {
        let found = host.reverts();
        match action {
            Action::ArmRevert(wanted) => {
                if let Some(other) = found.armed.as_ref().filter(|other| other.run != wanted.run) {
                    return Err(failed("the revert", armed(other)));
                }
                if wanted.extends && found.armed.is_none() {
                    return Err(failed("the revert", GONE));
                }
                host.others.insert(thing("armed"), wanted.run.clone());
                Ok(match found.happened {
                    Some(earlier) => {
                        host.others.remove(&thing("happened"));
                        noted(happened(&earlier))
                    }
                    None => Performed::default(),
                })
            }
            Action::DisarmRevert(_) if host.others.contains_key(&thing("refuses")) => {
                Err(failed("the revert", "no new login works"))
            }
            Action::DisarmRevert(wanted) => match found.armed {
                Some(own) if own.run == wanted.run => {
                    host.others.remove(&thing("armed"));
                    Ok(Performed::default())
                }
                _ => Err(failed("the revert", GONE)),
            },
            other => broken(other),
        }
    }
}
