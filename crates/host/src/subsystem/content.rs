//! Content: the bytes of a regular file, for a definition that takes them over.
//!
//! It changes nothing. Choosing the files, and judging whether a content may leave the host, is left to the caller: it asks
//! for no file whose content is secret.

use serde::{Deserialize, Serialize};

use super::{Seals, Subject};
use evenkeel_model::Digest;

/// The longest content that is returned, in bytes. A frame holds several.
pub const LONGEST: u64 = 1024 * 1024;

/// Asks for the content of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Query {
    /// The file.
    pub path: String,
}

/// The content of a file; `None` when it is missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The content.
    pub content: Option<FoundContent>,
}

/// The content of a file that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundContent {
    /// The digest of the bytes.
    pub digest: Digest,
    /// The text, or the bytes in hexadecimal if they are not UTF-8.
    pub data: String,
    /// Whether it is a text.
    pub is_text: bool,
}

impl FoundContent {
    /// Wraps bytes.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Self {
        let digest = Digest::of(&bytes);
        match String::from_utf8(bytes) {
            Ok(data) => Self {
                digest,
                data,
                is_text: true,
            },
            Err(error) => Self {
                digest,
                data: hex(error.as_bytes()),
                is_text: false,
            },
        }
    }

    /// Returns the bytes; `None` if they are not those of the digest.
    #[must_use]
    pub fn into_bytes(self) -> Option<Vec<u8>> {
        let bytes = if self.is_text {
            self.data.into_bytes()
        } else {
            from_hex(&self.data)?
        };
        (Digest::of(&bytes) == self.digest).then_some(bytes)
    }
}

fn hex(bytes: &[u8]) -> String {
    let digit = |four: u8| char::from_digit(u32::from(four), 16).unwrap_or('0');
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else {
        return None;
    };
    pairs
        .iter()
        .map(|[high, low]| u8::try_from(digit(high)? * 16 + digit(low)?).ok())
        .collect()
}

impl Subject for Query {
    fn subject(&self) -> &str {
        &self.path
    }
}

impl Seals for Answer {}

pub mod wire {
    //! The wire's types.

    use crate::wire::mirror::mirror;
    use evenkeel_model::Digest;

    mirror! {
        /// Asks for the content of a file.
        Query = super::Query { path: String }
        /// The content of a file.
        Answer = super::Answer { content: Option<FoundContent> }
        /// The content of a file that was found.
        FoundContent = super::FoundContent { digest: Digest, data: String, is_text: bool }
    }
}

#[cfg(feature = "local")]
mod here {
    //! The local part.

    use std::fs::File;
    use std::io::Read as _;
    use std::path::Path;

    use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};
    use rustix::fs::{Mode, OFlags};
    use rustix::io::Errno;

    use super::{Answer, FoundContent, LONGEST, Query};
    use crate::local::reason::{why, why_io};
    use crate::local::{Found, Local, LocalTarget, unreadable};
    use crate::place::{self, Obstacle};

    impl Local for Query {
        fn observe(_: &LocalTarget, asked: &[(usize, &Self)], found: Found<'_>) {
            asked.par_iter().for_each(|(number, query)| {
                let answer = match content(Path::new(&query.path)) {
                    Ok(content) => Answer { content }.into(),
                    Err(reason) => unreadable(reason),
                };
                found(*number, answer);
            });
        }
    }

    fn content(path: &Path) -> Result<Option<FoundContent>, String> {
        let (parent, name) = place::split(path).map_err(|obstacle| obstacle.to_string())?;
        let parent = match place::open_directory(&parent) {
            Ok(parent) => parent,
            Err(Obstacle::Missing(_)) => return Ok(None),
            Err(obstacle) => return Err(obstacle.to_string()),
        };
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = match rustix::fs::openat(parent, name, flags, Mode::empty()) {
            Ok(file) => File::from(file),
            Err(Errno::NOENT) => return Ok(None),
            Err(Errno::LOOP) => return Err("it is a symbolic link".to_owned()),
            Err(errno) => return Err(why(errno)),
        };
        let metadata = file.metadata().map_err(|error| why_io(&error))?;
        if !metadata.is_file() {
            return Err("it is not a regular file".to_owned());
        }
        let mut bytes = Vec::new();
        file.take(LONGEST + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| why_io(&error))?;
        if bytes.len() as u64 > LONGEST {
            return Err("it is larger than 1 MiB".to_owned());
        }
        Ok(Some(FoundContent::new(bytes)))
    }
}

#[cfg(feature = "testing")]
mod recorded {
    //! The part of a target in memory.

    use super::{Answer, FoundContent, Query};
    use crate::recorded::{Recorded, RecordedHost, unreadable};
    use evenkeel_model::Sealer;

    impl Recorded for Query {
        fn answer(&self, host: &RecordedHost, _: &Sealer) -> crate::Answer {
            match host.content(&self.path) {
                Ok(bytes) => Answer {
                    content: bytes.map(FoundContent::new),
                }
                .into(),
                Err(reason) => unreadable(reason),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::FoundContent;

    #[test]
    fn bytes_read_back() {
        for bytes in [
            b"text\n".to_vec(),
            vec![0, 255, 16, 1],
            Vec::new(),
            "é".as_bytes()[..1].to_vec(),
        ] {
            let content = FoundContent::new(bytes.clone());
            assert_eq!(content.clone().into_bytes(), Some(bytes));
            let changed = FoundContent {
                data: format!("{}00", content.data),
                ..content
            };
            assert_eq!(changed.into_bytes(), None);
        }
    }
}
