//! What is due when. All events lie in one wheel; the arrivals of very many agents lie in a calendar beside it.

use super::calendar::Calendar;
use super::due::{Due, Packed};
use super::wheel::{NEVER, Wheel};

/// How many arrivals ahead the calendar is asked for an agent.
const LOOK_AHEAD: usize = 8;

/// The events that are still to come.
#[derive(Debug)]
pub struct Timeline {
    wheel: Wheel,
    /// The arrivals, if they do not lie in the wheel.
    arrivals: Option<Calendar>,
    /// The number of arrivals in the calendar.
    apart: usize,
}

impl Timeline {
    /// A timeline for about `pending` events at a time, which come due about `gap_ns` apart on average, while one
    /// agent's events are `spread_ns` apart.
    pub fn new(pending: usize, gap_ns: f64, spread_ns: f64) -> Timeline {
        Timeline { wheel: Wheel::new(pending, gap_ns, spread_ns), arrivals: None, apart: 0 }
    }

    /// A timeline for the arrivals of very many agents, `gap_ns` apart on average, each agent with at most one at a time;
    /// and for about `others` events of other kinds, which lie up to about `ahead_ns` ahead on average. No event of the kind
    /// [`Due::Send`] may come.
    pub fn of_many_agents(agents: usize, others: usize, gap_ns: f64, ahead_ns: f64) -> Timeline {
        Timeline {
            wheel: Wheel::new(others, gap_ns, ahead_ns.max(gap_ns)),
            arrivals: Some(Calendar::new(agents, gap_ns * agents as f64)),
            apart: 0,
        }
    }

    /// The number of events.
    pub fn len(&self) -> usize {
        self.wheel.len() + self.apart
    }

    /// Puts an event on the timeline. An event in the past is due at once, ordered by its time.
    #[inline(always)]
    pub fn schedule(&mut self, time_ns: u64, due: Due) {
        match (&mut self.arrivals, due) {
            (Some(arrivals), Due::Arrival(agent)) => {
                self.apart += 1;
                arrivals.schedule(time_ns, agent);
            }
            _ => self.wheel.schedule(time_ns, due),
        }
    }

    /// The time of the next event.
    #[inline]
    pub fn next_time(&mut self) -> Option<u64> {
        let next_ns = self.next_ns();
        (next_ns != NEVER).then_some(next_ns)
    }

    /// The time of the next event; `u64::MAX` if there is none.
    #[inline(always)]
    pub fn next_ns(&mut self) -> u64 {
        if self.arrivals.is_none() { self.wheel.next_ns() } else { self.next_ns_of_many() }
    }

    #[inline(never)]
    fn next_ns_of_many(&mut self) -> u64 {
        let arrival_ns = self.arrivals.as_mut().map_or(NEVER, Calendar::first_ns);
        arrival_ns.min(self.wheel.next_ns_until(arrival_ns))
    }

    /// Whether an event is due at or before `now_ns`.
    #[inline(always)]
    pub fn is_due(&mut self, now_ns: u64) -> bool {
        let next_ns = self.next_ns();
        next_ns <= now_ns && next_ns != NEVER
    }

    /// Takes the next event, after [`next_ns`](Timeline::next_ns) has said that there is one. Returns its time, too.
    #[inline(always)]
    pub fn take(&mut self) -> (u64, Due) {
        let (time_ns, what) = if self.arrivals.is_none() { self.wheel.pop() } else { self.take_of_many() };
        (time_ns, what.due())
    }

    #[inline(never)]
    fn take_of_many(&mut self) -> (u64, Packed) {
        let arrivals = self.arrivals.as_mut();
        let first = arrivals.map(|arrivals| (arrivals.first_ns(), arrivals));
        match first {
            // Of all kinds of events, arrivals come last at their time.
            Some((arrival_ns, arrivals)) if arrival_ns < self.wheel.next_ns_until(arrival_ns) => {
                self.apart -= 1;
                (arrival_ns, Packed::of(Due::Arrival(arrivals.take())))
            }
            _ => self.wheel.pop(),
        }
    }

    /// An agent whose arrival is due soon, if one is known. Useful if there are so many agents that each one misses every
    /// cache; to be called once for each event that is handled.
    #[inline(always)]
    pub fn scout(&mut self) -> Option<u32> {
        match &self.arrivals {
            None => self.wheel.scout(),
            Some(arrivals) => arrivals.ahead(LOOK_AHEAD),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::due::Class;
    use super::*;
    use proptest::prelude::*;

    /// The class of events that lie in the calendar.
    const ARRIVAL: usize = Class::Arrival as usize;

    proptest! {
        /// With a calendar and without, the same events come out in the same order.
        #[test]
        fn a_calendar_changes_no_order(
            steps in prop::collection::vec((0u64..5_000_000, 0usize..7, prop::bool::ANY, 0u32..20), 1..400),
            times in prop::sample::select(vec![3u64, 5_000_000]),
        ) {
            let mut one = Timeline::new(1_000, 1_000.0, 50_000.0);
            let mut two = Timeline::of_many_agents(1_000, 10, 1_000.0, 0.0);
            let mut now = 0;
            for (number, (ahead, class, pop, scale)) in steps.into_iter().enumerate() {
                let time = (now + ((ahead % times) << scale)).saturating_sub(times.min(500));
                let due = match class {
                    ARRIVAL => Due::Arrival(number as u32),
                    class => Due::unpack(Class::ALL[class], number as u32),
                };
                one.schedule(time, due);
                two.schedule(time, due);
                prop_assert_eq!(one.len(), two.len());
                if pop {
                    prop_assert_eq!(one.next_time(), two.next_time());
                    now = now.max(one.next_time().unwrap());
                    prop_assert_eq!(one.take(), two.take());
                }
            }
            while let Some(time) = one.next_time() {
                prop_assert_eq!(two.next_time(), Some(time));
                prop_assert_eq!(one.take(), two.take());
            }
            prop_assert_eq!((two.next_time(), two.is_due(u64::MAX), two.len()), (None, false, 0));
        }
    }

    #[test]
    fn nothing_is_due_before_its_time() {
        for mut timeline in [Timeline::new(10, 1e3, 1e3), Timeline::of_many_agents(10, 10, 1e3, 0.0)] {
            timeline.schedule(5_000_000_000, Due::Arrival(1));
            assert!(!timeline.is_due(4_999_999_999));
            timeline.schedule(10, Due::Arrival(2));
            assert!(timeline.is_due(10));
            assert_eq!(timeline.take(), (10, Due::Arrival(2)));
            assert!(!timeline.is_due(4_999_999_999) && timeline.is_due(5_000_000_000));
            assert_eq!(timeline.take(), (5_000_000_000, Due::Arrival(1)));
        }
    }
}
