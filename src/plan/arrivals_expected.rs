//! What can be known of a load before it is played: whether all of it falls into the warm-up, and whether it ever reaches
//! its count.

use super::units::canonical_duration;
use super::{Arrival, End, Group};
use crate::numbers::{count, counted};

/// A load that cannot be what was meant, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadFault {
    /// The key of the scenario to point at: `warm_up`, `messages`, `messages_per_agent`.
    pub key: &'static str,
    /// What is wrong, in one line.
    pub title: &'static str,
    /// The value that was found.
    pub found: String,
    /// What the user can do about it.
    pub help: String,
}

/// Whether every arrival of this load falls into its warm-up, so that nothing is measured; for random arrivals by their
/// expected number.
pub fn nothing_measured(groups: &[Group], warm_up_ns: u64, end: End) -> Option<LoadFault> {
    let calls = groups.iter().any(|group| group.callbacks.any());
    let (nothing, all) = match end {
        // Each of its bounds is looked at alone.
        _ if warm_up_ns == 0 => return None,
        End::First { .. } => return None,
        End::Messages(messages) => {
            let early: f64 =
                groups.iter().map(|group| f64::from(group.count) * in_warm_up(group, warm_up_ns)).sum();
            (early >= messages as f64, counted(messages, "message"))
        }
        End::MessagesPerAgent(messages) => {
            let early = |group: &Group| in_warm_up(group, warm_up_ns) >= messages as f64;
            (groups.iter().all(early), format!("{} from each agent", counted(messages, "message")))
        }
        End::Duration(ns) => {
            let silent = |group: &Group| is_silent(&group.arrival, warm_up_ns, ns);
            (!calls && groups.iter().all(silent), "all of the load".to_owned())
        }
    };
    let warm_up = canonical_duration(warm_up_ns);
    nothing.then(|| LoadFault {
        key: "warm_up",
        title: "nothing would be measured: all messages fall into the warm-up",
        found: format!("{all}, and a warm-up of {warm_up}"),
        help: match end {
            End::Duration(_) => "let messages arrive after the warm-up, or leave it out (`warm_up: 0`)".to_owned(),
            _ => "what arrives during the warm-up counts: ask for more messages, or leave it out (`warm_up: 0`, \
                  `--set warm_up=0`)"
                .to_owned(),
        },
    })
}

/// Whether the load can never reach its count of messages, because its rate falls to zero before.
pub fn count_out_of_reach(groups: &[Group], warm_up_ns: u64, end: End) -> Option<LoadFault> {
    if groups.iter().any(|group| group.callbacks.any()) {
        return None;
    }
    let expected = |group: &Group| in_all(&group.arrival, warm_up_ns);
    let (key, most, asked) = match end {
        // Another of the ends comes first, then.
        End::Duration(_) | End::First { .. } => return None,
        End::Messages(asked) => {
            let most: f64 = groups.iter().map(|group| f64::from(group.count) * expected(group)).sum();
            ("messages", most, asked)
        }
        End::MessagesPerAgent(asked) => {
            let most = groups.iter().map(expected).filter(|most| *most > 0.0).fold(f64::INFINITY, f64::min);
            ("messages_per_agent", most, asked)
        }
    };
    (most < asked as f64).then(|| LoadFault {
        key,
        title: "so many messages never come: the rate falls to zero before",
        found: format!(
            "{}, while the arrivals come to about {}",
            count(asked),
            counted(most.round() as u64, "message")
        ),
        help: "ask for fewer, end the load by `duration`, or let the ramp end above zero".to_owned(),
    })
}

/// Messages that one agent sends during the warm-up of its own accord: expected, at least.
fn in_warm_up(group: &Group, warm_up_ns: u64) -> f64 {
    let seconds = warm_up_ns as f64 * 1e-9;
    match &group.arrival {
        Arrival::Poisson { rate_per_s } | Arrival::Constant { rate_per_s } => rate_per_s * seconds,
        Arrival::Ramp { from_per_s, .. } => from_per_s * seconds,
        Arrival::Stages(stages) => stages.first().map_or(0.0, |stage| stage.from_per_s * seconds),
        Arrival::Burst { size, every_ns, spread_ns } => {
            *size as f64 * bursts_before(warm_up_ns as f64, *every_ns as f64, *spread_ns as f64)
        }
        // How long answers take is not known: the first of each slot is certain.
        Arrival::Closed { think, in_flight } if think.sample(u64::MAX) < warm_up_ns => f64::from(*in_flight),
        Arrival::Closed { .. } | Arrival::OnDemand => 0.0,
        Arrival::AllAtOnce => f64::INFINITY,
    }
}

/// How many bursts come before `until`, each counted by the share of it that does.
fn bursts_before(until: f64, every: f64, spread: f64) -> f64 {
    let begun = (until / every).ceil();
    let whole = if spread < until { (((until - spread) / every).floor() + 1.0).min(begun) } else { 0.0 };
    // The others began at whole·every … (begun − 1)·every and are over only after `until`.
    let partly = begun - whole;
    let shares = if partly > 0.0 && spread > 0.0 {
        partly * (until - every * (whole + begun - 1.0) / 2.0) / spread
    } else {
        partly
    };
    whole + shares
}

/// Messages that one agent sends of its own accord however long the load lasts: expected.
fn in_all(arrival: &Arrival, warm_up_ns: u64) -> f64 {
    match arrival {
        Arrival::Ramp { from_per_s, to_per_s, over_ns, .. } if *to_per_s == 0.0 => {
            from_per_s * 1e-9 * (warm_up_ns as f64 + *over_ns as f64 / 2.0)
        }
        Arrival::OnDemand => 0.0,
        _ => f64::INFINITY,
    }
}

/// Whether one agent sends nothing of its own accord in the window of a load of so much warm-up and so long a duration.
fn is_silent(arrival: &Arrival, warm_up_ns: u64, duration_ns: u64) -> bool {
    match arrival {
        Arrival::Burst { every_ns, spread_ns, .. } => {
            let end_ns = warm_up_ns.saturating_add(duration_ns);
            // The first burst that is not over when the window begins.
            let first = match warm_up_ns.checked_sub(*spread_ns) {
                None => 0,
                Some(before_ns) if *spread_ns == 0 => before_ns.div_ceil(*every_ns),
                Some(before_ns) => before_ns / every_ns + 1,
            };
            first.saturating_mul(*every_ns) >= end_ns
        }
        Arrival::Ramp { to_per_s, over_ns, .. } => *to_per_s == 0.0 && *over_ns == 0,
        Arrival::Stages(stages) => stages.iter().all(|stage| stage.from_per_s.max(stage.to_per_s) == 0.0),
        Arrival::AllAtOnce | Arrival::OnDemand => true,
        Arrival::Poisson { .. } | Arrival::Constant { .. } | Arrival::Closed { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Callback, Callbacks, Spacing};
    use mqscript_plugin::distribution::Distribution;
    use serde_json::Value;

    const S: u64 = 1_000_000_000;

    fn group(count: u32, arrival: Arrival) -> Group {
        Group {
            name: "Agent".to_owned(),
            count,
            numbered: true,
            arrival,
            mix: Vec::new(),
            state: Value::Null,
            callbacks: Callbacks::default(),
        }
    }

    #[test]
    fn a_count_that_the_warm_up_uses_up_is_found() {
        let nine = [group(9, Arrival::Poisson { rate_per_s: 20.0 })];
        for (messages, nothing) in [(500, true), (900, true), (901, false), (50_000, false)] {
            let found = nothing_measured(&nine, 5 * S, End::Messages(messages));
            assert_eq!(found.is_some(), nothing, "{messages}");
            let found = nothing_measured(&nine, 5 * S, End::MessagesPerAgent(messages / 9));
            assert_eq!(found.is_some(), messages / 9 <= 100, "{messages}");
        }
        assert_eq!(nothing_measured(&nine, 0, End::Messages(500)), None);
        assert_eq!(nothing_measured(&nine, 5 * S, End::Duration(1)), None);
        let one = nothing_measured(&nine, S, End::Messages(1)).unwrap();
        assert_eq!(one.found, "1 message, and a warm-up of 1s");
    }

    #[test]
    fn every_kind_of_arrival_is_looked_at() {
        let think = |ns| Arrival::Closed { think: Distribution::Constant(ns), in_flight: 2 };
        let burst = |every_ns, spread_ns| Arrival::Burst { size: 10, every_ns, spread_ns };
        let nothing = |arrival: Arrival, end| nothing_measured(&[group(3, arrival)], 5 * S, end).is_some();
        assert!(nothing(Arrival::AllAtOnce, End::MessagesPerAgent(100)));
        assert!(nothing(Arrival::AllAtOnce, End::Messages(100_000)));
        assert!(nothing(think(S), End::Messages(6)) && !nothing(think(S), End::Messages(7)));
        assert!(!nothing(think(6 * S), End::Messages(1)));
        // Five bursts of thirty messages begin before the window does.
        assert!(nothing(burst(S, 0), End::Messages(150)) && !nothing(burst(S, 0), End::Messages(151)));
        assert!(nothing(burst(60 * S, 0), End::Duration(55 * S)));
        assert!(!nothing(burst(60 * S, 0), End::Duration(55 * S + 1)));
        assert!(!nothing(burst(60 * S, 6 * S), End::Duration(30 * S)));
        assert!(nothing(burst(60 * S, 5 * S), End::Duration(30 * S)));
        assert!(!nothing(burst(5 * S, 0), End::Duration(S)));
    }

    #[test]
    fn the_shares_of_bursts_add_up() {
        for (until, every, spread) in [(60.0, 1.0, 30.0), (5.5, 2.0, 0.0), (7.3, 1.0, 2.5), (3.0, 5.0, 9.0)] {
            let mut share = 0.0;
            for burst in 0..f64::ceil(until / every) as u32 {
                let begun: f64 = until - f64::from(burst) * every;
                share += if spread == 0.0 { 1.0 } else { (begun / spread).min(1.0) };
            }
            let found = bursts_before(until, every, spread);
            assert!((found - share).abs() < 1e-9, "{until} {every} {spread}: {found}, expected {share}");
        }
    }

    #[test]
    fn a_count_beyond_a_rate_that_falls_to_zero_is_found() {
        let ramp = |to_per_s| Arrival::Ramp {
            from_per_s: 10.0,
            to_per_s,
            over_ns: 10 * S,
            spacing: Spacing::Poisson,
        };
        let found = |arrival, end| count_out_of_reach(&[group(3, arrival)], S, end).map(|fault| fault.key);
        // 1 s of warm-up at 10/s, then 10 s at 5/s on average.
        assert_eq!(found(ramp(0.0), End::Messages(180)), None);
        assert_eq!(found(ramp(0.0), End::Messages(181)), Some("messages"));
        assert_eq!(found(ramp(0.0), End::MessagesPerAgent(61)), Some("messages_per_agent"));
        assert_eq!(found(ramp(1.0), End::Messages(1_000_000)), None);
        let mut answers = group(3, ramp(0.0));
        answers.callbacks.on_outcome = Some(Callback::Named("again".to_owned()));
        assert_eq!(count_out_of_reach(&[answers], S, End::Messages(1_000)), None);
    }
}
