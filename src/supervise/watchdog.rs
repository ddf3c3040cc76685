//! What has not returned, and for how long.

use super::picture::Picture;
use crate::cores::WatchedCall;
use std::collections::HashMap;
use std::time::Duration;

/// A call that takes longer is told of, and again whenever the time has doubled.
const TELL_AFTER: Duration = Duration::from_secs(1);
/// The same for calls in which a core may start or end programs, or talk to a server: seconds are nothing to tell of.
const TELL_AFTER_SLOW: Duration = Duration::from_secs(5);
/// The functions of a core that may take long.
const SLOW: [&str; 4] = ["create", "prepare", "close", "clean"];

/// The code of a core or library that is running.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunningCode {
    /// A call of the contract in the loop of this slot.
    Call(usize, WatchedCall),
    /// The library of this path takes itself up.
    Loading(String),
    /// Libraries take themselves down: the work is done.
    ChildEnding,
}

impl RunningCode {
    /// Where it is seen, and what tells it from others there.
    fn key(&self) -> (usize, u64) {
        match self {
            RunningCode::Call(slot, call) => (*slot, call.number),
            RunningCode::Loading(path) => {
                (usize::MAX, path.bytes().fold(0, |sum: u64, byte| sum.rotate_left(5) ^ u64::from(byte)))
            }
            RunningCode::ChildEnding => (usize::MAX - 1, 0),
        }
    }

    /// The time after which it is first reported.
    fn told_after(&self) -> Duration {
        match self {
            RunningCode::Call(_, call) if SLOW.contains(&call.function) => TELL_AFTER_SLOW,
            _ => TELL_AFTER,
        }
    }

    /// For the user, while it lasts.
    pub fn has_not_returned(&self, lasts: Duration) -> String {
        let lasts = lasts.as_secs_f64().floor();
        match self {
            RunningCode::Call(_, WatchedCall { core, function, .. }) => {
                format!("core `{core}`: `{function}` has not returned for {lasts} s")
            }
            RunningCode::Loading(path) => {
                format!("the library `{path}` has not returned for {lasts} s while it was loaded")
            }
            RunningCode::ChildEnding => {
                format!(
                    "all is done, but a library has kept the program from ending for {lasts} s; Ctrl-C ends it"
                )
            }
        }
    }
}

/// A report of the watchdog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// The call has not returned for so long.
    Slow(RunningCode, Duration),
    /// The call is given up after so long.
    Hung(RunningCode, Duration),
}

#[derive(Debug, Clone, Copy, Default)]
struct CallSeen {
    number: u64,
    lasts: Duration,
    told: Duration,
}

/// Looks at the calls of all loops now and then.
#[derive(Debug)]
pub struct Watchdog {
    limit: Duration,
    seen: HashMap<usize, CallSeen>,
}

impl Watchdog {
    /// Gives up what takes longer than `limit`.
    pub fn new(limit: Duration) -> Watchdog {
        Watchdog { limit, seen: HashMap::new() }
    }

    /// Looks again, `passed` after the last time; `ending` once the work is done.
    pub fn look(&mut self, picture: &Picture, ending: bool, passed: Duration) -> Vec<News> {
        let calls =
            picture.loops.iter().filter_map(|one| Some(RunningCode::Call(one.number, one.call.clone()?)));
        let all = match ending {
            true => vec![RunningCode::ChildEnding],
            false => calls.chain(picture.loading.clone().map(RunningCode::Loading)).collect(),
        };
        self.judge(all, passed)
    }

    /// The time for which a call has been seen.
    pub fn lasts_of(&self, what: &RunningCode) -> Duration {
        self.seen.get(&what.key().0).map_or(Duration::ZERO, |seen| seen.lasts)
    }

    fn judge(&mut self, all: Vec<RunningCode>, passed: Duration) -> Vec<News> {
        let mut news = Vec::new();
        self.seen.retain(|place, seen| all.iter().any(|what| what.key() == (*place, seen.number)));
        for what in all {
            let (place, number) = what.key();
            let seen = self.seen.entry(place).or_insert(CallSeen { number, ..CallSeen::default() });
            if seen.told == Duration::ZERO {
                // From its second look on.
                seen.told = what.told_after();
                continue;
            }
            seen.lasts += passed;
            if seen.lasts >= self.limit {
                news.push(News::Hung(what, seen.lasts));
            } else if seen.lasts >= seen.told {
                seen.told = seen.lasts * 2;
                news.push(News::Slow(what, seen.lasts));
            }
        }
        news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(slot: usize, number: u64) -> RunningCode {
        RunningCode::Call(slot, WatchedCall { core: "x".to_owned(), function: "publish", number })
    }

    const STEP: Duration = Duration::from_millis(250);

    #[test]
    fn a_call_that_stays_is_told_of_and_given_up() {
        let mut dog = Watchdog::new(Duration::from_secs(4));
        let mut told = Vec::new();
        for step in 0..20 {
            for news in dog.judge(vec![call(2, 7)], STEP) {
                told.push((step, matches!(news, News::Hung(RunningCode::Call(2, _), _))));
            }
        }
        // Told after 1 s and 2 s, given up after 4 s, at every look.
        assert_eq!(told[..3], [(4, false), (8, false), (16, true)]);
    }

    #[test]
    fn calls_that_return_are_no_news() {
        let mut dog = Watchdog::new(Duration::from_secs(4));
        for number in 0..100 {
            assert_eq!(dog.judge(vec![call(0, number)], STEP * 3), []);
            assert_eq!(dog.judge(Vec::new(), STEP), []);
        }
    }

    #[test]
    fn libraries_that_take_themselves_up_or_down_are_watched_like_calls() {
        for (loading, ending) in [(Some("/x.so".to_owned()), false), (None, true)] {
            let mut dog = Watchdog::new(Duration::from_secs(2));
            let picture = Picture { loading, ..Picture::default() };
            let mut news: Vec<News> = (0..9).flat_map(|_| dog.look(&picture, ending, STEP)).collect();
            assert!(matches!(news.pop(), Some(News::Hung(..))) && news.len() == 1, "{news:?}");
        }
    }
}
