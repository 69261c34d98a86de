//! Conversion between live types and wire types.
//!
//! Each subsystem has a module `wire` with a matching type for each of its types. [`Mirror`] converts a value; values
//! with a fixed text form, such as digests, are the same on both sides.

use std::collections::BTreeMap;
use std::sync::Arc;

use evenkeel_model::{Digest, Moment};

/// A wire type that mirrors a live one.
pub trait Mirror<Live>: Sized {
    /// Converts to the wire type.
    fn from_live(live: Live) -> Self;
    /// Converts to the live type.
    fn into_live(self) -> Live;
}

macro_rules! same {
    ($( $kind:ty ),*) => { $(
        impl Mirror<$kind> for $kind {
            fn from_live(live: $kind) -> Self { live }
            fn into_live(self) -> $kind { self }
        }
    )* };
}

same!(String, Arc<str>, bool, u32, u64, Digest, Moment);

impl<L, W: Mirror<L>> Mirror<Option<L>> for Option<W> {
    fn from_live(live: Option<L>) -> Self {
        live.map(W::from_live)
    }
    fn into_live(self) -> Option<L> {
        self.map(W::into_live)
    }
}

impl<L, W: Mirror<L>> Mirror<Vec<L>> for Vec<W> {
    fn from_live(live: Vec<L>) -> Self {
        live.into_iter().map(W::from_live).collect()
    }
    fn into_live(self) -> Vec<L> {
        self.into_iter().map(W::into_live).collect()
    }
}

impl<L, W: Mirror<L>> Mirror<BTreeMap<String, L>> for BTreeMap<String, W> {
    fn from_live(live: BTreeMap<String, L>) -> Self {
        live.into_iter()
            .map(|(name, each)| (name, W::from_live(each)))
            .collect()
    }
    fn into_live(self) -> BTreeMap<String, L> {
        self.into_iter()
            .map(|(name, each)| (name, W::into_live(each)))
            .collect()
    }
}

/// Defines a wire struct, field by field, with its [`Mirror`]. A new field of the live type does not compile until it
/// is added here.
macro_rules! mirror {
    ($( $(#[$about:meta])* $name:ident = $live:path {
        $( $(#[$form:meta])* $field:ident: $kind:ty ),* $(,)?
    } )*) => { $(
        $(#[$about])*
        #[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[allow(missing_docs, reason = "the fields are those of the live type")]
        pub struct $name { $( $(#[$form])* pub $field: $kind, )* }

        impl $crate::wire::mirror::Mirror<$live> for $name {
            fn from_live(live: $live) -> Self {
                let $live { $( $field, )* } = live;
                Self { $( $field: $crate::wire::mirror::Mirror::from_live($field), )* }
            }
            fn into_live(self) -> $live {
                $live { $( $field: $crate::wire::mirror::Mirror::into_live(self.$field), )* }
            }
        }
    )* };
}

pub(crate) use mirror;
