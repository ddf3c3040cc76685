//! What the next transaction writes for the receivers.

use crate::agents::Agents;
use crate::tables;
use mqscript_plugin::live::Arrivals;
use mqscript_plugin::prelude::*;
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::HashMap;

/// Why a copy is given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// It was handed over as often as it may be.
    MaxDeliveries,
    /// An agent refused it for good.
    Rejected,
}

impl Reason {
    /// The name, for the host and in the file.
    pub fn name(self) -> &'static str {
        match self {
            Reason::MaxDeliveries => "max_deliveries",
            Reason::Rejected => "rejected",
        }
    }
}

/// A copy that is given up.
#[derive(Debug, Clone, Copy)]
pub struct DeadLetter {
    /// The id of its message.
    pub message: i64,
    /// The number of the agent that had it last.
    pub agent: u32,
    /// How often it was handed over.
    pub handed_over: u32,
    /// Why it is given up.
    pub reason: Reason,
}

/// A broadcast of which copies are not settled.
#[derive(Debug)]
struct Broadcast {
    /// The number of copies that are not settled.
    left: u32,
    /// Whether the file already records a settlement of some copies.
    noted: bool,
}

/// What the next transaction writes for the receivers, and what it must know for that.
#[derive(Debug)]
pub struct Changes {
    /// Whether hand-overs are recorded in the file.
    records: bool,
    broadcasts: HashMap<i64, Broadcast>,
    /// Messages of which all copies are settled, and whether the table `taken` has rows for them.
    finished: Vec<(i64, bool)>,
    /// Copies of broadcasts that were settled: message and queue.
    taken: Vec<(i64, u32)>,
    /// Messages that were handed out and came back.
    returned: Vec<i64>,
    /// Copies that are not handed over for so many nanoseconds from now, if not for ever: message and queue.
    kept_back: Vec<(i64, u32, Option<u64>)>,
    dead: Vec<DeadLetter>,
}

impl Changes {
    /// Nothing to write. `records`: hand-overs are recorded in the file.
    pub fn new(records: bool) -> Changes {
        Changes {
            records,
            broadcasts: HashMap::new(),
            finished: Vec::new(),
            taken: Vec::new(),
            returned: Vec::new(),
            kept_back: Vec::new(),
            dead: Vec::new(),
        }
    }

    /// A message has so many copies; `noted`: the file records settlements of others.
    pub fn broadcast(&mut self, message: i64, left: u32, noted: bool) {
        match left {
            0 => self.finished.push((message, noted)),
            _ => drop(self.broadcasts.insert(message, Broadcast { left, noted })),
        }
    }

    /// A copy of a message in this queue is settled.
    pub fn settle(&mut self, message: i64, queue: u32) {
        let Some(broadcast) = self.broadcasts.get_mut(&message) else {
            self.finished.push((message, false));
            return;
        };
        broadcast.left -= 1;
        if broadcast.left == 0 {
            self.finished.push((message, broadcast.noted));
            self.broadcasts.remove(&message);
        } else {
            self.taken.push((message, queue));
        }
    }

    /// A copy of a message came back.
    pub fn give_back(&mut self, message: i64) {
        self.returned.push(message);
    }

    /// A copy is not handed over for so long, in nanoseconds; without a time, as long as the run lasts.
    pub fn keep_back(&mut self, message: i64, queue: u32, time_ns: Option<u64>) {
        if self.records {
            self.kept_back.push((message, queue, time_ns));
        }
    }

    /// A copy is given up. It must also be [settled](Changes::settle).
    pub fn bury(&mut self, letter: DeadLetter) {
        self.dead.push(letter);
    }

    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        let Changes { finished, taken, returned, kept_back, dead, .. } = self;
        finished.is_empty()
            && taken.is_empty()
            && returned.is_empty()
            && kept_back.is_empty()
            && dead.is_empty()
    }

    /// Writes all within the caller's transaction, and empties the lists. They keep their memory.
    pub fn write(&mut self, connection: &Connection, agents: &Agents, now: &str) -> rusqlite::Result<()> {
        self.returned.sort_unstable();
        self.returned.dedup();
        if !self.returned.is_empty() {
            let mut mark = connection.prepare_cached(tables::MARK)?;
            for message in self.returned.drain(..) {
                mark.execute(params![message, now])?;
            }
        }
        if !self.kept_back.is_empty() {
            let mut hold = connection.prepare_cached(tables::HOLD_UNTIL)?;
            for (message, queue, time_ns) in self.kept_back.drain(..) {
                hold.execute(params![message, agents.name(queue), modifier(time_ns)])?;
            }
        }
        if !self.taken.is_empty() {
            self.write_taken(connection, agents)?;
        }
        if !self.finished.is_empty() {
            self.write_finished(connection)?;
        }
        Ok(())
    }

    fn write_taken(&mut self, connection: &Connection, agents: &Agents) -> rusqlite::Result<()> {
        let mut take = connection.prepare_cached(tables::TAKE)?;
        for (message, queue) in self.taken.drain(..) {
            // If all copies of the broadcast are settled by now, there is nothing to note.
            let Some(broadcast) = self.broadcasts.get_mut(&message) else { continue };
            broadcast.noted = true;
            take.execute(params![message, agents.name(queue)])?;
            if self.records {
                connection.prepare_cached(tables::LET_GO)?.execute(params![message, agents.name(queue)])?;
            }
        }
        Ok(())
    }

    fn write_finished(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let mut delete = connection.prepare_cached(tables::DELETE)?;
        for (message, noted) in self.finished.drain(..) {
            delete.execute([message])?;
            if noted {
                connection.prepare_cached(tables::FORGET_TAKEN)?.execute([message])?;
            }
            if self.records {
                connection.prepare_cached(tables::LET_ALL_GO)?.execute([message])?;
            }
        }
        Ok(())
    }

    /// Keeps the dead letters in their table, within the caller's transaction and before [`write`](Changes::write)
    /// removes their messages. Reports them in `told`; `interned` gives the host's number for a reason.
    pub fn bury_dead(
        &mut self,
        connection: &Connection,
        agents: &Agents,
        now: (&str, u64),
        told: &mut Arrivals,
        interned: impl Fn(Reason) -> u32,
    ) -> rusqlite::Result<()> {
        for letter in self.dead.drain(..) {
            let DeadLetter { message, agent, handed_over, reason } = letter;
            let row = params![message, now.0, reason.name(), agents.name(agent), handed_over];
            let mut bury = connection.prepare_cached(tables::BURY)?;
            let stamp = bury.query_row(row, |row| {
                let text = row.get_ref(0)?.as_str().unwrap_or_default();
                Ok(Stamp::decode(text.as_bytes()).unwrap_or(Stamp::NONE))
            });
            // The user may have removed the message with other tools; or no agent of this run had it.
            let Some(stamp) = stamp.optional()?.filter(|_| agents.numbers().contains(&agent)) else {
                continue;
            };
            told.push_message(stamp, b"", None);
            told.push_report(Report::GivenUp(interned(reason)), 0, agent, now.1);
        }
        Ok(())
    }
}

/// A time from now as SQLite's date functions take it; NULL = for ever.
pub fn modifier(time_ns: Option<u64>) -> Option<String> {
    time_ns.map(|ns| format!("+{}.{:03} seconds", ns / 1_000_000_000, ns / 1_000_000 % 1_000))
}
