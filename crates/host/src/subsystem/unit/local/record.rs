//! The record of a unit: the run that evenkeel started, and what it was started with.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::local::small_file;
use crate::place;
use evenkeel_model::Digest;

/// The version of the file format.
const VERSION: u32 = 1;
/// The longest record that is read.
const LONGEST: u64 = 4 * 1024 * 1024;

/// A run of a unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct UnitRecord {
    version: u32,
    unit: String,
    /// The service manager's name of the run; another one after every start.
    pub(super) invocation: String,
    /// The digest of its unit file and drop-ins then.
    pub(super) files: Digest,
    pub(super) started_as: BTreeMap<String, String>,
}

impl UnitRecord {
    pub(super) fn new(
        unit: &str,
        invocation: &str,
        files: Digest,
        started_as: BTreeMap<String, String>,
    ) -> Self {
        Self {
            version: VERSION,
            unit: unit.to_owned(),
            invocation: invocation.to_owned(),
            files,
            started_as,
        }
    }
}

/// Reads a record; `None` when it is missing.
pub(super) fn read(path: &Path) -> Result<Option<UnitRecord>, String> {
    let at = |reason: String| format!("`{}`: {reason}", path.display());
    let Some(text) = small_file::read(path, LONGEST).map_err(at)? else {
        return Ok(None);
    };
    match serde_json::from_slice::<UnitRecord>(&text) {
        Ok(record) if record.version == VERSION => Ok(Some(record)),
        Ok(record) => Err(at(format!(
            "format version {} is not supported, expected {VERSION}: use a newer evenkeel",
            record.version
        ))),
        Err(_) => Err(at("the record is damaged: remove it".to_owned())),
    }
}

/// Writes a record, and its directory if it is missing.
pub(super) fn write(path: &Path, record: &UnitRecord) -> Result<(), String> {
    let (parent, _) = place::split(path).map_err(|obstacle| obstacle.to_string())?;
    place::make_directories(&parent, 0o700).map_err(|obstacle| obstacle.to_string())?;
    let text = serde_json::to_vec(record).map_err(|error| error.to_string())?;
    small_file::write(path, &text, 0o600)
}
