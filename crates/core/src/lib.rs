//! Definitions, kinds, observation, plan, drift, gate and apply: all judgement, without side effects.
//!
//! This crate reads no file, starts no process, opens no connection, and reads neither the clock nor environment
//! variables: `clippy.toml` disallows it. It gets its input through ports ([`environment::Files`],
//! [`environment::secrets::Secrets`], [`evenkeel_host::Observer`], [`evenkeel_host::Target`],
//! [`evenkeel_ledger::Ledger`]). The modules are listed from the top down; each uses only modules listed after it.

#![forbid(unsafe_code)]

pub mod release;

pub mod recorded;

pub mod gate;

pub mod checkpoint;

pub mod doubt;

pub mod apply;

pub mod plan;

pub mod parity;

pub mod history;

pub mod documents;

pub mod drift;

pub mod observe;

pub mod environment;

pub mod kind;

#[cfg(test)]
mod growth_tests;
#[cfg(test)]
mod in_memory;
#[cfg(test)]
mod law_tests;
#[cfg(test)]
mod unit_tests;
