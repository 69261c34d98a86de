//! Generated documents are up to date.

use std::fmt::Write as _;
use std::fs;

use evenkeel::cli;
use evenkeel::operation::codes;
use evenkeel::report::{Notification, Report};
use evenkeel_model::defect::Code;

use super::files::root;

/// Compares a document with its expected text, or writes it.
fn is(path: &str, expected: &str) {
    let file = root().join(path);
    if std::env::var_os("EVENKEEL_BLESS").is_some_and(|value| value == "1") {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, expected).unwrap();
        return;
    }
    let kept = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        kept == expected,
        "{path} is not what the code says; if the change is meant: EVENKEEL_BLESS=1 cargo test --test program documents\n{}",
        evenkeel_model::text::unified(&kept, expected)
    );
}

#[test]
fn commands_are_those_of_the_command_line() {
    is("docs/commands.md", &cli::reference());
}

#[test]
fn the_report_schema_is_that_of_the_document() {
    let mut text = serde_json::to_string_pretty(&Report::schema()).unwrap();
    text.push('\n');
    is("schemas/report.schema.json", &text);
}

#[test]
fn the_notification_schema_is_that_of_the_message() {
    let mut text = serde_json::to_string_pretty(&Notification::schema()).unwrap();
    text.push('\n');
    is("schemas/notification.schema.json", &text);
}

#[test]
fn defects_are_all_codes() {
    let mut text = "\
# Defects

<!-- Generated from the codes. Do not edit: `EVENKEEL_BLESS=1 cargo test --test program documents`. -->

All codes of evenkeel. A code names one defect and is never renamed. `evenkeel explain CODE` prints its text from this page.
*Critical* findings and *errors* count as drift, or as invalid definitions; *warnings* do not. A declared difference turns a
finding of parity into advice; `[severity]` in system.toml sets the severity of codes of `parity/`.
"
    .to_owned();
    let mut layer = "";
    for code in codes() {
        let of = code.name.split('/').next().unwrap();
        if of != layer {
            layer = of;
            write!(text, "\n## {layer}\n").unwrap();
        }
        let Code {
            name,
            title,
            help,
            severity,
        } = code;
        let severity = severity.name();
        write!(text, "\n### `{name}`\n\n*{severity}:* {title}\n\n{help}\n").unwrap();
    }
    is("docs/defects.md", &text);
}
