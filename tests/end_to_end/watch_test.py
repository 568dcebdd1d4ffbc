#!/usr/bin/python3
"""The guarantees of WatchService, each by its name, on a real server; and what else reads the log."""

import collections
import unittest
from typing import Callable, Iterator

import grpc

import trainyard_testing
from trainyard.v1 import event_pb2, job_pb2, metric_pb2, spec_pb2, watch_pb2
from trainyard_testing import Client, Run, ServerTest

HISTORY_STEPS = 20_000

# Enough for a log that is longer than what one connection holds in its buffers.
LONG_STEPS = 200_000
ALL_SERIES = {
    metric_pb2.SERIES_LOSS,
    metric_pb2.SERIES_GRADIENT_NORM,
    metric_pb2.SERIES_LEARNING_RATE,
    metric_pb2.SERIES_MOMENTUM,
}


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


def all_jobs_request(team: str, heartbeat_seconds: int = 0) -> watch_pb2.WatchRequest:
    request = watch_request("jobs/-", heartbeat_seconds=heartbeat_seconds)
    request.targets[0].filter = f'labels.team = "{team}"'
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


def ended_jobs(events: list[event_pb2.Event]) -> set[str]:
    return {event.job for event in events if is_terminal(event)}


class EndedJobTest(ServerTest):
    """A job that has ended before the watch begins."""

    datasets = ("iris",)

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.job = cls.client.train(iris_spec(HISTORY_STEPS))
        cls.history = cls.client.follow(cls.job.name)

    def test_ordered_without_gap_or_repeat_from_1_to_the_newest(self) -> None:
        self.assertEqual([event.sequence for event in self.history.events], list(range(1, len(self.history.events) + 1)))
        self.assertEqual(self.job.newest_sequence, len(self.history.events))
        self.assertEqual(self.history.states(), ["STATE_QUEUED", "STATE_RUNNING", "STATE_SUCCEEDED"])
        self.assertEqual(set(self.history.series), ALL_SERIES)
        for values in self.history.series.values():
            self.assertEqual(len(values), HISTORY_STEPS)

    def test_resumable_from_any_number(self) -> None:
        newest = len(self.history.events)
        for first in (1, 2, 17, 64, 65, newest // 2, newest - 1, newest):
            with self.subTest(first=first):
                self.assertEqual(list(self.client.watch(self.job.name, first)), self.history.events[first - 1 :])

    def test_the_stream_ends_ok_after_the_terminal_event(self) -> None:
        stream = self.client.stream(self.job.name)
        events = events_of(stream)
        self.assertEqual(stream.code(), grpc.StatusCode.OK)
        self.assertEqual([event.sequence for event in events if is_terminal(event)], [len(events)])

    def test_after_the_terminal_event_nothing_comes_and_the_stream_ends_ok(self) -> None:
        stream = self.client.watches.Watch(
            watch_pb2.WatchRequest(
                targets=[watch_pb2.WatchTarget(job=self.job.name, from_sequence=len(self.history.events) + 1)]
            ),
            timeout=5,
        )
        self.assertEqual(events_of(stream), [])
        self.assertEqual(stream.code(), grpc.StatusCode.OK)

    def test_a_number_beyond_the_newest_plus_1_is_out_of_range_with_the_newest(self) -> None:
        newest = len(self.history.events)
        refusal = self.refused(grpc.StatusCode.OUT_OF_RANGE, self.client.stream, self.job.name, newest + 2)
        self.assertEqual(refusal.metadata, {"oldest": "1", "newest": str(newest)})

    def test_a_number_below_the_oldest_is_out_of_range_with_the_oldest(self) -> None:
        refusal = self.refused(grpc.StatusCode.OUT_OF_RANGE, self.client.stream, self.job.name, -1)
        self.assertEqual(refusal.metadata, {"oldest": "1", "newest": str(len(self.history.events))})

    def test_a_job_named_twice_comes_once(self) -> None:
        events = events_of(self.client.watches.Watch(watch_request(self.job.name, self.job.name)))
        self.assertEqual(events, self.history.events)

    def test_pages_of_list_events_are_what_a_watcher_sees(self) -> None:
        events: list[event_pb2.Event] = []
        request = job_pb2.ListEventsRequest(job=self.job.name, page_size=7)
        while len(events) < len(self.history.events):
            page = self.client.jobs.ListEvents(request)
            events.extend(page.events)
            self.assertEqual(page.next_sequence, len(events) + 1)
            self.assertEqual((page.oldest_sequence, page.newest_sequence), (1, len(self.history.events)))
            request.from_sequence = page.next_sequence
        self.assertEqual(events, self.history.events)
        last = self.client.jobs.ListEvents(request)
        self.assertEqual((list(last.events), last.next_sequence), ([], len(events) + 1))

    def test_a_page_of_events_has_100_by_default(self) -> None:
        page = self.client.jobs.ListEvents(job_pb2.ListEventsRequest(job=self.job.name))
        self.assertEqual(list(page.events), self.history.events[:100])

    # ---- Less than everything

    def test_chosen_series_come_alone_and_the_sequence_stays_whole(self) -> None:
        wanted = [metric_pb2.SERIES_GRADIENT_NORM, metric_pb2.SERIES_MOMENTUM]
        events = events_of(self.client.watches.Watch(watch_request(self.job.name, series=wanted)))
        self.assertEqual(len(events), len(self.history.events))
        for event, whole in zip(events, self.history.events):
            if not event.HasField("metrics"):
                self.assertEqual(event, whole)
                continue
            self.assertEqual([column.series for column in event.metrics.columns], wanted)
            self.assertFalse(event.metrics.thinned)
        for series, values in by_job(events)[self.job.name].series.items():
            self.assertEqual(values, self.history.values(series))

    def thinned(self, rate: float, **options: object) -> list[event_pb2.Event]:
        request = watch_request(self.job.name, max_steps_per_second=rate, **options)
        return events_of(self.client.watches.Watch(request))

    def test_a_highest_rate_thins_metrics_alone_and_says_so(self) -> None:
        events = self.thinned(200)
        self.assertEqual([event.sequence for event in events], [event.sequence for event in self.history.events])
        chunks = 0
        for event, whole in zip(events, self.history.events):
            if not event.HasField("metrics"):
                self.assertEqual(event, whole)
                continue
            chunk, all_of_it = event.metrics, whole.metrics
            self.assertEqual((chunk.first_step, chunk.step_count), (all_of_it.first_step, all_of_it.step_count))
            if not chunk.thinned:
                self.assertEqual(event, whole)
                continue
            chunks += 1
            self.assertEqual(list(chunk.steps), sorted(set(chunk.steps)))
            self.assertLess(len(chunk.steps), chunk.step_count)
            for column in chunk.columns:
                values = self.history.values(column.series)
                kept = list(column.values) * (len(chunk.steps) if len(column.values) == 1 else 1)
                self.assertEqual(kept, [values[step] for step in chunk.steps])
        self.assertGreater(chunks, 0)

    def test_no_more_steps_have_values_than_the_highest_rate_allows(self) -> None:
        for rate in (0.5, 10, 200):
            events = [event for event in self.thinned(rate) if event.HasField("metrics")]
            seconds = (events[-1].time.ToNanoseconds() - events[0].time.ToNanoseconds()) / 1e9
            kept = sum(
                len(event.metrics.steps) if event.metrics.thinned else event.metrics.step_count for event in events
            )
            self.assertLessEqual(kept, rate * seconds + max(rate, 1))

    def test_a_thinned_chunk_keeps_the_steps_with_the_smallest_and_the_largest_loss(self) -> None:
        losses = self.history.values(metric_pb2.SERIES_LOSS)
        chunks = [event.metrics for event in self.thinned(500) if len(event.metrics.steps) >= 2]
        self.assertGreater(len(chunks), 0)
        for chunk in chunks:
            steps = range(chunk.first_step, chunk.first_step + chunk.step_count)
            kept = {losses[step] for step in chunk.steps}
            self.assertIn(min(losses[step] for step in steps), kept)
            self.assertIn(max(losses[step] for step in steps), kept)

    def test_chosen_series_and_a_highest_rate_go_together(self) -> None:
        for event in self.thinned(200, series=[metric_pb2.SERIES_LEARNING_RATE]):
            for column in event.metrics.columns:
                self.assertEqual(column.series, metric_pb2.SERIES_LEARNING_RATE)

    # ---- GetMetrics

    def metrics(self, **fields: object) -> job_pb2.GetMetricsResponse:
        return self.client.jobs.GetMetrics(job_pb2.GetMetricsRequest(job=self.job.name, **fields))

    def test_thinned_metrics_are_true_points_with_the_extrema(self) -> None:
        for max_points in (4, 5, 100, 1999):
            response = self.metrics(max_points=max_points)
            self.assertEqual({points.series for points in response.series}, ALL_SERIES)
            for points in response.series:
                values = self.history.values(points.series)
                self.assertTrue(points.thinned)
                self.assertLessEqual(len(points.steps), max_points)
                self.assertEqual(list(points.steps), sorted(set(points.steps)))
                self.assertEqual(list(points.values), [values[step] for step in points.steps])
                self.assertEqual(min(points.values), min(values))
                self.assertEqual(max(points.values), max(values))

    def test_metrics_that_fit_are_not_thinned(self) -> None:
        for points in self.metrics(max_points=HISTORY_STEPS).series:
            self.assertFalse(points.thinned)
            self.assertEqual(list(points.steps), list(range(HISTORY_STEPS)))
            self.assertEqual(list(points.values), self.history.values(points.series))

    def test_metrics_of_the_steps_wanted_include_both_ends(self) -> None:
        response = self.metrics(first_step=100, last_step=1100, series=[metric_pb2.SERIES_LOSS])
        self.assertEqual(len(response.series), 1)
        self.assertEqual(list(response.series[0].steps), list(range(100, 1101)))
        expected = [event for event in self.history.of_kind("evaluation") if 100 <= event.step <= 1100]
        self.assertEqual([point.step for point in response.evaluations], [event.step for event in expected])

    def test_metrics_bring_every_evaluation(self) -> None:
        expected = [(event.step, event.evaluation) for event in self.history.of_kind("evaluation")]
        self.assertGreater(len(expected), 0)
        points = [(point.step, point) for point in self.metrics(max_points=4).evaluations]
        self.assertEqual(points, expected)


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
                self.assertGreater(lag.newest_sequence, lag.delivered_sequence + 1000)
        self.assertEqual(run.events, whole.events)
        self.assertGreater(len(lags), 0)

    def test_a_slow_watcher_never_slows_the_job(self) -> None:
        job = self.client.create_job(iris_spec(LONG_STEPS))
        slow = self.slow_client().stream(job.name)
        next(slow)
        self.assertEqual(self.client.ended_job(job.name).state, event_pb2.STATE_SUCCEEDED)
        slow.cancel()

    def test_a_job_deleted_while_it_is_watched_is_not_found(self) -> None:
        job = self.client.create_job(iris_spec(LONG_STEPS))
        slow = self.slow_client().stream(job.name)
        next(slow)
        self.client.ended_job(job.name)
        self.delete(job.name)
        with self.assertRaises(grpc.RpcError) as raised:
            events_of(slow)
        self.assertEqual(raised.exception.code(), grpc.StatusCode.NOT_FOUND)

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


def read_until_caught_up(stream: grpc.Call) -> list[event_pb2.Event]:
    events: list[event_pb2.Event] = []
    for response in stream:
        events.extend(response.events)
        if response.HasField("heartbeat"):
            return events
    raise AssertionError("the stream ended by itself")


if __name__ == "__main__":
    unittest.main()
