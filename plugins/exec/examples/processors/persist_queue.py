"""mqscript and persist-queue: a queue in a SQLite file, which worker threads of the same process empty.

    pip install persist-queue
    mqscript run --processor persist_queue.py --rate 5 --duration 4
"""
import os
import threading

import persistqueue
from mqscript_adapter import folder, messaging_core, serve_processor

WORKERS = 4         # threads
AUTO_RESUME = True  # as persist-queue has it: what was taken and not acknowledged comes again after a kill, so it may be
                    # sent twice. False: it stays in the file, and nobody sends it

jobs = persistqueue.SQLiteAckQueue(os.path.join(folder(), "queue"), multithreading=True, auto_resume=AUTO_RESUME)


def enqueue(*message):
    jobs.put(message)  # in the file when this returns


def deliver(message):
    try:
        return messaging_core.send_message(*message)
    except ConnectionError:
        return False


def work():
    while True:
        message = jobs.get()
        if deliver(message):
            jobs.ack(message)
        else:
            jobs.nack(message)  # back into the queue


if __name__ == "__main__":
    for _ in range(WORKERS):
        threading.Thread(target=work, daemon=True).start()
    serve_processor(enqueue)
