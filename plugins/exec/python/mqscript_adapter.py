"""Lets mqscript deliver through your own send_message.

    from mqscript_adapter import serve
    serve(send_message)    # send_message(content, sender, recipient, message_type, priority, tags, metadata) -> bool

mqscript's exec core puts this file on PYTHONPATH, so it need not be installed. What your code prints goes to standard
error: standard output belongs to the protocol.
"""

import base64
import enum
import json
import os
import sys
import time
import types

Priority = enum.Enum("Priority", {name.upper(): name for name in ("low", "regular", "high", "urgent")}, type=str)
LOW, REGULAR, HIGH, URGENT = Priority
_PRIORITIES = {priority.value: priority for priority in Priority}
_FLUSH_SECONDS = 0.0002

if os.environ.get("MQSCRIPT_EXEC"):  # Started by mqscript: from now on nothing else reads or writes the protocol.
    _source, _sink = os.dup(0), os.fdopen(os.dup(1), "wb", 1 << 16)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    sys.stdout = sys.stderr


def serve(send_message):
    """Hands each message to send_message; True means delivered, all else, and an exception, means failed."""
    _serve(lambda m: send_message(m["content"], m["sender"], m["recipient"], m["message_type"], m["priority"],
                                  m["tags"], m["metadata"]), send_message)


def serve_object(send_message_object):
    """As serve, with one object that has the seven arguments, and id, attempt and stamp, as attributes."""
    _serve(lambda m: send_message_object(types.SimpleNamespace(**m)), send_message_object)


def _serve(call, function):
    name = getattr(function, "__name__", "send_message")
    for batch in _batches():
        flushed = time.perf_counter()
        for message in batch:
            _sink.write(_answer(message["id"], call, message, name) if "id" in message else _ready("send"))
            if time.perf_counter() - flushed > _FLUSH_SECONDS:
                _sink.flush()
                flushed = time.perf_counter()
        _sink.flush()


def _answer(id, call, message, name):
    try:
        result = call(message)
        if result:
            return b'{"id":"%b","delivered":true}\n' % id.encode()
        reason = f"{name} returned {_text(result, repr)}"
    except BaseException as error:  # SystemExit and the like too: what ends a call ends no other
        reason = f"{type(error).__name__}: {_text(error)}".rstrip(": ")
    return _line({"id": id, "delivered": False, "reason": _text(reason)})


def _text(value, show=str):
    """Any value as a text that can be written as UTF-8."""
    try:
        text = value if type(value) is str else show(value)
        return text.encode("utf-8", "backslashreplace").decode()
    except BaseException as error:
        return f"<{type(value).__name__} without a text: {type(error).__name__}>"


def _line(said):
    return (json.dumps(said) + "\n").encode()


def _ready(mode):
    return _line({"ready": True, "mode": mode})


def _batches():
    """Lists of messages, each as many as have come, until the end of the input."""
    rest = b""
    while chunk := os.read(_source, 1 << 16):
        whole, found, rest = (rest + chunk).rpartition(b"\n")
        if found:
            yield map(_message, whole.decode().split("\n"))


def _message(line):
    message = json.loads(line)
    if "id" in message:
        message["priority"] = _PRIORITIES[message["priority"]]
        if "content_base64" in message:
            message["content"] = base64.b64decode(message.pop("content_base64"))
    return message


from mqscript_processor import messaging_core, serve_processor  # noqa: E402, F401 (needs what stands above)
