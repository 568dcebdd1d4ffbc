"""Watches of several jobs, and what a stream of events says."""

import collections
from typing import Callable, Iterator

import grpc

import trainyard_testing
from trainyard.v1 import event_pb2, spec_pb2, watch_pb2
from trainyard_testing import Run

HISTORY_STEPS = 20_000


def iris_spec(steps: int) -> spec_pb2.JobSpec:
    """About 5 microseconds a step; evaluated, so that not all events are metrics."""
    return spec_pb2.JobSpec(
        data=spec_pb2.TrainingData(dataset="datasets/iris", validation_fraction=0.2),
        evaluation=spec_pb2.EvaluationPlan(every_steps=max(steps // 20, 1)),
        budget=spec_pb2.Budget(steps=steps),
    )


def endless_spec() -> spec_pb2.JobSpec:
    return iris_spec(10**12)


def watch_request(*jobs: str, heartbeat_seconds: int = 0, **options: object) -> watch_pb2.WatchRequest:
    request = watch_pb2.WatchRequest(targets=[watch_pb2.WatchTarget(job=job) for job in jobs], **options)
    if heartbeat_seconds > 0:
        request.heartbeat_interval.seconds = heartbeat_seconds
    return request


def is_terminal(event: event_pb2.Event) -> bool:
    return event.state_changed.state in trainyard_testing.TERMINAL_STATES


def by_job(events: list[event_pb2.Event]) -> dict[str, Run]:
    """Each job's events, which must follow one another without gap or repeat."""
    runs: dict[str, Run] = collections.defaultdict(Run)
    for event in events:
        runs[event.job].add(event)
    return dict(runs)


def events_of(stream: Iterator[watch_pb2.WatchResponse]) -> list[event_pb2.Event]:
    return [event for response in stream for event in response.events]


def read_until(
    stream: grpc.Call, reached: Callable[[list[event_pb2.Event], watch_pb2.WatchResponse], bool]
) -> list[event_pb2.Event]:
    """Leaves once `reached`(all events so far, the last message)."""
    events: list[event_pb2.Event] = []
    for response in stream:
        events.extend(response.events)
        if reached(events, response):
            stream.cancel()
            return events
    raise AssertionError("the stream ended by itself")
