//! Verdicts that were judged again, one line each; the recorded and the replayed lines where they differ.

use std::io::{self, Write};

use super::super::document::{ReplayDocument, ReplayResult};
use super::layout::{GAP, hanging, more};
use super::{Style, one_line};

/// Number of equal verdicts that are displayed before the rest is counted.
const SHOWN: usize = 40;

/// Writes a line for each verdict. Every one that is not the same is displayed.
pub(super) fn lines(
    replays: &[ReplayDocument],
    style: Style,
    to: &mut dyn Write,
) -> io::Result<()> {
    let mut same = 0;
    let mut left = 0;
    for replay in replays {
        if replay.result == ReplayResult::Same {
            same += 1;
            if same > SHOWN && !style.all {
                left += 1;
                continue;
            }
        }
        line(replay, style, to)?;
    }
    match more(left) {
        Some(line) => writeln!(to, "{line}"),
        None => Ok(()),
    }
}

fn line(replay: &ReplayDocument, style: Style, to: &mut dyn Write) -> io::Result<()> {
    let mark = match replay.result {
        ReplayResult::Same => style.good("✔"),
        ReplayResult::NotCompared => style.odd("?"),
        _ => style.bad("✘"),
    };
    let mut text = format!("{}: {}", replay.name(), replay.words());
    if let Some(at) = replay.at {
        text.push_str(&format!(" (judged {})", at.for_people()));
    }
    hanging(&format!("{mark} "), 4, &one_line(&text), style.width, to)?;
    for difference in &replay.differences {
        writeln!(to, "{GAP}{GAP}{}", one_line(&difference.part))?;
        for (name, lines) in [
            ("recorded", &difference.recorded),
            ("replayed", &difference.replayed),
        ] {
            for line in lines {
                let first = format!("{GAP}{GAP}{GAP}{name}  ");
                hanging(&first, 16, &one_line(line), style.width, to)?;
            }
            if lines.is_empty() {
                writeln!(to, "{GAP}{GAP}{GAP}{name}  nothing")?;
            }
        }
    }
    Ok(())
}
