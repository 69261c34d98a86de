//! The part of a target in memory: the same conditions and notes as on this machine. Devices are equal if their names are.

use super::judge::{ambiguous, changed};
use super::{Answer, MountFound, MountSource, Query};
use crate::port::Outcome;
use crate::recorded::{Kit, Recorded, RecordedHost, broken, failed, noted};
use crate::{Action, Performed};
use evenkeel_model::Sealer;

/// The class of what is mounted and of the lines, as JSON by path.
const CLASS: &str = "mounted";

impl RecordedHost {
    /// Mounts a file system outside evenkeel, and sets the lines of its path.
    pub fn put_mount(&mut self, path: &str, found: &MountFound) {
        if *found == MountFound::nothing() {
            self.others.remove(&thing(path));
        } else {
            let text = serde_json::to_string(found).unwrap_or_default();
            self.others.insert(thing(path), text);
        }
    }

    fn mount(&self, path: &str, wanted: &MountSource) -> Answer {
        let found: MountFound = self
            .others
            .get(&thing(path))
            .and_then(|text| serde_json::from_str(text).ok())
            .unwrap_or_else(MountFound::nothing);
        Answer {
            is_device: found
                .mounted
                .as_ref()
                .is_some_and(|mounted| mounted.device == wanted.device),
            found,
        }
    }
}

fn thing(path: &str) -> (String, String) {
    (CLASS.to_owned(), path.to_owned())
}

impl Recorded for Query {
    fn answer(&self, host: &RecordedHost, _: &Sealer) -> crate::Answer {
        host.mount(&self.path, &self.wanted).into()
    }

    fn perform(action: &Action, host: &mut RecordedHost, _: &Kit<'_>) -> Outcome {
        match action {
            Action::SetMount(wanted) => {
                let answer = host.mount(&wanted.path, &wanted.wanted);
                if wanted.is_done(&answer) {
                    return Ok(noted("already so"));
                }
                if answer.found != wanted.expected {
                    return Err(changed(&wanted.path, &wanted.expected, &answer.found));
                }
                if let Some(reason) = ambiguous(&answer.found) {
                    return Err(failed(&wanted.path, reason));
                }
                let mut mounted = wanted.wanted.clone();
                if !mounted.options.iter().any(|each| each == "ro") {
                    mounted.options.push("rw".to_owned());
                }
                if !mounted.options.iter().any(|each| each.ends_with("atime")) {
                    mounted.options.push("relatime".to_owned());
                }
                let found = MountFound {
                    mounted: wanted.mounted.then_some(mounted),
                    lines: if wanted.persistent {
                        vec![wanted.wanted.clone()]
                    } else {
                        Vec::new()
                    },
                };
                host.put_mount(&wanted.path, &found);
                Ok(Performed::default())
            }
            Action::DropMount(wanted) => {
                let any = MountSource {
                    device: String::new(),
                    filesystem: String::new(),
                    options: Vec::new(),
                };
                let found = host.mount(&wanted.path, &any).found;
                if found == MountFound::nothing() {
                    return Ok(noted("already so"));
                }
                if found != wanted.expected {
                    return Err(changed(&wanted.path, &wanted.expected, &found));
                }
                if let Some(reason) = ambiguous(&found) {
                    return Err(failed(&wanted.path, reason));
                }
                host.put_mount(&wanted.path, &MountFound::nothing());
                Ok(Performed::default())
            }
            other => broken(other),
        }
    }
}
