//! What goes wrong with cores, told like everything else that goes wrong.

use crate::cores::{CoreError, CoreFailure, FailureKind, HIDDEN, OptionFault, WROTE_OVER};
use crate::diagnostics::{Diagnostic, Diagnostics, Exit};
use crate::engine::RunError;
use crate::plan::{CorePlaces, CoreSpec};

/// Everything that makes a core unusable.
pub fn of_core(error: &CoreError) -> Diagnostics {
    match error {
        CoreError::Options { core, faults } => faults
            .iter()
            .map(|fault| {
                let title = format!("core `{core}` refuses its option `{}`", fault.key_path);
                let title = if fault.key_path.is_empty() {
                    format!("core `{core}` refuses its options")
                } else {
                    title
                };
                Diagnostic::new(Exit::Core, title)
                    .path(fault.key_path.clone())
                    .found(fault.found.clone())
                    .expected(fault.expected.clone())
                    .help_if(missing(core, fault))
                    .help_if(quoted(fault))
                    .help_if(fault.help.clone())
                    .help_if(error.help())
            })
            .collect(),
        CoreError::NotFound { searched, .. } | CoreError::NotBuilt { searched, .. } => {
            let mut fault = plain(error);
            if let CoreError::NotFound { there, .. } = error
                && !there.is_empty()
            {
                fault = fault.expected(format!("one of {}", there.join(", ")));
            }
            for folder in searched {
                fault = fault.note(format!("looked in {}", folder.display()));
            }
            fault.into()
        }
        CoreError::Failed(failure) => of_failure(failure).into(),
        _ => plain(error).into(),
    }
}

/// The same of a run on this core: where the script holds what is wrong.
pub fn of_run_on(core: &CoreSpec, error: &RunError) -> Diagnostics {
    let id = match error {
        RunError::Core(CoreError::Options { core, .. } | CoreError::BadChain { core, .. }) => core,
        RunError::Core(CoreError::NotFound { name, .. } | CoreError::NotBuilt { name, .. }) => name,
        RunError::Core(CoreError::BadReference { reference, .. }) => reference,
        RunError::Core(CoreError::Failed(failure)) => &failure.core,
        _ => "",
    };
    let option = match error {
        RunError::Core(CoreError::Failed(failure)) => option_named(&failure.text),
        _ => None,
    };
    let placed = |fault: Diagnostic| {
        let path = fault.path.as_deref().or(option).unwrap_or_default();
        let place = places_of(core, id).of(path).cloned();
        Diagnostic { place: fault.place.or(place), ..fault }
    };
    of_run(error).into_iter().map(placed).collect()
}

/// The places of a core of a chain: of a layer, if it is one.
fn places_of<'a>(core: &'a CoreSpec, id: &str) -> &'a CorePlaces {
    let layer = core.layers.iter().find(|layer| layer.layer == id);
    layer.map_or(&core.places, |layer| &layer.places)
}

/// The option that a core's own words begin with: "`types.txt`: …".
fn option_named(text: &str) -> Option<&str> {
    text.strip_prefix('`')?.split_once('`').map(|(path, _)| path)
}

/// How a number is given where a text is expected: a shell takes away the quotes that YAML would go by.
fn quoted(fault: &OptionFault) -> Option<String> {
    let numeric = fault.found == HIDDEN || fault.found.parse::<f64>().is_ok();
    (fault.expected == "a text" && numeric).then(|| {
        format!("on the command line a text that looks like a number has two pairs of quotes: `--core-option '{}=\"123\"'`", fault.key_path)
    })
}

/// How an option is given that must be and is not.
fn missing(core: &str, fault: &OptionFault) -> Option<String> {
    if fault.found != "nothing" {
        return None;
    }
    let key = &fault.key_path;
    if let Some((option, _)) = key.split_once(['.', '[']) {
        return Some(format!("`{key}` stands within the option `{option}`: add it there"));
    }
    let value = if (core, key.as_str()) == ("exec", "command") { "'python3 my_send.py'" } else { "VALUE" };
    let written = value.replace('\'', "\"");
    Some(format!(
        "type `--core-option {key}={value}`, or in a script `core(\"{core}\", #{{ {key}: {written} }})`"
    ))
}

fn plain(error: &CoreError) -> Diagnostic {
    Diagnostic::new(Exit::Core, error.to_string()).help_if(error.help())
}

/// A run that could not be started.
pub fn of_run(error: &RunError) -> Diagnostics {
    let help = match error {
        RunError::Core(error) => return of_core(error),
        RunError::VirtualClockWithLiveCore { .. } => {
            "leave out `--clock virtual`, or choose a simulated core"
        }
        RunError::CannotReceive { .. } => {
            "choose a core that RECEIVES: `mqscript core info NAME` says what it can"
        }
        RunError::CannotConsume { .. } => return cannot_consume(error),
        RunError::ConsumesNothing { .. } => "leave out `receive`",
        RunError::NotPure { .. } => "leave out `--pure`, or choose a core that touches nothing real",
    };
    let mut fault = Diagnostic::new(Exit::Core, error.to_string());
    if let RunError::NotPure { declares, .. } = error {
        fault = fault.found(declares.join(" "));
    }
    if let RunError::CannotReceive { because, .. } = error {
        fault = fault.note(format!("{because} asks for it"));
    }
    fault.help(help).into()
}

/// A consumer that asks for what a core cannot do: who asks, and which cores can.
fn cannot_consume(error: &RunError) -> Diagnostics {
    let RunError::CannotConsume { core, key, capability, others, .. } = error else {
        return Diagnostic::new(Exit::Core, error.to_string()).into();
    };
    let help = match others.is_empty() {
        true => format!(
            "leave out `consumer.{key}`, or see in `mqscript core info {core}` which of its options give it {capability}"
        ),
        false => format!("choose a core that has it: {}; or leave out `consumer.{key}`", others.join(", ")),
    };
    Diagnostic::new(Exit::Core, error.to_string()).help(help).into()
}

/// The end of a core in a run, or on the way to one.
pub fn of_failure(failure: &CoreFailure) -> Diagnostic {
    let help = match failure.kind {
        FailureKind::Breach | FailureKind::Panic { .. } | FailureKind::Stuck | FailureKind::Died => {
            format!("this is a fault of the core, not of the script: tell whoever wrote `{}`", failure.core)
        }
        // What it did is a violation by itself, whatever was allowed.
        FailureKind::Forbidden if failure.text == WROTE_OVER => {
            format!("this is a fault of the core, not of the script: tell whoever wrote `{}`", failure.core)
        }
        FailureKind::Forbidden => {
            format!("`--pure` forbids it: if you trust `{}`, leave out `--pure`", failure.core)
        }
        FailureKind::Status(_) | FailureKind::TimedOut(_) => {
            format!("`mqscript core info {}` shows its options", failure.core)
        }
    };
    Diagnostic::new(Exit::Core, failure.to_string()).help(help)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_option_at_fault_is_told() {
        let fault = |key: &str| OptionFault {
            key_path: key.into(),
            found: "2".into(),
            expected: "a share".into(),
            help: None,
        };
        let error = CoreError::Options {
            core: "mock".into(),
            faults: vec![fault("success_rate"), fault("stall[0].at")],
        };
        let all = of_core(&error);
        assert_eq!((all.len(), all.exit()), (2, Exit::Core));
        let text = all.render(false);
        assert!(text.contains("stall[0].at") && text.contains("mqscript core info mock"), "{text}");
    }

    #[test]
    fn a_core_that_is_not_found_says_where_it_was_looked_for() {
        let error = CoreError::NotFound {
            name: "mok".into(),
            searched: vec!["/usr/lib/mqscript".into()],
            nearest: vec!["mock".into()],
            there: vec!["exec".into(), "mock".into()],
        };
        let text = of_core(&error).render(false);
        assert!(
            text.contains("looked in /usr/lib/mqscript") && text.contains("did you mean `mock`?"),
            "{text}"
        );
    }
}
