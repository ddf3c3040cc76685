"""Correct: four consumer processes over a queue of multiprocessing, started as the argument says (fork, spawn)."""
import multiprocessing
import sys
import time

from mqscript_adapter import messaging_core, serve_processor


def consume(queue):
    while True:
        message = queue.get()
        while True:
            try:
                if messaging_core.send_message(*message):
                    break
            except ConnectionError:
                pass


def start():
    context = multiprocessing.get_context(sys.argv[1])
    queue = context.Queue()
    for _ in range(4):
        context.Process(target=consume, args=(queue,), daemon=True).start()
    return queue


if __name__ == "__main__":
    queue = start()
    serve_processor(lambda *m: queue.put(m), lambda: time.sleep(0.05))
