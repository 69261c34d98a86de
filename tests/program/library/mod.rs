//! Tests of several libraries together: definitions, parity, discovery, schemas, banned words, and the order of their
//! modules.

mod adoptions;
mod definitions;
mod discovered;
mod kinds;
mod layers;
mod memory;
mod parity;
mod proposals;
mod purity;
mod reading;
mod schemas;
mod voice;
