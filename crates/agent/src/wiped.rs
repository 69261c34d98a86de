//! A reader with a buffer that is wiped: what arrives may be a key or a secret, and a process may live on.

use std::io::{self, Read};

use zeroize::Zeroizing;

/// Size of the buffer in bytes.
const SIZE: usize = 8 * 1024;

/// Reads several small parts of frames at once.
pub(crate) struct Wiped<R> {
    reader: R,
    buffer: Zeroizing<Vec<u8>>,
    /// Part of the buffer that was not taken yet.
    start: usize,
    end: usize,
}

impl<R: Read> Wiped<R> {
    pub(crate) fn new(reader: R) -> Self {
        Self {
            reader,
            buffer: Zeroizing::new(vec![0; SIZE]),
            start: 0,
            end: 0,
        }
    }
}

impl<R: Read> Read for Wiped<R> {
    fn read(&mut self, taken: &mut [u8]) -> io::Result<usize> {
        if self.start == self.end {
            if taken.len() >= SIZE {
                return self.reader.read(taken);
            }
            self.start = 0;
            self.end = 0;
            self.end = self.reader.read(&mut self.buffer)?;
        }
        let waiting = self.buffer.get(self.start..self.end).unwrap_or_default();
        let count = waiting.len().min(taken.len());
        if let (Some(to), Some(from)) = (taken.get_mut(..count), waiting.get(..count)) {
            to.copy_from_slice(from);
        }
        self.start += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::{SIZE, Wiped};

    #[test]
    fn every_byte_arrives_once_and_in_order() {
        let sent: Vec<u8> = (0..3 * SIZE + 5)
            .map(|number| u8::try_from(number % 251).unwrap())
            .collect();
        let mut reader = Wiped::new(sent.as_slice());
        let mut arrived = Vec::new();
        for size in [1, 4, SIZE, 7, SIZE + 1, SIZE, SIZE] {
            let mut part = vec![0; size];
            let read = reader.read(&mut part).unwrap();
            arrived.extend_from_slice(&part[..read]);
        }
        reader.read_to_end(&mut arrived).unwrap();
        assert!(arrived == sent);
    }
}
