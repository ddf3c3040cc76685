//! What a core was caught at in a confined process: written down by the supervisor while the call waits, found when the
//! call returns.

use super::vitals::{Shared, Slot, shown};
use std::sync::atomic::Ordering;

impl Shared {
    /// A core tried what it must not, on the thread that the kernel numbers `thread`: `text` reads on after its name. The
    /// kernel will refuse it; the core is given up when its call returns. The first deed counts until it is answered
    /// for. To be called in the supervisor, while that thread waits.
    pub fn report_deed(&self, thread: u32, text: &str) {
        if self.unanswered.load(Ordering::Acquire) != 0 {
            return;
        }
        self.deed.set(text.as_bytes());
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
        self.deed.get()
    }
}

impl Slot {
    /// Takes the deed of this loop's cores that nobody has answered for yet.
    #[cold]
    pub(super) fn take_deed(&self) -> Option<String> {
        let shared = shown().filter(|_| self.let_go())?;
        Some(shared.answer())
    }
}

/// Takes the deed that nobody has answered for yet, whoever did it.
pub fn take_deed() -> Option<String> {
    let shared = shown()?;
    (shared.unanswered.load(Ordering::Acquire) != 0).then(|| shared.answer())
}
