"""Correct: each message is tried up to 20 times, each time in a forked child, as rq's default worker does."""
import os
import queue

from mqscript_adapter import messaging_core, serve_processor

waiting = queue.Queue()


def process():
    while True:
        try:
            message = waiting.get(timeout=0.05)
        except queue.Empty:
            return
        for _ in range(20):
            child = os.fork()
            if child == 0:
                try:
                    sent = messaging_core.send_message(*message)
                except ConnectionError:
                    sent = False
                os._exit(0 if sent else 1)
            if os.waitpid(child, 0)[1] == 0:
                break


serve_processor(lambda *m: waiting.put(m), process)
