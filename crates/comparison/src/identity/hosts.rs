//! Names of hosts within texts. Whether one of them is an environment's own is left to `identity`.

use std::ops::Range;

/// Last labels that are endings of files, and no domains.
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

/// What a host's name can be made of, around some bytes of a text.
pub(crate) fn around(text: &str, start: usize, end: usize) -> Range<usize> {
    let is_part = |each: char| each.is_alphanumeric() || matches!(each, '-' | '.' | '_');
    let before = text.get(..start).unwrap_or("");
    let after = text.get(end..).unwrap_or("");
    let first = before.trim_end_matches(is_part).len();
    let last = end + after.find(|each| !is_part(each)).unwrap_or(after.len());
    first..last
}

/// Whether bytes `start..end` of a text are a word within the name of a host: of the authority of a URL, or of a text that
/// is nothing but a name with three labels or more, of which the last one is another.
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

/// Whether bytes of a text belong to the name of a host: of a URL, or of a text that is nothing else.
pub(crate) fn is_one(text: &str, mention: &Range<usize>) -> bool {
    let host = around(text, mention.start, mention.end);
    let leading = text.get(..host.start).unwrap_or("");
    let following = text.get(host.end..).unwrap_or("");
    leading.ends_with("://")
        || leading.ends_with('@') && leading.contains("://")
        || leading.is_empty() && is_port(following) && is_name(text.get(host).unwrap_or(""))
}

/// Whether nothing follows a host, or its port.
fn is_port(text: &str) -> bool {
    text.is_empty()
        || text
            .strip_prefix(':')
            .is_some_and(|port| port.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Whether a text is a name with three labels or more, and no file.
fn is_name(text: &str) -> bool {
    let mut labels = text.rsplit('.');
    let last = labels.next().unwrap_or("");
    last.len() >= 2
        && last.bytes().all(|byte| byte.is_ascii_lowercase())
        && !ENDINGS.contains(&last)
        && labels.count() >= 2
}
