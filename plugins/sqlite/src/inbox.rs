//! Receiving: finds the recipients of the messages in the file, hands copies over to agents that have room, and hands
//! them over again if they are not settled in time.

use crate::agents::Agents;
use crate::changes::{Changes, DeadLetter, Reason, modifier};
use crate::earlier::Earlier;
use crate::exchange::{HandedOut, Tally};
use crate::held::{Copy, Held};
use crate::queues::{NONE, Next, Queues};
use crate::reading::{READ_MAX, Reading, push_message, text};
use crate::tables;
use crate::terms::Terms;
use mqscript_plugin::live::Arrivals;
use mqscript_plugin::prelude::*;
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::sync::Arc;

/// The name of the recipient of a broadcast.
const ALL: &str = "ALL";

/// What the receiving side is made of.
#[derive(Debug, Clone)]
pub struct Receiving {
    /// The agents of the run, and their shared queues.
    pub agents: Arc<Agents>,
    /// The groups of the run; none if nobody takes their time.
    pub groups: Vec<mqscript_plugin::Group>,
    /// What holds where no group says otherwise.
    pub terms: Terms,
    /// Whether copies have the texts of their messages.
    pub with_texts: bool,
    /// The host's number for the reason [`Reason::MaxDeliveries`].
    pub max_deliveries: u32,
    /// The host's number for the reason [`Reason::Rejected`].
    pub rejected: u32,
}

/// The receiving side of the queue.
#[derive(Debug)]
pub struct Inbox {
    agents: Arc<Agents>,
    with_texts: bool,
    /// Whether hand-overs are recorded in the file, as they are if there are groups.
    records: bool,
    /// The host's numbers of the reasons.
    reasons: (u32, u32),
    /// All messages with an id up to this one were read.
    read_to: i64,
    /// The last id in the file.
    stored_to: i64,
    queues: Queues,
    held: Held,
    earlier: Earlier,
    shortest_lease_ns: Option<u64>,
    changes: Changes,
}

impl Inbox {
    /// Makes the queues of these agents. The file has messages up to the id `stored_to`.
    pub fn new(
        receiving: Receiving,
        connection: &Connection,
        now_ns: u64,
        stored_to: i64,
    ) -> rusqlite::Result<Inbox> {
        let Receiving { agents, groups, terms, with_texts, max_deliveries, rejected } = receiving;
        let records = !groups.is_empty();
        let queues = Queues::new(agents.numbers().len() as u32, &groups, terms);
        let earlier = match records {
            true => Earlier::read(connection, &agents, now_ns)?,
            false => Earlier::default(),
        };
        Ok(Inbox {
            earlier,
            agents,
            with_texts,
            records,
            reasons: (max_deliveries, rejected),
            read_to: 0,
            stored_to,
            shortest_lease_ns: queues.shortest_lease_ns(),
            queues,
            held: Held::default(),
            changes: Changes::new(records),
        })
    }

    /// Whether hand-overs are recorded in the file: then [`read`](Inbox::read) needs a transaction.
    pub fn records(&self) -> bool {
        self.records
    }

    /// Notes that the file has messages up to this id.
    pub fn stored_to(&mut self, id: i64) {
        self.stored_to = id;
    }

    /// Whether there is something to read.
    pub fn wants_to_read(&self) -> bool {
        self.read_to < self.stored_to || self.queues.has_due() || self.earlier.has_more()
    }

    /// Whether no copy waits or is with an agent, and nothing is to be written.
    pub fn is_at_rest(&self) -> bool {
        self.held.is_empty() && self.queues.is_empty() && self.changes.is_empty()
    }

    /// When there is something to do by itself, in nanoseconds since the origin; `None` if never.
    pub fn due_ns(&mut self, now_ns: u64) -> Option<u64> {
        if !self.changes.is_empty() {
            return Some(now_ns);
        }
        // The lease of copies that the host gets in the meantime ends later.
        let shortest = self.shortest_lease_ns.filter(|_| self.held.has_some_on_their_way());
        let on_their_way = shortest.map(|lease_ns| now_ns.saturating_add(lease_ns));
        self.held.next_due_ns().into_iter().chain(on_their_way).min()
    }

    /// Notes that the host has got these copies.
    pub fn note_handed_out(&mut self, handed_out: &[HandedOut]) {
        for range in handed_out {
            self.held.note_handed_out(range, |agent| self.queues.terms(agent).lease_ns);
        }
    }

    /// Settles copies, or extends their leases, in this order. A copy whose lease has ended is still settled while nobody
    /// else has it.
    pub fn settle(&mut self, settlements: &[(Settlement, u64)], now_ns: u64, tally: &mut Tally) {
        for (how, tag) in settlements {
            match how {
                Settlement::Acknowledge | Settlement::Reject => self.finish(*how, *tag, tally),
                Settlement::GiveBack | Settlement::Extend => match self.held.get(*tag) {
                    Some(copy) if copy.is_held && *how == Settlement::GiveBack => {
                        self.comes_back(*tag, copy, now_ns, tally);
                    }
                    Some(copy) if copy.is_held => {
                        let lease_ns = self.queues.terms(copy.agent).lease_ns;
                        self.held.lease(*tag, lease_ns.map(|lease_ns| now_ns.saturating_add(lease_ns)));
                        self.changes.keep_back(copy.message, copy.queue, lease_ns);
                    }
                    // It has come back already, and the lease cannot begin anew.
                    _ => tally.late_settlements += 1,
                },
            }
        }
    }

    /// Settles a copy for good.
    fn finish(&mut self, how: Settlement, tag: u64, tally: &mut Tally) {
        let Some(copy) = self.held.remove(tag) else {
            tally.late_settlements += 1;
            return;
        };
        match copy.is_held {
            true => self.queues.let_go(copy.agent),
            false => tally.late_settlements += 1,
        }
        match how {
            Settlement::Reject => self.give_up(copy, Reason::Rejected, tally),
            _ => {
                tally.acknowledged += 1;
                self.changes.settle(copy.message, copy.queue);
            }
        }
    }

    /// A copy that an agent has comes back: it waits, at least for the delay, or is given up.
    fn comes_back(&mut self, tag: u64, copy: Copy, now_ns: u64, tally: &mut Tally) {
        self.queues.let_go(copy.agent);
        let terms = self.queues.terms(copy.agent);
        if copy.handed_over >= terms.max_deliveries {
            self.held.remove(tag);
            self.give_up(copy, Reason::MaxDeliveries, tally);
            return;
        }
        let delay_ns = terms.redelivery_after_ns(copy.handed_over);
        self.changes.give_back(copy.message);
        self.changes.keep_back(copy.message, copy.queue, Some(delay_ns));
        if delay_ns == 0 {
            self.held.take_back(tag, None);
            self.queues.wait(copy.queue, Next::Again(tag));
        } else {
            self.held.take_back(tag, Some(now_ns.saturating_add(delay_ns)));
        }
    }

    fn give_up(&mut self, copy: Copy, reason: Reason, tally: &mut Tally) {
        let Copy { message, agent, handed_over, .. } = copy;
        tally.dead_letters += 1;
        self.changes.bury(DeadLetter { message, agent, handed_over, reason });
        self.changes.settle(message, copy.queue);
    }

    /// Does what is due by itself: takes back the copies that were not settled in time, and lets those wait in their queues
    /// whose delay is over.
    pub fn come_due(&mut self, now_ns: u64, tally: &mut Tally) {
        while let Some((tag, copy)) = self.held.take_due(now_ns) {
            if copy.is_held {
                tally.lease_expired += 1;
                self.comes_back(tag, copy, now_ns, tally);
            } else if copy.handed_over >= self.queues.terms(copy.queue).max_deliveries {
                // An earlier run has handed it over for the last time.
                self.held.remove(tag);
                self.give_up(copy, Reason::MaxDeliveries, tally);
            } else {
                self.held.take_back(tag, None);
                self.queues.wait(copy.queue, Next::Again(tag));
            }
        }
    }

    /// Takes back all copies at the end of the run: a later run will hand them out again.
    pub fn take_back_all(&mut self) {
        for (copy, is_with_host) in self.held.with_agents() {
            if is_with_host {
                self.changes.give_back(copy.message);
            }
            self.changes.keep_back(copy.message, copy.queue, Some(0));
        }
    }

    /// Whether there is something to write.
    pub fn has_changes(&self) -> bool {
        !self.changes.is_empty()
    }

    /// Writes the changes within the caller's transaction. What is given up is reported in `told`.
    pub fn write_changes(
        &mut self,
        connection: &Connection,
        now: (&str, u64),
        told: &mut Arrivals,
    ) -> rusqlite::Result<()> {
        let (max_deliveries, rejected) = self.reasons;
        let interned = |reason| match reason {
            Reason::MaxDeliveries => max_deliveries,
            Reason::Rejected => rejected,
        };
        self.changes.bury_dead(connection, &self.agents, now, told, interned)?;
        self.changes.write(connection, &self.agents, now.0)
    }

    /// Hands over the next copies to agents that have room: first those that were handed over before, then messages in
    /// the order of storing. If hand-overs are recorded, this is done within the caller's transaction.
    pub fn read(&mut self, reading: &mut Reading<'_>) -> rusqlite::Result<()> {
        let connection = reading.connection;
        let mut one = connection.prepare_cached(tables::READ_ONE)?;
        while let Some(message) = self.earlier.take_next() {
            one.query_row([message], |row| self.read_message(row, reading)).optional()?;
        }
        self.come_due(reading.now_ns, reading.tally);
        while reading.has_room()
            && let Some(queue) = self.queues.take_due()
        {
            self.serve(queue, reading)?;
        }
        if self.read_to < self.stored_to && reading.has_room() {
            let mut next = connection.prepare_cached(tables::READ_AFTER)?;
            let mut rows = next.query(params![self.read_to, READ_MAX as i64])?;
            let mut last = self.stored_to;
            let mut found = 0;
            while let Some(row) = rows.next()? {
                last = row.get(0)?;
                found += 1;
                if !self.earlier.has_read(last) {
                    self.read_message(row, reading)?;
                }
            }
            self.read_to = if found < READ_MAX { self.stored_to.max(last) } else { last };
        }
        reading.tally.copies += reading.into.len() as u64;
        Ok(())
    }

    /// Hands over what waits in a queue, as far as there are agents that have room.
    fn serve(&mut self, queue: u32, reading: &mut Reading<'_>) -> rusqlite::Result<()> {
        let mut one = reading.connection.prepare_cached(tables::READ_ONE)?;
        while let Some(agent) = self.queues.agent_with_room(queue) {
            if !reading.has_room() {
                self.queues.is_due(queue);
                break;
            }
            let (message, handed_over) = match self.queues.pop(queue) {
                None => break,
                Some(Next::Fresh(message, handed_over)) => (message, handed_over),
                Some(Next::Again(tag)) => match self.held.remove(tag) {
                    Some(copy) => (copy.message, copy.handed_over),
                    // It was settled late.
                    None => continue,
                },
            };
            let read = one.query_row([message], |row| push_message(row, self.with_texts, reading.into));
            // The user may have removed the message with other tools.
            if read.optional()?.is_some() {
                self.hand_over(Copy::new(message, queue, agent, handed_over), reading)?;
            }
        }
        Ok(())
    }

    /// Finds the copies of one message, for the agents of this run.
    fn read_message(&mut self, row: &Row<'_>, reading: &mut Reading<'_>) -> rusqlite::Result<()> {
        let message: i64 = row.get(0)?;
        let recipient = text(row, 3)?;
        let returned = row.get::<_, i64>(7)?.clamp(0, i64::from(u32::MAX)) as u32;
        if recipient != ALL {
            // A recipient that is no agent of this run may be one of a later run.
            return match self.agents.queue(recipient) {
                Some(queue) => {
                    self.take_in(Copy::new(message, queue, NONE, returned), row, &mut false, reading)
                }
                None => Ok(()),
            };
        }
        let sender = match text(row, 6)? {
            "" => text(row, 2)?,
            agent => agent,
        };
        let mut taken = reading.connection.prepare_cached(tables::TAKEN_BY)?;
        let taken: Vec<String> =
            taken.query_map([message], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
        let agents = Arc::clone(&self.agents);
        let waits = |agent: &u32| {
            let name = agents.name(*agent);
            name != sender && !taken.iter().any(|taken| taken == name)
        };
        let waiting: Vec<u32> = agents.numbers().filter(waits).collect();
        self.changes.broadcast(message, waiting.len() as u32, !taken.is_empty());
        // What came back may have been another agent's copy. Where hand-overs are recorded, the record tells.
        let returned = if self.records { 0 } else { returned };
        let mut is_pushed = false;
        for agent in waiting {
            self.take_in(Copy::new(message, agent, NONE, returned), row, &mut is_pushed, reading)?;
        }
        Ok(())
    }

    /// Hands a copy of the message in this row over if an agent has room and nothing waits before it; otherwise it waits.
    fn take_in(
        &mut self,
        copy: Copy,
        row: &Row<'_>,
        is_pushed: &mut bool,
        reading: &mut Reading<'_>,
    ) -> rusqlite::Result<()> {
        let Copy { message, queue, handed_over, .. } = copy;
        if let Some(before) = self.earlier.of(message, queue) {
            let handed_over = handed_over.max(before.handed_over);
            self.held.recall(Copy::new(message, queue, before.agent, handed_over), before.due_ns);
        } else if !self.queues.has_waiting(queue)
            && let Some(agent) = self.queues.agent_with_room(queue)
        {
            if !std::mem::replace(is_pushed, true) {
                push_message(row, self.with_texts, reading.into)?;
            }
            self.hand_over(Copy::new(message, queue, agent, handed_over), reading)?;
        } else {
            self.queues.wait(queue, Next::Fresh(message, handed_over));
        }
        Ok(())
    }

    /// Hands a copy of the message that was pushed last over to its agent.
    fn hand_over(&mut self, copy: Copy, reading: &mut Reading<'_>) -> rusqlite::Result<()> {
        let Copy { message, queue, agent, handed_over: before, .. } = copy;
        let handed_over = before.saturating_add(1);
        let tag = self.held.hand_over(Copy::new(message, queue, agent, handed_over));
        self.queues.hand_over(queue, agent);
        reading.tally.redelivered += u64::from(before > 0);
        if !self.records {
            // Only what came back is counted in the file, so the number is not known.
            reading.into.push_copy(tag, agent, before > 0, reading.now_ns);
            return Ok(());
        }
        reading.into.push_handed_over(tag, agent, handed_over, reading.now_ns);
        let names = (self.agents.name(queue), self.agents.name(agent));
        let lease = modifier(self.queues.terms(agent).lease_ns);
        let mut hold = reading.connection.prepare_cached(tables::HOLD)?;
        hold.execute(params![message, names.0, names.1, handed_over, lease])?;
        Ok(())
    }
}
