//! What a core was caught at in a confined process: reported from outside of its call, found when the call returns.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

static CAUGHT: AtomicBool = AtomicBool::new(false);
static DEED: Mutex<Option<String>> = Mutex::new(None);
static TOLD: Condvar = Condvar::new();

/// How long a deed that was announced may take to be told.
const TELLING_LIMIT: Duration = Duration::from_secs(1);

fn deed() -> MutexGuard<'static, Option<String>> {
    DEED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A deed is about to be reported. Allocates nothing. Any thread, while the thread that tried waits.
pub fn announce_deed() {
    CAUGHT.store(true, Ordering::Release);
}

/// A core tried what it must not: `text` reads on after its name. The kernel has refused it, or will; the core is given
/// up when its call returns. The first deed counts. Any thread, while the thread that tried waits, or after
/// [`announce_deed`].
pub fn report_deed(text: String) {
    deed().get_or_insert(text);
    announce_deed();
    TOLD.notify_all();
}

/// Takes the deed that nobody has answered for yet; waits for one that was announced.
pub fn take_deed() -> Option<String> {
    if !is_caught() {
        return None;
    }
    let waited = TOLD.wait_timeout_while(deed(), TELLING_LIMIT, |deed| deed.is_none());
    let (mut deed, _) = waited.unwrap_or_else(PoisonError::into_inner);
    CAUGHT.store(false, Ordering::Release);
    Some(deed.take().unwrap_or_else(|| "tried what a pure run must not".to_owned()))
}

/// Whether there is one: a load on the hot path.
#[inline]
pub(super) fn is_caught() -> bool {
    CAUGHT.load(Ordering::Acquire)
}
