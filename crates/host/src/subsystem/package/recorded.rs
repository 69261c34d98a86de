//! The part of a target in memory: the same conditions and notes as on this machine.
//!
//! Packages are the values of [`INSTALLED`] by name, holds those of [`HELD`], and the versions that the sources offer
//! those of [`OFFERED`], separated by blanks.

use super::judge::{Wish, note};
use super::version::compare;
use super::{Answer, PackageFound, PackageState, Query, System};
use crate::Action;
use crate::port::Outcome;
use crate::recorded::{Kit, Recorded, RecordedHost, broken, failed, noted};
use evenkeel_model::Sealer;

/// The class of installed versions.
const INSTALLED: &str = "installed-package";
/// The class of holds.
const HELD: &str = "held-package";
/// The class of offered versions.
const OFFERED: &str = "offered-package";

impl RecordedHost {
    /// Offers versions of a package.
    pub fn offer_package(&mut self, package: &str, versions: &str) {
        self.others.insert(thing(OFFERED, package), versions.into());
    }

    /// Installs a version of a package outside evenkeel, or removes the package.
    pub fn put_package(&mut self, package: &str, version: Option<&str>, held: bool) {
        match version {
            Some(version) => self
                .others
                .insert(thing(INSTALLED, package), version.into()),
            None => self.others.remove(&thing(INSTALLED, package)),
        };
        if held {
            self.others.insert(thing(HELD, package), String::new());
        } else {
            self.others.remove(&thing(HELD, package));
        }
    }

    fn package(&self, package: &str) -> PackageFound {
        let Some(version) = self.others.get(&thing(INSTALLED, package)) else {
            return PackageFound::missing();
        };
        PackageFound {
            state: PackageState::Installed {
                version: version.clone(),
            },
            held: self.others.contains_key(&thing(HELD, package)),
        }
    }
}

fn thing(class: &str, package: &str) -> (String, String) {
    (class.to_owned(), package.to_owned())
}

impl Recorded for Query {
    fn answer(&self, host: &RecordedHost, _: &Sealer) -> crate::Answer {
        Answer {
            system: System::Dpkg,
            found: host.package(&self.package),
            changed: None,
        }
        .into()
    }

    fn perform(action: &Action, host: &mut RecordedHost, _: &Kit<'_>) -> Outcome {
        let Some(wish) = Wish::of(action) else {
            return broken(action);
        };
        let package = wish.package();
        let before = host.package(package);
        if wish.is_wanted(&before, System::Dpkg) {
            return Ok(noted("already so"));
        }
        if before != *wish.expected() {
            return Err(wish.changed(&before));
        }
        let held = wish.holds(&before);
        match wish {
            Wish::Remove(_) => host.put_package(package, None, false),
            Wish::Install(_) if wish.has_version(&before, System::Dpkg) => {
                host.put_package(package, before.version(), held);
            }
            Wish::Install(_) => {
                let offered = host.others.get(&thing(OFFERED, package)).cloned();
                let offered = offered.unwrap_or_default();
                let mut good: Vec<&str> = offered
                    .split_whitespace()
                    .filter(|version| {
                        wish.requirement()
                            .is_none_or(|requirement| requirement.holds(version, System::Dpkg))
                    })
                    .collect();
                good.sort_by(|one, other| compare(System::Dpkg, one, other));
                let Some(version) = good.last() else {
                    return Err(failed(package, "no source offers it"));
                };
                host.put_package(package, Some(version), held);
            }
        }
        Ok(noted(note(&before, &host.package(package))))
    }
}
