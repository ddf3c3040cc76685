//! The host's side of the plugin contract: find, load, vet, call and contain messaging cores.
//!
//! The way of a run: [`plan_chain`] finds the libraries, vets them and their options → [`ResolvedChain::create`]
//! makes the cores → [`Chain::prepare`] → [`Chain::open`] gives the engine its [`Session`] → publish, poll,
//! acknowledge, flush → [`Session::close`] → [`Chain::stats`], [`Chain::clean`], [`Chain::destroy`].
//!
//! `unsafe` lives here and in the SDK alone.

mod below;
mod border;
mod chain;
mod control;
mod deeds;
mod error;
mod find;
mod fingerprint;
mod helpers;
mod host;
mod last_words;
mod links;
mod load;
mod options;
mod plan;
pub mod raw;
mod returning;
mod run;
mod secrets;
mod services;
mod session;
mod surroundings;
mod trust;
mod vet;
pub mod vitals;
mod whole;

pub use chain::Chain;
pub use deeds::{Misuse, WROTE_OVER, take_deed};
pub use error::{CoreError, CoreFailure, FailureKind, OptionFault};
pub use find::{CORE_PATH_VARIABLE, Finder};
pub use last_words::{expose, speak, speak_if_dying, with_last_words};
pub use load::{foreign_libraries, is_foreign, library_sha256};
pub use mqscript_plugin::abi;
pub use options::HIDDEN;
pub use plan::{
    CHAIN_MAX, CoreRequest, ListedFile, ResolvedChain, ResolvedCore, core_info, list_cores, list_cores_by,
    plan_chain,
};
pub use run::{ClockKind, PartyNames, RunConfig, TypeRow};
pub use secrets::without_secrets;
pub use services::{CoreEvent, EventQueue, HostServices, Interner, LogLine, RunClock, WakeFlag};
pub use session::{DeliveredText, Out, Published, Session};
pub use vet::{CoreInfo, capability_names};
pub use vitals::{Signs, Vitals, WatchedCall};
