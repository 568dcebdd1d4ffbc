#!/usr/bin/python3
"""A disk that gets full while jobs train: they stand still, reads and deletions go on; with room again, so do they."""

import os
import subprocess
import tempfile
import unittest
from pathlib import Path

import grpc

import trainyard_testing
from restarting import digits_spec
from torture_check import log_of
from trainyard.v1 import dataset_pb2, event_pb2, job_pb2, metric_pb2, model_pb2, spec_pb2
from trainyard_testing import Client, Run, Server, chunk, model_of, refusal_of

DISK_BYTES = 64 << 20
JOBS = 3

# A tmpfs's. The last 256 KiB are taken page by page.
PAGE = 4096
LAST_PAGES = 64


class SmallDisk:
    """A file system of its own in memory."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="trainyard-disk-")
        self.path = Path(self._folder.name)
        mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", self.path]
        done = subprocess.run(mount, capture_output=True, text=True)
        if done.returncode != 0:
            self._folder.cleanup()
            print(f"NOT TESTED: a full disk. It takes the right to mount: {done.stderr.strip()}", flush=True)
            raise unittest.SkipTest("no right to mount")

    def fill(self) -> None:
        """Takes all that is free, and of what the server gives up for itself meanwhile LAST_PAGES at most."""
        with (self.path / "ballast").open("ab", buffering=0) as ballast:
            while (pages := self._free_pages() - LAST_PAGES) > 0:
                ballast.write(bytes(min(pages, LAST_PAGES) * PAGE))
            for _ in range(LAST_PAGES):
                try:
                    ballast.write(bytes(PAGE))
                except OSError:
                    return

    def _free_pages(self) -> int:
        return os.statvfs(self.path).f_bavail

    def make_room(self) -> None:
        (self.path / "ballast").unlink()

    def close(self) -> None:
        subprocess.run(["umount", "-l", self.path], check=True)
        self._folder.cleanup()


class FullDiskTest(unittest.TestCase):
    def setUp(self) -> None:
        self.disk = SmallDisk()
        self.addCleanup(self.disk.close)
        self.start()
        for name in ("digits", "iris"):
            self.client.upload_csv(trainyard_testing.DATA / f"{name}.csv", name)

    def start(self) -> None:
        self.server = self.enterContext(Server(self.disk.path / "data"))
        self.client = self.enterContext(Client(self.server.address))

    def refused_for_want_of_room(self, call) -> None:
        with self.assertRaises(grpc.RpcError) as raised:
            call()
        refusal = refusal_of(raised.exception)
        self.assertEqual((refusal.code, refusal.reason), (grpc.StatusCode.RESOURCE_EXHAUSTED, "STORAGE_FULL"))

    def follow_until_they_stand_still(self, runs: dict[str, Run]) -> None:
        for job, run in runs.items():
            self.client.follow_until(job, run, lambda run: any(e.warning.reason == "STORAGE_FULL" for e in run.events))

    def test_jobs_stand_still_on_a_full_disk_and_go_on_with_the_same_bits(self) -> None:
        spec = digits_spec(budget=spec_pb2.Budget(epochs=150))
        small = digits_spec(hidden=8, budget=spec_pb2.Budget(epochs=1))
        ended = self.client.train(small).name
        kept = self.client.train(small).name
        model = self.client.export(model_of(kept), model_pb2.EXPORT_FORMAT_NPZ)
        expected = self.client.train(spec).name
        upload = self.client.open_upload("begun", 100)
        self.client.datasets.UploadData(iter([chunk(upload.name, 0, b"a,b\n")]))

        jobs = [self.client.create_job(spec).name for _ in range(JOBS)]
        runs = {job: Run() for job in jobs}
        for job, run in runs.items():
            self.client.follow_until(job, run, lambda run: run.steps > 0)
        self.disk.fill()
        self.follow_until_they_stand_still(runs)

        self._reads_go_on(jobs, kept, model)
        self.refused_for_want_of_room(lambda: self.client.create_job(small))
        self.refused_for_want_of_room(lambda: self.client.open_upload("new", 10))
        more = [chunk(upload.name, 4, b"1,2\n")]
        self.refused_for_want_of_room(lambda: self.client.datasets.UploadData(iter(more)))
        self.client.jobs.DeleteJob(job_pb2.DeleteJobRequest(name=ended))
        self.client.datasets.DeleteDataset(dataset_pb2.DeleteDatasetRequest(name="datasets/iris"))
        self.client.pause_job(jobs[0])
        steps = {job: self.client.get_job(job).progress.step for job in jobs}

        self.client.close()
        self.server.kill()
        self.start()
        self._reads_go_on(jobs[1:], kept, model)
        self.assertEqual(self.client.get_job(jobs[0]).state, event_pb2.STATE_PAUSED)
        for job in jobs:
            self.assertLessEqual(self.client.get_job(job).progress.step, steps[job])

        self.disk.make_room()
        self.client.resume_job(jobs[0])
        digest = self.client.get_model(expected).parameters_digest
        for job, run in runs.items():
            for event in self.client.watch(job, run.next_sequence):
                run.add(event)
            self.assertEqual(run.terminal.state, event_pb2.STATE_SUCCEEDED, run.terminal.message)
            self.assertEqual(self.client.get_model(job).parameters_digest, digest)
            self.assertEqual(log_of(self.client, job), run.events)
        found = self.client.datasets.GetUpload(dataset_pb2.GetUploadRequest(name=upload.name))
        self.assertEqual(found.received_bytes, 4)
        with self.assertRaises(grpc.RpcError):
            self.client.get_job(ended)
        self.client.train(small)

    def _reads_go_on(self, jobs: list[str], kept: str, model: bytes) -> None:
        for job in jobs:
            found = self.client.get_job(job)
            self.assertEqual(found.state, event_pb2.STATE_RUNNING)
            self.assertIn("until there is room", found.state_message)
            request = job_pb2.GetMetricsRequest(job=job, series=[metric_pb2.SERIES_LOSS], max_points=100)
            self.assertGreater(len(self.client.jobs.GetMetrics(request).series[0].values), 0)
        self.assertEqual(self.client.export(model_of(kept), model_pb2.EXPORT_FORMAT_NPZ), model)

    def test_a_server_on_a_full_disk_ends_when_it_is_told_to(self) -> None:
        spec = digits_spec(budget=spec_pb2.Budget(epochs=150))
        job = self.client.create_job(spec).name
        run = self.client.follow_until(job, Run(), lambda run: run.steps > 0)
        self.disk.fill()
        self.follow_until_they_stand_still({job: run})
        self.disk.fill()
        self.client.close()
        self.assertEqual(self.server.stop(), 0)
        self.disk.make_room()
        self.start()
        for event in self.client.watch(job, run.next_sequence):
            run.add(event)
        self.assertEqual(run.terminal.state, event_pb2.STATE_SUCCEEDED)


if __name__ == "__main__":
    unittest.main()
