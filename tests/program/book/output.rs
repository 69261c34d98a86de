//! Compares the output that a page shows with the printed one.
//!
//! A line with only `…` matches any lines, and `…` in a line any text of that line. Runs of blanks and line breaks match
//! each other, since widths depend on what is printed. Times of day, durations and identifiers match any of their sort.
//! Everything else must be equal.

use std::fmt::Write as _;
use std::sync::LazyLock;

use regex::Regex;

use super::names::{DIGEST, Names};

/// What differs on every run, with the pattern that it must have.
const VARIABLE: &[(&str, &str)] = &[
    // A random identifier.
    (
        r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
        r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    ),
    (r"20\d\d-\d\d-\d\dT[0-9:.]+Z", r"20\d\d-\d\d-\d\dT[0-9:.]+Z"),
    (
        r"(?:20\d\d-\d\d-\d\d )?\d\d:\d\d:\d\d",
        r"(?:20\d\d-\d\d-\d\d )?\d\d:\d\d:\d\d",
    ),
    (r"\b20\d\d-\d\d-\d\d\b", r"20\d\d-\d\d-\d\d"),
    (
        r"\b\d+(?:\.\d+)? (?:µs|ms|s|min|h|d)\b(?: \d+ (?:ms|s|min|h)\b)?",
        r"\d+(?:\.\d+)? (?:µs|ms|s|min|h|d)\b(?: \d+ (?:ms|s|min|h)\b)?",
    ),
    (r"\bprocess \d+", r"process \d+"),
    // The fingerprint of a key.
    (r"SHA256:[A-Za-z0-9+/]{43}", r"SHA256:[A-Za-z0-9+/]{43}"),
];

/// The sorts of tokens in a shown text.
static TOKEN: LazyLock<Regex> = LazyLock::new(|| {
    let mut pattern =
        String::from(r"(?m)(?P<literal>'…')|(?P<lines>^…\n?|\n…$)|(?P<rest>…)|(?P<blank>\s+)");
    for (number, (shown, _)) in VARIABLE.iter().enumerate() {
        write!(pattern, "|(?P<v{number}>{shown})").unwrap();
    }
    write!(pattern, "|(?P<digest>{})", DIGEST.as_str()).unwrap();
    Regex::new(&pattern).unwrap()
});

/// Whether a shown output leaves something out.
pub fn is_partial(shown: &str) -> bool {
    shown.replace("'…'", "").contains('…')
}

/// Compares, and pairs the digests. `printed` is as a page would show it.
pub fn compare(shown: &str, printed: &str, names: &mut Names) -> Result<(), String> {
    let shown = shown.trim_end();
    let (pattern, digests) = pattern(shown);
    let pattern = Regex::new(&pattern).map_err(|error| error.to_string())?;
    let Some(found) = pattern.captures(printed.trim_end()) else {
        return Err(format!("the page shows:\n{shown}\n\nprinted:\n{printed}"));
    };
    for (number, shown) in digests.iter().enumerate() {
        let printed = found.get(number + 1).unwrap();
        names.pair(shown, printed.as_str())?;
    }
    Ok(())
}

/// The pattern of a shown text, with one group for each of its digests.
fn pattern(shown: &str) -> (String, Vec<String>) {
    let mut pattern = String::from(r"\A\s*");
    let mut digests = Vec::new();
    let mut at = 0;
    for found in TOKEN.captures_iter(shown) {
        let whole = found.get(0).unwrap();
        pattern.push_str(&regex::escape(&shown[at..whole.start()]));
        at = whole.end();
        if found.name("literal").is_some() {
            // Evenkeel itself prints this for a value to fill in.
            pattern.push_str(whole.as_str());
        } else if found.name("lines").is_some() {
            pattern.push_str(r"(?s:.*?)");
        } else if found.name("rest").is_some() {
            pattern.push_str(r"[^\n]*?");
        } else if found.name("blank").is_some() {
            pattern.push_str(r"\s+");
        } else if found.name("digest").is_some() {
            write!(pattern, r"([0-9a-f]{{{}}})", whole.len()).unwrap();
            digests.push(whole.as_str().to_owned());
        } else {
            let number = (0..VARIABLE.len())
                .find(|number| found.name(&format!("v{number}")).is_some())
                .unwrap();
            pattern.push_str(VARIABLE[number].1);
        }
    }
    pattern.push_str(&regex::escape(&shown[at..]));
    pattern.push_str(r"\s*\z");
    (pattern, digests)
}

#[test]
fn what_differs_on_every_run_is_equal_and_nothing_else_is() {
    let mut names = Names::new(std::path::Path::new("/tmp/abcd"));
    let mut is = |shown: &str, printed: &str| compare(shown, printed, &mut names).is_ok();
    assert!(is("a   b\nc 10:00:00 UTC", "a b c 11:22:33 UTC\n"));
    assert!(!is("a b", "a bc"));
    assert!(is("plan 0123456789ab", "plan ba9876543210"));
    assert!(!is("plan 0123456789ab", "plan aaaaaaaaaaaa"));
    assert!(!is("plan 0123456789ab", "plan aaaaaaa"));
    assert!(is("apply  1.2 s", "apply 30 ms"));
    assert!(!is("apply  1.2 s", "apply 30 MB"));
    assert!(is("a\n…\nz", "a\nb\nc\nz"));
    assert!(is("a\n…", "a\nb"));
    assert!(is("+ create …\nz", "+ create x y\nz"));
    assert!(!is("+ create …\nz", "+ create x\ny\nz"));
    assert!(!is("", "a"));
    assert!(is("", ""));
}
