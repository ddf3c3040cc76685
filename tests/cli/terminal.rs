//! What a terminal sees, and what a pipe: widths and colours, on a terminal of the test's own.

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use std::fs::{File, OpenOptions};
use std::io::Read;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Command, Stdio};
use support::program::{command, folder, mqscript};
use unicode_width::UnicodeWidthStr;

/// A terminal: the side that a person looks at, and the side that a program prints to.
struct Terminal {
    screen: File,
    program: OwnedFd,
}

fn terminal(columns: u16) -> Terminal {
    let screen = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
    grantpt(&screen).unwrap();
    unlockpt(&screen).unwrap();
    let size = Winsize { ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(&screen, size).unwrap();
    let name = ptsname(&screen, Vec::new()).unwrap();
    let program = OpenOptions::new().read(true).write(true).open(name.to_str().unwrap()).unwrap();
    Terminal { screen: screen.into(), program: program.into() }
}

impl Terminal {
    /// Everything that was printed, once no program has the terminal any more.
    fn printed(self) -> String {
        let Terminal { mut screen, program } = self;
        drop(program);
        let (mut printed, mut part) = (Vec::new(), [0; 4096]);
        // A terminal that nobody prints to any more reads as an error.
        while let Ok(count @ 1..) = screen.read(&mut part) {
            printed.extend_from_slice(&part[..count]);
        }
        String::from_utf8(printed).unwrap().replace("\r\n", "\n")
    }
}

/// What is printed on a terminal that stdout is.
fn on_terminal(mut command: Command, columns: u16) -> String {
    let terminal = terminal(columns);
    let stdout = terminal.program.try_clone().unwrap();
    let mut child = command.stdout(stdout).stderr(Stdio::null()).spawn().unwrap();
    // The command keeps a descriptor of its own.
    drop(command);
    let reader = std::thread::spawn(move || terminal.printed());
    assert!(child.wait().unwrap().success());
    reader.join().unwrap()
}

/// A text without its colours, and whether there were any.
fn uncoloured(text: &str) -> (String, bool) {
    let plain = anstream::adapter::strip_str(text).to_string();
    let coloured = plain != text;
    (plain, coloured)
}

fn widest(text: &str) -> usize {
    text.lines().map(|line| line.width()).max().unwrap_or(0)
}

/// A comparison of ten runs of a few seconds: of a core with itself, or with a slower one.
fn comparison(folder: &Path, slower: bool) -> String {
    let other = if slower { "core(\"mock\", #{ latency: \"2ms..20ms\" })" } else { "core(\"mock\")" };
    let path = folder.join(if slower { "slower.rhai" } else { "same.rhai" });
    let text = format!(
        "compare(#{{ scenario: scenario(#{{ agents: 9, arrival: \"20/s\", duration: \"10s\", mix: [\"direct\"], \
         processor: #{{ workers: 64 }} }}), cores: [core(\"mock\").named(\"one\"), {other}.named(\"other\")] }});"
    );
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

const RED: &str = "\u{1b}[1m\u{1b}[31m";
const GREEN: &str = "\u{1b}[32m";

#[test]
fn a_comparison_is_as_wide_as_its_terminal_and_coloured_where_something_is_certain() {
    let folder = folder();
    let (slower, same) = (comparison(folder.path(), true), comparison(folder.path(), false));
    let printed = on_terminal(command(&["run", "-q", &slower]), 72);
    let (plain, coloured) = uncoloured(&printed);
    assert!(coloured && widest(&plain) <= 72, "{} columns:\n{plain}", widest(&plain));
    for line in printed.lines().filter(|line| line.contains("✗ worse")) {
        assert!(line.contains(RED), "{line:?}");
    }
    assert!(printed.contains(RED), "{plain}");
    for line in printed.lines().filter(|line| line.contains("equivalent") || line.contains(" runs")) {
        assert!(!line.contains(RED) && !line.contains(GREEN), "{line:?}");
    }
    // The same runs, to the byte: nothing is better or worse, and nothing is coloured so.
    let printed = on_terminal(command(&["run", "-q", &same]), 72);
    assert!(uncoloured(&printed).1 && !printed.contains(RED) && !printed.contains(GREEN), "{printed}");

    let mut refused = command(&["run", "-q", &slower]);
    refused.env("NO_COLOR", "1");
    let printed = on_terminal(refused, 72);
    assert!(!uncoloured(&printed).1, "NO_COLOR wins:\n{printed}");
    assert_eq!(printed, plain);
}

#[test]
fn a_pipe_is_as_wide_as_the_terminal_beside_it() {
    let folder = folder();
    let script = comparison(folder.path(), true);
    let through_pipe = |columns: u16| {
        let terminal = terminal(columns);
        let stderr = terminal.program.try_clone().unwrap();
        let output = command(&["run", "-q", &script]).stdout(Stdio::piped()).stderr(stderr).output().unwrap();
        (String::from_utf8(output.stdout).unwrap(), terminal.printed())
    };
    let (narrow, told) = through_pipe(64);
    assert!(!uncoloured(&narrow).1 && widest(&narrow) <= 64, "{} columns:\n{narrow}", widest(&narrow));
    assert_eq!(told, "", "-q tells nothing");
    let (wide, _) = through_pipe(200);
    assert!(widest(&wide) > 64 && widest(&wide) <= 100, "{} columns:\n{wide}", widest(&wide));
    // Neither is a terminal, as in CI: a hundred columns.
    assert_eq!(mqscript(&["run", "-q", &script]).stdout, wide);
}
