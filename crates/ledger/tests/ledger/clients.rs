//! Sixteen clients at once, on a PostgreSQL server that is killed and that cuts their connections: a legal order of all
//! their operations exists, no number is missing, and no acknowledged entry is lost.
//!
//! `history` has the check.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use evenkeel_ledger::conformance::time;
use evenkeel_ledger::postgres::PostgresStore;
use evenkeel_ledger::record::{Actor, Refused};
use evenkeel_ledger::{Fence, Ledger, LedgerError, Record, Store};
use evenkeel_model::moment::FixedClock;
use evenkeel_model::{Digest, EnvironmentName};

use super::history::{Kept, Lease, Operation, What, check};
use super::postgres::store;
use super::server::Server;

const CLIENTS: u64 = 16;

/// Returns the operations of each client; with `EVENKEEL_TEST_ALL=1`, more.
fn operations() -> u64 {
    if std::env::var_os("EVENKEEL_TEST_ALL").is_some() {
        2_000
    } else {
        500
    }
}

/// The number of environments that the clients compete for.
const ENVIRONMENTS: u64 = 5;

/// The number of times that the server is killed.
const KILLS: u64 = 5;

/// Numbers without a pattern: xorshift.
struct Random(u64);

impl Random {
    /// Returns a number below `end`.
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

/// What all clients share.
struct Run {
    begun: Instant,
    /// Operations that ended.
    done: AtomicU64,
    /// Acknowledged objects.
    objects: Mutex<Vec<Digest>>,
    /// Set when the test fails.
    is_over: AtomicBool,
}

/// Ends the clients when the test fails, since it waits for them.
struct Ending<'a>(&'a AtomicBool);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// A client with its own connections.
struct Client<'a> {
    run: &'a Run,
    number: u64,
    store: PostgresStore,
    random: Random,
    operations: Vec<Operation>,
    /// The last entry that it has read.
    read: (u64, Digest),
    /// How often each sort of operation succeeded, was refused, or failed.
    outcomes: BTreeMap<&'static str, u64>,
}

impl Client<'_> {
    fn now(&self) -> Duration {
        self.run.begun.elapsed()
    }

    fn count(&mut self, outcome: &'static str) {
        *self.outcomes.entry(outcome).or_default() += 1;
        self.run.done.fetch_add(1, Ordering::SeqCst);
    }

    fn keep(&mut self, begun: Duration, what: What) {
        let ended = self.now();
        self.operations.push(Operation { begun, ended, what });
    }

    /// Opens the ledger, and does everything.
    fn work(mut self, operations: u64) -> Self {
        let ledger = loop {
            if let Ok(ledger) = self.store.open_or_found("guestbook", time(0)) {
                break ledger;
            }
        };
        while self.done() < operations && !self.run.is_over.load(Ordering::SeqCst) {
            match self.random.below(10) {
                0..4 => self.append(&*ledger, None),
                4..6 => self.put(),
                6 => self.get(),
                7..9 => self.read(&*ledger),
                _ => self.hold(&*ledger),
            }
        }
        self
    }

    /// Returns how many operations it did.
    fn done(&self) -> u64 {
        self.outcomes.values().sum()
    }

    /// Appends one to three entries.
    fn append(&mut self, ledger: &dyn Ledger, fence: Option<&Fence>) {
        let first = self.operations.len();
        let names: Vec<String> = (0..=self.random.below(3))
            .map(|each| format!("{}-{first}-{each}", self.number))
            .collect();
        let records: Vec<Record> = names.iter().map(|name| named(name, fence)).collect();
        let begun = self.now();
        let appended = ledger.append(time(1), &records, fence);
        let what = match appended {
            Ok(_) => {
                self.count("appended");
                What::Appended(names)
            }
            Err(LedgerError::Storage { .. }) => {
                self.count("uncertain");
                What::Uncertain(names)
            }
            Err(LedgerError::Fenced { .. } | LedgerError::Busy { .. }) => {
                self.count("refused");
                What::Refused(names)
            }
            Err(error) => panic!("{error}"),
        };
        self.keep(begun, what);
    }

    fn put(&mut self) {
        let mut bytes = format!("{}-{}", self.number, self.operations.len()).into_bytes();
        bytes.resize(
            usize::try_from(100 + self.random.below(8_000)).unwrap(),
            b'.',
        );
        match self.store.objects().put(&bytes) {
            Ok(digest) => {
                self.run.objects.lock().unwrap().push(digest);
                self.count("put");
            }
            Err(error) => self.fail(&error),
        }
    }

    /// Reads an object that was acknowledged before.
    fn get(&mut self) {
        let wanted = {
            let objects = self.run.objects.lock().unwrap();
            let number = self.random.below(objects.len().max(1) as u64);
            objects.get(usize::try_from(number).unwrap()).copied()
        };
        let Some(wanted) = wanted else {
            return;
        };
        match self.store.objects().get(&wanted) {
            Ok(found) => {
                assert!(found.is_some(), "an acknowledged object is lost");
                self.count("got");
            }
            Err(error) => self.fail(&error),
        }
    }

    /// Reads all entries after the last one that it knows.
    fn read(&mut self, ledger: &dyn Ledger) {
        let begun = self.now();
        let mut last = self.read;
        let found = ledger.each(last.0, &mut |entry| {
            last = (entry.sequence, entry.digest);
            Ok(())
        });
        match found {
            Ok(()) => {
                self.read = last;
                self.count("read");
                if last.0 > 0 {
                    self.keep(begun, What::Read(last.0, last.1));
                }
            }
            Err(error) => self.fail(&error),
        }
    }

    /// Takes a lease, appends with its fence, and returns it.
    fn hold(&mut self, ledger: &dyn Ledger) {
        let environment = format!("environment-{}", self.random.below(ENVIRONMENTS));
        let name = format!("{}-{}-taken", self.number, self.operations.len());
        let by = Actor {
            name: "ada".to_owned(),
            host: "engine".to_owned(),
            process: u32::try_from(self.number).unwrap(),
        };
        let clock = FixedClock(time(2));
        let begun = self.now();
        let taken = evenkeel_ledger::Lease::take(
            &self.store,
            ledger,
            &clock,
            &EnvironmentName::new(&environment),
            &by,
            &name,
            None,
        );
        let lease = match taken {
            Ok(lease) => lease,
            Err(error) => {
                let (outcome, what) = match error {
                    LedgerError::Held { .. } | LedgerError::Busy { .. } => {
                        ("locked", What::Refused(vec![name]))
                    }
                    LedgerError::Storage { .. } => ("uncertain", What::Uncertain(vec![name])),
                    error => panic!("{error}"),
                };
                self.count(outcome);
                self.keep(begun, what);
                return;
            }
        };
        let held = self.now();
        self.count("taken");
        self.keep(begun, What::Appended(vec![name]));
        if lease.confirm().is_ok() {
            self.count("renewed");
            self.append(ledger, Some(lease.fence()));
        }
        let returned = self.now();
        let fence = lease.fence().clone();
        drop(lease);
        self.operations.push(Operation {
            begun: held,
            ended: returned,
            what: What::Held(environment),
        });
        let name = format!("{} {} returned", fence.environment, fence.token);
        self.keep(returned, What::Uncertain(vec![name]));
        self.count("returned");
    }

    fn fail(&mut self, error: &LedgerError) {
        assert!(
            matches!(
                error,
                LedgerError::Storage { .. } | LedgerError::Busy { .. }
            ),
            "{error}"
        );
        self.count("failed");
    }
}

/// Returns a record with a name, and with the lease that it was appended under.
fn named(name: &str, fence: Option<&Fence>) -> Record {
    Record::Refused(Refused {
        what: "release".to_owned(),
        code: "refused".to_owned(),
        environment: fence.map(|fence| fence.environment.clone()),
        plan: fence.map(|fence| fence.token.to_string()),
        by: super::writer::actor(),
        reason: name.to_owned(),
    })
}

/// Returns the chain as the checker needs it; its numbers have no gap.
fn chain(ledger: &dyn Ledger) -> Vec<Kept> {
    let entries = ledger.read(0).unwrap();
    let mut chain = Vec::with_capacity(entries.len());
    for (number, entry) in (1..).zip(entries) {
        assert_eq!(entry.sequence, number, "a number is missing");
        let record = Record::decode(&entry.kind, &entry.body).unwrap().unwrap();
        let (name, lease) = match record {
            Record::Founded(_) => ("founded".to_owned(), Lease::None),
            Record::LeaseTaken(taken) => {
                let lease = Lease::Taken(taken.environment.to_string(), taken.token);
                (taken.purpose, lease)
            }
            Record::LeaseReturned(returned) => {
                let environment = returned.environment.to_string();
                let name = format!("{environment} {} returned", returned.token);
                (name, Lease::Returned(environment, returned.token))
            }
            Record::Refused(refused) => {
                let lease = match (refused.environment, refused.plan) {
                    (Some(environment), Some(token)) => {
                        Lease::Under(environment.to_string(), token.parse().unwrap())
                    }
                    _ => Lease::None,
                };
                (refused.reason, lease)
            }
            other => panic!("{}", other.kind()),
        };
        chain.push(Kept {
            name,
            digest: entry.digest,
            lease,
        });
    }
    chain
}

/// Cuts connections and kills the server until all clients are done; returns how often.
fn disturb(server: &mut Server, run: &Run, is_over: &dyn Fn() -> bool) -> (i64, u64) {
    let (mut cuts, mut kills) = (0, 0);
    let part = CLIENTS * operations() / (KILLS + 1);
    while !is_over() {
        if kills < KILLS && run.done.load(Ordering::SeqCst) > (kills + 1) * part {
            kills += 1;
            server.kill();
            server.run();
        }
        let cut = server.connect("postgres").and_then(|mut admin| {
            admin.query_one(
                "SELECT count(pg_terminate_backend(pid)) FROM (SELECT pid FROM pg_stat_activity \
                 WHERE application_name = 'evenkeel' ORDER BY random() LIMIT 3) AS chosen",
                &[],
            )
        });
        cuts += cut.map_or(0, |row| row.get::<_, i64>(0));
        thread::sleep(Duration::from_millis(60));
    }
    (cuts, kills)
}

#[test]
fn a_legal_order_explains_what_sixteen_clients_did_and_saw() {
    // What a killed process wrote is in the system's memory: only a power cut would need the disk.
    let Some(mut server) = Server::start(&["fsync = off"]) else {
        return;
    };
    let run = Run {
        begun: Instant::now(),
        done: AtomicU64::new(0),
        objects: Mutex::default(),
        is_over: AtomicBool::new(false),
    };
    let stores: Vec<PostgresStore> = (0..CLIENTS)
        .map(|_| store(&server, "postgres", "evenkeel"))
        .collect();
    let clients: Vec<Client<'_>> = thread::scope(|scope| {
        let clients: Vec<_> = (0..)
            .zip(stores)
            .map(|(number, store)| {
                let client = Client {
                    run: &run,
                    number,
                    store,
                    random: Random(0x9e37_79b9_7f4a_7c15 ^ (number + 1)),
                    operations: Vec::new(),
                    read: (0, Digest::of(b"")),
                    outcomes: BTreeMap::new(),
                };
                scope.spawn(move || client.work(operations()))
            })
            .collect();
        let _ending = Ending(&run.is_over);
        let is_over = || clients.iter().all(thread::ScopedJoinHandle::is_finished);
        let (cuts, kills) = disturb(&mut server, &run, &is_over);
        println!("{cuts} cut connections, {kills} kills of the server");
        assert_eq!(kills, KILLS);
        assert!(cuts > 30, "{cuts}");
        clients
            .into_iter()
            .map(|client| client.join().unwrap())
            .collect()
    });
    let seconds = run.begun.elapsed().as_secs_f64();
    let mut outcomes: BTreeMap<&str, u64> = BTreeMap::new();
    for (outcome, count) in clients.iter().flat_map(|client| &client.outcomes) {
        *outcomes.entry(outcome).or_default() += count;
    }
    println!("{CLIENTS} clients in {seconds:.1} s: {outcomes:?}");
    let reader = store(&server, "postgres", "evenkeel");
    let verification = reader.verify(&[]).unwrap();
    assert!(verification.is_whole(), "{:?}", verification.findings);
    let chain = chain(&*reader.open(Some("guestbook")).unwrap().unwrap());
    assert_eq!(verification.entries, chain.len() as u64);
    let operations: Vec<Operation> = clients
        .into_iter()
        .flat_map(|client| client.operations)
        .collect();
    check(&chain, &operations).unwrap();
    let kept = reader.objects().list().unwrap();
    for digest in run.objects.lock().unwrap().iter() {
        assert!(
            kept.binary_search(digest).is_ok(),
            "an acknowledged object is lost"
        );
    }
    for outcome in [
        "appended", "put", "got", "read", "taken", "renewed", "returned", "locked",
    ] {
        assert!(outcomes.contains_key(outcome), "no operation was {outcome}");
    }
}
