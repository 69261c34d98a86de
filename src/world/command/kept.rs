//! Kept part of an endless output: its start and its end, and its lines as they are written.

use std::collections::VecDeque;

use super::Stream;

/// Longest line that is delivered in one piece.
const LONGEST_LINE: usize = 64 * 1024;

/// Bounded output.
pub(super) struct Kept {
    stream: Stream,
    half: usize,
    head: Vec<u8>,
    tail: VecDeque<u8>,
    left_out: u64,
    line: Vec<u8>,
}

impl Kept {
    pub(super) fn new(stream: Stream, limit: usize) -> Self {
        Self {
            stream,
            half: limit / 2,
            head: Vec::new(),
            tail: VecDeque::new(),
            left_out: 0,
            line: Vec::new(),
        }
    }

    /// Adds bytes, and delivers completed lines.
    pub(super) fn take(&mut self, bytes: &[u8], on_line: &mut dyn FnMut(Stream, &str)) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend_from_slice(piece);
            if self.line.ends_with(b"\n") || self.line.len() >= LONGEST_LINE {
                self.hand_on(on_line);
            }
        }
        let (first, rest) =
            bytes.split_at(bytes.len().min(self.half.saturating_sub(self.head.len())));
        self.head.extend_from_slice(first);
        self.tail.extend(rest);
        let surplus = self.tail.len().saturating_sub(self.half);
        self.tail.drain(..surplus);
        self.left_out += surplus as u64;
    }

    /// Delivers the rest of the last line.
    pub(super) fn finish(&mut self, on_line: &mut dyn FnMut(Stream, &str)) {
        if !self.line.is_empty() {
            self.hand_on(on_line);
        }
    }

    fn hand_on(&mut self, on_line: &mut dyn FnMut(Stream, &str)) {
        let line = self.line.strip_suffix(b"\n").unwrap_or(&self.line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        on_line(self.stream, &String::from_utf8_lossy(line));
        self.line.clear();
    }

    /// Whether a part was omitted.
    pub(super) fn is_cut(&self) -> bool {
        self.left_out > 0
    }

    /// Returns the kept output.
    pub(super) fn into_output(self) -> Output {
        Output {
            head: self.head,
            tail: self.tail.into(),
            left_out: self.left_out,
        }
    }
}

/// Kept output of a command. It may contain secrets, so it has no `Debug`.
#[derive(Clone, Default)]
pub struct Output {
    /// Its start; all of it, unless it is longer than half of the limit.
    pub head: Vec<u8>,
    /// Its end, or the rest if nothing was omitted.
    pub tail: Vec<u8>,
    /// Number of omitted bytes between them.
    pub left_out: u64,
}

impl Output {
    /// Whether a part was omitted.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.left_out > 0
    }

    /// Returns all of it, or both halves with a remark about the omitted part between them.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        let mut bytes = self.head;
        if self.left_out > 0 {
            bytes.extend_from_slice(format!("\n… {} bytes left out …\n", self.left_out).as_bytes());
        }
        bytes.extend(self.tail);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::{Kept, Stream};

    #[test]
    fn start_and_end_are_kept_and_lines_are_complete() {
        let mut lines = Vec::new();
        let mut on_line = |_: Stream, line: &str| lines.push(line.to_owned());
        let mut kept = Kept::new(Stream::Output, 8);
        kept.take(b"ab\r\ncd", &mut on_line);
        kept.take(b"ef\nghijklmn", &mut on_line);
        kept.finish(&mut on_line);
        assert_eq!(lines, ["ab", "cdef", "ghijklmn"]);
        let output = kept.into_output();
        assert!(output.is_cut());
        assert_eq!(
            String::from_utf8(output.into_bytes()).unwrap(),
            "ab\r\n\n… 9 bytes left out …\nklmn"
        );
    }
}
