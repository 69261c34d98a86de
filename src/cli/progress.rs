//! Events of operations: a line on standard output for each end, and progress on a terminal.
//!
//! The lines are those of the text report, which then omits them.

use std::io::{self, Write as _};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::github;
use crate::operation::{Event, Listener};
use crate::report::{Progress, ReportFormat, Style};
use evenkeel_model::text::inert;

/// Progress on a terminal.
pub(super) struct Terminal {
    /// Style of lines on standard output; `None` if another format goes there.
    lines: Option<Style>,
    /// Whether standard error is a terminal for progress.
    shows_progress: bool,
    /// Whether a runner reads the lines, which must contain no command.
    is_read: bool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    bar: Option<ProgressBar>,
    progress: Progress,
}

impl Terminal {
    pub(super) fn new(lines: Option<Style>, shows_progress: bool, is_read: bool) -> Self {
        Self {
            lines,
            shows_progress,
            is_read,
            state: Mutex::default(),
        }
    }

    fn with(&self, act: impl FnOnce(&mut State)) {
        act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Starts a bar, or a spinner where the number of steps is unknown.
    fn begin(&self, what: &str, steps: usize) {
        if !self.shows_progress {
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
        self.with(|state| state.bar = Some(bar));
    }

    fn bar(&self, act: impl FnOnce(&ProgressBar)) {
        self.with(|state| {
            if let Some(bar) = &state.bar {
                act(bar);
            }
        });
    }

    /// Prints a line immediately. A closed pipe is reported when the report is printed.
    fn print(
        &self,
        write: impl FnOnce(&mut Progress, Style, &mut dyn io::Write) -> io::Result<()>,
    ) {
        let Some(style) = self.lines else {
            return;
        };
        self.with(|state| {
            let State { bar, progress } = state;
            let mut text = Vec::new();
            if write(progress, style, &mut text).is_err() {
                return;
            }
            if self.is_read {
                let lines = String::from_utf8_lossy(&text);
                text = github::tame(&lines, ReportFormat::Text)
                    .into_owned()
                    .into_bytes();
            }
            let print = || {
                let mut to = io::stdout().lock();
                let _ = to.write_all(&text).and_then(|()| to.flush());
            };
            match bar {
                Some(bar) => bar.suspend(print),
                None => print(),
            }
        });
    }
}

impl Listener for Terminal {
    fn event(&self, event: Event<'_>) {
        match event {
            Event::Opened {
                system,
                commit,
                path,
            } => {
                let path: Vec<String> = path.iter().map(ToString::to_string).collect();
                self.print(|lines, style, to| lines.opened(system, commit, &path, style, to));
            }
            Event::Planned { plan } => {
                self.print(|lines, style, to| lines.plan(plan, style, to));
            }
            Event::Applied { apply } => {
                self.print(|lines, style, to| lines.apply(apply, style, to));
            }
            Event::Verified { suite } => {
                self.print(|lines, style, to| lines.suite(suite, style, to));
            }
            Event::ApplyBegan { environment, steps } => self.begin(environment.as_str(), steps),
            Event::BuildBegan { artifact, command } => {
                self.begin(&format!("build {artifact}: {}", command.join(" ")), 0);
            }
            Event::SuiteBegan { kind, suite } => self.begin(&format!("{kind} {suite}"), 0),
            Event::StepEnded { instance } => self.bar(|bar| {
                bar.inc(1);
                bar.set_message(inert(&instance.to_string()).into_owned());
            }),
            Event::CommandLine { line } => {
                self.bar(|bar| bar.set_message(inert(line).replace(['\n', '\t'], " ")));
            }
            Event::Ended => self.with(|state| {
                if let Some(bar) = state.bar.take() {
                    bar.finish_and_clear();
                }
            }),
        }
    }
}
