//! What a loop writes down when its process is about to die under it.
//!
//! *Rationale.* A core that segfaults takes the process along, but not at once: the signal's handler runs first, on the
//! very thread that was inside the core. The loop stands still there, between two of its own instructions, so what it
//! has measured is whole and can be written down once more. Nothing of the loop is used afterwards.

use super::vitals::{Liveness, shown};
use std::cell::Cell;

/// The loop that is being played on a thread, and what is to be done with it when the process dies.
#[derive(Clone, Copy)]
struct Subject {
    subject: *mut (),
    write_final_snapshot: unsafe fn(*mut (), *const ()),
    last: *const (),
}

thread_local! {
    static SUBJECT: Cell<Option<Subject>> = const { Cell::new(None) };
}

/// Runs `play`. Should a core kill the process while `play` is inside a call of the contract, `last` is called with the
/// subject as it stands, and the process ends after it.
///
/// `play` must call [`expose`] with the subject before each call of the contract.
pub fn with_final_snapshot<T, R>(subject: &mut T, last: fn(&mut T), play: impl FnOnce(&mut T) -> R) -> R {
    #[cfg(unix)]
    if shown().is_some() {
        give_a_stack_for_the_snapshot();
    }
    let raw: *mut T = subject;
    let before = SUBJECT.replace(Some(Subject {
        subject: raw.cast(),
        write_final_snapshot: snapshot_of::<T>,
        last: last as *const (),
    }));
    let played = play(subject);
    SUBJECT.set(before);
    played
}

/// The size of that stack, in bytes: a final snapshot formats text, and the thread's own stack may be what was overrun.
#[cfg(unix)]
const STACK_BYTES: usize = 1 << 20;

/// Gives the calling thread a stack for its final snapshot, once.
#[cfg(unix)]
fn give_a_stack_for_the_snapshot() {
    thread_local! {
        static MADE: Cell<bool> = const { Cell::new(false) };
    }
    if MADE.replace(true) {
        return;
    }
    // The thread may use it until its very end: it is never given back.
    let stack = Box::leak(vec![0u8; STACK_BYTES].into_boxed_slice());
    let stack = libc::stack_t { ss_sp: stack.as_mut_ptr().cast(), ss_flags: 0, ss_size: STACK_BYTES };
    // SAFETY: the memory is as large as said and lives for ever; nobody else refers to it.
    unsafe { libc::sigaltstack(&stack, std::ptr::null_mut()) };
}

/// Makes all of `subject` be in memory, as the final snapshot needs it: the optimiser must assume that it is read.
#[inline(always)]
pub fn expose<T>(subject: &mut T) {
    std::hint::black_box(std::ptr::from_mut(subject));
}

/// # Safety
/// `subject` is a `T` and `last` a `fn(&mut T)`, and nobody uses the subject any more.
unsafe fn snapshot_of<T>(subject: *mut (), last: *const ()) {
    // SAFETY: made from a function of this very type in `with_final_snapshot`.
    let last: fn(&mut T) = unsafe { std::mem::transmute::<*const (), fn(&mut T)>(last) };
    // SAFETY: the caller's promise: the thread never comes back to whoever has borrowed the subject.
    last(unsafe { &mut *subject.cast::<T>() });
}

/// Lets the calling thread's loop write down what it has measured; false if it plays none.
///
/// # Safety
/// The thread is inside a call of the contract, or between two of its loop's rounds, and never returns to the loop.
pub unsafe fn write_final_snapshot() -> bool {
    let Some(subject) = SUBJECT.try_with(|subject| subject.take()).ok().flatten() else { return false };
    // SAFETY: the subject is still being played (`with_final_snapshot` takes it away otherwise), and the caller promises
    // that nobody goes on with it.
    unsafe { (subject.write_final_snapshot)(subject.subject, subject.last) };
    true
}

/// If another thread of the process is dying, lets the calling thread's loop write down what it has measured, and stays:
/// the process ends meanwhile. Call it between two rounds of the loop.
#[inline]
pub fn write_snapshot_if_dying() {
    if shown().is_some_and(|shared| shared.fatal.stage() != Liveness::Alive) {
        write_snapshot_and_stay();
    }
}

#[cold]
fn write_snapshot_and_stay() {
    // SAFETY: this is between two rounds, and the thread stays here.
    unsafe { write_final_snapshot() };
    if let Some(shared) = shown() {
        shared.fatal.advance(Liveness::Told);
    }
    loop {
        std::thread::park();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_subject_speaks_once() {
        let mut told = (0, 0);
        with_final_snapshot(
            &mut told,
            |told| told.1 = told.0 * 10,
            |told| {
                told.0 = 4;
                expose(told);
                // SAFETY: the closure does not use the subject afterwards.
                assert!(unsafe { write_final_snapshot() });
                // SAFETY: as above.
                assert!(!unsafe { write_final_snapshot() });
            },
        );
        assert_eq!(told, (4, 40));
        // SAFETY: nothing is played.
        assert!(!unsafe { write_final_snapshot() });
    }
}
