"""The processor of processor.py with a loss, such as real ones have: can you see it? mqscript's ledger does.

    mqscript run --processor plugins/exec/examples/processor_with_a_loss.py --rate 10 --duration 5
"""

import time

from mqscript_adapter import messaging_core, serve_processor
from processor import QueueProcessor


class LosingProcessor(QueueProcessor):
    """Puts a message that fails back into the queue, and leaves the batch for the next cycle."""

    def process_queue(self, max_messages=None, batch_size=10, interval=0.0):
        handled = 0
        while self.queue and (max_messages is None or handled < max_messages):
            batch = [self.queue.popleft() for _ in range(min(batch_size, len(self.queue)))]
            for message in batch:
                if not self.send(message):
                    self.queue.append(message)
                    break  # The rest of the batch is in the queue no more, and in nobody's hands.
                handled += 1
            time.sleep(interval)
        return handled


if __name__ == "__main__":
    processor = LosingProcessor(messaging_core)
    serve_processor(processor.enqueue, processor.process_queue)
