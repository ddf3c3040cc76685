"""The core that is injected into a processor: simulated, or around one of your own. Every call of it is told."""

import asyncio
import base64
import collections.abc
import enum
import hashlib
import json.encoder
import time

from . import lines, styles
from .link import link

CONTENT_BYTES_MAX = 64 << 20
_ESCAPED_BYTES_MAX = 80 << 20
_FIELDS = ("content", "sender", "recipient", "message_type", "priority", "tags", "metadata")
_NOT_SAID = object()
_STAMP = lines.STAMP
_quoted = json.encoder.encode_basestring


class Stamped(str):
    """A content that remembers its message's identity, for processors that drop metadata."""

    __slots__ = ("stamp",)  # Queues hold many: without a dictionary each, the collector of garbage has less to walk.

    def __new__(cls, content, stamp=None):
        self = str.__new__(cls, content)
        self.stamp = stamp
        return self

    def __reduce__(self):
        return (Stamped, (str(self), self.stamp))


class _Base:
    """What the plain and the awaitable core share."""

    backend = None  # A core of the user's own: of both, for the whole process.

    def _begin(self, message):
        """Counts a call; its identity and how many there were for it. 0: the message of the first contact."""
        content, metadata = message[0], message[6]
        known = type(metadata) is dict or isinstance(metadata, collections.abc.Mapping)
        stamp = metadata.get(_STAMP) if known else None
        if not stamp or type(stamp) is not str:
            stamp = lines.text(stamp or getattr(content, "stamp", None) or "")
        if link.probes is None:
            link.run()
        if stamp in link.probes or (not stamp and is_probe(content)):
            return stamp, 0
        return stamp, link.count(stamp)

    def _odd(self, message, more, unknown):
        """What is wrong with the arguments of a call."""
        if more:
            return f"send_message takes 7 arguments, and got {7 + len(more)}"
        if unknown:
            return f"send_message has no argument `{lines.text(next(iter(unknown)))}`"
        missing = [name for name, value in zip(_FIELDS, message) if value is _NOT_SAID]
        return f"send_message got no `{missing[0]}`" if missing else None

    def _refuse(self, message, odd):
        """A call with arguments that make none."""
        message = ["" if value is _NOT_SAID else value for value in message]
        stamp, count = self._begin(message)
        _tell(message, stamp, count, odd, True)
        raise ConnectionError(odd)

    def _failed(self, message, stamp, count, error):
        """A core of the user's own raised."""
        _tell(message, stamp, count, lines.as_raised(error), True)

    def _ended(self, message, stamp, count, result, name="send_message"):
        """A call is over: True or False, as the processor gets it."""
        if result and not (result is True or styles.never_run(result, name)):
            result = True
        if result is True:
            _tell(message, stamp, count)
            return True
        _tell(message, stamp, count, styles.failure(result, name))
        return False

    def give_up(self, message, reason=""):
        """Tells that this message never will be delivered: a message, its metadata, or its content."""
        _give_up(message, reason)

    def dead_letter(self, message, reason="dead_letter"):
        """As give_up."""
        _give_up(message, reason)


class MessagingCore(_Base):
    """What the processor sends through. Nothing but ConnectionError is raised."""

    def send_message(self, content=_NOT_SAID, sender=_NOT_SAID, recipient=_NOT_SAID, message_type=_NOT_SAID,
                     priority=lines.Priority.REGULAR, tags=None, metadata=None, *more, **unknown):
        """Delivers after a while and returns True; or returns False, or raises ConnectionError."""
        message = (content, sender, recipient, message_type, priority, tags, metadata)
        if (more or unknown or message_type is _NOT_SAID or recipient is _NOT_SAID or sender is _NOT_SAID
                or content is _NOT_SAID):
            self._refuse(message, self._odd(message, more, unknown))
        stamp, count = self._begin(message)
        if not count:
            return _tell(message, stamp, count)
        if _Base.backend is None:
            fate = _fate(stamp, count)
            if fate is None:
                return _tell(message, stamp, count)
            if fate.seconds:
                time.sleep(fate.seconds)
            return fate.end(message, stamp, count)
        try:
            result = _Base.backend.send_message(*message)
        except BaseException as error:
            self._failed(message, stamp, count, error)
            raise
        return self._ended(message, stamp, count, result)

    def send_message_object(self, message):
        """As send_message, with one object, mapping or sequence that has the seven arguments."""
        return self.send_message(*_arguments(message))

    def send_batch(self, messages):
        """Sends each of these messages; a list with True for each that was delivered."""
        return [self._tried(message) for message in messages]

    def _tried(self, message):
        try:
            return self.send_message(*_arguments(message))
        except ConnectionError:
            return False


class AsyncMessagingCore(_Base):
    """The same, to be awaited: a call of it takes its time without holding up the event loop."""

    async def send_message(self, content=_NOT_SAID, sender=_NOT_SAID, recipient=_NOT_SAID, message_type=_NOT_SAID,
                           priority=lines.Priority.REGULAR, tags=None, metadata=None, *more, **unknown):
        """Delivers after a while and returns True; or returns False, or raises ConnectionError."""
        message = (content, sender, recipient, message_type, priority, tags, metadata)
        if (more or unknown or message_type is _NOT_SAID or recipient is _NOT_SAID or sender is _NOT_SAID
                or content is _NOT_SAID):
            self._refuse(message, self._odd(message, more, unknown))
        stamp, count = self._begin(message)
        if not count:
            return _tell(message, stamp, count)
        if _Base.backend is None:
            fate = _fate(stamp, count)
            await asyncio.sleep(0 if fate is None else fate.seconds)
            return _tell(message, stamp, count) if fate is None else fate.end(message, stamp, count)
        try:
            result = _Base.backend.send_message(*message)
            if asyncio.iscoroutine(result) or asyncio.isfuture(result):
                result = await result
        except BaseException as error:
            self._failed(message, stamp, count, error)
            raise
        return self._ended(message, stamp, count, result)

    async def send_message_object(self, message):
        """As send_message, with one object, mapping or sequence that has the seven arguments."""
        return await self.send_message(*_arguments(message))

    async def send_batch(self, messages):
        """Sends these messages one after the other; a list with True for each that was delivered."""
        return [await self._tried(message) for message in messages]

    async def _tried(self, message):
        try:
            return await self.send_message(*_arguments(message))
        except ConnectionError:
            return False


class _Fate:
    """What the simulated core does with one call."""

    def __init__(self, seconds, spike, crashes, delivers):
        self.seconds, self.spike, self.crashes, self.delivers = seconds, spike, crashes, delivers

    def end(self, message, stamp, count):
        """Tells of the call, and ends it."""
        before = b""
        if self.spike is not None:
            before = lines.encoded({"notice": "spike", "text": f"{self.spike * 1000:.1f} ms longer"})
        if self.crashes:
            before += lines.encoded({"notice": "crash", "text": "send_message raised ConnectionError"})
            error = ConnectionError("simulated crash of the messaging core")
            _tell(message, stamp, count, lines.as_raised(error), True, before)
            raise error
        if self.delivers:
            return _tell(message, stamp, count, before=before)
        _tell(message, stamp, count, "send_message returned False", before=before)
        return False


def _fate(stamp, count):
    """Drawn by seed, sender, sequence, attempt and the how-manieth call for it this is; None: delivers at once."""
    run = link.run()
    mock = run["mock"]
    if "always" not in mock:
        mock["always"] = (mock["latency_s"] == [0.0] and mock["success_rate"] >= 1 and not mock["crash"]
                          and not mock["spike_rate"])
    if mock["always"]:
        return None
    try:
        raw = base64.urlsafe_b64decode(stamp[:43] + "=") if len(stamp) >= 43 else b""
    except ValueError:
        raw = b""
    key = raw[4:16] + raw[30:31]

    def draw(purpose):
        digest = hashlib.blake2b(f"{run['seed']}/{key.hex()}/{count}/{purpose}".encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big") / 2**64

    def pick(table, purpose):
        return table[0] if len(table) == 1 else table[int(draw(purpose) * len(table))]

    seconds, spike = pick(mock["latency_s"], "latency"), None
    if mock["spike_rate"] and draw("spike") < mock["spike_rate"]:
        spike = pick(mock["spike_s"], "spike_by")
        seconds += spike
    crashes = bool(mock["crash"]) and draw("crash") < mock["crash"]
    return _Fate(seconds, spike, crashes, draw("success") < mock["success_rate"])


def _tell(message, stamp, count, failed=None, raised=False, before=b""):
    """Writes the line of a call that is over. True."""
    content, sender, recipient, message_type, priority, tags, metadata = message
    try:
        if failed is not None or len(content) > 1 << 20:
            raise TypeError("not the ordinary line")
        told = "".join([
            '{"call":{"n":', str(count), ',"stamp":', _quoted(stamp), ',"sender":', _quoted(sender), ',"recipient":',
            _quoted(recipient), ',"message_type":', _quoted(message_type), ',"priority":', _quoted(priority),
            ',"tags":[', ",".join(map(_quoted, tags)), '],"metadata":{',
            ",".join([_quoted(key) + ":" + _quoted(value) for key, value in metadata.items() if key != lines.STAMP]),
            '},"content":', _quoted(content), "}}\n"]).encode()
    except (TypeError, AttributeError, UnicodeError, RuntimeError):
        told = _tell_anything(message, stamp, count, failed, raised)
    link.say(before + told if before else told)
    return True


def _tell_anything(message, stamp, count, failed, raised):
    """The line of a call whose arguments may be anything."""
    content, sender, recipient, message_type, priority, tags, metadata = message
    call = {"n": count, "stamp": lines.text(stamp), "sender": lines.text(sender), "recipient": lines.text(recipient),
            "message_type": lines.text(message_type), "priority": _priority(priority), "tags": _tags(tags),
            "metadata": _metadata(metadata)}
    if failed is not None:
        call["failed"], call["raised"] = lines.text(failed), raised
        return lines.encoded({"call": call})
    content = as_bytes(content)
    if len(content) > CONTENT_BYTES_MAX:
        call["failed"], call["raised"] = f"a content of {len(content)} bytes; {CONTENT_BYTES_MAX} are allowed", True
        link.say(lines.encoded({"call": call}))
        raise ConnectionError(call["failed"])
    try:
        told = lines.encoded({"call": {**call, "content": content.decode()}})
        if len(told) <= _ESCAPED_BYTES_MAX:
            return told
    except UnicodeDecodeError:
        pass
    return lines.encoded({"call": {**call, "content_base64": base64.b64encode(content).decode()}})


def _priority(value):
    """A priority as a text: an enumeration's member may be called as ours."""
    if isinstance(value, enum.Enum) and value.name.lower() in lines.PRIORITIES:
        return value.name.lower()
    return lines.text(value)


def _tags(value):
    if value is None:
        return []
    if isinstance(value, (str, enum.Enum)) or isinstance(value, lines.BYTES):
        return [lines.text(value)]
    try:
        return [lines.text(tag) for tag in value]
    except BaseException:
        return [lines.text(value)]


def _metadata(value):
    if value is None:
        return {}
    try:
        pairs = value.items() if isinstance(value, collections.abc.Mapping) else value
        return {lines.text(key): lines.text(item) for key, item in pairs if key != lines.STAMP}
    except BaseException:
        return {"": lines.text(value)}


def as_bytes(content):
    """A content as bytes: those that a text was read from, where it was read by surrogateescape."""
    if isinstance(content, lines.BYTES):
        return bytes(content)
    if not isinstance(content, str) or isinstance(content, enum.Enum):
        content = lines.text(content)
    try:
        return content.encode(errors="surrogateescape")
    except UnicodeEncodeError:
        return content.encode(errors="surrogatepass")


def _arguments(message):
    """The seven arguments, from an object with attributes, a mapping, or a sequence."""
    if isinstance(message, (tuple, list)):
        return message
    if isinstance(message, collections.abc.Mapping):
        found = [message.get(name, _NOT_SAID) for name in _FIELDS]
    else:
        found = [getattr(message, name, _NOT_SAID) for name in _FIELDS]
    otherwise = (_NOT_SAID,) * 4 + (lines.Priority.REGULAR, None, None)
    return [default if value is _NOT_SAID else value for value, default in zip(found, otherwise)]


def stamp_in(message, depth=2):
    """The identity in a message, in its metadata, or in its content; None if there is none."""
    if isinstance(message, Stamped):
        return message.stamp
    if isinstance(message, collections.abc.Mapping):
        stamp = message.get(lines.STAMP) or message.get("stamp")
        inner = message.values()
    elif isinstance(message, (tuple, list)):
        stamp, inner = None, message
    elif isinstance(message, str) or isinstance(message, lines.BYTES):
        return None
    else:
        stamp = getattr(message, "stamp", None)
        inner = (getattr(message, "metadata", None), getattr(message, "content", None))
    if stamp and isinstance(stamp, str):
        return stamp
    return next(filter(None, (stamp_in(part, depth - 1) for part in inner)), None) if depth else None


def is_probe(message):
    """Whether this message, its metadata or its content is the one of the first contact, which nobody counts."""
    if link.probes is None:
        link.run()
    if isinstance(message, str) and str(message) in link.probe_contents:
        return True
    return stamp_in(message) in link.probes


def _give_up(message, reason):
    stamp = stamp_in(message)
    link.say(lines.encoded({"given_up": {"stamp": lines.text(stamp or ""), "reason": lines.text(reason)}}))


def set_backend(core):
    """Puts a core of the user's own in the place of the simulated one."""
    _Base.backend = core


messaging_core = MessagingCore()
async_messaging_core = AsyncMessagingCore()
