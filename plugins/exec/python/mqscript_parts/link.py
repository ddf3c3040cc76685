"""This process's connection to mqscript, for what it says of its calls. Every process that imports the adapter has one of
its own, from its first call on; a forked child opens its own.
"""

import json
import mmap
import os
import socket
import threading
import time

from . import lines

_WORKING_SECONDS = 0.05
_GONE_SECONDS = 0.05
_SLOT_AT = 65  # Behind a stamp of 43 characters and 20 digits of a fingerprint, with a dot before each.
_SLOTS_MAX = 1 << 32
_COUNT_MAX = 0xffff
_OWN_COUNTS_MAX = 1 << 16


class Link:
    """The connection, what it takes to open it, and the counters of calls."""

    def __init__(self):
        self._run, self._counters = None, None
        self.probes, self.probe_contents = None, ()
        self._renew()

    def _renew(self):
        """As in a new process: no lock and no connection survives a fork."""
        self._socket = None
        self._lock = threading.Lock()
        self._counting = threading.Lock()
        self._own_counts = {}
        self._worked = 0.0

    def run(self):
        """What mqscript says of the run: seed and mock. Raises ConnectionError where there is none."""
        if self._run is None:
            try:
                with open(os.path.join(os.path.dirname(self._path()), "run.json"), encoding="utf-8") as file:
                    run = json.load(file)
                # Several threads may come at once: what is looked at first is set last.
                self.probe_contents = frozenset(run.get("probe_contents", ()))
                self.probes = frozenset(run.get("probes", ()))
                self._run = run
            except OSError as error:
                raise ConnectionError(f"the run of mqscript that this process belongs to is over ({error})") from None
        return self._run

    def folder(self):
        """Where the files of the run lie."""
        return os.path.dirname(self._path())

    def _path(self):
        path = os.environ.get("MQSCRIPT_EXEC_SOCKET")
        if not path:
            raise ConnectionError("mqscript did not start this process, nor one that started it: "
                                  "MQSCRIPT_EXEC_SOCKET is not set")
        return path

    def connect(self, **more):
        """A new connection that has joined."""
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.connect(self._path())
            join = {"run": int(os.environ.get("MQSCRIPT_EXEC_RUN", "0")), "process": os.getpid(), **more}
            connection.sendall(lines.encoded({"join": join}))
            if "feeder" not in more and not connection.recv(64):
                raise ConnectionError("this process is not let in")
        except BaseException:
            connection.close()
            raise
        return connection

    def say(self, line):
        """Writes a line, whole, before it returns. Raises ConnectionError if mqscript has gone."""
        with self._lock:
            for attempt in (1, 2):
                try:
                    if self._socket is None:
                        self._socket = self.connect()
                    return self._socket.sendall(line)
                except OSError as error:
                    self._drop()
                    gone = error
                except BaseException:
                    self._drop()  # A signal's exception: a line that was begun ends with the connection.
                    raise
        time.sleep(_GONE_SECONDS)  # Whoever tries again for ever shall not do nothing else.
        raise ConnectionError(f"mqscript has gone, or does not let this process in ({gone})") from None

    def _drop(self):
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def working(self):
        """Gives a sign of work, unless it gave one just now."""
        now = time.monotonic()
        if now - self._worked >= _WORKING_SECONDS:
            self._worked = now
            self.say(b'{"working":true}\n')

    def count(self, stamp):
        """The how-manieth call for this message is about to be made, over all processes."""
        slot = stamp[_SLOT_AT:]
        slot = int(slot) if slot.isdigit() else _SLOTS_MAX
        with self._counting:
            counters = self._counters or self._map()
            if slot < len(counters):
                count = counters[slot] = min(counters[slot] + 1, _COUNT_MAX)
                return count
            if len(self._own_counts) >= _OWN_COUNTS_MAX and stamp not in self._own_counts:
                return 1
            count = self._own_counts[stamp] = self._own_counts.get(stamp, 0) + 1
            return count

    def _map(self):
        try:
            with open(os.path.join(self.folder(), "counters"), "r+b") as file:
                self._counters = memoryview(mmap.mmap(file.fileno(), 0)).cast("H")
        except OSError as error:
            raise ConnectionError(f"the run of mqscript that this process belongs to is over ({error})") from None
        return self._counters


link = Link()
os.register_at_fork(after_in_child=link._renew)


def heartbeat():
    """Gives a sign of work: a run that waits for copies goes on waiting."""
    link.working()


def folder():
    """A folder for queues that live in files: it is there for the whole run, also when the processor is killed."""
    path = os.environ.get("MQSCRIPT_EXEC_FOLDER")
    if not path:
        raise ConnectionError("mqscript did not start this process, nor one that started it: "
                              "MQSCRIPT_EXEC_FOLDER is not set")
    return path
