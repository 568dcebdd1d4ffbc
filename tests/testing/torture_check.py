"""After the last death: what was acknowledged is there, as it was, and every job ended as where nobody interferes."""

import hashlib
from dataclasses import dataclass
from typing import Iterable

import grpc

from steering import repeated
from torture_clients import Watcher
from torture_record import Record, Submitted, hash_of
from trainyard.v1 import dataset_pb2, event_pb2, job_pb2, model_pb2, spec_pb2
from trainyard_testing import Client, model_of
from watching import is_terminal

PAGE = 1000


@dataclass(frozen=True)
class Ending:
    """What the spec, the data and the seed decide."""

    state: int
    stop_reason: int
    parameters_step: int
    attempt: int
    parameters_digest: str


def ending_of(client: Client, job: job_pb2.Job) -> Ending:
    digest = client.get_model(job.name).parameters_digest
    return Ending(job.state, job.stop_reason, job.parameters_step, job.attempt, digest)


def undisturbed(client: Client, kinds: dict[str, spec_pb2.JobSpec]) -> dict[str, Ending]:
    """Of each kind, on a server that lives."""
    jobs = {kind: client.create_job(spec).name for kind, spec in kinds.items()}
    return {kind: ending_of(client, ended(client, job)) for kind, job in jobs.items()}


def ended(client: Client, job: str) -> job_pb2.Job:
    for _ in client.watch(job):
        pass
    return client.ended_job(job)


def log_of(client: Client, job: str) -> list[event_pb2.Event]:
    events: list[event_pb2.Event] = []
    while not events or not is_terminal(events[-1]):
        request = job_pb2.ListEventsRequest(job=job, from_sequence=len(events) + 1, page_size=PAGE)
        page = client.jobs.ListEvents(request).events
        if not page:
            break
        events.extend(page)
    return events


def check_all(client: Client, record: Record, endings: dict[str, Ending], watchers: Iterable[Watcher]) -> None:
    """Adds to the record's faults."""
    _check_that_no_job_is_unknown(client, record)
    for dataset in record.datasets.values():
        _check_dataset(client, record, dataset)
    for name in record.deleted_datasets:
        request = dataset_pb2.GetDatasetRequest(name=name)
        _expect_gone(record, name, lambda: client.datasets.GetDataset(request))
    for name, submitted in record.jobs.items():
        if submitted.deleted:
            _expect_gone(record, name, lambda: client.get_job(name))
        else:
            _check_job(client, record, submitted, endings[submitted.kind], watchers)


def _check_dataset(client: Client, record: Record, dataset: dataset_pb2.Dataset) -> None:
    try:
        found = client.datasets.GetDataset(dataset_pb2.GetDatasetRequest(name=dataset.name))
        rows = client.datasets.ReadExamples(dataset_pb2.ReadExamplesRequest(dataset=dataset.name, row_count=1000)).rows
    except grpc.RpcError as error:
        return record.fault(f"{dataset.name} was committed: {error.details()}")
    if found != dataset or len(rows) != min(dataset.row_count, 1000):
        record.fault(f"{dataset.name} is not what was committed")


def _expect_gone(record: Record, name: str, get) -> None:
    try:
        get()
    except grpc.RpcError as error:
        if error.code() == grpc.StatusCode.NOT_FOUND:
            return
    record.fault(f"{name} was deleted and is there")


def _check_job(
    client: Client, record: Record, submitted: Submitted, expected: Ending, watchers: Iterable[Watcher]
) -> None:
    name = submitted.job.name
    try:
        job, events = client.get_job(name), log_of(client, name)
    except grpc.RpcError as error:
        return record.fault(f"{name} was accepted: {error.details()}")
    _check_log(record, job, events, watchers)
    _check_changes(record, submitted, job, events)
    asked = submitted.request.job
    if (job.display_name, job.labels, job.priority) != (asked.display_name, asked.labels, asked.priority):
        record.fault(f"{name} is not the job that was submitted")
    cancelled = job.state == event_pb2.STATE_CANCELLED
    if cancelled != submitted.cancelled and not (submitted.maybe_cancelled and not submitted.cancelled):
        record.fault(f"{name} ended as {event_pb2.State.Name(job.state)}; cancelled was {submitted.cancelled}")
    if cancelled and job.parameters_held == event_pb2.PARAMETERS_HELD_NONE:
        return
    _check_model(client, record, submitted, job)
    if cancelled:
        return
    if job.changes:
        record.steered += 1
        expected = ending_of(client, ended(client, client.jobs.CreateJob(repeated(job)).name))
    if (found := ending_of(client, job)) != expected:
        record.fault(f"{name} ({submitted.kind}) ended as {found}; undisturbed it is {expected}")


def _check_changes(
    record: Record, submitted: Submitted, job: job_pb2.Job, events: list[event_pb2.Event]
) -> None:
    if list(job.changes)[: len(submitted.changes)] != submitted.changes:
        record.fault(f"an acknowledged change of {job.name} is lost")
    if [event.spec_changed for event in events if event.HasField("spec_changed")] != list(job.changes):
        record.fault(f"the log of {job.name} does not have the job's changes")


def _check_log(
    record: Record, job: job_pb2.Job, events: list[event_pb2.Event], watchers: Iterable[Watcher]
) -> None:
    if [event.sequence for event in events] != list(range(1, len(events) + 1)):
        record.fault(f"the log of {job.name} has a gap or a repeat")
    if events[-1].state_changed.state != job.state or job.newest_sequence != len(events):
        record.fault(f"the log of {job.name} does not end as the job")
    for event in events:
        record.recoveries += event.HasField("recovered")
        if record.events[job.name].get(event.sequence) != hash_of(event):
            record.fault(f"event {event.sequence} of {job.name} is not what watchers saw")
    if any(sequence > len(events) for sequence in record.events[job.name]):
        record.fault(f"events of {job.name} that watchers saw are lost")
    for watcher in watchers:
        if watcher.next.get(job.name) != len(events) + 1:
            seen = watcher.next.get(job.name, 1) - 1
            record.fault(f"{watcher.name} saw {seen} of {len(events)} events of {job.name}")


def _check_model(client: Client, record: Record, submitted: Submitted, job: job_pb2.Job) -> None:
    content = client.export(model_of(job.name), model_pb2.EXPORT_FORMAT_NPZ)
    if submitted.export not in (None, hashlib.sha256(content).digest()):
        record.fault(f"the model of {job.name} is not what was exported")


def _check_that_no_job_is_unknown(client: Client, record: Record) -> None:
    token = ""
    while True:
        page = client.jobs.ListJobs(job_pb2.ListJobsRequest(page_size=PAGE, page_token=token))
        for job in page.jobs:
            if job.name not in record.jobs:
                record.fault(f"nobody was told of {job.name}")
        token = page.next_page_token
        if not token:
            return
