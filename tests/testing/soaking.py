"""What the soak test does to a server: jobs that begin and end in every way, and watchers that see all of it."""

import collections
import random
import threading
from typing import Iterator

import grpc

from specs import dense, spec_of
from trainyard.v1 import event_pb2, job_pb2, optimizer_pb2, spec_pb2, watch_pb2
from trainyard_testing import Client, Run, TERMINAL_STATES

# Among which followers choose, and which they remember.
NEWEST_JOBS = 10

# Longer than any soak.
STREAM_SECONDS = 36_000


def kinds() -> list[spec_pb2.JobSpec]:
    """Each some milliseconds of work."""
    data = {"validation_fraction": 0.2}
    nesterov = optimizer_pb2.Optimizer(nesterov=optimizer_pb2.Nesterov(momentum=0.9))
    return [
        spec_of("iris", data=data, budget=spec_pb2.Budget(steps=1000)),
        spec_of("digits", data=data, network=spec_pb2.Network(hidden=[dense(32)]), budget=spec_pb2.Budget(epochs=1)),
        spec_of("iris", data=data, early_stopping=spec_pb2.EarlyStopping(patience=2), optimizer=nesterov),
        spec_of("iris", precision=spec_pb2.PRECISION_F64, budget=spec_pb2.Budget(epochs=20)),
    ]


ENDLESS = spec_of("iris", budget=spec_pb2.Budget(steps=10**12))


class Work:
    """Jobs one after the other, from any number of threads."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._kinds = kinds()
        self._kept: collections.deque[str] = collections.deque()

        # Those that watchers may want to follow.
        self.newest: collections.deque[str] = collections.deque(maxlen=NEWEST_JOBS)

    @property
    def kept(self) -> list[str]:
        return list(self._kept)

    def do(self, index: int) -> None:
        """One job from its submission to its end: of four one is cancelled, and one paused and resumed before that."""
        is_endless = index % 4 == 0
        spec = ENDLESS if is_endless else self._kinds[index // 4 % len(self._kinds)]
        name = self._client.create_job(spec).name
        self.newest.append(name)
        if is_endless:
            self._begin_and_cancel(name, pause=index % 8 == 0)
        job = self._client.ended_job(name)
        wanted = event_pb2.STATE_CANCELLED if is_endless else event_pb2.STATE_SUCCEEDED
        assert job.state == wanted, job
        self._kept.append(name)

    def delete_all(self) -> None:
        while self._kept:
            self._client.jobs.DeleteJob(job_pb2.DeleteJobRequest(name=self._kept.popleft()))

    def _begin_and_cancel(self, name: str, pause: bool) -> None:
        self._client.follow_until(name, Run(), lambda run: run.steps > 0)
        if pause:
            self._client.pause_job(name)
            self._client.resume_job(name)
        self._client.cancel_job(name)


class Watcher(threading.Thread):
    """Sees what it sees in order, without gap or repeat, or has `faults`."""

    def __init__(self, address: str) -> None:
        super().__init__(daemon=True)
        self._client = Client(address)
        self._leaving = threading.Event()
        self._stream: grpc.Call | None = None
        self.faults: list[str] = []
        self.events = 0
        self.streams = 0

    def leave(self) -> None:
        self._leaving.set()
        if self._stream is not None:
            self._stream.cancel()
        self.join()
        self._client.close()

    def run(self) -> None:
        try:
            self.watch()
        except grpc.RpcError as error:
            # The job that it follows may be deleted.
            if not self._leaving.is_set() and error.code() != grpc.StatusCode.NOT_FOUND:
                self.faults.append(str(error))

    def watch(self) -> None:
        raise NotImplementedError

    def _events(self, job: str, from_sequence: int | None = None) -> Iterator[event_pb2.Event]:
        target = watch_pb2.WatchTarget(job=job, from_sequence=from_sequence)
        self._stream = self._client.watches.Watch(watch_pb2.WatchRequest(targets=[target]), timeout=STREAM_SECONDS)
        self.streams += 1
        for response in self._stream:
            for event in response.events:
                self.events += 1
                yield event

    def _expect(self, event: event_pb2.Event, sequence: int) -> None:
        if event.sequence != sequence:
            self.faults.append(f"{event.job}: event {event.sequence}, expected {sequence}")


class WatcherOfAll(Watcher):
    """One stream for all jobs and the whole time."""

    def __init__(self, address: str) -> None:
        super().__init__(address)
        self.ended: set[str] = set()

    def watch(self) -> None:
        following: dict[str, int] = collections.defaultdict(int)
        for event in self._events("jobs/-"):
            self._expect(event, following[event.job] + 1)
            following[event.job] = event.sequence
            if event.state_changed.state in TERMINAL_STATES:
                self.ended.add(event.job)
                del following[event.job]


class Follower(Watcher):
    """One new job after the other to its end, in several streams."""

    def __init__(self, address: str, work: Work, seed: int) -> None:
        super().__init__(address)
        self._work = work
        self._random = random.Random(seed)
        self._followed: collections.deque[str] = collections.deque(maxlen=4 * NEWEST_JOBS)

    def run(self) -> None:
        while not self._leaving.is_set():
            super().run()

    def watch(self) -> None:
        candidates = [job for job in list(self._work.newest) if job not in self._followed]
        if not candidates:
            self._leaving.wait(0.1)
            return
        job = self._random.choice(candidates)
        self._followed.append(job)
        for sequence in self._follow(job):
            if self._leaving.is_set():
                return

    def _follow(self, job: str) -> Iterator[int]:
        """To its terminal event, leaving now and then and coming back."""
        next_sequence = 1
        while True:
            until = next_sequence + self._random.randrange(1, 50)
            for event in self._events(job, next_sequence):
                self._expect(event, next_sequence)
                next_sequence += 1
                if event.state_changed.state in TERMINAL_STATES:
                    return
                if next_sequence > until:
                    self._stream.cancel()
                    break
            yield next_sequence
