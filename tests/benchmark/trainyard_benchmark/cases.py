"""All cases: what each measures, and what it is to reach."""

from dataclasses import dataclass
from typing import Callable

from trainyard_benchmark import crowds, ingest, latency, sharing, small_jobs, storing, training, watching
from trainyard_benchmark.bench import Bench
from trainyard_benchmark.report import Conditions, Least, Most, Result


@dataclass(frozen=True)
class Case:
    what: str
    measure: Callable[[Bench], Result]
    at_least: Conditions
    aim: Conditions


def times(ratio: float) -> Least:
    return Least("ratio", ratio)


def most_times(ratio: float) -> Most:
    return Most("ratio", ratio)


def of_limit(share: float) -> Least:
    return Least("limit_share", share)


def at_most(bound: float) -> Most:
    return Most("ours", bound)


CASES = {
    "a": Case("30-16-2, batch 32", training.against_mlp("a"), [times(50)], [times(65)]),
    "b": Case(
        "64-64-10, batch 32", training.against_mlp("b"), [times(17), of_limit(0.55)], [times(20), of_limit(0.6)]
    ),
    "c1": Case("784-512-512-10, batch 128", training.against_mlp("c"), [times(1.7), of_limit(0.82)], [of_limit(0.9)]),
    "c1clip": Case("c1, clipped by global norm", training.clipped, [times(1.7), of_limit(0.8)], [of_limit(0.86)]),
    "c2": Case(
        "c1 on 2 threads", training.two_threads, [times(2.5), Least("of 1 thread", 1.7)], [Least("of 1 thread", 1.85)]
    ),
    "cc": Case("two jobs of c1 at once", training.two_jobs, [times(1.8)], [times(1.88)]),
    "d1": Case("784-10, batch 1", training.against_mlp("d1"), [times(15)], [times(20)]),
    "d128": Case("784-10, batch 128", training.against_torch("d128"), [times(3.5)], [times(4.7)]),
    "e1": Case("sparse logistic, batch 1, SGD", training.sparse(training.PLAIN), [times(3.5)], [times(4.2)]),
    "e2": Case("e1 with lazy momentum", training.sparse(training.LAZY_MOMENTUM), [times(1.7)], [times(1.9)]),
    "large": Case("784-10, batch 128, data 4 x memory", training.larger_than_memory, [times(0.5)], [times(0.9)]),
    "jobs": Case("small jobs on 2 cores", small_jobs.jobs, [Least("ours", 300)], [Least("ours", 400)]),
    "first_idle": Case(
        "submit to first metrics, p50", latency.first_idle, [at_most(3), Most("p99", 10)], [at_most(1), Most("p99", 3)]
    ),
    "first_busy": Case(
        "the same, all cores training",
        latency.first_busy,
        [at_most(10), Most("p99", 30)],
        [at_most(3), Most("p99", 15)],
    ),
    "start": Case("start to serving", latency.start, [at_most(100), Most("MB", 30)], [at_most(50), Most("MB", 20)]),
    "rss": Case("memory of a running job", latency.running_job_memory, [at_most(20)], [at_most(5)]),
    "csv_same": Case("28 columns of CSV, client on the server's core", ingest.csv(0), [times(3)], [times(4.5)]),
    "csv_other": Case("28 columns of CSV, client on another core", ingest.csv(1), [times(4)], [times(7)]),
    "upload": Case("an upload alone", ingest.upload, [times(0.6)], [times(0.9)]),
    **{
        f"watch{watchers}": Case(f"replay to watchers: {watchers:,}", watching.watch(watchers), [times(0.5)], [times(0.8)])
        for watchers in watching.STEPS_A_WATCHER
    },
    "hold1000": Case(
        "1,000 watchers of 20 chunks a second",
        crowds.hold(1000, 20),
        [times(0.95), Most("faults", 0), Most("KB a watcher", 25)],
        [times(0.99), Most("KB a watcher", 20)],
    ),
    "hold5000": Case(
        "5,000 watchers of 5 chunks a second",
        crowds.hold(5000, 5),
        [times(0.95), Most("faults", 0), Most("KB a watcher", 25)],
        [times(0.99), Most("KB a watcher", 20)],
    ),
    "stalled": Case(
        "a job before 100 watchers and 10 that never read",
        crowds.stalled,
        [times(0.95), Most("faults", 0), Least("events ratio", 0.95)],
        [times(0.98)],
    ),
    "storm": Case(
        "1,000 watches a second, dropped at once, for a minute",
        crowds.storm,
        [Least("ours", 990), Most("MB left", 8), Most("files left", 0), Most("streams left", 0)],
        [Most("MB left", 4)],
    ),
    "watched100": Case("a job before 100 watchers", crowds.watched, [times(0.95)], [times(0.98)]),
    "drain1000": Case(
        "SIGTERM to the end of 1,000 watches",
        crowds.drain(1000),
        [at_most(100), Least("resumable", 1000)],
        [at_most(50)],
    ),
    "fair500": Case(
        "500 small jobs beside a giant", sharing.fair(500, sharing.MANY_SECONDS, 1), [most_times(1.2)], [most_times(1.1)]
    ),
    "fair1": Case("a job of a second beside a giant", sharing.fair(1, 1, 5), [most_times(1.5)], [most_times(1.2)]),
    "act1": Case("call to state, minibatches of 1 ms", sharing.act(64, 0), [at_most(3)], [at_most(2)]),
    "act1_busy": Case("the same, all cores busy", sharing.act(64, 4), [at_most(3)], [at_most(2)]),
    "act30": Case("call to state, minibatches of 30 ms", sharing.act(1920, 0), [at_most(1)], [at_most(0.5)]),
    "act30_busy": Case("the same, all cores busy", sharing.act(1920, 4), [at_most(1)], [at_most(0.5)]),
    "log": Case("append to committed at 20,000 rows/s, p99", storing.log, [at_most(1)], [at_most(0.3)]),
    "history": Case("2,000 points of 10^7 steps", storing.history, [at_most(10)], [at_most(4)]),
    "list": Case("a page of 100 of 100,000 jobs", storing.listing, [at_most(5)], [at_most(1)]),
}

# Cases that have a name together.
GROUPS = {
    "first": ("first_idle", "first_busy"),
    "csv": ("csv_same", "csv_other"),
    "watch": ("watch1", "watch100", "watch1000"),
    "act": ("act1", "act1_busy", "act30", "act30_busy"),
    "hold": ("hold1000", "hold5000"),
    "fair": ("fair500", "fair1"),
}
