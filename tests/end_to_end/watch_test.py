#!/usr/bin/python3
"""The guarantees of WatchService while jobs run."""

import contextlib
import sqlite3
import unittest

import grpc

import trainyard_testing
from scraping import wait_until
from trainyard.v1 import event_pb2, job_pb2, spec_pb2, watch_pb2
from trainyard_testing import Client, Run, ServerTest
from watching import HISTORY_STEPS, by_job, endless_spec, events_of, iris_spec, is_terminal, read_until, watch_request

# Enough for a log that is longer than what one connection holds in its buffers.
LONG_STEPS = 200_000


def all_jobs_request(team: str, heartbeat_seconds: int = 0) -> watch_pb2.WatchRequest:
    request = watch_request("jobs/-", heartbeat_seconds=heartbeat_seconds)
    request.targets[0].filter = f'labels.team = "{team}"'
    return request


def ended_jobs(events: list[event_pb2.Event]) -> set[str]:
    return {event.job for event in events if is_terminal(event)}


def read_until_caught_up(stream: grpc.Call) -> list[event_pb2.Event]:
    events: list[event_pb2.Event] = []
    for response in stream:
        events.extend(response.events)
        if response.HasField("heartbeat"):
            return events
    raise AssertionError("the stream ended by itself")


class LiveTest(ServerTest):
    """Jobs that run while they are watched."""

    datasets = ("iris",)

    def begun(self, spec: spec_pb2.JobSpec, **fields: object) -> job_pb2.Job:
        job = self.client.create_job(spec, **fields)
        self.addCleanup(self.end, job.name)
        self.client.follow_until(job.name, Run(), lambda run: run.steps > 0)
        return job

    def end(self, name: str) -> None:
        if self.client.get_job(name).state not in trainyard_testing.TERMINAL_STATES:
            try:
                self.client.cancel_job(name)
            except grpc.RpcError as error:
                self.assertEqual(trainyard_testing.refusal_of(error).reason, "JOB_ENDED")

    def test_the_terminal_event_always_arrives_and_is_the_last(self) -> None:
        for steps in (1, 2, 63, 64, 65, 5000):
            run = self.client.follow(self.client.create_job(iris_spec(steps)).name)
            self.assertEqual([event.sequence for event in run.events if is_terminal(event)], [len(run.events)])
            self.assertEqual(run.steps, steps)

    def test_the_terminal_event_of_a_cancelled_job_arrives(self) -> None:
        job = self.begun(endless_spec())
        stream = self.client.stream(job.name)
        next(stream)
        self.client.cancel_job(job.name)
        events = events_of(stream)
        self.assertEqual(events[-1].state_changed.state, event_pb2.STATE_CANCELLED)
        self.assertEqual(stream.code(), grpc.StatusCode.OK)

    def test_who_has_seen_the_terminal_event_finds_the_job_ended(self) -> None:
        for _ in range(20):
            job = self.client.create_job(iris_spec(10))
            run = self.client.follow(job.name)
            self.assertEqual(self.client.get_job(job.name).state, run.terminal.state)

    def test_a_job_that_is_said_to_have_ended_has_its_terminal_event_in_the_log(self) -> None:
        for _ in range(20):
            job = self.client.ended_job(self.client.create_job(iris_spec(10)).name)
            request = job_pb2.ListEventsRequest(job=job.name, page_size=1000)
            self.assertTrue(is_terminal(self.client.jobs.ListEvents(request).events[-1]))

    def test_a_watch_from_the_newest_plus_1_sees_what_comes_next_first(self) -> None:
        job = self.begun(endless_spec())
        self.client.pause_job(job.name)
        seen = self.client.follow_until(job.name, Run(), lambda run: run.states()[-1] == "STATE_PAUSED")
        newest = len(seen.events)
        stream = self.client.stream(job.name, newest + 1)
        self.client.resume_job(job.name)
        events = read_until(stream, lambda events, _: len(events) > 0)
        self.assertEqual(events[0].sequence, newest + 1)
        self.assertEqual(events[0].state_changed.state, event_pb2.STATE_RUNNING)

    def test_when_nothing_happens_a_heartbeat_carries_the_newest_number(self) -> None:
        job = self.begun(endless_spec())
        self.client.pause_job(job.name)
        heartbeats: list[watch_pb2.Heartbeat] = []

        def collect(events: list[event_pb2.Event], response: watch_pb2.WatchResponse) -> bool:
            if response.HasField("heartbeat"):
                heartbeats.append(response.heartbeat)
            return len(heartbeats) == 3

        stream = self.client.watches.Watch(watch_request(job.name, heartbeat_seconds=1), timeout=10)
        events = read_until(stream, collect)
        newest = events[-1].sequence
        self.assertEqual(events[-1].state_changed.state, event_pb2.STATE_PAUSED)
        for heartbeat in heartbeats:
            self.assertEqual([(entry.job, entry.sequence) for entry in heartbeat.newest], [(job.name, newest)])
        self.assertEqual(self.client.get_job(job.name).newest_sequence, newest)

    def test_a_stream_that_has_caught_up_says_so_once(self) -> None:
        job = self.begun(endless_spec())
        self.client.pause_job(job.name)
        stream = self.client.stream(job.name)
        read_until(stream, lambda _, response: response.HasField("heartbeat"))

    def test_a_watcher_that_disconnects_never_cancels_the_job(self) -> None:
        job = self.client.create_job(iris_spec(LONG_STEPS))
        for _ in range(5):
            stream = self.client.stream(job.name)
            next(stream)
            stream.cancel()
        with Client(self.server.address) as other:
            next(other.stream(job.name))
        self.assertEqual(self.client.follow(job.name).terminal.state, event_pb2.STATE_SUCCEEDED)

    def test_a_watcher_that_has_left_is_not_counted_any_more(self) -> None:
        job = self.begun(endless_spec())
        streams = [self.client.stream(job.name) for _ in range(3)]
        for stream in streams:
            next(stream)
        self.assertEqual(self.client.server_info().watchers, 3)
        for stream in streams:
            stream.cancel()
        while self.client.server_info().watchers > 0:
            pass

    def test_many_jobs_come_on_one_stream_each_whole(self) -> None:
        names = [self.client.create_job(iris_spec(50 + 200 * i)).name for i in range(20)]
        stream = self.client.watches.Watch(watch_request(*names))
        runs = by_job(events_of(stream))
        self.assertEqual(stream.code(), grpc.StatusCode.OK)
        self.assertEqual(set(runs), set(names))
        for i, name in enumerate(names):
            self.assertTrue(is_terminal(runs[name].events[-1]))
            self.assertEqual(runs[name].steps, 50 + 200 * i)

    def test_each_target_begins_at_its_own_number(self) -> None:
        names = [self.client.train(iris_spec(500)).name for _ in range(3)]
        targets = [watch_pb2.WatchTarget(job=name, from_sequence=i + 1) for i, name in enumerate(names)]
        events = events_of(self.client.watches.Watch(watch_pb2.WatchRequest(targets=targets)))
        for i, name in enumerate(names):
            first = next(event for event in events if event.job == name)
            self.assertEqual(first.sequence, i + 1)

    def test_all_jobs_that_match_come_on_one_stream_those_yet_to_come_included(self) -> None:
        before = [self.client.train(iris_spec(100), labels={"team": "a"}).name]
        self.client.train(iris_spec(100), labels={"team": "b"})
        stream = self.client.watches.Watch(all_jobs_request("a"))
        read = read_until_caught_up(stream)
        after = [self.client.create_job(iris_spec(100), labels={"team": "a"}).name for _ in range(5)]
        self.client.create_job(iris_spec(100), labels={"team": "b"})
        self.client.create_job(iris_spec(100))
        wanted = set(before + after)
        events = read + read_until(stream, lambda events, _: ended_jobs(read + events) >= wanted)
        runs = by_job(events)
        self.assertEqual(set(runs), wanted)
        for run in runs.values():
            self.assertTrue(is_terminal(run.events[-1]))

    def test_short_jobs_that_come_while_all_are_watched_are_told_once(self) -> None:
        stream = self.client.watches.Watch(all_jobs_request("many", heartbeat_seconds=1))
        read_until_caught_up(stream)
        job = job_pb2.Job(spec=iris_spec(1), labels={"team": "many"})
        request = job_pb2.CreateJobRequest(job=job)
        created = [self.client.jobs.CreateJob.future(request) for _ in range(100)]
        wanted = {future.result().name for future in created}
        quiet = lambda events, response: ended_jobs(events) >= wanted and response.HasField("heartbeat")
        self.assertEqual(set(by_job(read_until(stream, quiet))), wanted)

    def test_a_heartbeat_names_the_jobs_that_have_not_ended(self) -> None:
        self.client.train(iris_spec(1), labels={"team": "heart"})
        job = self.begun(endless_spec(), labels={"team": "heart"})
        self.client.pause_job(job.name)
        stream = self.client.watches.Watch(all_jobs_request("heart", heartbeat_seconds=1))
        heartbeats: list[watch_pb2.Heartbeat] = []

        def collect(events: list[event_pb2.Event], response: watch_pb2.WatchResponse) -> bool:
            heartbeats.extend([response.heartbeat] if response.HasField("heartbeat") else [])
            return len(heartbeats) == 2

        read_until(stream, collect)
        self.assertEqual([entry.job for entry in heartbeats[-1].newest], [job.name])

    def test_fifty_watchers_see_the_same_events(self) -> None:
        job = self.client.create_job(iris_spec(HISTORY_STEPS))
        streams = [self.client.stream(job.name) for _ in range(50)]
        first = events_of(streams[0])
        by_job(first)
        self.assertTrue(is_terminal(first[-1]))
        for stream in streams[1:]:
            self.assertEqual(events_of(stream), first)

    def test_a_watcher_that_does_not_read_for_a_while_gets_everything_later_and_hears_of_its_lag(self) -> None:
        job = self.client.create_job(iris_spec(LONG_STEPS))
        slow = self.slow_client().stream(job.name)
        next_responses = [next(slow)]
        whole = self.client.follow(job.name)
        self.assertEqual(whole.terminal.state, event_pb2.STATE_SUCCEEDED)
        responses = next_responses + list(slow)
        self.assertEqual(slow.code(), grpc.StatusCode.OK)
        run = Run()
        lags = []
        for response in responses:
            for event in response.events:
                run.add(event)
            if response.HasField("lag"):
                lag = response.lag
                lags.append(lag)
                self.assertEqual((lag.job, lag.delivered_sequence), (job.name, len(run.events)))
                self.assertGreater(lag.newest_sequence, lag.delivered_sequence + 250)
        self.assertEqual(run.events, whole.events)
        self.assertGreater(len(lags), 0)

    def test_a_slow_watcher_never_slows_the_job(self) -> None:
        job = self.client.create_job(iris_spec(LONG_STEPS))
        slow = self.slow_client().stream(job.name)
        next(slow)
        self.assertEqual(self.client.ended_job(job.name).state, event_pb2.STATE_SUCCEEDED)
        slow.cancel()

    def test_a_job_deleted_while_it_is_watched_is_not_found(self) -> None:
        job = self.client.create_job(iris_spec(4 * LONG_STEPS))
        slow = self.slow_client().stream(job.name)
        next(slow)
        self.client.ended_job(job.name)
        self.delete(job.name)
        wait_until(lambda: self.jobs_under_deletion() == 0)
        with self.assertRaises(grpc.RpcError) as raised:
            events_of(slow)
        self.assertEqual(raised.exception.code(), grpc.StatusCode.NOT_FOUND)

    def jobs_under_deletion(self) -> int:
        """Of whom something is left on the disk."""
        with contextlib.closing(sqlite3.connect(self.server.data / "trainyard.db")) as database:
            return database.execute("SELECT count(*) FROM jobs WHERE deleted").fetchone()[0]

    def slow_client(self) -> Client:
        return self.enterContext(Client(self.server.address, trainyard_testing.SMALL_WINDOW))

    def delete(self, name: str) -> None:
        while True:
            try:
                self.client.jobs.DeleteJob(job_pb2.DeleteJobRequest(name=name))
                return
            except grpc.RpcError as error:
                self.assertEqual(trainyard_testing.refusal_of(error).reason, "JOB_ACTIVE")

    def test_metrics_of_a_running_job_can_be_asked(self) -> None:
        job = self.begun(endless_spec())
        response = self.client.jobs.GetMetrics(job_pb2.GetMetricsRequest(job=job.name, max_points=10))
        for points in response.series:
            self.assertLessEqual(len(points.steps), 10)
            self.assertGreater(len(points.steps), 0)


if __name__ == "__main__":
    unittest.main()
