//! Distributions as they are written: short texts ("5ms", "1ms..10ms") and maps with one key.
//!
//! The same forms stand in scripts, in YAML and in a core's JSON options; this is the one reader of them.

use crate::abi::AHEAD_MAX_NS;
use crate::distribution::Distribution;
use crate::units::{
    SECOND_NS, UnitError, canonical_duration, duration_from_seconds, parse_duration, parse_share, parse_size,
    share_from_number,
};
use serde_json::{Map, Value, json};

/// The quantity that a distribution describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dimension {
    /// The value is a duration, in nanoseconds.
    Duration,
    /// The value is a size, in bytes.
    Size,
}

/// A value that is no distribution: where inside it, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenError {
    /// The key path from the value read, empty for the value itself: "uniform.min".
    pub path: String,
    /// The value that was found there.
    pub found: String,
    /// The value that was expected.
    pub expected: String,
    /// A suggestion for the user, where one can be guessed.
    pub help: Option<String>,
}

impl std::fmt::Display for WrittenError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let at = if self.path.is_empty() { String::new() } else { format!("`{}`: ", self.path) };
        write!(f, "{at}{} is not {}", self.found, self.expected)
    }
}

impl std::error::Error for WrittenError {}

/// Reads a share: a text such as "99%", or a number from 0 to 1.
///
/// # Errors
/// Anything else.
pub fn read_share(value: &Value) -> Result<f64, UnitError> {
    match (value.as_str(), value.as_f64()) {
        (None, Some(number)) => share_from_number(number),
        (text, _) => parse_share(text.unwrap_or(&value.to_string())),
    }
}

/// Reads a distribution of latencies, of which at most one in a thousand may lie beyond what the time of an outcome may be.
///
/// # Errors
/// Anything else; the text is for the user.
pub fn read_latency(value: &Value) -> Result<Distribution, String> {
    let law = read_distribution(value, Dimension::Duration).map_err(|error| error.to_string())?;
    let p999_ns = law.sample((u128::from(u64::MAX) * 999 / 1_000) as u64);
    if p999_ns > AHEAD_MAX_NS {
        let days = p999_ns / (24 * 3_600 * SECOND_NS);
        return Err(format!(
            "one in a thousand of these times is longer than {days} days; the longest that can be played is 366 days"
        ));
    }
    Ok(law)
}

const LAWS: &str = "constant, uniform, normal, exponential, lognormal, empirical";

impl Dimension {
    fn expected(self) -> &'static str {
        match self {
            Dimension::Duration => "a duration such as \"5ms\", or a distribution of durations",
            Dimension::Size => "a size such as \"1KiB\", or a distribution of sizes",
        }
    }

    fn parse(self, text: &str) -> Result<u64, UnitError> {
        match self {
            Dimension::Duration => parse_duration(text),
            Dimension::Size => parse_size(text),
        }
    }

    fn write(self, value: f64) -> String {
        match self {
            Dimension::Duration => canonical_duration(value.round() as u64),
            Dimension::Size => format!("{}B", value.round() as u64),
        }
    }

    /// One value of this dimension: a text with its unit, or a bare number (of seconds, of bytes).
    fn value(self, path: &str, value: &Value) -> Result<u64, WrittenError> {
        let parsed = match (value, value.as_f64()) {
            (Value::String(text), _) => self.parse(text),
            (_, Some(number)) => match self {
                Dimension::Duration => duration_from_seconds(number),
                Dimension::Size => parse_size(&format!("{number}B")),
            },
            _ => return Err(wrong(path, value, self.expected())),
        };
        parsed.map_err(|error| WrittenError {
            path: path.to_owned(),
            found: format!("`{}`", error.found),
            expected: error.expected.to_owned(),
            help: error.help,
        })
    }
}

fn wrong(path: &str, found: &Value, expected: &str) -> WrittenError {
    WrittenError {
        path: path.to_owned(),
        found: format!("`{found}`"),
        expected: expected.to_owned(),
        help: None,
    }
}

/// The fields of one law, each taken once; what is left over is unknown.
struct Fields<'a> {
    law: &'a str,
    map: &'a Map<String, Value>,
    dimension: Dimension,
}

impl Fields<'_> {
    fn path(&self, key: &str) -> String {
        format!("{}.{key}", self.law)
    }

    fn known(&self, keys: &[&str]) -> Result<(), WrittenError> {
        match self.map.keys().find(|key| !keys.contains(&key.as_str())) {
            None => Ok(()),
            Some(key) => Err(WrittenError {
                path: self.path(key),
                found: format!("the key `{key}`"),
                expected: format!("a key of `{}`: {}", self.law, keys.join(", ")),
                help: None,
            }),
        }
    }

    fn get(&self, key: &str) -> Result<f64, WrittenError> {
        match self.map.get(key) {
            Some(value) => Ok(self.dimension.value(&self.path(key), value)? as f64),
            None => Err(WrittenError {
                path: self.law.to_owned(),
                found: "no such key".to_owned(),
                expected: format!("a map with the key `{key}`"),
                help: None,
            }),
        }
    }

    fn positive(&self, key: &str) -> Result<f64, WrittenError> {
        let value = self.get(key)?;
        if value > 0.0 { Ok(value) } else { Err(wrong(&self.path(key), &self.map[key], "more than zero")) }
    }
}

/// Reads a distribution from its short or its canonical form.
///
/// # Errors
/// A wrong type, an unknown law or key, a missing key, or values that make no law (`min` above `max`).
pub fn read_distribution(value: &Value, dimension: Dimension) -> Result<Distribution, WrittenError> {
    match value {
        Value::String(text) => match text.split_once("..") {
            Some((min, max)) => uniform(
                dimension.value("", &Value::String(min.trim().to_owned()))?,
                dimension.value("", &Value::String(max.trim().to_owned()))?,
                value,
            ),
            None => Ok(Distribution::Constant(dimension.value("", value)?)),
        },
        Value::Number(_) => Ok(Distribution::Constant(dimension.value("", value)?)),
        Value::Object(map) if map.len() == 1 => {
            let (law, inner) = map.iter().next().expect("a map of one");
            read_law(law, inner, dimension)
        }
        _ => Err(wrong("", value, dimension.expected())),
    }
}

fn uniform(min: u64, max: u64, whole: &Value) -> Result<Distribution, WrittenError> {
    if min <= max {
        return Ok(Distribution::Uniform { min, max });
    }
    Err(wrong("", whole, "a range from the smaller to the larger"))
}

fn read_law(law: &str, inner: &Value, dimension: Dimension) -> Result<Distribution, WrittenError> {
    if law == "constant" {
        return Ok(Distribution::Constant(dimension.value(law, inner)?));
    }
    let Value::Object(map) = inner else {
        return Err(wrong(law, inner, "a map"));
    };
    let fields = Fields { law, map, dimension };
    match law {
        "uniform" => {
            fields.known(&["min", "max"])?;
            uniform(fields.get("min")? as u64, fields.get("max")? as u64, inner)
        }
        "normal" => {
            fields.known(&["mean", "sd", "min"])?;
            let min = if map.contains_key("min") { fields.get("min")? } else { 0.0 };
            Ok(Distribution::Normal { mean: fields.get("mean")?, sd: fields.get("sd")?, min })
        }
        "exponential" => {
            fields.known(&["mean"])?;
            Ok(Distribution::Exponential { mean: fields.positive("mean")? })
        }
        "lognormal" => read_lognormal(&fields),
        "empirical" => {
            fields.known(&["quantiles"])?;
            read_empirical(map.get("quantiles").unwrap_or(&Value::Null), dimension)
        }
        _ => Err(WrittenError {
            path: String::new(),
            found: format!("the distribution `{law}`"),
            expected: format!("one of {LAWS}"),
            help: None,
        }),
    }
}

fn read_lognormal(fields: &Fields<'_>) -> Result<Distribution, WrittenError> {
    fields.known(&["median", "p99", "mean", "sd"])?;
    if fields.map.contains_key("median") {
        let (median, p99) = (fields.positive("median")?, fields.positive("p99")?);
        if p99 < median {
            return Err(wrong(&fields.path("p99"), &fields.map["p99"], "at least the median"));
        }
        return Ok(Distribution::lognormal_from_p99(median, p99));
    }
    Ok(Distribution::lognormal_from_mean(fields.positive("mean")?, fields.get("sd")?))
}

fn read_empirical(quantiles: &Value, dimension: Dimension) -> Result<Distribution, WrittenError> {
    const PATH: &str = "empirical.quantiles";
    const EXPECTED: &str = "a list of at least two [share, value] pairs, both rising, shares from 0 to 1";
    let pairs = quantiles.as_array().ok_or_else(|| wrong(PATH, quantiles, EXPECTED))?;
    let mut points = Vec::with_capacity(pairs.len());
    for pair in pairs {
        match pair.as_array().map(Vec::as_slice) {
            Some([share, value]) if share.is_number() => {
                points.push((share.as_f64().unwrap_or(-1.0), dimension.value(PATH, value)? as f64));
            }
            _ => return Err(wrong(PATH, pair, EXPECTED)),
        }
    }
    let rising = points.windows(2).all(|p| p[0].0 < p[1].0 && p[0].1 <= p[1].1);
    let whole = points.first().is_some_and(|p| p.0 == 0.0) && points.last().is_some_and(|p| p.0 == 1.0);
    if points.len() < 2 || !rising || !whole {
        return Err(wrong(PATH, quantiles, EXPECTED));
    }
    Ok(Distribution::Empirical { quantiles: points })
}

/// Writes a distribution in its canonical form, which [`read_distribution`] reads back.
pub fn write_distribution(law: &Distribution, dimension: Dimension) -> Value {
    let text = |value: f64| dimension.write(value);
    match law {
        Distribution::Constant(value) => json!({ "constant": text(*value as f64) }),
        Distribution::Uniform { min, max } => {
            json!({ "uniform": { "min": text(*min as f64), "max": text(*max as f64) } })
        }
        Distribution::Normal { mean, sd, min } => {
            json!({ "normal": { "mean": text(*mean), "sd": text(*sd), "min": text(*min) } })
        }
        Distribution::Exponential { mean } => json!({ "exponential": { "mean": text(*mean) } }),
        Distribution::LogNormal { mu, sigma } => {
            let p99 = libm::exp(mu + sigma * crate::distribution::normal_quantile(0.99));
            json!({ "lognormal": { "median": text(libm::exp(*mu)), "p99": text(p99) } })
        }
        Distribution::Empirical { quantiles } => {
            let pairs: Vec<Value> =
                quantiles.iter().map(|(share, value)| json!([share, text(*value)])).collect();
            json!({ "empirical": { "quantiles": pairs } })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: Value) -> Result<Distribution, WrittenError> {
        read_distribution(&value, Dimension::Duration)
    }

    #[test]
    fn short_and_canonical_forms_are_the_same_law() {
        let range = Distribution::Uniform { min: 1_000_000, max: 10_000_000 };
        assert_eq!(read(json!("1ms..10ms")), Ok(range.clone()));
        assert_eq!(read(json!({ "uniform": { "min": "1ms", "max": "10ms" } })), Ok(range));
        assert_eq!(read(json!("5ms")), Ok(Distribution::Constant(5_000_000)));
        assert_eq!(read(json!(0.5)), Ok(Distribution::Constant(500_000_000)));
        let size = read_distribution(&json!("1KiB"), Dimension::Size);
        assert_eq!(size, Ok(Distribution::Constant(1024)));
    }

    #[test]
    fn what_is_written_reads_back() {
        for law in [
            json!({ "constant": "5ms" }),
            json!({ "uniform": { "min": "1ms", "max": "10ms" } }),
            json!({ "normal": { "mean": "5ms", "sd": "1ms", "min": "0s" } }),
            json!({ "exponential": { "mean": "5ms" } }),
            json!({ "lognormal": { "median": "5ms", "p99": "40ms" } }),
            json!({ "empirical": { "quantiles": [[0.0, "1ms"], [0.5, "3ms"], [1.0, "80ms"]] } }),
        ] {
            assert_eq!(write_distribution(&read(law.clone()).unwrap(), Dimension::Duration), law);
        }
    }

    #[test]
    fn what_is_no_law_says_where() {
        for (value, path) in [
            (json!("10ms..1ms"), ""),
            (json!({ "uniform": { "min": "1ms" } }), "uniform"),
            (json!({ "uniform": { "min": "1ms", "max": "2ms", "mid": "1ms" } }), "uniform.mid"),
            (json!({ "normal": { "mean": "fast", "sd": "1ms" } }), "normal.mean"),
            (json!({ "pareto": {} }), ""),
            (json!({ "lognormal": { "median": "5ms", "p99": "4ms" } }), "lognormal.p99"),
            (json!({ "empirical": { "quantiles": [[0.1, "1ms"], [1, "2ms"]] } }), "empirical.quantiles"),
            (json!([1]), ""),
            (json!({ "exponential": { "mean": "0ms" } }), "exponential.mean"),
        ] {
            assert_eq!(read(value.clone()).unwrap_err().path, path, "{value}");
        }
    }
}
