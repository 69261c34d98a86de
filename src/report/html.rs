//! Self-contained HTML file: no script, no request, readable on paper, in dark mode, by keyboard and by screen reader.
//!
//! This file contains the frame and the order of sections; each section has a file in this folder. Foreign text reaches
//! the page only as an argument of `html!`, which escapes it. Lists go through [`budget::fill`], so that no report
//! makes a page of more than 5 MB.

mod applies;
mod break_glass;
mod budget;
mod chart;
mod codes;
mod coverage;
mod declared;
mod difference;
mod dora;
mod doubts;
mod drill;
mod environments;
mod excerpt;
mod findings;
mod gate;
mod ledger;
mod marks;
mod notes;
mod plans;
mod register;
mod replays;
mod seen;
mod shown;
mod suites;
mod summary;
mod text;
mod timeline;

use std::io::{self, Write};

use maud::{DOCTYPE, Markup, PreEscaped, html};

use self::text::brief;
use super::document::{Report, Tone};
use super::{Format, Style};

/// Style sheet. Its digest is in the policy, so that no other style is applied.
const STYLE: &str = include_str!("html/style.css");
/// SHA-256 digest of [`STYLE`], in base64: `EVENKEEL_BLESS=1 cargo test --test program html` writes it.
const STYLE_DIGEST: &str = include_str!("html/style.sha256");

/// With more findings, only open details are printed.
const FEW: usize = 60;

/// Self-contained page.
pub(super) struct Html;

impl Format for Html {
    const NAME: &'static str = "html";
    const HELP: &'static str = "One self-contained page to read, print and file";
    const SUFFIXES: &'static [&'static str] = &[".html", ".htm"];

    fn write(report: &Report, _style: Style, to: &mut dyn Write) -> io::Result<()> {
        let page = page(report).into_string();
        to.write_all(budget::visible(&page).as_bytes())
    }
}

/// Section of the page.
struct Section {
    /// Its anchor.
    id: &'static str,
    /// Its heading.
    title: &'static str,
    /// Number beside the heading in the contents.
    count: Option<usize>,
    /// Its contents.
    body: Markup,
}

impl Section {
    fn new(id: &'static str, title: &'static str, body: Markup) -> Self {
        Self {
            id,
            title,
            count: None,
            body,
        }
    }

    fn counted(mut self, count: usize) -> Self {
        self.count = Some(count);
        self
    }
}

/// Returns the sections with content, in the order of the page.
fn sections(report: &Report) -> Vec<Section> {
    let others = [
        notes::failure(report),
        shown::section(report),
        environments::section(report),
        findings::section(report),
        findings::pending(report),
        seen::section(report),
        declared::section(report),
        coverage::section(report),
        gate::section(report),
        plans::section(report),
        applies::section(report),
        suites::section(report),
        break_glass::section(report),
        dora::section(report),
        doubts::section(report),
        drill::section(report),
        replays::section(report),
        timeline::section(report),
        ledger::section(report),
        codes::section(report),
        notes::messages(report),
    ]
    .into_iter()
    .flatten();
    register::sections(report)
        .into_iter()
        .chain(others)
        .collect()
}

fn page(report: &Report) -> Markup {
    let sections = sections(report);
    let tone = report.headline.map_or(Tone::Waiting, super::Headline::tone);
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; img-src data:; base-uri 'none'; form-action 'none'",
        STYLE_DIGEST.trim()
    );
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                meta name="generator" content=(brief(&report.tool));
                title { (summary::title(report)) }
                style { (PreEscaped(STYLE)) }
            }
            body.(marks::tone_class(tone)).few[report.findings.len() <= FEW].many[report.findings.len() > FEW] {
                a.skip href="#report" { "Skip to the report" }
                (marks::symbols())
                (summary::header(report))
                div.columns {
                    @if sections.len() > 1 {
                        nav aria-label="Contents" {
                            ul {
                                @for section in &sections {
                                    li {
                                        a href={ "#" (section.id) } {
                                            (section.title)
                                            @if let Some(count) = section.count {
                                                " " span.number { (count) }
                                            }
                                        }
                                    }
                                }
                            }
                        }
                    }
                    main #report tabindex="-1" {
                        @for section in &sections {
                            section aria-labelledby=(section.id) {
                                h2 id=(section.id) { (section.title) }
                                (section.body)
                            }
                        }
                        @if sections.is_empty() {
                            p { "This command has nothing to show." }
                        }
                    }
                }
                (summary::footer(report))
            }
        }
    }
}
