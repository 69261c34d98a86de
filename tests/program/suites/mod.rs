//! Whole suites against real servers on loopback ports and real commands in temporary directories.

mod checks;
mod commands;
mod loads;
mod results;
mod whole;
mod world;
