"""A send_message of the classic signature that notes down what it gets: classic.py FILE."""
import json
import os
import subprocess
import sys

print("printed before the adapter is imported goes wrong: this is standard error", file=sys.stderr)

import mqscript_adapter
from mqscript_adapter import REGULAR, serve

print("printed after the import")


def send_message(content, sender, recipient, message_type, priority=REGULAR, tags=None, metadata=None) -> bool:
    print("printed by send_message", content)
    os.write(1, b"written to standard output by hand\n")
    with open(sys.argv[1], "a") as notes:
        shown = ["bytes", content.hex()] if isinstance(content, bytes) else content
        notes.write(json.dumps([shown, sender, recipient, message_type, priority.name, priority == "urgent", tags,
                                metadata]) + "\n")
    if content == "refuse":
        return False
    if content == "raise":
        raise ValueError("no such recipient\nsecond line")
    if content == "none":
        return None
    if content == "child":
        subprocess.run(["echo", "a child prints, and reads nothing"], check=True)
        assert sys.stdin.read() == ""
    return True


assert "mqscript-exec-" in mqscript_adapter.__file__
serve(send_message)
