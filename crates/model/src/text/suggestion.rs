//! "Did you mean": the known word closest to an unknown one.

/// Returns the candidate closest to `word`, if one is close enough to be a likely typo.
///
/// The distance is Damerau-Levenshtein, limited to a third of the longer word and at least one, but never a whole word.
/// Different case counts as a typo, as does a unique prefix (`prod` for `production`).
#[must_use]
pub fn nearest<'a, I>(word: &str, candidates: I) -> Option<&'a str>
where
    I: IntoIterator<Item = &'a str>,
{
    let word = word.to_lowercase();
    let length = word.chars().count();
    let mut nearest: Option<(usize, &str)> = None;
    let mut beginning: Vec<&str> = Vec::new();
    for candidate in candidates {
        let others = candidate.chars().count();
        let allowed = (length.max(others) / 3).max(1);
        if length.abs_diff(others) <= allowed {
            let distance = strsim::damerau_levenshtein(&word, &candidate.to_lowercase());
            let near = distance <= allowed && distance < length;
            if near && nearest.is_none_or(|best| (distance, candidate) < best) {
                nearest = Some((distance, candidate));
            }
        }
        if length >= 3 && candidate.starts_with(word.as_str()) {
            beginning.push(candidate);
        }
    }
    match (nearest, beginning.as_slice()) {
        (Some((_, candidate)), _) => Some(candidate),
        (None, [only]) => Some(only),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_typo_finds_its_word() {
        assert_eq!(nearest("fiel", ["file", "link", "process"]), Some("file"));
        assert_eq!(nearest("mod", ["mode", "owner"]), Some("mode"));
        assert_eq!(nearest("STATUS", ["status", "send"]), Some("status"));
        assert_eq!(
            nearest("prod", ["staging", "production"]),
            Some("production")
        );
    }

    #[test]
    fn an_unrelated_word_finds_nothing() {
        assert_eq!(nearest("kubernetes", ["file", "link"]), None);
        assert_eq!(nearest("x", ["y", "to"]), None);
        assert_eq!(nearest("web", ["web-one", "web-two"]), None);
    }
}
