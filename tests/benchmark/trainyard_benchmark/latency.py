"""How soon things happen: the first metrics of a job, the start of a server; and the memory that both take."""

import contextlib
import os
import time
from pathlib import Path

import grpc
from specs import ENDLESS
from trainyard.v1 import dataset_pb2, job_pb2, spec_pb2
from trainyard_testing import Run, Server

from trainyard_benchmark.bench import Bench
from trainyard_benchmark.report import Result, median, percentile
from trainyard_benchmark.service import Service, serve
from trainyard_benchmark.shapes import SHAPES
from trainyard_benchmark.training import spec_for

JOBS_A_ROUND = 100
STARTS_A_ROUND = 3
SETTLING_SECONDS = 0.5

# Of the memory of a running job: how often, and how long.
SAMPLES = 20
SAMPLE_SECONDS = 0.2

HEALTH = "/grpc.health.v1.Health/Check"
SERVING = b"\x08\x01"


def small_job(dataset: str, epochs: int) -> job_pb2.CreateJobRequest:
    spec = spec_for(SHAPES["b"], dataset, budget=spec_pb2.Budget(epochs=epochs))
    return job_pb2.CreateJobRequest(job=job_pb2.Job(spec=spec))


# ---- From the submission of a job to its first metrics at a watcher


def first_metrics(service: Service) -> Result:
    """`ours`: the median of all jobs of a round."""
    bench = service.bench
    request = bench.save("first", small_job(service.upload_for(SHAPES["b"]), 1))
    latencies: list[float] = []

    def one_round() -> float:
        told = bench.numbers("first_metric", service.address, request, JOBS_A_ROUND)
        latencies.extend(told)
        return median(told)

    bench.numbers("first_metric", service.address, request, JOBS_A_ROUND)
    (ours,) = bench.take_turns(one_round)
    return Result("ms", ours, extra={"p99": percentile(latencies, 99)})


def first_idle(bench: Bench) -> Result:
    with serve(bench) as service:
        return first_metrics(service)


def first_busy(bench: Bench) -> Result:
    """While an endless job a core trains."""
    with serve(bench) as service:
        shape = SHAPES["c"]
        spec = spec_for(shape, service.upload_for(shape), budget=ENDLESS)
        endless = [service.submit(spec) for _ in os.sched_getaffinity(0)]
        for job in endless:
            service.client.follow_until(job, Run(), lambda run: run.steps > 0)
        result = first_metrics(service)
        for job in endless:
            service.client.cancel_job(job)
    return result


# ---- The server


def resident_megabytes(server: Server) -> float:
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    (kilobytes,) = [line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")]
    return int(kilobytes) * 1024 / 1e6


def await_serving(address: str) -> None:
    with grpc.insecure_channel(address, options=[("grpc.enable_http_proxy", 0)]) as channel:
        if channel.unary_unary(HEALTH)(b"", wait_for_ready=True, timeout=10) != SERVING:
            raise RuntimeError("the server does not say that it is serving")


def start(bench: Bench) -> Result:
    """From the start of the process, on an empty folder, until the health service says SERVING, as a client sees it."""
    sizes: list[float] = []

    def one_round() -> float:
        times = []
        for _ in range(STARTS_A_ROUND):
            begin = time.perf_counter()
            with Server() as server:
                await_serving(server.address)
                times.append(1000 * (time.perf_counter() - begin))
                time.sleep(SETTLING_SECONDS)
                sizes.append(resident_megabytes(server))
        return median(times)

    (ours,) = bench.take_turns(one_round)
    return Result("ms", ours, extra={"MB": median(sizes)})


def running_job_memory(bench: Bench) -> Result:
    """The most that a server with a running, watched job takes beyond what it took with the data set and no job; the
    data set's file, which the job maps, is not counted."""
    shape = SHAPES["b"]

    def one_round() -> float:
        with contextlib.ExitStack() as stack:
            service = stack.enter_context(serve(bench))
            dataset = service.upload_for(shape)
            time.sleep(SETTLING_SECONDS)
            idle = resident_megabytes(service.server)
            job = service.submit(spec_for(shape, dataset, budget=ENDLESS))
            stack.enter_context(service.watched(job))
            most = 0.0
            for _ in range(SAMPLES):
                time.sleep(SAMPLE_SECONDS)
                most = max(most, resident_megabytes(service.server))
            service.client.cancel_job(job)
            return most - idle - stored_megabytes(service, dataset)

    (ours,) = bench.take_turns(one_round)
    return Result("MB", ours)


def stored_megabytes(service: Service, dataset: str) -> float:
    return service.client.datasets.GetDataset(dataset_pb2.GetDatasetRequest(name=dataset)).stored_bytes / 1e6
