//! Source files: text, places in it, and the tree of a TOML file with a place for everything.
//!
//! `environment` interprets definitions.

pub mod file;
pub mod form;
pub mod quoted;
pub mod tree;

pub use file::{Location, SourceFile, Span};
pub use form::{Field, Form};
pub use quoted::place_within;
pub use tree::{Node, NodeValue, Table};
