//! Receiving: finds the recipients of the messages in the file, tracks copies until they are acknowledged, and hands
//! copies out again in time.

use crate::agents::Agents;
use crate::exchange::{HandedOut, Tally};
use crate::tables;
use mqscript_plugin::live::Arrivals;
use mqscript_plugin::prelude::*;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

/// The name of the recipient of a broadcast.
const ALL: &str = "ALL";
/// The most messages that are read at once, so that messages to be stored do not wait for long.
const READ_MAX: usize = 1024;

/// A copy that was read and is not acknowledged.
#[derive(Debug, Clone, Copy)]
struct Copy {
    message: i64,
    agent: u32,
}

/// A broadcast of which copies are not acknowledged.
#[derive(Debug)]
struct Broadcast {
    /// The number of copies that are not acknowledged.
    left: u32,
    /// Whether the file already records an acknowledgement of some copies.
    noted: bool,
}

/// What the next transaction writes for the receivers.
#[derive(Debug, Default)]
struct Changes {
    /// Messages that all recipients have acknowledged, and whether the table `taken` has rows for them.
    finished: Vec<(i64, bool)>,
    /// Copies of broadcasts that were acknowledged.
    taken: Vec<Copy>,
    /// Messages that were handed out and not acknowledged in time.
    returned: Vec<i64>,
}

/// The receiving side of the queue.
#[derive(Debug)]
pub struct Inbox {
    agents: Arc<Agents>,
    visibility_ns: u64,
    with_texts: bool,
    /// All messages with an id up to this one were read.
    read_to: i64,
    /// The last id in the file.
    stored_to: i64,
    next_tag: u64,
    out: HashMap<u64, Copy>,
    /// What the host has got, oldest first, until the time for its acknowledgement is over.
    handed_out: VecDeque<HandedOut>,
    /// Copies that are to be handed out again.
    again: VecDeque<Copy>,
    broadcasts: HashMap<i64, Broadcast>,
    changes: Changes,
}

impl Inbox {
    /// Makes the inboxes of these agents. The file has messages up to the id `stored_to`.
    pub fn new(agents: Arc<Agents>, visibility_ns: u64, with_texts: bool, stored_to: i64) -> Inbox {
        Inbox {
            agents,
            visibility_ns,
            with_texts,
            read_to: 0,
            stored_to,
            next_tag: 1,
            out: HashMap::new(),
            handed_out: VecDeque::new(),
            again: VecDeque::new(),
            broadcasts: HashMap::new(),
            changes: Changes::default(),
        }
    }

    /// Notes that the file has messages up to this id.
    pub fn stored_to(&mut self, id: i64) {
        self.stored_to = id;
    }

    /// Whether there is something to read.
    pub fn wants_to_read(&self) -> bool {
        self.read_to < self.stored_to || !self.again.is_empty()
    }

    /// Whether every copy that was handed out is acknowledged.
    pub fn has_nothing_out(&self) -> bool {
        self.out.is_empty()
    }

    /// When copies must be checked next, in nanoseconds since the origin; `None` if no copy is out.
    pub fn due_ns(&self, now_ns: u64) -> Option<u64> {
        match self.handed_out.front() {
            Some(oldest) => Some(oldest.at_ns + self.visibility_ns),
            // Copies that the host gets in the meantime are due later.
            None if !self.out.is_empty() => Some(now_ns + self.visibility_ns),
            None => None,
        }
    }

    /// Notes that the host has got these copies.
    pub fn note_handed_out(&mut self, handed_out: &mut Vec<HandedOut>) {
        self.handed_out.extend(handed_out.drain(..));
    }

    /// Notes that the host acknowledged the copies with these tags. A copy whose time was over before is ignored: it is
    /// handed out again with another tag.
    pub fn acknowledge(&mut self, tags: &[u64], tally: &mut Tally) {
        for tag in tags {
            let Some(copy) = self.out.remove(tag) else { continue };
            tally.acknowledged += 1;
            let Some(broadcast) = self.broadcasts.get_mut(&copy.message) else {
                self.changes.finished.push((copy.message, false));
                continue;
            };
            broadcast.left -= 1;
            if broadcast.left == 0 {
                self.changes.finished.push((copy.message, broadcast.noted));
                self.broadcasts.remove(&copy.message);
            } else {
                self.changes.taken.push(copy);
            }
        }
    }

    /// Takes back the copies that were not acknowledged in time.
    pub fn take_back(&mut self, now_ns: u64) {
        while self.handed_out.front().is_some_and(|oldest| oldest.at_ns + self.visibility_ns <= now_ns) {
            let Some(oldest) = self.handed_out.pop_front() else { return };
            self.give_up(oldest);
        }
    }

    /// Takes back all copies at the end of the run: a later run will hand them out again.
    pub fn take_back_all(&mut self) {
        while let Some(oldest) = self.handed_out.pop_front() {
            self.give_up(oldest);
        }
    }

    fn give_up(&mut self, handed_out: HandedOut) {
        for tag in handed_out.first..=handed_out.last {
            if let Some(copy) = self.out.remove(&tag) {
                self.changes.returned.push(copy.message);
                self.again.push_back(copy);
            }
        }
    }

    /// Whether there is something to write.
    pub fn has_changes(&self) -> bool {
        let Changes { finished, taken, returned } = &self.changes;
        !(finished.is_empty() && taken.is_empty() && returned.is_empty())
    }

    /// Writes the changes within the caller's transaction.
    pub fn write_changes(&mut self, connection: &Connection, now: &str) -> rusqlite::Result<()> {
        let mut changes = std::mem::take(&mut self.changes);
        changes.returned.sort_unstable();
        changes.returned.dedup();
        if !changes.returned.is_empty() {
            let mut mark = connection.prepare_cached(tables::MARK)?;
            for message in changes.returned.drain(..) {
                mark.execute(params![message, now])?;
            }
        }
        if !changes.taken.is_empty() {
            let mut take = connection.prepare_cached(tables::TAKE)?;
            for copy in changes.taken.drain(..) {
                // If all agents have acknowledged the broadcast by now, there is nothing to note.
                if let Some(broadcast) = self.broadcasts.get_mut(&copy.message) {
                    broadcast.noted = true;
                    take.execute(params![copy.message, self.agents.name(copy.agent)])?;
                }
            }
        }
        let mut delete = connection.prepare_cached(tables::DELETE)?;
        for (message, noted) in changes.finished.drain(..) {
            delete.execute([message])?;
            if noted {
                connection.prepare_cached(tables::FORGET_TAKEN)?.execute([message])?;
            }
        }
        // The lists are empty again; they keep their memory.
        self.changes = changes;
        Ok(())
    }

    /// Reads the next copies: first those that were taken back, then messages in the order of storing.
    pub fn read(
        &mut self,
        connection: &Connection,
        now_ns: u64,
        into: &mut Arrivals,
        tally: &mut Tally,
    ) -> rusqlite::Result<()> {
        let before = into.len();
        let mut one = connection.prepare_cached(tables::READ_ONE)?;
        for _ in 0..self.again.len().min(READ_MAX) {
            let Some(copy) = self.again.pop_front() else { break };
            let read = one.query_row([copy.message], |row| {
                self.push_message(row, into)?;
                Ok(())
            });
            // The user may have removed the message with other tools.
            if read.optional()?.is_some() {
                tally.redelivered += 1;
                self.push_copy(copy, true, now_ns, into);
            }
        }
        if self.read_to < self.stored_to && into.len() - before < READ_MAX {
            let mut next = connection.prepare_cached(tables::READ_AFTER)?;
            let mut rows = next.query(params![self.read_to, READ_MAX as i64])?;
            let mut last = self.stored_to;
            let mut found = 0;
            while let Some(row) = rows.next()? {
                last = row.get(0)?;
                found += 1;
                self.read_message(connection, row, now_ns, into, tally)?;
            }
            self.read_to = if found < READ_MAX { self.stored_to.max(last) } else { last };
        }
        tally.copies += (into.len() - before) as u64;
        Ok(())
    }

    /// Reads the copies of one message, for the agents of this run.
    fn read_message(
        &mut self,
        connection: &Connection,
        row: &Row<'_>,
        now_ns: u64,
        into: &mut Arrivals,
        tally: &mut Tally,
    ) -> rusqlite::Result<()> {
        let message: i64 = row.get(0)?;
        let recipient = text(row, 3)?;
        let redelivered = row.get::<_, i64>(7)? > 0;
        if recipient != ALL {
            // A recipient that is no agent of this run may be one of a later run.
            if let Some(agent) = self.agents.number(recipient) {
                self.push_message(row, into)?;
                self.push_copy(Copy { message, agent }, redelivered, now_ns, into);
                tally.redelivered += u64::from(redelivered);
            }
            return Ok(());
        }
        let sender = match text(row, 6)? {
            "" => text(row, 2)?,
            agent => agent,
        };
        let mut taken = connection.prepare_cached(tables::TAKEN_BY)?;
        let taken: Vec<String> =
            taken.query_map([message], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
        let agents = Arc::clone(&self.agents);
        let waits = |agent: &u32| {
            let name = agents.name(*agent);
            name != sender && !taken.iter().any(|taken| taken == name)
        };
        let waiting: Vec<u32> = agents.numbers().filter(waits).collect();
        if waiting.is_empty() {
            self.changes.finished.push((message, !taken.is_empty()));
            return Ok(());
        }
        self.push_message(row, into)?;
        let broadcast = Broadcast { left: waiting.len() as u32, noted: !taken.is_empty() };
        self.broadcasts.insert(message, broadcast);
        for agent in waiting {
            self.push_copy(Copy { message, agent }, redelivered, now_ns, into);
            tally.redelivered += u64::from(redelivered);
        }
        Ok(())
    }

    fn push_message(&self, row: &Row<'_>, into: &mut Arrivals) -> rusqlite::Result<()> {
        let stamp = Stamp::decode(text(row, 1)?.as_bytes()).unwrap_or(Stamp::NONE);
        let texts = match self.with_texts {
            true => Some(ArrivedText::new(text(row, 2)?, text(row, 3)?, text(row, 4)?)),
            false => None,
        };
        match row.get_ref(5)? {
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => into.push_message(stamp, bytes, texts),
            ValueRef::Null => into.push_message(stamp, b"", texts),
            ValueRef::Integer(number) => into.push_message(stamp, number.to_string().as_bytes(), texts),
            ValueRef::Real(number) => into.push_message(stamp, number.to_string().as_bytes(), texts),
        }
        Ok(())
    }

    fn push_copy(&mut self, copy: Copy, redelivered: bool, now_ns: u64, into: &mut Arrivals) {
        into.push_copy(self.next_tag, copy.agent, redelivered, now_ns);
        self.out.insert(self.next_tag, copy);
        self.next_tag += 1;
    }
}

/// A text in a column. People can write other things there; these are read as an empty text.
fn text<'a>(row: &'a Row<'_>, column: usize) -> rusqlite::Result<&'a str> {
    Ok(row.get_ref(column)?.as_str().unwrap_or_default())
}
