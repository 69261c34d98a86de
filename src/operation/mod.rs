//! Operations of evenkeel, one function each: the library's entry points.
//!
//! An operation only orchestrates. It opens a [`session`], which finds, reads and resolves its input; calls
//! [`evenkeel_core`] for judgement and the adapters of [`crate::world`] for everything outside of this process; and
//! fills a [`Report`](crate::report::Report) with its exit code. An operation that cannot start returns a [`Failure`].
//! Nothing here prints, judges a difference, or accesses a file directly.

mod adopt;
mod ages;
mod apply;
mod artifact_store;
mod audit;
mod baseline;
mod break_glass;
mod build;
mod checked;
mod compare;
mod decision;
mod deliver;
mod dora;
mod dossier;
mod doubts;
mod drift;
mod drill;
mod earlier;
mod event;
mod example;
mod explain;
mod export;
mod failure;
mod host_baseline;
mod import;
mod init;
mod large;
mod ledger;
mod lock;
mod log;
mod notify;
mod outstanding;
mod past;
mod picture;
mod plan;
mod production;
mod project;
mod refusal;
mod release;
mod replay;
mod rollback;
mod rolled;
mod saved;
mod session;
mod show;
mod status;
mod stores;
mod surveyed;
mod targets;
mod timeline;
mod undeclared;
mod unrecorded;
mod validate;
mod verify;
mod watch;
mod world;

pub use adopt::{AdoptLiveRequest, AdoptRequest, adopt, adopt_live};
pub use apply::{ApplyRequest, apply};
pub use audit::{audit_checkpoint, audit_verify};
pub use baseline::{BaselineRequest, baseline, lines_of};
pub use break_glass::{BreakGlassRequest, break_glass, follow_up};
pub use compare::{CompareRequest, compare};
pub use decision::{
    DecisionRequest, OfflineRequest, approve, approve_offline, import_approval, reject,
    request_approval, withdraw,
};
pub use deliver::{DeliverRequest, deliver};
pub use dora::report_dora;
pub use doubts::audit_doubts;
pub use drift::{DriftRequest, drift};
pub use drill::drill;
pub use event::{Event, Listener};
pub use explain::explain;
pub use export::{ExportRequest, audit_export};
pub use failure::{Failure, in_one_line};
pub use host_baseline::{HostBaselineRequest, host_baseline};
pub use import::{ImportRequest, import};
pub use init::{InitRequest, init};
pub use ledger::{ledger_grant, ledger_move};
pub use lock::{lock_break, lock_show};
pub use log::{LogRequest, log};
pub use notify::{FailedHook, notify};
pub use outstanding::outstanding;
pub use plan::{PlanRequest, plan};
pub use project::{Project, ProjectLocation, project_path};
pub use release::release;
pub use replay::{audit_replay, audit_replay_files};
pub use rollback::{RollbackRequest, rollback};
pub use show::show;
pub use status::status;
pub use stores::{ProjectPlace, StoreMaker, Stores};
pub use targets::{ProgramTargets, TargetMaker};
pub use validate::validate;
pub use verify::verify;
pub use watch::{WatchRequest, watch};
pub use world::World;

pub use crate::report::codes;
