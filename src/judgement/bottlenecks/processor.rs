//! What a processor does to messages that wait: it sleeps between its cycles, or has too few workers.

use super::find::{BottleneckSearch, found, ns};
use super::machinery::Machinery;
use crate::numbers::{amount, percent, rate};
use crate::plan::units::canonical_duration;
use crate::results::Bottleneck;

/// Below this utilisation, under a load that does not change, messages do not wait for workers (one worker that is busy
/// a quarter of the time makes them wait a quarter of theirs: M/M/1).
const UTILISATION_MIN: f64 = 0.25;
/// With suggested workers they are half busy: waits are then short without most of them idling.
const UTILISATION_AIM: f64 = 0.5;

impl BottleneckSearch<'_> {
    pub(super) fn cycles(&self) -> Option<Bottleneck> {
        let cycles = self.run.cycles.as_ref().filter(|cycles| cycles.count > 0)?;
        let asleep = 1.0 - cycles.active_ns as f64 / self.run.duration_ns as f64;
        if asleep < 0.5 {
            return None;
        }
        let Machinery { batch_size, batch_interval_ns, .. } = *self.machinery;
        let active_ns = cycles.active_ns as f64 / cycles.count as f64;
        let cycle_ns = active_ns + batch_interval_ns as f64;
        if 2 * cycles.full >= cycles.count {
            let cap = f64::from(batch_size) * 1e9 / cycle_ns;
            return found(
                "processor",
                format!(
                    "the processor sleeps {} of the time: batches of {batch_size} every {} cap it at {}, \
                     whatever the core does",
                    percent(asleep),
                    ns(batch_interval_ns as f64),
                    rate(cap)
                ),
                "larger batches, or a shorter pause between them (processor.batch_interval)",
                Some(format!("processor.batch_size={}", self.batch_size_for(cycle_ns))),
            );
        }
        found(
            "processor",
            format!(
                "the pause between cycles: the processor sleeps {} of the time, {} at a stretch, and messages wait \
                 {} for it",
                percent(asleep),
                ns(batch_interval_ns as f64),
                ns(self.wait_ns)
            ),
            "a shorter pause",
            Some(format!("processor.batch_interval={}", canonical_duration((batch_interval_ns / 4).max(1)))),
        )
    }

    /// Batches that take what comes in one cycle, with room for half as much again.
    fn batch_size_for(&self, cycle_ns: f64) -> u64 {
        let come = if self.machinery.steady { self.hand_overs_per_s() * cycle_ns / 1e9 * 1.5 } else { 0.0 };
        (come.ceil() as u64).max(2 * u64::from(self.machinery.batch_size))
    }

    /// Attempts per second that the load asks for.
    fn hand_overs_per_s(&self) -> f64 {
        let counts = &self.run.ledger.counts;
        self.run.figures.offered_per_s.unwrap_or(0.0) * counts.attempts as f64
            / counts.generated.max(1) as f64
    }

    pub(super) fn workers(&self) -> Option<Bottleneck> {
        let workers = self.machinery.workers;
        if self.machinery.steady && self.utilisation() < UTILISATION_MIN {
            return found(
                "core",
                format!(
                    "the core takes no more at once: messages wait {}, though {} of the workers are free",
                    ns(self.wait_ns),
                    percent(1.0 - self.utilisation())
                ),
                "look at the core's own options",
                None,
            );
        }
        let needed = self.hand_overs_per_s() * self.delivery_ns / 1e9;
        let suggested = match self.machinery.steady {
            true => ((needed / UTILISATION_AIM).ceil() as u64).max(u64::from(workers) + 1),
            false => 2 * u64::from(workers),
        };
        let busy = format!("{} of {workers} busy on average", amount(self.in_flight));
        found(
            "processor",
            format!(
                "the workers: {busy}, and messages wait {} for one to be delivered in {}",
                ns(self.wait_ns),
                ns(self.delivery_ns)
            ),
            "more workers, if the core can serve them",
            Some(format!("processor.workers={suggested}")),
        )
    }
}
