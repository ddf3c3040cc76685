//! Which call has not returned, and for how long.

use crate::cores::WatchedCall;
use crate::cores::vitals::Shared;
use std::collections::HashMap;
use std::time::Duration;

/// A call that takes longer is told of, and again whenever the time has doubled.
const TELL_AFTER: Duration = Duration::from_secs(1);

/// What the watchdog has to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// A call has not returned for so long.
    Slow(WatchedCall, Duration),
    /// A call is given up: the number of its slot, the call, and how long it has taken.
    Hung(usize, WatchedCall, Duration),
}

#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    number: u64,
    lasts: Duration,
    told: Duration,
}

/// Looks at the calls of all loops now and then.
#[derive(Debug)]
pub struct Watchdog {
    limit: Duration,
    seen: HashMap<usize, Seen>,
}

impl Watchdog {
    /// Gives up calls that take longer than `limit`.
    pub fn new(limit: Duration) -> Watchdog {
        Watchdog { limit, seen: HashMap::new() }
    }

    /// Looks again, `passed` after the last time. *Rationale.* The time is that between looks, not the clock's: a
    /// program that was suspended has not hung.
    pub fn look(&mut self, shared: &Shared, passed: Duration) -> Vec<News> {
        let calls: Vec<_> =
            shared.busy().filter_map(|(number, slot)| Some((number, slot.current()?))).collect();
        self.judge(calls, passed)
    }

    fn judge(&mut self, calls: Vec<(usize, WatchedCall)>, passed: Duration) -> Vec<News> {
        let mut news = Vec::new();
        self.seen.retain(|slot, seen| {
            calls.iter().any(|(number, call)| number == slot && call.number == seen.number)
        });
        for (slot, call) in calls {
            let seen = self.seen.entry(slot).or_insert(Seen { number: call.number, ..Seen::default() });
            if seen.number == call.number && seen.told == Duration::ZERO {
                // From its second look on.
                seen.told = TELL_AFTER;
                continue;
            }
            seen.lasts += passed;
            if seen.lasts >= self.limit {
                news.push(News::Hung(slot, call, seen.lasts));
            } else if seen.lasts >= seen.told {
                seen.told = seen.lasts * 2;
                news.push(News::Slow(call, seen.lasts));
            }
        }
        news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(number: u64) -> WatchedCall {
        WatchedCall { core: "x".to_owned(), function: "publish", number }
    }

    const STEP: Duration = Duration::from_millis(250);

    #[test]
    fn a_call_that_stays_is_told_of_and_given_up() {
        let mut dog = Watchdog::new(Duration::from_secs(4));
        let mut told = Vec::new();
        for step in 0..20 {
            for news in dog.judge(vec![(2, call(7))], STEP) {
                told.push((step, matches!(news, News::Hung(2, ..))));
            }
        }
        // Told after 1 s and 2 s, given up after 4 s, at every look.
        assert_eq!(told[..3], [(4, false), (8, false), (16, true)]);
    }

    #[test]
    fn calls_that_return_are_no_news() {
        let mut dog = Watchdog::new(Duration::from_secs(4));
        for number in 0..100 {
            assert_eq!(dog.judge(vec![(0, call(number))], STEP * 3), []);
            assert_eq!(dog.judge(Vec::new(), STEP), []);
        }
    }
}
