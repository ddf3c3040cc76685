//! Messages that were sent so late that it shows in the figures.

use crate::plan::units::human_duration;

/// What was seen: 99th percentile and maximum of the lag, and p99 of `total` with the lag and without, in nanoseconds.
pub(super) fn seen(lag_ns: u64, lag_max_ns: u64, total_ns: Option<(u64, u64)>) -> String {
    let late = format!(
        "messages were sent up to {} late (p99 {})",
        human_duration(lag_max_ns),
        human_duration(lag_ns)
    );
    match total_ns {
        Some((total_ns, without_ns)) => format!(
            "{late}; p99 of total is {}, without that at least {}",
            human_duration(total_ns),
            human_duration(without_ns)
        ),
        None => late,
    }
}

/// Why it matters, and what to do. `decided`: every check comes out the same without the lag.
pub(super) fn why_and_help(decided: bool) -> (&'static str, &'static str) {
    match decided {
        true => (
            "times count from the moment at which a message was due: they hold the delay, and none is too short; every \
             check would come out the same without it",
            "for exact times use a machine with a free processor, or lower the rate",
        ),
        false => (
            "times count from the moment at which a message was due: they hold the delay, and a check hangs on it",
            "run again on a machine with a free processor, or lower the rate",
        ),
    }
}
