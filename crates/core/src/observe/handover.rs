//! Handover: applied resources that leave their place, and the declared resource that holds the place now.
//!
//! Claims decide, not names: a claimed thing has an owner, whatever its name when it was applied. Steps are decided
//! elsewhere; the plan, the drift and the apply all use this result.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::value::RawValue;

use super::{LastApplied, Situation};
use crate::environment::reference::addresses;
use crate::kind::{Claim, Declared, Observation, Observed, RemovalOrder};
use evenkeel_host::Action;
use evenkeel_model::{Address, Digest, Instance};

/// Everything that leaves its place in one environment.
#[derive(Debug, Default)]
pub struct Handover<'a> {
    leavings: BTreeMap<&'a Instance, Leaving<'a>>,
    /// For each declared resource, the instances whose place it holds now.
    taken: BTreeMap<Instance, Vec<&'a Instance>>,
    /// For each declared resource, the instance in its `moved`.
    named: BTreeMap<Instance, &'a Instance>,
}

/// Applied resource that is no longer declared at its place.
#[derive(Debug)]
pub struct Leaving<'a> {
    /// Instance under which it was applied.
    pub instance: &'a Instance,
    /// Last applied state.
    pub applied: &'a LastApplied,
    /// Observation of its place.
    pub left: &'a Observation<Observed>,
    /// Whether its own resource is still declared, at another place.
    pub is_former_place: bool,
    /// Declared resource that holds its place now.
    pub holder: Option<Holder>,
    /// Declared resource that names it in `moved`.
    pub moved_to: Option<Instance>,
    /// Action that keeps it as that resource: only its name differs.
    pub goes_on: Option<Action>,
}

/// Declared resource that holds a place.
#[derive(Clone, Debug)]
pub struct Holder {
    /// The resource.
    pub instance: Instance,
    /// Kind of holding.
    pub how: Hold,
}

/// How a declared resource holds the place of an applied one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// It is the same resource, of the same kind.
    Same,
    /// It is of another kind with the same claim.
    OtherKind,
    /// It is inside.
    Inside,
    /// It is declared by another environment of the same machine.
    Elsewhere,
    /// Its machine is no longer one of the target's: what is there stays.
    Departed,
}

impl Hold {
    /// Whether the holder is a resource of this environment at the exact place.
    fn is_at_its_place(self) -> bool {
        matches!(self, Self::Same | Self::OtherKind)
    }
}

/// Place that a declared resource left and that is not cleared yet: the ledger keeps it under its own name from the
/// record of the new place on.
#[derive(Debug)]
pub struct FormerPlace {
    /// Name.
    pub instance: Instance,
    /// Last applied declaration.
    pub declared: Declared,
    /// Record in the ledger.
    pub record: Box<RawValue>,
}

impl Leaving<'_> {
    /// Whether its kind is removed before all others: it runs, and may hold unclaimed things.
    #[must_use]
    pub fn goes_first(&self) -> bool {
        self.applied.declared.traits().removal == RemovalOrder::First
    }

    /// Returns the observation of its place, if a resource of its kind still exists there.
    #[must_use]
    pub fn standing(&self) -> Option<&Observed> {
        let left = self.left.seen()?;
        let wrong = self.applied.declared.compare(left);
        let is_its_kind = !wrong.iter().any(|each| each.attribute == "presence");
        (left.is_there() && is_its_kind).then_some(left)
    }

    /// Returns the declared resource that takes its place or name.
    #[must_use]
    pub fn successor(&self) -> Option<&Instance> {
        let holder = self.holder.as_ref().map(|holder| &holder.instance);
        let own = self.is_former_place.then_some(self.instance);
        holder.or(self.moved_to.as_ref()).or(own)
    }

    /// Returns the ledger's name of a place that a declared resource left. No declared name contains `~`.
    #[must_use]
    pub fn former_name(&self) -> Instance {
        let place = Digest::of(self.applied.declared.place().as_bytes()).short();
        let address = &self.instance.address;
        let name = format!("{}~{}", address.name(), place.get(..8).unwrap_or(&place));
        Instance {
            address: Address::new(address.kind(), &name),
            host: self.instance.host.clone(),
        }
    }

    /// Returns the place, if a declared resource left it, and a separate step clears it or another kind takes it. A
    /// running resource is stopped by the step that starts it elsewhere.
    #[must_use]
    pub fn former_place(&self) -> Option<FormerPlace> {
        let is_open = match self.holder.as_ref().map(|holder| holder.how) {
            None => {
                let left = self.left.seen()?;
                !self.goes_first() && !self.applied.declared.removal(left).is_empty()
            }
            Some(Hold::OtherKind) => self.standing().is_some(),
            Some(Hold::Same | Hold::Inside | Hold::Elsewhere | Hold::Departed) => false,
        };
        if !self.is_former_place || !is_open {
            return None;
        }
        let record = self.applied.record.as_deref()?;
        Some(FormerPlace {
            instance: self.former_name(),
            declared: self.applied.declared.clone(),
            record: RawValue::from_string(record.to_owned()).ok()?,
        })
    }
}

/// The machine and the claim: at most one resource holds it.
type Held<'a> = (&'a str, Claim<'a>);

impl<'a> Handover<'a> {
    /// Finds everything that leaves its place in a situation.
    #[must_use]
    pub fn of(situation: &'a Situation<'_>) -> Self {
        let mut handover = Self::default();
        if situation.left.is_empty() {
            return handover;
        }
        let resolved = situation.resolved;
        let machine = |on: &str, instance: &Instance| resolved.machine(on, instance.host.as_ref());
        let mut held: HashMap<Held<'a>, (Instance, &Declared)> = HashMap::new();
        let mut paths: BTreeSet<(&str, String, Instance)> = BTreeSet::new();
        let mut named: BTreeMap<Instance, Instance> = BTreeMap::new();
        for (instance, resource) in resolved.instances() {
            let Some(machine) = machine(&resource.on, &instance) else {
                continue;
            };
            for claim in resource.declared.claims() {
                if let Some(path) = claim.as_path() {
                    paths.insert((machine, path.to_owned(), instance.clone()));
                }
                held.insert((machine, claim), (instance.clone(), &resource.declared));
            }
            for (former, _) in addresses(&resource.block, "moved") {
                let former = Instance {
                    address: former,
                    host: instance.host.clone(),
                };
                named.insert(former, instance.clone());
            }
        }
        add_renamed(situation, &mut named);
        for (instance, left) in &situation.left {
            let Some((instance, applied)) = situation.applied.get_key_value(instance) else {
                continue;
            };
            let declared = &applied.declared;
            let departed = || {
                Some(Holder {
                    instance: instance.clone(),
                    how: Hold::Departed,
                })
            };
            let machine = machine(&applied.on, instance);
            let holder = machine.map_or_else(departed, |machine| {
                let inside = |path: &str| {
                    let within = format!("{path}/");
                    let first = (
                        machine,
                        within.clone(),
                        Instance::from(Address::new("", "")),
                    );
                    let (there, found, holder) = paths.range(first..).next()?;
                    (*there == machine && found.starts_with(&within)).then(|| holder.clone())
                };
                let here = |claim| held.get(&(machine, claim)).cloned();
                let found = holder(declared, &here, &inside);
                // A process is stopped, even if another environment writes its log.
                let may_stay = declared.traits().removal != RemovalOrder::First;
                found.or_else(|| {
                    let mut claims = declared.claims().into_iter();
                    let elsewhere = claims.any(|claim| resolved.elsewhere.has(machine, &claim));
                    (may_stay && elsewhere).then(|| Holder {
                        instance: instance.clone(),
                        how: Hold::Elsewhere,
                    })
                })
            });
            let moved_to = named.get(instance).cloned();
            let goes_on = moved_to
                .as_ref()
                .filter(|_| holder.is_none())
                .and_then(|to| take_over(situation, (applied, left), to));
            let holder = match (holder, &goes_on, &moved_to) {
                (None, Some(_), Some(to)) => Some(Holder {
                    instance: to.clone(),
                    how: Hold::Same,
                }),
                (holder, ..) => holder,
            };
            // A place that a killed run has not cleared follows the resource that left it.
            let own = moved_to.is_none().then(|| owner_of_former(instance));
            let own = own
                .flatten()
                .filter(|own| resolved.resource_of(own).is_some());
            if let Some(holder) = holder
                .as_ref()
                .filter(|holder| holder.how.is_at_its_place())
            {
                let taken = handover.taken.entry(holder.instance.clone()).or_default();
                taken.push(instance);
            }
            if let Some(resource) = &moved_to {
                handover.named.insert(resource.clone(), instance);
            }
            let moved_to = moved_to.or(own);
            handover.leavings.insert(
                instance,
                Leaving {
                    instance,
                    applied,
                    left,
                    is_former_place: resolved.resource_of(instance).is_some(),
                    goes_on,
                    holder,
                    moved_to,
                },
            );
        }
        handover
    }

    /// Returns everything that leaves its place, in order.
    pub fn leavings(&self) -> impl Iterator<Item = &Leaving<'a>> {
        self.leavings.values()
    }

    /// Returns the resource applied under this name, if it leaves its place.
    #[must_use]
    pub fn leaving(&self, instance: &Instance) -> Option<&Leaving<'a>> {
        self.leavings.get(instance)
    }

    /// Returns the resources that held the place of a declared resource under another name.
    pub fn taken_by(&self, instance: &Instance) -> impl Iterator<Item = &Leaving<'a>> {
        let taken = self.taken.get(instance).into_iter().flatten();
        taken
            .filter(move |other| **other != instance)
            .filter_map(|other| self.leavings.get(other))
    }

    /// Returns the earlier name of a declared resource: by its place, or by `moved`.
    #[must_use]
    pub fn predecessor(&self, instance: &Instance) -> Option<&Leaving<'a>> {
        let same = |leaving: &&Leaving<'a>| {
            let holder = leaving.holder.as_ref();
            !leaving.is_former_place && holder.is_some_and(|holder| holder.how == Hold::Same)
        };
        let named = self.named.get(instance);
        let named = named.and_then(|other| self.leavings.get(other));
        self.taken_by(instance)
            .find(same)
            .or(named.filter(|leaving| !leaving.is_former_place))
    }

    /// Returns the places that declared resources leave and that are cleared after them, by the resources' names.
    #[must_use]
    pub fn former_places(&self) -> BTreeMap<Instance, FormerPlace> {
        self.leavings()
            .filter_map(|leaving| Some((leaving.instance.clone(), leaving.former_place()?)))
            .collect()
    }

    /// Returns the declared resources that leave a place, with the names of those places.
    #[must_use]
    pub fn moved(&self) -> BTreeMap<Instance, Instance> {
        self.leavings()
            .filter(|leaving| leaving.is_former_place)
            .map(|leaving| (leaving.instance.clone(), leaving.former_name()))
            .collect()
    }

    /// Returns everything that steps remove, as last applied, by the steps' names.
    #[must_use]
    pub fn removed(&self) -> BTreeMap<Instance, Declared> {
        let gone = self.leavings().filter(|leaving| !leaving.is_former_place);
        gone.map(|leaving| (leaving.instance.clone(), leaving.applied.declared.clone()))
            .chain(
                self.former_places()
                    .into_values()
                    .map(|place| (place.instance, place.declared)),
            )
            .collect()
    }
}

/// Returns the resource whose former place has this name; `None` for a name that is or was declared.
pub fn owner_of_former(instance: &Instance) -> Option<Instance> {
    let (name, _) = instance.address.name().split_once('~')?;
    Some(Instance {
        address: Address::new(instance.address.kind(), name),
        host: instance.host.clone(),
    })
}

/// Adds newly declared resources that are renamed applied ones. Each follows one.
fn add_renamed(situation: &Situation<'_>, named: &mut BTreeMap<Instance, Instance>) {
    let resolved = situation.resolved;
    let is_gone = |instance: &Instance| resolved.resource_of(instance).is_none();
    let gone: Vec<(&Instance, &LastApplied)> = situation
        .left
        .keys()
        .filter(|instance| is_gone(instance) && !named.contains_key(*instance))
        .filter_map(|instance| situation.applied.get_key_value(instance))
        .filter(|(_, applied)| applied.declared.is_renamed(&applied.declared))
        .collect();
    if gone.is_empty() {
        return;
    }
    let follows: BTreeSet<&Instance> = named.values().collect();
    let mut new: Vec<(Instance, &Declared)> = resolved
        .instances()
        .filter(|(instance, _)| {
            !situation.applied.contains_key(instance) && !follows.contains(instance)
        })
        .map(|(instance, resource)| (instance, &resource.declared))
        .filter(|(_, declared)| declared.is_renamed(declared))
        .collect();
    for (instance, applied) in gone {
        let same = new.iter().position(|(other, declared)| {
            other.host == instance.host && applied.declared.is_renamed(declared)
        });
        if let Some(same) = same {
            named.insert(instance.clone(), new.remove(same).0);
        }
    }
}

/// Returns the action that keeps a resource applied under another name as a declared one that was never applied, if its
/// new place is empty.
fn take_over(
    situation: &Situation<'_>,
    (applied, left): (&LastApplied, &Observation<Observed>),
    to: &Instance,
) -> Option<Action> {
    let resource = situation.resolved.resource_of(to)?;
    let is_free = situation
        .seen
        .get(to)?
        .seen()
        .is_some_and(|seen| !seen.is_there());
    let is_new = !situation.applied.contains_key(to);
    if !is_free || !is_new || resource.on != applied.on {
        return None;
    }
    applied.declared.take_over(&resource.declared, left.seen()?)
}

/// Returns the declared resource that holds the place of an applied one.
fn holder<'a>(
    applied: &'a Declared,
    held: &dyn Fn(Claim<'a>) -> Option<(Instance, &'a Declared)>,
    inside: &dyn Fn(&str) -> Option<Instance>,
) -> Option<Holder> {
    let used = applied.uses();
    for path in &used {
        // Its used paths are removed with it, even if another resource placed files there.
        let other = held(Claim::path(path.clone())).map(|(instance, _)| instance);
        if let Some(instance) = other.or_else(|| inside(path)) {
            let how = Hold::Inside;
            return Some(Holder { instance, how });
        }
    }
    let goes_first = applied.traits().removal == RemovalOrder::First;
    for claim in applied.claims() {
        let Some((instance, declared)) = held(claim) else {
            continue;
        };
        let is_same = declared.is_same_kind(applied) && declared.place() == applied.place();
        if is_same {
            let how = Hold::Same;
            return Some(Holder { instance, how });
        }
        // A process is stopped, whatever happens to its log.
        if !goes_first {
            let how = Hold::OtherKind;
            return Some(Holder { instance, how });
        }
    }
    if applied.traits().is_container {
        let how = Hold::Inside;
        return inside(applied.place()).map(|instance| Holder { instance, how });
    }
    None
}
