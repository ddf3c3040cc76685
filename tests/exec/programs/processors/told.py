"""Does one odd thing with each message: told.py HOW."""
import collections
import sys
import types

from mqscript_adapter import is_probe, messaging_core, serve_processor

how = sys.argv[1]
queue = collections.deque()


class Mute:
    def __str__(self):
        raise ValueError("no text")


def send(content, sender, recipient, kind, priority, tags, metadata):
    send = messaging_core.send_message
    if is_probe(metadata):
        return send(content, sender, recipient, kind, priority, tags, metadata)
    if how == "alters":
        return send(content, "SYSTEM", recipient, "OTHER", "low", [], metadata)
    if how == "unstamped":
        return send(str(content), sender, recipient, kind, priority, tags, {})
    if how == "gives_up":
        given_up = {"1": metadata, "2": content, "3": (content, sender), "4": types.SimpleNamespace(metadata=metadata)}
        return messaging_core.give_up(given_up[content.split()[1]], "no such\nrecipient")
    if how == "dead_letters":
        return messaging_core.dead_letter({"body": {"metadata": metadata}})
    if how == "batch":
        return messaging_core.send_batch([(content, sender, recipient, kind, priority, tags, metadata)] * 2)
    if how == "object":
        return messaging_core.send_message_object(types.SimpleNamespace(
            content=content, sender=sender, recipient=recipient, message_type=kind, priority=priority, tags=tags,
            metadata=metadata))
    absurd = [((), {}), ((content,), {}), ((content, sender, recipient, kind), {"ttl": 3}), ((content,) * 9, {}),
              ((Mute(), Mute(), Mute(), Mute(), Mute(), Mute(), Mute()), {}), ((None, 1, 2.5, b"\xff", 3, 4, 5), {}),
              ((content, sender, recipient, kind, [], {}, []), {}), (("\ud800", "\ud800", recipient, kind), {}),
              (("x" * (65 << 20), sender, recipient, kind, priority, tags, metadata), {})]
    for arguments, named in absurd:
        try:
            send(*arguments, **named)
        except ConnectionError:
            pass
    return send(content, sender, recipient, kind, priority, tags, metadata)


def process():
    while queue:
        send(*queue.popleft())


serve_processor(lambda *m: queue.append(m), process)
