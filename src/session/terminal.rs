//! What is known of stdout and stderr, and writing to them.

use crate::diagnostics::{Diagnostic, Diagnostics, Exit};
use crate::files;
use crate::files::in_words;
use crate::files::keeper::{self, KeptFile};
use crate::report::Look;
use crate::report::Palette;
use anstream::stream::RawStream;
use anstream::{AutoStream, ColorChoice};
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::os::fd::AsFd;
use std::sync::OnceLock;

/// Where results go once cores may print to what they take for stdout.
static RESULT: OnceLock<KeptFile> = OnceLock::new();

/// Keeps stdout for results: whatever else prints to it from now on, a core in C for example, prints to stderr.
pub fn keep_stdout_for_results() {
    let kept = rustix::io::fcntl_dupfd_cloexec(std::io::stdout(), 3);
    // Without another descriptor, or without stderr, things stay as they are.
    if let Ok(kept) = kept
        && rustix::stdio::dup2_stdout(std::io::stderr()).is_ok()
    {
        let _ = RESULT.set(KeptFile::new(kept.into()));
    }
}

/// Closes what was kept everywhere but where no core comes to it: once, after the keeper was started.
pub fn keep_apart() {
    if let Some(kept) = RESULT.get() {
        kept.keep_apart();
    }
}

/// How a summary is laid out on stdout: colours only on a terminal that wants them.
pub fn look() -> Look {
    match RESULT.get() {
        Some(kept) => kept.look(look_of),
        None => look_of(&std::io::stdout()),
    }
}

fn look_of(stdout: &(impl RawStream + AsFd)) -> Look {
    let coloured = AutoStream::choice(stdout) != ColorChoice::Never;
    let palette = if coloured { Palette::coloured() } else { Palette::plain() };
    // What goes through a pipe (`| less`, `| tee`) is most often read on the terminal that stderr is.
    let width = columns(stdout).or_else(|| is_pipe(stdout).then(|| columns(std::io::stderr()))?);
    Look::new(width, palette)
}

/// The width of a terminal; none if it is no terminal, or does not tell.
fn columns(stream: impl AsFd) -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(stream).ok()?;
    Some(usize::from(size.ws_col)).filter(|&columns| columns > 0)
}

/// The width of the terminal that stderr is.
pub fn stderr_width() -> Option<usize> {
    columns(std::io::stderr())
}

fn is_pipe(stream: impl AsFd) -> bool {
    rustix::fs::fstat(stream).is_ok_and(|stat| rustix::fs::FileType::from_raw_mode(stat.st_mode).is_fifo())
}

/// How a summary is laid out where no terminal shows it.
pub fn plain() -> Look {
    Look::new(None, Palette::plain())
}

/// Whether stderr wants colours.
pub fn stderr_is_coloured() -> bool {
    AutoStream::choice(&std::io::stderr()) != ColorChoice::Never
}

/// Prints the result. A reader that went away (`| head -1`) has seen enough: that is no error.
///
/// # Errors
/// Any other, such as a full disk.
pub fn print(text: &str) -> Result<(), Diagnostics> {
    write_result(text.as_bytes()).map_err(|error| {
        Diagnostic::new(Exit::Usage, format!("the result cannot be printed: {}", in_words(&error))).into()
    })
}

/// Writes a part of the result, whatever it is. A reader that went away has seen enough.
///
/// # Errors
/// The same as for [`print()`].
pub fn write_result(bytes: &[u8]) -> io::Result<()> {
    let written = match RESULT.get() {
        Some(kept) => kept.write_whole(bytes.to_vec()),
        None => {
            let mut stdout = io::stdout().lock();
            stdout.flush().and_then(|()| files::write_whole(&stdout, bytes))
        }
    };
    match written {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// A line on stderr.
pub fn note(text: &str) {
    tell(format!("{text}\n"));
}

/// Writes to stderr, whatever a core has made of it. Nobody is left to be told that it is closed.
pub fn tell(text: String) {
    let _ = keeper::at(move || files::write_whole(io::stderr().lock(), text.as_bytes()));
}

/// Takes away what a process that died has left of its progress on a terminal.
pub fn clear_progress() {
    if std::io::stderr().is_terminal() {
        // Back to the line's start, clear it, show the cursor.
        let _ = write!(std::io::stderr(), "\r\x1b[2K\x1b[?25h");
    }
}

/// Tells all that is wrong, on stderr.
pub fn complain(diagnostics: &Diagnostics) {
    tell(diagnostics.render_within(stderr_is_coloured(), stderr_width()));
}
