//! Everything evenkeel can do, one function each: the library's front door.
//!
//! An operation reads a project, looks, thinks, does, and gives a [`Report`](crate::report::Report) with its exit
//! code; what cannot even begin is a [`Failure`]. Nothing here prints.

mod ages;
mod apply;
mod approve;
mod audit;
mod baseline;
mod build;
mod catalogue;
mod compare;
mod deliver;
mod dossier;
mod drift;
mod event;
mod explain;
mod failure;
mod init;
mod lock;
mod log;
mod picture;
mod plan;
mod project;
mod release;
mod saved;
mod session;
mod status;
mod targets;
mod unrecorded;
mod validate;
mod verify;
mod weakened;
mod world;

pub use apply::{ApplyRequest, apply};
pub use approve::approve;
pub use audit::{audit_checkpoint, audit_verify};
pub use baseline::{BaselineRequest, baseline, lines_of};
pub use catalogue::codes;
pub use compare::{CompareRequest, compare};
pub use deliver::deliver;
pub use drift::{DriftRequest, drift};
pub use event::{Event, Listener};
pub use explain::explain;
pub use failure::Failure;
pub use init::{InitRequest, init};
pub use lock::{lock_break, lock_show};
pub use log::log;
pub use plan::plan;
pub use project::{Project, ProjectLocation, project_path};
pub use release::release;
pub use status::status;
pub use targets::{LocalTargets, TargetMaker};
pub use validate::validate;
pub use verify::verify;
pub use world::World;
