//! Finds secrets in raw text by the form of its lines: for unreadable files, and for text between values.
//!
//! Reports show an unreadable file around the complaint, and a comment may contain an old password. This masks whole
//! ends of lines, and too much rather than too little; `sensitive` judges the values of a readable file.

use std::ops::Range;

use super::sensitive::{COVERED, Manner, is_in_block, look, may_hold, next, private_block};

/// Returns the byte ranges of a text that seem to contain secrets, unsorted.
#[must_use]
pub fn secret_ranges(text: &str) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    // A YAML file may contain several documents, of which some are Secrets.
    let mut is_kubernetes = false;
    let mut end_of_document = 0;
    let mut from = 0;
    while let Some(at) = next(text, from) {
        let start = start_of_line(text, at).max(from);
        let Some(line) = line_at(text, start) else {
            break;
        };
        if start >= end_of_document {
            (is_kubernetes, end_of_document) = document_at(text, start);
        }
        from = cover_line(text, &line, is_kubernetes, &mut ranges).max(line.end + 1);
    }
    ranges
}

/// Checks a line; returns the position where the check continues.
fn cover_line(
    text: &str,
    line: &Range<usize>,
    is_kubernetes: bool,
    ranges: &mut Vec<Range<usize>>,
) -> usize {
    let words = text.get(line.clone()).unwrap_or_default();
    if let Some(start) = private_block(words) {
        let end = end_of_block(text, line.start + start);
        ranges.push(line.start + start..end);
        add(
            text,
            line,
            &words
                .get(..start)
                .map_or(Vec::new(), |before| look(before, Manner::Line, false).held),
            ranges,
        );
        // Check the rest of the line after the block, too.
        return if end > line.end {
            after_line(text, end)
        } else {
            line.end + 1
        };
    }
    if is_kubernetes && let Some(start) = data_of_kubernetes(words) {
        let end = end_of_value(text, line, line.start + start, "", true);
        ranges.push(line.start + start..end);
        return after_line(text, end);
    }
    let found = look(words, Manner::Line, false);
    let mut end = add(text, line, &found.held, ranges);
    for each in &found.opens {
        let value = line.start + each.value.start..line.start + each.value.end;
        ranges.extend(elements_below(text, line, &value));
    }
    if found.names || found.begins || !found.opens.is_empty() {
        end = end.max(below(text, line, ranges));
    }
    if found.names {
        above(text, line, ranges);
    }
    if end > line.end {
        after_line(text, end.saturating_sub(1))
    } else if words.contains("-----BEGIN") {
        after_public_block(text, line.end + 1)
    } else {
        line.end + 1
    }
}

/// Adds the secrets of a line, including the lines they continue on; returns the end of the last one.
fn add(
    text: &str,
    line: &Range<usize>,
    held: &[super::sensitive::Held],
    ranges: &mut Vec<Range<usize>>,
) -> usize {
    let mut last = 0;
    for each in held {
        let value = line.start + each.value.start..line.start + each.value.end;
        let end = if each.is_open {
            end_of_value(text, line, value.start, each.quote, false)
        } else {
            value.end
        };
        if end > line.end {
            ranges.push(value.start..end);
            last = last.max(end);
        } else {
            if !value.is_empty() {
                ranges.push(value.clone());
            }
            ranges.extend(elements_below(text, line, &value));
        }
    }
    last
}

/// The largest distance between a value and its name, in lines.
const NEAR: usize = 4;

/// Adds the value named by a line, in the following lines of the same element.
fn below(text: &str, line: &Range<usize>, ranges: &mut Vec<Range<usize>>) -> usize {
    let mut last = 0;
    let mut from = line.end + 1;
    for _ in 0..NEAR {
        let Some(below) = line_at(text, from) else {
            break;
        };
        let words = text.get(below.clone()).unwrap_or_default();
        if begins_an_element(words) {
            break;
        }
        let found = look(words, Manner::Line, true);
        last = last.max(add(text, &below, &found.values, ranges));
        from = below.end + 1;
    }
    last
}

/// Adds the value named by a line, in the preceding lines of the same element.
fn above(text: &str, line: &Range<usize>, ranges: &mut Vec<Range<usize>>) {
    let mut start = line.start;
    let mut words = text.get(line.clone()).unwrap_or_default();
    for _ in 0..NEAR {
        if begins_an_element(words) || start == 0 {
            break;
        }
        let above = start_of_line(text, start - 1)..start - 1;
        words = text.get(above.clone()).unwrap_or_default();
        if words.trim_start().starts_with(['}', ']'])
            || words.trim().is_empty()
            || words.trim_start().starts_with("</")
        {
            break;
        }
        add(
            text,
            &above,
            &look(words, Manner::Line, true).values,
            ranges,
        );
        start = above.start;
    }
}

/// Returns whether a line starts an element of a list, a map, or a document.
fn begins_an_element(line: &str) -> bool {
    let line = line.trim();
    let opens_a_tag = line.starts_with('<') && line.ends_with('>') && !line.contains(['/', '=']);
    line.is_empty()
        || line.starts_with("- ")
        || line.starts_with(['{', '}', '[', ']'])
        || line.starts_with("</")
        || opens_a_tag
}

/// Adds elements of a list below a key without a value, in lines without their own key.
fn elements_below(text: &str, line: &Range<usize>, value: &Range<usize>) -> Vec<Range<usize>> {
    let words = text.get(value.clone()).unwrap_or_default().trim();
    if !(words.is_empty() || words.ends_with(['[', '(', '{'])) {
        return Vec::new();
    }
    let indent = |line: &str| line.len() - line.trim_start().len();
    let own = indent(text.get(line.clone()).unwrap_or_default());
    let mut found = Vec::new();
    let mut from = line.end + 1;
    let is_element = text
        .get(line.start..value.start)
        .unwrap_or_default()
        .ends_with('>');
    while is_element && let Some(below) = line_at(text, from) {
        // The content of an XML element, up to the next tag.
        let words = text.get(below.clone()).unwrap_or_default();
        let content = words.split('<').next().unwrap_or_default();
        let start = below.start + content.len() - content.trim_start().len();
        if !content.trim().is_empty() {
            found.push(start..start + content.trim().len());
        }
        if content.len() < words.len() {
            return found;
        }
        from = below.end + 1;
    }
    while let Some(below) = line_at(text, from) {
        let words = text.get(below.clone()).unwrap_or_default();
        let bare = words.trim_start();
        let is_below = indent(words) > own || bare.starts_with("- ") && indent(words) == own;
        if !bare.is_empty() && !is_below {
            break;
        }
        let item = bare.strip_prefix("- ").unwrap_or(bare).trim();
        let is_map = item.contains(": ")
            || item.ends_with(':')
            || item.starts_with(['{', '}', '[', ']', ')', '#'])
            || item.contains(" = ")
            || item.contains("\":");
        let item = item.trim_end_matches(',').trim_matches(['"', '\'']);
        if !is_map && !is_harmless_item(item) {
            let start = below.start + words.find(item).unwrap_or(0);
            found.push(start..start + item.len());
        }
        from = below.end + 1;
    }
    found
}

/// Returns whether an element below a key of secrets is harmless by its form.
fn is_harmless_item(item: &str) -> bool {
    item.is_empty() || super::sensitive::is_settled_form(item)
}

/// Returns the text with every byte of a secret replaced, so that positions stay the same.
#[must_use]
pub fn covered(text: &str, ranges: impl IntoIterator<Item = Range<usize>>) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for range in ranges {
        for byte in bytes.get_mut(range).unwrap_or_default() {
            if !matches!(byte, b'\n' | b'\r') {
                *byte = b'*';
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Returns the text with a marker in place of each secret; `None` without any.
#[must_use]
pub fn shown(text: &str) -> Option<String> {
    if !may_hold(text) {
        return None;
    }
    let ranges = secret_ranges(text);
    (!ranges.is_empty()).then(|| replaced(text, ranges))
}

/// Returns the text with a marker in place of each range, line by line.
#[must_use]
pub fn replaced(text: &str, ranges: impl IntoIterator<Item = Range<usize>>) -> String {
    let mut ranges: Vec<Range<usize>> = ranges.into_iter().collect();
    ranges.sort_by_key(|range| (range.start, range.end));
    let mut shown = String::new();
    let mut at = 0;
    for range in ranges {
        let from = range.start.max(at);
        if range.end > from {
            shown.push_str(text.get(at..from).unwrap_or_default());
            // Overlapping ranges are one secret.
            if range.start >= at || at == 0 {
                // Line by line, so that the following lines keep their numbers.
                let secret = text.get(from..range.end).unwrap_or_default();
                for (number, _) in secret.split('\n').enumerate() {
                    shown.push_str(if number > 0 { "\n" } else { "" });
                    shown.push_str(COVERED);
                }
            }
        }
        at = at.max(range.end);
    }
    shown.push_str(text.get(at..).unwrap_or_default());
    shown
}

/// Returns the start of the data of a Kubernetes Secret in a line: `data:`, `"stringData": {`.
fn data_of_kubernetes(line: &str) -> Option<usize> {
    ["data", "stringData"].iter().find_map(|name| {
        line.match_indices(name).find_map(|(at, _)| {
            let before = line.get(..at)?;
            let is_alone = !before
                .ends_with(|last: char| last.is_alphanumeric() || matches!(last, '_' | '-' | '.'));
            let after = line.get(at + name.len()..)?;
            let rest = after
                .trim_start_matches(['"', '\''])
                .trim_start()
                .strip_prefix(':')?;
            let blank = rest.len() - rest.trim_start().len();
            is_alone.then_some(line.len() - rest.len() + blank)
        })
    })
}

/// Returns whether the document around a line contains a Kubernetes Secret, and its end.
fn document_at(text: &str, start: usize) -> (bool, usize) {
    let begin = text
        .get(..(start + "---".len()).min(text.len()))
        .and_then(|before| before.rfind("\n---"))
        .map_or(0, |at| at + 1);
    let rest = text.get(start..).unwrap_or_default();
    let end = start + rest.find("\n---").map_or(rest.len(), |at| at + 1);
    (
        has_secret_kind(text.get(begin..end).unwrap_or_default()),
        end,
    )
}

/// Returns whether a text contains a Kubernetes Secret.
fn has_secret_kind(text: &str) -> bool {
    text.match_indices("kind").any(|(at, word)| {
        let rest = text.get(at + word.len()..).unwrap_or_default();
        let rest = rest.trim_start_matches(['"', '\'']).trim_start();
        let value = rest.strip_prefix(':').unwrap_or_default().trim_start();
        value.trim_start_matches(['"', '\'']).starts_with("Secret")
    })
}

/// Returns the end of a value that starts in a line: the end of the line, of its quote, or of the indented lines below
/// it.
fn end_of_value(text: &str, line: &Range<usize>, start: usize, quote: &str, is_map: bool) -> usize {
    let value = text.get(start..line.end).unwrap_or_default().trim();
    if !quote.is_empty() {
        return end_at(text, line.end + 1, |line| line.contains(quote));
    }
    if let Some(mark) = value.strip_prefix("<<").filter(|mark| !mark.is_empty()) {
        let mark = mark
            .trim_start_matches(['-', '~'])
            .trim_matches(['"', '\'']);
        return end_at(text, line.end + 1, |line| line.trim() == mark);
    }
    if value.ends_with('\\') {
        return end_at(text, line.end + 1, |line| !line.trim_end().ends_with('\\'));
    }
    // An XML element continues to its end tag.
    let before = text.get(line.start..start).unwrap_or_default();
    if before.ends_with('>') && before.contains('<') {
        return end_at(text, line.end + 1, |line| line.contains("</"));
    }
    let opens = value.starts_with(['|', '>'])
        || is_map
            && (value.is_empty()
                || value.ends_with(['{', '[', '('])
                || value.starts_with(['&', '!']));
    if !opens {
        return if is_map { line.end } else { start };
    }
    let indent = |line: &str| line.len() - line.trim_start().len();
    let own = indent(text.get(line.clone()).unwrap_or_default());
    let mut end = line.end;
    while let Some(next) = line_at(text, end + 1) {
        let words = text.get(next.clone()).unwrap_or_default();
        let is_below =
            indent(words) > own || words.trim_start().starts_with("- ") && indent(words) == own;
        if !words.trim().is_empty() && !is_below {
            break;
        }
        end = next.end;
    }
    end
}

/// Returns the end of the first line after a position that ends the value; the end of the text when there is none.
fn end_at(text: &str, mut from: usize, is_last: impl Fn(&str) -> bool) -> usize {
    while let Some(line) = line_at(text, from) {
        if is_last(text.get(line.clone()).unwrap_or_default()) {
            return line.end;
        }
        from = line.end + 1;
    }
    text.len()
}

/// Returns the position after the lines of a public block, which are no text. Its last line is checked like any other.
fn after_public_block(text: &str, mut from: usize) -> usize {
    while let Some(line) = line_at(text, from) {
        if !is_in_block(text.get(line.clone()).unwrap_or_default()) {
            break;
        }
        from = line.end + 1;
    }
    from
}

/// Returns the end of a PEM block.
fn end_of_block(text: &str, start: usize) -> usize {
    let rest = text.get(start..).unwrap_or_default();
    match rest.find("-----END") {
        Some(at) => {
            let tail = rest.get(at..).unwrap_or_default();
            start + at + tail.find('\n').unwrap_or(tail.len())
        }
        None => text.len(),
    }
}

/// Returns the line at a position, without its end; empty at the end of the text.
fn line_at(text: &str, from: usize) -> Option<Range<usize>> {
    let rest = text.get(from..).filter(|rest| !rest.is_empty())?;
    Some(from..from + rest.find('\n').unwrap_or(rest.len()))
}

/// Returns the start of the line that contains a position.
fn start_of_line(text: &str, at: usize) -> usize {
    text.get(..at)
        .and_then(|before| before.rfind('\n'))
        .map_or(0, |at| at + 1)
}

/// Returns the start of the line after a position.
fn after_line(text: &str, at: usize) -> usize {
    text.get(at..)
        .and_then(|rest| rest.find('\n'))
        .map_or(text.len(), |length| at + length + 1)
}

#[cfg(test)]
mod tests {
    use super::{covered, secret_ranges};

    fn of(text: &str) -> String {
        covered(text, secret_ranges(text))
    }

    #[test]
    fn secrets_in_every_notation_are_masked() {
        for text in [
            "password: hunter2",
            "  \"password\": \"hunter2\", \"level\": 1",
            "a: 1, db_password = hunter2",
            "export DB_PASSWORD=hunter2",
            "# DB_PASSWORD=hunter2",
            "db.password hunter2",
            "exec x --token hunter2",
            "args: [\"--token=hunter2\"]",
            "url: postgres://app:hunter2@db/x",
            "x: ghp_hunter2hunter2hunter2",
            "password: |\n  hunter2\n  hunter2\nlevel: 1",
            "passwords:\n- hunter2\n- hunter2\n",
            "password: \"first\n hunter2\n last\"\nlevel: 1",
            "password = <<EOT\nhunter2\nEOT\n",
            "password = \"\"\"\nhunter2\n\"\"\"\n",
            "password = a\\\nhunter2\n",
            "x\n-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----\n",
            "- name: DB_PASSWORD\n  value: hunter2\n",
            "{name: DB_PASSWORD, value: hunter2}",
            "kind: Secret\ndata:\n  any: hunter2\n  other: hunter2\n",
            "pem: \"-----BEGIN X-----\\n-----END X-----\"\npassword: hunter2",
            "{\"kind\": \"Secret\", \"data\": {\"any\": \"hunter2\"}}",
            "password: hunter2",
            "PASSWORD=hunter2",
        ] {
            let covered = of(text);
            assert!(!covered.contains("hunter2"), "{covered}");
            assert_eq!(covered.len(), text.len());
            assert_eq!(covered.lines().count(), text.lines().count());
        }
    }

    #[test]
    fn harmless_text_stays_readable() {
        for text in [
            "level: info\nreplicas: 2",
            "password_file: /run/secrets/db",
            "password: ${DB_PASSWORD}",
            "secretName: tls-web",
            "url: https://example.net:443/a?b=c",
            "kind: ConfigMap\ndata:\n  level: info\n",
            "kind: Secret\n---\nkind: ConfigMap\ndata:\n  level: info\n---\nkind: Secret\n",
            "name: web\nvalue: 1\n",
            "key: |\n  a b c\nkeyboard: de",
            "password: true",
        ] {
            assert_eq!(of(text), text);
        }
        assert_eq!(super::shown("level: info"), None);
        assert_eq!(
            super::shown("a=1\nPASSWORD= x\nb=2").unwrap(),
            "a=1\nPASSWORD= (a secret, not shown)\nb=2"
        );
        assert!(of("password: |\n  hunter2\nlevel: info").ends_with("\nlevel: info"));
    }

    #[test]
    fn arbitrary_text_is_accepted() {
        for text in [
            "",
            "\n",
            ":",
            "=\n=",
            "password",
            "password:",
            "é: \u{202e}",
            "-----BEGIN",
            "\"",
            "a://b:c@",
        ] {
            assert_eq!(of(text).len(), text.len(), "{text}");
        }
    }

    #[test]
    fn secrets_in_a_text_are_masked_line_by_line() {
        let text = "url: postgres://app:hunter@db/x\n- API_TOKEN=abc\n\"password\": \"x1\",\nlevel: info\n-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\nlast: 1\n";
        let covered = super::shown(text).unwrap();
        for secret in ["hunter", "abc", "x1", "MIIE"] {
            assert!(!covered.contains(secret), "{covered}");
        }
        assert!(covered.contains("level: info\n") && covered.ends_with("last: 1\n"));
        assert_eq!(covered.lines().count(), text.lines().count());
        assert_eq!(super::shown("a: 1\nb: 2\n"), None);
    }
}
