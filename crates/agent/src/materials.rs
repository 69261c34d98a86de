//! Materials that are requested over the channel, one request at a time.
//!
//! Contents are requested ahead, see [`crate::ahead`], passed on and not kept. Artifacts arrive in a private folder that is
//! removed with the request. What the host has in another version is requested in parts.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use evenkeel_host::wire::frame::Violation;
use evenkeel_host::wire::limit;
use evenkeel_host::wire::message::{ArtifactFile, Reply, Request, Whole};
use evenkeel_host::wire::parts::Older;
use evenkeel_host::{Action, Materials, Near, NearTree};
use evenkeel_model::{Digest, Sealer};
use zeroize::Zeroizing;

use crate::ahead::{Ahead, Arrived};
use crate::conversation::Outbox;
use crate::inbox::{Inbox, Over, Piece};
use crate::staging::Staging;

/// Materials of one request.
pub(crate) struct RemoteMaterials<'a, W> {
    pub(crate) inbox: &'a Inbox,
    pub(crate) outbox: &'a Outbox<W>,
    /// Keys the names of chunks.
    pub(crate) sealer: &'a Sealer,
    pub(crate) temporary: &'a Path,
    /// The reason why the conversation cannot continue.
    pub(crate) fault: &'a OnceLock<Over>,
    /// Locked during a request: there is one at a time.
    pub(crate) state: Mutex<State>,
}

/// What arrived.
pub(crate) struct State {
    ahead: Ahead,
    /// Artifacts, each once.
    artifacts: BTreeMap<Digest, Option<Staging>>,
}

impl State {
    pub(crate) fn of(actions: &[Action]) -> Self {
        Self {
            ahead: Ahead::of(actions),
            artifacts: BTreeMap::new(),
        }
    }
}

/// A listed file that the host lacks.
struct Lacking {
    number: u32,
    path: String,
    file: ArtifactFile,
}

/// A receiver of a file's bytes. An error is kept until the end, so that all frames are taken from the channel.
struct Sink<'a>(io::Result<&'a mut dyn Write>);

impl Sink<'_> {
    fn put(&mut self, bytes: &[u8]) {
        if let Ok(to) = &mut self.0
            && let Err(error) = to.write_all(bytes)
        {
            self.0 = Err(error);
        }
    }
}

impl<W: Write> RemoteMaterials<'_, W> {
    fn piece(&self) -> Result<Piece, Over> {
        self.inbox.piece(limit::MATERIAL)
    }

    fn message(&self) -> Result<Request, Over> {
        match self.piece()? {
            Piece::Message(message) => Ok(message),
            Piece::Bytes(_) => Err(unexpected("a message")),
        }
    }

    /// Requests a material and takes its pieces, unless the conversation is over.
    fn ask<T>(
        &self,
        question: &Reply,
        names: &[u8],
        take: impl FnOnce() -> Result<Option<T>, Over>,
    ) -> Option<T> {
        if self.fault.get().is_some() {
            return None;
        }
        self.inbox.want(true);
        let taken = self
            .outbox
            .write_with(question, names)
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

    fn fetch(&self, digest: &Digest, older: Option<&File>) -> Option<Arc<[u8]>> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let ahead = &mut state.ahead;
        if !ahead.has(digest) {
            let (digests, room) = ahead.request(*digest);
            self.contents(ahead, digests, room, older.is_none())?;
        }
        match (ahead.take(digest)?, older) {
            (Arrived::Bytes(bytes), _) => Some(bytes),
            (Arrived::Missing, _) => None,
            (Arrived::InParts, Some(older)) => self.content_in_parts(*digest, older),
            (Arrived::InParts, None) => {
                let mut alone = Ahead::default();
                self.contents(&mut alone, vec![*digest], 0, true)?;
                match alone.take(digest)? {
                    Arrived::Bytes(bytes) => Some(bytes),
                    Arrived::Missing | Arrived::InParts => None,
                }
            }
        }
    }

    fn contents(
        &self,
        ahead: &mut Ahead,
        digests: Vec<Digest>,
        room: u64,
        whole: bool,
    ) -> Option<()> {
        let question = Reply::WantContents {
            digests,
            room,
            whole,
        };
        self.ask(&question, &[], || {
            let Reply::WantContents { digests, .. } = &question else {
                return Ok(None);
            };
            for digest in digests {
                let arrived = match self.message()? {
                    Request::Later => break,
                    Request::InParts => Arrived::InParts,
                    Request::Missing => Arrived::Missing,
                    Request::Content { size } if size <= limit::CONTENT => {
                        let mut content = Zeroizing::new(Vec::new());
                        self.take_bytes(size, &mut Sink(Ok(&mut *content)))?;
                        Arrived::Bytes(content.as_slice().into())
                    }
                    Request::Content { .. } => {
                        return Err(excessive("a content", limit::CONTENT));
                    }
                    _ => return Err(unexpected("a content")),
                };
                ahead.add(*digest, arrived);
            }
            Ok(Some(()))
        })
    }

    fn content_in_parts(&self, digest: Digest, older: &File) -> Option<Arc<[u8]>> {
        let mut content = Vec::new();
        self.in_parts(
            Whole::Content(digest),
            older,
            limit::CONTENT,
            &mut Sink(Ok(&mut content)),
        )?;
        Some(content.into())
    }

    /// Makes a new version of an older one.
    fn in_parts(&self, of: Whole, older: &File, most: u64, sink: &mut Sink<'_>) -> Option<()> {
        // One that cannot be read has no chunks.
        let chunks = Older::read(older, self.sealer).unwrap_or_default();
        let count = chunks.places.len().saturating_sub(1);
        let question = Reply::WantParts {
            of,
            chunks: u32::try_from(count).unwrap_or(0),
        };
        self.ask(&question, &chunks.names, || {
            let mut left = match self.message()? {
                Request::Recipe { size } if size <= most => size,
                Request::Recipe { .. } => return Err(excessive("a recipe", most)),
                Request::Missing => return Ok(None),
                _ => return Err(unexpected("a recipe")),
            };
            let wrong =
                || unexpected("a part of the older version, or the announced number of bytes");
            while left > 0 {
                let length = match self.message()? {
                    Request::Missing => return Ok(None),
                    Request::Take { first, count } => {
                        let (at, length) = chunks.place(first, count).ok_or_else(wrong)?;
                        if length <= left {
                            copy(older, at, length, sink);
                        }
                        length
                    }
                    Request::Fresh { size } => {
                        if size <= left {
                            self.take_bytes(size, sink)?;
                        }
                        size
                    }
                    _ => return Err(wrong()),
                };
                left = left
                    .checked_sub(length)
                    .filter(|_| length > 0)
                    .ok_or_else(wrong)?;
            }
            Ok(sink.0.is_ok().then_some(()))
        })
    }

    /// Takes the announced number of bytes.
    fn take_bytes(&self, size: u64, sink: &mut Sink<'_>) -> Result<(), Over> {
        let mut left = size;
        while left > 0 {
            let Piece::Bytes(bytes) = self.piece()? else {
                return Err(unexpected("the announced bytes"));
            };
            left = match left.checked_sub(bytes.len() as u64) {
                Some(rest) if !bytes.is_empty() => rest,
                _ => return Err(unexpected("the announced number of bytes")),
            };
            sink.put(&bytes);
        }
        Ok(())
    }

    /// Takes an artifact, or what the host has of a listed one. Returns what it lacks.
    fn take_artifact(
        &self,
        tree: Option<&NearTree>,
        lacking: &mut Vec<Lacking>,
    ) -> Result<Option<Staging>, Over> {
        let single = match self.message()? {
            Request::Missing => return Ok(None),
            Request::Artifact { single } => single,
            _ => return Err(unexpected("an artifact")),
        };
        // Without a folder, the frames must still be taken from the channel.
        let mut staging = Staging::make(self.temporary, single).ok();
        let mut entries = 0_u32;
        loop {
            match self.message()? {
                Request::ArtifactEnd => return Ok(staging),
                Request::Missing => return Ok(None),
                Request::Entry { path, file, link } => {
                    let number = entries;
                    entries += 1;
                    if u64::from(entries) > limit::ENTRIES
                        || path.len() > limit::PATH
                        || link.as_ref().is_some_and(|to| to.len() > limit::PATH)
                    {
                        return Err(excessive("an artifact", limit::ENTRIES));
                    }
                    let known = file.and_then(|file| Some((file, file.digest?)));
                    let same = match (known, tree) {
                        (Some((file, digest)), Some(tree)) => {
                            let same = tree.same(&digest);
                            if same.is_none() {
                                lacking.push(Lacking { number, path, file });
                                continue;
                            }
                            same
                        }
                        (Some(_), None) => return Err(unexpected("the bytes of the artifact")),
                        (None, _) => None,
                    };
                    let open = staging.as_ref().map_or_else(
                        || Err(io::ErrorKind::NotFound.into()),
                        |staging| staging.entry(&path, file.as_ref(), link.as_deref()),
                    );
                    let made = match (open, same) {
                        (Ok(Some(mut to)), Some(mut from)) => {
                            io::copy(&mut from, &mut to).map(drop)
                        }
                        (open, same) => {
                            let mut nothing = io::sink();
                            let mut opened;
                            let mut sink = Sink(match open {
                                Ok(Some(to)) => {
                                    opened = to;
                                    Ok(&mut opened)
                                }
                                Ok(None) => Ok(&mut nothing),
                                Err(error) => Err(error),
                            });
                            let announced = file.filter(|_| same.is_none());
                            self.take_bytes(announced.map_or(0, |file| file.size), &mut sink)?;
                            sink.0.map(drop)
                        }
                    };
                    if made.is_err() {
                        // An incomplete artifact is not kept; its remaining entries are skipped.
                        staging = None;
                    }
                }
                _ => return Err(unexpected("an entry of the artifact")),
            }
        }
    }

    /// Requests what the host lacks of a listed artifact.
    fn complete(&self, tree: &NearTree, staging: &Staging, lacking: Vec<Lacking>) -> Option<()> {
        let mut whole = Vec::new();
        for lack in lacking {
            let older = (lack.file.size > limit::WHOLE)
                .then(|| tree.older(&lack.path, staging.is_single()))
                .flatten();
            let Some(older) = older else {
                whole.push(lack);
                continue;
            };
            let mut to = lack.create(staging)?;
            let of = Whole::Entry(lack.number);
            self.in_parts(of, &older, lack.file.size, &mut Sink(Ok(&mut to)))?;
        }
        if whole.is_empty() {
            return Some(());
        }
        let entries = whole.iter().map(|lack| lack.number).collect();
        self.ask(&Reply::WantEntries { entries }, &[], || {
            let mut is_whole = true;
            for lack in &whole {
                match self.message()? {
                    Request::Missing => return Ok(None),
                    Request::Content { size } if size == lack.file.size => {
                        let mut opened = lack.create(staging);
                        let mut sink = Sink(match &mut opened {
                            Some(to) => Ok(to),
                            None => Err(io::ErrorKind::NotFound.into()),
                        });
                        self.take_bytes(size, &mut sink)?;
                        is_whole &= sink.0.is_ok();
                    }
                    _ => return Err(unexpected("a file of the artifact")),
                }
            }
            match self.message()? {
                Request::ArtifactEnd => Ok(is_whole.then_some(())),
                Request::Missing => Ok(None),
                _ => Err(unexpected("the end of the files")),
            }
        })
    }

    fn fetch_artifact(&self, digest: Digest, near: Option<&Near<'_>>) -> Option<Staging> {
        let tree = near.and_then(Near::read);
        let question = Reply::WantArtifact {
            digest,
            listed: tree.is_some(),
        };
        let mut lacking = Vec::new();
        let staging = self.ask(&question, &[], || {
            self.take_artifact(tree.as_ref(), &mut lacking)
        })?;
        if let Some(tree) = tree {
            self.complete(&tree, &staging, lacking)?;
        }
        Some(staging)
    }

    fn place(&self, digest: &Digest, near: Option<&Near<'_>>) -> Option<PathBuf> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state
            .artifacts
            .entry(*digest)
            .or_insert_with(|| self.fetch_artifact(*digest, near))
            .as_ref()
            .and_then(Staging::artifact)
    }
}

impl Lacking {
    fn create(&self, staging: &Staging) -> Option<File> {
        staging.entry(&self.path, Some(&self.file), None).ok()?
    }
}

impl<W: Write + Send> Materials for RemoteMaterials<'_, W> {
    fn content(&self, digest: &Digest) -> Option<Arc<[u8]>> {
        self.fetch(digest, None)
    }

    fn content_near(&self, digest: &Digest, older: &File) -> Option<Arc<[u8]>> {
        self.fetch(digest, Some(older))
    }

    fn artifact(&self, digest: &Digest) -> Option<PathBuf> {
        self.place(digest, None)
    }

    fn artifact_near(&self, digest: &Digest, near: &Near<'_>) -> Option<PathBuf> {
        self.place(digest, Some(near))
    }
}

/// Copies a part of an older version.
fn copy(from: &File, mut at: u64, mut length: u64, sink: &mut Sink<'_>) {
    let mut space = vec![0; limit::BYTES];
    while length > 0 && sink.0.is_ok() {
        let wanted = usize::try_from(length)
            .unwrap_or(usize::MAX)
            .min(space.len());
        let part = space.get_mut(..wanted).unwrap_or_default();
        match from.read_exact_at(part, at) {
            Ok(()) => sink.put(part),
            Err(error) => sink.0 = Err(error),
        }
        at += wanted as u64;
        length -= wanted as u64;
    }
}

fn unexpected(expected: &'static str) -> Over {
    Over::Broken(Violation::Unexpected { expected })
}

fn excessive(what: &'static str, limit: u64) -> Over {
    Over::Broken(Violation::Excessive { what, limit })
}
