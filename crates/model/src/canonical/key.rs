//! Keys of canonical tables: always text.

use serde::ser::{self, Impossible, Serialize, Serializer};
use serde_json::Error;

/// A key.
pub(super) enum Key {
    /// A field name.
    Written(&'static str),
    /// A map key.
    Made(Box<str>),
}

impl Key {
    /// Converts a value to a key.
    ///
    /// # Errors
    ///
    /// When the value is not a valid key.
    pub(super) fn of<T: Serialize + ?Sized>(value: &T) -> Result<Self, Error> {
        value.serialize(Text).map(Self::Made)
    }

    pub(super) fn as_str(&self) -> &str {
        match self {
            Self::Written(text) => text,
            Self::Made(text) => text,
        }
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Key {}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.as_str().cmp(other.as_str())
    }
}

fn refused() -> Error {
    ser::Error::custom("a key must be a string")
}

/// A serializer that accepts only values that can be text keys.
struct Text;

macro_rules! as_text {
    ($($method:ident: $type:ty),* $(,)?) => { $(
        fn $method(self, value: $type) -> Result<Box<str>, Error> {
            Ok(value.to_string().into())
        }
    )* };
}

impl Serializer for Text {
    type Ok = Box<str>;
    type Error = Error;
    type SerializeSeq = Impossible<Box<str>, Error>;
    type SerializeTuple = Impossible<Box<str>, Error>;
    type SerializeTupleStruct = Impossible<Box<str>, Error>;
    type SerializeTupleVariant = Impossible<Box<str>, Error>;
    type SerializeMap = Impossible<Box<str>, Error>;
    type SerializeStruct = Impossible<Box<str>, Error>;
    type SerializeStructVariant = Impossible<Box<str>, Error>;

    as_text! {
        serialize_bool: bool,
        serialize_i8: i8,
        serialize_i16: i16,
        serialize_i32: i32,
        serialize_i64: i64,
        serialize_i128: i128,
        serialize_u8: u8,
        serialize_u16: u16,
        serialize_u32: u32,
        serialize_u64: u64,
        serialize_u128: u128,
        serialize_char: char,
    }

    fn serialize_str(self, value: &str) -> Result<Box<str>, Error> {
        Ok(value.into())
    }

    fn collect_str<T: std::fmt::Display + ?Sized>(self, value: &T) -> Result<Box<str>, Error> {
        Ok(value.to_string().into())
    }

    fn serialize_f32(self, _value: f32) -> Result<Box<str>, Error> {
        Err(refused())
    }

    fn serialize_f64(self, _value: f64) -> Result<Box<str>, Error> {
        Err(refused())
    }

    fn serialize_bytes(self, _value: &[u8]) -> Result<Box<str>, Error> {
        Err(refused())
    }

    fn serialize_none(self) -> Result<Box<str>, Error> {
        Err(refused())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, _value: &T) -> Result<Box<str>, Error> {
        Err(refused())
    }

    fn serialize_unit(self) -> Result<Box<str>, Error> {
        Err(refused())
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<Box<str>, Error> {
        Err(refused())
    }

    fn serialize_unit_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
    ) -> Result<Box<str>, Error> {
        Ok(variant.into())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        value: &T,
    ) -> Result<Box<str>, Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        _variant: &'static str,
        _value: &T,
    ) -> Result<Box<str>, Error> {
        Err(refused())
    }

    fn serialize_seq(self, _length: Option<usize>) -> Result<Self::SerializeSeq, Error> {
        Err(refused())
    }

    fn serialize_tuple(self, _length: usize) -> Result<Self::SerializeTuple, Error> {
        Err(refused())
    }

    fn serialize_tuple_struct(
        self,
        _name: &'static str,
        _length: usize,
    ) -> Result<Self::SerializeTupleStruct, Error> {
        Err(refused())
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        _variant: &'static str,
        _length: usize,
    ) -> Result<Self::SerializeTupleVariant, Error> {
        Err(refused())
    }

    fn serialize_map(self, _length: Option<usize>) -> Result<Self::SerializeMap, Error> {
        Err(refused())
    }

    fn serialize_struct(
        self,
        _name: &'static str,
        _length: usize,
    ) -> Result<Self::SerializeStruct, Error> {
        Err(refused())
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        _variant: &'static str,
        _length: usize,
    ) -> Result<Self::SerializeStructVariant, Error> {
        Err(refused())
    }
}
