//! Redaction: removes secrets in any spelling from the output of suites.
//!
//! A secret is found raw, with any of its characters escaped as in JSON, URLs, XML, shells and debuggers, as
//! hexadecimal, and as Base64 at each of its three alignments, wrapped or not. It is not found if it is encrypted,
//! compressed, or reversed: a suite that receives a secret is trusted not to hide it.

mod pattern;
mod run;
mod spelling;

pub use run::RunSecrets;
use zeroize::Zeroizing;

use self::pattern::{Pattern, forms};
use evenkeel_core::environment::Resolved;
use evenkeel_core::environment::suite::{Suite, SuiteText};
use evenkeel_model::Value;

/// Replacement of a secret.
pub(crate) const SHOWN: &str = "(secret)";
/// Minimum length of a secret's line that is redacted separately.
const SHORTEST_LINE: usize = 8;

/// Redactor of known secrets.
#[derive(Default)]
pub struct Redactor {
    patterns: Vec<Pattern>,
    longest: usize,
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Redactor")
    }
}

impl Redactor {
    /// Creates a redactor of a suite's secrets.
    pub(crate) fn of(suite: &Suite) -> Self {
        let sent = suite.http.iter().flat_map(|check| check.send.values());
        let given = suite.run.iter().flat_map(|run| run.environment.values());
        Self::new(sent.chain(given).filter_map(|text| match text {
            SuiteText::Secret(secret) => Some(secret.reveal()),
            SuiteText::Plain(_) => None,
        }))
    }

    /// Creates a redactor of all secrets of these environments.
    #[must_use]
    pub fn of_environments<'a>(environments: impl Iterator<Item = &'a Resolved>) -> Self {
        let values = environments.flat_map(|environment| environment.parameters.values());
        let mut secrets: Vec<&str> = values
            .filter_map(|value| match value {
                Value::Secret(secret, _) => Some(secret.reveal()),
                _ => None,
            })
            .collect();
        secrets.sort_unstable();
        secrets.dedup();
        Self::new(secrets.into_iter())
    }

    /// Returns a redactor of both sets of secrets.
    #[must_use]
    pub fn and(&self, other: Self) -> Self {
        Self {
            longest: self.longest.max(other.longest),
            patterns: self
                .patterns
                .iter()
                .cloned()
                .chain(other.patterns)
                .collect(),
        }
    }

    /// Whether it knows no secret.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// Creates a redactor of these secrets, except empty ones.
    pub fn new<'a>(secrets: impl Iterator<Item = &'a str>) -> Self {
        let mut patterns = Vec::new();
        for secret in secrets {
            let trimmed = secret.trim();
            if trimmed.is_empty() {
                continue;
            }
            patterns.extend(forms(secret));
            patterns.extend(parts(secret).into_iter().flat_map(forms));
        }
        let longest = patterns.iter().map(Pattern::longest).max().unwrap_or(0);
        Self { patterns, longest }
    }

    /// Returns the text without secrets.
    #[must_use]
    pub fn text(&self, text: &str) -> String {
        self.bytes(text.as_bytes(), false, false)
    }

    /// Returns the text of these bytes without secrets.
    ///
    /// If the bytes were cut before their start or after their end, a part of a secret may be there, so as much as it
    /// could take is omitted.
    #[must_use]
    pub fn bytes(&self, bytes: &[u8], cut_before: bool, cut_after: bool) -> String {
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

    /// Returns the end of the longest secret that starts at a position.
    fn secret_at(&self, bytes: &[u8], position: usize) -> Option<usize> {
        self.patterns
            .iter()
            .filter_map(|pattern| pattern.end(bytes, position))
            .max()
    }
}

/// Returns the parts of a secret that are redacted separately: its trimmed text, each line of a long one, the
/// credentials in `Bearer …`, the password in `scheme://user:password@host`.
fn parts(secret: &str) -> Vec<&str> {
    let trimmed = secret.trim();
    let mut parts = vec![trimmed];
    if trimmed.lines().nth(1).is_some() {
        let lines = trimmed.lines().map(str::trim);
        parts.extend(lines.filter(|line| line.len() >= SHORTEST_LINE));
    }
    if let Some((scheme, rest)) = trimmed.split_once(' ')
        && ["basic", "bearer", "token"].contains(&scheme.to_ascii_lowercase().as_str())
    {
        parts.push(rest.trim());
    }
    if let Some((_, rest)) = trimmed.split_once("://")
        && let Some((_, rest)) = rest.split_once(':')
        && let Some((password, _)) = rest.rsplit_once('@')
    {
        parts.push(password);
    }
    parts.retain(|part| !part.is_empty() && *part != secret);
    parts
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
        // After `a:`, `ab:` and `abc:`, as in basic authentication.
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
    fn the_secret_in_a_secret_is_one() {
        let redactor =
            Redactor::new(["Bearer abc123\n", "postgres://app:p@ss@db:5432/app"].into_iter());
        assert_eq!(redactor.text("token abc123"), "token (secret)");
        assert_eq!(redactor.text("Bearer abc123!"), "(secret)!");
        assert_eq!(
            redactor.text("app logs in with p@ss"),
            "app logs in with (secret)"
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

    /// Returns a secret in a form that programs commonly write.
    fn written(secret: &str, form: usize) -> String {
        let bytes = || secret.bytes();
        match form {
            0 => secret.to_owned(),
            1 => bytes().map(|byte| format!("{byte:02x}")).collect(),
            2 => bytes().map(|byte| format!("{byte:02X}")).collect(),
            3 => bytes().map(|byte| format!("%{byte:02X}")).collect(),
            4 => serde_json::Value::from(secret).to_string(),
            5 => quick_xml::escape::escape(secret).into_owned(),
            6 => secret.escape_debug().to_string(),
            7 => secret.escape_default().to_string(),
            _ => evenkeel_model::text::inert(secret).into_owned(),
        }
    }

    proptest::proptest! {
        #[test]
        fn no_secret_is_left_in_any_form(
            secret in "[ -~é\u{1f980}\n\t\u{1}]{12,40}",
            before in "[ -~\n]{0,20}",
            after in "[ -~\n]{0,20}",
            form in 0usize..9,
        ) {
            proptest::prop_assume!(!secret.trim().is_empty());
            let form = written(&secret, form);
            let text = format!("{before}{form}{after}");
            let shown = Redactor::new([secret.as_str()].into_iter()).text(&text);
            proptest::prop_assert!(!shown.contains(&form) && shown.contains(super::SHOWN), "{}", shown);
        }
    }

    #[test]
    fn much_output_stays_unchanged_and_is_mostly_skipped() {
        let secrets: Vec<String> = (0..10)
            .map(|number| format!("{number}correct-horse"))
            .collect();
        let redactor = Redactor::new(secrets.iter().map(String::as_str));
        let text = "2026-11-01 10:00:00 GET /index.html 200 \"Mozilla/5.0 (X11)\"\n".repeat(8192);
        assert_eq!(redactor.text(&text), text);
        // Cost: the number of tried places, of all places times all forms.
        let tried: usize = redactor
            .patterns
            .iter()
            .map(|pattern| text.bytes().filter(|byte| pattern.may_begin(*byte)).count())
            .sum();
        let all = redactor.patterns.len() * text.len();
        assert!(tried * 10 < all, "{tried} of {all}");
    }
}
