//! Comparing ahead of a walk: the commits that the walks of many small documents will probably reach, on all cores.
//!
//! A walk compares one document, commit by commit, which leaves cores idle. Here, all documents take each round
//! together, and each continues while it has differences. The walk itself decides which results count.

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

use rayon::prelude::*;

use super::{AT_ONCE, Judged, Past, Touch, is_within};
use evenkeel_core::documents::{DeclaredDocuments, FileContent, FileSet};
use evenkeel_core::history::Budget;
use evenkeel_model::Digest;

/// Maximum number of documents in memory at once.
const TOGETHER: usize = 64;
/// Maximum number of bytes of a document that is compared ahead.
const SMALL: usize = 64 * 1024;

/// Document whose history is searched.
pub(super) struct Searched<'s> {
    /// Its declaration.
    pub(super) own: DeclaredDocuments,
    /// Places that it depends on.
    pub(super) places: Vec<PathBuf>,
    /// Its current differences.
    pub(super) now: &'s BTreeSet<Digest>,
    /// Commits that touched it, newest first.
    pub(super) touches: Vec<Arc<Touch>>,
    /// Results of commits that the walk has not reached.
    pub(super) ahead: HashMap<String, Judged>,
}

/// Progress of one document.
struct Progress<'s, 'd> {
    searched: &'d mut Searched<'s>,
    /// Differences that exist in all commits so far.
    left: BTreeSet<Digest>,
    /// Next commit.
    next: usize,
    /// Number of commits in the next round.
    at_once: usize,
}

/// Compares the probable commits of each document.
pub(super) fn compare(past: &mut Past<'_>, documents: &mut [Searched<'_>]) {
    let mut bytes = past.bytes;
    for some in documents.chunks_mut(TOGETHER) {
        let mut open: Vec<Progress<'_, '_>> = some
            .iter_mut()
            .map(|searched| Progress {
                left: searched.now.clone(),
                searched,
                next: 0,
                at_once: 1,
            })
            .collect();
        while !open.is_empty() {
            bytes = bytes.saturating_sub(round(past, &mut open));
            if bytes == 0 {
                return;
            }
        }
    }
}

/// Compares the next commits of each document, keeps the documents that continue, and returns the number of compared
/// bytes.
fn round(past: &mut Past<'_>, open: &mut Vec<Progress<'_, '_>>) -> u64 {
    let wanted = open.iter().flat_map(|each| {
        let own = &each.searched.own;
        each.commits().map(move |commit| (commit, own))
    });
    past.committed.read_ahead(wanted, &past.renames);
    let mut gathered: Vec<(usize, String, Vec<FileSet>)> = Vec::new();
    open.retain(|each| {
        let asked = each.searched.own.asked();
        let number = gathered.last().map_or(0, |(number, ..)| number + 1);
        let before = gathered.len();
        for commit in each.commits() {
            let sets = past.committed.gather(commit, &asked, &past.renames);
            if bytes_of(&sets) > SMALL {
                break;
            }
            gathered.push((number, commit.to_owned(), sets));
        }
        gathered.len() > before
    });
    let past = &*past;
    let judged: Vec<(usize, String, Judged)> = gathered
        .into_par_iter()
        .filter_map(|(number, commit, sets)| {
            let Searched { own, now, .. } = &*open.get(number)?.searched;
            Some((number, commit, past.judge(own, now, sets)))
        })
        .collect();
    let mut bytes = 0;
    for (number, commit, judged) in judged {
        let Some(own) = open.get_mut(number) else {
            continue;
        };
        bytes += judged.bytes;
        own.take(commit, judged);
    }
    open.retain_mut(|each| {
        each.at_once = (2 * each.at_once).min(AT_ONCE);
        !each.left.is_empty() && each.commits().next().is_some()
    });
    bytes
}

impl Progress<'_, '_> {
    /// Returns the commits of the next round.
    fn commits(&self) -> impl Iterator<Item = &str> {
        let most = Budget::default().commits.saturating_sub(self.next);
        let touches = self.searched.touches.iter().skip(self.next);
        let touches = touches.take(self.at_once.min(most));
        touches.map(|touch| &*touch.commit.commit)
    }

    fn take(&mut self, commit: String, judged: Judged) {
        match &judged.keys {
            Some(keys) => self.left.retain(|key| keys.contains(key)),
            None => self.left.clear(),
        }
        // Before a file was added, it may have had another name: the walk follows it.
        if let Some(touch) = self.searched.touches.get(self.next)
            && touch
                .changes
                .iter()
                .any(|change| change.is_added() && is_within(&change.path, &self.searched.places))
        {
            self.left.clear();
        }
        self.next += 1;
        self.searched.ahead.insert(commit, judged);
    }
}

fn bytes_of(sets: &[FileSet]) -> usize {
    let contents = sets.iter().flat_map(|set| set.files.values());
    contents
        .map(|content| match content {
            FileContent::Text(file) => file.text.len(),
            _ => 0,
        })
        .sum()
}
