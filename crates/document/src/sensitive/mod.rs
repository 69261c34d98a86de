//! Which values of a document are secrets: they are compared, and never shown.
//!
//! By the key they stand under, and by how they look. It would rather cover a value too many than show one: what is
//! covered is still reported, at its place.

mod names;
mod places;
#[cfg(test)]
mod tests;
mod under;
mod within;

pub use names::is_secret;
pub use places::secret_places;
pub use under::{Under, Within};
pub use within::{holds_secret, secret_of_line, secret_of_value};

pub(crate) use names::{BEGINNINGS, is_reference, names_a_secret, password_in};
pub(crate) use within::is_computed;
