//! What all commands share: global arguments, the world, and rendering.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::progress::Terminal;
use super::signals::Signals;
use crate::operation::{Failure, LocalTargets, ProjectLocation, World};
use crate::report::{self, Format, Report, Style};
use crate::world::account;
use crate::world::processes::LocalProcesses;
use crate::world::stores::FolderStores;
use evenkeel_model::duration;
use evenkeel_model::moment::SystemClock;

/// Arguments of all commands.
#[derive(Args, Debug, Clone)]
pub(super) struct Global {
    /// The directory of the definitions [default: environments/, here or above]
    #[arg(long, global = true, value_name = "DIRECTORY")]
    environments: Option<PathBuf>,
    /// Read definitions from this commit instead of the working tree
    #[arg(long, global = true, value_name = "REVISION")]
    at: Option<String>,
    /// How to print
    #[arg(long, global = true, value_enum, default_value = "text")]
    format: FormatArgument,
    /// When to use colours
    #[arg(
        long,
        global = true,
        value_enum,
        default_value = "auto",
        value_name = "WHEN"
    )]
    color: ColorArgument,
}

#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum FormatArgument {
    /// For people
    Text,
    /// One JSON document, see `evenkeel schema report`
    Json,
}

#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum ColorArgument {
    Auto,
    Always,
    Never,
}

/// Arguments of commands that change an environment.
#[derive(Args, Debug, Clone)]
pub(super) struct Holding {
    /// How long to wait for somebody else who holds the environment, such as 5m
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    lock_timeout: Option<Duration>,
}

impl Holding {
    pub(super) fn wait(&self) -> Option<Duration> {
        self.lock_timeout
    }
}

pub(super) fn parse_duration(text: &str) -> Result<Duration, String> {
    duration::parse(text).ok_or_else(|| "expected a duration such as 30s or 5m".into())
}

/// What a command works with.
pub(super) struct Surroundings<'a> {
    pub(super) world: &'a World<'a>,
    pub(super) location: ProjectLocation,
    format: Format,
    out: Style,
    talk: Style,
    signals: &'a Signals,
}

impl Surroundings<'_> {
    /// Renders what came of an operation, and gives the exit code.
    pub(super) fn render(&self, outcome: Result<Report, Failure>) -> u8 {
        match outcome {
            Ok(report) => {
                let code = self.signals.exit_code(report.exit_code);
                match self.print(|to| self.format.write(&report, self.out, to)) {
                    Ok(()) => code,
                    Err(error) => {
                        Self::complain(&format!("cannot print: {error}"), None);
                        code.max(1)
                    }
                }
            }
            Err(failure) => self.fail(&failure),
        }
    }

    /// Prints data to standard output. A reader that has gone away is no error.
    #[expect(
        clippy::unused_self,
        reason = "what is printed is printed by somebody who was given the world"
    )]
    pub(super) fn print(
        &self,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut to = io::BufWriter::new(io::stdout().lock());
        match write(&mut to).and_then(|()| to.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            other => other,
        }
    }

    fn fail(&self, failure: &Failure) -> u8 {
        let code = self.signals.exit_code(failure.exit_code());
        if self.format == Format::Json {
            let mut report = Report::new("failure", "", self.world.clock.now());
            report.exit_code = code;
            report.say(failure.to_string());
            if let Failure::Definitions(complaints) = failure {
                report.defects(complaints.iter().cloned());
            }
            if let Failure::Stale { changes, .. } = failure {
                report.messages.extend(changes.iter().cloned());
            }
            report.next.extend(failure.help());
            // Standard error still says it when this cannot be printed.
            let _ = self.print(|to| self.format.write(&report, self.out, to));
        }
        if let Failure::Definitions(complaints) = failure {
            let mut to = io::BufWriter::new(io::stderr().lock());
            let _ = report::failure(complaints, self.talk, &mut to).and_then(|()| to.flush());
        }
        let mut message = failure.to_string();
        if let Failure::Stale { changes, .. } = failure {
            for change in changes.iter().take(20) {
                message.push_str(&format!("\n  {change}"));
            }
            if changes.len() > 20 {
                message.push_str(&format!("\n  … and {} more", changes.len() - 20));
            }
        }
        let mut source = std::error::Error::source(failure);
        if matches!(failure, Failure::Ledger(_)) {
            while let Some(cause) = source {
                message.push_str(&format!(": {cause}"));
                source = cause.source();
            }
        }
        Self::complain(&message, failure.help().as_deref());
        code
    }

    fn complain(message: &str, help: Option<&str>) {
        let mut to = io::stderr().lock();
        let _ = writeln!(to, "evenkeel: {}", evenkeel_model::text::inert(message));
        if let Some(help) = help {
            let _ = writeln!(
                to,
                "  {}",
                evenkeel_model::text::inert(help).replace('\n', "\n  ")
            );
        }
    }
}

/// Makes the world as this machine has it, and runs a command in it.
pub(super) fn with_surroundings(
    global: Global,
    run: impl FnOnce(&Surroundings<'_>) -> ExitCode,
) -> ExitCode {
    let signals = Signals::listen();
    let environment: BTreeMap<String, String> = std::env::vars_os()
        .filter_map(|(key, value)| Some((key.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let listener =
        Terminal::new(io::stderr().is_terminal() && global.format == FormatArgument::Text);
    let targets = LocalTargets {
        launcher: std::env::current_exe().unwrap_or_else(|_| "evenkeel".into()),
    };
    let input = io::stdin();
    let world = World {
        clock: &SystemClock,
        environment: &environment,
        directory: std::env::current_dir().unwrap_or_else(|_| ".".into()),
        input: input.as_fd(),
        processes: &LocalProcesses,
        interruption: signals.interruption(),
        actor: account::current(),
        listener: &listener,
        targets: &targets,
        stores: &FolderStores,
    };
    let style = |is_terminal: bool| Style {
        colour: colour(global.color, &environment, is_terminal),
        width: width(&environment),
    };
    run(&Surroundings {
        world: &world,
        location: ProjectLocation {
            environments: global.environments.clone(),
            revision: global.at.clone(),
        },
        format: match global.format {
            FormatArgument::Text => Format::Text,
            FormatArgument::Json => Format::Json,
        },
        out: style(io::stdout().is_terminal()),
        talk: style(io::stderr().is_terminal()),
        signals: &signals,
    })
}

/// The flag beats `NO_COLOR`, which beats `CLICOLOR_FORCE` and `FORCE_COLOR`, which beat the terminal.
fn colour(flag: ColorArgument, environment: &BTreeMap<String, String>, is_terminal: bool) -> bool {
    let set = |name: &str| environment.get(name).is_some_and(|value| !value.is_empty());
    match flag {
        ColorArgument::Always => true,
        ColorArgument::Never => false,
        ColorArgument::Auto => {
            if set("NO_COLOR") {
                return false;
            }
            let forced =
                |name: &str| set(name) && environment.get(name).is_some_and(|value| value != "0");
            if forced("CLICOLOR_FORCE") || forced("FORCE_COLOR") {
                return true;
            }
            is_terminal
                && environment.get("TERM").is_none_or(|term| term != "dumb")
                && environment.get("CLICOLOR").is_none_or(|value| value != "0")
        }
    }
}

fn width(environment: &BTreeMap<String, String>) -> usize {
    environment
        .get("COLUMNS")
        .and_then(|columns| columns.parse().ok())
        .unwrap_or(100)
        .clamp(40, 400)
}

#[cfg(test)]
mod tests {
    use super::{ColorArgument, colour};
    use std::collections::BTreeMap;

    fn auto(variables: &[(&str, &str)], is_terminal: bool) -> bool {
        let environment: BTreeMap<String, String> = variables
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect();
        colour(ColorArgument::Auto, &environment, is_terminal)
    }

    #[test]
    fn colours_follow_the_usual_rules() {
        assert!(auto(&[], true));
        assert!(!auto(&[], false));
        assert!(!auto(&[("NO_COLOR", "1"), ("FORCE_COLOR", "1")], true));
        assert!(auto(&[("NO_COLOR", "")], true));
        assert!(auto(&[("CLICOLOR_FORCE", "1")], false));
        assert!(!auto(&[("TERM", "dumb")], true));
        assert!(!auto(&[("CLICOLOR", "0")], true));
    }
}
