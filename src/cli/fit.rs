//! `fit`: options with which the mock behaves as a core did in saved results.

use super::arguments::FitFlags;
use super::compare;
use mqscript::diagnostics::{Diagnostic, Diagnostics, Exit};
use mqscript::files::in_words;
use mqscript::fit::{FitError, Fitted, FittedService, fit, fit_service};
use mqscript::report::{Document, Element, Line, count, counted, percent, printable, span, text};
use mqscript::results::{Report, Run};
use mqscript::session::outputs::{OutputFile, is_stdout};
use mqscript::session::terminal;
use serde_json::{Value, json};
use std::io::Write;
use std::path::Path;

/// Fits the mock to results.
pub fn command(flags: &FitFlags) -> Exit {
    match fitted(flags) {
        Ok(()) => Exit::Success,
        Err(wrong) => {
            terminal::complain(&wrong);
            wrong.exit()
        }
    }
}

fn fitted(flags: &FitFlags) -> Result<(), Diagnostics> {
    let output =
        flags.output.as_deref().map(|path| OutputFile::open("--output", path, flags.force)).transpose()?;
    let reports = compare::read_all(&flags.files)?;
    let runs = runs_on(&reports, flags.core.as_deref())?;
    let (options, told) = match flags.service {
        true => service(flags, &runs),
        false => core(flags, &runs),
    }
    .map_err(|error| Diagnostics::from(told(&error)))?;
    let document = format!("{}\n", serde_json::to_string_pretty(&options).expect("options are plain data"));
    match output {
        None => terminal::print(&document)?,
        Some(mut output) => {
            output.write_all(document.as_bytes()).map_err(|error| {
                let title = format!("the options cannot be written: {}", in_words(&error));
                Diagnostics::from(Diagnostic::new(Exit::Usage, title))
            })?;
            if let Some(line) = output.keep()? {
                terminal::note(&line);
            }
        }
    }
    let told = text::write(&told, &terminal::plain());
    terminal::note(told.trim_end());
    Ok(())
}

/// Options of the mock, and what is told about them.
fn core(flags: &FitFlags, runs: &[&Run]) -> Result<(Value, Document), FitError> {
    let fitted = fit(runs)?;
    Ok((Value::Object(fitted.options.clone()), told_of(flags, runs, &fitted)))
}

/// The law of consumers' work, and what is told about it.
fn service(flags: &FitFlags, runs: &[&Run]) -> Result<(Value, Document), FitError> {
    let FittedService { service, executions, service_ns } = fit_service(runs)?;
    let [mean, p50, p99] = service_ns.map(|ns| span(ns.round() as u64));
    let (played, worked) = (counted(runs.len() as u64, "run"), counted(executions, "execution"));
    let mut lines = vec![format!("fitted to {played}: {worked}, mean {mean}, median {p50}, p99 {p99}")];
    lines.extend(beside(flags, |name| format!("consumer: load(\"{name}\")")));
    Ok((json!({ "service": service }), document(lines)))
}

/// How the file is used in a script beside it; none if there is no file.
fn beside(flags: &FitFlags, used: impl Fn(&str) -> String) -> Option<String> {
    let path = flags.output.as_ref().filter(|path| !is_stdout(path))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    Some(format!("in a script beside it: {}", used(&name)))
}

fn document(lines: Vec<String>) -> Document {
    Document { elements: lines.into_iter().map(|text| Element::Line(Line::whole(0, text))).collect() }
}

fn runs_on<'r>(reports: &'r [(&Path, Report)], core: Option<&str>) -> Result<Vec<&'r Run>, Diagnostics> {
    let all = || reports.iter().flat_map(|(_, report)| &report.runs);
    let runs: Vec<&Run> = all().filter(|run| core.is_none_or(|core| run.core.name == core)).collect();
    if let (true, Some(core)) = (runs.is_empty(), core) {
        let mut names: Vec<String> = all().map(|run| format!("`{}`", printable(&run.core.name))).collect();
        names.sort();
        names.dedup();
        let fault = Diagnostic::new(Exit::Usage, format!("no run was played on `{}`", printable(core)))
            .expected(format!("one of {}", names.join(", ")));
        return Err(fault.into());
    }
    Ok(runs)
}

fn told(error: &FitError) -> Diagnostic {
    let fault = Diagnostic::new(Exit::Contents, error.to_string());
    match error {
        FitError::SeveralCores(_) => fault.help("`--core NAME` picks the runs on one of them"),
        FitError::NoDistributions => fault.help("play the run again with this version and save it"),
        FitError::NoExecutions => fault.help("fit to a run in which some group has a `consumer`"),
        FitError::Nothing => fault.help("fit to a run in which messages were handed over"),
        FitError::Damaged(_) => fault.help("save the results again"),
    }
}

/// What was fitted to what, for stderr: the options alone are the output.
fn told_of(flags: &FitFlags, runs: &[&Run], fitted: &Fitted) -> Document {
    let [mean, p50, p99] = fitted.delivery_ns.map(|ns| span(ns.round() as u64));
    let success =
        fitted.success_rate.map_or(String::new(), |rate| format!(", {} of attempts succeed", percent(rate)));
    let (core, played) = (&runs[0].core.name, counted(runs.len() as u64, "run"));
    let deliveries = count(fitted.deliveries);
    let mut lines = vec![format!(
        "fitted to {played} on `{core}`: {deliveries} deliveries, mean {mean}, median {p50}, p99 {p99}{success}"
    )];
    if !fitted.types.is_empty() {
        lines.push(format!("with options of their own: {}", fitted.types.join(", ")));
    }
    lines.extend(fitted.notes.iter().map(|note| format!("note: {note}")));
    lines.extend(beside(flags, |name| format!("core(\"mock\", load(\"{name}\"))")));
    document(lines)
}
