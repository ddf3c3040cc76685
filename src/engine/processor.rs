//! The processor: which messages wait, which it has taken, and how many more it may hand over.

use super::content::Texts;
use super::envelope::Envelopes;
use super::generator::Setting;
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
    /// Taken from the queue, not handed over yet.
    taken: VecDeque<MessageId>,
    /// Whether a cycle is going on.
    active: bool,
    /// When the last one ended.
    ended_ns: Option<u64>,
    /// When the last one began.
    began_ns: u64,
    /// What those that have ended were like.
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
    /// Hand-overs so far.
    handed_over: u64,
    /// The core took less than offered: nothing is offered until an outcome, a wake or its next due.
    held_back: bool,
}

impl ProcessorState {
    /// A processor as the plan says, with nothing to do.
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

    /// What the cycles that have ended were like; `None` without cycles.
    pub fn cycles(&self) -> Option<Cycles> {
        self.has_cycles().then_some(self.cycle.spent)
    }

    // The queue.

    /// How many wait in the queue.
    #[inline(always)]
    pub fn waiting(&self) -> u64 {
        self.waiting.len() as u64
    }

    /// Whether none waits in the queue.
    #[inline(always)]
    pub fn queue_is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Whether messages wait in the queue or were taken by a cycle.
    pub fn has_waiting(&self) -> bool {
        !self.waiting.is_empty() || !self.cycle.taken.is_empty()
    }

    /// Whether the queue has no room for a message that is new.
    #[inline(always)]
    pub fn queue_is_full(&self) -> bool {
        self.waiting.counted() as u64 >= self.capacity
    }

    /// Puts a message last of its priority.
    #[inline(always)]
    pub fn enqueue(&mut self, id: MessageId, messages: &Messages) {
        self.waiting.push(id, messages);
    }

    /// Takes the oldest message out that must make room for one of this priority, if there is one.
    pub fn drop_oldest(&mut self, priority: plan::Priority, messages: &Messages) -> Option<MessageId> {
        self.waiting.drop_oldest(priority, messages)
    }

    // What is taken from it.

    /// How many hand-overs `max_messages` still allows.
    #[inline]
    pub fn hand_overs_left(&self) -> u64 {
        self.hand_overs_max.saturating_sub(self.handed_over)
    }

    /// How many may go to the core in one call.
    #[inline]
    fn room(&self) -> usize {
        let free = self.workers.saturating_sub(self.in_flight);
        free.min(self.batch_size).min(usize::try_from(self.hand_overs_left()).unwrap_or(usize::MAX))
    }

    /// How many may be staged now; 0 if the core is not to be called.
    #[inline(always)]
    pub fn room_to_stage(&self) -> usize {
        if self.held_back { 0 } else { self.room() }
    }

    /// How many a cycle takes.
    pub fn batch_size(&self) -> usize {
        self.batch_size
    }

    /// Moves messages from the queue to `staged` until there are `count`. Stops at one that is too old, which it returns;
    /// that one is in neither any more.
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

    /// Whether nothing is staged.
    #[inline(always)]
    pub fn nothing_staged(&self) -> bool {
        self.staged.is_empty()
    }

    /// Puts what is still staged back to the head of the queue.
    #[inline(always)]
    pub fn unstage(&mut self, messages: &Messages) {
        while let Some(id) = self.staged.pop() {
            self.waiting.push_front(id, messages);
        }
    }

    /// When the next cycle may start, if that is what the queue waits for.
    #[inline]
    pub fn cycle_ready_ns(&self, now_ns: u64) -> Option<u64> {
        if !self.has_cycles() || self.cycle.active || self.waiting.is_empty() || self.hand_overs_left() == 0 {
            return None;
        }
        Some(self.cycle.ended_ns.map_or(now_ns, |ended| ended + self.interval_ns))
    }

    /// A cycle begins with what is staged, if anything is.
    pub fn begin_cycle(&mut self, now_ns: u64) {
        self.cycle.taken.extend(self.staged.drain(..));
        self.cycle.active = !self.cycle.taken.is_empty();
        self.cycle.began_ns = now_ns;
        self.cycle.spent.full += u64::from(self.cycle.taken.len() == self.batch_size);
    }

    /// Stages as much of the cycle as may go to the core. Returns whether anything is staged.
    pub fn stage_from_cycle(&mut self) -> bool {
        if !self.cycle.active {
            return false;
        }
        let room = self.room_to_stage().min(self.cycle.taken.len());
        self.staged.extend(self.cycle.taken.drain(..room));
        room > 0
    }

    /// Gives what is still staged back to the cycle.
    pub fn unstage_to_cycle(&mut self) {
        while let Some(id) = self.staged.pop() {
            self.cycle.taken.push_front(id);
        }
    }

    /// Ends the cycle if all that it took has its outcome. Returns whether it ended.
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

    /// Writes what is staged as the core gets it, with texts if it reads them. Returns the token of the first.
    #[inline(always)]
    pub fn fill(
        &mut self,
        messages: &Messages,
        settings: &[Setting],
        texts: Option<&Texts>,
        run: u32,
        origin_ns: u64,
    ) -> u64 {
        let token = self.tokens.next();
        self.envelopes.fill(&self.staged, messages, settings, run, token, origin_ns);
        if let Some(texts) = texts {
            self.envelopes.add_texts(&self.staged, messages, settings, texts);
        }
        token
    }

    /// What was written last.
    #[inline(always)]
    pub fn batch(&self) -> &[abi::Message] {
        &self.envelopes.batch
    }

    /// What is staged, in order.
    #[inline(always)]
    pub fn staged(&self) -> &[MessageId] {
        &self.staged
    }

    /// The core accepted the first `accepted` of what is staged; they stay staged until [`handed_over`].
    ///
    /// [`handed_over`]: ProcessorState::handed_over
    #[inline(always)]
    pub fn accept(&mut self, accepted: usize) {
        self.held_back = accepted < self.staged.len();
        self.tokens.accepted(accepted as u64);
        self.in_flight += accepted;
        self.handed_over += accepted as u64;
    }

    /// Those that were accepted are staged no more.
    #[inline(always)]
    pub fn handed_over(&mut self, accepted: usize) {
        if accepted == self.staged.len() {
            self.staged.clear();
        } else {
            self.staged.drain(..accepted);
        }
    }

    /// How many were handed over so far.
    pub fn hand_overs(&self) -> u64 {
        self.handed_over
    }

    /// Remembers that the answer to a message that is in flight will come in another call.
    #[inline(always)]
    pub fn await_answer(&mut self, token: u64, id: MessageId) {
        self.tokens.await_answer(token, id);
    }

    /// The message that a token stands for; `batch` are the tokens of what is staged.
    ///
    /// # Errors
    /// The token needs no answer, for the reason given.
    #[inline(always)]
    pub fn answered(&mut self, token: u64, batch: &Range<u64>) -> Result<MessageId, BadToken> {
        if batch.contains(&token) {
            Ok(self.staged[(token - batch.start) as usize])
        } else {
            self.tokens.take(token)
        }
    }

    /// Gives up waiting for the answer to a token.
    pub fn give_up(&mut self, token: u64) {
        self.tokens.give_up(token);
    }

    /// One message less is in flight.
    #[inline(always)]
    pub fn landed(&mut self) {
        self.in_flight -= 1;
        self.held_back = false;
    }

    /// Accepted and without an outcome.
    #[inline(always)]
    pub fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// What was held back may be offered again.
    pub fn offer_again(&mut self) {
        self.held_back = false;
    }

    /// Whether the core holds back what waits in the queue.
    pub fn is_held_back(&self) -> bool {
        self.held_back && !self.waiting.is_empty()
    }

    /// What is staged, taken away: nobody knows whether the core has it.
    pub fn take_staged(&mut self) -> Vec<MessageId> {
        std::mem::take(&mut self.staged)
    }
}
