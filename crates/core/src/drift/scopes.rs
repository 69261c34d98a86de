//! Unmanaged things of hosts: what `[exclusive.NAME]` owns, no resource declares, and neither the baseline nor an exception
//! accepts.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::codes;
use crate::environment::Resolved;
use crate::environment::resolve::{ResolvedScope, TargetPlace};
use crate::kind::{Claim, Declared};
use crate::observe::Situation;
use evenkeel_host::facts::{Fact, GroupOfFacts, THINGS};
use evenkeel_model::defect::{Corner, Defect};
use evenkeel_model::text::{inert, matches};
use evenkeel_model::{Address, HostName, Instance, Member};

/// Kind of the address of a scope.
const KIND: &str = "exclusive";

/// Unmanaged thing of a host.
#[derive(Clone, Debug)]
pub struct Unmanaged<'a> {
    /// The scope that owns it.
    pub scope: &'a ResolvedScope,
    /// The scope's instance: with the host, if its target has several.
    pub instance: Instance,
    /// Its class.
    pub class: &'static str,
    /// Its name, unique in its class.
    pub name: String,
    /// Its description; empty if the name says it all.
    about: String,
}

/// Returns the unmanaged things of an environment, and a defect for each part that cannot be read.
#[must_use]
pub fn undeclared_things<'a>(situation: &'a Situation<'_>) -> (Vec<Unmanaged<'a>>, Vec<Defect>) {
    let (mut found, mut unread) = (Vec::new(), Vec::new());
    let resolved = situation.resolved;
    if resolved.scopes.is_empty() {
        return (found, unread);
    }
    let owned = owned(situation);
    for scope in &resolved.scopes {
        let place = resolved.targets.get(scope.on());
        for host in place.into_iter().flat_map(TargetPlace::members) {
            let instance = Instance {
                address: Address::new(KIND, &scope.scope.name),
                host: host.cloned(),
            };
            let member = Member::new(scope.on(), host);
            let things = situation.things.as_ref().and_then(|all| all.get(&member));
            let groups = match things {
                Some(Ok(groups)) => groups,
                Some(Err(reason)) => {
                    unread.push(cannot_tell(situation, scope, &instance, None, reason));
                    continue;
                }
                None => {
                    unread.push(cannot_tell(
                        situation,
                        scope,
                        &instance,
                        None,
                        "not observed",
                    ));
                    continue;
                }
            };
            let owned = resolved
                .machine(scope.on(), host)
                .map(|machine| (machine, owned.get(machine)));
            let is_declared = |thing: &Thing<'_>| {
                owned.as_ref().is_some_and(|(machine, owned)| {
                    let mut claims = thing.claims.iter();
                    owned.is_some_and(|owned| owned.has(thing))
                        || claims.any(|claim| resolved.elsewhere.has(machine, claim))
                })
            };
            for class in &scope.scope.classes {
                let Some(group) = group_of(class, groups) else {
                    let reason = "the host gave no answer";
                    unread.push(cannot_tell(
                        situation,
                        scope,
                        &instance,
                        Some(class),
                        reason,
                    ));
                    continue;
                };
                for reason in &group.unread {
                    unread.push(cannot_tell(
                        situation,
                        scope,
                        &instance,
                        Some(class),
                        reason,
                    ));
                }
                let mut names = BTreeSet::new();
                for fact in &group.facts {
                    let thing = Thing::of(class, fact);
                    let accepts = |(own, pattern): &(&str, String)| {
                        own == class && matches(pattern, &thing.name)
                    };
                    if is_declared(&thing)
                        || scope.has_in_baseline(class, &thing.name)
                        || scope.scope.except.iter().any(accepts)
                        || !names.insert(thing.name.clone())
                    {
                        continue;
                    }
                    found.push(Unmanaged {
                        scope,
                        instance: instance.clone(),
                        class,
                        name: thing.name,
                        about: one_line(&fact.value),
                    });
                }
            }
        }
    }
    (found, unread)
}

/// Returns the findings about the things of an environment.
pub(super) fn unmanaged(situation: &Situation<'_>) -> Vec<Defect> {
    let (found, mut defects) = undeclared_things(situation);
    let environment = situation.environment();
    defects.extend(found.into_iter().map(|thing| {
        let (instance, noun) = (&thing.instance, noun(thing.class));
        let about = match thing.about.as_str() {
            "" => String::new(),
            about => format!(" ({about})"),
        };
        let mut defect = Defect::new(
            &codes::UNMANAGED,
            instance.to_string(),
            format!("{instance} ({environment}): unmanaged {noun}: {}{about}", thing.name),
        )
        .within(environment)
        .attribute(format!("{}.{}", thing.class, thing.name))
        .at(&thing.scope.scope.span, "all things of these hosts belong to the definitions")
        .expected_found("nothing", noun)
        .help(match &thing.scope.scope.baseline {
            Some(_) => format!(
                "declare it, remove it, add a pattern to `except`, or accept it: `evenkeel baseline --unmanaged {environment}`"
            ),
            None => format!(
                "declare it, remove it, add a pattern to `except`, or accept it: add `baseline = \"baselines/{}.toml\"`, then run `evenkeel baseline --unmanaged {environment}`",
                thing.scope.scope.name
            ),
        });
        defect.corner = Some(Corner::Unmanaged);
        defect
    }));
    defects
}

/// Returns a host's text without control characters and line breaks: a name is one line of the baseline.
fn one_line(text: &str) -> String {
    inert(text).replace('\n', "\\n").replace('\t', "\\t")
}

/// Returns the scope of an instance.
pub(super) fn of<'a>(resolved: &'a Resolved, instance: &Instance) -> Option<&'a ResolvedScope> {
    let address = &instance.address;
    let is_it = |scope: &&ResolvedScope| *scope.scope.name == *address.name();
    resolved
        .scopes
        .iter()
        .find(|scope| address.kind() == KIND && is_it(scope))
}

/// Returns the word for a thing of a class.
fn noun(class: &str) -> &'static str {
    match class {
        "packages" => "installed package",
        "units" => "enabled unit",
        "users" => "account",
        "cron" => "cron entry",
        "authorized-keys" => "authorized key",
        _ => "open port",
    }
}

fn cannot_tell(
    situation: &Situation<'_>,
    scope: &ResolvedScope,
    instance: &Instance,
    class: Option<&str>,
    reason: &str,
) -> Defect {
    let environment = situation.environment();
    let reason = one_line(reason);
    let message = match class {
        None => format!("{instance} ({environment}): cannot be read: {reason}"),
        Some(class) => format!("{instance} ({environment}): `{class}` cannot be read: {reason}"),
    };
    let defect = Defect::new(&codes::CANNOT_TELL, instance.to_string(), message)
        .within(environment)
        .at(&scope.scope.span, "declared here");
    match class {
        None => defect,
        Some(class) => defect.attribute(class).help(format!(
            "give the target's account the right to read it, or leave `{class}` out of `things` of {}",
            instance.address
        )),
    }
}

fn group_of<'a>(class: &str, groups: &'a [GroupOfFacts]) -> Option<&'a GroupOfFacts> {
    let (_, name) = THINGS.iter().find(|(own, _)| *own == class)?;
    groups.iter().find(|group| group.name == *name)
}

/// A thing of a host: its name, and what declares it.
struct Thing<'a> {
    name: String,
    claims: Vec<Claim<'a>>,
    /// The number of an open port.
    port: Option<u16>,
}

impl<'a> Thing<'a> {
    /// Reads a fact, whose host may be hostile: every part may be missing.
    fn of(class: &str, fact: &'a Fact) -> Self {
        let part = |number: usize| fact.path.get(number).map_or("", String::as_str);
        let mut port = None;
        let (name, claims): (Cow<'_, str>, Vec<Claim<'a>>) = match class {
            "packages" => {
                let (name, architecture) = (part(0), part(1));
                let whole = format!("{name}:{architecture}");
                let claims = vec![
                    Claim::new(Claim::PACKAGE, name),
                    Claim::new(Claim::PACKAGE, whole),
                ];
                (name.into(), claims)
            }
            "units" => (part(0).into(), vec![Claim::new(Claim::UNIT, part(0))]),
            "users" => (part(0).into(), vec![Claim::new(Claim::USER, part(0))]),
            "cron" => (fact.path.join(" ").into(), vec![Claim::path(part(0))]),
            "authorized-keys" => {
                let key = format!("{}: {} {}", part(0), part(2), part(3));
                let name = format!("{} {}", part(0), part(4));
                let claims = vec![Claim::new(Claim::KEY, key), Claim::path(part(1))];
                (name.into(), claims)
            }
            _ => {
                // What answers a readiness check listens on TCP.
                port = part(2).parse().ok().filter(|_| part(0) == "tcp");
                let name = format!("{} {}:{}", part(0), part(1), part(2));
                (name.into(), Vec::new())
            }
        };
        Self {
            name: one_line(&name),
            claims,
            port,
        }
    }
}

/// What the resources of one machine declare.
#[derive(Default)]
struct Owned<'a> {
    claims: BTreeSet<Claim<'a>>,
    ports: BTreeSet<u16>,
}

impl<'a> Owned<'a> {
    fn add(&mut self, declared: &'a Declared) {
        self.claims.extend(declared.claims());
        self.ports.extend(declared.serves());
    }

    fn has(&self, thing: &Thing<'_>) -> bool {
        thing.claims.iter().any(|claim| self.claims.contains(claim))
            || thing.port.is_some_and(|port| self.ports.contains(&port))
    }
}

/// Returns what is declared on each machine, and what was applied and is not declared so any more: that is reported as
/// such, and the next plan removes it.
fn owned<'a>(situation: &'a Situation<'_>) -> BTreeMap<&'a str, Owned<'a>> {
    let resolved = situation.resolved;
    let mut owned: BTreeMap<&str, Owned<'_>> = BTreeMap::new();
    let mut add = |on: &str, host: Option<&HostName>, declared: &'a Declared| {
        if let Some(machine) = resolved.machine(on, host) {
            owned.entry(machine).or_default().add(declared);
        }
    };
    for resource in resolved.resources.values() {
        let place = resolved.targets.get(&resource.on);
        for host in place.into_iter().flat_map(TargetPlace::members) {
            add(&resource.on, host, &resource.declared);
        }
    }
    for (instance, applied) in situation.applied.iter().filter(|(_, it)| !it.unchanged) {
        add(&applied.on, instance.host.as_ref(), &applied.declared);
    }
    owned
}

#[cfg(test)]
mod tests;
