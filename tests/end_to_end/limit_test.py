#!/usr/bin/python3
"""What exceeds a limit of the server is refused with the limit."""

import unittest

import grpc

import trainyard_testing
from bad_input import endless_spec, hidden_spec
from trainyard.v1 import event_pb2
from trainyard_testing import ServerTest, chunk

MEBIBYTE = 1 << 20


class LimitTest(ServerTest):
    flags = ("--upload-bytes=4KiB", "--job-memory=64MiB", "--queued-jobs=1", "--watchers=1")

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.client.upload(b"a,y\n1,1.5\n2,2.5\n3,4.5\n4,8.5\n", "iris")

    def test_an_upload_declared_over_the_limit_is_too_large(self) -> None:
        refusal = self.refused(grpc.StatusCode.RESOURCE_EXHAUSTED, self.client.open_upload, "large", 4097)
        self.assertEqual((refusal.reason, refusal.metadata), ("UPLOAD_TOO_LARGE", {"limit_bytes": "4096"}))

    def test_an_upload_that_grows_over_the_limit_is_too_large(self) -> None:
        upload = self.client.open_upload("grows")
        sent = iter([chunk(upload.name, 0, b"x" * 4096), chunk(upload.name, 4096, b"x")])
        refusal = self.refused(grpc.StatusCode.RESOURCE_EXHAUSTED, self.client.datasets.UploadData, sent)
        self.assertEqual((refusal.reason, refusal.metadata), ("UPLOAD_TOO_LARGE", {"limit_bytes": "4096"}))

    def test_one_watcher_more_than_the_limit_is_refused_until_another_leaves(self) -> None:
        job = self.client.create_job(endless_spec())
        first = self.client.stream(job.name)
        next(first)
        refusal = self.refused(grpc.StatusCode.RESOURCE_EXHAUSTED, self.client.stream, job.name)
        self.assertEqual(refusal.reason, "TOO_MANY_WATCHERS")
        first.cancel()
        self.client.cancel_job(job.name)
        while self.client.server_info().watchers > 0:
            pass
        self.client.follow(job.name)

    def test_a_job_that_does_not_fit_beside_the_others_waits_in_a_bounded_queue(self) -> None:
        # Two such jobs do not fit together.
        spec = endless_spec()
        spec.network.CopyFrom(hidden_spec(20_000).network)
        need = self.client.check_job(spec).memory_bytes
        self.assertGreater(2 * need, 64 * MEBIBYTE)
        running = self.client.create_job(spec)
        self.client.follow_until(running.name, trainyard_testing.Run(), lambda run: len(run.events) >= 2)
        queued = self.client.create_job(spec)
        self.assertEqual(self.client.get_job(queued.name).state, event_pb2.STATE_QUEUED)
        info = self.client.server_info()
        self.assertEqual((info.active_jobs, info.queued_jobs), (1, 1))

        refusal = self.refused(grpc.StatusCode.RESOURCE_EXHAUSTED, self.client.create_job, spec)
        self.assertEqual(refusal.reason, "QUEUE_FULL")
        for call in (self.client.pause_job, self.client.resume_job):
            refusal = self.refused(grpc.StatusCode.FAILED_PRECONDITION, call, queued.name)
            self.assertEqual(refusal.reason, "JOB_QUEUED")

        ended = self.client.cancel_job(queued.name)
        self.assertEqual(ended.state, event_pb2.STATE_CANCELLED)
        self.assertEqual(ended.parameters_held, event_pb2.PARAMETERS_HELD_NONE)
        run = self.client.follow(queued.name)
        self.assertEqual(run.states(), ["STATE_QUEUED", "STATE_CANCELLED"])
        self.client.cancel_job(running.name)


if __name__ == "__main__":
    unittest.main()
