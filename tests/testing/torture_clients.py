"""The clients of the torture test. Each keeps what was acknowledged to it, and complains when it is not so later."""

import hashlib
import random
import time
from typing import Optional

import grpc

from steering import set_learning_rate
from torture_record import Submitted
from torture_world import Actor, World
from trainyard.v1 import dataset_pb2, event_pb2, job_pb2, model_pb2, spec_pb2, watch_pb2
from trainyard_testing import TERMINAL_STATES, chunk, model_of
from watching import is_terminal

NOT_FOUND = grpc.StatusCode.NOT_FOUND
FAILED_PRECONDITION = grpc.StatusCode.FAILED_PRECONDITION

MOST_UNFINISHED = 8
CONTROLLERS = 2


class Submitter(Actor):
    """Submits jobs with request ids, again and again until there is an answer, some once more after it."""

    def __init__(self, world: World, name: str, seed: int, kinds: dict[str, spec_pb2.JobSpec]) -> None:
        super().__init__(world, name, seed)
        self._kinds = kinds
        self._submitted = 0

    def act(self) -> None:
        if len(self.record.unfinished()) >= MOST_UNFINISHED:
            self.pause()
        elif self._submitted and self.random.random() < 0.2:
            self._submit_again()
        else:
            self._submit()

    def _submit(self) -> None:
        self._submitted += 1
        kind = self.random.choice(sorted(self._kinds))
        labels = {"life": str(self.world.life), "kind": kind.split(",")[0].replace(" ", "-"), "from": self.name}
        job = job_pb2.Job(spec=self._kinds[kind], labels=labels, display_name=f"{self.name} {self._submitted}")
        job.priority = self.random.choice((-1, 0, 1))
        request = job_pb2.CreateJobRequest(job=job, request_id=f"{self.name}-{self._submitted}")
        accepted = self.insist(lambda client: client.jobs.CreateJob(request))
        self.record.submitted(Submitted(accepted, kind, request))
        self.record.acknowledged("CreateJob")

    def _submit_again(self) -> None:
        mine = [name for name in self.record.names() if self.record.jobs[name].job.labels["from"] == self.name]
        if not mine:
            return
        former = self.record.jobs[self.random.choice(mine)]
        answer = self.insist(lambda client: client.jobs.CreateJob(former.request))
        if answer.name != former.job.name and not former.leaving:
            self.record.fault(f"request {former.request.request_id} made {former.job.name}, then {answer.name}")


class Controller(Actor):
    """Pauses, resumes and cancels its share of the jobs, and looks whether they still are as they were told to be.

    What else changes a job's course belongs here, as one more action; a job whose parameters it changes must be marked
    in its record."""

    def __init__(self, world: World, name: str, seed: int, share: int) -> None:
        super().__init__(world, name, seed)
        self._share = share
        self._expected: dict[str, Optional[int]] = {}  # the state that was acknowledged last

    def act(self) -> None:
        mine = [name for name in self.record.unfinished() if int(name[-4:], 16) % CONTROLLERS == self._share]
        if not mine:
            return self.pause()
        name = self.random.choice(mine)
        self._look(name)
        action = self.random.choices((self._pause, self._resume, self._steer, self._cancel), (8, 8, 2, 1))[0]
        action(name)
        self.pause()

    def finish(self) -> None:
        for name in self._expected:
            self._look(name)
            self.insist(lambda client, name=name: client.resume_job(name), FAILED_PRECONDITION, NOT_FOUND)

    def _look(self, name: str) -> None:
        expected = self._expected.get(name)
        job = self.ask(lambda client: client.get_job(name), NOT_FOUND)
        if job is None or expected is None:
            return
        allowed = {event_pb2.STATE_RUNNING: (event_pb2.STATE_RUNNING, *TERMINAL_STATES)}.get(expected, (expected,))
        if job.state not in allowed:
            told, found = event_pb2.State.Name(expected), event_pb2.State.Name(job.state)
            self.record.fault(f"{name} was acknowledged as {told} and is {found}")

    def _pause(self, name: str) -> None:
        self._change(name, "PauseJob", event_pb2.STATE_PAUSED, lambda client: client.pause_job(name))

    def _resume(self, name: str) -> None:
        self._change(name, "ResumeJob", event_pb2.STATE_RUNNING, lambda client: client.resume_job(name))

    def _steer(self, name: str) -> None:
        """A smaller learning rate; a change that was answered is among the job's changes for ever."""
        submitted = self.record.jobs[name]
        rate = submitted.job.spec.optimizer.learning_rate * self.random.uniform(0.5, 1)
        job = self.ask(lambda client: set_learning_rate(client, name, rate), FAILED_PRECONDITION)
        if job is not None:
            submitted.changes = list(job.changes)
            self.record.acknowledged("UpdateJob")

    def _cancel(self, name: str) -> None:
        submitted = self.record.jobs[name]
        submitted.maybe_cancelled = True
        if self._change(name, "CancelJob", event_pb2.STATE_CANCELLED, lambda client: client.cancel_job(name)):
            submitted.cancelled = True

    def _change(self, name: str, call: str, state: int, ask) -> bool:
        self._expected[name] = None
        if self.ask(ask, FAILED_PRECONDITION) is None:  # a refusal says that the job is queued or has ended
            return False
        self._expected[name] = state
        self.record.acknowledged(call)
        return True


class Uploader(Actor):
    """Uploads small data sets in pieces, and deletes some."""

    def __init__(self, world: World, name: str, seed: int) -> None:
        super().__init__(world, name, seed)
        self._uploads = 0

    def act(self) -> None:
        self._uploads += 1
        content = self._content()
        name = f"datasets/{self.name}-{self._uploads}"
        upload = self._open(name, len(content))
        self._send(upload, content)
        dataset = self._commit(upload, name, hashlib.sha256(content).hexdigest())
        with self.record.lock:
            self.record.datasets[name] = dataset
        self.record.acknowledged("CommitUpload")
        if self.random.random() < 0.3:
            self._remove(self.random.choice(sorted(self.record.datasets)))
        self.pause()

    def _content(self) -> bytes:
        count = self.random.randrange(10, 1500)
        rows = [f"{self.random.random()},{self.random.random()},{i % 2}" for i in range(count)]
        return ("a,b,class\n" + "\n".join(rows) + "\n").encode()

    def _open(self, name: str, size: int) -> str:
        options = dataset_pb2.ReadOptions(format=dataset_pb2.FORMAT_CSV)
        dataset = dataset_pb2.Dataset(name=name, read_options=options)
        request = dataset_pb2.CreateUploadRequest(dataset=dataset, size_bytes=size, request_id=name.replace("/", "-"))
        return self.insist(lambda client: client.datasets.CreateUpload(request)).name

    def _send(self, upload: str, content: bytes) -> None:
        """In doubt it asks how much has arrived, which is at least what was acknowledged."""
        acknowledged = 0
        while acknowledged < len(content):
            found = self.insist(lambda client: client.datasets.GetUpload(dataset_pb2.GetUploadRequest(name=upload)))
            if found.received_bytes < acknowledged:
                self.record.fault(f"{upload} had {acknowledged} bytes and has {found.received_bytes}")
            acknowledged = found.received_bytes
            end = min(acknowledged + self.random.randrange(1, 20_000), len(content))
            pieces = [chunk(upload, acknowledged, content[acknowledged:end])]
            answer = self.ask(lambda client: client.datasets.UploadData(iter(pieces)), grpc.StatusCode.ABORTED)
            if answer is not None:
                acknowledged = answer.received_bytes
                self.record.acknowledged("UploadData")

    def _commit(self, upload: str, name: str, digest: str) -> dataset_pb2.Dataset:
        request = dataset_pb2.CommitUploadRequest(name=upload, digest=digest)
        dataset = self.insist(lambda client: client.datasets.CommitUpload(request))
        if dataset.digest != digest:
            self.record.fault(f"{name} has the digest {dataset.digest}, not {digest}")
        return dataset

    def _remove(self, name: str) -> None:
        with self.record.lock:
            del self.record.datasets[name]
        request = dataset_pb2.DeleteDatasetRequest(name=name)
        self.insist(lambda client: client.datasets.DeleteDataset(request), NOT_FOUND)
        with self.record.lock:
            self.record.deleted_datasets.add(name)
        self.record.acknowledged("DeleteDataset")


class Exporter(Actor):
    """Exports the models of ended jobs, whose bytes stay, and deletes some jobs that all watchers have followed."""

    def __init__(self, world: World, name: str, seed: int, watchers: int) -> None:
        super().__init__(world, name, seed)
        self._watchers = watchers

    def act(self) -> None:
        ended = self.record.ended_names()
        if ended:
            name = self.random.choice(ended)
            self._export(name)
            if self.record.followed[name] >= self._watchers and self.random.random() < 0.1:
                self._remove(name)
        self.pause()

    def _export(self, name: str) -> None:
        content = self.ask(lambda client: client.export(model_of(name), model_pb2.EXPORT_FORMAT_NPZ), NOT_FOUND)
        if content is None:
            return
        submitted = self.record.jobs[name]
        found = hashlib.sha256(content).digest()
        if submitted.export not in (None, found):
            self.record.fault(f"the exported model of {name} was another before")
        submitted.export = found
        self.record.acknowledged("ExportModel")

    def _remove(self, name: str) -> None:
        submitted = self.record.jobs[name]
        submitted.leaving = True
        request = job_pb2.DeleteJobRequest(name=name)
        self.insist(lambda client: client.jobs.DeleteJob(request) or True, NOT_FOUND)
        submitted.deleted = True
        self.record.acknowledged("DeleteJob")


class Asker(Actor):
    """A job that GetJob says has ended has its terminal event in the log."""

    def act(self) -> None:
        names = self.record.unfinished()
        if names:
            self._ask(self.random.choice(names))
        self.pause()

    def _ask(self, name: str) -> None:
        job = self.ask(lambda client: client.get_job(name))
        if job is None or job.state not in TERMINAL_STATES:
            return
        request = job_pb2.ListEventsRequest(job=name, from_sequence=job.newest_sequence, page_size=1)
        page = self.ask(lambda client: client.jobs.ListEvents(request), NOT_FOUND)
        if page is None:
            return
        if [event.state_changed.state for event in page.events] != [job.state]:
            self.record.fault(f"{name} has ended, but the newest event of its log does not say so")
        self.record.acknowledged("GetJob of an ended job")


class Watcher(Actor):
    """Follows all jobs, from 1 to their last events, over as many streams as it takes; leaves some by itself."""

    def __init__(self, world: World, name: str, seed: int) -> None:
        super().__init__(world, name, seed)
        self.next: dict[str, int] = {}
        self.done: set[str] = set()
        self.streams = 0

    def act(self) -> None:
        names = [name for name in self.record.names() if name not in self.done]
        if not names:
            return self.pause()
        targets = [watch_pb2.WatchTarget(job=name, from_sequence=self.next.setdefault(name, 1)) for name in names]
        request = watch_pb2.WatchRequest(targets=targets)
        request.heartbeat_interval.seconds = 1
        self.streams += 1
        self.ask(lambda client: self._read(client.watches.Watch(request)))

    def finish(self) -> None:
        while not self.world.all_submitted.is_set() or any(name not in self.done for name in self.record.names()):
            self.act()

    def _read(self, stream: grpc.Call) -> bool:
        leave = time.monotonic() + self.random.uniform(0.05, 1)
        for response in stream:
            for event in response.events:
                self._see(event)
            if time.monotonic() > leave:
                stream.cancel()
                break
        return True

    def _see(self, event: event_pb2.Event) -> None:
        expected = self.next[event.job]
        if event.sequence != expected:
            self.record.fault(f"{self.name}: event {event.sequence} of {event.job} came where {expected} was to come")
        self.next[event.job] = event.sequence + 1
        if is_terminal(event):
            self.done.add(event.job)
        self.record.saw(event)


class WatcherOfAll(Actor):
    """Watches all jobs that are submitted in this life of the server, those yet to come included."""

    def act(self) -> None:
        life = self.world.life
        target = watch_pb2.WatchTarget(job="jobs/-", filter=f'labels.life = "{life}"')
        request = watch_pb2.WatchRequest(targets=[target])
        request.heartbeat_interval.seconds = 1
        self.ask(lambda client: self._read(client.watches.Watch(request), life))

    def _read(self, stream: grpc.Call, life: int) -> bool:
        next_of: dict[str, int] = {}
        for response in stream:
            for event in response.events:
                if event.sequence != next_of.setdefault(event.job, 1):
                    self.record.fault(f"{self.name}: event {event.sequence} of {event.job} came out of order")
                next_of[event.job] = event.sequence + 1
                self.record.compare(event)
            if self.world.life != life or self.world.settling.is_set():
                stream.cancel()
                break
        return True
