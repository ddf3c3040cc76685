"""The bare loop that the exec bench compares a processor with: reads messages from one connection and answers them there, and
writes a line for each on another, at once. One thread; the same reads, decodes, encodes and writes: exec_bare_processor.py SOCKET.
"""

import json
import socket
import sys


def main():
    feed, calls = (socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) for _ in range(2))
    feed.connect(sys.argv[1])
    calls.connect(sys.argv[1])
    rest = b""
    while chunk := feed.recv(1 << 16):
        whole, _, rest = (rest + chunk).rpartition(b"\n")
        answers = []
        for line in whole.decode().split("\n") if whole else ():
            message = json.loads(line)
            answers.append(json.dumps({"id": message["id"], "delivered": True}) + "\n")
            call = {"n": 1, "stamp": message["stamp"], "sender": message["sender"], "recipient": message["recipient"],
                    "message_type": message["message_type"], "priority": message["priority"], "tags": message["tags"],
                    "metadata": message["metadata"], "content": message["content"]}
            calls.sendall((json.dumps({"call": call}) + "\n").encode())
        feed.sendall("".join(answers).encode())


main()
