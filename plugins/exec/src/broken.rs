//! How a process can break, and what is said about it.

use mqscript_plugin::prelude::*;
use std::time::Duration;

/// What went wrong with a process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Breakage {
    /// It could not be started.
    NotStarted(Error),
    /// It ended by itself.
    Died,
    /// It closed its standard input or output and lives on.
    Deaf,
    /// It has messages and answers none.
    Hung(Duration),
    /// It was killed on purpose, so long after the load's start.
    Killed(Duration),
    /// It did not become ready.
    NotReady(Duration),
    /// The message of the first contact did not come back, or was refused.
    NoContact(String),
    /// What it said makes no sense.
    Rubbish(String),
    /// It answered what it was not asked, or twice.
    Unasked(String),
    /// It has started processes without end.
    TooMany {
        /// So many.
        count: usize,
        /// Of so many.
        limit: usize,
    },
    /// It serves something else.
    WrongMode {
        /// What it said it serves.
        found: String,
        /// What the option says.
        expected: &'static str,
    },
}

/// All that can be the case, for interning: kind of the event, reason of the outcomes.
pub const NAMES: [(&str, &str); 5] = [
    ("exec_worker_died", "worker_died"),
    ("exec_worker_hung", "worker_hung"),
    ("exec_worker_rubbish", "worker_rubbish"),
    ("exec_worker_answered_unasked", "worker_answered_unasked"),
    ("exec_fault_kill", "fault_kill"),
];

impl Breakage {
    /// Its place in [`NAMES`].
    pub fn number(&self) -> usize {
        match self {
            Breakage::NotStarted(_) | Breakage::Died | Breakage::Deaf | Breakage::TooMany { .. } => 0,
            Breakage::Hung(_) | Breakage::NotReady(_) | Breakage::NoContact(_) => 1,
            Breakage::Rubbish(_) | Breakage::WrongMode { .. } => 2,
            Breakage::Unasked(_) => 3,
            Breakage::Killed(_) => 4,
        }
    }

    /// What it did, as a sentence without a subject; `ended` says how it ended.
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

    /// As the reason why the core cannot start.
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

/// What is to be told of a process that broke.
#[derive(Debug, Default)]
pub struct Told {
    /// Its number.
    pub process: u32,
    /// Whether it had become ready.
    pub was_ready: bool,
    /// How many messages it answered.
    pub answers: u64,
    /// How many it had.
    pub uncertain: usize,
    /// How many it was to have.
    pub refused: usize,
    /// How it ended, in words.
    pub ended: String,
    /// What it wrote to standard error last.
    pub last_words: String,
    /// The last line of it.
    pub last_line: String,
    /// When that was known.
    pub at_ns: u64,
}
