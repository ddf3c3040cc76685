"""mqscript and rq: workers are processes of their own, which fork for each job.

    pip install rq
    REDIS_URL=redis://localhost:6379/9 mqscript run --processor rq_redis.py --rate 5 --duration 4
"""
import os
import subprocess
import sys

from mqscript_adapter import messaging_core, serve_processor
from redis import Redis
from rq import Queue, Retry

REDIS_URL = os.environ.get("REDIS_URL", "redis://localhost:6379/0")
WORKERS = 2                 # processes
WORKER_CLASS = "rq.Worker"  # as rq has it: it forks for each job, which costs some 20 ms. The child that does the job
                            # lives on when its worker is killed. "rq.SimpleWorker" does not fork, and they die together
RETRIES = 10                # of a job that fails, at once. rq's own 0: one failed call, and it is lost
# A job whose worker was killed counts as abandoned after 90 s, and workers look for such jobs every 10 minutes. It comes
# again if it has retries left, and has failed for good if not: until then it is missing.

# The run's number in the name: what another run left in Redis is not ours.
QUEUE = "mqscript-" + os.environ["MQSCRIPT_EXEC_RUN"]
jobs = Queue(QUEUE, connection=Redis.from_url(REDIS_URL))


def deliver(*message):
    if not messaging_core.send_message(*message):
        raise ConnectionError("not delivered")


def enqueue(*message):
    jobs.enqueue(deliver, args=message, retry=Retry(max=RETRIES), result_ttl=0)  # in Redis when this returns


if __name__ == "__main__":
    import rq_redis  # under the name by which the workers know their jobs

    here = os.path.dirname(os.path.abspath(__file__))
    for _ in range(WORKERS):  # in our process group: they are killed with this process
        subprocess.Popen([sys.executable, "-m", "rq.cli", "worker", "--quiet", "--url", REDIS_URL, "--path", here,
                          "--worker-class", WORKER_CLASS, QUEUE])
    serve_processor(rq_redis.enqueue)
