//! Threads with a fallback: where no thread can be started, the work runs at once, without a panic.
//!
//! Limits on processes, memory or address space can refuse a thread at any moment.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, Scope, ScopedJoinHandle};

/// The stack of each thread in bytes, regardless of the environment.
pub const STACK: usize = 2 * 1024 * 1024;

/// Returns a thread builder with the documented stack.
pub fn builder() -> Builder {
    Builder::new().stack_size(STACK)
}

/// Works on items concurrently, at most some at a time; this thread works too. A result is missing after a panic.
///
/// For work that mostly waits: one item that hangs occupies one thread and delays no other.
pub fn map<T: Sync, R: Send>(
    items: &[T],
    most: usize,
    work: impl Fn(&T) -> R + Sync,
) -> Vec<Option<R>> {
    let results: Vec<Mutex<Option<R>>> = items.iter().map(|_| Mutex::new(None)).collect();
    let next = AtomicUsize::new(0);
    let turn = || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let (Some(item), Some(place)) = (items.get(number), results.get(number)) else {
                break;
            };
            let result = catch_unwind(AssertUnwindSafe(|| work(item))).ok();
            *place.lock().unwrap_or_else(PoisonError::into_inner) = result;
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..items.len().min(most) {
            begin(scope, turn);
        }
        turn();
    });
    results
        .into_iter()
        .map(|place| place.into_inner().unwrap_or_else(PoisonError::into_inner))
        .collect()
}

/// Started work.
pub enum Begun<'scope, T> {
    /// Runs on its own thread.
    Beside(ScopedJoinHandle<'scope, Option<T>>),
    /// Has already run.
    Done(std::thread::Result<T>),
}

impl<T> Begun<'_, T> {
    /// Waits for the result.
    ///
    /// # Errors
    ///
    /// When the work panicked.
    pub fn join(self) -> std::thread::Result<T> {
        match self {
            Self::Beside(thread) => thread
                .join()?
                .ok_or_else(|| Box::new("the work was already taken") as _),
            Self::Done(result) => result,
        }
    }
}

/// Starts work on its own thread; without a free thread, runs it at once.
pub fn begin<'scope, T, F>(scope: &'scope Scope<'scope, '_>, work: F) -> Begun<'scope, T>
where
    T: Send + 'scope,
    F: FnOnce() -> T + Send + 'scope,
{
    let kept = Arc::new(Mutex::new(Some(work)));
    let take = |kept: &Mutex<Option<F>>| kept.lock().unwrap_or_else(PoisonError::into_inner).take();
    let beside = Arc::clone(&kept);
    let begun = builder().spawn_scoped(scope, move || {
        let work = take(&beside)?;
        Some(work())
    });
    match begun {
        Ok(thread) => Begun::Beside(thread),
        Err(_) => match take(&kept) {
            Some(work) => Begun::Done(catch_unwind(AssertUnwindSafe(work))),
            None => Begun::Done(Err(Box::new("the work was already taken"))),
        },
    }
}

/// What the thread does that starts the pool.
#[cfg(feature = "local")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    /// It waits for large work, and takes part in it.
    TakesPart,
    /// Other threads wait for large work.
    IsElsewhere,
}

/// Starts the threads that share large work: one for each core, or as many as possible. Call it before the first large
/// work; further calls have no effect.
///
/// With several cores, the calling thread may take part: if it would only wait for the work, each avoided thread saves its
/// memory.
///
/// # Errors
///
/// When not a single thread can be started.
#[cfg(feature = "local")]
pub fn start_pool(caller: Caller) -> std::io::Result<()> {
    use std::sync::mpsc;

    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let asked = std::env::var("RAYON_NUM_THREADS").ok();
    let asked = asked.and_then(|number| number.parse().ok());
    let wanted = asked.filter(|number| (1..=cores).contains(number));
    let (sender, receiver) = mpsc::channel::<rayon::ThreadBuilder>();
    let receiver = Arc::new(Mutex::new(receiver));
    let mut threads = 0;
    let wanted = wanted.unwrap_or(cores);
    let takes_part = wanted > 1 && matches!(caller, Caller::TakesPart);
    for _ in usize::from(takes_part)..wanted {
        let receiver = Arc::clone(&receiver);
        // Start the threads first: the pool fails with fewer threads than it was configured for.
        let begun = builder().name("pool".to_owned()).spawn(move || {
            let next = receiver
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .recv();
            if let Ok(thread) = next {
                thread.run();
            }
        });
        match begun {
            Ok(_) => threads += 1,
            Err(error) if threads == 0 => return Err(error),
            Err(_) => break,
        }
    }
    // The global pool already exists.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads + usize::from(takes_part));
    let pool = if takes_part {
        pool.use_current_thread()
    } else {
        pool
    };
    let _ = pool
        .spawn_handler(|thread| {
            let gone = |_| std::io::Error::other("the thread ended");
            sender.send(thread).map_err(gone)
        })
        .build_global();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::begin;

    #[test]
    fn work_runs_and_a_panic_is_returned() {
        std::thread::scope(|scope| {
            assert_eq!(begin(scope, || 7).join().unwrap(), 7);
            assert!(begin(scope, || panic!("on purpose")).join().is_err());
        });
    }
}
