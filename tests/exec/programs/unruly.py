"""Speaks the protocol by hand, and breaks it: unruly.py HOW FILE. It notes its number, and with `once` in HOW breaks
only in its first life. With `tells` in it, it breaks nothing, and makes the file FILE.message at a message."""
import json
import os
import signal
import subprocess
import sys
import time

how, file = sys.argv[1].split("+"), sys.argv[2]
first_life = not os.path.exists(file)
with open(file, "a") as notes:
    notes.write(json.dumps(os.getpid()) + "\n")
breaks = first_life or "once" not in how


def say(line):
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def answer(id):
    say(json.dumps({"id": id, "delivered": True}))


def act(id, number):
    if "tells" in how:
        open(file + ".message", "a").close()
    if not breaks or number < 3:
        return answer(id)
    print("trouble with message", id, file=sys.stderr, flush=True)
    if "die" in how:
        sys.exit(3)
    if "killed" in how:
        os.kill(os.getpid(), signal.SIGKILL)
    if "hang" in how:
        time.sleep(1000)
    if "rubbish" in how:
        say("Traceback: this is no answer, tiger")
    if "twice" in how:
        answer(id)
        answer(id)
    if "unknown" in how:
        say('{"id": "999999", "delivered": true}')
    if "deaf" in how:
        os.close(1)
        time.sleep(1000)
    if "delivery" in how:
        say('{"delivery": {"recipient": "Agent-1"}}')
    if "last" in how:
        say(json.dumps({"id": id, "delivered": False, "reason": "my last word"}))
        sys.exit(0)
    if "fates" in how:
        fate = [{"delivered": None, "reason": "no confirmation"}, {"delivered": False, "retry": False}, {"delivered": False}]
        say(json.dumps({"id": id, **fate[number % 3]}))


if "exit_at_once" in how:
    print("cannot import name 'tiger'", file=sys.stderr)
    sys.exit(1)
if "never_ready" in how:
    time.sleep(1000)
if "early_rubbish" in how:
    say("Hello, I am a program.")
if "child" in how:
    # A child in the same group, which holds the streams open.
    child = subprocess.Popen(["sleep", "1000"])
    with open(file, "a") as notes:
        notes.write(json.dumps(child.pid) + "\n")
if "ignore_end" in how:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)

number = 0
for line in sys.stdin:
    message = json.loads(line)
    if "init" in message:
        say('{"ready": true, "mode": "processor"}' if "processor" in how else '{"ready": true}')
        continue
    number += 1
    act(message["id"], number)
if "ignore_end" in how:
    time.sleep(1000)
