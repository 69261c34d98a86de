//! Patterns with `*`, which stands for any characters.

/// Returns whether `text` matches `pattern`, in which `*` stands for any characters.
#[must_use]
pub fn matches(pattern: &str, text: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(mut text) = text.strip_prefix(head) else {
        return false;
    };
    let mut rest = rest;
    while let Some((middle, tail)) = rest.split_once('*') {
        match text.find(middle) {
            Some(found) => text = text.get(found + middle.len()..).unwrap_or(""),
            None => return false,
        }
        rest = tail;
    }
    text.len() >= rest.len() && text.ends_with(rest)
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn stars_match_anything() {
        assert!(matches("*.db*", "guestbook.db-wal"));
        assert!(matches("a*c", "abc"));
        assert!(!matches("a*c", "ab"));
        assert!(!matches("ab*ba", "aba"));
        assert!(matches("x", "x"));
    }
}
