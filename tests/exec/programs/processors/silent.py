"""Does nothing with what it takes, or something of no use: silent.py HOW."""
import sys
import time

from mqscript_adapter import is_probe, messaging_core, serve_processor

how = sys.argv[1]
queue = []
print("nothing is sent, says a log", file=sys.stderr)


def enqueue(*message):
    if how == "refuses":
        raise ValueError(f"no agent {message[1]}")
    if how == "blocks" or (how == "blocks_later" and not is_probe(message)):
        time.sleep(1000)
    queue.append(message)


def process():
    while queue:
        message = queue.pop(0)
        if how == "swallows":
            try:
                messaging_core.send_message(message)
            except Exception:
                pass
        if is_probe(message):
            if how not in ("swallows", "drops"):
                messaging_core.send_message(*message)
        elif how == "hangs":
            wait_for_a_lock()
        elif how == "works":
            for _ in range(12):
                time.sleep(0.25)
                heartbeat_or_result()
            messaging_core.send_message(*message)


def wait_for_a_lock():
    time.sleep(1000)


def heartbeat_or_result():
    from mqscript_adapter import heartbeat
    heartbeat()


serve_processor(enqueue, process)
