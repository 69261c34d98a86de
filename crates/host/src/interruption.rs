//! Being interrupted: a flag that long work looks at, and what must not be cut short.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Set once, when a person or a supervisor wants the work to end at the next safe place.
#[derive(Clone, Debug, Default)]
pub struct Interruption {
    asked: Arc<AtomicBool>,
    held: Arc<AtomicUsize>,
}

impl Interruption {
    /// Asks for an end.
    pub fn interrupt(&self) {
        self.asked.store(true, Ordering::SeqCst);
    }

    /// Whether an end was asked for.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.asked.load(Ordering::SeqCst)
    }

    /// The flag, for what waits without knowing of interruptions.
    #[must_use]
    pub fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.asked)
    }

    /// Marks work that comes to its own end soon after it was asked to, and is not cut short before.
    #[must_use]
    pub fn hold(&self) -> Hold {
        self.held.fetch_add(1, Ordering::SeqCst);
        Hold(Arc::clone(&self.held))
    }

    /// Whether such work is in progress.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.held.load(Ordering::SeqCst) > 0
    }
}

/// Work that is not cut short, as long as this exists.
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
