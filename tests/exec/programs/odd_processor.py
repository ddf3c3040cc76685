"""A processor with habits: odd_processor.py HABIT."""
import sys
import threading
import time

from mqscript_adapter import messaging_core, serve_processor

habit = sys.argv[1]
queue, arrived = [], threading.Event()


class OwnCore:
    """A core of the user's own: refuses every third call."""

    calls = 0

    def send_message(self, content, sender, recipient, message_type, priority=None, tags=None, metadata=None):
        OwnCore.calls += 1
        return OwnCore.calls % 3 != 0


def enqueue(content, sender, recipient, message_type, priority, tags, metadata):
    if habit == "choosy" and metadata.get("step") == "1":
        return False
    if habit == "choosy" and metadata.get("step") == "2":
        raise OverflowError("the queue is full")
    queue.append((content, sender, recipient, message_type, priority, tags, metadata))
    arrived.set()


def send(content, sender, recipient, message_type, priority, tags, metadata):
    if habit == "forgets_metadata":
        metadata = None
    if habit == "upper":
        content = content.upper()
    if habit == "to_nobody":
        recipient = "Agent-99"
    if habit == "replies":
        content, metadata = "a message of its own", {}
    sent = messaging_core.send_message(content, sender, recipient, message_type, priority, tags, metadata)
    if sent and habit == "repeats":
        messaging_core.send_message(content, sender, recipient, message_type, priority, tags, metadata)
    return sent


def process(greeting=None):
    if habit == "greets":
        assert greeting == "hello", greeting
    if habit == "raises" and queue:
        raise RuntimeError("the processor has a bug")
    if habit == "backwards":
        time.sleep(0.5)  # Until all are there.
        queue.reverse()
    if habit == "for_ever":
        while True:
            arrived.wait()
            arrived.clear()
            while queue:
                send(*queue.pop(0))
    while queue:
        message = queue.pop(0)
        while not send(*message):
            pass


serve_processor(enqueue, process, **({"core": OwnCore()} if habit == "own_core" else {}))
