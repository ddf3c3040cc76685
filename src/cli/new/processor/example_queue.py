"""An example to begin with: a queue in memory, whose messages are tried until they are delivered."""
import queue


class Processor:
    def __init__(self, core):
        self.core = core
        self.waiting = queue.Queue()

    def put(self, *message):
        self.waiting.put(message)

    def work(self):
        """Handles what waits; returns how many messages that were."""
        handled = 0
        while not self.waiting.empty():
            message = self.waiting.get()
            while not self.sent(message):
                pass
            handled += 1
        return handled

    def sent(self, message):
        try:
            return self.core.send_message(*message)
        except ConnectionError:
            return False
