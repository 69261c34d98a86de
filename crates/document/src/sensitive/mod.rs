//! Which values of a document are secrets: they are compared, and never shown.
//!
//! A key is judged by its words (`words`, `key`), a value by its form (`form`), tokens, URLs and lines of well-known
//! programs by their looks (`token`, `url`, `grammar`). `line` finds all of them in one line, `within` in a value, `under`
//! adds what a value stands under. It would rather cover a value too many than show one: what is covered is still reported,
//! at its place. Settings of secrets, their names and references to them are shown.

mod beginnings;
mod ciphertext;
mod form;
mod grammar;
mod key;
mod known;
mod line;
mod places;
mod survey;
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
pub(crate) use telling::{may_hold, next};
