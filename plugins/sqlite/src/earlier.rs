//! The hand-overs that earlier runs have recorded in the file: their copies are read first, and their counts, leases and
//! delays go on.

use crate::agents::Agents;
use crate::queues::NONE;
use crate::tables;
use rusqlite::Connection;
use std::collections::{HashMap, HashSet, VecDeque};

/// What an earlier run has recorded of a copy.
#[derive(Debug, Clone, Copy)]
pub struct Before {
    /// The agent that had it last, if it is of this run too.
    pub agent: u32,
    /// How often it was handed over.
    pub handed_over: u32,
    /// When it may be handed over again, in nanoseconds since the origin.
    pub due_ns: u64,
}

/// All hand-overs of earlier runs, of copies that are not settled.
#[derive(Debug, Default)]
pub struct Earlier {
    /// By message and queue.
    copies: HashMap<(i64, u32), Before>,
    /// The messages that are still to be read for them, oldest first.
    to_read: VecDeque<i64>,
    messages: HashSet<i64>,
}

impl Earlier {
    /// Reads what is recorded for the queues of this run.
    pub fn read(connection: &Connection, agents: &Agents, now_ns: u64) -> rusqlite::Result<Earlier> {
        let mut earlier = Earlier::default();
        let mut held = connection.prepare(tables::HELD_BEFORE)?;
        let mut rows = held.query(())?;
        while let Some(row) = rows.next()? {
            let message: i64 = row.get(0)?;
            let Some(queue) = agents.queue(&row.get::<_, String>(1)?) else { continue };
            let agent = agents.agent(&row.get::<_, String>(2)?).unwrap_or(NONE);
            // A lease for ever was one for as long as that run lasted.
            let wait_s: f64 = row.get::<_, Option<f64>>(4)?.unwrap_or(0.0);
            let due_ns = now_ns.saturating_add((wait_s * 1e9) as u64);
            earlier.copies.insert((message, queue), Before { agent, handed_over: row.get(3)?, due_ns });
            if earlier.messages.insert(message) {
                earlier.to_read.push_back(message);
            }
        }
        Ok(earlier)
    }

    /// Whether messages are still to be read.
    pub fn has_more(&self) -> bool {
        !self.to_read.is_empty()
    }

    /// Takes the next message that is to be read.
    pub fn take_next(&mut self) -> Option<i64> {
        self.to_read.pop_front()
    }

    /// Whether this message was read ahead of the others.
    pub fn has_read(&self, message: i64) -> bool {
        self.messages.contains(&message)
    }

    /// What is recorded of a copy.
    pub fn of(&self, message: i64, queue: u32) -> Option<Before> {
        self.copies.get(&(message, queue)).copied()
    }
}
