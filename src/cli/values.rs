//! Values of flags that clap does not know.

use crate::compare::parse_within;
use crate::metrics::comparisons::Within;
use crate::plan::SEED_MAX;
use mqscript_plugin::units::parse_duration;
use rand::TryRng;
use std::time::Duration;

/// `KEY=VALUE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyValue {
    /// Before the first `=`.
    pub key: String,
    /// Behind it; may be empty and may hold further `=`.
    pub value: String,
}

/// Reads `KEY=VALUE`.
///
/// # Errors
/// No `=`, or nothing before it.
pub fn key_value(text: &str) -> Result<KeyValue, String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => {
            Ok(KeyValue { key: key.trim().to_owned(), value: value.to_owned() })
        }
        _ => Err(format!("write it as NAME=VALUE, such as {}=VALUE", text.trim_matches('=').trim())),
    }
}

/// What `--seed` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seed {
    /// This one.
    Number(u64),
    /// Any.
    Random,
}

impl Seed {
    /// The seed itself, drawn if need be.
    ///
    /// # Errors
    /// The system gives no random numbers.
    pub fn number(self) -> anyhow::Result<u64> {
        match self {
            Seed::Number(number) => Ok(number),
            Seed::Random => Ok(rand::rngs::SysRng.try_next_u64()? & SEED_MAX),
        }
    }
}

/// Reads how long something may take.
///
/// # Errors
/// No duration with its unit, or none at all.
pub fn duration(text: &str) -> Result<Duration, String> {
    match parse_duration(text) {
        Ok(0) => Err("it must be longer than nothing".to_owned()),
        Ok(ns) => Ok(Duration::from_nanos(ns)),
        Err(error) => Err(error.to_string()),
    }
}

/// Reads a seed.
///
/// # Errors
/// Neither `random` nor a number that JSON can hold exactly.
pub fn seed(text: &str) -> Result<Seed, String> {
    if text == "random" {
        return Ok(Seed::Random);
    }
    match text.parse() {
        Ok(number) if number <= SEED_MAX => Ok(Seed::Number(number)),
        _ => Err(format!("a seed is `random` or a whole number from 0 to {SEED_MAX}")),
    }
}

/// Reads what is too small to matter.
///
/// # Errors
/// Neither a share nor a time.
pub fn within(text: &str) -> Result<Within, String> {
    parse_within(text).map_err(|expected| format!("write {expected}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_end_at_the_first_equals_sign() {
        let read = |key: &str, value: &str| KeyValue { key: key.into(), value: value.into() };
        assert_eq!(key_value("a=b=c"), Ok(read("a", "b=c")));
        assert_eq!(key_value("a="), Ok(read("a", "")));
        assert!(key_value("a").is_err() && key_value("=b").is_err());
    }

    #[test]
    fn seeds_fit_into_json() {
        assert_eq!(seed("7"), Ok(Seed::Number(7)));
        assert_eq!(seed("random"), Ok(Seed::Random));
        assert_eq!(seed("9007199254740991"), Ok(Seed::Number(SEED_MAX)));
        for wrong in ["9007199254740992", "-1", "1.5", "", "Random"] {
            assert!(seed(wrong).is_err(), "{wrong}");
        }
        assert!(Seed::Random.number().unwrap() <= SEED_MAX);
    }
}
