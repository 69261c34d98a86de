//! Materials that are requested over the channel, one at a time.
//!
//! Contents are passed on and not kept. Artifacts arrive in a private folder that is removed with the request.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use evenkeel_host::Materials;
use evenkeel_host::wire::frame::Violation;
use evenkeel_host::wire::limit;
use evenkeel_host::wire::message::Reply;
use evenkeel_model::Digest;
use zeroize::Zeroizing;

use crate::conversation::Outbox;
use crate::inbox::{Inbox, Over, Piece};
use crate::staging::Staging;

/// Materials of one request.
pub(crate) struct RemoteMaterials<'a, W> {
    inbox: &'a Inbox,
    outbox: &'a Outbox<W>,
    temporary: &'a Path,
    /// The reason why the conversation cannot continue.
    fault: &'a OnceLock<Over>,
    /// One request at a time. Received artifacts, each once.
    asking: Mutex<BTreeMap<Digest, Option<Staging>>>,
}

impl<'a, W: Write> RemoteMaterials<'a, W> {
    pub(crate) fn new(
        inbox: &'a Inbox,
        outbox: &'a Outbox<W>,
        temporary: &'a Path,
        fault: &'a OnceLock<Over>,
    ) -> Self {
        Self {
            inbox,
            outbox,
            temporary,
            fault,
            asking: Mutex::default(),
        }
    }

    fn piece(&self) -> Result<Piece, Over> {
        self.inbox.piece(limit::MATERIAL)
    }

    /// Requests a material and takes its pieces, unless the conversation is over.
    fn ask<T>(
        &self,
        question: &Reply,
        take: impl FnOnce() -> Result<Option<T>, Over>,
    ) -> Option<T> {
        if self.fault.get().is_some() {
            return None;
        }
        self.inbox.want(true);
        let taken = self
            .outbox
            .write(question)
            .map_err(Over::Broken)
            .and_then(|()| take());
        self.inbox.want(false);
        match taken {
            Ok(material) => material,
            Err(over) => {
                let _ = self.fault.set(over);
                None
            }
        }
    }

    fn take_content(&self) -> Result<Option<Arc<[u8]>>, Over> {
        let size = match self.piece()? {
            Piece::Missing => return Ok(None),
            Piece::Content { size } if size <= limit::CONTENT => size,
            Piece::Content { .. } => {
                return Err(Over::Broken(Violation::Excessive {
                    what: "a content",
                    limit: limit::CONTENT,
                }));
            }
            _ => return Err(unexpected("a content")),
        };
        let mut content = Zeroizing::new(Vec::new());
        self.take_bytes(size, |bytes| content.extend_from_slice(bytes))?;
        Ok(Some(content.as_slice().into()))
    }

    /// Takes the announced number of bytes.
    fn take_bytes(&self, size: u64, mut give: impl FnMut(&[u8])) -> Result<(), Over> {
        let mut left = size;
        while left > 0 {
            let Piece::Bytes(bytes) = self.piece()? else {
                return Err(unexpected("the announced bytes"));
            };
            left = match left.checked_sub(bytes.len() as u64) {
                Some(rest) if !bytes.is_empty() => rest,
                _ => return Err(unexpected("the announced number of bytes")),
            };
            give(&bytes);
        }
        Ok(())
    }

    fn take_artifact(&self) -> Result<Option<Staging>, Over> {
        let single = match self.piece()? {
            Piece::Missing => return Ok(None),
            Piece::Artifact { single } => single,
            _ => return Err(unexpected("an artifact")),
        };
        // Without a folder, the frames must still be taken from the channel.
        let mut staging = Staging::make(self.temporary, single).ok();
        let mut entries = 0_u64;
        loop {
            match self.piece()? {
                Piece::ArtifactEnd => return Ok(staging),
                Piece::Missing => return Ok(None),
                Piece::Entry { path, file, link } => {
                    entries += 1;
                    if entries > limit::ENTRIES
                        || path.len() > limit::PATH
                        || link.as_ref().is_some_and(|to| to.len() > limit::PATH)
                    {
                        return Err(Over::Broken(Violation::Excessive {
                            what: "an artifact",
                            limit: limit::ENTRIES,
                        }));
                    }
                    let mut open = staging.as_ref().and_then(|staging| {
                        staging.entry(&path, file.as_ref(), link.as_deref()).ok()
                    });
                    let mut whole = open.is_some();
                    self.take_bytes(file.map_or(0, |file| file.size), |bytes| {
                        if let Some(Some(file)) = &mut open {
                            whole &= file.write_all(bytes).is_ok();
                        }
                    })?;
                    if !whole {
                        // An incomplete artifact is not kept; its remaining entries are skipped.
                        staging = None;
                    }
                }
                _ => return Err(unexpected("an entry of the artifact")),
            }
        }
    }
}

impl<W: Write + Send> Materials for RemoteMaterials<'_, W> {
    fn content(&self, digest: &Digest) -> Option<Arc<[u8]>> {
        let _asking = self.asking.lock().unwrap_or_else(PoisonError::into_inner);
        let digest = *digest;
        self.ask(&Reply::WantContent { digest }, || self.take_content())
    }

    fn artifact(&self, digest: &Digest) -> Option<PathBuf> {
        let mut arrived = self.asking.lock().unwrap_or_else(PoisonError::into_inner);
        let digest = *digest;
        arrived
            .entry(digest)
            .or_insert_with(|| self.ask(&Reply::WantArtifact { digest }, || self.take_artifact()))
            .as_ref()
            .and_then(Staging::artifact)
    }
}

fn unexpected(expected: &'static str) -> Over {
    Over::Broken(Violation::Unexpected { expected })
}
