//! JUnit XML output: well-formed regardless of the target's responses.

use std::fmt::Write;
use std::io;
use std::path::Path;
use std::time::Duration;

use crate::run::Run;

/// Writes the run to the file, and creates its parent folders.
pub fn write(run: &Run, path: &Path) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(path, render(run))
}

fn render(run: &Run) -> String {
    let total: Duration = run.cases.iter().map(|case| case.time).sum();
    let counts = format!(
        "tests=\"{}\" failures=\"{}\" errors=\"0\"",
        run.cases.len(),
        run.failures()
    );
    let time = seconds(total);
    let suite = escaped(run.suite);
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    // Writing to a `String` cannot fail.
    let _ = writeln!(
        xml,
        "<testsuites name=\"guestbook\" {counts} time=\"{time}\">"
    );
    let _ = writeln!(
        xml,
        "  <testsuite name=\"{suite}\" {counts} skipped=\"0\" time=\"{time}\" timestamp=\"{}\">",
        run.started.strftime("%Y-%m-%dT%H:%M:%SZ")
    );
    for case in &run.cases {
        let name = escaped(&case.name);
        let _ = write!(
            xml,
            "    <testcase classname=\"guestbook.{suite}\" name=\"{name}\" time=\"{}\"",
            seconds(case.time)
        );
        match &case.failure {
            None => xml.push_str("/>\n"),
            Some(failure) => {
                let (kind, message) = (failure.kind.name(), escaped(&failure.message));
                let _ = writeln!(
                    xml,
                    ">\n      <failure type=\"{kind}\" message=\"{message}\">{message}</failure>\n    </testcase>"
                );
            }
        }
    }
    xml.push_str("  </testsuite>\n</testsuites>\n");
    xml
}

fn seconds(time: Duration) -> String {
    format!("{:.3}", time.as_secs_f64())
}

/// Escapes text for XML content and quoted attributes; characters that XML cannot contain become the replacement
/// character.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            // XML parsers turn a bare line end in an attribute into a space.
            '\n' | '\r' | '\t' => {
                let _ = write!(escaped, "&#{};", u32::from(character));
            }
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}
