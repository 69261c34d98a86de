//! Structured log lines: one JSON object per line on standard output. A separate thread writes them, so that a slow
//! reader of the log never slows a request; when it falls far behind, lines are dropped and counted.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

const WAITING_LINES: usize = 4096;

/// The level of a line; a configured level shows itself and all more severe ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    Error,
    Warn,
    Info,
    Debug,
}

impl Level {
    pub const ALL: [Self; 4] = [Self::Error, Self::Warn, Self::Info, Self::Debug];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.name() == name)
    }
}

/// An answered request.
#[derive(Serialize)]
pub struct Answered<'request> {
    pub method: &'request str,
    /// Without the query, which may be private.
    pub path: &'request str,
    pub status: u16,
    pub microseconds: u64,
}

#[derive(Serialize)]
struct RequestLine<'line> {
    time: Timestamp,
    level: Level,
    method: &'line str,
    path: &'line str,
    status: u16,
    microseconds: u64,
}

#[derive(Serialize)]
struct EventLine<'line> {
    time: Timestamp,
    level: Level,
    event: &'line str,
    detail: &'line str,
}

/// A handle to the log that tasks can clone.
#[derive(Clone)]
pub struct Log {
    level: Level,
    lines: SyncSender<String>,
    dropped: Arc<AtomicU64>,
}

/// The writing thread; [`Writer::finish`] waits for the last line.
pub struct Writer(JoinHandle<()>);

/// Creates a log that shows `level`, and the thread that writes it.
pub fn start(level: Level) -> (Log, Writer) {
    let (sender, receiver) = sync_channel(WAITING_LINES);
    let dropped = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&dropped);
    let writer = Writer(std::thread::spawn(move || write_lines(&receiver, &counter)));
    (
        Log {
            level,
            lines: sender,
            dropped,
        },
        writer,
    )
}

impl Log {
    /// Logs one request: an internal error as an error, a refusal or a success as information.
    pub fn request(&self, answered: &Answered<'_>) {
        let level = if answered.status >= 500 {
            Level::Error
        } else {
            Level::Info
        };
        let Answered {
            method,
            path,
            status,
            microseconds,
        } = *answered;
        self.line(
            level,
            &RequestLine {
                time: Timestamp::now(),
                level,
                method,
                path,
                status,
                microseconds,
            },
        );
    }

    /// Logs an event of the service itself.
    pub fn event(&self, level: Level, event: &str, detail: &str) {
        self.line(
            level,
            &EventLine {
                time: Timestamp::now(),
                level,
                event,
                detail,
            },
        );
    }

    fn line(&self, level: Level, line: &impl Serialize) {
        if level > self.level {
            return;
        }
        let Ok(text) = serde_json::to_string(line) else {
            return;
        };
        if self.lines.try_send(text).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Writer {
    /// Waits until all lines are written. Call it when all work is done: handles in abandoned tasks keep the thread
    /// alive, so the wait is limited.
    pub fn finish(self, log: Log, limit: Duration) {
        drop(log);
        let end = std::time::Instant::now() + limit;
        while !self.0.is_finished() && std::time::Instant::now() < end {
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

fn write_lines(lines: &Receiver<String>, dropped: &AtomicU64) {
    let mut output = std::io::BufWriter::new(std::io::stdout());
    while let Ok(line) = lines.recv() {
        // The reader of the log may have closed it; the service continues without one.
        let _ = writeln!(output, "{line}");
        for line in lines.try_iter() {
            let _ = writeln!(output, "{line}");
        }
        let lost = dropped.swap(0, Ordering::Relaxed);
        if lost > 0 {
            let detail = format!("{lost} lines were dropped because the log was not read");
            let line = EventLine {
                time: Timestamp::now(),
                level: Level::Warn,
                event: "log-lines-lost",
                detail: &detail,
            };
            let _ = writeln!(
                output,
                "{}",
                serde_json::to_string(&line).unwrap_or_default()
            );
        }
        let _ = output.flush();
    }
}
