//! Plans: recipe and situation in, ordered steps out. Pure.
//!
//! A plan says everything; `apply` decides nothing. Same input, same bytes, same digest.

mod binding;
mod document;
mod edges;
mod make;
mod order;
mod recipe;
mod removals;
pub mod saved;
mod stored;

pub use binding::binding;
pub use document::{Change, FORMAT, Plan, Step, Unseen};
pub(crate) use make::shape;
pub use make::{Digests, make};
pub use recipe::{Recipe, recipe};

#[cfg(test)]
mod tests;
