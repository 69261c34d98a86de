//! The input: a thread reads and sorts frames, so that an interruption takes effect during a step.
//!
//! Requests and materials each have a queue. The conversation interprets the frames.

use std::io::Read;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use evenkeel_host::Interruption;
use evenkeel_host::wire::frame::{self, Frame, Violation};
use evenkeel_host::wire::message::Request;
use zeroize::Zeroizing;

use crate::wiped::Wiped;

/// The interval of checks for a signal while no frame arrives.
const WATCH: Duration = Duration::from_millis(50);
/// The largest number of queued frames.
const WAITING: usize = 4;

/// A handle that stops a conversation from outside, after the current step.
#[derive(Clone, Debug, Default)]
pub struct Stopper(Arc<Stop>);

#[derive(Debug, Default)]
struct Stop {
    /// The signal, 0 when there was none.
    signal: AtomicI32,
    /// Whether no further step may start.
    over: AtomicBool,
    /// The interruption of the current work.
    current: Mutex<Interruption>,
}

impl Stopper {
    /// Requests the stop because of a signal.
    pub fn stop(&self, signal: i32) {
        self.0.signal.store(signal, Ordering::SeqCst);
        self.end();
    }

    /// Returns the signal that requested the stop.
    pub(crate) fn signal(&self) -> Option<i32> {
        Some(self.0.signal.load(Ordering::SeqCst)).filter(|signal| *signal != 0)
    }

    /// Interrupts the current work only.
    pub(crate) fn interrupt(&self) {
        self.0
            .current
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .interrupt();
    }

    /// Prevents further work from starting.
    pub(crate) fn end(&self) {
        self.0.over.store(true, Ordering::SeqCst);
        self.interrupt();
    }

    /// Returns the interruption for the next work.
    pub(crate) fn begin(&self) -> Interruption {
        let fresh = Interruption::default();
        self.0
            .current
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone_from(&fresh);
        // Checked after the exchange: an earlier stop only interrupted the previous work.
        if self.0.over.load(Ordering::SeqCst) {
            fresh.interrupt();
        }
        fresh
    }
}

/// A frame of a requested material.
pub(crate) enum Piece {
    Message(Request),
    Bytes(Zeroizing<Vec<u8>>),
}

/// The reason why no more frames arrive.
#[derive(Clone, Debug)]
pub(crate) enum Over {
    /// The other side closed the channel.
    Closed,
    /// A violation of the protocol by the other side.
    Broken(Violation),
}

/// The conversation's ends of both queues.
pub(crate) struct Inbox {
    requests: Mutex<Receiver<Result<Request, Over>>>,
    pieces: Mutex<Receiver<Result<Piece, Over>>>,
    /// Whether a requested material is incomplete.
    wanted: Arc<AtomicBool>,
    stopper: Stopper,
}

impl Inbox {
    /// Starts to read.
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
        // Not joined: it may wait for input as long as the program runs.
        std::thread::spawn(move || sorter.read(Wiped::new(reader)));
        Self {
            requests: Mutex::new(requests),
            pieces: Mutex::new(pieces),
            wanted,
            stopper: stopper.clone(),
        }
    }

    /// Returns the next request; `None` when a signal came first.
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

    /// Records that a material is requested, or that it is complete.
    pub(crate) fn want(&self, wanted: bool) {
        self.wanted.store(wanted, Ordering::SeqCst);
    }

    /// Returns the next piece of the requested material.
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
                    // The conversation has already ended.
                    Ok(Some(false)) => return,
                    Ok(None) => break Over::Closed,
                    Err(violation) => break Over::Broken(violation),
                }
            },
            Err(Violation::Truncated) => Over::Closed,
            Err(violation) => Over::Broken(violation),
        };
        // Nothing more can be requested: it ends after the current step.
        self.stopper.end();
        let _ = self.pieces.try_send(Err(over.clone()));
        let _ = self.requests.send(Err(over));
    }

    /// Sends a frame to its queue; `false` when the receiver is gone.
    fn sort(&self, frame: Frame) -> Result<bool, Violation> {
        let piece = match frame {
            Frame::Bytes(bytes) => Piece::Bytes(bytes),
            Frame::Json(json) => match frame::parse(&json)? {
                Request::Interrupt => {
                    self.stopper.interrupt();
                    return Ok(true);
                }
                request @ (Request::Hello(_)
                | Request::Key { .. }
                | Request::Observe { .. }
                | Request::Perform { .. }
                | Request::Bye) => return Ok(self.requests.send(Ok(request)).is_ok()),
                piece => Piece::Message(piece),
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
