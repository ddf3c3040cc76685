//! What a supervised process does when it is about to die: it lets the loop that stands still in the middle of a core's
//! call write down what it has measured, and then dies of the very signal that came.
//!
//! The handler runs on a stack of its own. It takes memory and formats text, which a handler should not; should it hang
//! or fault in turn, the supervisor goes by what was written before.

use crate::cores::vitals::{LEFT, Liveness, Shared, Slot, current_slot, shown};
use crate::cores::write_final_snapshot;
use libc::{c_int, c_void, siginfo_t};
use std::ptr;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

/// Signals that end a process because of what one of its threads did.
const FATAL: [c_int; 7] =
    [libc::SIGSEGV, libc::SIGBUS, libc::SIGILL, libc::SIGFPE, libc::SIGABRT, libc::SIGSYS, libc::SIGTRAP];
/// How long a thread waits for the loop, which must come to its next look first.
const PATIENCE: Duration = Duration::from_secs(2);
/// Words of the stack that are searched for a library's code.
const STACK_WORDS: usize = 512;

/// The signal by which the supervisor, or a thread that dies, says: the call that you are in is given up.
pub fn give_up_signal() -> c_int {
    // Away from the ends, which others like.
    libc::SIGRTMIN() + 11
}

/// The process that listens. What a core forks off inherits the handlers, but its death is nobody's affair.
static LISTENER: AtomicI32 = AtomicI32::new(0);

extern "C" fn on_file_limit(_: c_int, _: *mut siginfo_t, _: *mut c_void) {}

/// From now on a file that outgrows the limit on files is an error like any other (`ulimit -f`), and not the end.
///
/// *Rationale.* To ignore the signal would do as much here, but what is started from here would inherit that.
pub fn survive_file_limits() {
    handle(libc::SIGXFSZ, on_file_limit);
}

/// What this process shows, if it is the one that listens.
fn shown_here() -> Option<&'static Shared> {
    // SAFETY: a plain system call.
    let own = unsafe { libc::getpid() };
    shown().filter(|_| LISTENER.load(Ordering::Relaxed) == own)
}

/// Listens for the death of this process from now on.
pub fn listen() {
    // SAFETY: a plain system call.
    LISTENER.store(unsafe { libc::getpid() }, Ordering::Relaxed);
    for signal in FATAL {
        handle(signal, on_fatal);
    }
    handle(give_up_signal(), on_given_up);
    // SAFETY: a function that lives for ever and takes nothing.
    unsafe { libc::atexit(on_exit) };
}

type Handler = extern "C" fn(c_int, *mut siginfo_t, *mut c_void);

fn handle(signal: c_int, handler: Handler) {
    // SAFETY: zeros are a valid `sigaction`; the handler lives for ever and has the type that SA_SIGINFO asks for.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handler as *const () as usize;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
        libc::sigaction(signal, &action, ptr::null_mut());
    }
}

extern "C" fn on_fatal(signal: c_int, _: *mut siginfo_t, context: *mut c_void) {
    if let Some(shared) = shown_here() {
        note_and_write_snapshot(shared, signal, context);
    }
    die_of(signal);
}

extern "C" fn on_given_up(signal: c_int, _: *mut siginfo_t, context: *mut c_void) {
    let in_a_call = current_slot().is_some_and(|slot| slot.is_in_a_call());
    if let Some(shared) = shown_here().filter(|shared| in_a_call || is_in_a_library(shared)) {
        note_and_write_snapshot(shared, signal, context);
        die_of(libc::SIGKILL);
    }
    // The call has returned at the last moment.
}

/// Whether libraries run that no call of the contract is for: they take themselves up, or down.
fn is_in_a_library(shared: &Shared) -> bool {
    shared.is_loading() || shared.done.load(Ordering::Acquire) != 0
}

extern "C" fn on_exit() {
    if let Some(shared) = shown_here().filter(|shared| shared.done.load(Ordering::Acquire) == 0) {
        note_and_write_snapshot(shared, 0, ptr::null_mut());
    }
}

fn note_and_write_snapshot(shared: &'static Shared, signal: c_int, context: *mut c_void) {
    let thread = this_thread();
    let fatal = &shared.fatal;
    if !fatal.advance(Liveness::Dying) {
        // The final snapshot has faulted itself, or another thread is at it and ends the process.
        if fatal.thread.load(Ordering::Acquire) != thread {
            speak_in_a_call(shared);
            std::thread::sleep(PATIENCE);
        }
        return;
    }
    let slot = current_slot();
    if fatal.signal.load(Ordering::Relaxed) != LEFT {
        fatal.signal.store(signal, Ordering::Relaxed);
    }
    fatal.thread.store(thread, Ordering::Release);
    let number = slot.and_then(|slot| shared.number_of(slot)).map_or(0, |number| number as u32 + 1);
    fatal.slot.store(number, Ordering::Relaxed);
    // A thread of ours is in no library but where it was called; what stands on its stack is old.
    let ours = slot.is_some() || thread == LISTENER.load(Ordering::Relaxed) as u32;
    let called = slot.is_some_and(Slot::is_in_a_call) || is_in_a_library(shared);
    fatal.in_host.store(u32::from(ours && !called), Ordering::Relaxed);
    fatal.instruction.store(registers(context).map_or(0, |(instruction, _)| instruction), Ordering::Release);
    if slot.is_some() {
        speak_in_a_call(shared);
    } else if shared.busy().next().is_some() {
        wait_until_told(shared);
    }
    if !ours || called {
        name_library(shared, context);
    }
}

/// Lets the thread's loop write down what it has measured, if the thread is a loop's and inside a call of the contract.
fn speak_in_a_call(shared: &Shared) {
    if current_slot().is_some_and(Slot::is_in_a_call) {
        // SAFETY: the loop's thread stands still inside a call of the contract, and dies after this.
        unsafe { write_final_snapshot() };
        shared.fatal.advance(Liveness::Told);
    }
}

/// Waits until a loop has seen that the process is dying and has written down what it has, or all was done before. A loop
/// that is inside a call, which may be waiting for this very thread, is told by a signal.
fn wait_until_told(shared: &Shared) {
    let mut waited = Duration::ZERO;
    let step = Duration::from_millis(2);
    while shared.fatal.stage() != Liveness::Told && waited < PATIENCE {
        std::thread::sleep(step);
        waited += step;
        if waited == step * 10 {
            shared.busy().filter(|(_, slot)| slot.is_in_a_call()).for_each(|(_, slot)| interrupt(slot));
        }
    }
}

fn interrupt(slot: &Slot) {
    let thread = slot.thread.load(Ordering::Relaxed);
    // SAFETY: a plain system call, to a thread of this process; one that has ended gets nothing.
    unsafe { libc::syscall(libc::SYS_tgkill, libc::getpid(), thread, give_up_signal()) };
}

/// Instruction and stack pointer.
fn registers(context: *mut c_void) -> Option<(u64, u64)> {
    // SAFETY: with SA_SIGINFO the third argument is a `ucontext_t`, or NULL from `on_exit`.
    let context = unsafe { context.cast::<libc::ucontext_t>().as_ref() }?;
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    {
        let registers = &context.uc_mcontext.gregs;
        let of = |register: c_int| registers[register as usize] as u64;
        Some((of(libc::REG_RIP), of(libc::REG_RSP)))
    }
    #[cfg(all(target_os = "linux", target_arch = "aarch64"))]
    {
        Some((context.uc_mcontext.pc, context.uc_mcontext.sp))
    }
    #[cfg(not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))))]
    {
        let _ = context;
        None
    }
}

/// Where the signal came outside of any known library, as `abort` raises it, the innermost caller that lies in one is
/// looked for on the stack.
fn name_library(shared: &Shared, context: *mut c_void) {
    // Without a signal this is called by whoever ended the process: its caller's place stands above this one's.
    let here = 0u64;
    let (instruction, stack) = registers(context).unwrap_or((0, ptr::from_ref(&here) as u64));
    let known = |address: u64| shared.library_at(address).is_some();
    if known(instruction) || !stack.is_multiple_of(8) {
        return;
    }
    for word in 0..STACK_WORDS {
        // SAFETY: above the stack pointer lies the stack in use. Should it end before, this thread faults once more,
        // and dies of that: all that matters is written down.
        let value = unsafe { ptr::read_volatile((stack as *const u64).add(word)) };
        if known(value) {
            shared.fatal.instruction.store(value, Ordering::Release);
            return;
        }
    }
}

fn this_thread() -> u32 {
    rustix::thread::gettid().as_raw_nonzero().get() as u32
}

/// Lets the signal do what it does without a handler.
fn die_of(signal: c_int) {
    // SAFETY: puts the default back and sends the signal to this thread; it comes when the handler returns.
    unsafe {
        libc::signal(signal, libc::SIG_DFL);
        libc::raise(signal);
    }
}
