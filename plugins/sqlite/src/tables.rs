//! The file's format: two tables, meant to be read by people with the `sqlite3` shell.

/// In the file's header: it belongs to this core ("mqs1").
pub const APPLICATION_ID: i32 = 0x6d71_7331;
/// In the file's header: the version of this format.
pub const FORMAT: i32 = 1;

/// The columns of `messages`, in order.
pub const COLUMNS: [&str; 14] = [
    "id",
    "stored_at",
    "sender",
    "recipient",
    "message_type",
    "priority",
    "content",
    "tags",
    "metadata",
    "agent",
    "sequence",
    "stamp",
    "deliveries",
    "delivered_at",
];

/// Makes the tables where they are not there.
///
/// A row of `messages` is a message that waits; it goes when everyone it is for has acknowledged it. `taken` holds who
/// has acknowledged a broadcast that others still wait for.
pub const CREATE: &str = "
CREATE TABLE IF NOT EXISTS messages (
    id           INTEGER PRIMARY KEY,   -- in the order of storing
    stored_at    TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')),  -- UTC
    sender       TEXT,                  -- as shown
    recipient    TEXT,                  -- ALL = every agent but the one that sent it
    message_type TEXT,
    priority     TEXT,                  -- low, regular, high, urgent
    content,                            -- text, or a blob if it is not UTF-8
    tags         TEXT,                  -- a JSON array
    metadata     TEXT,                  -- a JSON object
    agent        TEXT,                  -- who sent it, also where another is shown
    sequence     INTEGER,               -- its number among that agent's
    stamp        TEXT,                  -- its identity, as 43 characters
    deliveries   INTEGER NOT NULL DEFAULT 0,  -- times it was handed out and not acknowledged
    delivered_at TEXT                   -- UTC, when that was noted last
);
CREATE TABLE IF NOT EXISTS taken (
    message      INTEGER NOT NULL,      -- a broadcast in messages
    agent        TEXT NOT NULL,         -- who has acknowledged it
    PRIMARY KEY (message, agent)
) WITHOUT ROWID;
";

/// Stores a message.
pub const INSERT: &str = "INSERT INTO messages (id, stored_at, sender, recipient, message_type, priority, content, \
     tags, metadata, agent, sequence, stamp) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";

/// The present, as the tables hold it.
pub const NOW: &str = "SELECT strftime('%Y-%m-%d %H:%M:%f', 'now')";

/// The largest id in use.
pub const LAST_ID: &str = "SELECT coalesce(max(id), 0) FROM messages";

/// What a copy is made of, of the messages after one.
pub const READ_AFTER: &str = "SELECT id, stamp, sender, recipient, message_type, content, agent, deliveries \
     FROM messages WHERE id > ?1 ORDER BY id LIMIT ?2";

/// What a copy is made of, of one message.
pub const READ_ONE: &str = "SELECT id, stamp, sender, recipient, message_type, content, agent, deliveries \
     FROM messages WHERE id = ?1";

/// Removes a message.
pub const DELETE: &str = "DELETE FROM messages WHERE id = ?1";

/// Notes that a message was handed out and not acknowledged.
pub const MARK: &str = "UPDATE messages SET deliveries = deliveries + 1, delivered_at = ?2 WHERE id = ?1";

/// Who has acknowledged a broadcast.
pub const TAKEN_BY: &str = "SELECT agent FROM taken WHERE message = ?1";

/// Notes that someone has acknowledged a broadcast.
pub const TAKE: &str = "INSERT OR IGNORE INTO taken (message, agent) VALUES (?1, ?2)";

/// Forgets who has acknowledged a broadcast.
pub const FORGET_TAKEN: &str = "DELETE FROM taken WHERE message = ?1";
