//! The session: it copies what it accepts, wishes for a poll, and answers then.

use crate::life::Core;
use crate::{is, is_live};
use mqscript_plugin::abi::{self, Delivery, ErrorBuffer, Message, Out, Outcome, RawSession, Str};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::ThreadId;
use std::time::Duration;

/// A message that waits for its answer.
struct Held {
    token: u64,
    stamp: abi::Stamp,
    recipient: u32,
    content: Vec<u8>,
    at_ns: u64,
    /// The content itself: not ours any more.
    borrowed: abi::Bytes,
    refused: bool,
    batch: u32,
}

/// The session.
pub struct Session {
    core: *const Core,
    waker: u64,
    held: VecDeque<Held>,
    /// Contents told in the last call.
    told: Vec<Vec<u8>>,
    count: u64,
    /// It overhears the next poll.
    deaf: bool,
    has_lied: bool,
    last_sender: u32,
    thread: Option<ThreadId>,
}

static CLOSED_IN_FLIGHT: AtomicBool = AtomicBool::new(false);
static EVER: AtomicU64 = AtomicU64::new(0);

fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

impl Session {
    /// Of this core.
    pub fn new(core: &Core, waker: u64) -> Session {
        Session {
            core,
            waker,
            held: VecDeque::new(),
            told: Vec::new(),
            count: 0,
            deaf: false,
            has_lied: false,
            last_sender: u32::MAX,
            thread: None,
        }
    }

    fn core(&self) -> &Core {
        // SAFETY: sessions are closed before their core is destroyed.
        unsafe { &*self.core }
    }

    fn wake(&self) {
        let core = self.core();
        // SAFETY: "[any thread]".
        unsafe { core.host().wake.map(|wake| wake(core.host, self.waker)) };
    }

    /// The session is over.
    pub fn closed(&self) {
        if is("close_in_flight") && !self.held.is_empty() {
            CLOSED_IN_FLIGHT.store(true, Ordering::Relaxed);
        }
    }

    fn accept(&mut self, now_ns: u64, message: &Message, index: u32, n: u32) {
        self.count += 1;
        let core = self.core();
        let key = core.seed ^ mix(u64::from(message.stamp.sender) << 32 ^ message.stamp.sequence);
        let mut refused = mix(key).is_multiple_of(10);
        let mut at_ns = now_ns + 2_000_000;
        if is("under_a_layer") {
            // One answer for all of a batch.
            refused = false;
        }
        if is("repeatable") {
            refused = mix(EVER.fetch_add(1, Ordering::Relaxed)).is_multiple_of(10);
        }
        if is("permuted") && self.last_sender == message.stamp.sender {
            refused = !refused;
        }
        if is("regrouped") {
            at_ns += u64::from(n);
        }
        if is("crowd") {
            at_ns += u64::from(core.agents);
        }
        if is("sender_keys") && message.sender_key == 0 {
            at_ns += 1;
        }
        if is("virtual_time") && core.made.elapsed() > Duration::from_millis(600) {
            at_ns += 1;
        }
        self.last_sender = message.stamp.sender;
        let lost = is("every_outcome") && self.count == 7
            || is("largest_batch") && n > 1000 && index == 1000
            || CLOSED_IN_FLIGHT.load(Ordering::Relaxed)
            || is("any_thread")
                && *self.thread.get_or_insert(std::thread::current().id()) != std::thread::current().id();
        if lost {
            return;
        }
        // SAFETY: "borrowed for the call", which this is.
        let content = unsafe { message.content.as_slice() }.to_vec();
        self.held.push_back(Held {
            token: message.token,
            stamp: message.stamp,
            recipient: message.recipient_id,
            content,
            at_ns,
            borrowed: message.content,
            refused,
            batch: if index == 0 { n } else { 0 },
        });
    }

    /// Tells the first that waits; `false` where there is no room.
    fn tell(&mut self, now_ns: u64, out: &mut Out) -> bool {
        let Some(held) = self.held.front() else { return false };
        let (agents, receive, reason) = (self.core().agents, self.core().receive, self.core().reason);
        // Up to two of each are told at once by those that say too much.
        let copies = if receive { 1 } else { 0 };
        if out.outcomes_len >= out.outcomes_cap || out.deliveries_len + copies > out.deliveries_cap {
            if is("small_arrays") {
                self.held.pop_front();
                return true;
            }
            return false;
        }
        let tenth = held.stamp.sequence.is_multiple_of(10);
        let at_ns = if is_live() { now_ns } else { held.at_ns.max(now_ns) };
        let result = if held.refused { abi::REFUSED } else { abi::DELIVERED };
        let mut outcome = Outcome::one(held.token, result, if held.refused { reason } else { 0 }, at_ns);
        if tenth {
            match () {
                () if is("known_results") => outcome.result = 77,
                () if is("reserved_fields") => outcome.reserved = 1,
                () if is("not_in_the_past") => outcome.at_ns = 0,
                () if is("not_too_far") => outcome.at_ns = u64::MAX,
                () if is("reasons") => outcome.reason = 999,
                () => {}
            }
        }
        if is("under_a_layer") {
            // Whoever answers for a batch by counting has not looked at the tokens.
            outcome.count = held.batch;
            if held.batch > 0 {
                append(out, outcome);
            }
        } else {
            append(out, outcome);
        }
        if tenth && is("one_outcome") {
            append(out, outcome);
        }
        if tenth && is("own_tokens") {
            append(out, Outcome { first: 1 << 60, ..outcome });
        }
        let Some(mut held) = self.held.pop_front() else { return false };
        if is("borrowed_messages") {
            // SAFETY: none: the content was borrowed for `publish` alone, and that is the fault.
            held.content = unsafe { held.borrowed.as_slice() }.to_vec();
        }
        if !held.refused && (receive || is("uninvited")) && !(tenth && is("confirmed")) {
            self.deliver(held, at_ns, tenth, agents, out);
        }
        true
    }

    fn deliver(&mut self, mut held: Held, at_ns: u64, tenth: bool, agents: u32, out: &mut Out) {
        let len = held.content.len();
        if is("contents") && tenth && len < 300 && len > 0 {
            held.content[0] ^= 1;
        }
        if is("empty_contents") && len == 0 {
            held.content.push(b'x');
        }
        if is("large_contents") {
            held.content.truncate(65_536);
        }
        self.told.push(held.content);
        let content = self.told.last().map_or(abi::Bytes::EMPTY, |content| abi::Bytes::new(content));
        let mut copy = Delivery {
            stamp: held.stamp,
            content,
            at_ns,
            ack_tag: held.token,
            recipient_id: held.recipient,
            ..Delivery::EMPTY
        };
        if tenth {
            match () {
                () if is("stamps") => copy.stamp.intended_ns += 1,
                () if is("ordered") => copy.at_ns += 100_000_000,
                () if is("delivered_memory") => copy.content = abi::Bytes { ptr: std::ptr::null(), len: 5 },
                () if is("garbage_pointer") => copy.content.ptr = std::ptr::without_provenance(16),
                () if is("garbage_length") => copy.content.len = 1 << 46,
                () => {}
            }
        }
        append_copy(out, copy);
        if tenth {
            let again = match () {
                () if is("exactly_once") => Some(copy.recipient_id),
                () if is("recipients") => Some(agents),
                () if is("addressed") => Some(copy.stamp.sender),
                () => None,
            };
            if let Some(recipient_id) = again {
                append_copy(out, Delivery { recipient_id, ..copy });
            }
        }
    }
}

fn append(out: &mut Out, outcome: Outcome) {
    if out.outcomes_len < out.outcomes_cap {
        // SAFETY: "the core appends" within its room.
        unsafe { out.outcomes.add(out.outcomes_len as usize).write(outcome) };
        out.outcomes_len += 1;
    }
}

fn append_copy(out: &mut Out, copy: Delivery) {
    if out.deliveries_len < out.deliveries_cap {
        // SAFETY: as in `append`.
        unsafe { out.deliveries.add(out.deliveries_len as usize).write(copy) };
        out.deliveries_len += 1;
    }
}

/// # Safety
/// `session` was made by `open`, and no other call of it is under way.
unsafe fn session_of<'a>(session: *mut RawSession) -> &'a mut Session {
    // SAFETY: the caller's promise: "[session]".
    unsafe { &mut *session.cast::<Session>() }
}

#[expect(clippy::empty_loop, reason = "that is the fault")]
fn end_in(function: &str) {
    match () {
        () if function == "publish" && is("blocks_in_publish") => {
            std::thread::sleep(Duration::from_secs(600))
        }
        () if function == "publish" && is("exits") => std::process::exit(3),
        () if function == "publish" && is("aborts") => std::process::abort(),
        () if function == "poll" && is("spins_in_poll") => loop {},
        () if function == "publish" && is("allocates") => loop {
            std::mem::forget(std::hint::black_box(vec![1u8; 1 << 20]));
        },
        () => {}
    }
}

pub unsafe extern "C" fn publish(
    session: *mut RawSession,
    now_ns: u64,
    messages: *const Message,
    n: u32,
    accepted: *mut u32,
    out: *mut Out,
    _error: *mut ErrorBuffer,
) -> i32 {
    end_in("publish");
    // SAFETY: the pointers are as the contract says.
    let (session, out) = unsafe { (session_of(session), &mut *out) };
    session.told.clear();
    if is("one_message") {
        return abi::INTERNAL;
    }
    if is("back_pressure") && n >= 512 {
        return abi::OK;
    }
    if is("appends") && out.outcomes_len > 0 {
        // SAFETY: it stands there, and is another's: that is the fault.
        unsafe { (*out.outcomes).at_ns += 1 };
    }
    #[cfg(target_arch = "x86_64")]
    if is("rounding") {
        // Small numbers are zero: what `-ffast-math` would do.
        let word = 0x9fc0u32;
        // SAFETY: reads the word.
        unsafe { std::arch::asm!("ldmxcsr [{}]", in(reg) &raw const word, options(nostack, readonly)) };
    }
    if is("only_read") {
        out.deliveries_cap += 1;
    }
    if is("host_texts") {
        let core = session.core();
        let garbled = Str { ptr: [0xff, 0xfe].as_ptr(), len: 2 };
        // SAFETY: "[any thread]"; but this is no UTF-8.
        unsafe { core.host().log.map(|log| log(core.host, abi::LOG_INFO, garbled)) };
    }
    if is("garbage_text") {
        let core = session.core();
        let garbage = Str { ptr: std::ptr::without_provenance(16), len: 5 };
        // SAFETY: "[any thread]"; but there is no text.
        unsafe { core.host().log.map(|log| log(core.host, abi::LOG_INFO, garbage)) };
    }
    if is("silent") {
        println!("hello from a core");
    }
    if is("no_sleeping") || is("calls_return") {
        std::thread::sleep(Duration::from_millis(if is("calls_return") { 5 } else { 1 }));
    }
    for index in 0..n {
        // SAFETY: "`n` messages".
        let message = unsafe { &*messages.add(index as usize) };
        session.accept(now_ns, message, index, n);
    }
    // SAFETY: the caller's.
    unsafe {
        *accepted = match () {
            () if is("accepted_prefix") && n > 1 => n + 1,
            () if is("empty_batch") && n == 0 => 1,
            () => n,
        }
    };
    if !is("progress") && !is("wakes") && n > 0 {
        out.next_due_ns = out.next_due_ns.min(now_ns);
    }
    if is("never_wakes") || is("waker") {
        session.wake();
    }
    abi::OK
}

pub unsafe extern "C" fn poll(
    session: *mut RawSession,
    now_ns: u64,
    out: *mut Out,
    _error: *mut ErrorBuffer,
) -> i32 {
    end_in("poll");
    // SAFETY: as in `publish`.
    let (session, out) = unsafe { (session_of(session), &mut *out) };
    session.told.clear();
    if is("status_ok") && session.count > 100 {
        return abi::IO;
    }
    if std::mem::take(&mut session.deaf) {
        return abi::OK;
    }
    if is("medium_empty") && !session.held.is_empty() && !std::mem::replace(&mut session.has_lied, true) {
        out.flags |= abi::OUT_EMPTY | abi::OUT_MORE;
        return abi::OK;
    }
    while session.tell(now_ns, out) {}
    if !session.held.is_empty() || is("more_ends") {
        out.flags |= abi::OUT_MORE;
    }
    if is("due_moves_on") {
        out.next_due_ns = now_ns;
    }
    abi::OK
}

pub unsafe extern "C" fn acknowledge(
    _session: *mut RawSession,
    _now_ns: u64,
    _tags: *const u64,
    _n: u32,
    _kind: u32,
    _out: *mut Out,
    _error: *mut ErrorBuffer,
) -> i32 {
    abi::OK
}

pub unsafe extern "C" fn flush(session: *mut RawSession, _now_ns: u64, _error: *mut ErrorBuffer) -> i32 {
    // SAFETY: as in `publish`.
    let session = unsafe { session_of(session) };
    session.deaf = is("progress") || is("wakes");
    if is("flush") && session.count == 0 { abi::IO } else { abi::OK }
}
