//! Objects: stored bytes are returned by digest, and damaged ones never are.

use super::{Bench, Fault};
use crate::LedgerError;
use evenkeel_model::Digest;

pub(super) fn check(make: &dyn Fn() -> Box<dyn Bench>) {
    stored_objects_are_returned(&*make());
    a_damaged_object_is_never_returned(&*make());
}

fn stored_objects_are_returned(bench: &dyn Bench) {
    let objects = bench.store().objects();
    assert!(objects.list().unwrap().is_empty());
    let one = objects.put(b"one").unwrap();
    let two = objects.put(b"").unwrap();
    assert_eq!(one, Digest::of(b"one"));
    assert_eq!(objects.put(b"one").unwrap(), one);
    assert_eq!(objects.get(&one).unwrap().unwrap(), b"one");
    assert_eq!(objects.get(&two).unwrap().unwrap(), b"");
    assert!(objects.get(&Digest::of(b"three")).unwrap().is_none());
    let mut both = vec![one, two];
    both.sort();
    assert_eq!(objects.list().unwrap(), both);
}

fn a_damaged_object_is_never_returned(bench: &dyn Bench) {
    let objects = bench.store().objects();
    let digest = objects.put(b"one").unwrap();
    if !bench.suffer(Fault::Object(&digest)) {
        return;
    }
    let refused = objects.get(&digest);
    assert!(matches!(refused, Err(LedgerError::Damaged { .. })));
    // Storing the bytes again repairs it.
    objects.put(b"one").unwrap();
    assert_eq!(objects.get(&digest).unwrap().unwrap(), b"one");
}
