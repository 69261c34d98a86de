//! Definitions: read, checked, and understood as resolved environments.

pub mod suite;
