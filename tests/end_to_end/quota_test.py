#!/usr/bin/python3
"""A token's quotas bound what its holder has at a time, and nothing of the others."""

import tempfile
import unittest
from pathlib import Path

import grpc

from secure import client_with, new_token
from specs import ENDLESS, spec_of
from trainyard_testing import DATA, Client, Refusal, Run, Server, chunk, refusal_of


class QuotaTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        tokens = cls.folder / "tokens"
        quotas = ("--jobs", "2", "--upload-bytes", "1KiB", "--watchers", "1")
        cls.token = new_token(tokens, "small", "train", *quotas)
        cls.other_token = new_token(tokens, "free", "train")
        cls.flags = ("--tokens", str(tokens), "--audit-log", str(cls.folder / "audit"))
        cls.spec = spec_of("iris", budget=ENDLESS)

    def setUp(self) -> None:
        self.data = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.start()
        self.other.upload_csv(DATA / "iris.csv", "iris")

    def start(self) -> None:
        self.server = self.enterContext(Server(data=self.data, flags=self.flags))
        self.client = self.enterContext(client_with(self.server.address, self.token))
        self.other = self.enterContext(client_with(self.server.address, self.other_token))

    def over_quota(self, call, *arguments: object) -> Refusal:
        with self.assertRaises(grpc.RpcError) as raised:
            result = call(*arguments)
            if isinstance(result, grpc.Call):
                next(result)
        refusal = refusal_of(raised.exception)
        self.assertEqual((refusal.code, refusal.reason), (grpc.StatusCode.RESOURCE_EXHAUSTED, "QUOTA_EXCEEDED"))
        return refusal

    def test_jobs_that_have_not_ended_count(self) -> None:
        jobs = [self.client.create_job(self.spec) for _ in range(2)]
        refusal = self.over_quota(self.client.create_job, self.spec)
        self.assertEqual(refusal.metadata, {"quota": "jobs", "limit": "2", "used": "2"})
        self.other.create_job(self.spec)
        self.client.cancel_job(jobs[0].name)
        self.client.follow(jobs[0].name)
        self.create_when_counted(self.client)

    def create_when_counted(self, client: Client) -> None:
        """A job leaves the count just after its last event."""
        while True:
            try:
                client.create_job(self.spec)
                return
            except grpc.RpcError as error:
                self.assertEqual(refusal_of(error).reason, "QUOTA_EXCEEDED")

    def test_a_restart_forgets_no_job(self) -> None:
        for _ in range(2):
            self.client.create_job(self.spec)
        self.server.kill()
        self.start()
        self.over_quota(self.client.create_job, self.spec)
        self.other.create_job(self.spec)

    def test_bytes_of_open_uploads_count_as_declared(self) -> None:
        first = self.client.open_upload("first", 8)
        self.client.open_upload("second", 1016)
        refusal = self.over_quota(self.client.open_upload, "third", 1)
        self.assertEqual(refusal.metadata, {"quota": "upload-bytes", "limit": "1024", "used": "1024"})
        self.other.open_upload("fourth", 4096)
        self.server.kill()
        self.start()
        self.over_quota(self.client.open_upload, "third", 1)
        self.client.datasets.UploadData(iter([chunk(first.name, 0, b"a,y\n1,2\n")]))
        self.client.commit_upload(first.name)
        self.client.open_upload("third", 8)

    def test_an_upload_that_is_deleted_leaves_its_place(self) -> None:
        first = self.client.open_upload("first", 1024)
        self.over_quota(self.client.open_upload, "second", 1)
        self.client.delete_upload(first.name)
        second = self.client.open_upload("second", 1024)
        self.server.kill()
        self.start()
        self.over_quota(self.client.open_upload, "third", 1)
        self.client.delete_upload(second.name)
        self.client.open_upload("third", 1024)

    def test_an_upload_of_unknown_size_is_refused(self) -> None:
        with self.assertRaises(grpc.RpcError) as raised:
            self.client.open_upload("first")
        refusal = refusal_of(raised.exception)
        self.assertEqual(refusal.fields, ["size_bytes"])
        self.assertEqual(refusal.message, "size_bytes = unset, must be given: small has a quota for uploads")
        self.other.open_upload("first")

    def test_watchers_count_while_they_watch(self) -> None:
        job = self.client.create_job(self.spec)
        stream = self.client.stream(job.name)
        next(stream)
        refusal = self.over_quota(self.client.stream, job.name)
        self.assertEqual(refusal.metadata, {"quota": "watchers", "limit": "1", "used": "1"})
        self.other.follow_until(job.name, Run(), lambda run: len(run.events) >= 1)
        stream.cancel()
        while self.other.server_info().watchers > 0:
            pass
        self.client.follow_until(job.name, Run(), lambda run: len(run.events) >= 1)


if __name__ == "__main__":
    unittest.main()
