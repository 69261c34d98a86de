//! What comes in: a thread reads frames and sorts them, so that an interruption is heard while a step is performed.
//!
//! Requests and materials have a queue each. What the frames mean is left to the conversation.

use std::io::Read;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use evenkeel_host::Interruption;
use evenkeel_host::wire::frame::{self, Frame, Violation};
use evenkeel_host::wire::message::{ArtifactFile, Request};
use zeroize::Zeroizing;

/// How often a signal is looked for while nothing comes in.
const WATCH: Duration = Duration::from_millis(50);
/// How many frames wait at most.
const WAITING: usize = 4;

/// Stops a conversation from outside: after the step in progress.
#[derive(Clone, Debug, Default)]
pub struct Stopper(Arc<Stop>);

#[derive(Debug, Default)]
struct Stop {
    /// The signal, 0 when there was none.
    signal: AtomicI32,
    /// No step is begun any more.
    over: AtomicBool,
    /// Interrupts what is performed now.
    current: Mutex<Interruption>,
}

impl Stopper {
    /// Asks for an end because of a signal.
    pub fn stop(&self, signal: i32) {
        self.0.signal.store(signal, Ordering::SeqCst);
        self.end();
    }

    /// The signal that asked for an end.
    pub(crate) fn signal(&self) -> Option<i32> {
        Some(self.0.signal.load(Ordering::SeqCst)).filter(|signal| *signal != 0)
    }

    /// Interrupts what is performed now, and nothing after it.
    pub(crate) fn interrupt(&self) {
        self.0
            .current
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .interrupt();
    }

    /// Lets nothing begin from now on.
    pub(crate) fn end(&self) {
        self.0.over.store(true, Ordering::SeqCst);
        self.interrupt();
    }

    /// The interruption of what is performed from now on.
    pub(crate) fn begin(&self) -> Interruption {
        let fresh = Interruption::default();
        self.0
            .current
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone_from(&fresh);
        // Looked at after the exchange: an end that came before it interrupted the old one only.
        if self.0.over.load(Ordering::SeqCst) {
            fresh.interrupt();
        }
        fresh
    }
}

/// A frame of a material that was asked for.
pub(crate) enum Piece {
    Content {
        size: u64,
    },
    Artifact {
        single: bool,
    },
    Entry {
        path: String,
        file: Option<ArtifactFile>,
    },
    ArtifactEnd,
    Missing,
    Bytes(Zeroizing<Vec<u8>>),
}

/// Why nothing comes any more.
#[derive(Clone, Debug)]
pub(crate) enum Over {
    /// The other side closed the channel.
    Closed,
    /// It broke the protocol.
    Broken(Violation),
}

/// Both queues, from the side of the conversation.
pub(crate) struct Inbox {
    requests: Mutex<Receiver<Result<Request, Over>>>,
    pieces: Mutex<Receiver<Result<Piece, Over>>>,
    /// Whether a material was asked for and is not complete.
    wanted: Arc<AtomicBool>,
    stopper: Stopper,
}

impl Inbox {
    /// Begins to read.
    pub(crate) fn open(reader: impl Read + Send + 'static, stopper: &Stopper) -> Self {
        let (requests_in, requests) = sync_channel(WAITING);
        let (pieces_in, pieces) = sync_channel(WAITING);
        let wanted = Arc::new(AtomicBool::new(false));
        let sorter = Sorter {
            requests: requests_in,
            pieces: pieces_in,
            wanted: Arc::clone(&wanted),
            stopper: stopper.clone(),
        };
        // It may wait for input for as long as the program runs; nobody waits for it.
        std::thread::spawn(move || sorter.read(reader));
        Self {
            requests: Mutex::new(requests),
            pieces: Mutex::new(pieces),
            wanted,
            stopper: stopper.clone(),
        }
    }

    /// The next request; `None` when a signal came first.
    pub(crate) fn request(
        &self,
        within: Duration,
        what: &'static str,
    ) -> Result<Option<Request>, Over> {
        let requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        let until = Instant::now() + within;
        loop {
            if self.stopper.signal().is_some() {
                return Ok(None);
            }
            match requests.recv_timeout(WATCH) {
                Ok(request) => return request.map(Some),
                Err(RecvTimeoutError::Disconnected) => return Err(Over::Closed),
                Err(RecvTimeoutError::Timeout) if Instant::now() >= until => {
                    return Err(Over::Broken(Violation::Late {
                        what,
                        seconds: within.as_secs(),
                    }));
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    /// Says that a material is asked for, or that it is complete.
    pub(crate) fn want(&self, wanted: bool) {
        self.wanted.store(wanted, Ordering::SeqCst);
    }

    /// The next piece of the material that was asked for.
    pub(crate) fn piece(&self, within: Duration) -> Result<Piece, Over> {
        let pieces = self.pieces.lock().unwrap_or_else(PoisonError::into_inner);
        match pieces.recv_timeout(within) {
            Ok(piece) => piece,
            Err(RecvTimeoutError::Disconnected) => Err(Over::Closed),
            Err(RecvTimeoutError::Timeout) => Err(Over::Broken(Violation::Late {
                what: "piece of a material",
                seconds: within.as_secs(),
            })),
        }
    }
}

/// The reading thread.
struct Sorter {
    requests: SyncSender<Result<Request, Over>>,
    pieces: SyncSender<Result<Piece, Over>>,
    wanted: Arc<AtomicBool>,
    stopper: Stopper,
}

impl Sorter {
    fn read(self, mut reader: impl Read) {
        let over = match frame::read_magic(&mut reader, 0) {
            Ok(()) => loop {
                let next = frame::read(&mut reader);
                match next.and_then(|frame| frame.map(|frame| self.sort(frame)).transpose()) {
                    Ok(Some(true)) => {}
                    // The conversation is over already.
                    Ok(Some(false)) => return,
                    Ok(None) => break Over::Closed,
                    Err(violation) => break Over::Broken(violation),
                }
            },
            Err(Violation::Truncated) => Over::Closed,
            Err(violation) => Over::Broken(violation),
        };
        // Nothing more can be asked for: after the step in progress, it is over.
        self.stopper.end();
        let _ = self.pieces.try_send(Err(over.clone()));
        let _ = self.requests.send(Err(over));
    }

    /// Sends a frame where it belongs; `false` when nobody is there any more.
    fn sort(&self, frame: Frame) -> Result<bool, Violation> {
        let piece = match frame {
            Frame::Bytes(bytes) => Piece::Bytes(bytes),
            Frame::Json(json) => match frame::parse(&json)? {
                Request::Content { size } => Piece::Content { size },
                Request::Artifact { single } => Piece::Artifact { single },
                Request::Entry { path, file } => Piece::Entry { path, file },
                Request::ArtifactEnd => Piece::ArtifactEnd,
                Request::Missing => Piece::Missing,
                Request::Interrupt => {
                    self.stopper.interrupt();
                    return Ok(true);
                }
                request => return Ok(self.requests.send(Ok(request)).is_ok()),
            },
        };
        if !self.wanted.load(Ordering::SeqCst) {
            return Err(Violation::Unexpected {
                expected: "a request, not a material",
            });
        }
        Ok(self.pieces.send(Ok(piece)).is_ok())
    }
}
