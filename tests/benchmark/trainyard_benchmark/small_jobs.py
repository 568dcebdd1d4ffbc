"""Many small jobs, each submitted, awaited and its result fetched, beside a pool of processes with the same work."""

import contextlib

from trainyard_benchmark.bench import Bench
from trainyard_benchmark.latency import small_job
from trainyard_benchmark.peers import Peer, lacks
from trainyard_benchmark.report import Result
from trainyard_benchmark.service import serve
from trainyard_benchmark.shapes import JOB_EPOCHS, SHAPES

JOBS_A_ROUND = 400
CALLERS = 8


def jobs(bench: Bench) -> Result:
    missing = lacks("sklearn", "joblib")
    with contextlib.ExitStack() as stack:
        peer = None if missing else stack.enter_context(Peer("pool"))
        service = stack.enter_context(serve(bench, "--workers", "2"))
        request = bench.save("small-job", small_job(service.upload_for(SHAPES["b"]), JOB_EPOCHS))

        def one_round() -> float:
            (rate,) = bench.numbers("job_load", service.address, request, JOBS_A_ROUND, CALLERS)
            return rate

        one_round()
        ours, *others = bench.take_turns(one_round, *([peer.round] if peer else []))
    return Result("jobs/s", ours, others[0] if others else (), "MLPClassifier, joblib, 2 workers", note=missing)
