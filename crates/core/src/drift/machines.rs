//! Machines that cannot be read: one finding for each, instead of one for each resource on it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{codes, scopes};
use crate::environment::resolve::TargetPlace;
use crate::environment::{Definition, Resolved};
use evenkeel_model::defect::Defect;
use evenkeel_model::{Instance, Member};

/// Replaces the findings of resources by one of their machine, where none of its resources can be read and the reason is
/// the same. For people and reports: a comparison of environments needs those of the resources.
#[must_use]
pub fn by_machine(
    definition: &Definition,
    resolved: &Resolved,
    defects: Vec<Defect>,
) -> Vec<Defect> {
    let mut unread: BTreeMap<Member, BTreeMap<String, Vec<usize>>> = BTreeMap::new();
    for (number, defect) in defects.iter().enumerate() {
        if let Some((member, reason)) = unreadable(resolved, defect) {
            let reasons = unread.entry(member).or_default();
            reasons.entry(reason.to_owned()).or_default().push(number);
        }
    }
    if unread.is_empty() {
        return defects;
    }
    let mut all: BTreeMap<Member, usize> = BTreeMap::new();
    let instances = resolved.instances();
    let on = instances.map(|(instance, resource)| (Arc::clone(&resource.on), instance.host));
    let scopes = resolved.scopes.iter().flat_map(|scope| {
        let place = resolved.targets.get(scope.on());
        let hosts = place.into_iter().flat_map(TargetPlace::members);
        hosts.map(|host| (Arc::clone(scope.on()), host.cloned()))
    });
    for (on, host) in on.chain(scopes) {
        *all.entry(Member::new(&on, host.as_ref())).or_default() += 1;
    }
    let mut instead: BTreeMap<usize, Option<Defect>> = BTreeMap::new();
    for (member, reasons) in unread {
        let count: usize = reasons.values().map(Vec::len).sum();
        if all.get(&member) != Some(&count) {
            continue;
        }
        for (reason, numbers) in reasons.into_iter().filter(|(_, it)| it.len() > 1) {
            // A scope is no resource.
            let is_resource = |number: &&usize| {
                let subject = defects.get(**number).map(|defect| &*defect.subject);
                subject
                    .and_then(Instance::parse)
                    .is_some_and(|it| resolved.resource_of(&it).is_some())
            };
            let count = numbers.iter().filter(is_resource).count();
            let one = of_machine(definition, resolved, &member, &reason, count);
            instead.extend(numbers.iter().map(|number| (*number, None)));
            instead.extend(numbers.first().map(|first| (*first, Some(one))));
        }
    }
    defects
        .into_iter()
        .enumerate()
        .filter_map(|(number, defect)| match instead.remove(&number) {
            Some(one) => one,
            None => Some(defect),
        })
        .collect()
}

/// Returns the subject of findings about the machine of a resource: `target.web@web-1`.
pub(super) fn machine_of(resolved: &Resolved, subject: &str) -> Option<String> {
    let instance = Instance::parse(subject)?;
    let on = match resolved.resource_of(&instance) {
        Some(resource) => &resource.on,
        None => scopes::of(resolved, &instance)?.on(),
    };
    Some(format!(
        "target.{}",
        Member::new(on, instance.host.as_ref())
    ))
}

/// Returns the machine and the reason of a resource that cannot be read.
fn unreadable<'a>(resolved: &Resolved, defect: &'a Defect) -> Option<(Member, &'a str)> {
    if defect.code != &codes::CANNOT_TELL {
        return None;
    }
    let instance = Instance::parse(&defect.subject)?;
    let (_, reason) = defect.message.split_once("): cannot be read: ")?;
    let on = match resolved.resource_of(&instance) {
        Some(resource) => &resource.on,
        None => scopes::of(resolved, &instance)?.on(),
    };
    let member = Member::new(on, instance.host.as_ref());
    Some((member, reason))
}

fn of_machine(
    definition: &Definition,
    resolved: &Resolved,
    member: &Member,
    reason: &str,
    count: usize,
) -> Defect {
    let name = &resolved.name;
    let subject = format!("target.{member}");
    let message = if count > 1 {
        format!("{subject} ({name}): none of its {count} resources can be read: {reason}")
    } else {
        format!("{subject} ({name}): cannot be read: {reason}")
    };
    let defect = Defect::new(&codes::CANNOT_TELL, subject, message).within(name);
    let own = definition.environments.get(name);
    let block = own.and_then(|own| own.targets.get(&member.target));
    match block.or_else(|| definition.targets.get(&member.target)) {
        Some(block) => defect.at(&block.span, "declared here"),
        None => defect,
    }
}

#[cfg(test)]
mod tests {
    use crate::in_memory::Project;

    #[test]
    fn a_machine_that_cannot_be_read_is_one_finding() {
        let resources: String = ["a", "b", "c"]
            .map(|name| {
                format!("[file.{name}]\non = \"web\"\npath = \"/srv/{name}\"\ncontent = \"x\"\n")
            })
            .concat();
        let fleet = Project::fleet(&["one", "two"]);
        fleet.apply(&resources);
        fleet.hosts["two"].cut("the host `two` cannot be reached");
        assert_eq!(
            fleet.findings(&resources),
            [
                "target.web@two (staging): none of its 3 resources can be read: the host `two` cannot be reached"
            ]
        );
        // A machine that answers in part keeps the findings of its resources.
        fleet.hosts["two"].heal();
        fleet.hosts["two"].blind("/srv/b");
        let findings = fleet.findings(&resources);
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert!(findings[0].starts_with("file.b@two (staging): cannot be read"));
    }
}
