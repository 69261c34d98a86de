//! A JSON writer that sorts the keys of each completed table.

use std::ops::Range;

use serde::ser::{self, Serialize, Serializer};
use serde_json::Error;

use super::key::Key;

/// The name with which `serde_json` marks raw JSON.
const RAW: &str = "$serde_json::private::RawValue";

/// Appends one value to the text.
pub(super) struct Writer<'t>(pub(super) &'t mut Vec<u8>);

impl Writer<'_> {
    /// `serde_json` itself writes numbers and texts.
    fn plain<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        serde_json::to_writer(self.0, value)
    }
}

/// Opens the table that maps a variant's name to its content.
fn open_variant(text: &mut Vec<u8>, variant: &str) -> Result<(), Error> {
    text.push(b'{');
    serde_json::to_writer(&mut *text, variant)?;
    text.push(b':');
    Ok(())
}

macro_rules! plainly {
    ($($method:ident: $type:ty),* $(,)?) => { $(
        fn $method(self, value: $type) -> Result<(), Error> {
            self.plain(&value)
        }
    )* };
}

impl<'t> Serializer for Writer<'t> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = List<'t>;
    type SerializeTuple = List<'t>;
    type SerializeTupleStruct = List<'t>;
    type SerializeTupleVariant = List<'t>;
    type SerializeMap = Table<'t>;
    type SerializeStruct = Fields<'t>;
    type SerializeStructVariant = Table<'t>;

    plainly! {
        serialize_bool: bool,
        serialize_i8: i8,
        serialize_i16: i16,
        serialize_i32: i32,
        serialize_i64: i64,
        serialize_u8: u8,
        serialize_u16: u16,
        serialize_u32: u32,
        serialize_u64: u64,
        serialize_f64: f64,
        serialize_char: char,
        serialize_str: &str,
    }

    fn serialize_i128(self, value: i128) -> Result<(), Error> {
        if let Ok(small) = u64::try_from(value) {
            self.plain(&small)
        } else {
            let small = i64::try_from(value)
                .map_err(|_| ser::Error::custom("a number is out of the range of 64 bits"))?;
            self.plain(&small)
        }
    }

    fn serialize_u128(self, value: u128) -> Result<(), Error> {
        let small = u64::try_from(value)
            .map_err(|_| ser::Error::custom("a number is out of the range of 64 bits"))?;
        self.plain(&small)
    }

    fn serialize_f32(self, value: f32) -> Result<(), Error> {
        self.plain(&f64::from(value))
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), Error> {
        self.plain(&value)
    }

    fn serialize_none(self) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Error> {
        self.0.extend_from_slice(b"null");
        Ok(())
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
    ) -> Result<(), Error> {
        self.plain(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        open_variant(self.0, variant)?;
        value.serialize(Writer(&mut *self.0))?;
        self.0.push(b'}');
        Ok(())
    }

    fn serialize_seq(self, _length: Option<usize>) -> Result<List<'t>, Error> {
        Ok(List::open(self.0, b"]"))
    }

    fn serialize_tuple(self, length: usize) -> Result<List<'t>, Error> {
        self.serialize_seq(Some(length))
    }

    fn serialize_tuple_struct(self, _name: &'static str, length: usize) -> Result<List<'t>, Error> {
        self.serialize_seq(Some(length))
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _length: usize,
    ) -> Result<List<'t>, Error> {
        open_variant(self.0, variant)?;
        Ok(List::open(self.0, b"]}"))
    }

    fn serialize_map(self, length: Option<usize>) -> Result<Table<'t>, Error> {
        Ok(Table::open(self.0, length, b"}"))
    }

    fn serialize_struct(self, name: &'static str, length: usize) -> Result<Fields<'t>, Error> {
        if name == RAW {
            Ok(Fields::Raw(self.0))
        } else {
            Ok(Fields::Named(Table::open(self.0, Some(length), b"}")))
        }
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<Table<'t>, Error> {
        open_variant(self.0, variant)?;
        Ok(Table::open(self.0, Some(length), b"}}"))
    }
}

/// Writes a key. Fast path: most keys need no escaping, and keys outnumber all other values.
fn write_key(text: &mut Vec<u8>, key: &str) -> Result<(), Error> {
    let is_plain = |byte: u8| matches!(byte, b'.' | b'-' | b'_') || byte.is_ascii_alphanumeric();
    if !key.bytes().all(is_plain) {
        return serde_json::to_writer(text, key);
    }
    text.push(b'"');
    text.extend_from_slice(key.as_bytes());
    text.push(b'"');
    Ok(())
}

/// A list in progress.
pub(super) struct List<'t> {
    text: &'t mut Vec<u8>,
    first: bool,
    close: &'static [u8],
}

impl<'t> List<'t> {
    fn open(text: &'t mut Vec<u8>, close: &'static [u8]) -> Self {
        text.push(b'[');
        Self {
            text,
            first: true,
            close,
        }
    }

    fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        if !std::mem::replace(&mut self.first, false) {
            self.text.push(b',');
        }
        value.serialize(Writer(&mut *self.text))
    }

    fn close(self) {
        self.text.extend_from_slice(self.close);
    }
}

macro_rules! items {
    ($($trait:ident::$method:ident),* $(,)?) => { $(
        impl ser::$trait for List<'_> {
            type Ok = ();
            type Error = Error;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
                self.item(value)
            }

            fn end(self) -> Result<(), Error> {
                self.close();
                Ok(())
            }
        }
    )* };
}

items! {
    SerializeSeq::serialize_element,
    SerializeTuple::serialize_element,
    SerializeTupleStruct::serialize_field,
    SerializeTupleVariant::serialize_field,
}

/// A table in progress. Entries are written as they arrive, and sorted at the end if necessary.
pub(super) struct Table<'t> {
    text: &'t mut Vec<u8>,
    /// The position of the first entry.
    start: usize,
    /// Each entry's key and its range, without a comma.
    entries: Vec<(Key, Range<usize>)>,
    ordered: bool,
    close: &'static [u8],
}

impl<'t> Table<'t> {
    fn open(text: &'t mut Vec<u8>, length: Option<usize>, close: &'static [u8]) -> Self {
        text.push(b'{');
        let start = text.len();
        Self {
            text,
            start,
            // The length is only a hint and may be any number.
            entries: Vec::with_capacity(length.unwrap_or(0).min(64)),
            ordered: true,
            close,
        }
    }

    fn begin(&mut self, key: Key) -> Result<(), Error> {
        if let Some((last, _)) = self.entries.last() {
            self.ordered &= *last < key;
            self.text.push(b',');
        }
        let start = self.text.len();
        write_key(self.text, key.as_str())?;
        self.text.push(b':');
        self.entries.push((key, start..start));
        Ok(())
    }

    fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        value.serialize(Writer(&mut *self.text))?;
        if let Some((_, place)) = self.entries.last_mut() {
            place.end = self.text.len();
        }
        Ok(())
    }

    fn close(mut self) {
        if !self.ordered {
            // The last entry with a key wins, as in any map.
            self.entries.reverse();
            self.entries.sort_by(|(one, _), (two, _)| one.cmp(two));
            self.entries.dedup_by(|(one, _), (two, _)| one == two);
            let mut sorted = Vec::with_capacity(self.text.len() - self.start);
            for (number, (_, place)) in self.entries.iter().enumerate() {
                if number > 0 {
                    sorted.push(b',');
                }
                sorted.extend_from_slice(self.text.get(place.clone()).unwrap_or_default());
            }
            self.text.truncate(self.start);
            self.text.extend_from_slice(&sorted);
        }
        self.text.extend_from_slice(self.close);
    }
}

impl ser::SerializeMap for Table<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        self.begin(Key::of(key)?)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.value(value)
    }

    fn end(self) -> Result<(), Error> {
        self.close();
        Ok(())
    }
}

impl ser::SerializeStructVariant for Table<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        self.begin(Key::Written(key))?;
        self.value(value)
    }

    fn end(self) -> Result<(), Error> {
        self.close();
        Ok(())
    }
}

/// The fields of a record, or raw JSON.
pub(super) enum Fields<'t> {
    Named(Table<'t>),
    Raw(&'t mut Vec<u8>),
}

impl ser::SerializeStruct for Fields<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        match self {
            Self::Named(table) => {
                table.begin(Key::Written(key))?;
                table.value(value)
            }
            Self::Raw(text) => {
                // Raw JSON is sorted too: its order is not guaranteed.
                let json = Key::of(value)?;
                let value: serde_json::Value = serde_json::from_str(json.as_str())?;
                serde_json::to_writer(&mut **text, &value)
            }
        }
    }

    fn end(self) -> Result<(), Error> {
        if let Self::Named(table) = self {
            table.close();
        }
        Ok(())
    }
}
