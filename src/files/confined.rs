//! Whether this process has confined itself: what it may do with files then is what a core may do.

use std::sync::atomic::{AtomicBool, Ordering};

static CONFINED: AtomicBool = AtomicBool::new(false);

/// Whether this process has confined itself.
pub fn is_confined() -> bool {
    CONFINED.load(Ordering::Relaxed)
}

/// Notes that this process confines itself now.
pub fn note_confined() {
    CONFINED.store(true, Ordering::Relaxed);
}
