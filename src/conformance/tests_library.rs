//! The file, its descriptor, what it says of itself.

use super::bench::{Bench, Judged, TestStop, ensure};
use super::rules::Rule;
use super::system::SystemState;
use crate::cores::{CONSUMING, CoreError, abi, capability_names};

/// Which rule a library breaks that cannot be loaded; `None` if that is not the library's fault.
pub fn broken_rule(error: &CoreError) -> Option<Rule> {
    Some(match error {
        CoreError::NotLoadable { reason, .. } if reason.starts_with("its entry gave no descriptor") => {
            Rule::Descriptor
        }
        CoreError::NotLoadable { .. } => Rule::Whole,
        CoreError::NotAPlugin { .. } => Rule::Symbols,
        CoreError::OtherMajor { .. } => Rule::Major,
        CoreError::Malformed { part, .. } if part.ends_with("options schema") => Rule::Schema,
        CoreError::Malformed { part, .. } if part.contains("function") => Rule::Functions,
        CoreError::Malformed { part, .. } if part.ends_with("descriptor") || part.starts_with("the list") => {
            Rule::Descriptor
        }
        CoreError::Malformed { .. } => Rule::Names,
        _ => return None,
    })
}

/// Whether a core is there, or is missing for another reason than this rule.
///
/// # Errors
/// This rule is broken; or another.
pub fn loads_but_for(bench: &Bench, rule: Rule) -> Judged {
    match &bench.loaded {
        Ok(_) => Ok(()),
        Err(error) if bench.broken == Some(rule) => Err(TestStop::Broken(rule, error.to_string())),
        Err(error) => Err(TestStop::Blocked(error.to_string())),
    }
}

macro_rules! loading {
    ($($name:ident $rule:ident)+) => {
        $(pub fn $name(bench: &Bench, _: &SystemState) -> Judged {
            loads_but_for(bench, Rule::$rule)
        })+
    };
}

loading! {
    file Whole
    symbols Symbols
    version Major
    descriptor Descriptor
    names Names
    functions Functions
    schema Schema
}

pub fn summary(bench: &Bench, _: &SystemState) -> Judged {
    let info = bench.subject()?.info();
    for (what, text) in
        [("summary", &info.summary), ("library's name", &info.library), ("library's version", &info.version)]
    {
        let plain = !text.trim().is_empty() && !text.chars().any(char::is_control);
        ensure(plain, Rule::Summary, || format!("its {what} is {text:?}"))?;
    }
    Ok(())
}

pub fn capabilities(bench: &Bench, _: &SystemState) -> Judged {
    let subject = bench.subject()?;
    let bits = subject.info().capabilities;
    let real = bits & (abi::TOUCHES_NETWORK | abi::TOUCHES_FILES | abi::STARTS_PROCESSES);
    let names = |bits| capability_names(bits).join(", ");
    ensure(bits & abi::SIMULATED == 0 || real == 0, Rule::Sound, || {
        format!("it declares SIMULATED and {}", names(real))
    })?;
    let of_copies = abi::ORDERED
        | abi::EXACTLY_ONCE
        | abi::ORDER_BY_ADDRESS
        | abi::STORES
        | abi::PROCESSES
        | abi::UNALTERED
        | CONSUMING;
    let needs_receiving = bits & of_copies;
    ensure(needs_receiving == 0 || bits & abi::RECEIVES != 0, Rule::Sound, || {
        format!("it declares {}, but not RECEIVES", names(needs_receiving))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_of_a_descriptor_has_its_rule() {
        let malformed = |part: &str| CoreError::Malformed {
            path: "x".into(),
            part: part.into(),
            found: String::new(),
            expected: String::new(),
        };
        for (part, rule) in [
            ("the descriptor", Rule::Descriptor),
            ("the list of cores", Rule::Descriptor),
            ("core 0: descriptor", Rule::Descriptor),
            ("core 0: name", Rule::Names),
            ("the library's version", Rule::Names),
            ("core `x`: options schema", Rule::Schema),
            ("core `x`: function `poll`", Rule::Functions),
            ("core `x`: table of functions", Rule::Functions),
        ] {
            assert_eq!(broken_rule(&malformed(part)), Some(rule), "{part}");
        }
    }
}
