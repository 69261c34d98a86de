//! Table of environments: parity first, then each environment, with its state and its observed share.

use std::io::{self, Write};

use super::super::document::{EnvironmentReport, ParityDocument, Report, Tone};
use super::Style;
use super::layout::{GAP, columns, padded, wrapped};
use evenkeel_model::defect::Corner;
use evenkeel_model::text::{count, inert};

/// Row of the table.
struct Row {
    name: String,
    tone: Tone,
    state: String,
    details: String,
}

/// Writes the table.
pub(super) fn table(report: &Report, style: Style, to: &mut dyn Write) -> io::Result<()> {
    let mut rows: Vec<Row> = report.parity.iter().flat_map(parity).collect();
    // With documents only, environments have nothing to display.
    let is_bare = report
        .environments
        .iter()
        .all(|environment| environment.declared == 0 && environment.in_sync);
    if !is_bare {
        rows.extend(report.environments.iter().map(environment));
    }
    if rows.is_empty() {
        return Ok(());
    }
    writeln!(to)?;
    let widest = |of: fn(&Row) -> &str| rows.iter().map(|row| columns(of(row))).max().unwrap_or(0);
    let (name, state) = (widest(|row| &row.name), widest(|row| &row.state));
    let indent = columns(GAP) + name + columns(GAP) + 2;
    for row in &rows {
        let mark = match row.tone {
            Tone::Good => style.good("✔"),
            Tone::Waiting => style.odd("•"),
            Tone::Bad => style.bad("✘"),
        };
        write!(
            to,
            "{GAP}{}{GAP}{mark} {}",
            padded(&row.name, &row.name, name),
            row.state
        )?;
        let room = style.width.saturating_sub(indent + state + 3);
        let lines = wrapped(&row.details, room.max(30));
        if lines.len() > 1 && room < 60 {
            writeln!(to)?;
            for line in wrapped(&row.details, style.width.saturating_sub(indent)) {
                writeln!(to, "{}{line}", " ".repeat(indent))?;
            }
            continue;
        }
        let fill = " ".repeat(state.saturating_sub(columns(&row.state)) + 3);
        match lines.first() {
            Some(line) => writeln!(to, "{fill}{line}")?,
            None => writeln!(to)?,
        }
        for line in lines.iter().skip(1) {
            writeln!(to, "{}{line}", " ".repeat(indent + state + 3))?;
        }
    }
    Ok(())
}

/// Returns the rows of parity and of compared documents.
fn parity(parity: &ParityDocument) -> Vec<Row> {
    let left = parity.not_compared.len();
    let mut states = Vec::new();
    if parity.unread > 0 {
        states.push("cannot tell".to_owned());
    }
    if parity.undeclared > 0 {
        let mut text = count(parity.undeclared, "difference");
        if parity.places > parity.undeclared {
            text.push_str(&format!(" in {}", count(parity.places, "place")));
        }
        states.push(text);
    }
    if left > 0 {
        let verb = if left == 1 { "is" } else { "are" };
        let text = format!("{} {verb} not declared", count(left, "likely pair"));
        states.push(if states.is_empty() {
            format!("in parity; {text}")
        } else {
            text
        });
    }
    let tone = if states.is_empty() {
        Tone::Good
    } else {
        Tone::Bad
    };
    let state = if states.is_empty() {
        "in parity".to_owned()
    } else {
        states.join(", ")
    };
    let mut details = Vec::new();
    if parity.lesser > 0 {
        details.push(format!(
            "{} below error",
            count(parity.lesser, "difference")
        ));
    }
    details.push(match parity.first_expiry {
        Some(expiry) => format!(
            "{} (next expiry {})",
            count(parity.declared, "declared difference"),
            expiry.date()
        ),
        None => "no declared differences".to_owned(),
    });
    if parity.left_out > 0 {
        details.push(format!(
            "{} left out by the definitions",
            count(parity.left_out, "pair")
        ));
    }
    let mut rows = vec![Row {
        name: "parity".into(),
        tone,
        state,
        details: details.join(" · "),
    }];
    if let Some(documents) = &parity.documents {
        let mut details = vec![format!(
            "{} of {} not byte-identical",
            documents.raw,
            count(documents.values, "value")
        )];
        if documents.by_position > 0 {
            details.push(format!(
                "too many similar elements: {} matched by position",
                count(documents.by_position, "list")
            ));
        }
        rows.push(Row {
            name: "documents".into(),
            tone: if parity.unread > 0 {
                Tone::Bad
            } else {
                Tone::Good
            },
            state: format!(
                "{} in {}",
                count(documents.pairs, "pair"),
                count(documents.files, "file")
            ),
            details: details.join(" · "),
        });
    }
    rows
}

fn environment(environment: &EnvironmentReport) -> Row {
    let pending: usize = PENDING
        .iter()
        .filter_map(|corner| environment.corners.get(corner.key()))
        .sum();
    let states: Vec<String> = environment
        .corners
        .iter()
        .filter(|(name, _)| !PENDING.iter().any(|corner| corner.key() == **name))
        .map(|(name, number)| format!("{number} {}", words(name)))
        .collect();
    let tone = match (states.is_empty(), pending) {
        (false, _) => Tone::Bad,
        (true, 0) => Tone::Good,
        (true, _) => Tone::Waiting,
    };
    let mut details = match environment.declared {
        0 => "nothing declared".to_owned(),
        declared => format!("{}/{declared} attributes read", environment.observed),
    };
    let state = match tone {
        Tone::Good => "in sync".to_owned(),
        Tone::Waiting => format!("{pending} pending"),
        Tone::Bad => {
            if pending > 0 {
                details.push_str(&format!(
                    " · {} pending release (not drift)",
                    count(pending, "step")
                ));
            }
            states.join(", ")
        }
    };
    Row {
        name: inert(&environment.name).into_owned(),
        tone,
        state,
        details,
    }
}

/// Corners that the next apply or release removes.
const PENDING: [Corner; 2] = [Corner::Pending, Corner::HalfPromoted];

/// Returns the words of a corner's key.
fn words(key: &str) -> &str {
    match key {
        "changed-outside" => "changed",
        "changed-outside-in-both" => "changed in both",
        "cannot-tell" => "cannot tell",
        "healed" => "not recorded",
        other => other,
    }
}
