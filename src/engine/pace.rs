//! The time of a run: the clock, the events that are due, and how the loop notices that nothing happens.

use super::clock::Clock;
use super::due::Due;
use super::silence::Silence;
use super::timeline::Timeline;

/// The most polls without an outcome within [`IN_VAIN_NS`] of the virtual clock; more end the run.
const POLLS_IN_VAIN_MAX: u64 = 1_000_000;
/// The time on the virtual clock, in nanoseconds, within which [`POLLS_IN_VAIN_MAX`] polls must bring an outcome.
const IN_VAIN_NS: u64 = 10_000_000;
/// On the wall clock, the most polls without an outcome in a row before the loop does other work.
const POLLS_AT_ONCE_MAX: u64 = 1_000;
/// On the virtual clock, the number of timeline entries between two calls of the observer.
const PROGRESS_ENTRIES: u64 = 1 << 16;
/// On the wall clock, the time between two calls of the observer, in nanoseconds.
const PROGRESS_NS: u64 = 50_000_000;

/// Polls without an outcome: more than any core can need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InVain {
    /// The number of such polls.
    pub polls: u64,
    /// The time they took, in nanoseconds of the run.
    pub passed_ns: u64,
}

/// The time of a run, in nanoseconds since the load began.
#[derive(Debug)]
pub struct Pace<C: Clock> {
    clock: C,
    now_ns: u64,
    timeline: Timeline,
    /// The number of timers on the timeline. A timer may have nothing to do when it is due.
    timers: usize,
    /// The number of entries handled so far, with polls.
    entries: u64,
    /// The number of those that changed nothing: polls and timers.
    idle_entries: u64,
    /// The number of polls since the last outcome, and the time of the first of them.
    in_vain: (u64, u64),
    next_progress_ns: u64,
    silence: Silence,
    /// Whether the loop wants to poll the core although the core has not asked for it.
    asks: bool,
    /// The number of signs of work that the core has given.
    signs: u64,
}

impl<C: Clock> Pace<C> {
    /// The time of a run that is about to begin.
    pub fn new(clock: C, timeline: Timeline) -> Pace<C> {
        Pace {
            clock,
            now_ns: 0,
            timeline,
            timers: 0,
            entries: 0,
            idle_entries: 0,
            in_vain: (0, 0),
            next_progress_ns: 0,
            silence: Silence::default(),
            asks: false,
            signs: 0,
        }
    }

    /// The present time, from the last look at the clock.
    #[inline(always)]
    pub fn now_ns(&self) -> u64 {
        self.now_ns
    }

    /// Waits until this time, or until a core wakes the loop.
    #[inline(always)]
    pub fn wait(&mut self, until_ns: u64) {
        self.now_ns = self.clock.wait(until_ns.max(self.now_ns));
    }

    /// Reads the clock again; only a wall clock can have moved.
    #[inline(always)]
    pub fn look_at_clock(&mut self) {
        if !C::VIRTUAL {
            self.now_ns = self.clock.now();
        }
    }

    /// Whether the core has asked for a poll, or the loop wants one, since the last call of this.
    #[inline]
    pub fn take_wish_to_poll(&mut self, core_wants: bool) -> bool {
        let asks = std::mem::take(&mut self.asks);
        core_wants || asks || self.clock.take_wake()
    }

    /// Whether a core has asked for a poll from outside a call.
    #[inline(always)]
    pub fn is_woken(&self) -> bool {
        self.clock.is_woken()
    }

    /// Puts an event on the timeline.
    #[inline(always)]
    pub fn schedule(&mut self, time_ns: u64, due: Due) {
        self.timeline.schedule(time_ns, due);
    }

    /// Puts a timer on the timeline, which may have nothing to do when it is due. Then
    /// [`timer_fired`](Pace::timer_fired) must be called.
    #[inline(always)]
    pub fn schedule_timer(&mut self, time_ns: u64, due: Due) {
        self.timers += 1;
        self.timeline.schedule(time_ns, due);
    }

    /// Notes that a timer was due.
    #[inline(always)]
    pub fn timer_fired(&mut self) {
        self.timers -= 1;
        self.idle_entries += 1;
    }

    /// Whether an event is due now.
    #[inline(always)]
    pub fn is_due(&mut self) -> bool {
        self.timeline.is_due(self.now_ns)
    }

    /// The time of the next event on the timeline; `u64::MAX` if there is none.
    #[inline(always)]
    pub fn next_ns(&mut self) -> u64 {
        self.timeline.next_ns()
    }

    /// Takes the next event, after [`is_due`](Pace::is_due) has said that there is one. Returns its time, too.
    #[inline(always)]
    pub fn take(&mut self) -> (u64, Due) {
        self.timeline.take()
    }

    /// The time of the next event on the timeline.
    #[inline(always)]
    pub fn next_time(&mut self) -> Option<u64> {
        self.timeline.next_time()
    }

    /// An agent whose arrival is due soon, if the timeline knows one.
    #[inline]
    pub fn scout(&mut self) -> Option<u32> {
        self.timeline.scout()
    }

    /// Whether nothing is on the timeline.
    pub fn has_no_entries(&self) -> bool {
        self.timeline.len() == 0
    }

    /// Whether nothing but timers is on the timeline.
    pub fn has_only_timers(&self) -> bool {
        self.timeline.len() == self.timers
    }

    /// Counts a handled entry. Returns whether the observer must be called.
    #[inline(always)]
    pub fn count_entry(&mut self) -> bool {
        self.entries += 1;
        self.entries & (PROGRESS_ENTRIES - 1) == 0 || self.progress_is_due()
    }

    /// Whether the observer must be called because time has passed.
    #[inline(always)]
    pub fn progress_is_due(&self) -> bool {
        !C::VIRTUAL && self.now_ns >= self.next_progress_ns
    }

    /// Notes that the observer is called now. With `asks`, the core will be polled, too.
    pub fn progress_told(&mut self, asks: bool) {
        self.next_progress_ns = self.now_ns + PROGRESS_NS;
        self.asks = asks;
    }

    /// Counts a poll. Returns whether the observer must be called.
    #[inline]
    pub fn count_poll(&mut self) -> bool {
        self.entries += 1;
        self.idle_entries += 1;
        self.entries & (PROGRESS_ENTRIES - 1) == 0
    }

    /// Notes whether a poll brought an answer. Returns the polls in vain if there are too many: a core that is always
    /// due and never answers would stop the virtual clock for ever.
    pub fn polled(&mut self, answered: bool) -> Option<InVain> {
        if answered || self.in_vain.0 == 0 {
            self.in_vain = (u64::from(!answered), self.now_ns);
            return None;
        }
        self.in_vain.0 += 1;
        if self.in_vain.0 < POLLS_IN_VAIN_MAX {
            return None;
        }
        let (polls, since_ns) = std::mem::take(&mut self.in_vain);
        let passed_ns = self.now_ns - since_ns;
        (C::VIRTUAL && passed_ns < IN_VAIN_NS).then_some(InVain { polls, passed_ns })
    }

    /// Whether a core that has MORE is polled before anything else. On the wall clock, other work comes in between at
    /// times.
    #[inline]
    pub fn polls_at_once(&self) -> bool {
        C::VIRTUAL || self.in_vain.0 % POLLS_AT_ONCE_MAX != POLLS_AT_ONCE_MAX - 1
    }

    /// The latest time at which the loop must go on, if the core is due at `due_ns` (`u64::MAX` = never); `None` if
    /// nothing will ever happen.
    #[inline]
    pub fn wakes_at(&self, due_ns: u64) -> Option<u64> {
        if C::VIRTUAL {
            return (due_ns != u64::MAX).then_some(due_ns);
        }
        Some(due_ns.min(self.next_progress_ns))
    }

    /// Notes a sign that the core is working.
    pub fn core_works(&mut self) {
        self.signs += 1;
    }

    /// When nothing will have happened for too long: `limit_ns` after the last event or hand-over, but not before the
    /// time for which the core then wished a poll (`due_ns`, `u64::MAX` = none).
    pub fn silence_until(&mut self, handed_over: u64, due_ns: u64, limit_ns: u64) -> u64 {
        let happened = self.entries - self.idle_entries + handed_over + self.signs;
        self.silence.until(happened, self.now_ns, due_ns, limit_ns)
    }

    /// Notes that something other than the core is due, so that the wait begins anew.
    pub fn break_silence(&mut self) {
        self.silence.is_broken();
    }
}
