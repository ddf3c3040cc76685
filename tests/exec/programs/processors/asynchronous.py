"""Correct: `enqueue` and `process` are coroutines over a queue of asyncio, and the core is awaited; asynchronous.py STYLE."""
import asyncio
import sys

from mqscript_adapter import async_messaging_core, messaging_core, serve_processor

style = sys.argv[1]
queue = asyncio.Queue()


async def enqueue(*message):
    await asyncio.sleep(0.001)
    await queue.put(message)


def enqueue_plainly(*message):
    queue.put_nowait(message)


async def send(message):
    while True:
        try:
            if await async_messaging_core.send_message(*message):
                return
        except ConnectionError:
            pass


async def process():
    while not queue.empty():
        await asyncio.gather(*(send(queue.get_nowait()) for _ in range(min(8, queue.qsize()))))


def process_plainly():
    while not queue.empty():
        message = queue.get_nowait()
        while not messaging_core.send_message(*message):
            pass


serve_processor(enqueue_plainly if style == "plain_enqueue" else enqueue,
                process_plainly if style == "plain_process" else process)
