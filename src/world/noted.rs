//! Notes: what a checkout last saw in a shared ledger, in the state directory of the account.
//!
//! Commands that must contact no server read them. A note that is missing, unreadable or malformed is no note.

use std::fs;
use std::path::{Path, PathBuf};

use super::files::{read_plain, write_whole};
use evenkeel_model::Digest;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Longest note.
const LONGEST: u64 = 1024 * 1024;

/// Note of a checkout.
#[derive(Clone, Debug)]
pub struct Note {
    file: PathBuf,
}

impl Note {
    /// Returns the note with a name of the checkout at `root`.
    #[must_use]
    pub fn of(state_home: &Path, name: &str, root: &Path) -> Self {
        let checkout = Digest::of(root.as_os_str().as_encoded_bytes()).hex();
        Self {
            file: state_home.join(name).join(format!("{checkout}.json")),
        }
    }

    /// Reads it.
    #[must_use]
    pub fn read<T: DeserializeOwned>(&self) -> Option<T> {
        let bytes = read_plain(&self.file, LONGEST).ok()??;
        serde_json::from_slice(&bytes).ok()
    }

    /// Writes it. An account without a state directory keeps no note.
    pub fn write<T: Serialize>(&self, content: &T) {
        let Ok(bytes) = serde_json::to_vec(content) else {
            return;
        };
        if let Some(directory) = self.file.parent()
            && fs::create_dir_all(directory).is_ok()
        {
            // The next command writes it again.
            let _ = write_whole(&self.file, &bytes, 0o600);
        }
    }

    /// Deletes it.
    pub fn remove(&self) {
        // Mostly, there is none.
        let _ = fs::remove_file(&self.file);
    }
}

#[cfg(test)]
mod tests {
    use super::Note;
    use std::path::Path;

    #[test]
    fn each_checkout_has_its_note() {
        let home = tempfile::tempdir().unwrap();
        let note = |root: &str| Note::of(home.path(), "break-glass", Path::new(root));
        assert_eq!(note("/a").read::<Vec<u32>>(), None);
        note("/a").write(&vec![1, 2]);
        assert_eq!(note("/a").read(), Some(vec![1, 2]));
        assert_eq!(note("/b").read::<Vec<u32>>(), None);
        note("/a").remove();
        assert_eq!(note("/a").read::<Vec<u32>>(), None);
        // A path that cannot be created is no error.
        Note::of(Path::new("/proc/none"), "x", Path::new("/a")).write(&1);
    }

    #[test]
    fn a_malformed_note_is_none() {
        let home = tempfile::tempdir().unwrap();
        let note = Note::of(home.path(), "x", Path::new("/a"));
        note.write(&"text");
        assert_eq!(note.read::<Vec<u32>>(), None);
    }
}
