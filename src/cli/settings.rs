//! From flags to what they mean. Texts are handed on as typed: only the script knows whether it has a
//! parameter of that name, and of what type.

use super::arguments::{COMPARED, CheckFlags, FormatFlag, RunFlags};
use super::parameters;
use super::plan_arguments::{ClockFlag, PlanFlags};
use super::program::{self, Program};
use super::report_arguments::ExportFlags;
use super::values::{KeyValue, Seed, seed};
use mqscript::diagnostics::{Diagnostic, Diagnostics, Exit};
use mqscript::plan::tree::TreeNode;
use mqscript::plan::{ClockKind, EXEC, Overrides, SEED_VARIABLE};
use mqscript::report::printable;
use mqscript::script::Comparing;
use mqscript::session::{self, ExportPaths, Invocation, OutputPaths};

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
            ClockFlag::Virtual => ClockKind::Virtual,
            ClockFlag::Wall => ClockKind::Wall,
        }),
        drain: flags.drain.clone(),
        linger: flags.linger.clone(),
        set: pairs(&flags.set),
        core: core_of_flags(flags, program.as_ref()).map(|core| TreeNode::text(from_here(core))),
        checks: Vec::new(),
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

/// What `run` was asked for, and what is wrong with it.
///
/// # Errors
/// Everything that is wrong with the flags, and what they say but for that: there may be more to tell.
pub fn of_run(flags: &RunFlags) -> Result<Invocation, (Diagnostics, Box<Invocation>)> {
    let mut wrong = Diagnostics::new();
    let mut kept = |fault: Diagnostics| wrong.append(fault);
    let overrides = overrides(&flags.plan).map_err(&mut kept).unwrap_or_default();
    let comparing = comparing(flags).map_err(&mut kept).unwrap_or_default();
    let invocation = Invocation {
        comparing,
        hang_timeout: flags.hang_timeout,
        in_process: flags.in_process,
        outputs: OutputPaths {
            results: flags.output.clone(),
            events: flags.events.clone(),
            report: flags.report.clone(),
            exports: exports(&flags.exports),
            force: flags.force,
        },
        format: match flags.format {
            FormatFlag::Text => session::Format::Text,
            FormatFlag::Json => session::Format::Json,
            FormatFlag::Markdown => session::Format::Markdown,
        },
        verbose: flags.verbose,
        quiet: flags.quiet,
        typed: std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned()).collect(),
        ..of_plan("run", &flags.script, &flags.plan, overrides)
    };
    if wrong.is_empty() { Ok(invocation) } else { Err((wrong, Box::new(invocation))) }
}

/// The files in which other tools are to find the results.
pub fn exports(flags: &ExportFlags) -> ExportPaths {
    ExportPaths { hdr: flags.hdr.clone(), metrics: flags.metrics.clone(), csv: flags.csv.clone() }
}

/// What `check` was asked for.
///
/// # Errors
/// A flag that is wrong whatever the script says.
pub fn of_check(flags: &CheckFlags) -> Result<Invocation, Diagnostics> {
    Ok(of_plan("check", &flags.script, &flags.plan, overrides(&flags.plan)?))
}

fn of_plan(command: &str, script: &str, flags: &PlanFlags, overrides: Overrides) -> Invocation {
    Invocation {
        overrides,
        params: pairs(&flags.params),
        param_flags: flags.param_flags.clone(),
        known_flags: parameters::flags_of(command),
        core_path: flags.core_path.clone(),
        named_cores: named_core(flags).map(str::to_owned).into_iter().collect(),
        pure: flags.pure,
        seed_is_random: matches!(flags.seed, Some(Seed::Random)),
        ..Invocation::of(script.to_owned())
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

fn no_random_numbers(error: anyhow::Error) -> Diagnostics {
    Diagnostic::new(Exit::Usage, format!("`--seed random`: the system gives no random number: {error}"))
        .into()
}

/// Turns `NAME=VALUE` arguments into pairs.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cores_file_is_relative_to_where_the_flag_was_typed() {
        assert_eq!(from_here("mock"), "mock");
        assert!(std::path::Path::new(&from_here("./libx.so")).is_absolute());
    }
}
