"""Lets mqscript deliver through your own send_message, or puts your own processor under test.

    from mqscript_adapter import serve
    serve(send_message)    # send_message(content, sender, recipient, message_type, priority, tags, metadata) -> bool

mqscript's exec core puts this file on PYTHONPATH, so it need not be installed. What your code prints goes to standard
error: standard output belongs to the protocol. For processors see mqscript_processor.
"""

import asyncio
import threading
import time
import types

from mqscript_parts import lines, styles
from mqscript_parts.lines import Priority  # noqa: F401
from mqscript_processor import (STAMP, async_messaging_core, folder, heartbeat, is_probe, messaging_core,  # noqa: F401
                                serve_processor)

LOW, REGULAR, HIGH, URGENT = Priority
_FLUSH_SECONDS = 0.0002


def serve(send_message):
    """Hands each message to send_message; True means delivered, all else, and an exception, means failed.

    Of an `async def` several calls are under way at once.
    """
    _serve(lambda m: send_message(m["content"], m["sender"], m["recipient"], m["message_type"], m["priority"],
                                  m["tags"], m["metadata"]), send_message)


def serve_object(send_message_object):
    """As serve, with one object that has the seven arguments, and id, attempt and stamp, as attributes."""
    _serve(lambda m: send_message_object(types.SimpleNamespace(**m)), send_message_object)


def _serve(call, function):
    lines.started_by_mqscript("serve")
    styles.check(function, "send_message")
    name = styles.name_of(function, "send_message")
    if styles.is_async(function):
        return asyncio.run(_serve_async(call, name))
    for batch in lines.batches(lines.read_source):
        flushed = time.perf_counter()
        for message in map(lines.decoded, batch):
            lines.sink.write(_answer(message, call, name) if "id" in message else _READY)
            if time.perf_counter() - flushed > _FLUSH_SECONDS:
                lines.sink.flush()
                flushed = time.perf_counter()
        lines.sink.flush()


async def _serve_async(call, name):
    loop, ended, tasks = asyncio.get_running_loop(), asyncio.Event(), set()

    async def deliver(message):
        try:
            answer = styles.answer(message["id"], await call(message), name)
        except BaseException as error:
            answer = lines.refused(message["id"], lines.as_raised(error))
        lines.sink.write(answer)
        lines.sink.flush()

    def take(batch):
        for message in map(lines.decoded, batch):
            if "id" in message:
                task = loop.create_task(deliver(message))
                tasks.add(task)  # The loop itself holds tasks weakly.
                task.add_done_callback(tasks.discard)
            else:
                lines.sink.write(_READY)
                lines.sink.flush()

    def read():
        for batch in lines.batches(lines.read_source):
            loop.call_soon_threadsafe(take, batch)
        loop.call_soon_threadsafe(ended.set)

    threading.Thread(target=read, name="mqscript", daemon=True).start()
    await ended.wait()
    while tasks:
        await asyncio.wait(tasks)


_READY = lines.encoded({"ready": True, "mode": "send"})


def _answer(message, call, name):
    try:
        return styles.answer(message["id"], call(message), name)
    except BaseException as error:  # SystemExit and the like too: what ends a call ends no other
        return lines.refused(message["id"], lines.as_raised(error))
