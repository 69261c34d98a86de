//! Canonical bytes: the form of a record for hashing, comparison and storage.
//!
//! JSON in UTF-8 with sorted keys, no spaces and exact numbers: the same bytes as `serde_json` writes for its sorted
//! `Value`, without building one. A record of fifty thousand resources needs only the memory of its text.

mod key;
mod writer;

use serde::Serialize;

use writer::Writer;

/// Returns the canonical JSON of `record`.
///
/// # Errors
///
/// When JSON cannot represent `record` (a map with keys that are not strings).
pub fn to_string<T: Serialize + ?Sized>(record: &T) -> Result<String, serde_json::Error> {
    let mut text = Vec::with_capacity(128);
    append(&mut text, record)?;
    String::from_utf8(text).map_err(serde::ser::Error::custom)
}

/// Appends the canonical JSON of `record` to a text.
pub(super) fn append<T: Serialize + ?Sized>(
    text: &mut Vec<u8>,
    record: &T,
) -> Result<(), serde_json::Error> {
    record.serialize(Writer(text))
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, HashMap};

    use proptest::prelude::*;
    use serde::ser::{SerializeMap as _, Serializer};
    use serde::{Deserialize, Serialize};
    use serde_json::value::RawValue;

    use super::to_string;

    /// The reference: the sorted value as `serde_json` writes it.
    fn sorted(record: &impl Serialize) -> Option<String> {
        serde_json::to_value(record)
            .ok()
            .map(|value| value.to_string())
    }

    #[test]
    fn keys_are_sorted_regardless_of_field_order() {
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

    /// One value of each type in serde's data model, with unsorted keys.
    #[derive(Debug, Clone, Serialize)]
    enum Thing {
        Unit,
        Wrapped(Box<Thing>),
        Both(u64, i64),
        Named {
            z: f64,
            #[serde(rename = "a\"b")]
            quoted: f32,
            #[serde(skip_serializing_if = "Option::is_none")]
            m: Option<char>,
            list: Vec<Thing>,
        },
        Text(String),
        Truth(bool),
        Mapped(HashMap<String, Thing>),
        Numbered(BTreeMap<i32, bool>),
        Sealed(#[serde(serialize_with = "bytes")] Vec<u8>),
        Twice(Twice),
        Tagged(Tagged),
    }

    fn bytes<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(bytes)
    }

    /// A map that serializes its keys in the given order, duplicates included.
    #[derive(Debug, Clone)]
    struct Twice(Vec<(String, u8)>);

    impl Serialize for Twice {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mut map = serializer.serialize_map(None)?;
            for (key, value) in &self.0 {
                map.serialize_entry(key, value)?;
            }
            map.end()
        }
    }

    #[derive(Debug, Clone, Serialize)]
    #[serde(tag = "kind", rename_all = "kebab-case")]
    enum Tagged {
        ShortOne { zeta: u8, alpha: () },
        Other,
    }

    fn thing() -> impl Strategy<Value = Thing> {
        let leaf = prop_oneof![
            Just(Thing::Unit),
            (any::<u64>(), any::<i64>()).prop_map(|(one, two)| Thing::Both(one, two)),
            any::<String>().prop_map(Thing::Text),
            "[\\x00-\\x7f]{0,8}".prop_map(Thing::Text),
            any::<bool>().prop_map(Thing::Truth),
            proptest::collection::btree_map(any::<i32>(), any::<bool>(), 0..4)
                .prop_map(Thing::Numbered),
            proptest::collection::vec(any::<u8>(), 0..4).prop_map(Thing::Sealed),
            proptest::collection::vec(("[abA\"é]{0,2}", any::<u8>()), 0..8)
                .prop_map(|entries| Thing::Twice(Twice(entries))),
            any::<u8>().prop_map(|zeta| Thing::Tagged(Tagged::ShortOne { zeta, alpha: () })),
            Just(Thing::Tagged(Tagged::Other)),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                inner
                    .clone()
                    .prop_map(|inner| Thing::Wrapped(Box::new(inner))),
                (
                    any::<f64>(),
                    any::<f32>(),
                    any::<Option<char>>(),
                    proptest::collection::vec(inner.clone(), 0..4)
                )
                    .prop_map(|(z, quoted, m, list)| Thing::Named {
                        z,
                        quoted,
                        m,
                        list
                    }),
                proptest::collection::hash_map(any::<String>(), inner, 0..4)
                    .prop_map(Thing::Mapped),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_output_is_the_sorted_value(thing in thing()) {
            prop_assert_eq!(to_string(&thing).ok(), sorted(&thing));
        }

        #[test]
        fn raw_json_in_a_record_is_sorted(thing in thing()) {
            #[derive(Serialize, Deserialize)]
            struct Record {
                raw: Box<RawValue>,
                after: u8,
            }
            let raw = RawValue::from_string(serde_json::to_string(&thing).unwrap()).unwrap();
            let record = Record { raw, after: 1 };
            prop_assert_eq!(to_string(&record).ok(), sorted(&record));
        }
    }

    #[test]
    fn invalid_keys_are_rejected() {
        let record: BTreeMap<(u8, u8), u8> = [((1, 2), 3)].into();
        assert!(to_string(&record).is_err());
        assert!(sorted(&record).is_none());
    }

    #[test]
    fn numbers_too_large_for_json_are_rejected() {
        for number in [i128::from(u64::MAX) + 1, i128::from(i64::MIN) - 1, 7, -7] {
            assert_eq!(to_string(&number).ok(), sorted(&number), "{number}");
        }
    }

    #[test]
    fn infinity_and_nan_are_not_written_as_numbers() {
        for number in [f64::NAN, f64::INFINITY, -0.0, 1e300, 1.0, 0.1] {
            assert_eq!(to_string(&number).ok(), sorted(&number), "{number}");
        }
        assert_eq!(to_string(&0.1_f32).ok(), sorted(&0.1_f32));
    }
}
