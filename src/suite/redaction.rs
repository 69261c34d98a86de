//! Takes secrets out of text that suites wrote, in whatever spelling they wrote them.
//!
//! A secret is found raw, with any of its characters escaped as JSON, URLs, XML, shells and debuggers do, as
//! hexadecimal, and as Base64 at each of its three alignments, wrapped or not. It cannot be found encrypted,
//! compressed, or spelled backwards: a suite that is given a secret is trusted not to hide it.

use zeroize::Zeroizing;

use crate::environment::suite::{Suite, SuiteText};

/// What stands in a secret's place.
pub(super) const SHOWN: &str = "(secret)";
/// Secrets shorter than this are only found spelled out: their encodings are in every text by chance.
const SHORTEST_ENCODED: usize = 4;
/// Lines of a secret shorter than this are not secrets of their own.
const SHORTEST_LINE: usize = 8;

/// Knows the secrets of a suite, and takes them out of text.
#[derive(Default)]
pub(super) struct Redactor {
    patterns: Vec<Pattern>,
    longest: usize,
}

/// A secret in one form: a sequence of symbols, each with its possible spellings.
struct Pattern {
    symbols: Vec<Vec<Spelling>>,
    /// Whether line breaks may stand between the symbols.
    wrapped: bool,
}

/// One spelling of one symbol.
enum Spelling {
    /// These bytes.
    Exactly(Zeroizing<Vec<u8>>),
    /// These bytes, whatever the case of their letters.
    Folded(Zeroizing<Vec<u8>>),
    /// One Base64 digit, whichever: it belongs to the secret in part.
    AnyDigit,
    /// As before, or nothing.
    MaybePadding,
}

impl Redactor {
    /// Knows every secret that the suite is given.
    pub(super) fn of(suite: &Suite) -> Self {
        let sent = suite.http.iter().flat_map(|check| check.send.values());
        let given = suite.run.iter().flat_map(|run| run.environment.values());
        Self::new(sent.chain(given).filter_map(|text| match text {
            SuiteText::Secret(secret) => Some(secret.reveal()),
            SuiteText::Plain(_) => None,
        }))
    }

    /// Knows these secrets. An empty one is none.
    pub(super) fn new<'a>(secrets: impl Iterator<Item = &'a str>) -> Self {
        let mut patterns = Vec::new();
        for secret in secrets {
            let trimmed = secret.trim();
            if trimmed.is_empty() {
                continue;
            }
            patterns.extend(forms(secret));
            if trimmed != secret {
                patterns.extend(forms(trimmed));
            }
            if trimmed.lines().nth(1).is_some() {
                let lines = trimmed.lines().map(str::trim);
                patterns.extend(
                    lines
                        .filter(|line| line.len() >= SHORTEST_LINE)
                        .flat_map(forms),
                );
            }
        }
        let longest = patterns.iter().map(Pattern::longest).max().unwrap_or(0);
        Self { patterns, longest }
    }

    /// The text without secrets.
    pub(super) fn text(&self, text: &str) -> String {
        self.bytes(text.as_bytes(), false, false)
    }

    /// The text of these bytes without secrets.
    ///
    /// Where the bytes were cut off before their start or after their end, a part of a secret may stand there, so as
    /// much as that could be is left out.
    pub(super) fn bytes(&self, bytes: &[u8], cut_before: bool, cut_after: bool) -> String {
        let from = if cut_before { self.longest } else { 0 };
        let to = if cut_after {
            bytes.len().saturating_sub(self.longest)
        } else {
            bytes.len()
        };
        let mut safe = Zeroizing::new(Vec::with_capacity(bytes.len()));
        let mut position = 0;
        while position < to {
            if let Some(end) = self.secret_at(bytes, position) {
                if end > from {
                    safe.extend_from_slice(SHOWN.as_bytes());
                }
                position = end;
                continue;
            }
            if position >= from {
                safe.extend(bytes.get(position));
            }
            position += 1;
        }
        String::from_utf8_lossy(&safe).into_owned()
    }

    /// Where the longest secret that begins at a position ends.
    fn secret_at(&self, bytes: &[u8], position: usize) -> Option<usize> {
        self.patterns
            .iter()
            .filter_map(|pattern| pattern.end(bytes, position))
            .max()
    }
}

impl Pattern {
    /// The furthest end of this pattern when it begins at `position`.
    fn end(&self, bytes: &[u8], position: usize) -> Option<usize> {
        let mut ends = vec![position];
        for (index, spellings) in self.symbols.iter().enumerate() {
            let mut next = Vec::new();
            for &end in &ends {
                let begin = if self.wrapped && index > 0 {
                    after_line_break(bytes, end)
                } else {
                    end
                };
                next.extend(
                    spellings
                        .iter()
                        .filter_map(|spelling| spelling.end(bytes, begin)),
                );
            }
            if next.is_empty() {
                return None;
            }
            next.sort_unstable();
            next.dedup();
            ends = next;
        }
        ends.last().copied()
    }

    /// The most bytes it can take up.
    fn longest(&self) -> usize {
        let symbols: usize = self
            .symbols
            .iter()
            .map(|spellings| spellings.iter().map(Spelling::len).max().unwrap_or(0))
            .sum();
        // Lines are hardly shorter than eight symbols.
        if self.wrapped { symbols * 2 } else { symbols }
    }
}

impl Spelling {
    fn end(&self, bytes: &[u8], position: usize) -> Option<usize> {
        let rest = bytes.get(position..)?;
        let found = match self {
            Self::Exactly(wanted) => rest.starts_with(wanted),
            Self::Folded(wanted) => rest
                .get(..wanted.len())
                .is_some_and(|found| found.eq_ignore_ascii_case(wanted)),
            Self::AnyDigit => rest.first().copied().is_some_and(is_base64),
            Self::MaybePadding => {
                let padding = rest
                    .iter()
                    .take(2)
                    .take_while(|byte| **byte == b'=')
                    .count();
                return Some(position + padding);
            }
        };
        found.then(|| position + self.len())
    }

    fn len(&self) -> usize {
        match self {
            Self::Exactly(bytes) | Self::Folded(bytes) => bytes.len(),
            Self::AnyDigit => 1,
            Self::MaybePadding => 2,
        }
    }
}

/// The forms a secret may be written in.
fn forms(secret: &str) -> Vec<Pattern> {
    let mut forms = vec![Pattern {
        symbols: secret.chars().map(spellings).collect(),
        wrapped: false,
    }];
    if secret.len() >= SHORTEST_ENCODED {
        forms.push(Pattern {
            symbols: secret
                .bytes()
                .flat_map(|byte| format!("{byte:02x}").into_bytes())
                .map(|digit| vec![Spelling::Folded(Zeroizing::new(vec![digit]))])
                .collect(),
            wrapped: true,
        });
        forms.extend((0..3).map(|shift| base64(secret.as_bytes(), shift)));
    }
    forms
}

/// A character as it is, and as JSON, URLs, XML, shells and debuggers escape it.
fn spellings(character: char) -> Vec<Spelling> {
    let exactly = |text: String| Spelling::Exactly(Zeroizing::new(text.into_bytes()));
    let folded = |text: String| Spelling::Folded(Zeroizing::new(text.into_bytes()));
    let (mut buffer, mut units) = ([0; 4], [0; 2]);
    let utf8 = character.encode_utf8(&mut buffer).as_bytes();
    let utf16 = character.encode_utf16(&mut units);
    let code = u32::from(character);
    let mut all = vec![
        exactly(character.to_string()),
        folded(utf8.iter().map(|byte| format!("%{byte:02x}")).collect()),
        folded(utf8.iter().map(|byte| format!("\\x{byte:02x}")).collect()),
        folded(utf16.iter().map(|unit| format!("\\u{unit:04x}")).collect()),
        folded(format!("\\u{{{code:x}}}")),
        folded(format!("&#{code};")),
        folded(format!("&#x{code:x};")),
    ];
    if character.is_ascii_punctuation() || character == ' ' {
        all.push(exactly(format!("\\{character}")));
    }
    let named: &[&str] = match character {
        '\n' => &["\\n", "\r\n", "\\r\\n", "%0d%0a"],
        '\r' => &["\\r"],
        '\t' => &["\\t"],
        ' ' => &["+"],
        '&' => &["&amp;"],
        '<' => &["&lt;"],
        '>' => &["&gt;"],
        '"' => &["&quot;"],
        '\'' => &["&apos;", "'\\''", "''"],
        _ => &[],
    };
    all.extend(named.iter().map(|name| folded((*name).to_owned())));
    all
}

/// A secret in Base64 (standard or for URLs) where `shift` bytes of its first group of three belong to what is before.
fn base64(secret: &[u8], shift: usize) -> Pattern {
    let mut symbols: Vec<Vec<Spelling>> = Vec::new();
    let bits = secret.len() * 8;
    // The first digit of a shifted secret begins with bits of the byte before it.
    let before = shift * 8 % 6;
    if before > 0 {
        symbols.push(vec![Spelling::AnyDigit]);
    }
    let mut bit = (6 - before) % 6;
    while bit + 6 <= bits {
        let digit = (bit..bit + 6).fold(0u8, |digit, bit| {
            let byte = secret.get(bit / 8).copied().unwrap_or(0);
            digit << 1 | byte >> (7 - bit % 8) & 1
        });
        let exactly = |digit| Spelling::Exactly(Zeroizing::new(vec![digit]));
        symbols.push(match digit {
            0..26 => vec![exactly(b'A' + digit)],
            26..52 => vec![exactly(b'a' + digit - 26)],
            52..62 => vec![exactly(b'0' + digit - 52)],
            62 => vec![exactly(b'+'), exactly(b'-')],
            _ => vec![exactly(b'/'), exactly(b'_')],
        });
        bit += 6;
    }
    if bit < bits {
        symbols.push(vec![Spelling::AnyDigit]);
        symbols.push(vec![Spelling::MaybePadding]);
    }
    Pattern {
        symbols,
        wrapped: true,
    }
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')
}

/// The position after a line break and the indentation that follows it, or the position itself.
fn after_line_break(bytes: &[u8], position: usize) -> usize {
    let rest = bytes.get(position..).unwrap_or_default();
    let broken = match rest {
        [b'\r', b'\n', ..] => 2,
        [b'\n', ..] => 1,
        _ => return position,
    };
    let indented = rest.iter().skip(broken).take(16);
    position
        + broken
        + indented
            .take_while(|byte| matches!(byte, b' ' | b'\t'))
            .count()
}

#[cfg(test)]
mod tests {
    use super::Redactor;

    const SECRET: &str = "h\"unter&2/+é~";

    fn redacted(text: &str) -> String {
        Redactor::new([SECRET].into_iter()).text(text)
    }

    #[test]
    fn every_spelling_is_found() {
        for text in [
            SECRET,
            r#"h\"unter&2\/+\u00e9~"#,
            r"h\u0022unter\u00262/+\u00E9~",
            "h%22unter%262%2F%2B%C3%A9~",
            "h%22unter%262%2f%2b%c3%a9%7e",
            "h&quot;unter&amp;2/+é~",
            "h&#34;unter&#x26;2/+&#233;~",
            r#"h\"unter\&2/+é\~"#,
            r#"h"unter&2/+\u{e9}~"#,
            "6822756e74657226322f2bc3a97e",
            "6822756E74657226322F2BC3A97E",
            "68227\n  56e74657226322f2bc3a97e",
        ] {
            assert_eq!(redacted(&format!("<{text}>")), "<(secret)>", "{text}");
        }
    }

    #[test]
    fn base64_is_found_at_each_alignment_and_wrapped() {
        for text in [
            "aCJ1bnRlciYyLyvDqX4=",
            "aCJ1bnRlciYyLyvDqX4",
            "aCJ1bnRlciYyLyvDqX4=",
            "aCJ1bnRl\nciYyLyvDqX4=",
        ] {
            assert_eq!(redacted(&format!("<{text}>")), "<(secret)>", "{text}");
        }
        // `a:`, `ab:` and `abc:` before it, as in basic authentication.
        assert_eq!(redacted("YTpoInVudGVyJjIvK8Opfg=="), "YT(secret)");
        assert_eq!(redacted("YWI6aCJ1bnRlciYyLyvDqX4="), "YWI6(secret)");
        assert_eq!(redacted("YWJjOmgidW50ZXImMi8rw6l+"), "YWJjO(secret)");
        assert_eq!(redacted("YWJjOmgidW50ZXImMi8rw6l-"), "YWJjO(secret)");
    }

    #[test]
    fn other_text_stays() {
        assert_eq!(redacted("hunter2, hunter3, aCJ1"), "hunter2, hunter3, aCJ1");
        assert_eq!(Redactor::default().text("all of it"), "all of it");
        assert_eq!(
            Redactor::new(["", " \n"].into_iter()).text("a b\n"),
            "a b\n"
        );
    }

    #[test]
    fn each_line_of_a_long_secret_is_one() {
        let redactor = Redactor::new(["-----BEGIN-----\nabcdefghij\nxyz\n"].into_iter());
        assert_eq!(redactor.text("key: abcdefghij!"), "key: (secret)!");
        assert_eq!(
            redactor.text("-----BEGIN-----\\nabcdefghij\\nxyz"),
            "(secret)"
        );
    }

    #[test]
    fn a_secret_is_not_seen_in_part_where_output_was_cut() {
        let redactor = Redactor::new(["correct horse"].into_iter());
        let noise = "x".repeat(400);
        for cut in 0.."correct horse".len() {
            let (head, tail) = "correct horse".split_at(cut);
            let before = redactor.bytes(format!("{noise}{head}").as_bytes(), false, true);
            let after = redactor.bytes(format!("{tail}{noise}").as_bytes(), true, false);
            assert!(before.starts_with("xxx") && after.ends_with("xxx"));
            assert!(!before.contains('c') && !before.contains('h'), "{before}");
            assert!(!after.contains('e') && !after.contains('o'), "{after}");
        }
    }

    #[test]
    fn a_secret_over_the_place_of_the_cut_is_taken_out_whole() {
        let redactor = Redactor::new(["correct horse"].into_iter());
        let text = format!("{}correct horse{}", "x".repeat(300), "y".repeat(30));
        let shown = redactor.bytes(text.as_bytes(), false, true);
        assert!(
            !shown.contains("correct") && !shown.contains("horse"),
            "{shown}"
        );
    }
}
