//! HdrHistogram's interval log, as its analysers read it.

use crate::metrics::decode_histogram;
use crate::results::Run;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::V2DeflateSerializer;
use hdrhistogram::serialization::interval_log::{IntervalLogWriterBuilder, Tag};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The distributions of these runs as an interval log: one entry for each figure of each run, and for `delivery` of each type,
/// over the measured window. Its tag is `RUN.FIGURE` or `RUN.delivery.TYPE`; values are nanoseconds, and the largest value
/// of an entry is in milliseconds, as the format has it by default.
///
/// # Errors
/// A distribution cannot be written: it is damaged.
pub fn interval_log(runs: &[Run]) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    let mut serializer = V2DeflateSerializer::new();
    let started = runs.first().and_then(|run| run.environment.started_at.as_deref()).and_then(moment);
    let mut builder = IntervalLogWriterBuilder::new();
    builder.add_comment("[Histogram log format version 1.3]");
    builder.with_start_time(started.unwrap_or(UNIX_EPOCH));
    builder.with_base_time(started.unwrap_or(UNIX_EPOCH));
    builder.with_max_value_divisor(1e6);
    let mut log = builder.begin_log_with(&mut bytes, &mut serializer)?;
    for (place, run) in runs.iter().enumerate() {
        let all = run.histograms.all.iter().map(|(figure, encoded)| (figure.clone(), encoded));
        let by_type = run
            .histograms
            .delivery_by_type
            .iter()
            .map(|(name, encoded)| (format!("delivery.{name}"), encoded));
        for (name, encoded) in all.chain(by_type) {
            let histogram: Histogram<u64> = decode_histogram(encoded)?;
            let text = tag(&format!("{}.{name}", place + 1));
            let length = Duration::from_nanos(run.window_ns);
            log.write_histogram(&histogram, Duration::ZERO, length, Tag::new(&text))?;
        }
    }
    Ok(String::from_utf8(bytes)?)
}

/// A tag may hold neither commas nor white space.
fn tag(text: &str) -> String {
    text.chars().map(|c| if c == ',' || c.is_whitespace() { '_' } else { c }).collect()
}

fn moment(text: &str) -> Option<SystemTime> {
    Some(chrono::DateTime::parse_from_rfc3339(text).ok()?.into())
}
