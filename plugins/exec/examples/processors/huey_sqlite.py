"""mqscript and huey, whose queue is a SQLite file; huey_consumer, a process of its own, works it off.

    pip install huey
    mqscript run --processor huey_sqlite.py --rate 5 --duration 4
"""
import os
import subprocess
import sys

from huey import SqliteHuey
from mqscript_adapter import folder, messaging_core, serve_processor

WORKERS = "4"
WORKER_TYPE = "thread"  # as huey has it; "process" forks
MAX_DELAY = "1"         # seconds for which an idle consumer may sleep; huey's own 10 let a message wait as long
RETRIES = 10            # of a task that fails, RETRY_DELAY seconds apart. Huey's own 0: one failed call, and it is lost
RETRY_DELAY = 0.1
# There is no option that keeps a task until it is done: the consumer deletes it when it takes it. If the consumer is
# killed, what it was doing is lost.

huey = SqliteHuey("mqscript", filename=os.path.join(folder(), "huey.db"), results=False)


@huey.task(retries=RETRIES, retry_delay=RETRY_DELAY)
def deliver(*message):
    if not messaging_core.send_message(*message):
        raise ConnectionError("not delivered")


def enqueue(*message):
    deliver(*message)  # in the file when this returns


if __name__ == "__main__":
    import huey_sqlite  # under the name by which the consumer knows its tasks

    here = os.path.dirname(os.path.abspath(__file__))
    # In our process group: it is killed with this process.
    subprocess.Popen([sys.executable, "-m", "huey.bin.huey_consumer", "huey_sqlite.huey", "--quiet", "-w", WORKERS,
                      "-k", WORKER_TYPE, "-m", MAX_DELAY], cwd=here)
    serve_processor(huey_sqlite.enqueue)
