//! The contract between mqscript and a messaging core, and the safe Rust side of it.
//!
//! A core is a type that implements [`Core`] (made once per run) and one that implements [`Session`] (the engine
//! loop's handle on it); [`export_core!`] turns them into a shared library that the host loads. No `unsafe` is
//! needed:
//!
//! ```
//! #![forbid(unsafe_code)]
//! use mqscript_plugin::prelude::*;
//!
//! struct Instant;
//! struct InstantSession;
//!
//! impl Core for Instant {
//!     const ID: &'static str = "instant";
//!     const SUMMARY: &'static str = "Delivers everything after one millisecond";
//!     const OPTIONS_SCHEMA: &'static str = r#"{"type": "object", "properties": {}}"#;
//!     const CAPABILITIES: Capabilities = Capabilities::SIMULATED;
//!     type Session = InstantSession;
//!
//!     fn create(_options: Options, _run: Run, _host: Host) -> Result<Self, Error> {
//!         Ok(Instant)
//!     }
//!
//!     fn open(&mut self, _open: Open) -> Result<InstantSession, Error> {
//!         Ok(InstantSession)
//!     }
//! }
//!
//! impl Session for InstantSession {
//!     fn publish<'s>(
//!         &'s mut self,
//!         now_ns: u64,
//!         messages: &'s [Message<'s>],
//!         out: &mut Out<'s>,
//!     ) -> Result<u32, Error> {
//!         for message in messages {
//!             out.outcome(message.token(), OutcomeResult::Delivered, 0, now_ns + 1_000_000);
//!         }
//!         Ok(messages.len() as u32)
//!     }
//! }
//!
//! mqscript_plugin::export_core!(Instant);
//! # fn main() {}
//! ```

pub mod abi;
pub mod conformance;
pub mod distribution;
pub mod live;
pub mod random;
pub mod units;
pub mod written;

mod buffers;
mod copies;
mod core;
#[doc(hidden)]
pub mod export;
mod host;
mod layer;
mod message;
mod panic;
mod run;
mod stamp;

pub use abi::{OutcomeResult, Stamp};
pub use buffers::{Arrived, Mark, Out, Report};
pub use copies::{Kept, Passing};
pub use core::{Capabilities, Core, Error, Open, Options, Session, Settlement, Status};
pub use host::{Host, LogLevel};
pub use layer::Inner;
pub use message::{ArrivedText, Message, MessageText};
pub use run::{Clock, Group, Purpose, Run, Type};
pub use stamp::{STAMP_NAME, STAMP_PREFIX, STAMP_TEXT_LEN, crc32c, strip_stamp};

/// Everything that a core usually needs.
pub mod prelude {
    pub use crate::{
        Arrived, ArrivedText, Capabilities, Core, Error, Host, Inner, Message, Open, Options, Out,
        OutcomeResult, Purpose, Report, Run, Session, Settlement, Stamp, Status,
    };
}
