"""What the store answers: the history of a long job, lists of many jobs, and how soon a row is committed."""

import re
from pathlib import Path

from trainyard.v1 import job_pb2, spec_pb2
from trainyard_testing import Client, Server

from trainyard_benchmark.bench import Bench
from trainyard_benchmark.report import Result, median, percentile
from trainyard_benchmark.service import Service, serve
from trainyard_benchmark.shapes import SHAPES
from trainyard_benchmark.training import spec_for

CALLS_A_ROUND = 50
HISTORY_STEPS = 10_000_000
LISTED_JOBS = 100_000
PAGE = 100
PAGES = 20
ROWS_A_SECOND = 20_000
LOG_SECONDS = 5


def calls(bench: Bench, address: str, method: str, requests: list[Path]) -> Result:
    """`ours`: the median of a round's calls, in ms."""
    times: list[float] = []

    def one_round() -> float:
        told = bench.numbers("call_load", address, method, CALLS_A_ROUND, *requests)
        times.extend(told)
        return median(told)

    one_round()
    times.clear()
    (ours,) = bench.take_turns(one_round)
    return Result("ms", ours, extra={"p99": percentile(times, 99)})


def history(bench: Bench) -> Result:
    """2,000 points of each series of a job of ten million steps."""
    with serve(bench) as service:
        shape = SHAPES["a"]
        spec = spec_for(shape, service.upload_for(shape), budget=spec_pb2.Budget(steps=HISTORY_STEPS))
        (job,) = service.train(spec)
        request = bench.save("history", job_pb2.GetMetricsRequest(job=job.name, max_points=2000))
        return calls(bench, service.address, "/trainyard.v1.JobService/GetMetrics", [request])


def page_requests(service: Service) -> list[Path]:
    """Of successive pages of the jobs that failed."""
    paths: list[Path] = []
    token = ""
    for page in range(PAGES):
        request = job_pb2.ListJobsRequest(page_size=PAGE, page_token=token, filter="state = FAILED")
        paths.append(service.bench.save(f"page-{page}", request))
        response = service.client.jobs.ListJobs(request)
        if len(response.jobs) != PAGE:
            raise RuntimeError(f"a page of {len(response.jobs)} jobs")
        token = response.next_page_token
    return paths


def listing(bench: Bench) -> Result:
    """Pages of 100 among 100,000 jobs, of which each tenth failed."""
    folder = bench.scratch / "list"
    with Server(folder) as server, Client(server.address) as client:
        service = Service(bench, server, client, server.address)
        shape = SHAPES["b"]
        (ended,) = service.train(spec_for(shape, service.upload_for(shape), budget=spec_pb2.Budget(epochs=1)))
        server.stop()
    bench.run("fill_jobs", folder / "trainyard.db", bench.save("ended-job", ended), LISTED_JOBS)
    with Server(folder) as server, Client(server.address) as client:
        service = Service(bench, server, client, server.address)
        return calls(bench, server.address, "/trainyard.v1.JobService/ListJobs", page_requests(service))


def log(bench: Bench) -> Result:
    """`ours`: the 99th percentile of the time from append to committed, in ms."""
    medians: list[float] = []

    def one_round() -> float:
        folder = bench.scratch / f"log-{len(medians)}"
        folder.mkdir()
        told = bench.run("store_benchmark", folder, ROWS_A_SECOND, LOG_SECONDS)
        p50, p99 = map(float, re.search(r"paced: .* p50 ([\d.]+), p99 ([\d.]+)", told).groups())
        medians.append(p50)
        return p99

    (ours,) = bench.take_turns(one_round)
    return Result("ms", ours, extra={"p50": median(medians)})
