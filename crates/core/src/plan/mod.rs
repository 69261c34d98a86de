//! Plans: recipe and situation in, ordered steps out. Pure.
//!
//! A plan is complete, so `apply` makes no decisions. The same input gives the same bytes and digest.

mod binding;
mod document;
mod edges;
mod make;
mod order;
mod recipe;
mod removals;
pub(crate) mod risk;
pub mod saved;
mod stored;
mod text;
mod unreachable;

pub use binding::binding;
pub use document::{Change, FORMAT, Plan, Step, Unseen};
pub(crate) use make::shape;
pub use make::{Digests, make};
pub use recipe::{Recipe, recipe};
pub(crate) use unreachable::dependents;
pub use unreachable::{Unreachable, unreachable};

#[cfg(test)]
mod tests;
