"""Guards against regressions in two minutes: some cases against bounds at most half as strict as what an idle machine
reaches. Training is bounded by its share of the limit that is measured in the same run."""

from trainyard_benchmark import latency, measure
from trainyard_benchmark.bench import Bench
from trainyard_benchmark.cases import Case, at_most
from trainyard_benchmark.report import Least, Row, met
from trainyard_benchmark.training import alone

ROUNDS = 3


def trains(case: str, share: float) -> Case:
    return Case(f"training alone, {case}", alone(case), [Least("limit_share", share)], [])


CASES = {
    "a": trains("a", 0.1),
    "b": trains("b", 0.26),
    "c": trains("c", 0.4),
    "d128": trains("d128", 0.16),
    "first_idle": Case("submit to first metrics, p50", latency.first_idle, [at_most(8)], []),
    "start": Case("start to serving", latency.start, [at_most(80)], []),
}


def guard(bench: Bench) -> tuple[list[Row], int]:
    """The rows, and how many are beyond their bounds or broke."""
    bench.rounds = ROUNDS
    rows, failures = measure.all_of(bench, CASES)
    return rows, failures + sum(met(row.result, row.at_least) is False for row in rows)
