//! Canonical bytes: the one way a record is written before it is hashed, compared or kept.
//!
//! JSON in UTF-8 with sorted keys, no spaces and no floating-point surprises: `serde_json` without `preserve_order`
//! keeps objects in `BTreeMap`s, so going through its `Value` sorts every key.

use serde::Serialize;

/// The canonical JSON of `record`.
///
/// # Errors
///
/// When `record` cannot be JSON at all (a map with keys that are not strings).
pub fn to_string<T: Serialize>(record: &T) -> Result<String, serde_json::Error> {
    serde_json::to_value(record).map(|value| value.to_string())
}

#[cfg(test)]
mod tests {
    use super::to_string;
    use serde::Serialize;

    #[test]
    fn keys_are_sorted_whatever_the_fields_order() {
        #[derive(Serialize)]
        struct Record {
            b: u8,
            a: Option<u8>,
        }
        assert_eq!(
            to_string(&Record { b: 1, a: None }).ok().as_deref(),
            Some(r#"{"a":null,"b":1}"#)
        );
    }
}
