"""What a simple model of the service knows, and how it tells what a call may be answered."""

from dataclasses import dataclass, field
from typing import Any, Callable, Iterable, Optional

from trainyard.v1 import dataset_pb2, event_pb2, job_pb2
from trainyard_testing import TERMINAL_STATES, model_of

QUEUED, RUNNING, PAUSED = event_pb2.STATE_QUEUED, event_pb2.STATE_RUNNING, event_pb2.STATE_PAUSED
SUCCEEDED, FAILED, CANCELLED = TERMINAL_STATES

# (code, reason)
Fault = tuple[str, str]
INVALID: Fault = ("INVALID_ARGUMENT", "INVALID_FIELD")
BAD_DATA: Fault = ("INVALID_ARGUMENT", "BAD_DATA")
NO_MODEL: Fault = ("NOT_FOUND", "NO_SUCH_MODEL")
JOB_ENDED: Fault = ("FAILED_PRECONDITION", "JOB_ENDED")
JOB_QUEUED: Fault = ("FAILED_PRECONDITION", "JOB_QUEUED")
NO_CHECKPOINT: Fault = ("FAILED_PRECONDITION", "NO_CHECKPOINT")
DATASET_CHANGED: Fault = ("FAILED_PRECONDITION", "DATASET_CHANGED")
JOB_ACTIVE: Fault = ("FAILED_PRECONDITION", "JOB_ACTIVE")
ETAG: Fault = ("FAILED_PRECONDITION", "ETAG_MISMATCH")
OUT_OF_RANGE: Fault = ("OUT_OF_RANGE", "SEQUENCE_NOT_KEPT")

# What is uploaded; the last can't be read. With the columns that a model of the data wants.
CONTENTS = (
    b"a,b,y\n1,2,yes\n2,1,no\n3,2,yes\n4,0,no\n5,5,yes\n6,1,no\n",
    b"a,c,z\n1,2,0.5\n2,1,1.5\n3,2,-1\n4,0,0.25\n",
    b"a,b,y\n1,2\n",
)
FEATURES = (("a", "b"), ("a", "c"), ())
ROWS = (6, 4, 0)


@dataclass
class Allowed:
    """One of these faults; or, where `take` is given, an answer that it checks and learns from."""

    faults: set[Fault]
    take: Optional[Callable[[Any], None]] = None


def allow(take: Callable[[Any], None], certain: Iterable[Fault] = (), possible: Iterable[Fault] = ()) -> Allowed:
    """Refused with one of the `certain` faults where there are some. Whether `possible` ones hold is not known."""
    certain = set(certain)
    return Allowed(certain | set(possible), None if certain else take)


@dataclass
class Upload:
    dataset: dataset_pb2.Dataset
    size: Optional[int]
    content: bytes = b""


@dataclass
class Dataset:
    content: bytes
    asked: dataset_pb2.Dataset

    @property
    def kind(self) -> int:
        return CONTENTS.index(self.content)


@dataclass
class Job:
    """`states` are those in which it may be now; `has_model` the answers to whether it has a model."""

    job: job_pb2.Job
    data: Dataset
    endless: bool
    states: set[int] = field(default_factory=lambda: {QUEUED})
    has_model: set[bool] = field(default_factory=lambda: {False})
    newest: int = 1

    def go_on(self) -> None:
        """Jobs go on between calls."""
        if QUEUED in self.states:
            self.states.add(RUNNING)
        if RUNNING in self.states:
            self.has_model.add(True)
            if not self.endless:
                self.states.add(SUCCEEDED)
        if self.states == {SUCCEEDED} and self.has_model == {True, False}:
            self.has_model = {True}

    @property
    def may_have_ended(self) -> bool:
        return bool(self.states & set(TERMINAL_STATES))

    @property
    def has_ended(self) -> bool:
        return self.states <= set(TERMINAL_STATES)


class ServiceState:
    """What there is. A call of an unknown name is refused; the subclasses know the rest."""

    def __init__(self) -> None:
        self.uploads: dict[str, Upload] = {}
        self.datasets: dict[str, Dataset] = {}
        self.made_of: dict[str, str] = {}  # the data sets of the uploads that they were made of
        self.jobs: dict[str, Job] = {}  # in the order of their creation
        self.requests: dict[str, str] = {}  # the uploads of request ids
        self.job_requests: dict[str, tuple[str, bytes]] = {}

    @staticmethod
    def name_faults(name: str, collection: str, known: Iterable[str], reason: str) -> set[Fault]:
        if not name.startswith(f"{collection}/") or not name.removeprefix(f"{collection}/").isalnum():
            return {INVALID}
        return set() if name in known else {("NOT_FOUND", reason)}

    def upload_faults(self, name: str) -> set[Fault]:
        return self.name_faults(name, "uploads", self.uploads, "NO_SUCH_UPLOAD")

    def dataset_faults(self, name: str) -> set[Fault]:
        return self.name_faults(name, "datasets", self.datasets, "NO_SUCH_DATA_SET")

    def job_faults(self, name: str) -> set[Fault]:
        return self.name_faults(name, "jobs", self.jobs, "NO_SUCH_JOB")

    def model_faults(self, name: str) -> tuple[Optional[Job], set[Fault], set[Fault]]:
        """The model's job, certain faults, possible ones."""
        job = self.jobs.get(name.replace("models/", "jobs/"))
        with_model = [model_of(other) for other in self.jobs if self.jobs[other].has_model != {False}]
        faults = self.name_faults(name, "models", with_model, "NO_SUCH_MODEL")
        return job, faults, {NO_MODEL} if job and False in job.has_model else set()

    @staticmethod
    def add_deletion_faults(job: Job, etag: str, faults: set[Fault], possible: set[Fault]) -> None:
        """Of a job or its model: an etag that is given is never right here."""
        if etag:
            faults.add(ETAG)
        if not job.may_have_ended:
            faults.add(JOB_ACTIVE)
        if not job.has_ended:
            possible.add(JOB_ACTIVE)

    @staticmethod
    def page_faults(request: Any) -> set[Fault]:
        return {INVALID} if not 0 <= request.page_size <= 1000 or request.page_token else set()
