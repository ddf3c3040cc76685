//! Computes when an agent's next message is due: the samplers of [`Arrival`].

use super::overlapping::Overlapping;
use crate::plan::distribution::standard_exponential;
use crate::plan::{Arrival, Spacing, Stage};
use mqscript_plugin::random::{Stream, unit_from};

/// The state of one agent's arrivals.
#[derive(Debug, Clone, Copy)]
pub struct ArrivalState {
    /// The number of arrivals drawn so far; for Poisson arrivals the next gap in nanoseconds; for overlapping bursts
    /// the agent's index.
    drawn: u64,
    /// The time of the last arrival, or the integrated rate at it; which of them depends on the law.
    position: f64,
}

/// The arrival law of one group, prepared for drawing. Times are nanoseconds since the load began.
#[derive(Debug, Clone)]
pub enum ArrivalSampler {
    /// Random gaps, exponentially distributed with this mean.
    Poisson { mean_gap_ns: f64 },
    /// Gaps of equal length, in nanoseconds.
    Constant { gap_ns: f64 },
    /// Bursts of which each ends before the next begins.
    Burst { size: u64, every_ns: u64, spread_ns: u64 },
    /// Bursts that are spread over longer than the time between them, merged in time.
    Overlapping(Overlapping),
    /// A rate that changes with time.
    Varying(RateCurve),
    /// All messages arrive when the load begins.
    AllAtOnce,
    /// Arrivals follow outcomes, or there are none.
    Reactive,
}

impl ArrivalSampler {
    /// The sampler of a law, for a load that begins with `warm_up_ns` of warm-up.
    pub fn new(arrival: &Arrival, warm_up_ns: u64) -> ArrivalSampler {
        match arrival {
            Arrival::Poisson { rate_per_s } => ArrivalSampler::Poisson { mean_gap_ns: 1e9 / rate_per_s },
            Arrival::Constant { rate_per_s } => ArrivalSampler::Constant { gap_ns: 1e9 / rate_per_s },
            Arrival::Burst { size, every_ns, spread_ns } if spread_ns > every_ns => {
                ArrivalSampler::Overlapping(Overlapping::new(*size, *every_ns, *spread_ns))
            }
            Arrival::Burst { size, every_ns, spread_ns } => {
                ArrivalSampler::Burst { size: *size, every_ns: *every_ns, spread_ns: *spread_ns }
            }
            Arrival::Ramp { from_per_s, to_per_s, over_ns, spacing } => {
                let ramp = Piece { length_ns: *over_ns as f64, from: *from_per_s, to: *to_per_s };
                ArrivalSampler::Varying(RateCurve::new(warm_up_ns, vec![(ramp, *spacing)]))
            }
            Arrival::Stages(stages) => {
                let piece = |stage: &Stage| {
                    let length_ns = stage.duration_ns as f64;
                    (Piece { length_ns, from: stage.from_per_s, to: stage.to_per_s }, stage.spacing)
                };
                ArrivalSampler::Varying(RateCurve::new(warm_up_ns, stages.iter().map(piece).collect()))
            }
            Arrival::AllAtOnce => ArrivalSampler::AllAtOnce,
            Arrival::Closed { .. } | Arrival::OnDemand => ArrivalSampler::Reactive,
        }
    }

    /// An agent's state before its first arrival.
    pub fn first(&mut self, stream: &mut Stream) -> ArrivalState {
        let drawn = match self {
            ArrivalSampler::Poisson { mean_gap_ns } => gap(*mean_gap_ns, stream),
            ArrivalSampler::Overlapping(bursts) => bursts.add_agent(),
            _ => 0,
        };
        ArrivalState { drawn, position: 0.0 }
    }

    /// The time of the agent's next arrival; `None` if there are no more.
    #[inline(always)]
    pub fn next(&mut self, state: &mut ArrivalState, last_ns: u64, stream: &mut Stream) -> Option<u64> {
        match self {
            ArrivalSampler::Poisson { mean_gap_ns } => {
                // The gap was drawn one arrival ahead, so that the time of this arrival need not wait for the
                // logarithm.
                let next = last_ns.saturating_add(state.drawn);
                state.drawn = gap(*mean_gap_ns, stream);
                Some(next)
            }
            _ => self.next_rare(state, stream),
        }
    }

    #[inline(never)]
    fn next_rare(&mut self, state: &mut ArrivalState, stream: &mut Stream) -> Option<u64> {
        if let ArrivalSampler::Overlapping(bursts) = self {
            return bursts.next(state.drawn, stream);
        }
        let number = state.drawn;
        state.drawn += 1;
        match self {
            ArrivalSampler::Poisson { .. } | ArrivalSampler::Overlapping(_) | ArrivalSampler::Reactive => {
                None
            }
            ArrivalSampler::AllAtOnce => Some(0),
            ArrivalSampler::Constant { gap_ns } => {
                if number == 0 {
                    state.position = stream.unit();
                }
                Some(((number as f64 + state.position) * *gap_ns + 0.5) as u64)
            }
            ArrivalSampler::Burst { size, every_ns, spread_ns } => {
                let start_ns = (number / *size).checked_mul(*every_ns)?;
                Some(start_ns.saturating_add(offset_ns(number % *size, *size, *spread_ns, stream)))
            }
            ArrivalSampler::Varying(curve) => {
                let from = if number == 0 { None } else { Some(state.position) };
                let (time, integrated) = curve.next(from, stream)?;
                state.position = integrated;
                Some(time)
            }
        }
    }
}

/// The time of message number `within` in a burst of `size` messages. Each message gets a random time in its own part
/// of the spread, so that the times ascend with one draw each.
pub fn offset_ns(within: u64, size: u64, spread_ns: u64, stream: &mut Stream) -> u64 {
    let share = (within as f64 + unit_from(stream.next_u64())) / size as f64;
    (share * spread_ns as f64) as u64
}

#[inline]
fn gap(mean_ns: f64, stream: &mut Stream) -> u64 {
    (standard_exponential(stream.next_u64()) * mean_ns + 0.5) as u64
}

/// A stretch of time in which the rate changes linearly from one value to another.
#[derive(Debug, Clone, Copy)]
struct Piece {
    length_ns: f64,
    /// The rate at its start, in arrivals per second.
    from: f64,
    /// The rate at its end, in arrivals per second.
    to: f64,
}

impl Piece {
    /// The expected number of arrivals in the whole piece.
    fn integral(&self) -> f64 {
        self.length_ns * 1e-9 * (self.from + self.to) / 2.0
    }

    /// The time within the piece, in nanoseconds, at which the integrated rate reaches `target`.
    ///
    /// Solves from·t + (to − from)·t²/2L = target in the form that does not cancel.
    fn time_of(&self, target: f64) -> f64 {
        let slope = (self.to - self.from) / (self.length_ns * 1e-9);
        let root = (self.from * self.from + 2.0 * slope * target).max(0.0).sqrt();
        let seconds = if self.from + root > 0.0 { 2.0 * target / (self.from + root) } else { 0.0 };
        seconds * 1e9
    }
}

/// The growth of the integrated rate up to the next arrival. `anew`: the spacing begins there.
fn step(spacing: Spacing, anew: bool, stream: &mut Stream) -> f64 {
    match spacing {
        Spacing::Poisson => standard_exponential(stream.next_u64()),
        Spacing::Constant if anew => stream.unit(),
        Spacing::Constant => 1.0,
    }
}

/// A piecewise linear rate, and its integral. After the last piece, its final rate continues.
#[derive(Debug, Clone)]
pub struct RateCurve {
    /// Each piece with its start, the integrated rate at its start, and its spacing.
    pieces: Vec<(f64, f64, Piece, Spacing)>,
}

impl RateCurve {
    fn new(warm_up_ns: u64, stretches: Vec<(Piece, Spacing)>) -> RateCurve {
        let mut pieces = Vec::with_capacity(stretches.len() + 2);
        let (mut start, mut integral) = (0.0, 0.0);
        let mut push = |piece: Piece, spacing| {
            pieces.push((start, integral, piece, spacing));
            start += piece.length_ns;
            integral += piece.integral();
        };
        let (first, last) = (stretches[0], stretches[stretches.len() - 1]);
        if warm_up_ns > 0 {
            push(Piece { length_ns: warm_up_ns as f64, from: first.0.from, to: first.0.from }, first.1);
        }
        for (piece, spacing) in &stretches {
            push(*piece, *spacing);
        }
        push(Piece { length_ns: 1e18, from: last.0.to, to: last.0.to }, last.1);
        RateCurve { pieces }
    }

    /// The next arrival, and the integrated rate at it. `last` is the integrated rate at the previous arrival; `None`
    /// before the first.
    ///
    /// Within stretches of one spacing the gaps of the integrated rate are exponential or 1. Where the spacing changes, and
    /// at the very beginning, it begins anew: a Poisson process has no memory, and equal gaps begin at a random phase. So
    /// each stretch has as many arrivals on average as its rate says, and agents are not in step.
    fn next(&self, last: Option<f64>, stream: &mut Stream) -> Option<(u64, f64)> {
        let position = last.unwrap_or(0.0);
        let mut index = self.pieces.partition_point(|(_, integral, _, _)| *integral <= position).max(1) - 1;
        let mut spacing = self.pieces[index].3;
        let mut target = position + step(spacing, last.is_none(), stream);
        loop {
            let (start, integral, piece, _) = self.pieces[index];
            match self.pieces.get(index + 1) {
                Some((_, end, _, next)) if target > *end => {
                    index += 1;
                    if *next != spacing {
                        spacing = *next;
                        target = end + step(spacing, true, stream);
                    }
                }
                // The last rate is zero: the integral never reaches the target.
                None if piece.integral() < target - integral => return None,
                _ => return Some(((start + piece.time_of(target - integral) + 0.5) as u64, target)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(arrival: &Arrival, warm_up_ns: u64, until_ns: u64) -> Vec<u64> {
        let mut sampler = ArrivalSampler::new(arrival, warm_up_ns);
        let mut stream = Stream::from_key(4);
        let mut state = sampler.first(&mut stream);
        let mut found = Vec::new();
        let mut last = 0;
        while let Some(time) = sampler.next(&mut state, last, &mut stream) {
            if time >= until_ns {
                break;
            }
            assert!(time >= last, "arrivals are in order");
            last = time;
            found.push(time);
        }
        found
    }

    const S: u64 = 1_000_000_000;

    #[test]
    fn poisson_has_the_rate_and_the_variance() {
        let found = times(&Arrival::Poisson { rate_per_s: 50.0 }, 0, 2_000 * S);
        let n = found.len() as f64;
        assert!((n - 100_000.0).abs() < 4.0 * 100_000f64.sqrt(), "{n}");
        let gaps: Vec<f64> = found.windows(2).map(|w| (w[1] - w[0]) as f64).collect();
        let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
        let variance = gaps.iter().map(|g| (g - mean) * (g - mean)).sum::<f64>() / gaps.len() as f64;
        assert!((variance.sqrt() / mean - 1.0).abs() < 0.02);
    }

    #[test]
    fn constant_gaps_are_equal_and_start_at_a_phase() {
        let found = times(&Arrival::Constant { rate_per_s: 100.0 }, 0, S);
        assert_eq!(found.len(), 100);
        assert!(found[0] < 10_000_000 && found.windows(2).all(|w| (w[1] - w[0]).abs_diff(10_000_000) <= 1));
    }

    #[test]
    fn bursts_come_at_once_or_spread() {
        let burst = Arrival::Burst { size: 3, every_ns: S, spread_ns: 0 };
        assert_eq!(times(&burst, 0, 2 * S), [0, 0, 0, S, S, S]);
        let spread = times(&Arrival::Burst { size: 50, every_ns: S, spread_ns: S / 2 }, 0, S);
        assert_eq!(spread.len(), 50);
        assert!(spread[49] < S / 2 && spread[49] > S / 3);
    }

    #[test]
    fn overlapping_bursts_are_merged_in_time() {
        // Of the burst at b s, with 60 s of load: all that lies before the end, a fortieth of 30 s in each part.
        let burst = Arrival::Burst { size: 40, every_ns: S, spread_ns: 30 * S };
        let found = times(&burst, 0, 60 * S);
        let expected: f64 = (0..60).map(|b| 40.0 * f64::from(60 - b).min(30.0) / 30.0).sum();
        assert!((found.len() as f64 - expected).abs() <= 30.0, "{}, expected {expected}", found.len());
        // Once thirty overlap, forty a second come.
        let steady = found.iter().filter(|time| (35 * S..60 * S).contains(time)).count();
        assert!((990..=1_010).contains(&steady), "{steady}");
    }

    #[test]
    fn a_ramp_of_constant_spacing_is_the_integrated_rate() {
        let ramp =
            Arrival::Ramp { from_per_s: 0.0, to_per_s: 20.0, over_ns: 10 * S, spacing: Spacing::Constant };
        let found = times(&ramp, 0, 20 * S);
        // t²: the n-th (from 0) at √(n + phase) seconds, a hundred in ten seconds, then twenty a second.
        let phase = Stream::from_key(4).unit();
        let at = |integral: f64| (integral.sqrt() * S as f64) as u64;
        for (number, time) in found[..100].iter().enumerate() {
            assert!(time.abs_diff(at(number as f64 + phase)) <= 1, "{number}: {time}");
        }
        assert_eq!(found.len(), 100 + 200);
        let warm = times(&ramp, 5 * S, 20 * S);
        assert_eq!(warm[0], found[0] + 5 * S);
    }

    #[test]
    fn constant_spacing_in_stages_and_ramps_is_the_constant_arrival() {
        let constant = times(&Arrival::Constant { rate_per_s: 20.0 }, 0, 30 * S);
        let stage = |duration_ns: u64| Stage {
            name: duration_ns.to_string(),
            duration_ns,
            from_per_s: 20.0,
            to_per_s: 20.0,
            spacing: Spacing::Constant,
        };
        let stages = Arrival::Stages(vec![stage(7 * S), stage(23 * S)]);
        let ramp =
            Arrival::Ramp { from_per_s: 20.0, to_per_s: 20.0, over_ns: 9 * S, spacing: Spacing::Constant };
        for other in [stages, ramp] {
            let found = times(&other, 0, 30 * S);
            assert_eq!(found.len(), 600);
            assert!(found.iter().zip(&constant).all(|(a, b)| a.abs_diff(*b) <= 1));
        }
    }

    /// Without a random phase in each stretch, or with memory in the Poisson ones, the counts are off by a half.
    #[test]
    fn a_change_of_spacing_loses_and_adds_no_arrival() {
        let stage = |name: &str, spacing| Stage {
            name: name.to_owned(),
            duration_ns: S,
            from_per_s: 2.5,
            to_per_s: 2.5,
            spacing,
        };
        let (even, random) = (Spacing::Constant, Spacing::Poisson);
        let stages = [stage("a", even), stage("b", random), stage("c", even), stage("d", random)];
        let mut sampler = ArrivalSampler::new(&Arrival::Stages(stages.to_vec()), 0);
        let (mut counts, agents) = ([0u64; 4], 20_000);
        for agent in 0..agents {
            let mut stream = Stream::from_key(agent);
            let mut state = sampler.first(&mut stream);
            let next = std::iter::from_fn(|| sampler.next(&mut state, 0, &mut stream));
            next.take_while(|time| *time < 4 * S).for_each(|time| counts[(time / S) as usize] += 1);
        }
        for (count, sigma) in counts.into_iter().zip([0.5, 2.5f64.sqrt(), 0.5, 2.5f64.sqrt()]) {
            let mean = count as f64 / agents as f64;
            assert!((mean - 2.5).abs() < 4.0 * sigma / (agents as f64).sqrt(), "{mean}");
        }
    }

    #[test]
    fn stages_follow_one_another() {
        let stage = |name: &str, duration_ns, from_per_s, to_per_s| Stage {
            name: name.to_owned(),
            duration_ns,
            from_per_s,
            to_per_s,
            spacing: Spacing::Poisson,
        };
        let stages = Arrival::Stages(vec![
            stage("calm", 100 * S, 10.0, 10.0),
            stage("climb", 100 * S, 10.0, 110.0),
            stage("quiet", 100 * S, 0.0, 0.0),
        ]);
        let found = times(&stages, 0, 300 * S);
        let count =
            |from: u64, to: u64| found.iter().filter(|t| (from * S..to * S).contains(t)).count() as f64;
        for (seen, expected) in [(count(0, 100), 1_000.0), (count(100, 200), 6_000.0)] {
            assert!((seen - expected).abs() < 4.0 * f64::sqrt(expected), "{seen}");
        }
        assert_eq!(count(200, 300), 0.0);
    }
}
