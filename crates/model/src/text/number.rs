//! Counts and lists in sentences.

/// Formats a count: `count(1, "step")` is `1 step`; `count(3, "step")` is `3 steps`; `count(2, "entry")` is `2
/// entries`.
#[must_use]
pub fn count(number: usize, noun: &str) -> String {
    if number == 1 {
        return format!("1 {noun}");
    }
    if let Some(stem) = noun.strip_suffix('y')
        && !stem.ends_with(['a', 'e', 'i', 'o', 'u'])
    {
        return format!("{number} {stem}ies");
    }
    if noun.ends_with(['s', 'x']) || noun.ends_with("ch") {
        return format!("{number} {noun}es");
    }
    format!("{number} {noun}s")
}

/// Joins words as in a sentence: `a`, `a and b`, `a, b and c`.
#[must_use]
pub fn list<S: AsRef<str>>(words: &[S], conjunction: &str) -> String {
    match words {
        [] => String::new(),
        [only] => only.as_ref().to_owned(),
        [first @ .., last] => {
            let first: Vec<&str> = first.iter().map(AsRef::as_ref).collect();
            format!("{} {conjunction} {}", first.join(", "), last.as_ref())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{count, list};

    #[test]
    fn counts_follow_their_noun() {
        assert_eq!(count(1, "step"), "1 step");
        assert_eq!(count(0, "entry"), "0 entries");
        assert_eq!(count(2, "key"), "2 keys");
        assert_eq!(count(2, "process"), "2 processes");
    }

    #[test]
    fn lists_read_as_sentences() {
        assert_eq!(list(&["a"], "or"), "a");
        assert_eq!(list(&["a", "b", "c"], "or"), "a, b or c");
    }
}
