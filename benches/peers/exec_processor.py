"""The processor behind the exec core in the exec bench: a queue in memory, and everything in it is sent."""

import collections

from mqscript_adapter import messaging_core, serve_processor

queue = collections.deque()


def enqueue(*message):
    queue.append(message)


def process():
    while queue:
        messaging_core.send_message(*queue.popleft())


serve_processor(enqueue, process)
