//! Values of flags that clap does not know.

use mqscript::compare::parse_within;
use mqscript::plan::units::{UnitError, parse_duration};
use mqscript::plan::{REPEATS_MAX, SEED_MAX};
use mqscript::results::comparisons::Within;
use rand::TryRng;
use std::path::PathBuf;
use std::time::Duration;

/// A `KEY=VALUE` argument that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyValue {
    /// Before the first `=`.
    pub key: String,
    /// Behind it; may be empty and may hold further `=`.
    pub value: String,
}

/// Reads an argument of the form `KEY=VALUE`.
///
/// # Errors
/// No `=`, or nothing before it.
pub fn key_value(text: &str) -> Result<KeyValue, String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => {
            Ok(KeyValue { key: key.trim().to_owned(), value: value.to_owned() })
        }
        Some((_, value)) => {
            Err(format!("the name is missing: write it as NAME=VALUE, such as NAME={}", or_value(value)))
        }
        None => Err(match text.split_once(':') {
            Some((key, value)) if !key.trim().is_empty() => {
                format!("write it as NAME=VALUE: `{}={}`", key.trim(), or_value(value))
            }
            _ => format!("write it as NAME=VALUE, such as {}=VALUE", or_name(text)),
        }),
    }
}

fn or_value(value: &str) -> &str {
    if value.trim().is_empty() { "VALUE" } else { value.trim() }
}

fn or_name(name: &str) -> &str {
    if name.trim().is_empty() { "NAME" } else { name.trim() }
}

/// Reads how often something is played.
///
/// # Errors
/// No whole number from 1 on, or too many.
pub fn repeats(text: &str) -> Result<u64, String> {
    whole(text)
        .filter(|repeats| (1..=REPEATS_MAX).contains(repeats))
        .ok_or_else(|| format!("write a whole number from 1 to {REPEATS_MAX}"))
}

/// Reads the number of a seed.
///
/// # Errors
/// As [`seed`], and where it is `random`.
pub fn seed_number(text: &str) -> Result<u64, String> {
    let number = whole(text).filter(|number| *number <= SEED_MAX);
    number.ok_or_else(|| format!("a seed is a whole number from 0 to {SEED_MAX}"))
}

fn whole(text: &str) -> Option<u64> {
    text.parse().ok()
}

/// What `--seed` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seed {
    /// A seed that is given as a number.
    Number(u64),
    /// A seed that is drawn at random.
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
    let nothing = text.trim().parse::<f64>() == Ok(0.0);
    match parse_duration(if nothing { "0s" } else { text }) {
        Ok(0) => Err("it must be longer than nothing: write `5s`".to_owned()),
        Ok(ns) => Ok(Duration::from_nanos(ns)),
        Err(UnitError { expected, help, .. }) => {
            let help =
                help.map(|help| help.replace('"', "`")).map_or_else(String::new, |help| format!("; {help}"));
            Err(format!("write {}{help}", expected.replace('"', "`")))
        }
    }
}

/// Reads the value of `--seed`.
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

/// Reads a folder that is there.
///
/// # Errors
/// It is none, or is not there.
pub fn folder(path: PathBuf) -> Result<PathBuf, String> {
    match (path.is_dir(), path.exists()) {
        (true, _) => Ok(path),
        (_, true) => Err("this is a file: name the folder that it is in".to_owned()),
        _ => Err("there is no such folder".to_owned()),
    }
}

/// Reads a core's name or file.
///
/// # Errors
/// There is nothing.
pub fn core_name(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("name a core such as `mock`, or a file with a `/`".to_owned()),
        _ => Ok(text.to_owned()),
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
        for (text, help) in [
            ("a", "write it as NAME=VALUE, such as a=VALUE"),
            ("=3", "the name is missing: write it as NAME=VALUE, such as NAME=3"),
            ("=", "the name is missing: write it as NAME=VALUE, such as NAME=VALUE"),
            ("processor.workers: 8", "write it as NAME=VALUE: `processor.workers=8`"),
            ("", "write it as NAME=VALUE, such as NAME=VALUE"),
        ] {
            assert_eq!(key_value(text), Err(help.to_owned()), "{text}");
        }
    }

    #[test]
    fn numbers_are_refused_in_words_of_ours() {
        assert_eq!(repeats("5"), Ok(5));
        for wrong in ["1.5", "abc", "", "0", "-1", "10001"] {
            assert_eq!(repeats(wrong), Err("write a whole number from 1 to 10000".to_owned()), "{wrong}");
            let seed = seed_number(wrong);
            assert!(seed.is_ok() || seed.is_err_and(|text| text.starts_with("a seed is")), "{wrong}");
        }
        for (text, help) in [
            ("5", "write `5ms` or `5s`"),
            ("0", "longer than nothing"),
            ("0s", "longer than nothing"),
            ("-1", "not negative"),
            ("1h30", "`90m`"),
        ] {
            let told = duration(text).unwrap_err();
            assert!(told.contains(help), "{text}: {told}");
        }
    }

    #[test]
    fn a_folder_is_there() {
        let there = tempfile::tempdir().unwrap();
        assert!(folder(there.path().to_owned()).is_ok());
        let file = there.path().join("file");
        assert_eq!(folder(file.clone()), Err("there is no such folder".to_owned()));
        std::fs::write(&file, "").unwrap();
        assert!(folder(file).unwrap_err().contains("this is a file"));
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
