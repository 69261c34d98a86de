//! Repeated words of a document, each in memory once: most keys of a large document occur many times.

use std::sync::Arc;

use evenkeel_model::FastSet;

/// The words so far.
#[derive(Debug, Default)]
pub(crate) struct Words(FastSet<Arc<str>>);

impl Words {
    /// Returns the shared form of a word.
    pub(crate) fn shared(&mut self, text: &str) -> Arc<str> {
        /// Longer texts are rarely repeated.
        const SHORT: usize = 24;
        if text.len() > SHORT {
            return text.into();
        }
        if let Some(known) = self.0.get(text) {
            return Arc::clone(known);
        }
        let word: Arc<str> = text.into();
        self.0.insert(Arc::clone(&word));
        word
    }
}
