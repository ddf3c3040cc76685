"""A send_message that takes one object: one_object.py FILE."""
import json
import sys

from mqscript_adapter import serve_object


def deliver(message):
    with open(sys.argv[1], "a") as notes:
        notes.write(json.dumps([message.content, message.sender, message.recipient, message.message_type,
                                message.priority, message.tags, message.metadata, message.id, message.attempt,
                                message.stamp]) + "\n")
    return message.content != "refuse"


serve_object(deliver)
