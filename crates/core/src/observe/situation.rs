//! Situation: definitions, last applied state, and observed state of one environment.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Handover, Observers, Questions, observe, observe_with};
use crate::environment::materials::KeptMaterials;
use crate::environment::resolve::TargetPlace;
use crate::environment::ssh_host::SshHost;
use crate::environment::{Resolved, ResolvedResource};
use crate::kind::{Declared, Observation, Observed, parent};
use evenkeel_host::facts::{self, GroupOfFacts, THINGS};
use evenkeel_host::{Answer, Query};
use evenkeel_ledger::record::ApplyOutcome;
use evenkeel_ledger::{EnvironmentState, FailedStep};
use evenkeel_model::{Digest, EnvironmentName, HostName, Instance, Member, Moment, Parts, beside};

/// All known facts about one environment at one moment.
#[derive(Debug)]
pub struct Situation<'a> {
    /// Definition.
    pub resolved: &'a Resolved,
    /// Last applied resources.
    pub applied: BTreeMap<Instance, LastApplied>,
    /// Observation of each declared resource.
    pub seen: BTreeMap<Instance, Observation<Observed>>,
    /// Observation of the place of each applied resource that was removed from the definitions, or is declared at
    /// another place.
    pub left: BTreeMap<Instance, Observation<Observed>>,
    /// Resources whose last step has no recorded outcome, or an unobserved one; with the run.
    pub open: BTreeMap<Instance, String>,
    /// Resources whose last step failed.
    pub failed: BTreeMap<Instance, FailedStep>,
    /// Last apply and its start, if it did not end with every step done.
    pub last_failed: Option<(String, Moment)>,
    /// Things on the machines of scopes; `None` where nothing asked for them.
    pub things: Option<Things>,
    /// Time of the observation.
    pub at: Moment,
}

/// The groups of facts that list the things of each machine, or the reason why it is unreadable.
pub type Things = BTreeMap<Member, Result<Vec<GroupOfFacts>, String>>;

/// Last applied state of a resource.
#[derive(Debug, Clone)]
pub struct LastApplied {
    /// Its target.
    pub on: Arc<str>,
    /// Declaration at that time.
    pub declared: Declared,
    /// Time.
    pub at: Moment,
    /// Apply.
    pub apply: Arc<str>,
    /// Digest of the record of that declaration.
    pub digest: Digest,
    /// Whether that declaration equals the current one.
    pub unchanged: bool,
    /// Record in the ledger, if the current declaration differs: it may have to be kept under another name.
    pub record: Option<Box<str>>,
}

#[derive(Serialize, Deserialize)]
struct AppliedRecord<'a> {
    #[serde(borrow)]
    declared: &'a RawValue,
    on: Arc<str>,
    /// The host as OpenSSH reaches it; missing for the machine that ran evenkeel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    machine: Option<Cow<'a, str>>,
    /// Target's seal for each seal in `declared`; empty in records of earlier versions.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    seals: BTreeMap<Digest, Digest>,
}

/// Returns the ledger's record of an applied resource.
///
/// # Errors
///
/// When it cannot be serialized.
pub fn applied_record(
    resolved: &Resolved,
    host: Option<&HostName>,
    resource: &ResolvedResource,
) -> Result<Box<RawValue>, serde_json::Error> {
    let member = Member::new(&resource.on, host);
    let machine = remote(resolved, &resource.on, host);
    record_on(&member, machine, &resource.declared, &resolved.materials)
}

fn record_on(
    member: &Member,
    machine: Option<&str>,
    declared: &Declared,
    materials: &KeptMaterials,
) -> Result<Box<RawValue>, serde_json::Error> {
    let declared = RawValue::from_string(declared.record()?)?;
    let record = AppliedRecord {
        seals: materials.seals_in(member, declared.get()),
        declared: &declared,
        machine: machine.map(Cow::Borrowed),
        on: Arc::clone(&member.target),
    };
    RawValue::from_string(serde_json::to_string(&record)?)
}

/// Returns a host as OpenSSH reaches it; `None` for this machine.
fn remote<'a>(resolved: &'a Resolved, on: &str, host: Option<&HostName>) -> Option<&'a str> {
    let place = resolved.targets.get(on)?;
    place.ssh(host).map(SshHost::destination)
}

/// Seals of a target when a resource was applied.
#[derive(Debug, PartialEq, Eq)]
pub enum AppliedSeals {
    /// Target's seal for each of the record's seals.
    Known(BTreeMap<Digest, Digest>),
    /// Seals of a record from before targets had separate keys.
    Alone(Vec<Digest>),
}

/// Returns the target and the seals of an applied resource; `None` if it has no secret.
#[must_use]
pub fn applied_seals(record: &str) -> Option<(Arc<str>, AppliedSeals)> {
    // Most records contain none and are not parsed.
    let keys = ["\"seals\":", "\"sealed\":true", "\"sealed\":\"blake3:"];
    if !keys.iter().any(|key| record.contains(key)) {
        return None;
    }
    let parsed: AppliedRecord<'_> = serde_json::from_str(record).ok()?;
    let seals = if parsed.seals.is_empty() {
        AppliedSeals::Alone(Digest::all_in(parsed.declared.get()).collect())
    } else {
        AppliedSeals::Known(parsed.seals)
    };
    Some((parsed.on, seals))
}

/// Observes an environment, without the things of its scopes: a plan does not depend on them.
///
/// # Errors
///
/// When a record of an applied resource is unreadable: removals are then unknown.
pub fn look<'a>(
    resolved: &'a Resolved,
    standing: &EnvironmentState,
    observers: &Observers<'_>,
    at: Moment,
) -> Result<Situation<'a>, String> {
    observed(resolved, standing, observers, &Questions::new(), at)
}

/// Observes an environment with the things of its scopes, in the same batches.
///
/// # Errors
///
/// When a record of an applied resource is unreadable: removals are then unknown.
pub fn look_with_things<'a>(
    resolved: &'a Resolved,
    standing: &EnvironmentState,
    observers: &Observers<'_>,
    at: Moment,
) -> Result<Situation<'a>, String> {
    let questions = questions(resolved);
    let mut situation = observed(resolved, standing, observers, &questions, at)?;
    situation.things.get_or_insert_default();
    Ok(situation)
}

/// Returns the query for the things of each machine that scopes name: one query for all scopes of a machine.
fn questions(resolved: &Resolved) -> Questions {
    let mut groups: BTreeMap<Member, BTreeSet<&'static str>> = BTreeMap::new();
    for scope in &resolved.scopes {
        let place = resolved.targets.get(scope.on());
        for host in place.into_iter().flat_map(TargetPlace::members) {
            let own = groups.entry(Member::new(scope.on(), host)).or_default();
            let is_owned = |class: &str| scope.scope.classes.contains(&class);
            let owned = THINGS.iter().filter(|(class, _)| is_owned(class));
            own.extend(owned.map(|(_, group)| *group));
        }
    }
    let query = |groups: BTreeSet<&str>| {
        Query::Facts(facts::Query {
            groups: groups.into_iter().map(str::to_owned).collect(),
        })
    };
    groups
        .into_iter()
        .map(|(member, groups)| (member, query(groups)))
        .collect()
}

fn observed<'a>(
    resolved: &'a Resolved,
    standing: &EnvironmentState,
    observers: &Observers<'_>,
    questions: &Questions,
    at: Moment,
) -> Result<Situation<'a>, String> {
    let kept: Vec<(&Instance, &evenkeel_ledger::AppliedResource)> =
        standing.applied.iter().collect();
    let applied: Vec<(Instance, LastApplied)> = kept
        .par_iter()
        .map(|(instance, last)| Ok(((*instance).clone(), recall(resolved, instance, last)?)))
        .collect::<Result<_, String>>()?;
    // Rebuild from a sorted iterator: bulk-built maps have full nodes.
    let applied: BTreeMap<Instance, LastApplied> = applied.into_iter().collect();
    let (seen, answers) = observe_with(
        resolved
            .instances()
            .map(|(instance, resource)| (instance, &resource.on, &resource.declared)),
        questions,
        observers,
    );
    let things = answers.into_iter().map(|(member, answer)| {
        let read = match answer {
            Answer::Facts(answer) => Ok(answer.groups),
            Answer::Unreadable { reason } => Err(reason),
            _ => Err("the host gave no answer".to_owned()),
        };
        (member, read)
    });
    let things = (!questions.is_empty()).then(|| things.collect());
    let is_departed = |instance: &Instance, applied: &LastApplied| {
        let host = instance.host.as_ref();
        resolved.machine(&applied.on, host).is_none()
    };
    let mut left = observe(
        applied
            .iter()
            .filter(|(instance, applied)| {
                !applied.unchanged
                    && !is_departed(instance, applied)
                    && resolved.resource_of(instance).is_none_or(|now| {
                        now.on != applied.on || now.declared.place() != applied.declared.place()
                    })
            })
            .map(|(instance, applied)| (instance.clone(), &applied.on, &applied.declared)),
        observers,
    );
    // What is on a machine that is no longer one of the target's does not matter: only its records go.
    left.extend(
        applied
            .iter()
            .filter(|(instance, applied)| is_departed(instance, applied))
            .map(|(instance, applied)| {
                let nothing = Observation::Seen(applied.declared.nothing());
                (instance.clone(), nothing)
            }),
    );
    let mut situation = Situation {
        resolved,
        applied,
        seen,
        left,
        open: open(standing),
        failed: standing.failed.clone(),
        last_failed: standing
            .last_apply
            .as_ref()
            .filter(|apply| apply.outcome() != Some(ApplyOutcome::Done))
            .map(|apply| {
                let started = &apply.started;
                (started.record.apply.clone(), started.at)
            }),
        things,
        at,
    };
    look_past_links(&mut situation);
    Ok(situation)
}

/// Returns the steps without a recorded outcome, each with its apply.
fn open(standing: &EnvironmentState) -> BTreeMap<Instance, String> {
    let unseen = standing.uncertain.iter().map(|instance| {
        let failed = standing.failed.get(instance);
        let apply = failed.map_or("an earlier run", |failed| &*failed.apply);
        (instance.clone(), apply.to_owned())
    });
    let begun = standing.open.iter();
    let begun = begun.map(|(instance, (apply, _))| (instance.clone(), apply.to_string()));
    unseen.chain(begun).collect()
}

/// Returns the last applied state of a resource, compared with its current declaration.
fn recall(
    resolved: &Resolved,
    instance: &Instance,
    last: &evenkeel_ledger::AppliedResource,
) -> Result<LastApplied, String> {
    let now = resolved.resource_of(instance);
    let host = instance.host.as_ref();
    if let Some(now) = now
        && let Some(then) = now.declared.record().ok().filter(|record| {
            is_record(
                &last.record,
                record,
                &now.on,
                remote(resolved, &now.on, host),
            )
        })
    {
        return Ok(LastApplied {
            digest: Digest::of(then.as_bytes()),
            on: Arc::clone(&now.on),
            record: None,
            declared: now.declared.clone(),
            at: last.at,
            apply: Arc::clone(&last.apply),
            unchanged: true,
        });
    }
    let wrong = |error: String| format!("the record of {instance} is unreadable: {error}");
    let parsed: AppliedRecord<'_> =
        serde_json::from_str(&last.record).map_err(|error| wrong(error.to_string()))?;
    let then = parsed.declared.get();
    let unchanged = now.is_some_and(|now| {
        *now.on == *parsed.on && now.declared.record().is_ok_and(|record| record == then)
    });
    let declared = match now {
        Some(now) if unchanged => now.declared.clone(),
        _ => Declared::from_record(instance.address.kind(), parsed.declared).map_err(wrong)?,
    };
    Ok(LastApplied {
        digest: Digest::of(then.as_bytes()),
        on: match now {
            Some(now) if now.on == parsed.on => Arc::clone(&now.on),
            _ => reached_by(resolved, host, parsed.on, parsed.machine.as_deref()),
        },
        record: (!unchanged).then(|| last.record.clone()),
        declared,
        at: last.at,
        apply: Arc::clone(&last.apply),
        unchanged,
    })
}

/// Whether a record contains exactly this declaration on this target, as written by [`applied_record`]. Most resources
/// are unchanged, and such a record need not be parsed.
fn is_record(record: &str, declared: &str, on: &str, machine: Option<&str>) -> bool {
    let is_plain = |text: &str| {
        text.bytes()
            .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\'))
    };
    let rest = || {
        let rest = record
            .strip_prefix("{\"declared\":")?
            .strip_prefix(declared)?;
        let rest = rest.strip_prefix(",\"on\":\"")?.strip_prefix(on)?;
        let rest = match machine {
            Some(machine) => rest
                .strip_prefix("\",\"machine\":\"")?
                .strip_prefix(machine)?,
            None => rest,
        };
        rest.strip_prefix("\"}")
    };
    is_plain(on) && machine.is_none_or(is_plain) && rest() == Some("")
}

/// Returns the target of an applied resource: its own, or another one that has the same machine under the same name, if it
/// was renamed.
fn reached_by(
    resolved: &Resolved,
    host: Option<&HostName>,
    on: Arc<str>,
    machine: Option<&str>,
) -> Arc<str> {
    if resolved.targets.contains_key(&on) {
        return on;
    }
    let mut targets = resolved.targets.iter();
    let same = targets.find(|(_, place)| {
        let now = place.ssh(host).map(SshHost::destination);
        now == machine && (machine.is_some() || place.is_here() && host.is_none())
    });
    same.map_or(on, |(name, _)| Arc::clone(name))
}

/// Target of a resource, and its declaration.
type OnTarget = (Arc<str>, Declared);

/// Treats unobservable places as missing if the only reason is a link above them that was applied and leaves, or that
/// is declared and exists: nothing can exist below either.
fn look_past_links(situation: &mut Situation<'_>) {
    let is_unseen = |seen: &Observation<Observed>| matches!(seen, Observation::CannotTell(_));
    let any_left = situation.left.values().any(is_unseen);
    let any_seen = !situation.left.is_empty() && situation.seen.values().any(is_unseen);
    if !any_left && !any_seen {
        return;
    }
    let handover = Handover::of(situation);
    let resolved = situation.resolved;
    let machine = |on: &str, instance: &Instance| resolved.machine(on, instance.host.as_ref());
    let mut tops: BTreeSet<(Option<&str>, &str)> = handover
        .leavings()
        .filter(|leaving| leaving.standing().is_some())
        .filter(|leaving| !leaving.applied.declared.traits().is_container)
        .map(|leaving| {
            let applied = leaving.applied;
            let here = machine(&applied.on, leaving.instance);
            (here, applied.declared.place())
        })
        .collect();
    if any_left {
        let standing = |instance: &Instance, declared: &Declared| {
            let seen = situation.seen.get(instance);
            let seen = seen.and_then(Observation::seen);
            let is_its_kind = |seen: &Observed| {
                let mut wrong = declared.compare(seen).into_iter();
                !wrong.any(|each| each.attribute == "presence")
            };
            seen.is_some_and(|seen| seen.is_there() && is_its_kind(seen))
        };
        tops.extend(
            resolved
                .instances()
                .filter(|(_, resource)| !resource.declared.traits().is_container)
                .filter(|(instance, resource)| standing(instance, &resource.declared))
                .map(|(instance, resource)| {
                    (machine(&resource.on, &instance), resource.declared.place())
                }),
        );
    }
    let is_below = |machine: Option<&str>, declared: &Declared| {
        declared.claims().iter().any(|claim| {
            std::iter::successors(claim.folder(), |path| parent(path))
                .any(|path| tops.contains(&(machine, path)))
        })
    };
    let missing = |seen: &BTreeMap<Instance, Observation<Observed>>,
                   declared: &dyn Fn(&Instance) -> Option<OnTarget>| {
        seen.iter()
            .filter(|(_, seen)| is_unseen(seen))
            .filter_map(|(instance, _)| Some((instance.clone(), declared(instance)?)))
            .filter(|(instance, (on, declared))| is_below(machine(on, instance), declared))
            .map(|(instance, (_, declared))| (instance, Observation::Seen(declared.nothing())))
            .collect::<Vec<_>>()
    };
    let now = missing(&situation.seen, &|instance| {
        let resource = resolved.resource_of(instance)?;
        Some((Arc::clone(&resource.on), resource.declared.clone()))
    });
    let then = missing(&situation.left, &|instance| {
        let applied = situation.applied.get(instance)?;
        Some((Arc::clone(&applied.on), applied.declared.clone()))
    });
    situation.seen.extend(now);
    situation.left.extend(then);
}

/// Returns the digests of observations, by instance.
fn digests_of(
    observations: &BTreeMap<Instance, Observation<Observed>>,
) -> BTreeMap<Instance, Digest> {
    let observations: Vec<_> = observations.iter().collect();
    let digests: Vec<(Instance, Digest)> = observations
        .par_iter()
        .filter_map(|(instance, observation)| {
            let seen = observation.seen().filter(|seen| seen.unknown().is_none())?;
            let digest = Digest::of_record("evenkeel observed 1", seen);
            Some(((*instance).clone(), digest))
        })
        .collect();
    digests.into_iter().collect()
}

impl Situation<'_> {
    /// Frees observations on another thread, so that no caller waits for it.
    pub fn let_go(self) {
        let all = (self.applied, self.seen, self.left);
        rayon::spawn(move || drop(all));
    }

    /// Returns the environment.
    #[must_use]
    pub fn environment(&self) -> &EnvironmentName {
        &self.resolved.name
    }

    /// Returns the number of declared attributes, and of observed ones.
    #[must_use]
    pub fn coverage(&self) -> (usize, usize) {
        let mut declared = 0;
        let mut observed = 0;
        for (_, resource, seen) in beside(self.resolved.instances(), &self.seen) {
            let before = declared;
            resource.declared.attributes(&mut |_, _| declared += 1);
            let known = |seen: &Observed| seen.unknown().is_none();
            if seen.and_then(Observation::seen).is_some_and(known) {
                observed += declared - before;
            }
        }
        (declared, observed)
    }

    /// Whether a resource differs in an attribute that changes by itself: a program ended, or is not ready.
    #[must_use]
    pub fn is_ended_by_itself(&self) -> bool {
        beside(self.resolved.instances(), &self.seen).any(|(_, resource, seen)| {
            let by_itself = resource.declared.traits().ends_by_itself;
            !by_itself.is_empty()
                && seen.and_then(Observation::seen).is_some_and(|observed| {
                    let wrong = resource.declared.compare(observed);
                    wrong
                        .iter()
                        .any(|each| by_itself.contains(&each.attribute.as_str()))
                })
        })
    }

    /// Returns the digest of all observations; `None` if one is missing.
    #[must_use]
    pub fn digest(&self) -> Option<Digest> {
        self.digests().0
    }

    /// Returns the digest of all observations with the times of changes, which evidence is bound to: a change that was
    /// reverted has the same content and another time. `None` if an observation is missing.
    #[must_use]
    pub fn untouched_digest(&self) -> Option<Digest> {
        let times = |observations: &BTreeMap<Instance, Observation<Observed>>| {
            let mut times: BTreeMap<Instance, Moment> = BTreeMap::new();
            for (instance, observation) in observations {
                if let Some(touched) = observation.seen().and_then(Observed::touched) {
                    times.insert(instance.clone(), touched);
                }
            }
            times
        };
        let seen = Digest::of_record("evenkeel touched 1", &times(&self.seen));
        let left = Digest::of_record("evenkeel touched 1", &times(&self.left));
        let state = self.digest()?;
        Some(Digest::of_record(
            "evenkeel untouched 1",
            &(state, seen, left),
        ))
    }

    /// Returns the digest of all observations, like [`Situation::digest`], and those of the declared resources in it.
    #[must_use]
    pub fn digests(&self) -> (Option<Digest>, BTreeMap<Instance, Digest>) {
        let seen = digests_of(&self.seen);
        let left = digests_of(&self.left);
        let whole = seen.len() == self.seen.len() && left.len() == self.left.len();
        let digest = whole.then(|| {
            Parts::of("evenkeel observation 2")
                .mark("[")
                .table(&seen)
                .mark(",")
                .table(&left)
                .mark("]")
                .digest()
        });
        (digest, seen)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::{is_record, record_on};
    use crate::environment::materials::KeptMaterials;
    use crate::kind::Declared;
    use evenkeel_model::{EnvironmentName, Member, Sealer};

    fn directory(path: &str) -> Declared {
        let record = format!(
            r#"{{"except":[],"exclusive":false,"group":null,"mode":493,"owner":null,"path":"{path}"}}"#
        );
        let record = RawValue::from_string(record).unwrap();
        Declared::from_record("directory", &record).unwrap()
    }

    #[test]
    fn only_the_record_of_the_same_declaration_on_the_same_target_is_not_parsed() {
        let materials = KeptMaterials::new(Sealer::new([0; 32]), EnvironmentName::new("staging"));
        let written = |on: &str, machine: Option<&str>| {
            let member = Member::new(&on.into(), None);
            let record = record_on(&member, machine, &directory("/srv"), &materials).unwrap();
            record.get().to_owned()
        };
        let declared = directory("/srv").record().unwrap();
        let web = written("web", None);
        assert!(is_record(&web, &declared, "web", None));
        assert!(!is_record(&web, &declared, "we", None));
        let other = directory("/sr").record().unwrap();
        assert!(!is_record(&web, &other, "web", None));
        let sealed = web.replace("\"web\"}", "\"web\",\"seals\":{}}");
        assert!(!is_record(&sealed, &declared, "web", None));
        // Names that need escaping are parsed.
        for on in ["a\"b", "a\\b", "a\nb"] {
            assert!(!is_record(&written(on, None), &declared, on, None), "{on}");
        }
        let remote = written("web", Some("deploy@web-1"));
        assert!(is_record(&remote, &declared, "web", Some("deploy@web-1")));
        for machine in [None, Some("deploy@web"), Some("deploy@web-2")] {
            assert!(
                !is_record(&remote, &declared, "web", machine),
                "{machine:?}"
            );
            assert!(
                machine.is_none() || !is_record(&web, &declared, "web", machine),
                "{machine:?}"
            );
        }
    }
}
