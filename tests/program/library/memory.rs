//! Definition files in memory.

use std::collections::BTreeMap;

use evenkeel_core::environment::Files;

/// Files by name.
#[derive(Default)]
pub struct Memory(pub BTreeMap<String, Vec<u8>>);

impl Memory {
    /// Creates a system and its environments, usually with `staging` and `production`.
    pub fn new<const N: usize>(files: [(&str, &str); N]) -> Self {
        let files = files.map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec()));
        Self(files.into())
    }
}

impl Files for Memory {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, String> {
        Ok(self.0.get(path).cloned())
    }

    fn definitions(&self) -> Result<Vec<String>, String> {
        Ok(self
            .0
            .keys()
            .filter(|name| {
                std::path::Path::new(name)
                    .extension()
                    .is_some_and(|it| it == "toml")
            })
            .cloned()
            .collect())
    }

    fn shown(&self, path: &str) -> String {
        format!("environments/{path}")
    }
}
