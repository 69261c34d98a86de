//! "Did you mean": the known word nearest to an unknown one.

/// Returns the candidate that `word` is most likely a slip of, if one is near enough to be worth saying.
///
/// Nearness is the Damerau-Levenshtein distance, allowed to reach a third of the longer word and at least one.
#[must_use]
pub fn nearest<'a, I>(word: &str, candidates: I) -> Option<&'a str>
where
    I: IntoIterator<Item = &'a str>,
{
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(distance, candidate)| {
            let longer = word.chars().count().max(candidate.chars().count());
            *distance <= (longer / 3).max(1)
        })
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_finds_its_word() {
        assert_eq!(nearest("fiel", ["file", "link", "process"]), Some("file"));
        assert_eq!(nearest("mod", ["mode", "owner"]), Some("mode"));
    }

    #[test]
    fn a_stranger_finds_nothing() {
        assert_eq!(nearest("kubernetes", ["file", "link"]), None);
    }
}
