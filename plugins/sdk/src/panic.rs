//! Panics stay on this side of the border: caught, kept with their place, returned as PANIC.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

thread_local! {
    static LAST: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Replaces this library's panic hook by one that keeps text and place instead of printing them.
///
/// *Rationale.* A shared library has its own copy of the standard library: the host's hook is never asked, and
/// the default one would write to the user's terminal without saying which core it was.
pub(crate) fn install_hook() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        std::panic::set_hook(Box::new(|info| {
            let text = payload_text(info.payload());
            let told = match info.location() {
                Some(place) => format!("{text}\nat {}:{}:{}", place.file(), place.line(), place.column()),
                None => text.to_owned(),
            };
            LAST.with(|last| *last.borrow_mut() = Some(told));
        }));
    });
}

fn payload_text(payload: &(dyn Any + Send)) -> &str {
    if let Some(text) = payload.downcast_ref::<&str>() {
        text
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text
    } else {
        "it panicked without a text"
    }
}

/// Runs `body`; a panic comes back as its text, followed by "\nat FILE:LINE:COLUMN" where the place is known.
#[inline]
pub(crate) fn guard<T>(body: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(body)).map_err(told)
}

#[cold]
fn told(payload: Box<dyn Any + Send>) -> String {
    let text = LAST.with(|last| last.borrow_mut().take());
    let text = text.unwrap_or_else(|| payload_text(&*payload).to_owned());
    // A payload whose own drop panics must not bring the process down.
    std::mem::forget(payload);
    text
}
