//! Location of a project's ledger: a folder in its directory, unless a team shares another.

use std::path::Path;
use std::sync::Arc;

use evenkeel_host::Interruption;
use evenkeel_ledger::folder::FolderStore;
use evenkeel_ledger::{Store, StoreMaker};

/// Stores in a folder of each project's directory.
#[derive(Clone, Debug, Default)]
pub struct FolderStores {
    /// Ends waiting for others.
    pub interruption: Interruption,
}

/// Name of the folder.
const FOLDER: &str = ".evenkeel";

impl StoreMaker for FolderStores {
    fn make(&self, project: &Path) -> Arc<dyn Store> {
        let store = FolderStore::new(&project.join(FOLDER));
        Arc::new(store.until(self.interruption.flag()))
    }
}
