//! How a test's process ended, and what that says of the core.

use super::rules::Rule;
use super::trail::Step;
use super::verdict::TestVerdict;
use crate::diagnostics::PANIC;
use std::process::ExitStatus;

/// Session calls: none of them blocks.
const SESSION: [&str; 4] = ["publish", "poll", "acknowledge", "flush"];

/// Why a process was stopped before its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Killed {
    /// A call has not returned in time.
    Hangs,
    /// The test took too long altogether.
    Slow,
    /// The process took too much memory.
    Memory,
}

/// A process that is no more.
#[derive(Debug)]
pub struct ProcessEnd {
    /// The status of a process that ended by itself.
    pub status: Option<ExitStatus>,
    /// Why it was stopped.
    pub killed: Option<Killed>,
    /// What the process printed on standard output.
    pub stdout: String,
    /// What the process printed on standard error.
    pub stderr: String,
    /// The step at which the process was.
    pub step: Step,
}

/// Whether a function of the core is a session call.
pub fn is_session_call(function: &str) -> bool {
    SESSION.contains(&function)
}

impl ProcessEnd {
    fn place(&self) -> String {
        match self.step.function.as_deref() {
            Some("load") => " while it was loaded".to_owned(),
            Some("exit") => " while the program ended".to_owned(),
            Some(other) if other.contains(' ') => format!(" while the host was {other}"),
            Some(function) => format!(" in `{function}`"),
            None => " between two calls".to_owned(),
        }
    }

    /// The verdict on a process that left none itself.
    pub fn verdict(&self) -> TestVerdict {
        let place = self.place();
        match self.killed {
            Some(Killed::Hangs) => {
                let function = self.step.function.as_deref().unwrap_or_default();
                let rule = if is_session_call(function) { Rule::Blocks } else { Rule::Returns };
                return TestVerdict::broken(rule, format!("it hangs{place}: the call did not return"));
            }
            Some(Killed::Slow) => {
                return TestVerdict::broken(Rule::Returns, format!("it did not come to an end{place}"));
            }
            Some(Killed::Memory) => {
                return TestVerdict::broken(Rule::Memory, format!("it takes memory without end{place}"));
            }
            None => {}
        }
        let how = self.status.map_or("it vanished".to_owned(), how_it_ended);
        let said = telling(&self.stderr).map_or(String::new(), |line| format!("; it said: {line}"));
        let rule = match said.contains("memory allocation of") {
            true => Rule::Memory,
            false => Rule::EndsWell,
        };
        TestVerdict::broken(rule, format!("{how}{place}{said}"))
    }

    /// The verdict on the end itself, for a test whose process left a good one before.
    pub fn verdict_on_end(&self) -> TestVerdict {
        match self.status {
            Some(status) if status.success() => TestVerdict::Holds,
            _ => self.verdict(),
        }
    }

    /// The verdict on what was printed.
    pub fn verdict_on_output(&self) -> TestVerdict {
        match self.stdout.lines().find(|line| !line.trim().is_empty()) {
            None => TestVerdict::Holds,
            Some(line) => {
                let start: String = line.chars().take(60).collect();
                TestVerdict::broken(Rule::Silent, format!("it printed: {start}"))
            }
        }
    }
}

/// The line that says most of why a process ended: a panic's own, which a list of frames may follow, or else the last.
fn telling(stderr: &str) -> Option<String> {
    let lines = || stderr.lines().map(str::trim).filter(|line| !line.is_empty());
    let mut after = lines().skip_while(|line| !line.contains(" panicked at "));
    match (lines().find(|line| line.starts_with(PANIC)), after.next(), after.next()) {
        (Some(line), _, _) => Some(line.to_owned()),
        (None, Some(place), text) => Some([place, text.unwrap_or_default()].join(" ").trim_end().to_owned()),
        (None, None, _) => lines().next_back().map(str::to_owned),
    }
}

#[cfg(unix)]
fn how_it_ended(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.signal(), status.code()) {
        (Some(signal), _) => format!("the process died of {}", signal_name(signal)),
        (None, Some(code)) => format!("the process was ended with code {code}"),
        (None, None) => format!("the process ended: {status}"),
    }
}

#[cfg(not(unix))]
fn how_it_ended(status: ExitStatus) -> String {
    format!("the process was ended: {status}")
}

#[cfg(unix)]
fn signal_name(number: i32) -> String {
    use rustix::process::Signal;
    let known = [
        (Signal::SEGV, "SIGSEGV"),
        (Signal::ABORT, "SIGABRT"),
        (Signal::BUS, "SIGBUS"),
        (Signal::ILL, "SIGILL"),
        (Signal::FPE, "SIGFPE"),
        (Signal::KILL, "SIGKILL"),
        (Signal::TERM, "SIGTERM"),
        (Signal::PIPE, "SIGPIPE"),
        (Signal::TRAP, "SIGTRAP"),
        (Signal::SYS, "SIGSYS"),
        (Signal::XCPU, "SIGXCPU"),
    ];
    let name = known.iter().find(|(signal, _)| signal.as_raw() == number);
    name.map_or_else(|| format!("signal {number}"), |(_, name)| (*name).to_owned())
}
