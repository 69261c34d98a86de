//! Copy of a ledger in memory, with faults that its verification must find.
//!
//! The copy is bounded: the beginning of a ledger is a ledger too.

use std::collections::BTreeMap;

use super::super::Failure;
use evenkeel_core::gate::drill::Fault;
use evenkeel_ledger::chain::Written;
use evenkeel_ledger::verify::{Medium, Row, check_tokens, examine};
use evenkeel_ledger::{Checkpoint, Head, Ledger, LedgerError, Link, Verification};
use evenkeel_model::{EnvironmentName, Moment};

/// Largest number of copied entries.
const MOST: usize = 2_000;

/// Copied line.
#[derive(Clone)]
pub(super) struct Line {
    sequence: u64,
    text: Vec<u8>,
    digest: Vec<u8>,
    time: Moment,
}

/// Copied entries and their recorded end.
#[derive(Clone)]
pub(super) struct Copied {
    lines: Vec<Line>,
    head: Head,
}

/// Change of a copy.
pub(super) type Spoil = fn(&mut Copied);

const fn fault(name: &'static str, what: &'static str) -> Fault {
    Fault {
        name,
        what,
        code: "gate/ledger-broken",
    }
}

/// Kinds of fault in a ledger.
pub(super) const LEDGER_FAULTS: &[(Fault, Spoil)] = &[
    (
        fault("entry-altered", "a byte of an entry is changed"),
        |copy| copy.middle(|line| line.text.push(b' ')),
    ),
    (
        fault("entry-forged", "an entry and its digest are replaced"),
        |copy| {
            copy.middle(|line| {
                let link = Link {
                    sequence: line.sequence - 1,
                    digest: evenkeel_model::Digest::of(b"forged"),
                };
                if let Ok(forged) = link.extend(line.time, "drill", "{}") {
                    *line = Line::of(&forged, line.time);
                }
            });
        },
    ),
    (fault("entry-removed", "an entry is removed"), |copy| {
        let middle = copy.lines.len() / 2;
        if middle < copy.lines.len() {
            copy.lines.remove(middle);
        }
    }),
    (
        fault("entries-swapped", "two entries changed places"),
        |copy| {
            if let [.., first, second] = copy.lines.as_mut_slice() {
                std::mem::swap(&mut first.text, &mut second.text);
                std::mem::swap(&mut first.digest, &mut second.digest);
            }
        },
    ),
    (
        fault("entry-repeated", "an entry is in the ledger twice"),
        |copy| {
            if let Some(last) = copy.lines.last().cloned() {
                copy.lines.push(last);
            }
        },
    ),
    (
        fault("end-cut-off", "the last entries are removed"),
        |copy| drop(copy.lines.pop()),
    ),
    (
        fault("head-missing", "the record of the last entry is missing"),
        |copy| copy.head = Head::Absent,
    ),
];

impl Line {
    fn of(written: &Written, time: Moment) -> Self {
        Self {
            sequence: written.sequence,
            text: written.line.clone().into_bytes(),
            digest: written.digest.as_bytes().to_vec(),
            time,
        }
    }
}

impl Copied {
    /// Copies the first entries of a ledger, and adds two, so that each fault has an entry to change.
    pub(super) fn of(ledger: &dyn Ledger) -> Result<Self, Failure> {
        let mut link = Link::root();
        let mut lines: Vec<Line> = Vec::new();
        let mut lineage = String::new();
        let mut time = Moment::from_millisecond(0);
        let mut add = |time: Moment, kind: &str, body: &str, lines: &mut Vec<Line>| {
            let written = link
                .extend(time, kind, body)
                .map_err(|error| LedgerError::Broken {
                    sequence: link.sequence + 1,
                    reason: error.to_string(),
                })?;
            link = Link::from(&written);
            lines.push(Line::of(&written, time));
            Ok::<Link, LedgerError>(link)
        };
        ledger.each(0, &mut |entry| {
            // A concurrent append restarts the read, so an entry can be delivered twice.
            let copied = u64::try_from(lines.len()).unwrap_or(u64::MAX);
            if lines.len() >= MOST || entry.sequence <= copied {
                return Ok(());
            }
            if let Some(evenkeel_ledger::Record::Founded(founded)) =
                evenkeel_ledger::chain::understand(&entry)?
            {
                lineage = founded.lineage;
            }
            time = entry.time;
            add(entry.time, &entry.kind, &entry.body, &mut lines).map(drop)
        })?;
        add(time, "drill", "{}", &mut lines)?;
        let end = add(time, "drill", "{}", &mut lines)?;
        Ok(Self {
            lines,
            head: Head::Known(Checkpoint {
                digest: end.digest,
                lineage,
                sequence: end.sequence,
            }),
        })
    }

    /// Verifies a copy with a fault.
    pub(super) fn examine(&self, spoil: Spoil) -> Result<Verification, LedgerError> {
        let mut copy = self.clone();
        spoil(&mut copy);
        examine(&copy, &[], &mut |_, _| {})
    }

    /// Changes the line in the middle.
    fn middle(&mut self, change: impl FnOnce(&mut Line)) {
        let middle = self.lines.len() / 2;
        if let Some(line) = self.lines.get_mut(middle) {
            change(line);
        }
    }

    fn line(&self, sequence: u64) -> Option<&Line> {
        self.lines.iter().find(|line| line.sequence == sequence)
    }
}

impl Medium for Copied {
    fn each_row(&self, take: &mut dyn FnMut(Row<'_>)) -> Result<(), LedgerError> {
        for line in &self.lines {
            take(Ok((line.sequence, &line.text, &line.digest)));
        }
        Ok(())
    }

    fn digest(&self, sequence: u64) -> Result<Option<Vec<u8>>, LedgerError> {
        Ok(self.line(sequence).map(|line| line.digest.clone()))
    }

    fn time(&self, sequence: u64) -> Result<Option<Moment>, LedgerError> {
        Ok(self.line(sequence).map(|line| line.time))
    }

    fn head(&self) -> Result<Head, LedgerError> {
        Ok(self.head.clone())
    }

    fn head_name(&self) -> String {
        "the head of the copy".to_owned()
    }

    fn check(
        &self,
        tokens: &BTreeMap<EnvironmentName, u64>,
        found: &mut Verification,
    ) -> Result<(), LedgerError> {
        // The copy stores no tokens beside its entries.
        check_tokens(tokens, tokens, found);
        Ok(())
    }
}
