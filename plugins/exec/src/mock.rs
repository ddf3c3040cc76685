//! The simulated messaging core through which a processor under test sends: its distributions, in the form that the
//! adapter reads.

use mqscript_plugin::distribution::Distribution;
use mqscript_plugin::prelude::*;
use mqscript_plugin::written::{Dimension, read_distribution, read_share};
use serde_json::{Value, json};

/// The number of points of a distribution's quantile function. The adapter draws among the points, because it knows no
/// distributions.
const QUANTILES: u64 = 1024;

/// The settings of the simulated core.
#[derive(Debug, Clone, PartialEq)]
pub struct Mock {
    latency: Distribution,
    success_rate: f64,
    crash: f64,
    spike_rate: f64,
    spike_by: Distribution,
}

fn share(key: &str, value: Option<&Value>, otherwise: f64) -> Result<f64, Error> {
    let Some(value) = value else { return Ok(otherwise) };
    read_share(value).map_err(|error| Error::config(format!("`mock.{key}`: {error}")))
}

fn law(key: &str, value: Option<&Value>, otherwise: Distribution) -> Result<Distribution, Error> {
    let Some(value) = value else { return Ok(otherwise) };
    read_distribution(value, Dimension::Duration)
        .map_err(|error| Error::config(format!("`mock.{key}`: {error}")))
}

/// The quantiles of a distribution in seconds, in the middle of equal cells.
fn quantiles(law: &Distribution) -> Vec<f64> {
    if let Distribution::Constant(value) = law {
        return vec![*value as f64 / 1e9];
    }
    let cell = u64::MAX / QUANTILES;
    (0..QUANTILES).map(|i| law.sample(i * cell + cell / 2) as f64 / 1e9).collect()
}

impl Mock {
    /// Reads the option `mock`. The error names the part that is wrong.
    pub fn read(option: Option<&Value>) -> Result<Mock, Error> {
        let at = |key: &str| option.and_then(|mock| mock.get(key));
        let spike = |key: &str| at("spike").and_then(|spike| spike.get(key));
        let usual = Distribution::Uniform { min: 1_000_000, max: 10_000_000 };
        Ok(Mock {
            latency: law("latency", at("latency"), usual)?,
            success_rate: share("success_rate", at("success_rate"), 0.95)?,
            crash: share("crash", at("crash"), 0.0)?,
            spike_rate: share("spike.rate", spike("rate"), 0.0)?,
            spike_by: law("spike.by", spike("by"), Distribution::Uniform { min: 0, max: 500_000_000 })?,
        })
    }

    /// The settings as JSON for the adapter.
    pub fn for_the_adapter(&self) -> Value {
        json!({
            "latency_s": quantiles(&self.latency),
            "success_rate": self.success_rate,
            "crash": self.crash,
            "spike_rate": self.spike_rate,
            "spike_s": quantiles(&self.spike_by),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_follow_the_law() {
        let table = quantiles(&Distribution::Uniform { min: 1_000_000, max: 10_000_000 });
        assert_eq!(table.len(), 1024);
        assert!(table.is_sorted() && table[0] > 0.001 && table[1023] < 0.010);
        let mean = table.iter().sum::<f64>() / 1024.0;
        assert!((mean - 0.0055).abs() < 1e-6, "{mean}");
        assert_eq!(quantiles(&Distribution::Constant(5_000_000)), [0.005]);
    }
}
