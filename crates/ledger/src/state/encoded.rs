//! The encoded form of the state: one block of bytes that decodes faster than the entries fold.
//!
//! It is a cache, never a record: another version of the program discards it and folds the entries again. The large
//! tables (applied resources, rehearsed shapes) are binary, the rest is JSON. `folder::snapshot` stores it and decides
//! when it counts.

use std::collections::HashMap;
use std::io::{self, BufWriter, Write};
use std::sync::Arc;

use super::State;
use crate::environment_state::{AppliedResource, EnvironmentState};
use evenkeel_model::{Digest, DigestOfPieces, Instance, Moment};

/// The number of bytes digested at once.
const AT_ONCE: usize = 64 * 1024;

impl State {
    /// Writes the encoded state in small pieces: as a whole it is as large as the state. The same state gives the same
    /// bytes.
    ///
    /// # Errors
    ///
    /// When `bytes` cannot be written; otherwise never for a state that was folded from entries.
    pub fn encode(&self, bytes: &mut dyn Write) -> io::Result<()> {
        text(bytes, &serde_json::to_vec(self)?)?;
        for environment in self.environments.values() {
            environment.encode(bytes)?;
        }
        Ok(())
    }

    /// Returns whether both are the state after the same entries.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        let own = self.digest();
        own.is_some() && own == other.digest()
    }

    /// Returns the digest of the encoded state, which never is in memory as a whole.
    #[must_use]
    pub fn digest(&self) -> Option<Digest> {
        let mut digest = BufWriter::with_capacity(AT_ONCE, Digesting::default());
        self.encode(&mut digest).ok()?;
        digest.flush().ok()?;
        Some(digest.get_ref().0.digest())
    }

    /// Decodes a state; `None` when the bytes are not the encoded form of this version.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let mut bytes = Bytes(bytes);
        let mut state: Self = serde_json::from_slice(bytes.text()?).ok()?;
        for environment in state.environments.values_mut() {
            environment.decode(&mut bytes)?;
        }
        bytes.0.is_empty().then_some(state)
    }
}

impl EnvironmentState {
    /// Appends the tables: the names of applies, the applied resources in order, the shapes in order of their digests.
    fn encode(&self, bytes: &mut dyn Write) -> io::Result<()> {
        let mut numbers: HashMap<&str, u64> = HashMap::new();
        let mut applies: Vec<&str> = Vec::new();
        for applied in self.applied.values() {
            numbers.entry(&applied.apply).or_insert_with(|| {
                applies.push(&applied.apply);
                applies.len() as u64 - 1
            });
        }
        number(bytes, applies.len() as u64)?;
        for apply in applies {
            text(bytes, apply.as_bytes())?;
        }
        number(bytes, self.applied.len() as u64)?;
        for (instance, applied) in &self.applied {
            match &instance.host {
                None => text(bytes, instance.address.as_str().as_bytes())?,
                Some(_) => text(bytes, instance.to_string().as_bytes())?,
            }
            text(bytes, applied.record.as_bytes())?;
            number(bytes, applied.at.as_millisecond().cast_unsigned())?;
            number(bytes, numbers.get(&*applied.apply).copied().unwrap_or(0))?;
        }
        let mut rehearsed: Vec<(&Digest, &u64)> = self.rehearsed.iter().collect();
        rehearsed.sort_unstable();
        number(bytes, rehearsed.len() as u64)?;
        for (shape, sequence) in rehearsed {
            bytes.write_all(shape.as_bytes())?;
            number(bytes, *sequence)?;
        }
        Ok(())
    }

    fn decode(&mut self, bytes: &mut Bytes<'_>) -> Option<()> {
        let count = bytes.count(8)?;
        let mut applies: Vec<Arc<str>> = Vec::with_capacity(count);
        for _ in 0..count {
            applies.push(std::str::from_utf8(bytes.text()?).ok()?.into());
        }
        let count = bytes.count(32)?;
        let mut applied = Vec::with_capacity(count);
        for _ in 0..count {
            let instance = Instance::parse(std::str::from_utf8(bytes.text()?).ok()?)?;
            let record = std::str::from_utf8(bytes.text()?).ok()?.into();
            let at = Moment::from_millisecond(bytes.number()?.cast_signed());
            let apply = applies.get(usize::try_from(bytes.number()?).ok()?)?;
            let apply = Arc::clone(apply);
            applied.push((instance, AppliedResource { record, at, apply }));
        }
        self.applied = applied.into_iter().collect();
        let count = bytes.count(40)?;
        self.rehearsed.reserve(count);
        for _ in 0..count {
            let shape = Digest::from_bytes(*bytes.take(32)?.first_chunk()?);
            self.rehearsed.insert(shape, bytes.number()?);
        }
        Some(())
    }
}

/// Bytes that are only digested.
#[derive(Default)]
struct Digesting(DigestOfPieces);

impl Write for Digesting {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.add(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn number(bytes: &mut dyn Write, number: u64) -> io::Result<()> {
    bytes.write_all(&number.to_le_bytes())
}

fn text(bytes: &mut dyn Write, text: &[u8]) -> io::Result<()> {
    number(bytes, text.len() as u64)?;
    bytes.write_all(text)
}

/// The bytes that are not decoded yet.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(*self.take(8)?.first_chunk()?))
    }

    fn text(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        self.take(length)
    }

    /// The number of elements that follow, of at least `least` bytes each: a larger number than fits is malformed, and
    /// must not allocate.
    fn count(&mut self, least: usize) -> Option<usize> {
        let count = usize::try_from(self.number()?).ok()?;
        (count <= self.0.len() / least).then_some(count)
    }
}
