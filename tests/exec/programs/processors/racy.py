"""Planted: `enqueue` is a read-modify-write without a lock, so that two enqueuers at once lose messages."""
import time

from mqscript_adapter import messaging_core, serve_processor

box = []


def enqueue(*message):
    global box
    mine = list(box)
    time.sleep(0.001)
    mine.append(message)
    box = mine


def process():
    global box
    time.sleep(0.1)
    mine, box = box, []
    for message in mine:
        while not messaging_core.send_message(*message):
            pass


serve_processor(enqueue, process)
