//! When an agent's messages arrive.

use super::distribution::Distribution;

/// The law of one agent's arrivals.
#[derive(Debug, Clone, PartialEq)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Spacing {
    /// A Poisson process: the integrated rate between arrivals is exponential with mean 1.
    #[default]
    Poisson,
    /// The n-th arrival, from 0, is where the integrated rate reaches n and a random phase of the agent's own.
    Constant,
}

/// One named stretch of [`Arrival::Stages`]; also a phase.
#[derive(Debug, Clone, PartialEq)]
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
