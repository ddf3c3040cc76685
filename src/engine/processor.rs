//! The processor: the messages that wait, those that it has taken, and how many it may hand over.

use super::content::Texts;
use super::envelope::Envelopes;
use super::generator::Generator;
use super::message::{MessageId, Messages};
use super::queue::Waiting;
use super::tokens::{BadToken, Tokens};
use crate::cores::abi;
use crate::plan;
use crate::results::Cycles;
use std::collections::VecDeque;
use std::ops::Range;

/// A cycle of the processor (`batch_interval` > 0).
#[derive(Debug, Default)]
struct Cycle {
    /// Messages that were taken from the queue and are not handed over yet.
    taken: VecDeque<MessageId>,
    /// Whether a cycle is running.
    active: bool,
    /// When the last cycle ended, in nanoseconds.
    ended_ns: Option<u64>,
    /// When the last cycle began, in nanoseconds.
    began_ns: u64,
    /// Sums over the cycles that have ended.
    spent: Cycles,
}

/// The queue and the workers before the core.
///
/// A message waits in the queue, perhaps is taken by a cycle, is `staged` for the next hand-over, and once the core has
/// accepted it is in flight until its outcome or its timeout.
#[derive(Debug)]
pub struct ProcessorState {
    workers: usize,
    batch_size: usize,
    interval_ns: u64,
    hand_overs_max: u64,
    capacity: u64,
    waiting: Waiting,
    cycle: Cycle,
    staged: Vec<MessageId>,
    envelopes: Envelopes,
    tokens: Tokens,
    in_flight: usize,
    /// The number of hand-overs so far.
    handed_over: u64,
    /// Whether the core took less than it was offered: then nothing is offered until an outcome, a wake, or the time
    /// for which the core asked.
    held_back: bool,
}

impl ProcessorState {
    /// The processor of a plan, with no messages.
    pub fn new(settings: &plan::Processor, queue: &plan::Queue) -> ProcessorState {
        ProcessorState {
            workers: settings.workers as usize,
            batch_size: settings.batch_size as usize,
            interval_ns: settings.batch_interval_ns,
            hand_overs_max: settings.max_messages.unwrap_or(u64::MAX),
            capacity: queue.capacity,
            waiting: Waiting::new(settings.at_once),
            cycle: Cycle::default(),
            staged: Vec::with_capacity(settings.batch_size as usize),
            envelopes: Envelopes::default(),
            tokens: Tokens::default(),
            in_flight: 0,
            handed_over: 0,
            held_back: false,
        }
    }

    /// Whether it works in cycles.
    #[inline(always)]
    pub fn has_cycles(&self) -> bool {
        self.interval_ns > 0
    }

    /// Sums over the cycles that have ended; `None` without cycles.
    pub fn cycles(&self) -> Option<Cycles> {
        self.has_cycles().then_some(self.cycle.spent)
    }

    // The queue.

    /// The number of messages in the queue.
    #[inline(always)]
    pub fn waiting(&self) -> u64 {
        self.waiting.len() as u64
    }

    /// Whether no message is in the queue.
    #[inline(always)]
    pub fn queue_is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Whether messages are in the queue or taken by a cycle.
    pub fn has_waiting(&self) -> bool {
        !self.waiting.is_empty() || !self.cycle.taken.is_empty()
    }

    /// Whether the queue has no room for a new message.
    #[inline(always)]
    pub fn queue_is_full(&self) -> bool {
        self.waiting.counted() as u64 >= self.capacity
    }

    /// Adds a message to the queue, last of its priority.
    #[inline(always)]
    pub fn enqueue(&mut self, id: MessageId, messages: &mut Messages) {
        self.waiting.push(id, messages);
    }

    /// Removes the oldest message that must make room for one of this priority, if there is one.
    pub fn drop_oldest(&mut self, priority: plan::Priority, messages: &mut Messages) -> Option<MessageId> {
        self.waiting.drop_oldest(priority, messages)
    }

    // The messages taken from the queue.

    /// The number of hand-overs that `max_messages` still allows.
    #[inline]
    pub fn hand_overs_left(&self) -> u64 {
        self.hand_overs_max.saturating_sub(self.handed_over)
    }

    /// The number of messages that may go to the core in one call.
    #[inline]
    fn room(&self) -> usize {
        let free = self.workers.saturating_sub(self.in_flight);
        free.min(self.batch_size).min(usize::try_from(self.hand_overs_left()).unwrap_or(usize::MAX))
    }

    /// The number of messages that may be staged now; 0 if the core must not be called.
    #[inline(always)]
    pub fn room_to_stage(&self) -> usize {
        if self.held_back { 0 } else { self.room() }
    }

    /// The number of messages that a cycle takes.
    pub fn batch_size(&self) -> usize {
        self.batch_size
    }

    /// Whether just one message is handed over next, if there is room for `room`.
    #[inline(always)]
    pub fn one_goes(&self, room: usize) -> bool {
        let waiting = self.waiting.len();
        waiting == 1 || (room == 1 && waiting > 0)
    }

    /// Moves messages from the queue to `staged` until there are `count`. Stops at an expired message, removes it, and
    /// returns it.
    #[inline(always)]
    pub fn stage(&mut self, count: usize, now_ns: u64, messages: &Messages) -> Option<MessageId> {
        while self.staged.len() < count
            && let Some(id) = self.waiting.pop(messages)
        {
            if messages[id].expires_ns < now_ns {
                return Some(id);
            }
            self.staged.push(id);
        }
        None
    }

    /// Whether no message is staged.
    #[inline(always)]
    pub fn nothing_staged(&self) -> bool {
        self.staged.is_empty()
    }

    /// Puts the staged messages back at the head of the queue.
    #[inline(always)]
    pub fn unstage(&mut self, messages: &mut Messages) {
        while let Some(id) = self.staged.pop() {
            self.waiting.push_front(id, messages);
        }
    }

    /// When the next cycle may start, if the queue waits for that.
    #[inline]
    pub fn cycle_ready_ns(&self, now_ns: u64) -> Option<u64> {
        if !self.has_cycles() || self.cycle.active || self.waiting.is_empty() || self.hand_overs_left() == 0 {
            return None;
        }
        Some(self.cycle.ended_ns.map_or(now_ns, |ended| ended + self.interval_ns))
    }

    /// Begins a cycle with the staged messages, if there are any.
    pub fn begin_cycle(&mut self, now_ns: u64) {
        self.cycle.taken.extend(self.staged.drain(..));
        self.cycle.active = !self.cycle.taken.is_empty();
        self.cycle.began_ns = now_ns;
        self.cycle.spent.full += u64::from(self.cycle.taken.len() == self.batch_size);
    }

    /// Stages as many messages of the cycle as may go to the core. Returns whether any is staged.
    pub fn stage_from_cycle(&mut self) -> bool {
        if !self.cycle.active {
            return false;
        }
        let room = self.room_to_stage().min(self.cycle.taken.len());
        self.staged.extend(self.cycle.taken.drain(..room));
        room > 0
    }

    /// Gives the staged messages back to the cycle.
    pub fn unstage_to_cycle(&mut self) {
        while let Some(id) = self.staged.pop() {
            self.cycle.taken.push_front(id);
        }
    }

    /// Ends the cycle if all its messages have outcomes. Returns whether it ended.
    pub fn end_cycle(&mut self, now_ns: u64) -> bool {
        let over = self.cycle.taken.is_empty() || self.hand_overs_left() == 0;
        if !self.cycle.active || !over || self.in_flight > 0 {
            return false;
        }
        self.cycle.active = false;
        self.cycle.ended_ns = Some(now_ns);
        self.cycle.spent.count += 1;
        self.cycle.spent.active_ns += now_ns - self.cycle.began_ns;
        true
    }

    // The hand-over.

    /// Writes the staged messages in the form of the contract, with texts if the core reads them. Returns the token of
    /// the first.
    #[inline(always)]
    pub fn fill(
        &mut self,
        messages: &Messages,
        generator: &Generator,
        texts: Option<&Texts>,
        run: u32,
        origin_ns: u64,
    ) -> u64 {
        let token = self.tokens.next();
        self.envelopes.fill(&self.staged, messages, generator, run, token, origin_ns);
        if let Some(texts) = texts {
            self.envelopes.add_texts(&self.staged, messages, &generator.settings, texts);
        }
        token
    }

    /// The last token of a message that the core accepted.
    #[inline(always)]
    pub fn last_token(&self) -> u64 {
        self.tokens.next() - 1
    }

    /// The batch that was written last.
    #[inline(always)]
    pub fn batch(&self) -> &[abi::Message] {
        self.envelopes.batch(self.staged.len())
    }

    /// The staged messages, in order.
    #[inline(always)]
    pub fn staged(&self) -> &[MessageId] {
        &self.staged
    }

    /// Notes that the core accepted the first `accepted` staged messages; they stay staged until [`handed_over`].
    ///
    /// [`handed_over`]: ProcessorState::handed_over
    #[inline(always)]
    pub fn accept(&mut self, accepted: usize) {
        self.held_back = accepted < self.staged.len();
        self.tokens.accepted(accepted as u64);
        self.in_flight += accepted;
        self.handed_over += accepted as u64;
    }

    /// Removes the accepted messages from the staged ones.
    #[inline(always)]
    pub fn handed_over(&mut self, accepted: usize) {
        if accepted == self.staged.len() {
            self.staged.clear();
        } else {
            self.staged.drain(..accepted);
        }
    }

    /// The number of hand-overs so far.
    pub fn hand_overs(&self) -> u64 {
        self.handed_over
    }

    /// Remembers that the answer to a message in flight will come in a later call.
    #[inline(always)]
    pub fn await_answer(&mut self, token: u64, id: MessageId) {
        self.tokens.await_answer(token, id);
    }

    /// The message of a token; `batch` are the tokens of the staged messages.
    ///
    /// # Errors
    /// The token needs no answer, for the given reason.
    #[inline(always)]
    pub fn answered(&mut self, token: u64, batch: &Range<u64>) -> Result<MessageId, BadToken> {
        if batch.contains(&token) {
            Ok(self.staged[(token - batch.start) as usize])
        } else {
            self.tokens.take(token)
        }
    }

    /// Stops waiting for the answer to a token.
    pub fn give_up(&mut self, token: u64) {
        self.tokens.give_up(token);
    }

    /// Counts one message less in flight.
    #[inline(always)]
    pub fn landed(&mut self) {
        self.in_flight -= 1;
        self.held_back = false;
    }

    /// The number of messages that are accepted and have no outcome.
    #[inline(always)]
    pub fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// Allows the messages that the core did not take to be offered again.
    pub fn offer_again(&mut self) {
        self.held_back = false;
    }

    /// Whether the core has refused the messages that wait.
    pub fn is_held_back(&self) -> bool {
        self.held_back && !self.waiting.is_empty()
    }

    /// Removes the staged messages and returns them: it is unknown whether the core has them.
    pub fn take_staged(&mut self) -> Vec<MessageId> {
        std::mem::take(&mut self.staged)
    }
}
