//! Lines of a ledger, inspected on every processor and passed on in their order.
//!
//! Reading rows and following the chain happen in sequence; hashing and decoding, which take most of the time, do not.
//! `chain` knows what a valid line is, and backends read the rows.

use std::collections::VecDeque;
use std::num::NonZero;
use std::ops::Range;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, Scope};

use super::LedgerError;
use super::chain::{self, Inspected};
use super::record::Record;
use super::verify::Row;

/// The lines of one batch: enough that passing it on costs nothing measurable.
const LINES: usize = 256;
/// The bytes of one batch after which no line is added. A line may be megabytes.
const BYTES: usize = 512 * 1024;
/// The most threads: reading does not keep up with more.
const MOST: usize = 8;

/// An inspected line with its record.
pub(crate) struct Checked {
    /// The line.
    pub(crate) line: Inspected,
    /// The record; `None` when its kind is newer than this version, or the line is invalid.
    pub(crate) record: Result<Option<Record>, LedgerError>,
}

impl Checked {
    pub(crate) fn of(sequence: u64, line: &[u8], stored: &[u8]) -> Self {
        let line = Inspected::of(sequence, line, stored);
        let record = line.outcome.as_ref().map_or(Ok(None), chain::understand);
        Self { line, record }
    }
}

/// A row after its inspection; or the reason why it is unreadable.
pub(crate) type Outcome = Result<Checked, String>;

/// Passes rows from `feed`, inspected, to `take` in their order. A few rows are inspected on this thread.
///
/// # Errors
///
/// The first error of `take`, or else that of `feed`, after all rows before it were taken.
pub(crate) fn in_order<E>(
    feed: impl FnOnce(&mut dyn FnMut(Row<'_>) -> Result<(), E>) -> Result<(), E>,
    take: &mut dyn FnMut(Outcome) -> Result<(), E>,
) -> Result<(), E> {
    thread::scope(|scope| {
        let mut inspection = Inspection::new(scope);
        let mut batch = Batch::default();
        let mut is_refused = false;
        let fed = feed(&mut |row| {
            batch.add(row);
            if !batch.is_full() {
                return Ok(());
            }
            let full = std::mem::take(&mut batch);
            let taken = inspection.add(full, take);
            is_refused = taken.is_err();
            taken
        });
        if !is_refused {
            inspection.finish(batch, take)?;
        }
        fed
    })
}

/// Rows that are copied to be inspected on another thread.
#[derive(Default)]
struct Batch {
    bytes: Vec<u8>,
    rows: Vec<Result<Copied, String>>,
}

/// A row within the bytes of a batch.
struct Copied {
    sequence: u64,
    line: Range<usize>,
    stored: Range<usize>,
}

impl Batch {
    fn add(&mut self, row: Row<'_>) {
        let copied = row.map(|(sequence, line, stored)| {
            let mut copy = |bytes: &[u8]| {
                let start = self.bytes.len();
                self.bytes.extend_from_slice(bytes);
                start..self.bytes.len()
            };
            Copied {
                sequence,
                line: copy(line),
                stored: copy(stored),
            }
        });
        self.rows.push(copied);
    }

    fn is_full(&self) -> bool {
        self.rows.len() >= LINES || self.bytes.len() >= BYTES
    }

    fn inspected(self) -> Vec<Outcome> {
        let bytes = |range: Range<usize>| self.bytes.get(range).unwrap_or_default();
        let rows = self.rows.into_iter();
        rows.map(|row| row.map(|row| Checked::of(row.sequence, bytes(row.line), bytes(row.stored))))
            .collect()
    }
}

/// A batch, and where its outcomes are awaited.
type Work = (Batch, Sender<Vec<Outcome>>);

/// Batches that are inspected on other threads, in their order.
struct Inspection<'scope, 'env> {
    scope: &'scope Scope<'scope, 'env>,
    /// Where work is left for the threads; `None` before the first full batch, and where no thread can be started.
    work: Option<Sender<Work>>,
    is_started: bool,
    most: usize,
    waiting: VecDeque<Receiver<Vec<Outcome>>>,
}

impl<'scope, 'env> Inspection<'scope, 'env> {
    fn new(scope: &'scope Scope<'scope, 'env>) -> Self {
        Self {
            scope,
            work: None,
            is_started: false,
            most: 0,
            waiting: VecDeque::new(),
        }
    }

    /// Starts the threads. One processor needs none.
    fn start(&mut self) {
        self.is_started = true;
        let threads = thread::available_parallelism()
            .map_or(1, NonZero::get)
            .min(MOST);
        if threads < 2 {
            return;
        }
        let (work, todo) = mpsc::channel::<Work>();
        let todo = Arc::new(Mutex::new(todo));
        for _ in 0..threads {
            let todo = Arc::clone(&todo);
            let started = thread::Builder::new()
                .name("lines".to_owned())
                .spawn_scoped(self.scope, move || {
                    loop {
                        let next = todo.lock().unwrap_or_else(PoisonError::into_inner).recv();
                        let Ok((batch, results)) = next else {
                            return;
                        };
                        // Without a receiver the outcomes are not needed.
                        let _ = results.send(batch.inspected());
                    }
                });
            if started.is_ok() {
                self.work = Some(work.clone());
                self.most += 1;
            }
        }
    }

    /// Adds a full batch, and takes the outcomes of earlier ones.
    fn add<E>(
        &mut self,
        batch: Batch,
        take: &mut dyn FnMut(Outcome) -> Result<(), E>,
    ) -> Result<(), E> {
        if !self.is_started {
            self.start();
        }
        let Some(work) = &self.work else {
            return batch.inspected().into_iter().try_for_each(take);
        };
        let (results, waiting) = mpsc::channel();
        // The threads end after this value.
        let _ = work.send((batch, results));
        self.waiting.push_back(waiting);
        if self.waiting.len() > self.most {
            self.take_next(take)?;
        }
        Ok(())
    }

    /// Takes all outcomes that are left, and those of the last batch.
    fn finish<E>(
        &mut self,
        last: Batch,
        take: &mut dyn FnMut(Outcome) -> Result<(), E>,
    ) -> Result<(), E> {
        while !self.waiting.is_empty() {
            self.take_next(take)?;
        }
        last.inspected().into_iter().try_for_each(take)
    }

    fn take_next<E>(&mut self, take: &mut dyn FnMut(Outcome) -> Result<(), E>) -> Result<(), E> {
        let Some(results) = self.waiting.pop_front() else {
            return Ok(());
        };
        // A thread that panicked sends nothing, and its panic ends the scope.
        let outcomes = results.recv().unwrap_or_default();
        outcomes.into_iter().try_for_each(take)
    }
}

#[cfg(test)]
mod tests {
    use super::{LINES, Outcome, in_order};
    use crate::chain::{Link, Written};
    use evenkeel_model::Moment;

    fn lines(number: usize) -> Vec<Written> {
        let mut link = Link::root();
        let next = |_| {
            let written = link
                .extend(Moment::from_millisecond(5), "kind", "{\"a\":1}")
                .unwrap();
            link = Link::from(&written);
            written
        };
        (0..number).map(next).collect()
    }

    /// Passes these lines, with an unreadable row and an error of the reader after them, until `refused` is taken.
    fn passed(written: &[Written], refused: Option<usize>) -> (usize, Option<&'static str>) {
        let mut taken = 0;
        let mut link = Link::root();
        let outcome = in_order(
            |inspect| {
                for line in written {
                    let bytes = line.line.as_bytes();
                    inspect(Ok((line.sequence, bytes, line.digest.as_bytes())))?;
                }
                inspect(Err("unreadable".to_owned()))?;
                Err("reader")
            },
            &mut |row: Outcome| {
                if refused == Some(taken) {
                    return Err("refused");
                }
                taken += 1;
                if let Ok(checked) = row {
                    link.accept(&checked.line).unwrap();
                    assert!(checked.record.unwrap().is_none());
                    link = Link::from(&checked.line.outcome.unwrap());
                } else {
                    assert_eq!(taken, written.len() + 1);
                }
                Ok(())
            },
        );
        (taken, outcome.err())
    }

    #[test]
    fn lines_keep_their_order_and_an_error_of_the_reader_comes_last() {
        for number in [0, 1, LINES - 1, LINES, 20 * LINES + 3] {
            let written = lines(number);
            assert_eq!(passed(&written, None), (number + 1, Some("reader")));
        }
    }

    #[test]
    fn nothing_is_taken_after_a_refused_line() {
        let number = 20 * LINES + 3;
        let written = lines(number);
        for refused in [0, 1, LINES, 7 * LINES + 5, number] {
            assert_eq!(passed(&written, Some(refused)), (refused, Some("refused")));
        }
    }
}
