//! Markdown for the comment on a pull request: the verdict, the environments, the findings, and folded details.
//!
//! Foreign text is always code: a span whose fence is longer than any run of backticks in it, or a fenced block. There,
//! nothing is markup, a mention, a reference, a link or an image, in CommonMark and on GitHub and GitLab. Text beyond
//! the limit is omitted with a remark.

mod code;

use std::io::{self, Write};

use self::code::{block, cell, span};
use super::document::{
    EnvironmentReport, FindingDocument, ReplayDocument, ReplayResult, Report, Tone,
    TrialResultDocument,
};
use super::wording::{
    State, about, by_gravity, counts, failure_line, headline, justification, path, place, short,
};
use super::{Format, Style};
use evenkeel_model::defect::{Corner, Severity};
use evenkeel_model::text::count;

/// GitHub's limit of a comment is 65,536 characters. Bytes are counted here, which are never fewer.
const LONGEST_COMMENT: usize = 65_000;
/// Number of findings that are listed before the rest is counted.
const LISTED: usize = 50;
/// Number of places of one finding that are listed before the rest is counted.
const SHOWN_PLACES: usize = 20;
/// Bytes reserved for the end of a comment: the counts of omitted parts, and the last section.
const RESERVED: usize = 6_000;

/// Markdown for a comment.
pub(super) struct Markdown;

impl Format for Markdown {
    const NAME: &'static str = "markdown";
    const HELP: &'static str = "Markdown for a comment on a pull request";
    const SUFFIXES: &'static [&'static str] = &[".md", ".markdown"];

    fn write(report: &Report, _style: Style, to: &mut dyn Write) -> io::Result<()> {
        to.write_all(page(report, LONGEST_COMMENT).as_bytes())
    }
}

/// Returns a report in Markdown, in at most `longest` bytes.
pub(super) fn page(report: &Report, longest: usize) -> String {
    let mut page = Page {
        text: String::new(),
        longest: longest.saturating_sub(RESERVED),
    };
    top(report, &mut page);
    environments(report, &mut page);
    let all = by_gravity(report);
    let (open, others): (Vec<&FindingDocument>, Vec<&FindingDocument>) = all
        .into_iter()
        .partition(|finding| matches!(State::of(finding), State::Open(_)));
    findings(&open, &mut page);
    gate(report, &mut page);
    steps(report, &mut page);
    replays(report, &mut page);
    since(report, &mut page);
    doubts(report, &mut page);
    drill(report, &mut page);
    dora(report, &mut page);
    break_glass(report, &mut page);
    entries(report, &mut page);
    folded("Details", &open, &mut page, details);
    folded("Pending and declared", &others, &mut page, entry);
    bottom(report, &mut page);
    page.text
}

/// Text of limited length.
struct Page {
    text: String,
    longest: usize,
}

impl Page {
    /// Adds a piece if it fits.
    fn add(&mut self, piece: &str) -> bool {
        let fits = self.text.len() + piece.len() <= self.longest;
        if fits {
            self.text.push_str(piece);
        }
        fits
    }

    /// Adds pieces until one does not fit, and counts the rest.
    fn all<T>(
        &mut self,
        items: &[T],
        most: usize,
        noun: &str,
        mut piece: impl FnMut(&T) -> String,
    ) {
        let fitted = items
            .iter()
            .take(most)
            .take_while(|item| self.add(&piece(item)))
            .count();
        let left = items.len() - fitted;
        if left > 0 {
            // The reserve at the end has room for this.
            self.text.push_str(&format!(
                "\n… {} more; `--format json` has all of them\n",
                count(left, noun)
            ));
        }
    }
}

/// Adds the verdict, and the checked revision.
fn top(report: &Report, page: &mut Page) {
    let sign = match report.headline.map(super::Headline::tone) {
        Some(Tone::Good) => "✅ ",
        Some(Tone::Waiting) => "🕓 ",
        Some(Tone::Bad) => "❌ ",
        None => "",
    };
    let mut line = format!("## {sign}{}", headline(report));
    for words in counts(report) {
        line.push_str(" · ");
        line.push_str(&words);
    }
    let mut checked = format!(
        "{} by {}",
        span(&report.system),
        span(&format!("evenkeel {}", report.command))
    );
    if let Some(origin) = &report.origin
        && let Some(commit) = &origin.commit
    {
        let dirty = if origin.dirty {
            " with uncommitted changes"
        } else {
            ""
        };
        checked.push_str(&format!(" at {}{dirty}", span(&short(commit))));
    }
    page.add(&format!(
        "{}\n{line}\n\n{checked}, {}\n",
        marker(report),
        report.at
    ));
    if let Some(failure) = &report.failure {
        let reason = failure_line(&failure.reason, &failure.causes);
        page.add(&format!("\n**Failed:** {}\n", span(&reason)));
        if !failure.changes.is_empty() {
            page.add("\n");
        }
        page.all(&failure.changes, LISTED, "change", |change| {
            format!("- {}\n", span(change))
        });
        if let Some(help) = &failure.help {
            page.add(&format!("\n{}\n", span(help)));
        }
    }
}

/// Returns the comment by which a later run finds the comment that it replaces.
fn marker(report: &Report) -> String {
    let word = |text: &str| -> String {
        text.chars()
            .take(60)
            .filter(char::is_ascii_alphanumeric)
            .collect()
    };
    format!(
        "<!-- evenkeel:{}:{} -->",
        word(&report.system),
        word(&report.command)
    )
}

fn environments(report: &Report, page: &mut Page) {
    let parity = report.parity.as_ref();
    let all: Vec<&EnvironmentReport> = report
        .environments
        .iter()
        .filter(|each| each.declared > 0 || !each.in_sync)
        .collect();
    if all.is_empty() && parity.is_none() {
        return;
    }
    page.add("\n| environment | state | attributes read |\n|---|---|---|\n");
    if let Some(parity) = parity {
        let mut state = match (parity.unread, parity.undeclared) {
            (0, 0) => "✅ in parity".to_owned(),
            (0, undeclared) => format!("❌ {}", count(undeclared, "undeclared difference")),
            (unread, 0) => format!("❌ {} not read", count(unread, "document")),
            (unread, undeclared) => format!(
                "❌ {} not read, {}",
                count(unread, "document"),
                count(undeclared, "undeclared difference")
            ),
        };
        if !parity.not_compared.is_empty() {
            let pairs = count(parity.not_compared.len(), "likely pair");
            state.push_str(&format!(", {pairs} not compared"));
        }
        if parity.declared > 0 {
            state.push_str(&format!(", {} declared", parity.declared));
        }
        if let Some(expiry) = parity.first_expiry {
            state.push_str(&format!(", next expiry {}", expiry.date()));
        }
        page.add(&format!("| parity | {state} | |\n"));
    }
    page.all(&all, LISTED, "environment", |each| {
        let waits = [Corner::Pending, Corner::HalfPromoted];
        let is_pending = each.corners.keys().all(|corner| {
            let known = |wait: &Corner| [wait.name(), wait.key()].contains(&&**corner);
            waits.iter().any(known)
        });
        let sign = match (each.in_sync, is_pending && each.observed == each.declared) {
            (true, _) => "✅",
            (false, true) => "🕓",
            (false, false) => "❌",
        };
        let mut state: Vec<String> = each
            .corners
            .iter()
            .map(|(corner, number)| format!("{number} {}", words(corner)))
            .collect();
        if state.is_empty() {
            state.push(
                if each.in_sync {
                    "in sync"
                } else {
                    "not in sync"
                }
                .to_owned(),
            );
        }
        format!(
            "| {} | {sign} {} | {}/{} |\n",
            cell(&each.name),
            state.join(", "),
            each.observed,
            each.declared
        )
    });
}

/// Returns plain words unchanged, and any other text as code.
fn words(text: &str) -> String {
    let is_plain = |character: char| character.is_ascii_lowercase() || " -".contains(character);
    if !text.is_empty() && text.chars().all(is_plain) {
        text.replace('-', " ")
    } else {
        cell(text)
    }
}

/// Adds the undeclared findings, one line each.
fn findings(open: &[&FindingDocument], page: &mut Page) {
    if open.is_empty() {
        return;
    }
    page.add("\n### Findings\n\n");
    page.all(open, LISTED, "finding", |finding| entry(finding));
}

/// Returns one finding in one line.
fn entry(finding: &FindingDocument) -> String {
    let state = State::of(finding);
    let mut line = format!("- {} {}", mark(state), span(&finding.message));
    if let Some(environment) = &finding.environment {
        line.push_str(&format!(" in {}", span(environment)));
    }
    if let Some(corner) = finding.corner.filter(|corner| *corner != Corner::Pending) {
        line.push_str(&format!(", {}", corner.name()));
    }
    if finding.reach > 1 {
        line.push_str(&format!(", {}", count(finding.reach, "place")));
    }
    if let Some(place) = place(finding) {
        line.push_str(&format!(
            " · {}",
            span(&format!("{}:{}", path(place), place.line))
        ));
    }
    line.push_str(&format!(" · {}\n", span(&finding.fingerprint)));
    if let Some(allowed) = &finding.allowed {
        line.push_str(&format!("  {}\n", span(&justification(allowed))));
    }
    line
}

const fn mark(state: State) -> &'static str {
    match state {
        State::Open(Severity::Critical) => "**critical**",
        State::Open(Severity::Error) => "**error**",
        State::Open(Severity::Warning) => "warning",
        State::Open(Severity::Advice) => "advice",
        State::Pending => "pending",
        State::Declared => "declared",
    }
}

/// Returns all facts of one finding.
fn details(finding: &FindingDocument) -> String {
    let mut text = format!(
        "#### {} {}\n\n{} · {}\n\n",
        mark(State::of(finding)),
        span(&about(finding)),
        span(&finding.code),
        span(&finding.fingerprint)
    );
    text.push_str(&format!("{}\n", span(&finding.message)));
    if !finding.places.is_empty() || finding.help.is_some() {
        text.push('\n');
    }
    for place in finding.places.iter().take(SHOWN_PLACES) {
        text.push_str(&format!(
            "- {} {}\n",
            span(&format!("{}:{}:{}", path(place), place.line, place.column)),
            span(&place.label)
        ));
    }
    for (name, value) in [("expected", &finding.expected), ("found", &finding.found)] {
        if let Some(value) = value {
            text.push_str(&format!("- {name} {}\n", span(value)));
        }
    }
    if let Some(since) = &finding.since {
        let until = since
            .until
            .map_or_else(String::new, |until| format!(" to {until}"));
        text.push_str(&format!(
            "- since {}{until}, {}\n",
            since.at,
            span(&since.known)
        ));
    }
    if let Some(seen) = &finding.seen {
        text.push_str(&format!("- {}\n", span(&seen.words())));
    }
    for also in finding.also.iter().take(SHOWN_PLACES) {
        text.push_str(&format!("- same cause: {}\n", span(&also.message)));
    }
    let left = finding.places.len().saturating_sub(SHOWN_PLACES)
        + finding.also.len().saturating_sub(SHOWN_PLACES);
    if left > 0 {
        let more = count(left, "place");
        text.push_str(&format!(
            "- … {more} more; `--format json` has all of them\n"
        ));
    }
    if let Some(help) = &finding.help {
        text.push_str(&format!("- help: {}\n", span(help)));
    }
    if let Some(difference) = &finding.difference {
        text.push_str(&format!("\n{}", block("diff", difference)));
    }
    text.push('\n');
    text
}

/// Adds folded findings.
fn folded(
    title: &str,
    all: &[&FindingDocument],
    page: &mut Page,
    piece: fn(&FindingDocument) -> String,
) {
    let open = format!(
        "\n<details>\n<summary>{title}: {}</summary>\n\n",
        count(all.len(), "finding")
    );
    if all.is_empty() || !page.add(&open) {
        return;
    }
    page.all(all, usize::MAX, "finding", |finding| piece(finding));
    // The reserve at the end has room for this.
    page.text.push_str("\n</details>\n");
}

fn gate(report: &Report, page: &mut Page) {
    let Some(verdict) = &report.verdict else {
        return;
    };
    let failed: Vec<_> = verdict.rules.iter().filter(|rule| !rule.holds).collect();
    let state = match (verdict.open, verdict.releasable) {
        (true, _) => "open".to_owned(),
        (false, true) => "waiting for approval".to_owned(),
        (false, false) => format!(
            "shut by {} of {}",
            failed.len(),
            count(verdict.rules.len(), "rule")
        ),
    };
    page.add(&format!(
        "\n### Gate of {}: {state}\n\nplan {}\n\n",
        span(&verdict.environment),
        span(&short(&verdict.plan))
    ));
    page.all(&failed, LISTED, "rule", |rule| {
        let mut text = format!("- {} {}\n", span(&rule.code), span(&rule.title));
        for reason in rule.reasons.iter().take(LISTED) {
            text.push_str(&format!("  - {}\n", span(reason)));
        }
        text
    });
    let decisions: Vec<_> = verdict.decisions.iter().collect();
    page.all(&decisions, LISTED, "decision", |decision| {
        format!(
            "- {}: {}\n",
            span(&decision.words()),
            span(&decision.reason)
        )
    });
}

/// Adds completed and planned steps.
fn steps(report: &Report, page: &mut Page) {
    let plans: Vec<_> = report
        .plans
        .iter()
        .filter(|plan| !plan.steps.is_empty())
        .collect();
    if !plans.is_empty() || !report.applies.is_empty() || !report.suites.is_empty() {
        page.add("\n### Steps\n\n");
    }
    page.all(&plans, LISTED, "plan", |plan| {
        let rehearsed = plan.rehearsed.map_or_else(String::new, |rehearsed| {
            format!(", {rehearsed} of {} rehearsed", plan.steps.len())
        });
        let mut text = format!(
            "- plan of {}: {} to change, {} unchanged{rehearsed}\n",
            span(&plan.environment),
            plan.steps.len(),
            plan.unchanged
        );
        for step in plan.steps.iter().take(LISTED) {
            text.push_str(&format!(
                "  - {} {}\n",
                words(&step.word),
                span(&step.instance.to_string())
            ));
        }
        if plan.steps.len() > LISTED {
            let more = count(plan.steps.len() - LISTED, "step");
            text.push_str(&format!(
                "  - … {more} more; `--format json` has all of them\n"
            ));
        }
        text
    });
    page.all(&report.applies, LISTED, "apply", |apply| {
        let mut text = format!(
            "- apply to {}: {}, {} changed, {} unchanged\n",
            span(&apply.environment),
            super::document::outcome_words(apply.outcome),
            apply.done,
            apply.unchanged
        );
        for step in apply.not_done.iter().take(LISTED) {
            let reason = step.reason.as_deref().unwrap_or("not started");
            text.push_str(&format!("  - {} {}\n", span(&step.address), span(reason)));
        }
        text
    });
    page.all(&report.suites, LISTED, "suite", |suite| {
        let sign = if suite.passed { "✅" } else { "❌" };
        let mut text = format!(
            "- {sign} suite {} in {}: {}\n",
            span(&suite.suite),
            span(&suite.environment),
            span(&suite.summary)
        );
        for case in suite.failures.iter().take(LISTED) {
            text.push_str(&format!(
                "  - {} {}\n",
                span(&case.name),
                span(&case.message)
            ));
        }
        text
    });
}

/// Adds the verdicts that were judged again; only the ones that are not as recorded are listed.
fn replays(report: &Report, page: &mut Page) {
    if report.replays.is_empty() {
        return;
    }
    page.add(&format!(
        "\n### Replayed verdicts\n\n{}\n\n",
        span(&super::wording::replays(&report.replays))
    ));
    let bad: Vec<&ReplayDocument> = report
        .replays
        .iter()
        .filter(|replay| replay.result != ReplayResult::Same)
        .collect();
    page.all(&bad, LISTED, "verdict", |replay| {
        format!("- {} {}\n", span(&replay.name()), span(&replay.words()))
    });
}

/// Adds findings that ended since a time, and changed facts.
fn since(report: &Report, page: &mut Page) {
    let Some(since) = &report.since else {
        return;
    };
    page.add(&format!(
        "\n### Since then\n\n{}\n\n",
        span(&since.summary())
    ));
    for note in since.notes() {
        page.add(&format!("- {}\n", span(&note)));
    }
    let past: Vec<_> = since.ended.iter().chain(&since.unknown).collect();
    page.all(&past, LISTED, "finding", |past| {
        format!(
            "- {} {}: {}\n",
            past.state(),
            span(&past.about()),
            span(&past.words())
        )
    });
    page.all(&since.facts, LISTED, "fact", |fact| {
        let host = format!("{} ({})", fact.host, fact.environment);
        format!("- {}: {}\n", span(&host), span(&fact.words()))
    });
}

/// Adds the decisions in doubt.
fn doubts(report: &Report, page: &mut Page) {
    if !report.doubts.is_empty() {
        page.add("\n### Decisions in doubt\n\n");
    }
    page.all(&report.doubts, LISTED, "doubt", |doubt| {
        format!("- entry {}: {}\n", doubt.entry, span(&doubt.words()))
    });
}

/// Adds every break-glass that waits for a follow-up.
fn break_glass(report: &Report, page: &mut Page) {
    if !report.break_glass.is_empty() {
        page.add("\n### Break-glass without a follow-up\n\n");
    }
    page.all(&report.break_glass, LISTED, "break-glass", |glass| {
        format!("- {} {}\n", span(&glass.words()), span(&glass.command()))
    });
}

/// Adds the faults of a drill.
fn drill(report: &Report, page: &mut Page) {
    let Some(drill) = &report.drill else {
        return;
    };
    page.add("\n### Drill\n\n");
    page.all(&drill.trials, LISTED, "fault", |trial| {
        let mark = if trial.result == TrialResultDocument::Shut {
            "✔"
        } else {
            "✘"
        };
        format!(
            "- {mark} {}: {}\n",
            span(&trial.fault),
            span(&trial.words())
        )
    });
}

/// Adds the DORA figures.
fn dora(report: &Report, page: &mut Page) {
    let Some(dora) = &report.dora else {
        return;
    };
    page.add(&format!(
        "\n### DORA figures\n\n{}\n\n| figure | value | events |\n|---|---|---|\n",
        span(&dora.words())
    ));
    page.all(&dora.figures(), LISTED, "figure", |figure| {
        format!(
            "| {} | {} | {} |\n",
            figure.name,
            cell(&figure.value),
            cell(&figure.events)
        )
    });
    let remarks = dora.remarks();
    if !remarks.is_empty() {
        page.add("\n");
    }
    page.all(&remarks, LISTED, "remark", |remark| {
        format!("- {}\n", span(remark))
    });
}

/// Adds ledger entries and messages.
fn entries(report: &Report, page: &mut Page) {
    if !report.entries.is_empty() {
        page.add("\n### Ledger\n\n");
    }
    page.all(&report.entries, LISTED, "entry", |entry| {
        let (kind, sentence) = (span(&entry.kind), span(&entry.words));
        format!("- {} {kind} {sentence}\n", entry.time)
    });
    if !report.messages.is_empty() {
        page.add("\n");
    }
    page.all(&report.messages, LISTED, "line", |message| {
        format!("- {}\n", span(message))
    });
}

/// Adds omitted parts and the next commands, for which there is always room.
fn bottom(report: &Report, page: &mut Page) {
    page.longest += RESERVED;
    for cut in &report.cut {
        page.add(&format!(
            "\n… {} more {} ({})\n",
            cut.left_out,
            span(&cut.list),
            span(&cut.by)
        ));
    }
    if !report.next.is_empty() {
        page.add(&format!(
            "\n### Next\n\n{}",
            block("sh", &report.next.join("\n"))
        ));
    }
}
