//! Sixty-four messages of one agent, as the receiver's ledger keeps them.

use mqscript_plugin::abi::ALL;

/// The number of messages in a chunk.
pub const SIZE: u64 = 64;

/// The state of the messages `64 n + 1 … 64 n + 64` of an agent: handed over, delivered as the sender knows, and
/// received, and by whom. Bit i stands for message `64 n + 1 + i`.
#[derive(Debug)]
pub struct Chunk {
    sender: u32,
    handed_over: u64,
    delivered: u64,
    /// Messages to one agent that this agent received.
    received: u64,
    to_all: u64,
    /// Messages that a processor has given up.
    given_up: u64,
    /// Messages whose intended time lies in the measured window.
    measured: u64,
    recipients: [u32; SIZE as usize],
    /// Broadcasts received, by agent; empty as long as the chunk has no broadcast.
    received_by: Vec<u64>,
    /// The number of copies, of messages handed over, that are not received.
    awaited: u64,
}

/// What a copy turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// The first copy of its message for this agent.
    First {
        /// Whether the sender already knows the message as delivered.
        delivered: bool,
        /// Whether the message was for all.
        to_all: bool,
        /// Whether a processor had given the message up.
        given_up: bool,
    },
    /// A further copy of a message that this agent has received.
    Again,
    /// A copy of a message that was never handed over for this agent.
    Never,
}

impl Chunk {
    /// A chunk of a sender in which no message is handed over yet.
    pub fn new(sender: u32) -> Chunk {
        Chunk {
            sender,
            handed_over: 0,
            delivered: 0,
            received: 0,
            to_all: 0,
            given_up: 0,
            measured: 0,
            recipients: [0; SIZE as usize],
            received_by: Vec::new(),
            awaited: 0,
        }
    }

    /// The memory that the chunk takes, in bytes.
    pub fn bytes(&self) -> u64 {
        (size_of::<Chunk>() + 8 * self.received_by.capacity()) as u64
    }

    /// Notes that the core accepted message `bit` for the first time; `copies` will come of it, and there are `agents`
    /// agents.
    #[inline]
    pub fn handed_over(&mut self, bit: u64, recipient: u32, measured: bool, copies: u64, agents: usize) {
        self.handed_over |= 1 << bit;
        self.measured |= u64::from(measured) << bit;
        self.recipients[bit as usize] = recipient;
        self.awaited += copies;
        if recipient == ALL {
            self.to_all |= 1 << bit;
            self.received_by.resize(agents, 0);
        }
    }

    /// Notes that the sender knows message `bit` as delivered. Returns how many of its copies were received before.
    #[inline]
    pub fn delivered(&mut self, bit: u64) -> u64 {
        self.delivered |= 1 << bit;
        self.received_of(bit)
    }

    /// Notes that a processor has given up message `bit`. Returns whether this is new, for a message that was handed
    /// over.
    ///
    /// A branch on purpose: of `self.given_up |= u64::from(is_new) << bit`, rustc 1.95 with LLVM 22 loses the store from
    /// optimisation level 2 on where this is inlined.
    pub fn given_up(&mut self, bit: u64) -> bool {
        let own = 1 << bit;
        let is_new = self.handed_over & !self.given_up & own != 0;
        if is_new {
            self.given_up |= own;
        }
        is_new
    }

    /// Whether message `bit` was given up.
    #[inline]
    pub fn is_given_up(&self, bit: u64) -> bool {
        self.given_up >> bit & 1 != 0
    }

    /// Whether message `bit` is known as delivered.
    pub fn is_delivered(&self, bit: u64) -> bool {
        self.delivered >> bit & 1 != 0
    }

    /// The recipient of message `bit`.
    pub fn recipient(&self, bit: u64) -> u32 {
        self.recipients[bit as usize]
    }

    /// The number of received copies of message `bit`.
    #[inline]
    pub fn received_of(&self, bit: u64) -> u64 {
        if self.to_all >> bit & 1 == 0 {
            return self.received >> bit & 1;
        }
        self.received_by.iter().map(|received| received >> bit & 1).sum()
    }

    /// Notes that a copy of message `bit` arrived at `agent`. Returns what it is.
    #[inline]
    pub fn received(&mut self, bit: u64, agent: u32) -> Seen {
        if self.handed_over >> bit & 1 == 0 {
            return Seen::Never;
        }
        let to_all = self.to_all >> bit & 1 != 0;
        let received = if !to_all {
            if self.recipients[bit as usize] != agent {
                return Seen::Never;
            }
            &mut self.received
        } else {
            match self.received_by.get_mut(agent as usize) {
                Some(received) if agent != self.sender => received,
                _ => return Seen::Never,
            }
        };
        if *received >> bit & 1 != 0 {
            return Seen::Again;
        }
        *received |= 1 << bit;
        self.awaited -= 1;
        let given_up = self.given_up >> bit & 1 != 0;
        Seen::First { delivered: self.delivered >> bit & 1 != 0, to_all, given_up }
    }

    /// Whether all messages were delivered and every copy was received: then the chunk can be forgotten.
    #[inline]
    pub fn is_complete(&self) -> bool {
        self.awaited == 0 && self.delivered == u64::MAX
    }

    /// Calls `tell` for each agent with the number of copies of measured messages that it should have received and did
    /// not.
    pub fn lost(&self, mut tell: impl FnMut(u32, u64)) {
        let expected = self.delivered & !self.given_up;
        let to_one = expected & self.measured & !self.to_all & !self.received;
        (0..SIZE).filter(|bit| to_one >> bit & 1 != 0).for_each(|bit| tell(self.recipients[bit as usize], 1));
        let to_all = expected & self.measured & self.to_all;
        for (agent, received) in self.received_by.iter().enumerate() {
            let missing = (to_all & !received).count_ones();
            if missing > 0 && agent as u32 != self.sender {
                tell(agent as u32, u64::from(missing));
            }
        }
    }

    /// Calls `tell` for each copy that is expected and did not come, with the message's bit and the agent.
    pub fn each_lost(&self, mut tell: impl FnMut(u64, u32)) {
        let expected = self.delivered & !self.given_up;
        for bit in (0..SIZE).filter(|bit| expected >> bit & 1 != 0) {
            if self.to_all >> bit & 1 == 0 {
                if self.received >> bit & 1 == 0 {
                    tell(bit, self.recipients[bit as usize]);
                }
                continue;
            }
            let agents = (0u32..).zip(&self.received_by);
            agents
                .filter(|(agent, received)| *agent != self.sender && *received >> bit & 1 == 0)
                .for_each(|(agent, _)| tell(bit, agent));
        }
    }
}
