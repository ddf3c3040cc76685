"""The model in SimPy: nine Poisson agents, 64 workers, 1-10 ms uniform, success 0.95: nine_agents.py MESSAGES SEED."""

import json
import random
import sys
import time

import simpy

WORKERS = 64
RATE_PER_S = WORKERS * 0.95 / 0.0055
AGENTS = 9


def agent(env, workers, stream, counts, until):
    while True:
        yield env.timeout(stream.expovariate(RATE_PER_S / AGENTS))
        if env.now >= until:
            return
        counts["generated"] += 1
        env.process(message(env, workers, stream, counts, env.now))


def message(env, workers, stream, counts, intended):
    with workers.request() as request:
        yield request
        counts["queue_wait_s"] += env.now - intended
        yield env.timeout(stream.uniform(0.001, 0.010))
        counts["delivered" if stream.random() < 0.95 else "failed"] += 1


def main():
    messages = float(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    before = time.process_time()
    env = simpy.Environment()
    workers = simpy.Resource(env, capacity=WORKERS)
    counts = {"generated": 0, "delivered": 0, "failed": 0, "queue_wait_s": 0.0}
    until = messages / RATE_PER_S
    for number in range(AGENTS):
        env.process(agent(env, workers, random.Random(AGENTS * seed + number), counts, until))
    env.run()
    cpu_s = time.process_time() - before
    assert counts["generated"] == counts["delivered"] + counts["failed"]
    wait_ms = 1000 * counts["queue_wait_s"] / counts["generated"]
    print(json.dumps({"generated": counts["generated"], "delivered": counts["delivered"], "mean_wait_ms": wait_ms,
                      "cpu_s": cpu_s}))


main()
