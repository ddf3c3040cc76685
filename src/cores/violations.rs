//! What a core was caught at between the beginning and the end of a call: in a confined process by the supervisor, while
//! the call waits; anywhere by the host's services, where they were given what cannot be.

use super::vitals::{Shared, Slot, shown};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

/// What a core was caught at, and must be blamed for.
pub(super) enum Caught {
    /// A violation of the rules of `--pure`, or memory of the host written over: its text reads on after the core's name.
    Violation(String),
    /// A misuse of the host's services, by this core.
    Misuse(Arc<str>, String),
}

/// The first misuse of the host's services in a run that nobody has answered for.
#[derive(Debug, Default)]
pub struct Misuse(Mutex<Option<(Arc<str>, String)>>);

impl Misuse {
    /// Keeps who did it and what, unless somebody came before. Any thread.
    pub(super) fn note(&self, core: &Arc<str>, text: String) {
        let mut first = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        first.get_or_insert_with(|| (core.clone(), text));
    }

    fn take(&self) -> Option<(Arc<str>, String)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Shared {
    /// A core tried what it must not, on the thread that the kernel numbers `thread`: `text` reads on after its name. The
    /// kernel will refuse it; the core is given up when its call returns. The first violation counts until it is answered
    /// for. To be called in the supervisor, while that thread waits.
    pub fn report_violation(&self, thread: u32, text: &str) {
        if self.unanswered.load(Ordering::Acquire) != 0 {
            return;
        }
        self.violation.set(text.as_bytes());
        self.unanswered.store(1, Ordering::Release);
        // What a library does while it is loaded is no loop's.
        if !self.loading.get().is_empty() {
            return;
        }
        let mine = |slot: &&Slot| slot.works_on(thread);
        match self.busy().map(|(_, slot)| slot).find(mine) {
            Some(slot) => slot.catch(),
            // A thread of a core's own: whose, nobody knows.
            None => self.busy().for_each(|(_, slot)| slot.catch()),
        }
    }

    fn answer(&self) -> String {
        self.unanswered.store(0, Ordering::Release);
        self.violation.get()
    }
}

/// What a core did where something stands that no supervisor writes.
pub const WROTE_OVER: &str = "wrote over memory that is the host's";

impl Slot {
    /// Takes what this loop's cores were caught at and nobody has answered for yet: a violation first.
    #[cold]
    pub(super) fn answer(&self, misuse: &Misuse) -> Option<Caught> {
        match self.let_go() {
            0 => return None,
            1 => {}
            // Nobody but a core writes anything else there.
            _ => return Some(Caught::Violation(WROTE_OVER.to_owned())),
        }
        take_violation()
            .map(Caught::Violation)
            .or_else(|| misuse.take().map(|(core, text)| Caught::Misuse(core, text)))
            // Another loop was caught at the same, and has answered first.
            .or_else(|| shown().map(|shared| Caught::Violation(shared.answer())))
    }
}

/// Takes the violation that no call has been blamed for yet, whichever core committed it.
pub fn take_violation() -> Option<String> {
    let shared = shown()?;
    match shared.unanswered.load(Ordering::Acquire) {
        0 => None,
        1 => Some(shared.answer()),
        _ => {
            shared.unanswered.store(0, Ordering::Release);
            Some(WROTE_OVER.to_owned())
        }
    }
}
