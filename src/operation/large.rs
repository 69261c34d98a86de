//! Large values that are freed on another thread.

use std::ops::{Deref, DerefMut};

/// Value that is freed on a thread of the pool. Freeing fifty thousand resources takes as long as judging them, and an
/// ending program need not wait: the kernel frees all of its memory at once.
#[derive(Debug, Default)]
pub struct Large<T: Default + Send + 'static>(T);

impl<T: Default + Send + 'static> From<T> for Large<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T: Default + Send + 'static> Deref for Large<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Default + Send + 'static> DerefMut for Large<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T: Default + Send + 'static> Drop for Large<T> {
    fn drop(&mut self) {
        let value = std::mem::take(&mut self.0);
        rayon::spawn(move || drop(value));
    }
}
