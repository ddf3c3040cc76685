//! Faults on purpose: processes are killed, or stopped for a while, at times that follow from the seed.

use mqscript_plugin::prelude::*;
use mqscript_plugin::random::{Stream, mix};
use mqscript_plugin::units::{duration_from_seconds, parse_duration};
use serde_json::Value;
use std::time::Duration;

/// The shortest mean time between two faults: a Python program takes longer to start.
const EVERY_MIN: Duration = Duration::from_millis(50);
/// The most times in a list.
const TIMES_MAX: usize = 10_000;

/// The times of a fault, counted from the load's start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Times {
    /// At these times, in order.
    At(Vec<Duration>),
    /// Again and again, with this mean pause; each pause is between 0.5 and 1.5 times the mean.
    Every(Duration),
}

impl Times {
    fn read(key: &str, value: &Value) -> Result<Times, Error> {
        let wrong = |what: String| Error::config(format!("`faults.{key}`: {what}"));
        match (value.get("every"), value.get("at")) {
            (Some(every), None) => match duration(every).map_err(wrong)? {
                every if every < EVERY_MIN => Err(wrong(format!("`every` is {every:?}; write 50ms or more"))),
                every => Ok(Times::Every(every)),
            },
            (None, Some(at)) => {
                let list = at.as_array().map_or(std::slice::from_ref(at), Vec::as_slice);
                if list.is_empty() || list.len() > TIMES_MAX {
                    return Err(wrong(format!("`at` has {} times; write 1 to {TIMES_MAX}", list.len())));
                }
                let mut times: Vec<Duration> =
                    list.iter().map(duration).collect::<Result<_, _>>().map_err(wrong)?;
                times.sort_unstable();
                Ok(Times::At(times))
            }
            _ => Err(wrong("write either `every: \"2s\"` or `at: [\"3s\", \"5s\"]`".to_owned())),
        }
    }
}

fn duration(value: &Value) -> Result<Duration, String> {
    let read = match (value.as_str(), value.as_f64()) {
        (Some(text), _) => parse_duration(text),
        (_, Some(seconds)) => duration_from_seconds(seconds),
        _ => return Err(format!("{value} is no duration; write, for example, \"2s\"")),
    };
    read.map(Duration::from_nanos).map_err(|error| error.to_string())
}

/// The value of the option `faults`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults {
    /// When processes are killed; none = never.
    pub kill: Option<Times>,
    /// When processes are stopped, and for how long; none = never.
    pub stop: Option<(Times, Duration)>,
}

impl Faults {
    /// Reads the option. The error names the part that is wrong.
    pub fn read(option: Option<&Value>) -> Result<Faults, Error> {
        let at = |key: &str| option.and_then(|faults| faults.get(key)).filter(|value| !value.is_null());
        let stop = |value: &Value| {
            let lasts = value.get("lasts").map_or(Ok(Duration::from_secs(1)), duration);
            let lasts = lasts.map_err(|what| Error::config(format!("`faults.stop.lasts`: {what}")))?;
            Ok((Times::read("stop", value)?, lasts))
        };
        Ok(Faults {
            kill: at("kill").map(|value| Times::read("kill", value)).transpose()?,
            stop: at("stop").map(stop).transpose()?,
        })
    }

    /// Whether no fault is asked for.
    pub fn is_empty(&self) -> bool {
        *self == Faults::default()
    }
}

/// The times of one kind of fault, for one worker.
#[derive(Debug, Clone)]
pub struct Schedule {
    times: Option<Times>,
    /// The key of the random pauses: seed, kind, worker.
    key: (u64, &'static str, usize),
    next: usize,
    due: Option<Duration>,
}

impl Schedule {
    /// Makes the schedule of one worker from the run's seed.
    pub fn new(times: Option<&Times>, seed: u64, kind: &'static str, worker: usize) -> Schedule {
        let mut schedule = Schedule { times: times.cloned(), key: (seed, kind, worker), next: 0, due: None };
        schedule.advance();
        schedule
    }

    /// The time of the next fault, from the load's start; none if there is no more.
    pub fn due(&self) -> Option<Duration> {
        self.due
    }

    /// Goes on to the next fault. Of repeated faults, those that fell due while the process was starting are skipped;
    /// faults of a list all happen, late if need be.
    pub fn pass(&mut self, since_start: Duration) {
        self.advance();
        while matches!(self.times, Some(Times::Every(_))) && self.due.is_some_and(|due| due <= since_start) {
            self.advance();
        }
    }

    fn advance(&mut self) {
        let place = self.next;
        self.next += 1;
        self.due = match &self.times {
            None => None,
            Some(Times::At(times)) => times.get(place).copied(),
            Some(Times::Every(every)) => {
                let (seed, kind, worker) = self.key;
                let mut luck = Stream::sequential(mix(seed ^ mix(worker as u64)), place as u64, kind);
                Some(self.due.unwrap_or_default() + every.mul_f64(0.5 + luck.unit()))
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn times(schedule: &mut Schedule, count: usize) -> Vec<Duration> {
        let mut times = Vec::new();
        while let Some(due) = schedule.due().filter(|_| times.len() < count) {
            times.push(due);
            schedule.advance();
        }
        times
    }

    #[test]
    fn pauses_follow_the_seed_and_lists_their_order() {
        let every = Times::Every(Duration::from_secs(2));
        let drawn = |seed, worker| times(&mut Schedule::new(Some(&every), seed, "kill", worker), 500);
        let first = drawn(1, 0);
        assert_eq!(first, drawn(1, 0));
        assert!(first != drawn(2, 0) && first != drawn(1, 1));
        let pauses = first.windows(2).map(|pair| pair[1] - pair[0]);
        assert!(pauses.into_iter().all(|pause| (1.0..3.0).contains(&pause.as_secs_f64())));
        let mean = first[499].as_secs_f64() / 500.0;
        assert!((1.9..2.1).contains(&mean), "{mean}");
        let list = Faults::read(Some(&json!({ "kill": { "at": ["5s", 3, "100ms"] } }))).unwrap().kill;
        let seen = times(&mut Schedule::new(list.as_ref(), 1, "kill", 0), 9);
        assert_eq!(seen.iter().map(Duration::as_millis).collect::<Vec<_>>(), [100, 3000, 5000]);
        assert_eq!(times(&mut Schedule::new(None, 1, "kill", 0), 9), []);
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for (option, text) in [
            (json!({ "kill": {} }), "`faults.kill`: write either"),
            (json!({ "kill": { "every": "2s", "at": ["1s"] } }), "write either"),
            (json!({ "kill": { "every": "1ms" } }), "`every` is 1ms; write 50ms or more"),
            (json!({ "kill": { "at": [] } }), "`at` has 0 times"),
            (json!({ "stop": { "at": ["soon"] } }), "`faults.stop`:"),
            (json!({ "stop": { "at": "1s", "lasts": "long" } }), "`faults.stop.lasts`:"),
        ] {
            let error = Faults::read(Some(&option)).unwrap_err().to_string();
            assert!(error.contains(text), "{option}: {error}");
        }
    }
}
