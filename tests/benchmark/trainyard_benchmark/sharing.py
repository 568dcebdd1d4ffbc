"""How jobs share the workers: small ones beside a giant, and how soon a job does what it is told."""

import contextlib
import random
import time
from typing import Callable, Iterator

from google.protobuf import duration_pb2
from specs import ENDLESS
from trainyard.v1 import event_pb2, job_pb2, spec_pb2

from trainyard_benchmark.bench import Bench
from trainyard_benchmark.report import Result, median, percentile
from trainyard_benchmark.service import Service, serve
from trainyard_benchmark.shapes import SHAPES
from trainyard_benchmark.training import spec_for

WORKERS = "2"

# Of a job that would never end: 784-512-512-10.
GIANT = SHAPES["c"]
SMALL = SHAPES["b"]

# Each so long on an idle worker, that all of them take less than half a minute.
MANY_SECONDS = 0.1
MANY_CALLERS = 10

ACTS = 40
FEW_EVENTS = 3
PAUSE_SECONDS = (0.1, 0.15)


def giant_spec(service: Service) -> spec_pb2.JobSpec:
    return spec_for(GIANT, service.upload_for(GIANT), budget=ENDLESS)


@contextlib.contextmanager
def beside(service: Service, spec: spec_pb2.JobSpec) -> Iterator[None]:
    job = service.begin(spec)
    yield
    service.client.cancel_job(job)


# ---- Small jobs beside a giant


def small_job(service: Service, seconds: float) -> job_pb2.CreateJobRequest:
    """That takes so long on an idle worker."""
    dataset = service.upload_for(SMALL)
    time_limit = duration_pb2.Duration(nanos=500_000_000)
    (job,) = service.train(spec_for(SMALL, dataset, budget=spec_pb2.Budget(running_time=time_limit)))
    steps = round(job.progress.step * seconds / 0.5)
    return job_pb2.CreateJobRequest(job=job_pb2.Job(spec=spec_for(SMALL, dataset, budget=spec_pb2.Budget(steps=steps))))


def fair(jobs: int, seconds: float, rounds: int) -> Callable[[Bench], Result]:
    """The time that all of these jobs take beside the giant, and without it."""

    def measure(bench: Bench) -> Result:
        with serve(bench, "--workers", WORKERS) as service:
            giant = giant_spec(service)
            request = bench.save("fair", small_job(service, seconds))

            def all_jobs() -> float:
                (rate,) = bench.numbers("job_load", service.address, request, jobs, min(jobs, MANY_CALLERS))
                return jobs / rate

            def beside_the_giant() -> float:
                with beside(service, giant):
                    return all_jobs()

            samples: list[list[float]] = [[], []]
            for _ in range(min(rounds, bench.rounds)):
                samples[0].append(beside_the_giant())
                samples[1].append(all_jobs())
        return Result("s", samples[0], samples[1], "without the giant")

    return measure


# ---- From a call to the event that says it was done


def step_seconds(events: list[event_pb2.Event]) -> float:
    """The median time of a step between one event with metrics and the next."""
    told = [event for event in events if event.HasField("metrics")]
    return median(
        (after.time.ToNanoseconds() - before.time.ToNanoseconds()) / after.metrics.step_count / 1e9
        for before, after in zip(told, told[1:])
    )


def events_from(service: Service, job: str, sequence: int) -> list[event_pb2.Event]:
    request = job_pb2.ListEventsRequest(job=job, from_sequence=sequence, page_size=1000)
    return list(service.client.jobs.ListEvents(request).events)


class Acts:
    """Milliseconds and minibatches from calls to the events of the states that they lead to."""

    def __init__(self) -> None:
        self.milliseconds: list[float] = []
        self.minibatches: list[float] = []

    def measure(self, service: Service, job: str, call: Callable[[str], object], state: int) -> None:
        """Of a job that has just begun to run, or to run again."""
        first = service.client.get_job(job).newest_sequence
        while service.client.get_job(job).newest_sequence < first + FEW_EVENTS:
            time.sleep(random.uniform(*PAUSE_SECONDS))
        called = time.time_ns()
        call(job)
        events = events_from(service, job, first)
        told = next(event for event in reversed(events) if event.state_changed.state == state)
        self.milliseconds.append((told.time.ToNanoseconds() - called) / 1e6)
        stopped = max(event.time.ToNanoseconds() for event in events if event.HasField("metrics"))
        self.minibatches.append(max(0.0, (stopped - called) / 1e9 / step_seconds(events)))


def act(batch: int, others: int) -> Callable[[Bench], Result]:
    """`ours`: the time from the call to the end of the last minibatch, in minibatches, at the 99th percentile of pauses and cancels."""

    def measure(bench: Bench) -> Result:
        acts = Acts()
        with serve(bench, "--workers", WORKERS) as service, contextlib.ExitStack() as stack:
            giant = giant_spec(service)
            for _ in range(others):
                stack.enter_context(beside(service, giant))
            spec = spec_for(GIANT, giant.data.dataset, minibatches=spec_pb2.Minibatches(size=batch), budget=ENDLESS)
            job = service.begin(spec)
            # The client's first call of a kind takes longer than all others.
            for counted in (Acts(), *[acts] * ACTS):
                counted.measure(service, job, service.client.pause_job, event_pb2.STATE_PAUSED)
                service.client.resume_job(job)
            service.client.cancel_job(job)
            for _ in range(ACTS // 4):
                acts.measure(service, service.begin(spec), service.client.cancel_job, event_pb2.STATE_CANCELLED)
        extra = {"p50 ms": median(acts.milliseconds), "p99 ms": percentile(acts.milliseconds, 99)}
        return Result("minibatches", [percentile(acts.minibatches, 99)], extra=extra)

    return measure
