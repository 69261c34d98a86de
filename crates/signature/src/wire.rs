//! Wire encoding of SSH: numbers and strings with a length in front of them (RFC 4251, section 5).
//!
//! Every reader is strict: a length beyond the end, a number in a second spelling, or a byte after the end is an error.

/// The bytes do not have the expected form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

/// Reader of a byte string.
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Takes a fixed number of bytes.
    pub(crate) fn take(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(Malformed)?;
        self.rest = rest;
        Ok(taken)
    }

    pub(crate) fn byte(&mut self) -> Result<u8, Malformed> {
        self.take(1)?.first().copied().ok_or(Malformed)
    }

    pub(crate) fn number(&mut self) -> Result<u32, Malformed> {
        let bytes = self.take(4)?.try_into().map_err(|_| Malformed)?;
        Ok(u32::from_be_bytes(bytes))
    }

    /// Takes a string: its length, then its bytes.
    pub(crate) fn string(&mut self) -> Result<&'a [u8], Malformed> {
        let length = usize::try_from(self.number()?).map_err(|_| Malformed)?;
        self.take(length)
    }

    pub(crate) fn text(&mut self) -> Result<&'a str, Malformed> {
        std::str::from_utf8(self.string()?).map_err(|_| Malformed)
    }

    /// Takes a positive integer in its only spelling, and returns its digits without leading zeros.
    pub(crate) fn positive(&mut self) -> Result<&'a [u8], Malformed> {
        match self.string()? {
            [0, digits @ ..] if digits.first().is_some_and(|first| *first > 127) => Ok(digits),
            digits @ [1..128, ..] => Ok(digits),
            _ => Err(Malformed),
        }
    }

    /// Requires the end.
    pub(crate) fn end(self) -> Result<(), Malformed> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(Malformed)
        }
    }
}

/// Appends a string with its length.
pub(crate) fn append(to: &mut Vec<u8>, bytes: &[u8]) {
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    to.extend(length.to_be_bytes());
    to.extend(bytes);
}

#[cfg(test)]
mod tests {
    use super::{Malformed, Reader, append};

    #[test]
    fn strings_end_where_their_length_says() {
        let mut bytes = Vec::new();
        append(&mut bytes, b"abc");
        let mut reader = Reader::new(&bytes);
        assert_eq!(reader.string(), Ok(&b"abc"[..]));
        assert_eq!(reader.end(), Ok(()));
        for length in 0..bytes.len() {
            assert_eq!(Reader::new(&bytes[..length]).string(), Err(Malformed));
        }
        let mut reader = Reader::new(b"\0\0\0\x01ab");
        assert_eq!(reader.text(), Ok("a"));
        assert_eq!(reader.end(), Err(Malformed));
        assert_eq!(Reader::new(&[255; 8]).string(), Err(Malformed));
    }

    #[test]
    fn an_integer_has_one_spelling() {
        let read = |digits: &[u8]| {
            let mut bytes = Vec::new();
            append(&mut bytes, digits);
            Reader::new(&bytes).positive().map(<[u8]>::to_vec)
        };
        assert_eq!(read(&[1, 0, 1]), Ok(vec![1, 0, 1]));
        assert_eq!(read(&[0, 128]), Ok(vec![128]));
        for wrong in [&[][..], &[0], &[0, 1], &[128], &[0, 0, 128]] {
            assert_eq!(read(wrong), Err(Malformed), "{wrong:?}");
        }
    }
}
