"""Reads exports with public readers, and compares them with the results. The argument is the folder of the files."""

import csv
import json
import sys
from pathlib import Path

import pandas
from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader
from prometheus_client.openmetrics.parser import text_string_to_metric_families

PLACE = Path(sys.argv[1])
RUN = json.loads((PLACE / "run.json").read_text())["runs"][0]


def near(a, b, share=0.01):
    assert abs(a - b) <= share * max(abs(a), abs(b), 1e-12), (a, b)


def interval_log():
    reference = HdrHistogram(1, 3_600_000_000_000_000, 3)
    reader = HistogramLogReader(str(PLACE / "run.hlog"), reference)
    found = {}
    while True:
        histogram = reader.get_next_interval_histogram()
        if histogram is None:
            break
        found[histogram.get_tag() if hasattr(histogram, "get_tag") else histogram.tag] = histogram
    assert set(found) >= {"1.total", "1.delivery", "1.queue_wait", "1.delivery.direct"}, list(found)
    total = found["1.total"]
    assert total.get_total_count() == RUN["total"]["count"]
    near(total.get_value_at_percentile(99), RUN["total"]["p99_ns"])
    near(total.get_max_value(), RUN["total"]["max_ns"])


def open_metrics():
    families = {family.name: family for family in text_string_to_metric_families((PLACE / "run.prom").read_text())}
    messages = {sample.labels["outcome"]: sample.value for sample in families["mqscript_messages"].samples}
    for outcome in ["delivered", "failed", "rejected", "expired"]:
        assert messages[outcome] == RUN["ledger"][outcome], outcome
    times = [
        sample
        for sample in families["mqscript_time_seconds"].samples
        if sample.labels["figure"] == "total" and sample.labels["type"] == ""
    ]
    count = next(sample.value for sample in times if sample.name.endswith("_count"))
    total = next(sample.value for sample in times if sample.name.endswith("_sum"))
    assert count == RUN["total"]["count"]
    near(total / count * 1e9, RUN["total"]["mean_ns"])
    within = {float(sample.labels["le"]): sample.value for sample in times if sample.name.endswith("_bucket")}
    assert within[float("inf")] == count and within[0.0001] < within[0.05] <= count
    # Half of the messages lie below the median.
    bounds = sorted(within)
    assert within[max(bound for bound in bounds if bound * 1e9 <= RUN["total"]["p50_ns"])] <= count / 2
    assert families["mqscript_valid"].samples[0].value == 1


def tables():
    figures = pandas.read_csv(PLACE / "csv/figures.csv")
    whole = figures[(figures.part == "run") & (figures.figure == "total")].set_index("statistic")["value"]
    near(whole["p99"], RUN["total"]["p99_ns"], 1e-9)
    agents = pandas.read_csv(PLACE / "csv/agents.csv")
    assert agents.generated.sum() == RUN["generated"], "agents are counted in the measured window"
    series = pandas.read_csv(PLACE / "csv/series.csv")
    assert series.delivered.sum() == RUN["ledger"]["delivered"]
    assert (series.start_ns.diff().dropna() == RUN["series"]["interval_ns"]).all()
    checks = pandas.read_csv(PLACE / "csv/checks.csv")
    assert list(checks.expression) == [check["expression"] for check in RUN["checks"]] and checks.holds.all()
    with open(PLACE / "csv/figures.csv", newline="") as file:
        assert len({len(row) for row in csv.reader(file)}) == 1, "every row has as many cells as the heading"


interval_log()
open_metrics()
tables()
