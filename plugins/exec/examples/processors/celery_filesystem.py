"""mqscript and celery without a server: its broker is a folder. `celery worker` is a process of its own.

    pip install celery
    mqscript run --processor celery_filesystem.py --rate 5 --duration 4
"""
import os
import subprocess
import sys

from celery import Celery
from mqscript_adapter import folder, messaging_core, serve_processor

CONCURRENCY = "2"  # forked children
MAX_RETRIES = 10   # of a call that fails, RETRY_DELAY seconds apart. Celery's own: 3, and 180 s apart
RETRY_DELAY = 0.1
# The worker may read a message's file before it is written: then that message is lost, and the worker ends (kombu 5.7). It is
# a broker for a look, not for work.
# A message's file goes away when the worker fetches it, whatever task_acks_late says. If the worker is killed, what it
# was doing is lost, and so is what it had fetched ahead: four tasks for each child, unless PREFETCH says otherwise.
PREFETCH = 4

app = Celery("mqscript", broker="filesystem://")
app.conf.update(
    broker_transport_options={name: os.path.join(folder(), "celery")
                              for name in ("data_folder_in", "data_folder_out", "control_folder")},
    worker_prefetch_multiplier=PREFETCH,
    task_ignore_result=True,
)
os.makedirs(os.path.join(folder(), "celery"), exist_ok=True)


@app.task(bind=True, max_retries=MAX_RETRIES, default_retry_delay=RETRY_DELAY)
def deliver(task, *message):
    try:
        delivered = messaging_core.send_message(*message)
    except ConnectionError:
        delivered = False
    if not delivered:
        raise task.retry()


def enqueue(*message):
    deliver.delay(*message)  # a file when this returns


if __name__ == "__main__":
    import celery_filesystem  # under the name by which the worker knows its tasks

    here = os.path.dirname(os.path.abspath(__file__))
    # In our process group: it is killed with this process. What it leaves in TMPDIR goes with the run.
    subprocess.Popen([sys.executable, "-m", "celery", "-A", "celery_filesystem", "worker", "--loglevel", "ERROR",
                      "--concurrency", CONCURRENCY, "--without-gossip", "--without-mingle"],
                     cwd=here, env=dict(os.environ, TMPDIR=folder()))
    serve_processor(celery_filesystem.enqueue)
