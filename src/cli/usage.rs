//! Help, and what is wrong with the arguments, as clap has them.

use anstream::{AutoStream, ColorChoice};
use mqscript::session::terminal;
use std::io;

/// Prints help, or what is wrong with the arguments. Help that nobody reads to its end (`| head -1`) is no error.
pub fn print_help(error: &clap::Error) {
    let text = error.render();
    let shown = |coloured| if coloured { text.ansi().to_string() } else { text.to_string() };
    match error.use_stderr() {
        true => terminal::tell(shown(terminal::stderr_is_coloured())),
        false => {
            let coloured = AutoStream::choice(&io::stdout()) != ColorChoice::Never;
            let _ = terminal::write_result(shown(coloured).as_bytes());
        }
    }
}
