//! Ctrl-C and SIGTERM: the first ends the run in good order, the second at once.

use crate::diagnostics::Exit;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Whether the user has asked to stop; clones share the wish.
#[derive(Debug, Clone, Default)]
pub struct Interrupt {
    asked: Arc<AtomicBool>,
    signal: Arc<AtomicUsize>,
}

impl Interrupt {
    /// Listens to the signals from now on.
    ///
    /// # Errors
    /// The system does not let us.
    pub fn listen() -> std::io::Result<Interrupt> {
        let interrupt = Interrupt::default();
        for (signal, exit) in [(SIGINT, Exit::Interrupted), (SIGTERM, Exit::Terminated)] {
            // The order matters: the shutdown looks at the wish before this very signal has made it.
            flag::register_conditional_shutdown(signal, i32::from(exit.code()), interrupt.asked.clone())?;
            flag::register(signal, interrupt.asked.clone())?;
            flag::register_usize(signal, interrupt.signal.clone(), usize::from(exit.code()))?;
        }
        Ok(interrupt)
    }

    /// The exit that the user has asked for.
    pub fn exit(&self) -> Option<Exit> {
        [Exit::Interrupted, Exit::Terminated]
            .into_iter()
            .find(|exit| usize::from(exit.code()) == self.signal.load(Ordering::Relaxed))
    }

    /// The same for whoever need not know what a signal is: true once the user wants to stop.
    pub fn flag(&self) -> Arc<AtomicBool> {
        self.asked.clone()
    }
}
