//! What the receiver's ledger costs: nanoseconds an event, and memory after 100 million messages in order.
//!
//! An event is a hand-over, a delivery or a copy: three for each message here. The limit beside it is the same loop
//! over three plain arrays of bits, which no ledger can undercut.

use mqscript::cores::abi::Stamp;
use mqscript::engine::Receipts;
use mqscript::results::max_rss_bytes;
use std::hint::black_box;
use std::time::Instant;

const AGENTS: u32 = 9;
const MESSAGES: u64 = 100_000_000;
/// Copies arrive so many messages after they were handed over.
const BEHIND: u64 = 64;

/// Sender and sequence of the n-th message: the agents take turns.
fn nth(n: u64) -> (u32, u64) {
    ((n % u64::from(AGENTS)) as u32, n / u64::from(AGENTS) + 1)
}

/// Nanoseconds an event.
fn timed(messages: u64, mut hand_over: impl FnMut(u32, u64), mut arrive: impl FnMut(u32, u64)) -> f64 {
    let start = Instant::now();
    for n in 0..messages + BEHIND {
        if n < messages {
            let (sender, sequence) = nth(n);
            hand_over(sender, sequence);
        }
        if n >= BEHIND {
            let (sender, sequence) = nth(n - BEHIND);
            arrive(sender, sequence);
        }
    }
    start.elapsed().as_nanos() as f64 / (3 * messages) as f64
}

fn with_ledger(messages: u64) -> f64 {
    let ledger = std::cell::RefCell::new(Receipts::new(AGENTS, 256 << 20));
    let cost = timed(
        messages,
        |sender, sequence| ledger.borrow_mut().handed_over(sender, sequence, (sender + 1) % AGENTS, true),
        |sender, sequence| {
            let mut ledger = ledger.borrow_mut();
            let stamp = Stamp { run: 1, sender, sequence, attempt: 1, ..Stamp::default() };
            black_box(ledger.received(&stamp, (sender + 1) % AGENTS, false));
            ledger.delivered(sender, sequence, (sender + 1) % AGENTS);
        },
    );
    let ledger = ledger.into_inner();
    assert_eq!((ledger.copies().received, ledger.copies().outstanding), (messages, 0));
    cost
}

fn with_bits(messages: u64) -> f64 {
    let words = (messages / u64::from(AGENTS) / 64 + 2) as usize;
    let bits = std::cell::RefCell::new([(); 3].map(|()| vec![vec![0u64; words]; AGENTS as usize]));
    let set = |which: usize, sender: u32, sequence: u64| {
        bits.borrow_mut()[which][sender as usize][(sequence / 64) as usize] |= 1 << (sequence % 64);
    };
    let cost = timed(
        messages,
        |sender, sequence| set(0, sender, sequence),
        |sender, sequence| {
            set(1, sender, sequence);
            set(2, sender, sequence);
        },
    );
    black_box(bits);
    cost
}

fn main() {
    let before = max_rss_bytes();
    let whole = with_ledger(MESSAGES);
    println!(
        "{MESSAGES} messages in order: {whole:.1} ns an event, {:.1} MB more resident at most",
        max_rss_bytes().saturating_sub(before) as f64 / 1e6
    );
    for _ in 0..3 {
        let (ledger, bits) = (with_ledger(MESSAGES / 10), with_bits(MESSAGES / 10));
        println!("ledger {ledger:.1} ns an event, three bit arrays {bits:.1} ns: {:.1} times", ledger / bits);
    }
}
