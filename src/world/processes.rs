//! Processes of this machine.

/// The state of a running process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProcessState {
    /// It runs or waits.
    Running,
    /// A signal or a debugger stopped it.
    Stopped,
}

/// Processes by number.
pub trait Processes: Sync {
    /// Returns the state of a process; `None` if it has ended, or is not visible.
    fn state(&self, process: u32) -> Option<ProcessState>;
}

/// Processes of this machine, from `/proc`.
#[derive(Clone, Copy, Debug, Default)]
pub struct LocalProcesses;

impl Processes for LocalProcesses {
    fn state(&self, process: u32) -> Option<ProcessState> {
        parse(&std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?)
    }
}

/// The program name is in brackets, and may contain brackets and blanks.
fn parse(facts: &str) -> Option<ProcessState> {
    let (_, after) = facts.rsplit_once(')')?;
    match after.split_whitespace().next()? {
        "T" | "t" => Some(ProcessState::Stopped),
        "Z" | "X" => None,
        _ => Some(ProcessState::Running),
    }
}

#[cfg(test)]
mod tests {
    use super::{LocalProcesses, ProcessState, Processes as _, parse};

    #[test]
    fn the_state_follows_the_name_whatever_the_name_is() {
        assert_eq!(parse("7 (a) T) S 1"), Some(ProcessState::Running));
        assert_eq!(parse("7 (a b) T 1"), Some(ProcessState::Stopped));
        assert_eq!(parse("7 (a) Z 1"), None);
        assert_eq!(parse(""), None);
        let own = LocalProcesses.state(std::process::id());
        assert_eq!(own, Some(ProcessState::Running));
        assert_eq!(LocalProcesses.state(u32::MAX), None);
    }
}
