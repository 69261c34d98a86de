//! Fingerprints of values: a bound without the value itself, as the start of its digest.
//!
//! Values of settings about secrets (`passwordPolicy`) are written to no file, since a key alone does not prove that
//! there is no secret. Sixteen bits detect a change, and leave far too many candidates to confirm a guess.

use std::fmt;

use evenkeel_model::{Digest, Value};

/// First four hexadecimal digits of a value's digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// Number of digits.
    const DIGITS: usize = 4;

    /// Returns the fingerprint of a value, by its text.
    #[must_use]
    pub fn of(value: &Value) -> Self {
        let text = match value {
            Value::Text(text) => text.to_string(),
            other => other.to_string(),
        };
        let digest = Digest::of(text.as_bytes()).to_string();
        let digits = digest.rsplit(':').next().unwrap_or(&digest);
        Self(digits.chars().take(Self::DIGITS).collect())
    }

    /// Parses a fingerprint as written in definitions.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_sound = text.len() == Self::DIGITS
            && text
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        is_sound.then(|| Self(text.to_owned()))
    }

    /// Returns its digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Fingerprint;
    use evenkeel_model::Value;

    #[test]
    fn a_fingerprint_is_of_a_value_and_is_read_back() {
        let one = Fingerprint::of(&Value::text("scram-sha-256"));
        assert_eq!(Fingerprint::parse(one.as_str()).as_ref(), Some(&one));
        assert_ne!(one, Fingerprint::of(&Value::text("md5")));
        for text in ["", "3f2", "3f2ab", "3F2A", "xyz1"] {
            assert_eq!(Fingerprint::parse(text), None, "{text}");
        }
    }
}
