"""Curves: how the time of a step grows with the network and the minibatch, and rates with jobs and with watchers.

The last column is flat where the cost is as theory has it: arithmetic a step, jobs, or points handed out.
"""

from dataclasses import dataclass, replace
from typing import Iterator

from trainyard.v1 import spec_pb2

from trainyard_benchmark import small_jobs, watching
from trainyard_benchmark.bench import Bench
from trainyard_benchmark.latency import small_job
from trainyard_benchmark.service import Service, serve
from trainyard_benchmark.shapes import JOB_EPOCHS, SHAPES, Shape
from trainyard_benchmark.training import spec_for, train_once

WIDTHS = (16, 32, 64, 128, 256, 512, 1024, 2048, 4096)
BATCHES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096)
LAYERS = (1, 2, 4, 8, 16)
THREADS = (1, 2)
JOBS = (1, 10, 100, 1_000, 10_000)
WATCHERS = (1, 10, 100, 1_000)


@dataclass(frozen=True)
class Point:
    curve: str
    at: int
    measured: str
    flat: str


def step_point(service: Service, dataset: str, curve: str, at: int, shape: Shape, threads: int = 1) -> Point:
    fields = {"threads": threads} if threads > 1 else {}
    rate = train_once(service, spec_for(shape, dataset, **fields))
    return Point(curve, at, f"{shape.batch / rate * 1e6:,.1f} us a step", f"{rate * shape.flops / 1e9:,.0f} GFLOP/s")


def steps(bench: Bench) -> Iterator[Point]:
    shape = SHAPES["c"]
    with serve(bench, "--workers", "2") as service:
        dataset = service.upload_for(shape)
        service.train(spec_for(shape, dataset))
        for width in WIDTHS:
            yield step_point(service, dataset, "width", width, replace(shape, widths=(784, width, width, 10)))
        for batch in BATCHES:
            yield step_point(service, dataset, "batch", batch, replace(shape, batch=batch))
        for layers in LAYERS:
            widths = (784, *[256] * layers, 10)
            yield step_point(service, dataset, "hidden layers of 256", layers, replace(shape, widths=widths))
        for threads in THREADS:
            yield step_point(service, dataset, "threads", threads, shape, threads)


def jobs(bench: Bench) -> Iterator[Point]:
    for count in JOBS:
        with serve(bench, "--workers", "2") as service:
            request = bench.save("small-job", small_job(service.upload_for(SHAPES["b"]), JOB_EPOCHS))
            bench.numbers("job_load", service.address, request, small_jobs.CALLERS, small_jobs.CALLERS)
            (rate,) = bench.numbers("job_load", service.address, request, count, min(count, small_jobs.CALLERS))
        yield Point("jobs", count, f"{count / rate:,.3f} s", f"{rate:,.0f} jobs/s")


def watchers(bench: Bench) -> Iterator[Point]:
    with serve(bench) as service:
        shape = SHAPES["a"]
        spec = spec_for(shape, service.upload_for(shape), budget=spec_pb2.Budget(steps=watching.STEPS))
        (job,) = service.train(spec)
        for count in WATCHERS:
            steps_each = watching.STEPS // max(count, 10)
            request = watching.request_for(service, job.name, steps_each)
            delivered = watching.load(bench, service.address, request, count)
            yield Point("watchers", count, f"{delivered.seconds:,.3f} s", f"{delivered.rate / 1e6:,.1f}M points/s")


def curves(bench: Bench) -> Iterator[Point]:
    yield from steps(bench)
    yield from jobs(bench)
    yield from watchers(bench)


def table(points: list[Point]) -> str:
    lines = ["| curve | at | measured | flat where theory holds |", "| --- | --- | --- | --- |"]
    return "\n".join([*lines, *(f"| {p.curve} | {p.at:,} | {p.measured} | {p.flat} |" for p in points)])
