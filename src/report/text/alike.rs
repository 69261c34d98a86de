//! Steps that are alike on several hosts: one line for all of them.

use super::super::document::StepDocument;
use evenkeel_core::plan::Unseen;
use evenkeel_model::HostName;
use evenkeel_model::text::list;

/// Number of hosts that are named before the rest is counted.
const NAMED: usize = 4;

/// Steps that differ in nothing but their hosts.
pub(super) struct Alike<'a> {
    /// The first of them.
    pub first: &'a StepDocument,
    /// Their hosts; empty for a step without a host.
    pub hosts: Vec<&'a str>,
}

impl Alike<'_> {
    /// Returns the name of their resource: with the host if there is one only.
    pub fn name(&self) -> String {
        let instance = &self.first.instance;
        if self.hosts.len() > 1 {
            instance.address.to_string()
        } else {
            instance.to_string()
        }
    }

    /// Returns the words for several hosts: `on 6 hosts: a, b, c, d and 2 more`.
    pub fn on(&self) -> Option<String> {
        let count = self.hosts.len();
        if count < 2 {
            return None;
        }
        let mut names: Vec<String> = self
            .hosts
            .iter()
            .take(NAMED)
            .map(|host| (*host).to_owned())
            .collect();
        if count > NAMED {
            names.push(format!("{} more", count - NAMED));
        }
        Some(format!("on {count} hosts: {}", list(&names, "and")))
    }
}

/// Groups the steps of a plan, each with its number from 0, by what they change. A group is where its first step is.
pub(super) fn groups<'a>(
    steps: impl Iterator<Item = &'a StepDocument>,
) -> impl Iterator<Item = Alike<'a>> {
    let mut steps = steps.peekable();
    std::iter::from_fn(move || {
        let first = steps.next()?;
        let host = |step: &'a StepDocument| step.instance.host.as_ref().map(HostName::as_str);
        let mut hosts: Vec<&str> = host(first).into_iter().collect();
        while let Some(next) = steps.next_if(|next| are_alike(first, next)) {
            hosts.extend(host(next));
        }
        Some(Alike { first, hosts })
    })
}

fn are_alike(one: &StepDocument, other: &StepDocument) -> bool {
    one.instance.host.is_some()
        && one.instance.address == other.instance.address
        && one.verb == other.verb
        && one.word == other.word
        && one.path == other.path
        && one.reason == other.reason
        && one.changes == other.changes
        && one.rehearsed == other.rehearsed
        && one.risky == other.risky
        && one.is_handover() == other.is_handover()
}

/// Returns the resources that cannot be read for one reason, by the first of them.
pub(super) fn unseen(unseen: &[Unseen]) -> Vec<(String, &str)> {
    let mut reasons: Vec<(&Unseen, usize)> = Vec::new();
    for each in unseen {
        match reasons
            .iter_mut()
            .find(|(first, _)| first.reason == each.reason)
        {
            Some((_, count)) => *count += 1,
            None => reasons.push((each, 1)),
        }
    }
    reasons
        .into_iter()
        .map(|(first, count)| {
            let name = first.instance.to_string();
            let name = match count {
                1 => name,
                count => format!("{name} and {} more", count - 1),
            };
            (name, &*first.reason)
        })
        .collect()
}
