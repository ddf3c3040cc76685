"""mqscript and dramatiq with Redis; `dramatiq` is a process of its own, with worker processes below it.

    pip install 'dramatiq[redis]'
    REDIS_URL=redis://localhost:6379/9 mqscript run --processor dramatiq_redis.py --rate 5 --duration 4
"""
import os
import subprocess
import sys

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from mqscript_adapter import messaging_core, serve_processor

REDIS_URL = os.environ.get("REDIS_URL", "redis://localhost:6379/0")
PROCESSES = "2"             # dramatiq's own: as many as the machine has processors
THREADS = "4"               # of each; dramatiq's own: 8
MIN_BACKOFF = 100           # ms before a message whose call failed is tried again; dramatiq's own: 15,000
HEARTBEAT_TIMEOUT = 60_000  # ms, as dramatiq has it, until what a killed worker had fetched comes again, and may be sent
                            # twice: for a minute it is missing
MAINTENANCE_CHANCE = 1_000  # of a million commands to Redis, as dramatiq has it, so many look for such messages

# The run's number in the name: what another run left in Redis is not ours.
broker = RedisBroker(url=REDIS_URL, namespace="mqscript-" + os.environ["MQSCRIPT_EXEC_RUN"],
                     heartbeat_timeout=HEARTBEAT_TIMEOUT, maintenance_chance=MAINTENANCE_CHANCE)
dramatiq.set_broker(broker)


@dramatiq.actor(min_backoff=MIN_BACKOFF)
def deliver(*message):
    if not messaging_core.send_message(*message):
        raise ConnectionError("not delivered")


def enqueue(*message):
    deliver.send(*message)  # in Redis when this returns


if __name__ == "__main__":
    here = os.path.dirname(os.path.abspath(__file__))
    # In our process group: it is killed with this process.
    subprocess.Popen([sys.executable, "-m", "dramatiq", "dramatiq_redis", "--processes", PROCESSES, "--threads", THREADS],
                     cwd=here)
    serve_processor(enqueue)
