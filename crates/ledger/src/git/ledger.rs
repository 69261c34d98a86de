//! The ledger on the ref: each append is one commit that is pushed.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use super::branch::{Branch, Changes, State};
use super::layout::{self, first_of, split};
use super::repository::AT_ONCE;
use crate::chain::{self, Link, Written};
use crate::record::{Founded, Record};
use crate::shared::SharedKey;
use crate::{Checkpoint, Entry, Fence, Head, Ledger, LedgerError, copy, random};
use evenkeel_model::{Digest, EnvironmentName, Moment};

/// A ledger on a ref.
pub(super) struct GitLedger {
    branch: Arc<Branch>,
    founded: Founded,
    /// The commit that this handle has verified, and its end; `None` when opened for reading.
    seen: Option<Mutex<(String, Link)>>,
}

impl GitLedger {
    /// Opens the ledger for reading; `None` when none has ever existed. Changes nothing on the remote.
    pub(super) fn open_existing(
        branch: &Arc<Branch>,
        system: Option<&str>,
    ) -> Result<Option<Self>, LedgerError> {
        let Some(tip) = branch.refresh()? else {
            return Ok(None);
        };
        let (founded, _) = inspect(branch, &tip, system)?;
        Ok(Some(Self {
            branch: Arc::clone(branch),
            founded,
            seen: None,
        }))
    }

    /// Opens the ledger for appending; founds it if none has ever existed.
    pub(super) fn open_or_found(
        branch: &Arc<Branch>,
        system: &str,
        time: Moment,
        key: &SharedKey,
    ) -> Result<Self, LedgerError> {
        let tip = match branch.refresh()? {
            Some(tip) => tip,
            None => {
                let fingerprint = key.find(|| Ok(None))?.map(|sealer| sealer.fingerprint());
                found(branch, system, time, fingerprint)?;
                branch.tip().ok_or_else(|| {
                    LedgerError::broken(1, "the ledger is empty; restore it from a backup")
                })?
            }
        };
        let (founded, last) = inspect(branch, &tip, Some(system))?;
        Ok(Self {
            branch: Arc::clone(branch),
            founded,
            seen: Some(Mutex::new((tip, last))),
        })
    }
}

/// Founds the ledger, unless another run does so at the same time.
fn found(
    branch: &Branch,
    system: &str,
    time: Moment,
    fingerprint: Option<Digest>,
) -> Result<(), LedgerError> {
    let founded = Record::Founded(Founded {
        system: system.to_owned(),
        lineage: random::lineage()?,
        tool: env!("CARGO_PKG_VERSION").to_owned(),
    });
    let Record::Founded(facts) = &founded else {
        return Ok(());
    };
    let first = Link::root().extend_by(time, &founded)?;
    let head = head_file(&facts.lineage, Link::from(&first), branch)?;
    branch.push(time, |_, state| {
        if state.tip.is_some() {
            return Ok((String::new(), Changes::new()));
        }
        let mut changes: Changes = vec![
            (
                layout::segment(1),
                Some(layout::lines(std::slice::from_ref(&first))),
            ),
            (layout::HEAD.to_owned(), Some(head.clone())),
        ];
        if let Some(fingerprint) = fingerprint {
            let line = format!("{}\n", fingerprint.hex());
            changes.push((layout::KEY.to_owned(), Some(line.into_bytes())));
        }
        Ok((format!("Found the ledger of {system}"), changes))
    })
}

/// The number of entries in one file of a copied ledger.
const TOGETHER: usize = 1_000;

/// Copies the entries of another ledger, in one commit.
pub(super) fn fill(
    branch: &Branch,
    source: &dyn Ledger,
    fingerprint: Option<Digest>,
) -> Result<Link, LedgerError> {
    if branch.refresh()?.is_some() {
        return Err(copy::occupied(branch.place()));
    }
    let mut changes = Changes::new();
    let mut lines: Vec<Written> = Vec::new();
    let mut time = Moment::from_millisecond(0);
    let mut close = |lines: &mut Vec<Written>| {
        if let Some(first) = lines.first() {
            changes.push((layout::segment(first.sequence), Some(layout::lines(lines))));
        }
        lines.clear();
    };
    let copied = copy::each_line(source, &mut |line| {
        time = crate::entry::read(&line.line).map_or(time, |entry| entry.time);
        lines.push(line);
        if lines.len() == TOGETHER {
            close(&mut lines);
        }
        Ok(())
    })?;
    close(&mut lines);
    for (environment, token) in &copied.tokens {
        let line = format!("{token}\n").into_bytes();
        changes.push((layout::token(environment), Some(line)));
    }
    let head = head_file(&copied.lineage, copied.link, branch)?;
    changes.push((layout::HEAD.to_owned(), Some(head)));
    if let Some(fingerprint) = fingerprint {
        let line = format!("{}\n", fingerprint.hex()).into_bytes();
        changes.push((layout::KEY.to_owned(), Some(line)));
    }
    branch.push(time, |branch, state| {
        if state.tip.is_some() {
            return Err(copy::occupied(branch.place()));
        }
        let mut all = changes.clone();
        for (digest, bytes) in &state.objects {
            all.push((layout::object(digest), Some(bytes.clone())));
        }
        Ok(("Copy a ledger".to_owned(), all))
    })?;
    branch.state().objects.clear();
    Ok(copied.link)
}

/// Returns the content of the head.
pub(super) fn head_file(
    lineage: &str,
    link: Link,
    branch: &Branch,
) -> Result<Vec<u8>, LedgerError> {
    let head = Checkpoint {
        digest: link.digest,
        lineage: lineage.to_owned(),
        sequence: link.sequence,
    };
    let mut bytes = serde_json::to_vec(&head)
        .map_err(|error| branch.repository.failed("append to", error.to_string()))?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// The name of the head in messages.
pub(super) fn head_name(branch: &Branch) -> String {
    format!("the file `head` of {}", branch.place())
}

/// A stored row: its number, its line and its digest.
pub(super) struct Stored {
    pub(super) sequence: u64,
    pub(super) line: Vec<u8>,
    pub(super) digest: Vec<u8>,
}

/// Passes the rows of a commit with a number above `after` to `take`, in order.
pub(super) fn each_row(
    branch: &Branch,
    commit: &str,
    after: u64,
    take: &mut dyn FnMut(Stored) -> Result<(), LedgerError>,
) -> Result<(), LedgerError> {
    let mut segments: Vec<(u64, String)> = branch
        .repository
        .list(commit, layout::ENTRIES)?
        .into_iter()
        .filter_map(|file| Some((first_of(&file.path)?, file.id)))
        .collect();
    segments.sort_unstable();
    // The last segment that begins at or before the wanted entry contains it.
    let start = segments.partition_point(|(first, _)| *first <= after + 1);
    let wanted = segments.get(start.saturating_sub(1)..).unwrap_or_default();
    for part in wanted.chunks(AT_ONCE) {
        let ids: Vec<String> = part.iter().map(|(_, id)| id.clone()).collect();
        let contents = branch.repository.contents(&ids)?;
        for ((first, _), content) in part.iter().zip(contents) {
            let Some(bytes) = content else {
                return Err(LedgerError::broken(
                    *first,
                    "its file is missing in this clone",
                ));
            };
            for (sequence, (digest, line)) in (*first..).zip(split(&bytes)) {
                if sequence > after {
                    take(Stored {
                        sequence,
                        line: line.to_vec(),
                        digest,
                    })?;
                }
            }
        }
    }
    Ok(())
}

/// Returns one row of a commit.
pub(super) fn row_at(
    branch: &Branch,
    commit: &str,
    sequence: u64,
) -> Result<Option<Stored>, LedgerError> {
    let mut found = None;
    let stop = || LedgerError::broken(0, String::new());
    let outcome = each_row(branch, commit, sequence.saturating_sub(1), &mut |row| {
        if row.sequence == sequence {
            found = Some(row);
        }
        Err(stop())
    });
    match outcome {
        Err(LedgerError::Broken { sequence: 0, .. }) | Ok(()) => Ok(found),
        Err(error) => Err(error),
    }
}

/// Returns the last row of a commit.
fn last_row(branch: &Branch, commit: &str) -> Result<Option<Stored>, LedgerError> {
    let files = branch.repository.list(commit, layout::ENTRIES)?;
    let last = files
        .into_iter()
        .filter_map(|file| first_of(&file.path))
        .max();
    let Some(first) = last else {
        return Ok(None);
    };
    let mut found = None;
    each_row(branch, commit, first.saturating_sub(1), &mut |row| {
        found = Some(row);
        Ok(())
    })?;
    Ok(found)
}

/// Returns the link of a row, and verifies its line against its digest.
fn link(row: &Stored) -> Result<Link, LedgerError> {
    let digest = Digest::of(&row.line);
    if row.digest != digest.as_bytes() {
        return Err(LedgerError::broken(
            row.sequence,
            "its line does not match its stored digest",
        ));
    }
    Ok(Link {
        sequence: row.sequence,
        digest,
    })
}

/// Verifies that a commit has a ledger of this system that reaches its head; returns its founding record and its end.
fn inspect(
    branch: &Branch,
    commit: &str,
    system: Option<&str>,
) -> Result<(Founded, Link), LedgerError> {
    let head = branch.head_at(commit)?;
    let Some(first) = row_at(branch, commit, 1)? else {
        return Err(match head {
            Head::Absent => LedgerError::NotALedger {
                path: branch.place().to_owned(),
                reason: "it has no entries".to_owned(),
            },
            _ => LedgerError::Missing {
                path: branch.place().to_owned(),
                head: head_name(branch),
            },
        });
    };
    let first = Link::root()
        .follow(first.sequence, &first.line, &first.digest)
        .map_err(|reason| LedgerError::broken(1, reason))?;
    let Some(Record::Founded(founded)) = chain::understand(&first)? else {
        return Err(LedgerError::broken(
            1,
            "the first entry is not a founding record",
        ));
    };
    if let Some(system) = system {
        founded.belongs_to(system, branch.place())?;
    }
    let last = match last_row(branch, commit)? {
        None => Link::root(),
        Some(row) => link(&row)?,
    };
    if let Head::Known(checkpoint) = head {
        let kept = row_at(branch, commit, checkpoint.sequence)?;
        let name = head_name(branch);
        checkpoint.prove(
            &founded.lineage,
            last.sequence,
            kept.as_ref().map(|row| row.digest.as_slice()),
            &name,
            &format!("remove {name} deliberately"),
        )?;
    }
    Ok((founded, last))
}

impl Ledger for GitLedger {
    fn belongs_to(&self, system: &str) -> Result<(), LedgerError> {
        self.founded.belongs_to(system, self.branch.place())
    }

    fn prefers_few_appends(&self) -> bool {
        true
    }

    fn each(
        &self,
        after: u64,
        take: &mut dyn FnMut(Entry) -> Result<(), LedgerError>,
    ) -> Result<(), LedgerError> {
        let Some(tip) = self.branch.tip() else {
            return Ok(());
        };
        let mut link = if after == 0 {
            Link::root()
        } else {
            let Some(row) = row_at(&self.branch, &tip, after)? else {
                return Err(LedgerError::broken(
                    after,
                    "the entry is missing, but was read before; restore the ledger from a backup",
                ));
            };
            self::link(&row)?
        };
        each_row(&self.branch, &tip, after, &mut |row| {
            let next = link.sequence + 1;
            let entry = link
                .follow(row.sequence, &row.line, &row.digest)
                .map_err(|reason| LedgerError::broken(next, reason))?;
            link = Link::from(&entry);
            take(entry)
        })
    }

    fn append(
        &self,
        time: Moment,
        records: &[Record],
        fence: Option<&Fence>,
    ) -> Result<u64, LedgerError> {
        let Some(seen) = &self.seen else {
            return Err(LedgerError::storage(
                "append to",
                Path::new(self.branch.place()),
                "opened for reading only",
            ));
        };
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        let mut end = seen.1;
        let mut pushed = None;
        self.branch.push(time, |branch, state| {
            if state.tip.as_deref() != Some(&*seen.0) {
                end = catch_up(branch, state, &seen)?;
                if let Some(tip) = &state.tip {
                    *seen = (tip.clone(), end);
                }
            }
            let (link, changes) = self.changes(branch, state, end, time, records, fence)?;
            pushed = Some(link);
            Ok((message(records), changes))
        })?;
        let (Some(link), Some(tip)) = (pushed, self.branch.tip()) else {
            return Ok(end.sequence);
        };
        {
            let mut state = self.branch.state();
            // What was pushed waits no more.
            state.objects.clear();
            for record in records {
                if let Record::LeaseReturned(returned) = record {
                    state.holdings.remove(&returned.environment);
                }
            }
        }
        *seen = (tip, link);
        Ok(link.sequence)
    }

    fn newest_token(&self, environment: &EnvironmentName) -> Result<u64, LedgerError> {
        let mut state = self.branch.state();
        self.branch.token_in(&mut state, environment)
    }
}

/// Returns the end at a commit that another writer made, after what this handle has verified.
fn catch_up(
    branch: &Branch,
    state: &State,
    (_, known): &(String, Link),
) -> Result<Link, LedgerError> {
    let Some(tip) = &state.tip else {
        return Err(LedgerError::broken(
            1,
            "the ledger is empty; restore it from a backup",
        ));
    };
    let mut link = *known;
    each_row(branch, tip, known.sequence, &mut |row| {
        let next = link.sequence + 1;
        let entry = link
            .follow(row.sequence, &row.line, &row.digest)
            .map_err(|reason| LedgerError::broken(next, reason))?;
        link = Link::from(&entry);
        Ok(())
    })?;
    Ok(link)
}

impl GitLedger {
    /// Returns the new end and the files of an append at the last known commit.
    fn changes(
        &self,
        branch: &Branch,
        state: &mut State,
        end: Link,
        time: Moment,
        records: &[Record],
        fence: Option<&Fence>,
    ) -> Result<(Link, Changes), LedgerError> {
        let fenced = |environment: &EnvironmentName, held: u64, newest: u64| {
            Err(LedgerError::Fenced {
                environment: environment.clone(),
                held,
                newest,
            })
        };
        if let Some(fence) = fence {
            let newest = branch.token_in(state, &fence.environment)?;
            if newest != fence.token {
                return fenced(&fence.environment, fence.token, newest);
            }
        }
        let mut changes = Changes::new();
        let mut link = end;
        let mut lines = Vec::with_capacity(records.len());
        let mut tokens: std::collections::BTreeMap<&EnvironmentName, u64> =
            std::collections::BTreeMap::new();
        for record in records {
            let written = link.extend_by(time, record)?;
            match record {
                Record::LeaseTaken(taken) => {
                    let newest = match tokens.get(&taken.environment) {
                        Some(token) => *token,
                        None => branch.token_in(state, &taken.environment)?,
                    };
                    if taken.token <= newest {
                        return fenced(&taken.environment, taken.token, newest);
                    }
                    tokens.insert(&taken.environment, taken.token);
                    // The lock is taken with the entry that says so, unless another writer was faster.
                    changes.extend(super::lock::taking(
                        branch,
                        state,
                        &taken.environment,
                        newest,
                    )?);
                }
                Record::LeaseReturned(returned) => {
                    let returning = super::lock::returning(branch, state, &returned.environment)?;
                    changes.extend(returning);
                }
                _ => {}
            }
            link = Link::from(&written);
            lines.push(written);
        }
        for (environment, token) in tokens {
            let line = format!("{token}\n").into_bytes();
            changes.push((layout::token(environment), Some(line)));
        }
        for (digest, bytes) in &state.objects {
            changes.push((layout::object(digest), Some(bytes.clone())));
        }
        if !lines.is_empty() {
            changes.push((
                layout::segment(end.sequence + 1),
                Some(layout::lines(&lines)),
            ));
        }
        // A missing or unreadable head proves nothing, and an append to a possibly truncated ledger must not hide that.
        let is_known = matches!(branch.head_in(state)?, Head::Known(_));
        if is_known || end.sequence <= 1 {
            let head = head_file(&self.founded.lineage, link, branch)?;
            changes.push((layout::HEAD.to_owned(), Some(head)));
        }
        Ok((link, changes))
    }
}

/// Returns the commit's message: the kinds of records.
fn message(records: &[Record]) -> String {
    let mut kinds: Vec<&str> = records.iter().map(Record::kind).collect();
    kinds.dedup();
    let about = records.iter().find_map(Record::environment);
    match about {
        Some(environment) => format!("{environment}: {}", kinds.join(", ")),
        None => kinds.join(", "),
    }
}
