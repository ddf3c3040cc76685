"""What all parts share: the protocol's streams and lines, priorities, and any value as a text."""

import base64
import enum
import json
import os
import sys

Priority = enum.Enum("Priority", {name.upper(): name for name in ("low", "regular", "high", "urgent")}, type=str)
PRIORITIES = {priority.value: priority for priority in Priority}
STAMP = "mqs-stamp"  # The metadata's key under which a message's identity travels.
READ_BYTES = 1 << 16
BYTES = (bytes, bytearray, memoryview)
_decode = json.JSONDecoder().scan_once
_CLAIMED = "MQSCRIPT_EXEC_CLAIMED"

source, sink = None, None
if os.environ.get("MQSCRIPT_EXEC") and _CLAIMED not in os.environ:
    # Started by mqscript: from now on nothing else reads or writes the protocol. Children have streams of their own.
    os.environ[_CLAIMED] = str(os.getpid())
    source, sink = os.dup(0), os.fdopen(os.dup(1), "wb", 1 << 16)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    sys.stdout = sys.stderr


def started_by_mqscript(function):
    """Complains where there is nobody to talk to."""
    if source is None:
        raise RuntimeError(f"{function} speaks to mqscript, which did not start this process: run it by "
                           "`mqscript run --core exec --core-option command=\"python3 FILE\"`")


def batches(read):
    """Lists of lines, each as many as have come whole, until `read` gives nothing."""
    parts = []
    while True:
        chunk = read()
        if not chunk:
            return
        whole, found, rest = chunk.rpartition(b"\n")
        if found:
            parts.append(whole)
            yield b"".join(parts).decode().split("\n")
            parts = [rest] if rest else []
        else:
            parts.append(chunk)


def read_source():
    """What has come on the protocol's input."""
    return os.read(source, READ_BYTES)


def decoded(line):
    """A line of mqscript's."""
    message = _decode(line, 0)[0]
    if "id" in message:
        message["priority"] = PRIORITIES[message["priority"]]
        if "content_base64" in message:
            message["content"] = base64.b64decode(message.pop("content_base64"))
    return message


def encoded(said):
    """Anything as a line."""
    return (json.dumps(said) + "\n").encode()


def text(value, show=str):
    """Any value as a text that can be written as UTF-8: an enumeration's value, bytes as they read."""
    try:
        while isinstance(value, enum.Enum):
            value = value.value
        if isinstance(value, BYTES):
            return bytes(value).decode(errors="backslashreplace")
        shown = value if type(value) is str else str.__str__(value) if isinstance(value, str) else show(value)
        return shown.encode("utf-8", "backslashreplace").decode()
    except BaseException as error:
        return f"<{type(value).__name__} without a text: {type(error).__name__}>"


def as_raised(error):
    """An exception as a reason: its name and its first line."""
    return f"{type(error).__name__}: {text(error)}".rstrip(": ")


def accepted(id):
    """The answer for a message that is delivered, or taken."""
    return b'{"id":"%b","delivered":true}\n' % id.encode()


def refused(id, reason):
    """The answer for one that is not."""
    return encoded({"id": id, "delivered": False, "reason": reason})
