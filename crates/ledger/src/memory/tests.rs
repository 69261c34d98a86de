//! The store in memory passes the conformance suite.

use super::MemoryStore;
use crate::conformance::{self, Bench, Fault};
use crate::{Head, Store};

impl Bench for MemoryStore {
    fn store(&self) -> &dyn Store {
        self
    }

    fn suffer(&self, fault: Fault<'_>) -> bool {
        let ledger = self.ledger();
        match fault {
            Fault::Line(sequence, line) => ledger.tamper(sequence, line),
            Fault::Cut(last) => ledger.cut(last),
            Fault::Gone => ledger.cut(0),
            Fault::NoHead => ledger.remember(Head::Absent),
            Fault::GarbledHead => ledger.remember(Head::Unreadable),
            Fault::Head(checkpoint) => ledger.remember(Head::Known(checkpoint.clone())),
            Fault::Object(digest) => return self.kept_objects().damage(digest),
            Fault::HolderDies(environment) => return self.kill_holder(environment),
        }
        true
    }
}

#[test]
fn the_memory_store_passes_the_conformance_suite() {
    conformance::check(&|| Box::new(MemoryStore::default()));
}
