"""A queue in a file of SQLite, in the folder that lasts for the run, or in memory: stored.py file|memory. Appends a line to an
audit log, if one is named, for each message that it took and each that it sent."""
import collections
import os
import pickle
import sqlite3
import sys
import threading

from mqscript_adapter import folder, is_probe, messaging_core, serve_processor

taken, audit = collections.deque(), sys.argv[2] if len(sys.argv) > 2 else None


def note(what, metadata):
    if audit and not is_probe(metadata):
        with open(audit, "ab", 0) as log:  # One write a line: several processes may share the file.
            log.write(f"{what} {metadata['mqs-stamp'][:43]}\n".encode())


class Stored:
    def __init__(self):
        self.local = threading.local()
        self.database().execute("CREATE TABLE IF NOT EXISTS queue (id INTEGER PRIMARY KEY, message BLOB)")

    def database(self):
        if not hasattr(self.local, "connection"):
            path = os.path.join(folder(), "queue.sqlite")
            self.local.connection = sqlite3.connect(path, timeout=30, isolation_level=None)
        return self.local.connection

    def put(self, message):
        self.database().execute("INSERT INTO queue (message) VALUES (?)", (pickle.dumps(message),))

    def first(self):
        row = self.database().execute("SELECT id, message FROM queue ORDER BY id LIMIT 1").fetchone()
        return (row[0], pickle.loads(row[1])) if row else None

    def remove(self, key):
        self.database().execute("DELETE FROM queue WHERE id = ?", (key,))


class InMemory:
    def put(self, message):
        taken.append(message)

    def first(self):
        return (None, taken[0]) if taken else None

    def remove(self, key):
        taken.popleft()


queue = Stored() if sys.argv[1] == "file" else InMemory()


def enqueue(*message):
    queue.put(message)
    note("took", message[6])


def process():
    while True:
        found = queue.first()
        if found is None:
            return
        key, message = found
        while True:
            try:
                if messaging_core.send_message(*message):
                    break
            except ConnectionError:
                pass
        note("sent", message[6])
        queue.remove(key)


serve_processor(enqueue, process)
