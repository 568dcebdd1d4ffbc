#!/usr/bin/python3
"""What an ended job's log gives: watches, lists and metrics."""

import unittest

import grpc

from trainyard.v1 import event_pb2, job_pb2, metric_pb2, watch_pb2
from trainyard_testing import ServerTest, chunk, chunks
from watching import HISTORY_STEPS, by_job, events_of, iris_spec, is_terminal, watch_request

ALL_SERIES = {
    metric_pb2.SERIES_LOSS,
    metric_pb2.SERIES_GRADIENT_NORM,
    metric_pb2.SERIES_LEARNING_RATE,
    metric_pb2.SERIES_MOMENTUM,
}


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


if __name__ == "__main__":
    unittest.main()
