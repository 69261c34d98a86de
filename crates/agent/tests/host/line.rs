//! A line to an agent with a delay in each direction, which counts bytes and can hold back answers.

use std::io::{self, Read, Write};
use std::process::Child;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::sleep;
use std::time::{Duration, Instant};

use evenkeel_host::wire::client::Client;
use evenkeel_model::Sealer;

use super::agent::spawn;
use super::support::HANGS;

/// The bytes of both directions, and what the reader waits for.
#[derive(Default)]
pub struct Counted {
    pub sent: AtomicU64,
    pub received: AtomicU64,
    /// The number of the agent's requests for materials.
    pub wanted: AtomicUsize,
    /// The number of questions about paths that were sent.
    asked: AtomicUsize,
    /// Until so many questions were sent, no answer is delivered.
    hold: AtomicUsize,
}

impl Counted {
    /// Returns the bytes in both directions and the number of requests for materials since the last call.
    pub fn since(&self) -> (u64, u64, usize) {
        (
            self.sent.swap(0, Ordering::SeqCst),
            self.received.swap(0, Ordering::SeqCst),
            self.wanted.swap(0, Ordering::SeqCst),
        )
    }

    pub fn hold_until(&self, questions: usize) {
        let before = self.asked.load(Ordering::SeqCst);
        self.hold.store(before + questions, Ordering::SeqCst);
    }
}

type Pieces = (Instant, Vec<u8>);

pub struct Outgoing {
    line: Sender<Pieces>,
    delay: Duration,
    counted: Arc<Counted>,
}

impl Write for Outgoing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let length = bytes.len() as u64;
        self.counted.sent.fetch_add(length, Ordering::SeqCst);
        let asked = String::from_utf8_lossy(bytes)
            .matches("\"query\":\"path\"")
            .count();
        self.counted.asked.fetch_add(asked, Ordering::SeqCst);
        let due = Instant::now() + self.delay;
        self.line
            .send((due, bytes.to_vec()))
            .map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub struct Incoming {
    line: Mutex<Receiver<Pieces>>,
    arrived: io::Cursor<Vec<u8>>,
    counted: Arc<Counted>,
}

impl Read for Incoming {
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        let begun = Instant::now();
        while self.counted.asked.load(Ordering::SeqCst) < self.counted.hold.load(Ordering::SeqCst) {
            assert!(
                begun.elapsed() < HANGS,
                "the client waits for answers before all questions are sent"
            );
            sleep(Duration::from_millis(1));
        }
        let read = self.arrived.read(space)?;
        if read > 0 {
            return Ok(read);
        }
        let Ok((due, bytes)) = self.line.lock().unwrap().recv() else {
            return Ok(0);
        };
        sleep(due.saturating_duration_since(Instant::now()));
        let length = bytes.len() as u64;
        self.counted.received.fetch_add(length, Ordering::SeqCst);
        let wanted = String::from_utf8_lossy(&bytes).matches("{\"want-").count();
        self.counted.wanted.fetch_add(wanted, Ordering::SeqCst);
        self.arrived = io::Cursor::new(bytes);
        self.arrived.read(space)
    }
}

/// An agent at the other end of a line.
pub struct Far {
    pub client: Client<Incoming, Outgoing>,
    pub counted: Arc<Counted>,
    child: Mutex<Child>,
}

impl Far {
    pub fn start(sealer: &Sealer, delay: Duration) -> Self {
        let mut child = spawn();
        let (mut output, mut input) = (child.stdout.take().unwrap(), child.stdin.take().unwrap());
        let counted = Arc::new(Counted::default());
        let (line, pieces) = channel::<Pieces>();
        std::thread::spawn(move || {
            for (due, bytes) in pieces {
                sleep(due.saturating_duration_since(Instant::now()));
                if input.write_all(&bytes).is_err() {
                    break;
                }
            }
        });
        let outgoing = Outgoing {
            line,
            delay,
            counted: Arc::clone(&counted),
        };
        let (line, pieces) = channel::<Pieces>();
        std::thread::spawn(move || {
            let mut space = vec![0; 64 * 1024];
            while let Ok(read @ 1..) = output.read(&mut space) {
                let due = Instant::now() + delay;
                if line.send((due, space[..read].to_vec())).is_err() {
                    break;
                }
            }
        });
        let incoming = Incoming {
            line: Mutex::new(pieces),
            arrived: io::Cursor::default(),
            counted: Arc::clone(&counted),
        };
        let client = Client::open(incoming, outgoing, sealer).unwrap();
        Self {
            client,
            counted,
            child: Mutex::new(child),
        }
    }

    pub fn kill(&self) {
        let mut child = self.child.lock().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    pub fn end(self) {
        self.client.close().unwrap();
        assert!(self.child.lock().unwrap().wait().unwrap().success());
    }
}
