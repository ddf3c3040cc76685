"""Correct: the consumer is another program, which imports mqscript_processor and nothing else, and reads lines."""
import json
import subprocess
import sys
import threading

from mqscript_adapter import serve_processor

CONSUMER = """
import json, sys
from mqscript_processor import messaging_core
for line in sys.stdin:
    while not messaging_core.send_message(*json.loads(line)): pass
"""
consumer = subprocess.Popen([sys.executable, "-c", CONSUMER], stdin=subprocess.PIPE, text=True)
writing = threading.Lock()


def enqueue(*message):
    with writing:
        consumer.stdin.write(json.dumps(message) + "\n")
        consumer.stdin.flush()


serve_processor(enqueue)
