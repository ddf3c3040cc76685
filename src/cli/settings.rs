//! From flags to what the script host is told. Texts are handed on as typed: only the script knows whether it has a
//! parameter of that name, and of what type.

use super::arguments::{COMPARED, Clock, PlanFlags, RunFlags};
use super::parameters;
use super::program::{self, Program};
use super::repeat::quoted;
use super::values::{KeyValue, Seed, seed};
use crate::cores::Finder;
use crate::diagnostics::{Diagnostic, Diagnostics, Exit};
use crate::plan::tree::Node;
use crate::plan::{ClockKind, EXEC, Overrides, SEED_VARIABLE};
use crate::report::printable;
use crate::script::{Comparing, Settings, Source};
use std::path::{Path, PathBuf};

/// What the flags say over the script's scenarios.
///
/// # Errors
/// A flag that is wrong whatever the script says.
pub fn overrides(flags: &PlanFlags) -> Result<Overrides, Diagnostics> {
    let (seed, seed_of_environment) = match flags.seed {
        Some(seed) => (Some(seed), false),
        None => (seed_of_environment()?, true),
    };
    let program = program::of_flags(flags)?;
    let mut core_options = pairs(&flags.core_options);
    core_options.extend(program.iter().flat_map(|program| program.options.clone()));
    let overrides = Overrides {
        duration: flags.duration.clone(),
        messages: flags.messages.clone(),
        rate: flags.rate.clone(),
        agents: flags.agents.clone(),
        seed: seed.map(Seed::number).transpose().map_err(no_random_numbers)?,
        seed_of_environment,
        clock: flags.clock.map(|clock| match clock {
            Clock::Virtual => ClockKind::Virtual,
            Clock::Wall => ClockKind::Wall,
        }),
        drain: flags.drain.clone(),
        linger: flags.linger.clone(),
        set: pairs(&flags.set),
        core: core_of_flags(flags, program.as_ref())
            .map(|core| Node::text(from_here(core)))
            .or_else(|| flags.session_core.clone()),
        checks: flags.checks.clone(),
        core_options,
        chaos: flags.chaos.clone(),
        success_rate: flags.success_rate.clone(),
        min_latency: flags.min_latency.clone(),
        max_latency: flags.max_latency.clone(),
    };
    let faults = overrides.faults();
    if faults.is_empty() { Ok(overrides) } else { Err(faults) }
}

/// The seed of the environment; an empty one is none.
fn seed_of_environment() -> Result<Option<Seed>, Diagnostics> {
    let Some(said) = std::env::var_os(SEED_VARIABLE).filter(|said| !said.is_empty()) else { return Ok(None) };
    let said = said.to_string_lossy();
    let wrong = |expected: String| {
        let title = format!("wrong value for the environment variable `{SEED_VARIABLE}`");
        let fault = Diagnostic::new(Exit::Usage, title).found(format!("`{}`", printable(&said)));
        fault
            .expected(expected)
            .help(format!("`unset {SEED_VARIABLE}`, or type `--seed N`, which comes first"))
    };
    seed(&said).map(Some).map_err(|expected| wrong(expected).into())
}

/// What a script is told by the flags of `run` or `check`.
pub fn of_script(command: &str, flags: &PlanFlags, overrides: Overrides) -> Settings {
    Settings {
        overrides,
        params: pairs(&flags.params),
        param_flags: flags.param_flags.clone(),
        flags: parameters::flags_of(command),
        ..Settings::default()
    }
}

/// What the flags say about comparisons and replications.
///
/// # Errors
/// Fewer than two cores to compare.
pub fn comparing(flags: &RunFlags) -> Result<Comparing, Diagnostics> {
    let cores = flags.compare.as_deref().map(|typed| {
        let has_program = flags.plan.processor.is_some() || flags.plan.send.is_some();
        let by_default = match flags.plan.real.as_deref() {
            Some(real) => format!("mock,{real}"),
            None if has_program => format!("mock,{EXEC}"),
            None => COMPARED.to_owned(),
        };
        if let Some(real) = flags.plan.real.as_deref().filter(|_| !typed.is_empty()) {
            let fault = Diagnostic::new(
                Exit::Usage,
                "`--real` has no meaning beside `--compare=…`, which names all cores",
            );
            let help = format!(
                "name it there: `--compare={typed},{real}`, or leave the names out: `--compare --real={real}`"
            );
            return Err(fault.found(format!("`--real={real}` and `--compare={typed}`")).help(help).into());
        }
        let list = if typed.is_empty() { by_default.as_str() } else { typed };
        let cores: Vec<String> =
            list.split(',').map(str::trim).filter(|core| !core.is_empty()).map(from_here).collect();
        if has_program && !cores.iter().any(|core| core == EXEC) {
            let fault = Diagnostic::new(Exit::Usage, format!("`--compare={typed}` leaves your program out"));
            return Err(fault
                .expected(format!("the core `{EXEC}` among them: `--compare={typed},{EXEC}`"))
                .into());
        }
        if cores.len() >= 2 {
            return Ok(cores);
        }
        let fault = Diagnostic::new(Exit::Usage, format!("`--compare={typed}` names too few cores"));
        Err(Diagnostics::from(fault.expected("two or more, such as --compare=mock,sqlite")))
    });
    Ok(Comparing {
        cores: cores.transpose()?,
        repeats: flags.repeats,
        within: flags.comparing.within,
        figures: flags.comparing.figures.clone(),
        fail_on_regression: flags.comparing.fail_on_regression,
    })
}

/// The core that the user named on the command line.
fn named_core(flags: &PlanFlags) -> Option<&str> {
    flags.core.as_deref().or(flags.real.as_deref())
}

/// The same, where a program of the user's is served by a core of ours.
fn core_of_flags<'f>(flags: &'f PlanFlags, program: Option<&Program>) -> Option<&'f str> {
    if program.is_some() { Some(EXEC) } else { named_core(flags) }
}

/// Where cores are looked for, and which files the user has named; `compared` are the cores to compare.
pub fn finder(flags: &PlanFlags, compared: Option<&[String]>) -> Finder {
    let named = named_core(flags).into_iter().chain(compared.into_iter().flatten().map(String::as_str));
    named.fold(Finder::new(&flags.core_path), Finder::trusting)
}

fn no_random_numbers(error: anyhow::Error) -> Diagnostics {
    Diagnostic::new(Exit::Usage, format!("`--seed random`: the system gives no random number: {error}"))
        .into()
}

/// `NAME=VALUE` as pairs.
pub fn pairs(values: &[KeyValue]) -> Vec<(String, String)> {
    values.iter().map(|pair| (pair.key.clone(), pair.value.clone())).collect()
}

/// A core's file as named in a flag is relative to the current folder, whereas in a script it is to the script's.
fn from_here(core: &str) -> String {
    if !core.contains('/') {
        return core.to_owned();
    }
    std::path::absolute(core).map_or_else(|_| core.to_owned(), |path| path.display().to_string())
}

/// The script that a user means. A name without `/` and without an ending is looked for in `./scripts`, beside the
/// program, in its `../share/mqscript/scripts`, and inside the program.
///
/// # Errors
/// There is no such script, or it cannot be read.
pub fn script(reference: &str) -> Result<Source, Diagnostics> {
    let here = Path::new(reference);
    if matches!(here.extension().and_then(std::ffi::OsStr::to_str), Some("yaml" | "yml")) && here.is_file() {
        let title = format!("`{}` is no script but YAML", printable(reference));
        let fault = Diagnostic::new(Exit::Script, title).expected("a script, which ends in `.rhai`");
        let fault = fault.help(format!("a batch file is played by `mqscript batch {}`", quoted(reference)));
        return Err(fault.help("a scenario is played by a script: `run(load(\"FILE.yaml\"));`").into());
    }
    let is_name = !reference.contains('/') && here.extension().is_none();
    if is_name && !here.is_file() {
        let file = format!("{reference}.rhai");
        let mut paths = script_folders().into_iter().map(|folder| folder.join(&file));
        if let Some(path) = paths.find(|path| path.is_file()) {
            return Source::read(&path).map_err(|fault| (*fault).into());
        }
        if let Some(bundled) = Source::bundled(reference) {
            return Ok(bundled);
        }
    }
    Source::read(here).map_err(|fault| (*fault).into())
}

fn script_folders() -> Vec<PathBuf> {
    let mut folders = vec![PathBuf::from("scripts")];
    let program = std::env::current_exe().ok().and_then(|path| path.canonicalize().ok());
    if let Some(beside) = program.as_deref().and_then(Path::parent) {
        folders.push(beside.join("scripts"));
        folders.push(beside.join("../share/mqscript/scripts"));
    }
    folders
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cores_file_is_relative_to_where_the_flag_was_typed() {
        assert_eq!(from_here("mock"), "mock");
        assert!(Path::new(&from_here("./libx.so")).is_absolute());
    }

    #[test]
    fn names_and_paths_are_told_apart() {
        assert!(script("nine_agents").is_ok());
        for missing in ["nine_agent", "./nine_agents", "nine_agents.rhai"] {
            assert_eq!(script(missing).unwrap_err().exit(), Exit::Script, "{missing}");
        }
    }
}
