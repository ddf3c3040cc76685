//! When an agent's messages arrive: the laws, and what each of them comes to.

use super::distribution::Distribution;
use serde::{Deserialize, Serialize};

/// The law of one agent's arrivals.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Arrival {
    /// Messages arrive at independent gaps with an exponential distribution.
    Poisson {
        /// The rate of each agent, in messages per second.
        rate_per_s: f64,
    },
    /// Equal gaps, starting at a random phase.
    Constant {
        /// The rate of each agent, in messages per second.
        rate_per_s: f64,
    },
    /// `size` messages at once, every `every_ns`, the first at the start.
    Burst {
        /// Messages in a burst.
        size: u64,
        /// From the start of one burst to the start of the next.
        every_ns: u64,
        /// The messages of a burst are spread over this long, which may be longer than `every_ns`.
        spread_ns: u64,
    },
    /// The rate goes evenly from one to another and stays there. During a warm-up it is `from`.
    Ramp {
        /// Messages per second at the start.
        from_per_s: f64,
        /// Messages per second at the end.
        to_per_s: f64,
        /// The time that the change takes, in nanoseconds.
        over_ns: u64,
        /// How arrivals are spaced.
        spacing: Spacing,
    },
    /// Named stretches of constant or evenly changing rate. During a warm-up the rate is the first stage's first.
    Stages(Vec<Stage>),
    /// Each of `in_flight` slots thinks, sends, waits for the final outcome, and thinks again.
    Closed {
        /// The time to think.
        think: Distribution,
        /// Messages of one agent under way at once.
        in_flight: u32,
    },
    /// All messages at the start; the plan's end says how many.
    AllAtOnce,
    /// None: the agent sends only from callbacks.
    OnDemand,
}

/// How arrivals of a changing rate are spaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Spacing {
    /// A Poisson process: the integrated rate between arrivals is exponential with mean 1.
    #[default]
    Poisson,
    /// The n-th arrival, from 0, is where the integrated rate reaches n and a random phase of the agent's own.
    Constant,
}

/// One named stretch of [`Arrival::Stages`]; also a phase.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stage {
    /// The name of the phase.
    pub name: String,
    /// How long it lasts, in nanoseconds.
    pub duration_ns: u64,
    /// Messages per second at its start.
    pub from_per_s: f64,
    /// Messages per second at its end.
    pub to_per_s: f64,
    /// How arrivals are spaced.
    pub spacing: Spacing,
}

impl Arrival {
    /// The mean time between two arrivals of one agent at the law's highest steady rate, in nanoseconds, outcomes that
    /// come at once; infinite if none is scheduled.
    pub fn mean_gap_ns(&self) -> f64 {
        match self {
            Arrival::Poisson { rate_per_s } | Arrival::Constant { rate_per_s } => 1e9 / rate_per_s,
            Arrival::Burst { size, every_ns, .. } => *every_ns as f64 / *size as f64,
            Arrival::Ramp { from_per_s, to_per_s, .. } => 2e9 / (from_per_s + to_per_s),
            Arrival::Stages(stages) => {
                let peak =
                    stages.iter().map(|stage| stage.from_per_s.max(stage.to_per_s)).fold(0.0, f64::max);
                1e9 / peak
            }
            Arrival::Closed { think, in_flight } => think.mean() / f64::from(*in_flight),
            Arrival::AllAtOnce => 0.0,
            Arrival::OnDemand => f64::INFINITY,
        }
    }

    /// Whether the rate is meant to be the same from the beginning to the end.
    pub fn is_steady(&self) -> bool {
        matches!(self, Arrival::Poisson { .. } | Arrival::Constant { .. })
    }

    /// Whether the agent sends of its own accord, not from callbacks alone.
    pub fn is_scheduled(&self) -> bool {
        *self != Arrival::OnDemand
    }

    /// Of an agent that waits for outcomes, the time to think and its messages under way at once.
    #[inline]
    pub fn closed(&self) -> Option<(&Distribution, u32)> {
        match self {
            Arrival::Closed { think, in_flight } => Some((think, *in_flight)),
            _ => None,
        }
    }

    /// The named stretches; empty of every other law.
    pub fn stages(&self) -> &[Stage] {
        match self {
            Arrival::Stages(stages) => stages,
            _ => &[],
        }
    }

    /// The expected number of messages that one agent sends of its own accord during a warm-up, at least.
    pub fn expected_in_warm_up(&self, warm_up_ns: u64) -> f64 {
        let seconds = warm_up_ns as f64 * 1e-9;
        match self {
            Arrival::Poisson { rate_per_s } | Arrival::Constant { rate_per_s } => rate_per_s * seconds,
            Arrival::Ramp { from_per_s, .. } => from_per_s * seconds,
            Arrival::Stages(stages) => stages.first().map_or(0.0, |stage| stage.from_per_s * seconds),
            Arrival::Burst { size, every_ns, spread_ns } => {
                *size as f64 * bursts_before(warm_up_ns as f64, *every_ns as f64, *spread_ns as f64)
            }
            // How long answers take is not known: the first of each slot is certain.
            Arrival::Closed { think, in_flight } if think.sample(u64::MAX) < warm_up_ns => {
                f64::from(*in_flight)
            }
            Arrival::Closed { .. } | Arrival::OnDemand => 0.0,
            Arrival::AllAtOnce => f64::INFINITY,
        }
    }

    /// The expected number of messages that one agent sends of its own accord however long the load lasts.
    pub fn expected_in_all(&self, warm_up_ns: u64) -> f64 {
        match self {
            Arrival::Ramp { from_per_s, to_per_s, over_ns, .. } if *to_per_s == 0.0 => {
                from_per_s * 1e-9 * (warm_up_ns as f64 + *over_ns as f64 / 2.0)
            }
            Arrival::OnDemand => 0.0,
            _ => f64::INFINITY,
        }
    }

    /// Whether one agent sends nothing of its own accord in the `duration_ns` after a warm-up.
    pub fn is_silent(&self, warm_up_ns: u64, duration_ns: u64) -> bool {
        match self {
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
