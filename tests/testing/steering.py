"""Changing jobs, forking them, and the digests of their checkpoints."""

from typing import Optional

from google.protobuf import field_mask_pb2

from trainyard.v1 import event_pb2, job_pb2, metric_pb2, optimizer_pb2, spec_pb2
from trainyard_testing import Client


def update_job(client: Client, name: str, *paths: str, etag: str = "", **fields: object) -> job_pb2.Job:
    """`paths` of the `fields` of a Job."""
    job = job_pb2.Job(name=name, etag=etag, **fields)
    mask = field_mask_pb2.FieldMask(paths=paths)
    return client.jobs.UpdateJob(job_pb2.UpdateJobRequest(job=job, update_mask=mask))


def set_learning_rate(client: Client, name: str, value: float) -> job_pb2.Job:
    spec = spec_pb2.JobSpec(optimizer=optimizer_pb2.Optimizer(learning_rate=value))
    return update_job(client, name, "spec.optimizer.learning_rate", spec=spec)


def fork_request(
    name: str, *paths: str, from_step: Optional[int] = None, request_id: str = "", **fields: object
) -> job_pb2.ForkJobRequest:
    mask = field_mask_pb2.FieldMask(paths=paths)
    return job_pb2.ForkJobRequest(
        name=name, from_step=from_step, job=job_pb2.Job(**fields), update_mask=mask, request_id=request_id
    )


def events(client: Client, name: str) -> list[event_pb2.Event]:
    found: list[event_pb2.Event] = []
    while True:
        page = client.jobs.ListEvents(
            job_pb2.ListEventsRequest(job=name, from_sequence=len(found) + 1, page_size=1000)
        )
        found.extend(page.events)
        if page.next_sequence > page.newest_sequence:
            return found


def of_kind(client: Client, name: str, kind: str) -> list[event_pb2.Event]:
    return [event for event in events(client, name) if event.WhichOneof("kind") == kind]


def digests(client: Client, name: str, from_step: int = 0, every: int = 5) -> dict[int, str]:
    """Of the newest attempt's checkpoints at every so many steps and of the last, by step."""
    saved = of_kind(client, name, "checkpoint_saved")
    return {
        event.step: event.checkpoint_saved.parameters_digest
        for event in saved
        if event.attempt == saved[-1].attempt
        and event.step > from_step
        and (event.step % every == 0 or event.step == saved[-1].step)
    }


def set_steps(client: Client, name: str, steps: int) -> job_pb2.Job:
    return update_job(client, name, "spec.budget", spec=spec_pb2.JobSpec(budget=spec_pb2.Budget(steps=steps)))


def learning_rates(client: Client, name: str) -> dict[int, float]:
    """By step; of equal steps the newest attempt's."""
    request = job_pb2.GetMetricsRequest(job=name, series=[metric_pb2.SERIES_LEARNING_RATE], max_points=100_000)
    series = client.jobs.GetMetrics(request).series[0]
    return dict(zip(series.steps, series.values))


def repeated(job: job_pb2.Job) -> job_pb2.CreateJobRequest:
    """A job that repeats the run of `job`."""
    return job_pb2.CreateJobRequest(job=job_pb2.Job(spec=job.spec, changes=job.changes))
