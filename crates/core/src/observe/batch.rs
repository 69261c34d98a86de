//! Batches of queries: all machines concurrently, each with its own batches. Very many resources of one machine are
//! queried in several batches: queries and answers are in memory for one batch only, observations stay. A machine behind
//! a channel gets all batches without a wait for answers, and answers them in turn.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::sync::mpsc::channel;

use rayon::prelude::*;

use crate::kind::{Declared, Observation, Observed};
use evenkeel_host::threads;
use evenkeel_host::{Answer, Observer, Query};
use evenkeel_model::{Instance, Member};

/// Machines of an environment, for observation.
pub type Observers<'a> = BTreeMap<Member, &'a dyn Observer>;

/// Maximum number of resources in one batch.
const AT_ONCE: usize = 1_024;

/// Minimum number of resources worth another core.
const AT_LEAST: usize = 128;

/// Maximum number of machines queried concurrently. Mostly their answers are waited for.
const MACHINES_AT_ONCE: usize = 256;

/// Observed resources, in no order.
type Seen = Vec<(Instance, Observation<Observed>)>;

/// Resources of one machine.
type OfMember<'a> = (Member, Vec<(Instance, &'a Declared)>);

/// Further queries about machines, besides those of resources; at most one for each.
pub type Questions = BTreeMap<Member, Query>;

/// Observes resources, each with its target. The resources of an unreachable machine are unknown.
pub fn observe<'a>(
    resources: impl IntoIterator<Item = (Instance, &'a Arc<str>, &'a Declared)>,
    observers: &Observers<'_>,
) -> BTreeMap<Instance, Observation<Observed>> {
    observe_with(resources, &Questions::new(), observers).0
}

/// Observes resources like [`observe`], and answers further queries in the same batches.
pub fn observe_with<'a>(
    resources: impl IntoIterator<Item = (Instance, &'a Arc<str>, &'a Declared)>,
    questions: &Questions,
    observers: &Observers<'_>,
) -> (
    BTreeMap<Instance, Observation<Observed>>,
    BTreeMap<Member, Answer>,
) {
    let mut members: BTreeMap<Member, Vec<(Instance, &'a Declared)>> = BTreeMap::new();
    let mut last: Option<OfMember<'a>> = None;
    for (instance, on, declared) in resources {
        // Most neighbours are on one machine.
        match &mut last {
            Some((member, list)) if *member.target == **on && member.host == instance.host => {
                list.push((instance, declared));
            }
            _ => {
                let member = Member::new(on, instance.host.as_ref());
                let list = members.remove(&member).unwrap_or_default();
                if let Some((member, list)) = last.replace((member, list)) {
                    members.insert(member, list);
                }
                if let Some((_, list)) = &mut last {
                    list.push((instance, declared));
                }
            }
        }
    }
    members.extend(last);
    for member in questions.keys() {
        members.entry(member.clone()).or_default();
    }
    // Rebuild from a sorted iterator: bulk-built maps have full nodes.
    let members: Vec<_> = members.into_iter().collect();
    let (mut seen, answers) = of_members(&members, questions, observers);
    seen.par_sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
    (seen.into_iter().collect(), answers)
}

/// Observes the resources of all machines. After a panic, those of the machine are missing, which counts as unknown.
fn of_members(
    members: &[OfMember<'_>],
    questions: &Questions,
    observers: &Observers<'_>,
) -> (Seen, BTreeMap<Member, Answer>) {
    let done = threads::map(members, MACHINES_AT_ONCE, |(member, resources)| {
        let observer = observers.get(member).copied();
        let mut seen = Vec::with_capacity(resources.len());
        let answer = of_member(
            member,
            resources,
            questions.get(member),
            observer,
            &mut seen,
        );
        let answer = answer.map(|answer| (member.clone(), answer));
        (seen, answer)
    });
    let mut answers = BTreeMap::new();
    let mut seen = Vec::new();
    for (own, answer) in done.into_iter().flatten() {
        answers.extend(answer);
        // Mostly there is one machine.
        if seen.is_empty() {
            seen = own;
        } else {
            seen.extend(own);
        }
    }
    (seen, answers)
}

/// Observes resources of one machine, and returns the answer to a further query, which travels in the first batch.
fn of_member(
    member: &Member,
    resources: &[(Instance, &Declared)],
    question: Option<&Query>,
    observer: Option<&dyn Observer>,
    seen: &mut Seen,
) -> Option<Answer> {
    let first = resources.get(..AT_ONCE.min(resources.len()));
    let rest = resources.get(AT_ONCE..).unwrap_or_default();
    let (sender, asked) = channel();
    let mut further = question;
    let mut batches = first
        .into_iter()
        .chain(rest.chunks(AT_ONCE))
        .filter_map(|some| {
            let further = further.take();
            if some.is_empty() && further.is_none() {
                return None;
            }
            let (mut queries, parts) = queries_of(some);
            queries.extend(further.cloned());
            // The receiver outlives the iterator.
            let _ = sender.send((some, parts));
            Some(queries)
        });
    let mut further_answer = None;
    let mut found = |answers: Vec<Answer>| {
        if let Ok((some, parts)) = asked.try_recv() {
            let last = parts.last().map_or(0, |part: &Range<usize>| part.end);
            let more = take_answers(some, parts, answers, last, seen);
            further_answer = further_answer.take().or(more);
        }
    };
    match observer {
        Some(observer) => observer.observe_batches(&mut batches, &mut found),
        None => {
            let reason = format!("the target `{member}` does not exist");
            for queries in batches {
                let unreadable = |_: &Query| Answer::Unreadable {
                    reason: reason.clone(),
                };
                found(queries.iter().map(unreadable).collect());
            }
        }
    }
    further_answer.filter(|_| question.is_some())
}

/// Returns the queries of resources, and which ones belong to each.
fn queries_of(resources: &[(Instance, &Declared)]) -> (Vec<Query>, Vec<Range<usize>>) {
    let asked: Vec<Vec<Query>> = resources
        .par_iter()
        .with_min_len(AT_LEAST)
        .map(|(_, declared)| declared.queries())
        .collect();
    // Room for a further query.
    let mut queries = Vec::with_capacity(resources.len() + 1);
    let mut parts = Vec::with_capacity(resources.len());
    for own in asked {
        let first = queries.len();
        queries.extend(own);
        parts.push(first..queries.len());
    }
    (queries, parts)
}

/// Adds the observations of one batch; returns the answer that belongs to no resource.
fn take_answers(
    resources: &[(Instance, &Declared)],
    parts: Vec<Range<usize>>,
    mut answers: Vec<Answer>,
    further: usize,
    seen: &mut Seen,
) -> Option<Answer> {
    let answered = resources.par_iter().with_min_len(AT_LEAST).zip(parts);
    seen.par_extend(answered.map(|((instance, declared), part)| {
        // A target may return fewer answers than queries.
        let own = answers.get(part.start..part.end.min(answers.len()));
        let own = own.unwrap_or_default();
        (instance.clone(), declared.observed(own))
    }));
    (further < answers.len()).then(|| answers.swap_remove(further))
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use serde_json::value::RawValue;

    use super::{AT_ONCE, Observers, Questions, observe_with};
    use crate::kind::Declared;
    use evenkeel_host::facts::{self, GroupOfFacts};
    use evenkeel_host::{Answer, Batches, Observer, Query};
    use evenkeel_model::{Address, Instance, Member};

    /// Answers questions about facts, and notes the sizes of batches.
    #[derive(Default)]
    struct Counting(Mutex<Vec<(usize, usize)>>);

    impl Observer for Counting {
        fn observe(&self, queries: &[Query]) -> Vec<Answer> {
            let mut facts = 0;
            let answers = queries.iter().map(|query| match query {
                Query::Facts(query) => {
                    facts += 1;
                    let groups = query.groups.iter().map(|name| GroupOfFacts {
                        name: name.clone(),
                        ..GroupOfFacts::default()
                    });
                    let groups = groups.collect();
                    Answer::Facts(facts::Answer { groups })
                }
                _ => Answer::Unreadable {
                    reason: "not asked".to_owned(),
                },
            });
            let answers = answers.collect();
            self.0.lock().unwrap().push((queries.len(), facts));
            answers
        }
    }

    /// A machine behind a channel: takes all batches before it answers one.
    struct Far(Counting);

    impl Observer for Far {
        fn observe(&self, queries: &[Query]) -> Vec<Answer> {
            self.0.observe(queries)
        }

        fn observe_batches(&self, batches: Batches<'_>, found: &mut dyn FnMut(Vec<Answer>)) {
            let all: Vec<Vec<Query>> = batches.collect();
            for queries in all {
                found(self.observe(&queries));
            }
        }
    }

    #[test]
    fn a_question_travels_in_the_first_batch_of_its_machine() {
        let web: Arc<str> = Arc::from("web");
        let member = Member::new(&web, None);
        let query = Query::Facts(facts::Query {
            groups: vec!["open-ports".to_owned()],
        });
        let questions: Questions = [(member.clone(), query)].into();
        let record =
            r#"{"except":[],"exclusive":false,"group":null,"mode":493,"owner":null,"path":"/srv"}"#;
        let record = RawValue::from_string(record.to_owned()).unwrap();
        let declared = Declared::from_record("directory", &record).unwrap();
        for (resources, batches) in [
            (0, vec![(1, 1)]),
            (3, vec![(4, 1)]),
            (AT_ONCE + 1, vec![(AT_ONCE + 1, 1), (1, 0)]),
        ] {
            for is_far in [false, true] {
                let far = Far(Counting::default());
                let observer: &dyn Observer = if is_far { &far } else { &far.0 };
                let observers: Observers<'_> = [(member.clone(), observer)].into();
                let instances = (0..resources).map(|number| {
                    let name = format!("d{number}");
                    (
                        Instance::from(Address::new("directory", &name)),
                        &web,
                        &declared,
                    )
                });
                let (seen, answers) = observe_with(instances, &questions, &observers);
                assert_eq!(seen.len(), resources);
                assert!(
                    matches!(answers.get(&member), Some(Answer::Facts(answer)) if answer.groups.len() == 1)
                );
                assert_eq!(*far.0.0.lock().unwrap(), batches);
            }
        }
    }
}
