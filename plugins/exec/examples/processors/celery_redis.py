"""mqscript and celery with Redis as its broker; `celery worker` is a process of its own, with forked children.

    pip install 'celery[redis]'
    REDIS_URL=redis://localhost:6379/9 mqscript run --processor celery_redis.py --rate 5 --duration 4
"""
import os
import subprocess
import sys

from celery import Celery
from mqscript_adapter import folder, messaging_core, serve_processor

REDIS_URL = os.environ.get("REDIS_URL", "redis://localhost:6379/0")
CONCURRENCY = "2"          # forked children
ACKS_LATE = False          # as celery has it: a task is acknowledged when it begins, so one that is killed is lost.
                           # True: when it is done, so one that is killed comes again and may be sent twice
VISIBILITY_TIMEOUT = 3600  # seconds, as celery has it, until what a killed worker had fetched and not acknowledged comes
                           # again: for an hour it is missing. It must be longer than the longest task or delay
RESTORE_INTERVAL = 10      # seconds; on every RESTORE_THROTTLE-th of these occasions the worker looks for what must come
RESTORE_THROTTLE = 10      # again. As celery has it: every 100 seconds
MUTEX_EXPIRE = 300         # seconds, as celery has it, for which nothing comes again if the worker is killed while it looks
MAX_RETRIES = 10           # of a call that fails, RETRY_DELAY seconds apart. Celery's own: 3, and 180 s apart
RETRY_DELAY = 0.1

app = Celery("mqscript", broker=REDIS_URL)
app.conf.update(
    task_acks_late=ACKS_LATE,
    broker_transport_options={
        "visibility_timeout": VISIBILITY_TIMEOUT,
        "unacked_restore_interval": RESTORE_INTERVAL,
        "unacked_restore_throttle": RESTORE_THROTTLE,
        "unacked_mutex_expire": MUTEX_EXPIRE,
    },
    task_default_queue="mqscript-" + os.environ["MQSCRIPT_EXEC_RUN"],  # what another run left in Redis is not ours
    task_ignore_result=True,
)


@app.task(bind=True, max_retries=MAX_RETRIES, default_retry_delay=RETRY_DELAY)
def deliver(task, *message):
    try:
        delivered = messaging_core.send_message(*message)
    except ConnectionError:
        delivered = False
    if not delivered:
        raise task.retry()


def enqueue(*message):
    deliver.delay(*message)  # in Redis when this returns


if __name__ == "__main__":
    import celery_redis  # under the name by which the worker knows its tasks

    here = os.path.dirname(os.path.abspath(__file__))
    # In our process group: it is killed with this process. What it leaves in TMPDIR goes with the run.
    subprocess.Popen([sys.executable, "-m", "celery", "-A", "celery_redis", "worker", "--loglevel", "ERROR",
                      "--concurrency", CONCURRENCY, "--without-gossip", "--without-mingle"],
                     cwd=here, env=dict(os.environ, TMPDIR=folder()))
    serve_processor(celery_redis.enqueue)
