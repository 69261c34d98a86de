//! Text for people: the verdict first, then a table of environments, one line per finding, and the next command.
//! Commands that print while they run have their verdict after the lines of completed work.
//!
//! This file contains the order; each part has a file in this folder.

mod alike;
mod details;
mod done;
mod dora;
mod doubts;
mod drill;
mod entries;
mod environments;
mod excerpt;
mod failure;
mod gate;
mod headline;
mod layout;
mod lines;
mod locks;
mod places;
mod plans;
mod proofs;
mod replays;
mod seen;
mod shown;
mod status;
mod unmanaged;

use std::borrow::Cow;
use std::io::{self, Write};

pub use self::done::Progress;
use self::layout::{GAP, columns, hanging, more};
use self::lines::{Group, Lines, identity, one_line};
use super::document::{CHECKPOINT_COMMAND, FailureKind, FindingDocument, RUNNING_COMMANDS, Report};
use super::{Format, Style};
use evenkeel_model::text::inert;

/// Commands that end with a verdict.
const JUDGING_COMMANDS: &[&str] = &[
    "validate",
    "drift",
    "compare",
    "plan",
    "apply",
    "verify",
    "deliver",
    "approve",
    "reject",
    "withdraw",
    "release",
    "break-glass",
    "drill",
    "rollback",
    "audit",
    "audit replay",
    "audit doubts",
];
/// Number of findings that are displayed before the rest is counted.
const SHOWN_FINDINGS: usize = 60;
/// Number of findings that are displayed with their source lines: the most severe.
const DETAILED: usize = 3;

/// Text for people.
pub(super) struct Text;

impl Format for Text {
    const NAME: &'static str = "text";
    const HELP: &'static str = "For people";
    const SUFFIXES: &'static [&'static str] = &[".txt", ".text"];

    fn write(report: &Report, style: Style, to: &mut dyn Write) -> io::Result<()> {
        write(report, style, to)
    }
}

fn write(report: &Report, style: Style, to: &mut dyn Write) -> io::Result<()> {
    // A checkpoint to keep is printed alone.
    if let (CHECKPOINT_COMMAND, Some(checkpoint), []) =
        (&*report.command, &report.checkpoint, &*report.messages)
    {
        return to.write_all(checkpoint.text().map_err(io::Error::other)?.as_bytes());
    }
    // A failure before anything is done has its verdict first.
    let is_running = RUNNING_COMMANDS.contains(&&*report.command) && report.failure.is_none();
    if is_running && !style.printed {
        done(report, style, to)?;
    }
    let headline = report.headline;
    // A command without a verdict prints its error alone.
    let is_plain = report.failure.as_ref().is_some_and(|failure| {
        matches!(failure.kind, FailureKind::Other | FailureKind::Usage)
            && !JUDGING_COMMANDS.contains(&&*report.command)
    });
    if let (Some(headline), false) = (headline, is_running || is_plain) {
        headline::line(report, headline, false, style, to)?;
    }
    if let Some(failure) = &report.failure
        && failure.kind != FailureKind::Definitions
    {
        failure::lines(failure, style, to)?;
    }
    environments::table(report, style, to)?;
    findings(report, style, to)?;
    for plan in report.plans.iter().filter(|_| !is_running) {
        plans::whole(plan, style, to)?;
    }
    entries::lines(report, style, to)?;
    if let Some(shown) = &report.shown {
        shown::lines(shown, style, to)?;
    }
    let names = report
        .status
        .iter()
        .map(|status| columns(&status.environment));
    let widest = names.max().unwrap_or(0);
    for status in &report.status {
        status::lines(status, widest, report.at, style, to)?;
    }
    for lock in &report.locks {
        locks::line(lock, style, to)?;
    }
    for proof in &report.proofs {
        proofs::line(proof, style, to)?;
    }
    replays::lines(&report.replays, style, to)?;
    doubts::lines(&report.doubts, style, to)?;
    if let Some(drill) = &report.drill {
        drill::lines(drill, style, to)?;
    }
    if let Some(dora) = &report.dora {
        dora::lines(dora, style, to)?;
    }
    if let (Some(headline), true) = (headline, is_running) {
        writeln!(to)?;
        headline::line(report, headline, true, style, to)?;
    }
    if let Some(verdict) = &report.verdict {
        gate::rules(verdict, style, to)?;
    }
    seen::lines(report, style, to)?;
    messages(report, style, to)?;
    break_glass(report, style, to)?;
    next(report, style, to)
}

/// Writes completed work, as the command prints it while it runs.
fn done(report: &Report, style: Style, to: &mut dyn Write) -> io::Result<()> {
    let mut progress = Progress::default();
    if !report.system.is_empty() {
        let path: Vec<String> = report.path.clone();
        let commit = report
            .origin
            .as_ref()
            .and_then(|origin| origin.commit.as_deref());
        progress.opened(&report.system, commit, &path, style, to)?;
    }
    let mut plans: Vec<_> = report.plans.iter().collect();
    let mut applies = report.applies.iter().peekable();
    let mut environments: Vec<&str> = Vec::new();
    for name in report
        .applies
        .iter()
        .map(|apply| &*apply.environment)
        .chain(report.suites.iter().map(|suite| &*suite.environment))
        .chain(report.plans.iter().map(|plan| &*plan.environment))
    {
        if !environments.contains(&name) {
            environments.push(name);
        }
    }
    for name in environments {
        plans.retain(|plan| {
            let is_here = plan.environment == name;
            if is_here {
                // An error is returned by the next line.
                let _ = progress.plan(plan, style, to);
            }
            !is_here
        });
        while let Some(apply) = applies.next_if(|apply| apply.environment == name) {
            progress.apply(apply, style, to)?;
        }
        for suite in report.suites.iter().filter(|it| it.environment == name) {
            progress.suite(suite, style, to)?;
        }
    }
    Ok(())
}

/// Writes the findings, group by group: definitions, parity, then each environment.
fn findings(report: &Report, style: Style, to: &mut dyn Write) -> io::Result<()> {
    let is_listed = |finding: &&FindingDocument| {
        style.full
            || finding.allowed.is_none() && !(finding.is_pending() && report.command == "drift")
    };
    let all = if style.all {
        Cow::Borrowed(&*report.findings)
    } else {
        unmanaged::grouped(&report.findings)
    };
    let mut shown: Vec<&FindingDocument> = all.iter().filter(is_listed).collect();
    // Unreadable parts hide their content, so they come first. Stable: otherwise, the order of the report counts.
    shown.sort_by_key(|finding| {
        (
            finding.allowed.is_some(),
            std::cmp::Reverse(finding.severity),
            !finding.code.starts_with("document/"),
        )
    });
    let left = if style.all {
        0
    } else {
        shown.len().saturating_sub(SHOWN_FINDINGS)
    };
    shown.truncate(shown.len() - left);
    let detailed: Vec<*const FindingDocument> = shown
        .iter()
        .take(DETAILED)
        .map(|finding| std::ptr::from_ref(*finding))
        .collect();
    let is_detailed =
        |finding: &FindingDocument| style.full || detailed.contains(&std::ptr::from_ref(finding));
    let lines = Lines {
        at: report.at,
        identity: identity(&report.findings),
        is_detailed: &is_detailed,
        style,
    };
    for (number, group) in groups(report, &shown).iter().enumerate() {
        // Every other command has its verdict above.
        if number > 0 || report.headline.is_some() {
            writeln!(to)?;
        }
        lines.write(group, to)?;
    }
    match more(left) {
        Some(line) => writeln!(to, "\n{line}"),
        None => Ok(()),
    }
}

fn groups<'a>(report: &Report, shown: &[&'a FindingDocument]) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    let order = |name: &str| {
        report
            .environments
            .iter()
            .position(|environment| environment.name == name)
            .map_or(usize::MAX, |at| at + 1)
    };
    for finding in shown {
        let name = match &finding.environment {
            _ if finding.allowed.is_some() => "declared differences",
            _ if finding.code.starts_with("parity/") => "parity",
            _ if finding.code.starts_with("document/") => "documents",
            _ if finding.code.starts_with("survey/") => "survey",
            Some(environment) => environment,
            None if report.parity.is_some() && !finding.code.starts_with("definition/") => "parity",
            None => "definitions",
        };
        match groups.iter_mut().find(|group| group.name == name) {
            Some(group) => group.findings.push(finding),
            None => groups.push(Group {
                name: name.to_owned(),
                findings: vec![finding],
            }),
        }
    }
    let rank = |name: &str| match name {
        "definitions" => (0, 0),
        "documents" => (1, 0),
        "parity" => (2, 0),
        "declared differences" => (4, 0),
        "survey" => (2, 1),
        name => (3, order(name)),
    };
    groups.sort_by_key(|group| rank(&group.name));
    groups
}

/// Writes messages. The first message of `validate` is in the verdict line, if there is one.
fn messages(report: &Report, style: Style, to: &mut dyn Write) -> io::Result<()> {
    let skipped = usize::from(
        report.command == "validate" && report.headline.is_some() && report.failure.is_none(),
    );
    let mut messages = report.messages.iter().skip(skipped).peekable();
    let is_below = report.headline.is_some() || !report.findings.is_empty();
    if messages.peek().is_some() && is_below {
        writeln!(to)?;
    }
    for message in messages {
        for line in inert(message).lines() {
            hanging("", 0, &one_line(line), style.width, to)?;
        }
    }
    Ok(())
}

/// Writes every break-glass that waits for a follow-up.
fn break_glass(report: &Report, style: Style, to: &mut dyn Write) -> io::Result<()> {
    if !report.break_glass.is_empty() {
        writeln!(to)?;
    }
    for glass in &report.break_glass {
        let first = format!("{} ", style.bad("!"));
        hanging(&first, 4, &one_line(&glass.words()), style.width, to)?;
    }
    Ok(())
}

/// Writes next steps: commands in pasteable form, and advice as comments.
fn next(report: &Report, style: Style, to: &mut dyn Write) -> io::Result<()> {
    let remedies = report
        .verdict
        .as_ref()
        .map_or(&[][..], |verdict| &verdict.remedies);
    let mut next: Vec<&str> = Vec::new();
    let follow_up: Vec<String> = report
        .break_glass
        .iter()
        .map(super::document::BreakGlassDocument::command)
        .collect();
    for text in remedies.iter().chain(&report.next).chain(&follow_up) {
        if !next.contains(&&**text) {
            next.push(text);
        }
    }
    if !next.is_empty() {
        writeln!(to, "\nnext:")?;
    }
    for text in next {
        if is_command(text) {
            writeln!(to, "{GAP}{}", inert(text))?;
        } else {
            hanging(&format!("{GAP}# "), 4, &one_line(text), style.width, to)?;
        }
    }
    let explained = report
        .findings
        .iter()
        .filter(|finding| finding.allowed.is_none() && !finding.is_pending())
        // The first of several: `max_by_key` returns the last.
        .min_by_key(|finding| std::cmp::Reverse(finding.severity));
    let Some(explained) = explained.filter(|_| report.command == "drift" && !style.full) else {
        return Ok(());
    };
    let id: String = explained
        .fingerprint
        .chars()
        .take(identity(&report.findings))
        .collect();
    if report.next.is_empty() && remedies.is_empty() {
        writeln!(to)?;
    }
    writeln!(
        to,
        "details:\n{GAP}evenkeel explain {}\n{GAP}evenkeel drift --full",
        inert(&id)
    )
}

/// Whether a text can be pasted into a shell: it is a command, perhaps with a comment.
fn is_command(text: &str) -> bool {
    ["cat ", "evenkeel ", "git ", "kill ", "python3 "]
        .iter()
        .any(|program| text.starts_with(program))
        && !text.split('#').next().unwrap_or_default().contains(", ")
}

/// Returns the start of a digest, for reading and typing.
fn short(digest: &str) -> String {
    let digits = digest.trim_start_matches("blake3:");
    let shown: String = digits.chars().take(12).collect();
    inert(&shown).into_owned()
}
