"""All cases: what each measures, and what it is to reach."""

from dataclasses import dataclass
from typing import Callable

from trainyard_benchmark import training
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
    "e1": Case(
        "sparse logistic, batch 1, SGD", training.sparse(training.PLAIN), [times(3.5)], [times(4.2)]
    ),
    "e2": Case("e1 with lazy momentum", training.sparse(training.LAZY_MOMENTUM), [times(1.7)], [times(1.9)]),
}
GROUPS = {"first": ["first_idle", "first_busy"]}
