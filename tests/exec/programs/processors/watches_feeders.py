"""Notes in a file, one line of JSON per message: how many calls of `enqueue` were under way, its sender and content; then
sends it."""
import json
import queue
import sys
import threading
import time

from mqscript_adapter import is_probe, messaging_core, serve_processor

waiting, lock, under_way = queue.Queue(), threading.Lock(), 0


def enqueue(*message):
    global under_way
    with lock:
        under_way += 1
        if not is_probe(message[6]):
            note(message)
    time.sleep(0.005)
    waiting.put(message)
    with lock:
        under_way -= 1


def note(message):
    with open(sys.argv[1], "a") as notes:
        notes.write(json.dumps([under_way, message[1], message[0]]) + "\n")


def process():
    while not waiting.empty():
        messaging_core.send_message(*waiting.get())


serve_processor(enqueue, process)
