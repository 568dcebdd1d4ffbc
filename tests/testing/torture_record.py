"""What clients of the torture test keep outside the server: all that it has acknowledged, in any of its lives."""

import collections
import hashlib
import threading
from dataclasses import dataclass, field
from typing import Optional

from trainyard.v1 import dataset_pb2, event_pb2, job_pb2
from watching import is_terminal


def hash_of(event: event_pb2.Event) -> bytes:
    return hashlib.sha256(event.SerializeToString(deterministic=True)).digest()


@dataclass
class Submitted:
    """A job that was acknowledged, and what was asked of it."""

    job: job_pb2.Job
    kind: str
    request: job_pb2.CreateJobRequest
    cancelled: bool = False  # acknowledged
    maybe_cancelled: bool = False
    deleted: bool = False  # acknowledged
    leaving: bool = False  # its deletion was asked for
    export: Optional[bytes] = None  # hash of the first export after its end
    changes: list[event_pb2.SpecChange] = field(default_factory=list)  # acknowledged


@dataclass
class Record:
    """Thread-safe. A fault is a sentence; where there are none, nothing was lost."""

    jobs: dict[str, Submitted] = field(default_factory=dict)
    datasets: dict[str, dataset_pb2.Dataset] = field(default_factory=dict)
    deleted_datasets: set[str] = field(default_factory=set)
    events: dict[str, dict[int, bytes]] = field(default_factory=lambda: collections.defaultdict(dict))
    ended: dict[str, int] = field(default_factory=dict)  # the number of the terminal event
    followed: collections.Counter = field(default_factory=collections.Counter)  # watchers that saw it
    calls: collections.Counter = field(default_factory=collections.Counter)  # acknowledged, by name
    doubts: int = 0  # calls without an answer
    recoveries: int = 0  # of jobs that ended, as their logs tell
    steered: int = 0  # jobs that ended, of those whose spec was changed
    faults: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)  # clients that failed by their own fault
    lock: threading.Lock = field(default_factory=threading.Lock)

    def fault(self, sentence: str) -> None:
        with self.lock:
            self.faults.append(sentence)

    def acknowledged(self, call: str) -> None:
        with self.lock:
            self.calls[call] += 1

    def submitted(self, submitted: Submitted) -> None:
        with self.lock:
            self.jobs[submitted.job.name] = submitted

    def compare(self, event: event_pb2.Event) -> None:
        """To any watcher, in any life, one number is one event."""
        seen = hash_of(event)
        with self.lock:
            if self.events[event.job].setdefault(event.sequence, seen) != seen:
                self.faults.append(f"event {event.sequence} of {event.job} was another when it was first seen")

    def saw(self, event: event_pb2.Event) -> None:
        """A watcher that follows the job to its end."""
        self.compare(event)
        if is_terminal(event):
            with self.lock:
                self.ended[event.job] = event.sequence
                self.followed[event.job] += 1

    def unfinished(self) -> list[str]:
        with self.lock:
            return [name for name in self.jobs if name not in self.ended]

    def names(self) -> list[str]:
        """Of jobs whose deletion was not asked for."""
        with self.lock:
            return [name for name, submitted in self.jobs.items() if not submitted.leaving]

    def ended_names(self) -> list[str]:
        with self.lock:
            return [name for name in self.ended if not self.jobs[name].leaving]
