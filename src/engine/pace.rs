//! The run's time: the clock, what is due when, and how the loop notices that nothing happens.

use super::clock::Clock;
use super::due::Due;
use super::silence::Silence;
use super::timeline::Timeline;

/// More polls than this without an outcome, within [`IN_VAIN_NS`] of the virtual clock, end a run.
const POLLS_IN_VAIN_MAX: u64 = 1_000_000;
/// The stretch of the virtual clock in which so many polls must bring an outcome.
const IN_VAIN_NS: u64 = 10_000_000;
/// On the wall clock the loop looks at all else after so many polls in a row that brought no outcome.
const POLLS_AT_ONCE_MAX: u64 = 1_000;
/// On the virtual clock the observer is asked after so many entries of the timeline.
const PROGRESS_ENTRIES: u64 = 1 << 16;
/// On the wall clock the observer is asked so often.
const PROGRESS_NS: u64 = 50_000_000;

/// Polls without an outcome, more than any core can need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InVain {
    /// How many polls there were.
    pub polls: u64,
    /// How long they took, in nanoseconds of the run.
    pub passed_ns: u64,
}

/// The time of a run, in nanoseconds since the load began.
#[derive(Debug)]
pub struct Pace<C: Clock> {
    clock: C,
    now_ns: u64,
    timeline: Timeline,
    /// Timers on the timeline: entries that may mean nothing any more.
    timers: usize,
    /// Entries handled so far, polls among them.
    entries: u64,
    /// Those of them that are nothing that happened: polls and timers.
    idle_entries: u64,
    /// Polls since the last that brought an outcome, and when the first of them was.
    in_vain: (u64, u64),
    next_progress_ns: u64,
    silence: Silence,
    /// The core is asked for what it knows, though it has not woken anybody.
    asks: bool,
    /// Signs of work that the core has given.
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

    /// The present, as the loop last looked at its clock.
    #[inline(always)]
    pub fn now_ns(&self) -> u64 {
        self.now_ns
    }

    /// Waits until then, or until a core wakes the loop.
    #[inline(always)]
    pub fn wait(&mut self, until_ns: u64) {
        self.now_ns = self.clock.wait(until_ns.max(self.now_ns));
    }

    /// Looks at the clock, which has gone on meanwhile unless it is virtual.
    #[inline(always)]
    pub fn look_at_clock(&mut self) {
        if !C::VIRTUAL {
            self.now_ns = self.clock.now();
        }
    }

    /// Whether a core asked for a poll, or the loop wants to ask it, since this was last called.
    #[inline]
    pub fn take_wish_to_poll(&mut self, core_wants: bool) -> bool {
        let asks = std::mem::take(&mut self.asks);
        core_wants || asks || self.clock.take_wake()
    }

    /// Puts something on the timeline.
    #[inline(always)]
    pub fn schedule(&mut self, time_ns: u64, due: Due) {
        self.timeline.schedule(time_ns, due);
    }

    /// Puts something on the timeline that may mean nothing when it is due: [`timer_fired`](Pace::timer_fired) then.
    #[inline(always)]
    pub fn schedule_timer(&mut self, time_ns: u64, due: Due) {
        self.timers += 1;
        self.timeline.schedule(time_ns, due);
    }

    /// A timer was due.
    #[inline(always)]
    pub fn timer_fired(&mut self) {
        self.timers -= 1;
        self.idle_entries += 1;
    }

    /// Takes what is due now from the timeline, with its time.
    #[inline(always)]
    pub fn pop_due(&mut self) -> Option<(u64, Due)> {
        self.timeline.pop_due(self.now_ns)
    }

    /// When the next entry of the timeline is due.
    #[inline(always)]
    pub fn next_time(&mut self) -> Option<u64> {
        self.timeline.next_time()
    }

    /// An agent whose arrival is soon to be due, if the timeline knows one.
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

    /// An entry was handled. Returns whether the observer must be asked.
    #[inline(always)]
    pub fn count_entry(&mut self) -> bool {
        self.entries += 1;
        self.entries & (PROGRESS_ENTRIES - 1) == 0 || self.progress_is_due()
    }

    /// Whether the observer must be asked because time has passed.
    #[inline(always)]
    pub fn progress_is_due(&self) -> bool {
        !C::VIRTUAL && self.now_ns >= self.next_progress_ns
    }

    /// The observer is asked now. With `asks` the core is polled, too, for what it knows.
    pub fn progress_told(&mut self, asks: bool) {
        self.next_progress_ns = self.now_ns + PROGRESS_NS;
        self.asks = asks;
    }

    /// The core was polled. Returns whether the observer must be asked.
    #[inline]
    pub fn count_poll(&mut self) -> bool {
        self.entries += 1;
        self.idle_entries += 1;
        self.entries & (PROGRESS_ENTRIES - 1) == 0
    }

    /// The core was polled, and answered or not. One that is always due and never answers would keep the virtual clock
    /// where it is for ever: that is what is returned.
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

    /// Whether a core that has MORE is polled before all else. On the wall clock the loop looks at all else now and then.
    #[inline]
    pub fn polls_at_once(&self) -> bool {
        C::VIRTUAL || self.in_vain.0 % POLLS_AT_ONCE_MAX != POLLS_AT_ONCE_MAX - 1
    }

    /// When the loop must look again at the latest, given when something is due elsewhere (`u64::MAX` = never); `None` if
    /// nothing will ever happen.
    #[inline]
    pub fn wakes_at(&self, due_ns: u64) -> Option<u64> {
        if C::VIRTUAL {
            return (due_ns != u64::MAX).then_some(due_ns);
        }
        Some(due_ns.min(self.next_progress_ns))
    }

    /// The core has shown that it works on something.
    pub fn core_works(&mut self) {
        self.signs += 1;
    }

    /// When silence has lasted too long: `limit_ns` after the last thing that happened, the hand-overs among them, but not
    /// before the core's own wish of then (`due_ns`, `u64::MAX` = none).
    pub fn silence_until(&mut self, handed_over: u64, due_ns: u64, limit_ns: u64) -> u64 {
        let happened = self.entries - self.idle_entries + handed_over + self.signs;
        self.silence.until(happened, self.now_ns, due_ns, limit_ns)
    }

    /// Something else than the core is to come: there is no silence.
    pub fn break_silence(&mut self) {
        self.silence.is_broken();
    }
}
