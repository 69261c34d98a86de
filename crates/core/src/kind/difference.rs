//! The difference of two texts of a resource, with what seems to be a secret covered line by line.
//!
//! The same judgement as for documents: reports on live files go to the same readers. Declared secrets are taken out
//! before a text comes here.

use evenkeel_document::covering;
use evenkeel_model::text::unified_shown;

/// Returns the unified difference from one text to another. A line with a secret is shown as changed, without its value.
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
    fn secrets_are_covered_and_the_rest_is_shown() {
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
