//! Round trips and bytes of a conversation. Durations are printed and not checked.

use std::time::{Duration, Instant};

use evenkeel_host::{Answer, Observer as _, Query};

use super::line::Far;
use super::support::{Fixture, Here, query};

/// The delay in each direction.
const DELAY: Duration = Duration::from_millis(50);

#[test]
fn all_questions_are_sent_before_the_first_answer_is_awaited() {
    let world = Fixture::<Here>::new();
    let far = Far::start(&world.sealer, DELAY);
    let queries: Vec<Query> = (0..5000)
        .map(|number| {
            let name = number.to_string();
            if number % 10 == 0 {
                std::fs::write(world.path(&name), &name).unwrap();
            }
            query(&world.text(&name))
        })
        .collect();
    far.counted.hold_until(queries.len());
    let begun = Instant::now();
    let mut answers: Vec<Answer> = Vec::new();
    let mut sizes = Vec::new();
    let mut batches = queries.chunks(1024).map(<[Query]>::to_vec);
    far.client.observe_batches(&mut batches, &mut |some| {
        sizes.push(some.len());
        answers.extend(some);
    });
    eprintln!(
        "5,000 questions with {DELAY:?} in each direction: {:?}",
        begun.elapsed()
    );
    assert_eq!(sizes, [1024, 1024, 1024, 1024, 904]);
    // The same as on this machine, in the same order.
    assert!(answers == world.target.observe(&queries));
    far.end();
}

#[test]
fn batches_after_the_end_of_an_agent_are_answered_as_unreadable() {
    let world = Fixture::<Here>::new();
    let far = Far::start(&world.sealer, Duration::ZERO);
    let mut batches = (0..50).map(|number| {
        if number == 2 {
            far.kill();
        }
        vec![query(&format!("/none/{number}")); 3]
    });
    let mut counts = Vec::new();
    let mut reasons = Vec::new();
    far.client.observe_batches(&mut batches, &mut |answers| {
        counts.push(answers.len());
        reasons.extend(answers.into_iter().filter_map(|answer| match answer {
            Answer::Unreadable { reason } => Some(reason),
            _ => None,
        }));
    });
    assert_eq!(counts, [3; 50]);
    assert!(!reasons.is_empty());
    assert!(
        reasons.iter().all(|reason| reason.contains("broke")),
        "{reasons:?}"
    );
}
