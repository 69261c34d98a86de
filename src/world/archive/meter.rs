//! Counts what comes out of a decompressor, and ends it at the limits.

use std::cell::{Cell, RefCell};
use std::io::{self, Read};

use super::Limits;
use evenkeel_model::text::count;

/// The most bytes that come between the contents of two files: headers, long names, extensions.
const BETWEEN: u64 = 1 << 20;

/// The counter of one archive.
pub(super) struct Meter {
    most: u64,
    /// The reason for which more is refused.
    reason: String,
    total: Cell<u64>,
    /// The bytes that may come before the next content; `None` inside of one.
    between: Cell<Option<u64>>,
    fault: RefCell<Option<String>>,
}

impl Meter {
    /// Starts to count for an archive of this size.
    pub(super) fn new(limits: &Limits, size: u64) -> Self {
        let by_ratio = size.saturating_mul(limits.ratio).max(limits.small);
        let (most, reason) = if by_ratio < limits.bytes {
            let reason = format!(
                "contains more than {} times its own size, which no build makes: check how it was made",
                limits.ratio
            );
            (by_ratio, reason)
        } else {
            let reason = format!(
                "contains more than {}: split the artifact",
                count(usize::try_from(limits.bytes).unwrap_or(usize::MAX), "byte")
            );
            (limits.bytes, reason)
        };
        Self {
            most,
            reason,
            total: Cell::new(0),
            between: Cell::new(None),
            fault: RefCell::default(),
        }
    }

    /// Returns the number of bytes until now.
    pub(super) fn total(&self) -> u64 {
        self.total.get()
    }

    /// Returns why the reading ended, if it ended here or below.
    pub(super) fn fault(&self) -> Option<String> {
        self.fault.borrow().clone()
    }

    /// Limits what comes until the next content.
    pub(super) fn before_content(&self) {
        self.between.set(Some(BETWEEN));
    }

    /// Limits a content only by the whole.
    pub(super) fn in_content(&self) {
        self.between.set(None);
    }

    /// Counts bytes.
    pub(super) fn add(&self, bytes: u64) -> io::Result<()> {
        let total = self.total.get().saturating_add(bytes);
        self.total.set(total);
        if total > self.most {
            return Err(self.ends(self.reason.clone()));
        }
        if let Some(left) = self.between.get() {
            let Some(left) = left.checked_sub(bytes) else {
                let reason = "has a header of more than 1 MiB: check how it was made";
                return Err(self.ends(reason.to_owned()));
            };
            self.between.set(Some(left));
        }
        Ok(())
    }

    fn ends(&self, reason: String) -> io::Error {
        self.fault.borrow_mut().get_or_insert(reason);
        io::ErrorKind::Other.into()
    }
}

/// A reader whose bytes are counted, and whose first error is kept in its own words.
pub(super) struct Metered<'m, R> {
    inner: R,
    meter: &'m Meter,
}

impl<'m, R> Metered<'m, R> {
    pub(super) fn new(inner: R, meter: &'m Meter) -> Self {
        Self { inner, meter }
    }
}

impl<R: Read> Read for Metered<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.inner.read(buffer) {
            Ok(read) => {
                self.meter.add(read as u64)?;
                Ok(read)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            Err(error) => {
                let super::Fatal(reason) = super::damaged(&error.to_string());
                Err(self.meter.ends(reason))
            }
        }
    }
}
