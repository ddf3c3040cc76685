//! What a core was caught at in a confined process: reported from outside of its call, found when the call returns.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

static CAUGHT: AtomicBool = AtomicBool::new(false);
static DEED: Mutex<Option<String>> = Mutex::new(None);

/// A core tried what it must not: `deed` reads on after its name. The kernel has refused it, or will; the core is given
/// up when its call returns. The first deed counts. Any thread, while the thread that tried waits.
pub fn report_deed(deed: String) {
    DEED.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(deed);
    CAUGHT.store(true, Ordering::Release);
}

/// Takes the deed that nobody has answered for yet.
pub fn take_deed() -> Option<String> {
    let deed = DEED.lock().unwrap_or_else(PoisonError::into_inner).take();
    CAUGHT.store(false, Ordering::Release);
    deed
}

/// Whether there is one: a load on the hot path.
#[inline]
pub(super) fn is_caught() -> bool {
    CAUGHT.load(Ordering::Acquire)
}
