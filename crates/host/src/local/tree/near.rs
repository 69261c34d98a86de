//! Trees that a target has near an artifact that it lacks, as a source of files for it.
//!
//! Nothing here is trusted: the caller verifies the digest of the whole artifact that it made of them.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::File;
use std::os::fd::OwnedFd;
use std::path::Path;

use super::Survey;
use evenkeel_model::Digest;

/// Releases in one directory, each under the digits of its digest.
pub struct Near<'a> {
    releases: &'a OwnedFd,
    names: Vec<String>,
}

impl<'a> Near<'a> {
    /// Creates it. The first release that can be read counts.
    pub(crate) fn new<'d>(
        releases: &'a OwnedFd,
        digests: impl IntoIterator<Item = &'d Digest>,
    ) -> Self {
        Self {
            releases,
            names: digests.into_iter().map(Digest::hex).collect(),
        }
    }

    /// Reads a release and digests all its files; `None` if there is none.
    #[must_use]
    pub fn read(&self) -> Option<NearTree> {
        self.names.iter().find_map(|name| {
            let survey = Survey::of(self.releases, OsStr::new(name), Path::new(name)).ok()?;
            let contents = survey.contents().ok()?;
            let numbered = contents.into_iter().zip(0..);
            let by_digest = numbered.filter_map(|(digest, number)| Some((digest?, number)));
            Some(NearTree {
                by_digest: by_digest.collect(),
                survey,
            })
        })
    }
}

/// The files of a release.
pub struct NearTree {
    survey: Survey,
    by_digest: HashMap<Digest, usize>,
}

impl NearTree {
    /// Opens a file with this content.
    #[must_use]
    pub fn same(&self, digest: &Digest) -> Option<File> {
        let item = self.survey.items.get(*self.by_digest.get(digest)?)?;
        Some(self.survey.open(item).ok()?.into())
    }

    /// Opens the file with this path, which is an older version of one. A release of one file has one only.
    #[must_use]
    pub fn older(&self, path: &str, is_single: bool) -> Option<File> {
        let items = &self.survey.items;
        let item = if is_single {
            items.first().filter(|_| items.len() == 1)?
        } else {
            let found = items.binary_search_by(|item| item.path.as_str().cmp(path));
            items.get(found.ok()?)?
        };
        Some(self.survey.open(item).ok()?.into())
    }
}
