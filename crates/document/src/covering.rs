//! Where secrets stand in a text, by how its lines look: for texts that are no tree, and for what stands between values.
//!
//! A file that cannot be read is shown around the place of the complaint, and a comment may hold yesterday's password.
//! It covers whole ends of lines, and rather too much than too little; what is really compared is judged by `sensitive`.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::sensitive::{BEGINNINGS, is_computed, is_reference, names_a_secret, password_in};

/// What every line has that is looked at closely: reading all of them would take longer than comparing.
static TELLING: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?i)pass|secret|token|key|cred|auth|dsn|connection|webhook|salt|pepper|://|-----begin|\bdata\b|\bstringdata\b|\bvalue\b|ghp_|gho_|ghs_|ghu_|github_pat_|glpat-|xox[bpa]-|sk-|[sr]k_|akia|asia|aiza|ya29\.|eyjh|hvs\.|npm_|pypi-|sg\.|whsec_",
    )
    .ok()
});

/// The bytes of a text in which secrets seem to stand, in order.
#[must_use]
pub fn secret_ranges(text: &str) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    // A file of YAML has several documents, of which some are Secrets.
    let mut is_kubernetes = false;
    let mut end_of_document = 0;
    let mut named = false;
    let mut from = 0;
    while let Some(line) = line_at(text, from) {
        if from >= end_of_document {
            let rest = text.get(from..).unwrap_or_default();
            let length = rest.find("\n---").map_or(rest.len(), |at| at + 1);
            end_of_document = from + length;
            is_kubernetes = has_secret_kind(rest.get(..length).unwrap_or_default());
        }
        let next = line.end + 1;
        let words = text.get(line.clone()).unwrap_or_default();
        let is_telling = TELLING
            .as_ref()
            .is_none_or(|telling| telling.is_match(words));
        if !is_telling {
            named &= words.trim().is_empty();
            from = next;
            continue;
        }
        let found = look(words, is_kubernetes, named);
        named = found.names;
        let end = match found.value {
            Some(start) => {
                let end = end_of_value(text, &line, line.start + start);
                ranges.push(line.start + start..end);
                end
            }
            None => line.end,
        };
        for part in found.parts {
            ranges.push(line.start + part.start..line.start + part.end);
        }
        if let Some(start) = words.find("-----BEGIN") {
            let end = end_of_block(text, line.start + start);
            ranges.push(line.start + start..end);
            from = if end > line.end {
                after_line(text, end)
            } else {
                next
            };
            continue;
        }
        from = if end > line.end {
            after_line(text, end)
        } else {
            next
        };
    }
    ranges
}

/// The text with every byte of a secret replaced, so that all places stay where they are.
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

/// How a secret within a text is shown.
const COVERED: &str = "(a secret, not shown)";

/// The text for people: with words in the place of each secret. Nothing where there is none.
#[must_use]
pub fn shown(text: &str) -> Option<String> {
    let mut ranges = secret_ranges(text);
    if ranges.is_empty() {
        return None;
    }
    ranges.sort_by_key(|range| range.start);
    let mut shown = String::new();
    let mut at = 0;
    for range in ranges {
        if range.start >= at {
            shown.push_str(text.get(at..range.start).unwrap_or_default());
            // Line by line, so that what follows stays on its own.
            let secret = text.get(range.clone()).unwrap_or_default();
            for (number, _) in secret.split('\n').enumerate() {
                shown.push_str(if number > 0 { "\n" } else { "" });
                shown.push_str(COVERED);
            }
        }
        at = at.max(range.end);
    }
    shown.push_str(text.get(at..).unwrap_or_default());
    Some(shown)
}

/// What stands in one line.
struct Found {
    /// Where a secret's value begins; it goes on to the end of the line at least.
    value: Option<usize>,
    /// Secrets within the line: tokens, passwords of URLs.
    parts: Vec<Range<usize>>,
    /// Whether it names a secret whose value follows: `name: DB_PASSWORD`.
    names: bool,
}

fn look(line: &str, is_kubernetes: bool, named: bool) -> Found {
    let mut found = Found {
        value: None,
        parts: Vec::new(),
        names: false,
    };
    for (end, separator) in line.match_indices(['=', ':', ' ', '\t']) {
        let before = line.get(..end).unwrap_or_default();
        let name = before.trim_end().trim_end_matches(['"', '\'']);
        let start = name
            .rfind(|each: char| !(each.is_alphanumeric() || matches!(each, '_' | '-' | '.')))
            .map_or(0, |at| {
                at + name
                    .get(at..)
                    .and_then(|rest| rest.chars().next())
                    .map_or(1, char::len_utf8)
            });
        let name = name.get(start..).unwrap_or_default();
        if name.is_empty() {
            continue;
        }
        let rest = line.get(end + separator.len()..).unwrap_or_default();
        let is_blank = separator == " " || separator == "\t";
        // A blank separates a name and a value at the start of a line, or of an option.
        let is_first = line
            .get(..start)
            .unwrap_or_default()
            .trim_matches(|each: char| {
                each.is_whitespace() || matches!(each, '#' | ';' | '/' | '!' | '-' | '"' | '\'')
            })
            .is_empty();
        let follows = rest.trim_start().starts_with(['=', ':']);
        if is_blank && (follows || !(is_first || name.starts_with('-'))) {
            continue;
        }
        if separator == ":" && rest.starts_with("//") {
            continue;
        }
        let tells = names_a_secret(name)
            || is_kubernetes && matches!(name, "data" | "stringData") && !is_blank
            || named && name == "value" && !is_blank;
        if tells && !is_harmless(rest) {
            let blank = rest.len() - rest.trim_start().len();
            found.value = Some(end + separator.len() + blank);
            break;
        }
        if matches!(name, "name" | "key" | "Name" | "Key") && !is_blank {
            let value = rest.trim_start().trim_start_matches(['"', '\'']);
            let word = value
                .split(|each: char| !(each.is_alphanumeric() || matches!(each, '_' | '-' | '.')))
                .next();
            found.names |= word.is_some_and(names_a_secret);
            // In one line: `{name: DB_PASSWORD, value: …}`.
            if found.names
                && let Some(at) = rest.find("value")
            {
                found.value = Some(end + separator.len() + at + "value".len());
                break;
            }
        }
    }
    for start in BEGINNINGS {
        for (at, _) in line.match_indices(start) {
            let end = line
                .get(at..)
                .and_then(|rest| {
                    rest.find(|each: char| {
                        each.is_whitespace() || matches!(each, '"' | '\'' | ',' | ';' | '`')
                    })
                })
                .map_or(line.len(), |length| at + length);
            if end - at >= 12 {
                found.parts.push(at..end);
            }
        }
    }
    found.parts.extend(password_in(line));
    found
}

/// Whether what follows a secret's name is none: a reference, nothing said, a flag.
fn is_harmless(rest: &str) -> bool {
    let value = rest
        .trim()
        .trim_end_matches([',', ';'])
        .trim_matches(['"', '\'']);
    is_reference(value)
        || is_computed(value)
        || matches!(value, "true" | "false" | "null" | "~" | "\"\"" | "''")
}

/// Whether a text has a Secret of Kubernetes.
fn has_secret_kind(text: &str) -> bool {
    text.match_indices("kind").any(|(at, word)| {
        let rest = text.get(at + word.len()..).unwrap_or_default();
        let rest = rest.trim_start_matches(['"', '\'']).trim_start();
        let value = rest.strip_prefix(':').unwrap_or_default().trim_start();
        value.trim_start_matches(['"', '\'']).starts_with("Secret")
    })
}

/// Where a value ends that begins in a line: with the line, with its quote, or with the lines that are indented below it.
fn end_of_value(text: &str, line: &Range<usize>, start: usize) -> usize {
    let value = text.get(start..line.end).unwrap_or_default().trim();
    if let Some(mark) = value.strip_prefix("<<") {
        let mark = mark
            .trim_start_matches(['-', '~'])
            .trim_matches(['"', '\'']);
        return end_at(text, line.end + 1, |line| line.trim() == mark);
    }
    let quote = value
        .chars()
        .next()
        .filter(|first| matches!(first, '"' | '\''));
    if let Some(quote) = quote {
        let three: String = [quote; 3].iter().collect();
        let (mark, rest) = match value.strip_prefix(&*three) {
            Some(rest) => (three, rest),
            None => (quote.to_string(), value.get(1..).unwrap_or_default()),
        };
        if !rest.contains(&*mark) {
            return end_at(text, line.end + 1, |line| line.contains(&*mark));
        }
        return line.end;
    }
    if value.ends_with('\\') {
        return end_at(text, line.end + 1, |line| !line.trim_end().ends_with('\\'));
    }
    let opens = value.is_empty()
        || value.starts_with(['|', '>', '&', '!'])
        || value.ends_with(['{', '[', '(']);
    if !opens {
        return line.end;
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

/// The end of the first line from a place on that is the last of its value; the end of the text when none is.
fn end_at(text: &str, mut from: usize, is_last: impl Fn(&str) -> bool) -> usize {
    while let Some(line) = line_at(text, from) {
        if is_last(text.get(line.clone()).unwrap_or_default()) {
            return line.end;
        }
        from = line.end + 1;
    }
    text.len()
}

/// The end of a key or certificate in text form.
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

/// The line that begins at a place, without its end; nothing at the end of the text.
fn line_at(text: &str, from: usize) -> Option<Range<usize>> {
    let rest = text.get(from..).filter(|rest| !rest.is_empty())?;
    Some(from..from + rest.find('\n').unwrap_or(rest.len()))
}

/// Where the line after a place begins.
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
    fn secrets_of_every_way_of_writing_are_covered() {
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
    fn what_is_no_secret_stays_to_be_read() {
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
    fn no_text_is_too_odd() {
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
    fn secrets_within_a_text_are_covered_line_by_line() {
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
