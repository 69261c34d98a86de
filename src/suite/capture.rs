//! Keeps the beginning and the end of a stream of any length.

use std::collections::VecDeque;

use super::redaction::Redactor;
use crate::text;

/// How much of the beginning, and of the end, is kept.
const HALF: usize = 128 * 1024;

/// The beginning and the end of what was written, secrets and all: it has no `Debug`, and `text` is the only way out.
#[derive(Default)]
pub(crate) struct Capture {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    left_out: u64,
}

impl Capture {
    /// Takes more of the stream.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        let room = HALF.saturating_sub(self.head.len()).min(bytes.len());
        let (first, rest) = bytes.split_at(room);
        self.head.extend_from_slice(first);
        self.tail.extend(rest);
        let over = self.tail.len().saturating_sub(HALF);
        self.tail.drain(..over);
        self.left_out += over as u64;
    }

    /// What was kept, as harmless text without secrets; where something was left out, a line says how much.
    pub(super) fn text(&self, redactor: &Redactor) -> String {
        let (one, two) = self.tail.as_slices();
        let tail = [one, two].concat();
        let shown = if self.left_out == 0 {
            redactor.bytes(&[self.head.as_slice(), &tail].concat(), false, false)
        } else {
            format!(
                "{}\n… {} bytes left out …\n{}",
                redactor.bytes(&self.head, false, true),
                self.left_out,
                redactor.bytes(&tail, true, false),
            )
        };
        text::inert(&shown).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::{Capture, HALF, Redactor};

    #[test]
    fn beginning_and_end_are_kept() {
        let mut capture = Capture::default();
        capture.push(b"first\n");
        for _ in 0..1000 {
            capture.push(&[b'.'; 1000]);
        }
        capture.push(b"\nlast");
        let text = capture.text(&Redactor::default());
        assert!(text.starts_with("first\n") && text.ends_with("\nlast"));
        assert!(text.contains("bytes left out"));
        assert!(text.len() < 2 * HALF + 100);
    }

    #[test]
    fn a_secret_between_two_halves_is_found() {
        let mut capture = Capture::default();
        capture.push(&vec![b'.'; HALF - 3]);
        capture.push(b"hunter2!");
        assert!(
            capture
                .text(&Redactor::new(["hunter2"].into_iter()))
                .ends_with(".(secret)!")
        );
    }
}
