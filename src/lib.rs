//! evenkeel: a declarative infrastructure-and-drift checker for Continuous Delivery.
//!
//! Looking, judging, planning and doing are four places. The modules below are listed from the top down; each uses
//! only modules listed after it, and modules of one line do not use each other. A test reads `src/` and holds that.

#![forbid(unsafe_code)]

pub mod cli;

pub mod operation;

pub mod report;

pub mod gate;

pub mod suite;

pub mod apply;

pub mod plan;

pub mod drift;

pub mod observe;

pub mod environment;

pub mod kind;

pub mod discovery;

pub mod comparison;

pub mod document;

pub mod ledger;
pub mod target;

pub mod defect;

pub mod source;

pub mod model;
pub mod text;
