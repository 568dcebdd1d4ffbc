"""Case after case. One that breaks is reported as such, and the others go on."""

import sys
import time
import traceback
from typing import Mapping

from trainyard_benchmark.bench import Bench
from trainyard_benchmark.cases import Case
from trainyard_benchmark.report import Result, Row


def all_of(bench: Bench, cases: Mapping[str, Case]) -> tuple[list[Row], int]:
    """The rows, and how many cases broke."""
    rows: list[Row] = []
    failures = 0
    for name, case in cases.items():
        begin = time.monotonic()
        try:
            result = case.measure(bench)
        except Exception as error:
            traceback.print_exc()
            failures += 1
            result = Result("", note=f"broke: {error}")
        print(f"{name}: {time.monotonic() - begin:.0f} s", file=sys.stderr)
        rows.append(Row(name, case.what, case.at_least, case.aim, result))
    return rows, failures
