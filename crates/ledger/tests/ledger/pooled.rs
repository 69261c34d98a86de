//! The store in PostgreSQL through a pooler in transaction mode: each transaction may run on another connection of the
//! server, and nothing of a session survives.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use evenkeel_ledger::conformance;

use super::pooler::Pooler;
use super::postgres::{Schema, lose_and_repeat_nothing};
use super::server::Server;

#[test]
fn the_conformance_suite_passes_through_a_pooler_in_transaction_mode() {
    let Some(server) = Server::start(&["fsync = off"]) else {
        return;
    };
    let Some(pooler) = Pooler::start(&server) else {
        return;
    };
    let made = AtomicU32::new(0);
    let server = Arc::new(server);
    conformance::check(&|| {
        let name = format!("own_{}", made.fetch_add(1, Ordering::SeqCst));
        Box::new(Schema::new(&server, pooler.port, name))
    });
}

#[test]
fn cut_connections_and_a_killed_server_behind_a_pooler_lose_and_repeat_nothing() {
    let Some(mut server) = Server::start(&["restart_after_crash = on"]) else {
        return;
    };
    let Some(pooler) = Pooler::start(&server) else {
        return;
    };
    lose_and_repeat_nothing(&mut server, pooler.port, 60);
}
