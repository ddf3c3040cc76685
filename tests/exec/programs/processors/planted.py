"""Ten processors, each with one planted fault, and a correct one: planted.py FAULT AUDIT. Whatever the fault, AUDIT gets a line for
each message taken, tried and sent, written by the processor itself."""
import collections
import os
import pickle
import sys
import time

from audited import note, send, try_once
from mqscript_adapter import folder, is_probe, serve_processor

fault = sys.argv[1]
queue = collections.deque()
slots, tail, head = {}, 0, 0


def enqueue(*message):
    global tail
    if fault == "lost_update" and not is_probe(message[6]):
        place = tail
        time.sleep(0.002)
        slots[place], tail = message, place + 1
    elif fault == "large_dropped" and len(message[0]) > 1000:
        pass
    elif fault == "stuck_after_a_kill":
        path = os.path.join(folder(), f"{time.time_ns()}.{message[6]['mqs-stamp'][:43]}")
        with open(path + ".new", "wb") as file:
            file.write(pickle.dumps(message))
        os.rename(path + ".new", path + ".waits")
    else:
        queue.append(message)
    note("took", message)


def in_files():
    for name in sorted(os.listdir(folder())):
        if name.endswith(".waits"):
            path = os.path.join(folder(), name)
            os.rename(path, path[:-6] + ".at_work")  # Nobody looks for these after a kill.
            with open(path[:-6] + ".at_work", "rb") as file:
                send(pickle.load(file))
            os.remove(path[:-6] + ".at_work")


def process():
    global head
    if fault == "stuck_after_a_kill":
        return in_files()
    while fault == "lost_update" and head < tail:
        head += 1
        send(slots[head - 1])
    if fault == "reordered" and queue and not is_probe(queue[0][6]):
        time.sleep(0.3)  # Until there are several.
        queue.reverse()
    while queue:
        message = queue.popleft()
        if is_probe(message[6]):
            send(message)
        elif fault == "batch_rest_abandoned":
            batch = [message] + [queue.popleft() for _ in range(min(9, len(queue)))]
            for one in batch:
                if not try_once(one):
                    send(one)
                    break
        elif fault == "never_again":
            try_once(message)
        elif fault == "twice_after_a_timeout":
            began = time.monotonic()
            send(message)
            if time.monotonic() - began > 0.02:
                send(message)
        elif fault == "altered":
            content, sender, recipient, kind, priority, tags, metadata = message
            send((content, sender, recipient, kind, "low", tags, metadata))
        else:
            send(message)


serve_processor(enqueue, process)
