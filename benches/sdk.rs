//! What the SDK's safe trait costs over the raw functions of the contract: the same trivial simulated work behind
//! both, called through the same table of functions, in turns.
//!
//! `cargo bench --bench sdk` prints, for batches of 1, 16 and 64, nanoseconds a message of each, their difference
//! and their ratio (medians over the rounds). At batches of 64 the difference is to be below 2 ns.

use mqscript_plugin::abi::{self, CoreVtable, ErrorBuffer, RawCore, RawSession, Str};
use mqscript_plugin::prelude::*;
use std::hint::black_box;
use std::ptr;
use std::time::Instant;
use support::bench::median;

/// Messages of one measurement: short enough to fall between two interruptions, mostly.
const MESSAGES: u64 = 256_000;
const ROUNDS: usize = 61;
const LATENCY_NS: u64 = 1_000_000;

/// The work on the SDK.
struct Safe;
struct SafeSession;

impl Core for Safe {
    const ID: &'static str = "safe";
    const SUMMARY: &'static str = "Delivers everything after one millisecond";
    const OPTIONS_SCHEMA: &'static str = r#"{"type": "object", "properties": {}}"#;
    const CAPABILITIES: Capabilities = Capabilities::SIMULATED;
    type Session = SafeSession;

    fn create(_options: Options, _run: Run, _host: Host) -> Result<Self, Error> {
        Ok(Safe)
    }

    fn open(&mut self, _open: Open) -> Result<SafeSession, Error> {
        Ok(SafeSession)
    }
}

impl Session for SafeSession {
    fn publish<'s>(
        &'s mut self,
        now_ns: u64,
        messages: &'s [Message<'s>],
        out: &mut Out<'s>,
    ) -> Result<u32, Error> {
        for message in messages {
            out.outcome(message.token(), OutcomeResult::Delivered, 0, now_ns + LATENCY_NS);
        }
        Ok(messages.len() as u32)
    }
}

mqscript_plugin::export_core!(Safe);

unsafe extern "C" {
    /// Made by `export_core!`, a few lines above.
    fn mqs_plugin_entry_v1(host: *const abi::Host) -> *const abi::PluginDescriptor;
}

/// The work on the bare contract, as a core in C does it.
unsafe extern "C" fn raw_publish(
    _session: *mut RawSession,
    now_ns: u64,
    messages: *const abi::Message,
    n: u32,
    accepted: *mut u32,
    out: *mut abi::Out,
    _error: *mut ErrorBuffer,
) -> i32 {
    // SAFETY: "`messages` points to `n` messages", and the rest is the host's, borrowed for the call; an outcome is
    // only written where there is room.
    unsafe {
        let out = &mut *out;
        for i in 0..n {
            if out.outcomes_len == out.outcomes_cap {
                break;
            }
            let token = (*messages.add(i as usize)).token;
            let outcome = abi::Outcome::one(token, abi::DELIVERED, 0, now_ns + LATENCY_NS);
            out.outcomes.add(out.outcomes_len as usize).write(outcome);
            out.outcomes_len += 1;
        }
        *accepted = n;
    }
    abi::OK
}

/// A session, by the function that publishes on it.
struct Target {
    publish: unsafe extern "C" fn(
        *mut RawSession,
        u64,
        *const abi::Message,
        u32,
        *mut u32,
        *mut abi::Out,
        *mut ErrorBuffer,
    ) -> i32,
    session: *mut RawSession,
}

/// The SDK's core, through its exported functions, up to the open session; it lasts as long as the program.
fn safe() -> Target {
    let run: &'static abi::Run = Box::leak(Box::new(abi::Run {
        struct_size: size_of::<abi::Run>() as u32,
        run: 1,
        clock_kind: abi::CLOCK_VIRTUAL,
        agents: 0,
        parties: 0,
        types_len: 0,
        types: ptr::null(),
        party_name: None,
        host_data: ptr::null(),
        receive: 0,
        wants_content: 0,
        max_in_flight: u32::MAX,
        reserved: 0,
        groups: std::ptr::null(),
        groups_len: 0,
        reserved_tail: 0,
    }));
    let opening = abi::Open {
        struct_size: size_of::<abi::Open>() as u32,
        reserved: 0,
        waker: 0,
        load_start_ns: 0,
        inner: ptr::null(),
    };
    let (mut core, mut session, mut able) = (ptr::null_mut::<RawCore>(), ptr::null_mut(), 0);
    // SAFETY: the functions are called in the contract's order, with what they ask for; the run is never freed.
    let vtable: &CoreVtable = unsafe {
        let vtable = &*(**(*mqs_plugin_entry_v1(ptr::null())).cores).vtable;
        let (create, open) = (vtable.create.expect("create"), vtable.open.expect("open"));
        let made = create(ptr::null(), Str::new("{}"), run, 1, &mut core, &mut able, ptr::null_mut());
        assert_eq!(made, abi::OK);
        assert_eq!(open(core, &opening, &mut session, ptr::null_mut()), abi::OK);
        vtable
    };
    Target { publish: vtable.publish.expect("publish"), session }
}

/// Nanoseconds a message, in batches of `batch`.
fn measure(target: &Target, messages: &mut [abi::Message], outcomes: &mut [abi::Outcome]) -> f64 {
    let n = messages.len() as u32;
    let mut out = abi::Out {
        struct_size: size_of::<abi::Out>() as u32,
        flags: 0,
        outcomes: outcomes.as_mut_ptr(),
        outcomes_cap: outcomes.len() as u32,
        outcomes_len: 0,
        deliveries: ptr::null_mut(),
        deliveries_cap: 0,
        deliveries_len: 0,
        next_due_ns: abi::NEVER,
    };
    let (publish, calls) = (black_box(target.publish), MESSAGES / u64::from(n));
    let start = Instant::now();
    for call in 0..calls {
        let mut accepted = 0;
        out.outcomes_len = 0;
        // SAFETY: an open session, used by this thread alone; `n` messages, and room for `n` outcomes.
        let status = unsafe {
            publish(target.session, call, messages.as_ptr(), n, &mut accepted, &mut out, ptr::null_mut())
        };
        assert!(status == abi::OK && accepted == n && out.outcomes_len == n);
        black_box(&out);
    }
    let taken = start.elapsed().as_secs_f64() * 1e9 / (calls * u64::from(n)) as f64;
    assert_eq!(outcomes[0].at_ns, calls - 1 + LATENCY_NS, "the work was done");
    taken
}

fn main() {
    let (raw, safe) = (Target { publish: raw_publish, session: ptr::null_mut() }, safe());
    for batch in [1, 16, 64] {
        let mut messages: Vec<abi::Message> =
            (1..=batch).map(|token| abi::Message { token, ..abi::Message::EMPTY }).collect();
        let mut outcomes = vec![abi::Outcome::EMPTY; batch as usize];
        let mut one = |target: &Target| measure(target, &mut messages, &mut outcomes);
        // In turns, so that what the machine does meanwhile falls on both.
        let rounds: Vec<(f64, f64)> = (0..ROUNDS).map(|_| (one(&raw), one(&safe))).collect();
        let cost = median(rounds.iter().map(|(raw, safe)| safe - raw));
        let ratio = median(rounds.iter().map(|(raw, safe)| safe / raw));
        let (raw, safe) = rounds.into_iter().unzip::<f64, f64, Vec<_>, Vec<_>>();
        println!(
            "batches of {batch:2}: raw {:.2}, SDK {:.2} ns a message; difference {cost:.2} ns, ratio {ratio:.2}",
            median(raw),
            median(safe),
        );
    }
}
