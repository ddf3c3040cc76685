//! The receiver's ledger: the class of every copy, after Jepsen's set and queue checkers.
//!
//! Messages are kept in chunks of 64 by agent. A chunk whose messages were all delivered and received once is
//! forgotten, so memory follows the gaps, not the messages. What the others take is bounded: beyond it the oldest
//! chunk is sealed as it stands, and a copy that comes for it later is counted as `late`.

use super::chunk::{self, Chunk, Seen};
use super::copy_class::Class;
use super::order::{Order, PRIORITIES};
use mqscript_plugin::Stamp;
use mqscript_plugin::abi::ALL;
use std::collections::VecDeque;

/// No chunk yet.
const NONE: u32 = u32::MAX;
/// A chunk in which everything was delivered and received.
const COMPLETE: u32 = u32::MAX - 1;
/// A chunk closed for want of memory.
const SEALED: u32 = u32::MAX - 2;

/// The largest sequence: no run generates more, so a stamp beyond it was changed on its way.
const SEQUENCE_MAX: u64 = u32::MAX as u64;

/// Counts of copies over the whole run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReceiptCounts {
    /// The number of copies of messages that are delivered, as their senders know.
    pub expected: u64,
    /// The number of first copies of each message at each agent.
    pub received: u64,
    /// The number of expected copies that have not come.
    pub outstanding: u64,
    /// The number of copies that have not come, of messages that a processor has given up.
    pub given_up: u64,
    /// The number of further copies of a message at the same agent.
    pub duplicated: u64,
    /// The number of further copies at agents that work on what they receive, which the medium handed over again because
    /// they had not been settled.
    pub redelivered: u64,
    /// The number of copies without a stamp, or of messages of this run that were never handed over for this agent.
    pub unexpected: u64,
    /// The number of copies with the stamp of another run.
    pub foreign: u64,
    /// The number of copies of first attempts that came after the copy of a later message.
    pub out_of_order: u64,
    /// The number of copies whose content differs from what was sent.
    pub corrupted: u64,
    /// The number of copies that came for a sealed chunk.
    pub late: u64,
}

impl ReceiptCounts {
    /// The number of copies that were received although their message is not known as delivered: "received = expected −
    /// lost − given up + recovered".
    pub fn recovered(&self) -> u64 {
        (self.received + self.outstanding + self.given_up) - self.expected
    }
}

/// The chunks of one agent, the first `base` of which are complete.
#[derive(Debug, Default)]
struct SenderReceipts {
    base: u32,
    chunks: VecDeque<u32>,
}

/// The ledger of all copies of a run.
#[derive(Debug)]
pub struct Receipts {
    agents: u32,
    senders: Vec<SenderReceipts>,
    pool: Vec<Option<Chunk>>,
    free: Vec<u32>,
    /// Open chunks, oldest first, by sender and number; some may have been completed since.
    opened: VecDeque<(u32, u32)>,
    bytes: u64,
    bytes_max: u64,
    order: Order,
    /// Messages to one agent and messages to all have no order among each other.
    by_address: bool,
    copies: ReceiptCounts,
    /// ReceiptCounts that measured messages of sealed chunks lost, by agent.
    sealed_lost: Vec<(u32, u64)>,
    /// A message of a sealed chunk was delivered afterwards: what is expected is not known any more.
    blurred: bool,
}

impl Receipts {
    /// The ledger of a run with `agents` agents, which takes about `bytes_max` bytes at most.
    pub fn new(agents: u32, bytes_max: u64) -> Receipts {
        Receipts {
            agents,
            senders: (0..agents).map(|_| SenderReceipts::default()).collect(),
            pool: Vec::new(),
            free: Vec::new(),
            opened: VecDeque::new(),
            bytes: 0,
            bytes_max,
            order: Order::new(agents as usize, PRIORITIES),
            by_address: false,
            copies: ReceiptCounts::default(),
            sealed_lost: Vec::new(),
            blurred: false,
        }
    }

    /// From now on, the order is checked only among messages to one agent, and among messages to all.
    pub fn order_by_address(&mut self) {
        self.by_address = true;
        self.order = Order::new(self.agents as usize, 2 * PRIORITIES);
    }

    /// The counts so far.
    pub fn copies(&self) -> &ReceiptCounts {
        &self.copies
    }

    /// Whether the order of all pairs was measured.
    pub fn measures_order(&self) -> bool {
        self.order.is_measured()
    }

    /// Whether something is unknown because a chunk was sealed before its time.
    pub fn is_blurred(&self) -> bool {
        self.blurred || self.copies.late > 0
    }

    /// The number of copies of a message to this recipient.
    #[inline]
    pub fn copies_of(&self, recipient: u32) -> u64 {
        if recipient == ALL { u64::from(self.agents) - 1 } else { 1 }
    }

    /// Notes that the core accepted a message for the first time.
    #[inline]
    pub fn handed_over(&mut self, sender: u32, sequence: u64, recipient: u32, measured: bool) {
        let (number, bit) = place(sequence);
        let state = &mut self.senders[sender as usize];
        let Some(offset) = number.checked_sub(state.base) else { return };
        while state.chunks.len() <= offset as usize {
            state.chunks.push_back(NONE);
        }
        let mut index = state.chunks[offset as usize];
        if index == NONE {
            index = self.open(sender, number);
            self.senders[sender as usize].chunks[offset as usize] = index;
        }
        let (copies, agents) = (self.copies_of(recipient), self.agents as usize);
        let Some(Some(chunk)) = self.pool.get_mut(index as usize) else {
            self.blurred = true;
            return;
        };
        let before = chunk.bytes();
        chunk.handed_over(bit, recipient, measured, copies, agents);
        self.bytes += chunk.bytes() - before;
        if self.bytes > self.bytes_max {
            self.seal_oldest();
        }
    }

    fn open(&mut self, sender: u32, number: u32) -> u32 {
        let chunk = Chunk::new(sender);
        self.bytes += chunk.bytes();
        self.opened.push_back((sender, number));
        if self.opened.len() > 64 + 2 * (self.pool.len() - self.free.len()) {
            self.forget_closed();
        }
        match self.free.pop() {
            Some(index) => {
                self.pool[index as usize] = Some(chunk);
                index
            }
            None => {
                self.pool.push(Some(chunk));
                (self.pool.len() - 1) as u32
            }
        }
    }

    /// Drops from `opened` what is open no more.
    fn forget_closed(&mut self) {
        let opened = std::mem::take(&mut self.opened);
        self.opened =
            opened.into_iter().filter(|(sender, number)| self.slot(*sender, *number) < SEALED).collect();
    }

    /// What stands for a chunk: its index in the pool, or one of the constants.
    #[inline]
    fn slot(&self, sender: u32, number: u32) -> u32 {
        let Some(state) = self.senders.get(sender as usize) else { return NONE };
        match number.checked_sub(state.base) {
            None => COMPLETE,
            Some(offset) => state.chunks.get(offset as usize).copied().unwrap_or(NONE),
        }
    }

    /// Notes that the sender of a message knows it as delivered.
    #[inline]
    pub fn delivered(&mut self, sender: u32, sequence: u64, recipient: u32) {
        let (number, bit) = place(sequence);
        let slot = self.slot(sender, number);
        let Some(Some(chunk)) = self.pool.get_mut(slot as usize) else {
            self.blurred = true;
            return;
        };
        let before = chunk.delivered(bit);
        let (complete, given_up) = (chunk.is_complete(), chunk.is_given_up(bit));
        let copies = self.copies_of(recipient);
        self.copies.expected += copies;
        *(if given_up { &mut self.copies.given_up } else { &mut self.copies.outstanding }) += copies - before;
        if complete {
            self.close(sender, number, COMPLETE);
        }
    }

    /// Counts a copy with the stamp of this run that came to `agent`. Returns its class. `handed_out_again`: the medium says
    /// that it hands the copy over again because the agent, which works on what it receives, has not settled it.
    #[inline]
    pub fn received(&mut self, stamp: &Stamp, agent: u32, handed_out_again: bool) -> Class {
        let (sender, sequence) = (stamp.sender, stamp.sequence);
        if sequence > SEQUENCE_MAX {
            return self.received_for_closed(NONE, handed_out_again);
        }
        let (number, bit) = place(sequence);
        let slot = self.slot(sender, number);
        let Some(Some(chunk)) = self.pool.get_mut(slot as usize) else {
            return self.received_for_closed(slot, handed_out_again);
        };
        let awaited = chunk.awaited_broadcasts();
        let seen = chunk.received(bit, agent);
        if chunk.awaited_broadcasts() != awaited {
            self.bytes -= chunk.bytes_of_broadcast();
        }
        match seen {
            Seen::Again => self.received_again(handed_out_again),
            Seen::Never => {
                self.copies.unexpected += 1;
                Class::Unexpected
            }
            Seen::First { delivered, to_all, given_up } => {
                let complete = delivered && chunk.is_complete();
                self.copies.received += 1;
                let missing = if given_up { &mut self.copies.given_up } else { &mut self.copies.outstanding };
                *missing -= u64::from(delivered);
                let priority = stamp.flags & mqscript_plugin::abi::STAMP_PRIORITY;
                let way = if to_all && self.by_address { PRIORITIES + priority } else { priority };
                // Those who have a queue together get no order.
                let has_inbox = agent < self.agents;
                if stamp.attempt == 1 && has_inbox && self.order.is_late(sender, agent, way, sequence) {
                    self.copies.out_of_order += 1;
                }
                if complete {
                    self.close(sender, number, COMPLETE);
                }
                Class::Received
            }
        }
    }

    #[inline]
    fn received_again(&mut self, handed_out_again: bool) -> Class {
        if handed_out_again {
            self.copies.redelivered += 1;
            return Class::Redelivered;
        }
        self.copies.duplicated += 1;
        Class::Duplicated
    }

    #[inline(never)]
    fn received_for_closed(&mut self, slot: u32, handed_out_again: bool) -> Class {
        match slot {
            COMPLETE => self.received_again(handed_out_again),
            SEALED => {
                self.copies.late += 1;
                Class::Late
            }
            _ => {
                self.copies.unexpected += 1;
                Class::Unexpected
            }
        }
    }

    /// Notes that a processor has given up a message: copies that have not come are then not lost. Returns whether this
    /// is new.
    pub fn given_up(&mut self, sender: u32, sequence: u64) -> bool {
        let Some((slot, bit)) = self.slot_of(sender, sequence) else { return false };
        let Some(Some(chunk)) = self.pool.get_mut(slot) else { return false };
        if !chunk.given_up(bit) {
            return false;
        }
        if chunk.is_delivered(bit) {
            let (received, recipient) = (chunk.received_of(bit), chunk.recipient(bit));
            let missing = self.copies_of(recipient) - received;
            self.copies.outstanding -= missing;
            self.copies.given_up += missing;
        }
        true
    }

    /// The recipient of a message that was handed over, if the ledger still knows it.
    pub fn recipient_of(&self, sender: u32, sequence: u64) -> Option<u32> {
        let (slot, bit) = self.slot_of(sender, sequence)?;
        Some(self.pool.get(slot)?.as_ref()?.recipient(bit))
    }

    /// What stands for the chunk of a message, and the message's bit there; none of a sequence that no run has.
    fn slot_of(&self, sender: u32, sequence: u64) -> Option<(usize, u64)> {
        let (number, bit) = (1..=SEQUENCE_MAX).contains(&sequence).then(|| place(sequence))?;
        Some((self.slot(sender, number) as usize, bit))
    }

    /// Counts a copy that came without a stamp.
    pub fn without_stamp(&mut self) {
        self.copies.unexpected += 1;
    }

    /// Counts a copy that came from another run.
    pub fn foreign(&mut self) {
        self.copies.foreign += 1;
    }

    /// Counts a copy whose content differs from what was sent.
    pub fn corrupted(&mut self) {
        self.copies.corrupted += 1;
    }

    /// Forgets a chunk; `as_what` stands for it from now on.
    fn close(&mut self, sender: u32, number: u32, as_what: u32) {
        let state = &mut self.senders[sender as usize];
        let offset = (number - state.base) as usize;
        let index = std::mem::replace(&mut state.chunks[offset], as_what);
        while state.chunks.front() == Some(&COMPLETE) {
            state.chunks.pop_front();
            state.base += 1;
        }
        if let Some(chunk) = self.pool[index as usize].take() {
            self.bytes -= chunk.bytes();
            self.free.push(index);
            if as_what == SEALED {
                chunk.lost(|agent, copies| self.sealed_lost.push((agent, copies)));
            }
        }
    }

    #[inline(never)]
    fn seal_oldest(&mut self) {
        while self.bytes > self.bytes_max
            && let Some((sender, number)) = self.opened.pop_front()
        {
            if self.slot(sender, number) < SEALED {
                self.close(sender, number, SEALED);
            }
        }
    }

    /// Calls `tell` for each copy that is expected and has not come, in all open chunks: sender, sequence, agent.
    pub fn each_lost(&self, mut tell: impl FnMut(u32, u64, u32)) {
        for (sender, state) in (0u32..).zip(&self.senders) {
            for (number, index) in (u64::from(state.base)..).zip(&state.chunks) {
                if let Some(Some(chunk)) = self.pool.get(*index as usize) {
                    chunk.each_lost(|bit, agent| tell(sender, number * chunk::SIZE + bit + 1, agent));
                }
            }
        }
    }

    /// Calls `tell` with an agent and the number of copies of measured messages that it should have received and did
    /// not; possibly several times for one agent.
    pub fn lost(&self, mut tell: impl FnMut(u32, u64)) {
        self.sealed_lost.iter().for_each(|(agent, copies)| tell(*agent, *copies));
        self.pool.iter().flatten().for_each(|chunk| chunk.lost(&mut tell));
    }
}

/// The chunk of a message, and its bit there.
#[inline]
fn place(sequence: u64) -> (u32, u64) {
    let index = sequence - 1;
    ((index / chunk::SIZE) as u32, index % chunk::SIZE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::{HashMap, HashSet};

    const AGENTS: u32 = 4;

    fn stamp(sender: u32, sequence: u64) -> Stamp {
        Stamp { run: 1, sender, sequence, attempt: 2, ..Stamp::default() }
    }

    /// What the ledger must come to, kept in the plainest way.
    #[derive(Default)]
    struct Model {
        recipients: HashMap<(u32, u64), u32>,
        delivered: HashSet<(u32, u64)>,
        received: HashSet<(u32, u64, u32)>,
        given_up: HashSet<(u32, u64)>,
        duplicated: u64,
        unexpected: u64,
    }

    impl Model {
        fn is_for(&self, sender: u32, sequence: u64, agent: u32) -> bool {
            match self.recipients.get(&(sender, sequence)) {
                Some(&ALL) => agent != sender,
                other => other == Some(&agent),
            }
        }

        fn expected(&self) -> HashSet<(u32, u64, u32)> {
            let copies =
                self.delivered.iter().flat_map(|&(s, q)| (0..AGENTS).map(move |agent| (s, q, agent)));
            copies.filter(|&(s, q, agent)| self.is_for(s, q, agent)).collect()
        }
    }

    proptest! {
        #[test]
        fn counts_are_those_of_plain_sets(
            steps in prop::collection::vec((0u32..3, 1u64..150, 0u32..AGENTS, 0u32..8), 1..3_000),
        ) {
            let mut receipts = Receipts::new(AGENTS, 1 << 20);
            let mut model = Model::default();
            let mut next = [0u64; 3];
            for (sender, back, agent, what) in steps {
                let newest = &mut next[sender as usize];
                // Mostly in order, as in life; sometimes anything at all.
                let sequence = newest.saturating_sub(back / 4).max(1);
                match what {
                    0..=2 => {
                        *newest += 1;
                        let recipient = if back % 5 == 0 { ALL } else { (sender + 1) % AGENTS };
                        model.recipients.insert((sender, *newest), recipient);
                        receipts.handed_over(sender, *newest, recipient, true);
                    }
                    3 if back % 7 == 0 => {
                        let known = model.recipients.contains_key(&(sender, sequence));
                        let is_new = known && model.given_up.insert((sender, sequence));
                        prop_assert_eq!(receipts.given_up(sender, sequence), is_new);
                    }
                    3 | 4 => {
                        if let Some(&recipient) = model.recipients.get(&(sender, sequence))
                            && model.delivered.insert((sender, sequence))
                        {
                            receipts.delivered(sender, sequence, recipient);
                        }
                    }
                    _ => {
                        let right = model.recipients.get(&(sender, sequence)).copied().unwrap_or(agent);
                        let agent = if what == 7 || right == ALL { agent } else { right };
                        let class = receipts.received(&stamp(sender, sequence), agent, false);
                        if !model.is_for(sender, sequence, agent) {
                            model.unexpected += 1;
                            prop_assert_eq!(class, Class::Unexpected);
                        } else if model.received.insert((sender, sequence, agent)) {
                            prop_assert_eq!(class, Class::Received);
                        } else {
                            model.duplicated += 1;
                            prop_assert_eq!(class, Class::Duplicated);
                        }
                    }
                }
            }
            let expected = model.expected();
            let copies = *receipts.copies();
            prop_assert_eq!(copies.expected, expected.len() as u64);
            prop_assert_eq!(copies.received, model.received.len() as u64);
            let (given_up, missing): (Vec<_>, Vec<_>) = expected
                .difference(&model.received)
                .partition(|(sender, sequence, _)| model.given_up.contains(&(*sender, *sequence)));
            prop_assert_eq!(copies.given_up, given_up.len() as u64);
            prop_assert_eq!(copies.outstanding, missing.len() as u64);
            let mut told = HashSet::new();
            receipts.each_lost(|sender, sequence, agent| assert!(told.insert((sender, sequence, agent))));
            prop_assert_eq!(told, missing.into_iter().copied().collect::<HashSet<_>>());
            prop_assert_eq!(copies.recovered(), model.received.difference(&expected).count() as u64);
            prop_assert_eq!((copies.duplicated, copies.unexpected), (model.duplicated, model.unexpected));
            let mut lost = 0;
            receipts.lost(|_, copies| lost += copies);
            prop_assert_eq!(lost, copies.outstanding);
        }
    }

    fn sent_and_received(receipts: &mut Receipts, sequences: std::ops::RangeInclusive<u64>) {
        for sequence in sequences {
            receipts.handed_over(0, sequence, 1, true);
            receipts.delivered(0, sequence, 1);
            assert_eq!(receipts.received(&stamp(0, sequence), 1, false), Class::Received);
        }
    }

    #[test]
    fn what_is_complete_costs_nothing() {
        let mut receipts = Receipts::new(2, 1 << 20);
        sent_and_received(&mut receipts, 1..=640_000);
        assert_eq!((receipts.bytes, receipts.senders[0].chunks.len()), (0, 0));
        assert!(receipts.pool.len() <= 2 && receipts.opened.len() <= 70);
        // A copy of long ago is still known as the second one.
        assert_eq!(receipts.received(&stamp(0, 5), 1, false), Class::Duplicated);
        assert_eq!(receipts.received(&stamp(0, 640_001), 1, false), Class::Unexpected);
        assert!(!receipts.is_blurred());
    }

    #[test]
    fn memory_is_bounded_and_what_is_given_up_is_told() {
        let mut receipts = Receipts::new(2, 4_000);
        for sequence in 1..=6_400 {
            receipts.handed_over(0, sequence, 1, true);
            receipts.delivered(0, sequence, 1);
        }
        assert!(receipts.bytes <= 4_000);
        assert!(!receipts.is_blurred());
        let mut lost = 0;
        receipts.lost(|agent, copies| {
            assert_eq!(agent, 1);
            lost += copies;
        });
        assert_eq!((lost, receipts.copies().outstanding), (6_400, 6_400));
        assert_eq!(receipts.received(&stamp(0, 1), 1, false), Class::Late);
        assert!(receipts.is_blurred());
    }

    #[test]
    fn stamps_that_nobody_wrote_are_unexpected() {
        let mut receipts = Receipts::new(2, 1 << 20);
        sent_and_received(&mut receipts, 1..=3);
        for (sender, sequence) in [(0, u64::MAX), (0, 4), (1, 1), (7, 1)] {
            assert_eq!(receipts.received(&stamp(sender, sequence), 1, false), Class::Unexpected);
        }
        assert_eq!(receipts.received(&stamp(0, 2), 0, false), Class::Unexpected);
        assert_eq!(receipts.copies().unexpected, 5);
    }

    #[test]
    fn only_first_copies_of_first_attempts_have_an_order() {
        let mut receipts = Receipts::new(3, 1 << 20);
        (1..=6).for_each(|sequence| receipts.handed_over(0, sequence, 1, true));
        let mut come = |sequence, attempt| {
            receipts.received(&Stamp { attempt, ..stamp(0, sequence) }, 1, false);
            receipts.copies().out_of_order
        };
        assert_eq!([come(2, 1), come(1, 2), come(4, 2), come(3, 1), come(2, 1)], [0; 5]);
        assert_eq!([come(6, 1), come(5, 1)], [0, 1]);
    }

    /// What a broker keeps apart by subject has no order across: a broadcast may pass a message to one agent.
    #[test]
    fn messages_to_one_and_to_all_have_an_order_each_where_the_core_says_so() {
        let out_of_order = |by_address: bool, arrivals: &[u64]| {
            let mut receipts = Receipts::new(3, 1 << 20);
            if by_address {
                receipts.order_by_address();
            }
            // Odd ones to agent 1, even ones to all.
            for sequence in 1..=6 {
                receipts.handed_over(0, sequence, if sequence % 2 == 0 { ALL } else { 1 }, true);
            }
            for sequence in arrivals {
                receipts.received(&Stamp { attempt: 1, ..stamp(0, *sequence) }, 1, false);
            }
            receipts.copies().out_of_order
        };
        let merged = [2, 4, 1, 6, 3, 5];
        assert_eq!((out_of_order(false, &merged), out_of_order(true, &merged)), (3, 0));
        let swapped = [1, 4, 2, 5, 3, 6];
        assert_eq!((out_of_order(false, &swapped), out_of_order(true, &swapped)), (2, 2));
    }
}
