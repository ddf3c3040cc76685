//! The model: agents, the queue, the workers, and the core behind its border.

use super::records::{Figures, Occupancy, Records};
use super::wheel::Wheel;
use mqscript_plugin::abi;
use mqscript_plugin::distribution::{Distribution, standard_exponential};
use mqscript_plugin::random::{KeyedSource, SenderSource, Stream, text_key};
use std::collections::VecDeque;
use std::hint::black_box;

pub const AGENTS: usize = 9;
const WORKERS: usize = 64;
/// Arrivals per second that keep the workers, of 5.5 ms a message, 95 % busy.
const RATE_PER_S: f64 = WORKERS as f64 * 0.95 / 0.0055;
const SUCCESS_RATE: f64 = 0.95;
/// The shares, of 2³², up to which a draw means each of the reasons of a failure.
pub const REASONS: [u64; 3] = [1 << 31, 3_435_973_836, 1 << 32];
const LATENCY: Distribution = Distribution::Uniform { min: 1_000_000, max: 10_000_000 };
/// The most messages that are handed over in one call.
const BATCH: usize = 10;

/// Plays the model until about so many messages have arrived, and until the last has ended.
pub fn play(messages: f64, seed: u64) -> Figures {
    let mut mini = Mini::new(seed, (messages / RATE_PER_S * 1e9) as u64);
    while let Some((now_ns, due)) = mini.wheel.next() {
        if due & ARRIVAL == 0 {
            mini.ended(now_ns, due);
        } else if now_ns < mini.until_ns {
            mini.arrived(now_ns, due);
        } else {
            continue;
        }
        if mini.busy.count < WORKERS as u64 && !mini.queue.is_empty() {
            mini.hand_over(now_ns);
        }
    }
    mini.records.figures(&mini.waiting, &mini.busy)
}

/// The bit of an entry that says that an agent's next message arrives; the others are the agent's number. Without it they
/// are the message's, which has ended.
const ARRIVAL: u32 = 1 << 31;

#[repr(align(32))]
struct Agent {
    arrivals: Stream,
    /// The gap after the next arrival, drawn ahead so that nothing waits for the logarithm.
    gap_ns: u64,
    messages: Stream,
    sequence: u64,
}

#[derive(Clone, Copy)]
pub struct Message {
    pub intended_ns: u64,
    pub accepted_ns: u64,
    pub sequence: u64,
    pub agent: u32,
    pub recipient: u32,
    /// Why it will not be delivered; 0 if it will.
    pub reason: u32,
}

struct Mini {
    until_ns: u64,
    mean_gap_ns: f64,
    agents: Vec<Agent>,
    core: Core,
    wheel: Wheel,
    messages: Vec<Message>,
    free: Vec<u32>,
    queue: VecDeque<u32>,
    token: u64,
    batch: [abi::Message; BATCH],
    outcomes: [abi::Outcome; BATCH],
    waiting: Occupancy,
    busy: Occupancy,
    records: Records,
}

impl Mini {
    fn new(seed: u64, until_ns: u64) -> Mini {
        let mean_gap_ns = 1e9 / (RATE_PER_S / AGENTS as f64);
        let keys: Vec<u64> = (1..=AGENTS).map(|number| text_key(&format!("Agent-{number}"))).collect();
        let fates = KeyedSource::new(seed, "mock", "fate");
        let mut wheel = Wheel::new();
        let mut agents = Vec::with_capacity(AGENTS);
        for (number, key) in keys.iter().enumerate() {
            let mut arrivals = Stream::sequential(seed, *key, "arrival");
            wheel.put(gap_ns(&mut arrivals, mean_gap_ns), number as u32 | ARRIVAL);
            let gap_ns = gap_ns(&mut arrivals, mean_gap_ns);
            let messages = Stream::sequential(seed, *key, "message");
            agents.push(Agent { arrivals, gap_ns, messages, sequence: 0 });
        }
        Mini {
            until_ns,
            mean_gap_ns,
            agents,
            core: Core { senders: keys.iter().map(|key| fates.sender(*key)).collect() },
            wheel,
            messages: Vec::new(),
            free: Vec::new(),
            queue: VecDeque::new(),
            token: 0,
            batch: [abi::Message::EMPTY; BATCH],
            outcomes: [abi::Outcome::EMPTY; BATCH],
            waiting: Occupancy::default(),
            busy: Occupancy::default(),
            records: Records::new(until_ns),
        }
    }

    /// An agent's message arrives and waits in the queue; the agent's next one is put on the wheel.
    #[inline(always)]
    fn arrived(&mut self, now_ns: u64, due: u32) {
        let number = due & !ARRIVAL;
        let agent = &mut self.agents[number as usize];
        // There is one type to choose from: the draw is made all the same.
        black_box(agent.messages.next_u64());
        let other = agent.messages.below(AGENTS as u64 - 1) as u32;
        let recipient = other + u32::from(other >= number);
        agent.sequence += 1;
        let message = Message {
            intended_ns: now_ns,
            accepted_ns: 0,
            sequence: agent.sequence,
            agent: number,
            recipient,
            reason: 0,
        };
        self.wheel.put(now_ns + agent.gap_ns, due);
        agent.gap_ns = gap_ns(&mut agent.arrivals, self.mean_gap_ns);
        let id = match self.free.pop() {
            Some(id) => {
                self.messages[id as usize] = message;
                id
            }
            None => {
                self.messages.push(message);
                (self.messages.len() - 1) as u32
            }
        };
        self.queue.push_back(id);
        self.waiting.change(now_ns, 1);
        self.records.generated(number, recipient, now_ns, self.waiting.count);
    }

    /// As many messages as there are free workers go to the core, at most a batch.
    #[inline(always)]
    fn hand_over(&mut self, now_ns: u64) {
        let room = (WORKERS - self.busy.count as usize).min(BATCH);
        let mut ids = [0; BATCH];
        let mut count = 0;
        while count < room {
            let Some(id) = self.queue.pop_front() else { break };
            let message = &self.messages[id as usize];
            let token = self.token + count as u64;
            ids[count] = id;
            self.batch[count] = abi::Message {
                token,
                stamp: abi::Stamp {
                    run: 1,
                    sender: message.agent,
                    sequence: message.sequence,
                    intended_ns: message.intended_ns,
                    checksum: 0,
                    type_id: 0,
                    attempt: 1,
                    flags: 1,
                },
                sender_id: message.agent,
                recipient_id: message.recipient,
                type_id: 0,
                priority: 1,
                attempt: 1,
                created_ns: message.intended_ns,
                expires_ns: abi::NEVER,
                ..abi::Message::EMPTY
            };
            count += 1;
        }
        let mut accepted = 0;
        // Unknown to the compiler, as the function of a loaded library is.
        let publish: Publish = black_box(publish);
        publish(&self.core, now_ns, &self.batch, count as u32, &mut self.outcomes, &mut accepted);
        let accepted = (accepted as usize).min(count);
        for (id, outcome) in ids[..accepted].iter().zip(&self.outcomes) {
            let message = &mut self.messages[*id as usize];
            message.accepted_ns = now_ns;
            message.reason = outcome.reason;
            self.records.agents[message.agent as usize].attempts += 1;
            self.wheel.put(outcome.at_ns, *id);
        }
        self.token += accepted as u64;
        self.waiting.change(now_ns, -(accepted as i64));
        self.busy.change(now_ns, accepted as i64);
    }

    /// A worker is done with a message.
    #[inline(always)]
    fn ended(&mut self, now_ns: u64, id: u32) {
        let message = self.messages[id as usize];
        self.free.push(id);
        self.busy.change(now_ns, -1);
        self.records.ended(&message, now_ns);
    }
}

#[inline(always)]
fn gap_ns(stream: &mut Stream, mean_ns: f64) -> u64 {
    (standard_exponential(stream.next_u64()) * mean_ns + 0.5) as u64
}

/// The mock core's part: each message's latency and luck, keyed by the message.
struct Core {
    senders: Vec<SenderSource>,
}

/// The reason that `bits` choose, from 1.
fn reason(bits: u64) -> u32 {
    1 + REASONS.iter().take_while(|share| bits >> 32 >= **share).count() as u32
}

type Publish =
    extern "C" fn(&Core, u64, &[abi::Message; BATCH], u32, &mut [abi::Outcome; BATCH], &mut u32) -> i32;

#[inline(never)]
extern "C" fn publish(
    core: &Core,
    now_ns: u64,
    messages: &[abi::Message; BATCH],
    count: u32,
    outcomes: &mut [abi::Outcome; BATCH],
    accepted: &mut u32,
) -> i32 {
    const SUCCEEDS_BELOW: u64 = (SUCCESS_RATE * 9_007_199_254_740_992.0) as u64;
    for (message, outcome) in messages.iter().zip(outcomes).take(count as usize) {
        let sender = core.senders[message.stamp.sender as usize];
        let mut luck = sender.stream(message.stamp.sequence, message.attempt, 0);
        let at_ns = now_ns + LATENCY.sample(luck.next_u64());
        let succeeds = luck.next_u64() >> 11 < SUCCEEDS_BELOW;
        let reason = if succeeds { 0 } else { reason(luck.next_u64()) };
        *outcome = abi::Outcome {
            first: message.token,
            count: 1,
            result: if succeeds { abi::DELIVERED } else { abi::REFUSED },
            reason,
            at_ns,
            ..abi::Outcome::EMPTY
        };
    }
    *accepted = count;
    0
}
