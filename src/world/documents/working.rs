//! Documents of the working tree, including the output of commands.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::render::{self, AT_ONCE, Rendering};
use super::working_tree::{Disk, read_all};
use crate::world::git::Repository;
use evenkeel_core::documents::DocumentRequest;
use evenkeel_core::documents::Listing;
use evenkeel_core::documents::words;
use evenkeel_core::documents::{BinaryAlone, Draft, FileContent, FileSet, refuse_mixtures};
use evenkeel_core::documents::{LIMITS, Limits};
use evenkeel_core::environment::DocumentSource;
use evenkeel_host::threads;
use evenkeel_model::source::SourceFile;

/// Working tree of a project, with the context of rendering.
pub struct WorkingDocuments {
    root: PathBuf,
    boundary: PathBuf,
    rendering: Rendering,
}

impl WorkingDocuments {
    /// Creates a reader below a project's directory (canonical); links may lead anywhere in its repository.
    #[must_use]
    pub fn new(root: &Path, repository: Option<&Repository>, rendering: Rendering) -> Self {
        let boundary = repository
            .map(Repository::root)
            .filter(|boundary| root.starts_with(boundary))
            .unwrap_or(root);
        Self {
            root: root.to_owned(),
            boundary: boundary.to_owned(),
            rendering,
        }
    }

    /// Reads documents: a set for each, in the same order. All processors read files concurrently, and two commands run
    /// at a time.
    #[must_use]
    pub fn gather(&self, asked: &[DocumentRequest<'_>]) -> Vec<FileSet> {
        self.gather_within(asked, &LIMITS)
    }

    pub(super) fn gather_within(
        &self,
        asked: &[DocumentRequest<'_>],
        limits: &Limits,
    ) -> Vec<FileSet> {
        let rendered = self.render(asked);
        let listings: Vec<Option<Listing>> = asked
            .iter()
            .map(|(_, declaration)| match &declaration.source {
                DocumentSource::Path(path) => Some(
                    Disk::seen_by(
                        path,
                        &self.root,
                        &self.boundary,
                        &self.rendering.interruption,
                    )
                    .list(path, limits),
                ),
                DocumentSource::Render { .. } => None,
            })
            .collect();
        let listed: Vec<&Listing> = listings.iter().flatten().collect();
        let mut read = read_all(&listed, limits).into_iter();
        let mut rendered = rendered.into_iter();
        let mut sets: Vec<FileSet> = asked
            .iter()
            .zip(listings)
            .map(|(asked, listing)| {
                let draft = match listing {
                    None => rendered.next().unwrap_or_default(),
                    Some(listing) => match read.next() {
                        Some(Ok(read)) => Draft::of(listing, read, BinaryAlone::Refused, limits),
                        Some(Err(bytes)) => {
                            Draft::refused(words::too_large(&shown(asked), bytes, limits.bytes))
                        }
                        None => Draft::default(),
                    },
                };
                draft.declared(asked)
            })
            .collect();
        refuse_mixtures(asked, &mut sets);
        sets
    }

    /// Runs the commands of rendered documents, a few at a time, and returns results in order.
    fn render(&self, asked: &[DocumentRequest<'_>]) -> Vec<Draft> {
        let commands: Vec<_> = asked
            .iter()
            .filter_map(|(_, declaration)| match &declaration.source {
                DocumentSource::Render { command, within } => Some((command, *within)),
                DocumentSource::Path(_) => None,
            })
            .collect();
        let next = AtomicUsize::new(0);
        let done: Mutex<BTreeMap<usize, Draft>> = Mutex::default();
        std::thread::scope(|scope| {
            for _ in 0..AT_ONCE.min(commands.len()) {
                threads::begin(scope, || {
                    loop {
                        let index = next.fetch_add(1, Ordering::Relaxed);
                        let Some((command, within)) = commands.get(index) else {
                            break;
                        };
                        let draft = match self.rendering.render(command, *within) {
                            Ok(text) => rendered(&render::path(command), text),
                            Err(complaint) => Draft::refused(complaint),
                        };
                        let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
                        done.insert(index, draft);
                    }
                });
            }
        });
        let done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
        done.into_values().collect()
    }
}

fn rendered(path: &str, text: String) -> Draft {
    Draft {
        single: true,
        files: [(
            String::new(),
            FileContent::Text(SourceFile::new(path, text)),
        )]
        .into(),
        whole: true,
        ..Draft::default()
    }
}

/// Returns a document's source for display.
pub(super) fn shown((_, declaration): &DocumentRequest<'_>) -> String {
    match &declaration.source {
        DocumentSource::Path(path) => path.clone(),
        DocumentSource::Render { command, .. } => render::path(command),
    }
}
