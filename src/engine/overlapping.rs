//! Bursts that are spread over more time than lies between them, merged in order of time.

use super::arrivals::offset_ns;
use mqscript_plugin::random::Stream;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// The bursts of one group, with the bursts of each agent that have begun and not ended.
#[derive(Debug, Clone)]
pub struct Overlapping {
    size: u64,
    every_ns: u64,
    spread_ns: u64,
    agents: Vec<UnderWay>,
}

/// The bursts of one agent that have begun and not ended, each with its next message.
#[derive(Debug, Clone, Default)]
struct UnderWay {
    /// Time, number of the burst, number of the message in it; the earliest first.
    next: BinaryHeap<Reverse<(u64, u64, u64)>>,
    /// The number of bursts that have begun.
    begun: u64,
}

impl Overlapping {
    /// Bursts of `size` messages every `every_ns`, each spread over `spread_ns`.
    pub fn new(size: u64, every_ns: u64, spread_ns: u64) -> Overlapping {
        Overlapping { size, every_ns, spread_ns, agents: Vec::new() }
    }

    /// Adds an agent. Returns its index.
    pub fn add_agent(&mut self) -> u64 {
        self.agents.push(UnderWay::default());
        self.agents.len() as u64 - 1
    }

    /// The time of the agent's next arrival; `None` if it does not fit into 64 bits.
    pub fn next(&mut self, agent: u64, stream: &mut Stream) -> Option<u64> {
        let Overlapping { size, every_ns, spread_ns, .. } = *self;
        let UnderWay { next, begun } = &mut self.agents[agent as usize];
        // A burst that begins before the earliest known message may have an earlier message.
        while let Some(start_ns) = begun.checked_mul(every_ns)
            && next.peek().is_none_or(|Reverse((time_ns, ..))| start_ns <= *time_ns)
        {
            let time_ns = start_ns.saturating_add(offset_ns(0, size, spread_ns, stream));
            next.push(Reverse((time_ns, *begun, 0)));
            *begun += 1;
        }
        let Reverse((time_ns, burst, within)) = next.pop()?;
        let within = within + 1;
        if within < size {
            let start_ns = burst * every_ns;
            let later_ns = start_ns.saturating_add(offset_ns(within, size, spread_ns, stream));
            next.push(Reverse((later_ns, burst, within)));
        }
        Some(time_ns)
    }
}
