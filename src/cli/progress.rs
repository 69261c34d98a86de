//! Events of operations as progress on a terminal; silence elsewhere.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::operation::{Event, Listener};
use evenkeel_model::text::inert;

/// Shows what happens on standard error, if that is a terminal.
pub(super) struct Terminal {
    shown: bool,
    bar: Mutex<Option<ProgressBar>>,
}

impl Terminal {
    pub(super) fn new(shown: bool) -> Self {
        Self {
            shown,
            bar: Mutex::new(None),
        }
    }

    /// Starts a bar, or a spinner where the number of steps is unknown.
    fn begin(&self, what: &str, steps: usize) {
        if !self.shown {
            return;
        }
        let length = u64::try_from(steps).ok().filter(|steps| *steps > 0);
        let bar = ProgressBar::with_draw_target(length, ProgressDrawTarget::stderr());
        let template = if length.is_some() {
            "{spinner} {prefix} {pos}/{len} {wide_msg}"
        } else {
            "{spinner} {prefix} {wide_msg}"
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_prefix(inert(what).into_owned());
        bar.enable_steady_tick(Duration::from_millis(100));
        *self.bar.lock().unwrap_or_else(PoisonError::into_inner) = Some(bar);
    }

    fn end(&self) {
        self.with(ProgressBar::finish_and_clear);
        *self.bar.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn with(&self, act: impl FnOnce(&ProgressBar)) {
        if let Some(bar) = &*self.bar.lock().unwrap_or_else(PoisonError::into_inner) {
            act(bar);
        }
    }
}

impl Listener for Terminal {
    fn event(&self, event: Event<'_>) {
        match event {
            Event::ApplyBegan { environment, steps } => self.begin(environment.as_str(), steps),
            Event::BuildBegan { artifact, command } => {
                self.begin(&format!("build {artifact}: {}", command.join(" ")), 0);
            }
            Event::SuiteBegan { kind, suite } => self.begin(&format!("{kind} {suite}"), 0),
            Event::StepEnded { instance } => self.with(|bar| {
                bar.inc(1);
                bar.set_message(inert(&instance.to_string()).into_owned());
            }),
            Event::CommandLine { line } => {
                self.with(|bar| bar.set_message(inert(line).replace(['\n', '\t'], " ")));
            }
            Event::Ended => self.end(),
        }
    }
}
