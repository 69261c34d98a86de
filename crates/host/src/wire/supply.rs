//! What an agent gets while it performs actions: contents and artifacts, or the parts of them that its host lacks.
//!
//! Only what the actions name is sent, and an older version is only considered where an action replaces a file without a
//! secret.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write;
use std::path::Path;

use rustix::io::Errno;

use super::frame::{self, Violation};
use super::message::{ArtifactFile, Request, Whole};
use super::{limit, parts};
use crate::local::tree::{Item, ItemKind, Survey, TreeError, open_parent};
use crate::{Action, Materials, PathState, path};
use evenkeel_model::{Digest, Sealer};

/// The materials of one request.
pub(super) struct Supply<'a> {
    materials: &'a dyn Materials,
    /// All digests that the request contains.
    named: BTreeSet<Digest>,
    /// Contents of files that replace others, without secrets.
    replacing: BTreeSet<Digest>,
    /// The artifact whose entries were listed last.
    listed: Option<Survey>,
}

impl<'a> Supply<'a> {
    /// Takes a request as it is sent, and its actions.
    pub(super) fn new(frame: &[u8], actions: &[&Action], materials: &'a dyn Materials) -> Self {
        let replacing = actions.iter().filter_map(|action| match action {
            Action::File(path::File {
                content,
                sealed: false,
                expected: PathState::File { .. },
                ..
            }) => Some(*content),
            _ => None,
        });
        Self {
            materials,
            named: Digest::all_in(std::str::from_utf8(frame).unwrap_or_default()).collect(),
            replacing: replacing.collect(),
            listed: None,
        }
    }

    fn content(&self, digest: &Digest) -> Option<std::sync::Arc<[u8]>> {
        let content = self.named.contains(digest).then_some(self.materials)?;
        let content = content.content(digest)?;
        (content.len() as u64 <= limit::CONTENT).then_some(content)
    }

    /// Sends contents while there is room.
    pub(super) fn contents(
        &self,
        writer: &mut impl Write,
        digests: &[Digest],
        room: u64,
        whole: bool,
    ) -> Result<(), Violation> {
        let mut left = room.min(limit::AHEAD);
        for (number, digest) in digests.iter().enumerate() {
            let is_first = number == 0;
            let Some(bytes) = self.content(digest) else {
                frame::write(writer, &Request::Missing)?;
                continue;
            };
            let size = bytes.len() as u64;
            if size > limit::WHOLE && self.replacing.contains(digest) && !(is_first && whole) {
                frame::write(writer, &Request::InParts)?;
                continue;
            }
            if !is_first {
                let Some(rest) = left.checked_sub(size) else {
                    return frame::write(writer, &Request::Later);
                };
                left = rest;
            }
            frame::write(writer, &Request::Content { size })?;
            frame::write_bytes(writer, &bytes)?;
        }
        Ok(())
    }

    /// Sends an artifact, or lists its entries.
    pub(super) fn artifact(
        &mut self,
        writer: &mut impl Write,
        digest: &Digest,
        is_listed: bool,
    ) -> Result<(), Violation> {
        self.listed = None;
        let survey = self
            .named
            .contains(digest)
            .then(|| self.materials.artifact(digest))
            .flatten()
            .and_then(|path| survey(&path).ok());
        let contents = match &survey {
            Some(survey) if is_listed => survey.contents().ok(),
            _ => None,
        };
        let Some(survey) = survey.filter(|_| contents.is_some() || !is_listed) else {
            return frame::write(writer, &Request::Missing);
        };
        let single = survey.single;
        frame::write(writer, &Request::Artifact { single })?;
        let contents = contents.unwrap_or_default();
        let known = contents.into_iter().chain(std::iter::repeat(None));
        for (item, digest) in survey.items.iter().zip(known) {
            send_head(writer, item, digest)?;
            if digest.is_none() && !send_bytes(writer, &survey, item)? {
                return frame::write(writer, &Request::Missing);
            }
        }
        self.listed = is_listed.then_some(survey);
        frame::write(writer, &Request::ArtifactEnd)
    }

    /// Returns a file of the listed artifact.
    fn entry(&self, number: u32) -> Result<(&Survey, &Item), Violation> {
        let expected = "the number of a file of the listed artifact";
        let entry = self.listed.as_ref().and_then(|survey| {
            let item = survey.items.get(usize::try_from(number).ok()?)?;
            matches!(item.kind, ItemKind::File { .. }).then_some((survey, item))
        });
        entry.ok_or(Violation::Unexpected { expected })
    }

    /// Sends files of the listed artifact.
    pub(super) fn entries(
        &self,
        writer: &mut impl Write,
        entries: &[u32],
    ) -> Result<(), Violation> {
        if !entries.is_sorted_by(|one, other| one < other) {
            let expected = "numbers of entries in ascending order";
            return Err(Violation::Unexpected { expected });
        }
        for number in entries {
            let (survey, item) = self.entry(*number)?;
            let size = size(item);
            frame::write(writer, &Request::Content { size })?;
            if !send_bytes(writer, survey, item)? {
                return frame::write(writer, &Request::Missing);
            }
        }
        frame::write(writer, &Request::ArtifactEnd)
    }

    /// Sends the recipe of a content or a file.
    pub(super) fn parts(
        &self,
        writer: &mut impl Write,
        of: Whole,
        names: &[u8],
        sealer: &Sealer,
    ) -> Result<(), Violation> {
        match of {
            Whole::Content(digest) if self.replacing.contains(&digest) => {
                match self.content(&digest) {
                    Some(bytes) => {
                        let size = bytes.len() as u64;
                        parts::write_recipe(writer, &*bytes, size, names, sealer)
                    }
                    None => frame::write(writer, &Request::Missing),
                }
            }
            Whole::Content(_) => {
                let expected = "a content that replaces another one";
                Err(Violation::Unexpected { expected })
            }
            Whole::Entry(number) => {
                let (survey, item) = self.entry(number)?;
                match survey.open(item) {
                    Ok(file) => {
                        let file = File::from(file);
                        parts::write_recipe(writer, file, size(item), names, sealer)
                    }
                    Err(_) => frame::write(writer, &Request::Missing),
                }
            }
        }
    }
}

fn survey(path: &Path) -> Result<Survey, TreeError> {
    let (parent, name) = open_parent(path)?;
    Survey::of(&parent, &name, path)
}

fn size(item: &Item) -> u64 {
    u64::try_from(item.status.st_size).unwrap_or(0)
}

/// Announces an entry of an artifact.
fn send_head(
    writer: &mut impl Write,
    item: &Item,
    digest: Option<Digest>,
) -> Result<(), Violation> {
    let file = match item.kind {
        ItemKind::File { executable } => Some(ArtifactFile {
            executable,
            size: size(item),
            digest,
        }),
        ItemKind::Directory | ItemKind::Link => None,
    };
    let path = item.path.clone();
    let link = item.to.as_deref().map(str::to_owned);
    frame::write(writer, &Request::Entry { path, file, link })
}

/// Sends the bytes of an entry; returns whether it was readable. An entry that changes meanwhile arrives with another
/// digest and is rejected there.
fn send_bytes(writer: &mut impl Write, survey: &Survey, item: &Item) -> Result<bool, Violation> {
    if !matches!(item.kind, ItemKind::File { .. }) {
        return Ok(true);
    }
    let file = survey.open(item).ok();
    let mut piece = vec![0; limit::BYTES];
    let mut left = size(item);
    let mut whole = file.is_some();
    while left > 0 {
        let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(piece.len());
        let Some(space) = piece.get_mut(..wanted) else {
            return Ok(false);
        };
        let read = file
            .as_ref()
            .map_or(Ok(0), |file| rustix::io::read(file, &mut *space));
        let read = match read {
            Err(Errno::INTR) => continue,
            Ok(0) | Err(_) => {
                // The file became shorter. Zeros keep the announced length, and the artifact is withdrawn afterwards:
                // an artifact of zeros could have the expected digest.
                whole = false;
                space.fill(0);
                wanted
            }
            Ok(read) => read,
        };
        frame::write_bytes(writer, space.get(..read).unwrap_or_default())?;
        left -= read as u64;
    }
    Ok(whole)
}

#[cfg(test)]
mod tests {
    use super::{send_bytes, survey};

    #[test]
    fn a_file_that_became_shorter_is_withdrawn() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().canonicalize().unwrap().join("zeros");
        std::fs::write(&path, [0; 8]).unwrap();
        let survey = survey(&path).unwrap();
        let mut sent = Vec::new();
        assert!(send_bytes(&mut sent, &survey, &survey.items[0]).unwrap());
        let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
        file.set_len(3).unwrap();
        let mut sent = Vec::new();
        assert!(!send_bytes(&mut sent, &survey, &survey.items[0]).unwrap());
        std::fs::remove_file(&path).unwrap();
        let mut sent = Vec::new();
        assert!(!send_bytes(&mut sent, &survey, &survey.items[0]).unwrap());
    }
}
