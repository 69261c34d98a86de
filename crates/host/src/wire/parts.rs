//! Parts of a file that the other side already has: content-defined chunks and recipes made of them.
//!
//! The side with an older version names its chunks. The side with the new version answers with a recipe: runs of those
//! chunks, and bytes that are not among them. The receiver verifies the whole digest of the result, so a wrong name, a changed
//! file or another cut only ends the transfer.
//!
//! A name is keyed with the target's key: without the key, a guess at a file's content cannot be tested with it.

use std::collections::HashMap;
use std::io::{self, Read, Write};

use fastcdc::v2020::StreamCDC;

use super::frame::{self, Violation};
use super::limit;
use super::message::Request;
use evenkeel_model::Sealer;

/// The smallest, usual and largest size of a chunk in bytes. The last chunk of a file may be smaller.
const SIZES: (usize, usize, usize) = (4 * 1024, 16 * 1024, 64 * 1024);

/// The length of a chunk's name in bytes.
pub const NAME: usize = 16;

/// The name of a chunk: a part of its keyed digest.
pub type Name = [u8; NAME];

/// Cuts bytes into chunks and passes on each with its name.
///
/// # Errors
///
/// When the bytes cannot be read, or a chunk is refused.
pub fn cut<E: From<io::Error>>(
    from: impl Read,
    sealer: &Sealer,
    mut each: impl FnMut(Name, &[u8]) -> Result<(), E>,
) -> Result<(), E> {
    let (least, usual, most) = SIZES;
    for chunk in StreamCDC::new(from, least, usual, most) {
        let chunk = chunk.map_err(|_| io::Error::from(io::ErrorKind::Other))?;
        let digest = sealer.seal(&chunk.data);
        let name = digest.as_bytes().first_chunk().copied();
        each(name.unwrap_or_default(), &chunk.data)?;
    }
    Ok(())
}

/// The chunks of an older version: their names, as sent, and the places at which they begin and end.
#[derive(Default)]
pub struct Older {
    /// All names, one after the other.
    pub names: Vec<u8>,
    /// The place of each chunk, then the end of the last one.
    pub places: Vec<u64>,
}

impl Older {
    /// Reads an older version.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or has too many chunks.
    pub fn read(from: impl Read, sealer: &Sealer) -> io::Result<Self> {
        let mut older = Self::default();
        let mut end = 0;
        older.places.push(end);
        cut(from, sealer, |name, bytes| {
            if older.places.len() > limit::CHUNKS {
                return Err(io::ErrorKind::FileTooLarge.into());
            }
            end += bytes.len() as u64;
            older.names.extend_from_slice(&name);
            older.places.push(end);
            Ok::<(), io::Error>(())
        })?;
        Ok(older)
    }

    /// Returns the place of a run of chunks, and its length.
    #[must_use]
    pub fn place(&self, first: u32, count: u32) -> Option<(u64, u64)> {
        let last = first.checked_add(count)?;
        let begin = *self.places.get(usize::try_from(first).ok()?)?;
        let end = *self.places.get(usize::try_from(last).ok()?)?;
        Some((begin, end - begin))
    }
}

/// Writes the recipe of a new version with the names of the older one's chunks. Withdraws it with [`Request::Missing`] if
/// there are fewer bytes than announced.
///
/// # Errors
///
/// When the channel fails.
pub fn write_recipe(
    to: &mut impl Write,
    new: impl Read,
    size: u64,
    names: &[u8],
    sealer: &Sealer,
) -> Result<(), Violation> {
    frame::write(to, &Request::Recipe { size })?;
    let (names, _) = names.as_chunks::<NAME>();
    let known: HashMap<&Name, u32> = names.iter().zip(0..).collect();
    let mut writer = Recipe {
        to,
        run: (0, 0),
        fresh: Vec::new(),
    };
    let mut left = size;
    let cut = cut(new.take(size), sealer, |name, bytes| {
        left -= bytes.len() as u64;
        match known.get(&name) {
            Some(number) => writer.known(*number),
            None => writer.fresh(bytes),
        }
    });
    match cut {
        Ok(()) => writer.flush()?,
        Err(Unsent::Source) => left = size.max(1),
        Err(Unsent::Channel(violation)) => return Err(violation),
    }
    if left > 0 {
        return frame::write(to, &Request::Missing);
    }
    Ok(())
}

/// The reason why a chunk was not sent.
enum Unsent {
    /// The new version cannot be read.
    Source,
    Channel(Violation),
}

impl From<io::Error> for Unsent {
    fn from(_: io::Error) -> Self {
        Self::Source
    }
}

struct Recipe<'a, W> {
    to: &'a mut W,
    /// The first chunk of a run, and the number of chunks in it.
    run: (u32, u32),
    fresh: Vec<u8>,
}

impl<W: Write> Recipe<'_, W> {
    fn known(&mut self, number: u32) -> Result<(), Unsent> {
        let (first, count) = self.run;
        if count > 0 && first + count == number {
            self.run = (first, count + 1);
            return Ok(());
        }
        self.flush().map_err(Unsent::Channel)?;
        self.run = (number, 1);
        Ok(())
    }

    fn fresh(&mut self, bytes: &[u8]) -> Result<(), Unsent> {
        if self.run.1 > 0 || self.fresh.len() + bytes.len() > limit::BYTES {
            self.flush().map_err(Unsent::Channel)?;
        }
        self.fresh.extend_from_slice(bytes);
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Violation> {
        let (first, count) = std::mem::take(&mut self.run);
        if count > 0 {
            frame::write(self.to, &Request::Take { first, count })?;
        }
        if !self.fresh.is_empty() {
            let size = self.fresh.len() as u64;
            frame::write(self.to, &Request::Fresh { size })?;
            frame::write_bytes(self.to, &self.fresh)?;
            self.fresh.clear();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use proptest::prelude::*;

    use super::{NAME, Older, write_recipe};
    use crate::wire::frame::{self, Frame};
    use crate::wire::message::Request;
    use evenkeel_model::Sealer;

    /// What the other side makes of a recipe; `None` if it was withdrawn.
    fn made(mut sent: &[u8], older: &Older, old: &[u8]) -> Option<Vec<u8>> {
        let message = |sent: &mut &[u8]| match frame::read(sent).unwrap() {
            Some(Frame::Json(json)) => frame::parse::<Request>(&json).unwrap(),
            _ => panic!("no message"),
        };
        let Request::Recipe { size } = message(&mut sent) else {
            panic!("no recipe");
        };
        let mut new = Vec::new();
        while (new.len() as u64) < size {
            match message(&mut sent) {
                Request::Take { first, count } => {
                    let (at, length) = older.place(first, count).unwrap();
                    let (at, length) = (
                        usize::try_from(at).unwrap(),
                        usize::try_from(length).unwrap(),
                    );
                    new.extend_from_slice(&old[at..at + length]);
                }
                Request::Fresh { size } => {
                    let Some(Frame::Bytes(bytes)) = frame::read(&mut sent).unwrap() else {
                        panic!("no bytes");
                    };
                    assert_eq!(bytes.len() as u64, size);
                    new.extend_from_slice(&bytes);
                }
                Request::Missing => return None,
                _ => panic!("no part"),
            }
        }
        assert!(sent.is_empty());
        Some(new)
    }

    fn bytes(length: usize, seed: u8) -> Vec<u8> {
        let mut bytes = vec![0; length];
        blake3::Hasher::new()
            .update(&[seed])
            .finalize_xof()
            .fill(&mut bytes);
        bytes
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn any_new_version_is_made_of_any_older_one(
            old in (0..400_000_usize, 0..4_u8),
            edits in proptest::collection::vec((any::<prop::sample::Index>(), 0..50_000_usize, 0..50_000_usize, any::<u8>()), 0..6),
            zeros in any::<bool>(),
        ) {
            let old = if zeros { vec![0; old.0] } else { bytes(old.0, old.1) };
            let mut new = old.clone();
            for (at, removed, added, seed) in edits {
                let at = at.index(new.len() + 1);
                let end = (at + removed).min(new.len());
                new.splice(at..end, bytes(added, seed));
            }
            let sealer = Sealer::new([3; 32]);
            let older = Older::read(&*old, &sealer).unwrap();
            prop_assert_eq!(older.names.len() / NAME + 1, older.places.len());
            prop_assert_eq!(older.places.last().copied(), Some(old.len() as u64));
            let mut sent = Vec::new();
            write_recipe(&mut sent, &*new, new.len() as u64, &older.names, &sealer).unwrap();
            prop_assert!(made(&sent, &older, &old) == Some(new.clone()));
            // With names of another key, nothing is known.
            let other = Older::read(&*old, &Sealer::new([4; 32])).unwrap();
            let mut whole = Vec::new();
            write_recipe(&mut whole, &*new, new.len() as u64, &other.names, &sealer).unwrap();
            prop_assert!(whole.len() >= new.len());
        }
    }

    #[test]
    fn a_small_change_needs_few_bytes() {
        let sealer = Sealer::new([3; 32]);
        let old = bytes(2_000_000, 1);
        let older = Older::read(&*old, &sealer).unwrap();
        let mut new = old.clone();
        new.splice(1_000_000..1_000_000, *b"inserted");
        let mut sent = Vec::new();
        write_recipe(&mut sent, &*new, new.len() as u64, &older.names, &sealer).unwrap();
        assert!(sent.len() < 200_000, "{}", sent.len());
        assert!(made(&sent, &older, &old) == Some(new));
    }

    #[test]
    fn a_new_version_that_became_shorter_is_withdrawn() {
        struct Failing;
        impl io::Read for Failing {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::ErrorKind::Other.into())
            }
        }
        let sealer = Sealer::new([3; 32]);
        let older = Older::default();
        let mut sent = Vec::new();
        write_recipe(&mut sent, &b"abc"[..], 4, &[], &sealer).unwrap();
        assert_eq!(made(&sent, &older, b""), None);
        let mut sent = Vec::new();
        write_recipe(&mut sent, Failing, 4, &[], &sealer).unwrap();
        assert_eq!(made(&sent, &older, b""), None);
        // A longer one is cut, and has another digest.
        let mut sent = Vec::new();
        write_recipe(&mut sent, &b"abcde"[..], 4, &[], &sealer).unwrap();
        assert_eq!(made(&sent, &older, b""), Some(b"abcd".to_vec()));
    }

    #[test]
    fn places_of_chunks_that_do_not_exist_are_refused() {
        let sealer = Sealer::new([3; 32]);
        let older = Older::read(&*bytes(500_000, 1), &sealer).unwrap();
        let count = u32::try_from(older.places.len() - 1).unwrap();
        assert_eq!(older.place(0, count), Some((0, 500_000)));
        for (first, length) in [(0, count + 1), (count, 1), (u32::MAX, 1), (1, u32::MAX)] {
            assert_eq!(older.place(first, length), None);
        }
        assert_eq!(Older::default().place(0, 1), None);
    }
}
