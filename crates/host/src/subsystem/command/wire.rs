//! The wire types of commands.

use std::collections::BTreeMap;

use crate::process::wire::Text;
use crate::wire::mirror::mirror;

mirror! {
    /// Asks whether a state is reached.
    Query = super::Query { name: String, check: Check }
    /// A check.
    Check = super::Check {
        run: Option<Vec<String>>,
        creates: Option<String>,
        user: Option<String>,
        directory: Option<String>,
        environment: BTreeMap<String, String>,
    }
    /// Whether a state is reached.
    Answer = super::Answer { holds: bool, detail: Option<String> }
    /// Runs a program.
    RunCommand = super::RunCommand {
        name: String,
        run: Vec<String>,
        environment: BTreeMap<String, Text>,
        within: u64,
        check: Check,
    }
}
