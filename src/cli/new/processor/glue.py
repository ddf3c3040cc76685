"""Puts a message-queue processor under test:

    mqscript run --processor glue.py --rate 10 --duration 5
"""
from mqscript_adapter import messaging_core, serve_processor

from example_queue import Processor  # 1. your own processor instead of the example

processor = Processor(messaging_core)  # 2. it sends through messaging_core.send_message(...), which touches nothing real


def enqueue(content, sender, recipient, message_type, priority, tags, metadata):
    # 3. how a message comes into your queue; keep the metadata, the message's identity travels in it
    processor.put(content, sender, recipient, message_type, priority, tags, metadata)


def process():
    processor.work()  # 4. what your program does again and again: it may return when nothing waits, or go on for ever


serve_processor(enqueue, process)
