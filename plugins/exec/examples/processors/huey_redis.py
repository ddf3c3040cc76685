"""mqscript and huey with Redis; huey_consumer, a process of its own, works its queue off.

    pip install huey redis
    REDIS_URL=redis://localhost:6379/9 mqscript run --processor huey_redis.py --rate 5 --duration 4
"""
import os
import subprocess
import sys

from huey import RedisHuey
from mqscript_adapter import messaging_core, serve_processor

REDIS_URL = os.environ.get("REDIS_URL", "redis://localhost:6379/0")
WORKERS = "4"
WORKER_TYPE = "thread"  # as huey has it; "process" forks
RETRIES = 10            # of a task that fails, RETRY_DELAY seconds apart. Huey's own 0: one failed call, and it is lost
RETRY_DELAY = 0.1
# There is no option that keeps a task until it is done: the consumer removes it (BRPOP) when it takes it. If the
# consumer is killed, what it was doing is lost. What waits is as durable as your Redis: without
# `appendonly yes` it is lost when Redis is killed.

# The run's number in the name: what another run left in Redis is not ours.
huey = RedisHuey("mqscript-" + os.environ["MQSCRIPT_EXEC_RUN"], url=REDIS_URL, results=False)


@huey.task(retries=RETRIES, retry_delay=RETRY_DELAY)
def deliver(*message):
    if not messaging_core.send_message(*message):
        raise ConnectionError("not delivered")


def enqueue(*message):
    deliver(*message)  # in Redis when this returns


if __name__ == "__main__":
    import huey_redis  # under the name by which the consumer knows its tasks

    here = os.path.dirname(os.path.abspath(__file__))
    # In our process group: it is killed with this process.
    subprocess.Popen([sys.executable, "-m", "huey.bin.huey_consumer", "huey_redis.huey", "--quiet", "-w", WORKERS,
                      "-k", WORKER_TYPE], cwd=here)
    serve_processor(huey_redis.enqueue)
