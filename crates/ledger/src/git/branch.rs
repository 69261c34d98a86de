//! The ref with its last known commit, and what waits to be pushed with the next append.
//!
//! One append at a time: the other threads of this run wait for the push.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::layout::{self, StoredLock};
use super::lock::Holding;
use super::repository::{Pushed, Repository};
use crate::{Checkpoint, Head, LedgerError};
use evenkeel_model::{Digest, EnvironmentName, Moment};

/// The number of pushes that are tried against faster writers.
const TRIES: u32 = 50;

/// The ref of one store.
pub(super) struct Branch {
    pub(super) repository: Repository,
    /// Set when the caller is asked to stop.
    pub(super) ending: Arc<AtomicBool>,
    state: Mutex<State>,
}

/// What this run knows of the ref.
#[derive(Default)]
pub(super) struct State {
    /// Whether the remote was checked.
    is_checked: bool,
    /// The last known commit.
    pub(super) tip: Option<String>,
    /// Objects to push with the next append.
    pub(super) objects: BTreeMap<Digest, Vec<u8>>,
    /// Locks that this run takes or holds.
    pub(super) holdings: BTreeMap<EnvironmentName, Holding>,
    /// Small files at `tip`, as far as they were read.
    files: BTreeMap<String, Option<Vec<u8>>>,
}

/// Files to change in a commit; `None` removes one.
pub(super) type Changes = Vec<(String, Option<Vec<u8>>)>;

impl Branch {
    pub(super) fn new(repository: Repository, ending: Arc<AtomicBool>) -> Self {
        Self {
            repository,
            ending,
            state: Mutex::default(),
        }
    }

    pub(super) fn place(&self) -> &str {
        self.repository.place()
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fetches the ref, and returns its last commit; `None` when there is no ledger.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Broken`] when the remote no longer contains what this clone has seen, [`LedgerError::Missing`]
    /// when the whole ref is gone.
    pub(super) fn refresh(&self) -> Result<Option<String>, LedgerError> {
        let mut state = self.state();
        self.refresh_in(&mut state)?;
        Ok(state.tip.clone())
    }

    /// Like [`Branch::refresh`], while the state is held.
    pub(super) fn refresh_in(&self, state: &mut State) -> Result<(), LedgerError> {
        if !state.is_checked {
            self.repository.check_remote()?;
            state.tip = self.repository.known()?;
            state.is_checked = true;
        }
        let now = self.repository.fetch(state.tip.as_deref())?;
        match (&state.tip, now) {
            (None, None) => Ok(()),
            (Some(_), None) => Err(LedgerError::Missing {
                path: self.place().to_owned(),
                head: "this clone".to_owned(),
            }),
            (Some(tip), Some(now)) if *tip == now => Ok(()),
            (tip, Some(now)) => {
                if let Some(tip) = tip
                    && !self.repository.follows(tip, &now)?
                {
                    return Err(LedgerError::broken(
                        0,
                        format!(
                            "{} was rewritten: its commit {} does not follow {}, which this clone has seen; \
                             restore the ref from a clone that has both",
                            self.place(),
                            short(&now),
                            short(tip),
                        ),
                    ));
                }
                self.advance(state, now)
            }
        }
    }

    /// Records a commit that follows the last known one.
    fn advance(&self, state: &mut State, commit: String) -> Result<(), LedgerError> {
        self.repository.remember(&commit)?;
        state.tip = Some(commit);
        state.files.clear();
        Ok(())
    }

    /// Returns the last known commit without asking the remote.
    pub(super) fn tip(&self) -> Option<String> {
        self.state().tip.clone()
    }

    /// Pushes a commit. `make` returns its message and its changes, and is called again after each lost race.
    pub(super) fn push(
        &self,
        time: Moment,
        mut make: impl FnMut(&Self, &mut State) -> Result<(String, Changes), LedgerError>,
    ) -> Result<(), LedgerError> {
        let mut state = self.state();
        for _ in 0..TRIES {
            let (message, changes) = make(self, &mut state)?;
            if changes.is_empty() {
                return Ok(());
            }
            let parent = state.tip.clone();
            let seconds = time.as_millisecond().div_euclid(1000);
            let commit = self
                .repository
                .commit(parent.as_deref(), seconds, &message, &changes)?;
            match self
                .repository
                .push(&commit, parent.as_deref(), &self.ending)?
            {
                Pushed::Accepted => {
                    let mut files = std::mem::take(&mut state.files);
                    files.extend(changes.into_iter().filter(|(path, _)| is_cached(path)));
                    self.advance(&mut state, commit)?;
                    state.files = files;
                    return Ok(());
                }
                Pushed::Outrun => self.refresh_in(&mut state)?,
            }
        }
        Err(LedgerError::Busy {
            operation: "append to",
            path: self.place().to_owned(),
            writer: "other writers were faster each time; try again".to_owned(),
        })
    }

    /// Returns a small file at the last known commit.
    pub(super) fn file_in(
        &self,
        state: &mut State,
        path: &str,
    ) -> Result<Option<Vec<u8>>, LedgerError> {
        let Some(tip) = &state.tip else {
            return Ok(None);
        };
        if let Some(known) = state.files.get(path) {
            return Ok(known.clone());
        }
        let content = self.repository.file(tip, path)?;
        state.files.insert(path.to_owned(), content.clone());
        Ok(content)
    }

    /// Returns the newest token of an environment at the last known commit.
    pub(super) fn token_in(
        &self,
        state: &mut State,
        environment: &EnvironmentName,
    ) -> Result<u64, LedgerError> {
        let file = self.file_in(state, &layout::token(environment))?;
        file.as_deref().map_or(Some(0), number).ok_or_else(|| {
            let reason = format!("the stored token of {environment} is malformed");
            LedgerError::broken(0, reason)
        })
    }

    /// Returns the stored lock of an environment at the last known commit.
    pub(super) fn lock_in(
        &self,
        state: &mut State,
        environment: &EnvironmentName,
    ) -> Result<Option<StoredLock>, LedgerError> {
        let file = self.file_in(state, &layout::lock(environment))?;
        // A garbled lock is no lock: the fence protects the entries.
        Ok(file.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
    }

    /// Returns the head at the last known commit.
    pub(super) fn head_in(&self, state: &mut State) -> Result<Head, LedgerError> {
        Ok(head(self.file_in(state, layout::HEAD)?))
    }

    /// Returns the head at a commit.
    pub(super) fn head_at(&self, commit: &str) -> Result<Head, LedgerError> {
        Ok(head(self.repository.file(commit, layout::HEAD)?))
    }

    /// Returns the stored fingerprint of the key.
    pub(super) fn fingerprint(&self) -> Result<Option<Digest>, LedgerError> {
        let Some(tip) = self.refresh()? else {
            return Ok(None);
        };
        let file = self.repository.file(&tip, layout::KEY)?;
        let text = file.map(|bytes| String::from_utf8_lossy(&bytes).trim().to_owned());
        Ok(text.and_then(|text| text.parse().ok()))
    }
}

/// Returns the head in a file.
fn head(content: Option<Vec<u8>>) -> Head {
    match content {
        None => Head::Absent,
        Some(bytes) => {
            serde_json::from_slice::<Checkpoint>(&bytes).map_or(Head::Unreadable, Head::Known)
        }
    }
}

/// Returns whether a file is small and read again with the next append.
fn is_cached(path: &str) -> bool {
    !path.starts_with(layout::ENTRIES) && !path.starts_with(layout::OBJECTS)
}

/// Returns the number in a file.
pub(super) fn number(bytes: &[u8]) -> Option<u64> {
    std::str::from_utf8(bytes).ok()?.trim().parse().ok()
}

/// Returns the first digits of a hash.
fn short(hash: &str) -> &str {
    hash.get(..12).unwrap_or(hash)
}
