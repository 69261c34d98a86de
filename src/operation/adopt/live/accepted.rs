//! Tests of definitions that are not written yet: they are valid, add no undeclared difference, and describe the hosts.

use std::collections::BTreeSet;

use super::{Adopting, Change, FoundStates, resource, shown};
use crate::operation::picture::Resolution;
use crate::operation::session::Needs;
use crate::operation::{Failure, Project};
use crate::world::unwritten::Unwritten;
use evenkeel_core::drift::{Disparity, Signature, codes, declare};
use evenkeel_core::environment::edit::add;
use evenkeel_core::environment::{DIFFERENCES_FILE, ResolvedResource};
use evenkeel_core::kind::{self, Adopt, Adoption, Observation};
use evenkeel_core::observe::Observers;
use evenkeel_host::{Observer, threads};
use evenkeel_model::defect::{Defect, Severity};
use evenkeel_model::text::{inert, list};
use evenkeel_model::{Address, EnvironmentName, Instance, Member};

/// Maximum number of hosts that are read concurrently.
const AT_ONCE: usize = 256;

/// Differences that a change adds.
struct NewDifferences {
    open: Vec<Disparity>,
    /// Place that would be declared twice.
    twice: Option<String>,
    sentences: Vec<String>,
}

impl Adopting<'_> {
    /// Returns the project with the change, if it is valid and adds no undeclared difference. A difference with a reason is
    /// declared.
    pub(super) fn accepted(&self, change: &mut Change) -> Result<Project<'_>, Failure> {
        let before = self.parity(self.project)?;
        let edited = self.edited(&change.files)?;
        let new = self.new_differences(&before, &edited)?;
        if new.open.is_empty() {
            change.sentences.extend(new.sentences);
            return Ok(edited);
        }
        let places: BTreeSet<&str> = new.open.iter().map(|each| each.place.as_str()).collect();
        let places: Vec<String> = places
            .into_iter()
            .map(|place| format!("`{place}`"))
            .collect();
        let places = list(&places, "and");
        let Some(reason) = &self.request.reason else {
            return Err(Failure::Refused {
                reason: format!("{} ({}): {places} would differ between environments", self.address, self.name),
                help: "add --reason 'TEXT' to declare the difference, or change the declared difference that does not allow it".into(),
            });
        };
        let now = self.project.world.clock.now();
        let owner = self.request.owner.clone();
        let signature = Signature::of_baseline(
            now.date(),
            self.request.expires_in,
            owner.unwrap_or_else(|| self.project.world.actor.name.clone()),
            Some(reason.clone()),
            self.request.ticket.clone(),
        )
        .map_err(|error| Failure::Usage(format!("--expires-in: {error}")))?;
        let path = &self.project.definition.path;
        let chosen: Vec<&Disparity> = new.open.iter().collect();
        let declared = declare(&chosen, &new.open, path, &signature);
        let old = self.project.bytes_of(DIFFERENCES_FILE)?;
        let text = match &old {
            Some(bytes) => Some(str::from_utf8(bytes).map_err(|_| {
                Failure::other(format!(
                    "{} is not UTF-8",
                    self.project.shown(DIFFERENCES_FILE)
                ))
            })?),
            None => None,
        };
        let text = add(text, &declared, None)
            .map_err(|error| Failure::other(format!("{DIFFERENCES_FILE}: {error}")))?;
        change.files.put(DIFFERENCES_FILE, old, text.into_bytes());
        let edited = self.edited(&change.files)?;
        let left = self.new_differences(&before, &edited)?;
        if let Some(twice) = left.twice {
            return Err(Failure::Refused {
                reason: format!("{} ({}): {twice}", self.address, self.name),
                help: "change the existing declaration yourself: it does not allow the found value"
                    .into(),
            });
        }
        if let Some(first) = left.open.first() {
            return Err(Failure::Refused {
                reason: format!("{} ({}): {}", self.address, self.name, first.defect.message),
                help: "change the declared difference that covers the place, then run this again"
                    .into(),
            });
        }
        change.sentences.push(format!(
            "declared that {places} may differ, until {}",
            signature.expires
        ));
        change.sentences.extend(left.sentences);
        Ok(edited)
    }

    /// Returns the project with changed files, if it is valid.
    fn edited(&self, files: &Unwritten) -> Result<Project<'_>, Failure> {
        self.project
            .edited(files)
            .map_err(|failure| self.invalid(failure))
    }

    fn invalid(&self, failure: Failure) -> Failure {
        let Failure::Definitions(defects) = failure else {
            return failure;
        };
        let first = defects.first().map_or("unknown", |defect| &*defect.message);
        Failure::Refused {
            reason: format!(
                "{} ({}): the definitions would be invalid: {first}",
                self.address, self.name
            ),
            help: format!(
                "change the definition at {} yourself; nothing was written",
                self.resource.block.span.location()
            ),
        }
    }

    /// Compares the environments of a project, without secrets and without documents.
    fn parity(&self, project: &Project<'_>) -> Result<Resolution, Failure> {
        let path = project.definition.path.clone();
        let sealer = self.project.temporary_sealer();
        Resolution::of(project, &path, sealer, Needs::Definitions)
    }

    /// Returns the undeclared differences that a change adds, and remarks on declared ones.
    fn new_differences(
        &self,
        before: &Resolution,
        edited: &Project<'_>,
    ) -> Result<NewDifferences, Failure> {
        let after = self
            .parity(edited)
            .map_err(|failure| self.invalid(failure))?;
        let key = |each: &Disparity| (each.place.clone(), each.between.clone());
        let known: BTreeSet<_> = before.open.iter().map(key).collect();
        let open = after
            .open
            .into_iter()
            .filter(|each| each.defect.severity > Severity::Advice && !known.contains(&key(each)))
            .collect();
        let is_remark = |defect: &&Defect| defect.code.name.starts_with("difference/");
        let known: BTreeSet<&str> = before
            .parity
            .iter()
            .map(|defect| &*defect.message)
            .collect();
        let sentences = after
            .parity
            .iter()
            .filter(is_remark)
            .filter(|defect| !known.contains(&*defect.message))
            .map(|defect| format!("{}: {}", defect.code.name, defect.message))
            .collect();
        let twice = after
            .parity
            .iter()
            .find(|defect| defect.code == &codes::DUPLICATE && !known.contains(&*defect.message));
        let twice = twice.map(|defect| match defect.labels.first() {
            Some(label) => format!("{} at {}", defect.message, label.span.location()),
            None => defect.message.clone(),
        });
        Ok(NewDifferences {
            open,
            twice,
            sentences,
        })
    }

    /// Checks that the new definition describes what the chosen hosts have.
    pub(super) fn describes(
        &self,
        edited: &Project<'_>,
        adoptions: &[Adoption],
        chosen: &[Instance],
    ) -> Result<(), Failure> {
        let left = self.left(
            edited,
            self.name,
            &|instance| chosen.contains(instance),
            None,
        )?;
        let Some((instance, what)) = left else {
            return Ok(());
        };
        let adopted: BTreeSet<&str> = adoptions
            .iter()
            .map(|each| each.attribute.as_str())
            .collect();
        let adopted: Vec<String> = adopted.into_iter().map(str::to_owned).collect();
        Err(Failure::Refused {
            reason: format!(
                "{instance} ({}): the definition would not describe its state: {what}",
                self.name
            ),
            help: format!(
                "change the definition at {} yourself ({}); nothing was written",
                self.resource.block.span.location(),
                list(&adopted, "and")
            ),
        })
    }

    /// Checks that the environments that share the changed values have them too.
    pub(super) fn agree(
        &self,
        edited: &Project<'_>,
        adoptions: &[Adoption],
    ) -> Result<(), Failure> {
        let attributes: BTreeSet<&str> = adoptions
            .iter()
            .map(|each| each.attribute.as_str())
            .collect();
        let keys = kind::facts(self.address.kind());
        let keys: BTreeSet<&str> = adoptions
            .iter()
            .flat_map(|each| match &each.change {
                Adopt::Key(key, _) => vec![*key],
                _ => keys
                    .map_or(&[][..], |kind| kind.keys_of(&each.attribute))
                    .to_vec(),
            })
            .collect();
        let others: BTreeSet<&EnvironmentName> =
            keys.iter().flat_map(|key| self.sharing(key)).collect();
        let mut lines = Vec::new();
        for other in &others {
            match self.left(edited, other, &|_| true, Some(&attributes)) {
                Ok(None) => {}
                Ok(Some((instance, what))) => lines.push(format!("{instance} ({other}): {what}")),
                Err(failure) => lines.push(format!("{} ({other}): {failure}", self.address)),
            }
        }
        if lines.is_empty() {
            return Ok(());
        }
        let others: Vec<String> = others.iter().map(ToString::to_string).collect();
        Err(Failure::Refused {
            reason: format!(
                "{} ({}): its definition is shared with {}, where the state differs: {}",
                self.address,
                self.name,
                list(&others, "and"),
                lines.join("; ")
            ),
            help: format!(
                "add --everywhere to change it for all environments, or --reason 'TEXT' to give {} a separate value",
                self.name
            ),
        })
    }

    /// Returns the first instance that differs from its definition in a project, and how.
    fn left(
        &self,
        edited: &Project<'_>,
        name: &EnvironmentName,
        is_chosen: &dyn Fn(&Instance) -> bool,
        attributes: Option<&BTreeSet<&str>>,
    ) -> Result<Option<(Instance, String)>, Failure> {
        let sealer = self.project.sealer_for_reading()?;
        let names = std::slice::from_ref(name);
        let resolution = Resolution::of(edited, names, sealer, Needs::Live)
            .map_err(|failure| self.invalid(failure))?;
        let resource = resource(resolution.environment(name)?, self.address)?;
        let found = observe(edited, &resolution, name, self.address)?;
        for (instance, seen) in found {
            if !is_chosen(&instance) {
                continue;
            }
            let observed = match seen {
                Observation::Seen(observed) => observed,
                Observation::CannotTell(reason) => {
                    return Ok(Some((
                        instance,
                        format!("cannot be read: {}", inert(&reason)),
                    )));
                }
            };
            let wrong = resource.declared.compare(&observed);
            let first = wrong.iter().find(|each| {
                attributes.is_none_or(|names| {
                    each.attribute == "presence" || names.contains(each.attribute.as_str())
                })
            });
            if let Some(each) = first {
                let (found, expected) = (shown(&each.found), shown(&each.expected));
                return Ok(Some((
                    instance,
                    format!("{} is {found}, expected {expected}", each.attribute),
                )));
            }
        }
        Ok(None)
    }
}

/// Observes one resource on all of its hosts: one query per host.
pub(super) fn observe(
    project: &Project<'_>,
    resolution: &Resolution,
    name: &EnvironmentName,
    address: &Address,
) -> Result<FoundStates, Failure> {
    let resolved = resolution.environment(name)?;
    let targets = resolution.targets(project, name)?;
    let observers: Observers<'_> = targets.observers();
    let instances: Vec<(Instance, &ResolvedResource)> = resolved
        .instances()
        .filter(|(instance, _)| instance.address == *address)
        .collect();
    let seen = threads::map(&instances, AT_ONCE, |(instance, resource)| {
        let member = Member::new(&resource.on, instance.host.as_ref());
        let Some(observer) = observers.get(&member) else {
            return Observation::CannotTell("its target has no such host".to_owned());
        };
        let observer: &dyn Observer = *observer;
        let answers = observer.observe(&resource.declared.queries());
        resource.declared.observed(&answers)
    });
    if project.world.interruption.is_set() {
        return Err(Failure::Interrupted);
    }
    Ok(instances
        .into_iter()
        .zip(seen)
        .map(|((instance, _), seen)| {
            let failed = || Observation::CannotTell("reading it failed".to_owned());
            (instance, seen.unwrap_or_else(failed))
        })
        .collect())
}
