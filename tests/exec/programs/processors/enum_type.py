"""Sends an enumeration's member as the type, and swallows every exception, as real processors do."""
import collections
import enum

from mqscript_adapter import messaging_core, serve_processor

Type = enum.Enum("Type", {"TEXT": "SYSTEM_TO_AGENT"})
queue = collections.deque()


def process():
    while queue:
        content, sender, recipient, kind, priority, tags, metadata = queue.popleft()
        try:
            messaging_core.send_message(content, sender, recipient, Type.TEXT, priority, tags, metadata)
        except Exception:
            pass


serve_processor(lambda *m: queue.append(m), process)
