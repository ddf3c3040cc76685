//! Consumers whose work often takes longer than their lease.

use crate::judgement::bottlenecks::longer_lease_ns;
use crate::numbers::{count, percent};
use crate::plan::Group;
use crate::plan::units::{canonical_duration, human_duration};
use crate::results::Run;

/// Why a lease that is too short matters.
pub(super) const SHORT_LEASE_WHY: &str = "the medium hands a message to somebody else while it is still worked on: the work is done twice, and what the first has \
     done does not count";

/// A lease that ends before the work, too often.
#[derive(Debug, Clone, PartialEq)]
pub struct ShortLease {
    /// The name of the consumers' group.
    pub group: String,
    /// The lease, in nanoseconds.
    pub lease_ns: u64,
    /// 99th percentile of the work's time, in nanoseconds.
    pub p99_ns: u64,
    /// The executions that outlived the lease, and all.
    pub expired: (u64, u64),
    /// The share of the work's time that counted for nothing.
    pub wasted: f64,
}

impl ShortLease {
    pub(super) fn seen(&self) -> String {
        format!(
            "the lease of {}, {}, is shorter than the work: its p99 is {}; {} of {} executions outlived the lease, and {} of \
             the work counted for nothing",
            self.group,
            human_duration(self.lease_ns),
            human_duration(self.p99_ns),
            count(self.expired.0),
            count(self.expired.1),
            percent(self.wasted)
        )
    }

    pub(super) fn help(&self) -> String {
        let longer = canonical_duration(longer_lease_ns(self.p99_ns));
        let often = canonical_duration((self.lease_ns / 3).max(1));
        format!("consumer.lease={longer}, or consumer.extend={often}")
    }
}

/// The leases of these groups that are too short; they are in nanoseconds, and nobody extends them.
pub(super) fn short_leases(run: &Run, leases: &[(&str, u64)]) -> Vec<ShortLease> {
    let Some(consumers) = &run.consumers else { return Vec::new() };
    let short = |(group, lease_ns): &(&str, u64)| {
        let figures = consumers.by_group.get(*group)?;
        Some(ShortLease {
            group: (*group).to_owned(),
            lease_ns: *lease_ns,
            p99_ns: figures.service.p99_ns.filter(|p99_ns| p99_ns > lease_ns)?,
            expired: (figures.lease_expired?, figures.executions),
            wasted: figures.wasted_service?,
        })
    };
    leases.iter().filter_map(short).collect()
}

/// The lease of a group of consumers, if it is a time and nobody extends it.
pub(super) fn lease_of(group: &Group) -> Option<(&str, u64)> {
    let consumer = group.consumer.as_ref().filter(|consumer| consumer.extend_ns.is_none())?;
    Some((group.name.as_str(), consumer.lease_ns()?))
}
