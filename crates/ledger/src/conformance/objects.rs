//! Objects: what is put is got, by its digest, and a damaged one is never handed out.

use super::{Bench, Fault};
use crate::LedgerError;
use evenkeel_model::Digest;

pub(super) fn check(make: &dyn Fn() -> Box<dyn Bench>) {
    what_is_put_is_got(&*make());
    a_damaged_object_is_never_handed_out(&*make());
}

fn what_is_put_is_got(bench: &dyn Bench) {
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

fn a_damaged_object_is_never_handed_out(bench: &dyn Bench) {
    let objects = bench.store().objects();
    let digest = objects.put(b"one").unwrap();
    if !bench.suffer(Fault::Object(&digest)) {
        return;
    }
    let refused = objects.get(&digest);
    assert!(matches!(refused, Err(LedgerError::Damaged { .. })));
    // Its bytes are at hand again: it is whole again.
    objects.put(b"one").unwrap();
    assert_eq!(objects.get(&digest).unwrap().unwrap(), b"one");
}
