//! An index of words by their first two bytes: a table lookup excludes almost every position of a text.

/// The first two bytes of a list of words.
pub(super) struct Beginnings([u128; 128]);

impl Beginnings {
    /// Builds the index of words that have at least two bytes, all ASCII.
    pub(super) fn of<'w>(words: impl IntoIterator<Item = &'w str>) -> Self {
        let mut table = [0; 128];
        for word in words {
            if let [first, second, ..] = *word.as_bytes()
                && let Some(bits) = table.get_mut(usize::from(first))
                && second < 128
            {
                *bits |= 1 << second;
            }
        }
        Self(table)
    }

    /// Builds the index regardless of case.
    pub(super) fn of_any_case(words: &[&str]) -> Self {
        let spelled = words.iter().flat_map(|word| {
            let (lower, upper) = (word.to_ascii_lowercase(), word.to_ascii_uppercase());
            let mixed = |first: &str, second: &str| {
                let letters = [first.get(..1), second.get(1..2)];
                letters.into_iter().flatten().collect::<String>()
            };
            [
                mixed(&lower, &lower),
                mixed(&lower, &upper),
                mixed(&upper, &lower),
                mixed(&upper, &upper),
            ]
        });
        let spelled: Vec<String> = spelled.collect();
        Self::of(spelled.iter().map(String::as_str))
    }

    /// Returns whether a word may start with these two bytes.
    pub(super) fn has(&self, first: u8, second: u8) -> bool {
        first < 128
            && second < 128
            && self
                .0
                .get(usize::from(first))
                .is_some_and(|bits| bits >> second & 1 == 1)
    }
}

#[cfg(test)]
mod tests {
    use super::Beginnings;

    #[test]
    fn a_word_is_found_by_its_first_two_bytes() {
        let exact = Beginnings::of(["ab", "$1$", "x"]);
        assert!(exact.has(b'a', b'b') && exact.has(b'$', b'1'));
        assert!(!exact.has(b'A', b'b') && !exact.has(b'a', b'c') && !exact.has(200, b'b'));
        let any = Beginnings::of_any_case(&["ab", "$1"]);
        assert!(any.has(b'A', b'b') && any.has(b'a', b'B') && any.has(b'A', b'B'));
        assert!(any.has(b'$', b'1') && !any.has(b'b', b'a'));
    }
}
