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
    /// Messages of which every copy was received.
    received: u64,
    to_all: u64,
    /// Messages that a processor has given up.
    given_up: u64,
    /// Messages whose intended time lies in the measured window.
    measured: u64,
    recipients: [u32; SIZE as usize],
    /// The number of copies of a broadcast.
    copies_to_all: u32,
    /// The broadcasts of which copies are awaited.
    awaited_by: Vec<Broadcast>,
    /// The number of copies, of messages handed over, that are not received.
    awaited: u64,
}

/// A broadcast of which copies are awaited. Once all have come, nothing of it is kept but a bit in the chunk.
#[derive(Debug)]
struct Broadcast {
    bit: u64,
    missing: u32,
    /// The agents that received it, a bit for each.
    received_by: Box<[u64]>,
}

impl Broadcast {
    fn has_come_to(&self, agent: u32) -> bool {
        self.received_by[agent as usize / 64] >> (agent % 64) & 1 != 0
    }
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
            copies_to_all: 0,
            awaited_by: Vec::new(),
            awaited: 0,
        }
    }

    /// The memory that the chunk takes, in bytes.
    pub fn bytes(&self) -> u64 {
        size_of::<Chunk>() as u64 + self.awaited_by.len() as u64 * self.bytes_of_broadcast()
    }

    /// The memory that a broadcast takes while copies of it are awaited, in bytes.
    pub fn bytes_of_broadcast(&self) -> u64 {
        (size_of::<Broadcast>() + 8 * (self.copies_to_all as usize + 1).div_ceil(64)) as u64
    }

    /// The number of broadcasts of which copies are awaited.
    #[inline]
    pub fn awaited_broadcasts(&self) -> usize {
        self.awaited_by.len()
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
            self.copies_to_all = copies as u32;
            self.expect_broadcast(bit, agents);
        }
    }

    fn expect_broadcast(&mut self, bit: u64, agents: usize) {
        let received_by = vec![0; agents.div_ceil(64)].into_boxed_slice();
        match self.copies_to_all {
            0 => self.received |= 1 << bit,
            missing => self.awaited_by.push(Broadcast { bit, missing, received_by }),
        }
    }

    fn awaited(&self, bit: u64) -> Option<&Broadcast> {
        self.awaited_by.iter().find(|broadcast| broadcast.bit == bit)
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
        let all = if self.to_all >> bit & 1 == 0 { 1 } else { u64::from(self.copies_to_all) };
        match self.awaited(bit) {
            Some(broadcast) => all - u64::from(broadcast.missing),
            None => all * (self.received >> bit & 1),
        }
    }

    /// Notes that a copy of message `bit` arrived at `agent`. Returns what it is.
    #[inline]
    pub fn received(&mut self, bit: u64, agent: u32) -> Seen {
        if self.handed_over >> bit & 1 == 0 {
            return Seen::Never;
        }
        let to_all = self.to_all >> bit & 1 != 0;
        if !to_all && self.recipients[bit as usize] != agent || to_all && !self.is_recipient(agent) {
            return Seen::Never;
        }
        if self.received >> bit & 1 != 0 || to_all && !self.broadcast_received(bit, agent) {
            return Seen::Again;
        }
        if !to_all {
            self.received |= 1 << bit;
        }
        self.awaited -= 1;
        let given_up = self.given_up >> bit & 1 != 0;
        Seen::First { delivered: self.delivered >> bit & 1 != 0, to_all, given_up }
    }

    /// Whether broadcasts of this chunk go to an agent.
    fn is_recipient(&self, agent: u32) -> bool {
        agent <= self.copies_to_all && agent != self.sender
    }

    /// Notes that the copy of a broadcast, of which some are awaited, has come to an agent. Returns whether it is the
    /// first.
    #[inline]
    fn broadcast_received(&mut self, bit: u64, agent: u32) -> bool {
        let Some(place) = self.awaited_by.iter().position(|broadcast| broadcast.bit == bit) else {
            return false;
        };
        let broadcast = &mut self.awaited_by[place];
        if broadcast.has_come_to(agent) {
            return false;
        }
        broadcast.received_by[agent as usize / 64] |= 1 << (agent % 64);
        broadcast.missing -= 1;
        if broadcast.missing == 0 {
            self.received |= 1 << bit;
            self.awaited_by.swap_remove(place);
        }
        true
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
        let measured = |broadcast: &&Broadcast| (expected & self.measured) >> broadcast.bit & 1 != 0;
        let lost: Vec<&Broadcast> = self.awaited_by.iter().filter(measured).collect();
        for agent in (0..=self.copies_to_all).filter(|agent| self.is_recipient(*agent)) {
            let missing = lost.iter().filter(|broadcast| !broadcast.has_come_to(agent)).count();
            if missing > 0 {
                tell(agent, missing as u64);
            }
        }
    }

    /// Calls `tell` for each copy that is expected and did not come, with the message's bit and the agent.
    pub fn each_lost(&self, mut tell: impl FnMut(u64, u32)) {
        let expected = self.delivered & !self.given_up;
        for bit in (0..SIZE).filter(|bit| expected >> bit & 1 != 0) {
            if self.received >> bit & 1 != 0 {
                continue;
            }
            match self.awaited(bit) {
                None => tell(bit, self.recipients[bit as usize]),
                Some(broadcast) => (0..=self.copies_to_all)
                    .filter(|agent| self.is_recipient(*agent) && !broadcast.has_come_to(*agent))
                    .for_each(|agent| tell(bit, agent)),
            }
        }
    }
}
