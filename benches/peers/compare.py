"""Plays the model in every program, in turns, checks that they agree, and prints what each costs beside the yardstick.

compare.py ROUNDS NAME=KEEPS=MESSAGES=COMMAND...: the first is the yardstick, the second mqscript. A command is called with
the number of messages and a seed, and prints one line of JSON, or a report of mqscript.
"""

import json
import math
import statistics
import subprocess
import sys

# The standard deviation of the mean wait is so many milliseconds by the root of the number of messages: waits of
# neighbours are alike at 95 %. Seen in 60 runs of the yardstick.
WAIT_SD_MS = 40
# No honest difference of a figure is so many standard deviations.
TOO_MANY = 5
SUCCESS_RATE = 0.95


class Program:
    def __init__(self, text):
        self.name, self.keeps, messages, command = text.split("=", 3)
        self.messages, self.command, self.runs = float(messages), command, []

    def play(self, seed):
        command = self.command.replace("MESSAGES", repr(self.messages)).replace("SEED", str(seed))
        done = subprocess.run(command.split(), capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"{self.name}: `{command}` failed with {done.returncode}:\n{done.stdout}{done.stderr}")
        told = json.loads(done.stdout)
        if "runs" in told:
            run = told["runs"][0]
            told = {"generated": run["generated"], "delivered": run["delivered"],
                    "mean_wait_ms": run["queue_wait"]["mean_ns"] / 1e6, "cpu_s": run["environment"]["cpu_s"]}
        self.runs.append(told)

    def sum(self, key):
        return sum(run[key] for run in self.runs)

    def mean_wait_ms(self):
        return sum(run["mean_wait_ms"] * run["generated"] for run in self.runs) / self.sum("generated")

    def ns(self):
        return [run["cpu_s"] / run["generated"] * 1e9 for run in self.runs]


def faults(programs):
    """What cannot be luck."""
    mini, ours = programs[:2]
    for number, (one, other) in enumerate(zip(mini.runs, ours.runs), 1):
        same = all(one[key] == other[key] for key in ("generated", "delivered"))
        if not same or abs(one["mean_wait_ms"] / other["mean_wait_ms"] - 1) > 1e-3:
            yield f"round {number}: {mini.name} tells {one}, {ours.name} of the same seed {other}"
    for program in programs:
        generated, delivered = program.sum("generated"), program.sum("delivered")
        wanted = program.messages * len(program.runs)
        checks = [
            ("messages", generated, wanted, math.sqrt(wanted)),
            ("delivered", delivered, SUCCESS_RATE * generated, math.sqrt(SUCCESS_RATE * 0.05 * generated)),
            ("mean wait in ms", program.mean_wait_ms(), mini.mean_wait_ms(),
             WAIT_SD_MS * math.sqrt(1 / generated + 1 / mini.sum("generated"))),
        ]
        for what, found, expected, sd in checks:
            if abs(found - expected) > TOO_MANY * sd:
                yield f"{program.name}: {what} {found:.6g}, expected {expected:.6g} ± {sd:.2g}"


def main():
    rounds, programs = int(sys.argv[1]), [Program(text) for text in sys.argv[2:]]
    for seed in range(1, rounds + 1):
        for program in programs[:: 1 if seed % 2 else -1]:
            program.play(seed)
    wrong = list(faults(programs))
    if wrong:
        sys.exit("The programs do not play the same model:\n" + "\n".join(wrong))
    mini = programs[0].ns()
    print(f"{'program':24} {'messages/s':>10} {'ns':>7} {'of mini':>8} {'wait ms':>8}  keeps")
    for program in programs:
        ns = statistics.median(program.ns())
        ratio = statistics.median(yardstick / own for yardstick, own in zip(mini, program.ns()))
        speed = f"{1e3 / ns:.2f} M" if ns < 1e4 else f"{1e6 / ns:.0f} k"
        print(f"{program.name:24} {speed:>10} {ns:7.0f} {ratio:8.3f} {program.mean_wait_ms():8.4f}  {program.keeps}")
    print(f"Processor time, medians of {rounds} rounds in turns; ratios are medians of the ratios of a round.")


main()
