//! The file's format: tables that people can read with the `sqlite3` shell.

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

/// Makes the tables if they do not exist, and forgets hand-overs of messages that are gone.
///
/// A row of `messages` is a message that waits; it is removed when all its recipients have acknowledged it. `taken`
/// records who has acknowledged a broadcast that others have not. `held` is written in runs with consumers only: the
/// hand-overs of copies that are not settled. `dead_letters` has the copies that were given up.
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
CREATE TABLE IF NOT EXISTS held (
    message      INTEGER NOT NULL,      -- in messages
    queue        TEXT NOT NULL,         -- the agent or the group that the copy is for
    agent        TEXT NOT NULL,         -- who has it, or had it last
    handed_over  INTEGER NOT NULL,      -- times
    until        TEXT,                  -- UTC, it is not handed over before; NULL = while the run lasts
    PRIMARY KEY (message, queue)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS dead_letters (
    id           INTEGER PRIMARY KEY,   -- in the order of giving up
    given_up_at  TEXT NOT NULL,         -- UTC
    reason       TEXT NOT NULL,         -- max_deliveries or rejected
    last_agent   TEXT NOT NULL,         -- who had it last
    handed_over  INTEGER NOT NULL,      -- times
    message      INTEGER NOT NULL,      -- its id in messages, and so on as there
    stored_at    TEXT,
    sender       TEXT,
    recipient    TEXT,
    message_type TEXT,
    priority     TEXT,
    content,
    tags         TEXT,
    metadata     TEXT,
    agent        TEXT,
    sequence     INTEGER,
    stamp        TEXT
);
DELETE FROM held WHERE message NOT IN (SELECT id FROM messages);
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

/// SQL that notes a hand-over, and for how long from now the copy is with the agent.
pub const HOLD: &str = "INSERT OR REPLACE INTO held (message, queue, agent, handed_over, until) \
     VALUES (?1, ?2, ?3, ?4, strftime('%Y-%m-%d %H:%M:%f', 'now', ?5))";

/// SQL that sets how long from now a copy is not handed over.
pub const HOLD_UNTIL: &str = "UPDATE held SET until = strftime('%Y-%m-%d %H:%M:%f', 'now', ?3) \
     WHERE message = ?1 AND queue = ?2";

/// SQL that reads the hand-overs of earlier runs, and how many seconds from now the copies are not handed over.
pub const HELD_BEFORE: &str = "SELECT message, queue, agent, handed_over, \
     max((julianday(until) - julianday('now')) * 86400.0, 0.0) FROM held ORDER BY message";

/// SQL that forgets the hand-overs of one copy of a broadcast.
pub const LET_GO: &str = "DELETE FROM held WHERE message = ?1 AND queue = ?2";

/// SQL that forgets the hand-overs of a message.
pub const LET_ALL_GO: &str = "DELETE FROM held WHERE message = ?1";

/// SQL that keeps a copy that is given up, and tells the stamp of its message.
pub const BURY: &str = "INSERT INTO dead_letters (given_up_at, reason, last_agent, handed_over, message, stored_at, \
     sender, recipient, message_type, priority, content, tags, metadata, agent, sequence, stamp) \
     SELECT ?2, ?3, ?4, ?5, id, stored_at, sender, recipient, message_type, priority, content, tags, metadata, \
     agent, sequence, stamp FROM messages WHERE id = ?1 RETURNING stamp";
