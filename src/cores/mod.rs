//! The host's side of the plugin contract: find, load, vet, call and contain messaging cores.
//!
//! The way of a run: [`plan_chain`] finds the libraries, vets them and their options → [`ResolvedChain::create`]
//! makes the cores → [`Chain::prepare`] → [`Chain::open`] gives the engine its [`Session`] → publish, poll,
//! acknowledge, flush → [`Session::close`] → [`Chain::stats`], [`Chain::clean`], [`Chain::destroy`].
//!
//! `unsafe` lives here and in the SDK alone.

mod border;
mod chain;
mod error;
mod plan;
mod run;
mod services;
mod session;

pub use chain::Chain;
pub use error::{CoreError, CoreFailure, FailureKind, OptionFault};
pub use mqscript_plugin::abi;
pub use plan::{CoreRequest, Finder, ResolvedChain, ResolvedCore, plan_chain};
pub use run::{ClockKind, PartyNames, RunConfig, TypeRow};
pub use services::{
    CallWatch, CoreEvent, EventQueue, HostServices, Interner, LogLine, RunClock, WakeFlag, WatchedCall,
};
pub use session::{DeliveredText, Out, Published, Session};
