//! From results to what limits them.

use super::consumers::of_consumers;
use super::machinery::{Closed, Machinery};
use crate::numbers::{count, percent, rate};
use crate::plan::units::{canonical_duration, human_duration};
use crate::results::loaded;
use crate::results::{Bottleneck, Run};

/// No more than so many are told, the one that explains most first.
const TOLD_MAX: usize = 2;
/// A wait that takes less than this share of the time in the system is not what limits a run.
const WAIT_SHARE_MIN: f64 = 0.3;
/// The same share for the time between two attempts.
const BACKOFF_SHARE_MIN: f64 = 0.15;
/// From this share of the time on, what passes between acceptance and reception limits a run.
const TRANSIT_SHARE_MIN: f64 = 0.5;
/// Where delivering takes less than this share of the time until messages are completed, it is not what limits a run.
const COMPLETION_SHARE_MAX: f64 = 0.3;
/// At this utilisation there is hardly a worker to spare.
const BUSY_MIN: f64 = 0.9;
/// Attempts that are suggested where there is only one.
const ATTEMPTS: u8 = 3;
/// A tail is the core's if its p99 is so many times its median.
const TAIL_TIMES: u64 = 5;

/// What limits a run, most important first; empty if nothing was sent.
pub fn find_bottlenecks(run: &Run, machinery: &Machinery) -> Vec<Bottleneck> {
    let Some(view) = BottleneckSearch::of(run, machinery) else { return Vec::new() };
    // A load that comes late makes messages wait where nothing else does.
    if let Some(generator) = view.generator() {
        return vec![generator];
    }
    // Where messages are only taken over, what comes after that decides.
    if let Some(medium) = view.falls_behind() {
        return std::iter::once(medium).chain(view.failures()).collect();
    }
    let mut found = of_consumers(run, machinery);
    if !view.completion_decides() {
        let others = [
            view.medium(),
            view.closed(),
            view.full_queue(),
            view.stopped().or_else(|| view.waiting()),
            view.retries(),
        ];
        found.extend(others.into_iter().flatten());
    }
    found.extend(view.core(found.is_empty()));
    found.truncate(TOLD_MAX);
    found.extend(view.failures());
    found
}

/// A run with what is read off it.
pub(super) struct BottleneckSearch<'a> {
    pub(super) run: &'a Run,
    pub(super) machinery: &'a Machinery,
    /// Shares of the time that messages spent in the system: in the queue, with the core, between attempts.
    queue: f64,
    backoff: f64,
    /// Mean number of messages in flight.
    pub(super) in_flight: f64,
    /// The mean times of a message, in nanoseconds.
    pub(super) wait_ns: f64,
    pub(super) delivery_ns: f64,
}

pub(super) fn found(
    kind: &str,
    seen: String,
    help: impl Into<String>,
    setting: Option<String>,
) -> Option<Bottleneck> {
    Some(Bottleneck { kind: kind.to_owned(), seen, help: help.into(), setting, tried: None })
}

pub(super) fn ns(value: f64) -> String {
    human_duration(value.max(0.0).round() as u64)
}

impl<'a> BottleneckSearch<'a> {
    fn of(run: &'a Run, machinery: &'a Machinery) -> Option<BottleneckSearch<'a>> {
        let number = |text: &str| text.parse::<f64>().unwrap_or(0.0);
        let in_system = number(&run.occupancy.in_system);
        if in_system <= 0.0 || run.duration_ns == 0 {
            return None;
        }
        let (wait_ns, lag_ns) = (run.figures.queue_wait.mean_ns, run.schedule_lag.mean_ns);
        // Waits begin at the intended time; what the generator was late is not the queue's.
        let lag = (lag_ns.unwrap_or(0.0) / wait_ns.unwrap_or(0.0).max(1.0)).min(1.0);
        Some(BottleneckSearch {
            run,
            machinery,
            queue: number(&run.occupancy.queue) / in_system * (1.0 - lag),
            backoff: number(&run.occupancy.backoff) / in_system,
            in_flight: number(&run.occupancy.processor) / run.duration_ns as f64,
            wait_ns: wait_ns.unwrap_or(0.0),
            delivery_ns: run.figures.delivery.mean_ns?,
        })
    }

    /// Whether messages spend most of their time after they are delivered, until a consumer has completed them.
    fn completion_decides(&self) -> bool {
        let completion_ns =
            self.run.consumers.as_ref().and_then(|consumers| consumers.all.completion.mean_ns);
        let total_ns = self.run.figures.total.mean_ns.unwrap_or(0.0);
        completion_ns.is_some_and(|completion_ns| total_ns < COMPLETION_SHARE_MAX * completion_ns)
    }

    pub(super) fn utilisation(&self) -> f64 {
        self.in_flight / f64::from(self.machinery.workers)
    }

    /// The machine that makes the load.
    fn generator(&self) -> Option<Bottleneck> {
        let warning = self.run.generator_limited()?;
        match self.run.environment.script_share {
            Some(script) if script >= 0.5 => found(
                "generator",
                format!("the generator: the script's callbacks take {} of the time", percent(script)),
                "lower the rate, or let `mix` and templates do what callbacks do",
                None,
            ),
            _ => found("generator", format!("the generator: {}", warning.seen), "lower the rate", None),
        }
    }

    /// What takes messages over: a processor under test, or a queue.
    fn taker(&self) -> &'static str {
        match self.run.can("PROCESSES") {
            true => "the processor under test",
            false => "the core",
        }
    }

    /// Copies to be received that pile up behind what takes messages over.
    fn falls_behind(&self) -> Option<Bottleneck> {
        let series = &self.run.series;
        if !self.run.is_of_copies() || !self.is_growing() {
            return None;
        }
        let points = &series.points[..loaded(series)];
        let came: u64 = points.iter().map(|point| point.generated).sum();
        let seconds = points.len() as f64 * series.interval_ns as f64 / 1e9;
        let most = points.iter().map(|point| point.queue_max).max().unwrap_or(0);
        found(
            "core",
            format!(
                "{}: {} received of {} accepted; its backlog grows, up to {} copies",
                self.taker(),
                rate(self.run.figures.throughput_per_s?),
                rate(came as f64 / seconds),
                count(most)
            ),
            "a lower rate, or a faster consumer: no setting here makes it faster",
            None,
        )
    }

    /// Most of the time passes between acceptance and reception.
    fn medium(&self) -> Option<Bottleneck> {
        let figures = &self.run.figures;
        let (end_to_end_ns, transit_ns) = (figures.end_to_end.mean_ns?, figures.transit.mean_ns?);
        if !self.run.is_of_copies() || transit_ns < TRANSIT_SHARE_MIN * end_to_end_ns {
            return None;
        }
        found(
            "core",
            format!(
                "{}: of {} on average, {} pass between accepted and received",
                self.taker(),
                ns(end_to_end_ns),
                ns(transit_ns)
            ),
            "no setting here makes it faster",
            None,
        )
    }

    fn is_growing(&self) -> bool {
        self.run.warnings.iter().any(|warning| warning.kind == "queue_growing")
    }

    /// Agents that wait for their own outcomes.
    fn closed(&self) -> Option<Bottleneck> {
        let groups = &self.machinery.closed;
        if groups.is_empty() || self.queue >= WAIT_SHARE_MIN {
            return None;
        }
        let total_ns = self.run.figures.total.mean_ns?;
        let most_of = |group: &Closed| {
            f64::from(group.agents) * f64::from(group.in_flight) * 1e9 / (group.think_ns + total_ns)
        };
        let most: f64 = groups.iter().map(most_of).sum();
        let help = "more agents, less time to think, or more messages under way";
        let [Closed { agents, think_ns, in_flight }] = groups[..] else {
            let agents: u64 = groups.iter().map(|group| u64::from(group.agents)).sum();
            let seen = format!(
                "the load itself: {agents} agents in {} groups wait for their own outcomes and send {} at most",
                groups.len(),
                rate(most)
            );
            return found("generator", seen, help, None);
        };
        found(
            "generator",
            format!(
                "the load itself: {} agents with {in_flight} under way each, {} to think and {} to be answered, \
                 send {} at most",
                count(u64::from(agents)),
                ns(think_ns),
                ns(total_ns),
                rate(most)
            ),
            help,
            Some(format!("arrival.closed.in_flight={}", u64::from(in_flight) * 2)),
        )
    }

    /// A queue that turns messages away although the processor could do them in time.
    fn full_queue(&self) -> Option<Bottleneck> {
        let ledger = &self.run.ledger;
        let reasons = ledger.by_reason.get("rejected")?;
        let of = |reason: &str| reasons.get(reason).copied().unwrap_or(0);
        let turned_away = of("queue_full") + of("dropped_oldest");
        if turned_away == 0 {
            return None;
        }
        let capacity = self.machinery.capacity;
        // A longer queue before workers that are busy all the time only makes messages wait longer.
        let overloaded = self.is_overloaded();
        let setting = format!("queue.capacity={}", (2 * capacity).max(capacity + turned_away));
        found(
            "queue",
            format!(
                "the queue: it holds {}, and {} messages were turned away",
                count(capacity),
                count(turned_away)
            ),
            if overloaded { "what waits behind it must get faster" } else { "let more of them wait" },
            (!overloaded).then_some(setting),
        )
    }

    /// Whether the workers get no further however long messages wait.
    fn is_overloaded(&self) -> bool {
        self.utilisation() >= BUSY_MIN || self.is_growing()
    }

    /// A processor that has handed over as many as it may.
    fn stopped(&self) -> Option<Bottleneck> {
        let (max, counts) = (self.machinery.max_messages?, &self.run.ledger.counts);
        if counts.attempts < max || counts.unanswered == 0 {
            return None;
        }
        found(
            "processor",
            format!(
                "the processor: it stops after {} hand-overs (processor.max_messages), and {} messages were left",
                count(max),
                count(counts.unanswered)
            ),
            "a larger processor.max_messages, or none",
            None,
        )
    }

    /// Messages that fail although nobody tries again.
    fn failures(&self) -> Option<Bottleneck> {
        let (ledger, attempts) = (&self.run.ledger, self.machinery.attempts);
        let failed = ledger.counts.failed + ledger.counts.uncertain + ledger.counts.dead_lettered;
        if attempts > 1 || failed == 0 {
            return None;
        }
        let share = failed as f64 / ledger.counts.generated.max(1) as f64;
        // Those who are busy all the time have no time to do things again.
        let setting = (!self.is_overloaded()).then(|| format!("processor.retry.attempts={ATTEMPTS}"));
        found(
            "failures",
            format!("the failures: {} of the messages fail at their only attempt", percent(share)),
            "more attempts, where the workers have time for them, or a core that fails less often",
            setting,
        )
    }

    /// Messages that wait in the queue for most of their time: for the next cycle, or for a worker.
    fn waiting(&self) -> Option<Bottleneck> {
        if self.queue < WAIT_SHARE_MIN {
            return None;
        }
        self.cycles().or_else(|| self.workers())
    }

    /// Messages that wait for their next attempt.
    fn retries(&self) -> Option<Bottleneck> {
        let (counts, figures) = (&self.run.ledger.counts, &self.run.figures);
        let again = counts.retries as f64 / counts.generated.max(1) as f64;
        let tail = |p99: Option<u64>| p99.unwrap_or(0);
        let without = tail(figures.queue_wait.p99_ns) + tail(figures.delivery.p99_ns);
        let makes_tail = again >= 0.01 && tail(figures.total.p99_ns) > 2 * without;
        if counts.retries == 0 || (self.backoff < BACKOFF_SHARE_MIN && !makes_tail) {
            return None;
        }
        let backoff_ns = self.machinery.backoff_ns;
        // Attempts that follow each other faster are spent before the outage is over.
        let in_outages = !self.run.outages.is_empty();
        let setting = format!("processor.retry.backoff={}", canonical_duration((backoff_ns / 4).max(1)));
        found(
            "retries",
            format!(
                "the retries: {} of the messages are tried again, and {} of all time is spent waiting for that \
                 (backoff {})",
                percent(again),
                percent(self.backoff),
                ns(backoff_ns as f64)
            ),
            match in_outages {
                true => {
                    "a core that fails less often: a shorter backoff would spend the attempts within an outage"
                }
                false => "a shorter backoff, or a core that fails less often",
            },
            (!in_outages).then_some(setting),
        )
    }

    /// The core, where nothing else takes the time, or where it alone makes the tail.
    fn core(&self, alone: bool) -> Option<Bottleneck> {
        if self.run.is_of_copies() {
            // That it takes messages over is not what anybody waits for.
            return None;
        }
        let (delivery, total) = (&self.run.figures.delivery, &self.run.figures.total);
        let (p50, p99) = (delivery.p50_ns?, delivery.p99_ns?);
        let total_p99 = total.p99_ns.unwrap_or(0);
        if p99 >= TAIL_TIMES * p50.max(1) && p99 as f64 >= 0.7 * total_p99 as f64 {
            return found(
                "core",
                format!(
                    "the core makes the tail: its p99 is {}, {} times its median",
                    human_duration(p99),
                    count(p99 / p50.max(1))
                ),
                "no setting here makes it faster",
                None,
            );
        }
        let total_ns = total.mean_ns.filter(|_| alone)?;
        found(
            "core",
            format!("the core: its delivery takes {} of {} on average", ns(self.delivery_ns), ns(total_ns)),
            "no setting here makes it faster",
            None,
        )
    }
}
