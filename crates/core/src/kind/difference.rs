//! Difference of two texts of a resource, with likely secrets hidden line by line.
//!
//! The same rules as for documents apply, since live files are reported to the same readers. Declared secrets are
//! removed before.

use evenkeel_document::covering;
use evenkeel_model::text::unified_shown;

/// Returns the unified difference of two texts. A line that contains a secret is displayed as changed, without its
/// value.
#[must_use]
pub fn difference(from: &str, to: &str) -> String {
    unified_shown((from, to), (&covered(from), &covered(to)))
}

fn covered(text: &str) -> String {
    covering::shown(text).unwrap_or_else(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::difference;

    #[test]
    fn secrets_are_hidden_and_the_rest_is_displayed() {
        let found = "port = 2\ndb_password = HAND-1\nurl = postgres://app:HAND-2@db/app\n-----BEGIN RSA PRIVATE KEY-----\nHAND3\n-----END RSA PRIVATE KEY-----\n";
        let shown = difference("port = 1\ndb_password = OLD\n", found);
        assert!(!shown.contains("HAND") && !shown.contains("OLD"), "{shown}");
        assert!(shown.contains("-port = 1\n"), "{shown}");
        assert!(
            shown.contains("+port = 2\n+db_password = (a secret, not shown)\n"),
            "{shown}"
        );
        assert!(
            shown.contains("+url = postgres://app:(a secret, not shown)@db/app\n"),
            "{shown}"
        );
    }
}
