//! Where a project keeps its ledger, unless a team shares another: in a folder of its own directory.

use std::path::Path;
use std::sync::Arc;

use evenkeel_ledger::folder::FolderStore;
use evenkeel_ledger::{Store, StoreMaker};

/// Stores in a folder of each project's directory.
#[derive(Clone, Copy, Debug)]
pub struct FolderStores;

/// The folder's name.
const FOLDER: &str = ".evenkeel";

impl StoreMaker for FolderStores {
    fn make(&self, project: &Path) -> Arc<dyn Store> {
        Arc::new(FolderStore::new(&project.join(FOLDER)))
    }
}
