//! The thread that owns the file: stores messages that wait, removes those that were settled, reads the next ones.

use crate::exchange::{Desk, Job, Tally};
use crate::failure;
use crate::inbox::Inbox;
use crate::reading::Reading;
use crate::tables;
use mqscript_plugin::live::{Answer, Arrivals, Exchange, Waiting};
use mqscript_plugin::prelude::*;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, params};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long one attempt to get the database's lock waits.
const LOCK_ATTEMPT: Duration = Duration::from_millis(200);
/// How long the lock is waited for when the session is closed.
const LOCK_AT_CLOSE: Duration = Duration::from_secs(5);

/// The owner of the file while a session is open.
#[derive(Debug)]
pub struct Writer {
    exchange: Arc<Exchange<Desk>>,
    host: Host,
    agents: Arc<crate::agents::Agents>,
    connection: Connection,
    file: PathBuf,
    /// The receiving side; none if copies are not received.
    inbox: Option<Inbox>,
    next_id: i64,
    /// SQLite's counter that changes when another program writes.
    data_version: i64,
    tally: Tally,
    /// Reports of what was given up.
    told: Arrivals,
    /// The interned kind of event: another program holds the lock.
    locked: u32,
}

/// The parts from which a writer is made.
#[derive(Debug)]
pub struct Parts {
    /// The state that is shared with the session.
    pub exchange: Arc<Exchange<Desk>>,
    /// The way to the host.
    pub host: Host,
    /// The agents of the run.
    pub agents: Arc<crate::agents::Agents>,
    /// The open file, already set up as a queue.
    pub connection: Connection,
    /// The path of the file.
    pub file: PathBuf,
    /// The interned kind of event for a file that is locked.
    pub locked: u32,
}

impl Writer {
    /// Makes the owner of the file; `inbox` makes the receiving side from the last id in the file.
    pub fn new(
        parts: Parts,
        inbox: impl FnOnce(&Connection, i64) -> rusqlite::Result<Option<Inbox>>,
    ) -> Result<Writer, Error> {
        let Parts { exchange, host, agents, connection, file, locked } = parts;
        let read = |error: rusqlite::Error| failure::of(&error, "reading", &file);
        let last_id: i64 = connection.query_row(tables::LAST_ID, (), |row| row.get(0)).map_err(read)?;
        connection.busy_timeout(LOCK_ATTEMPT).map_err(read)?;
        let data_version = data_version(&connection).map_err(read)?;
        Ok(Writer {
            exchange,
            host,
            agents,
            inbox: inbox(&connection, last_id).map_err(read)?,
            connection,
            file,
            next_id: last_id + 1,
            data_version,
            tally: Tally::default(),
            told: Arrivals::default(),
            locked,
        })
    }

    /// Works until the session is closed or the file fails.
    pub fn work(mut self) {
        let served = self.serve().and_then(|()| self.finish());
        let failed = served.is_err();
        let mut state = self.exchange.lock();
        state.medium.tally = self.tally;
        if let Err(error) = served {
            state.fail(error);
        }
        drop(state);
        // The last connection to close writes the log into the file and removes it. If that fails, the log stays and
        // holds what was stored.
        if let Err((_, error)) = self.connection.close() {
            self.host.log(
                mqscript_plugin::LogLevel::Warn,
                &format!("closing {}: {error}; its log stays beside it", self.file.display()),
            );
        }
        if failed {
            self.host.wake();
        }
    }

    fn serve(&mut self) -> Result<(), Error> {
        let mut job = Job::default();
        let mut copies = Arrivals::default();
        loop {
            let wants_to_read = self.inbox.as_ref().is_some_and(Inbox::wants_to_read);
            let nothing_out = self.inbox.as_ref().is_some_and(Inbox::is_at_rest);
            let limit = self.time_to_next();
            job.take_from(&self.exchange, wants_to_read, nothing_out, limit);
            if let Some(inbox) = &mut self.inbox {
                let now_ns = self.host.now_ns();
                // Most copies are settled as soon as the host has got them: their leases need not begin.
                inbox.settle(&job.settled, now_ns, &mut self.tally);
                inbox.note_handed_out(&job.handed_out);
                inbox.come_due(now_ns, &mut self.tally);
            }
            job.settled.clear();
            job.handed_out.clear();
            self.store(&job.waiting)?;
            self.answer(&job.waiting);
            job.waiting.clear();
            if job.closing {
                return Ok(());
            }
            if job.may_read {
                self.read(&mut copies)?;
            }
        }
    }

    /// The time until something is due by itself; `None` if nothing is.
    fn time_to_next(&mut self) -> Option<Duration> {
        let now_ns = self.host.now_ns();
        let due_ns = self.inbox.as_mut()?.due_ns(now_ns)?;
        Some(Duration::from_nanos(due_ns.saturating_sub(now_ns)))
    }

    /// Stores messages and the receivers' changes as one transaction.
    fn store(&mut self, waiting: &Waiting) -> Result<(), Error> {
        let has_changes = self.inbox.as_ref().is_some_and(Inbox::has_changes);
        if waiting.is_empty() && !has_changes {
            return Ok(());
        }
        self.begin()?;
        let stored = self.write(waiting).and_then(|()| self.connection.execute_batch("COMMIT"));
        stored.map_err(|error| failure::of(&error, "storing in", &self.file))?;
        self.pass_on_reports();
        Ok(())
    }

    /// Tells the host what was given up.
    fn pass_on_reports(&mut self) {
        if !self.told.is_empty() {
            self.exchange.lock().arrived.append(&mut self.told);
            self.host.wake();
        }
    }

    /// Begins to write. Waits for another program's lock, however long it takes.
    fn begin(&mut self) -> Result<(), Error> {
        let start = Instant::now();
        let mut told = false;
        loop {
            let Err(error) = self.connection.execute_batch("BEGIN IMMEDIATE") else { return Ok(()) };
            if error.sqlite_error_code() != Some(ErrorCode::DatabaseBusy) {
                return Err(failure::of(&error, "storing in", &self.file));
            }
            if !std::mem::replace(&mut told, true) {
                let text = format!("{} is locked by another program", self.file.display());
                self.host.event(self.locked, self.host.now_ns(), &text);
            }
            if self.exchange.lock().is_closing() && start.elapsed() > LOCK_AT_CLOSE {
                return Err(failure::locked(&self.file));
            }
        }
    }

    fn write(&mut self, waiting: &Waiting) -> rusqlite::Result<()> {
        let now: String = self.connection.prepare_cached(tables::NOW)?.query_row((), |row| row.get(0))?;
        if let Some(inbox) = &mut self.inbox {
            inbox.write_changes(&self.connection, (&now, self.host.now_ns()), &mut self.told)?;
        }
        if waiting.is_empty() {
            return Ok(());
        }
        // Ids are assigned here, so that the id of a removed message is never used again. Other programs may have added
        // rows.
        let version = data_version(&self.connection)?;
        if version != self.data_version {
            self.data_version = version;
            let last_id: i64 =
                self.connection.prepare_cached(tables::LAST_ID)?.query_row((), |row| row.get(0))?;
            self.next_id = self.next_id.max(last_id + 1);
        }
        let mut insert = self.connection.prepare_cached(tables::INSERT)?;
        for message in waiting.messages() {
            let part = |range| waiting.part(range);
            let stamp = message.stamp.encode();
            insert.execute(params![
                self.next_id,
                now,
                text(part(message.sender())),
                text(part(message.recipient())),
                text(part(message.message_type())),
                message.priority(),
                readable(part(message.content())),
                text(part(message.tags())),
                text(part(message.metadata())),
                self.agents.name(message.stamp.sender),
                message.stamp.sequence as i64,
                text(&stamp),
            ])?;
            self.next_id += 1;
        }
        Ok(())
    }

    /// Tells the session which messages were stored.
    fn answer(&mut self, waiting: &Waiting) {
        if waiting.is_empty() {
            return;
        }
        let at_ns = self.host.now_ns();
        let count = waiting.len() as u64;
        self.tally.commits += 1;
        self.tally.stored += count;
        self.tally.largest_commit = self.tally.largest_commit.max(count);
        if let Some(inbox) = &mut self.inbox {
            inbox.stored_to(self.next_id - 1);
        }
        let mut state = self.exchange.lock();
        state.medium.window.answered(waiting.len());
        for tokens in waiting.tokens() {
            state.answer(Answer { tokens, result: OutcomeResult::Delivered, reason: 0, at_ns });
        }
        drop(state);
        self.host.wake();
    }

    /// Reads the next copies for the host. If hand-overs are recorded, the record is in the file before the host knows.
    fn read(&mut self, copies: &mut Arrivals) -> Result<(), Error> {
        let Some(inbox) = self.inbox.as_ref().filter(|inbox| inbox.wants_to_read()) else { return Ok(()) };
        let records = inbox.records();
        if records {
            self.begin()?;
        }
        let Some(inbox) = &mut self.inbox else { return Ok(()) };
        let now_ns = self.host.now_ns();
        let (connection, tally) = (&self.connection, &mut self.tally);
        inbox
            .read(&mut Reading { connection, now_ns, into: copies, tally })
            .and_then(|()| if records { self.connection.execute_batch("COMMIT") } else { Ok(()) })
            .map_err(|error| failure::of(&error, "reading", &self.file))?;
        if !copies.is_empty() {
            self.exchange.lock().arrived.append(copies);
            self.host.wake();
        }
        Ok(())
    }

    /// Writes for the last time: copies that are not settled are taken back.
    fn finish(&mut self) -> Result<(), Error> {
        if let Some(inbox) = &mut self.inbox {
            inbox.take_back_all();
        }
        self.store(&Waiting::default())?;
        let left = self.connection.query_row("SELECT count(*) FROM messages", (), |row| row.get::<_, i64>(0));
        self.tally.left = Some(left.map_err(|error| failure::of(&error, "reading", &self.file))? as u64);
        Ok(())
    }
}

fn data_version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.prepare_cached("PRAGMA data_version")?.query_row((), |row| row.get(0))
}

/// A text whose bytes are known to be UTF-8.
fn text(bytes: &[u8]) -> ToSqlOutput<'_> {
    ToSqlOutput::Borrowed(ValueRef::Text(bytes))
}

/// Bytes as a text, so that people can read them; as a blob if they are no text.
fn readable(bytes: &[u8]) -> ToSqlOutput<'_> {
    let is_text = !bytes.contains(&0) && std::str::from_utf8(bytes).is_ok();
    ToSqlOutput::Borrowed(if is_text { ValueRef::Text(bytes) } else { ValueRef::Blob(bytes) })
}
