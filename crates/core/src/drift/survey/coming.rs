//! Facts that a change explains which is declared and not applied yet: the package that staging has and the next release brings
//! to production, and what comes with it.
//!
//! Such a difference disappears with the change. Counted as drift, it would block the release that removes it. What no declared
//! change can explain still counts, such as another kernel or another version of an undeclared package.

use std::collections::{BTreeMap, BTreeSet};

use evenkeel_comparison::Path;
use evenkeel_model::Instance;
use evenkeel_model::defect::{Corner, Defect};

use super::profile::keys;
use crate::environment::Resolved;
use crate::kind::Claim;

/// A thing with a pending change.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Thing {
    /// The target; none for one that is no longer declared.
    on: Option<Box<str>>,
    /// The class of a claim; none for one that is no longer declared.
    class: Option<&'static str>,
    name: Box<str>,
}

/// The pending changes of one environment.
#[derive(Clone, Debug, Default)]
pub struct Coming {
    /// The hosts that lack the change of each thing.
    things: BTreeMap<Thing, Hosts>,
    /// Versions of packages: declared and found. Packages of one source have one version.
    versions: BTreeMap<(String, String), Hosts>,
}

/// Names of hosts, empty for the machine of a target without a list.
type Hosts = BTreeSet<Box<str>>;

impl Coming {
    /// Collects the pending changes from the findings about an environment's live state.
    #[must_use]
    pub fn of(resolved: &Resolved, live: &[Defect]) -> Self {
        let mut coming = Self::default();
        let is_pending = |defect: &&Defect| {
            matches!(
                defect.corner,
                Some(Corner::Pending | Corner::HalfPromoted | Corner::Behind)
            )
        };
        for defect in live.iter().filter(is_pending) {
            let Some(Instance { address, host }) = Instance::parse(&defect.subject) else {
                continue;
            };
            let host: Box<str> = host.map_or_else(|| "".into(), |host| host.to_string().into());
            let mut add = |on: Option<&str>, class: Option<&'static str>, name: &str| {
                let thing = Thing {
                    on: on.map(Into::into),
                    class,
                    name: name.into(),
                };
                coming.things.entry(thing).or_default().insert(host.clone());
            };
            match resolved.resources.get(&address) {
                Some(resource) => {
                    for claim in resource.declared.claims() {
                        add(Some(&resource.on), Some(claim.class), &claim.name);
                    }
                    for path in resource.declared.uses() {
                        add(Some(&resource.on), Some(Claim::PATH), &path);
                    }
                }
                // What it named is not known any more. Its name is usually the same.
                None => add(None, None, address.name()),
            }
            if let (Some("version"), Some(expected), Some(found)) =
                (defect.attribute.as_deref(), &defect.expected, &defect.found)
            {
                let versions = (expected.clone(), found.clone());
                coming.versions.entry(versions).or_default().insert(host);
            }
        }
        coming
    }

    /// Returns the changes that only some of a number of hosts lack: others explain no difference between these hosts.
    pub(super) fn on_some_of(&self, hosts: usize) -> Self {
        let is_partial = |lacking: &mut Hosts| lacking.len() < hosts;
        let mut partial = self.clone();
        partial.things.retain(|_, lacking| is_partial(lacking));
        partial.versions.retain(|_, lacking| is_partial(lacking));
        partial
    }

    /// Whether the changes to a target explain that it has one value of a fact, and another host the other one.
    pub(super) fn explains(
        &self,
        target: &str,
        path: &Path,
        own: Option<&str>,
        other: Option<&str>,
    ) -> bool {
        let any = |is: &dyn Fn(&Thing) -> bool| {
            let mut things = self.things.keys().filter(|thing| {
                let on = thing.on.as_deref();
                on.is_none_or(|on| on == target)
            });
            things.any(is)
        };
        let is = |thing: &Thing, class: &str| thing.class == Some(class);
        let has = |class: &str, name: &str| {
            any(&|thing| match thing.class {
                Some(_) => is(thing, class) && *thing.name == *name,
                None => name.split_once('.').map_or(name, |(start, _)| start) == &*thing.name,
            })
        };
        let has_below = |starts: &[&str]| {
            any(&|thing| {
                let mut starts = starts.iter();
                is(thing, Claim::PATH) && starts.any(|start| thing.name.starts_with(start))
            })
        };
        let is_of_package =
            |start: &str| any(&|thing| is(thing, Claim::PACKAGE) && thing.name.starts_with(start));
        // A package brings others, and units, accounts and certificates.
        let comes_along = own.is_none() && is_of_package("");
        match *keys(path) {
            ["packages", name] => {
                let bare = name.split_once(':').map_or(name, |(bare, _)| bare);
                let is_of_source = || {
                    let mut versions = self.versions.keys();
                    versions.any(|(expected, found)| {
                        own == Some(found.as_str()) && other == Some(expected.as_str())
                    })
                };
                has(Claim::PACKAGE, name)
                    || has(Claim::PACKAGE, bare)
                    || comes_along
                    || is_of_source()
            }
            ["units", unit, ..] => {
                let is_file = any(&|thing| {
                    is(thing, Claim::PATH)
                        && thing.name.contains("/systemd/")
                        && thing
                            .name
                            .split('/')
                            .any(|part| part == unit || part.strip_suffix(".d") == Some(unit))
                });
                has(Claim::UNIT, unit) || is_file || comes_along
            }
            ["users", user, ref attribute @ ..] => {
                let is_about_groups =
                    attribute == ["groups"] && any(&|thing| is(thing, Claim::GROUP));
                has(Claim::USER, user) || is_about_groups || comes_along
            }
            ["ports", ..] => {
                let opens = any(&|thing| {
                    thing.class.is_none_or(|class| {
                        [Claim::PACKAGE, Claim::UNIT, Claim::PATH].contains(&class)
                    })
                });
                (own.is_none() || other.is_none()) && opens
            }
            [Claim::SYSCTL, key] => {
                has(Claim::SYSCTL, key)
                    || has(Claim::SYSCTL, &key.replace('.', "/"))
                    || has_below(&["/etc/sysctl"])
            }
            ["limits", ..] => has_below(&["/etc/security/", "/etc/systemd/"]),
            ["time", ..] => has_below(&[
                "/etc/localtime",
                "/etc/timezone",
                "/etc/locale",
                "/etc/default/locale",
            ]),
            ["tls", "openssl"] => is_of_package("openssl") || is_of_package("libssl"),
            ["tls", ..] => {
                is_of_package("ca-certificates")
                    || has_below(&["/usr/local/share/ca-certificates", "/etc/ssl", "/etc/pki"])
            }
            ["certificates", file, ..] => has(Claim::PATH, file) || comes_along,
            _ => false,
        }
    }
}

#[cfg(test)]
impl Coming {
    /// Creates pending changes of things on any target, which these hosts lack.
    pub(super) fn with(
        things: &[(&'static str, &str)],
        versions: &[(&str, &str)],
        hosts: &[&str],
    ) -> Self {
        let hosts: Hosts = hosts.iter().map(|host| (*host).into()).collect();
        let things = things.iter().map(|(class, name)| Thing {
            on: None,
            class: Some(class),
            name: (*name).into(),
        });
        let versions = versions
            .iter()
            .map(|(expected, found)| ((*expected).to_owned(), (*found).to_owned()));
        Self {
            things: things.map(|thing| (thing, hosts.clone())).collect(),
            versions: versions.map(|versions| (versions, hosts.clone())).collect(),
        }
    }
}
