//! Opens the file, checks what is in it, and sets it up.

use crate::failure;
use crate::options::Synchronous;
use crate::tables::{APPLICATION_ID, COLUMNS, CREATE, FORMAT};
use mqscript_plugin::prelude::*;
use rusqlite::{Connection, OpenFlags};
use std::path::Path;
use std::time::Duration;

/// How long the run waits at its start for another program's lock.
const PATIENCE: Duration = Duration::from_secs(2);

/// Opens the file, and checks that it is empty or a queue of this core. Writes nothing.
pub fn open(file: &Path) -> Result<Connection, Error> {
    // A path is never read as a URI, even if it looks like one.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_EXRESCODE;
    let failed = |error: rusqlite::Error| failure::of(&error, "opening", file);
    let connection = Connection::open_with_flags(file, flags).map_err(failed)?;
    connection.busy_timeout(PATIENCE).map_err(failed)?;
    let tables = tables(&connection).map_err(failed)?;
    if connection.is_readonly("main").map_err(failed)? {
        return Err(failure::read_only(file));
    }
    if !tables.is_empty() {
        check(&connection, &tables, file)?;
    }
    Ok(connection)
}

/// Makes the file a queue if it is not one yet. Rows that are in it stay.
pub fn prepare(connection: &Connection, synchronous: Synchronous, file: &Path) -> Result<(), Error> {
    let failed = |error: rusqlite::Error| failure::of(&error, "preparing", file);
    let mode: String =
        connection.query_row("PRAGMA journal_mode = WAL", (), |row| row.get(0)).map_err(failed)?;
    if mode != "wal" {
        return Err(Error::new(
            Status::IO,
            format!(
                "`path`: {} cannot have a write-ahead log (the journal stays `{mode}`); name a file on a local disk",
                file.display()
            ),
        ));
    }
    connection.pragma_update(None, "synchronous", synchronous.name()).map_err(failed)?;
    let set_up = format!(
        "BEGIN IMMEDIATE; PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {FORMAT}; {CREATE} COMMIT;"
    );
    connection.execute_batch(&set_up).map_err(failed)
}

fn tables(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut tables = connection.prepare("SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')")?;
    let names = tables.query_map((), |row| row.get(0))?;
    names.collect()
}

/// Checks that a database with tables is a queue of this core.
fn check(connection: &Connection, tables: &[String], file: &Path) -> Result<(), Error> {
    let failed = |error: rusqlite::Error| failure::of(&error, "reading", file);
    let at = file.display();
    let header = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    if header("application_id").map_err(failed)? != APPLICATION_ID {
        return Err(Error::config(format!(
            "`path`: {at} is the database of another application (it has {}); name another file, or one that is \
             not there yet",
            listed(tables)
        )));
    }
    let format = header("user_version").map_err(failed)?;
    if format > FORMAT {
        return Err(Error::config(format!(
            "`path`: {at} was made by a newer mqscript (format {format}; this one knows {FORMAT}); use that, or \
             name another file"
        )));
    }
    let mut columns = connection.prepare("SELECT name FROM pragma_table_info('messages')").map_err(failed)?;
    let found: Vec<String> = columns
        .query_map((), |row| row.get(0))
        .and_then(|names| names.collect::<rusqlite::Result<_>>())
        .map_err(failed)?;
    if let Some(missing) = COLUMNS.iter().find(|column| !found.iter().any(|name| name == *column)) {
        return Err(Error::config(format!(
            "`path`: in {at} the table `messages` has no column `{missing}` (it has {}); name another file, or \
             one that is not there yet",
            listed(&found)
        )));
    }
    Ok(())
}

/// The first few names, for a message.
fn listed(names: &[String]) -> String {
    const SHOWN: usize = 6;
    let shown: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    let more = names.len().saturating_sub(SHOWN);
    match (names, more) {
        ([], _) => "none".to_owned(),
        (_, 0) => shown.join(", "),
        _ => format!("{} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_set_up_as_asked_and_stays_so() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("queue.db");
        for (synchronous, level) in [(Synchronous::Normal, 1), (Synchronous::Full, 2), (Synchronous::Full, 2)]
        {
            let connection = open(&file).unwrap();
            prepare(&connection, synchronous, &file).unwrap();
            prepare(&connection, synchronous, &file).unwrap();
            let value = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
            assert_eq!(value("synchronous"), Ok(level));
            assert_eq!((value("application_id"), value("user_version")), (Ok(APPLICATION_ID), Ok(FORMAT)));
            let mode: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
            assert_eq!(mode, "wal");
        }
    }

    #[test]
    fn the_columns_that_are_asked_for_are_those_that_are_made() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(CREATE).unwrap();
        let mut columns = connection.prepare("SELECT name FROM pragma_table_info('messages')").unwrap();
        let names: Vec<String> =
            columns.query_map((), |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
        assert_eq!(names, COLUMNS);
    }
}
