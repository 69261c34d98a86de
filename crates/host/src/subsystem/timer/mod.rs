//! Timers of systemd that evenkeel writes: two unit files in /etc/systemd/system, a timer and the service it starts.

#[cfg(feature = "local")]
mod local;
#[cfg(feature = "testing")]
mod recorded;
pub mod wire;

use serde::{Deserialize, Serialize};

use super::{Seals, Subject};
use evenkeel_model::Digest;

/// The first line of every unit file that evenkeel writes. A file without it is never replaced or removed.
pub const MARK: &str = "# Written by evenkeel.";

/// The directory of the unit files.
pub const DIRECTORY: &str = "/etc/systemd/system";

/// Asks for a timer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Query {
    /// The name without a suffix: `backup` for `backup.timer` and `backup.service`.
    pub name: String,
}

/// A timer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Its state.
    pub state: TimerState,
}

/// The state of a timer and its service.
#[allow(clippy::struct_excessive_bools, reason = "independent facts")]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimerState {
    /// The digest of the service's unit file.
    pub service: Option<Digest>,
    /// The digest of the timer's unit file.
    pub timer: Option<Digest>,
    /// Whether evenkeel wrote both files that exist.
    pub is_own: bool,
    /// Whether the service manager has loaded the present files.
    pub is_loaded: bool,
    /// Whether the timer starts with the machine.
    pub is_enabled: bool,
    /// Whether the timer is active.
    pub is_active: bool,
    /// Whether a next run is planned.
    pub has_next: bool,
    /// The result of the last run: `success`, `exit-code`.
    pub result: String,
    /// Whether the last run failed.
    pub has_failed: bool,
    /// The drop-ins of both units, without those of packages.
    pub drop_ins: Vec<String>,
}

impl TimerState {
    /// Returns the state without any files.
    #[must_use]
    pub fn missing() -> Self {
        Self {
            service: None,
            timer: None,
            is_own: true,
            is_loaded: true,
            is_enabled: false,
            is_active: false,
            has_next: false,
            result: String::new(),
            has_failed: false,
            drop_ins: Vec::new(),
        }
    }

    /// Returns whether one of its files exists.
    #[must_use]
    pub fn exists(&self) -> bool {
        self.service.is_some() || self.timer.is_some()
    }

    /// Returns the digests of its files.
    #[must_use]
    pub fn files(&self) -> TimerFiles {
        TimerFiles {
            service: self.service,
            timer: self.timer,
        }
    }
}

/// The digests of the two unit files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimerFiles {
    /// Of the service.
    pub service: Option<Digest>,
    /// Of the timer.
    pub timer: Option<Digest>,
}

impl TimerFiles {
    /// Returns the state in words.
    #[cfg(any(feature = "local", feature = "testing"))]
    fn words(self) -> String {
        let word =
            |digest: Option<Digest>| digest.map_or_else(|| "none".to_owned(), |it| it.short());
        format!(
            "service file {}, timer file {}",
            word(self.service),
            word(self.timer)
        )
    }
}

/// Writes both unit files, enables the timer and starts it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetTimer {
    /// The name without a suffix.
    pub name: String,
    /// The text of the service's unit file.
    pub service: String,
    /// The text of the timer's unit file.
    pub timer: String,
    /// The calendar expressions in it, which the host checks first.
    pub calendars: Vec<String>,
    /// The files that must be found.
    pub expected: TimerFiles,
}

/// Stops and disables a timer, and removes both unit files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DropTimer {
    /// The name without a suffix.
    pub name: String,
    /// The files that must be found.
    pub expected: TimerFiles,
}

impl SetTimer {
    /// Returns the digests of the files that it writes.
    #[must_use]
    pub fn files(&self) -> TimerFiles {
        TimerFiles {
            service: Some(Digest::of(self.service.as_bytes())),
            timer: Some(Digest::of(self.timer.as_bytes())),
        }
    }

    /// Returns whether each found file is neither the expected nor the wanted one. A killed run may have written one.
    #[cfg(any(feature = "local", feature = "testing"))]
    fn refuses(&self, found: TimerFiles) -> bool {
        let wanted = self.files();
        let is_known =
            |found: Option<Digest>, expected, wanted| found == expected || found == wanted;
        !is_known(found.service, self.expected.service, wanted.service)
            || !is_known(found.timer, self.expected.timer, wanted.timer)
    }
}

impl DropTimer {
    /// Returns whether a found file is not the expected one. A killed run may have removed one.
    #[cfg(any(feature = "local", feature = "testing"))]
    fn refuses(&self, found: TimerFiles) -> bool {
        let is_known = |found: Option<Digest>, expected| found.is_none() || found == expected;
        !is_known(found.service, self.expected.service)
            || !is_known(found.timer, self.expected.timer)
    }
}

impl Subject for Query {
    fn subject(&self) -> &str {
        &self.name
    }
}

impl Subject for SetTimer {
    fn subject(&self) -> &str {
        &self.name
    }
}

impl Subject for DropTimer {
    fn subject(&self) -> &str {
        &self.name
    }
}

impl Seals for Answer {}

impl Seals for SetTimer {}

impl Seals for DropTimer {}
