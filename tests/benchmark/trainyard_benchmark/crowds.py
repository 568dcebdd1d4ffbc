"""Crowds of watchers: what each of them gets of a job that runs, what it costs, and what it does to the job."""

import contextlib
import json
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Iterator

from specs import ENDLESS
from trainyard.v1 import spec_pb2, watch_pb2
from trainyard_testing import SMALL_WINDOW, Client, Run

from trainyard_benchmark.bench import Bench
from trainyard_benchmark.latency import resident_megabytes
from trainyard_benchmark.report import Result, median
from trainyard_benchmark.service import Service, serve
from trainyard_benchmark.shapes import SHAPES
from trainyard_benchmark.training import spec_for

# A slice of a worker: some 60 minibatches of the watched job, whose metrics are one chunk where other jobs wait; or a
# part of a minibatch of one of those.
SLICE_SECONDS = 0.002
WATCHED_BATCH = 256
OTHERS_BATCH = 6000

HOLD_SECONDS = 15
SETTLING_SECONDS = 3
ROUND_SECONDS = 4
SMALL_CROWD = 100
NEVER_READ = 10

STORM_SECONDS = 60
STORM_RATE = 1000
WARM_UP_SECONDS = 10


@dataclass
class Crowd:
    """watch_crowd, watching."""

    process: subprocess.Popen

    def result(self) -> dict[str, float]:
        """When it has left."""
        told, _ = self.process.communicate()
        if self.process.returncode != 0:
            raise RuntimeError("the crowd failed")
        return json.loads(told)


@contextlib.contextmanager
def crowd(service: Service, job: str, watchers: int, seconds: float) -> Iterator[Crowd]:
    """Each begins at the newest event."""
    newest = service.client.get_job(job).newest_sequence
    target = watch_pb2.WatchTarget(job=job, from_sequence=newest)
    request = service.bench.save("crowd", watch_pb2.WatchRequest(targets=[target]))
    command = service.bench.command("watch_crowd", service.address, request, watchers, seconds)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        if process.stdout.readline() != "watching\n":
            raise RuntimeError("the crowd does not come together")
        yield Crowd(process)


def begin_paced(service: Service, hertz: int) -> str:
    """One of as many jobs as make a slice of one worker come round so often; the others tell little."""
    shape, others = SHAPES["b"], SHAPES["d128"]
    spec = spec_for(
        others, service.upload_for(others), minibatches=spec_pb2.Minibatches(size=OTHERS_BATCH), budget=ENDLESS
    )
    for _ in range(round(1 / hertz / SLICE_SECONDS) - 1):
        service.submit(spec)
    minibatches = spec_pb2.Minibatches(size=WATCHED_BATCH)
    return service.begin(spec_for(shape, service.upload_for(shape), minibatches=minibatches, budget=ENDLESS))


def events_a_second(service: Service, job: str, seconds: float) -> float:
    """That the job appends to its log."""
    begin_number, begin_time = service.client.get_job(job).newest_sequence, time.monotonic()
    time.sleep(seconds)
    return (service.client.get_job(job).newest_sequence - begin_number) / (time.monotonic() - begin_time)


def hold(watchers: int, hertz: int) -> Callable[[Bench], Result]:
    """`ours`: events a second of the watcher that got fewest, beside those that the job told before anybody watched."""

    def measure(bench: Bench) -> Result:
        with serve(bench, "--workers", "1") as service:
            job = begin_paced(service, hertz)
            time.sleep(SETTLING_SECONDS)
            alone = events_a_second(service, job, SETTLING_SECONDS)
            before = resident_megabytes(service.server)
            with crowd(service, job, watchers, HOLD_SECONDS) as watching:
                time.sleep(HOLD_SECONDS - 1)
                grown = resident_megabytes(service.server) - before
                told = watching.result()
        extra = {
            "faults": told["faults"],
            "KB a watcher": 1000 * grown / watchers,
            "p50 ms": told["p50"],
            "p99 ms": told["p99"],
            "quickest": told["quickest"],
        }
        return Result("events/s", [told["slowest"]], [alone], "told unwatched", extra=extra)

    return measure


def drain(watchers: int) -> Callable[[Bench], Result]:
    """From SIGTERM until the last of them has its end."""

    def measure(bench: Bench) -> Result:
        times, resumable = [], []
        for _ in range(min(bench.rounds, 3)):
            with serve(bench, "--workers", "1") as service:
                job = begin_paced(service, 20)
                with crowd(service, job, watchers, 60) as watching:
                    time.sleep(SETTLING_SECONDS)
                    sent = time.monotonic()
                    service.server.process.send_signal(signal.SIGTERM)
                    told = watching.result()
                    times.append(1000 * (told["last_end"] - sent))
                    resumable.append(told["resumable"])
        return Result("ms", times, extra={"resumable": min(resumable)})

    return measure


# ---- What watchers do to the job


def steps_a_second(service: Service, job: str) -> float:
    begin_step, begin_time = service.client.get_job(job).progress.step, time.monotonic()
    time.sleep(ROUND_SECONDS)
    return (service.client.get_job(job).progress.step - begin_step) / (time.monotonic() - begin_time)


def watched(bench: Bench) -> Result:
    """The job's steps a second with watchers, beside none."""
    shape = SHAPES["c"]
    with serve(bench, "--workers", "1") as service:
        job = service.begin(spec_for(shape, service.upload_for(shape), budget=ENDLESS))
        events = []

        def with_watchers() -> float:
            with crowd(service, job, SMALL_CROWD, ROUND_SECONDS + 1) as watching:
                rate = steps_a_second(service, job)
                events.append(watching.result()["slowest"])
            return rate

        ours, alone = bench.take_turns(with_watchers, lambda: steps_a_second(service, job))
        service.client.cancel_job(job)
    return Result("steps/s", ours, alone, "no watcher", extra={"events/s": median(events)})


def stalled(bench: Bench) -> Result:
    """The job's steps a second before watchers of whom some never read, beside all read."""
    shape = SHAPES["c"]
    with serve(bench, "--workers", "1") as service:
        job = service.begin(spec_for(shape, service.upload_for(shape), budget=ENDLESS))
        events: dict[int, list[float]] = {0: [], NEVER_READ: []}
        faults = 0

        def with_stalled(count: int) -> float:
            nonlocal faults
            with contextlib.ExitStack() as stack:
                for _ in range(count):
                    next(stack.enter_context(Client(service.address, SMALL_WINDOW)).stream(job))
                watching = stack.enter_context(crowd(service, job, SMALL_CROWD, ROUND_SECONDS + 1))
                rate = steps_a_second(service, job)
                told = watching.result()
                events[count].append(told["slowest"])
                faults += told["faults"]
            return rate

        ours, all_read = bench.take_turns(lambda: with_stalled(NEVER_READ), lambda: with_stalled(0))
        service.client.cancel_job(job)
    extra = {"events ratio": median(events[NEVER_READ]) / median(events[0]), "faults": faults}
    return Result("steps/s", ours, all_read, "all read", extra=extra)


# ---- Watchers that come and go


def await_nobody(service: Service, most_files: int) -> None:
    """Gives up after a while: what is left is told."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if service.client.server_info().watchers == 0 and service.server.open_files() <= most_files:
            return
        time.sleep(0.1)


def rush(bench: Bench, service: Service, request: Path, seconds: int) -> float:
    (rate,) = bench.numbers("watch_storm", service.address, request, STORM_RATE, seconds)
    return rate


def storm(bench: Bench) -> Result:
    """Connections that begin a watch, get its first message and are dropped: how many a second, and what they leave."""
    shape = SHAPES["b"]
    with serve(bench, "--workers", "1") as service:
        job = service.begin(spec_for(shape, service.upload_for(shape), budget=ENDLESS))
        newest = service.client.get_job(job).newest_sequence
        target = watch_pb2.WatchTarget(job=job, from_sequence=newest)
        request = bench.save("storm", watch_pb2.WatchRequest(targets=[target]))
        files = service.server.open_files()
        rush(bench, service, request, WARM_UP_SECONDS)
        await_nobody(service, files)
        before = resident_megabytes(service.server)
        rate = rush(bench, service, request, STORM_SECONDS)
        await_nobody(service, files)
        extra = {
            "MB left": resident_megabytes(service.server) - before,
            "files left": service.server.open_files() - files,
            "streams left": service.client.server_info().watchers,
        }
        service.client.follow_until(job, Run(), lambda run: run.steps > 0)
        service.client.cancel_job(job)
    return Result("watches/s", [rate], extra=extra)
