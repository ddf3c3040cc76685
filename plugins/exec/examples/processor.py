"""A message-queue processor under test: it delivers in batches, and tries again what fails.

    mqscript run --processor plugins/exec/examples/processor.py --rate 10 --duration 5
"""

import collections
import time

from mqscript_adapter import REGULAR, messaging_core, serve_processor


class QueueProcessor:
    """Takes messages into a queue, and sends them through a messaging core."""

    def __init__(self, core):
        self.core = core
        self.queue = collections.deque()

    def enqueue(self, content, sender, recipient, message_type, priority=REGULAR, tags=None, metadata=None):
        self.queue.append((content, sender, recipient, message_type, priority, tags, metadata))

    def process_queue(self, max_messages=None, batch_size=10, interval=0.0):
        """Handles what waits, at most max_messages of it; pauses for interval seconds after each batch."""
        handled = 0
        while self.queue and (max_messages is None or handled < max_messages):
            batch = [self.queue.popleft() for _ in range(min(batch_size, len(self.queue)))]
            for message in batch:
                while not self.send(message):
                    pass
            handled += len(batch)
            time.sleep(interval)
        return handled

    def send(self, message):
        try:
            return self.core.send_message(*message)
        except ConnectionError:
            return False


if __name__ == "__main__":
    processor = QueueProcessor(messaging_core)
    serve_processor(processor.enqueue, processor.process_queue)
