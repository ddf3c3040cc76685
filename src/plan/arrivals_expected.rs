//! What can be known of a load before it is played: whether all of it falls into the warm-up, and whether it ever reaches
//! its count.

use super::units::canonical_duration;
use super::{End, Group};
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
            let early: f64 = groups
                .iter()
                .map(|group| f64::from(group.count) * group.arrival.expected_in_warm_up(warm_up_ns))
                .sum();
            (early >= messages as f64, counted(messages, "message"))
        }
        End::MessagesPerAgent(messages) => {
            let early = |group: &Group| group.arrival.expected_in_warm_up(warm_up_ns) >= messages as f64;
            (groups.iter().all(early), format!("{} from each agent", counted(messages, "message")))
        }
        End::Duration(ns) => {
            let silent = |group: &Group| group.arrival.is_silent(warm_up_ns, ns);
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
    let expected = |group: &Group| group.arrival.expected_in_all(warm_up_ns);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Arrival, Callback, Callbacks, Spacing};
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
            consumer: None,
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
