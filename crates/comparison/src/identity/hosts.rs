//! Host names within texts. Whether a host belongs to an environment is decided by `identity`.

use std::ops::Range;

/// File extensions, which are not domains.
const ENDINGS: &[&str] = &[
    "yml",
    "yaml",
    "json",
    "toml",
    "conf",
    "env",
    "log",
    "properties",
    "xml",
    "tfstate",
    "tfvars",
    "hcl",
    "settings",
];

/// Returns the range of characters around a match that can be part of a host name.
pub(crate) fn around(text: &str, start: usize, end: usize) -> Range<usize> {
    let is_part = |each: char| each.is_alphanumeric() || matches!(each, '-' | '.' | '_');
    let before = text.get(..start).unwrap_or("");
    let after = text.get(end..).unwrap_or("");
    let first = before.trim_end_matches(is_part).len();
    let last = end + after.find(|each| !is_part(each)).unwrap_or(after.len());
    first..last
}

/// Whether bytes `start..end` of a text are a word within a host name: in the authority of a URL, or in a text that is
/// a name of three or more labels whose last label is another one.
pub(crate) fn is_within(text: &str, start: usize, end: usize) -> bool {
    let before = text.get(..start).unwrap_or("");
    let after = text.get(end..).unwrap_or("");
    if before.ends_with(char::is_alphanumeric) || after.starts_with(char::is_alphanumeric) {
        return false;
    }
    let host = around(text, start, end);
    let leading = text.get(..host.start).unwrap_or("");
    let following = text.get(host.end..).unwrap_or("");
    let is_authority = leading.ends_with("://")
        || leading.ends_with('@')
            && leading
                .rfind("://")
                .is_some_and(|at| !leading.get(at + 3..).unwrap_or("").contains('/'));
    is_authority
        || leading.is_empty()
            && end < host.end
            && is_port(following)
            && is_name(text.get(host).unwrap_or(""))
}

/// Whether a match belongs to a host name: in a URL, or as the whole text.
pub(crate) fn is_one(text: &str, mention: &Range<usize>) -> bool {
    let host = around(text, mention.start, mention.end);
    let leading = text.get(..host.start).unwrap_or("");
    let following = text.get(host.end..).unwrap_or("");
    leading.ends_with("://")
        || leading.ends_with('@') && leading.contains("://")
        || leading.is_empty() && is_port(following) && is_name(text.get(host).unwrap_or(""))
}

/// Whether a host ends here, or a port follows.
fn is_port(text: &str) -> bool {
    text.is_empty()
        || text
            .strip_prefix(':')
            .is_some_and(|port| port.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Whether a text is a name of three or more labels, and not a file name.
fn is_name(text: &str) -> bool {
    let mut labels = text.rsplit('.');
    let last = labels.next().unwrap_or("");
    last.len() >= 2
        && last.bytes().all(|byte| byte.is_ascii_lowercase())
        && !ENDINGS.contains(&last)
        && labels.count() >= 2
}
