//! Frames: one letter for the kind, four bytes for the length (big-endian), then that many bytes.
//!
//! `J` is JSON. `B` is raw bytes, which only follow a message that announces them. Every length is checked before the
//! read, and memory grows only with received bytes.

use std::io::{self, Read, Write};

use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::{MAGIC, limit};

/// The largest number of bytes that are copied to write a frame at once.
const TOGETHER: usize = 16 * 1024;

/// One frame.
pub enum Frame {
    /// Unparsed JSON. It may contain a key, so its memory is wiped.
    Json(Zeroizing<Vec<u8>>),
    /// Raw bytes of a material. They may be secret, so their memory is wiped.
    Bytes(Zeroizing<Vec<u8>>),
}

/// The reason why a conversation ends early. No variant contains received data, which may be secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// The other side closed the channel in the middle of a frame.
    #[error("the channel ended in the middle of a frame")]
    Truncated,
    /// The first line differs.
    #[error("expected the first line `{}`", String::from_utf8_lossy(MAGIC).trim_end())]
    NotEvenkeel,
    /// The kind of a frame is unknown.
    #[error("unknown kind of frame: byte {0}")]
    Kind(u8),
    /// A limit was exceeded.
    #[error("{what} exceeds the limit of {limit}")]
    Excessive {
        /// The quantity that exceeded it.
        what: &'static str,
        /// The limit.
        limit: u64,
    },
    /// The JSON is not a message.
    #[error("malformed message at byte {column}")]
    Malformed {
        /// The position that the parser reports.
        column: usize,
    },
    /// A message out of sequence.
    #[error("unexpected message: expected {expected}")]
    Unexpected {
        /// The expected message.
        expected: &'static str,
    },
    /// The other side took too long.
    #[error("no {what} within {seconds} s")]
    Late {
        /// The awaited message.
        what: &'static str,
        /// The time limit.
        seconds: u64,
    },
    /// The other side uses another version.
    #[error(
        "the other side uses protocol {theirs}, this side {ours}: install the same version on both"
    )]
    Version {
        /// Its version.
        theirs: u32,
        /// Ours.
        ours: u32,
    },
    /// The channel itself failed.
    #[error("the channel failed: {0}")]
    Channel(io::ErrorKind),
}

impl From<io::Error> for Violation {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::Truncated,
            kind => Self::Channel(kind),
        }
    }
}

/// Reads the next frame; `None` when the channel ended between two frames.
///
/// # Errors
///
/// When the frame is truncated, too long, or of an unknown kind.
pub fn read(from: &mut impl Read) -> Result<Option<Frame>, Violation> {
    let mut kind = [0];
    loop {
        match from.read(&mut kind) {
            Ok(0) => return Ok(None),
            Ok(_) => break,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
    let [kind] = kind;
    let (limit, what) = match kind {
        b'J' => (limit::JSON, "a message"),
        b'B' => (limit::BYTES, "a piece"),
        other => return Err(Violation::Kind(other)),
    };
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let length = u64::from(u32::from_be_bytes(length));
    if length > limit as u64 {
        return Err(Violation::Excessive {
            what,
            limit: limit as u64,
        });
    }
    let mut bytes = Zeroizing::new(Vec::new());
    from.take(length).read_to_end(&mut bytes)?;
    if (bytes.len() as u64) < length {
        return Err(Violation::Truncated);
    }
    Ok(Some(match kind {
        b'J' => Frame::Json(bytes),
        _ => Frame::Bytes(bytes),
    }))
}

/// Reads the other side's first line. Skips up to `skip` bytes before it, such as the output of a login shell.
///
/// # Errors
///
/// When the line does not arrive.
pub fn read_magic(from: &mut impl Read, skip: usize) -> Result<(), Violation> {
    let mut line = Vec::new();
    let mut read = 0;
    let mut byte = [0];
    while read < skip + MAGIC.len() {
        match from.read(&mut byte) {
            Ok(0) => {
                return Err(if read == 0 {
                    Violation::Truncated
                } else {
                    Violation::NotEvenkeel
                });
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error.into()),
        }
        read += 1;
        line.extend_from_slice(&byte);
        if line.ends_with(MAGIC) && (skip > 0 || line.len() == MAGIC.len()) {
            return Ok(());
        }
        if line.len() > MAGIC.len() {
            line.remove(0);
        }
    }
    Err(Violation::NotEvenkeel)
}

/// Parses a message.
///
/// # Errors
///
/// When the JSON is not a message. The error never contains the message.
pub fn parse<T: DeserializeOwned>(json: &[u8]) -> Result<T, Violation> {
    serde_json::from_slice(json).map_err(|error| Violation::Malformed {
        column: error.column(),
    })
}

/// Writes a message.
///
/// # Errors
///
/// When it is too long, or the channel fails.
pub fn write(to: &mut impl Write, message: &impl Serialize) -> Result<(), Violation> {
    let json = Zeroizing::new(
        serde_json::to_vec(message).map_err(|_| Violation::Malformed { column: 0 })?,
    );
    write_json(to, &json)
}

/// Writes a message that is already JSON.
///
/// # Errors
///
/// When it is too long, or the channel fails.
pub fn write_json(to: &mut impl Write, json: &[u8]) -> Result<(), Violation> {
    whole(to, b'J', json, limit::JSON, "a message")
}

/// Writes raw bytes in as many frames as needed.
///
/// # Errors
///
/// When the channel fails.
pub fn write_bytes(to: &mut impl Write, bytes: &[u8]) -> Result<(), Violation> {
    bytes
        .chunks(limit::BYTES)
        .try_for_each(|piece| whole(to, b'B', piece, limit::BYTES, "a piece"))
}

fn whole(
    to: &mut impl Write,
    kind: u8,
    bytes: &[u8],
    limit: usize,
    what: &'static str,
) -> Result<(), Violation> {
    let excessive = Violation::Excessive {
        what,
        limit: limit as u64,
    };
    let length = u32::try_from(bytes.len()).map_err(|_| excessive.clone())?;
    if bytes.len() > limit {
        return Err(excessive);
    }
    let mut head = [0; 5];
    let (letter, rest) = head.split_at_mut(1);
    letter.copy_from_slice(&[kind]);
    rest.copy_from_slice(&length.to_be_bytes());
    if bytes.len() <= TOGETHER {
        let mut frame = Zeroizing::new(Vec::with_capacity(head.len() + bytes.len()));
        frame.extend_from_slice(&head);
        frame.extend_from_slice(bytes);
        to.write_all(&frame)?;
    } else {
        to.write_all(&head)?;
        to.write_all(bytes)?;
    }
    Ok(to.flush()?)
}

#[cfg(test)]
mod tests {
    use super::{Frame, Violation, parse, read, read_magic, write, write_bytes};
    use crate::wire::MAGIC;
    use proptest::prelude::*;

    #[test]
    fn written_frames_are_read_back() {
        let mut channel = Vec::new();
        write(&mut channel, &["a", "b"]).unwrap();
        write_bytes(&mut channel, &vec![7; 1024 * 1024 + 1]).unwrap();
        let mut from = channel.as_slice();
        let Some(Frame::Json(json)) = read(&mut from).unwrap() else {
            panic!("no message");
        };
        assert_eq!(parse::<Vec<String>>(&json).unwrap(), ["a", "b"]);
        for length in [1024 * 1024, 1] {
            match read(&mut from).unwrap() {
                Some(Frame::Bytes(bytes)) => assert_eq!(bytes.len(), length),
                _ => panic!("no bytes"),
            }
        }
        assert!(read(&mut from).unwrap().is_none());
    }

    #[test]
    fn violations_are_named() {
        let fault = |bytes: &[u8]| read(&mut &*bytes).err();
        assert_eq!(fault(b"X"), Some(Violation::Kind(b'X')));
        assert_eq!(fault(b"J\0\0"), Some(Violation::Truncated));
        assert_eq!(fault(b"J\0\0\0\x05{}"), Some(Violation::Truncated));
        assert!(matches!(
            fault(b"J\xff\xff\xff\xff"),
            Some(Violation::Excessive { .. })
        ));
        assert!(matches!(
            parse::<String>(b"{}"),
            Err(Violation::Malformed { .. })
        ));
    }

    #[test]
    fn a_banner_is_skipped_only_where_that_is_allowed() {
        let banner = [b"Welcome to web-1\nevenkeel", MAGIC].concat();
        assert_eq!(read_magic(&mut banner.as_slice(), 1000), Ok(()));
        assert!(read_magic(&mut banner.as_slice(), 0).is_err());
        assert_eq!(read_magic(&mut &*MAGIC, 0), Ok(()));
        assert_eq!(read_magic(&mut &b""[..], 0), Err(Violation::Truncated));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_do_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut from = bytes.as_slice();
            let _ = read_magic(&mut from, 10);
            while let Ok(Some(_)) = read(&mut from) {}
        }
    }
}
