//! Progress on a terminal; silence elsewhere.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::operation::Voice;
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

    fn with(&self, act: impl FnOnce(&ProgressBar)) {
        if let Some(bar) = &*self.bar.lock().unwrap_or_else(PoisonError::into_inner) {
            act(bar);
        }
    }
}

impl Voice for Terminal {
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

    fn step(&self, what: &str) {
        self.with(|bar| {
            bar.inc(1);
            bar.set_message(inert(what).into_owned());
        });
    }

    fn end(&self) {
        self.with(ProgressBar::finish_and_clear);
        *self.bar.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn line(&self, line: &str) {
        self.with(|bar| bar.set_message(inert(line).replace(['\n', '\t'], " ")));
    }
}
