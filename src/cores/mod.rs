//! The host's side of the plugin contract: find, load, vet, call and contain messaging cores.
//!
//! The way of a run: [`plan_chain`] finds the libraries, vets them and their options → [`ResolvedChain::create`]
//! makes the cores → [`Chain::prepare`] → [`Chain::open`] gives the engine its [`Session`] → publish, poll,
//! acknowledge, flush → [`Session::close`] → [`Chain::stats`], [`Chain::clean`], [`Chain::destroy`].
//!
//! `unsafe` lives here and in the SDK alone.
//!
//! - **Owns** libraries of cores: finding, loading, vetting, calling and containing them.
//! - **May import** nothing.
//! - **Way in** [`plan_chain`].
//! - **A message here** it goes out through [`Session::publish`], and its outcome and copies come back through the
//!   same session.

mod appended;
mod below;
mod border;
mod capabilities;
mod chain;
mod control;
mod entry_host;
mod error;
mod final_snapshot;
mod find;
mod fingerprint;
mod helpers;
mod host;
mod lent;
mod limits;
mod links;
mod load;
mod options;
mod out;
mod own;
pub mod raw;
mod resolve;
mod returning;
mod run_config;
mod secrets;
mod services;
mod session;
mod shown_text;
mod surroundings;
mod texts;
mod trust;
mod vet;
mod violations;
pub mod vitals;
mod whole;

pub use capabilities::{CONSUMING, capability_named, capability_names};
pub use chain::Chain;
pub use error::{CoreError, CoreFailure, FailureKind, OptionFault};
pub use final_snapshot::{expose, with_final_snapshot, write_final_snapshot, write_snapshot_if_dying};
pub use find::{CORE_PATH_VARIABLE, Finder};
pub use limits::CHAIN_MAX;
pub use load::{foreign_libraries, library_sha256};
pub use mqscript_plugin::{Settlement, abi};
pub use out::Out;
pub use own::{OWN_CORES, is_foreign};
pub use resolve::{
    CoreRequest, ListedFile, ResolvedChain, ResolvedCore, core_info, list_cores, list_cores_by,
    own_cores_with, plan_chain,
};
pub use run_config::{GroupRow, PartyNames, RunClockKind, RunConfig, TypeRow};
pub use secrets::{HIDDEN, without_secrets};
pub use services::{CoreEvent, EventQueue, HostServices, Interner, LogLine, RunClock, WakeFlag};
pub use session::{DeliveredText, OneAnswer, Published, Session};
pub use vet::CoreInfo;
pub use violations::{Misuse, WROTE_OVER, take_violation};
pub use vitals::{Signs, Vitals, WatchedCall};
