"""Delivers by appending to a file named after the recipient, in the folder OUTBOX.

    mqscript run --core exec --core-option command="python3 plugins/exec/examples/send_message.py"
"""

import os

from mqscript_adapter import REGULAR, serve

OUTBOX = os.environ.get("OUTBOX", os.devnull)


def send_message(content, sender, recipient, message_type, priority=REGULAR, tags=None, metadata=None) -> bool:
    if recipient == "nobody":
        raise LookupError("nobody has no inbox")
    path = OUTBOX if OUTBOX == os.devnull else os.path.join(OUTBOX, recipient)
    with open(path, "a", encoding="utf-8") as inbox:
        inbox.write(f"{sender}: {content}\n")
    return True


serve(send_message)
