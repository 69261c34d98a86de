//! evenkeel: a declarative infrastructure-and-drift checker for Continuous Delivery.
//!
//! This package is the program: the command line, the operations, the reports, the suites, and the adapters to git,
//! commands and HTTP. Judgement is in the crates below, which have no side effects. The modules below are listed from
//! the top down; each uses only modules listed after it. A test reads `src/` and enforces that.

#![forbid(unsafe_code)]

pub mod cli;

pub mod operation;

pub mod report;

pub mod suite;

pub mod world;
