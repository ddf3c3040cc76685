//! The program's way in: reads the command line, and does what it says.

use super::arguments::Command;
use super::{
    batch, check, compare, completions, core, fit, list, man, new, parameters, report, run, schema, usage,
};
use clap::error::ErrorKind;
use mqscript::diagnostics::Exit;
use mqscript::session::{outputs, terminal};
use std::ffi::OsString;

/// Does what the command line says.
pub fn main() -> Exit {
    #[cfg(unix)]
    mqscript::supervise::survive_file_limits();
    let typed: Vec<OsString> = std::env::args_os().collect();
    if let Some(fault) = parameters::blank_for_equals(&typed) {
        terminal::complain(&fault.into());
        return Exit::Usage;
    }
    let arguments = match parameters::parse(typed.clone()) {
        Ok(arguments) => arguments,
        Err(error) => {
            if let Some(fault) = parameters::unknown_flag(&error, &typed) {
                terminal::complain(&fault.into());
                return Exit::Usage;
            }
            usage::print_help(&error);
            if error.kind() == ErrorKind::DisplayHelp {
                let _ = terminal::print(&parameters::below_help(&typed));
            }
            return if error.use_stderr() { Exit::Usage } else { Exit::Success };
        }
    };
    if let Command::Run(flags) = &arguments.command
        && let Some(fault) = outputs::same_file(&[
            ("--output", flags.output.as_deref()),
            ("--events", flags.events.as_deref()),
            ("--report", flags.report.as_deref()),
        ])
    {
        terminal::complain(&fault.into());
        return Exit::Usage;
    }
    match arguments.command {
        Command::List => list::command(),
        Command::Core(command) => core::command(&command),
        Command::Run(flags) => run::command(&flags),
        Command::Check(flags) => check::command(&flags),
        Command::Batch(flags) => batch::command(&flags),
        Command::Compare(flags) => compare::command(&flags),
        Command::Report(flags) => report::command(&flags),
        Command::Fit(flags) => fit::command(&flags),
        Command::New(flags) => new::command(&flags),
        Command::Completions(flags) => completions::command(&flags),
        Command::Man(flags) => man::command(&flags),
        Command::Schema(flags) => schema::command(&flags),
    }
}
