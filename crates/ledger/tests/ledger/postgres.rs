//! The store in PostgreSQL, against a real server: the conformance suite, accounts that may only read, a server that
//! dies, and connections that are cut.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use evenkeel_ledger::conformance::{self, Bench, Fault, lease, time};
use evenkeel_ledger::lease::{Holder, Lock};
use evenkeel_ledger::postgres::{Address, PostgresStore, Variables};
use evenkeel_ledger::record::Actor;
use evenkeel_ledger::shared::SharedKey;
use evenkeel_ledger::{Fence, Lease, LedgerError, Record, Store};
use evenkeel_model::{EnvironmentName, Secret};

use super::server::Server;
use super::writer::{actor, record};

pub(crate) fn key() -> SharedKey {
    let text = "5a".repeat(32);
    SharedKey::new(
        "the variable KEY",
        Arc::new(move || Ok(Some(Secret::new(text.clone())))),
    )
}

pub(crate) fn store(server: &Server, account: &str, schema: &str) -> PostgresStore {
    store_at(server.port, account, schema)
}

/// Returns the store at a port, which may be one of a pooler.
pub(crate) fn store_at(port: u16, account: &str, schema: &str) -> PostgresStore {
    let text = format!("postgres://{account}@127.0.0.1:{port}/postgres?schema={schema}");
    let address = Address::parse(&text, &Variables::new()).unwrap();
    PostgresStore::new(address, key(), Arc::default())
}

/// A store in its own schema.
pub(crate) struct Schema {
    name: String,
    store: PostgresStore,
    /// Connected as an attacker with all rights.
    attacker: Mutex<postgres::Client>,
    /// Runs as long as the store.
    _server: Arc<Server>,
}

impl Schema {
    /// Returns the store in a new schema, through a port of the server or of a pooler.
    pub(crate) fn new(server: &Arc<Server>, port: u16, name: String) -> Self {
        Self {
            store: store_at(port, "postgres", &name),
            name,
            attacker: Mutex::new(server.connect("postgres").unwrap()),
            _server: Arc::clone(server),
        }
    }

    /// Changes the tables without their triggers.
    fn change(&self, statement: &str, parameters: &[&(dyn postgres::types::ToSql + Sync)]) {
        let mut attacker = self.attacker.lock().unwrap();
        attacker
            .batch_execute("SET session_replication_role = replica")
            .unwrap();
        let statement = statement.replace("$.", &format!("{}.", self.name));
        attacker.execute(&statement, parameters).unwrap();
    }
}

impl Bench for Schema {
    fn store(&self) -> &dyn Store {
        &self.store
    }

    fn suffer(&self, fault: Fault<'_>) -> bool {
        let number = |number: u64| i64::try_from(number).unwrap();
        match fault {
            Fault::Line(sequence, line) => self.change(
                "UPDATE $.entry SET line = $2 WHERE sequence = $1",
                &[&number(sequence), &line],
            ),
            Fault::Cut(last) => {
                self.change("DELETE FROM $.entry WHERE sequence > $1", &[&number(last)]);
            }
            Fault::Gone => {
                self.change("DELETE FROM $.entry", &[]);
                self.change("DELETE FROM $.lease", &[]);
            }
            Fault::NoHead => self.change("DELETE FROM $.head", &[]),
            Fault::GarbledHead => self.change(
                "INSERT INTO $.head (lineage, sequence, digest) VALUES ('x', 1, 'x') \
                 ON CONFLICT (single) DO UPDATE SET digest = 'x'",
                &[],
            ),
            Fault::Head(head) => self.change(
                "INSERT INTO $.head (lineage, sequence, digest) VALUES ($1, $2, $3) \
                 ON CONFLICT (single) DO UPDATE SET lineage = $1, sequence = $2, digest = $3",
                &[
                    &head.lineage,
                    &number(head.sequence),
                    &head.digest.as_bytes().as_slice(),
                ],
            ),
            Fault::Object(digest) => self.change(
                "UPDATE $.object SET bytes = 'other bytes' WHERE digest = $1",
                &[&digest.as_bytes().as_slice()],
            ),
            // A holder that dies renews its lock no more, which is free half a minute later.
            Fault::HolderDies(environment) => self.change(
                "UPDATE $.lock SET expires = now() - interval '1 second' WHERE environment = $1",
                &[&environment.as_str()],
            ),
        }
        true
    }
}

#[test]
fn the_postgres_store_passes_the_conformance_suite() {
    let Some(server) = Server::start(&["fsync = off"]) else {
        return;
    };
    let made = AtomicU32::new(0);
    let server = Arc::new(server);
    conformance::check(&|| {
        let name = format!("own_{}", made.fetch_add(1, Ordering::SeqCst));
        Box::new(Schema::new(&server, server.port, name))
    });
}

fn holder() -> Holder {
    Holder {
        by: Actor {
            name: "ada".to_owned(),
            host: "engine".to_owned(),
            process: 7,
        },
        since: time(1),
        purpose: "apply".to_owned(),
    }
}

/// An auditor reads and verifies everything, and changes nothing. Without the key, the ledger is readable too.
#[test]
fn an_auditors_account_reads_everything_and_changes_nothing() {
    let Some(server) = Server::start(&["fsync = off"]) else {
        return;
    };
    let mut admin = server.connect("postgres").unwrap();
    admin.batch_execute("CREATE ROLE auditor LOGIN").unwrap();
    let writer = store(&server, "postgres", "evenkeel");
    let ledger = writer.open_or_found("guestbook", time(0)).unwrap();
    ledger
        .append(time(1), &[lease("staging", 1)], None)
        .unwrap();
    let object = writer.objects().put(b"evidence").unwrap();
    let auditor = store(&server, "auditor", "evenkeel");
    // Without the grant, nothing is readable, and that is no empty ledger.
    assert!(auditor.open(Some("guestbook")).is_err());
    writer.grant_reading("auditor").unwrap();
    let read = auditor.open(Some("guestbook")).unwrap().unwrap();
    assert_eq!(read.read(0).unwrap().len(), 2);
    assert!(auditor.verify(&[]).unwrap().is_whole());
    assert_eq!(
        auditor.objects().get(&object).unwrap().unwrap(),
        b"evidence"
    );
    let staging = EnvironmentName::new("staging");
    assert_eq!(auditor.observe_lock(&staging).unwrap(), Lock::Free);
    let refused = [
        auditor
            .open_or_found("guestbook", time(2))
            .and_then(|ledger| ledger.append(time(2), &[lease("staging", 2)], None))
            .err(),
        auditor.objects().put(b"forged").err(),
        auditor.lock(&staging, &holder(), None).err(),
        auditor.restore_head().err(),
    ];
    for refused in refused {
        let refused = refused.unwrap();
        assert!(matches!(refused, LedgerError::Unusable { .. }), "{refused}");
    }
    assert_eq!(writer.verify(&[]).unwrap().entries, 2);
    // No one changes an entry by an ordinary statement, not even its owner.
    for statement in [
        "UPDATE evenkeel.entry SET line = ''",
        "DELETE FROM evenkeel.entry",
        "TRUNCATE evenkeel.entry",
        "DELETE FROM evenkeel.object",
    ] {
        assert!(admin.batch_execute(statement).is_err(), "{statement}");
    }
    admin
        .batch_execute("ALTER TABLE evenkeel.entry DISABLE TRIGGER entry_is_final")
        .unwrap();
    let found = writer.verify(&[]).unwrap();
    assert_eq!(
        found.findings[0].what,
        "`entry_is_final` of the schema is missing or disabled"
    );
}

/// Returns the records of a ledger by their writer and token, each with its number.
fn records(store: &PostgresStore) -> BTreeMap<(String, u64), u64> {
    let ledger = store.open(Some("guestbook")).unwrap().unwrap();
    let mut found = BTreeMap::new();
    for entry in ledger.read(0).unwrap() {
        if let Some(Record::LeaseTaken(taken)) = Record::decode(&entry.kind, &entry.body).unwrap() {
            let twice = found.insert((taken.environment.to_string(), taken.token), entry.sequence);
            assert_eq!(twice, None, "one record was appended twice");
        }
    }
    found
}

/// Connections are cut at any moment, and the server is killed and starts again: every acknowledged entry is there, at
/// its number and once, and nothing is missing in between.
#[test]
fn cut_connections_and_a_killed_server_lose_and_repeat_nothing() {
    let Some(mut server) = Server::start(&["restart_after_crash = on"]) else {
        return;
    };
    let port = server.port;
    lose_and_repeat_nothing(&mut server, port, 300);
}

/// Cuts connections and kills the server while writers use this port, which may be one of a pooler.
pub(crate) fn lose_and_repeat_nothing(server: &mut Server, port: u16, enough: u32) {
    const WRITERS: u64 = 4;
    let reader = store_at(port, "postgres", "evenkeel");
    drop(reader.open_or_found("guestbook", time(0)).unwrap());
    let is_over = AtomicBool::new(false);
    let stores: Vec<PostgresStore> = (0..WRITERS)
        .map(|_| store_at(port, "postgres", "evenkeel"))
        .collect();
    let mut promised: BTreeMap<(String, u64), u64> = BTreeMap::new();
    let mut refused = 0;
    thread::scope(|scope| {
        let is_over = &is_over;
        let writers: Vec<_> = stores
            .iter()
            .enumerate()
            .map(|(number, store)| {
                scope.spawn(move || {
                    let mut acknowledged = Vec::new();
                    let mut errors = 0;
                    let mut token = 0;
                    while !is_over.load(Ordering::SeqCst) {
                        token += 1;
                        let appended =
                            store
                                .open_or_found("guestbook", time(1))
                                .and_then(|ledger| {
                                    ledger.append(time(1), &[record(number as u64, token)], None)
                                });
                        match appended {
                            Ok(sequence) => acknowledged.push((token, sequence)),
                            Err(error) => {
                                println!("refused: {error:?}");
                                errors += 1;
                            }
                        }
                    }
                    (number, acknowledged, errors)
                })
            })
            .collect();
        let mut cuts = 0;
        let mut kills = 0;
        while cuts < enough {
            let Ok(mut admin) = server.connect("postgres") else {
                continue;
            };
            let cut = admin.query_one(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
                 WHERE application_name = 'evenkeel'",
                &[],
            );
            if let Ok(row) = cut {
                cuts += u32::try_from(row.get::<_, i64>(0)).unwrap();
            }
            drop(admin);
            if cuts > (kills + 1) * enough / 3 {
                kills += 1;
                server.kill();
                server.run();
            }
            thread::sleep(Duration::from_millis(15));
        }
        is_over.store(true, Ordering::SeqCst);
        for writer in writers {
            let (number, acknowledged, errors) = writer.join().unwrap();
            refused += errors;
            for (token, sequence) in acknowledged {
                promised.insert((format!("environment-{number}"), token), sequence);
            }
        }
        println!("{cuts} cut connections, {kills} kills of the server");
    });
    let verification = reader.verify(&[]).unwrap();
    assert!(verification.is_whole(), "{:?}", verification.findings);
    let kept = records(&reader);
    assert_eq!(verification.entries, kept.len() as u64 + 1);
    for (of, sequence) in &promised {
        assert_eq!(kept.get(of), Some(sequence), "{of:?}");
    }
    println!(
        "{} acknowledged, {refused} refused, {} kept",
        promised.len(),
        kept.len()
    );
    assert!(promised.len() > 20);
}

/// A holder whose lock expires while it is suspended can neither append nor act; a successor waits for no one.
#[test]
fn a_holder_that_was_suspended_is_fenced_and_knows_it() {
    let Some(server) = Server::start(&["fsync = off"]) else {
        return;
    };
    let (one, two) = (
        store(&server, "postgres", "evenkeel"),
        store(&server, "postgres", "evenkeel"),
    );
    let ledger = one.open_or_found("guestbook", time(0)).unwrap();
    let other = two.open_or_found("guestbook", time(0)).unwrap();
    let clock = evenkeel_model::moment::FixedClock(time(5));
    let staging = EnvironmentName::new("staging");
    let by = actor();
    let first = Lease::take(&one, &*ledger, &clock, &staging, &by, "apply", None).unwrap();
    first.confirm().unwrap();
    let refused = Lease::take(&two, &*other, &clock, &staging, &by, "apply", None)
        .err()
        .unwrap();
    assert!(matches!(refused, LedgerError::Held { .. }), "{refused}");
    // As after half a minute without a sign of life.
    let mut admin = server.connect("postgres").unwrap();
    admin
        .batch_execute("UPDATE evenkeel.lock SET expires = now() - interval '1 second'")
        .unwrap();
    let second = Lease::take(&two, &*other, &clock, &staging, &by, "apply", None).unwrap();
    assert_eq!(second.fence().token, 2);
    let late: Fence = first.fence().clone();
    let refused = ledger
        .append(time(9), &[record(1, 1)], Some(&late))
        .unwrap_err();
    assert!(matches!(
        refused,
        LedgerError::Fenced {
            held: 1,
            newest: 2,
            ..
        }
    ));
    // Its late return does not free the lock of its successor.
    drop(first);
    assert!(matches!(one.observe_lock(&staging).unwrap(), Lock::Held(_)));
    second.confirm().unwrap();
    drop(second);
    assert_eq!(one.observe_lock(&staging).unwrap(), Lock::Free);
}

/// The clock of the server decides when a lock ends, whatever the clocks of its holders say.
#[test]
fn a_lock_ends_by_the_clock_of_the_server() {
    let Some(server) = Server::start(&["fsync = off"]) else {
        return;
    };
    let right = evenkeel_model::moment::FixedClock(time(5));
    let (staging, by) = (EnvironmentName::new("staging"), actor());
    for seconds in [3600, -3600] {
        let skewed = evenkeel_model::moment::FixedClock(time(5 + seconds));
        let (one, two) = (
            store(&server, "postgres", "evenkeel"),
            store(&server, "postgres", "evenkeel"),
        );
        let ledger = one.open_or_found("guestbook", time(0)).unwrap();
        let other = two.open_or_found("guestbook", time(0)).unwrap();
        let held = Lease::take(&one, &*ledger, &skewed, &staging, &by, "apply", None).unwrap();
        let take = || Lease::take(&two, &*other, &right, &staging, &by, "apply", None);
        let refused = take().err().unwrap();
        assert!(matches!(refused, LedgerError::Held { .. }), "{refused}");
        held.confirm().unwrap();
        let mut admin = server.connect("postgres").unwrap();
        admin
            .batch_execute("UPDATE evenkeel.lock SET expires = now() - interval '1 second'")
            .unwrap();
        drop(take().unwrap());
        drop(held);
    }
    let own = store(&server, "postgres", "evenkeel");
    let verification = own.verify(&[]).unwrap();
    assert!(verification.is_whole(), "{:?}", verification.findings);
    let entries = own.open(None).unwrap().unwrap().read(0).unwrap();
    assert!(entries.windows(2).any(|two| two[0].time > two[1].time));
}

/// A replica, an unreachable server, a wrong account and a newer format are each named.
#[test]
fn what_cannot_be_used_is_named() {
    let Some(server) = Server::start(&["fsync = off"]) else {
        return;
    };
    let refused = |address: &str| {
        let address = Address::parse(address, &Variables::new()).unwrap();
        let begun = Instant::now();
        let error = PostgresStore::new(address, key(), Arc::default())
            .open(None)
            .err()
            .unwrap();
        assert!(begun.elapsed() < Duration::from_secs(14));
        let source = std::error::Error::source(&error).map(ToString::to_string);
        format!("{error}: {}", source.unwrap_or_default())
    };
    let stranger = refused(&server.address("stranger"));
    assert!(
        stranger.contains("role \"stranger\" does not exist"),
        "{stranger}"
    );
    let closed = refused("postgres://ada@127.0.0.1:1/postgres");
    assert!(closed.contains("onnection refused"), "{closed}");
    let mut admin = server.connect("postgres").unwrap();
    let own = store(&server, "postgres", "evenkeel");
    drop(own.open_or_found("guestbook", time(0)).unwrap());
    admin
        .batch_execute("INSERT INTO evenkeel.migration (number) VALUES (99)")
        .unwrap();
    for refused in [
        own.open(None).err().unwrap(),
        own.open_or_found("guestbook", time(1)).err().unwrap(),
        own.verify(&[]).err().unwrap(),
    ] {
        assert!(
            matches!(refused, LedgerError::Newer { found: 99, .. }),
            "{refused}"
        );
    }
    admin
        .batch_execute("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
        .unwrap();
    let latin = refused(&format!(
        "postgres://postgres@127.0.0.1:{}/latin",
        server.port
    ));
    assert!(latin.contains("encoding is LATIN1"), "{latin}");
}

/// Founding and migrating that are killed at any statement leave no ledger or a whole one.
#[test]
fn a_killed_founding_leaves_no_ledger_or_a_whole_one() {
    let Some(server) = Server::start(&["fsync = off"]) else {
        return;
    };
    let mut admin = server.connect("postgres").unwrap();
    let mut outcomes = BTreeSet::new();
    for round in 0..50_u64 {
        let name = format!("round_{round}");
        let own = store(&server, "postgres", &name);
        thread::scope(|scope| {
            let founding = scope.spawn(|| own.open_or_found("guestbook", time(0)).is_ok());
            thread::sleep(Duration::from_micros(400 * round));
            admin
                .batch_execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'evenkeel'",
                )
                .unwrap();
            outcomes.insert(founding.join().unwrap());
        });
        let own = store(&server, "postgres", &name);
        assert_eq!(
            own.open_or_found("guestbook", time(1))
                .unwrap()
                .read(0)
                .unwrap()
                .len(),
            1
        );
        assert!(own.verify(&[]).unwrap().is_whole());
    }
    assert!(outcomes.contains(&true));
}
