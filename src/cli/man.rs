//! `man`: the manual pages, made from the flags.

use super::arguments::{Arguments, ManFlags};
use clap::{Command, CommandFactory};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};
use mqscript::diagnostics::{Diagnostic, Diagnostics, Exit};
use mqscript::files::in_words;
use mqscript::report::printable;
use mqscript::session::outputs::is_stdout;
use mqscript::session::terminal;
use std::fs;
use std::io;
use std::path::Path;

/// Prints the main page, or writes all of them.
pub fn command(flags: &ManFlags) -> Exit {
    let said = match &flags.out {
        None => main_page(),
        Some(folder) if is_stdout(folder) => main_page(),
        Some(folder) => write_all(folder),
    };
    let wrong = said.and_then(|text| terminal::print(&text)).err().unwrap_or_default();
    terminal::complain(&wrong);
    wrong.exit()
}

/// The whole command line, each command knowing its name.
fn root() -> Command {
    let mut root = Arguments::command().disable_help_subcommand(true);
    root.build();
    root
}

fn main_page() -> Result<String, Diagnostics> {
    let cannot = |error| Diagnostic::new(Exit::Bug, format!("the page cannot be made: {error}"));
    Ok(page(&root()).map_err(cannot)?)
}

/// Writes a page for each command, and says where they are.
fn write_all(folder: &Path) -> Result<String, Diagnostics> {
    let shown = printable(&folder.display().to_string());
    let cannot = |error: io::Error| {
        let why = if folder.is_file() { "it is a file, no folder".to_owned() } else { in_words(&error) };
        let title = format!("the pages cannot be written to `{shown}`: {why}");
        Diagnostic::new(Exit::Usage, title).help("name a folder that you can write to, or one to be made")
    };
    fs::create_dir_all(folder).map_err(cannot)?;
    let written = write(&root(), folder).map_err(cannot)?;
    Ok(format!("{shown}: {written} pages, beginning with mqscript.1\n"))
}

/// Writes the pages of a command and of those below it, and counts them.
fn write(command: &Command, folder: &Path) -> io::Result<usize> {
    let below = command.get_subcommands().filter(|below| !below.is_hide_set());
    let written = below.map(|below| write(below, folder)).sum::<io::Result<usize>>()?;
    fs::write(folder.join(format!("{}.1", name(command))), page(command)?)?;
    Ok(written + 1)
}

fn name(command: &Command) -> &str {
    command.get_display_name().unwrap_or(command.get_name())
}

fn page(command: &Command) -> io::Result<String> {
    let version = env!("CARGO_PKG_VERSION");
    let man = Man::new(command.clone()).source(format!("mqscript {version}")).manual("mqscript");
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page)?;
    }
    let mut rest = Roff::new();
    examples(command, &mut rest);
    exit_status(&mut rest);
    rest.control("SH", ["SEE ALSO"]);
    let above: Vec<&str> = name(command).split('-').collect();
    if above.len() > 1 {
        rest.text([bold(above[..above.len() - 1].join("-")), roman("(1)")]);
    } else {
        rest.text([roman("The guide, which comes along as Markdown: share/doc/mqscript/docs.")]);
    }
    rest.to_writer(&mut page)?;
    String::from_utf8(page).map_err(io::Error::other)
}

/// What follows the flags in the help: its first line is the heading, the others stand as they are.
fn examples(command: &Command, page: &mut Roff) {
    let Some(text) = command.get_after_help().map(ToString::to_string) else { return };
    let Some((heading, lines)) = text.split_once('\n') else { return };
    page.control("SH", [heading.trim_end_matches(':').to_uppercase().as_str()]);
    page.control("nf", []);
    for line in lines.lines() {
        page.text([roman(line.trim_start())]);
    }
    page.control("fi", []);
}

fn exit_status(page: &mut Roff) {
    page.control("SH", ["EXIT STATUS"]);
    let mut exits = Exit::WORST_FIRST;
    exits.sort_by_key(|exit| exit.code());
    for exit in exits {
        page.control("TP", []);
        page.text([bold(exit.code().to_string())]);
        page.text([roman(exit.meaning())]);
    }
}
