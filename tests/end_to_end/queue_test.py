#!/usr/bin/python3
"""More jobs than can run: they wait, go in their order, and all end. QUEUE_JOBS chooses how many."""

import os
import unittest

import grpc

from hostile import Memory, expect_growth_below
from trainyard.v1 import event_pb2, job_pb2, watch_pb2
from trainyard_testing import Client, Run, ServerTest
from watching import endless_spec, iris_spec, is_terminal

JOBS = int(os.environ.get("QUEUE_JOBS", "1000"))
PRIORITIES = 3
HIGHEST = 1000

# What the server may take for the one that runs, and for each that waits: its spec, its row, its part of the log.
RUNNING_BYTES = 128 << 20
WAITING_JOB_BYTES = 16 << 10


def read_ends(stream: grpc.Call, count: int) -> dict[str, int]:
    """The states in which so many jobs ended."""
    ends: dict[str, int] = {}
    for response in stream:
        ends.update({event.job: event.state_changed.state for event in response.events if is_terminal(event)})
        if len(ends) == count:
            stream.cancel()
            return ends
    raise AssertionError("the stream ended by itself")


class QueueTest(ServerTest):
    """On one worker, which a job of the highest priority has until all others wait."""

    # Memory for some dozens of them.
    flags = ("--workers", "1", "--job-memory", "16MiB")
    datasets = ("iris",)

    def setUp(self) -> None:
        self.blocker = self.client.create_job(endless_spec(), priority=HIGHEST).name
        self.client.follow_until(self.blocker, Run(), lambda run: run.steps > 0)

    def submit(self, count: int, team: str, steps: int = 1) -> list[job_pb2.Job]:
        return [
            self.client.create_job(iris_spec(steps), priority=i % PRIORITIES, labels={"team": team})
            for i in range(count)
        ]

    def team(self, team: str) -> list[job_pb2.Job]:
        """Page by page."""
        jobs: list[job_pb2.Job] = []
        request = job_pb2.ListJobsRequest(filter=f'labels.team = "{team}"', page_size=100)
        while True:
            page = self.client.jobs.ListJobs(request)
            jobs.extend(page.jobs)
            if not page.next_page_token:
                return jobs
            request.page_token = page.next_page_token

    def ends(self, team: str, count: int) -> dict[str, int]:
        target = watch_pb2.WatchTarget(job="jobs/-", filter=f'labels.team = "{team}"')
        stream = self.client.watches.Watch(watch_pb2.WatchRequest(targets=[target]), timeout=600)
        self.client.cancel_job(self.blocker)
        return read_ends(stream, count)

    def test_all_end_and_begin_by_priority_and_submission(self) -> None:
        with Memory(self.server.process.pid) as memory:
            jobs = self.submit(JOBS, "order")
            self.assertEqual({job.name for job in self.team("order")}, {job.name for job in jobs})
            ends = self.ends("order", JOBS)
            growth = memory.growth()
        self.assertEqual(set(ends), {job.name for job in jobs})
        self.assertEqual(set(ends.values()), {event_pb2.STATE_SUCCEEDED})
        print(f"{JOBS} jobs; the server grew by {growth / 1e6:.1f} MB")
        expect_growth_below(self, growth, RUNNING_BYTES + JOBS * WAITING_JOB_BYTES)

        begun = sorted(self.team("order"), key=lambda job: job.start_time.ToNanoseconds())
        wanted = sorted(jobs, key=lambda job: -job.priority)  # stable: by submission
        # Two were let in before higher priorities came, and go whenever there is no memory for those.
        early = [job.name for job in jobs[:2]]
        self.assertEqual(
            [job.name for job in begun if job.name not in early], [job.name for job in wanted if job.name not in early]
        )

    def test_a_job_that_waits_is_cancelled_whatever_has_the_workers(self) -> None:
        jobs = self.submit(20, "cancel")
        for job in jobs:
            self.assertEqual(self.client.cancel_job(job.name).state, event_pb2.STATE_CANCELLED)
        self.client.cancel_job(self.blocker)

    def test_a_higher_priority_that_comes_later_goes_before_those_that_wait(self) -> None:
        low = self.submit(50, "late")
        high = self.client.create_job(iris_spec(1), priority=HIGHEST - 1, labels={"team": "late"})
        self.ends("late", len(low) + 1)
        begun = sorted(self.team("late"), key=lambda job: job.start_time.ToNanoseconds())
        self.assertEqual(begun[0].name, high.name)

    def test_jobs_of_many_slices_all_end_within_the_memory_of_jobs(self) -> None:
        jobs = self.submit(100, "slices", steps=3000)
        with Memory(self.server.process.pid) as memory:
            ends = self.ends("slices", len(jobs))
            growth = memory.growth()
        self.assertEqual(set(ends.values()), {event_pb2.STATE_SUCCEEDED})
        expect_growth_below(self, growth, RUNNING_BYTES)

    def test_jobs_that_save_without_end_hold_nobody_up(self) -> None:
        spec = endless_spec()
        spec.checkpoints.every_steps = 1
        saving = [self.client.create_job(spec).name for _ in range(2)]
        self.client.cancel_job(self.blocker)
        for job in saving:
            self.client.follow_until(job, Run(), lambda run: len(run.of_kind("checkpoint_saved")) >= 100)
        for _ in range(10):
            self.assertEqual(self.client.train(iris_spec(100)).state, event_pb2.STATE_SUCCEEDED)
        for job in saving:
            self.assertEqual(self.client.cancel_job(job).state, event_pb2.STATE_CANCELLED)


if __name__ == "__main__":
    unittest.main()
