//! Shared parts of all commands: global arguments, the world, and rendering.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::USAGE;
use super::github;
use super::output::{Output, OutputParser, format_of, settled};
use super::progress::Terminal;
use super::signals::Signals;
use crate::operation::{
    Failure, ProgramTargets, ProjectLocation, Stores, World, in_one_line, notify, outstanding,
    project_path,
};
use crate::report::{Report, ReportFormat, Style};
use crate::world::account;
use crate::world::processes::LocalProcesses;
use crate::world::redaction::RunSecrets;
use crate::world::report_file;
use crate::world::ssh::Hosts;
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
    /// The formats of the report; one with `=FILE` is written to that file
    #[arg(
        long,
        global = true,
        value_name = "FORMAT[=FILE]",
        default_value = "text",
        value_delimiter = ',',
        value_parser = OutputParser
    )]
    format: Vec<Output>,
    /// Also write the report to this file, in the format that its name says: report.sarif, report.md
    ///
    /// `plan` saves the plan to a file whose name says no format. `audit checkpoint` writes the checkpoint, whatever the name.
    #[arg(short, long, global = true, value_name = "FILE")]
    output: Vec<PathBuf>,
    /// When to use colours
    #[arg(
        long,
        global = true,
        value_enum,
        default_value = "auto",
        value_name = "WHEN"
    )]
    color: ColorArgument,
    /// Show the source lines and everything else that is known of every finding and step
    #[arg(long, global = true)]
    full: bool,
    /// Show every line of lists that are cut otherwise
    #[arg(long, global = true)]
    all: bool,
}

impl Global {
    /// Returns the destinations and formats of the report, and the file that the command writes itself.
    pub(super) fn outputs(&self, own: OwnFile) -> Result<(Vec<Output>, Option<PathBuf>), String> {
        if let (OwnFile::Refused, Some(file)) = (own, self.output.first()) {
            return Err(format!(
                "this command writes no report; redirect its output to {} instead",
                file.display()
            ));
        }
        let (mut owned, files): (Vec<PathBuf>, Vec<PathBuf>) =
            self.output.iter().cloned().partition(|file| match own {
                OwnFile::None | OwnFile::Refused => false,
                OwnFile::Unnamed => format_of(file).is_none(),
                OwnFile::Every => true,
            });
        let outputs = settled(self.format.clone(), files)?;
        let file = owned.pop();
        if let (Some(one), Some(other)) = (&file, owned.pop()) {
            return Err(format!(
                "only one file is written: {} or {}",
                other.display(),
                one.display()
            ));
        }
        Ok((outputs, file))
    }
}

/// Files of `-o` that a command writes itself, instead of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OwnFile {
    /// None.
    None,
    /// Files whose name shows no format of reports.
    Unnamed,
    /// All files.
    Every,
    /// None, and the command writes no report either: a file is rejected.
    Refused,
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
    /// Wait this long for another run that holds the lock, such as 5m
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

/// Surroundings of a command.
pub(super) struct Surroundings<'a> {
    pub(super) world: &'a World<'a>,
    pub(super) location: ProjectLocation,
    /// File of `-o` that the command writes itself.
    pub(super) file: Option<PathBuf>,
    command: &'static str,
    outputs: Vec<Output>,
    out: Style,
    talk: Style,
    pub(super) signals: &'a Signals,
}

impl Surroundings<'_> {
    /// Rejects files that cannot be written, before anything is done.
    pub(super) fn check_files(&self) -> Result<(), u8> {
        for file in self.outputs.iter().filter_map(|each| each.file.as_ref()) {
            if let Err(error) = report_file::check(&self.world.directory.join(file)) {
                Self::complain(&format!("cannot write {}: {error}", file.display()), None);
                return Err(USAGE);
            }
        }
        Ok(())
    }

    /// Displays a report on standard error, for a question about it.
    pub(super) fn show(&self, report: &Report) -> io::Result<()> {
        let mut to = io::BufWriter::new(io::stderr().lock());
        ReportFormat::Text
            .write(report, self.talk, &mut to)
            .and_then(|()| to.flush())
    }

    /// Whether lists are displayed completely.
    pub(super) const fn all(&self) -> bool {
        self.out.all
    }

    /// Returns the style of files: no colours, and a fixed width.
    const fn file_style(&self) -> Style {
        Style {
            colour: false,
            width: 100,
            printed: false,
            ..self.out
        }
    }

    /// Renders the outcome of an operation, and returns the exit code.
    pub(super) fn render(&self, outcome: Result<Report, Failure>) -> u8 {
        let mut report = outcome.unwrap_or_else(|failure| {
            let project = match &failure {
                Failure::Definitions(_) => project_path(self.world, &self.location),
                _ => None,
            };
            let redactor = self.world.secrets.redactor();
            let mut report = failure.report(self.command, self.world.clock.now(), project);
            report.redact(&|text| redactor.text(text));
            report
        });
        outstanding(self.world, &self.location, &mut report);
        let code = self.signals.exit_code(report.exit_code);
        report.conclude(code);
        let has_failed = report.failure.is_some();
        if has_failed {
            // Also to standard error, in case standard output or a file cannot be written.
            let mut to = io::BufWriter::new(io::stderr().lock());
            let _ = self
                .write(ReportFormat::Text, &report, self.talk, &mut to)
                .and_then(|()| to.flush());
        }
        let mut could_write = true;
        for Output { format, file } in &self.outputs {
            let written = match file {
                // A failure in text is a message.
                None if has_failed && *format == ReportFormat::Text => Ok(()),
                None => self.print(|to| self.write(*format, &report, self.out, to)),
                Some(file) => report_file::write(&self.world.directory.join(file), |to| {
                    format.write(&report, self.file_style(), to)
                }),
            };
            if let Err(error) = written {
                could_write = false;
                Self::complain(
                    &match file {
                        None => format!("cannot print: {error}"),
                        Some(file) => format!("cannot write {}: {error}", file.display()),
                    },
                    None,
                );
            }
        }
        let is_github = |output: &Output| output.format == ReportFormat::Github;
        if self.outputs.iter().any(is_github)
            && let Err(error) = github::publish(&report, self.world)
        {
            could_write = false;
            Self::complain(&error, None);
        }
        self.notify(&report);
        if could_write { code } else { code.max(1) }
    }

    /// Notifies the hooks of the definitions. One that fails is named, and changes no exit code.
    fn notify(&self, report: &Report) {
        match notify(self.world, &self.location, report) {
            Ok(failed) => {
                for each in failed {
                    Self::complain(&format!("notify.{}: {}", each.hook, each.reason), None);
                }
            }
            Err(failure) => {
                let redactor = self.world.secrets.redactor();
                let reason = redactor.text(&in_one_line(&failure));
                Self::complain(&format!("failed hooks were not recorded: {reason}"), None);
            }
        }
    }

    /// Writes a report to a stream. A runner that reads the log must find no command in it.
    fn write(
        &self,
        format: ReportFormat,
        report: &Report,
        style: Style,
        to: &mut dyn Write,
    ) -> io::Result<()> {
        if !github::is_read(self.world.environment) {
            return format.write(report, style, to);
        }
        let mut bytes = Vec::new();
        format.write(report, style, &mut bytes)?;
        let text = String::from_utf8_lossy(&bytes);
        to.write_all(github::tame(&text, format).as_bytes())
    }

    /// Prints data to standard output. A closed pipe is not an error.
    #[expect(clippy::unused_self, reason = "only a command with a world prints")]
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

/// Creates the world of this machine, and runs a command in it.
pub(super) fn with_surroundings(
    global: Global,
    (outputs, file): (Vec<Output>, Option<PathBuf>),
    command: &'static str,
    run: impl FnOnce(&Surroundings<'_>) -> ExitCode,
) -> ExitCode {
    let signals = Signals::listen();
    let environment: BTreeMap<String, String> = std::env::vars_os()
        .filter_map(|(key, value)| Some((key.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let is_for_people = outputs.contains(&Output::TEXT);
    let style = |is_terminal: bool, width: usize| Style {
        colour: colour(global.color, &environment, is_terminal),
        width,
        full: global.full,
        all: global.all,
        printed: false,
    };
    let out = style(
        io::stdout().is_terminal(),
        width(&environment, io::stdout()),
    );
    let listener = Terminal::new(
        is_for_people.then_some(out),
        io::stderr().is_terminal() && is_for_people,
        github::is_read(&environment),
    );
    let launcher = std::env::current_exe().unwrap_or_else(|_| "evenkeel".into());
    let beside = launcher.parent().unwrap_or(Path::new("/")).to_owned();
    let targets = ProgramTargets {
        launcher,
        hosts: Hosts::new(&environment, beside),
    };
    let input = io::stdin();
    let world = World {
        clock: &SystemClock,
        environment: &environment,
        directory: std::env::current_dir().unwrap_or_else(|_| ".".into()),
        input: input.as_fd(),
        processes: &LocalProcesses,
        interruption: signals.interruption(),
        actor: account::current(&environment),
        state_home: account::state_home(&environment),
        listener: &listener,
        targets: &targets,
        stores: &Stores,
        secrets: RunSecrets::default(),
    };
    run(&Surroundings {
        world: &world,
        location: ProjectLocation {
            environments: global.environments.clone(),
            revision: global.at.clone(),
        },
        file,
        command,
        outputs,
        out: Style {
            printed: is_for_people,
            ..out
        },
        talk: style(
            io::stderr().is_terminal(),
            width(&environment, io::stderr()),
        ),
        signals: &signals,
    })
}

/// The flag overrides `NO_COLOR`, which overrides `CLICOLOR_FORCE` and `FORCE_COLOR`, which override the terminal.
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

/// `COLUMNS` overrides the terminal; other streams have 100 columns.
fn width(environment: &BTreeMap<String, String>, stream: impl AsFd) -> usize {
    environment
        .get("COLUMNS")
        .and_then(|columns| columns.parse().ok())
        .or_else(|| {
            let size = rustix::termios::tcgetwinsize(stream).ok()?;
            (size.ws_col > 0).then_some(usize::from(size.ws_col))
        })
        .unwrap_or(100)
        .clamp(80, 200)
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
