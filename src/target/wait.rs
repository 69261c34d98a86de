//! Waits for one conversation over the network from code that is not asynchronous.

use std::future::Future;

/// Runs `work` on a runtime of its own, on a thread of its own, so that this may be called from within a runtime too.
/// `None` when evenkeel itself fails at that.
pub(crate) fn wait_for<T: Send>(work: impl Future<Output = T> + Send) -> Option<T> {
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .ok()?;
            let result = runtime.block_on(work);
            // A name that is still being looked up must not hold us up.
            runtime.shutdown_background();
            Some(result)
        });
        thread.join().ok().flatten()
    })
}
