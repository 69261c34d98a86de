//! Port for inventories that commands print; adapters run the commands.

/// Runs commands that print the hosts of a target.
pub trait Inventories: Sync {
    /// Returns what a command printed; `None` where no command may run.
    ///
    /// # Errors
    ///
    /// What the command did instead, as what follows its name: "exited with code 1".
    fn print(&self, command: &[String]) -> Result<Option<String>, String>;
}

/// Placeholder where only definitions are checked: no command runs.
#[derive(Debug)]
pub struct NoInventories;

impl Inventories for NoInventories {
    fn print(&self, _command: &[String]) -> Result<Option<String>, String> {
        Ok(None)
    }
}
