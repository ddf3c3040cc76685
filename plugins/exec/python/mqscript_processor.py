"""Puts your own message-queue processor under test: mqscript feeds it, and watches what it sends.

    from mqscript_adapter import messaging_core, serve_processor
    processor = Processor(messaging_core)    # sends by messaging_core.send_message(content, sender, …) -> bool
    serve_processor(processor.enqueue, processor.process_queue)
"""

import base64
import enum
import hashlib
import os
import threading
import time

import mqscript_adapter as adapter

STAMP = "mqs-stamp"  # The metadata's key under which a message's identity travels.
_CALL_EVERY_SECONDS = 0.05
_LEAVE_SECONDS = 1.0
_BYTES = (bytes, bytearray, memoryview)
_writing = threading.Lock()


class Stamped(str):
    """A content that remembers its message's identity, for processors that drop metadata."""

    stamp = None


class MessagingCore:
    """What the processor sends through: simulated, or around a core of your own. Every success is a delivery."""

    def __init__(self):
        self._backend, self._mock, self._seed, self._calls = None, None, "", {}
        self._counting = threading.Lock()

    def send_message(self, content, sender, recipient, message_type, priority=adapter.REGULAR, tags=None,
                     metadata=None):
        """Delivers after a while and returns True; or returns False, or raises ConnectionError."""
        stamp = metadata.get(STAMP) if isinstance(metadata, dict) else None
        stamp = _name(stamp or getattr(content, "stamp", None) or "")
        if self._backend is None:
            sent = self._simulate(stamp)
        else:
            sent = self._backend.send_message(content, sender, recipient, message_type, priority, tags, metadata)
        if sent:
            texts = {"stamp": stamp, "sender": sender, "recipient": recipient, "message_type": message_type}
            told = {name: _name(value) for name, value in texts.items()}
            content = _bytes(content)
            try:
                told["content"] = content.decode()
            except UnicodeDecodeError:
                told["content_base64"] = base64.b64encode(content).decode()
            _say({"delivery": told})
        return bool(sent)

    def _simulate(self, stamp):
        luck = self._luck(stamp)
        mock = self._mock
        seconds = _pick(mock["latency_s"], luck("latency"))
        if luck("spike") < mock["spike_rate"]:
            spike = _pick(mock["spike_s"], luck("spike_by"))
            seconds += spike
            _say({"notice": "spike", "text": f"{spike * 1000:.1f} ms longer"})
        time.sleep(seconds)
        if luck("crash") < mock["crash"]:
            _say({"notice": "crash", "text": "send_message raised ConnectionError"})
            raise ConnectionError("simulated crash of the messaging core")
        return luck("success") < mock["success_rate"]

    def _luck(self, stamp):
        """Draws keyed by seed, sender, sequence, attempt and the how-manieth call for it this is."""
        try:
            raw = base64.urlsafe_b64decode(stamp + "=") if len(stamp) == 43 else b""
        except ValueError:
            raw = b""
        key = raw[4:16] + raw[30:31]
        with self._counting:
            call = self._calls[key] = self._calls.get(key, 0) + 1
        start = f"{self._seed}/{key.hex()}/{call}/"

        def draw(purpose):
            digest = hashlib.blake2b((start + purpose).encode(), digest_size=8).digest()
            return int.from_bytes(digest, "big") / 2**64

        return draw


messaging_core = MessagingCore()


def serve_processor(enqueue, process, core="mock"):
    """Feeds `enqueue` from one thread, and calls `process` again and again in this one.

    `enqueue(content, sender, recipient, message_type, priority, tags, metadata)`: False or an exception refuses the
    message, all else means that the processor answers for it. `process(**arguments)` handles what waits; it may return
    when nothing does, or go on for ever. `core`: "mock", or an object with send_message.
    """
    if core != "mock" and not callable(getattr(core, "send_message", None)):
        raise ValueError(f'core is {core!r}: it must be "mock", or an object with send_message')
    batches = adapter._batches()
    first = list(next(batches, []))
    if not first:
        return
    init = first[0]["init"]
    messaging_core._backend = None if core == "mock" else core
    messaging_core._mock, messaging_core._seed = init.get("mock"), f'{init["seed"]}'
    _write(adapter._ready("processor"))
    arrived, ended, idle = threading.Event(), threading.Event(), threading.Event()

    def feed():
        for batch in batches:
            for message in batch:
                _write(adapter._answer(message["id"], lambda m: _enqueue(enqueue, m), message, "enqueue"))
                arrived.set()
        ended.set()
        arrived.set()
        idle.wait(_LEAVE_SECONDS)
        os._exit(0)

    threading.Thread(target=feed, name="mqscript", daemon=True).start()
    arguments = init.get("arguments", {})
    while not ended.is_set():
        arrived.wait(_CALL_EVERY_SECONDS)
        arrived.clear()
        process(**arguments)
    idle.set()


def _enqueue(enqueue, message):
    content = message["content"]
    if isinstance(content, str):
        content = Stamped(content)
        content.stamp = message["stamp"]
    metadata = {**message["metadata"], STAMP: message["stamp"]}
    result = enqueue(content, message["sender"], message["recipient"], message["message_type"], message["priority"],
                     message["tags"], metadata)
    return result is None or bool(result)


def _name(value):
    """A sender, a recipient or a type as a text, whatever the processor made of it."""
    value = value.value if isinstance(value, enum.Enum) else value
    return bytes(value).decode(errors="backslashreplace") if isinstance(value, _BYTES) else adapter._text(value)


def _bytes(content):
    """A content as bytes: those that a text was read from, where it was read by surrogateescape."""
    if isinstance(content, _BYTES):
        return bytes(content)
    text = content if isinstance(content, str) else adapter._text(content)
    try:
        return text.encode(errors="surrogateescape")
    except UnicodeEncodeError:
        return text.encode(errors="surrogatepass")


def _pick(table, luck):
    return table[int(luck * len(table))]


def _say(line):
    _write(adapter._line(line))


def _write(line):
    with _writing:
        adapter._sink.write(line)
        adapter._sink.flush()
