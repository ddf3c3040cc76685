//! Ctrl-C, SIGTERM and SIGHUP: the first ends the run in good order, the second at once.

use crate::diagnostics::{Diagnostic, Diagnostics, Exit};
use crate::files::in_words;
use crate::supervise::is_ignored;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::low_level::unregister;
use signal_hook::{SigId, flag};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Whether the user has asked to stop.
#[derive(Debug, Default)]
pub struct Interrupt {
    asked: Arc<AtomicBool>,
    signal: Arc<AtomicUsize>,
    /// The action that ends the process at the second signal.
    shutdowns: Vec<SigId>,
}

/// How often the user has asked to stop, for whoever has children to end at the second time. Signals that come between
/// two looks count as one.
#[derive(Debug)]
pub struct Counted {
    asked: Arc<AtomicBool>,
    times: u32,
}

impl Counted {
    /// The number of signals so far.
    pub fn times(&mut self) -> u32 {
        self.times += u32::from(self.asked.swap(false, Ordering::Relaxed));
        self.times
    }
}

impl Interrupt {
    /// Listens to the signals from now on.
    ///
    /// # Errors
    /// The system does not let us.
    pub fn listen() -> Result<Interrupt, Diagnostics> {
        Interrupt::listening().map_err(|error| {
            let title = format!("signals cannot be listened to: {}", in_words(&error));
            Diagnostic::new(Exit::Bug, title).into()
        })
    }

    fn listening() -> std::io::Result<Interrupt> {
        let mut interrupt = Interrupt::default();
        for (signal, exit) in
            [(SIGINT, Exit::Interrupted), (SIGTERM, Exit::Terminated), (SIGHUP, Exit::Terminated)]
        {
            // Whoever started the program under `nohup` wants it to outlive the terminal.
            if signal == SIGHUP && is_ignored(signal) {
                continue;
            }
            // The order matters: the shutdown looks at the wish before this very signal has made it.
            let shutdown =
                flag::register_conditional_shutdown(signal, i32::from(exit.code()), interrupt.asked.clone())?;
            interrupt.shutdowns.push(shutdown);
            flag::register(signal, interrupt.asked.clone())?;
            flag::register_usize(signal, interrupt.signal.clone(), usize::from(exit.code()))?;
        }
        Ok(interrupt)
    }

    /// From now on no signal ends the process by itself; whoever counts them ends what there is to end.
    pub fn counted(&self) -> Counted {
        for shutdown in &self.shutdowns {
            unregister(*shutdown);
        }
        Counted { asked: self.asked.clone(), times: 0 }
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
