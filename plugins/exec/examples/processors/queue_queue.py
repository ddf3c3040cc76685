"""mqscript and a plain queue.Queue, which worker threads empty.

    mqscript run --processor queue_queue.py --rate 5 --duration 4
"""
import queue
import threading
import time

from mqscript_adapter import messaging_core, serve_processor

WORKERS = 4        # threads; with more than one, two messages of one sender may overtake each other
MAXSIZE = 0        # as queue.Queue has it: no bound. With a bound `put` waits, and mqscript with it
RETRY_AFTER = 0.1  # seconds until a message whose call failed is tried again, for ever

jobs = queue.Queue(MAXSIZE)


def enqueue(*message):
    jobs.put(message)  # only in memory: what waits here is lost with the process


def deliver(message):
    try:
        return messaging_core.send_message(*message)
    except ConnectionError:
        return False


def work():
    while True:
        message = jobs.get()
        while not deliver(message):
            time.sleep(RETRY_AFTER)
        jobs.task_done()


if __name__ == "__main__":
    for _ in range(WORKERS):
        threading.Thread(target=work, daemon=True).start()
    serve_processor(enqueue)
