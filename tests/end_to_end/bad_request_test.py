#!/usr/bin/python3
"""Bad names, filters, pages and numbers, and what an ended job does not do any more, are refused."""

import math
import unittest
from typing import Callable

import grpc

import trainyard_testing
from bad_input import NO_ID, BadInputTest, endless_spec, iris_spec
from trainyard.v1 import dataset_pb2, event_pb2, job_pb2, model_pb2, spec_pb2, watch_pb2
from trainyard_testing import Refusal

NAME_RULE = (
    "must be {0}/<id> with an id of 1 to 63 lower-case letters, digits, '.', '_' and '-', the first and the last a "
    "letter or a digit"
)


class NameTest(BadInputTest):
    BAD_IDS = (
        ("a slash", "a/b", "a/b"),
        ("300 characters", "x" * 300, "x" * 80),
        ("an emoji", "🚂", "🚂"),
        ("an upper-case letter", "Iris", "Iris"),
        ("nothing", "", ""),
        ("a point at the end", "iris.", "iris."),
    )

    def refused_names(self, field: str, collection: str, call: Callable[[str], object]) -> None:
        for what, id, shown in self.BAD_IDS:
            with self.subTest(what):
                name = f"{collection}/{id}"
                shown_name = name if len(name) < 300 else f"{name[:80]}… ({len(name)} bytes)"
                self.refused_field(f"{field} = {shown_name}, {NAME_RULE.format(collection)}", call, name)

    def test_a_data_set_is_not_created_under_a_bad_name(self) -> None:
        self.refused_names(
            "dataset.name", "datasets", lambda name: self.client.open_upload(name.removeprefix("datasets/"))
        )

    def test_a_data_set_is_not_looked_up_under_a_bad_name(self) -> None:
        get = lambda name: self.client.datasets.GetDataset(dataset_pb2.GetDatasetRequest(name=name))
        self.refused_names("name", "datasets", get)

    def test_a_job_is_not_looked_up_under_a_bad_name(self) -> None:
        self.refused_names("name", "jobs", self.client.get_job)

    def test_a_model_is_not_looked_up_under_a_bad_name(self) -> None:
        get = lambda name: self.client.models.GetModel(model_pb2.GetModelRequest(name=name))
        self.refused_names("name", "models", get)

    def test_a_watch_of_a_bad_name_names_its_target(self) -> None:
        def watch(name: str) -> None:
            for _ in self.client.stream(name):
                pass

        self.refused_names("targets[0].job", "jobs", watch)

    def test_an_unknown_data_set_is_not_found(self) -> None:
        request = dataset_pb2.GetDatasetRequest(name="datasets/none")
        refusal = self.refused(grpc.StatusCode.NOT_FOUND, self.client.datasets.GetDataset, request)
        self.assertEqual(refusal.reason, "NO_SUCH_DATA_SET")
        self.assertEqual(refusal.message, "there is no data set datasets/none")

    def test_an_unknown_job_is_not_found(self) -> None:
        name = f"jobs/{NO_ID}"
        jobs = self.client.jobs
        for call in (
            self.client.get_job,
            self.client.cancel_job,
            self.client.pause_job,
            self.client.resume_job,
            self.client.stream,
            lambda name: jobs.DeleteJob(job_pb2.DeleteJobRequest(name=name)),
            lambda name: jobs.ListEvents(job_pb2.ListEventsRequest(job=name)),
            lambda name: jobs.GetMetrics(job_pb2.GetMetricsRequest(job=name)),
        ):
            refusal = self.refused(grpc.StatusCode.NOT_FOUND, call, name)
            self.assertEqual((refusal.reason, refusal.message), ("NO_SUCH_JOB", f"there is no job {name}"))

    def test_an_unknown_model_is_not_found(self) -> None:
        name = f"models/{NO_ID}"
        models = self.client.models
        for call in (
            lambda: models.GetModel(model_pb2.GetModelRequest(name=name)),
            lambda: models.Predict(model_pb2.PredictRequest(model=name, dataset="datasets/iris")),
            lambda: models.Evaluate(model_pb2.EvaluateRequest(model=name, dataset="datasets/iris")),
            lambda: models.ExportModel(
                model_pb2.ExportModelRequest(model=name, format=model_pb2.EXPORT_FORMAT_NPZ)
            ),
            lambda: models.DeleteModel(model_pb2.DeleteModelRequest(name=name)),
        ):
            refusal = self.refused(grpc.StatusCode.NOT_FOUND, call)
            self.assertEqual((refusal.reason, refusal.message), ("NO_SUCH_MODEL", f"there is no model {name}"))


class EndedTest(BadInputTest):
    def ended(self, refusal: Refusal) -> None:
        self.assertEqual(refusal.reason, "JOB_ENDED")

    def test_a_job_is_cancelled_once(self) -> None:
        job = self.client.create_job(endless_spec())
        self.assertEqual(self.client.cancel_job(job.name).state, event_pb2.STATE_CANCELLED)
        self.ended(self.refused(grpc.StatusCode.FAILED_PRECONDITION, self.client.cancel_job, job.name))

    def test_an_ended_job_is_not_cancelled_paused_or_resumed(self) -> None:
        job = self.client.train(iris_spec())
        for call in (self.client.cancel_job, self.client.pause_job, self.client.resume_job):
            self.ended(self.refused(grpc.StatusCode.FAILED_PRECONDITION, call, job.name))
        self.assertEqual(self.client.get_job(job.name), job)

    def test_a_running_job_is_not_deleted_nor_its_model_nor_its_data_set(self) -> None:
        job = self.client.create_job(endless_spec(checkpoints=spec_pb2.CheckpointPlan(every_steps=1000)))
        self.client.follow_until(
            job.name, trainyard_testing.Run(), lambda run: bool(run.of_kind("checkpoint_saved"))
        )
        delete = lambda: self.client.jobs.DeleteJob(job_pb2.DeleteJobRequest(name=job.name))
        self.assertEqual(self.refused(grpc.StatusCode.FAILED_PRECONDITION, delete).reason, "JOB_ACTIVE")
        delete = lambda: self.client.models.DeleteModel(model_pb2.DeleteModelRequest(name=job.model))
        self.assertEqual(self.refused(grpc.StatusCode.FAILED_PRECONDITION, delete).reason, "JOB_ACTIVE")
        delete = lambda: self.client.datasets.DeleteDataset(dataset_pb2.DeleteDatasetRequest(name="datasets/iris"))
        refusal = self.refused(grpc.StatusCode.FAILED_PRECONDITION, delete)
        self.assertEqual((refusal.reason, refusal.metadata), ("DATASET_IN_USE", {"job": job.name}))
        self.client.cancel_job(job.name)

    def test_nothing_is_deleted_under_an_old_etag(self) -> None:
        job = self.client.train(iris_spec())
        self.client.upload(b"a,b\n1,2\n", "etag")
        for call in (
            lambda: self.client.jobs.DeleteJob(job_pb2.DeleteJobRequest(name=job.name, etag="old")),
            lambda: self.client.models.DeleteModel(model_pb2.DeleteModelRequest(name=job.model, etag="old")),
            lambda: self.client.datasets.DeleteDataset(
                dataset_pb2.DeleteDatasetRequest(name="datasets/etag", etag="old")
            ),
        ):
            self.assertEqual(self.refused(grpc.StatusCode.FAILED_PRECONDITION, call).reason, "ETAG_MISMATCH")
        self.assertEqual(self.client.get_job(job.name), job)


class ListTest(BadInputTest):
    def test_a_filter_that_can_not_be_read_is_refused_with_the_place(self) -> None:
        for filter, problem in (
            ("color = red", "one of the fields state, labels.<key>, display_name, dataset, create_time at character 1"),
            ("state < RUNNING", "= or != at character 7"),
            ("state = WALKING", "one of QUEUED, RUNNING, PAUSED, SUCCEEDED, FAILED, CANCELLED at character 9"),
            ('display_name = "x', 'a closing " at character 18'),
            ("state = RUNNING OR state = PAUSED", "AND at character 17"),
            ('create_time >= "yesterday"', 'a time as in "2026-01-31T00:00:00Z" at character 16'),
        ):
            message = f"filter = {filter}, must be comparisons joined by AND, with {problem}"
            self.refused_field(message, self.client.jobs.ListJobs, job_pb2.ListJobsRequest(filter=filter))

    def test_an_error_about_a_long_text_reaches_the_client(self) -> None:
        request = job_pb2.ListJobsRequest(filter="é" * 10_000)
        refusal = self.refused(grpc.StatusCode.INVALID_ARGUMENT, self.client.jobs.ListJobs, request)
        self.assertEqual(refusal.fields, ["filter"])
        self.assertRegex(refusal.message, "^filter = éé+…éé+, must be .* at character 1$")

    def test_a_filter_of_data_sets_knows_no_state(self) -> None:
        request = dataset_pb2.ListDatasetsRequest(filter="state = RUNNING")
        refusal = self.refused(grpc.StatusCode.INVALID_ARGUMENT, self.client.datasets.ListDatasets, request)
        self.assertEqual(refusal.fields, ["filter"])

    def test_a_page_token_that_can_not_be_read_is_refused(self) -> None:
        for call, request in (
            (self.client.jobs.ListJobs, job_pb2.ListJobsRequest(page_token="🚂")),
            (self.client.models.ListModels, model_pb2.ListModelsRequest(page_token="x")),
            (self.client.datasets.ListDatasets, dataset_pb2.ListDatasetsRequest(page_token="/")),
        ):
            refusal = self.refused(grpc.StatusCode.INVALID_ARGUMENT, call, request)
            self.assertEqual(refusal.fields, ["page_token"])

    def test_a_page_has_at_most_1000_entries(self) -> None:
        for size in (-1, 1001):
            message = f"page_size = {size}, must be in 1..1000, or 0 for the default"
            self.refused_field(message, self.client.jobs.ListJobs, job_pb2.ListJobsRequest(page_size=size))

    def test_metrics_are_thinned_to_4_to_100000_points(self) -> None:
        job = self.client.train(iris_spec())
        for points in (3, 100_001):
            request = job_pb2.GetMetricsRequest(job=job.name, max_points=points)
            message = f"max_points = {points}, must be in 4..100000"
            self.refused_field(message, self.client.jobs.GetMetrics, request)


class WatchTest(BadInputTest):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.job = cls.client.train(iris_spec())

    def refused_watch(self, code: grpc.StatusCode, *targets: watch_pb2.WatchTarget, **options: object) -> Refusal:
        request = watch_pb2.WatchRequest(targets=targets, **options)
        return self.refused(code, self.client.watches.Watch, request)

    def test_a_watch_from_0_is_below_the_oldest_kept(self) -> None:
        target = watch_pb2.WatchTarget(job=self.job.name, from_sequence=0)
        refusal = self.refused_watch(grpc.StatusCode.OUT_OF_RANGE, target)
        self.assertEqual(refusal.metadata["oldest"], "1")

    def test_a_list_of_events_from_0_is_below_the_oldest_kept(self) -> None:
        request = job_pb2.ListEventsRequest(job=self.job.name, from_sequence=0)
        refusal = self.refused(grpc.StatusCode.OUT_OF_RANGE, self.client.jobs.ListEvents, request)
        newest = str(self.job.newest_sequence)
        self.assertEqual(refusal.reason, "SEQUENCE_NOT_KEPT")
        self.assertEqual(refusal.metadata, {"oldest": "1", "newest": newest})
        self.assertEqual(refusal.message, "event 0 is not in the log: the oldest kept is 1")

    def test_nothing_is_beyond_the_newest_plus_1(self) -> None:
        newest = self.job.newest_sequence
        target = watch_pb2.WatchTarget(job=self.job.name, from_sequence=newest + 2)
        request = job_pb2.ListEventsRequest(job=self.job.name, from_sequence=newest + 2)
        for refusal in (
            self.refused_watch(grpc.StatusCode.OUT_OF_RANGE, target),
            self.refused(grpc.StatusCode.OUT_OF_RANGE, self.client.jobs.ListEvents, request),
        ):
            self.assertEqual(refusal.reason, "SEQUENCE_NOT_KEPT")
            self.assertEqual(refusal.metadata, {"oldest": "1", "newest": str(newest)})
            self.assertEqual(refusal.message, f"event {newest + 2} is not in the log: the newest is {newest}")

    def test_a_watch_of_nothing_is_refused(self) -> None:
        self.refused_field(
            "targets = 0 targets, must be 1 to 10000",
            lambda: list(self.client.watches.Watch(watch_pb2.WatchRequest())),
        )

    def test_one_unknown_job_among_the_targets_is_not_found(self) -> None:
        targets = [watch_pb2.WatchTarget(job=self.job.name), watch_pb2.WatchTarget(job=f"jobs/{NO_ID}")]
        self.assertEqual(self.refused_watch(grpc.StatusCode.NOT_FOUND, *targets).reason, "NO_SUCH_JOB")

    def test_a_filter_belongs_to_all_jobs(self) -> None:
        target = watch_pb2.WatchTarget(job=self.job.name, filter='labels.a = "b"')
        refusal = self.refused_watch(grpc.StatusCode.INVALID_ARGUMENT, target)
        self.assertEqual(refusal.fields, ["targets[0].filter"])

    def test_a_filter_of_a_watch_knows_no_state(self) -> None:
        target = watch_pb2.WatchTarget(job="jobs/-", filter="state = RUNNING")
        refusal = self.refused_watch(grpc.StatusCode.INVALID_ARGUMENT, target)
        self.assertEqual(refusal.fields, ["targets[0].filter"])

    def test_rates_are_positive(self) -> None:
        for rate in (0.0, -1.0, math.nan):
            target = watch_pb2.WatchTarget(job=self.job.name)
            refusal = self.refused_watch(grpc.StatusCode.INVALID_ARGUMENT, target, max_steps_per_second=rate)
            self.assertEqual(refusal.fields, ["max_steps_per_second"])

    def test_heartbeats_are_at_least_a_second_apart(self) -> None:
        request = watch_pb2.WatchRequest(targets=[watch_pb2.WatchTarget(job=self.job.name)])
        request.heartbeat_interval.nanos = 999_000_000
        refusal = self.refused(grpc.StatusCode.INVALID_ARGUMENT, self.client.watches.Watch, request)
        self.assertEqual(refusal.fields, ["heartbeat_interval"])

    def test_bytes_that_are_no_request_are_refused(self) -> None:
        watch = self.client.channel.unary_stream("/trainyard.v1.WatchService/Watch")
        self.refused(grpc.StatusCode.INVALID_ARGUMENT, watch, b"\xff\xff")

    def test_a_method_that_is_not_there_is_unimplemented(self) -> None:
        call = self.client.channel.unary_unary("/trainyard.v1.JobService/NoSuchMethod")
        self.refused(grpc.StatusCode.UNIMPLEMENTED, call, b"")


if __name__ == "__main__":
    unittest.main()
