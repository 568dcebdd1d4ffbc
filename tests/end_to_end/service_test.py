#!/usr/bin/python3
"""The server itself: how it shares its workers, what it tells of itself."""

import os
import signal
import socket
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import grpc

from specs import ENDLESS, spec_of
from trainyard.v1 import dataset_pb2, event_pb2, job_pb2, model_pb2, spec_pb2
from trainyard_testing import Client, Run, Server, ServerTest, chunks


class PriorityTest(ServerTest):
    flags = ("--workers=1",)
    datasets = ("iris",)

    def test_a_job_of_higher_priority_goes_first(self) -> None:
        spec = spec_of("iris", budget=spec_pb2.Budget(steps=100_000))
        low = self.client.create_job(spec, priority=-5)
        high = self.client.create_job(spec, priority=5)
        ended = [self.client.ended_job(job.name) for job in (low, high)]
        self.assertLess(ended[1].end_time.ToNanoseconds(), ended[0].end_time.ToNanoseconds())

    def test_jobs_of_one_priority_share(self) -> None:
        jobs = [self.client.create_job(spec_of("iris", budget=ENDLESS)) for _ in range(3)]
        for job in jobs:
            self.client.follow_until(job.name, Run(), lambda run: run.steps > 5000)
        for job in jobs:
            self.client.cancel_job(job.name)

    def test_a_tiny_job_ends_beside_endless_ones(self) -> None:
        jobs = [self.client.create_job(spec_of("iris", budget=ENDLESS)) for _ in range(5)]
        tiny = self.client.train(spec_of("iris", budget=spec_pb2.Budget(steps=1)))
        self.assertEqual(tiny.state, event_pb2.STATE_SUCCEEDED)
        for job in jobs:
            self.client.cancel_job(job.name)


class SignalTest(unittest.TestCase):
    def test_a_server_whose_terminal_goes_drains(self) -> None:
        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
            with self.subTest(number.name), Server() as server:
                server.process.send_signal(number)
                self.assertEqual(server.process.stdout.readline(), "draining\n")
                self.assertEqual(server.process.wait(10), 0)


    def test_a_server_under_nohup_outlives_its_terminal(self) -> None:
        before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as what it starts inherits it
        self.addCleanup(signal.signal, signal.SIGHUP, before)
        with Server() as server, Client(server.address) as client:
            server.process.send_signal(signal.SIGHUP)
            for _ in range(20):
                self.assertEqual(client.server_info().version, "0.1.0")


class NotifyTest(unittest.TestCase):
    def test_a_service_manager_is_told_when_it_serves_and_when_it_ends(self) -> None:
        folder = self.enterContext(tempfile.TemporaryDirectory(prefix="trainyard-"))
        manager = self.enterContext(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        manager.bind(str(Path(folder) / "notify"))
        manager.settimeout(10)
        with mock.patch.dict(os.environ, {"NOTIFY_SOCKET": manager.getsockname()}):
            server = self.enterContext(Server())
        self.assertEqual(manager.recv(100), b"READY=1")
        self.assertEqual(server.stop(), 0)
        self.assertEqual(manager.recv(100), b"STOPPING=1")


class ServiceTest(ServerTest):
    datasets = ("iris",)

    def test_the_server_tells_its_limits_and_its_numbers(self) -> None:
        info = self.client.server_info()
        self.assertNotEqual(info.numeric_fingerprint, "")
        self.assertIn(info.cpu_dispatch, ("avx512", "avx2"))
        self.assertGreater(info.worker_count, 0)
        self.assertEqual(info.limits.columns, 100_000)
        self.assertEqual(info.limits.message_bytes, 16 << 20)
        self.assertEqual(info.limits.initial_state_bytes, 16 << 20)
        for limit in ("upload_bytes", "open_uploads", "job_memory_bytes", "queued_jobs", "watchers"):
            self.assertGreater(getattr(info.limits, limit), 0)

    def test_the_server_counts_active_jobs_and_watchers(self) -> None:
        job = self.client.create_job(spec_of("iris", budget=ENDLESS))
        stream = self.client.stream(job.name)
        next(stream)
        info = self.client.server_info()
        self.assertEqual((info.active_jobs, info.queued_jobs, info.watchers), (1, 0, 1))
        stream.cancel()
        self.client.cancel_job(job.name)

    def test_the_server_is_healthy(self) -> None:
        check = self.client.channel.unary_unary("/grpc.health.v1.Health/Check")
        serving = b"\x08\x01"
        self.assertEqual(check(b""), serving)

    def test_reflection_lists_the_services(self) -> None:
        reflect = self.client.channel.stream_stream("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo")
        list_services = b"\x3a\x01*"
        answer = next(reflect(iter([list_services]), timeout=10))
        for service in ("Dataset", "Job", "Watch", "Model", "Insight", "Server"):
            self.assertIn(f"trainyard.v1.{service}Service".encode(), answer)


class LongCallsTest(ServerTest):
    """Evaluations and commits of many rows, more than the server makes at once."""

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.rows = b"x,y\n" + b"0.25,1\n0.75,0\n" * 50_000
        cls.client.upload(cls.rows, "many", format=dataset_pb2.FORMAT_CSV, target="y")

    def setUp(self) -> None:
        super().setUp()
        spec = spec_of("many", budget=spec_pb2.Budget(steps=1))
        spec.network.hidden.add().dense.units = 1024
        self.job = self.client.train(spec)

    def begin_evaluations(self) -> list[grpc.Future]:
        request = model_pb2.EvaluateRequest(model=self.job.model, dataset="datasets/many")
        return [self.client.models.Evaluate.future(request) for _ in range(50)]

    def open_uploads(self) -> list[str]:
        names = [self.client.open_upload(f"many-{i}", format=dataset_pb2.FORMAT_CSV).name for i in range(30)]
        for name in names:
            self.client.datasets.UploadData(chunks(name, self.rows))
        return names

    def begin_commits(self, uploads: list[str]) -> list[grpc.Future]:
        requests = [dataset_pb2.CommitUploadRequest(name=name) for name in uploads]
        return [self.client.datasets.CommitUpload.future(request) for request in requests]

    def test_what_is_answered_at_once_does_not_wait_for_them(self) -> None:
        evaluations = self.begin_evaluations()
        self.assertEqual(self.client.get_job(self.job.name).state, event_pb2.STATE_SUCCEEDED)
        self.assertGreater(sum(not evaluation.done() for evaluation in evaluations), 25)
        for evaluation in evaluations:
            self.assertEqual(evaluation.result().row_count, 100_000)

    def test_a_call_that_nobody_awaits_any_more_is_not_made(self) -> None:
        uploads = self.open_uploads()
        commits = self.begin_commits(uploads)
        request = job_pb2.ForkJobRequest(name=self.job.name, job=job_pb2.Job(display_name="fork"))
        fork = self.client.jobs.ForkJob.future(request)
        self.client.get_job(self.job.name)  # on the same connection, after the fork
        fork.cancel()
        for commit in commits:
            commit.result()
        for commit in self.begin_commits(uploads):  # again, behind the fork's turn
            commit.result()
        jobs = self.client.jobs.ListJobs(job_pb2.ListJobsRequest()).jobs
        self.assertNotIn("fork", [job.display_name for job in jobs])


if __name__ == "__main__":
    unittest.main()
