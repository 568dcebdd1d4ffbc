"""What a watcher gets of a finished job's log, beside a bare stream of the same messages.

Each watcher reads the newest part of one log to its end; all are in one process, a hundred a connection. A point is a
step with all its series; the log keeps 256 steps an event, and a message holds several events of a log that is replayed.
The bare stream sends the first message of ours, as often as makes the same bytes.
"""

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from trainyard.v1 import spec_pb2, watch_pb2
from trainyard_testing import LISTENING

from trainyard_benchmark.bench import Bench
from trainyard_benchmark.report import Result
from trainyard_benchmark.service import WATCH, Service, serve
from trainyard_benchmark.shapes import SHAPES
from trainyard_benchmark.training import spec_for

STEPS = 4_000_000
STEPS_AN_EVENT = 256

# By the number of watchers: what each of them reads.
STEPS_A_WATCHER = {1: 4_000_000, 100: 400_000, 1000: 40_000}


@dataclass
class Delivered:
    messages: int
    bytes: int
    points: int
    seconds: float

    @property
    def rate(self) -> float:
        return self.points / self.seconds


def load(bench: Bench, address: str, request: Path, watchers: int, *first: Path) -> Delivered:
    messages, size, points, seconds = bench.numbers("watch_load", address, WATCH, request, watchers, *first)
    return Delivered(int(messages), int(size), int(points), seconds)


def request_for(service: Service, job: str, steps: int) -> Path:
    """Of the newest steps."""
    events = steps // STEPS_AN_EVENT
    newest = service.client.get_job(job).newest_sequence
    target = watch_pb2.WatchTarget(job=job, from_sequence=max(1, newest - events))
    return service.bench.save("watch", watch_pb2.WatchRequest(targets=[target]))


def bare_rate(bench: Bench, message: Path, request: Path, watchers: int, messages: int) -> float:
    command = bench.command("raw_stream", message, messages)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        address = server.stdout.readline().removeprefix(LISTENING).strip()
        rate = load(bench, address, request, watchers).rate
        server.stdin.close()
    return rate


def watch(watchers: int) -> Callable[[Bench], Result]:
    def measure(bench: Bench) -> Result:
        with serve(bench) as service:
            shape = SHAPES["a"]
            spec = spec_for(shape, service.upload_for(shape), budget=spec_pb2.Budget(steps=STEPS))
            (job,) = service.train(spec)
            request = request_for(service, job.name, STEPS_A_WATCHER[watchers])
            message = bench.scratch / "message"
            address = service.address
            ours = load(bench, address, request, watchers, message)
            messages = max(1, round(ours.bytes / watchers / message.stat().st_size))

            rates, bare = bench.take_turns(
                lambda: load(bench, address, request, watchers).rate,
                lambda: bare_rate(bench, message, request, watchers, messages),
            )
        size = {"bytes a message": message.stat().st_size}
        return Result("points/s", rates, bare, "bare stream", extra=size)

    return measure
