//! Detection of secret values in documents: they are compared and never shown.
//!
//! Keys are judged by their words (`words`, `key`), values by their form (`form`); tokens, URLs and lines of well-known
//! programs by their syntax (`token`, `url`, `grammar`). `line` finds all of them in one line, `within` in a value, and
//! `under` adds the context of a value. Masking too much is preferred to showing a secret: a masked value is still
//! reported at its place. Settings of secrets, their names and references to them are shown.

mod beginnings;
mod ciphertext;
mod form;
mod grammar;
mod key;
mod known;
mod line;
mod places;
mod survey;
mod system;
mod telling;
#[cfg(test)]
mod tests;
mod token;
mod under;
mod url;
mod within;
mod words;

pub use ciphertext::{is_encrypted, is_encrypted_file};
pub use key::resembles;
pub use known::KnownSecrets;
pub use line::is_field_of_values;
pub use survey::Survey;
pub use under::{Under, Within, secret_arguments};
pub use within::{
    Secrecy, covered_name, holds_secret, is_secret, secrecy, secret_of_line, secret_of_value,
    setting_of_line,
};

pub(crate) use form::{COVERED, is_settled_form};
pub(crate) use line::{Held, Manner, look};
pub(crate) use system::{is_in_block, private_block};
pub(crate) use telling::{may_hold, next};
