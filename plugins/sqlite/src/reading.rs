//! Reading rows of messages for the host.

use crate::exchange::Tally;
use mqscript_plugin::live::Arrivals;
use mqscript_plugin::prelude::*;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};

/// The most messages that are read at once, so that messages to be stored do not wait for long.
pub const READ_MAX: usize = 1024;

/// What a reading works with.
#[derive(Debug)]
pub struct Reading<'r> {
    /// The file, open for reading.
    pub connection: &'r Connection,
    /// The present, in nanoseconds since the origin.
    pub now_ns: u64,
    /// What is read, for the host; empty before.
    pub into: &'r mut Arrivals,
    /// Counts of what is done.
    pub tally: &'r mut Tally,
}

impl Reading<'_> {
    /// Whether it may read more.
    pub fn has_room(&self) -> bool {
        self.into.len() < READ_MAX
    }
}

/// Adds the message in a row to those for the host.
pub fn push_message(row: &Row<'_>, with_texts: bool, into: &mut Arrivals) -> rusqlite::Result<()> {
    let stamp = Stamp::decode(text(row, 1)?.as_bytes()).unwrap_or(Stamp::NONE);
    let texts = match with_texts {
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

/// A text in a column. People can write other things there; these are read as an empty text.
pub fn text<'a>(row: &'a Row<'_>, column: usize) -> rusqlite::Result<&'a str> {
    Ok(row.get_ref(column)?.as_str().unwrap_or_default())
}
