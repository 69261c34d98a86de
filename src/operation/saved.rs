//! Files of saved plans: written atomically, read with a limit, never in place of another file.

use std::path::Path;

use super::Failure;
use crate::world::files::{is_there, read_plain, write_whole};
use evenkeel_core::plan::Plan;
use evenkeel_core::plan::saved::{Found, LONGEST, SavedPlan};

/// Saves a plan with its observation.
pub(super) fn save(plan: &Plan, found: &Found, path: &Path) -> Result<(), Failure> {
    let failed = |error: &dyn std::fmt::Display| {
        Failure::other(format!("cannot write {}: {error}", path.display()))
    };
    if is_there(path) && load(path).is_err() {
        return Err(Failure::Other {
            reason: format!(
                "{} exists and is not a saved plan of this version: it is not replaced",
                path.display()
            ),
            help: Some("name another file, or remove it".into()),
        });
    }
    let bytes = SavedPlan::bytes(plan, found).map_err(|error| failed(&error))?;
    write_whole(path, &bytes, 0o600).map_err(|error| failed(&error))
}

/// Reads a plan, and rejects an edited one.
pub(super) fn load(path: &Path) -> Result<SavedPlan, Failure> {
    let refused = |reason: String| Failure::Stale {
        reason: format!("{}: {reason}", path.display()),
        changes: Vec::new(),
    };
    let bytes = read_plain(path, LONGEST)
        .map_err(|error| Failure::other(format!("cannot read {}: {error}", path.display())))?;
    let Some(bytes) = bytes else {
        return Err(refused("it is larger than the limit of a plan".into()));
    };
    SavedPlan::read(&bytes).map_err(refused)
}
