//! Cores made for one run, and the order in which they live and die.

use super::error::{CoreError, CoreFailure};
use super::session::Session;
use mqscript_plugin::abi;
use serde_json::Value;
use std::sync::Arc;

/// The cores of one run: a core, and the layers over it.
pub struct Chain {
    links: Arc<Links>,
}

/// What sessions and the chain share.
pub(super) struct Links {}

impl Links {
    pub(super) fn close_sessions(&self, _: &[(usize, *mut abi::RawSession)]) -> Result<(), CoreFailure> {
        todo!()
    }
}

impl Chain {
    /// The effective capabilities of the whole chain: bits of [`abi`].
    pub fn capabilities(&self) -> u64 {
        todo!()
    }

    /// Makes queues, purges; inner cores first.
    ///
    /// # Errors
    /// A core failed or did not return in time.
    pub fn prepare(&mut self) -> Result<(), CoreError> {
        todo!()
    }

    /// Opens the chain, inner cores first. Times in options count from `load_start_ns`.
    ///
    /// # Errors
    /// A core failed or did not return in time.
    pub fn open(&mut self, load_start_ns: u64) -> Result<Session, CoreError> {
        let _ = (&self.links, load_start_ns);
        todo!()
    }

    /// What the cores report of themselves, by name; after the session is closed.
    ///
    /// # Errors
    /// A core failed, did not return in time, or gave no JSON object.
    pub fn stats(&mut self) -> Result<Value, CoreError> {
        todo!()
    }

    /// Removes what `prepare` made; layers first.
    ///
    /// # Errors
    /// A core failed or did not return in time.
    pub fn clean(&mut self) -> Result<(), CoreError> {
        todo!()
    }

    /// Frees the cores, layers first.
    ///
    /// # Errors
    /// A session is still open, or a core did not return in time.
    pub fn destroy(self) -> Result<(), CoreError> {
        todo!()
    }
}
