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
mod host;
mod links;
mod load;
mod options;
mod plan;
mod run;
mod services;
mod session;
mod trust;
mod vet;
mod whole;

pub use chain::Chain;
pub use deeds::{announce_deed, report_deed, take_deed};
pub use error::{CoreError, CoreFailure, FailureKind, OptionFault};
pub use find::{CORE_PATH_VARIABLE, Finder};
pub use load::library_sha256;
pub use mqscript_plugin::abi;
pub use plan::{
    CHAIN_MAX, CoreRequest, ListedFile, ResolvedChain, ResolvedCore, core_info, list_cores, plan_chain,
};
pub use run::{ClockKind, PartyNames, RunConfig, TypeRow};
pub use services::{
    CallWatch, CoreEvent, EventQueue, HostServices, Interner, LogLine, RunClock, WakeFlag, WatchedCall,
};
pub use session::{DeliveredText, Out, Published, Session};
pub use vet::{CoreInfo, capability_names};
