//! A pool of SQLite connections for tasks, off the threads that serve the network. `store` runs the queries.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

const LONGEST_WAIT: Duration = Duration::from_secs(5);

#[derive(Debug, thiserror::Error)]
pub enum PoolError {
    #[error("no free database connection within {} seconds", LONGEST_WAIT.as_secs())]
    Busy,
    #[error("the database operation failed")]
    Database(#[source] rusqlite::Error),
    #[error("the database operation was cancelled")]
    BrokenOff(#[source] tokio::task::JoinError),
}

pub struct Pool {
    idle: Arc<Mutex<Vec<Connection>>>,
    turns: Arc<Semaphore>,
}

/// A borrowed connection, returned even when its user panics.
struct Loan {
    connection: Option<Connection>,
    idle: Arc<Mutex<Vec<Connection>>>,
    // Declared last, hence dropped last: the permit is released after the connection is returned.
    _turn: OwnedSemaphorePermit,
}

impl Drop for Loan {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            self.idle
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(connection);
        }
    }
}

impl Pool {
    pub fn new(connections: Vec<Connection>) -> Self {
        let turns = Arc::new(Semaphore::new(connections.len()));
        Self {
            idle: Arc::new(Mutex::new(connections)),
            turns,
        }
    }

    /// Runs `work` with a free connection, on a thread that may block.
    pub async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, PoolError> {
        let turn = tokio::time::timeout(LONGEST_WAIT, Arc::clone(&self.turns).acquire_owned())
            .await
            .map_err(|_| PoolError::Busy)?
            .map_err(|_| PoolError::Busy)?;
        let connection = self
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        let mut loan = Loan {
            connection,
            idle: Arc::clone(&self.idle),
            _turn: turn,
        };
        let task = tokio::task::spawn_blocking(move || match loan.connection.as_mut() {
            Some(connection) => work(connection).map_err(PoolError::Database),
            None => Err(PoolError::Busy),
        });
        task.await.map_err(PoolError::BrokenOff)?
    }
}
