//! Commands that print the hosts of a target.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use evenkeel_core::environment::inventories::Inventories;
use evenkeel_host::Interruption;

use super::command::{CommandRun, handed_on, run};

/// Time limit of a command.
const WITHIN: Duration = Duration::from_mins(1);

/// Longest inventory in bytes. A shortened one would leave hosts unchecked.
const LONGEST: usize = 4 * 1024 * 1024;

/// Runs the commands in the project's directory, with the variables of this program.
pub struct PrintedInventories<'a> {
    /// Variables of this program.
    pub variables: &'a BTreeMap<String, String>,
    /// Project directory.
    pub root: &'a Path,
    /// Ends a slow command.
    pub interruption: &'a Interruption,
}

impl Inventories for PrintedInventories<'_> {
    fn print(&self, command: &[String]) -> Result<Option<String>, String> {
        let wanted = CommandRun {
            environment: handed_on(self.variables),
            directory: Some(self.root.to_owned()),
            timeout: WITHIN,
            output_limit: LONGEST,
            all_or_nothing: true,
            ..CommandRun::new(command.iter().cloned())
        };
        let ran =
            run(&wanted, self.interruption).map_err(|error| format!("cannot be run: {error}"))?;
        if ran.stdout.is_cut() {
            return Err(format!("printed more than {} MiB", LONGEST / 1024 / 1024));
        }
        if !ran.status.is_success() {
            return Err(ran.failure());
        }
        String::from_utf8(ran.stdout.into_bytes())
            .map(Some)
            .map_err(|_| "printed something that is not UTF-8 text".to_owned())
    }
}
