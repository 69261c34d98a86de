//! The process that writes to the ledger's file, and the limit of waits for it.
//!
//! SQLite allows one writer at a time and reports only that one exists. The kernel knows which: it lists every file
//! lock in `/proc/locks`.

use std::cell::RefCell;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use evenkeel_model::text::inert;

/// The time a writer waits for another that makes progress.
pub(super) const PATIENCE: Duration = Duration::from_mins(1);
/// The time before it checks which process that is.
const TRUST: Duration = Duration::from_secs(2);
/// The longest pause between two tries.
const PAUSE: Duration = Duration::from_millis(50);
/// The byte range of the log's index that a process locks while it writes, checkpoints or recovers: `WAL_WRITE_LOCK`
/// and the following locks of SQLite's format.
const INDEX_LOCKS: (u64, u64) = (120, 128);
/// The part of that range that also excludes readers: while the index is recovered or created.
const OPENING_LOCKS: [(u64, u64); 2] = [(122, 122), (128, 128)];
/// The byte range of the file itself that is locked during opening or the last close, from SQLite's `PENDING_BYTE` on.
const FILE_LOCKS: (u64, u64) = (0x4000_0000, 0x4000_0000 + 511);
/// The number of reads of the lock list until the holder appears.
const READINGS: u32 = 20;
/// The wait after a stop is requested: most writes finish by then.
const FAREWELL: Duration = Duration::from_millis(600);
/// The longest quoted program name.
const QUOTED: usize = 120;

thread_local! {
    /// The file this thread waits for, and since when.
    static WAITING: RefCell<Option<(PathBuf, Instant)>> = const { RefCell::new(None) };
    /// Whether this thread was asked to stop, and since when a wait knows it.
    static ENDING: RefCell<(Option<Arc<AtomicBool>>, Option<Instant>)> =
        const { RefCell::new((None, None)) };
}

/// Registers the flag that stops this thread, for [`wait`].
pub(super) fn until(ending: &Arc<AtomicBool>) {
    ENDING.with_borrow_mut(|(flag, _)| *flag = Some(Arc::clone(ending)));
}

/// Returns whether this thread was asked to stop.
pub(super) fn is_ending() -> bool {
    ENDING.with_borrow(|(flag, _)| {
        flag.as_ref()
            .is_some_and(|flag| flag.load(Ordering::SeqCst))
    })
}

/// Returns whether the stop was requested long enough ago to end the wait. `is_first` starts a wait.
fn has_waited_enough(is_first: bool) -> bool {
    let is_ending = is_ending();
    ENDING.with_borrow_mut(|(_, since)| {
        if is_first || !is_ending {
            *since = is_ending.then(Instant::now);
        }
        is_ending && since.get_or_insert_with(Instant::now).elapsed() >= FAREWELL
    })
}

/// A process that holds the write lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Writer {
    pub(super) process: u32,
    /// The name of its program, safe to display. Its arguments may contain secrets.
    pub(super) program: String,
    /// Whether it is stopped (suspended), so the wait would not end.
    pub(super) is_stopped: bool,
}

/// Registers the file that this thread is about to write to, for [`wait`].
pub(super) fn expect(path: &Path) {
    WAITING.with_borrow_mut(|waiting| *waiting = Some((path.to_owned(), Instant::now())));
}

/// Decides whether to retry after a pause: SQLite's busy handler. `tries` counts from zero.
pub(super) fn wait(tries: i32) -> bool {
    if has_waited_enough(tries == 0) {
        return false;
    }
    let goes_on = WAITING.with_borrow_mut(|waiting| {
        let Some((path, begun)) = waiting else {
            return tries < 1200;
        };
        if tries == 0 {
            *begun = Instant::now();
        }
        let waited = begun.elapsed();
        waited < PATIENCE
            && (waited < TRUST || writer_of(path).is_none_or(|writer| !writer.is_stopped))
    });
    if goes_on {
        let pause = Duration::from_millis(u64::try_from(tries).unwrap_or(0) + 1);
        std::thread::sleep(pause.min(PAUSE));
    }
    goes_on
}

/// Returns whether a stopped process still blocks opening the file after a while. SQLite itself would wait for ten
/// seconds and not name the process.
pub(super) fn keeps_from_opening(path: &Path) -> bool {
    let mut index = path.to_owned().into_os_string();
    index.push("-shm");
    let Ok(facts) = std::fs::metadata(index) else {
        return false;
    };
    let begun = Instant::now();
    loop {
        let locks = std::fs::read_to_string("/proc/locks").unwrap_or_default();
        let is_kept = locks.lines().any(|line| {
            let mut held = OPENING_LOCKS.iter();
            held.any(|bytes| holder(line, facts.ino(), *bytes).is_some_and(is_stopped))
        });
        if !is_kept || begun.elapsed() >= TRUST || is_ending() {
            return is_kept;
        }
        std::thread::sleep(PAUSE);
    }
}

/// Returns the process that blocks the ledger's file, if the kernel lists it; stopped processes first.
pub(super) fn writer_of(path: &Path) -> Option<Writer> {
    let mut index = path.to_owned().into_os_string();
    index.push("-shm");
    let inode = |path: &Path| std::fs::metadata(path).ok().map(|facts| facts.ino());
    let files = [
        inode(Path::new(&index)).map(|inode| (inode, INDEX_LOCKS)),
        inode(path).map(|inode| (inode, FILE_LOCKS)),
    ];
    // The kernel lists locks in pieces: one may be missed during changes.
    let mut found = None;
    for reading in 0..READINGS {
        if reading > 0 {
            std::thread::sleep(Duration::from_millis(5));
        }
        let locks = std::fs::read_to_string("/proc/locks").ok()?;
        let mut holders = locks.lines().filter_map(|line| {
            let mut files = files.iter().flatten();
            files.find_map(|(inode, bytes)| holder(line, *inode, *bytes))
        });
        let own = std::process::id();
        let first = holders.clone().find(|process| *process != own);
        found = holders
            .find(|process| *process != own && is_stopped(*process))
            .or(first);
        if found.is_some() {
            break;
        }
    }
    let process = found?;
    let name = std::fs::read(format!("/proc/{process}/comm")).unwrap_or_default();
    let name = String::from_utf8_lossy(&name);
    let program: String = inert(name.trim_end()).chars().take(QUOTED).collect();
    Some(Writer {
        process,
        program,
        is_stopped: is_stopped(process),
    })
}

/// Returns whether a process is stopped, by a signal or by a debugger.
fn is_stopped(process: u32) -> bool {
    let status = std::fs::read(format!("/proc/{process}/stat")).unwrap_or_default();
    let status = String::from_utf8_lossy(&status);
    let state = status.rsplit_once(") ").map(|(_, rest)| rest);
    state.is_some_and(|state| state.starts_with(['T', 't']))
}

/// Returns the process in a line of `/proc/locks`, if that is a write lock on the file and covers one of the bytes.
///
/// `1: POSIX  ADVISORY  WRITE 4711 08:02:131 120 120`, as described in `proc_locks(5)`.
fn holder(line: &str, inode: u64, (first, last): (u64, u64)) -> Option<u32> {
    let mut fields = line.split_whitespace().skip(1);
    let (class, _, access) = (fields.next()?, fields.next()?, fields.next()?);
    let process = fields.next()?.parse().ok()?;
    let file: u64 = fields.next()?.rsplit(':').next()?.parse().ok()?;
    let start: u64 = fields.next()?.parse().ok()?;
    let end = fields.next()?;
    let covers = start <= last && (end == "EOF" || end.parse().is_ok_and(|end: u64| end >= first));
    (class == "POSIX" && access == "WRITE" && file == inode && covers).then_some(process)
}

#[cfg(test)]
mod tests {
    use super::{INDEX_LOCKS, holder};

    #[test]
    fn only_a_write_lock_on_the_writers_bytes_counts() {
        let holder = |line, inode| holder(line, inode, INDEX_LOCKS);
        let line = "7: POSIX  ADVISORY  WRITE 4711 08:02:131 120 120";
        assert_eq!(holder(line, 131), Some(4711));
        assert_eq!(holder(line, 132), None);
        let recovers = "7: POSIX  ADVISORY  WRITE 4711 08:02:131 121 127";
        assert_eq!(holder(recovers, 131), Some(4711));
        for other in [
            "7: POSIX  ADVISORY  READ 4711 08:02:131 120 120",
            "7: FLOCK  ADVISORY  WRITE 4711 08:02:131 0 EOF",
            "7: POSIX  ADVISORY  WRITE 4711 08:02:131 129 129",
            "7: -> POSIX  ADVISORY  WRITE 4711 08:02:131 120 120",
            "7: POSIX",
            "",
        ] {
            assert_eq!(holder(other, 131), None, "{other}");
        }
        let all = "1: POSIX  ADVISORY  WRITE 9 00:2a:131 0 EOF";
        assert_eq!(holder(all, 131), Some(9));
    }
}
