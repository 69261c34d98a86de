//! Threads where there may be none to have: what cannot be done beside is done at once, and never panics.
//!
//! A limit on processes, on memory or on address space refuses threads at any moment.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, Scope, ScopedJoinHandle};

/// The stack of each thread in bytes, whatever the environment says.
pub const STACK: usize = 2 * 1024 * 1024;

/// A thread that can be had, with the documented stack.
pub fn builder() -> Builder {
    Builder::new().stack_size(STACK)
}

/// Work that was begun.
pub enum Begun<'scope, T> {
    /// It is done on a thread of its own.
    Beside(ScopedJoinHandle<'scope, Option<T>>),
    /// It was done at once.
    Done(std::thread::Result<T>),
}

impl<T> Begun<'_, T> {
    /// What came of it, when it is done.
    ///
    /// # Errors
    ///
    /// The work's panic.
    pub fn join(self) -> std::thread::Result<T> {
        match self {
            Self::Beside(thread) => thread
                .join()?
                .ok_or_else(|| Box::new("the work was taken away") as _),
            Self::Done(result) => result,
        }
    }
}

/// Begins work on a thread of its own; where there is none to have, does it at once.
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
            None => Begun::Done(Err(Box::new("the work was taken away"))),
        },
    }
}

/// Starts the threads that share large work, one for each core, or as many as can be had. Call it before the first
/// large work; a second call changes nothing.
///
/// Where there are several cores, the thread that calls is one of those that share: it would only wait, and each thread
/// that is left out is one that keeps no memory for itself.
///
/// # Errors
///
/// When there is not a single thread to have.
#[cfg(feature = "local")]
pub fn start_pool() -> std::io::Result<()> {
    use std::sync::mpsc;

    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let asked = std::env::var("RAYON_NUM_THREADS").ok();
    let asked = asked.and_then(|number| number.parse().ok());
    let wanted = asked.filter(|number| (1..=cores).contains(number));
    let (sender, receiver) = mpsc::channel::<rayon::ThreadBuilder>();
    let receiver = Arc::new(Mutex::new(receiver));
    let mut threads = 0;
    let wanted = wanted.unwrap_or(cores);
    let alone = wanted == 1;
    for _ in usize::from(!alone)..wanted {
        let receiver = Arc::clone(&receiver);
        // Threads come first: the pool cannot be built with fewer than it was promised.
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
    // It is refused where there is one already.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads + usize::from(!alone));
    let pool = if alone {
        pool
    } else {
        pool.use_current_thread()
    };
    let _ = pool
        .spawn_handler(|thread| {
            let gone = |_| std::io::Error::other("the thread is gone");
            sender.send(thread).map_err(gone)
        })
        .build_global();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::begin;

    #[test]
    fn work_is_done_and_a_panic_is_told() {
        std::thread::scope(|scope| {
            assert_eq!(begin(scope, || 7).join().unwrap(), 7);
            assert!(begin(scope, || panic!("on purpose")).join().is_err());
        });
    }
}
