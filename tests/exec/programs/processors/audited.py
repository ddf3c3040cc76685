"""Sending as the processors under test here do: each message taken, tried and sent is a line of the file that is their second
argument, written by the processor itself."""
import sys

from mqscript_processor import is_probe, messaging_core

audit = open(sys.argv[2], "ab", 0)


def note(what, message):
    if not is_probe(message[6]):
        audit.write(f"{what} {message[6]['mqs-stamp'][:43]}\n".encode())


def try_once(message):
    note("tried", message)
    try:
        sent = messaging_core.send_message(*message)
    except ConnectionError:
        return False
    if sent:
        note("sent", message)
    return sent


def send(message):
    while not try_once(message):
        pass
