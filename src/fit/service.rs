//! The law of the consumers' work, from results.

use super::fit::{FitError, merged, summary};
use super::quantiles;
use crate::results::Run;
use serde_json::Value;

/// How long the work took, as `consumer.service` takes it.
#[derive(Debug, Clone, PartialEq)]
pub struct FittedService {
    /// The law: a table of quantiles.
    pub service: Value,
    /// The executions that ended in the measured window.
    pub executions: u64,
    /// Their mean, median and 99th percentile, in nanoseconds.
    pub service_ns: [f64; 3],
}

/// Fits the work of all consumers of these runs together.
///
/// # Errors
/// There is nothing to fit to.
pub fn fit_service(runs: &[&Run]) -> Result<FittedService, FitError> {
    let all = merged(runs.iter().map(|run| run.histograms.all.get("service")), "service")?;
    let Some(service) = all else { return Err(FitError::NoExecutions) };
    Ok(FittedService {
        service: quantiles::table(&service, None),
        executions: service.len(),
        service_ns: summary(&service),
    })
}
