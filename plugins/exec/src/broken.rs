//! The ways in which a process can break, and the texts about them.

use mqscript_plugin::prelude::*;
use std::time::Duration;

/// What went wrong with a process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Breakage {
    /// It could not be started.
    NotStarted(Error),
    /// It ended by itself.
    Died,
    /// It closed its standard input or output, but did not end.
    Deaf,
    /// It has messages, and has answered none for this long.
    Hung(Duration),
    /// It was killed by the option `faults`, this long after the load's start.
    Killed(Duration),
    /// It was not ready within this time.
    NotReady(Duration),
    /// The first message did not come back, or was refused; the text says which.
    NoContact(String),
    /// It wrote a line that cannot be read; the text says what is wrong.
    Rubbish(String),
    /// It answered a message that it did not have, or answered twice.
    Unasked(String),
    /// It has started too many processes.
    TooMany {
        /// The number of processes in its group.
        count: usize,
        /// The largest number that is allowed.
        limit: usize,
    },
    /// It serves another mode than the options say.
    WrongMode {
        /// The mode that it serves.
        found: String,
        /// The mode in the options.
        expected: &'static str,
    },
}

/// The texts to intern for each breakage: the kind of the event, and the reason of the outcomes.
pub const NAMES: [(&str, &str); 5] = [
    ("exec_worker_died", "worker_died"),
    ("exec_worker_hung", "worker_hung"),
    ("exec_worker_rubbish", "worker_rubbish"),
    ("exec_worker_answered_unasked", "worker_answered_unasked"),
    ("exec_fault_kill", "fault_kill"),
];

impl Breakage {
    /// The index of the breakage in [`NAMES`].
    pub fn number(&self) -> usize {
        match self {
            Breakage::NotStarted(_) | Breakage::Died | Breakage::Deaf | Breakage::TooMany { .. } => 0,
            Breakage::Hung(_) | Breakage::NotReady(_) | Breakage::NoContact(_) => 1,
            Breakage::Rubbish(_) | Breakage::WrongMode { .. } => 2,
            Breakage::Unasked(_) => 3,
            Breakage::Killed(_) => 4,
        }
    }

    /// What the process did, as a sentence without a subject; `ended` says how it ended.
    pub fn in_words(&self, ended: &str) -> String {
        match self {
            Breakage::NotStarted(error) => format!("could not be started ({error})"),
            Breakage::Died => ended.to_owned(),
            Breakage::Deaf => "closed its standard input or output, but went on; it was killed".to_owned(),
            Breakage::Hung(limit) => {
                format!("had messages and answered none for {limit:?} (`timeout`); it was killed")
            }
            Breakage::Killed(due) => {
                format!(
                    "was killed by the option `faults`, {:.2} s after the load's start",
                    due.as_secs_f64()
                )
            }
            Breakage::NotReady(limit) => {
                format!("was not ready within {limit:?} (`start_timeout`); it was killed")
            }
            Breakage::NoContact(text) => text.clone(),
            Breakage::Rubbish(text) => format!("wrote a line that {text}; it was killed"),
            Breakage::TooMany { count, limit } => format!(
                "has {count} processes in its group, and more than {limit} are not let be; all of them were killed"
            ),
            Breakage::Unasked(text) => format!("{text}; it was killed"),
            Breakage::WrongMode { found, expected } => {
                format!("serves mode \"{found}\", not \"{expected}\"; it was killed")
            }
        }
    }

    /// The error with which the core reports that its start failed.
    pub fn at_start(self, program: &str, ended: &str, last_words: &str) -> Error {
        let help = match &self {
            Breakage::NotStarted(error) => return error.clone(),
            Breakage::WrongMode { found, .. } => {
                return Error::config(format!(
                    "`mode`: {program} serves mode \"{found}\"; write mode: \"{found}\", or let it call another \
                     function of the adapter"
                ));
            }
            Breakage::NotReady(_) | Breakage::Rubbish(_) => {
                "; a program must first answer {\"init\": …} with {\"ready\": true}, as the Python adapter does, \
                 or have the option `handshake: false`"
            }
            Breakage::NoContact(_) => {
                "; mend that, or give it more time by `start_timeout`, or let it begin without a first message by \
                 `probe: false`"
            }
            _ => "",
        };
        let what = self.in_words(ended);
        if matches!(self, Breakage::NoContact(_)) {
            return Error::new(Status::IO, format!("`command`: {program} {what}{help}; {last_words}"));
        }
        Error::new(
            Status::IO,
            format!("`command`: {program} {what}, before it was ready{help}; {last_words}"),
        )
    }
}

/// What the host is told about a process that broke.
#[derive(Debug, Default)]
pub struct Told {
    /// The process's number in the system.
    pub process: u32,
    /// Whether it had become ready.
    pub was_ready: bool,
    /// The number of messages that it answered.
    pub answers: u64,
    /// The number of its messages whose outcome is uncertain.
    pub uncertain: usize,
    /// The number of waiting messages that were refused.
    pub refused: usize,
    /// How the process ended, in words.
    pub ended: String,
    /// The last lines that it wrote to standard error.
    pub last_words: String,
    /// The very last line that it wrote to standard error.
    pub last_line: String,
    /// When the breakage was noticed, in nanoseconds of the host's clock.
    pub at_ns: u64,
}
