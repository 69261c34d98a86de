//! The part of a target in memory: the same conditions and notes as on this machine. It has no other files.

use super::files::{normal, own_path};
use super::{Answer, BootValue, Query, SysctlFound, judge};
use crate::port::Outcome;
use crate::recorded::{Kit, Recorded, RecordedHost, broken, failed, noted};
use crate::{Action, Performed};
use evenkeel_model::Sealer;

/// The class of current values.
const LIVE: &str = "kernel-setting";
/// The class of files.
const OWN: &str = "kernel-setting-file";

impl RecordedHost {
    /// Sets the current value of a setting of the kernel.
    pub fn put_setting(&mut self, key: &str, value: &str) {
        self.others.insert(thing(LIVE, key), normal(value));
    }

    fn setting(&self, key: &str) -> Answer {
        let own = self.others.get(&thing(OWN, key)).cloned();
        let boot = own.as_deref().and_then(|text| {
            let (_, value) = text.lines().last()?.split_once('=')?;
            Some(BootValue {
                value: normal(value),
                file: own_path(key),
            })
        });
        Answer {
            found: SysctlFound {
                live: self.others.get(&thing(LIVE, key)).cloned(),
                own,
            },
            boot,
        }
    }
}

fn thing(class: &str, key: &str) -> (String, String) {
    (class.to_owned(), key.to_owned())
}

impl Recorded for Query {
    fn answer(&self, host: &RecordedHost, _: &Sealer) -> crate::Answer {
        host.setting(&self.key).into()
    }

    fn perform(action: &Action, host: &mut RecordedHost, _: &Kit<'_>) -> Outcome {
        match action {
            Action::SetSysctl(wanted) => {
                let found = host.setting(&wanted.key).found;
                if wanted.is_done(&found) {
                    return Ok(noted("already so"));
                }
                if found != wanted.expected {
                    return Err(wanted.changed(&found));
                }
                if found.live.is_none() {
                    return Err(failed(&wanted.key, judge::unknown()));
                }
                host.others
                    .insert(thing(LIVE, &wanted.key), wanted.value.clone());
                host.others.insert(thing(OWN, &wanted.key), wanted.text());
                Ok(Performed::default())
            }
            Action::DropSysctl(wanted) => {
                let Some(own) = host.setting(&wanted.key).found.own else {
                    return Ok(noted("already so"));
                };
                if wanted.expected.as_ref() != Some(&own) {
                    return Err(wanted.changed(Some(&own)));
                }
                host.others.remove(&thing(OWN, &wanted.key));
                Ok(noted("the current value is unchanged"))
            }
            other => broken(other),
        }
    }
}
