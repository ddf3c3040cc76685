"""Five correct processors: correct.py threads|asyncio|forked|other_process|slow_poller AUDIT. Each message is tried until it is sent;
AUDIT gets a line for each message taken, tried and sent, written by the processor itself."""
import asyncio
import json
import os
import queue
import subprocess
import sys
import threading
import time

from audited import note, send, try_once
from mqscript_processor import async_messaging_core, serve_processor

style = sys.argv[1]
waiting = queue.Queue()


def put(*message):
    waiting.put(message)
    note("took", message)


def empty(send_one):
    def process():
        while True:
            try:
                send_one(waiting.get_nowait())
            except queue.Empty:
                return
    return process


def in_a_child(message):
    while True:
        child = os.fork()
        if child == 0:
            os._exit(0 if try_once(message) else 1)
        if os.waitpid(child, 0)[1] == 0:
            return


def threads():
    def work():
        while True:
            send(waiting.get())
    for _ in range(4):
        threading.Thread(target=work, daemon=True).start()
    serve_processor(put)


def other_process():
    if len(sys.argv) > 3:
        for line in sys.stdin:
            send(json.loads(line))
        return
    consumer = subprocess.Popen([sys.executable, *sys.argv, "consumer"], stdin=subprocess.PIPE, text=True)
    writing = threading.Lock()

    def enqueue(*message):
        with writing:
            consumer.stdin.write(json.dumps(message) + "\n")
            consumer.stdin.flush()
        note("took", message)
    serve_processor(enqueue)


def with_asyncio():
    tasks = asyncio.Queue()

    async def enqueue(*message):
        await tasks.put(message)
        note("took", message)

    async def deliver(message):
        while True:
            note("tried", message)
            try:
                sent = await async_messaging_core.send_message(*message)
            except ConnectionError:
                continue
            if sent:
                return note("sent", message)

    async def process():
        await asyncio.gather(*(deliver(tasks.get_nowait()) for _ in range(tasks.qsize())))
    serve_processor(enqueue, process)


def slow_poller():
    drain = empty(send)

    def process():
        time.sleep(1.2)
        drain()
    serve_processor(put, process)


if style == "threads":
    threads()
elif style == "asyncio":
    with_asyncio()
elif style == "forked":
    serve_processor(put, empty(in_a_child))
elif style == "other_process":
    other_process()
else:
    slow_poller()
