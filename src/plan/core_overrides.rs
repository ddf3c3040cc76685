//! What flags say over a core: its options, and faults laid over it.

use super::mocks::{MOCK, OF_MOCKS};
use super::overrides::{Overrides, meaningless, unit_fault};
use super::read::typed::parse_typed;
use super::units::{UnitError, canonical_duration, parse_duration, parse_share};
use super::{CoreSpec, LayerSpec};
use crate::diagnostics::{Diagnostic, Diagnostics, Exit};
use mqscript_plugin::distribution::Distribution;
use mqscript_plugin::written::{Dimension, read_distribution};
use serde_json::{Map, Value, json};

/// The layer that `--chaos` lays over the session's core.
const CHAOS: &str = "chaos";
/// The mock core's own default latency, of which `--min-latency` alone changes one end.
const MOCK_LATENCY_NS: (u64, u64) = (1_000_000, 10_000_000);

impl Overrides {
    /// Lays the layer of `--chaos` over the session's core.
    ///
    /// # Errors
    /// The faults cannot be read.
    pub fn apply_chaos(&self, core: &mut CoreSpec) -> Result<(), Diagnostics> {
        if let Some(text) = &self.chaos {
            let options = super::chaos_flag::read(text)?;
            if core.is_processor() {
                return super::injected::lay_chaos(core, options);
            }
            core.name = format!("{CHAOS} over {}", core.name);
            core.layers.push(LayerSpec::new(CHAOS, options));
        }
        Ok(())
    }

    /// Lays `--success-rate`, `--min-latency` and `--max-latency` over a core. Returns whether it is a mock core,
    /// the only one that has these options.
    ///
    /// # Errors
    /// A value is not what the option takes, or the core's latency has no ends.
    pub fn apply_to_core(&self, core: &mut CoreSpec) -> Result<bool, Diagnostics> {
        if core.core != MOCK && !core.is_processor() {
            return Ok(false);
        }
        let mut faults = self.said_twice(core);
        let injected = core.is_processor();
        let mut options = if injected { core.injected().clone() } else { core.options.clone() };
        if let Some(text) = &self.success_rate {
            match parse_share(text) {
                Ok(share) => {
                    options.insert("success_rate".to_owned(), json!(share));
                }
                Err(error) => faults.push(unit_fault("--success-rate", error)),
            }
        }
        if self.min_latency.is_some() || self.max_latency.is_some() {
            match self.latency(core, &options) {
                Ok((min, max)) => {
                    let (min, max) = (canonical_duration(min), canonical_duration(max));
                    options.insert("latency".to_owned(), json!({ "uniform": { "min": min, "max": max } }));
                }
                Err(all) => faults.append(all),
            }
        }
        *(if injected { core.injected() } else { &mut core.options }) = options;
        if faults.is_empty() { Ok(true) } else { Err(faults) }
    }

    /// Options that `--core-option` and a flag of their own both say.
    fn said_twice(&self, core: &CoreSpec) -> Diagnostics {
        let said = [&self.success_rate, &self.min_latency, &self.max_latency];
        let flags = OF_MOCKS.iter().zip(said).filter(|(_, said)| said.is_some());
        let twice = |((flag, option), _): (&(&str, &str), &Option<String>)| {
            let option = core.path_of_mock(option);
            self.core_options.iter().find(|(key, _)| *key == option)?;
            let title = format!("`{option}` is said twice");
            let fault =
                Diagnostic::new(Exit::Usage, title).found(format!("`--core-option {option}=…` and `{flag}`"));
            Some(fault.expected("one of them"))
        };
        flags.filter_map(twice).collect()
    }

    /// What to type for a latency without a unit: where the proposal would be below the shortest, both of them.
    pub(super) fn latency_help(&self, text: &str, error: UnitError) -> UnitError {
        let ns = text
            .parse::<f64>()
            .ok()
            .map(|ms| ms * 1e6)
            .filter(|ns| (0.0..MOCK_LATENCY_NS.0 as f64).contains(ns));
        let alone = self.min_latency.is_none();
        match ns.filter(|_| alone) {
            Some(ns) => UnitError { help: Some(both_latencies(0, ns.round() as u64)), ..error },
            None => error,
        }
    }

    fn latency(&self, core: &CoreSpec, options: &Map<String, Value>) -> Result<(u64, u64), Diagnostics> {
        let read = |flag: &str, text: &Option<String>| match text {
            Some(text) => parse_duration(text).map(Some).map_err(|e| Diagnostics::from(unit_fault(flag, e))),
            None => Ok(None),
        };
        let (min, max) =
            (read("--min-latency", &self.min_latency)?, read("--max-latency", &self.max_latency)?);
        let now = match (options.get("latency"), min.is_some() && max.is_some()) {
            (Some(value), false) => match read_distribution(value, Dimension::Duration) {
                Ok(Distribution::Uniform { min, max }) => (min, max),
                Ok(Distribution::Constant(value)) => (value, value),
                _ => {
                    let flag = if min.is_some() { "--min-latency" } else { "--max-latency" };
                    let found = format!("the latency of `{}` is {value}", core.name);
                    let help = "give both `--min-latency` and `--max-latency`, or `--core-option latency=…`";
                    return Err(meaningless(flag, "latency", found, help).into());
                }
            },
            _ => MOCK_LATENCY_NS,
        };
        let (low, high) = (min.unwrap_or(now.0), max.unwrap_or(now.1));
        if low > high {
            return Err(Diagnostic::new(Exit::Usage, "the smallest latency is above the largest")
                .found(format!("{} and {}", canonical_duration(low), canonical_duration(high)))
                .help(both_latencies(low.min(high), high))
                .into());
        }
        Ok((low, high))
    }

    /// The options of `--core-option`, laid over the session's core; over one of several that are `compared`, those that are
    /// named after it.
    ///
    /// # Errors
    /// A value that cannot be read.
    pub fn apply_core_options(
        &self,
        core: &mut CoreSpec,
        compared: Option<&[String]>,
    ) -> Result<(), Diagnostics> {
        let mut faults = Diagnostics::new();
        for (key, text) in &self.core_options {
            match compared.map(|cores| of_compared(cores, core, key)) {
                Some(Err(fault)) => {
                    faults.push(*fault);
                    continue;
                }
                Some(Ok(false)) => continue,
                Some(Ok(true)) | None => {}
            }
            if text.trim().is_empty() {
                faults.push(
                    Diagnostic::new(Exit::Usage, format!("`--core-option {key}` has no value"))
                        .found("nothing after the `=`")
                        .expected(format!("`--core-option {key}=VALUE`"))
                        .help(format!("`mqscript core info {}` shows what it takes", core.core)),
                );
                continue;
            }
            match parse_typed(&format!("--core-option {key}"), text) {
                Ok(node) => set_option(core, key, node.to_json()),
                Err(all) => faults.append(all),
            }
        }
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }
}

fn both_latencies(min_ns: u64, max_ns: u64) -> String {
    let (min, max) = (canonical_duration(min_ns), canonical_duration(max_ns));
    format!("give both: `--min-latency {min} --max-latency {max}`")
}

/// Sets an option by its key, or by a path such as `limits.rate`; the core's own name, or that of a layer over it, may
/// stand before it.
fn set_option(core: &mut CoreSpec, path: &str, value: Value) {
    let (mut options, mut path) = (&mut core.options, path);
    if let Some((first, rest)) = path.split_once('.') {
        let layer = core.layers.iter_mut().find(|layer| layer.layer == first);
        match layer {
            Some(layer) => (options, path) = (&mut layer.options, rest),
            None if core.core == first => path = rest,
            None => {}
        }
    }
    while let Some((key, rest)) = path.split_once('.') {
        let slot = options.entry(key).or_insert_with(|| Value::Object(Map::new()));
        if !slot.is_object() {
            *slot = Value::Object(Map::new());
        }
        let Value::Object(inner) = slot else { return };
        (options, path) = (inner, rest);
    }
    options.insert(path.to_owned(), value);
}

/// Whether an option is for this one of the cores that are compared: it says so by the core's name.
fn of_compared(cores: &[String], core: &CoreSpec, key: &str) -> Result<bool, Box<Diagnostic>> {
    let first = key.split('.').next().unwrap_or_default();
    let named = cores.iter().any(|name| name == first) && key.contains('.');
    if named {
        return Ok(first == core.core);
    }
    let fault = Diagnostic::new(Exit::Usage, format!("`--core-option {key}` does not say of which core"));
    let fault = fault.found(format!("`--compare={}`", cores.join(",")));
    let expected = format!("the core's name first, such as `--core-option {}.{key}=…`", core.core);
    Err(fault.expected(expected).into())
}
