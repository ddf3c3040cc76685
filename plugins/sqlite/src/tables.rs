//! The file's format: two tables that people can read with the `sqlite3` shell.

/// Marks the file as one of this core, in its header ("mqs1").
pub const APPLICATION_ID: i32 = 0x6d71_7331;
/// The version of this format, in the file's header.
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

/// Makes the tables if they do not exist.
///
/// A row of `messages` is a message that waits; it is removed when all its recipients have acknowledged it. `taken`
/// records who has acknowledged a broadcast that others have not.
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

/// SQL that stores a message.
pub const INSERT: &str = "INSERT INTO messages (id, stored_at, sender, recipient, message_type, priority, content, \
     tags, metadata, agent, sequence, stamp) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";

/// SQL for the present time, in the form that the tables hold.
pub const NOW: &str = "SELECT strftime('%Y-%m-%d %H:%M:%f', 'now')";

/// SQL for the largest id in use.
pub const LAST_ID: &str = "SELECT coalesce(max(id), 0) FROM messages";

/// SQL that reads the parts of copies, for the messages after an id.
pub const READ_AFTER: &str = "SELECT id, stamp, sender, recipient, message_type, content, agent, deliveries \
     FROM messages WHERE id > ?1 ORDER BY id LIMIT ?2";

/// SQL that reads the parts of copies, for one message.
pub const READ_ONE: &str = "SELECT id, stamp, sender, recipient, message_type, content, agent, deliveries \
     FROM messages WHERE id = ?1";

/// SQL that removes a message.
pub const DELETE: &str = "DELETE FROM messages WHERE id = ?1";

/// SQL that notes that a message was handed out and not acknowledged.
pub const MARK: &str = "UPDATE messages SET deliveries = deliveries + 1, delivered_at = ?2 WHERE id = ?1";

/// SQL that reads who has acknowledged a broadcast.
pub const TAKEN_BY: &str = "SELECT agent FROM taken WHERE message = ?1";

/// SQL that notes that an agent has acknowledged a broadcast.
pub const TAKE: &str = "INSERT OR IGNORE INTO taken (message, agent) VALUES (?1, ?2)";

/// SQL that forgets who has acknowledged a broadcast.
pub const FORGET_TAKEN: &str = "DELETE FROM taken WHERE message = ?1";
