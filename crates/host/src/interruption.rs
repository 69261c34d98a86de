//! Interruption: a flag that long work checks, and holds for work that must finish.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// A flag that is set once, to stop the work after the current step.
#[derive(Clone, Debug, Default)]
pub struct Interruption {
    asked: Arc<AtomicBool>,
    held: Arc<AtomicUsize>,
}

impl Interruption {
    /// Requests the stop.
    pub fn interrupt(&self) {
        self.asked.store(true, Ordering::SeqCst);
    }

    /// Returns whether a stop was requested.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.asked.load(Ordering::SeqCst)
    }

    /// Returns the raw flag, for code that does not know this type.
    #[must_use]
    pub fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.asked)
    }

    /// Marks work that finishes soon after a stop is requested and must not be cut short.
    #[must_use]
    pub fn hold(&self) -> Hold {
        self.held.fetch_add(1, Ordering::SeqCst);
        Hold(Arc::clone(&self.held))
    }

    /// Returns whether such work is in progress.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.held.load(Ordering::SeqCst) > 0
    }
}

/// A guard: the work must not be cut short while it exists.
#[derive(Debug)]
pub struct Hold(Arc<AtomicUsize>);

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::Interruption;

    #[test]
    fn work_is_held_until_the_last_of_it_ends() {
        let interruption = Interruption::default();
        let one = interruption.hold();
        let two = interruption.clone().hold();
        drop(one);
        assert!(interruption.is_held());
        drop(two);
        assert!(!interruption.is_held());
        assert!(!interruption.is_set());
    }
}
