//! Figures looked up in results.

use super::{ConsumerFigures, Copies, Counts, Figures, Run, Times, TimesOfAll};
use crate::numbers::Quantity;
use crate::plan::{Figure, Literal, Scope};

/// The time of a message that was not delivered, where it counts: more than any time.
pub const NEVER: f64 = f64::INFINITY;

/// The value of a figure in a run; `None` if the run has none, as for a time of which there are no samples.
pub fn lookup(run: &Run, figure: &Figure) -> Option<Literal> {
    let statistic = figure.statistic.as_deref();
    match &figure.scope {
        Scope::All => of_run(run, &figure.name, statistic),
        Scope::Type(name) => of_figures(run.by_type.get(name)?, &figure.name, statistic),
        Scope::Phase(name) => {
            let phase = run.phases.iter().find(|phase| phase.name == *name)?;
            match figure.name.as_str() {
                "completion" => of_times(phase.completion.as_ref()?, statistic),
                name => of_figures(&phase.figures, name, statistic),
            }
        }
        Scope::Agent(name) => {
            let agent = run.by_agent.get(name)?;
            match figure.name.as_str() {
                "total" => of_times(&agent.total, statistic),
                "success_rate" => agent.success_rate.map(Literal::Share),
                "addressed" => Some(count(agent.addressed)),
                "last_activity" => agent.last_activity_ns.map(duration),
                name => of_counts(&agent.counts, name),
            }
        }
        Scope::Recipient(name) => {
            let recipient = run.by_recipient.get(name)?;
            match figure.name.as_str() {
                "addressed" => Some(count(recipient.addressed)),
                "delivered" => Some(count(recipient.delivered)),
                "received" => recipient.received.map(count),
                "lost" => recipient.lost.map(count),
                "duplicated" => recipient.duplicated.map(count),
                "last_activity" => recipient.last_activity_ns.map(duration),
                _ => None,
            }
        }
    }
}

/// The times that a figure is a statistic of; none if it is of something else, or the run has no such part.
pub fn times_of<'a>(run: &'a Run, figure: &Figure) -> Option<&'a Times> {
    let figures = match &figure.scope {
        Scope::All if figure.name == "schedule_lag" => return Some(&run.schedule_lag),
        Scope::All => &run.figures,
        Scope::Type(name) => run.by_type.get(name)?,
        Scope::Phase(name) => {
            let phase = run.phases.iter().find(|phase| phase.name == *name)?;
            if figure.name == "completion" {
                return phase.completion.as_ref();
            }
            &phase.figures
        }
        Scope::Agent(name) => return Some(&run.by_agent.get(name)?.total).filter(|_| figure.name == "total"),
        Scope::Recipient(_) => return None,
    };
    match figure.name.as_str() {
        "queue_wait" => Some(&figures.queue_wait),
        "delivery" => Some(&figures.delivery),
        "total" => Some(&figures.total),
        "total_all" => Some(&figures.total_all.times),
        "gave_up" => Some(&figures.gave_up),
        "end_to_end" => Some(&figures.end_to_end),
        "transit" => Some(&figures.transit),
        name => run.consumers.as_ref().filter(|_| figure.scope == Scope::All)?.all.times_named(name),
    }
}

/// A value for people: "4.21 ms", "99.3 %", "179/s", "900".
pub fn human(value: Literal) -> String {
    quantity(value).shown()
}

/// A value as a quantity, to be shown.
pub(crate) fn quantity(value: Literal) -> Quantity {
    match value {
        Literal::Duration(ns) => Quantity::Time(ns),
        Literal::Rate(per_s) => Quantity::Rate(per_s),
        Literal::Share(share) => Quantity::Share(share),
        Literal::Count(count) => Quantity::Count(count),
    }
}

/// A value as a number: nanoseconds, per second, share, count.
pub(crate) fn number(value: Literal) -> f64 {
    match value {
        Literal::Duration(number)
        | Literal::Rate(number)
        | Literal::Share(number)
        | Literal::Count(number) => number,
    }
}

fn count(count: u64) -> Literal {
    Literal::Count(count as f64)
}

fn duration(ns: u64) -> Literal {
    Literal::Duration(ns as f64)
}

fn of_run(run: &Run, name: &str, statistic: Option<&str>) -> Option<Literal> {
    match name {
        "schedule_lag" => of_times(&run.schedule_lag, statistic),
        "duration" => Some(duration(run.duration_ns)),
        "window" => Some(duration(run.window_ns)),
        "late_outcomes" => Some(count(run.ledger.late_outcomes)),
        "blocked" => Some(count(run.ledger.blocked)),
        "skipped" => Some(count(run.ledger.skipped)),
        "suppressed" => Some(count(run.ledger.suppressed)),
        _ => of_figures(&run.figures, name, statistic)
            .or_else(|| of_consumers(&run.consumers.as_ref()?.all, name, statistic))
            .or_else(|| of_copies(run.ledger.copies.as_ref()?, name).map(count)),
    }
}

/// A figure of consumers.
fn of_consumers(figures: &ConsumerFigures, name: &str, statistic: Option<&str>) -> Option<Literal> {
    if let Some(times) = figures.times_named(name) {
        return of_times(times, statistic);
    }
    Some(match name {
        "wasted_service" => Literal::Share(figures.wasted_service?),
        "busy" => Literal::Share(figures.busy),
        "lease_expired" => count(figures.lease_expired?),
        "late_settlements" => count(figures.late_settlements?),
        "executions" => count(figures.executions),
        "duplicate_executions" => count(figures.duplicate_executions),
        "redelivered" => count(figures.redelivered),
        "completed" => count(figures.completed),
        "repeated" => count(figures.repeated),
        "unfinished" => count(figures.unfinished),
        "dead_letters" => count(figures.dead_letters),
        "failed_executions" => count(figures.failed),
        "crashed" => count(figures.crashed),
        "cut_off" => count(figures.cut_off),
        "forgotten" => count(figures.forgotten),
        _ => return None,
    })
}

fn of_copies(copies: &Copies, name: &str) -> Option<u64> {
    Some(match name {
        "expected" => copies.expected,
        "received" => copies.received,
        "lost" => copies.lost,
        "missing" => copies.missing,
        "duplicated" => copies.duplicated,
        "redelivered" => copies.redelivered,
        "recovered" => copies.recovered,
        "unexpected" => copies.unexpected,
        "foreign" => copies.foreign,
        "out_of_order" => copies.out_of_order?,
        "corrupted" => copies.corrupted,
        "given_up" => copies.given_up,
        "unstamped" => copies.unstamped,
        "altered" => copies.altered.values().sum(),
        "failed_calls" => copies.failed_calls,
        _ => return None,
    })
}

/// A figure of a set of messages.
pub(crate) fn of_figures(figures: &Figures, name: &str, statistic: Option<&str>) -> Option<Literal> {
    match name {
        "queue_wait" => of_times(&figures.queue_wait, statistic),
        "delivery" => of_times(&figures.delivery, statistic),
        "total" => of_times(&figures.total, statistic),
        "gave_up" => of_times(&figures.gave_up, statistic),
        "end_to_end" => of_times(&figures.end_to_end, statistic),
        "transit" => of_times(&figures.transit, statistic),
        "total_all" => of_all(&figures.total_all, statistic),
        "offered" => figures.offered_per_s.map(Literal::Rate),
        "throughput" => figures.throughput_per_s.map(Literal::Rate),
        "delivered_rate" => figures.delivered_rate_per_s.map(Literal::Rate),
        "success_rate" => figures.success_rate.map(Literal::Share),
        "attempt_success_rate" => figures.attempt_success_rate.map(Literal::Share),
        _ => of_counts(&figures.counts, name),
    }
}

fn of_counts(counts: &Counts, name: &str) -> Option<Literal> {
    Some(count(match name {
        "generated" => counts.generated,
        "delivered" => counts.delivered,
        "failed" => counts.failed,
        "dead_lettered" => counts.dead_lettered,
        "rejected" => counts.rejected,
        "expired" => counts.expired,
        "uncertain" => counts.uncertain,
        "unanswered" => counts.unanswered,
        "attempts" => counts.attempts,
        "retries" => counts.retries,
        "answered" => counts.answered,
        _ => return None,
    }))
}

/// The time of what was not delivered is [`NEVER`].
fn of_all(of_all: &TimesOfAll, statistic: Option<&str>) -> Option<Literal> {
    let known = of_times(&of_all.times, statistic);
    known.or_else(|| (of_all.times.count > 0).then_some(Literal::Duration(NEVER)))
}

fn of_times(times: &Times, statistic: Option<&str>) -> Option<Literal> {
    match statistic? {
        "count" => Some(count(times.count)),
        "mean" => times.mean_ns.map(Literal::Duration),
        "min" => times.min_ns.map(duration),
        "p50" => times.p50_ns.map(duration),
        "p10" => times.p10_ns.map(duration),
        "spread" => Some(duration(times.p90_ns?.saturating_sub(times.p10_ns?))),
        "p90" => times.p90_ns.map(duration),
        "p95" => times.p95_ns.map(duration),
        "p99" => times.p99_ns.map(duration),
        "p999" => times.p999_ns.map(duration),
        "max" => times.max_ns.map(duration),
        _ => None,
    }
}
