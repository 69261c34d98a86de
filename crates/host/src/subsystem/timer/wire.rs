//! The wire types of timers.

use crate::wire::mirror::mirror;
use evenkeel_model::Digest;

mirror! {
    /// Asks for a timer.
    Query = super::Query { name: String }
    /// The state of a timer.
    Answer = super::Answer { state: TimerState }
    /// The state of a timer and its service.
    TimerState = super::TimerState {
        service: Option<Digest>,
        timer: Option<Digest>,
        is_own: bool,
        is_loaded: bool,
        is_enabled: bool,
        is_active: bool,
        has_next: bool,
        result: String,
        has_failed: bool,
        drop_ins: Vec<String>,
    }
    /// The digests of the two unit files.
    TimerFiles = super::TimerFiles { service: Option<Digest>, timer: Option<Digest> }
    /// Writes both unit files, enables the timer and starts it.
    SetTimer = super::SetTimer {
        name: String,
        service: String,
        timer: String,
        calendars: Vec<String>,
        expected: TimerFiles,
    }
    /// Stops and disables a timer, and removes both unit files.
    DropTimer = super::DropTimer { name: String, expected: TimerFiles }
}
