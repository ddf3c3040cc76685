//! The model as one writes it by hand: a loop over a `BinaryHeap` of events, two for each message, and sums.

mod told;

use mqscript_plugin::random::Stream;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

const AGENTS: u32 = 9;
const WORKERS: usize = 64;
const RATE_PER_S: f64 = WORKERS as f64 * 0.95 / 0.0055;

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Arrival { agent: u32 },
    End { arrived_ns: u64 },
}

fn gap_ns(stream: &mut Stream) -> u64 {
    (-(1.0 - stream.unit()).ln() * 1e9 * f64::from(AGENTS) / RATE_PER_S + 0.5) as u64
}

fn main() {
    let (messages, before) = (told::messages(), told::cpu_s());
    let until_ns = (messages / RATE_PER_S * 1e9) as u64;
    let mut arrivals: Vec<Stream> =
        (0..AGENTS).map(|agent| Stream::sequential(told::seed(), u64::from(agent), "arrival")).collect();
    let mut luck = Stream::sequential(told::seed(), 0, "luck");
    let mut events = BinaryHeap::with_capacity(AGENTS as usize + WORKERS);
    let mut created = 0..;
    let mut put = |events: &mut BinaryHeap<_>, time_ns: u64, due| {
        events.push(Reverse((time_ns, created.next().unwrap_or(0u64), due)));
    };
    for agent in 0..AGENTS {
        put(&mut events, gap_ns(&mut arrivals[agent as usize]), Due::Arrival { agent });
    }
    let (mut queue, mut busy) = (VecDeque::new(), 0);
    let (mut generated, mut delivered, mut waited_ns) = (0, 0, 0);
    while let Some(Reverse((now_ns, _, due))) = events.pop() {
        match due {
            Due::Arrival { .. } if now_ns >= until_ns => continue,
            Due::Arrival { agent } => {
                generated += 1;
                put(&mut events, now_ns + gap_ns(&mut arrivals[agent as usize]), Due::Arrival { agent });
                queue.push_back(now_ns);
            }
            Due::End { arrived_ns } => {
                busy -= 1;
                delivered += u64::from(luck.unit() < 0.95);
                std::hint::black_box(now_ns - arrived_ns);
            }
        }
        while busy < WORKERS {
            let Some(arrived_ns) = queue.pop_front() else { break };
            waited_ns += now_ns - arrived_ns;
            busy += 1;
            put(&mut events, now_ns + 1_000_000 + luck.below(9_000_001), Due::End { arrived_ns });
        }
    }
    told::tell(generated, delivered, waited_ns as f64 / generated as f64, told::cpu_s() - before);
}
